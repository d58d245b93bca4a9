"""Which models there are on this machine, and what each is and needs. Loads none of them, and nothing heavy."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from math import prod
from pathlib import Path

from pipelines import API, FOLDER, HUB, LAMA, WEIGHTS
from pipelines.endpoint import read_endpoint
from pipelines.glide.download import HOW
from pipelines.hf.families import family_of
from pipelines.hf.hub import ON_HUB
from pipelines.hf.model_files import HALF, INDEX, read_layout
from pipelines.hf.repository import snapshot

GLIDE_PAIRS = (("base_inpaint", "upsample_inpaint"), ("base", "upsample"))
OURS = "Apache-2.0"


@dataclass(frozen=True)
class Model:
    """A model that is installed."""

    name: str  # to type after --pipeline
    pipeline: str  # its full name, as `pipelines.load` and an Edit have it
    place: Path | None  # where it lies; None for no file
    size: int  # bytes on disk
    licence: str  # in words
    needs: str  # of the machine, in words
    good_for: str  # in words
    trouble: str = ""  # why it cannot be loaded; '' where nothing is known against it
    offered: bool = True  # whether a list to choose from has it


def described(name: str, pipeline: str) -> Model:
    """Describes a pipeline by what can be seen of it from outside.

    Args:
        name: what it is called here.
        pipeline: its full name.
    """
    kind, _, path = pipeline.partition(":")
    if f"{kind}:" == FOLDER:
        return _glide(name, pipeline, Path(path))
    if f"{kind}:" == API:
        return _api(name, pipeline, path)
    if f"{kind}:" == LAMA:
        return _lama(name, pipeline, Path(path))
    if f"{kind}:" == HUB:
        return _hf(name, pipeline, path)
    return replace(next(model for model in embedded() if model.pipeline == pipeline), name=name)


def embedded() -> list[Model]:
    """Describes the models that this program comes with."""
    mini = _glide("glide-mini", "glide-mini", WEIGHTS / "glide-mini")
    return [
        replace(mini, licence=OURS, good_for="flat illustrations: rooms, streets, beaches, mountains, the sea"),
        Model(
            "patchmatch", "patchmatch", None, 0, OURS, "nothing",
            "removing things from photographs and textures; it reads no words",
            "" if find_spec("patchmatch") else "the package pypatchmatch is not installed",
        ),
        Model(
            "classical", "classical", None, 0, OURS, "nothing",
            "removing specks from any picture where there is no PatchMatch; it reads no words",
        ),
    ]  # fmt: skip


def _glide(name: str, pipeline: str, folder: Path) -> Model:
    files = {file.stem: file for suffix in (".pt", ".safetensors") for file in folder.glob(f"*{suffix}")}
    whole = [pair for pair in GLIDE_PAIRS if files.keys() >= set(pair)]
    lacking = f"{folder} lacks {' and '.join(GLIDE_PAIRS[0])}, or is not there; {HOW.format(folder)}"
    trouble = "" if whole else lacking
    used = [files[part] for part in whole[0]] if whole else []
    needs = f"no GPU, though it is quicker with one; {_memory(used)}" if whole else ""
    good = "photographs at 256 pixels, or what it was trained on"
    return Model(name, pipeline, folder, _size(folder), _licence(folder), needs, good, trouble)


def _lama(name: str, pipeline: str, file: Path) -> Model:
    there = file.is_file()
    trouble = "" if there else f"there is no file {file}"
    size = file.stat().st_size if there else 0
    needs = f"no GPU; {in_words(size)} of memory for its weights" if there else ""
    return Model(
        name, pipeline, file, size, "not stated there; LaMa itself is Apache-2.0", needs,
        "removing things from photographs; it reads no words", trouble,
    )  # fmt: skip


def _api(name: str, pipeline: str, address: str) -> Model:
    endpoint = read_endpoint(address)
    needs = f"a connection to {endpoint.host}, which is sent the part of the picture around the mask"
    good = f"whatever {endpoint.model} draws, at {endpoint.sizes[0][0]} pixels"
    return Model(name, pipeline, None, 0, f"the terms of {endpoint.host}", needs, good)


def _hf(name: str, pipeline: str, source: str) -> Model:
    place = snapshot(source) if ON_HUB.fullmatch(source) else Path(source)
    needs, good, trouble, offered = "a GPU, or patience", "photographs", "", True
    if place is None:
        return Model(name, pipeline, None, 0, "not known", needs, good, "it is not on this machine", False)
    if place.is_file() and place.suffix == ".safetensors":
        needs = f"{needs}; {_memory([place])}"
        return Model(name, pipeline, place, _size(place), "not stated there", needs, good)
    try:
        layout = read_layout(place)
    except ValueError as error:
        trouble = str(error)
    else:
        family, used = family_of(layout.class_name), list(_weights(place))
        offered = family is not None or "Inpaint" in layout.class_name
        how = "" if layout.variant is None else f", {layout.variant} files"
        needs = f"{needs}; {_memory(used)}{how}"
        if family is None:
            good = (
                f"whatever {layout.class_name} does"
                if offered
                else f"nothing that is known here: a {layout.class_name}"
            )
        elif layout.class_name in family.takes:
            good = f"photographs at {family.size} pixels, though it was made for whole pictures"
        else:
            good = f"photographs at {family.size} pixels"
    return Model(name, pipeline, place, _size(place), _licence(place), needs, good, trouble, offered and not trouble)


def cached() -> list[Model]:
    """Describes what diffusers has downloaded; nothing here has a use for others' models in the same cache."""
    try:
        from huggingface_hub import constants
    except ImportError:  # then none of them could be loaded
        return []
    names = [
        "/".join(folder.name.split("--")[1:]) for folder in sorted(Path(constants.HF_HUB_CACHE).glob("models--*--*"))
    ]
    places = [(name, snapshot(name)) for name in names if ON_HUB.fullmatch(name)]
    return [_hf(f"{HUB}{name}", f"{HUB}{name}", name) for name, place in places if place and (place / INDEX).is_file()]


def _weights(folder: Path) -> Iterator[Path]:
    """Yields the files that are read of a pipeline's weights: of two precisions the full one."""
    for part in sorted({file.parent for file in folder.glob("*/*.safetensors")}):
        files = sorted(part.glob("*.safetensors"))
        yield from [file for file in files if f".{HALF}" not in file.name] or files


def _memory(files: list[Path]) -> str:
    """Returns in words what the weights in these files take."""
    if any(file.suffix != ".safetensors" for file in files):
        return f"{in_words(sum(file.stat().st_size for file in files))} of memory for its weights"
    try:
        numbers = sum(map(_numbers, files))
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return "its weights cannot be read"
    return f"{in_words(2 * numbers)} of memory for its weights, {in_words(4 * numbers)} where there is no bfloat16"


def _numbers(file: Path) -> int:
    """Counts the numbers in a safetensors file, by its header alone: a JSON, after its length in eight bytes."""
    with file.open("rb") as stream:
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    return sum(prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")


def _size(place: Path) -> int:
    """Sums the bytes on disk; counts once what several names lead to."""
    files = [place] if place.is_file() else place.rglob("*")
    return sum(file.stat().st_size for file in {each.resolve() for each in files} if file.is_file())


def _licence(folder: Path) -> str:
    """Reads the licence from the front matter of a model's card."""
    try:
        card = (folder / "README.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "not stated there"
    front = re.match(r"---\n(.*?)\n---", card, re.DOTALL)
    stated = dict(re.findall(r"^(license|license_name): *[\"']?([^\"'\n]+)", front[1] if front else "", re.MULTILINE))
    return stated.get("license_name") or stated.get("license") or "not stated there"


def in_words(count: int) -> str:
    """Returns a count of bytes as people say it."""
    unit, size = next((each for each in (("GB", 1e9), ("MB", 1e6)) if count >= each[1]), ("kB", 1e3))
    return f"{count / size:.1f} {unit}"
