from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from editor.session import Session
from editor.store import Store
from editor.worker import Worker
from pipelines.base import Pipeline
from tests import postgres
from tests.fakes import NoisePipeline, loader

# a busy machine is slow, not wrong
settings.register_profile("palimpsest", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("palimpsest")


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


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgres.Server]:
    if postgres.program("initdb") is None:
        assert not postgres.REQUIRED, "there is no PostgreSQL"
        pytest.skip("there is no PostgreSQL: tests/postgres.sh installs it on Debian")
    with postgres.server() as server:
        yield server


numbers = count()


@pytest.fixture
def postgresql(postgresql_server: postgres.Server) -> str:
    """The address of an empty PostgreSQL database."""
    return postgresql_server.database(f"store{next(numbers)}")


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a store may lie: each test that asks runs on both kinds of database."""
    return tmp_path if request.param == "sqlite" else str(request.getfixturevalue("postgresql"))
