"""Pipelines by name. Nothing heavy is imported until a pipeline is asked for."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock

from pipelines.base import Pipeline

WEIGHTS = Path(__file__).parent.parent / "assets" / "weights"


def _glide_mini() -> Pipeline:
    from pipelines.glide.pipeline import load_glide_mini

    return load_glide_mini(WEIGHTS / "glide-mini")


def _classical() -> Pipeline:
    from pipelines.classical import Classical

    return Classical()


PIPELINES: dict[str, Callable[[], Pipeline]] = {"glide-mini": _glide_mini, "classical": _classical}


_loading = Lock()  # two threads that ask at once share one pipeline


def load(name: str) -> Pipeline:
    """The pipeline of this name, loaded at its first use and kept.

    Raises ValueError with a sentence when there is none of this name, or its weights are missing or damaged.
    """
    if name not in PIPELINES:
        raise ValueError(f"there is no pipeline named {name!r}; there are {', '.join(PIPELINES)}")
    with _loading:
        return _loaded(name)


@cache
def _loaded(name: str) -> Pipeline:
    return PIPELINES[name]()
