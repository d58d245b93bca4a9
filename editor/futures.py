"""Futures that somebody else may have cancelled: who waited for an answer need not wait any more."""

from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


def answer(asked: "Future[Any]", value: object) -> None:
    """Gives a future its result, unless it was cancelled."""
    with suppress(InvalidStateError):
        asked.set_result(value)


def refuse(asked: "Future[Any]", error: BaseException) -> None:
    """Gives a future its error, unless it was cancelled."""
    with suppress(InvalidStateError):
        asked.set_exception(error)


def then(asked: "Future[Any]", read: Callable[[Any], T]) -> "Future[T]":
    """Returns what becomes of a future's result, or the same error."""
    heard: Future[T] = Future()

    def settle(done: "Future[Any]") -> None:
        if (error := done.exception()) is not None:
            refuse(heard, error)
        else:
            answer(heard, read(done.result()))

    asked.add_done_callback(settle)
    return heard
