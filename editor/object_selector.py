"""ObjectSelector: finds objects in the store's pictures, in the models' process.

A picture is encoded once, in a thread of its own, which takes seconds; until then questions about it are answered with
"reading", at once. From then on an answer takes a fraction of a second. No lock is shared with the edits' steps.
"""

import base64
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from editor.imaging.picture import Picture
from editor.store.store import Store
from pipelines.base import Pixels
from pipelines.errors import InvalidInput, described
from pipelines.selection.prompt import Prompt, read_prompt

MOST_PICTURES = 4  # whose encodings stay, 8 MB each
MOST_ANSWERS = 64  # that stay, so that a click after a look takes no time, and a refinement begins with the last one
STALE = 5.0  # seconds after which nobody waits any more for a picture that was not asked for again
RETRY_AFTER = 5.0  # seconds for which a failure is believed

NONE, READING, READY = "none", "reading", "ready"

log = logging.getLogger(__name__)

Logits = NDArray[np.float32]
Key = tuple[Path, str]  # of the model, and the picture's digest


class Segmenter(Protocol):
    """A network that finds objects; see `pipelines.selection.segmenter`."""

    def encode(self, pixels: Pixels) -> Any: ...

    def logits(self, embedding: Any, prompt: Prompt, size: tuple[int, int], previous: Logits | None) -> Logits: ...


class Encoded(NamedTuple):
    """A picture that was encoded."""

    segmenter: Segmenter  # by which
    encoding: Any


class Selection(NamedTuple):
    """What came of a question about an object."""

    state: str  # NONE (no model is installed), READING (the picture) or READY
    logits: Logits | None  # above 0 on the object, over the whole picture; None where nothing was asked

    def to_json(self) -> dict[str, Any]:
        """Packs the logits as float16: 128 kB."""
        fields: dict[str, Any] = {"state": self.state}
        if self.logits is not None:
            data = np.clip(self.logits, -60000, 60000).astype("<f2").tobytes()
            fields |= {"shape": self.logits.shape, "logits": base64.b64encode(data).decode()}
        return fields

    @staticmethod
    def from_json(fields: dict[str, Any]) -> "Selection":
        logits = None
        if "logits" in fields:
            numbers = np.frombuffer(base64.b64decode(fields["logits"]), "<f2")
            logits = numbers.astype(np.float32).reshape(fields["shape"])
        return Selection(fields["state"], logits)


class ObjectSelector:
    """Answers questions about objects.

    Args:
        store: where the pictures are.
        find: returns the folder of the selection model, None where none is installed; asked anew each time.
        load: loads it.
    """

    def __init__(self, store: Store, find: Callable[[], Path | None], load: Callable[[Path], Segmenter]) -> None:
        self.store, self._find, self._load = store, find, load
        self._lock = Lock()
        self._encoder = ThreadPoolExecutor(1, "encoder")
        self._encoding = False  # whether it is at work
        self._segmenter: tuple[Path, Segmenter] | None = None  # the one that was loaded last, and from where
        self._encodings: OrderedDict[Key, Encoded] = OrderedDict()
        self._answers: OrderedDict[tuple[Key, Prompt], Logits] = OrderedDict()
        self._waiting: dict[Key, tuple[float, Picture]] = {}  # when each was asked for last, by the monotonic clock
        self._failed: dict[Key, tuple[float, str]] = {}  # until when, and a sentence

    def answer(self, question: dict[str, Any]) -> Selection:
        """Answers about a revision's picture; without points and a box only whether it is ready. Never waits.

        Args:
            question: `revision`, and `points` and `box` as `read_prompt` takes them, on the plane.

        Raises:
            InvalidInput: the question is malformed, or the model or the picture cannot be read.
        """
        if (folder := self._find()) is None:
            return Selection(NONE, None)
        picture = self.store.revisions.picture(question["revision"])
        box = picture.box
        prompt = read_prompt(question["points"], question["box"]).moved(-box.x, -box.y)
        key = (folder, picture.digest)
        encoded = self._encoded(key, picture)
        if encoded is None:
            return Selection(READING, None)
        logits = None if prompt.empty else self._logits(key, encoded, prompt, (box.width, box.height))
        return Selection(READY, logits)

    def stop(self) -> None:
        """Encodes nothing more, so that the process can end."""
        with self._lock:
            self._waiting.clear()
            self._encoder.shutdown(wait=False)

    def _encoded(self, key: Key, picture: Picture) -> Encoded | None:
        """Returns a picture's encoding; None where there is none yet: then it is being made."""
        with self._lock:
            if key in self._encodings:
                self._encodings.move_to_end(key)
                return self._encodings[key]
            until, why = self._failed.get(key, (0.0, ""))
            if time.monotonic() < until:
                raise InvalidInput(why)
            self._waiting[key] = time.monotonic(), picture
            if not self._encoding:
                self._encoder.submit(self._encode)
                self._encoding = True
            return None

    def _encode(self) -> None:
        """Encodes the pictures that are waited for."""
        while (newest := self._newest()) is not None:
            key, picture = newest
            try:
                if self._segmenter is None or self._segmenter[0] != key[0]:
                    self._segmenter = key[0], self._load(key[0])
                segmenter = self._segmenter[1]
                encoding = segmenter.encode(picture.read(picture.box).pixels)
            except Exception as error:  # whatever a model's files make of its library
                if not isinstance(error, InvalidInput):
                    log.exception("encoding a picture failed")
                with self._lock:
                    self._failed[key] = time.monotonic() + RETRY_AFTER, described(error, "Reading the picture")
                    self._waiting.pop(key, None)
                continue
            with self._lock:
                self._encodings[key] = Encoded(segmenter, encoding)
                self._waiting.pop(key, None)
                while len(self._encodings) > MOST_PICTURES:
                    self._encodings.popitem(last=False)

    def _newest(self) -> tuple[Key, Picture] | None:
        """Returns the picture to encode, the one that was asked for last; None where nobody waits for any."""
        with self._lock:
            now = time.monotonic()
            self._waiting = {key: each for key, each in self._waiting.items() if now - each[0] < STALE}
            key = max(self._waiting, key=lambda each: self._waiting[each][0], default=None)
            self._encoding = key is not None
            return None if key is None else (key, self._waiting[key][1])

    def _logits(self, key: Key, encoded: Encoded, prompt: Prompt, size: tuple[int, int]) -> Logits:
        """Returns the answer to a prompt, which begins with that to the prompt without its last point.

        Worked out anew it is the same as remembered.
        """
        if (key, prompt) not in self._answers:
            before = prompt.before
            previous = None if not prompt.points or before.empty else self._logits(key, encoded, before, size)
            self._answers[key, prompt] = encoded.segmenter.logits(encoded.encoding, prompt, size, previous)
        self._answers.move_to_end((key, prompt))
        answer = self._answers[key, prompt]
        while len(self._answers) > MOST_ANSWERS:
            self._answers.popitem(last=False)
        return answer
