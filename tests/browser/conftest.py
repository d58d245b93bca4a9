"""A real Chromium, and a real server with scripted models behind it."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import pipelines
from editor.formats.images import encode_png
from editor.session import Session
from editor.store.queue import PENDING
from editor.store.store import Store
from editor.web.addresses import Addresses
from editor.worker import Worker
from pipelines.base import Pipeline
from pipelines.ranking import Ranker
from tests.browser.hands import NO_TOUR, SIZE, Hands, photo
from tests.fakes import (
    PATIENCE,
    FailingPipeline,
    FakeLibrary,
    FlatPipeline,
    LocalModels,
    NoisePipeline,
    PhotoPipeline,
    SlowPipeline,
    loader,
    stop,
)
from tests.server_process import free_port

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("browser")


class Server:
    """The whole editor on one port and one data folder; `stop` and `start` are a restart."""

    def __init__(
        self,
        folder: Path,
        port: int = 0,
        public: Sequence[str] = (),
        root_path: str = "",
        more: Sequence[Pipeline] = (),
    ) -> None:
        """public, root_path: as in `Addresses`. more: further models."""
        self.folder, self.public, self.root_path = folder, public, root_path
        self.samples = folder / "samples"
        self.samples.mkdir()
        (self.samples / "living-room.png").write_bytes(encode_png(photo(320, 270)))
        self.slow = SlowPipeline()
        self.ranker: Ranker | None = None  # of all models' results, for tests that set it
        self.models: list[Pipeline] = [
            NoisePipeline(supports_strength=True),
            FlatPipeline((0, 200, 0)),
            FailingPipeline(at_step=2),
            self.slow,
            PhotoPipeline(),
            pipelines.load("patchmatch"),
            *more,
        ]
        self.port = port or free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        from editor.web.context import AppContext
        from editor.web.page import start  # here: without a browser nothing needs Gradio

        self.store = Store(self.folder / "data")
        self.session = Session(self.store)
        load = loader(*self.models)
        self.worker = Worker(self.store, load, rankers=lambda model: self.ranker)
        self.worker.start()
        names = [*(model.name for model in self.models), "damaged"]
        addresses = Addresses(public=self.public, root_path=self.root_path)
        library = FakeLibrary(self.folder / "data", names, {"photo": "Photographs"})
        self.answers = LocalModels(self.worker)
        context = AppContext(self.session, self.answers, library, self.samples, addresses)
        self.library = library
        library.downloads.start()
        self.page = start(context, "127.0.0.1", self.port)

    def end_jobs(self) -> None:
        """Ends what a visitor has left: it would take the steps that the next one allows."""
        while pending := self.store.database.rows(f"SELECT id FROM revision WHERE {PENDING} ORDER BY seq DESC"):
            self.store.jobs.cancel(pending[0][0])
        if self.slow.started.is_set() and not self.slow.closed.is_set():
            self.slow.allow(1)  # a run notices at its next step that it is cancelled
            assert self.slow.closed.wait(PATIENCE)
        self.slow.forbid()

    def stop(self) -> None:
        self.page.close(verbose=False)
        self.page.server.thread.join()  # Gradio itself waits 5 seconds for its port to be free
        self.library.downloads.stop()
        stop(self.worker, self.slow)
        self.store.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, chromium: Any) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("palimpsest"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if CHROMIUM is None:
        missing = "No Chromium on this machine: the page was not tested. Install the package `chromium`."
        if os.environ.get("PALIMPSEST_REQUIRE_BROWSER") == "1":
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, headless=True)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def complaints() -> list[str]:
    """What no page may say or ask for."""
    return []


@pytest.fixture(scope="session")
def context(chromium: Any, server: Server, complaints: list[str]) -> Iterator[Any]:
    """One browser window for all tests: what Gradio's page is made of is loaded once."""

    def watch(page: Any) -> None:
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("console", lambda said: said.type == "error" and complaints.append(f"{said.text} {said.location}"))
        page.on("request", lambda asked: _is_ours(asked.url, server.url) or complaints.append(f"asked {asked.url}"))

    context = chromium.new_context(viewport=SIZE)
    context.set_default_timeout(60_000)
    context.add_init_script(f"try {{ {NO_TOUR} }} catch {{}}")  # the blank page before has no storage
    context.on("page", watch)
    yield context
    context.close()


@contextmanager
def visiting(chromium: Any, server: Server, **options: Any) -> Iterator[Hands]:
    """A visitor with a browser window of its own, at a server of its own, whose sample is open; stops the server.

    options: of the window.
    """
    context = chromium.new_context(**{"viewport": SIZE} | options)
    context.set_default_timeout(60_000)
    context.add_init_script(f"try {{ {NO_TOUR} }} catch {{}}")
    complaints: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    hands = Hands(page, server, complaints)
    hands.goto()
    hands.open_sample()
    yield hands
    context.close()
    server.stop()
    assert complaints == []


@pytest.fixture
def hands(request: pytest.FixtureRequest, context: Any, server: Server, complaints: list[str]) -> Iterator[Hands]:
    """A visitor at the start view; at the end no tab may have complained, or asked anyone but the server."""
    complaints.clear()
    server.end_jobs()
    old, failed = context.pages, request.session.testsfailed
    hands = Hands(old[0] if old else context.new_page(), server, complaints)
    if old and hands.page.url != "about:blank":
        hands.page.evaluate("window.palimpsest.home()")
    else:
        hands.goto()
        hands.tidy = True
    yield hands
    well = not complaints and request.session.testsfailed == failed
    hands.tidy, hands.lasting = hands.tidy and well, hands.lasting and well
    hands.leave()
    assert complaints == []


def _is_ours(url: str, base: str) -> bool:
    return url.startswith((base, "data:", "blob:"))
