"""The audit log: who did what to which document, and when, one JSON object a line. It has no pixels and no secrets."""

import json
import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Thread
from typing import Any, TextIO

from pipelines.errors import InvalidInput

WAITING = 10_000  # entries that wait to be written; more are dropped and counted

log = logging.getLogger(__name__)


class AuditLog:
    """A file of entries, written by a thread of its own, so that no request waits for the disk.

    Whoever rotates the file moves it away: the next entry creates it anew.
    """

    def __init__(self, file: Path, prompts: bool = False) -> None:
        """Opens the file and starts the thread.

        Args:
            file: the file, which is appended to.
            prompts: whether entries have prompts.

        Raises:
            InvalidInput: it cannot be written.
        """
        self.file, self.prompts = file, prompts
        self._queue: Queue[str | None] = Queue(WAITING)
        self._dropped = 0
        try:
            self._open = self._opened()
        except OSError as error:
            raise InvalidInput(
                f"The audit log {file} cannot be written ({error.strerror}). Name another file with --audit."
            ) from None
        self._thread = Thread(target=self._write, name="audit", daemon=True)
        self._thread.start()

    def add(
        self,
        user: str | None,
        action: str,
        document: str | None,
        status: int,
        prompt: str | None = None,
        outcome: str | None = None,
    ) -> None:
        """Adds an entry; returns at once, also where the disk is slow or full.

        Args:
            user: who; None for somebody who is not signed in.
            action: what, such as "edit".
            document: the id of the document, None where there is none.
            status: the HTTP status of the answer.
            prompt: the prompt of an edit, which is left out unless prompts are logged.
            outcome: what has become of it, for what an HTTP status does not tell of.
        """
        entry: dict[str, Any] = {"user": user, "action": action, "document": document, "status": status}
        if outcome is not None:
            entry["outcome"] = outcome
        if self.prompts and prompt is not None:
            entry["prompt"] = prompt
        try:
            self._queue.put_nowait(_line(entry))
        except Full:
            self._dropped += 1

    def close(self) -> None:
        """Writes what waits, and closes the file."""
        self._queue.put(None)
        self._thread.join()
        self._open.close()

    def _opened(self) -> TextIO:
        """Opens the file, which only its owner may read."""
        handle = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return open(handle, "a", encoding="utf-8")

    def _write(self) -> None:
        ended = False
        while not ended:
            lines = [self._queue.get()]
            try:
                while True:
                    lines.append(self._queue.get_nowait())
            except Empty:
                pass
            ended = None in lines
            text = "".join(line for line in lines if line is not None)
            if dropped := self._dropped:
                self._dropped -= dropped
                text += _line({"user": None, "action": f"{dropped} entries dropped", "document": None, "status": 0})
            try:
                self._follow_rotation()
                self._open.write(text)
                self._open.flush()
            except OSError as error:
                log.error("The audit log %s cannot be written (%s).", self.file, error.strerror)

    def _follow_rotation(self) -> None:
        """Opens the file again if it was moved or deleted."""
        try:
            there = os.stat(self.file)
        except FileNotFoundError:
            there = None
        now = os.fstat(self._open.fileno())
        if there is None or (there.st_dev, there.st_ino) != (now.st_dev, now.st_ino):
            self._open.close()
            self._open = self._opened()


def _line(entry: Mapping[str, Any]) -> str:
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    return json.dumps({"time": time, **entry}, ensure_ascii=True) + "\n"
