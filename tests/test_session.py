from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from editor.apply import apply
from editor.edit import Edit
from editor.formats.images import read_image
from editor.geometry import Box
from editor.picture import Picture
from editor.raster import Mask
from editor.session import LONGEST_NAME, Session
from editor.store import Document, NotFound, Revision, Store
from editor.worker import Worker
from pipelines.base import run
from tests.fakes import NoisePipeline, loader
from tests.laws import check_edit, check_kept
from tests.samples import an_edit, disc, noise
from tests.test_formats import file

LOAD = loader(NoisePipeline())


@pytest.fixture
def document(session: Session) -> Document:
    return session.open(noise(300, 280), "Room")


def done(session: Session, worker: Worker, document: Document, edit: Edit | None = None) -> Revision:
    """An edit on the head, submitted and kept, with the laws checked."""
    before = session.picture(document.id)
    edit = edit or an_edit(disc(Box(50, 60, 40, 30)))
    promise = session.submit(document.id, edit)
    assert promise.promised and session.document(document.id).head == promise.parent
    assert worker.run_one()
    revision = session.revision(promise.id)
    assert revision.picture == check_edit(edit, before, LOAD).picture
    assert session.picture(document.id) == revision.picture
    return revision


def test_a_picture_is_opened_as_it_is(session: Session, document: Document) -> None:
    assert session.picture(document.id) == Picture.from_pixels(noise(300, 280))
    assert session.document(document.id).name == "Room"
    assert len(session.open(noise(3, 3), "x" * 1000).name) == LONGEST_NAME
    assert session.open(noise(3, 3)).name == "Untitled"
    with pytest.raises(ValueError, match="at least one pixel"):
        session.open(np.zeros((0, 5, 3), np.uint8))


def test_an_edit_from_end_to_end(session: Session, worker: Worker, document: Document) -> None:
    revision = done(session, worker, document)
    now = session.document(document.id)
    assert (now.head, now.tip) == (revision.id, revision.id)
    assert session.pending(document.id) == []
    assert revision.parent and revision.edit
    before, after = session.revision(revision.parent).picture, revision.picture
    assert before and after
    check_kept(revision.edit, before, after)


def test_undo_and_redo_walk_the_path(session: Session, worker: Worker, document: Document) -> None:
    ids = [document.head]
    for seed in range(4):
        edit = an_edit(Box(10 + 30 * seed, 40, 25, 25), seed=seed)
        ids.append(done(session, worker, document, edit).id)
    pictures = [session.revision(id).picture for id in ids]
    for n in (3, 2, 1, 0, 0, 0):
        moved = session.undo(document.id)
        assert (moved.head, moved.tip) == (ids[n], ids[4])
        assert session.picture(document.id) == pictures[n]
        assert session.can_undo(document.id) == (n > 0) and session.can_redo(document.id)
    for n in (1, 2, 3, 4, 4, 4):
        assert session.redo(document.id).head == ids[n]
        assert session.picture(document.id) == pictures[n]
        assert session.can_redo(document.id) == (n < 4) and session.can_undo(document.id)


def test_nothing_to_undo_or_redo_changes_nothing(session: Session, document: Document) -> None:
    assert session.undo(document.id) == session.redo(document.id) == document
    assert not session.can_undo(document.id) and not session.can_redo(document.id)


def test_an_edit_after_undo_is_a_branch_and_nothing_is_lost(
    session: Session, worker: Worker, document: Document
) -> None:
    first = done(session, worker, document)
    session.undo(document.id)
    second = done(session, worker, document, an_edit(Box(9, 9, 9, 9)))
    assert session.document(document.id) == Document(document.id, second.id, second.id, "Room")
    assert session.undo(document.id).head == document.head
    assert session.redo(document.id).head == second.id
    moved = session.checkout(document.id, first.id)
    assert (moved.head, moved.tip) == (first.id, first.id)
    assert session.picture(document.id) == first.picture


def test_an_edit_may_be_asked_for_on_an_earlier_state(session: Session, worker: Worker, document: Document) -> None:
    first = done(session, worker, document)
    edit = an_edit(Box(200, 200, 20, 20))
    beside = session.submit(document.id, edit, parent=document.head)
    assert worker.run_one()
    assert session.document(document.id).head == first.id
    result = check_edit(edit, Picture.from_pixels(noise(300, 280)), LOAD).picture
    assert session.revision(beside.id).picture == result


def test_the_same_wish_again_is_there_at_once(session: Session, worker: Worker, document: Document) -> None:
    first = done(session, worker, document)
    assert first.edit
    session.undo(document.id)
    again = session.submit(document.id, first.edit)
    assert again.id == first.id and again.picture == first.picture
    assert session.document(document.id).head == first.id and not worker.run_one()


def test_cancelled_before_it_began(session: Session, worker: Worker, document: Document) -> None:
    promise = session.submit(document.id, an_edit(Box(9, 9, 9, 9)))
    assert session.cancel(promise.id).cancelled
    assert session.pending(document.id) == [] and not worker.run_one()
    assert session.document(document.id) == document
    assert session.picture(document.id).digest == Picture.from_pixels(noise(300, 280)).digest
    again = session.submit(document.id, an_edit(Box(9, 9, 9, 9)))
    assert again.id == promise.id and again.promised and worker.run_one()
    assert session.cancel(promise.id).picture is not None  # finished: nothing to cancel


def test_promises_wait_oldest_first(session: Session, document: Document) -> None:
    ids = [session.submit(document.id, an_edit(Box(9, 9, 9, 9), seed=n)).id for n in range(3)]
    assert [revision.id for revision in session.pending(document.id)] == ids
    assert session.pending(session.open(noise(3, 3)).id) == []


def test_kept_pixels_of_a_lossy_file_do_not_decay(session: Session, worker: Worker) -> None:
    """A JPEG is decoded once; ten edits later every pixel outside them is what the decoder gave."""
    from PIL import Image

    jpeg = file(Image.fromarray(noise(300, 280)), "JPEG")
    pixels = read_image(jpeg).pixels
    document = session.open(pixels)
    for n in range(10):
        done(session, worker, document, an_edit(Box(20 + n, 20, 30, 30), seed=n))
    kept = np.ones(pixels.shape[:2], bool)
    kept[Box(20, 20, 39, 30).padded(8).slices(Box(0, 0, 300, 280))] = False
    after = session.picture(document.id).read(Box(0, 0, 300, 280)).pixels
    assert np.array_equal(after[kept], pixels[kept]) and not np.array_equal(after, pixels)


def test_the_truth_is_on_disk(session: Session, worker: Worker, document: Document) -> None:
    """Another process, another tab, after a restart: the same document, pixels and promises."""
    revision = done(session, worker, document)
    waiting = session.submit(document.id, an_edit(Box(9, 9, 9, 9)))
    other = Session(Store(session.store.database.path.parent))
    assert other.document(document.id) == session.document(document.id)
    assert other.picture(document.id) == revision.picture
    assert [promise.id for promise in other.pending(document.id)] == [waiting.id]
    other.undo(document.id)
    assert session.document(document.id).head == document.head
    other.store.close()


# what cannot be


@pytest.mark.parametrize("box", [Box(300, 0, 9, 9), Box(0, 280, 9, 9), Box(-9, 0, 9, 9), Box(5000, 5000, 1, 1)])
def test_a_mask_outside_the_picture(session: Session, document: Document, box: Box) -> None:
    with pytest.raises(ValueError, match="The mask lies outside the picture"):
        session.submit(document.id, an_edit(box))
    assert session.pending(document.id) == [] and session.document(document.id) == document


def test_a_mask_whose_painted_part_lies_outside(session: Session, document: Document) -> None:
    corners = np.zeros((400, 400), np.uint8)
    corners[399, 0] = corners[0, 399] = 255
    with pytest.raises(ValueError, match="The mask lies outside the picture"):
        session.submit(document.id, an_edit(Mask(Box(0, 0, 400, 400), corners)))


@pytest.mark.parametrize("verb", ["document", "picture", "undo", "redo", "can_undo", "can_redo", "pending"])
@pytest.mark.parametrize("id", ["gone", "", "\ud800"])
def test_a_document_that_is_not_there(session: Session, verb: str, id: str) -> None:
    with pytest.raises(NotFound, match="There is no document"):
        getattr(session, verb)(id)


def test_a_revision_that_is_not_there(session: Session, document: Document) -> None:
    calls: list[Any] = [
        lambda: session.revision("gone"),
        lambda: session.cancel("gone"),
        lambda: session.checkout(document.id, "gone"),
        lambda: session.submit(document.id, an_edit(Box(1, 1, 1, 1)), parent="gone"),
    ]
    for call in calls:
        with pytest.raises(NotFound, match="There is no revision 'gone'"):
            call()
    with pytest.raises(NotFound, match="There is no document"):
        session.submit("gone", an_edit(Box(1, 1, 1, 1)))
    with pytest.raises(NotFound, match="There is no document"):
        session.checkout("gone", document.head)


def test_a_revision_of_another_document(session: Session, document: Document) -> None:
    other = session.open(noise(300, 280, 1))
    with pytest.raises(ValueError, match="belongs to another document than 'Room'"):
        session.checkout(document.id, other.head)
    with pytest.raises(ValueError, match="belongs to another document"):
        session.submit(document.id, an_edit(Box(1, 1, 1, 1)), parent=other.head)


def test_a_revision_that_is_not_finished(session: Session, document: Document) -> None:
    promise = session.submit(document.id, an_edit(Box(1, 1, 1, 1)))
    with pytest.raises(ValueError, match="has no picture yet"):
        session.checkout(document.id, promise.id)
    with pytest.raises(ValueError, match="has no picture yet"):
        session.submit(document.id, an_edit(Box(1, 1, 1, 1)), parent=promise.id)
    assert session.document(document.id) == document


# any sequence of verbs


class Verbs(RuleBasedStateMachine):
    """A model of head and tip as a tree in memory; the store must say the same after every verb."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.session = Session(Store(Path(self.folder.name)))
        self.worker = Worker(self.session.store, LOAD)
        self.document = self.session.open(noise(64, 64))
        self.parents: dict[str, str | None] = {self.document.head: None}
        self.pictures = {self.document.head: Picture.from_pixels(noise(64, 64))}
        self.waiting: dict[str, tuple[str, Edit, str | None]] = {}  # parent, wish, and whose place it takes
        self.head = self.tip = self.document.head

    def way(self) -> list[str]:
        path = [self.tip]
        while (parent := self.parents[path[-1]]) is not None:
            path.append(parent)
        return path[::-1]

    @rule(seed=st.integers(0, 2))
    def submit(self, seed: int) -> None:
        edit = an_edit(Box(10 * seed, 20, 12, 12), seed=seed, steps=1)
        revision = self.session.submit(self.document.id, edit)
        if revision.picture is not None:
            self.head = self.tip = revision.id
        else:
            self.wait(revision.id, self.head, edit, self.head)

    def wait(self, id: str, parent: str, edit: Edit, takes: str | None) -> None:
        self.waiting[id] = (parent, edit, takes)
        self.waiting = dict(sorted(self.waiting.items(), key=lambda each: self.session.revision(each[0]).seq))

    @rule(back=st.integers(0, 3), seed=st.integers(3, 4))
    def amend(self, back: int, seed: int) -> None:
        steps = [self.head]
        while len(steps) <= back and self.parents[steps[-1]] is not None:
            steps.append(self.parents[steps[-1]])  # type: ignore[arg-type]
        if self.parents[steps[-1]] is None:
            return
        changed = replace(self.session.revision(steps[-1]).edit, seed=seed)  # type: ignore[type-var]
        promises = self.session.amend(self.document.id, steps[-1], changed)
        for revision in promises:
            if revision.picture is None:
                takes = self.head if revision.id == promises[-1].id else None
                self.wait(revision.id, revision.parent, revision.edit, takes)
        if promises[-1].picture is not None and promises[-1].id != self.head:
            self.head = self.tip = promises[-1].id

    @precondition(lambda self: self.waiting)
    @rule()
    def keep(self) -> None:
        assert self.worker.run_one()
        id, (parent, edit, takes) = next(iter(self.waiting.items()))
        del self.waiting[id]
        self.parents[id] = parent
        self.pictures[id] = run(apply(edit, self.pictures[parent], LOAD)).picture
        if self.head == takes:
            self.head = self.tip = id
        elif self.tip == takes == parent:
            self.tip = id

    @precondition(lambda self: self.waiting)
    @rule()
    def cancel(self) -> None:
        id = list(self.waiting)[-1]
        del self.waiting[id]
        assert self.session.cancel(id).cancelled

    @rule()
    def undo(self) -> None:
        self.session.undo(self.document.id)
        self.head = self.parents[self.head] or self.head

    @rule()
    def redo(self) -> None:
        self.session.redo(self.document.id)
        way = self.way()
        self.head = way[min(way.index(self.head) + 1, len(way) - 1)]

    @rule(n=st.integers(0, 9))
    def checkout(self, n: int) -> None:
        self.head = self.tip = list(self.pictures)[n % len(self.pictures)]
        self.session.checkout(self.document.id, self.head)

    @rule()
    def restart(self) -> None:
        self.session.store.close()
        self.session = Session(Store(Path(self.folder.name)))
        self.worker = Worker(self.session.store, LOAD)

    @invariant()
    def the_store_says_the_same(self) -> None:
        document = self.session.document(self.document.id)
        assert (document.head, document.tip) == (self.head, self.tip)
        assert self.session.picture(self.document.id) == self.pictures[self.head]
        assert [revision.id for revision in self.session.pending(document.id)] == list(self.waiting)
        assert self.session.can_undo(document.id) == (self.parents[self.head] is not None)
        assert self.session.can_redo(document.id) == (self.head != self.tip)

    def teardown(self) -> None:
        self.session.store.close()
        self.folder.cleanup()


Verbs.TestCase.settings = settings(max_examples=25, stateful_step_count=20)
TestVerbs = Verbs.TestCase
