import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from editor.session import Session
from editor.store.store import Store
from editor.worker import Worker
from pipelines.base import Pipeline
from pipelines.openmp import wait_politely
from tests import postgres
from tests.fakes import NoisePipeline, loader

# a busy machine is slow, not wrong; and every run tries the same examples, unless it is there to find others
settings.register_profile(
    "palimpsest",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("PALIMPSEST_EXPLORE") != "1",
)
settings.load_profile("palimpsest")


def pytest_configure(config: pytest.Config) -> None:
    """Where test processes share the processors, each computes with one thread, and so do the programs that it starts:
    threads that wait for each other's processor do so spinning, and cost several times what they save (measured)."""
    wait_politely()
    if config.getoption("numprocesses", None):
        os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "data")
    yield store
    store.close()


@pytest.fixture
def session(store: Store) -> Session:
    return Session(store)


@pytest.fixture
def pipelines() -> Callable[[str], Pipeline]:
    return loader(NoisePipeline())


@pytest.fixture
def worker(store: Store, pipelines: Callable[[str], Pipeline]) -> Iterator[Worker]:
    worker = Worker(store, pipelines)
    yield worker
    worker.stop()


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """The command line in this process: to start one takes longer than most of what it is asked."""
    import app

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        words = ["app.py", *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", words)
        capsys.readouterr()
        try:
            code = app.main()
        except SystemExit as end:  # the options' own end, as of --help
            code = int(end.code or 0)
        said = capsys.readouterr()
        return subprocess.CompletedProcess(words, code, said.out, said.err)

    yield run
    logging.getLogger("editor.worker").setLevel(logging.NOTSET)  # `amend` keeps it quiet


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgres.Server]:
    if postgres.program("initdb") is None:
        assert not postgres.REQUIRED, "there is no PostgreSQL"
        pytest.skip("there is no PostgreSQL: tests/programs.sh installs it on Debian")
    with postgres.server() as server:
        yield server


numbers = count()


@pytest.fixture
def postgresql(postgresql_server: postgres.Server) -> str:
    """The address of an empty PostgreSQL database."""
    return postgresql_server.database(f"store{next(numbers)}")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def module_where(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path | str:
    """As `where`, one place for all tests of a module."""
    if request.param == "sqlite":
        return tmp_path_factory.mktemp("store")
    server: postgres.Server = request.getfixturevalue("postgresql_server")
    return server.database(f"store{next(numbers)}")


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a store may lie: each test that asks runs on both kinds of database."""
    return tmp_path if request.param == "sqlite" else str(request.getfixturevalue("postgresql"))
