"""Accounts: everything about users that a server was started with."""

import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from threading import Lock

from editor.web.audit import AuditLog
from editor.web.credentials import Credentials
from editor.web.users import User
from pipelines.errors import InvalidInput

MINUTE = 60.0  # seconds


class TooManyUploads(InvalidInput):
    """A user has uploaded as often as one may within a minute."""


class UploadRate:
    """How often each user may upload within any minute, to this server."""

    def __init__(self, most: int | None = None) -> None:
        """Sets the limit; most: uploads a minute, None for any number."""
        self.most = most
        self._times: defaultdict[User, deque[float]] = defaultdict(deque)
        self._lock = Lock()

    def admit(self, user: User) -> None:
        """Counts an upload.

        Raises:
            TooManyUploads: the user must wait first. The upload is not counted.
        """
        if self.most is None:
            return
        with self._lock:
            now, times = time.monotonic(), self._times[user]
            while times and now - times[0] >= MINUTE:
                times.popleft()
            if len(times) >= self.most:
                wait = MINUTE - (now - times[0])
                raise TooManyUploads(
                    f"You may upload {self.most} files a minute. Wait {wait:.0f} seconds, then try again."
                )
            times.append(now)


@dataclass(frozen=True)
class Accounts:
    """Who is let in, and what is counted and logged of them."""

    credentials: Credentials
    uploads: UploadRate = field(default_factory=UploadRate)
    audit: AuditLog | None = None
