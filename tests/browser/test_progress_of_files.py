"""Large files tell how far they are while they are sent and read, and can be cancelled."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from editor.formats.images import Opened, encode_png, read_image
from tests.browser.hands import DRAWN, Hands, photo

SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 60_000}
CARD = ".opening"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "holiday.png").write_bytes(encode_png(photo(400, 300, seed=5)))
    return tmp_path / "holiday.png"


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The server reads no file until this is set."""
    go = threading.Event()

    def slowly(data: bytes) -> Opened:
        assert go.wait(30)
        return read_image(data)

    monkeypatch.setattr("editor.session.read_image", slowly)
    yield go
    go.set()


def choose(hands: Hands, file: Path) -> None:
    hands.page.locator(".start input[type=file]").set_input_files(file)


def names(hands: Hands) -> list[str]:
    return [each.name for each in hands.server.session.store.documents.summaries()]


def test_what_is_sent_says_how_much_of_it_and_then_that_it_is_read(
    hands: Hands, file: Path, reading: threading.Event
) -> None:
    session = hands.page.context.new_cdp_session(hands.page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW)
    try:
        choose(hands, file)
        card = hands.page.locator(CARD)
        card.get_by_text("Sending holiday.png (0.").wait_for()
        assert card.evaluate("(card) => card.closest('[aria-live=polite]') !== null")
        hands.page.wait_for_function(
            """() => {
                const at = document.querySelector(".opening [role=progressbar]").ariaValueNow;
                return at > 0 && at < 100;
            }"""
        )
        assert str(card.locator(".share").text_content()).endswith("%")
    finally:
        session.send("Network.emulateNetworkConditions", SLOW | {"uploadThroughput": -1})
    card.get_by_text("Reading holiday.png").wait_for()
    assert card.get_by_role("progressbar").get_attribute("aria-valuenow") is None
    reading.set()
    hands.wait_idle()
    assert card.count() == 0 and "holiday" in hands.page.title()
    session.detach()


def test_cancelled_while_it_is_read_nothing_is_opened_and_no_document_stays(
    hands: Hands, file: Path, reading: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.open_steps()
    document, before = hands.document, names(hands).count("holiday")
    session, made = hands.server.session, threading.Event()
    open_picture = session.open

    def noted(*arguments: Any) -> Any:
        opened = open_picture(*arguments)
        made.set()
        return opened

    monkeypatch.setattr(session, "open", noted)
    choose(hands, file)
    card = hands.page.locator(CARD)
    card.get_by_text("Reading holiday.png").wait_for()
    card.get_by_role("button", name="Cancel").click()
    card.wait_for(state="detached")
    assert hands.document == document and hands.page.locator(".note").count() == 0
    reading.set()
    assert made.wait(30)  # the server cannot stop reading: it deletes what came of it
    for _ in range(200):
        if names(hands).count("holiday") == before:
            break
        hands.page.evaluate(DRAWN)
    assert names(hands).count("holiday") == before and hands.document == document


def test_a_file_that_is_there_at_once_shows_no_card(hands: Hands, file: Path) -> None:
    hands.page.evaluate(
        """window.carded = false;
        new MutationObserver(() => { window.carded ||= document.querySelector(".opening") !== null; })
            .observe(document.querySelector(".notes"), { childList: true })"""
    )
    choose(hands, file)
    hands.wait_idle()
    assert not hands.page.evaluate("window.carded")
