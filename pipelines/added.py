"""What a user names to have it among the models: a folder, a file, or a model of the hub's cache."""

import zipfile
from pathlib import Path

from pipelines import FOLDER, HUB, LAMA, in_full
from pipelines.errors import InvalidInput
from pipelines.hf.adapter_files import LIKENESS, LOW_RANK, WEIGHTS, adapter_file
from pipelines.hf.clip_files import VOCABULARIES as RANKING_KINDS
from pipelines.hf.clip_files import ranking_folder
from pipelines.hf.hub import ON_HUB
from pipelines.hf.model_files import INDEX, draws, no_model, shapes
from pipelines.hf.repository import page_url
from pipelines.installed import ADAPTER_FILE, RANKING, SELECTION, described
from pipelines.models import on_disk
from pipelines.selection.installed import KINDS, WORDS_KIND, kind_of


def name_of(source: str) -> str:
    """Finds out what a source is, and returns its full name among what is added.

    Args:
        source: a folder or a file, OWNER/MODEL in the hub's cache, or the full name of a pipeline.

    Raises:
        InvalidInput: there is no such thing here, or it is nothing that can be used.
    """
    source = source.strip().strip("\"'")  # as some systems copy a path
    if source.startswith(page := page_url("")):
        source = "/".join(source.removeprefix(page).split("/")[:2])  # a model's page on the hub
    name = in_full(source) if ":" in source and not on_disk(source) else _name_of_place(source)
    model = described(name, name)
    if model.trouble:
        sentence = model.trouble.rstrip(".")
        raise InvalidInput(f"{sentence[:1].upper()}{sentence[1:]}.")
    if name.startswith((HUB, LAMA)) and not model.offered:
        raise InvalidInput(f"{source} cannot repaint: it is good for {model.good_for}.")
    return name


def _name_of_place(source: str) -> str:
    place = Path(source).expanduser()
    if not source or not place.exists():
        if ON_HUB.fullmatch(source):
            return f"{HUB if ranking_folder(source) is None else RANKING}{source}"
        raise InvalidInput(f"There is no folder and no file {source!r} on the server's machine.")
    place = place.resolve()
    if place.suffix == ".pt":
        if not _is_program(place):
            raise InvalidInput(
                f"{place} is no network as torch.jit.save writes it, or only a part of one. Get the file again."
            )
        return f"{LAMA}{place}"
    if (folder := ranking_folder(str(place))) is not None:
        return f"{RANKING}{folder}"
    if place.is_file():
        return _name_of_file(place)
    if (place / INDEX).exists():
        return f"{HUB}{place}"
    if kind_of(place) in (*KINDS, WORDS_KIND):
        return f"{SELECTION}{place}"
    if kind_of(place) in RANKING_KINDS:
        raise InvalidInput(f"{place} lacks model{WEIGHTS} or its vocabulary (tokenizer.json). Get the folder again.")
    if any(place.glob("*inpaint.safetensors")) or any(place.glob("*inpaint.pt")):
        return f"{FOLDER}{place}"
    try:
        return f"{ADAPTER_FILE}{adapter_file(str(place), fetch=False).path}"
    except InvalidInput as error:
        raise InvalidInput(
            f"{place} holds no model that can be used here: those have a {INDEX}, or are files of GLIDE, of SAM 2, "
            "of CLIPSeg, of CLIP, of SigLIP or of an adapter."
        ) from error


def _is_program(file: Path) -> bool:
    """Tells whether a file is a whole TorchScript archive, by its list of entries alone."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = [name.partition("/")[2] for name in archive.namelist()]
    except (OSError, zipfile.BadZipFile):
        return False
    return {"data.pkl", "constants.pkl"} <= set(entries) and any(name.startswith("code/") for name in entries)


def _name_of_file(file: Path) -> str:
    """Tells an adapter from a whole model, by the names of its numbers."""
    if file.suffix != WEIGHTS:
        raise InvalidInput(f"{file} is no {WEIGHTS} and no TorchScript file (.pt): get the model as one of these.")
    numbers = shapes(file)
    adapter = any(name.startswith(LIKENESS) or any(mark in name for mark in LOW_RANK) for name in numbers)
    if adapter:
        return f"{ADAPTER_FILE}{file}"
    if not draws(numbers):
        raise no_model(file)
    return f"{HUB}{file}"
