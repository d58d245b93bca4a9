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
from pathlib import Path
from threading import Event, Thread

from editor.database import StorageError
from editor.edit import Applied, Progress, apply
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
        self._latest: tuple[str, Progress] | None = None
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
        """The latest step of the revision in work; its `serial` grows from one progress to the next."""
        latest = self._latest
        return latest[1] if latest is not None and latest[0] == revision_id else None

    def run_one(self) -> bool:
        """Claim one promise and keep it, or write on it why not. False when there was none. Raises
        StorageError only.
        """
        for holder in self.store.holders():
            if _gone(holder):
                self.store.abandon(holder)
        promise = self.store.claim(self.id, LEASE)
        if promise is None:
            return False
        done = Event()
        heart = Thread(target=self._beat, args=(promise, done), name="lease", daemon=True)
        heart.start()
        try:
            self._keep(promise)
        finally:
            self._latest = None
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

    def _keep(self, promise: str) -> None:
        try:
            applied = self._applied(self.store.revision(promise))
            if applied is None:
                self.store.abandon(self.id)
            else:
                self.store.finish(promise, self.id, applied)
        except Exception as error:  # the only one: whatever a model does, the user reads of it and the worker lives
            log.exception("revision %s failed", promise)
            self.store.fail(promise, self.id, f"{type(error).__name__}: {error}")

    def _applied(self, revision: Revision) -> Applied | None:
        """The edit done; None when it was cancelled, taken over, or this worker is to stop."""
        assert revision.parent is not None and revision.edit is not None, "only edits are promised"
        before = self.store.picture(revision.parent)
        with closing(apply(revision.edit, before, self.pipelines, self.store.drawn)) as steps:
            while True:
                try:
                    progress = next(steps)
                except StopIteration as done:
                    applied: Applied = done.value
                    return applied
                self._latest = (revision.id, replace(progress, serial=next(self._serials)))
                if self._stopping.is_set() or not self.store.holds(revision.id, self.id):
                    return None

    def _beat(self, promise: str, done: Event) -> None:
        """Renew the lease while the work lasts; by the clock, since a single step or the loading may outlast
        a lease.
        """
        while not done.wait(LEASE / 3):
            try:
                self.store.renew(promise, self.id, LEASE)
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
