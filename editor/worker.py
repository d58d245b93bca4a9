"""Worker: takes promises from the store one after another and keeps them, in a thread of its own."""

import itertools
import logging
import os
import re
import secrets
import socket
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event, Thread

from editor.apply import Applied, Progress, apply_all
from editor.blobs import Damaged
from editor.database import StorageError
from editor.store import Revision, Store
from pipelines.base import Pipeline

LEASE = 15.0  # seconds a claimed promise is held without a sign of life
IDLE = 1.0  # seconds between two looks for promises nobody announced: another process's, or a dead one's

log = logging.getLogger(__name__)


class Worker:
    """Keeps promises. pipelines: name -> Pipeline; ValueError with a sentence when the name is unknown.

    Several workers, in one process or many, may share a store: a promise is one worker's at a time. `id`
    names this one and its process, so that others see when it died.
    """

    def __init__(self, store: Store, pipelines: Callable[[str], Pipeline]) -> None:
        self.store, self.pipelines = store, pipelines
        self.id = f"{_process(os.getpid())}/{secrets.token_hex(4)}"
        self.trouble: str | None = None  # a sentence while the store refuses, so that no revision can tell
        self.beat = 0  # grows with each step and each end: who saw another number has not seen all
        self._latest: dict[str, Progress] = {}  # of the revisions in work
        self._serials = itertools.count(1)
        self._awake, self._stopping = Event(), Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Work in a daemon thread from now on."""
        self._thread = Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the current step and wait for that; a promise in work is free for the next worker."""
        if self._thread is not None:
            self._stopping.set()
            self._awake.set()
            self._thread.join()
            self._thread = None
            self._stopping.clear()

    def wake(self) -> None:
        """Look for promises now: one was just submitted."""
        self._awake.set()

    def progress(self, revision_id: str) -> Progress | None:
        """The latest step of a revision in work; its `serial` grows from one preview to the next."""
        return self._latest.get(revision_id)

    def run_one(self) -> bool:
        """Claim a promise, with its variations, and keep it, or write on it why not. False when there was none.
        Raises StorageError only.
        """
        for holder in self.store.holders():
            if _gone(holder):
                self.store.abandon(holder)
        promises = self.store.claim(self.id, LEASE)
        if not promises:
            return False
        done = Event()
        heart = Thread(target=self._beat, args=(done,), name="lease", daemon=True)
        heart.start()
        try:
            self._keep(promises)
        finally:
            self._latest = {}
            self.beat += 1
            done.set()
            heart.join()
        return True

    def _run(self) -> None:
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

    def _keep(self, promises: list[str]) -> None:
        try:
            outcomes = self._applied([self.store.revision(promise) for promise in promises])
            if outcomes is None:
                self.store.abandon(self.id)
            else:
                for promise, applied in zip(promises, outcomes, strict=True):
                    self.store.finish(promise, self.id, applied)
        except StorageError as error:
            if not isinstance(error, Damaged):
                raise  # the promise stands: when its lease is over and the store takes things again, it is kept
            for promise in reversed(promises):  # later wishes wait for the first: they move once
                self.store.fail(promise, self.id, str(error))
        except Exception as error:  # the only one: whatever a model does, the user reads of it and the worker lives
            log.exception("revisions %s failed", promises)
            for promise in reversed(promises):
                self.store.fail(promise, self.id, f"{type(error).__name__}: {error}")

    def _applied(self, revisions: list[Revision]) -> list[Applied] | None:
        """Edits on one picture that differ in the seed alone, done; None when all were cancelled, taken over, or this
        worker is to stop.
        """
        parent, edits = revisions[0].parent, [each.edit for each in revisions if each.edit is not None]
        assert parent is not None and len(edits) == len(revisions), "only edits are promised"
        drawn = partial(self.store.drawn, revisions[0].document)
        with closing(apply_all(edits, self.store.picture(parent), self.pipelines, drawn)) as steps:
            while True:
                try:
                    step = next(steps)
                except StopIteration as done:
                    applied: list[Applied] = done.value
                    return applied
                self._latest = {each.id: self._shown(each.id, now) for each, now in zip(revisions, step, strict=True)}
                self.beat += 1
                held = any(self.store.holds(each.id, self.id) for each in revisions)
                if self._stopping.is_set() or not held:
                    return None

    def _shown(self, id: str, now: Progress) -> Progress:
        """A step with its preview's serial."""
        before = self._latest.get(id)
        if before is not None and before.composed is now.composed:
            return replace(now, serial=before.serial)
        return replace(now, serial=next(self._serials))

    def _beat(self, done: Event) -> None:
        """Renew the lease while the work lasts; by the clock, since a single step or the loading may outlast
        a lease.
        """
        while not done.wait(LEASE / 3):
            try:
                self.store.renew(self.id, LEASE)
            except StorageError as error:
                log.warning("%s", error)


def _process(pid: int) -> str:
    """host/pid/start of a running process; start is '' where the system does not tell, and for a process that
    is gone.
    """
    try:
        # after the name in brackets, which may hold anything: field 3 is the state, 22 the start (man proc)
        values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        start = "" if values[0] in "ZX" else values[19]
    except OSError:
        start = ""
    return f"{socket.gethostname()}/{pid}/{start}"


def _gone(worker: str) -> bool:
    """Whether a worker's process surely runs no more: it was on this host, where none has its number and
    start.
    """
    known = re.fullmatch(r"(.+)/(\d+)/(\d+)/\w+", worker)
    if known is None or known[1] != socket.gethostname():
        return False
    return _process(int(known[2])) != worker.rpartition("/")[0]
