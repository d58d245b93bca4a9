"""The editor behind a real nginx and a real Caddy, with TLS, as the documentation sets them up."""

import gc
import os
import zlib
from pathlib import Path
from typing import Any

import pytest

from editor.formats.images import encode_png
from editor.web.addresses import PREFIX
from tests.browser.conftest import Server
from tests.browser.test_proxies import visited
from tests.reverse_proxies import tls_proxy
from tests.samples import noise
from tests.server_process import free_port

# Gradio, its server and its client, leave event loops and sockets to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def large(size: int) -> bytes:
    """A PNG of so many bytes, most of them in a chunk that holds no pixels."""
    png = encode_png(noise(64, 48))
    body = b"prVt" + os.urandom(size)
    chunk = size.to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    end = png.index(b"IDAT") - 4
    return png[:end] + chunk + png[end:]


@pytest.mark.parametrize(("program", "paths"), [("nginx", ("", "/pal")), ("caddy", ("",))])
def test_the_editor_behind_a_proxy_with_tls(
    program: str, paths: tuple[str, ...], tmp_path: Path, chromium: Any
) -> None:
    port = free_port()
    (folder := tmp_path / "server").mkdir()
    server = Server(folder, public=[f"localhost:{port}"])
    try:
        with tls_proxy(program, tmp_path, port, server.url.removeprefix("http://").rstrip("/")) as client:
            for path in paths:
                assert client.get(f"{path}/readyz").json() == {"status": "ready"}
                assert client.get(f"{path}/config").json()["root"] == f"https://localhost:{port}{path}"

                opened = client.post(f"{path}{PREFIX}/documents?name=large", content=large(24 * 2**20))
                assert opened.status_code == 200, opened.text
                document = opened.json()["document"]

                edit = {"document": document, "prompt": "a couch", "box": [5, 5, 30, 30], "model": "slow"}
                event = client.post(f"{path}/gradio_api/call/v2/edit", json=edit).json()["event_id"]
                with client.stream("GET", f"{path}/gradio_api/call/edit/{event}") as answer:
                    events = answer.iter_text()
                    assert '"state": "' in next(events)  # while its model waits for leave to take a step
                    server.slow.allow(1000)
                    assert '"state": "done"' in "".join(events)
                server.slow.forbid()
            context = chromium.new_context(ignore_https_errors=True)
            context.set_default_timeout(60_000)
            for path in paths:
                page = context.new_page()
                complaints = visited(page, f"https://localhost:{port}{path}/")
                assert all("iframeResizer" in each for each in complaints)  # which no frame needs
                page.close()
            context.close()
    finally:
        server.stop()
        gc.collect()
