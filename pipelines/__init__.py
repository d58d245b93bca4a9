"""Pipelines by name. Nothing heavy is imported until a pipeline is asked for."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock

from pipelines.base import Pipeline

WEIGHTS = Path(__file__).parent.parent / "assets" / "weights"


def _glide_mini(compiled: bool) -> Pipeline:
    from pipelines.glide.pipeline import load_glide_mini

    return load_glide_mini(WEIGHTS / "glide-mini", compiled)


def _classical(compiled: bool) -> Pipeline:
    from pipelines.classical import Classical

    return Classical()


def _released(name: str, compiled: bool) -> Pipeline:
    from pipelines.glide.released import load_glide

    return load_glide(Path(name.removeprefix(RELEASED)), name, compiled)


PIPELINES: dict[str, Callable[[bool], Pipeline]] = {"glide-mini": _glide_mini, "classical": _classical}
RELEASED = "glide:"  # what OpenAI released, from a folder that is part of the name
NAMES = f"{', '.join(PIPELINES)}, {RELEASED}FOLDER"

_loading = Lock()  # two threads that ask at once share one pipeline


def load(name: str, compiled: bool = False) -> Pipeline:
    """The pipeline of this name, loaded at its first use and kept. compiled: its networks by torch.compile.

    Raises ValueError with a sentence when there is none of this name, or its weights are missing or damaged.
    """
    if name.startswith(RELEASED):  # one pipeline, however its folder is written
        name = f"{RELEASED}{Path(name.removeprefix(RELEASED)).expanduser().resolve()}"
    elif name not in PIPELINES:
        raise ValueError(f"there is no pipeline named {name!r}; there are {NAMES}")
    with _loading:
        return _loaded(name, compiled)


@cache
def _loaded(name: str, compiled: bool) -> Pipeline:
    return _released(name, compiled) if name.startswith(RELEASED) else PIPELINES[name](compiled)
