"""Which browsers have signed out: asked at every request, so the store's answer is kept for a moment."""

import time
from contextlib import suppress

from starlette.concurrency import run_in_threadpool

from editor.store.database import StorageError
from editor.store.sign_outs import SignOuts

FRESH = 2.0  # seconds for which the store is not asked again; other servers of it hear of a sign-out that late


class SignedOut:
    """The sessions that have ended."""

    def __init__(self, sign_outs: SignOuts) -> None:
        self._sign_outs = sign_outs
        self._sessions, self._read_at = sign_outs.all(), time.monotonic()

    async def has(self, session: str) -> bool:
        """Tells whether a session has ended. While the store is away, those that were known before have."""
        if time.monotonic() - self._read_at > FRESH:
            self._read_at = time.monotonic()
            with suppress(StorageError):
                self._sessions |= await run_in_threadpool(self._sign_outs.all)
        return session in self._sessions

    async def add(self, session: str, lifetime: float) -> None:
        """Ends a session, here at once.

        Raises:
            StorageError: it could not be stored. It has not ended.
        """
        await run_in_threadpool(self._sign_outs.add, session, lifetime)
        self._sessions.add(session)
