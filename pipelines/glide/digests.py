"""What a folder's large files were when they were last known to be whole: digests.json, name -> SHA-256 and bytes."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipelines.errors import InvalidInput

NAME = "digests.json"


def record(file: Path) -> str:
    """Notes a file in the digests.json beside it.

    Returns:
        Its SHA-256 in hexadecimal.
    """
    digest = sha256(file)
    entry = {"sha256": digest, "bytes": file.stat().st_size}
    part = file.with_name(f"{NAME}.part")
    part.write_text(json.dumps(_entries(file.parent) | {file.name: entry}, indent=2) + "\n")
    part.replace(file.with_name(NAME))
    return digest


def unchanged(file: Path) -> bool:
    """Whether a file is there and is as it was when it was noted."""
    entry = _entries(file.parent).get(file.name)
    return (
        entry is not None
        and file.is_file()
        and file.stat().st_size == entry["bytes"]
        and sha256(file) == entry["sha256"]
    )


def _entries(folder: Path) -> dict[str, dict[str, Any]]:
    try:
        return json.loads((folder / NAME).read_text())
    except FileNotFoundError:
        return {}
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{folder / NAME} is damaged ({error}): delete it, it is made again.") from error


def named(files: Iterable[Path]) -> dict[str, str]:
    """Computes the SHA-256 of each file, by its name."""
    return {file.name: sha256(file) for file in files}


def sha256(file: Path) -> str:
    """Computes the SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
