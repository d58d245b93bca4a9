"""Which selection model is on this machine. Loads nothing of it, and nothing heavy."""

import json
from collections.abc import Sequence
from pathlib import Path

from pipelines.hf.repository import snapshot

SELECTION_MODEL = "facebook/sam2.1-hiera-tiny"  # Ravi et al. 2024, Apache-2.0
KINDS = ("sam2", "sam2_video")  # the second is how it is published: with a memory for videos, which stays unused
WEIGHTS = "model.safetensors"


def installed_selection_model(added: Sequence[Path] = ()) -> Path | None:
    """Returns the folder of the selection model to use: one that the user added, else the hub's; None without one."""
    places = [*added, snapshot(SELECTION_MODEL)]
    return next((place for place in places if place is not None and is_selection_model(place)), None)


def is_selection_model(folder: Path) -> bool:
    """Whether a folder holds a SAM 2 as transformers saves it; its weights are not looked into."""
    try:
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError):
        return False
    return kind in KINDS and (folder / WEIGHTS).is_file()
