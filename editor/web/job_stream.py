"""JobStream: submits jobs, reports their progress until they are done, and cancels them when the client goes away."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from typing import Any

from editor.models_process import Models
from editor.session import Session
from editor.store.database import StorageError
from editor.store.revisions import Revision
from editor.web.ending import SENTENCE, Ending
from editor.web.threads import WRITERS, run_in_writer
from pipelines.errors import InvalidInput

POLL_INTERVAL = 0.1  # seconds
# seconds after which an unchanged report is sent again: only on sending does Gradio notice that a client has gone
REPEAT_INTERVAL = 1.0


class NoResult(InvalidInput):
    """A request's jobs were accepted, and have no result for it: one has failed, or the server ends."""


class JobStream:
    """Runs the jobs of a request and reports their progress."""

    def __init__(self, session: Session, models: Models, ending: Ending) -> None:
        self.session, self.models, self.ending = session, models, ending

    async def results(self, submit: Callable[[], Sequence[Revision]]) -> AsyncGenerator[dict[str, Any], None]:
        """Submits jobs and waits for them. Closed or cancelled before they are done, it cancels the rest, unless
        the server ends: then they stay in the queue.

        Args:
            submit: queues the jobs and returns them; it may write to the store.

        Yields:
            A report whenever it changes and every second, the last when all jobs are done: `state` ("waiting",
            "running", "done"), `step` of `of`, `seconds` since they were submitted, the current ids of their
            `revisions`, and `trouble`, a sentence while the store refuses to write, else None.

        Raises:
            NoResult: one of the jobs failed, or the server ends before they are done.
        """
        start = time.monotonic()
        submission = asyncio.ensure_future(run_in_writer(submit))
        try:
            jobs = list(await asyncio.shield(submission))
        except asyncio.CancelledError:
            submission.add_done_callback(self._cancel_submitted)
            raise
        self.models.wake()
        report: dict[str, Any] = {"state": "waiting", "step": 0, "of": 0}
        last_sent = start
        try:
            while report["state"] != "done":
                try:
                    jobs, update = await asyncio.to_thread(self._report, jobs)
                except StorageError as error:  # the jobs are queued, and go on once it is back
                    update = {"state": report["state"], "trouble": str(error)}
                if self.ending.closed and update["state"] != "done":
                    raise NoResult(SENTENCE)
                if update.items() <= report.items() and time.monotonic() < last_sent + REPEAT_INTERVAL:
                    await asyncio.sleep(POLL_INTERVAL)
                    continue
                report, last_sent = report | update, time.monotonic()
                if report["state"] == "done":
                    report["step"] = report["of"]
                yield {**report, "seconds": round(last_sent - start, 1)}
        finally:
            if report["state"] != "done" and not self.ending.draining:
                await run_in_writer(self._cancel, jobs)

    def _report(self, jobs: Sequence[Revision]) -> tuple[list[Revision], dict[str, Any]]:
        """Returns the jobs as they are now, and the report of them."""
        current = [self._current(self.session.store.revisions.get(each.id)) for each in jobs]
        pending = [each for each in current if each.pending]
        errors = [each.error for each in current if each.error is not None]
        if errors and not pending:
            raise NoResult(errors[0])
        report: dict[str, Any] = {
            "state": "waiting" if pending else "done",
            "revisions": [each.id for each in current],
            "trouble": self.models.trouble if pending else None,
        }
        for each in pending[:1]:
            if (progress := self.session.store.progress.of(each.document).get(each.id)) is not None:
                report |= {"state": "running", "step": progress.step, "of": progress.steps}
        return current, report

    def _current(self, job: Revision) -> Revision:
        """Returns the new job if this one was queued again because a job before it was cancelled; else itself."""
        if not (job.cancelled and job.deleted):
            return job
        document = self.session.store.documents.get(job.document)
        candidates = [*self.session.store.jobs.pending(document.id), self.session.store.revisions.get(document.head)]
        return next((each for each in candidates if each.edit == job.edit and each.created >= job.created), job)

    def _cancel_submitted(self, submission: asyncio.Future[Sequence[Revision]]) -> None:
        if not self.ending.draining and not submission.cancelled() and submission.exception() is None:
            WRITERS.submit(self._cancel, submission.result())

    def _cancel(self, jobs: Sequence[Revision]) -> None:
        for each in jobs:
            with suppress(StorageError, LookupError):  # then the job stays and is completed
                self.session.cancel(each.id)
