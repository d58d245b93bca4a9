"""What a server says of itself to Prometheus, as the library of that reads it."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from editor.edits.edit import Edit
from editor.imaging.geometry import Box
from editor.metrics import Metrics
from editor.models_process import ModelsProcess
from editor.outcome import DONE, FAILED, REFUSED, RETURNED, STORE, Outcome
from editor.process_watch import ProcessWatch
from editor.session import Session
from editor.store.maintenance import bytes_on_disk, queued_models
from editor.store.store import Store
from editor.web.metrics import ServerMetrics
from editor.web.traffic import Traffic
from tests.fakes import until
from tests.metrics import text_of, value_of
from tests.samples import an_edit, noise
from tests.server_process import free_port

SECRET = "a secret prompt"


class Measured:
    """A store, a models' process and the metrics of both."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "data")
        self.session, self.traffic = Session(self.store), Traffic()
        self.models = ModelsProcess(self.store, [sys.executable, "-m", "tests.models_worker", str(folder)])
        self.metrics = Metrics("server", lambda: {"noise": "Noise", "slow": "Slow"})
        self.metrics.watch(self.models)
        ServerMetrics(self.metrics, self.store, self.traffic)
        self.port = free_port()
        self.end = self.metrics.serve("127.0.0.1", self.port)
        self.document = self.session.open(noise(300, 280), "a secret name")

    def submit(self, pipeline: str, **settings: Any) -> str:
        edit: Edit = an_edit(Box(9, 9, 40, 40), pipeline=pipeline, prompt=SECRET, **settings)
        return self.session.submit(self.document.id, edit).id

    def value(self, name: str, **labels: str) -> float | None:
        return value_of(self.port, name, **labels)

    def close(self) -> None:
        self.end()
        if self.models.pid is not None:
            self.models.stop()
        self.store.close()


@pytest.fixture
def measured(tmp_path: Path) -> Iterator[Measured]:
    measured = Measured(tmp_path)
    yield measured
    measured.close()


def test_jobs_are_measured_from_the_queue_to_their_end(measured: Measured) -> None:
    for seed in range(2):
        measured.submit("noise", seed=seed, steps=2)
    refused = measured.submit("/home/somebody/a secret model")
    assert measured.value("queue_length") == 3 and measured.value("jobs", state="queued", model="noise") == 2
    assert measured.value("jobs", state="queued", model="other") == 1
    assert measured.value("queue_oldest_seconds") > 0 and measured.value("models_process_up") == 0
    measured.models.start()
    until(lambda: measured.store.revisions.get(refused).error)
    until(lambda: measured.value("errors_total", kind="job_refused") == 1)
    assert measured.value("jobs_ended_total", state="done", model="noise") == 2
    assert measured.value("jobs_ended_total", state="failed", model="other") == 1
    # what differs only in its seed, on one parent, is one run
    runs = measured.value("job_seconds_count", model="noise")
    assert runs in (1, 2) and measured.value("job_seconds_sum", model="noise") > 0
    assert measured.value("queue_length") == 0 and measured.value("queue_oldest_seconds") == 0
    assert measured.value("models_process_up") == 1 and measured.value("models_loaded") == 1
    for process in ("server", "models"):
        assert measured.value("memory_bytes", process=process) > 10e6
    assert measured.value("store_bytes") == bytes_on_disk(measured.store) > 10_000

    slow = measured.submit("slow", steps=1000)  # a running job is no queued one
    until(lambda: measured.value("jobs", state="running", model="slow") == 1)
    assert measured.value("queue_length") == 0
    measured.session.cancel(slow)
    until(lambda: measured.value("jobs_ended_total", state="cancelled", model="slow") == 1)
    text = text_of(measured.port)  # nothing that was typed is a label
    assert not [secret for secret in ("secret", measured.document.id, refused, slow) if secret in text]


def test_what_is_counted_of_outcomes_and_requests(measured: Measured) -> None:
    for outcome in (
        Outcome("noise", DONE, 4, 2.5), Outcome("nobody's", FAILED, 1, 0.1, REFUSED),
        Outcome("", RETURNED, 1, 0.1, STORE),
    ):  # fmt: skip
        measured.metrics.count_job(outcome)
    assert measured.value("jobs_ended_total", state="done", model="noise") == 4
    assert measured.value("job_seconds_bucket", model="noise", le="5.0") == 1
    assert measured.value("job_seconds_bucket", model="noise", le="2.0") == 0
    for status in (200, 500, 507):
        measured.traffic.observe("/", status, None if status == 200 else 0.2)
        assert measured.value("requests_total", route="/", status=str(status)) == 1
    assert measured.value("request_seconds_count", route="/") == 2  # the stream is none of them
    for kind, count in (("job_refused", 1), ("store", 2), ("request", 1)):
        assert measured.value("errors_total", kind=kind) == count


def test_graphics_cards_and_live_runs(measured: Measured) -> None:
    assert measured.value("gpu_memory_bytes", card="0", kind="used") is None
    measured.models._hear(json.loads('{"gpus": [[3, 9], [4, 8]]}'), ProcessWatch())
    measured.models.restarts = 2
    assert measured.value("models_process_restarts_total") == 2
    assert measured.value("gpu_memory_bytes", card="1", kind="total") == 8
    assert measured.value("live_runs") == 0 and measured.value("open_streams") == 0


def test_a_worker_counts_what_all_its_processes_do(tmp_path: Path) -> None:
    store, metrics = Store(tmp_path), Metrics("worker", lambda: {"noise": "Noise"})
    processes = [metrics.watch(ModelsProcess(store, ["none"])) for _ in range(2)]
    end = metrics.serve("127.0.0.1", port := free_port())
    try:
        for number, process in enumerate(processes, 1):
            process.on_outcome(Outcome("noise", DONE, number, 1.0))
            process.restarts = number
        processes[1].refused = "The disk is full."
        assert value_of(port, "jobs_ended_total", state="done", model="noise") == 3
        assert value_of(port, "models_process_restarts_total") == 3
        assert value_of(port, "models_process_refused") == 1
        assert value_of(port, "memory_bytes", process="worker") > 10e6
        assert value_of(port, "store_up") is None  # that is said once, by the servers
    finally:
        end()
        store.close()


def test_a_store_that_is_gone_takes_only_its_own_numbers_along(
    measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert measured.value("store_up") == 1
    measured.store.close()
    with measured.store.database.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE revision RENAME TO elsewhere")
    assert measured.value("store_up") == 0 and measured.value("store_bytes") is None
    assert measured.value("memory_bytes", process="server") > 0


def test_on_either_database(where: Path | str) -> None:
    session = Session(Store(where))
    document = session.open(noise(300, 280))
    first = session.submit(document.id, an_edit(Box(9, 9, 40, 40)))
    session.submit(document.id, an_edit(Box(9, 9, 20, 20)))
    assert session.store.jobs.claim("somebody", 60.0) == [first.id]
    (counted,) = queued_models(session.store)
    assert (counted.model, counted.queued, counted.running) == ("noise", 1, 1)
    assert counted.oldest is not None and counted.oldest >= first.created
    assert bytes_on_disk(session.store) > 10_000
    session.store.close()


def test_a_port_that_is_taken_is_a_sentence(measured: Measured) -> None:
    with pytest.raises(ValueError, match="Choose another port with --metrics-port"):
        measured.metrics.serve("127.0.0.1", measured.port)


def test_the_command_line_refuses_before_it_begins(here: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from editor.cli import metrics

    data = ("--data", tmp_path, "--pipeline", "classical", "--metrics")
    monkeypatch.setattr(metrics, "find_spec", lambda name: None)
    for command in ((), ("work",)):
        assert "palimpsest-editor[studio]" in here(*data, *command).stderr
    monkeypatch.undo()
    port = str(free_port())
    for options, sentence in (
        (("--port", port, "--metrics-port", port), "must be two ports"),
        (("--port", port, "--metrics-host", "no such name"), "--metrics-host must be"),
        (("--port", port, "--metrics-port", "0"), "1 to 65535"),
        (("--metrics-port", "0", "work"), "1 to 65535"),
    ):
        ran = here(*data, *options)
        assert ran.returncode == 1 and sentence in ran.stderr
    assert not os.listdir(tmp_path)
