"""Signing in with a real browser, and the page of somebody who may look at a document and not change it."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from editor.store.documents import Document
from tests.browser.hands import NO_TOUR
from tests.web.members import TOKEN, Members, by_proxy

# Gradio, its server and its client, leave event loops and sockets to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

SIZES = pytest.mark.parametrize(
    "size", [{"width": 1440, "height": 900}, {"width": 390, "height": 844}], ids=["desktop", "phone"]
)


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Members]:
    members = Members(tmp_path_factory.mktemp("signing-in"))
    yield members
    members.close()
    gc.collect()


@pytest.fixture
def visit(chromium: Any, members: Members) -> Iterator[Any]:
    """Opens a window of a size, of a user whom a proxy names, or of nobody."""
    windows = []

    def opened(size: dict[str, int], user: str | None = None) -> Any:
        headers = {} if user is None else by_proxy(user)
        window = chromium.new_context(viewport=size, base_url=members.url, extra_http_headers=headers)
        window.set_default_timeout(60_000)
        window.add_init_script(f"try {{ {NO_TOUR} }} catch {{}}")
        windows.append(window)
        return window.new_page()

    yield opened
    for window in windows:
        window.close()


def shown(page: Any, document: Document) -> None:
    page.goto(f"/?doc={document.id}")
    page.wait_for_function("window.palimpsest?.ready && window.palimpsest.doc?.picture.revision")


@SIZES
def test_the_token_opens_the_page_that_was_asked_for(members: Members, visit: Any, size: dict[str, int]) -> None:
    document, page = members.opened(None), visit(size)
    refused = []
    page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    page.goto(f"/?doc={document.id}")
    field = page.get_by_label("Access token")
    assert field.is_visible() and page.evaluate("document.activeElement.id") == "token"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    field.fill("wrong")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    page.get_by_label("Access token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_function("window.palimpsest?.ready && window.palimpsest.doc?.picture.revision")
    assert page.url == f"{members.url}/?doc={document.id}" and refused == []
    assert page.evaluate("document.cookie") == ""
    assert page.locator("#generate").is_visible()


@SIZES
def test_a_stranger_looks_and_goes_on_with_a_copy(members: Members, visit: Any, size: dict[str, int]) -> None:
    document, page = members.opened("ann", "look"), visit(size, "bob")
    shown(page, document)
    note = page.locator(".note").filter(has_text="You may look at this document, but not change it.")
    note.wait_for()
    assert not page.locator("#generate").is_visible() and not page.locator(".palette").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Control+Enter")  # the keys do no more than the buttons
    note.get_by_role("button", name="Edit a copy").click()
    page.wait_for_function(f"window.palimpsest.doc && window.palimpsest.doc.id !== '{document.id}'")
    page.locator("#generate").wait_for()
    copy = page.evaluate("window.palimpsest.doc.id")
    assert members.session.store.documents.sharing(copy) == ("bob", "look")
    assert members.session.store.documents.get(document.id) == document
    assert not members.session.store.jobs.pending(document.id)


def test_the_owner_says_who_may_edit(members: Members, visit: Any) -> None:
    document, page = members.opened("ann", "look"), visit({"width": 1440, "height": 900}, "ann")
    shown(page, document)
    assert page.locator("#generate").is_visible()
    page.keyboard.press("Control+s")
    choice = page.get_by_label("Others with the link")
    assert choice.input_value() == "look"
    with page.expect_response("**/share"):
        choice.select_option("edit")
    page.wait_for_function("window.palimpsest.doc.state.shared === 'edit'")
    assert members.session.store.documents.sharing(document.id) == ("ann", "edit")
    guest = visit({"width": 1440, "height": 900}, "bob")
    shown(guest, document)
    assert guest.locator("#generate").is_visible()
    guest.keyboard.press("Control+s")
    guest.get_by_role("dialog").wait_for()
    assert guest.get_by_label("Others with the link").count() == 0
