"""The page behind a proxy: under a path that it keeps or cuts off, and under another name than the server's own."""

import gc
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.browser.conftest import Server
from tests.fakes import PATIENCE
from tests.proxy import proxy
from tests.server_process import free_port
from tests.web.test_api import Client

# Gradio, its server and its client, leave event loops and sockets to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

SAMPLE = "() => document.querySelectorAll('.samples .card img').length && window.palimpsest"


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    context = chromium.new_context()
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()
    gc.collect()


def visited(page: Any, address: str) -> list[str]:
    """What the page complains of until it shows its samples, and after one was opened."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("response", lambda got: got.status >= 400 and complaints.append(f"{got.status} {got.url}"))
    page.on("console", lambda said: said.type == "error" and complaints.append(f"{said.text} {said.location}"))
    page.goto(address)
    page.wait_for_function(SAMPLE)
    page.locator(".samples .card").first.click()
    page.wait_for_function("() => new URL(location.href).searchParams.has('doc')")
    styles = page.evaluate("[...document.styleSheets].map((sheet) => sheet.href).filter(Boolean)")
    assert any("theme.css" in style for style in styles)
    assert all(style.startswith(address) for style in styles)
    return complaints


@pytest.mark.parametrize("keeps", [True, False])
def test_the_page_and_the_api_under_a_path(keeps: bool, page: Any, tmp_path: Path, chromium: Any) -> None:
    server = Server(tmp_path, root_path="/pal")
    try:
        with proxy(server.url.rstrip("/"), prefix="/pal", keeps=keeps) as address:
            assert visited(page, address + "/") == []
            document = re.search(r"doc=(\w+)", page.url)[1]  # type: ignore[index]
            client = Client(address + "/", verbose=False, httpx_kwargs={"timeout": PATIENCE}, download_files=tmp_path)
            values = client.predict(document, api_name="/describe")
            assert values["picture"].startswith("/pal/palimpsest/")
            with urlopen(address.removesuffix("/pal") + values["picture"]) as answer:
                assert answer.read(8) == b"\x89PNG\r\n\x1a\n"
            file, _ = client.predict(document, api_name="/look")
            assert Path(file).read_bytes()[:2] == b"\xff\xd8"
            client.close()
    finally:
        server.stop()


def test_a_path_that_nobody_configured(page: Any, server: Server) -> None:
    """A proxy that cuts it off: the page finds out."""
    with proxy(server.url.rstrip("/"), prefix="/pal") as address:
        complaints = visited(page, address + "/")
    assert all("iframeResizer" in each for each in complaints)  # which no frame needs: none may hold the page


@pytest.mark.parametrize("host", ["upstream", "name"])
def test_a_proxy_that_tells_another_name_is_a_sentence_in_the_page(host: Any, page: Any, server: Server) -> None:
    with proxy(server.url.rstrip("/"), host) as address:
        page.goto(address + "/")
        page.wait_for_function("() => document.body.textContent.includes('--public-host')")
        option = f"--public-host {address.partition('//')[2]}."
        assert option in page.locator("body").text_content()


def test_with_the_option_it_is_the_editor(page: Any, tmp_path: Path, chromium: Any) -> None:
    with proxy(f"http://127.0.0.1:{(port := free_port())}", "upstream") as address:
        server = Server(tmp_path, port, public=[address.partition("//")[2]])
        try:
            complaints = visited(page, address + "/")
            with urlopen(address + "/palimpsest/documents") as answer:
                assert answer.read() == b"[]"  # others come this way: none is shown what is there
        finally:
            server.stop()
    assert all("iframeResizer" in each for each in complaints)
