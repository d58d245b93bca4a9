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
from editor.session import Session
from editor.store.blobs import NotFound
from editor.store.documents import Document, DocumentSummary
from editor.store.jobs import Jobs
from editor.store.maintenance import check, compact
from editor.store.queue import CANCELLED, LOST
from editor.store.revisions import Revision
from editor.store.store import Store
from editor.worker import Worker
from pipelines.base import run
from tests.fakes import FailingPipeline, HeedfulPipeline, loader
from tests.samples import an_edit, disc, noise
from tests.unit.test_history import Killed, killed_after

LOAD = loader(HeedfulPipeline(), FailingPipeline(1))


def make_edit(name: str, **more: object) -> Edit:
    """An edit of this prompt; all of them lie on each other, so that each one's picture follows from those before."""
    return an_edit(disc(Box(20 + 3 * (ord(name[0]) - ord("a")), 30, 40, 30)), prompt=name, pipeline="heedful", **more)


def from_scratch(edits: Sequence[Edit]) -> Picture:
    picture = Picture.from_pixels(noise(120, 100))
    for edit in edits:
        picture = run(apply(edit, picture, LOAD)).picture
    return picture


class Desk:
    def __init__(self, store: Store) -> None:
        self.store, self.session, self.worker = store, Session(store), Worker(store, LOAD)
        self.document = self.session.open(noise(120, 100), "Room").id

    def add(self, *edits: Edit) -> list[Revision]:
        """Edits, each behind all that wait."""
        return [self.session.submit(self.document, each, self.tail) for each in edits]

    def finish(self) -> None:
        while self.worker.run_one():
            pass
        assert self.session.store.jobs.pending(self.document) == []
        assert [each.complaint for each in check(self.store) if each.complaint] == []

    @property
    def tail(self) -> str:
        return self.session.store.jobs.tail(self.document)

    @property
    def now(self) -> Document:
        return self.session.store.documents.get(self.document)

    @property
    def waiting(self) -> list[str]:
        """What is queued, in the order in which it will run."""
        return [each.edit.prompt for each in self.session.store.jobs.pending(self.document) if each.edit]

    @property
    def shown(self) -> list[str]:
        """The steps that lead to what is shown."""
        return [each.edit.prompt for each in self.store.revisions.path_to(self.now.head) if each.edit]

    def id_of(self, name: str) -> str:
        """The job of this prompt that waits."""
        return next(e.id for e in self.session.store.jobs.pending(self.document) if e.edit and e.edit.prompt == name)


@pytest.fixture
def store(where: Path | str) -> Iterator[Store]:
    store = Store(where)
    yield store
    store.close()


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


# edits behind edits


def test_edits_behind_each_other_are_what_they_had_been_one_by_one(desk: Desk) -> None:
    assert desk.tail == desk.now.head
    edits = [make_edit(name) for name in "abcd"]
    jobs = desk.add(*edits)
    assert [each.parent for each in jobs] == [desk.now.head, *(each.id for each in jobs[:-1])]
    assert desk.tail == jobs[-1].id and desk.waiting == list("abcd")
    for n, each in enumerate(jobs, 1):  # the head follows
        assert desk.worker.run_one() and desk.now.head == desk.now.tip == each.id
        assert desk.tail == jobs[-1].id and desk.session.picture(desk.document) == from_scratch(edits[:n])
    desk.finish()
    for each in (*jobs[-2::-1], desk.session.store.revisions.get(str(jobs[0].parent))):
        assert desk.session.undo(desk.document).head == each.id


def test_an_edit_behind_variations_stands_on_the_first(desk: Desk) -> None:
    first, *others = desk.session.variations(desk.document, make_edit("a", seed=5), 3)
    assert desk.tail == first.id
    (after,) = desk.add(make_edit("b"))
    more = desk.session.variations(desk.document, make_edit("c"), 2, after.id)
    assert desk.tail == more[0].id and len({each.parent for each in more}) == 1
    desk.finish()
    assert desk.now.head == more[0].id and desk.shown == ["a", "b", "c"]
    assert all(desk.session.store.revisions.get(each.id).picture for each in (*others, more[1]))


def test_an_edit_is_checked_against_the_frame_that_will_be(desk: Desk) -> None:
    wider = Edit(NOWHERE, margins=Margins(right=60), seed=1, pipeline="heedful", steps=1)
    beyond = an_edit(Box(150, 20, 20, 20), pipeline="heedful")
    with pytest.raises(ValueError, match="outside the picture"):
        desk.add(beyond)
    desk.add(wider, make_edit("a"), beyond)
    cut = Edit(NOWHERE, margins=Margins(right=-100), seed=0, pipeline="none")
    desk.add(cut)
    with pytest.raises(ValueError, match="outside the picture"):
        desk.add(beyond)
    with pytest.raises(ValueError, match="Nothing would be left"):
        desk.add(cut)
    with pytest.raises(ValueError, match="outside the picture"):
        desk.session.variations(desk.document, beyond, 2, desk.tail)
    desk.finish()
    assert desk.session.picture(desk.document) == from_scratch([wider, make_edit("a"), beyond, cut])


def test_nothing_stands_on_what_will_not_come(desk: Desk) -> None:
    (cancelled,) = desk.add(make_edit("a"))
    desk.session.cancel(cancelled.id)
    (failed,) = desk.add(replace(make_edit("b"), pipeline="failing"))
    desk.finish()
    for gone in (cancelled, failed):
        with pytest.raises(ValueError, match="has no result"):
            desk.session.submit(desk.document, make_edit("c"), gone.id)
    _, moved = desk.add(make_edit("d"), make_edit("e"))
    desk.session.cancel(desk.id_of("d"))
    with pytest.raises(NotFound, match="no revision"):
        desk.session.submit(desk.document, make_edit("c"), moved.id)
    (discarded,) = desk.add(make_edit("f"))
    desk.session.discard(discarded.id)
    with pytest.raises(NotFound, match="no revision"):
        desk.session.submit(desk.document, make_edit("c"), discarded.id)
    assert desk.waiting == ["e"]


def test_nothing_stands_on_what_is_cancelled_at_that_moment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (first,) = desk.add(make_edit("a"))
    real = Jobs.submit_together

    def interrupted(self: Jobs, *given: object) -> list[Revision]:
        monkeypatch.undo()
        desk.session.cancel(first.id)
        return real(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Jobs, "submit_together", interrupted)
    with pytest.raises(NotFound, match="removed meanwhile"):
        desk.add(make_edit("b"))
    assert desk.waiting == []


# what is taken away


@pytest.mark.parametrize("way", ["cancel", "fail"])
@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("finished", range(2))
def test_what_is_taken_away_takes_nothing_along(desk: Desk, way: str, at: int, finished: int) -> None:
    edits = [make_edit(name) for name in "abcd"]
    if way == "fail":
        edits[at] = replace(edits[at], pipeline="failing")
    jobs = desk.add(*edits)
    for _ in range(finished * at):
        assert desk.worker.run_one()
    if way == "cancel":
        assert desk.session.cancel(jobs[at].id).cancelled
        left = [each for n, each in enumerate(edits) if n > at or (n < at and not finished)]
        assert desk.waiting == [each.prompt for each in left]
        assert desk.tail == (desk.session.store.jobs.pending(desk.document)[-1].id if left else desk.now.head)
    desk.finish()
    rest = [*edits[:at], *edits[at + 1 :]]
    assert desk.session.picture(desk.document) == from_scratch(rest)
    assert desk.shown == [each.prompt for each in rest] and desk.now.head == desk.now.tip
    broken = [node for node in desk.session.store.revisions.tree(desk.document) if not node.finished]
    assert [node.id for node in broken] == [jobs[at].id]  # nobody sees where the others waited before
    assert broken[0].error == (
        CANCELLED if way == "cancel" else "The model failed: the model ran out of paint. The log has the details."
    )
    compact(desk.store)
    assert desk.session.picture(desk.document) == from_scratch(rest)


def test_cancelled_in_the_midst_of_its_run(desk: Desk) -> None:
    first, *_ = desk.add(make_edit("a"), make_edit("b"), make_edit("c"))
    assert desk.store.jobs.claim("w", 60) == [first.id]
    applied = run(apply(make_edit("a"), desk.session.picture(desk.document), LOAD))
    desk.session.cancel(first.id)
    assert not desk.store.jobs.finish(first.id, "w", applied.picture, applied.crops)
    assert not desk.store.jobs.fail(first.id, "w", "late")
    assert desk.waiting == ["b", "c"]
    desk.finish()
    assert desk.session.picture(desk.document) == from_scratch([make_edit("b"), make_edit("c")])


def test_too_late_to_cancel_moves_nothing(desk: Desk) -> None:
    jobs = desk.add(make_edit("a"), make_edit("b"))
    assert desk.worker.run_one()
    assert desk.session.cancel(jobs[0].id).picture
    assert [each.id for each in desk.session.store.jobs.pending(desk.document)] == [jobs[1].id]


def test_later_edits_go_over_to_the_next_variation(desk: Desk) -> None:
    first, second, third = desk.session.variations(desk.document, make_edit("a"), 3)
    after, *_ = desk.add(make_edit("b"), make_edit("c"))
    desk.session.cancel(third.id)
    assert desk.session.store.revisions.get(after.id).pending  # they stood on another
    desk.session.cancel(first.id)
    assert desk.session.store.revisions.get(desk.id_of("b")).parent == second.id
    desk.session.cancel(second.id)
    assert desk.session.store.revisions.get(desk.id_of("b")).parent == desk.now.head
    desk.finish()
    assert desk.session.picture(desk.document) == from_scratch([make_edit("b"), make_edit("c")])


def test_later_edits_go_over_to_the_variation_that_is_shown(desk: Desk) -> None:
    first, second = desk.session.variations(desk.document, make_edit("a"), 2)
    desk.add(make_edit("b"))
    claimed = desk.store.jobs.claim("w", 60)
    assert claimed == [first.id, second.id] and second.edit
    picture = desk.session.picture(desk.document)
    applied = run(apply(second.edit, picture, LOAD))
    assert desk.store.jobs.finish(second.id, "w", applied.picture, applied.crops)
    desk.session.cancel(first.id)
    assert desk.now.head == second.id == desk.session.store.revisions.get(desk.id_of("b")).parent
    desk.finish()
    assert desk.shown == ["a", "b"]


def test_later_edits_go_to_no_variation_that_was_left(desk: Desk) -> None:
    root = desk.now.head
    desk.add(make_edit("a", seed=1))
    desk.finish()
    desk.session.undo(desk.document)
    desk.add(make_edit("a", seed=2), make_edit("b"))
    desk.session.cancel(desk.id_of("a"))
    assert desk.session.store.revisions.get(desk.id_of("b")).parent == root == desk.now.head
    desk.finish()
    assert desk.shown == ["b"]


def test_variations_that_move_stay_side_by_side(desk: Desk) -> None:
    """Also where one of them was queued and cancelled before: the first is still the one that is shown."""
    for gone in (make_edit("b", seed=2), make_edit("b", seed=1)):
        desk.session.cancel(desk.session.submit(desk.document, gone).id)
    (first,) = desk.add(make_edit("a"))
    variations = desk.session.variations(desk.document, make_edit("b", seed=1), 3, first.id)
    desk.add(make_edit("c"))
    assert desk.session.store.revisions.get(desk.tail).parent == variations[0].id
    desk.session.cancel(first.id)
    *moved, last = desk.session.store.jobs.pending(desk.document)
    assert [each.parent for each in moved] == [desk.now.head] * 3
    assert [each.edit.seed for each in moved if each.edit] == [1, 2, 3] and last.parent == moved[0].id
    desk.finish()
    assert desk.now.head == last.id and desk.session.picture(desk.document) == from_scratch(
        [make_edit("b", seed=1), make_edit("c")]
    )


def test_variations_that_fail_leave_the_later_edit(desk: Desk) -> None:
    desk.session.variations(desk.document, replace(make_edit("a"), pipeline="failing"), 3)
    desk.add(make_edit("b"))
    desk.finish()
    assert desk.shown == ["b"]


def test_what_was_done_there_before_is_shown_at_once(desk: Desk) -> None:
    """Its edits move onto a state on which they were kept already."""
    root = desk.now.head
    desk.add(make_edit("b"))
    desk.finish()
    done = desk.now.head
    desk.session.checkout(desk.document, root)
    desk.add(make_edit("a"), make_edit("b"), make_edit("c"))
    desk.session.cancel(desk.id_of("a"))
    assert desk.now.head == desk.now.tip == done and desk.waiting == ["c"]
    desk.finish()
    assert desk.shown == ["b", "c"]


def test_of_two_equal_edits_one_is_cancelled(desk: Desk) -> None:
    first, _ = desk.add(make_edit("a"), make_edit("a"))
    desk.session.cancel(first.id)
    assert desk.waiting == ["a"]
    desk.finish()
    assert desk.session.picture(desk.document) == from_scratch([make_edit("a")])


def test_who_cancels_what_has_moved_means_the_edit(desk: Desk) -> None:
    first, second, _ = desk.add(make_edit("a"), make_edit("b"), make_edit("c"))
    desk.session.cancel(first.id)
    assert desk.session.cancel(second.id).cancelled and desk.waiting == ["c"]
    assert desk.session.cancel(second.id).cancelled and desk.waiting == ["c"]  # once
    desk.finish()
    assert desk.shown == ["c"]


@pytest.mark.parametrize("way", ["cancel", "cancel the last", "fail"])
def test_a_replay_fails_together_and_what_waits_behind_it_does_not(desk: Desk, way: str) -> None:
    for name in "abc":
        desk.add(make_edit(name))
        desk.finish()
    before = desk.now
    step = desk.store.revisions.path_to(before.head)[1]
    replays = desk.session.amend(desk.document, step.id, replace(make_edit("a"), seed=9, pipeline="failing"))
    assert desk.tail == replays[-1].id  # which will be shown
    desk.add(make_edit("d"), make_edit("e"))
    if way == "fail":
        assert desk.worker.run_one()
        assert [desk.session.store.revisions.get(each.id).error for each in replays[1:]] == [LOST] * 2
    else:
        broken = replays if way == "cancel" else replays[2:]
        desk.session.cancel(broken[0].id)
        assert [desk.session.store.revisions.get(each.id).error for each in broken] == [CANCELLED] * len(broken)
    assert desk.now == before and desk.session.store.revisions.get(desk.id_of("d")).parent == before.head
    desk.finish()
    assert desk.session.picture(desk.document) == from_scratch([make_edit(name) for name in "abcde"])


def test_what_waits_behind_a_replay_follows_it(desk: Desk) -> None:
    for name in "ab":
        desk.add(make_edit(name))
        desk.finish()
    step = desk.store.revisions.path_to(desk.now.head)[1]
    desk.session.amend(desk.document, step.id, make_edit("a", seed=9))
    desk.add(make_edit("c"))
    desk.finish()
    assert desk.session.picture(desk.document) == from_scratch([make_edit("a", seed=9), make_edit("b"), make_edit("c")])


# another order


@pytest.mark.parametrize("order", [*permutations("abc")])
def test_any_order_is_as_if_it_had_been_queued_so(desk: Desk, order: Sequence[str]) -> None:
    before = [each.id for each in desk.add(*[make_edit(name) for name in "abc"])]
    moved = desk.session.reorder(desk.document, [desk.id_of(name) for name in order])
    assert desk.waiting == list(order) and [each.edit.prompt for each in moved if each.edit] == list(order)
    assert [each.id for each in desk.session.store.jobs.pending(desk.document)] == [each.id for each in moved]
    same = next((n for n in range(3) if order[n] != "abc"[n]), 3)
    assert [each.id for each in moved[:same]] == before[:same]  # nobody need look for those that stayed
    for gone in before[same:]:
        assert desk.session.store.revisions.get(gone).cancelled and desk.session.store.revisions.get(gone).deleted
    assert desk.tail == moved[-1].id and not any(
        node.error for node in desk.session.store.revisions.tree(desk.document)
    )
    desk.session.reorder(desk.document, [desk.id_of(name) for name in "abc"])  # and back
    assert desk.waiting == list("abc")
    desk.session.reorder(desk.document, [desk.id_of(name) for name in order])
    desk.finish()
    assert desk.session.picture(desk.document) == from_scratch([make_edit(name) for name in order])


def test_what_is_begun_stays_first(desk: Desk) -> None:
    begun, *_ = desk.session.variations(desk.document, make_edit("a"), 2)
    desk.add(make_edit("b"), make_edit("c"))
    assert len(desk.store.jobs.claim("w", 60)) == 2
    before = desk.session.store.jobs.pending(desk.document)
    for order in (["a", "c", "b"], ["a", "b", "c"], ["b"], ["b", "b", "c"], ["b", "c", "c"]):
        with pytest.raises(ValueError, match="none that is running"):
            desk.session.reorder(desk.document, [desk.id_of(name) for name in order])
    with pytest.raises(ValueError, match="none that is running"):
        desk.session.reorder(desk.document, ["gone", "\ud800"])
    assert [each.id for each in desk.session.store.jobs.pending(desk.document)] == [each.id for each in before]
    moved = desk.session.reorder(desk.document, [desk.id_of("c"), desk.id_of("b")])
    assert desk.waiting == ["a", "a", "c", "b"] and moved[0].parent == begun.id
    assert desk.store.jobs.holds(begun.id, "w")
    desk.store.jobs.release("w")
    desk.finish()
    assert desk.session.picture(desk.document) == from_scratch([make_edit(name) for name in "acb"])


def test_what_is_not_named_in_front_stays(desk: Desk) -> None:
    first, *_ = desk.add(*[make_edit(name) for name in "abcd"])
    moved = desk.session.reorder(desk.document, [desk.id_of(name) for name in "dbc"])
    assert moved[0].parent == first.id and desk.waiting == list("adbc")
    assert desk.session.reorder(desk.document, []) == [] and desk.waiting == list("adbc")
    with pytest.raises(ValueError, match="none that is running"):
        desk.session.reorder(desk.document, [desk.id_of(name) for name in "db"])
    desk.finish()
    assert desk.session.picture(desk.document) == from_scratch([make_edit(name) for name in "adbc"])


def test_variations_change_places_together(desk: Desk) -> None:
    desk.add(make_edit("a"))
    _, other = desk.session.variations(desk.document, make_edit("b"), 2, desk.tail)
    desk.add(make_edit("c"))
    aside = desk.session.submit(desk.document, make_edit("d"), other.id)  # on the second of them
    ids = [each.id for each in desk.session.store.jobs.pending(desk.document)]
    a, b, b2, c = [id for id in ids if id != aside.id]
    moved = desk.session.reorder(desk.document, [b2, c, b, a])
    assert [each.edit.prompt for each in moved if each.edit] == ["b", "b", "c", "a"]
    assert moved[0].edit == other.edit
    assert moved[0].parent == moved[1].parent == desk.now.head and moved[2].parent == moved[0].id
    assert (
        desk.session.store.revisions.get(desk.id_of("d")).parent == moved[0].id
    )  # along with the one that it stood on
    desk.finish()
    assert other.edit
    assert desk.session.picture(desk.document) == from_scratch([other.edit, make_edit("c"), make_edit("a")])


def test_no_order_leaves_an_edit_outside_the_picture(desk: Desk) -> None:
    wider = Edit(NOWHERE, prompt="wide", margins=Margins(right=60), seed=1, pipeline="heedful", steps=1)
    beyond = an_edit(Box(150, 20, 20, 20), prompt="beyond", pipeline="heedful")
    desk.add(wider, make_edit("a"), beyond)
    with pytest.raises(ValueError, match="outside the picture"):
        desk.session.reorder(desk.document, [desk.id_of(name) for name in ("a", "beyond", "wide")])
    assert desk.waiting == ["wide", "a", "beyond"]
    desk.session.reorder(desk.document, [desk.id_of(name) for name in ("wide", "beyond", "a")])
    desk.finish()
    assert desk.session.picture(desk.document) == from_scratch([wider, beyond, make_edit("a")])


# what happens meanwhile


@pytest.mark.parametrize("kept", range(3))
def test_undo_while_edits_wait_loses_none(desk: Desk, kept: int) -> None:
    desk.add(make_edit("a"))
    desk.finish()
    jobs = desk.add(make_edit("b"), make_edit("c"), make_edit("d"))
    for _ in range(kept):
        assert desk.worker.run_one()
    for _ in range(kept + 1):
        desk.session.undo(desk.document)
    before = desk.now.head
    desk.finish()
    assert desk.now.head == before and desk.now.tip == jobs[-1].id  # the user's place is not taken from them
    while desk.session.can_redo(desk.document):
        desk.session.redo(desk.document)
    assert desk.shown == ["a", "b", "c", "d"]


def test_an_edit_after_undo_is_a_branch_of_its_own(desk: Desk) -> None:
    root = desk.now.head
    desk.add(make_edit("a"))
    desk.finish()
    old = desk.add(make_edit("b"), make_edit("c"))
    desk.session.undo(desk.document)
    assert desk.tail == root
    desk.add(make_edit("d"), make_edit("e"))
    desk.session.cancel(old[0].id)
    desk.finish()
    assert desk.shown == ["d", "e"]
    (end,) = [
        node.id for node in desk.session.store.revisions.tree(desk.document) if node.edit and node.edit["prompt"] == "c"
    ]
    desk.session.checkout(desk.document, end)
    assert desk.session.picture(desk.document) == from_scratch([make_edit("a"), make_edit("c")])


def test_killed_at_any_moment_all_of_it_happens_or_nothing(desk: Desk) -> None:
    jobs = desk.add(make_edit("a"), make_edit("b"), make_edit("c"))

    def seen() -> list[tuple[str, str | None]]:
        return [(each.id, each.parent) for each in desk.session.store.jobs.pending(desk.document)]

    before = seen()
    verbs = [
        lambda: desk.session.cancel(jobs[0].id),
        lambda: desk.session.reorder(desk.document, [each.id for each in reversed(jobs)]),
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
        jobs = desk.session.store.jobs.pending(desk.document)
    desk.finish()
    assert desk.shown == ["b", "a"]


def test_others_keep_cancel_and_reorder_at_once(desk: Desk, where: Path | str) -> None:
    """Two workers, each with a connection of its own, while edits are taken back, added and put in another order."""
    stores = [Store(where) for _ in "12"]
    done = [False]
    troubles: list[BaseException] = []

    def work(store: Store) -> None:
        worker = Worker(store, LOAD)
        try:
            while not (done[0] and not store.jobs.pending(desk.document)):
                worker.run_one()
        except BaseException as error:
            troubles.append(error)

    threads = [Thread(target=work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    names, cancelled, refused = "abcdefghijklmnopqrst", set(), 0
    for n, name in enumerate(names):
        try:
            desk.add(make_edit(name))
        except (NotFound, ValueError):  # what it was to stand on was moved at that moment
            refused += 1
            cancelled.add(name)
        pending = desk.session.store.jobs.pending(desk.document)
        if n % 3 == 2 and pending:
            last = desk.session.cancel(pending[len(pending) // 2].id)
            if last.cancelled and last.edit:
                cancelled.add(last.edit.prompt)
        if n % 4 == 3:
            try:
                desk.session.reorder(desk.document, [each.id for each in pending[::-1]])
            except ValueError:  # one was begun
                pass
    done[0] = True
    for thread in threads:
        thread.join()
    for store in stores:
        store.close()
    assert troubles == [] and refused == 0  # nobody but this thread moves anything
    assert sorted(desk.shown) == sorted(set(names) - cancelled)
    assert desk.session.picture(desk.document) == from_scratch([make_edit(name) for name in desk.shown])


# documents among each other


def test_a_copy_has_all_of_its_history_and_goes_its_own_way(desk: Desk) -> None:
    desk.add(make_edit("a"), make_edit("b"))
    desk.finish()
    desk.session.undo(desk.document)
    desk.add(make_edit("c"))  # a job is not copied
    copied = desk.session.duplicate(desk.document)
    assert copied.name == "Room copy" and desk.session.store.documents.get(copied.id) == copied
    assert desk.session.picture(copied.id) == desk.session.picture(desk.document)
    assert desk.session.redo(copied.id).head != copied.head
    assert desk.session.picture(copied.id) == from_scratch([make_edit("a"), make_edit("b")])
    assert desk.session.store.jobs.pending(copied.id) == [] and desk.shown == ["a"]
    desk.session.delete(desk.document)
    compact(desk.store)
    assert desk.session.picture(copied.id) == from_scratch([make_edit("a"), make_edit("b")])
    long = desk.session.rename_document(copied.id, "x" * 300)
    assert len(long.name) == 200
    assert desk.session.duplicate(long.id).name == "x" * 195 + " copy"


def test_the_gallery_tells_of_each_document(desk: Desk) -> None:
    other = desk.session.open(noise(9, 9), "Other")
    assert [each.name for each in desk.session.store.documents.summaries()] == ["Other", "Room"]
    desk.add(make_edit("a"), make_edit("b"), make_edit("c"))
    desk.session.cancel(desk.id_of("c"))
    assert desk.worker.run_one()
    desk.session.rename_document(desk.document, "Hall")
    changed = max(each.created for each in desk.session.store.revisions.tree(desk.document))
    first, second = desk.session.store.documents.summaries()
    assert first == DocumentSummary(desk.document, "Hall", desk.now.head, changed, 1)
    assert (second.document, second.head, second.steps) == (other.id, other.head, 0)
    desk.finish()
    desk.session.discard(desk.now.head)
    assert desk.session.store.documents.summaries()[0].steps == 1
    desk.session.delete(desk.document)
    assert [each.document for each in desk.session.store.documents.summaries()] == [other.id]
