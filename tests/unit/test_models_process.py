"""Models in a process of their own, a real one: what one of them does, the server outlives and says."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from editor.imaging.geometry import Box
from editor.live import FAILED, PAINTING, READY, LiveReport, LiveRequest
from editor.models_process import ModelsProcess
from editor.outcome import FAILED as JOB_FAILED
from editor.outcome import FAULT, RETURNED, Outcome
from editor.session import Session
from editor.store.documents import Document
from editor.store.revisions import Revision
from editor.store.store import Store
from pipelines.base import Machine, PipelineInfo
from tests.fakes import NoisePipeline, until
from tests.samples import an_edit, noise, strokes


class Server:
    """What `serve` has beside the page."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store(folder / "data")
        self.session = Session(self.store)
        self.models = ModelsProcess(self.store, [sys.executable, "-m", "tests.models_worker", str(folder)])
        self.models.start()
        self.document: Document = self.session.open(noise(300, 280), "Room")

    def submit(self, pipeline: str, parent: str | None = None, **edit: Any) -> Revision:
        job = self.session.submit(self.document.id, an_edit(Box(9, 9, 40, 40), pipeline=pipeline, **edit), parent)
        self.models.wake()
        return job

    def settled(self, job: Revision) -> Revision:
        until(lambda: not self.session.store.revisions.get(job.id).pending)
        return self.session.store.revisions.get(job.id)

    def begun(self, job: Revision) -> None:
        until(lambda: (now := self.store.progress.of(job.document).get(job.id)) and now.step)

    def refusal(self, name: str) -> str:
        """Why a model cannot be loaded, '' while that is not known."""
        try:
            assert self.models.info(name) is None
        except ValueError as error:
            return str(error)
        return ""

    def paints(self) -> None:
        """It does, after whatever was before."""
        assert self.settled(self.submit("noise", seed=99)).picture is not None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.models.stop()
    server.store.close()


def test_jobs_are_run_and_what_is_known_of_a_model_comes_over(server: Server) -> None:
    job = server.submit("noise")
    assert server.settled(job).picture is not None
    assert until(lambda: server.models.info("noise")) == PipelineInfo.of(NoisePipeline())
    hint = server.models.hint("noise", "a noise couch").result(60)
    assert hint == "It knows nothing but noise."
    assert server.models.made_with() == "noise 1" and server.models.trouble is None


def test_a_model_that_was_removed_is_dropped_and_can_come_again(server: Server) -> None:
    assert server.models.machine() == Machine("", 0, 8_000_000_000, 2)
    for name in ("noise", "flat"):
        until(lambda name=name: server.models.info(name))
    until(lambda: server.models.loaded == {"noise", "flat"})
    server.models.forget("noise")
    until(lambda: server.models.loaded == {"flat"})
    assert server.models.info("noise") is None  # nothing is believed of it any more
    assert until(lambda: server.models.info("noise")) == PipelineInfo.of(NoisePipeline())
    until(lambda: server.models.loaded == {"noise", "flat"})


def test_a_model_that_is_not_there_is_a_sentence(server: Server) -> None:
    assert until(lambda: server.refusal("dall-e")) == "There is no pipeline 'dall-e'."
    assert "dall-e" in str(server.settled(server.submit("dall-e")).error)


def test_nobody_waits_for_a_model_that_is_being_loaded(server: Server) -> None:
    assert server.models.info("late") is None and server.models.info("late") is None
    late = server.submit("late")
    assert until(lambda: server.models.info("noise"))  # others answer meanwhile
    (server.folder / "late").touch()
    assert until(lambda: server.models.info("late")).name == "late"
    assert server.settled(late).picture is not None


@pytest.mark.parametrize(
    ("pipeline", "reason"),
    [("aborting", "SIGABRT"), ("forking", "SIGABRT"), ("killed", "not enough memory"), ("leaving", "exit code 3")],
)
def test_a_job_that_ends_its_process_is_tried_twice_and_fails(server: Server, pipeline: str, reason: str) -> None:
    outcomes: list[Outcome] = []
    server.models.on_outcome = outcomes.append
    job = server.submit(pipeline)
    until(lambda: server.session.store.revisions.get(job.id).death)
    failed = server.settled(job)
    assert failed.error and reason in failed.error and failed.error.endswith("It was tried twice.")
    until(lambda: server.models.restarts == 2 and server.models.trouble is None)
    assert [(each.model, each.state, each.error) for each in outcomes] == [
        (pipeline, RETURNED, ""), (pipeline, JOB_FAILED, FAULT)
    ]  # fmt: skip
    server.paints()
    again = server.submit(pipeline, job.parent)  # by hand it is tried again, twice
    assert again.id == job.id and server.settled(again).error == failed.error
    until(lambda: server.models.restarts == 4)  # counted once the next is started, after the job has failed


def test_who_gives_up_waiting_stops_nobody_else(server: Server) -> None:
    """As a request does that waits for an answer no longer, or whose visitor has gone."""
    first, second = (server.models.hint("late", "a couch") for _ in range(2))
    assert first.cancel()
    (server.folder / "late").touch()
    assert second.result(60)  # which is answered after the first
    pid = server.models.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    assert server.models.hint("noise", "a couch").cancel()
    os.kill(pid, signal.SIGKILL)
    until(lambda: server.models.restarts == 1)
    server.paints()
    assert server.models.hint("noise", "a couch").result(60)


def test_one_that_dies_once_is_completed(server: Server) -> None:
    job = server.settled(server.submit("once"))
    assert job.picture is not None and job.death and "not enough memory" in job.death


def test_sys_exit_is_the_edits_failure_and_nobody_elses(server: Server) -> None:
    assert server.settled(server.submit("exiting")).error == "The model failed: that is all. The log has the details."
    server.paints()
    assert server.models.restarts == 0


def test_without_threads_the_process_is_started_again(server: Server) -> None:
    until(lambda: server.models.info("threadless"))
    job = server.submit("noise")
    assert server.settled(job).picture is not None
    assert server.models.restarts == 1


def test_a_cancel_that_is_not_heeded_ends_the_process(server: Server) -> None:
    server.models.cancel_limit = 0.5
    job = server.submit("hanging")
    server.begun(job)
    assert server.session.cancel(job.id).cancelled
    server.paints()
    assert server.models.restarts == 1 and server.session.store.revisions.get(job.id).cancelled


def test_a_step_that_outlasts_its_limit_fails_at_once(server: Server) -> None:
    server.models.step_limit = 1.0
    failed = server.settled(server.submit("hanging"))
    assert failed.error and "A step of the model took more than 1 seconds" in failed.error
    until(lambda: server.models.restarts == 1)  # counted after the job has failed
    server.models.step_limit = 600
    server.paints()


def test_a_model_of_which_the_process_dies_while_it_loads_is_given_up(server: Server) -> None:
    assert "deadly cannot be loaded" in until(lambda: server.refusal("deadly"))
    until(lambda: server.models.restarts == 2)
    server.paints()


def test_the_end_frees_the_job(server: Server) -> None:
    job = server.submit("slow", steps=1000)
    server.begun(job)
    server.models.stop()
    assert server.store.jobs.holders() == [] and server.store.progress.of(server.document.id) == {}
    freed = server.session.store.revisions.get(job.id)
    assert freed.pending and freed.death is None


def test_a_process_that_is_asked_to_end_is_started_again(server: Server) -> None:
    job = server.submit("slow", steps=30)
    server.begun(job)
    pid = server.models.pid
    assert pid
    os.kill(pid, signal.SIGTERM)
    done = server.settled(job)
    assert done.picture is not None and done.death is None
    assert server.models.pid != pid


def test_an_edit_is_painted_live_and_the_end_of_its_process_is_a_report(server: Server) -> None:
    def painted(pipeline: str, **settings: Any) -> list[LiveReport]:
        reports: list[LiveReport] = []
        edit = an_edit(Box(9, 9, 40, 40), pipeline=pipeline, sketch=strokes(Box(20, 20, 30, 30)), **settings)
        drop = server.models.paint_live(LiveRequest(server.document.id, server.document.head, edit), reports.append)
        until(lambda: reports and reports[-1].state != PAINTING)
        drop()
        return reports

    server.models.cancel_limit = 0.3  # which is for those that hold a job
    *previews, last = painted("slow", steps=20)
    assert last.state == READY and last.box == Box(1, 1, 57, 57)
    assert [preview.step for preview in previews] == [*range(1, 21)] and previews[0].file
    assert painted("noise", steps=1)[-1].state == READY and server.models.restarts == 0
    died = painted("killed")[-1]
    assert died.state == FAILED and "not enough memory" in died.error
    assert painted("noise")[-1].state == READY and server.models.restarts == 1
    server.paints()


def test_a_live_run_that_was_dropped_ends_early(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    hear = server.models._hear

    def listen(message: dict[str, Any], watch: Any) -> None:
        events.append(message.get("event", ""))
        hear(message, watch)

    monkeypatch.setattr(server.models, "_hear", listen)
    edit = an_edit(Box(9, 9, 40, 40), pipeline="slow", steps=1000)
    drop = server.models.paint_live(LiveRequest(server.document.id, server.document.head, edit), lambda report: None)
    until(lambda: "step" in events)
    drop()
    until(lambda: "ended" in events)
    assert events.count("step") < 1000 and not server.models._live
