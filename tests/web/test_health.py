"""Whether a server answers, and whether it is ready: asked by programs that have neither its name nor a login."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from editor.store.database import DiskFull
from editor.store.store import FILE, Store
from editor.web import readiness
from editor.web.addresses import Addresses
from editor.web.ending import Ending
from editor.web.health import Health
from editor.web.readiness import Readiness
from editor.web.security import HEADERS, Guard
from editor.worker import Worker
from tests.fakes import LocalModels, NoisePipeline, loader


class Probe:
    """A server that is asked how it is, under a name that it does not know."""

    def __init__(self, where: Path | str) -> None:
        self.store, self.ending = Store(where), Ending()
        self.models = LocalModels(Worker(self.store, loader(NoisePipeline())))
        checks = Readiness(self.store, self.models, self.ending)
        self.health = Middleware(Health, root_path="/pal", readiness=checks)
        self.http = TestClient(self.app(), base_url="http://10.1.2.3")

    def app(self) -> Starlette:
        return Starlette(middleware=[self.health, Middleware(Guard, addresses=Addresses(root_path="/pal"))])

    def trouble(self) -> str:
        """Why it is not ready; "" when it is."""
        answer = self.http.get("/readyz")
        said: dict[str, str] = answer.json()
        assert answer.status_code == (503 if "error" in said else 200)
        return said.get("error", "")


@pytest.fixture
def probe(where: Path | str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Probe]:
    monkeypatch.setattr(readiness, "TRUSTED", 0.0)
    probe = Probe(where)
    yield probe
    probe.store.close()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Probe]:
    probe = Probe(tmp_path)
    yield probe
    probe.store.close()


def test_a_probe_needs_no_name_and_hears_yes(embedded: Probe) -> None:
    assert embedded.http.get("/").status_code == 421
    for path, status in (("/healthz", "alive"), ("/pal/healthz", "alive"), ("/readyz", "ready")):
        answer = embedded.http.get(path)
        assert answer.status_code == 200 and answer.json() == {"status": status}
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS and not answer.cookies
        assert answer.headers["cache-control"] == "no-store"
        assert embedded.http.head(path).status_code == 200 and embedded.http.post(path).status_code == 405
    said = {"x-forwarded-prefix": "/other"}  # by a proxy, of a path that the operator did not say
    assert embedded.http.get("/other/healthz").status_code == 421
    embedded.health.kwargs["root_path"] = ""
    assert TestClient(embedded.app(), base_url="http://10.1.2.3").get("/other/healthz", headers=said).is_success
    assert embedded.http.get("/healthz/").status_code == 421  # that path and no other


def test_a_store_that_cannot_be_written_is_not_ready(probe: Probe) -> None:
    assert probe.trouble() == ""
    if probe.store.database.path is None:
        forbid, permit = (f"SET default_transaction_read_only = {value}" for value in ("on", "off"))
    else:
        forbid, permit = (f"PRAGMA query_only = {value}" for value in ("ON", "OFF"))
    with probe.store.database.writing.connect() as connection:
        connection.exec_driver_sql(forbid)
    assert probe.trouble() == "The store cannot be written. The server's log says why."
    assert probe.http.get("/healthz").status_code == 200  # it is the store's fault: no restart mends it
    with probe.store.database.writing.connect() as connection:
        connection.exec_driver_sql(permit)
    assert probe.trouble() == ""


def test_a_look_writes_to_the_disk(embedded: Probe, tmp_path: Path) -> None:
    log = tmp_path / f"{FILE}-wal"
    before = log.stat().st_size
    assert embedded.trouble() == "" and log.stat().st_size > before


def test_a_full_disk_is_said(embedded: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(store: Store) -> None:
        raise DiskFull("The disk is full.")

    monkeypatch.setattr(readiness, "rewrite_version", full)
    assert embedded.trouble() == "The store cannot be written: its disk is full."


def test_a_store_that_does_not_answer_holds_no_probe(embedded: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, looks = threading.Event(), []

    def wait(store: Store) -> None:
        looks.append(store)
        assert gate.wait(60)

    monkeypatch.setattr(readiness, "rewrite_version", wait)
    monkeypatch.setattr(readiness, "LIMIT", 0.05)
    with embedded.http:  # one event loop for all requests
        for _ in range(3):
            assert embedded.trouble() == "The store does not answer within 0 seconds."
        assert len(looks) == 1  # however many ask
        gate.set()


def test_one_look_counts_for_a_while(embedded: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Store] = []
    monkeypatch.setattr(readiness, "rewrite_version", looks.append)
    monkeypatch.setattr(readiness, "TRUSTED", 1000.0)
    assert [embedded.trouble() for _ in range(5)] == [""] * 5 and len(looks) == 1


def test_without_a_models_process_or_at_the_end_it_is_not_ready(embedded: Probe) -> None:
    embedded.models.ready = False
    assert "models' process" in embedded.trouble()
    embedded.models.ready = True
    embedded.ending.drain()
    assert embedded.trouble() == "The server is being stopped."
    assert embedded.http.get("/healthz").status_code == 200
