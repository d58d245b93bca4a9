"""A server that is asked to stop: nothing is lost, who waits hears a sentence, and it is soon over."""

import json
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from editor.imaging.geometry import Box
from editor.live import FAILED, LiveReport, LiveRequest
from editor.models_process import STOPPED, ModelsProcess
from editor.session import Session
from editor.store.store import Store
from editor.web.ending import SENTENCE, Ending
from editor.web.job_stream import JobStream
from editor.worker import Worker
from pipelines.errors import InvalidInput
from tests.fakes import LocalModels, NoisePipeline, SlowPipeline, in_loop, loader, until
from tests.samples import an_edit, disc, noise
from tests.server_process import END, ServerProcess

HOLE = disc(Box(50, 60, 40, 30))
real = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="/proc says what a process holds")


def ready(server: ServerProcess) -> str:
    """What /readyz says."""
    said: dict[str, str] = httpx.get(f"{server.url}/readyz", timeout=END).json()
    return said.get("error", "")


class Busy:
    """A server in the midst of a job that takes far too long, and who reads its streams."""

    def __init__(self, server: ServerProcess) -> None:
        assert isinstance(server.where, Path)
        self.server, self.session = server, Session(Store(server.where))
        self.document = self.session.open(noise(300, 280))
        edit = an_edit(HOLE, pipeline="glide-mini", steps=1000)
        self.job = self.session.submit(self.document.id, edit).id
        until(lambda: (now := self.session.store.progress.of(self.document.id).get(self.job)) and now.step)

    def read(self, method: str, path: str, **options: Any) -> str:
        """The whole of an answer; httpx raises when it breaks off."""
        with httpx.stream(method, self.server.url + path, timeout=60, **options) as answer:
            return answer.read().decode()

    def waits(self) -> str:
        """The events of an edit that waits behind the job."""
        arguments = {"document": self.document.id, "prompt": "a red couch", "box": [10, 10, 30, 30]}
        url = f"{self.server.url}/gradio_api/call/v2/edit"
        event = httpx.post(url, json=arguments, timeout=60).json()["event_id"]
        return self.read("GET", f"/gradio_api/call/edit/{event}")


@real
def test_a_long_job_is_given_back_in_time_and_streams_end_cleanly(tmp_path: Path) -> None:
    program = ("app.py", "--stop-within", "2")
    with ThreadPoolExecutor() as threads, ServerProcess(tmp_path / "data", tmp_path / "log", program) as server:
        busy = Busy(server)
        until(lambda: ready(server) == "")
        beats = threads.submit(busy.read, "GET", "/gradio_api/heartbeat/somebody")
        events = threads.submit(busy.waits)
        until(lambda: len(busy.session.store.jobs.pending(busy.document.id)) == 2)
        assert server.process is not None
        server.process.terminate()
        began = time.monotonic()
        until(lambda: ready(server) == "The server is being stopped.")  # it still answers, and says so
        assert server.process.wait(END) == 0 and time.monotonic() - began < 12
        assert "ALIVE" in beats.result(END)
        assert json.loads(events.result(END).rpartition("data: ")[2])["error"] == SENTENCE
        assert not server.descendants() and "Traceback" not in server.log.read_text()
        waiting = [each.id for each in busy.session.store.jobs.pending(busy.document.id)]
        assert waiting[0] == busy.job and len(waiting) == 2  # nothing is lost
        assert busy.session.store.jobs.holders() == []
        assert busy.session.store.jobs.claim("another worker", 60.0) == [busy.job]  # at once
        assert busy.session.store.revisions.get(busy.job).death is None
        busy.session.store.close()


@real
def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    program = ("app.py", "--stop-within", "3000")
    with ServerProcess(tmp_path / "data", tmp_path / "log", program) as server:
        busy = Busy(server)
        assert server.process is not None
        server.process.terminate()
        until(lambda: ready(server) == "The server is being stopped.")
        assert server.running
        server.process.terminate()
        assert server.process.wait(END) == -signal.SIGTERM
        until(lambda: not server.descendants())
        painter = NoisePipeline(name="glide-mini")
        worker = Worker(busy.session.store, loader(painter))
        until(worker.run_one)  # its worker has died: that is seen long before its lease is over
        assert busy.session.store.revisions.get(busy.job).picture is not None
        busy.session.store.close()


@pytest.fixture
def models(tmp_path: Path, store: Store) -> Iterator[ModelsProcess]:
    models = ModelsProcess(store, [sys.executable, "-m", "tests.models_worker", str(tmp_path)])
    models.start()
    until(lambda: models.ready)
    yield models
    models.stop()


def submitted(session: Session, pipeline: str, steps: int = 20) -> str:
    document = session.open(noise(300, 280))
    job = session.submit(document.id, an_edit(HOLE, pipeline=pipeline, steps=steps)).id
    until(lambda: (now := session.store.progress.of(document.id).get(job)) and now.step)
    return job


def test_a_job_that_can_finish_does_and_no_other_is_begun(models: ModelsProcess, session: Session) -> None:
    job = submitted(session, "slow")
    next_job = session.submit(session.store.revisions.get(job).document, an_edit(HOLE, seed=7), job)
    models.stop(within=3600.0)
    assert session.store.revisions.get(job).picture is not None
    assert session.store.revisions.get(next_job.id).pending and session.store.jobs.holders() == []
    assert not models.ready and models.restarts == 0


def test_a_model_that_heeds_nothing_is_ended_in_time_and_its_job_is_free(
    models: ModelsProcess, session: Session
) -> None:
    live: list[LiveReport] = []
    document = session.open(noise(100, 100))
    models.paint_live(LiveRequest(document.id, document.head, an_edit(HOLE, pipeline="hanging")), live.append)
    job = submitted(session, "hanging", steps=2)
    hint = models.hint("late", "")
    began = time.monotonic()
    models.stop(within=0.5)
    assert time.monotonic() - began < END
    freed = session.store.revisions.get(job)
    assert freed.pending and freed.death is None and session.store.jobs.holders() == []
    assert session.store.jobs.claim("another worker", 60.0) == [job]
    assert live[-1].state == FAILED and live[-1].error == STOPPED and str(hint.exception(1)) == STOPPED


def test_a_worker_that_leaves_finishes_within_its_time_and_not_beyond(store: Store, session: Session) -> None:
    slow = SlowPipeline()
    document = session.open(noise(300, 280))
    for within, finishes in ((3600.0, True), (0.0, False)):
        worker = Worker(store, loader(slow))
        job = session.submit(document.id, an_edit(HOLE, pipeline="slow", steps=4, seed=int(within)))
        working = Thread(target=worker.work)
        working.start()
        slow.allow(1)
        until(lambda job=job: (now := store.progress.of(document.id).get(job.id)) and now.step)
        worker.leave(within)
        worker.leave(3600.0)  # the first deadline stands
        slow.allow(4)
        working.join()
        slow.forbid()
        assert (store.revisions.get(job.id).picture is not None) is finishes
        assert store.jobs.holders() == []


@pytest.mark.parametrize("ends", [True, False])
def test_a_client_that_goes_while_the_server_ends_cancels_nothing(store: Store, session: Session, ends: bool) -> None:
    document, ending = session.open(noise(300, 280)), Ending()
    stream = JobStream(session, LocalModels(Worker(store, loader(NoisePipeline()))), ending)

    async def ask() -> None:
        results = stream.results(lambda: [session.submit(document.id, an_edit(HOLE))])
        await anext(results)
        if ends:
            ending.drain()
        await results.aclose()

    in_loop(ask())
    assert len(store.jobs.pending(document.id)) == (1 if ends else 0)


def test_who_waits_for_an_edit_hears_a_sentence_when_the_server_ends(store: Store, session: Session) -> None:
    document, ending = session.open(noise(300, 280)), Ending()
    stream = JobStream(session, LocalModels(Worker(store, loader(NoisePipeline()))), ending)

    async def ask() -> None:
        results = stream.results(lambda: [session.submit(document.id, an_edit(HOLE))])
        await anext(results)
        ending.close()
        with pytest.raises(InvalidInput, match="stays in the queue"):
            await anext(results)

    in_loop(ask())
    assert len(store.jobs.pending(document.id)) == 1
