"""Workers without a page: they share a store with servers and each other, and documents take turns."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from editor.imaging.geometry import Box
from editor.live import PAINTING, READY, LiveReport, LiveRequest
from editor.models_process import NOBODY_WORKS, ModelsProcess
from editor.session import Session
from editor.store.store import Store
from editor.store.workers import SILENT_AFTER
from tests.conftest import Run
from tests.fakes import PATIENCE, until
from tests.samples import an_edit, noise

ROOT = Path(__file__).parents[2]


@contextmanager
def working(data: Path | str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`palimpsest work` as a user runs it."""
    command = [sys.executable, "-W", "error", str(ROOT / "app.py"), "--data", str(data), *options, "work"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def edits(session: Session, document: str, count: int, first: int = 0) -> list[str]:
    return [
        session.submit(document, an_edit(Box(9 + n, 9, 40, 40), pipeline="classical", seed=first + n)).id
        for n in range(count)
    ]


def finished(store: Store, jobs: list[str]) -> bool:
    return all(not store.revisions.get(job).pending for job in jobs)


Open = Callable[[Path | str], Store]


@pytest.fixture
def stores() -> Iterator[Open]:
    """Opens stores, and closes them in the end."""
    opened: list[Store] = []

    def open_store(where: Path | str) -> Store:
        opened.append(Store(where))
        return opened[-1]

    yield open_store
    for each in opened:
        each.close()


def test_two_workers_share_the_jobs_of_a_store_and_one_takes_over(where: Path | str, stores: Open) -> None:
    store = stores(where)
    session = Session(store)
    documents = [session.open(noise(200, 160), f"Room {n}").id for n in range(4)]
    with working(where) as first, working(where) as second:
        until(lambda: len(store.workers.all()) == 2)
        jobs = [job for document in documents for job in edits(session, document, 4)]
        until(lambda: store.workers.jobs().running or finished(store, jobs))
        first.kill()  # its models' process ends with it
        until(lambda: finished(store, jobs))
        assert all(store.revisions.get(job).picture for job in jobs)
        second.send_signal(signal.SIGTERM)
        assert second.wait(30) == 0
        until(lambda: not [row for row in store.workers.all() if row.job])


def test_documents_take_turns(tmp_path: Path, stores: Open) -> None:
    """A single edit beside a hundred of another document waits for one at most, whoever came first."""
    store = stores(tmp_path)
    session = Session(store)
    many, one = (session.open(noise(200, 160), name).id for name in ("Many", "One"))
    hundred = edits(session, many, 100)
    assert store.jobs.claim("w", 60) == hundred[:1]
    single = edits(session, one, 1, first=500)
    order = []
    for _ in range(3):
        (claimed,) = store.jobs.claim("w", 60)
        order.append(store.revisions.get(claimed).document)
        store.jobs.cancel(claimed)
        store.jobs.cancel(hundred[0])
    assert order[0] == one and store.revisions.get(single[0]).cancelled and order[1:] == [many, many]


def test_owners_take_turns_however_many_documents_they_have(where: Path | str, stores: Open) -> None:
    store = stores(where)
    session = Session(store)
    ann = [session.open(noise(200, 160, seed=n), f"Ann {n}", owner="ann").id for n in range(4)]
    bob = session.open(noise(200, 160, seed=9), "Bob", owner="bob").id
    anybody = session.open(noise(200, 160, seed=8), "Anybody").id
    for n, document in enumerate(ann):
        edits(session, document, 3, first=100 * n)
    edits(session, bob, 2, first=900)
    edits(session, anybody, 2, first=1000)
    order = []
    for _ in range(8):
        (claimed,) = store.jobs.claim("w", 60)
        order.append(store.revisions.get(claimed).document)
        store.jobs.cancel(claimed)
    assert order == [ann[0], bob, anybody, ann[1], bob, anybody, ann[2], ann[3]]


def test_a_server_that_leaves_the_work_says_when_nobody_does_it(tmp_path: Path, stores: Open) -> None:
    store = stores(tmp_path)
    server = ModelsProcess(store, [], claims=False)
    assert server.trouble == NOBODY_WORKS and ModelsProcess(store, []).trouble is None
    store.workers.report("a", "host", "a processor", ["classical"])
    until(lambda: server.trouble is None)  # it looks once in a while
    (row,) = store.workers.all()
    assert (row.place, row.machine, row.models, row.job) == ("host", "a processor", ("classical",), None)
    store.workers.leave("a")
    assert until(lambda: server.trouble) == NOBODY_WORKS and store.workers.all() == []


def test_a_silent_worker_counts_as_gone(tmp_path: Path, stores: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    store = stores(tmp_path)
    store.workers.report("a", "host", "a processor", [])
    now = store.database.now
    monkeypatch.setattr(store.database, "now", lambda: now() + SILENT_AFTER + 1)
    assert not store.workers.any() and store.workers.all() == []
    store.workers.report("b", "host", "a processor", [])
    assert [row.id for row in store.workers.all()] == ["b"]


def test_the_workers_are_listed(tmp_path: Path, stores: Open, here: Run) -> None:
    data = tmp_path / "data"
    store = stores(data)
    session = Session(store)
    document = session.open(noise(200, 160), "Room").id
    jobs = edits(session, document, 3)
    worker = "boot/1/4711/99/ab"
    store.workers.report(worker, "host", "a processor", ["classical", "glide-mini"])
    store.jobs.claim(worker, 60)
    listed = here("cluster", "--data", data).stdout
    assert f"host (process 4711)  works on {jobs[0][:8]}  classical, glide-mini  (a processor)" in listed
    assert "Jobs: 1 running, 2 waiting." in listed
    store.jobs.release(worker)
    store.jobs.claim(worker, -1)  # it died, and its lease is over
    store.workers.leave(worker)
    listed = here("cluster", "--data", data).stdout
    assert "A server works on its jobs itself" in listed and "Jobs: 0 running, 3 waiting." in listed


def test_a_server_without_work_paints_live_and_leaves_the_jobs(tmp_path: Path, stores: Open) -> None:
    """Its models' process answers and takes none, until a worker comes."""
    data = tmp_path / "data"
    store = stores(data)
    session = Session(store)
    document = session.open(noise(200, 160), "Room").id
    command = [sys.executable, str(ROOT / "app.py"), "--data", str(data), "--no-work", "models-process"]
    server = ModelsProcess(store, command, claims=False)
    server.start()
    try:
        (job,) = edits(session, document, 1)
        server.wake()
        reports: list[LiveReport] = []
        edit = an_edit(Box(9, 9, 40, 40), pipeline="classical", seed=99)
        server.paint_live(LiveRequest(document, session.store.documents.get(document).head, edit), reports.append)
        until(lambda: reports and reports[-1].state != PAINTING)  # a process that takes jobs would have done them first
        assert reports[-1].state == READY
        assert store.revisions.get(job).pending and store.workers.jobs().running == 0
        with working(data):
            until(lambda: finished(store, [job]))
        assert store.revisions.get(job).picture is not None
    finally:
        server.stop()


def test_an_address_without_a_cluster_ends_it_at_once(tmp_path: Path) -> None:
    with socket.socket() as closed:  # bound, and nobody listens
        closed.bind(("127.0.0.1", 0))
        command = [sys.executable, str(ROOT / "app.py"), "--data", str(tmp_path), "work", "--ray"]
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        ended = subprocess.run([*command, address], capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode != 0 and f"There is no Ray cluster at {address}" in ended.stderr
    assert "Traceback" not in ended.stderr
