"""What goes over the wire for one edit of a large picture, and that its pixels are what is drawn."""

from typing import Any

import numpy as np
import pytest
from starlette.requests import Request

from editor.imaging.geometry import Box
from editor.web.routes import edits
from tests.browser.hands import Hands, photo

MOST_UP, MOST_DOWN = 40_000, 1_000_000  # bytes, headers included
MOST_BODY = 4_000  # of that for the edit and its mask
MOST_QUESTION = 2_000  # both ways, headers included: asked by the clock, so not counted with the edit


def test_an_edit_of_a_large_picture_costs_by_its_mask(
    hands: Hands, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = []  # (what for, what), as Chromium does not tell the size of a body that is a Blob

    async def counted(request: Request, limit: int, what: str) -> bytes:
        bodies.append((request.url.path.rpartition("/")[2], await read(request, limit, what)))
        return bodies[-1][1]

    read = edits.read_body  # type: ignore[attr-defined]
    monkeypatch.setattr(edits, "read_body", counted)
    hands.open_pixels(photo(4096, 4096))
    hands.page.evaluate("window.palimpsest.viewport.zoom(1)")
    hands.page.evaluate(
        "(() => { const { viewport } = window.palimpsest; const [x, y] = viewport.view.toViewport(2048, 2048);"
        "viewport.pan(viewport.width / 2 - x, viewport.height / 2 - y); })()"
    )
    hands.wait_for("doc.picture.tiles.size === 256")
    hands.page.evaluate("window.palimpsest.tool.resize(200)")
    hands.choose("slow")
    before = server.session.picture(hands.document)
    requests: list[Any] = []
    hands.lasting = False
    hands.page.on("request", lambda request: requests.append(request))  # begun from here on

    hands.drag((2048, 2048), (2048, 2048))  # a disc of 200 pixels over the corner of four tiles
    hands.write("a vase")
    hands.generate()
    for step in range(1, 21):
        server.slow.allow(1)
        hands.wait_for(f"!doc.run || doc.run.index >= {step}")
    hands.wait_for("doc.state.can_undo")
    hands.wait_idle()

    [edit] = [body for route, body in bodies if route != "plan"]  # which is asked for where there is time for it
    up, down = len(edit), 0
    for request in requests:
        size = request.sizes()
        asked = size["requestHeadersSize"]
        answered = size["responseHeadersSize"] + size["responseBodySize"]
        if f"/documents/{hands.document}?" in f"{request.url}?":
            assert asked + answered < MOST_QUESTION
        else:
            up, down = up + asked, down + answered
    tiles = [request.url for request in requests if "/tiles/" in request.url]
    previews = [request.url for request in requests if "/previews/" in request.url]
    assert len(tiles) == len(set(tiles)) == 4
    assert len(previews) >= 5
    for route, body in bodies:
        assert len(body) < MOST_BODY, f"{len(body):,} bytes of {route}"
    assert up < MOST_UP, f"{up:,} bytes up"
    assert down < MOST_DOWN, f"{down:,} bytes down"

    after = server.session.picture(hands.document)
    changed = {place for place, digest in after.tiles.items() if digest != before.tiles[place]}
    assert changed == {(7, 7), (8, 7), (7, 8), (8, 8)}
    assert np.array_equal(_window(hands), after.read(Box(1900, 1900, 300, 300)).pixels)


def _window(hands: Hands) -> Any:
    """The canvas at plane [1900, 2200) x [1900, 2200), drawn at 100 %."""
    data = hands.page.evaluate(
        """async () => {
            const { viewport } = window.palimpsest;
            await new Promise(requestAnimationFrame);
            const [x, y, width, height] = viewport.view.viewportRect([1900, 1900, 300, 300]);
            return viewport.below.getImageData(x, y, width, height).data.toString();
        }"""
    )
    return np.fromstring(data, np.uint8, sep=",").reshape(300, 300, 4)[..., :3]
