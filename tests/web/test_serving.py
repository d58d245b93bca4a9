"""The server as `python app.py` starts it: two processes, with the embedded model in the other one."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from editor.imaging.geometry import Box
from editor.session import Session
from editor.store.revisions import Revision
from editor.store.store import FILE, Store
from tests.fakes import until
from tests.samples import an_edit, disc, noise
from tests.server_process import Client, ServerProcess, said

pytestmark = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="/proc says what a process holds")


class Job:
    """An edit by the embedded model, in its midst."""

    def __init__(self, server: ServerProcess, steps: int) -> None:
        assert isinstance(server.where, Path)
        self.session = Session(Store(server.where))
        self.document = self.session.open(noise(300, 280))
        edit = an_edit(disc(Box(50, 60, 40, 30)), pipeline="glide-mini", steps=steps)
        self.id = self.session.submit(self.document.id, edit).id
        self.begun()

    def begun(self) -> None:
        until(lambda: (now := self.session.store.progress.of(self.document.id).get(self.id)) and now.step)

    def settled(self) -> Revision:
        def step() -> int | None:
            now = self.session.store.progress.of(self.document.id).get(self.id)
            return now.step if now else None

        while (
            left := self.session.store.revisions.get(self.id)
        ).pending:  # however slow its steps are, while they go on
            at = step()
            until(lambda at=at: step() != at)
        return left


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path / "data", tmp_path / "log") as server:
        yield server


def test_torch_is_in_the_models_process_alone(server: ServerProcess) -> None:
    client = Client(server.url)
    until(lambda: "samplers" in said(client.get("model?pipeline=glide-mini")))
    client.http.close()
    models = server.models_process()
    assert models and not server.maps("libtorch") and "libtorch" in Path(f"/proc/{models}/maps").read_text()
    until(lambda: Path(f"/proc/{models}/oom_score_adj").read_text().strip() == "500")  # it goes first without memory


def test_a_server_that_is_asked_to_end_leaves_everything_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (temporary := tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with ServerProcess(tmp_path / "data", tmp_path / "log", ("app.py", "--stop-within", "1")) as server:
        job = Job(server, steps=1000)
        job.session.store.close()
        assert list(temporary.glob("palimpsest-*"))  # for the pictures that the API shows
        assert server.stop() == 0
        assert not list(temporary.glob("palimpsest-*")) and not server.descendants()
        assert isinstance(server.where, Path)
        left = {file.name for file in server.where.iterdir()}
        assert left <= {FILE, f"{FILE}-reserve"}  # no log that would have to be read first
        store = Store(server.where)
        freed = store.revisions.get(job.id)
        assert store.jobs.holders() == [] and freed.pending and freed.death is None
        store.close()


def test_a_killed_server_takes_its_models_with_it_and_its_successor_goes_on(server: ServerProcess) -> None:
    job = Job(server, steps=20)
    for _ in range(2):  # as often as a job may not end its process
        assert server.kill() == []
        server.start()
        job.begun()
    done = job.settled()
    assert done.picture is not None and done.death is None
    job.session.store.close()


def test_a_killed_models_process_is_started_again(server: ServerProcess) -> None:
    job, client = Job(server, steps=1000), Client(server.url)
    first = server.models_process()
    assert first
    os.kill(first, signal.SIGKILL)
    retried = until(lambda: client.state(job.document.id)["running"][0].get("retry"))
    assert "not enough memory" in retried and retried.endswith("This edit is tried once more.")
    job.begun()
    assert server.models_process() != first
    job.session.cancel(job.id)
    client.http.close()
    job.session.store.close()
