"""Changing a step in the middle: the later ones are made again on top, as if all had been done in that order."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.apply import apply
from editor.edit import Blend, Edit
from editor.geometry import Box
from editor.picture import Picture
from editor.queue import LOST
from editor.raster import Mask
from editor.session import Session
from editor.store import Document, Revision, Store
from editor.worker import Worker
from pipelines.base import run
from tests.fakes import FailingPipeline, HeedfulPipeline, loader
from tests.laws import check_kept
from tests.samples import an_edit, disc, noise

SIZE = 400
# the first two lie in one window, the third far from both; so does the fourth, in a window with the third
PLACES = [Box(20, 20, 20, 20), Box(50, 30, 20, 20), Box(330, 330, 20, 20), Box(350, 300, 20, 15)]


class Desk:
    """A session with its worker and what its model was asked."""

    def __init__(self, store: Store) -> None:
        self.pipeline = HeedfulPipeline()
        self.session = Session(store)
        self.worker = Worker(store, loader(self.pipeline, FailingPipeline(1)))
        self.document = self.session.open(noise(SIZE, SIZE))

    def finish(self) -> int:
        """Keep every promise; how often a model was run."""
        before = len(self.pipeline.requests)
        while self.worker.run_one():
            pass
        return len(self.pipeline.requests) - before

    def do(self, edits: Sequence[Edit]) -> list[Revision]:
        promises = []
        for edit in edits:
            promises.append(self.session.submit(self.document.id, edit))
            self.finish()
        return [self.session.revision(promise.id) for promise in promises]

    @property
    def now(self) -> Document:
        return self.session.document(self.document.id)


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def wishes(places: Sequence[Box] = PLACES) -> list[Edit]:
    return [an_edit(disc(box), seed=i, pipeline="heedful", blend=Blend(4)) for i, box in enumerate(places)]


def from_scratch(edits: Sequence[Edit]) -> Picture:
    picture = Picture.from_pixels(noise(SIZE, SIZE))
    for edit in edits:
        after = run(apply(edit, picture, loader(HeedfulPipeline()))).picture
        check_kept(edit, picture, after)
        picture = after
    return picture


def test_a_changed_step_is_followed_by_the_later_ones(desk: Desk) -> None:
    edits = wishes()
    steps = desk.do(edits)
    amended = replace(edits[0], prompt="a blue couch")
    promises = desk.session.amend(desk.document.id, steps[0].id, amended)
    assert [promise.edit for promise in promises] == [amended, *edits[1:]]
    assert desk.now.head == steps[-1].id  # nothing is shown before all of it is there
    assert desk.finish() == 2  # the first, and the second, which saw it; the others saw no changed pixel
    assert desk.now.head == desk.now.tip == promises[-1].id
    assert desk.session.picture(desk.document.id) == from_scratch([amended, *edits[1:]])
    desk.session.checkout(desk.document.id, steps[-1].id)  # the old branch stays
    assert desk.session.picture(desk.document.id) == from_scratch(edits)


def test_the_whole_replay_is_undone_step_by_step(desk: Desk) -> None:
    edits = wishes()
    steps = desk.do(edits)
    promises = desk.session.amend(desk.document.id, steps[1].id, replace(edits[1], seed=9))
    desk.finish()
    for expected in (promises[1], promises[0], steps[0]):
        assert desk.session.undo(desk.document.id).head == expected.id
    for expected in promises:
        assert desk.session.redo(desk.document.id).head == expected.id


def test_blending_anew_runs_no_model(desk: Desk) -> None:
    edits = wishes()
    steps = desk.do(edits)
    (promise,) = desk.session.reblend(desk.document.id, steps[-1].id, Blend(0, colour_match=False))
    assert desk.finish() == 0 and desk.now.head == promise.id
    changed = replace(edits[-1], blend=Blend(0, colour_match=False))
    assert desk.session.picture(desk.document.id) == from_scratch([*edits[:-1], changed])
    desk.session.reblend(desk.document.id, steps[2].id, Blend(1))
    assert desk.finish() == 1  # the last step saw the third's edge
    blended = [*edits[:2], replace(edits[2], blend=Blend(1)), changed]
    assert desk.session.picture(desk.document.id) == from_scratch(blended)


def test_nothing_changed_is_the_identity(desk: Desk) -> None:
    edits = wishes()
    steps = desk.do(edits)
    desk.session.undo(desk.document.id)
    before = desk.now
    promises = desk.session.amend(desk.document.id, steps[1].id, edits[1])
    assert [promise.id for promise in promises] == [steps[1].id, steps[2].id]
    assert desk.now == before and desk.finish() == 0 and not desk.session.pending(desk.document.id)


@pytest.mark.parametrize("way", ["cancel", "fail"])
def test_what_cannot_be_replayed_leaves_the_document_as_it_was(desk: Desk, way: str) -> None:
    edits = wishes()
    steps = desk.do(edits)
    before = desk.now
    changed = replace(edits[0], seed=5) if way == "cancel" else replace(edits[0], pipeline="failing")
    promises = desk.session.amend(desk.document.id, steps[0].id, changed)
    if way == "cancel":
        desk.session.cancel(promises[0].id)
    desk.finish()
    assert desk.now == before and not desk.session.pending(desk.document.id)
    later = [desk.session.revision(promise.id) for promise in promises[1:]]
    assert all(each.cancelled if way == "cancel" else each.error == LOST for each in later)
    if way == "cancel":  # and it can be wished again
        desk.session.amend(desk.document.id, steps[0].id, changed)
        desk.finish()
        assert desk.session.picture(desk.document.id) == from_scratch([changed, *edits[1:]])


def test_who_went_elsewhere_meanwhile_is_left_there(desk: Desk) -> None:
    edits = wishes()
    steps = desk.do(edits)
    promises = desk.session.amend(desk.document.id, steps[0].id, replace(edits[0], seed=5))
    desk.session.undo(desk.document.id)
    before = desk.now
    desk.finish()
    assert desk.now == before
    assert desk.session.checkout(desk.document.id, promises[-1].id).head == promises[-1].id


def test_what_cannot_be_amended_is_a_sentence(desk: Desk) -> None:
    edits = wishes()
    steps = desk.do(edits)
    root = steps[0].parent
    assert root is not None
    with pytest.raises(ValueError, match="no step"):
        desk.session.amend(desk.document.id, root, edits[0])
    with pytest.raises(ValueError, match="no step"):
        desk.session.reblend(desk.document.id, root, Blend())
    desk.session.checkout(desk.document.id, steps[0].id)
    with pytest.raises(ValueError, match="not on the way"):
        desk.session.amend(desk.document.id, steps[2].id, edits[2])
    with pytest.raises(ValueError, match="outside the picture"):
        desk.session.amend(desk.document.id, steps[0].id, replace(edits[0], mask=disc(Box(900, 9, 9, 9))))


@settings(max_examples=15)
@given(
    corners=st.lists(st.tuples(st.integers(0, 360), st.integers(0, 360)), min_size=1, max_size=5),
    at=st.integers(0, 4),
    seed=st.integers(50, 99),
)
def test_a_replay_is_what_had_been_done_in_that_order(
    tmp_path_factory: pytest.TempPathFactory, corners: list[tuple[int, int]], at: int, seed: int
) -> None:
    store = Store(tmp_path_factory.mktemp("replay"))
    desk, edits = Desk(store), wishes([Box(x, y, 24, 18) for x, y in corners])
    steps = desk.do(edits)
    changed = [*edits]
    changed[at % len(edits)] = replace(edits[at % len(edits)], seed=seed)
    desk.session.amend(desk.document.id, steps[at % len(edits)].id, changed[at % len(edits)])
    runs = desk.finish()
    assert 1 <= runs <= len(edits) - at % len(edits)
    assert desk.session.picture(desk.document.id) == from_scratch(changed)
    store.close()


def test_a_cancelled_variation_leaves_the_others(desk: Desk) -> None:
    promises = desk.session.variations(desk.document.id, wishes()[0], 3)
    desk.session.cancel(promises[1].id)
    assert desk.finish() == 1 and len(desk.pipeline.requests[0].seeds) == 2
    assert [bool(desk.session.revision(each.id).picture) for each in promises] == [True, False, True]


def test_variations_lie_side_by_side(desk: Desk) -> None:
    edit = wishes()[0]
    promises = desk.session.variations(desk.document.id, replace(edit, seed=2**32 - 1), 3)
    assert [promise.edit.seed for promise in promises if promise.edit] == [2**32 - 1, 0, 1]
    assert len({promise.parent for promise in promises}) == 1
    assert desk.finish() == 1 and desk.pipeline.requests[0].seeds == (2**32 - 1, 0, 1)  # one batch
    assert desk.now.head == promises[0].id and all(desk.session.revision(each.id).picture for each in promises)
    for promise in promises:
        assert promise.edit
        alone = run(apply(promise.edit, Picture.from_pixels(noise(SIZE, SIZE)), loader(HeedfulPipeline()))).picture
        assert desk.session.revision(promise.id).picture == alone
    for count in (0, 9):
        with pytest.raises(ValueError, match="1 to 8 variations"):
            desk.session.variations(desk.document.id, edit, count)


def test_a_revision_has_a_name(desk: Desk) -> None:
    (step,) = desk.do(wishes()[:1])
    assert step.name == "" and desk.session.rename(step.id, "the good one").name == "the good one"
    assert desk.session.revision(step.id).name == "the good one"


@given(a=st.integers(0, 12), b=st.integers(0, 12), px=st.integers(0, 4))
def test_masks_join_part_and_shrink(a: int, b: int, px: int) -> None:
    one, other, frame = disc(Box(0, 0, 12, 10)), disc(Box(a, b, 9, 11)), Box(-5, -5, 40, 40)
    both = one.joined(other)
    assert np.array_equal(both.on(frame), np.maximum(one.on(frame), other.on(frame)))
    assert np.array_equal(one.without(other).on(frame) > 0, (one.on(frame) > 0) & (other.on(frame) == 0))
    assert one.joined(one) == one and one.without(one).bounds.empty
    inner = one.shrunk(px)
    assert not (inner.on(frame) > one.on(frame)).any()
    # what is left, grown again, lies within what there was; and shrinking is growing what is not painted
    around = Mask(frame, (255 - one.on(frame)).astype(np.uint8))
    assert np.array_equal(inner.on(frame) > 0, around.grown(px).on(frame) == 0)
