"""Watches the models' process: when it must not go on, and how it ended."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress

from editor.store.database import StorageError

STEP_LIMIT = 600.0  # seconds that a step may take
LOAD_LIMIT = 3600.0  # seconds for a model to be loaded, which may mean to be downloaded
SILENCE_LIMIT = 300.0  # seconds without a sign of life
CANCEL_LIMIT = 20.0  # seconds until a cancelled run has to end


class ProcessWatch:
    """What one life of the process is doing, by the events that it reports; times are the monotonic clock's."""

    def __init__(self) -> None:
        self.worker: str | None = None  # its worker's id, once it is ready
        self.busy = False  # whether it runs a job, or a live run
        self.live = False  # whether that is a live run, which holds no job
        self.heard = self.stepped = time.monotonic()  # when it said anything last, and when its run came on last
        self.held_at: float | None = None  # when it was last seen to hold a job
        self.loading_since: float | None = None  # None while no model is loaded
        self.began = time.monotonic()  # when its last run began

    def event(self, event: str) -> None:
        """Follows an event, see `editor.models_process`."""
        now = time.monotonic()
        if event != "alive":
            self.stepped = now
        if event in ("begun", "live", "ended"):
            self.busy, self.live, self.held_at = event != "ended", event == "live", None
            if self.busy:
                self.began = now
        elif event == "loading":
            self.loading_since = self.loading_since or now
        elif event == "loaded":
            self.loading_since = None

    @property
    def job_seconds(self) -> float:
        """For how long it has run what it runs."""
        return time.monotonic() - self.began

    def overdue(self, has_job: Callable[[str], bool], step_limit: float, cancel_limit: float) -> str:
        """Says why the process must not go on.

        Args:
            has_job: tells whether a worker holds a job.
            step_limit: seconds that a step may take.
            cancel_limit: seconds until a cancelled run has to end.

        Returns:
            A sentence, or "".
        """
        now = time.monotonic()
        if self.loading_since is not None and now < self.loading_since + LOAD_LIMIT:
            return "" if now < self.heard + SILENCE_LIMIT else "A model stopped to load, so its process was ended."
        if self.worker is None or not self.busy:
            return "" if now < self.heard + SILENCE_LIMIT else "The models' process said nothing any more."
        if now > self.stepped + step_limit:
            return (
                f"A step of the model took more than {step_limit:,.0f} seconds, so its process was ended. "
                "Choose fewer pixels, or another model."
            )
        try:
            held = self.live or has_job(self.worker)
        except StorageError:
            return ""
        if held or self.held_at is None:
            self.held_at = now
        if now > self.held_at + cancel_limit:
            return "The model did not stop when its edit was cancelled, so its process was ended."
        return ""


def kill(process: "subprocess.Popen[str]") -> None:
    """Ends a process and those that it started; it leads a session of its own."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):  # none of them is left
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def end_in_words(code: int) -> str:
    """Says how a process ended. code: as subprocess has it."""
    if code == -signal.SIGKILL:
        return "it was killed, most likely because there was not enough memory"
    if code < 0:
        return f"it crashed with {signal.Signals(-code).name}"
    return f"with exit code {code}"
