"""Complaints: what the log of a program says of a store that refuses, again and again, while it does."""

import logging
import time
from threading import Lock

from editor.store.database import COMPLAINT_INTERVAL, StorageError

log = logging.getLogger(__name__)


class Complaints:
    """Says each reason once in COMPLAINT_INTERVAL seconds, and none that the database has said itself."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._said: dict[str, float] = {}  # when each reason was said last, by the monotonic clock

    def add(self, error: StorageError) -> None:
        """Says why the store refused."""
        if error.logged:
            return
        now = time.monotonic()
        with self._lock:
            self._said = {text: at for text, at in self._said.items() if now < at + COMPLAINT_INTERVAL}
            if str(error) in self._said:
                return
            self._said[str(error)] = now
        log.warning("%s", error)


complaints = Complaints()  # of this process, whose parts all work on one store
