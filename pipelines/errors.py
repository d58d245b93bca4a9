"""Errors that are meant for people."""


class UserError(Exception):
    """An error whose text is shown to the user as it is, by the page, the API and the command line alike: a sentence or
    two that say what is wrong, what was expected and what to do. Any other exception is a fault of the program.
    """


class InvalidInput(UserError, ValueError):
    """What was asked for cannot be done: a number out of range, a damaged file, a setting a model has not."""


class MachineLost(UserError):
    """The machine that a model ran on is gone, and the run with it; on another it may be done."""


def reason(error: Exception) -> str:
    """What an error about a file says beside the file's name: why the system refuses it, without its number."""
    return f"{error.strerror}." if isinstance(error, OSError) and error.strerror else str(error)


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
