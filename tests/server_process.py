"""Real servers and workers (`python app.py`): started, killed and started again, asked over HTTP. Needs /proc."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from editor.web.addresses import PREFIX
from tests.measuring import resident

ROOT = Path(__file__).parent.parent
START = 120.0  # seconds after which a server that does not answer never will: four workers may share the machine
END = 20.0  # seconds for a process to end


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Program:
    """A program of the store at `where`, a folder or the address of a PostgreSQL database: started and killed.

    What it prints goes to `log`. environment: its variables, where not those of this process.
    """

    def __init__(self, where: Path | str, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.where, self.log, self.environment = where, log, environment
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, *words: str) -> subprocess.Popen[bytes]:
        """Starts python with these words."""
        command = [sys.executable, *words]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment
            )
        return self.process

    @property
    def pid(self) -> int:
        assert self.process is not None, "it was not started"
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def descendants(self) -> list[int]:
        """The processes that it started, and those that they started."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:  # after the name in brackets, which may hold anything: field 4 is the parent (man proc)
                parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
            except OSError:  # it ended meanwhile
                continue
        family = {self.pid}
        while more := {child for child, parent in parents.items() if parent in family} - family:
            family |= more
        return sorted(family - {self.pid})

    def models_process(self) -> int | None:
        """The process in which it runs models; None where it runs them itself."""
        for child in self.descendants():
            if b"resource_tracker" not in _read(child, "cmdline"):  # multiprocessing's own
                return child
        return None

    def kill(self) -> list[int]:
        """SIGKILL. Returns which of its descendants outlived it by END seconds, which is a fault; they are killed."""
        if self.process is None:
            return []
        left = self.descendants()
        self.process.kill()
        self.process.wait()
        ends = time.monotonic() + END
        while (left := [child for child in left if _runs(child)]) and time.monotonic() < ends:
            time.sleep(0.02)
        for child in left:
            os.kill(child, signal.SIGKILL)
        return left

    def stop(self) -> int:
        """SIGTERM; its exit status, as `subprocess` has it. subprocess.TimeoutExpired when it does not end."""
        assert self.process is not None, "it was not started"
        self.process.terminate()
        return self.process.wait(END)

    def memory(self) -> tuple[float, float]:
        """MB in memory: of it alone, and with its descendants (what they share counted for each)."""
        alone = resident(self.pid)
        return alone, alone + sum(map(resident, self.descendants()))


class WorkerProcess(Program):
    """A worker without a page (`python app.py work`)."""

    def start(self) -> None:
        """Starts it; it takes jobs a moment later."""
        self.run("app.py", "--data", str(self.where), "work")


class ServerProcess(Program):
    """The server of a store.

    Used as a context it starts, and ends with whatever it started itself. program: what python runs, with --data and
    --port.
    """

    def __init__(
        self,
        where: Path | str,
        log: Path,
        program: Sequence[str] = ("app.py",),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(where, log, environment)
        self.program, self.url = program, ""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    def start(self, port: int = 0) -> float:
        """Start it on this port, or else on a free one; returns after how many seconds its page answered.

        Raises RuntimeError, with what it printed, when it ends instead or does not answer in time.
        """
        port = port or free_port()
        self.url = f"http://127.0.0.1:{port}"
        began = time.perf_counter()
        process = self.run(*self.program, "--data", str(self.where), "--port", str(port))
        while time.perf_counter() - began < START:
            if process.poll() is not None:
                break
            try:
                if httpx.get(self.url, timeout=START).status_code in (200, 401):  # or it asks who it is
                    return time.perf_counter() - began
            except httpx.TransportError:
                time.sleep(0.02)
        raise RuntimeError(f"The server does not start; it printed: {self.log.read_text()[-2000:]}")

    def maps(self, library: str) -> bool:
        """Whether it has loaded a shared library whose path holds this."""
        return library.encode() in _read(self.pid, "maps")


class Client:
    """A client of a server's own routes."""

    def __init__(self, url: str, timeout: float = 60) -> None:
        self.http = httpx.Client(base_url=url, timeout=timeout)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.http.get(f"{PREFIX}/{path}", **options)

    def post(self, path: str, body: bytes | str = b"", **options: Any) -> httpx.Response:
        return self.http.post(f"{PREFIX}/{path}", content=body, **options)

    def opened(self, sample: str = "living-room.png") -> dict[str, Any]:
        """The state of a new document."""
        return said(self.post(f"samples/{sample}/open"))

    def state(self, document: str, **query: str) -> dict[str, Any]:
        return said(self.get(f"documents/{document}", params=query))


def said(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of a good answer."""
    assert answer.status_code == 200, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text[:500]}"
    body: dict[str, Any] = answer.json()
    return body


def _runs(pid: int) -> bool:
    stat = _read(pid, "stat").rpartition(b")")[2].split()
    return bool(stat) and stat[0] not in (b"Z", b"X")


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
