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
from pipelines.hf.clip_files import ranking_folder
from pipelines.hf.families import family_of
from pipelines.hf.hub import ON_HUB, torchscript_of
from pipelines.hf.model_files import HALF, INDEX, read_layout
from pipelines.hf.repository import snapshot
from pipelines.recommended import ADAPTER, FILL, RANK, REMOVE, SELECT, recommended
from pipelines.selection.installed import WORDS_KIND, kind_of

GLIDE_PAIRS = (("base_inpaint", "upsample_inpaint"), ("base", "upsample"))
OURS = "Apache-2.0"
# begin the names of what the user added, and what is no pipeline
ADAPTER_FILE, SELECTION, RANKING = ("adapter:", "select:", "rank:")
LAMA_IS_GOOD_FOR = "removing things from photographs; it reads no words"


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
    use: str = "fill"  # or "remove"; "select", "rank" and "adapter" are never offered
    style: str = "photograph"  # what it paints well: this, "drawing", or '' for either
    gpus: float = 1.0  # graphics cards that it needs in a cluster; less than one shares a card
    node: str = ""  # a resource of the cluster's nodes that it may run on; '' for any

    @property
    def title(self) -> str:
        """What it is called in a list to choose from."""
        if self.name != self.pipeline:
            return self.name  # the user's own
        if self.name == "patchmatch":
            return "PatchMatch"
        path = self.name.partition(":")[2] or self.name
        if self.name.startswith(API):
            endpoint = read_endpoint(path)
            return f"{endpoint.model} ({endpoint.host})"
        row = next((row for id, row in recommended().items() if path == id or path.startswith(f"{id}/")), None)
        if row is not None:
            return row.title
        return path if ON_HUB.fullmatch(path) else Path(path).name


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
        return _lama(name, pipeline, path)
    if f"{kind}:" == HUB:
        return _hf(name, pipeline, path)
    if f"{kind}:" in (ADAPTER_FILE, SELECTION):
        return _helper(pipeline, Path(path))
    if f"{kind}:" == RANKING:
        return _ranking(pipeline, path)
    return replace(next(model for model in embedded() if model.pipeline == pipeline), name=name)


def embedded() -> list[Model]:
    """Describes the models that this program comes with."""
    mini = _glide("glide-mini", "glide-mini", WEIGHTS / "glide-mini")
    return [
        replace(
            mini, licence=OURS, style="drawing",
            good_for="flat illustrations: rooms, streets, beaches, mountains, the sea",
        ),
        Model(
            "patchmatch", "patchmatch", None, 0, OURS, "nothing",
            "removing things from photographs and textures; it reads no words",
            "" if find_spec("patchmatch") else "the package pypatchmatch is not installed", use="remove", style="",
        ),
        Model(
            "classical", "classical", None, 0, OURS, "nothing",
            "removing specks from any picture where there is no PatchMatch; it reads no words", use="remove", style="",
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
    return Model(name, pipeline, folder, _size(folder), _licence(folder), needs, good, trouble, style="")


def _lama(name: str, pipeline: str, source: str) -> Model:
    try:
        file = torchscript_of(source)
    except ValueError as error:
        return Model(name, pipeline, None, 0, "not known", "", LAMA_IS_GOOD_FOR, str(error), use="remove")
    there = file.is_file()
    trouble = "" if there else f"there is no file {file}"
    row = recommended().get(source)
    licence = row.licence if row else "not stated there; LaMa itself is Apache-2.0"
    size = file.stat().st_size if there else 0
    needs = f"no GPU; {in_words(size)} of memory for its weights" if there else ""
    return Model(
        name, pipeline, file, size, licence, needs, LAMA_IS_GOOD_FOR, trouble, use="remove",
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
        trouble = "" if used else f"{place} holds no weights"
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


def _helper(name: str, place: Path) -> Model:
    trouble = "" if place.exists() else f"there is no {place}"
    adapter = name.startswith(ADAPTER_FILE)
    selects = "selecting what words name" if kind_of(place) == WORDS_KIND else "selecting objects by a click"
    return Model(
        str(place) if adapter else name, str(place) if adapter else name, place, _size(place) if not trouble else 0,
        "not stated there", "a model of its family" if adapter else "",
        "styles and things of its own" if adapter else selects, trouble, offered=False,
        use=ADAPTER if adapter else SELECT, style="",
    )  # fmt: skip


def _ranking(name: str, source: str) -> Model:
    place = ranking_folder(source)
    trouble = "" if place is not None else f"there is no CLIP and no SigLIP of transformers at {source}"
    return Model(
        name, name, place, 0 if place is None else _size(place), "not stated there", "",
        "putting variations in order, the best first", trouble, offered=False, use=RANK, style="",
    )  # fmt: skip


def cached() -> list[Model]:
    """Describes what diffusers has downloaded, and what else of the table of recommended models is there.

    Nothing here has a use for others' models in the same cache.
    """
    try:
        from huggingface_hub import constants
    except ImportError:  # then none of them could be loaded
        return []
    names = [
        "/".join(folder.name.split("--")[1:]) for folder in sorted(Path(constants.HF_HUB_CACHE).glob("models--*--*"))
    ]
    places = [(name, snapshot(name)) for name in names if ON_HUB.fullmatch(name)]
    pipelines = [
        _hf(f"{HUB}{name}", f"{HUB}{name}", name) for name, place in places if place and (place / INDEX).is_file()
    ]
    return [*pipelines, *_helpers()]


def cached_id(name: str) -> str | None:
    """Returns OWNER/MODEL of a model or adapter in the hub's cache; None for what lies elsewhere.

    Args:
        name: its full name.
    """
    source = name.removeprefix(HUB).removeprefix(LAMA)
    id = "/".join(source.split("/")[:2])
    kind = name.partition(":")[0] if ":" in name else ""
    if f"{kind}:" not in (":", HUB, LAMA) or not ON_HUB.fullmatch(id) or (kind and id != source):
        return None
    return id if snapshot(id) is not None else None


def _helpers() -> Iterator[Model]:
    """Describes the models of the table that are here and are no pipelines of diffusers."""
    for id, row in recommended().items():
        if row.use == FILL or (folder := row.place) is None:
            continue
        if row.use == REMOVE:
            yield _lama(f"{LAMA}{id}", f"{LAMA}{id}", id)
            continue
        files = [file.name for pattern in row.files for file in sorted(folder.glob(pattern))]
        names = [f"{id}/{file}" for file in files] if row.use == ADAPTER else [id]
        for name in names:
            place = folder / name.removeprefix(f"{id}/") if row.use == ADAPTER else folder
            yield Model(
                name, name, place, _size(place), row.licence, f"a model of {row.family}" if row.use == ADAPTER else "",
                row.good_for, offered=False, use=row.use, style="",
            )  # fmt: skip


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
