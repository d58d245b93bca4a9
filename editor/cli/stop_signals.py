"""StopSignals: what asks a server to stop."""

import signal
from threading import Event
from types import FrameType

POLL_INTERVAL = 0.5  # seconds: some systems hear of a signal only between two waits


class StopSignals:
    """Hears SIGTERM from now on, and Ctrl+C while it waits. A second one ends the process at once."""

    def __init__(self) -> None:
        self._heard = Event()
        self._number = 0
        signal.signal(signal.SIGTERM, self._hear)

    def wait(self) -> bool:
        """Waits for the first of them; tells whether it was SIGTERM."""
        signal.signal(signal.SIGINT, self._hear)
        while not self._heard.wait(POLL_INTERVAL):
            pass
        return self._number == signal.SIGTERM

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._number = number
        self._heard.set()
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_DFL)
