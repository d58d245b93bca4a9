"""Ending: how far a server is on its way to its end, for what must go otherwise then."""

from threading import Event

SENTENCE = "The server is being stopped. What was submitted stays in the queue and is made once it runs again."


class Ending:
    """The two steps in which a server ends; both are for good."""

    def __init__(self) -> None:
        self._draining, self._closed = Event(), Event()

    @property
    def draining(self) -> bool:
        """Whether no job is begun any more; requests are still answered."""
        return self._draining.is_set()

    @property
    def closed(self) -> bool:
        """Whether what goes on and on is to end now: streams, and requests that wait for a change."""
        return self._closed.is_set()

    def drain(self) -> None:
        """Takes the first step."""
        self._draining.set()

    def close(self) -> None:
        """Takes the second step, and the first if it was not taken."""
        self._draining.set()
        self._closed.set()
