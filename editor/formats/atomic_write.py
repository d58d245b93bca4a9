"""Atomic writes: a file is complete or not there at all. A later process removes what a killed one left."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from tempfile import mkdtemp

PART = ".palimpsest-part"  # the ending of every folder that holds an unfinished file


@contextmanager
def atomic_write(file: Path) -> Iterator[Path]:
    """Writes a file atomically.

    Yields:
        A path beside the file. What is written there replaces the file at the end, or is removed on an error.

    Raises:
        FileNotFoundError: the file's folder does not exist.
    """
    if not file.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {file.parent} to write {file.name} into. Create it first.")
    with part_folder(file.parent, file.name) as folder:
        part = folder / "part"
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(file)


@contextmanager
def part_folder(parent: Path, name: str) -> Iterator[Path]:
    """Makes a hidden folder for unfinished files, removed at the end; after a SIGKILL, by the next call of `sweep`."""
    sweep(parent)
    while True:
        folder = Path(mkdtemp(dir=parent, prefix=f".{name[:40]}.", suffix=PART))
        lock = _lock(folder, LOCK_EX)
        if folder.exists():  # otherwise another process swept it before it was locked
            break
        _close(lock)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _close(lock)


def sweep(parent: Path) -> None:
    """Removes the unfinished files in a folder whose process has died, and its lock with it."""
    for folder in parent.glob(f".*{PART}"):
        lock = _lock(folder, LOCK_EX | LOCK_NB)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            _close(lock)


def _lock(folder: Path, how: int) -> int | None:
    """Locks a folder until the handle is closed.

    Returns:
        The handle; None when another process holds the lock, or locking is impossible, as on some network disks, where
        `sweep` does nothing.
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
