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
from editor.store.queue import LOST, Moved
from editor.store.store import Store
from pipelines.base import run
from tests.fakes import FailingPipeline, HeedfulPipeline, loader
from tests.laws import check_kept
from tests.samples import an_edit, disc, noise
from tests.workbench import Workbench

SIZE = 400
# the first two lie in one window, the third far from both; so does the fourth, in a window with the third
PLACES = [Box(20, 20, 20, 20), Box(50, 30, 20, 20), Box(330, 330, 20, 20), Box(350, 300, 20, 15)]


def heedful(store: Store) -> Workbench:
    workbench = Workbench(store, HeedfulPipeline(), FailingPipeline(1))
    workbench.open(noise(SIZE, SIZE))
    return workbench


@pytest.fixture
def workbench(store: Store) -> Workbench:
    return heedful(store)


def edits_at(places: Sequence[Box] = PLACES) -> list[Edit]:
    return [an_edit(disc(box), seed=i, pipeline="heedful", blend=Blend(4)) for i, box in enumerate(places)]


def from_scratch(edits: Sequence[Edit]) -> Picture:
    picture = Picture.from_pixels(noise(SIZE, SIZE))
    for edit in edits:
        after = run(apply(edit, picture, loader(HeedfulPipeline()))).picture
        check_kept(edit, picture, after)
        picture = after
    return picture


def test_a_changed_step_is_followed_by_the_later_ones(workbench: Workbench) -> None:
    edits = edits_at()
    steps = workbench.do(edits)
    amended = replace(edits[0], prompt="a blue couch")
    jobs = workbench.session.amend(workbench.document.id, steps[0].id, amended)
    assert [job.edit for job in jobs] == [amended, *edits[1:]]
    assert workbench.now.head == steps[-1].id  # nothing is shown before all of it is there
    assert workbench.finish() == 2  # the first, and the second, which saw it; the others saw no changed pixel
    assert workbench.now.head == workbench.now.tip == jobs[-1].id
    assert workbench.picture == from_scratch([amended, *edits[1:]])
    workbench.session.checkout(workbench.document.id, steps[-1].id)  # the old branch stays
    assert workbench.picture == from_scratch(edits)


def test_the_whole_replay_is_undone_step_by_step(workbench: Workbench) -> None:
    edits = edits_at()
    steps = workbench.do(edits)
    jobs = workbench.session.amend(workbench.document.id, steps[1].id, replace(edits[1], seed=9))
    workbench.finish()
    for expected in (jobs[1], jobs[0], steps[0]):
        assert workbench.session.undo(workbench.document.id).head == expected.id
    for expected in jobs:
        assert workbench.session.redo(workbench.document.id).head == expected.id


def test_blending_anew_runs_no_model(workbench: Workbench) -> None:
    edits = edits_at()
    steps = workbench.do(edits)
    (job,) = workbench.session.reblend(workbench.document.id, steps[-1].id, Blend(0, colour_match=False))
    assert workbench.finish() == 0 and workbench.now.head == job.id
    changed = replace(edits[-1], blend=Blend(0, colour_match=False))
    assert workbench.picture == from_scratch([*edits[:-1], changed])
    workbench.session.reblend(workbench.document.id, steps[2].id, Blend(1))
    assert workbench.finish() == 1  # the last step saw the third's edge
    blended = [*edits[:2], replace(edits[2], blend=Blend(1)), changed]
    assert workbench.picture == from_scratch(blended)


def test_nothing_changed_is_the_identity(workbench: Workbench) -> None:
    edits = edits_at()
    steps = workbench.do(edits)
    workbench.session.undo(workbench.document.id)
    before = workbench.now
    jobs = workbench.session.amend(workbench.document.id, steps[1].id, edits[1])
    assert [job.id for job in jobs] == [each.id for each in steps[1:]]
    assert workbench.now == before and workbench.finish() == 0 and not workbench.pending


@pytest.mark.parametrize("way", ["cancel", "fail"])
def test_what_cannot_be_replayed_leaves_the_document_as_it_was(workbench: Workbench, way: str) -> None:
    edits = edits_at()
    steps = workbench.do(edits)
    before = workbench.now
    changed = replace(edits[0], seed=5) if way == "cancel" else replace(edits[0], pipeline="failing")
    jobs = workbench.session.amend(workbench.document.id, steps[0].id, changed)
    if way == "cancel":
        workbench.session.cancel(jobs[0].id)
    workbench.finish()
    assert workbench.now == before and not workbench.pending
    later = [workbench.store.revisions.get(job.id) for job in jobs[1:]]
    assert all(each.cancelled if way == "cancel" else each.error == LOST for each in later)
    if way == "cancel":  # and it can be queued again
        workbench.session.amend(workbench.document.id, steps[0].id, changed)
        workbench.finish()
        assert workbench.picture == from_scratch([changed, *edits[1:]])


def test_who_went_elsewhere_meanwhile_is_left_there(workbench: Workbench) -> None:
    edits = edits_at()
    steps = workbench.do(edits)
    workbench.session.undo(workbench.document.id)
    (other,) = workbench.do([an_edit(disc(PLACES[0]), seed=77, pipeline="heedful")])
    workbench.session.checkout(workbench.document.id, steps[-1].id)
    jobs = workbench.session.amend(workbench.document.id, steps[0].id, replace(edits[0], seed=5))
    workbench.session.checkout(workbench.document.id, other.id)
    before = workbench.now
    workbench.finish()
    assert workbench.now == before
    assert workbench.session.checkout(workbench.document.id, jobs[-1].id).head == jobs[-1].id


def many(count: int) -> list[Edit]:
    return edits_at([Box(10 + 30 * (i % 12), 20 + 90 * (i // 12), 20, 16) for i in range(count)])


@pytest.mark.parametrize("head", range(13))
def test_an_early_step_is_replayed_to_the_tip_wherever_the_head_is(workbench: Workbench, head: int) -> None:
    """What was undone stays so, made again; who stood at the changed step, or before it, sees the end."""
    edits = many(12)
    steps = workbench.do(edits)
    opened = str(steps[0].parent)
    workbench.session.checkout(workbench.document.id, [opened, *(each.id for each in steps)][head])
    assert workbench.now.tip == steps[-1].id  # redo leads on
    changed = replace(edits[2], seed=50)
    jobs = workbench.session.amend(workbench.document.id, steps[2].id, changed)
    assert len(jobs) == 10
    shown = [steps[0].id, steps[1].id, *(each.id for each in jobs)][head - 1] if head > 3 else jobs[-1].id
    assert workbench.store.jobs.tail(workbench.document.id) == shown  # what comes next stands on what will be shown
    workbench.finish()
    assert (workbench.now.head, workbench.now.tip) == (shown, jobs[-1].id)
    while workbench.session.can_redo(workbench.document.id):
        workbench.session.redo(workbench.document.id)
    assert workbench.picture == from_scratch([*edits[:2], changed, *edits[3:]])


@pytest.mark.parametrize("head", [12, 9, 2])
@pytest.mark.parametrize("way", ["kept", "cancelled"])
def test_an_edit_queued_behind_a_replay_follows_what_is_shown(workbench: Workbench, head: int, way: str) -> None:
    edits, extra = many(12), edits_at([Box(200, 300, 30, 20)])[0]
    steps = workbench.do(edits)
    workbench.session.checkout(workbench.document.id, steps[head - 1].id)
    before = workbench.now
    changed = replace(edits[2], seed=50)
    jobs = workbench.session.amend(workbench.document.id, steps[2].id, changed)
    workbench.session.submit(workbench.document.id, extra, workbench.store.jobs.tail(workbench.document.id))
    workbench.worker.run_one()
    if way == "cancelled":
        workbench.session.cancel(jobs[5].id)
        assert workbench.now == before and [each.edit for each in workbench.pending] == [extra]
    workbench.finish()
    after = [*edits[:2], changed if way == "kept" else edits[2], *edits[3:]]
    after = after[:head] if head > 3 else after
    workbench.session.checkout(workbench.document.id, workbench.now.tip)
    assert workbench.picture == from_scratch([*after, extra])


def test_nobody_begins_what_waits_behind_a_replay_before_it_is_over(workbench: Workbench) -> None:
    edits, extra = many(5), edits_at([Box(200, 300, 30, 20)])[0]
    steps = workbench.do(edits)
    workbench.session.checkout(workbench.document.id, steps[2].id)
    jobs = workbench.session.amend(workbench.document.id, steps[0].id, replace(edits[0], seed=50))
    behind = workbench.session.submit(workbench.document.id, extra, workbench.store.jobs.tail(workbench.document.id))
    assert behind.parent == jobs[2].id
    for _ in range(3):
        assert workbench.worker.run_one()
    assert workbench.store.jobs.claim("another", 60) == [jobs[3].id]
    assert workbench.store.jobs.claim("a third", 60) == []
    workbench.store.jobs.release("another")
    workbench.finish()
    assert workbench.now.head == behind.id


@pytest.mark.parametrize("undone", [0, 2])
@pytest.mark.parametrize("way", ["kept", "cancelled", "failed"])
def test_queued_edits_move_along_with_a_replay(workbench: Workbench, undone: int, way: str) -> None:
    """Variations too, which a worker has begun; steps that were undone are left aside, as the edits leave them."""
    edits = many(12)
    more = [
        replace(each, seed=60 + i) for i, each in enumerate(edits_at([Box(200, 300, 30, 20), Box(220, 310, 30, 20)]))
    ]
    steps = workbench.do(edits)
    for _ in range(undone):
        workbench.session.undo(workbench.document.id)
    on = workbench.now.head
    first, *_ = workbench.session.variations(workbench.document.id, more[0], 3)
    workbench.session.submit(workbench.document.id, more[1], first.id)
    before = workbench.now
    assert len(workbench.store.jobs.claim("w", 60)) == 3
    changed = replace(edits[2], seed=50) if way != "failed" else replace(edits[2], pipeline="failing")
    jobs = workbench.session.amend(workbench.document.id, steps[2].id, changed)
    assert len(jobs) == 10 - undone and not workbench.store.jobs.holds(first.id, "w")
    waiting = workbench.pending
    assert [each.id for each in waiting[: len(jobs)]] == [each.id for each in jobs]
    assert [each.parent for each in waiting[len(jobs) :]] == [jobs[-1].id] * 3 + [waiting[len(jobs)].id]
    with pytest.raises(Moved, match="being replayed"):
        workbench.session.amend(workbench.document.id, steps[0].id, replace(edits[0], seed=51))
    if way == "cancelled":
        workbench.worker.run_one()
        workbench.session.cancel(jobs[-1].id)
    elif way == "failed":
        workbench.worker.run_one()
    if way != "kept":
        assert workbench.now == before
        assert [each.parent for each in workbench.pending][:3] == [on] * 3
    workbench.finish()
    after = [*edits[:2], changed if way == "kept" else edits[2], *edits[3 : 12 - undone]]
    assert workbench.picture == from_scratch([*after, *more])
    assert workbench.now.head == workbench.now.tip


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_step_of_another_branch_is_replayed_to_its_newest_end(workbench: Workbench, elsewhere: bool) -> None:
    edits = many(12)
    steps = workbench.do(edits[:8])
    workbench.session.checkout(workbench.document.id, steps[3].id)
    workbench.do(edits[8:])
    if elsewhere:  # an edit is queued, and comes first
        workbench.session.submit(workbench.document.id, edits[4])
    before, end = workbench.now, workbench.store.jobs.tail(workbench.document.id)
    changed = replace(edits[5], seed=50)
    jobs = workbench.session.amend(workbench.document.id, steps[5].id, changed)
    assert [each.edit for each in jobs] == [changed, *edits[6:8]] and workbench.now == before
    assert workbench.store.jobs.tail(workbench.document.id) == jobs[-1].id
    if elsewhere:
        workbench.session.cancel(end)  # the replay is then the next
    workbench.finish()
    assert workbench.now.head == workbench.now.tip == jobs[-1].id
    assert workbench.picture == from_scratch([*edits[:5], changed, *edits[6:8]])


def test_a_replay_of_another_branch_is_not_shown_to_who_went_on(workbench: Workbench) -> None:
    edits = many(6)
    steps = workbench.do(edits[:3])
    workbench.session.checkout(workbench.document.id, steps[0].id)
    workbench.do(edits[3:])
    jobs = workbench.session.amend(workbench.document.id, steps[1].id, replace(edits[1], seed=50))
    workbench.session.undo(workbench.document.id)
    before = workbench.now
    workbench.finish()
    assert workbench.now == before and workbench.store.revisions.get(jobs[-1].id).picture


def test_who_asks_for_a_replay_again_gets_the_same(workbench: Workbench) -> None:
    edits = many(5)
    steps = workbench.do(edits)
    changed = replace(edits[1], seed=50)
    first, again = [
        [each.id for each in workbench.session.amend(workbench.document.id, steps[1].id, changed)] for _ in "12"
    ]
    assert first == again == [each.id for each in workbench.pending]
    workbench.finish()
    now = workbench.now
    workbench.session.amend(workbench.document.id, steps[1].id, changed)
    assert workbench.now == now and not workbench.pending
    back = workbench.session.amend(workbench.document.id, first[0], edits[1])  # all of it was made before
    assert [each.id for each in back] == [each.id for each in steps[1:]] and workbench.now.head == steps[-1].id


def test_a_later_step_that_would_not_fit_is_said_at_once(workbench: Workbench) -> None:
    wider = Edit(NOWHERE, margins=Margins(right=60), seed=1, pipeline="heedful", steps=1)
    beyond = an_edit(disc(Box(430, 20, 20, 20)), prompt="beyond", pipeline="heedful")
    steps = workbench.do([wider, beyond])
    with pytest.raises(ValueError, match=r"a later step .“beyond”. does not fit"):
        workbench.session.amend(workbench.document.id, steps[0].id, replace(wider, margins=Margins(right=10)))
    assert not workbench.pending


def test_what_cannot_be_amended_is_a_sentence(workbench: Workbench) -> None:
    edits = edits_at()
    steps = workbench.do(edits)
    root = steps[0].parent
    assert root is not None
    with pytest.raises(ValueError, match="opened picture"):
        workbench.session.amend(workbench.document.id, root, edits[0])
    with pytest.raises(ValueError, match="opened picture"):
        workbench.session.reblend(workbench.document.id, root, Blend())
    with pytest.raises(ValueError, match="outside the picture"):
        workbench.session.amend(workbench.document.id, steps[0].id, replace(edits[0], mask=disc(Box(900, 9, 9, 9))))


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
    workbench, edits = heedful(store), edits_at([Box(x, y, 24, 18) for x, y in corners])
    steps = workbench.do(edits)
    changed = [*edits]
    changed[at % len(edits)] = replace(edits[at % len(edits)], seed=seed)
    workbench.session.amend(workbench.document.id, steps[at % len(edits)].id, changed[at % len(edits)])
    runs = workbench.finish()
    assert 1 <= runs <= len(edits) - at % len(edits)
    assert workbench.picture == from_scratch(changed)
    store.close()


@pytest.mark.parametrize("undone", [0, 2])
def test_a_step_generated_again_stays_beside_the_first(workbench: Workbench, undone: int) -> None:
    """It is the shown step with another seed; steps that were undone are not repeated, and are not lost."""
    edits, document = edits_at(), workbench.document.id
    steps = workbench.do(edits)
    for _ in range(undone):
        workbench.session.undo(document)
    shown = steps[-1 - undone]
    assert shown.edit
    job = workbench.session.again(document, 77)
    assert job.edit == replace(shown.edit, seed=77) and job.parent == shown.parent
    assert workbench.now.head == shown.id  # until it is finished
    assert workbench.finish() == 1
    assert workbench.now.head == workbench.now.tip == job.id
    assert workbench.picture == from_scratch([*edits[: len(edits) - 1 - undone], job.edit])
    assert workbench.store.revisions.variations(job.id) == [shown.id, job.id]
    assert workbench.session.again(document, 77).id == job.id and workbench.finish() == 0  # asked twice, made once
    workbench.session.checkout(document, steps[-1].id)
    assert workbench.picture == from_scratch(edits)


def test_a_job_generated_again_before_it_is_finished_is_its_variation(workbench: Workbench) -> None:
    edits, document = edits_at(), workbench.document.id
    workbench.do(edits[:-1])
    first = workbench.session.submit(document, edits[-1])
    second, third = workbench.session.again(document, 77), workbench.session.again(document, 78)
    workbench.finish()
    assert workbench.now.head == first.id
    assert workbench.store.revisions.variations(first.id) == [first.id, second.id, third.id]
    replay = workbench.session.again(document, 79)
    beside = workbench.session.again(document, 80)
    workbench.finish()
    assert workbench.now.head == replay.id and workbench.store.revisions.get(beside.id).parent == first.parent


def test_what_waits_for_a_step_that_is_generated_again_follows_it(workbench: Workbench) -> None:
    edits, document = edits_at(), workbench.document.id
    workbench.do(edits[:1])
    again = workbench.session.again(document, 77)
    later = workbench.session.submit(document, edits[1], workbench.store.jobs.tail(document))
    workbench.finish()
    assert again.edit and workbench.picture == from_scratch([again.edit, edits[1]])
    assert workbench.now.head == later.id
    again = workbench.session.again(document, 78)
    workbench.session.cancel(again.id)
    assert workbench.finish() == 0 and workbench.now.head == later.id


def test_nothing_is_generated_again_where_no_model_was(workbench: Workbench) -> None:
    with pytest.raises(ValueError, match="No model made what is shown"):
        workbench.session.again(workbench.document.id, 1)
    workbench.session.crop(workbench.document.id, Box(0, 0, 90, 90))
    with pytest.raises(ValueError, match="No model made what is shown"):
        workbench.session.again(workbench.document.id, 1)
    workbench.finish()
    workbench.do(edits_at([Box(20, 20, 24, 18)]))
    for seed in (-1, 2**32, "7", None):
        with pytest.raises(ValueError, match="seed"):
            workbench.session.again(workbench.document.id, seed)  # type: ignore[arg-type]


def test_a_cancelled_variation_leaves_the_others(workbench: Workbench) -> None:
    jobs = workbench.session.variations(workbench.document.id, edits_at()[0], 3)
    workbench.session.cancel(jobs[1].id)
    assert workbench.finish() == 1 and len(workbench.models[0].requests[0].seeds) == 2
    assert [bool(workbench.store.revisions.get(each.id).picture) for each in jobs] == [True, False, True]


def test_variations_lie_side_by_side(workbench: Workbench) -> None:
    edit = edits_at()[0]
    jobs = workbench.session.variations(workbench.document.id, replace(edit, seed=2**32 - 1), 3)
    assert [job.edit.seed for job in jobs if job.edit] == [2**32 - 1, 0, 1]
    assert len({job.parent for job in jobs}) == 1
    assert workbench.finish() == 1 and workbench.models[0].requests[0].seeds == (2**32 - 1, 0, 1)  # one batch
    assert workbench.now.head == jobs[0].id and all(workbench.store.revisions.get(each.id).picture for each in jobs)
    for job in jobs:
        assert job.edit
        alone = run(apply(job.edit, Picture.from_pixels(noise(SIZE, SIZE)), loader(HeedfulPipeline()))).picture
        assert workbench.store.revisions.get(job.id).picture == alone
    for count in (0, 9):
        with pytest.raises(ValueError, match="1 to 8 variations"):
            workbench.session.variations(workbench.document.id, edit, count)


def test_a_revision_has_a_name(workbench: Workbench) -> None:
    (step,) = workbench.do(edits_at()[:1])
    assert step.name == "" and workbench.session.rename(step.id, "the good one").name == "the good one"
    assert workbench.store.revisions.get(step.id).name == "the good one"


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
