"""The server as `python app.py` starts it: two processes, with the embedded model in the other one."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from editor.geometry import Box
from editor.session import Session
from editor.store import FILE, Revision, Store
from tests.fakes import PATIENCE, until
from tests.samples import an_edit, disc, noise

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="/proc says what a process holds")


class Serving:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.start()

    def start(self) -> None:
        command = [sys.executable, "app.py", "--data", str(self.folder), "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout and "Palimpsest is at" in self.process.stdout.readline()

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/palimpsest/{path}", timeout=PATIENCE) as answer:
            return json.load(answer)

    def models_pid(self) -> int:
        found = until(lambda: _children(self.process.pid))
        assert len(found) == 1
        return found[0]

    def end(self, how: int) -> int:
        self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        assert self.process.stdout
        self.process.stdout.close()
        return code


def _children(pid: int) -> list[int]:
    found = [task.joinpath("children").read_text().split() for task in Path(f"/proc/{pid}/task").iterdir()]
    return [int(each) for part in found for each in part]


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    serving = Serving(tmp_path)
    yield serving
    if serving.process.poll() is None:
        serving.end(signal.SIGKILL)


def test_torch_is_in_the_models_process_alone(serving: Serving) -> None:
    def known() -> Any:
        now = serving.get("model?pipeline=glide-mini")
        return None if "loading" in now else now

    assert until(known)["samplers"]
    assert "libtorch" not in Path(f"/proc/{serving.process.pid}/maps").read_text()
    assert "libtorch" in Path(f"/proc/{serving.models_pid()}/maps").read_text()


class Job:
    """An edit by the embedded model, in its midst."""

    def __init__(self, serving: Serving, steps: int) -> None:
        self.session = Session(Store(serving.folder))
        self.document = self.session.open(noise(300, 280))
        edit = an_edit(disc(Box(50, 60, 40, 30)), pipeline="glide-mini", steps=steps)
        self.id = self.session.submit(self.document.id, edit).id
        self.begun()

    def begun(self) -> None:
        until(lambda: (now := self.session.store.progress(self.document.id).get(self.id)) and now.step)

    def settled(self) -> Revision:
        until(lambda: not self.session.revision(self.id).promised)
        return self.session.revision(self.id)


def test_a_server_that_is_told_to_end_leaves_everything_in_order(serving: Serving) -> None:
    job = Job(serving, steps=1000)
    models = serving.models_pid()
    job.session.store.close()
    assert serving.end(signal.SIGTERM) == 0
    assert not runs(models)
    assert [file.name for file in serving.folder.iterdir()] == [FILE]  # nothing is left beside it to be read first
    store = Store(serving.folder)
    left = store.revision(job.id)
    assert store.holders() == [] and left.promised and left.death is None
    store.close()


def test_a_killed_server_takes_its_models_with_it_and_its_successor_goes_on(serving: Serving) -> None:
    job = Job(serving, steps=60)
    for _ in range(3):  # more often than a job may kill its process
        models = serving.models_pid()
        assert serving.end(signal.SIGKILL) == -signal.SIGKILL
        until(lambda models=models: not runs(models))
        serving.start()
        job.begun()
    done = job.settled()
    assert done.picture is not None and done.death is None
    job.session.store.close()


def test_a_killed_models_process_is_started_again(serving: Serving) -> None:
    job = Job(serving, steps=40)
    first = serving.models_pid()
    os.kill(first, signal.SIGKILL)
    retried = until(lambda: serving.get(f"documents/{job.document.id}")["running"][0].get("retry"))
    assert "not enough memory" in retried and retried.endswith("This edit is tried once more.")
    assert job.settled().picture is not None and serving.models_pid() != first
    job.session.store.close()


def test_the_models_process_is_ended_first_when_memory_runs_out(serving: Serving) -> None:
    until(lambda: Path(f"/proc/{serving.models_pid()}/oom_score_adj").read_text().strip() == "500")
