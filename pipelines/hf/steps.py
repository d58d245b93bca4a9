"""From a function that calls back at each step to a generator that is asked for the next one."""

from collections.abc import Callable, Generator
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import TypeVar

Pushed = TypeVar("Pushed")
Returned = TypeVar("Returned")


class Stopped(BaseException):
    """Nobody wants the rest. No Exception, so that no function takes it for a failure of its own."""


def callback_to_generator(work: Callable[[Callable[[Pushed], None]], Returned]) -> Generator[Pushed, None, Returned]:
    """Yield what `work` hands to its one argument, and return what it returns; what it raises is raised here.

    It runs in a thread of its own, and waits in each call until the next item is wanted. Closing the generator ends the
    thread: the call that waits, or the next one, raises Stopped in `work`.
    """
    items: SimpleQueue[tuple[Pushed] | None] = SimpleQueue()
    wanted, closed = Semaphore(0), False
    returned: list[Returned] = []
    raised: list[BaseException] = []

    def push(item: Pushed) -> None:
        items.put((item,))
        wanted.acquire()
        if closed:
            raise Stopped

    def drive() -> None:
        try:
            returned.append(work(push))
        except BaseException as error:
            raised.append(error)
        items.put(None)

    thread = Thread(target=drive, name="diffusers", daemon=True)
    thread.start()
    try:
        while (item := items.get()) is not None:
            yield item[0]
            wanted.release()
    finally:
        closed = True
        wanted.release()
        thread.join()
    if raised:
        raise raised.pop()  # kept by nobody: its frames hold the tensors of the run
    return returned.pop()
