"""Edits that wait for edits: what comes of them is what had come of them one after the other, whatever is cancelled,
fails or is put in another order meanwhile.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from threading import Thread

import pytest

from editor.edits.apply import apply
from editor.edits.edit import NOWHERE, Edit
from editor.imaging.geometry import Box, Margins
from editor.imaging.picture import Picture
from editor.store.blobs import NotFound
from editor.store.documents import DocumentSummary
from editor.store.jobs import Jobs
from editor.store.maintenance import compact
from editor.store.queue import CANCELLED, LOST
from editor.store.revisions import Revision
from editor.store.store import Store
from editor.worker import Worker
from pipelines.base import run
from tests.fakes import FailingPipeline, HeedfulPipeline, loader
from tests.samples import an_edit, disc, noise
from tests.unit.test_history import Killed, killed_after
from tests.workbench import Workbench

LOAD = loader(HeedfulPipeline(), FailingPipeline(1))


def make_edit(name: str, **more: object) -> Edit:
    """An edit of this prompt; all of them lie on each other, so that each one's picture follows from those before."""
    return an_edit(disc(Box(20 + 3 * (ord(name[0]) - ord("a")), 30, 40, 30)), prompt=name, pipeline="heedful", **more)


def from_scratch(edits: Sequence[Edit]) -> Picture:
    picture = Picture.from_pixels(noise(120, 100))
    for edit in edits:
        picture = run(apply(edit, picture, LOAD)).picture
    return picture


@pytest.fixture
def store(where: Path | str) -> Iterator[Store]:
    store = Store(where)
    yield store
    store.close()


@pytest.fixture
def workbench(store: Store) -> Workbench:
    workbench = Workbench(store, HeedfulPipeline(), FailingPipeline(1))
    workbench.open(noise(120, 100), "Room")
    return workbench


def finish(workbench: Workbench) -> None:
    """Runs every job; nothing is wrong with the store then."""
    workbench.finish()
    assert workbench.complaints() == []


# edits behind edits


def test_edits_behind_each_other_are_what_they_had_been_one_by_one(workbench: Workbench) -> None:
    assert workbench.tail == workbench.now.head
    edits = [make_edit(name) for name in "abcd"]
    jobs = workbench.add(*edits)
    assert [each.parent for each in jobs] == [workbench.now.head, *(each.id for each in jobs[:-1])]
    assert workbench.tail == jobs[-1].id and workbench.waiting == list("abcd")
    for n, each in enumerate(jobs, 1):  # the head follows
        assert workbench.worker.run_one() and workbench.now.head == workbench.now.tip == each.id
        assert workbench.tail == jobs[-1].id and workbench.picture == from_scratch(edits[:n])
    finish(workbench)
    for each in (*jobs[-2::-1], workbench.store.revisions.get(str(jobs[0].parent))):
        assert workbench.session.undo(workbench.document.id).head == each.id


def test_an_edit_behind_variations_stands_on_the_first(workbench: Workbench) -> None:
    first, *others = workbench.session.variations(workbench.document.id, make_edit("a", seed=5), 3)
    assert workbench.tail == first.id
    (after,) = workbench.add(make_edit("b"))
    more = workbench.session.variations(workbench.document.id, make_edit("c"), 2, after.id)
    assert workbench.tail == more[0].id and len({each.parent for each in more}) == 1
    finish(workbench)
    assert workbench.now.head == more[0].id and workbench.shown == ["a", "b", "c"]
    assert all(workbench.store.revisions.get(each.id).picture for each in (*others, more[1]))


def test_an_edit_is_checked_against_the_frame_that_will_be(workbench: Workbench) -> None:
    wider = Edit(NOWHERE, margins=Margins(right=60), seed=1, pipeline="heedful", steps=1)
    beyond = an_edit(Box(150, 20, 20, 20), pipeline="heedful")
    with pytest.raises(ValueError, match="outside the picture"):
        workbench.add(beyond)
    workbench.add(wider, make_edit("a"), beyond)
    cut = Edit(NOWHERE, margins=Margins(right=-100), seed=0, pipeline="none")
    workbench.add(cut)
    with pytest.raises(ValueError, match="outside the picture"):
        workbench.add(beyond)
    with pytest.raises(ValueError, match="Nothing would be left"):
        workbench.add(cut)
    with pytest.raises(ValueError, match="outside the picture"):
        workbench.session.variations(workbench.document.id, beyond, 2, workbench.tail)
    finish(workbench)
    assert workbench.picture == from_scratch([wider, make_edit("a"), beyond, cut])


def test_nothing_stands_on_what_will_not_come(workbench: Workbench) -> None:
    (cancelled,) = workbench.add(make_edit("a"))
    workbench.session.cancel(cancelled.id)
    (failed,) = workbench.add(replace(make_edit("b"), pipeline="failing"))
    finish(workbench)
    for gone in (cancelled, failed):
        with pytest.raises(ValueError, match="has no result"):
            workbench.session.submit(workbench.document.id, make_edit("c"), gone.id)
    _, moved = workbench.add(make_edit("d"), make_edit("e"))
    workbench.session.cancel(workbench.id_of("d"))
    with pytest.raises(NotFound, match="no revision"):
        workbench.session.submit(workbench.document.id, make_edit("c"), moved.id)
    (discarded,) = workbench.add(make_edit("f"))
    workbench.session.discard(discarded.id)
    with pytest.raises(NotFound, match="no revision"):
        workbench.session.submit(workbench.document.id, make_edit("c"), discarded.id)
    assert workbench.waiting == ["e"]


def test_nothing_stands_on_what_is_cancelled_at_that_moment(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = workbench.add(make_edit("a"))
    real = Jobs.submit_together

    def interrupted(self: Jobs, *given: object) -> list[Revision]:
        monkeypatch.undo()
        workbench.session.cancel(first.id)
        return real(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Jobs, "submit_together", interrupted)
    with pytest.raises(NotFound, match="removed meanwhile"):
        workbench.add(make_edit("b"))
    assert workbench.waiting == []


# what is taken away


@pytest.mark.parametrize("way", ["cancel", "fail"])
@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("finished", range(2))
def test_what_is_taken_away_takes_nothing_along(workbench: Workbench, way: str, at: int, finished: int) -> None:
    edits = [make_edit(name) for name in "abcd"]
    if way == "fail":
        edits[at] = replace(edits[at], pipeline="failing")
    jobs = workbench.add(*edits)
    for _ in range(finished * at):
        assert workbench.worker.run_one()
    if way == "cancel":
        assert workbench.session.cancel(jobs[at].id).cancelled
        left = [each for n, each in enumerate(edits) if n > at or (n < at and not finished)]
        assert workbench.waiting == [each.prompt for each in left]
        assert workbench.tail == (workbench.pending[-1].id if left else workbench.now.head)
    finish(workbench)
    rest = [*edits[:at], *edits[at + 1 :]]
    assert workbench.picture == from_scratch(rest)
    assert workbench.shown == [each.prompt for each in rest] and workbench.now.head == workbench.now.tip
    broken = [node for node in workbench.store.revisions.tree(workbench.document.id) if not node.finished]
    assert [node.id for node in broken] == [jobs[at].id]  # nobody sees where the others waited before
    assert broken[0].error == (
        CANCELLED if way == "cancel" else "The model failed: the model ran out of paint. The log has the details."
    )
    compact(workbench.store)
    assert workbench.picture == from_scratch(rest)


def test_cancelled_in_the_midst_of_its_run(workbench: Workbench) -> None:
    first, *_ = workbench.add(make_edit("a"), make_edit("b"), make_edit("c"))
    assert workbench.store.jobs.claim("w", 60) == [first.id]
    applied = run(apply(make_edit("a"), workbench.picture, LOAD))
    workbench.session.cancel(first.id)
    assert not workbench.store.jobs.finish(first.id, "w", applied.picture, applied.crops)
    assert not workbench.store.jobs.fail(first.id, "w", "late")
    assert workbench.waiting == ["b", "c"]
    finish(workbench)
    assert workbench.picture == from_scratch([make_edit("b"), make_edit("c")])


def test_too_late_to_cancel_moves_nothing(workbench: Workbench) -> None:
    jobs = workbench.add(make_edit("a"), make_edit("b"))
    assert workbench.worker.run_one()
    assert workbench.session.cancel(jobs[0].id).picture
    assert [each.id for each in workbench.pending] == [jobs[1].id]


def test_later_edits_go_over_to_the_next_variation(workbench: Workbench) -> None:
    first, second, third = workbench.session.variations(workbench.document.id, make_edit("a"), 3)
    after, *_ = workbench.add(make_edit("b"), make_edit("c"))
    workbench.session.cancel(third.id)
    assert workbench.store.revisions.get(after.id).pending  # they stood on another
    workbench.session.cancel(first.id)
    assert workbench.store.revisions.get(workbench.id_of("b")).parent == second.id
    workbench.session.cancel(second.id)
    assert workbench.store.revisions.get(workbench.id_of("b")).parent == workbench.now.head
    finish(workbench)
    assert workbench.picture == from_scratch([make_edit("b"), make_edit("c")])


def test_later_edits_go_over_to_the_variation_that_is_shown(workbench: Workbench) -> None:
    first, second = workbench.session.variations(workbench.document.id, make_edit("a"), 2)
    workbench.add(make_edit("b"))
    claimed = workbench.store.jobs.claim("w", 60)
    assert claimed == [first.id, second.id] and second.edit
    picture = workbench.picture
    applied = run(apply(second.edit, picture, LOAD))
    assert workbench.store.jobs.finish(second.id, "w", applied.picture, applied.crops)
    workbench.session.cancel(first.id)
    assert workbench.now.head == second.id == workbench.store.revisions.get(workbench.id_of("b")).parent
    finish(workbench)
    assert workbench.shown == ["a", "b"]


def test_later_edits_go_to_no_variation_that_was_left(workbench: Workbench) -> None:
    root = workbench.now.head
    workbench.add(make_edit("a", seed=1))
    finish(workbench)
    workbench.session.undo(workbench.document.id)
    workbench.add(make_edit("a", seed=2), make_edit("b"))
    workbench.session.cancel(workbench.id_of("a"))
    assert workbench.store.revisions.get(workbench.id_of("b")).parent == root == workbench.now.head
    finish(workbench)
    assert workbench.shown == ["b"]


def test_variations_that_move_stay_side_by_side(workbench: Workbench) -> None:
    """Also where one of them was queued and cancelled before: the first is still the one that is shown."""
    for gone in (make_edit("b", seed=2), make_edit("b", seed=1)):
        workbench.session.cancel(workbench.session.submit(workbench.document.id, gone).id)
    (first,) = workbench.add(make_edit("a"))
    variations = workbench.session.variations(workbench.document.id, make_edit("b", seed=1), 3, first.id)
    workbench.add(make_edit("c"))
    assert workbench.store.revisions.get(workbench.tail).parent == variations[0].id
    workbench.session.cancel(first.id)
    *moved, last = workbench.pending
    assert [each.parent for each in moved] == [workbench.now.head] * 3
    assert [each.edit.seed for each in moved if each.edit] == [1, 2, 3] and last.parent == moved[0].id
    finish(workbench)
    assert workbench.now.head == last.id and workbench.picture == from_scratch([make_edit("b", seed=1), make_edit("c")])


def test_variations_that_fail_leave_the_later_edit(workbench: Workbench) -> None:
    workbench.session.variations(workbench.document.id, replace(make_edit("a"), pipeline="failing"), 3)
    workbench.add(make_edit("b"))
    finish(workbench)
    assert workbench.shown == ["b"]


def test_what_was_done_there_before_is_shown_at_once(workbench: Workbench) -> None:
    """Its edits move onto a state on which they were kept already."""
    root = workbench.now.head
    workbench.add(make_edit("b"))
    finish(workbench)
    done = workbench.now.head
    workbench.session.checkout(workbench.document.id, root)
    workbench.add(make_edit("a"), make_edit("b"), make_edit("c"))
    workbench.session.cancel(workbench.id_of("a"))
    assert workbench.now.head == workbench.now.tip == done and workbench.waiting == ["c"]
    finish(workbench)
    assert workbench.shown == ["b", "c"]


def test_of_two_equal_edits_one_is_cancelled(workbench: Workbench) -> None:
    first, _ = workbench.add(make_edit("a"), make_edit("a"))
    workbench.session.cancel(first.id)
    assert workbench.waiting == ["a"]
    finish(workbench)
    assert workbench.picture == from_scratch([make_edit("a")])


def test_who_cancels_what_has_moved_means_the_edit(workbench: Workbench) -> None:
    first, second, _ = workbench.add(make_edit("a"), make_edit("b"), make_edit("c"))
    workbench.session.cancel(first.id)
    assert workbench.session.cancel(second.id).cancelled and workbench.waiting == ["c"]
    assert workbench.session.cancel(second.id).cancelled and workbench.waiting == ["c"]  # once
    finish(workbench)
    assert workbench.shown == ["c"]


@pytest.mark.parametrize("way", ["cancel", "cancel the last", "fail"])
def test_a_replay_fails_together_and_what_waits_behind_it_does_not(workbench: Workbench, way: str) -> None:
    for name in "abc":
        workbench.add(make_edit(name))
        finish(workbench)
    before = workbench.now
    step = workbench.store.revisions.path_to(before.head)[1]
    replays = workbench.session.amend(
        workbench.document.id, step.id, replace(make_edit("a"), seed=9, pipeline="failing")
    )
    assert workbench.tail == replays[-1].id  # which will be shown
    workbench.add(make_edit("d"), make_edit("e"))
    if way == "fail":
        assert workbench.worker.run_one()
        assert [workbench.store.revisions.get(each.id).error for each in replays[1:]] == [LOST] * 2
    else:
        broken = replays if way == "cancel" else replays[2:]
        workbench.session.cancel(broken[0].id)
        assert [workbench.store.revisions.get(each.id).error for each in broken] == [CANCELLED] * len(broken)
    assert workbench.now == before and workbench.store.revisions.get(workbench.id_of("d")).parent == before.head
    finish(workbench)
    assert workbench.picture == from_scratch([make_edit(name) for name in "abcde"])


def test_what_waits_behind_a_replay_follows_it(workbench: Workbench) -> None:
    for name in "ab":
        workbench.add(make_edit(name))
        finish(workbench)
    step = workbench.store.revisions.path_to(workbench.now.head)[1]
    workbench.session.amend(workbench.document.id, step.id, make_edit("a", seed=9))
    workbench.add(make_edit("c"))
    finish(workbench)
    assert workbench.picture == from_scratch([make_edit("a", seed=9), make_edit("b"), make_edit("c")])


# another order


@pytest.mark.parametrize("order", [*permutations("abc")])
def test_any_order_is_as_if_it_had_been_queued_so(workbench: Workbench, order: Sequence[str]) -> None:
    before = [each.id for each in workbench.add(*[make_edit(name) for name in "abc"])]
    moved = workbench.session.reorder(workbench.document.id, [workbench.id_of(name) for name in order])
    assert workbench.waiting == list(order) and [each.edit.prompt for each in moved if each.edit] == list(order)
    assert [each.id for each in workbench.pending] == [each.id for each in moved]
    same = next((n for n in range(3) if order[n] != "abc"[n]), 3)
    assert [each.id for each in moved[:same]] == before[:same]  # nobody need look for those that stayed
    for gone in before[same:]:
        assert workbench.store.revisions.get(gone).cancelled and workbench.store.revisions.get(gone).deleted
    assert workbench.tail == moved[-1].id and not any(
        node.error for node in workbench.store.revisions.tree(workbench.document.id)
    )
    workbench.session.reorder(workbench.document.id, [workbench.id_of(name) for name in "abc"])  # and back
    assert workbench.waiting == list("abc")
    workbench.session.reorder(workbench.document.id, [workbench.id_of(name) for name in order])
    finish(workbench)
    assert workbench.picture == from_scratch([make_edit(name) for name in order])


def test_what_is_begun_stays_first(workbench: Workbench) -> None:
    begun, *_ = workbench.session.variations(workbench.document.id, make_edit("a"), 2)
    workbench.add(make_edit("b"), make_edit("c"))
    assert len(workbench.store.jobs.claim("w", 60)) == 2
    before = workbench.pending
    for order in (["a", "c", "b"], ["a", "b", "c"], ["b"], ["b", "b", "c"], ["b", "c", "c"]):
        with pytest.raises(ValueError, match="none that is running"):
            workbench.session.reorder(workbench.document.id, [workbench.id_of(name) for name in order])
    with pytest.raises(ValueError, match="none that is running"):
        workbench.session.reorder(workbench.document.id, ["gone", "\ud800"])
    assert [each.id for each in workbench.pending] == [each.id for each in before]
    moved = workbench.session.reorder(workbench.document.id, [workbench.id_of("c"), workbench.id_of("b")])
    assert workbench.waiting == ["a", "a", "c", "b"] and moved[0].parent == begun.id
    assert workbench.store.jobs.holds(begun.id, "w")
    workbench.store.jobs.release("w")
    finish(workbench)
    assert workbench.picture == from_scratch([make_edit(name) for name in "acb"])


def test_what_is_not_named_in_front_stays(workbench: Workbench) -> None:
    first, *_ = workbench.add(*[make_edit(name) for name in "abcd"])
    moved = workbench.session.reorder(workbench.document.id, [workbench.id_of(name) for name in "dbc"])
    assert moved[0].parent == first.id and workbench.waiting == list("adbc")
    assert workbench.session.reorder(workbench.document.id, []) == [] and workbench.waiting == list("adbc")
    with pytest.raises(ValueError, match="none that is running"):
        workbench.session.reorder(workbench.document.id, [workbench.id_of(name) for name in "db"])
    finish(workbench)
    assert workbench.picture == from_scratch([make_edit(name) for name in "adbc"])


def test_variations_change_places_together(workbench: Workbench) -> None:
    workbench.add(make_edit("a"))
    _, other = workbench.session.variations(workbench.document.id, make_edit("b"), 2, workbench.tail)
    workbench.add(make_edit("c"))
    aside = workbench.session.submit(workbench.document.id, make_edit("d"), other.id)  # on the second of them
    ids = [each.id for each in workbench.pending]
    a, b, b2, c = [id for id in ids if id != aside.id]
    moved = workbench.session.reorder(workbench.document.id, [b2, c, b, a])
    assert [each.edit.prompt for each in moved if each.edit] == ["b", "b", "c", "a"]
    assert moved[0].edit == other.edit
    assert moved[0].parent == moved[1].parent == workbench.now.head and moved[2].parent == moved[0].id
    assert (
        workbench.store.revisions.get(workbench.id_of("d")).parent == moved[0].id
    )  # along with the one that it stood on
    finish(workbench)
    assert other.edit
    assert workbench.picture == from_scratch([other.edit, make_edit("c"), make_edit("a")])


def test_no_order_leaves_an_edit_outside_the_picture(workbench: Workbench) -> None:
    wider = Edit(NOWHERE, prompt="wide", margins=Margins(right=60), seed=1, pipeline="heedful", steps=1)
    beyond = an_edit(Box(150, 20, 20, 20), prompt="beyond", pipeline="heedful")
    workbench.add(wider, make_edit("a"), beyond)
    with pytest.raises(ValueError, match="outside the picture"):
        workbench.session.reorder(workbench.document.id, [workbench.id_of(name) for name in ("a", "beyond", "wide")])
    assert workbench.waiting == ["wide", "a", "beyond"]
    workbench.session.reorder(workbench.document.id, [workbench.id_of(name) for name in ("wide", "beyond", "a")])
    finish(workbench)
    assert workbench.picture == from_scratch([wider, beyond, make_edit("a")])


# what happens meanwhile


@pytest.mark.parametrize("kept", range(3))
def test_undo_while_edits_wait_loses_none(workbench: Workbench, kept: int) -> None:
    workbench.add(make_edit("a"))
    finish(workbench)
    jobs = workbench.add(make_edit("b"), make_edit("c"), make_edit("d"))
    for _ in range(kept):
        assert workbench.worker.run_one()
    for _ in range(kept + 1):
        workbench.session.undo(workbench.document.id)
    before = workbench.now.head
    finish(workbench)
    assert workbench.now.head == before and workbench.now.tip == jobs[-1].id  # the user's place is not taken from them
    while workbench.session.can_redo(workbench.document.id):
        workbench.session.redo(workbench.document.id)
    assert workbench.shown == ["a", "b", "c", "d"]


def test_an_edit_after_undo_is_a_branch_of_its_own(workbench: Workbench) -> None:
    root = workbench.now.head
    workbench.add(make_edit("a"))
    finish(workbench)
    old = workbench.add(make_edit("b"), make_edit("c"))
    workbench.session.undo(workbench.document.id)
    assert workbench.tail == root
    workbench.add(make_edit("d"), make_edit("e"))
    workbench.session.cancel(old[0].id)
    finish(workbench)
    assert workbench.shown == ["d", "e"]
    (end,) = [
        node.id
        for node in workbench.store.revisions.tree(workbench.document.id)
        if node.edit and node.edit["prompt"] == "c"
    ]
    workbench.session.checkout(workbench.document.id, end)
    assert workbench.picture == from_scratch([make_edit("a"), make_edit("c")])


def test_killed_at_any_moment_all_of_it_happens_or_nothing(workbench: Workbench) -> None:
    jobs = workbench.add(make_edit("a"), make_edit("b"), make_edit("c"))

    def seen() -> list[tuple[str, str | None]]:
        return [(each.id, each.parent) for each in workbench.pending]

    before = seen()
    verbs = [
        lambda: workbench.session.cancel(jobs[0].id),
        lambda: workbench.session.reorder(workbench.document.id, [each.id for each in reversed(jobs)]),
    ]
    for verb in reversed(verbs):
        for statements in range(3, 99):
            with killed_after(statements):
                try:
                    verb()
                    break
                except Killed:
                    pass
            assert seen() == before
        assert statements > 8
        before = seen()
        jobs = workbench.pending
    finish(workbench)
    assert workbench.shown == ["b", "a"]


def test_others_keep_cancel_and_reorder_at_once(workbench: Workbench, where: Path | str) -> None:
    """Two workers, each with a connection of its own, while edits are taken back, added and put in another order."""
    stores = [Store(where) for _ in "12"]
    done = [False]
    troubles: list[BaseException] = []

    def work(store: Store) -> None:
        worker = Worker(store, LOAD)
        try:
            while not (done[0] and not store.jobs.pending(workbench.document.id)):
                worker.run_one()
        except BaseException as error:
            troubles.append(error)

    threads = [Thread(target=work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    names, cancelled, refused = "abcdefghijklmnopqrst", set(), 0
    for n, name in enumerate(names):
        try:
            workbench.add(make_edit(name))
        except (NotFound, ValueError):  # what it was to stand on was moved at that moment
            refused += 1
            cancelled.add(name)
        pending = workbench.pending
        if n % 3 == 2 and pending:
            last = workbench.session.cancel(pending[len(pending) // 2].id)
            if last.cancelled and last.edit:
                cancelled.add(last.edit.prompt)
        if n % 4 == 3:
            try:
                workbench.session.reorder(workbench.document.id, [each.id for each in pending[::-1]])
            except ValueError:  # one was begun
                pass
    done[0] = True
    for thread in threads:
        thread.join()
    for store in stores:
        store.close()
    assert troubles == [] and refused == 0  # nobody but this thread moves anything
    assert sorted(workbench.shown) == sorted(set(names) - cancelled)
    assert workbench.picture == from_scratch([make_edit(name) for name in workbench.shown])


# documents among each other


def test_a_copy_has_all_of_its_history_and_goes_its_own_way(workbench: Workbench) -> None:
    workbench.add(make_edit("a"), make_edit("b"))
    finish(workbench)
    workbench.session.undo(workbench.document.id)
    workbench.add(make_edit("c"))  # a job is not copied
    copied = workbench.session.duplicate(workbench.document.id)
    assert copied.name == "Room copy" and workbench.store.documents.get(copied.id) == copied
    assert workbench.session.picture(copied.id) == workbench.picture
    assert workbench.session.redo(copied.id).head != copied.head
    assert workbench.session.picture(copied.id) == from_scratch([make_edit("a"), make_edit("b")])
    assert workbench.store.jobs.pending(copied.id) == [] and workbench.shown == ["a"]
    workbench.session.delete(workbench.document.id)
    compact(workbench.store)
    assert workbench.session.picture(copied.id) == from_scratch([make_edit("a"), make_edit("b")])
    long = workbench.session.rename_document(copied.id, "x" * 300)
    assert len(long.name) == 200
    assert workbench.session.duplicate(long.id).name == "x" * 195 + " copy"


def test_the_gallery_tells_of_each_document(workbench: Workbench) -> None:
    other = workbench.session.open(noise(9, 9), "Other")
    assert [each.name for each in workbench.store.documents.summaries()] == ["Other", "Room"]
    workbench.add(make_edit("a"), make_edit("b"), make_edit("c"))
    workbench.session.cancel(workbench.id_of("c"))
    assert workbench.worker.run_one()
    workbench.session.rename_document(workbench.document.id, "Hall")
    changed = max(each.created for each in workbench.store.revisions.tree(workbench.document.id))
    first, second = workbench.store.documents.summaries()
    assert first == DocumentSummary(workbench.document.id, "Hall", workbench.now.head, changed, 1)
    assert (second.document, second.head, second.steps) == (other.id, other.head, 0)
    finish(workbench)
    workbench.session.discard(workbench.now.head)
    assert workbench.store.documents.summaries()[0].steps == 1
    workbench.session.delete(workbench.document.id)
    assert [each.document for each in workbench.store.documents.summaries()] == [other.id]
