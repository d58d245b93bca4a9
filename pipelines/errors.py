"""Errors that are meant for people."""

import errno


class UserError(Exception):
    """An error whose text is shown to the user as it is, by the page, the API and the command line alike: a sentence or
    two that say what is wrong, what was expected and what to do. Any other exception is a fault of the program.
    """


class InvalidInput(UserError, ValueError):
    """What was asked for cannot be done: a number out of range, a damaged file, a setting a model has not."""


class MachineLost(UserError):
    """The machine that a model ran on is gone, and the run with it; on another it may be done."""


def reason(error: Exception, expected: str = "one that is there") -> str:
    """What an error about a file says beside the file's name: why it cannot be used, and what to do.

    Args:
        error: the error; a number of the system is worded, any other error has a text of its own.
        expected: what to give instead, for a sentence that begins with "Give".
    """
    if isinstance(error, UserError) or not isinstance(error, OSError) or not error.strerror:
        return str(error)
    match error.errno:
        case errno.ENOENT:
            return f"There is no such file. Give {expected}."
        case errno.EISDIR:
            return f"This is a folder. Give {expected}."
        case errno.ENOTDIR:
            return f"A folder of this path is a file. Give {expected}."
        case errno.EACCES | errno.EPERM:
            return f"You may not use this. Have its permissions changed, or give {expected}."
        case errno.EROFS:
            return "Its disk is read-only. Choose a folder on another disk."
        case errno.ENOSPC | errno.EDQUOT:
            return "The disk is full. Make room on it, or choose another disk."
    return f"{error.strerror}."


def one_line(error: BaseException) -> str:
    """An error's text without its line breaks, as a part of a sentence."""
    return " ".join(str(error).split())


def described(error: BaseException, what: str) -> str:
    """Words an error for the user, without the names of exceptions.

    Args:
        error: the error.
        what: what failed, for an error of which only the log can say more.
    """
    if isinstance(error, UserError):
        return str(error)
    reason = f": {text.rstrip('.')}" if (text := one_line(error)) else ""
    return f"{what} failed{reason}. The log has the details."
