"""A model on another server, in the page: what is said before anything is sent, and what comes of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from editor.imaging.geometry import Box
from pipelines.endpoint import read_endpoint
from pipelines.images_api import ImagesApi
from tests.browser.conftest import Server, visiting
from tests.browser.hands import Hands
from tests.browser.test_replay import amend, send
from tests.fake_images_api import PATIENCE, FakeImagesApi, refusal

# Gradio, its server and its client, leave event loops and sockets to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
def api() -> Iterator[FakeImagesApi]:
    api = FakeImagesApi()
    yield api
    api.stop()


@pytest.fixture
def visitor(chromium: Any, tmp_path: Path, api: FakeImagesApi) -> Iterator[Hands]:
    """Before a server that offers a model on another one."""
    name = api.name(sizes=";128x128")
    server = Server(
        tmp_path,
        more=[ImagesApi(name, read_endpoint(name.removeprefix("openai:")), tmp_path / "data" / "api-keys.json")],
    )
    with visiting(chromium, server) as hands:
        yield hands


def sent(hands: Hands, text: str) -> None:
    hands.page.locator("#status .sent").filter(has_text=text).wait_for()


def test_what_leaves_this_machine_is_said_before_it_does(visitor: Hands, api: FakeImagesApi) -> None:
    hands, page = visitor, visitor.page
    hands.edit("a lamp")
    assert page.locator("#status .sent").text_content() == ""
    hands.choose("painter")
    sent(hands, f"Sends part of this picture to {api.host}.")
    page.locator("#status .model-chip .purpose").filter(has_text="on another server").wait_for()
    hands.intend("Adjust")
    page.wait_for_function("document.querySelector('#status .sent').textContent === ''")
    hands.intend("Fill")
    hands.paint(120, 120)
    sent(hands, f"Generate sends up to 16,384 pixels of this picture to {api.host}.")
    hands.variations(3)
    sent(hands, "up to 49,152 pixels")
    hands.variations(1)
    sent(hands, "up to 16,384 pixels")
    assert api.asked == []  # nothing was sent by choosing, painting or planning

    before, box = hands.stored, Box(*hands.mask_bounds or ()).padded(8)
    head = hands.state["head"]
    hands.write("a vase")
    hands.generate()
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    assert [came.fields["prompt"] for came in api.asked] == ["a vase"]
    changed = np.argwhere((hands.stored != before).any(axis=-1))
    assert len(changed)
    for y, x in (changed.min(axis=0), changed.max(axis=0)):
        assert box.contains(Box(int(x), int(y), 1, 1))

    hands.paint(60, 60)  # and removed, without words
    hands.intend("Remove")
    hands.choose("painter")  # each mode has a model of its own
    sent(hands, f"Generate sends up to 16,384 pixels of this picture to {api.host}.")
    head = hands.state["head"]
    hands.generate()
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    assert len(api.asked) == 2 and "transparent area" in api.asked[1].fields["prompt"]
    hands.intend("Fill")

    hands.choose("noise")  # a change of the first step sends what comes after it again, and the page says so
    page.wait_for_function("document.querySelector('#status .sent').textContent === ''")
    hands.press("History")
    amend(hands, "a lamp")
    page.locator(".amending").filter(has_text=f"Sends part of this picture to {api.host}.").wait_for()
    hands.write("a red lamp")
    send(hands)
    hands.wait_for("!doc.submitting")
    hands.wait_idle()
    assert len(api.asked) > 2
    hands.reload()
    hands.wait_idle()


def test_a_run_on_another_server_is_cancelled_at_once(visitor: Hands, api: FakeImagesApi) -> None:
    hands = visitor
    hands.choose("painter")
    for _ in range(2):
        api.hold.clear()
        api.held.clear()
        api.cut.clear()
        hands.paint()
        hands.write("a vase")
        hands.generate()
        assert api.held.wait(PATIENCE)
        hands.press("Cancel")
        assert api.cut.wait(PATIENCE)
        hands.wait_for("!doc.busy")
        api.hold.set()
        head = hands.state["head"]
        hands.paint()
        hands.generate()  # and the next one runs
        hands.wait_for(f"doc.state.head !== {head!r}")
        hands.wait_idle()


def test_a_key_that_is_entered_reaches_its_server_and_is_not_shown_again(visitor: Hands, api: FakeImagesApi) -> None:
    hands, page = visitor, visitor.page
    api.key = "sk-secret-of-a-test"
    page.evaluate("window.palimpsest.panels.side.open('settings')")
    assert page.locator(".server-key").is_hidden()
    hands.choose("painter")
    page.locator(".server-key summary").click()
    hands.paint()
    hands.write("a vase")
    head = hands.state["head"]
    hands.generate()
    page.locator(".note p").filter(has_text="wants a key").wait_for()
    field = page.get_by_label(f"Key for {api.host}")
    field.fill(api.key)
    page.locator(".server-key").get_by_role("button", name="Save").click()
    hands.status(f"The key for {api.host} is saved.")
    assert field.input_value() == ""
    hands.generate()
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    assert [came.authorization for came in api.asked] == [None, f"Bearer {api.key}"]
    for path in ("models", "model?pipeline=noise", f"documents/{hands.document}"):
        assert api.key not in page.evaluate("async (path) => (await fetch(`/palimpsest/${path}`)).text()", path)
    hands.reload()
    assert api.key not in page.content()


def test_what_another_server_refuses_is_said_and_what_was_painted_stays(visitor: Hands, api: FakeImagesApi) -> None:
    hands = visitor
    hands.choose("painter")
    api.replies = [refusal(429, "Slow down.", Retry_After="20")]
    hands.paint()
    hands.write("a vase")
    head = hands.state["head"]
    hands.generate()
    hands.page.locator(".note p").filter(
        has_text="too many requests at the moment. Try again in 20 seconds."
    ).wait_for()
    assert hands.state["head"] == head
    hands.generate()  # with the mask that came back
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
