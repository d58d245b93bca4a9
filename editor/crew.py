"""Crew: as many models' processes as there is room for, each with one worker."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

from editor.models_process import ModelsProcess

POLL_INTERVAL = 1.0  # seconds between two looks at the room


class Crew:
    """Processes of models, which follow the room that there is: in a cluster nodes come and go."""

    def __init__(self, make: Callable[[], ModelsProcess]) -> None:
        """Prepares it. make: returns one more process, not started."""
        self._make = make
        self._members = [make()]
        self._stopping = Event()
        self._thread = Thread(target=self._follow, name="crew", daemon=True)

    def start(self) -> None:
        """Starts the first process, and as many more as it says there is room for."""
        self._members[0].start()
        self._thread.start()

    def stop(self, within: float | None = None) -> None:
        """Ends all processes at once, see `ModelsProcess.stop`."""
        self._stopping.set()
        self._thread.join()
        with ThreadPoolExecutor(len(self._members)) as threads:
            list(threads.map(lambda member: member.stop(within), self._members))

    def _follow(self) -> None:
        while not self._stopping.wait(POLL_INTERVAL):
            room = next((member.room for member in self._members if member.room is not None), 1)
            while len(self._members) < room:
                self._members.append(self._make())
                self._members[-1].start()
            while len(self._members) > max(1, room):
                self._members.pop().stop()
