"""Atomic writes: a file is complete or not there at all. A later process removes what a killed one left."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EFBIG, EIO
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from tempfile import mkdtemp

from editor.formats.targets import NO_ROOM, check_target, unwritable
from pipelines.errors import UserError

PART = ".palimpsest-part"  # the ending of every folder that holds an unfinished file


@contextmanager
def atomic_write(file: Path) -> Iterator[Path]:
    """Writes a file atomically.

    Yields:
        A path beside the file. What is written there replaces the file at the end, or is removed on an error.

    Raises:
        Unwritable: the file's folder does not exist, or its disk refuses; the sentence names the file, not the path
            beside it.
    """
    check_target(file)
    try:
        with part_folder(file.parent, file.name) as folder:
            part = folder / "part"
            yield part
            with part.open("rb") as written:
                os.fsync(written.fileno())
            part.replace(file)
    except OSError as error:
        if isinstance(error, UserError) or not _is_of_a_part(error):
            raise
        raise unwritable(file, error) from error


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


def _is_of_a_part(error: OSError) -> bool:
    """Tells whether the system refused an unfinished file: by its name, or by what only writing meets."""
    return PART in str(error.filename) or (error.filename is None and error.errno in (*NO_ROOM, EFBIG, EIO))


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
