"""Keeping: to wait until promises are kept, and to take them back when nobody waits any more."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from typing import Any

from editor.models_process import Models
from editor.session import Session
from editor.store.database import StorageError
from editor.store.revisions import Revision
from editor.web.threads import WRITERS, in_writer

LOOKS = 0.1  # seconds between two looks at a promise
SIGN = 1.0  # seconds after which what has not changed is told again: Gradio sees only then that nobody listens


class Keeping:
    """Promises of one wish, by the ids that they have now."""

    def __init__(self, session: Session, models: Models) -> None:
        self.session, self.models = session, models

    async def kept(self, promise: Callable[[], Sequence[Revision]]) -> AsyncGenerator[dict[str, Any], None]:
        """Make promises and wait for them: yields how far they are, whenever that changes and every second, the
        last time when all are kept. Closed or cancelled before, it takes back those which are not.

        What is yielded: `state` (waiting, running, done), `step` of `of`, `seconds` since they were made, the
        `revisions`, and `trouble`, a sentence while the store refuses, or None. ValueError when one of them fails.
        """
        began = time.monotonic()
        making = asyncio.ensure_future(in_writer(promise))
        try:
            promises = list(await asyncio.shield(making))
        except asyncio.CancelledError:
            making.add_done_callback(self._take_back_made)
            raise
        self.models.wake()
        told: dict[str, Any] = {"state": "waiting", "step": 0, "of": 0}
        said = began
        try:
            while told["state"] != "done":
                promises, now = await asyncio.to_thread(self._look, promises)
                if now.items() <= told.items() and time.monotonic() < said + SIGN:
                    await asyncio.sleep(LOOKS)
                    continue
                told, said = told | now, time.monotonic()
                if told["state"] == "done":
                    told["step"] = told["of"]
                yield {**told, "seconds": round(said - began, 1)}
        finally:
            if told["state"] != "done":
                await in_writer(self._take_back, promises)

    def _look(self, promises: Sequence[Revision]) -> tuple[list[Revision], dict[str, Any]]:
        """The promises as they are now, and what there is to tell of them."""
        now = [self._now(self.session.store.revisions.get(each.id)) for each in promises]
        waiting = [each for each in now if each.promised]
        broken = [each.error for each in now if each.error is not None]
        if broken and not waiting:
            raise ValueError(broken[0])
        told: dict[str, Any] = {
            "state": "waiting" if waiting else "done",
            "revisions": [each.id for each in now],
            "trouble": self.models.trouble if waiting else None,
        }
        for each in waiting[:1]:
            if (progress := self.session.store.jobs.progress(each.document).get(each.id)) is not None:
                told |= {"state": "running", "step": progress.step, "of": progress.steps}
        return now, told

    def _now(self, one: Revision) -> Revision:
        """What a wish is promised as now, if something that it waited for was taken away and it was promised again."""
        if not (one.cancelled and one.deleted):
            return one
        document = self.session.store.documents.get(one.document)
        again = [*self.session.store.jobs.pending(document.id), self.session.store.revisions.get(document.head)]
        return next((each for each in again if each.edit == one.edit and each.created >= one.created), one)

    def _take_back_made(self, made: asyncio.Future[Sequence[Revision]]) -> None:
        if not made.cancelled() and made.exception() is None:
            WRITERS.submit(self._take_back, made.result())

    def _take_back(self, promises: Sequence[Revision]) -> None:
        for each in promises:
            with suppress(StorageError, LookupError):  # it stands then, and is kept
                self.session.cancel(each.id)
