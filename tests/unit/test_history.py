"""Any sequence of verbs, crashes included, against a simple model of the tree: the store says the same after each."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import get_ident
from zlib import crc32

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from editor import worker as worker_module
from editor.edits.apply import apply
from editor.edits.edit import Blend, Edit
from editor.imaging.geometry import Box
from editor.imaging.limits import MAX_IMAGES
from editor.imaging.picture import Picture
from editor.session import Session
from editor.store.database import Transaction
from editor.store.maintenance import check, compact
from editor.store.queue import Moved, revision_id
from editor.store.store import Store
from editor.worker import Worker
from pipelines.base import run
from tests.fakes import NoisePipeline, loader
from tests.samples import an_edit, noise

LOAD = loader(NoisePipeline())
# a process that is not there, as workers name theirs
DEAD = f"{worker_module._process(os.getpid()).rsplit('/', 2)[0]}/999999999/1"


class Killed(BaseException):
    """What no code catches: the process was killed here."""


@dataclass
class State:
    """What the model knows of a revision. takes: whose place it takes when finished. replay: whether it is made
    again because an earlier one was changed; remakes: from which step then. gone: when it was discarded; -1: its edit
    was queued again on another.
    """

    parent: str | None
    edit: Edit | None
    picture: Picture | None = None
    takes: str | None = None
    replay: bool = False
    remakes: str = ""
    cancelled: bool = False
    gone: int = 0
    name: str = ""

    @property
    def waiting(self) -> bool:
        return self.picture is None and not self.cancelled


class History(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.born = 0
        self.reopen()
        self.document = self.session.open(noise(64, 64))
        self.head = self.tip = self.document.head
        # in the order of promising
        self.states = {self.head: State(None, None, Picture.from_pixels(noise(64, 64)))}
        self.discards = 0

    def reopen(self) -> None:
        self.session = Session(Store(Path(self.folder.name)))
        self.worker = Worker(self.session.store, LOAD)
        self.born += 1
        self.worker.id = f"{DEAD}/{self.born}"  # when this process is killed, others see it

    # the model

    def submitted(self, id: str, parent: str, edit: Edit, takes: str, remakes: str = "") -> None:
        if id in self.states and self.states[id].cancelled:
            for each in self.later(id):
                del self.states[each]
        state = self.states.setdefault(id, State(parent, edit))
        state.gone, state.remakes = 0, remakes or state.remakes
        if not (state.waiting and state.replay and not remakes):  # a step of a replay that waits stays one
            state.takes, state.replay = takes, bool(remakes)

    def path(self, id: str) -> list[str]:
        """From this one back to the opened picture."""
        found: list[str] = []
        at: str | None = id
        while at is not None:
            found.append(at)
            at = self.states[at].parent
        return found

    def replayed(self, last: str) -> dict[str, str]:
        """The steps of a replay by those that they are made again from, the last one first."""
        found: dict[str, str] = {}
        for id in self.path(last):
            old = self.states[id].remakes
            if not old:
                break
            found[old] = id
            if old not in self.states or self.states[old].parent == self.states[id].parent:
                break
        return found

    def landing(self, last: str) -> str | None:
        """What is shown when a replay is finished; None: nothing moves."""
        takes, steps = self.states[last].takes, self.replayed(last)
        assert takes is not None
        old = list(steps)
        if not old or old[0] != takes:  # of another branch
            return last if self.head == takes else None
        if self.head not in self.path(takes) or takes not in self.path(self.tip):
            return None
        return steps[self.head] if self.head in old[:-1] else last

    def base(self) -> str:
        """What will be shown once the replay that waits is finished; the head while none does."""
        for id, state in self.states.items():
            if state.waiting and state.replay and state.takes and state.takes == state.remakes:
                return self.landing(id) or self.head
        return self.head

    def later(self, id: str) -> list[str]:
        found = [id]
        for each, state in self.states.items():
            if state.parent in found:
                found.append(each)
        return found

    def chain(self) -> list[str]:
        """The jobs that will be shown one after the other."""
        return self.chain_from(self.base())

    def chain_from(self, start: str) -> list[str]:
        found: list[str] = []
        at: str | None = start
        while at is not None:
            at = next((id for id, state in self.states.items() if state.waiting and state.takes == at), None)
            found += [at] if at is not None else []
        return found

    def beside(self, id: str) -> list[str]:
        """A job and its variations that wait."""
        one = self.states[id]
        assert one.edit is not None
        return [
            each
            for each, state in self.states.items()
            if state.waiting and not state.replay and state.parent == one.parent and state.edit is not None
            and replace(state.edit, seed=0) == replace(one.edit, seed=0)
        ]  # fmt: skip

    def cleared(self, ids: list[str]) -> list[tuple[str, State]]:
        """Jobs cancelled, out of sight with all that follow them; as they were."""
        were = [(id, replace(self.states[id])) for id in ids]
        for id in ids:
            self.states[id].cancelled = True
            for each in self.later(id):
                self.states[each].gone = self.states[each].gone or -1
        return were

    def behind(self, ids: Iterable[str]) -> list[str]:
        """The edits in the queue that wait for these, at whatever remove."""
        found = {*ids}
        for id, state in self.states.items():
            if state.parent in found and state.waiting:
                found.add(id)
        return [id for id, state in self.states.items() if id in found - {*ids} and state.waiting and not state.replay]

    def broken(self, id: str) -> dict[str, str]:
        """A replay cancelled; where what stood on its steps goes."""
        steps = [each for each, state in self.states.items() if state.waiting and state.replay]
        pairs = self.replayed(steps[-1])
        ground = self.states[list(pairs.values())[-1]].parent
        stands = {}
        for old, new in pairs.items():
            to = self.states[new].takes if new == steps[-1] else old
            there = to in self.states and not self.states[str(to)].gone and not self.states[str(to)].cancelled
            stands[new] = str(to if there else ground)
        for each in steps:
            self.states[each].cancelled = True
        return stands

    def again(self, were: list[tuple[str, State]], stands: dict[str, str]) -> dict[str, str]:
        """What was cleared, queued again on what its parents are now."""
        taken = set()
        for id, state in were:
            on = stands[str(state.parent)]
            assert state.edit is not None
            now = stands[id] = revision_id(self.document.id, on, state.edit.to_json())
            self.submitted(now, on, state.edit, on)
            if on not in taken and self.states[now].picture is not None:
                if self.head == on:
                    self.head = self.tip = now
                elif self.tip == on:
                    self.tip = now
            taken.add(on)
        return stands

    def batch(self) -> list[str]:
        """What a worker takes next: the oldest job that can run, with its variations."""
        ready, replay = [], False
        for id, state in self.states.items():
            if state.waiting and state.parent is not None and self.states[state.parent].picture is not None:
                ready += [id] if state.replay or not replay else []  # a replay is finished before what is behind it
            replay |= state.waiting and state.replay
        first = self.states[ready[0]]
        assert first.edit is not None
        alike = [
            id
            for id in ready
            if self.states[id].parent == first.parent
            and replace(self.states[id].edit, seed=0) == replace(first.edit, seed=0)  # type: ignore[type-var]
        ]
        return alike[:MAX_IMAGES]

    def finished(self, id: str) -> None:
        state = self.states[id]
        assert state.parent is not None and state.edit is not None
        before = self.states[state.parent].picture
        assert before is not None
        state.picture = run(apply(state.edit, before, LOAD)).picture
        if state.replay:
            to = self.landing(id) if state.takes else None
            self.head, self.tip = (self.head, self.tip) if to is None else (to, id)
        elif self.head == state.takes:
            self.head = self.tip = id
        elif self.tip == state.takes:
            self.tip = id

    def some(self, n: int, *, finished: bool) -> str | None:
        those = [id for id, s in self.states.items() if not s.gone and (s.picture is not None) == finished]
        return those[n % len(those)] if those else None

    # the verbs

    @rule(seed=st.integers(0, 2), count=st.sampled_from([1, 1, 3]), behind=st.sampled_from([True, True, False]))
    def submit(self, seed: int, count: int, behind: bool) -> None:
        edit = an_edit(Box(10 * seed, 20, 12, 12), seed=seed, steps=1)
        parent = self.session.store.jobs.tail(self.document.id) if behind else self.head
        for n, revision in enumerate(self.session.variations(self.document.id, edit, count, parent)):
            self.submitted(revision.id, parent, replace(edit, seed=seed + n), parent)
            if self.states[revision.id].picture is not None:
                self.head = self.tip = revision.id

    @rule(n=st.integers(0, 99), seed=st.integers(3, 4), blend=st.booleans(), statements=st.integers(0, 60))
    def amend(self, n: int, seed: int, blend: bool, statements: int) -> None:
        steps = [id for id, state in self.states.items() if state.edit and state.picture is not None and not state.gone]
        if not steps:
            return
        id = steps[n % len(steps)]
        edit = self.states[id].edit
        assert edit is not None
        changed = replace(edit, blend=Blend(feather=seed)) if blend else replace(edit, seed=seed)
        end = self.head if self.head != self.tip and self.chain_from(self.head) else self.tip
        again, takes, jobs = self.path(end)[::-1], end, self.behind([end])
        if id in again:
            again = again[again.index(id) :]
        else:
            again, takes, jobs = [id], [self.head, *self.chain_from(self.head)][-1], []
            to_tip = self.path(self.tip)
            while True:
                after = [each for each in self.states if self.states[each].parent == again[-1]]
                after = [each for each in after if self.states[each].picture is not None and not self.states[each].gone]
                if not after:
                    break
                again.append(next((each for each in after if each in to_tip), after[-1]))
        requests = [changed, *(self.states[each].edit for each in again[1:])]
        parent, ids = self.states[id].parent, []
        for edit in requests:
            assert edit is not None
            parent = revision_id(self.document.id, parent, edit.to_json())
            ids.append(parent)
        waiting = [each for each, state in self.states.items() if state.waiting and state.replay]
        same = ids == again or (bool(waiting) and waiting[-1] == ids[-1])
        try:
            with killed_after(statements):
                amended = self.session.amend(self.document.id, id, changed)
        except Killed:
            self.restart()
            return
        except Moved:
            assert waiting and not same
            return
        assert [each.id for each in amended] == ids and (same or not waiting)
        if same:
            return
        were = self.cleared(jobs)
        for new, old, edit in zip(ids, again, requests, strict=True):
            on = str(self.states[id].parent) if new == ids[0] else ids[ids.index(new) - 1]
            assert edit is not None
            self.submitted(new, on, edit, takes if old == again[-1] else "", remakes=old)
        if self.states[ids[-1]].picture is not None:  # it was made before
            to = self.landing(ids[-1])
            self.head, self.tip = (self.head, self.tip) if to is None else (to, ids[-1])
        self.again(were, {again[-1]: ids[-1]})

    @precondition(lambda self: any(state.waiting for state in self.states.values()))
    @rule(times=st.integers(1, 3))
    def keep(self, times: int) -> None:
        for _ in range(times):
            if any(state.waiting for state in self.states.values()):
                batch = self.batch()
                assert self.worker.run_one()
                for id in batch:
                    self.finished(id)
            else:
                assert not self.worker.run_one()

    @precondition(lambda self: any(state.waiting for state in self.states.values()))
    @rule(n=st.integers(0, 9), statements=st.integers(3, 40))
    def cancel(self, n: int, statements: int) -> None:
        id = self.some(n, finished=False)
        if id is None or not self.states[id].waiting:
            return
        try:
            with killed_after(statements):
                self.session.cancel(id)
        except Killed:
            self.restart()
            return
        gone = replace(self.states[id])
        assert gone.parent is not None
        if gone.replay:
            stands = self.broken(id)
        else:
            on = gone.parent
            alike = [each for each in self.beside(id) if each != id]
            head = self.states[self.head]
            if head.parent == gone.parent and replace(head.edit, seed=0) == replace(gone.edit, seed=0):  # type: ignore[type-var]
                alike = [self.head]
            stands = {id: alike[0] if alike else on}
        later = self.behind(stands)
        self.states[id].cancelled = True
        stands = self.again(self.cleared(later), stands)
        for state in self.states.values():
            if state.waiting and state.replay:
                state.takes = stands.get(str(state.takes), state.takes)

    @precondition(lambda self: len(self.chain()) > 1)
    @rule(n=st.integers(0, 99), statements=st.integers(3, 80))
    def reorder(self, n: int, statements: int) -> None:
        for holder in self.session.store.jobs.holders():  # those of earlier crashes, as a worker does
            self.session.store.jobs.release(holder)
        steps = [self.beside(id) if not self.states[id].replay else [id] for id in self.chain()]
        replays = [k for k, step in enumerate(steps) if self.states[step[0]].replay]
        settled = replays[-1] + 1 if replays else 0
        base = steps[settled - 1][0] if settled else self.base()
        steps = steps[settled:]
        order = [id for step in steps for id in step]
        order = [id for _, id in sorted((crc32(f"{n} {k}".encode()), id) for k, id in enumerate(order))]
        try:
            with killed_after(statements):
                moved = self.session.reorder(self.document.id, order)
        except Killed:
            self.restart()
            return
        place = {id: k for k, step in enumerate(steps) for id in step}
        wanted: dict[int, list[str]] = {}
        for id in order:
            wanted.setdefault(place[id], []).append(id)
        after = list(wanted.values())
        while after and after[0] == steps[0]:
            base = after.pop(0)[0]
            del steps[0]
        ids = [id for step in after for id in step]
        rest = {each for id in ids for each in self.later(id) if self.states[each].waiting} - set(ids)
        were = self.cleared([*ids, *(id for id in self.states if id in rest)])
        on = {
            id: before for step, before in zip(after, [base, *(step[0] for step in after)], strict=False) for id in step
        }
        for id, state in were:
            state.parent = on.get(id, state.parent)
        now = self.again(were, {base: base})
        assert [each.id for each in moved] == [now.get(id, id) for step in wanted.values() for id in step]

    # rules are drawn alike often, so what is seldom interesting shares one

    @rule(where=st.sampled_from(["back", "on", "there"]), n=st.integers(0, 9))
    def go(self, where: str, n: int) -> None:
        if where == "there":
            self.checkout(n)
        else:
            self.undo() if where == "back" else self.redo()

    @rule(what=st.sampled_from(["rename", "compact", "restart"]), n=st.integers(0, 9))
    def tidy(self, what: str, n: int) -> None:
        if what == "rename":
            self.rename(n, ("", "good", "\0“x”")[n % 3])
        else:
            self.compact() if what == "compact" else self.restart()

    @rule(away=st.booleans(), n=st.integers(0, 9))
    def put(self, away: bool, n: int) -> None:
        self.discard(n) if away else self.recover(n)

    def undo(self) -> None:
        self.session.undo(self.document.id)
        self.head = self.states[self.head].parent or self.head

    def redo(self) -> None:
        self.session.redo(self.document.id)
        at = self.tip
        while at != self.head and self.states[at].parent != self.head:
            at = self.states[at].parent or self.head
        self.head = at

    def checkout(self, n: int) -> None:
        id = self.some(n, finished=True)
        assert id is not None
        self.head, self.tip = id, self.tip if id in self.path(self.tip) else id
        self.session.checkout(self.document.id, id)

    def rename(self, n: int, name: str) -> None:
        id = self.some(n, finished=True)
        assert id is not None
        self.session.rename(id, name)
        self.states[id].name = name.replace("\0", "")

    def discard(self, n: int) -> None:
        id = self.some(n, finished=True)
        assert id is not None
        parent = self.states[id].parent
        if parent is None:
            return
        self.session.discard(id)
        self.discards += 1
        later = self.later(id)
        for each in later:
            state = self.states[each]
            state.cancelled |= state.waiting
            state.gone = state.gone or self.discards
        self.head = parent if self.head in later else self.head
        self.tip = parent if self.tip in later else self.tip

    def recover(self, n: int) -> None:
        those = [id for id, state in self.states.items() if state.gone > 0]
        if not those:
            return
        id = those[n % len(those)]
        when = self.states[id].gone
        self.session.recover(id)
        for each in self.later(id):
            if self.states[each].gone == when:
                self.states[each].gone = 0
        at = self.states[id].parent
        while at is not None:
            self.states[at].gone, at = 0, self.states[at].parent

    def compact(self) -> None:
        compact(self.session.store)
        self.states = {id: state for id, state in self.states.items() if not state.gone and not state.cancelled}

    def restart(self) -> None:
        self.session.store.close()
        self.reopen()

    # the crashes

    @precondition(lambda self: any(state.waiting for state in self.states.values()))
    @rule()
    def killed_while_a_model_runs(self) -> None:
        for holder in self.session.store.jobs.holders():  # those of earlier crashes, as a worker does
            self.session.store.jobs.release(holder)
        assert self.session.store.jobs.claim(self.worker.id, worker_module.LEASE) == self.batch()
        self.restart()

    @precondition(lambda self: any(state.waiting for state in self.states.values()))
    @rule(statements=st.integers(0, 12))
    def killed_while_it_stores(self, statements: int) -> None:
        """After so many statements of a transaction since the worker began: what was committed is there, in order."""
        batch = self.batch()
        with killed_after(statements):
            try:
                self.worker.run_one()
            except Killed:
                pass
        for id in batch:
            if self.session.store.revisions.get(id).picture is None:
                break
            self.finished(id)
        self.restart()

    # the laws

    @invariant()
    def the_store_says_the_same(self) -> None:
        document = self.session.store.documents.get(self.document.id)
        assert (document.head, document.tip) == (self.head, self.tip)
        assert self.session.picture(document.id) == self.states[self.head].picture
        assert self.session.store.jobs.tail(document.id) == [self.base(), *self.chain()][-1]
        waiting = [id for id, state in self.states.items() if state.waiting]
        assert [revision.id for revision in self.session.store.jobs.pending(document.id)] == waiting
        assert self.session.can_undo(document.id) == (self.states[self.head].parent is not None)
        assert self.session.can_redo(document.id) == (self.head != self.tip)
        nodes = self.session.store.revisions.tree(document.id)
        assert [
            (node.id, node.parent, node.finished, node.error is not None, node.name) for node in nodes
        ] == [
            (id, state.parent, state.picture is not None, state.cancelled, state.name)
            for id, state in self.states.items() if not state.gone
        ]  # fmt: skip
        known = [node.id for node in nodes]
        assert all(node.parent is None or node.parent in known[: known.index(node.id)] for node in nodes)

    def teardown(self) -> None:
        if not hasattr(self, "folder"):
            return
        while self.worker.run_one():  # nothing hangs
            pass
        assert self.session.store.jobs.pending(self.document.id) == []
        assert [each.complaint for each in check(self.session.store) if each.complaint] == []
        for id, state in self.states.items():
            if state.picture is not None:
                assert self.session.store.revisions.picture(id) == state.picture
        self.session.store.close()
        self.folder.cleanup()


@contextmanager
def killed_after(statements: int) -> Iterator[None]:
    """The process is killed before the statement after so many."""
    left, real, here = statements, Transaction.run, get_ident()

    def counted(self: Transaction, sql: str, **values: object) -> object:
        nonlocal left
        if get_ident() != here:  # a worker's clock renews what it holds
            return real(self, sql, **values)
        if left == 0:
            raise Killed
        left -= 1
        return real(self, sql, **values)

    Transaction.run = counted  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        Transaction.run = real  # type: ignore[method-assign]


History.TestCase.settings = settings(max_examples=60, stateful_step_count=50)
TestHistory = History.TestCase
