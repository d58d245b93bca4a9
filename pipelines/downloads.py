"""Downloads: models of the hub that are being fetched, one after another. They go on after a restart."""

import json
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from threading import Condition, Event, Thread

from pipelines.download import Stopped
from pipelines.errors import InvalidInput, described
from pipelines.hf.hub import ON_HUB
from pipelines.hf.repository import Unavailable, check_licence, discard_parts, download, look_up
from pipelines.recommended import files_to_download
from pipelines.whole_file import write_whole

SPEED_OVER = 5.0  # seconds over which the speed is taken
QUEUED, RUNNING, PAUSED, DONE, FAILED = STATES = ("queued", "running", "paused", "done", "failed")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Download:
    """A model that is being fetched, or was."""

    model: str  # OWNER/MODEL
    state: str = QUEUED  # one of STATES
    done: int = 0  # bytes that are there
    total: int = 0  # bytes in all, 0 while that is not known
    speed: float = 0.0  # bytes a second of late, 0 if it does not run
    licence: str = ""  # that the user accepted, as the hub names it
    kind: str = ""  # of failure, as in `Unavailable`
    error: str = ""  # the failure as a sentence

    @property
    def seconds_left(self) -> float | None:
        """At the speed of late; None if there is none."""
        return (self.total - self.done) / self.speed if self.speed else None


@dataclass(eq=False)
class _Run:
    """The download that runs."""

    model: str
    stop: Event = field(default_factory=Event)
    seen: deque[tuple[float, int]] = field(default_factory=deque)  # (seconds, bytes) of late

    def speed(self, done: int) -> float:
        """Notes how far it is; returns the bytes a second of late."""
        now = time.monotonic()
        self.seen.append((now, done))
        while now - self.seen[0][0] > SPEED_OVER:
            self.seen.popleft()
        (since, before), *_ = self.seen
        return (done - before) / (now - since) if now > since else 0.0


class Downloads:
    """Fetches models one after another, in a thread of its own.

    Args:
        file: where it notes what is to be fetched, for the next start.
        finished: called with the name of a model that has come.
    """

    def __init__(self, file: Path, finished: Callable[[str], None] = lambda model: None) -> None:
        self._file, self._finished = file, finished
        self._changed = Condition()
        self._downloads = {each.model: each for each in self._noted()}
        self._run: _Run | None = None
        self._stopping = False
        self._thread = Thread(target=self._work, name="downloads", daemon=True)

    def start(self) -> None:
        """Goes on with what was not finished."""
        self._thread.start()

    def stop(self) -> None:
        """Ends; what has come stays, and the next start goes on from there."""
        with self._changed:
            self._stopping = True
            if self._run is not None:
                self._run.stop.set()
            self._changed.notify_all()

    def all(self) -> list[Download]:
        """Returns all of them, in the order in which they were asked for."""
        with self._changed:
            return [*self._downloads.values()]

    def add(self, model: str, licence: str) -> Download:
        """Queues a model; one that failed or was paused goes on.

        Args:
            model: OWNER/MODEL.
            licence: that the user accepts, as the hub names it; with any other the download fails.

        Raises:
            InvalidInput: it is no name on the hub.
        """
        if not ON_HUB.fullmatch(model):
            raise InvalidInput(f"{model!r} is no name on the hub. Give OWNER/MODEL.")
        with self._changed:
            old = replace(self._downloads.get(model, Download(model)), licence=licence)
            if old.state not in (QUEUED, RUNNING):
                self._set(replace(old, state=QUEUED, kind="", error="", speed=0.0))
            else:
                self._set(old)
            return self._downloads[model]

    def pause(self, model: str) -> None:
        """Holds a download; `add` goes on with it."""
        with self._changed:
            if (old := self._downloads.get(model)) and old.state in (QUEUED, RUNNING):
                self._halt(model)
                self._set(replace(old, state=PAUSED, speed=0.0))

    def remove(self, model: str) -> None:
        """Takes a download off the list; one that is not finished is cancelled, and what came of it is deleted."""
        with self._changed:
            old = self._downloads.pop(model, None)
            self._halt(model)
            self._note()
            running = self._run is not None and self._run.model == model
        if old is not None and old.state != DONE and not running:
            discard_parts(model)

    def _halt(self, model: str) -> None:
        if self._run is not None and self._run.model == model:
            self._run.stop.set()

    def _set(self, download: Download) -> None:
        self._downloads[download.model] = download
        self._note()
        self._changed.notify_all()

    def _work(self) -> None:
        while (model := self._next()) is not None:
            assert self._run is not None
            result = self._fetched(model, self._run)
            if result is not None and result.state == DONE:
                self._finished(model)  # whoever reads that it has come finds it
            with self._changed:
                self._run = None
                current = self._downloads.get(model)
                if current is not None and current.state == RUNNING and result is not None:
                    self._set(result)
            if current is None:
                discard_parts(model)

    def _next(self) -> str | None:
        """Waits for a download, and begins it; None to end."""
        with self._changed:
            while not self._stopping:
                for each in self._downloads.values():
                    if each.state == QUEUED:
                        self._run = _Run(each.model)
                        self._set(replace(each, state=RUNNING))
                        return each.model
                self._changed.wait()
            return None

    def _fetched(self, model: str, run: _Run) -> Download | None:
        """Fetches a model; returns how that ended, None if it was stopped."""

        def shown(done: int, total: int) -> None:
            with self._changed:
                current = self._downloads.get(model)
                if current is not None and current.state == RUNNING:
                    speed = run.speed(done)
                    self._downloads[model] = replace(current, done=done, total=total, speed=speed)

        try:
            repository = look_up(model)
            check_licence(repository, self._current(model).licence)
            download(repository, files_to_download(repository), shown, run.stop)
        except Stopped:
            return None
        except Unavailable as error:
            return replace(self._current(model), state=FAILED, kind=error.kind, error=str(error), speed=0.0)
        except Exception as error:  # whatever a hub's answer makes of its library
            log.exception("the download of %s failed", model)
            text = described(error, f"Downloading {model}")
            return replace(self._current(model), state=FAILED, kind="unusable", error=text, speed=0.0)
        current = self._current(model)
        return replace(current, state=DONE, done=current.total, speed=0.0)

    def _current(self, model: str) -> Download:
        with self._changed:
            return self._downloads.get(model, Download(model))

    def _noted(self) -> list[Download]:
        """Reads what the last start left; what ran then is queued."""
        try:
            entries = json.loads(self._file.read_text(encoding="utf-8"))
            noted = [Download(**entry) for entry in entries]
        except (OSError, ValueError, TypeError):
            return []
        return [replace(each, state=QUEUED, speed=0.0) if each.state == RUNNING else each for each in noted]

    def _note(self) -> None:
        write_whole(self._file, json.dumps([asdict(each) for each in self._downloads.values()], indent=2))
