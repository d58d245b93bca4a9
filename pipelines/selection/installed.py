"""Which selection models are on this machine. Loads nothing of them, and nothing heavy."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from pipelines.hf.repository import snapshot

SELECTION_MODEL = "facebook/sam2.1-hiera-tiny"  # Ravi et al. 2024, Apache-2.0: by points and boxes
KINDS = ("sam2", "sam2_video")  # the second is how it is published: with a memory for videos, which stays unused
WORDS_MODEL = "CIDAS/clipseg-rd64-refined"  # Lueddecke and Ecker 2022, Apache-2.0: by words
WORDS_KIND = "clipseg"
WEIGHTS = "model.safetensors"
VOCABULARIES = (("tokenizer.json",), ("vocab.json", "merges.txt"))  # of the words that it reads, newer and older form


def installed_selection_model(added: Sequence[Path] = ()) -> Path | None:
    """Returns the folder of the selection model to use: one that the user added, else the hub's; None without one."""
    return _first(added, SELECTION_MODEL, is_selection_model)


def installed_words_model(added: Sequence[Path] = ()) -> Path | None:
    """Returns the folder of the model that selects by words, chosen likewise; None without one."""
    return _first(added, WORDS_MODEL, is_words_model)


def is_selection_model(folder: Path) -> bool:
    """Whether a folder holds a SAM 2 as transformers saves it; its weights are not looked into."""
    return kind_of(folder) in KINDS and (folder / WEIGHTS).is_file()


def is_words_model(folder: Path) -> bool:
    """Whether a folder holds a CLIPSeg and its vocabulary as transformers saves them; they are not looked into."""
    reads = any(all((folder / name).is_file() for name in names) for names in VOCABULARIES)
    return kind_of(folder) == WORDS_KIND and (folder / WEIGHTS).is_file() and reads


def kind_of(folder: Path) -> str:
    """Returns which network a folder holds, as its config.json names it; "" where it names none."""
    try:
        return str(json.loads((folder / "config.json").read_text(encoding="utf-8"))["model_type"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def _first(added: Sequence[Path], model: str, fits: Callable[[Path], bool]) -> Path | None:
    places = [*added, snapshot(model)]
    return next((place for place in places if place is not None and fits(place)), None)
