"""The campaigns of `make crash` and `make fuzz`, a short form of each; and that they see what is wrong."""

import gc
import inspect
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from editor.imaging.geometry import Box
from editor.session import Session
from editor.store.queue import CANCELLED
from editor.store.store import Store
from editor.web.server import routes
from editor.web.state import DocumentStates
from editor.worker import Worker
from tests import postgres
from tests.campaigns import crash, designers, fuzz, studio
from tests.campaigns.clients import Known
from tests.campaigns.designers import STATE, Designer, Studio
from tests.campaigns.fake_models import done_twice, painter
from tests.fakes import FlatPipeline, NoisePipeline, in_loop, loader
from tests.samples import an_edit, disc, noise
from tests.server_process import ServerProcess
from tests.web.members import PROXY_SECRET, Members

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the servers' processes in /proc")


@needs_proc
@pytest.mark.parametrize(("apart", "kills"), [(False, 6), (True, 44)])
def test_killed_servers_and_workers_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, apart: bool, kills: int
) -> None:
    monkeypatch.setattr(crash, "CALM_APART" if apart else "CALM", (0.1, 0.6))  # seconds
    campaign = crash.Campaign(tmp_path / "data", tmp_path, 14, apart, fakes=True)
    assert campaign.run(kills) == kills
    assert campaign.complaints == []
    happened = ("kills of the server", "kills of the models' process", "edits finished")
    assert all(campaign.counts[what] for what in happened), campaign.counts


needs_postgres = pytest.mark.skipif(
    postgres.program("initdb") is None and not postgres.REQUIRED, reason="needs PostgreSQL's programs"
)


@pytest.mark.proof
@needs_proc
@needs_postgres
@pytest.mark.parametrize("kills", [None, (6.0, 8.0)])
def test_designers_work_side_by_side(tmp_path: Path, kills: tuple[float, float] | None) -> None:
    with postgres.server() as database:
        campaign = studio.Campaign(
            database.database("studio"), tmp_path, seconds=20.0, designers=5, think=(0.5, 2.0), kills=kills
        )
        report = campaign.report(campaign.run())
    assert report["complaints"] == []
    assert report["counts"]["edits"] and report["runs"]["done"] and studio.table(report)
    assert report["milliseconds"][STATE]["n"] and report["processes"]["worker 1: models"]["MB at 100 %"]
    assert bool(kills) == all(report["kills"].values())


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
        self.known = Known(document.id, 0, edits, finished={self.finished.id}, names={"Untitled"})
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


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (["1 10 begun a 1 x", "2 10 done a 1 x"], ""),
        (["1 10 begun a 1 x", "5 11 begun a 1 x", "6 11 done a 1 x"], ""),  # the first was killed before
        (["1 10 begun a 1 x", "2 10 done a 1 x", "5 11 begun a 1 x"], ""),  # before its result was stored
        (["1 10 begun a 1 x", "2 10 left a 1 x", "2.5 11 begun a 1 x"], ""),
        (["1 10 begun a 1 x", "2 11 begun a 1 x"], "has begun"),
        (["1 10 begun a 1 x", "2 10 done a 1 x", "2.5 11 begun a 1 x"], "has done it"),
        (["1 10 begun moved 1 x", "2 10 done moved 1 x", "2.5 11 begun moved 1 x"], ""),
        (["1 10 begun a 1 x", "2 11 begun a 2 x"], ""),
    ],
)
def test_a_log_tells_what_is_done_twice(tmp_path: Path, lines: list[str], complaint: str) -> None:
    log = tmp_path / "painted"
    log.write_text("".join(f"{line}\n" for line in lines))
    found = done_twice(log, {10: 3.0}, {"moved"})
    assert len(found) == bool(complaint) and complaint in "".join(found)


TURNS = 5  # of a designer


class AtWork:
    """A designer at a server in this process, whose models are fakes."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(designers, "NAMES", ("noise",))
        self.members = Members(folder)
        self.members.worker.pipelines = loader(painter("noise"))
        headers = {"Palimpsest-Proxy-Secret": PROXY_SECRET}
        with ThreadPoolExecutor(1) as executor:
            self.studio = Studio(executor, (0.0, 0.0), headers, "X-Forwarded-User")
            in_loop(self._work())
        self.members.close()
        gc.collect()

    async def _work(self) -> None:
        designer = Designer(self.studio, 0, self.members.url)
        await designer.open()
        for _ in range(TURNS):
            await designer.turn()
        await designer.close()


gradio = pytest.mark.filterwarnings("ignore::ResourceWarning")  # which leaves sockets to the garbage collector


@gradio
def test_a_designer_is_content_with_the_right_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work = AtWork(tmp_path, monkeypatch)
    assert at_work.studio.complaints == [] and at_work.studio.counts["edits"]


@gradio
def test_a_designer_sees_the_picture_of_another_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        NoisePipeline, "image", lambda fake, seed, prompt, shape=None: np.full((*shape, 3), 9, np.uint8)
    )
    monkeypatch.setattr(designers, "painter", lambda name: FlatPipeline((9, 9, 8), name=name))
    counts = AtWork(tmp_path, monkeypatch).studio.counts
    assert counts["mix-ups"] and not counts["errors"]


@gradio
def test_a_designer_sees_a_state_that_is_not_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = DocumentStates.state
    monkeypatch.setattr(DocumentStates, "state", lambda *given: state(*given) | {"head": "0" * 32})
    assert AtWork(tmp_path, monkeypatch).studio.complaints


def test_a_studio_sees_what_is_lost_and_what_stands_twice(tmp_path: Path) -> None:
    audited = Audited(tmp_path)
    campaign = studio.Campaign(tmp_path / "data", tmp_path, 1, 1)
    edit, waiting = audited.finished.edit.digest, audited.job.edit.digest
    reports = Studio(None, (0, 0), {}, "", acknowledged={audited.known.id: {edit}})
    campaign.audit(reports)
    assert campaign.complaints == []
    reports.acknowledged[audited.known.id].add(waiting)
    campaign.audit(reports)
    assert "1 acknowledged edits" in campaign.complaints.pop()
    audited.run("UPDATE revision SET edit = (SELECT edit FROM revision WHERE id = :finished), tiles = "
                "(SELECT tiles FROM revision WHERE id = :finished) WHERE id = :job")  # fmt: skip
    reports.acknowledged[audited.known.id].remove(waiting)
    campaign.audit(reports)
    assert "stand twice" in campaign.complaints.pop()
    audited.run("UPDATE revision SET error = 'Broken.', tiles = NULL WHERE id = :job")
    campaign.audit(reports)
    assert "1 edits failed: ['Broken.']" in campaign.complaints.pop()
    audited.store.close()


@pytest.mark.parametrize(
    ("seconds", "growth", "complaint"),
    [
        (3600, (0, 0, 0), ""),
        (3600, (0.02, 0, 0), "MB at half time"),  # by the second
        (900, (0.02, 0, 0), ""),  # its caches fill
        (900, (0.3, 0, 0), "MB when it was warm"),
        (900, (0, 0.05, 0), "threads"),
        (900, (0, 0, 0.2), "descriptors"),
    ],
)
def test_a_studio_sees_what_leaks(
    tmp_path: Path, seconds: int, growth: tuple[float, float, float], complaint: str
) -> None:
    campaign = studio.Campaign(tmp_path, tmp_path, seconds, 1)
    campaign.samples["server"] = [
        studio.Sample(when, 1, *(int(100 + rate * when) for rate in growth)) for when in range(0, seconds + 1, 3)
    ]
    found = campaign.leaks("server")
    assert len(found) == bool(complaint) and complaint in "".join(found)


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
