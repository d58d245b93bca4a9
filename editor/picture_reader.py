"""PictureReader: has a network read pictures, in a thread, and keeps what it made of the last ones."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

from editor.imaging.picture import Picture
from pipelines.base import Pixels
from pipelines.errors import InvalidInput, described

STALE = 5.0  # seconds after which nobody waits any more for a picture that was not asked for again
RETRY_AFTER = 5.0  # seconds for which a failure is believed

N = TypeVar("N")  # a network
R = TypeVar("R")  # what it makes of a picture

log = logging.getLogger(__name__)


class Source(NamedTuple, Generic[N]):
    """Where a network comes from."""

    find: Callable[[], Path | None]  # returns its folder, None where none is installed; asked anew each time
    load: Callable[[Path], N]


class Key(NamedTuple):
    """What was asked for."""

    folder: Path  # of the network
    digest: str  # of the picture
    words: str  # to read it by


class Waiting(NamedTuple):
    """What is yet to be read."""

    since: float  # when it was asked for last, by the monotonic clock
    picture: Picture


class PictureReader(Generic[N, R]):
    """Reads pictures, the one that was asked for last first. Nobody who asks has to wait.

    Args:
        source: where its network comes from.
        read: what the network does with a picture, uint8 (H, W, 3), and words.
        most: how many readings are kept.
        thread: where it works; others may work there too.
    """

    def __init__(
        self, source: Source[N], read: Callable[[N, Pixels, str], R], most: int, thread: Executor
    ) -> None:  # fmt: skip
        self._source, self._read, self._most, self._thread = source, read, most, thread
        self._lock = Lock()
        self._working = False
        self._network: tuple[Path, N] | None = None  # the one that was loaded last, and from where
        self._readings: OrderedDict[Key, R] = OrderedDict()
        self._waiting: dict[Key, Waiting] = {}
        self._failed: dict[Key, tuple[float, str]] = {}  # until when, and a sentence

    def find(self) -> Path | None:
        """Returns the folder of the network; None where none is installed."""
        return self._source.find()

    def reading(self, folder: Path, picture: Picture, words: str = "") -> R | None:
        """Returns what the network makes of a picture; None where that is not known yet: then it is being read.

        Args:
            folder: of the network.
            picture: the picture.
            words: to read it by, where the network takes any.

        Raises:
            InvalidInput: the network or the picture cannot be read.
        """
        key = Key(folder, picture.digest, words)
        with self._lock:
            if key in self._readings:
                self._readings.move_to_end(key)
                return self._readings[key]
            until, why = self._failed.get(key, (0.0, ""))
            if time.monotonic() < until:
                raise InvalidInput(why)
            self._waiting[key] = Waiting(time.monotonic(), picture)
            if not self._working:
                self._thread.submit(self._work)
                self._working = True
            return None

    def stop(self) -> None:
        """Begins with no other picture."""
        with self._lock:
            self._waiting.clear()

    def _work(self) -> None:
        """Reads the pictures that are waited for."""
        while (newest := self._newest()) is not None:
            key, picture = newest
            try:
                if self._network is None or self._network[0] != key.folder:
                    self._network = key.folder, self._source.load(key.folder)
                reading = self._read(self._network[1], picture.read(picture.box).pixels, key.words)
            except Exception as error:  # whatever a model's files make of its library
                if not isinstance(error, InvalidInput):
                    log.exception("reading a picture failed")
                with self._lock:
                    self._failed[key] = time.monotonic() + RETRY_AFTER, described(error, "Reading the picture")
                    self._waiting.pop(key, None)
                continue
            with self._lock:
                self._readings[key] = reading
                self._waiting.pop(key, None)
                while len(self._readings) > self._most:
                    self._readings.popitem(last=False)

    def _newest(self) -> tuple[Key, Picture] | None:
        """Returns the picture to read, the one that was asked for last; None where nobody waits for any."""
        with self._lock:
            now = time.monotonic()
            self._waiting = {key: each for key, each in self._waiting.items() if now - each.since < STALE}
            key = max(self._waiting, key=lambda each: self._waiting[each].since, default=None)
            self._working = key is not None
            return None if key is None else (key, self._waiting[key].picture)
