"""The campaigns of `make crash` and `make fuzz`, a short form of each; and that they see what is wrong."""

import inspect
from pathlib import Path

import pytest

from editor.imaging.geometry import Box
from editor.session import Session
from editor.store.queue import CANCELLED
from editor.store.store import Store
from editor.web.server import routes
from editor.worker import Worker
from tests.campaigns import crash, fuzz
from tests.fakes import NoisePipeline, loader
from tests.samples import an_edit, disc, noise
from tests.server_process import ServerProcess

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the servers' processes in /proc")


@pytest.mark.proof
@needs_proc
def test_killed_servers_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash, "CALM", (0.5, 1.5))
    monkeypatch.setattr(crash, "CLIENTS", 2)
    campaign = crash.Campaign(tmp_path / "data", tmp_path, seed=14)
    campaign.run(kills=2)
    assert campaign.complaints == []
    happened = ("kills of the server", "kills of the models' process", "edits finished")
    assert all(campaign.counts[what] for what in happened), campaign.counts


# --- what a campaign would have to see


class Audited:
    """A store with a finished step and a job on top, and a campaign that knows both."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "data")
        session = Session(self.store)
        document = session.open(noise(90, 60))
        self.finished = session.submit(document.id, an_edit(disc(Box(10, 10, 40, 30))))
        assert Worker(self.store, loader(NoisePipeline())).run_one()
        self.job = session.submit(document.id, an_edit(disc(Box(20, 10, 40, 30)), seed=2))
        self.campaign = crash.Campaign(folder / "data", folder, 0)
        edits = {each.edit.digest for each in (self.finished, self.job) if each.edit is not None}
        self.known = crash.Known(document.id, 0, edits, finished={self.finished.id}, names={"Untitled"})
        self.campaign.known.append(self.known)
        assert self.complaints() == []

    def complaints(self, settled: bool = False) -> list[str]:
        self.campaign.complaints.clear()
        self.campaign.audit(settled)
        return self.campaign.complaints

    def run(self, sql: str) -> None:
        with self.store.database.transaction() as db:
            db.run(sql, finished=self.finished.id, job=self.job.id, cancelled=CANCELLED)


@pytest.fixture
def audited(tmp_path: Path) -> Audited:
    return Audited(tmp_path)


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        ("DELETE FROM revision WHERE id = :job", "1 acknowledged edits"),
        ("UPDATE revision SET error = :cancelled WHERE id = :job", "1 acknowledged edits"),
        ("UPDATE revision SET tiles = zeroblob(length(tiles)) WHERE id = :finished", "gone or changed"),
        ("UPDATE revision SET tiles = NULL WHERE id = :finished", "seen finished"),
        ("UPDATE document SET name = 'Another'", "is called 'Another'"),
        ("UPDATE document SET deleted = 1", "was deleted"),
    ],
)
def test_an_audit_sees_what_is_lost(audited: Audited, damage: str, complaint: str) -> None:
    audited.run(damage)
    assert any(complaint in each for each in audited.complaints())
    audited.store.close()


def test_an_audit_sees_a_job_that_is_stuck(audited: Audited) -> None:
    assert audited.complaints() == []
    assert audited.complaints(settled=True) == [f"The job {audited.job.id} is stuck."]
    audited.store.close()


def test_an_audit_minds_no_cancel_that_was_asked_for(audited: Audited) -> None:
    audited.known.loose |= audited.known.edits
    audited.run("UPDATE revision SET error = :cancelled WHERE id = :job")
    assert audited.complaints() == []
    audited.store.close()


# --- malformed requests


def test_every_route_is_asked() -> None:
    written = inspect.getsource(routes).count('Route("')
    assert len(fuzz.own_routes()) == written + 1  # and the canvas's modules


@pytest.mark.proof
@needs_proc
def test_malformed_requests_break_nothing(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data", tmp_path / "log") as server:
        campaign = fuzz.Campaign(server, seed=14)
        campaign.run(requests=300)
        campaign.client.http.close()
    assert campaign.complaints == []
    kinds = ("own 2xx", "own 4xx", "Gradio 4xx", "left in the middle")
    assert all(campaign.counts[kind] for kind in kinds), campaign.counts


@pytest.mark.parametrize(
    ("status", "text", "complaint"),
    [
        (500, b"{}", "500"),
        (503, b"busy", "503"),
        (503, b'{"error": "Too many are asking: try again."}', ""),
        (507, b'{"error": "The disk is full."}', ""),
        (404, b"Traceback (most recent call last)", "it tells"),
        (200, b"root:x:0:0:root:/root:/bin/bash", "it tells"),
    ],
)
def test_a_campaign_sees_what_no_answer_may_be(status: int, text: bytes, complaint: str) -> None:
    campaign = fuzz.Campaign(ServerProcess("", Path()), 0)
    campaign.note(status, text, own=True, request=b"GET / HTTP/1.1")
    assert len(campaign.complaints) == bool(complaint) and complaint in "".join(campaign.complaints)
    campaign.client.http.close()
