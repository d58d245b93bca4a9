"""The kinds of things that a model paints: a list and a picture of each, in the folder of its weights.

A model of this project may have both (`python -m pipelines.training.scenes --kinds` makes them); no other has.
"""

from hashlib import sha256
from pathlib import Path

LIST, PICTURES = "kinds.json", "kinds.webp"


def kinds_version(folder: Path | None) -> str:
    """Returns a digest of both files in a model's folder; '' where one is missing, or there is no folder."""
    files = [] if folder is None else [folder / LIST, folder / PICTURES]
    if not files or not all(file.is_file() for file in files):
        return ""
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
