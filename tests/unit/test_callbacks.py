"""Functions that call back, as generators: they fail here, wait to be asked, and end when they are closed."""

import threading
from collections.abc import Callable, Iterator

import pytest

from pipelines.callbacks import callback_to_generator
from tests.fakes import until


def helpers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "callbacks"]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert not helpers()


def test_what_fails_in_the_thread_fails_here() -> None:
    def work(push: Callable[[int], None]) -> None:
        push(1)
        raise RuntimeError("out of paint")

    items = callback_to_generator(work)
    assert next(items) == 1
    with pytest.raises(RuntimeError, match="out of paint"):
        next(items)


@pytest.mark.parametrize("ahead", [0, 1, 2])
def test_the_thread_does_no_more_than_it_may_be_ahead(ahead: int) -> None:
    done: list[int] = []

    def work(push: Callable[[int], None]) -> str:
        for n in range(6):
            done.append(n)
            push(n)
        return "all"

    items = callback_to_generator(work, ahead)
    assert not helpers()  # not before it is asked
    for n in range(6):
        assert next(items) == n
        most = min(6, n + 1 + ahead)
        until(lambda most=most: len(done) == most)
        assert len(done) == most
    with pytest.raises(StopIteration) as end:
        next(items)
    assert end.value.value == "all"


@pytest.mark.parametrize("ahead", [0, 2])
def test_closing_ends_the_work_where_it_calls(ahead: int) -> None:
    done: list[str] = []

    def work(push: Callable[[int], None]) -> None:
        try:
            for n in range(100):
                done.append(f"step {n}")
                push(n)
        finally:
            done.append("end")

    items = callback_to_generator(work, ahead)
    next(items)
    until(lambda: len(done) == 1 + ahead)
    items.close()
    assert done[-1] == "end" and len(done) <= 1 + ahead + 2
