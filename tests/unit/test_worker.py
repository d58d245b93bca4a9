import logging
import os
import subprocess
import sys
from io import BytesIO
from threading import Barrier, Thread
from typing import Any

import pytest
from PIL import Image

from editor import worker as worker_module
from editor.edits.edit import Edit
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.outcome import RETURNED, STORE, Outcome
from editor.session import Session
from editor.store.database import StorageError
from editor.store.documents import Document
from editor.store.progress import RunProgress
from editor.store.revisions import Revision
from editor.store.store import Store
from editor.worker import Worker
from pipelines.base import Pipeline
from pipelines.errors import InvalidInput
from tests.fakes import PATIENCE, FailingPipeline, NoisePipeline, SlowPipeline, loader, until
from tests.laws import check_edit
from tests.samples import an_edit, disc, noise
from tests.unit.test_database import full, room


@pytest.fixture
def document(session: Session) -> Document:
    return session.open(noise(300, 280), "Room")


def slow_edit(**settings: Any) -> Edit:
    return an_edit(disc(Box(50, 60, 40, 30)), pipeline="slow", **settings)


def settled(session: Session, id: str) -> Revision:
    until(lambda: not session.store.revisions.get(id).pending)
    return session.store.revisions.get(id)


class Running:
    """A worker at work on a slow edit, its first step done."""

    def __init__(self, store: Store, document: Document, steps: int = 5) -> None:
        self.session, self.slow = Session(store), SlowPipeline()
        self.worker = Worker(store, loader(self.slow))
        self.worker.start()
        self.job = self.session.submit(document.id, slow_edit(steps=steps))
        self.worker.wake()
        self.slow.allow(1)
        until(lambda: (now := self.progress()) and now.step)

    def progress(self) -> RunProgress | None:
        return self.session.store.progress.of(self.job.document).get(self.job.id)

    def step(self) -> None:
        before = self.progress()
        self.slow.allow(1)
        until(lambda: self.progress() != before)


def test_jobs_are_kept_in_a_thread(session: Session, worker: Worker, document: Document) -> None:
    worker.start()
    ids = [session.submit(document.id, an_edit(Box(9, 9, 9, 9), seed=n)).id for n in range(3)]
    worker.wake()
    for id in ids:
        assert settled(session, id).picture is not None
    assert session.store.documents.get(document.id).head == ids[0]


def test_a_job_nobody_announced_is_found(
    session: Session, worker: Worker, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "IDLE", 0.01)
    worker.start()
    other = Session(Store(session.store.database.path.parent))
    job = other.submit(document.id, an_edit(Box(9, 9, 9, 9)))
    assert settled(other, job.id).picture is not None
    other.store.close()


def test_progress_is_the_latest_step(store: Store, document: Document) -> None:
    run = Running(store, document)
    first = run.progress()
    run.step()
    second = run.progress()
    assert first and second and (first.step, second.step, second.steps) == (1, 2, 5)
    assert second.serial > first.serial > 0
    assert second.box is not None and second.box.contains(Box(50, 60, 40, 30))
    shown = store.progress.preview(run.job.id)
    assert shown is not None and Image.open(BytesIO(shown)).size == second.box[2:]
    assert store.progress.preview("another") is None
    run.slow.allow(3)
    assert settled(run.session, run.job.id).picture
    assert run.progress() is None and store.progress.preview(run.job.id) is None
    run.worker.stop()


def test_the_serial_grows_from_run_to_run(store: Store, document: Document) -> None:
    run = Running(store, document)
    first = run.progress()
    run.slow.allow(4)
    settled(run.session, run.job.id)
    again = run.session.submit(document.id, slow_edit(seed=2))
    run.worker.wake()
    run.slow.allow(1)
    later = until(lambda: (now := store.progress.of(document.id).get(again.id)) and now.step and now)
    assert first and later.serial > first.serial
    run.slow.allow(4)
    run.worker.stop()


def test_cancel_stops_within_a_step_and_the_document_is_as_it_was(store: Store, document: Document) -> None:
    run = Running(store, document, steps=50)
    digest = run.session.picture(document.id).digest
    assert run.session.cancel(run.job.id).cancelled
    run.slow.allow(1)
    assert run.slow.closed.wait(PATIENCE)  # 48 steps were never allowed
    until(lambda: run.progress() is None)
    assert run.session.store.documents.get(document.id) == document
    assert run.session.picture(document.id).digest == digest == Picture.from_pixels(noise(300, 280)).digest
    assert run.session.store.jobs.pending(document.id) == [] and run.session.store.revisions.get(run.job.id).cancelled
    # and the next is kept as if nothing had been
    again = run.session.submit(document.id, slow_edit(steps=1))
    run.worker.wake()
    run.slow.allow(1)
    assert settled(run.session, again.id).picture
    run.worker.stop()


def test_cancelled_and_queued_again_in_mid_run(store: Store, document: Document) -> None:
    """The old run must not finish the new job of the same edit as its own, nor hinder it."""
    run = Running(store, document)
    run.session.cancel(run.job.id)
    again = run.session.submit(document.id, slow_edit(steps=5))
    assert again.id == run.job.id and again.pending
    run.slow.allow(6)
    expected = check_edit(slow_edit(steps=5), Picture.from_pixels(noise(300, 280)), loader(NoisePipeline(name="slow")))
    assert settled(run.session, again.id).picture == expected.picture
    run.worker.stop()


def test_undo_during_a_run(store: Store, session: Session, worker: Worker, document: Document) -> None:
    first = session.submit(document.id, an_edit(Box(9, 9, 9, 9)))
    worker.run_one()
    run = Running(store, document)
    assert run.job.parent == first.id
    session.undo(document.id)
    run.slow.allow(4)
    assert settled(session, run.job.id).picture
    assert session.store.documents.get(document.id).head == document.head  # the user's place is not taken from them
    assert [session.redo(document.id).head for _ in "12"] == [first.id, run.job.id]
    run.worker.stop()


def test_stop_waits_for_the_step_and_frees_the_job(store: Store, document: Document) -> None:
    run = Running(store, document)
    stopper = Thread(target=run.worker.stop)
    stopper.start()
    assert run.worker._stopping.wait(PATIENCE)
    run.slow.allow(1)
    stopper.join(PATIENCE)
    assert not stopper.is_alive() and run.slow.closed.is_set()
    assert run.session.store.revisions.get(run.job.id).pending and store.jobs.holders() == []
    run.slow.allow(5)
    assert run.worker.run_one()  # at once: no lease to wait for
    assert run.session.store.revisions.get(run.job.id).picture


def test_a_worker_can_be_stopped_and_started(session: Session, worker: Worker, document: Document) -> None:
    worker.stop()
    for seed in range(2):
        worker.start()
        job = session.submit(document.id, an_edit(Box(9, 9, 9, 9), seed=seed))
        worker.wake()
        assert settled(session, job.id).picture
        worker.stop()
    assert not worker.run_one()


# what breaks


@pytest.mark.parametrize("at_step", [1, 2])
@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            RuntimeError("the model ran out of paint"),
            "The model failed: the model ran out of paint. The log has the details.",
        ),
        (InvalidInput("It knows no such word."), "It knows no such word."),
        (MemoryError(), "The model failed. The log has the details."),
        (KeyError("\ud83d"), "The model failed: '\\ud83d'. The log has the details."),
    ],
)
def test_what_breaks_is_written_on_the_revision(
    session: Session, document: Document, at_step: int, error: Exception, sentence: str
) -> None:
    worker = Worker(session.store, loader(FailingPipeline(at_step, error), NoisePipeline()))
    job = session.submit(document.id, an_edit(Box(9, 9, 9, 9), pipeline="failing"))
    assert worker.run_one()
    failed = session.store.revisions.get(job.id)
    assert failed.error == sentence and not failed.cancelled
    assert session.store.documents.get(document.id) == document and session.store.jobs.pending(document.id) == []
    assert session.picture(document.id) == Picture.from_pixels(noise(300, 280))
    fine = session.submit(document.id, an_edit(Box(9, 9, 9, 9)))
    assert worker.run_one() and session.store.revisions.get(fine.id).picture


def test_the_traceback_is_logged(session: Session, document: Document, caplog: pytest.LogCaptureFixture) -> None:
    session.submit(document.id, an_edit(Box(9, 9, 9, 9), pipeline="failing"))
    with caplog.at_level(logging.ERROR):
        Worker(session.store, loader(FailingPipeline(1))).run_one()
    assert "out of paint" in caplog.text and "Traceback" in caplog.text


def test_an_unknown_pipeline_is_a_sentence(session: Session, worker: Worker, document: Document) -> None:
    job = session.submit(document.id, an_edit(Box(9, 9, 9, 9), pipeline="dall-e"))
    assert worker.run_one()
    assert session.store.revisions.get(job.id).error == "There is no pipeline 'dall-e'."


def test_a_damaged_store_is_a_sentence_and_the_worker_lives(
    session: Session, worker: Worker, document: Document
) -> None:
    job = session.submit(document.id, an_edit(disc(Box(9, 9, 9, 9))))
    assert job.edit
    with session.store.database.transaction() as db:
        db.run("UPDATE blob SET bytes = x'00' WHERE digest = :mask", mask=job.edit.mask.digest)
    other = Session(Store(session.store.database.path.parent))  # nothing of it in its caches
    assert Worker(other.store, worker.pipelines).run_one()
    assert other.store.jobs.pending(document.id) == []
    row = other.store.database.row("SELECT error FROM revision WHERE id = :id", id=job.id)
    assert "damaged" in row[0]
    other.store.close()


def test_a_full_disk_is_reported_and_a_later_try_works(
    session: Session, worker: Worker, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "IDLE", 0.01)
    monkeypatch.setattr(worker_module, "LEASE", 0.05)  # the job stands, and is tried again when that is over
    edit = an_edit(Box(9, 9, 200, 200))
    job = session.submit(document.id, edit)
    full(session.store)
    worker.start()
    until(lambda: worker.trouble or session.store.revisions.get(job.id).error)
    output = worker.trouble or session.store.revisions.get(job.id).error
    assert output and "The disk is full" in output
    assert session.store.documents.get(document.id) == document
    assert session.picture(document.id) == Picture.from_pixels(noise(300, 280))
    room(session.store)
    again = session.submit(document.id, edit)
    worker.wake()
    assert again.id == job.id and settled(session, again.id).picture
    until(lambda: worker.trouble is None)


def test_a_disk_too_full_even_to_say_so(
    session: Session, worker: Worker, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job stands, the worker says what the trouble is, and keeps the job once it can."""

    def refuse(*_: object) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(worker_module, "IDLE", 0.01)
    monkeypatch.setattr(worker_module, "LEASE", 0.05)
    outcomes: list[Outcome] = []
    worker.on_outcome = outcomes.append
    job = session.submit(document.id, an_edit(Box(9, 9, 9, 9)))
    with monkeypatch.context() as disk:
        disk.setattr(session.store.jobs, "finish", refuse)
        disk.setattr(session.store.jobs, "fail", refuse)
        worker.start()
        until(lambda: worker.trouble == "The disk is full.")
        assert (outcomes[0].model, outcomes[0].state, outcomes[0].error) == ("noise", RETURNED, STORE)
        assert session.store.revisions.get(job.id).pending and session.store.documents.get(document.id) == document
    assert settled(session, job.id).picture
    until(lambda: worker.trouble is None)


def test_a_store_that_refuses_everything_is_reported(session: Session, worker: Worker, document: Document) -> None:
    session.submit(document.id, an_edit(Box(9, 9, 9, 9)))
    session.store.close()
    file = session.store.database.path
    file.unlink()
    file.mkdir()
    worker.start()
    assert "cannot be used" in until(lambda: worker.trouble)


# several workers


def test_two_workers_on_one_store_do_nothing_twice(session: Session, document: Document) -> None:
    """Each has its own connection, as two processes have; 24 jobs, each run once."""
    count, gate = 24, Barrier(2)
    for seed in range(count):
        session.submit(document.id, an_edit(Box(9, 9, 9, 9), seed=seed, prompt=f"{seed}", steps=1))
    folder = session.store.database.path.parent
    pipelines = [NoisePipeline(delay=0.002), NoisePipeline(delay=0.002)]

    def work(pipeline: Pipeline) -> None:
        def load(name: str) -> Pipeline:  # whoever holds the first waits until the other holds one too
            if not waited:
                waited.append(name)
                gate.wait(PATIENCE)
            return loader(pipeline)(name)

        store, waited = Store(folder), list[str]()
        worker = Worker(store, load)
        while worker.run_one():
            pass
        store.close()

    threads = [Thread(target=work, args=(pipeline,)) for pipeline in pipelines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ran = [request.seeds[0] for pipeline in pipelines for request in pipeline.requests]
    assert sorted(ran) == list(range(count)) and all(pipeline.requests for pipeline in pipelines)
    assert session.store.jobs.pending(document.id) == []
    assert session.store.database.row("SELECT count(*) FROM revision WHERE tiles IS NOT NULL") == (count + 1,)


def test_a_run_that_outlasts_its_lease_keeps_it(
    store: Store, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease is renewed by the clock, not only between steps: one step may be longer."""
    monkeypatch.setattr(worker_module, "LEASE", 3)
    run = Running(store, document)

    def lease() -> float:
        return float(store.database.row("SELECT lease FROM revision WHERE id = :id", id=run.job.id)[0])

    first = lease()
    until(lambda: lease() > first)  # in the midst of a step
    assert store.jobs.claim("thief", 60) == []
    run.slow.allow(4)
    assert settled(run.session, run.job.id).picture
    run.worker.stop()


def test_a_worker_that_lost_its_lease_writes_nothing(store: Store, document: Document) -> None:
    run = Running(store, document)
    with store.database.transaction() as db:  # as if this process had been asleep
        db.run("UPDATE revision SET lease = 0 WHERE id = :id", id=run.job.id)
    assert store.jobs.claim("other", 60) == [run.job.id]
    run.slow.allow(1)
    assert run.slow.closed.wait(PATIENCE)
    until(lambda: run.progress() is None)
    assert store.revisions.get(run.job.id).pending and store.jobs.holds(run.job.id, "other")
    run.worker.stop()


def dead_id() -> str:
    """The id of a worker whose process is over."""
    code = "import os; from editor.worker import _process; print(_process(os.getpid()))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return f"{ran.stdout.strip()}/abcd"


def test_a_dead_process_loses_its_jobs_at_once(session: Session, worker: Worker, document: Document) -> None:
    job = session.submit(document.id, an_edit(Box(9, 9, 9, 9)))
    dead = dead_id()
    assert session.store.jobs.claim(dead, worker_module.LEASE) == [job.id]
    assert worker.run_one() and session.store.revisions.get(job.id).picture


def test_one_that_lives_or_is_elsewhere_keeps_them(session: Session, worker: Worker, document: Document) -> None:
    alive = worker_module._process(os.getpid())
    here, pid, start = alive.rsplit("/", 2)
    boot, namespace = here.split("/")
    assert start
    dead = dead_id().split("/", 2)[2]
    holders = [
        f"{alive}/abcd",
        f"elsewhere/{namespace}/{dead}",  # another machine's process numbers say nothing here
        f"{boot}/[1]/{dead}",  # nor do another container's
        f"{here}/{pid}//abcd",  # a system which does not tell when a process began
        f"a-host/{dead}",  # a program from before processes were named so
    ]
    for seed, holder in enumerate(holders):
        session.submit(document.id, an_edit(Box(9, 9, 9, 9), seed=seed))
        assert session.store.jobs.claim(holder, worker_module.LEASE)
    assert not worker.run_one()
    assert sorted(session.store.jobs.holders()) == sorted(holders)


def test_a_process_number_used_again_is_not_the_same_process(
    session: Session, worker: Worker, document: Document
) -> None:
    here, pid, start = worker_module._process(os.getpid()).rsplit("/", 2)
    session.submit(document.id, an_edit(Box(9, 9, 9, 9)))
    assert session.store.jobs.claim(f"{here}/{pid}/{int(start) - 1}/abcd", worker_module.LEASE)
    assert worker.run_one()


def test_a_lease_from_a_clock_a_day_ahead_holds_nothing_up(
    session: Session, worker: Worker, document: Document
) -> None:
    job = session.submit(document.id, an_edit(Box(9, 9, 9, 9)))
    assert session.store.jobs.claim("elsewhere", 86400 + worker_module.LEASE)
    assert worker.run_one() and session.store.revisions.get(job.id).picture


def test_nothing_is_said_of_a_run_that_is_over(store: Store, document: Document) -> None:
    """However it ended: the same edit, asked for again, has not begun."""
    run = Running(store, document)
    run.session.cancel(run.job.id)
    again = run.session.submit(document.id, slow_edit(steps=5))
    assert again.id == run.job.id and run.progress() is None
    run.slow.allow(6)
    assert settled(run.session, again.id).picture
    late = run.session.submit(document.id, slow_edit(seed=3))
    assert store.jobs.claim("w", worker_module.LEASE) == [late.id]
    store.progress.report("w", {late.id: (2, 5, None)})
    run.session.cancel(late.id)
    picture = store.revisions.picture(late.parent or "")
    assert not store.jobs.finish(late.id, "w", picture, {})
    assert store.database.rows("SELECT * FROM progress") == []
    run.worker.stop()
