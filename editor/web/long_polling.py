"""Long polling: requests that wait until a job of a document has done another step."""

import asyncio
import time
from contextlib import suppress
from threading import Condition, Thread
from typing import NamedTuple

from editor.store.database import StorageError
from editor.store.progress import NO_BEAT
from editor.store.store import Store

POLL_INTERVAL = 0.01  # seconds


class _Waiter(NamedTuple):
    """A request that waits."""

    document: str  # the document's id
    beat: str  # the beat that the client has seen last
    loop: asyncio.AbstractEventLoop  # the request's
    event: asyncio.Event  # set when the beat has changed


class BeatPoller:
    """Waits for the beats of documents (see `Jobs.beats`) to change.

    One thread polls for all waiting requests, so that any number of pages costs one query of the store at a time.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._waiters: set[_Waiter] = set()
        self._changed = Condition()
        self._thread: Thread | None = None

    async def wait(self, document: str, beat: str, seconds: float) -> None:
        """Waits until the beat of a document differs from `beat`, at most so many seconds."""
        waiter = _Waiter(document, beat, asyncio.get_running_loop(), asyncio.Event())
        with self._changed:
            self._waiters.add(waiter)
            if self._thread is None:
                self._thread = Thread(target=self._poll, name="beats", daemon=True)
                self._thread.start()
            self._changed.notify()
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(waiter.event.wait(), seconds)
        finally:
            with self._changed:
                self._waiters.discard(waiter)

    def _poll(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiters)
            with suppress(StorageError):
                beats = self.store.progress.beats()
                with self._changed:
                    ready = [each for each in self._waiters if beats.get(each.document, NO_BEAT) != each.beat]
                    self._waiters.difference_update(ready)
                for waiter in ready:
                    with suppress(RuntimeError):  # its loop has ended
                        waiter.loop.call_soon_threadsafe(waiter.event.set)
            time.sleep(POLL_INTERVAL)
