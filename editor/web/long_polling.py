"""Beats: requests that wait until a document's run has done another step."""

import asyncio
import time
from contextlib import suppress
from threading import Condition, Thread
from typing import NamedTuple

from editor.store.database import StorageError
from editor.store.jobs import NO_BEAT
from editor.store.store import Store

BETWEEN = 0.01  # seconds between two looks


class _Waiting(NamedTuple):
    document: str
    beat: str
    loop: asyncio.AbstractEventLoop
    moved: asyncio.Event


class Beats:
    """One thread looks for all who wait: any number of pages cost one question to the store at a time."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._waiting: set[_Waiting] = set()
        self._changed = Condition()
        self._thread: Thread | None = None

    async def wait(self, document: str, beat: str, seconds: float) -> None:
        """Until the beat of a document (see `Store.beats`) is another one, at most so long."""
        waiting = _Waiting(document, beat, asyncio.get_running_loop(), asyncio.Event())
        with self._changed:
            self._waiting.add(waiting)
            if self._thread is None:
                self._thread = Thread(target=self._look, name="beats", daemon=True)
                self._thread.start()
            self._changed.notify()
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(waiting.moved.wait(), seconds)
        finally:
            with self._changed:
                self._waiting.discard(waiting)

    def _look(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
            with suppress(StorageError):
                beats = self.store.jobs.beats()
                with self._changed:
                    moved = [each for each in self._waiting if beats.get(each.document, NO_BEAT) != each.beat]
                    self._waiting.difference_update(moved)
                for each in moved:
                    with suppress(RuntimeError):  # its loop has ended
                        each.loop.call_soon_threadsafe(each.moved.set)
            time.sleep(BETWEEN)
