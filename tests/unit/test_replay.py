"""Changing a step in the middle: the later ones are made again on top, as if all had been done in that order."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.edits.apply import apply
from editor.edits.edit import NOWHERE, Blend, Edit
from editor.imaging.geometry import Box, Margins
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask
from editor.session import Session
from editor.store.documents import Document
from editor.store.queue import LOST, Moved
from editor.store.revisions import Revision
from editor.store.store import Store
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
        """Keep every job; how often a model was run."""
        before = len(self.pipeline.requests)
        while self.worker.run_one():
            pass
        return len(self.pipeline.requests) - before

    def do(self, edits: Sequence[Edit]) -> list[Revision]:
        jobs = []
        for edit in edits:
            jobs.append(self.session.submit(self.document.id, edit))
            self.finish()
        return [self.session.store.revisions.get(job.id) for job in jobs]

    @property
    def now(self) -> Document:
        return self.session.store.documents.get(self.document.id)


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def edits_at(places: Sequence[Box] = PLACES) -> list[Edit]:
    return [an_edit(disc(box), seed=i, pipeline="heedful", blend=Blend(4)) for i, box in enumerate(places)]


def from_scratch(edits: Sequence[Edit]) -> Picture:
    picture = Picture.from_pixels(noise(SIZE, SIZE))
    for edit in edits:
        after = run(apply(edit, picture, loader(HeedfulPipeline()))).picture
        check_kept(edit, picture, after)
        picture = after
    return picture


def test_a_changed_step_is_followed_by_the_later_ones(desk: Desk) -> None:
    edits = edits_at()
    steps = desk.do(edits)
    amended = replace(edits[0], prompt="a blue couch")
    jobs = desk.session.amend(desk.document.id, steps[0].id, amended)
    assert [job.edit for job in jobs] == [amended, *edits[1:]]
    assert desk.now.head == steps[-1].id  # nothing is shown before all of it is there
    assert desk.finish() == 2  # the first, and the second, which saw it; the others saw no changed pixel
    assert desk.now.head == desk.now.tip == jobs[-1].id
    assert desk.session.picture(desk.document.id) == from_scratch([amended, *edits[1:]])
    desk.session.checkout(desk.document.id, steps[-1].id)  # the old branch stays
    assert desk.session.picture(desk.document.id) == from_scratch(edits)


def test_the_whole_replay_is_undone_step_by_step(desk: Desk) -> None:
    edits = edits_at()
    steps = desk.do(edits)
    jobs = desk.session.amend(desk.document.id, steps[1].id, replace(edits[1], seed=9))
    desk.finish()
    for expected in (jobs[1], jobs[0], steps[0]):
        assert desk.session.undo(desk.document.id).head == expected.id
    for expected in jobs:
        assert desk.session.redo(desk.document.id).head == expected.id


def test_blending_anew_runs_no_model(desk: Desk) -> None:
    edits = edits_at()
    steps = desk.do(edits)
    (job,) = desk.session.reblend(desk.document.id, steps[-1].id, Blend(0, colour_match=False))
    assert desk.finish() == 0 and desk.now.head == job.id
    changed = replace(edits[-1], blend=Blend(0, colour_match=False))
    assert desk.session.picture(desk.document.id) == from_scratch([*edits[:-1], changed])
    desk.session.reblend(desk.document.id, steps[2].id, Blend(1))
    assert desk.finish() == 1  # the last step saw the third's edge
    blended = [*edits[:2], replace(edits[2], blend=Blend(1)), changed]
    assert desk.session.picture(desk.document.id) == from_scratch(blended)


def test_nothing_changed_is_the_identity(desk: Desk) -> None:
    edits = edits_at()
    steps = desk.do(edits)
    desk.session.undo(desk.document.id)
    before = desk.now
    jobs = desk.session.amend(desk.document.id, steps[1].id, edits[1])
    assert [job.id for job in jobs] == [each.id for each in steps[1:]]
    assert desk.now == before and desk.finish() == 0 and not desk.session.store.jobs.pending(desk.document.id)


@pytest.mark.parametrize("way", ["cancel", "fail"])
def test_what_cannot_be_replayed_leaves_the_document_as_it_was(desk: Desk, way: str) -> None:
    edits = edits_at()
    steps = desk.do(edits)
    before = desk.now
    changed = replace(edits[0], seed=5) if way == "cancel" else replace(edits[0], pipeline="failing")
    jobs = desk.session.amend(desk.document.id, steps[0].id, changed)
    if way == "cancel":
        desk.session.cancel(jobs[0].id)
    desk.finish()
    assert desk.now == before and not desk.session.store.jobs.pending(desk.document.id)
    later = [desk.session.store.revisions.get(job.id) for job in jobs[1:]]
    assert all(each.cancelled if way == "cancel" else each.error == LOST for each in later)
    if way == "cancel":  # and it can be queued again
        desk.session.amend(desk.document.id, steps[0].id, changed)
        desk.finish()
        assert desk.session.picture(desk.document.id) == from_scratch([changed, *edits[1:]])


def test_who_went_elsewhere_meanwhile_is_left_there(desk: Desk) -> None:
    edits = edits_at()
    steps = desk.do(edits)
    desk.session.undo(desk.document.id)
    (other,) = desk.do([an_edit(disc(PLACES[0]), seed=77, pipeline="heedful")])
    desk.session.checkout(desk.document.id, steps[-1].id)
    jobs = desk.session.amend(desk.document.id, steps[0].id, replace(edits[0], seed=5))
    desk.session.checkout(desk.document.id, other.id)
    before = desk.now
    desk.finish()
    assert desk.now == before
    assert desk.session.checkout(desk.document.id, jobs[-1].id).head == jobs[-1].id


def many(count: int) -> list[Edit]:
    return edits_at([Box(10 + 30 * (i % 12), 20 + 90 * (i // 12), 20, 16) for i in range(count)])


@pytest.mark.parametrize("head", range(13))
def test_an_early_step_is_replayed_to_the_tip_wherever_the_head_is(desk: Desk, head: int) -> None:
    """What was undone stays so, made again; who stood at the changed step, or before it, sees the end."""
    edits = many(12)
    steps = desk.do(edits)
    opened = str(steps[0].parent)
    desk.session.checkout(desk.document.id, [opened, *(each.id for each in steps)][head])
    assert desk.now.tip == steps[-1].id  # redo leads on
    changed = replace(edits[2], seed=50)
    jobs = desk.session.amend(desk.document.id, steps[2].id, changed)
    assert len(jobs) == 10
    shown = [steps[0].id, steps[1].id, *(each.id for each in jobs)][head - 1] if head > 3 else jobs[-1].id
    assert desk.session.store.jobs.tail(desk.document.id) == shown  # what comes next stands on what will be shown
    desk.finish()
    assert (desk.now.head, desk.now.tip) == (shown, jobs[-1].id)
    while desk.session.can_redo(desk.document.id):
        desk.session.redo(desk.document.id)
    assert desk.session.picture(desk.document.id) == from_scratch([*edits[:2], changed, *edits[3:]])


@pytest.mark.parametrize("head", [12, 9, 2])
@pytest.mark.parametrize("way", ["kept", "cancelled"])
def test_an_edit_queued_behind_a_replay_follows_what_is_shown(desk: Desk, head: int, way: str) -> None:
    edits, extra = many(12), edits_at([Box(200, 300, 30, 20)])[0]
    steps = desk.do(edits)
    desk.session.checkout(desk.document.id, steps[head - 1].id)
    before = desk.now
    changed = replace(edits[2], seed=50)
    jobs = desk.session.amend(desk.document.id, steps[2].id, changed)
    desk.session.submit(desk.document.id, extra, desk.session.store.jobs.tail(desk.document.id))
    desk.worker.run_one()
    if way == "cancelled":
        desk.session.cancel(jobs[5].id)
        assert desk.now == before and [each.edit for each in desk.session.store.jobs.pending(desk.document.id)] == [
            extra
        ]
    desk.finish()
    after = [*edits[:2], changed if way == "kept" else edits[2], *edits[3:]]
    after = after[:head] if head > 3 else after
    desk.session.checkout(desk.document.id, desk.now.tip)
    assert desk.session.picture(desk.document.id) == from_scratch([*after, extra])


def test_nobody_begins_what_waits_behind_a_replay_before_it_is_over(desk: Desk) -> None:
    edits, extra = many(5), edits_at([Box(200, 300, 30, 20)])[0]
    steps = desk.do(edits)
    desk.session.checkout(desk.document.id, steps[2].id)
    jobs = desk.session.amend(desk.document.id, steps[0].id, replace(edits[0], seed=50))
    behind = desk.session.submit(desk.document.id, extra, desk.session.store.jobs.tail(desk.document.id))
    assert behind.parent == jobs[2].id
    for _ in range(3):
        assert desk.worker.run_one()
    assert desk.session.store.jobs.claim("another", 60) == [jobs[3].id]
    assert desk.session.store.jobs.claim("a third", 60) == []
    desk.session.store.jobs.release("another")
    desk.finish()
    assert desk.now.head == behind.id


@pytest.mark.parametrize("undone", [0, 2])
@pytest.mark.parametrize("way", ["kept", "cancelled", "failed"])
def test_queued_edits_move_along_with_a_replay(desk: Desk, undone: int, way: str) -> None:
    """Variations too, which a worker has begun; steps that were undone are left aside, as the edits leave them."""
    edits = many(12)
    more = [
        replace(each, seed=60 + i) for i, each in enumerate(edits_at([Box(200, 300, 30, 20), Box(220, 310, 30, 20)]))
    ]
    steps = desk.do(edits)
    for _ in range(undone):
        desk.session.undo(desk.document.id)
    on = desk.now.head
    first, *_ = desk.session.variations(desk.document.id, more[0], 3)
    desk.session.submit(desk.document.id, more[1], first.id)
    before = desk.now
    assert len(desk.session.store.jobs.claim("w", 60)) == 3
    changed = replace(edits[2], seed=50) if way != "failed" else replace(edits[2], pipeline="failing")
    jobs = desk.session.amend(desk.document.id, steps[2].id, changed)
    assert len(jobs) == 10 - undone and not desk.session.store.jobs.holds(first.id, "w")
    waiting = desk.session.store.jobs.pending(desk.document.id)
    assert [each.id for each in waiting[: len(jobs)]] == [each.id for each in jobs]
    assert [each.parent for each in waiting[len(jobs) :]] == [jobs[-1].id] * 3 + [waiting[len(jobs)].id]
    with pytest.raises(Moved, match="being replayed"):
        desk.session.amend(desk.document.id, steps[0].id, replace(edits[0], seed=51))
    if way == "cancelled":
        desk.worker.run_one()
        desk.session.cancel(jobs[-1].id)
    elif way == "failed":
        desk.worker.run_one()
    if way != "kept":
        assert desk.now == before
        assert [each.parent for each in desk.session.store.jobs.pending(desk.document.id)][:3] == [on] * 3
    desk.finish()
    after = [*edits[:2], changed if way == "kept" else edits[2], *edits[3 : 12 - undone]]
    assert desk.session.picture(desk.document.id) == from_scratch([*after, *more])
    assert desk.now.head == desk.now.tip


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_step_of_another_branch_is_replayed_to_its_newest_end(desk: Desk, elsewhere: bool) -> None:
    edits = many(12)
    steps = desk.do(edits[:8])
    desk.session.checkout(desk.document.id, steps[3].id)
    desk.do(edits[8:])
    if elsewhere:  # an edit is queued, and comes first
        desk.session.submit(desk.document.id, edits[4])
    before, end = desk.now, desk.session.store.jobs.tail(desk.document.id)
    changed = replace(edits[5], seed=50)
    jobs = desk.session.amend(desk.document.id, steps[5].id, changed)
    assert [each.edit for each in jobs] == [changed, *edits[6:8]] and desk.now == before
    assert desk.session.store.jobs.tail(desk.document.id) == jobs[-1].id
    if elsewhere:
        desk.session.cancel(end)  # the replay is then the next
    desk.finish()
    assert desk.now.head == desk.now.tip == jobs[-1].id
    assert desk.session.picture(desk.document.id) == from_scratch([*edits[:5], changed, *edits[6:8]])


def test_a_replay_of_another_branch_is_not_shown_to_who_went_on(desk: Desk) -> None:
    edits = many(6)
    steps = desk.do(edits[:3])
    desk.session.checkout(desk.document.id, steps[0].id)
    desk.do(edits[3:])
    jobs = desk.session.amend(desk.document.id, steps[1].id, replace(edits[1], seed=50))
    desk.session.undo(desk.document.id)
    before = desk.now
    desk.finish()
    assert desk.now == before and desk.session.store.revisions.get(jobs[-1].id).picture


def test_who_asks_for_a_replay_again_gets_the_same(desk: Desk) -> None:
    edits = many(5)
    steps = desk.do(edits)
    changed = replace(edits[1], seed=50)
    first, again = [[each.id for each in desk.session.amend(desk.document.id, steps[1].id, changed)] for _ in "12"]
    assert first == again == [each.id for each in desk.session.store.jobs.pending(desk.document.id)]
    desk.finish()
    now = desk.now
    desk.session.amend(desk.document.id, steps[1].id, changed)
    assert desk.now == now and not desk.session.store.jobs.pending(desk.document.id)
    back = desk.session.amend(desk.document.id, first[0], edits[1])  # all of it was made before
    assert [each.id for each in back] == [each.id for each in steps[1:]] and desk.now.head == steps[-1].id


def test_a_later_step_that_would_not_fit_is_said_at_once(desk: Desk) -> None:
    wider = Edit(NOWHERE, margins=Margins(right=60), seed=1, pipeline="heedful", steps=1)
    beyond = an_edit(disc(Box(430, 20, 20, 20)), prompt="beyond", pipeline="heedful")
    steps = desk.do([wider, beyond])
    with pytest.raises(ValueError, match=r"A later step .“beyond”. does not fit then"):
        desk.session.amend(desk.document.id, steps[0].id, replace(wider, margins=Margins(right=10)))
    assert not desk.session.store.jobs.pending(desk.document.id)


def test_what_cannot_be_amended_is_a_sentence(desk: Desk) -> None:
    edits = edits_at()
    steps = desk.do(edits)
    root = steps[0].parent
    assert root is not None
    with pytest.raises(ValueError, match="opened picture"):
        desk.session.amend(desk.document.id, root, edits[0])
    with pytest.raises(ValueError, match="opened picture"):
        desk.session.reblend(desk.document.id, root, Blend())
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
    desk, edits = Desk(store), edits_at([Box(x, y, 24, 18) for x, y in corners])
    steps = desk.do(edits)
    changed = [*edits]
    changed[at % len(edits)] = replace(edits[at % len(edits)], seed=seed)
    desk.session.amend(desk.document.id, steps[at % len(edits)].id, changed[at % len(edits)])
    runs = desk.finish()
    assert 1 <= runs <= len(edits) - at % len(edits)
    assert desk.session.picture(desk.document.id) == from_scratch(changed)
    store.close()


def test_a_cancelled_variation_leaves_the_others(desk: Desk) -> None:
    jobs = desk.session.variations(desk.document.id, edits_at()[0], 3)
    desk.session.cancel(jobs[1].id)
    assert desk.finish() == 1 and len(desk.pipeline.requests[0].seeds) == 2
    assert [bool(desk.session.store.revisions.get(each.id).picture) for each in jobs] == [True, False, True]


def test_variations_lie_side_by_side(desk: Desk) -> None:
    edit = edits_at()[0]
    jobs = desk.session.variations(desk.document.id, replace(edit, seed=2**32 - 1), 3)
    assert [job.edit.seed for job in jobs if job.edit] == [2**32 - 1, 0, 1]
    assert len({job.parent for job in jobs}) == 1
    assert desk.finish() == 1 and desk.pipeline.requests[0].seeds == (2**32 - 1, 0, 1)  # one batch
    assert desk.now.head == jobs[0].id and all(desk.session.store.revisions.get(each.id).picture for each in jobs)
    for job in jobs:
        assert job.edit
        alone = run(apply(job.edit, Picture.from_pixels(noise(SIZE, SIZE)), loader(HeedfulPipeline()))).picture
        assert desk.session.store.revisions.get(job.id).picture == alone
    for count in (0, 9):
        with pytest.raises(ValueError, match="1 to 8 variations"):
            desk.session.variations(desk.document.id, edit, count)


def test_a_revision_has_a_name(desk: Desk) -> None:
    (step,) = desk.do(edits_at()[:1])
    assert step.name == "" and desk.session.rename(step.id, "the good one").name == "the good one"
    assert desk.session.store.revisions.get(step.id).name == "the good one"


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
