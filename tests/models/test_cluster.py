"""Models on a real Ray cluster of three nodes: runs, ends, deaths, and who has room."""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from editor.imaging.geometry import Box
from editor.models_process import ModelsProcess
from editor.outcome import FAILED, RETURNED, Outcome
from editor.session import Session
from editor.store.store import Store
from editor.worker import Worker
from pipelines import cluster as cluster_module
from pipelines.base import Request, Step, run
from pipelines.cluster import Cluster, ModelHost, Needs
from pipelines.errors import InvalidInput, MachineLost
from pipelines.ranking import OwnRanker
from tests import fakes
from tests.cluster_models import load_fake
from tests.fakes import PATIENCE, OpinionatedRanker, until
from tests.metrics import value_of
from tests.samples import an_edit, noise
from tests.server_process import free_port

# Ray leaves sockets and processes to the garbage collector, and its workers fork
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
ROOT = Path(__file__).parents[2]
HEALTH = {"period_ms": "1000", "timeout_ms": "2000", "failure_threshold": "2"}


@pytest.fixture(scope="module")
def node_environment() -> Iterator[None]:
    # a dead node is to be noticed within seconds
    health = {f"RAY_health_check_{name}": value for name, value in HEALTH.items()}
    changed = {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(ROOT), **health}
    before = {name: os.environ.get(name) for name in changed}
    os.environ |= changed
    yield
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture(scope="module")
def nodes(node_environment: None) -> Iterator[Any]:
    from ray.cluster_utils import Cluster as Nodes

    made = Nodes(initialize_head=True, head_node_args={"num_cpus": 1, "num_gpus": 0})
    for name in ("big", "small"):
        made.add_node(num_cpus=1, num_gpus=1, resources={name: 1})
    yield made
    made.shutdown()


@pytest.fixture
def cluster(nodes: Any) -> Iterator[Cluster]:
    made = Cluster(nodes.address, load_fake, {"pinned": Needs(0.5, "big"), "shared": Needs(0.5), "huge": Needs(2)})
    yield made
    made.close()


def a_request(steps: int = 3, **changes: Any) -> Request:
    fields = {"image": np.zeros((64, 64, 3), np.uint8), "mask": np.full((64, 64), 255, np.uint8), "prompt": "noise"}
    settings = {"negative_prompt": "", "guidance": 1.0, "clip_guidance": 0.0, "strength": 1.0, "sampler": "ddim"}
    return Request(**{**fields, **settings, "steps": steps, "seeds": (5, 6), **changes})


def test_a_model_of_the_cluster_is_what_it_would_be_here(cluster: Cluster) -> None:
    there, here = cluster.load("noise"), load_fake("noise")
    seen: list[Step] = []
    result = run(there.inpaint(a_request()), seen.append)
    expected: list[Step] = []
    assert np.array_equal(result, run(here.inpaint(a_request()), expected.append)) and result.flags.writeable
    assert [(step.index, step.total) for step in seen] == [(step.index, step.total) for step in expected]
    assert all(np.array_equal(one.preview, other.preview) for one, other in zip(seen, expected, strict=True))  # type: ignore[arg-type]
    assert there.size == here.size and there.vocabulary == here.vocabulary and there.live_steps == here.live_steps
    assert there.hint("a cat") == here.hint("a cat") and there.ranker() is None
    assert cluster.room() == 2


def test_a_models_own_ranker_judges_where_the_model_is(cluster: Cluster) -> None:
    there = cluster.load("ranked")
    ranker = there.ranker()
    assert isinstance(there, OwnRanker) and ranker is not None and not ranker.photographs
    windows, holes = np.zeros((2, 8, 8, 3), np.uint8), np.zeros((2, 8, 8), np.uint8)
    own = OpinionatedRanker(False)
    found, expected = (each.probabilities(windows, holes, "noise") for each in (ranker, own))
    assert np.array_equal(found, expected) and ranker.word(0.9) == own.word(0.9)  # type: ignore[arg-type]


def test_what_a_model_refuses_is_a_sentence(cluster: Cluster) -> None:
    with pytest.raises(InvalidInput, match="no model named missing"):
        cluster.load("missing")
    request = a_request()
    with pytest.raises(InvalidInput, match=r"^This picture is too blue\. Take another\.$"):
        run(cluster.load("fussy").inpaint(request))
    assert request.mask.all()


def test_a_run_that_is_closed_ends_after_its_step(cluster: Cluster) -> None:
    slow = cluster.load("slow")
    steps = slow.inpaint(a_request(steps=1000))
    next(steps)
    steps.close()
    begun = time.monotonic()
    run(slow.inpaint(a_request(steps=1)))
    assert time.monotonic() - begun < 20  # not after the other 999


def test_a_model_paints_on_while_a_step_is_on_its_way(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    steps = ModelHost(load_fake, "noting").inpaint(a_request(steps=9, prompt=str(notes)))
    next(steps)
    until(lambda: notes.read_text() == "12")  # and no further: nobody has asked for the second
    steps.close()
    assert notes.read_text() in ("12.", "123.")


def test_a_model_knows_that_its_run_was_closed(cluster: Cluster, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    steps = cluster.load("noting").inpaint(a_request(steps=1000, prompt=str(notes)))
    next(steps)
    steps.close()
    until(lambda: notes.read_text().endswith("."))
    assert "999" not in notes.read_text()


def test_models_share_a_card_or_make_room(cluster: Cluster) -> None:
    run(cluster.load("shared").inpaint(a_request()))
    run(cluster.load("pinned").inpaint(a_request()))
    assert {*cluster._places} == {"shared", "pinned"}
    whole = cluster.load("noise")
    run(whole.inpaint(a_request()))
    assert {*cluster._places} == {"noise"}
    pinned = cluster._places["noise"].actor
    cluster.forget("noise")
    run(whole.inpaint(a_request()))  # it comes back when it is needed
    assert cluster._places["noise"].actor is not pinned


def test_a_model_that_finds_no_place_says_so(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "PLACE_LIMIT", 1.5)
    with pytest.raises(InvalidInput, match=r"had room for huge .* it needs 2 graphics cards"):
        cluster.load("huge")
    monkeypatch.undo()
    run(cluster.load("noise").inpaint(a_request()))  # nothing is left waiting for it


def test_an_actor_that_nobody_uses_gives_its_place_back(nodes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "IDLE_LIMIT", 1.0)
    idle = Cluster(nodes.address, load_fake, {})
    try:
        run(idle.load("noise").inpaint(a_request()))
        deadline = time.monotonic() + 60
        while idle._places:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        idle.close()


def test_a_dead_process_is_tried_elsewhere_and_fails_the_second_time(cluster: Cluster, tmp_path: Path) -> None:
    store = Store(tmp_path)
    session = Session(store)
    document = session.open(noise(200, 160), "Room")
    with pytest.raises(MachineLost, match="The machine that ran dying is gone"):
        run(cluster.load("dying").inpaint(a_request()))
    job = session.submit(document.id, an_edit(Box(9, 9, 40, 40), pipeline="dying", steps=3)).id
    outcomes: list[Outcome] = []
    worker = Worker(store, cluster.load, on_outcome=outcomes.append)
    assert worker.run_one() and store.revisions.get(job).pending and store.revisions.get(job).death
    assert worker.run_one()
    assert [(each.model, each.state) for each in outcomes] == [("dying", RETURNED), ("dying", FAILED)]
    assert "is gone, or ended its process. It was tried twice." in (store.revisions.get(job).error or "")
    store.close()


def test_a_node_that_is_killed_in_mid_edit_loses_nothing(nodes: Any, tmp_path: Path) -> None:
    doomed = nodes.add_node(num_cpus=1, num_gpus=1, resources={"doomed": 1})
    needs: dict[str, Needs] = {"slow": Needs(1, "doomed")}
    cluster, store = Cluster(nodes.address, load_fake, needs), Store(tmp_path)
    session = Session(store)
    document = session.open(noise(200, 160), "Room")
    job = session.submit(document.id, an_edit(Box(9, 9, 40, 40), pipeline="slow", steps=30)).id
    seen = 0

    def killing(event: str) -> None:
        nonlocal seen
        if event != "step":
            return
        seen += 1
        if seen == 5:
            needs.clear()  # now it may run anywhere
            nodes.remove_node(doomed, allow_graceful=False)

    try:
        worker = Worker(store, cluster.load, killing)
        while store.revisions.get(job).pending:
            assert worker.run_one()
        done = store.revisions.get(job)
        assert done.picture is not None and done.error is None and seen > 30
        other = session.open(noise(200, 160), "Room")
        again = session.submit(other.id, an_edit(Box(9, 9, 40, 40), pipeline="slow", steps=30)).id
        Worker(store, lambda name: load_fake(name)).run_one()
        assert store.revisions.get(again).picture == done.picture  # as if nothing had happened
        until(lambda: cluster.room() == 2)
    finally:
        cluster.close()
        store.close()


def test_the_command_works_with_every_card_and_gives_them_back(nodes: Any, tmp_path: Path) -> None:
    store = Store(tmp_path / "data")
    session = Session(store)
    options = ["--data", str(tmp_path / "data"), "--metrics", "--metrics-port", str(port := free_port())]
    command = [sys.executable, str(ROOT / "app.py"), *options, "work", "--ray", nodes.address]
    process = subprocess.Popen(command)
    try:
        jobs = [
            session.submit(
                session.open(noise(200, 160), f"Room {n}").id, an_edit(Box(9, 9, 40, 40), pipeline="classical", seed=n)
            ).id
            for n in range(4)
        ]
        until(lambda: len(store.workers.all()) == 2)
        until(lambda: not any(store.revisions.get(job).pending for job in jobs))
        assert all(store.revisions.get(job).picture for job in jobs)
        until(lambda: any("classical" in row.models for row in store.workers.all()))
        assert any(row.place == platform.node() for row in store.workers.all())
        until(lambda: value_of(port, "jobs_ended_total", state="done", model="classical") == 4)
        assert value_of(port, "models_process_up") == 2
        process.terminate()
        assert process.wait(PATIENCE) == 0
        until(lambda: store.workers.all() == [])  # one that is killed while it starts is silent from then on
    finally:
        process.kill()
        process.wait()
        store.close()
    watching = Cluster(nodes.address, load_fake, {})
    until(lambda: watching.ray.available_resources().get("GPU") == 2)
    watching.close()


def two_jobs(session: Session, document: str) -> list[str]:
    edits = [an_edit(Box(9, 9, 40, 40), pipeline="slow", steps=40, seed=seed) for seed in (1, 2)]
    return [session.submit(document, edit).id for edit in edits]


@pytest.mark.proof
def test_a_head_that_is_killed_in_mid_edit_loses_nothing(
    node_environment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ray.cluster_utils import Cluster as Nodes

    monkeypatch.setattr(fakes, "PATIENCE", 300.0)  # the process is tried again ever later while there is no head
    head: dict[str, Any] = {"num_cpus": 1, "num_gpus": 1, "gcs_server_port": free_port()}  # so has the next one
    nodes = Nodes(initialize_head=True, head_node_args=head)
    store = Store(tmp_path)
    session = Session(store)
    document = session.open(noise(200, 160), "Room")
    command = [sys.executable, "-m", "tests.cluster_worker", str(tmp_path), nodes.address]
    process = ModelsProcess(store, command)
    try:
        process.start()
        jobs = two_jobs(session, document.id)
        until(lambda: (step := store.progress.of(document.id).get(jobs[0])) is not None and step.step >= 5)
        nodes.remove_node(nodes.head_node, allow_graceful=False)
        until(lambda: process.restarts)
        assert all(store.revisions.get(job).pending and store.revisions.get(job).death is None for job in jobs)
        nodes.add_node(**head)
        until(lambda: process.ready)
        until(lambda: not any(store.revisions.get(job).pending for job in jobs))
        assert process.trouble is None
        done = [store.revisions.get(job).picture for job in jobs]
    finally:
        process.stop()
        nodes.shutdown()
    assert all(done) and len(session.store.revisions.tree(document.id)) == 3  # nothing was done twice
    other = session.open(noise(200, 160), "Room")
    again = two_jobs(session, other.id)
    worker = Worker(store, load_fake)
    while worker.run_one():
        pass
    assert [store.revisions.get(job).picture for job in again] == done  # as if nothing had happened
    store.close()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere", "127.0.0.1:99999999"])
def test_without_a_cluster_there_is_a_sentence(address: str) -> None:
    with pytest.raises(InvalidInput, match=f"There is no Ray cluster at {address}"):
        Cluster(address, load_fake, {})
