"""Readiness: whether a server can do its work now, for what sends people to it."""

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor

from editor.models_process import Models
from editor.store.database import DiskFull, StorageError
from editor.store.maintenance import rewrite_version
from editor.store.store import Store
from editor.web.ending import Ending

TRUSTED = 2.0  # seconds for which a look at the store counts: each writes, and anybody may ask
LIMIT = 5.0  # seconds for the store to answer

log = logging.getLogger(__name__)


class Readiness:
    """Tells why a server is not ready. Sentences name no path and no address: whoever asks is a stranger."""

    def __init__(self, store: Store, models: Models, ending: Ending) -> None:
        self.store, self.models, self.ending = store, models, ending
        self._thread = ThreadPoolExecutor(1, "readiness")
        self._look: asyncio.Future[str] | None = None  # at the store; all who ask at a time share one
        self._looked = -TRUSTED  # when the last look ended, by the monotonic clock
        self._trouble = ""  # what it saw

    async def trouble(self) -> str:
        """Returns a sentence; "" when the server is ready."""
        if self.ending.draining:
            return "The server is being stopped."
        if trouble := await self._store_trouble():
            return trouble
        if not self.models.ready:
            return "The models' process is not up: it is being started."
        return ""

    async def _store_trouble(self) -> str:
        if time.monotonic() < self._looked + TRUSTED:
            return self._trouble
        if self._look is None or self._look.done():
            self._look = asyncio.get_running_loop().run_in_executor(self._thread, self._write)
        try:
            return await asyncio.wait_for(asyncio.shield(self._look), LIMIT)
        except TimeoutError:
            return f"The store does not answer within {LIMIT:.0f} seconds."

    def _write(self) -> str:
        try:
            rewrite_version(self.store)
            self._trouble = ""
        except DiskFull as error:
            self._trouble = "The store cannot be written: its disk is full."
            log.warning("%s", error)
        except StorageError as error:
            self._trouble = "The store cannot be written. The server's log says why."
            log.warning("%s", error)
        self._looked = time.monotonic()
        return self._trouble
