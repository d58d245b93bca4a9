"""From an opened picture to the first fill by a model of the hub: a real server, a real Chromium, a hub here.

The connection is cut and the server killed on the way; the page is never loaded anew.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.recommended import recommended
from tests import tiny_diffusers
from tests.browser.hands import DRAWN, NO_TOUR, Hands
from tests.fake_hub import FakeHub
from tests.server_process import Client, ServerProcess, said

CUT = 5000  # bytes of the first large file that come before its connection ends


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub with a tiny pipeline under each recommended name; the server asks it, and keeps its models in tmp_path."""
    hub = FakeHub()
    saved = tiny_diffusers.save("sd-9", tmp_path / "tiny")
    hub.models = {name: saved for name, row in recommended().items() if row.use == "fill"}
    for name, value in {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "0"}.items():
        monkeypatch.setenv(name, value)
    for name in ("HF_TOKEN", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    yield hub
    hub.stop()


@pytest.fixture
def real(tmp_path: Path, hub: FakeHub) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path / "data", tmp_path / "log") as server:
        yield server


@pytest.fixture
def client(real: ServerProcess) -> Iterator[Client]:
    client = Client(real.url)
    yield client
    client.http.close()  # its server was killed meanwhile: nobody else ends the connection


@pytest.fixture
def visitor(chromium: Any, real: ServerProcess) -> Iterator[Hands]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(120_000)
    context.add_init_script(f"try {{ {NO_TOUR} }} catch {{}}")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    hands = Hands(page, real, [])
    page.goto(f"{real.url}/")
    page.wait_for_function("window.palimpsest?.ready")
    yield hands
    context.close()
    assert faults == []


def test_from_an_opened_picture_to_the_first_fill(
    visitor: Hands, real: ServerProcess, hub: FakeHub, client: Client
) -> None:
    page = visitor.page
    [best] = [row for row in said(client.get("models"))["recommended"] if row["best"] and row["use"] == "fill"]
    hub.licence = best["licence"]
    hub.cuts = [CUT]
    visitor.open_sample()
    page.evaluate("window.here = 'all along'")

    page.locator(".model-chip").click()
    page.get_by_role("button", name=f"Download {best['title']}").click()

    bar = page.get_by_role("progressbar", name=f"Download of {best['title']}")
    bar.wait_for()
    while not hub.asked_of_cdn:
        page.evaluate(DRAWN)
    hub.hold.clear()
    assert hub.held.wait(120)
    assert [asked.range for asked in hub.asked_of_cdn].count(f"bytes={CUT}-") == 1  # after the cut it went on by itself
    page.wait_for_function("document.querySelector('.models .bar').ariaValueNow > 0")
    before = int(bar.get_attribute("aria-valuenow"))
    port = int(real.url.rpartition(":")[2])
    real.kill()
    page.get_by_role("tabpanel", name="Models").get_by_text("The server does not answer.").wait_for()
    hub.held.clear()
    asked = len(hub.asked_of_cdn)
    real.start(port)
    assert hub.held.wait(120)  # the next start goes on with it
    assert hub.asked_of_cdn[asked].range
    page.wait_for_function(f"document.querySelector('.models .bar')?.ariaValueNow >= {before}")
    hub.hold.set()

    page.locator(".note p").filter(has_text=f"{best['title']} is ready.").wait_for()
    visitor.press("Use it now")
    page.get_by_role("button", name=f"Model: {best['title']}").wait_for()
    opened = page.evaluate("window.palimpsest.doc.state.head")
    pixels = visitor.drawn()
    visitor.paint()
    visitor.write("a vase")
    visitor.generate()
    visitor.wait_for(f"doc.state.head !== {opened!r}")
    visitor.wait_idle()
    _, made = client.get(f"documents/{visitor.document}/tree").json()
    assert made["edit"]["pipeline"] == f"hf:{best['id']}" and made["finished"] and not made["error"]
    changed = np.abs(visitor.drawn().astype(int) - pixels).max(axis=-1) > 0
    assert 0 < changed.mean() < 0.5
    assert page.evaluate("window.here") == "all along"
