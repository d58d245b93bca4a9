"""Worker: takes jobs from the store one after another, and runs their models."""

import logging
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread

from editor.edits.apply import Applied, Progress, apply_all
from editor.edits.plan import affected_region
from editor.edits.previews import encode_preview, preview_box
from editor.imaging.raster import Mask
from editor.store.blobs import Damaged
from editor.store.database import StorageError
from editor.store.jobs import RunPreview
from editor.store.revisions import Revision
from editor.store.store import Store
from pipelines.base import Pipeline, run
from pipelines.errors import described

LEASE = 15.0  # seconds a claimed job is held without a sign of life
IDLE = 1.0  # seconds between two looks for jobs nobody announced: another process's, or a dead one's
PAUSE = 0.03  # seconds between two reports of a run, at least: a fast model takes more steps than anybody sees

log = logging.getLogger(__name__)


class _NotHeld(Exception):
    """A run is to end: its jobs are another's by now or cancelled, or this worker is to stop."""


def unheard(event: str) -> None:
    """Nobody listens."""


class Worker:
    """Runs jobs. pipelines: name -> Pipeline; UserError when the name is unknown. heard: is called
    with "begun", "step" and "ended" as jobs are.

    Several workers, in one process or many, may share a store: a job is one worker's at a time. `id` names this one and
    its process, so that others see when it died.
    """

    def __init__(
        self, store: Store, pipelines: Callable[[str], Pipeline], heard: Callable[[str], None] = unheard
    ) -> None:
        self.store, self.pipelines, self.heard = store, pipelines, heard
        self.id = f"{_process(os.getpid())}/{secrets.token_hex(4)}"
        self.trouble: str | None = None  # a sentence while the store refuses, so that no revision can say so
        self._awake, self._stopping = Event(), Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Work in a daemon thread from now on."""
        self._thread = Thread(target=self.work, name="worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End `work` after the current step and wait for that; a job in work is free for the next worker."""
        if self._thread is not None:
            self.leave()
            self._thread.join()
            self._thread = None
            self._stopping.clear()

    def leave(self) -> None:
        """End `work` after the current step."""
        self._stopping.set()
        self._awake.set()

    @property
    def leaving(self) -> bool:
        return self._stopping.is_set()

    def wake(self) -> None:
        """Look for jobs now: one was just submitted."""
        self._awake.set()

    def work(self) -> None:
        """Run jobs until asked to leave."""
        while not self._stopping.is_set():
            self._awake.clear()
            try:
                busy = self.run_one()
                if busy:
                    self.trouble = None
            except StorageError as error:
                log.error("%s", error)
                self.trouble, busy = str(error), False
            if not busy:
                self._awake.wait(IDLE)

    def run_one(self) -> bool:
        """Claim a job, with its variations, and complete it, or write on it why not. False when there was none. Raises
        StorageError only.
        """
        for holder in self.store.jobs.holders():
            if _gone(holder):
                self.store.jobs.release(holder)
        jobs = self.store.jobs.claim(self.id, LEASE)
        if not jobs:
            return False
        self.heard("begun")
        try:
            # by the clock, since a single step or the loading may outlast a lease
            with repeated(self._renew, LEASE / 3, "lease"):
                self._complete(jobs)
        finally:
            self.heard("ended")
        return True

    def _complete(self, jobs: list[str]) -> None:
        try:
            outcomes = self._applied([self.store.revisions.get(job) for job in jobs])
            if outcomes is None:
                self.store.jobs.release(self.id)
            else:
                for job, applied in zip(jobs, outcomes, strict=True):
                    self.store.jobs.finish(job, self.id, applied.picture, applied.crops)
        except StorageError as error:
            if not isinstance(error, Damaged):
                raise  # the job stands: when its lease is over and the store takes things again, it is run again
            for job in reversed(jobs):  # later edits wait for the first: they move once
                self.store.jobs.fail(job, self.id, str(error))
        except (Exception, SystemExit) as error:  # whatever a model does, the user reads of it and the worker lives
            log.exception("revisions %s failed", jobs)
            for job in reversed(jobs):
                self.store.jobs.fail(job, self.id, described(error, "The model"))

    def _applied(self, revisions: list[Revision]) -> list[Applied] | None:
        """Edits on one picture that differ in the seed alone, done; None when all were cancelled, taken over, or this
        worker is to stop.
        """
        parent, edits = revisions[0].parent, [each.edit for each in revisions if each.edit is not None]
        assert parent is not None and len(edits) == len(revisions), "only edits are jobs"
        picture, cached = (
            self.store.revisions.picture(parent),
            partial(self.store.revisions.crop, revisions[0].document),
        )

        def look(progress: list[Progress]) -> None:
            self.heard("step")
            reports.add(progress)
            if self._stopping.is_set() or not any(self.store.jobs.holds(each.id, self.id) for each in revisions):
                raise _NotHeld

        changing = affected_region(edits[0], picture.box)
        with closing(_Reports(self.store, self.id, [each.id for each in revisions], changing)) as reports:
            try:
                return run(apply_all(edits, picture, self.pipelines, cached), look)
            except _NotHeld:
                return None

    def _renew(self) -> None:
        try:
            self.store.jobs.renew(self.id, LEASE)
        except StorageError as error:
            log.warning("%s", error)


@contextmanager
def repeated(action: Callable[[], None], seconds: float, name: str) -> Iterator[None]:
    """Do something again and again meanwhile, so many seconds apart, in a thread of this name."""
    done = Event()

    def repeat() -> None:
        while not done.wait(seconds):
            action()

    repeating = Thread(target=repeat, name=name, daemon=True)
    repeating.start()
    try:
        yield
    finally:
        done.set()
        repeating.join()


class _Reports:
    """Writes the newest step of a run into the store, its previews encoded, in a thread of its own: no model waits for
    that.

    changing: where the run may change its picture.
    """

    def __init__(self, store: Store, worker: str, jobs: Sequence[str], changing: Mask) -> None:
        self.store, self.worker, self.jobs, self.changing = store, worker, jobs, changing
        self._newest: list[Progress] | None = None
        self._shown: dict[str, object] = {}  # what makes the preview that each job has
        self._serial = 0
        self._news, self._over = Event(), Event()
        self._thread = Thread(target=self._run, name="reports", daemon=True)
        self._thread.start()

    def add(self, step: list[Progress]) -> None:
        self._newest = step
        self._news.set()

    def close(self) -> None:
        self._over.set()
        self._news.set()
        self._thread.join()

    def _run(self) -> None:
        self._over.wait(PAUSE)  # of what is over by then nobody need hear
        if self._newest is None and not self._over.is_set():
            self._write({job: (0, 0, None) for job in self.jobs})
        while True:
            self._news.wait()
            if self._over.is_set():
                return
            self._news.clear()
            newest, began = self._newest, time.monotonic()
            assert newest is not None
            # by the clock, as another process may have shown previews of the same jobs before
            self._serial = max(self._serial + 1, int(time.time() * 1000))
            self._write({job: self._report(job, now) for job, now in zip(self.jobs, newest, strict=True)})
            # previews of a huge mask take a while: the model needs the processor as well
            self._over.wait(max(PAUSE, time.monotonic() - began))

    def _report(self, job: str, now: Progress) -> tuple[int, int, RunPreview | None]:
        preview = None
        if now.composed is not None and self._shown.get(job) is not now.composed:
            self._shown[job] = now.composed
            patch = now.preview
            assert patch is not None
            preview = RunPreview(self._serial, preview_box(patch, self.changing), encode_preview(patch, self.changing))
        return now.index, now.total, preview

    def _write(self, steps: dict[str, tuple[int, int, RunPreview | None]]) -> None:
        try:
            self.store.jobs.report(self.worker, steps)
        except StorageError as error:  # the run goes on unseen
            log.warning("%s", error)


def _process(pid: int) -> str:
    """boot/namespace/pid/start of a running process: which numbers mean the same process. Where the system does not
    say, a part is ''; so is the start of a process that is gone.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = os.readlink("/proc/self/ns/pid").removeprefix("pid:")
    except OSError:
        boot = namespace = ""
    try:
        # after the name in brackets, which may hold anything: field 3 is the state, 22 the start (man proc)
        values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        start = "" if values[0] in "ZX" else values[19]
    except OSError:
        start = ""
    return f"{boot}/{namespace}/{pid}/{start}"


def _gone(worker: str) -> bool:
    """Whether a worker's process surely runs no more: it was started since this system was, among the processes that
    are seen here, none of which has its number and start. Of any other the lease says so.
    """
    known = re.fullmatch(r"(.+/.+)/(\d+)/(\d+)/\w+", worker)
    here = _process(os.getpid()).rsplit("/", 2)[0]
    if known is None or known[1] != here:
        return False
    return _process(int(known[2])) != worker.rpartition("/")[0]
