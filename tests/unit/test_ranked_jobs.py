"""Ranked jobs: variations come back best first, nothing waits or fails for it, and the store keeps the order."""

import logging
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from editor import ranking as ranking_module
from editor.edits.edit import Edit
from editor.imaging.geometry import Box
from editor.store.revisions import Revision
from editor.store.store import Store
from editor.worker import Worker
from pipelines.base import Pipeline, Pixels, Request, Run
from pipelines.errors import InvalidInput
from pipelines.ranking import Match, Probabilities
from tests.fakes import PATIENCE, FailingPipeline, NoisePipeline, OpinionatedRanker, until
from tests.samples import an_edit, disc, noise
from tests.workbench import Workbench

EDIT = an_edit(disc(Box(50, 60, 40, 30)), prompt="noise", seed=4)


def bench(store: Store, ranker: Any = None, *models: Any) -> Workbench:
    workbench = Workbench(store, NoisePipeline(), *models, ranker=ranker or OpinionatedRanker())
    workbench.open(noise(300, 280))
    return workbench


@pytest.fixture
def workbench(store: Store) -> Workbench:
    return bench(store)


def four(workbench: Workbench, edit: Edit = EDIT) -> list[str]:
    """Four variations, in the order of their seeds."""
    jobs = workbench.session.variations(workbench.document.id, edit, 4, workbench.tail)
    return [job.id for job in jobs]


def known(workbench: Workbench, *ids: str) -> list[Match | None]:
    found = workbench.store.revisions.matches(ids[0])
    return [found.get(id) for id in ids]


def test_variations_come_back_best_first_and_the_best_is_shown(workbench: Workbench) -> None:
    ids = four(workbench)
    workbench.finish()
    found = {id: match for id, match in zip(ids, known(workbench, *ids), strict=True) if match}
    order = sorted(ids, key=lambda id: -found[id].probability)
    assert len(found) == 4 and order != ids, "the seeds' order must not be the rank's, or this shows nothing"
    assert workbench.store.revisions.variations(ids[0]) == order
    assert (workbench.now.head, workbench.now.tip) == (order[0], order[0])
    assert {
        id: node.match for node in workbench.store.revisions.tree(workbench.document.id) if (id := node.id) in found
    } == found
    assert workbench.complaints() == []
    again = Store(workbench.store.database.path.parent)  # type: ignore[union-attr]
    assert again.revisions.variations(ids[0]) == order
    again.close()


def test_one_more_variation_takes_its_place(workbench: Workbench) -> None:
    ids = four(workbench)
    workbench.finish()
    best = workbench.now.head
    more = workbench.session.again(workbench.document.id, 77)
    workbench.finish()
    assert workbench.now.head == more.id != best  # who asks for another sees it, whatever its rank
    order = workbench.store.revisions.variations(best)
    ranks = known(workbench, *order)
    assert sorted(order) == sorted([*ids, more.id])
    assert ranks == sorted(ranks, key=lambda match: -match.probability if match else 0)


def test_edits_that_wait_go_on_with_the_best(workbench: Workbench) -> None:
    """Whatever waits for variations waits for the first of them, which need not be the one that is shown."""
    ids = four(workbench)
    (second,) = workbench.add(replace(EDIT, mask=disc(Box(120, 100, 40, 30))))
    (third,) = workbench.add(replace(EDIT, mask=disc(Box(180, 150, 40, 30))))
    assert second.parent == ids[0] and third.parent == second.id
    workbench.finish()
    steps = workbench.store.revisions.path_to(workbench.now.head)
    assert [step.edit.mask.box.x for step in steps if step.edit] == [50, 120, 180]
    assert steps[1].id == workbench.store.revisions.variations(ids[0])[0] != ids[0]
    assert workbench.now.tip == workbench.now.head and workbench.complaints() == []
    assert workbench.store.revisions.get(second.id).deleted  # it was queued again, on the best


def test_the_user_who_looks_at_another_state_is_not_moved(workbench: Workbench) -> None:
    (first,) = workbench.do([EDIT])
    jobs = workbench.session.variations(workbench.document.id, replace(EDIT, seed=9), 3, first.id)
    workbench.session.undo(workbench.document.id)
    workbench.finish()
    assert workbench.now.head == workbench.document.head
    assert workbench.session.redo(workbench.document.id).head == first.id
    assert workbench.session.redo(workbench.document.id).head == workbench.store.revisions.variations(jobs[0].id)[0]


def test_a_cancelled_variation_is_not_missed(store: Store) -> None:
    class Cancelling(OpinionatedRanker):
        """The likeliest is cancelled while it is looked at."""

        def probabilities(self, windows: Pixels, holes: Pixels, prompt: str) -> Probabilities | None:
            found = super().probabilities(windows, holes, prompt)
            assert found is not None
            workbench.session.cancel(ids[int(found.argmax())])
            return found

    workbench = bench(store, Cancelling())
    ids = four(workbench)
    workbench.finish()
    left = workbench.store.revisions.variations(workbench.now.head)
    assert len(left) == 3 and workbench.now.head == left[0] and workbench.complaints() == []


def test_nothing_is_asked_where_there_is_no_prompt(store: Store) -> None:
    ranker = OpinionatedRanker()
    workbench = bench(store, ranker)
    ids = four(workbench, replace(EDIT, prompt=""))
    workbench.finish()
    assert workbench.store.revisions.variations(ids[0]) == ids and workbench.now.head == ids[0]
    assert ranker.calls == [] and known(workbench, *ids) == [None] * 4
    unknown = four(workbench, replace(EDIT, prompt="a vase"))
    workbench.finish()
    assert known(workbench, *unknown) == [None] * 4 and workbench.now.head == unknown[0]


def test_a_single_edit_is_matched_and_one_look_serves_all(store: Store) -> None:
    ranker = OpinionatedRanker()
    workbench = bench(store, ranker)
    (step,) = workbench.do([EDIT])
    assert known(workbench, step.id) != [None]
    four(workbench)
    workbench.finish()
    assert ranker.calls == [("noise", 1), ("noise", 4)]


@pytest.mark.parametrize(
    ("error", "said"),
    [(RuntimeError("no paint"), "could not be ranked"), (InvalidInput("It is damaged."), "It is damaged.")],
)
def test_an_edit_is_done_though_its_ranker_breaks(
    store: Store, error: Exception, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(OpinionatedRanker):
        def probabilities(self, windows: Pixels, holes: Pixels, prompt: str) -> Probabilities | None:
            raise error

    workbench = bench(store, Broken())
    with caplog.at_level(logging.WARNING):
        ids = four(workbench)
        workbench.finish()
    assert said in caplog.text and ("Traceback" in caplog.text) == isinstance(error, RuntimeError)
    assert workbench.store.revisions.variations(ids[0]) == ids and workbench.now.head == ids[0]


class Slow(OpinionatedRanker):
    """Answers once it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may = Event()

    def probabilities(self, windows: Pixels, holes: Pixels, prompt: str) -> Probabilities | None:
        assert self.may.wait(PATIENCE)
        return super().probabilities(windows, holes, prompt)


def test_no_edit_waits_for_a_slow_ranker_which_is_heard_later(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking_module, "WAIT", 0.01)
    ranker = Slow()
    workbench = bench(store, ranker)
    ids = four(workbench)
    workbench.finish()
    assert workbench.store.revisions.variations(ids[0]) == ids and known(workbench, *ids) == [None] * 4
    monkeypatch.setattr(ranking_module, "WAIT", PATIENCE)
    (behind,) = workbench.do([replace(EDIT, seed=99)])  # would wait for the first's rank, and does not
    ranker.may.set()
    until(lambda: None not in known(workbench, *ids) and None not in known(workbench, behind.id))
    order = workbench.store.revisions.variations(ids[0])
    assert order != ids and workbench.now.head == behind.id  # what is shown stays


def test_the_ranker_is_loaded_while_the_model_paints(store: Store) -> None:
    """So that the first edit's rank is known with its result."""
    loaded = Event()

    class Waiting(NoisePipeline):
        def inpaint(self, request: Request) -> Run:
            assert loaded.wait(PATIENCE)
            return super().inpaint(request)

    def rankers(pipeline: Pipeline) -> OpinionatedRanker:
        loaded.set()
        return OpinionatedRanker()

    workbench = Workbench(store, Waiting())
    workbench.worker = Worker(store, workbench.load, rankers=rankers)
    workbench.open(noise(300, 280))
    (done,) = workbench.do([EDIT])
    assert known(workbench, done.id) != [None]


def test_few_pictures_wait_for_a_slow_ranker(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking_module, "WAIT", 0.01)
    ranker = Slow()
    workbench = bench(store, ranker)
    ids = [workbench.do([replace(EDIT, seed=seed)])[0].id for seed in range(ranking_module.QUEUE + 3)]
    ranker.may.set()
    until(lambda: all(known(workbench, id) != [None] for id in ids[: ranking_module.QUEUE]))
    monkeypatch.setattr(ranking_module, "WAIT", PATIENCE)
    (after,) = workbench.do([replace(EDIT, seed=99)])  # for which there is room again
    assert known(workbench, after.id) != [None] and workbench.complaints() == []
    assert all(known(workbench, id) == [None] for id in ids[ranking_module.QUEUE :])
    assert len(ranker.calls) == ranking_module.QUEUE + 1


def test_a_rank_that_comes_before_its_edit_is_stored_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking_module, "WAIT", 0.01)
    ranker = Slow()
    workbench = bench(store, ranker)
    finish = store.jobs.finish

    def later(id: str, *rest: Any) -> bool:
        ranker.may.set()
        until(lambda: store.revisions.columns("match", id)[0] is not None)
        return finish(id, *rest)

    monkeypatch.setattr(store.jobs, "finish", later)
    (step,) = workbench.do([EDIT])
    assert known(workbench, step.id) != [None]


def test_a_failed_model_is_not_ranked(store: Store) -> None:
    ranker = OpinionatedRanker()
    workbench = bench(store, ranker, FailingPipeline(at_step=1))
    job = workbench.session.submit(workbench.document.id, replace(EDIT, pipeline="failing"))
    workbench.finish()
    assert workbench.store.revisions.get(job.id).error and ranker.calls == []


def ranked(workbench: Workbench) -> list[tuple[int, Match | None]]:
    """The seeds of all steps with what is known of them, in the order of their rank."""
    nodes = {node.id: node for node in workbench.store.revisions.tree(workbench.document.id)}
    steps: list[Revision] = [
        workbench.store.revisions.get(id) for id in workbench.store.revisions.variations(workbench.now.head)
    ]
    return [(step.edit.seed, nodes[step.id].match) for step in steps if step.edit]


def test_a_file_and_a_copy_have_the_same_order(workbench: Workbench, tmp_path: Path) -> None:
    four(workbench)
    workbench.finish()
    before = ranked(workbench)
    assert all(match for _, match in before)
    file = tmp_path / "room.palimpsest"
    workbench.session.exports.write(workbench.document.id, file)
    original = workbench.document
    for document in (workbench.session.open_document(file), workbench.session.duplicate(original.id)):
        workbench.document = document
        assert ranked(workbench) == before


@pytest.mark.parametrize("values", [(2.0, "likely"), (-0.5, ""), (0.5, "certain"), (None, "likely"), (0.5, None)])
def test_what_no_ranker_says_is_left_out_of_a_file(
    values: tuple[object, object], workbench: Workbench, tmp_path: Path
) -> None:
    workbench.do([EDIT])
    file = tmp_path / "room.palimpsest"
    workbench.session.exports.write(workbench.document.id, file)
    with closing(sqlite3.connect(file)) as db:
        db.execute("UPDATE revision SET match = ?, match_word = ?", values)
        db.commit()
    workbench.document = workbench.session.open_document(file)
    assert [match for _, match in ranked(workbench)] == [None]


def test_both_kinds_of_database_keep_the_order(where: Path | str) -> None:
    with closing(Store(where)) as store:
        workbench = bench(store)
        ids = four(workbench)
        (behind,) = workbench.add(replace(EDIT, mask=disc(Box(120, 100, 40, 30))))
        workbench.finish()
        found = store.revisions.matches(ids[0])
        order = store.revisions.variations(ids[0])
        assert order == sorted(ids, key=lambda id: -found[id].probability) != ids
        path = store.revisions.path_to(workbench.now.head)
        assert path[1].id == order[0] and path[2].edit == behind.edit
        unknown = workbench.session.submit(workbench.document.id, replace(EDIT, seed=50), workbench.document.head)
        workbench.finish()
        with store.database.transaction() as db:
            db.run("UPDATE revision SET match = NULL WHERE id = :id", id=unknown.id)
        assert store.revisions.variations(ids[0]) == [*order, unknown.id]  # of which nothing is known comes last
