"""While somebody waits, for the database or for a model, everybody else is answered."""

import asyncio
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from editor.imaging.geometry import Box
from editor.session import Session
from editor.store.database import StorageError
from editor.store.revisions import Revision
from editor.store.store import Store
from editor.web.addresses import PREFIX
from editor.web.ending import Ending
from editor.web.job_stream import JobStream
from editor.web.threads import WRITERS
from editor.worker import Worker
from tests.fakes import LocalModels, NoisePipeline, in_loop, loader, until
from tests.samples import an_edit, noise
from tests.wire import RouteClient


@contextmanager
def held(store: Store) -> Iterator[None]:
    """Another program writes meanwhile."""
    assert store.database.path is not None
    with closing(sqlite3.connect(store.database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_who_reads_waits_for_nobody_who_writes(store: Store, tmp_path: Path) -> None:
    routes = RouteClient(store, tmp_path)
    document = routes.session.open(noise(300, 280)).id
    writers = 60  # more than there are threads
    with ThreadPoolExecutor(writers) as threads, routes.http as client:  # one event loop for all
        with held(store):
            waiting: list[Future[Any]] = [
                threads.submit(client.post, f"{PREFIX}/documents/{document}/undo") for _ in range(writers)
            ]
            until(lambda: WRITERS._work_queue.qsize() >= writers - WRITERS._max_workers)
            for path in (f"documents/{document}", f"documents/{document}/tree", "documents", "model?pipeline=noise"):
                assert routes.get(path).status_code == 200
            assert not any(each.done() for each in waiting)
        assert all(each.result().status_code == 200 for each in waiting)


def test_the_event_loop_waits_for_no_database(store: Store) -> None:
    """Who hangs up has his edit cancelled, which writes; the loop goes on meanwhile."""
    session, worker = Session(store), Worker(store, loader(NoisePipeline()))
    document = session.open(noise(300, 280))

    async def hang_up() -> int:
        job_stream = JobStream(session, LocalModels(worker), Ending())
        steps = job_stream.results(lambda: [session.submit(document.id, an_edit(Box(9, 9, 9, 9)))])
        await anext(steps)
        lock = held(store)
        lock.__enter__()
        closing_ = asyncio.ensure_future(steps.aclose())
        turns = 0
        for _ in range(20):
            await asyncio.sleep(0.005)
            turns += not closing_.done()
        lock.__exit__(None, None, None)
        await closing_
        return turns

    assert in_loop(hang_up()) == 20
    (job,) = [node for node in session.store.revisions.tree(document.id) if node.edit is not None]
    assert job.error == "Cancelled."


def test_who_waits_for_an_edit_outlasts_a_database_that_is_away(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The edit is queued: to say that it failed would have it made twice."""
    session, worker = Session(store), Worker(store, loader(NoisePipeline()))
    document = session.open(noise(300, 280))
    get = store.revisions.get

    def refused(id: str) -> Revision:
        raise StorageError("It is away.")

    async def wait() -> list[dict[str, Any]]:
        job_stream, reports = JobStream(session, LocalModels(worker), Ending()), []
        async for report in job_stream.results(lambda: [session.submit(document.id, an_edit(Box(9, 9, 9, 9)))]):
            reports.append(report)
            if len(reports) == 1:
                monkeypatch.setattr(store.revisions, "get", refused)
            elif report["trouble"]:
                monkeypatch.setattr(store.revisions, "get", get)
                assert worker.run_one()
        return reports

    reports = in_loop(wait())
    assert [report["trouble"] for report in reports] == [None, "It is away.", None]
    assert reports[-1]["state"] == "done" and store.revisions.get(reports[-1]["revisions"][0]).picture is not None


AS_IT_IS = {"prompt": "", "left_out": [], "unknown": [], "removes": False}


def test_questions_about_a_model_that_is_being_loaded_are_answered_at_once(store: Store, tmp_path: Path) -> None:
    routes = RouteClient(store, tmp_path)
    document = routes.session.open(noise(300, 280)).id
    routes.models.loading.add("photo")
    for _ in range(45):
        assert routes.get("model?pipeline=photo").json() == {"loading": True}
        assert routes.get("hint?pipeline=photo&prompt=a+couch").json() == {"hint": "", "wording": AS_IT_IS}
    answer = routes.post(
        f"documents/{document}/plan", content=routes.edit_body(routes.state({"document": document}), pipeline="photo")
    )
    assert answer.status_code == 503 and "is still loading" in answer.json()["error"]
    job = routes.submit(routes.state({"document": document}), pipeline="photo")  # asked for all the same
    assert job.status_code == 200
    routes.models.loading.clear()
    assert "loading" not in routes.get("model?pipeline=photo").json()


def test_a_question_that_no_process_answers_holds_nobody_up(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("editor.web.context.HINT_TIMEOUT", 0.05)
    routes = RouteClient(store, tmp_path)
    monkeypatch.setattr(routes.models, "hint", lambda name, prompt: Future())
    assert routes.get("hint?pipeline=noise&prompt=noise").json() == {"hint": "", "wording": AS_IT_IS}


def test_transactions_of_one_process_take_turns(store: Store) -> None:
    """However many: none is lost to the patience of a database that knows no queue."""
    document = Session(store).open(noise(30, 28))
    threads = [Thread(target=store.documents.rename, args=(document.id, f"{n}")) for n in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.documents.get(document.id).name.isdecimal()
