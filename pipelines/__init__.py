"""Pipelines by name. Nothing heavy is imported until a pipeline is asked for."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from pipelines.base import Pipeline, Setup
from pipelines.endpoint import read_endpoint
from pipelines.errors import InvalidInput

WEIGHTS = Path(__file__).parent.parent / "assets" / "weights"


def _glide_mini(compiled: bool) -> Pipeline:
    return _glide(WEIGHTS / "glide-mini", "glide-mini", compiled)


def _classical(compiled: bool) -> Pipeline:
    from pipelines.classical import Classical

    return Classical()


def _patchmatch(compiled: bool) -> Pipeline:
    from pipelines.patchmatch import load_patchmatch

    return load_patchmatch()


def _glide(folder: Path, name: str, compiled: bool) -> Pipeline:
    from pipelines.glide.folder import load_glide

    return load_glide(folder, name, compiled)


def _hf(source: str, name: str, setup: Setup, fetch: bool) -> Pipeline:
    from pipelines.hf.loading import load_hf

    return load_hf(source, name, setup, fetch)


def _lama(source: str, name: str) -> Pipeline:
    from pipelines.hf.hub import torchscript_of
    from pipelines.lama import load_lama

    return load_lama(torchscript_of(source), name)


def _images_api(address: str, name: str, keys: Path | None) -> Pipeline:
    from pipelines.images_api import ImagesApi

    return ImagesApi(name, read_endpoint(address), keys)


PIPELINES: dict[str, Callable[[bool], Pipeline]] = {
    "glide-mini": _glide_mini,
    "patchmatch": _patchmatch,
    "classical": _classical,
}
FOLDER = "glide:"  # what OpenAI released or this project trained, from a folder that is part of the name
HUB = "hf:"  # a diffusers inpainting pipeline, from a folder or from the hub
LAMA = "lama:"  # LaMa, from a TorchScript file or the hub
API = "openai:"  # a server that speaks OpenAI's images API, and a model there: URL#MODEL
NAMES = f"{', '.join(PIPELINES)}, {FOLDER}FOLDER, {HUB}NAME-OR-FOLDER, {LAMA}FILE, {API}URL#MODEL"

_loading = Lock()  # two threads that ask at once share one pipeline
_loaded: dict[tuple[str, Setup], Pipeline] = {}
AS_EVER = Setup()


def load(name: str, setup: Setup = AS_EVER, fetch: bool = False) -> Pipeline:
    """Loads the pipeline of this name at its first use, and returns the same one from then on.

    Args:
        name: one of NAMES.
        setup: how its networks run.
        fetch: whether to download what is not on this machine; only for a name that the user typed.

    Raises:
        InvalidInput: there is none of this name, or its weights are missing or damaged.
    """
    name = in_full(name)
    if loaded := _loaded.get((name, setup)):  # what is there already waits for no other
        return loaded
    with _loading:
        if (name, setup) not in _loaded:
            _loaded[name, setup] = _load(name, setup, fetch)
        return _loaded[name, setup]


def forget(name: str) -> None:
    """Drops a pipeline that was loaded, so that its memory is free once nobody uses it."""
    with _loading:
        for key in [key for key in _loaded if key[0] == name]:
            del _loaded[key]


def in_full(name: str) -> str:
    """Returns one name for one pipeline, however its folder or file is written.

    Raises:
        InvalidInput: there is no such pipeline.
    """
    if name.startswith(FOLDER):
        return f"{FOLDER}{Path(name.removeprefix(FOLDER)).expanduser().resolve()}"
    for kind in (HUB, LAMA):
        if name.startswith(kind):
            from pipelines.hf.hub import canonical

            return f"{kind}{canonical(name.removeprefix(kind))}"
    if name.startswith(API):
        return f"{API}{read_endpoint(name.removeprefix(API)).name}"
    if name not in PIPELINES:
        raise InvalidInput(f"There is no pipeline named {name!r}; there are {NAMES}.")
    return name


def _load(name: str, setup: Setup, fetch: bool) -> Pipeline:
    if name.startswith(FOLDER):
        return _glide(Path(name.removeprefix(FOLDER)), name, setup.compiled)
    if name.startswith(HUB):
        return _hf(name.removeprefix(HUB), name, setup, fetch)
    if name.startswith(LAMA):
        return _lama(name.removeprefix(LAMA), name)
    if name.startswith(API):
        return _images_api(name.removeprefix(API), name, setup.keys)
    return PIPELINES[name](setup.compiled)
