"""Functions that call back, as generators."""

from collections.abc import Callable, Generator
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import TypeVar

Pushed = TypeVar("Pushed")
Returned = TypeVar("Returned")


class Stopped(BaseException):
    """Ends the work whose rest nobody wants. No Exception, so that no function takes it for a failure of its own."""


def callback_to_generator(
    work: Callable[[Callable[[Pushed], None]], Returned], ahead: int = 0
) -> Generator[Pushed, None, Returned]:
    """Turns a function that calls back at each step into a generator that is asked for the next one.

    The function runs in a thread of its own, and waits in its calls until more items are wanted. Closing the
    generator ends the thread: the call that waits, or the next one, raises Stopped in `work`.

    Args:
        work: the function; it calls its one argument with each item.
        ahead: how many items it may be ahead of those that were asked for.

    Yields:
        Each item.

    Returns:
        What `work` returns.

    Raises:
        BaseException: whatever `work` raises.
    """
    items: SimpleQueue[tuple[Pushed] | None] = SimpleQueue()
    demand, closed = Semaphore(ahead), False
    results: list[Returned] = []
    errors: list[BaseException] = []

    def push(item: Pushed) -> None:
        items.put((item,))
        demand.acquire()
        if closed:
            raise Stopped

    def drive() -> None:
        try:
            results.append(work(push))
        except BaseException as error:
            errors.append(error)
        items.put(None)

    thread = Thread(target=drive, name="callbacks", daemon=True)
    thread.start()
    try:
        while (item := items.get()) is not None:
            yield item[0]
            demand.release()
    finally:
        closed = True
        demand.release()
        thread.join()
    if errors:
        raise errors.pop()  # stored nowhere: its frames hold the tensors of the run
    return results.pop()
