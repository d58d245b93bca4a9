"""Which photographic CLIP is on this machine, to rank results by. Loads nothing of it, and nothing heavy."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.hf.hub import ON_HUB
from pipelines.hf.repository import snapshot
from pipelines.selection.installed import WEIGHTS, kind_of

RANKING_MODEL = "google/siglip-base-patch16-256"  # Zhai et al. 2023, Apache-2.0
CLIP, SIGLIP = "clip", "siglip"  # as config.json names the networks of Radford et al. 2021, and of Zhai et al. 2023
# of the words that they read: one file for both, or for the first its older form of two
VOCABULARIES = {CLIP: (("tokenizer.json",), ("vocab.json", "merges.txt")), SIGLIP: (("tokenizer.json",),)}


def is_ranking_model(folder: Path) -> bool:
    """Whether a folder holds a CLIP or a SigLIP and its vocabulary as transformers saves them; looks into neither."""
    forms = VOCABULARIES.get(kind_of(folder), ())
    reads = any(all((folder / name).is_file() for name in names) for names in forms)
    return reads and (folder / WEIGHTS).is_file()


def ranking_folder(source: str) -> Path | None:
    """Returns the folder of a ranking model; None where that is none.

    Args:
        source: the folder, the file of its weights, or OWNER/MODEL in the hub's cache.
    """
    place = Path(source).expanduser()
    if not place.exists():
        found = snapshot(source) if ON_HUB.fullmatch(source) else None
    else:
        found = place.parent if place.is_file() and place.name == WEIGHTS else place
    return found if found is not None and is_ranking_model(found) else None


def installed_ranking_model(added: Sequence[str] = ()) -> Path | None:
    """Returns the folder of the model to rank by: one that the user added, else the recommended; None without one.

    Args:
        added: sources, as of `ranking_folder`.
    """
    found = (ranking_folder(source) for source in [*added, RANKING_MODEL])
    return next((folder for folder in found if folder is not None), None)
