"""Objects in the store's pictures: encoded once, answered at once, and never in the way of an edit."""

import sys
from pathlib import Path
from threading import Event
from typing import Any, ClassVar

import numpy as np
import pytest

from editor.imaging.geometry import Box
from editor.imaging.named_parts import coarser, part_boxes
from editor.models_process import ModelsProcess
from editor.object_selector import MOST_PICTURES, READING, READY, ObjectSelector, Selection
from editor.picture_reader import Source
from editor.session import Session
from editor.store.store import Store
from editor.worker import Worker
from pipelines.errors import InvalidInput
from pipelines.selection.prompt import Point, Prompt, read_words
from pipelines.selection.segmenter import Segmenter, load_segmenter
from tests import tiny_clipseg, tiny_sam2
from tests.fakes import NOT_INSTALLED, loader, source, until
from tests.samples import an_edit, noise

SIZE = (300, 280)
ON, OFF, MORE = Point(100, 80, True), Point(220, 200, False), Point(40.0, 60.0, True)


class Counting:
    """Counts what is asked of a segmenter, and holds its encodings up while `free` is cleared."""

    def __init__(self, segmenter: Segmenter) -> None:
        self.segmenter, self.free = segmenter, Event()
        self.free.set()
        self.begun = Event()
        self.encoded: list[Any] = []
        self.answered = 0

    def encode(self, pixels: Any) -> Any:
        self.begun.set()
        self.free.wait(60)
        self.encoded.append(pixels)
        return self.segmenter.encode(pixels)

    def logits(self, *asked: Any) -> Any:
        self.answered += 1
        return self.segmenter.logits(*asked)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_sam2.install(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def counting(snapshot: Path) -> Counting:
    return Counting(load_segmenter(snapshot))


@pytest.fixture
def selector(store: Store, counting: Counting, snapshot: Path) -> ObjectSelector:
    return ObjectSelector(store, source(counting, snapshot), NOT_INSTALLED)


def ask(selector: ObjectSelector, revision: str, *points: Point, box: list[float] | None = None) -> Selection:
    return selector.answer({"revision": revision, "points": [list(point) for point in points], "box": box, "words": ""})


def answered(selector: ObjectSelector, revision: str, *points: Point, box: list[float] | None = None) -> Selection:
    """What comes once the picture is read."""
    until(lambda: ask(selector, revision).state == READY)
    return ask(selector, revision, *points, box=box)


def test_a_picture_is_encoded_once_whatever_is_asked(
    store: Store, selector: ObjectSelector, counting: Counting
) -> None:
    session = Session(store)
    document = session.open(noise(*SIZE), "Room")
    counting.free.clear()
    assert [ask(selector, document.head).state for _ in range(5)] == [READING] * 5
    assert ask(selector, document.head, ON).logits is None
    counting.free.set()
    first = answered(selector, document.head, ON)
    assert first.logits is not None and first.logits.shape == (64, 64)
    same = session.open(noise(*SIZE), "The same")
    assert np.array_equal(ask(selector, same.head, ON).logits, first.logits)  # a picture is known by its pixels
    assert len(counting.encoded) == 1 and counting.answered == 1  # and so is a point
    assert np.array_equal(counting.encoded[0], session.picture(document.id).pixels())


def test_a_refinement_is_the_same_worked_out_anew_or_remembered(
    store: Store, selector: ObjectSelector, counting: Counting, snapshot: Path
) -> None:
    revision = Session(store).open(noise(*SIZE), "Room").head
    for number in range(1, 4):
        refined = answered(selector, revision, *(ON, OFF, MORE)[:number], box=[10, 20, 250, 200])
    assert counting.answered == 4  # the box alone, and each point
    anew = ObjectSelector(store, source(counting, snapshot), NOT_INSTALLED)
    assert np.array_equal(answered(anew, revision, ON, OFF, MORE, box=[10, 20, 250, 200]).logits, refined.logits)
    segmenter, encoding = counting.segmenter, counting.segmenter.encode(noise(*SIZE))
    prompt = Prompt((ON, OFF, MORE), (10, 20, 250, 200))
    previous = None
    for part in (prompt.before.before.before, prompt.before.before, prompt.before, prompt):
        previous = segmenter.logits(encoding, part, SIZE, previous)
    assert np.array_equal(previous, refined.logits)


def test_places_are_on_the_plane(store: Store, selector: ObjectSelector) -> None:
    session = Session(store)
    document = session.open(noise(*SIZE), "Room")
    worker = Worker(store, loader())
    cropped = session.crop(document.id, Box(50, 30, 200, 200)).id
    while worker.run_one():
        pass
    alone = session.open(noise(*SIZE)[30:230, 50:250], "Part").head
    there = answered(selector, cropped, ON, box=[60, 40, 100, 100])
    assert np.array_equal(there.logits, answered(selector, alone, Point(50, 50, True), box=[10, 10, 100, 100]).logits)


def test_the_newest_picture_is_read_first_and_the_oldest_forgotten(
    store: Store, selector: ObjectSelector, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("editor.picture_reader.STALE", 1e9)  # seconds: on a busy machine too
    session = Session(store)
    revisions = [session.open(noise(40 + n, 30), "Room").head for n in range(MOST_PICTURES + 1)]
    counting.free.clear()
    ask(selector, revisions[0])
    assert counting.begun.wait(60)
    for revision in revisions[1:]:
        ask(selector, revision)
    counting.free.set()
    until(lambda: len(counting.encoded) == len(revisions))
    widths = [pixels.shape[1] for pixels in counting.encoded]
    assert widths == [40, *range(40 + MOST_PICTURES, 40, -1)]  # after the one with which it had begun
    until(lambda: len(selector._objects._readings) == MOST_PICTURES)


def test_what_cannot_be_read_is_a_sentence_and_is_tried_again(
    store: Store, snapshot: Path, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = [InvalidInput("It is damaged; get it again."), MemoryError("no room")]

    def load(folder: Path) -> Counting:
        if broken:
            raise broken.pop(0)
        return counting

    revision = Session(store).open(noise(*SIZE), "Room").head
    selector = ObjectSelector(store, Source(lambda: snapshot, load), NOT_INSTALLED)

    def refusal() -> str:
        try:
            ask(selector, revision)
        except InvalidInput as error:
            return str(error)
        return ""

    assert until(refusal) == "It is damaged; get it again."
    monkeypatch.setattr("editor.picture_reader.RETRY_AFTER", 0.3)
    selector._objects._failed.clear()
    assert until(refusal) == "Reading the picture failed: no room. The log has the details."
    selector._objects._failed.clear()
    until(lambda: ask(selector, revision).state == READY)


def test_without_a_model_it_says_so_and_one_that_comes_is_found(
    store: Store, snapshot: Path, counting: Counting
) -> None:
    there: list[Path] = []
    selector = ObjectSelector(store, Source(lambda: next(iter(there), None), lambda folder: counting), NOT_INSTALLED)
    revision = Session(store).open(noise(*SIZE), "Room").head
    assert ask(selector, revision, ON) == Selection("none", None)
    there.append(snapshot)
    assert answered(selector, revision, ON).logits is not None
    there.clear()
    assert ask(selector, revision, ON).state == "none"


def test_an_answer_crosses_the_pipe_as_it_is() -> None:
    logits = (np.random.default_rng(0).normal(0, 20, (64, 48)).astype(np.float16)).astype(np.float32)
    selection = Selection(READY, logits)
    there = Selection.from_json(selection.to_json())
    assert there.state == selection.state and np.array_equal(there.logits, logits)
    for empty in (Selection("none", None), Selection("none", None, words=True)):
        assert Selection.from_json(empty.to_json()) == empty


def test_an_edit_goes_on_while_a_picture_is_read(tmp_path: Path, store: Store) -> None:
    """In real processes: the encoding is held up until a whole edit is done, step by step."""
    session = Session(store)
    models = ModelsProcess(store, [sys.executable, "-m", "tests.models_worker", str(tmp_path)])
    models.start()
    try:
        document = session.open(noise(*SIZE), "Room")
        tiny_sam2.install(tmp_path / "cache")  # where that worker looks for it
        assert until(lambda: models.select(document.head, Prompt((), None)).result(60).state) == READING
        job = session.submit(document.id, an_edit(Box(9, 9, 40, 40), pipeline="noise", steps=30))
        models.wake()
        until(lambda: not store.revisions.get(job.id).pending)
        assert store.revisions.get(job.id).picture is not None
        assert models.select(document.head, Prompt((ON,), None)).result(60).state == READING  # still, and said at once
        assert until(lambda: models.info("noise"))
        (tmp_path / "encode").touch()
        until(lambda: models.select(document.head, Prompt((), None)).result(60).state == READY)
        assert models.select(document.head, Prompt((ON,), None)).result(60).logits is not None
        with pytest.raises(InvalidInput, match="first point"):
            models.select(document.head, Prompt((OFF,), None)).result(60)
        assert models.select(document.head, read_words("the dog")).result(60) == Selection("none", None)
        tiny_clipseg.install(tmp_path / "cache")
        until(lambda: models.select(document.head, read_words("the dog")).result(60).state == READY)
        assert models.select(document.head, read_words("the dog")).result(60).logits is not None
    finally:
        models.stop()


class Named:
    """Finds discs at places of their own for each words, or nothing, and notes what it is asked."""

    places: ClassVar = {"the dog": [(100, 120)], "sky": [(240, 80)], "both": [(100, 120), (240, 80)]}

    def __init__(self) -> None:
        self.free = Event()
        self.free.set()
        self.asked: list[str] = []

    def logits(self, pixels: Any, words: str) -> Any:
        self.free.wait(60)
        self.asked.append(words)
        return self.discs(words)

    def discs(self, words: str) -> Any:
        down, across = np.mgrid[:352, :352]
        discs = [40 - np.hypot(across - x, down - y) for x, y in self.places.get(words, [(-1000, -1000)])]
        return np.maximum.reduce(discs).astype(np.float32)


@pytest.fixture
def named() -> Named:
    return Named()


def name(selector: ObjectSelector, revision: str, words: str) -> Selection:
    return selector.answer({"revision": revision, "points": [], "box": None, "words": words})


def found(selector: ObjectSelector, revision: str, words: str) -> Any:
    """The logits, once they are there."""
    until(lambda: name(selector, revision, words).state == READY)
    return name(selector, revision, words).logits


def test_words_are_answered_where_their_model_alone_is_installed(store: Store, named: Named) -> None:
    selector = ObjectSelector(store, NOT_INSTALLED, source(named))
    session = Session(store)
    revision = session.open(noise(*SIZE), "Room").head
    assert ask(selector, revision, ON) == Selection("none", None, words=True)
    named.free.clear()
    assert [name(selector, revision, "the dog") for _ in range(5)] == [Selection(READING, None, words=True)] * 5
    named.free.set()
    assert np.array_equal(found(selector, revision, " the  dog "), coarser(named.discs("the dog")))
    same = session.open(noise(*SIZE), "The same").head
    assert name(selector, same, "the dog").state == READY  # a picture is known by its pixels
    assert np.array_equal(found(selector, same, "sky"), coarser(named.discs("sky")))
    assert named.asked == ["the dog", "sky"]
    with pytest.raises(InvalidInput, match="Say in words"):
        name(selector, revision, " ")


def test_what_words_name_is_given_to_the_other_network_as_boxes(store: Store, counting: Counting, named: Named) -> None:
    session = Session(store)
    document = session.open(noise(*SIZE), "Room")
    selector = ObjectSelector(store, source(counting), source(named))
    logits = found(selector, document.head, "both")
    encoding, boxes = counting.segmenter.encode(noise(*SIZE)), part_boxes(named.discs("both"), SIZE)
    one, other = (counting.segmenter.logits(encoding, Prompt((), box), SIZE, None) for box in boxes)
    assert not np.array_equal(one, other)
    assert np.array_equal(logits, np.maximum(one, other)) and counting.answered == 2

    worker = Worker(store, loader())
    cropped = session.crop(document.id, Box(50, 30, 200, 200)).id
    while worker.run_one():
        pass
    alone = session.open(noise(*SIZE)[30:230, 50:250], "Part").head
    assert np.array_equal(found(selector, cropped, "both"), found(selector, alone, "both"))


def test_what_is_not_there_is_not_looked_for_twice(store: Store, counting: Counting, named: Named) -> None:
    selector = ObjectSelector(store, source(counting), source(named))
    revision = Session(store).open(noise(*SIZE), "Room").head
    assert (found(selector, revision, "a unicorn") <= 0).all() and not counting.encoded


def test_either_network_works_without_the_other(store: Store, counting: Counting, named: Named, snapshot: Path) -> None:
    def refuse(folder: Path) -> Any:
        raise InvalidInput("It is damaged; get it again.")

    revision = Session(store).open(noise(*SIZE), "Room").head
    alone = ObjectSelector(store, source(counting), NOT_INSTALLED)
    assert name(alone, revision, "the dog") == Selection("none", None)
    damaged = ObjectSelector(store, source(counting), Source(lambda: snapshot, refuse))

    def refusal() -> str:
        try:
            name(damaged, revision, "the dog")
        except InvalidInput as error:
            return str(error)
        return ""

    assert until(refusal) == "It is damaged; get it again."
    assert answered(damaged, revision, ON).logits is not None
