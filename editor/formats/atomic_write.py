"""Files that are written whole or not at all. What a killed process left of one, the next process removes."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from tempfile import mkdtemp

PART = ".palimpsest-part"  # the ending of every folder that holds an unfinished file


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """A path beside a file; what was written there takes the file's place at the end, and goes on an error."""
    if not file.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {file.parent} to write {file.name} into: make it first.")
    with part_folder(file.parent, file.name) as folder:
        part = folder / "part"
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(file)


@contextmanager
def part_folder(parent: Path, name: str) -> Iterator[Path]:
    """A hidden folder for unfinished files, removed at the end; after a SIGKILL, by the next call of `sweep`."""
    sweep(parent)
    while True:
        folder = Path(mkdtemp(dir=parent, prefix=f".{name[:40]}.", suffix=PART))
        lock = _locked(folder, LOCK_EX)
        if folder.exists():  # otherwise somebody swept it away before it was locked
            break
        _close(lock)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _close(lock)


def sweep(parent: Path) -> None:
    """Remove unfinished files in a folder whose process has died: its lock died with it."""
    for folder in parent.glob(f".*{PART}"):
        lock = _locked(folder, LOCK_EX | LOCK_NB)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            _close(lock)


def _locked(folder: Path, how: int) -> int | None:
    """A handle that locks a folder for as long as it is open; None where another holds it, or nothing can be locked, as
    on some network disks: nobody sweeps there.
    """
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        flock(handle, how)
    except OSError:
        os.close(handle)
        return None
    return handle


def _close(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)
