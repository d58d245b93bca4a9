"""Targets: the files and folders that users have results written to, and what is said of one that cannot be."""

from errno import EACCES, EDQUOT, ENOSPC, EPERM, EROFS
from pathlib import Path

from pipelines.errors import UserError

NO_ROOM = (ENOSPC, EDQUOT)  # the system's numbers for a full disk, and for a user's full share of it


class Unwritable(UserError, OSError):
    """A file or folder cannot be written. What was there before is untouched."""


class NoRoom(Unwritable):
    """Its disk is full."""


def unwritable(target: Path, error: OSError) -> Unwritable:
    """Words an error of the system about a file or folder that was to be written, however a part of it is called."""
    if error.errno in NO_ROOM:
        return NoRoom(f"The disk is full, so {target} was not written. Make room on it, or choose another disk.")
    if error.errno == EROFS:
        return Unwritable(f"{target} was not written: its disk is read-only. Choose a folder on another disk.")
    if error.errno in (EACCES, EPERM):
        return Unwritable(
            f"{target} was not written: you may not write there. Choose another folder, or have its permissions "
            "changed."
        )
    return Unwritable(f"{target} was not written: {error.strerror or error}. Choose another name or folder.")


def check_target(file: Path) -> None:
    """Raises Unwritable, before any work is done, for a file whose folder is missing, or which is a folder itself."""
    if not file.parent.is_dir():
        raise Unwritable(f"There is no folder {file.parent} to write {file.name} into. Create it first.")
    if file.is_dir():
        raise Unwritable(f"{file} is a folder. Choose the name of a file.")


def make_folder(folder: Path) -> None:
    """Makes the folder of results, unless it is there.

    Raises:
        Unwritable: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise Unwritable(f"{folder} is not a folder, or is inside something that is not one. Choose another.") from None
    except OSError as error:
        raise unwritable(folder, error) from None
