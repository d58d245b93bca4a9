"""ObjectSelector: finds objects in the store's pictures, in the models' process.

Two networks work here, and either may be installed alone: one finds the object at a point or in a box, the other what
words name. A picture is read by a network in a thread of its own, which takes seconds; until then questions about it
are answered with "reading", at once. From then on an answer takes a fraction of a second. No lock is shared with the
edits' steps.
"""

import base64
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from editor.imaging.named_parts import coarser, part_boxes
from editor.picture_reader import PictureReader, Source
from editor.store.store import Store
from pipelines.base import Pixels
from pipelines.selection.prompt import Prompt, read_prompt, read_words

MOST_PICTURES = 4  # whose encodings stay, 8 MB each
MOST_NAMED = 16  # answers to words that stay, 0.5 MB each
MOST_ANSWERS = 64  # that stay, so that a click after a look takes no time, and a refinement begins with the last one

NONE, READING, READY = "none", "reading", "ready"

Logits = NDArray[np.float32]
Asked = tuple[Path, str, Prompt]  # the folder of the model, the picture's digest, and what about


class Segmenter(Protocol):
    """A network that finds objects; see `pipelines.selection.segmenter`."""

    def encode(self, pixels: Pixels) -> Any: ...

    def logits(self, embedding: Any, prompt: Prompt, size: tuple[int, int], previous: Logits | None) -> Logits: ...


class WordSegmenter(Protocol):
    """A network that finds what words name; see `pipelines.selection.word_segmenter`."""

    def logits(self, pixels: Pixels, words: str) -> Logits: ...


class Encoded(NamedTuple):
    """A picture that was encoded."""

    segmenter: Segmenter  # by which
    encoding: Any


class Selection(NamedTuple):
    """What came of a question about an object."""

    state: str  # NONE (no model for it is installed), READING (the picture) or READY
    logits: Logits | None  # above 0 on the object, over the whole picture; None where nothing was asked
    words: bool = False  # whether a model that selects by words is installed

    def to_json(self) -> dict[str, Any]:
        """Packs the logits as float16: 128 kB."""
        fields: dict[str, Any] = {"state": self.state, "words": self.words}
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
        return Selection(fields["state"], logits, fields["words"])


class ObjectSelector:
    """Answers questions about objects.

    Args:
        store: where the pictures are.
        objects: where the network comes from that finds the object at a point or in a box.
        words: and the one that finds what words name.
    """

    def __init__(self, store: Store, objects: Source[Segmenter], words: Source[WordSegmenter]) -> None:
        self.store = store
        self._thread = ThreadPoolExecutor(1, "encoder")
        self._objects = PictureReader(
            objects, lambda network, pixels, _: Encoded(network, network.encode(pixels)), MOST_PICTURES, self._thread
        )
        self._words = PictureReader(
            words, lambda network, pixels, said: network.logits(pixels, said), MOST_NAMED, self._thread
        )
        self._answers: OrderedDict[Asked, Logits] = OrderedDict()

    def answer(self, question: dict[str, Any]) -> Selection:
        """Answers about a revision's picture; where nothing is asked, only whether it is ready. Never waits.

        What words name is found coarsely. With the other network as well, each part of it becomes a box in which that
        finds an object, and the answer is all of these.

        Args:
            question: `revision`, and either `points` and `box` as `read_prompt` takes them, on the plane, or `words`.

        Raises:
            InvalidInput: the question is malformed, or a model or the picture cannot be read.
        """
        objects, words = self._objects.find(), self._words.find()
        said = question["words"]
        prompt = read_words(said) if said else read_prompt(question["points"], question["box"])
        picture = self.store.revisions.picture(question["revision"])
        box = picture.box

        def selection(state: str, logits: Logits | None = None) -> Selection:
            return Selection(state, logits, words is not None)

        prompts = [] if prompt.empty else [prompt.moved(-box.x, -box.y)]
        if prompt.words:
            if words is None:
                return selection(NONE)
            named = self._words.reading(words, picture, prompt.words)
            if named is None:
                return selection(READING)
            prompts = [Prompt((), part) for part in part_boxes(named, (box.width, box.height))]
            if objects is None or not prompts:
                return selection(READY, coarser(named))
        elif objects is None:
            return selection(NONE)
        encoded = self._objects.reading(objects, picture)
        if encoded is None:
            return selection(READING)
        key = objects, picture.digest
        found = [self._logits((*key, each), encoded, (box.width, box.height)) for each in prompts]
        return selection(READY, np.maximum.reduce(found) if found else None)

    def stop(self) -> None:
        """Reads nothing more, so that the process can end."""
        self._objects.stop()
        self._words.stop()
        self._thread.shutdown(wait=False)

    def _logits(self, asked: Asked, encoded: Encoded, size: tuple[int, int]) -> Logits:
        """Returns the answer to a prompt, which begins with that to the prompt without its last point.

        Worked out anew it is the same as remembered.
        """
        if asked not in self._answers:
            folder, digest, prompt = asked
            before = prompt.before
            first = not prompt.points or before.empty
            previous = None if first else self._logits((folder, digest, before), encoded, size)
            self._answers[asked] = encoded.segmenter.logits(encoded.encoding, prompt, size, previous)
        self._answers.move_to_end(asked)
        answer = self._answers[asked]
        while len(self._answers) > MOST_ANSWERS:
            self._answers.popitem(last=False)
        return answer
