"""The kinds of things that a model paints: a list and a picture of each, in the folder of its weights.

A model of this project may have both (`python -m pipelines.training.scenes --kinds` makes them); no other has.
"""

from functools import lru_cache
from hashlib import sha256
from pathlib import Path

LIST, PICTURES = "kinds.json", "kinds.webp"


def kinds_version(folder: Path | None) -> str:
    """Returns a digest of both files in a model's folder; '' where one is missing, or there is no folder.

    They are read again only once one of them has another time or size.
    """
    files = () if folder is None else (folder / LIST, folder / PICTURES)
    if not files or not all(file.is_file() for file in files):
        return ""
    return _digest(files, tuple((stat.st_mtime_ns, stat.st_size) for stat in (file.stat() for file in files)))


@lru_cache(maxsize=8)  # more models with a list than are chosen between in a minute
def _digest(files: tuple[Path, ...], _states: tuple[tuple[int, int], ...]) -> str:
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
