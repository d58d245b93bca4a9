"""A real PostgreSQL server for the tests, in a folder of its own, reached through a socket there."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

INSTALLED = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/opt/homebrew/bin")]
REQUIRED = bool(os.environ.get("PALIMPSEST_REQUIRE_POSTGRESQL"))


def program(name: str) -> str | None:
    found = [str(folder / name) for folder in INSTALLED if (folder / name).exists()]
    return found[0] if found else shutil.which(name)


class Server:
    """started, stopped, and killed as a power cut would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        # the server refuses to be root's
        self.user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        if self.user:
            os.chown(folder, 65534, 65534)
        self.run("initdb", "-D", self.data, "-U", "tests", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")

    def run(self, name: str, *words: object) -> None:
        path = program(name)
        assert path is not None
        command = [*self.user, path, *map(str, words)]
        ran = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, stdin=subprocess.DEVNULL)
        assert ran.returncode == 0, ran.stdout + ran.stderr

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off"
        self.run("pg_ctl", "-D", self.data, "-w", "-t", 600, "-o", options, "-l", self.folder / "log", "start")

    def kill(self) -> None:
        self.run("pg_ctl", "-D", self.data, "-m", "immediate", "stop")

    def database(self, name: str) -> str:
        """The address of a new database."""
        self.run("createdb", "-h", self.folder, "-U", "tests", name)
        return f"postgresql://tests@/{name}?host={self.folder}"


@contextmanager
def server() -> Iterator[Server]:
    folder = tempfile.mkdtemp(prefix="pg")  # short: a socket's path has 107 bytes
    try:
        running = Server(Path(folder))
        running.start()
        try:
            yield running
        finally:
            running.kill()
    finally:
        shutil.rmtree(folder)
