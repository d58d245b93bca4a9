"""Pipelines by name. Nothing heavy is imported until a pipeline is asked for."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from pipelines.base import Pipeline

WEIGHTS = Path(__file__).parent.parent / "assets" / "weights"


def _glide_mini(compiled: bool) -> Pipeline:
    return _glide(WEIGHTS / "glide-mini", "glide-mini", compiled)


def _classical(compiled: bool) -> Pipeline:
    from pipelines.classical import Classical

    return Classical()


def _glide(folder: Path, name: str, compiled: bool) -> Pipeline:
    from pipelines.glide.folder import load_glide

    return load_glide(folder, name, compiled)


def _hf(named: str, name: str, fetch: bool) -> Pipeline:
    from pipelines.hf.loading import load_hf

    return load_hf(named, name, fetch)


PIPELINES: dict[str, Callable[[bool], Pipeline]] = {"glide-mini": _glide_mini, "classical": _classical}
FOLDER = "glide:"  # what OpenAI released or this project trained, from a folder that is part of the name
HUB = "hf:"  # a diffusers inpainting pipeline, from a folder or from the hub
SAMPLERS = ("dpmpp_2m", "dpmpp_sde", "heun", "ddim", "ddpm")  # those of pipelines.diffusion, whose import takes torch
NAMES = f"{', '.join(PIPELINES)}, {FOLDER}FOLDER, {HUB}NAME-OR-FOLDER"

_loading = Lock()  # two threads that ask at once share one pipeline
_loaded: dict[tuple[str, bool], Pipeline] = {}


def load(name: str, compiled: bool = False, fetch: bool = False) -> Pipeline:
    """The pipeline of this name, loaded at its first use and kept. compiled: its networks by torch.compile, where it
    has GLIDE's. fetch: whether what is not on this machine is downloaded; only for a name that the user typed.

    Raises ValueError with a sentence when there is none of this name, or its weights are missing or damaged.
    """
    if name.startswith(FOLDER):  # one pipeline, however its folder is written
        name = f"{FOLDER}{Path(name.removeprefix(FOLDER)).expanduser().resolve()}"
    elif name.startswith(HUB):
        from pipelines.hf.hub import canonical

        name = f"{HUB}{canonical(name.removeprefix(HUB))}"
    elif name not in PIPELINES:
        raise ValueError(f"there is no pipeline named {name!r}; there are {NAMES}")
    with _loading:
        if (name, compiled) not in _loaded:
            _loaded[name, compiled] = _load(name, compiled, fetch)
        return _loaded[name, compiled]


def _load(name: str, compiled: bool, fetch: bool) -> Pipeline:
    if name.startswith(FOLDER):
        return _glide(Path(name.removeprefix(FOLDER)), name, compiled)
    if name.startswith(HUB):
        return _hf(name.removeprefix(HUB), name, fetch)
    return PIPELINES[name](compiled)
