"""What a line of the log is about: the job and the document that a thread or a request has to do with."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_fields: ContextVar[dict[str, str] | None] = ContextVar("fields", default=None)


def fields() -> dict[str, str]:
    """Returns what is known here: "job" and "document", each an id; {} where nothing is."""
    return _fields.get() or {}


def about(**ids: str) -> None:
    """Says what the rest of this request is about, for whatever it logs."""
    _fields.set({**fields(), **ids})


@contextmanager
def logged_about(**ids: str) -> Iterator[None]:
    """Says what a block is about."""
    token = _fields.set({**fields(), **ids})
    try:
        yield
    finally:
        _fields.reset(token)
