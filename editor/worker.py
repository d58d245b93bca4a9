"""Worker: claims jobs from the store, one after another, and runs their models; between them it paints live."""

import logging
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from math import inf
from pathlib import Path
from threading import Event, Thread

from editor.batching import batchable
from editor.complaints import complaints
from editor.edits.apply import apply_together
from editor.edits.generation import Applied, Progress, Variations
from editor.edits.plan import affected_region
from editor.imaging.raster import Mask
from editor.live import Drop, Hear, LiveRequest, LiveRuns
from editor.log_fields import about, logged_about
from editor.outcome import (
    CANCELLED,
    DAMAGED,
    DONE,
    FAILED,
    FAULT,
    REFUSED,
    RETURNED,
    STORE,
    OnOutcome,
    Outcome,
    ignore_outcome,
)
from editor.ranking import Rankers, Ranking, no_ranker
from editor.run_reports import RunReports
from editor.store.blobs import Damaged
from editor.store.database import StorageError
from editor.store.revisions import Revision
from editor.store.store import Store
from pipelines.base import Pipeline, run
from pipelines.errors import MachineLost, UserError, described
from pipelines.ranking import Match, best_first

LEASE = 15.0  # seconds until a claimed job is free again, unless the lease is renewed
IDLE = 1.0  # seconds between two checks for jobs that nobody announced: another process's, or a dead worker's


log = logging.getLogger(__name__)


class _Interrupted(Exception):
    """The run must end: its jobs were cancelled or claimed by another worker, or this worker is leaving."""


def ignore_event(event: str) -> None:
    """Does nothing."""


class Worker:
    """Runs jobs.

    Several workers, in one process or many, may share a store; each job belongs to one worker at a time. `id` holds
    this worker's process, so that others can tell when it has died.
    """

    def __init__(
        self,
        store: Store,
        pipelines: Callable[[str], Pipeline],
        on_event: Callable[[str], None] = ignore_event,
        rankers: Rankers = no_ranker,
        claims: bool = True,
        idle: float = IDLE,
        on_outcome: OnOutcome = ignore_outcome,
    ) -> None:
        """Prepares a worker; `start` or `work` runs it.

        Args:
            store: where the jobs are.
            pipelines: returns the pipeline of a name; raises UserError when there is none.
            on_event: called with "begun" or "live", "step" and "ended" as jobs or live runs begin, do a step and end.
            rankers: finds what tells how well results show their prompt.
            claims: whether it runs jobs; else it only paints live.
            idle: seconds between two checks for jobs that nobody announced.
            on_outcome: called with how each claimed job came out.
        """
        self.claims, self.idle = claims, idle
        self.store, self.pipelines, self.on_event, self.on_outcome = store, pipelines, on_event, on_outcome
        self.id = f"{_process(os.getpid())}/{secrets.token_hex(4)}"
        self.trouble: str | None = (
            None  # an error message while the store refuses to write, which no revision can hold then
        )
        self._live = LiveRuns(store, pipelines, on_event)
        self._ranking = Ranking(rankers)
        self._model = ""  # of the job that runs, as outcomes name it
        self._awake, self._stopping = Event(), Event()
        self._deadline = inf  # until when a running job may go on once this worker is leaving, by the monotonic clock
        self._thread: Thread | None = None

    def start(self) -> None:
        """Starts `work` in a daemon thread."""
        self._thread = Thread(target=self.work, name="worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends `work` after the current step and waits for it; a running job is free for another worker then."""
        if self._thread is not None:
            self.leave()
            self._thread.join()
            self._thread = None
            self._stopping.clear()
            self._deadline = inf

    def leave(self, within: float = 0.0) -> None:
        """Asks `work` to end: it claims no further job.

        Args:
            within: seconds for which a running job may go on; then it is given back after the current step. Of several
                calls the first deadline counts.
        """
        self._deadline = min(self._deadline, time.monotonic() + within)
        self._stopping.set()
        self._awake.set()

    @property
    def leaving(self) -> bool:
        """Whether `work` was asked to end."""
        return self._stopping.is_set()

    def wake(self) -> None:
        """Looks for jobs now, because one was just submitted."""
        self._awake.set()

    def paint_live(self, request: LiveRequest, hear: Hear) -> Drop:
        """Paints an edit as soon as no job is free, and stores nothing, see `LiveRuns.add`."""
        drop = self._live.add(request, hear)
        self.wake()
        return drop

    def work(self) -> None:
        """Runs jobs, and what is asked live meanwhile, until `leave` is called."""
        while not self._stopping.is_set():
            self._awake.clear()
            try:
                busy = self.claims and self.run_one()
                if busy:
                    self.trouble = None
                else:
                    busy = self.run_live()
            except StorageError as error:
                complaints.add(error)
                self.trouble, busy = str(error), False
            if not busy:
                self._awake.wait(self.idle)

    def run_live(self) -> bool:
        """Paints the live request whose turn it is until it is done or a job is free.

        Returns:
            False when there was none.
        """
        return self._live.run_one(self._interrupts_live)

    def _interrupts_live(self) -> bool:
        return self._stopping.is_set() or (self.claims and self.store.jobs.has_free(LEASE, background=False))

    def run_one(self) -> bool:
        """Claims a job, with its variations, and completes it, or stores why it failed.

        Returns:
            False when no job was free.

        Raises:
            StorageError: the store refused; no other error.
        """
        for other in self.store.jobs.holders():
            if _has_died(other):
                self.store.jobs.release(other)
        jobs = self.store.jobs.claim(self.id, LEASE, background=not self._live.waiting)
        if not jobs:
            return False
        self.on_event("begun")
        try:
            # in a thread, since a single step or loading the model may take longer than a lease
            with repeated(self._renew, LEASE / 3, "lease"), logged_about(job=jobs[0]):
                groups = [jobs, *self._claim_batch(jobs)]
                if not self._account_for(groups):
                    for each in groups:
                        self._account_for([each])
        finally:
            self.on_event("ended")
        return True

    def _claim_batch(self, jobs: list[str]) -> list[list[str]]:
        """Claims jobs that the model is to draw together with these."""
        if not self.store.jobs.has_free(LEASE):  # as nearly always: nothing more is read
            return []
        try:
            revisions = [self.store.revisions.get(job) for job in jobs]
            found = batchable(self.store, revisions, self.pipelines, LEASE)
        except Exception:  # whatever is wrong is said of the job that it is wrong with, when that runs
            return []
        claimed = (self.store.jobs.claim_these(each, self.id, LEASE) for each in found)
        return [each for each in claimed if each]

    def _account_for(self, groups: list[list[str]]) -> bool:
        """Completes jobs, each with its variations, and says how they came out.

        Returns:
            False when several failed together; they are to be tried one by one.
        """
        start = time.monotonic()
        self._model, state, error = "", RETURNED, STORE  # the model while it is not known
        try:
            completed = self._complete(groups)
            if completed is None:
                state = ""
                return False
            state, error = completed
            return True
        finally:
            for each in groups if state else []:
                seconds = (time.monotonic() - start) / len(groups)
                self.on_outcome(Outcome(self._model, state, len(each), seconds, error))

    def _complete(self, groups: list[list[str]]) -> tuple[str, str] | None:
        """Returns the state and the error of an `Outcome`; None when several failed together."""
        jobs = [job for each in groups for job in each]
        try:
            revisions = [[self.store.revisions.get(job) for job in each] for each in groups]
            first = revisions[0][0]
            about(document=first.document)
            self._model = first.edit.pipeline if first.edit is not None else ""
            outcomes = self._apply(revisions)
            if outcomes is None:
                self.store.jobs.release(self.id)
                return RETURNED if self.leaving else CANCELLED, ""
            for each, applied in zip(revisions, outcomes, strict=True):
                self._finish(each, applied)
            return DONE, ""
        except StorageError as error:
            if not isinstance(error, Damaged):
                raise  # the job stays: it runs again once its lease is over and the store works again
            if len(groups) > 1:
                return None
            self._fail(jobs, str(error))
            return FAILED, DAMAGED
        except MachineLost as error:
            failed = any(failed for _, failed in self.store.jobs.count_death(self.id, str(error), again=True))
            return (FAILED, FAULT) if failed else (RETURNED, "")
        except (Exception, SystemExit) as error:  # whatever a model raises, the user sees it and the worker lives on
            log.exception("revisions %s failed", jobs)
            if len(groups) > 1:
                return None
            self._fail(jobs, described(error, "The model"))
            return FAILED, REFUSED if isinstance(error, UserError) else FAULT

    def _finish(self, revisions: list[Revision], outcomes: list[Applied]) -> None:
        """Stores the results of a revision and its variations."""
        jobs = [each.id for each in revisions]
        matches = self._matches(revisions[0], jobs, outcomes)
        for n in best_first(matches, len(jobs)):  # of variations the first to be finished is shown
            applied, match = outcomes[n], matches[n] if matches else None
            self.store.jobs.finish(jobs[n], self.id, applied.picture, applied.crops, match)

    def _fail(self, jobs: list[str], error: str) -> None:
        for job in reversed(jobs):  # the first last, so that edits that wait for it move only once
            self.store.jobs.fail(job, self.id, error)

    def _apply(self, groups: list[list[Revision]]) -> list[list[Applied]] | None:
        """Runs edits; those of a group are on one picture and differ only in their seed.

        Returns:
            Their results; None when all were cancelled or claimed by another worker, or this worker is leaving.
        """
        revisions = [each for group in groups for each in group]
        variations, regions = list[Variations](), dict[str, Mask]()
        for group in groups:
            parent, edits = group[0].parent, [each.edit for each in group if each.edit is not None]
            assert parent is not None and len(edits) == len(group), "only edits are jobs"
            picture = self.store.revisions.picture(parent)
            variations.append(Variations(edits, picture, partial(self.store.revisions.crop, group[0].document)))
            regions |= dict.fromkeys([each.id for each in group], affected_region(edits[0], picture.box))

        def on_step(progress: list[list[Progress]]) -> None:
            self.on_event("step")
            reports.add([each for group in progress for each in group])
            overdue = self._stopping.is_set() and time.monotonic() >= self._deadline
            if overdue or not any(self.store.jobs.holds(each.id, self.id) for each in revisions):
                raise _Interrupted

        def load(name: str) -> Pipeline:
            pipeline = self.pipelines(name)
            if variations[0].edits[0].prompt:
                self._ranking.prepare(pipeline)
            return pipeline

        with closing(RunReports(self.store, self.id, regions)) as reports:
            try:
                return run(apply_together(variations, load), on_step)
            except _Interrupted:
                return None

    def _matches(self, first: Revision, jobs: Sequence[str], outcomes: Sequence[Applied]) -> list[Match] | None:
        """Returns how well the results of a revision and its variations show the prompt; None where unknown so far."""
        assert first.edit is not None and first.parent is not None, "only edits are jobs"
        if not first.edit.prompt or not outcomes[0].windows:  # or no model saw it
            return None

        def late(matches: list[Match]) -> None:
            try:
                for job, match in zip(jobs, matches, strict=True):
                    self.store.revisions.store_match(job, match)
            except StorageError as error:  # the results stay without a rank
                complaints.add(error)

        before, results = self.store.revisions.picture(first.parent), [each.picture for each in outcomes]
        return self._ranking.match(first.edit, before, results, self.pipelines(first.edit.pipeline), late)

    def _renew(self) -> None:
        try:
            self.store.jobs.renew(self.id, LEASE)
        except StorageError as error:
            complaints.add(error)


@contextmanager
def repeated(action: Callable[[], None], seconds: float, name: str) -> Iterator[None]:
    """Calls `action` every so many seconds during the block, in a thread of this name."""
    done = Event()

    def repeat() -> None:
        while not done.wait(seconds):
            action()

    thread = Thread(target=repeat, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _process(pid: int) -> str:
    """Returns boot/namespace/pid/start of a process: equal texts mean the same process.

    A part is "" when the system does not provide it; so is the start of a process that has ended.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = os.readlink("/proc/self/ns/pid").removeprefix("pid:")
    except OSError:
        boot = namespace = ""
    try:
        # split after the name in brackets, which may hold any character: field 3 is the state, 22 the start (man proc)
        values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        start = "" if values[0] in "ZX" else values[19]
    except OSError:
        start = ""
    return f"{boot}/{namespace}/{pid}/{start}"


def _has_died(worker: str) -> bool:
    """Tells whether a worker's process has certainly ended.

    That is certain only of a process of this boot and this PID namespace. For all others the lease decides.
    """
    match = re.fullmatch(r"(.+/.+)/(\d+)/(\d+)/\w+", worker)
    here = _process(os.getpid()).rsplit("/", 2)[0]
    if match is None or match[1] != here:
        return False
    return _process(int(match[2])) != worker.rpartition("/")[0]
