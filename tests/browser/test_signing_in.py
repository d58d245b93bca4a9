"""Signing in with a real browser, and the page of somebody who may look at a document and not change it."""

from collections.abc import Iterator
from typing import Any

import pytest

from editor.edits.edit import Edit
from editor.imaging.geometry import Box
from editor.store.documents import Document
from tests.browser.hands import NO_TOUR, PROMPT
from tests.fakes import until
from tests.samples import disc
from tests.web.members import TOKEN, Members, by_proxy, served_members

# Gradio, its server and its client, leave event loops and sockets to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

SIZES = pytest.mark.parametrize(
    "size", [{"width": 1440, "height": 900}, {"width": 390, "height": 844}], ids=["desktop", "phone"]
)


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Members]:
    with served_members(tmp_path_factory.mktemp("signing-in")) as members:
        yield members


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


def signed_in(page: Any, path: str) -> None:
    """Signs in at the sign-in page, on the way to another."""
    page.goto(path)
    page.get_by_label("Access token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_function("window.palimpsest?.ready && !document.querySelector('.start .account').hidden")


@SIZES
def test_who_signs_out_leaves_nothing_behind(members: Members, visit: Any, size: dict[str, int]) -> None:
    first, document, page = members.opened(None), members.opened(None), visit(size)
    signed_in(page, f"/?doc={first.id}")
    shown(page, first)
    shown(page, document)
    if page.locator(".account-button").is_visible():
        page.locator(".account-button").click()
        menu = page.locator(".account-menu")
        menu.get_by_text("Signed in with the access token").wait_for()
        assert menu.bounding_box()["x"] + menu.bounding_box()["width"] <= size["width"]
        menu.get_by_role("button", name="Sign out").click()
    else:  # a telephone's bar has no room for it
        page.evaluate("window.palimpsest.home()")
        page.locator(".start").get_by_role("button", name="Sign out").click()
    page.get_by_label("Access token").wait_for()
    assert page.url == f"{members.url}/" and not page.context.cookies()
    page.go_back()
    page.get_by_label("Access token").wait_for()
    assert first.id in page.url and page.locator(".palimpsest").count() == 0


def test_another_tab_hears_of_it_and_loses_nothing(members: Members, visit: Any) -> None:
    document, page = members.opened(None), visit({"width": 1440, "height": 900})
    signed_in(page, f"/?doc={document.id}")
    shown(page, document)
    page.evaluate("window.palimpsest.doc.draftEditor.all()")
    painted = page.evaluate("window.palimpsest.doc.mask.bounds()")
    other = page.context.new_page()
    other.goto("/")
    other.locator(".start").get_by_role("button", name="Sign out").click()
    other.get_by_label("Access token").wait_for()
    note = page.get_by_role("alert").filter(has_text="You are signed out here.")
    note.wait_for()
    page.locator("#prompt :is(input, textarea)").fill("a vase")
    page.wait_for_function("window.palimpsest.form.values.prompt === 'a vase'")
    with page.expect_response("**/edits"):
        page.keyboard.press("Control+Enter")
    page.wait_for_function("!window.palimpsest.doc.submitting && !window.palimpsest.doc.mask.empty")  # given back
    assert page.locator(".note").count() == 1
    page.wait_for_function("window.palimpsest.doc.draftEditor.prompts?.prompt === 'a vase'")
    page.evaluate("window.palimpsest.doc.draftEditor.store()")
    note.get_by_role("button", name="Sign in").click()
    signed_in(page, page.url)
    page.wait_for_function("window.palimpsest.doc?.mask && !window.palimpsest.doc.mask.empty")
    assert page.evaluate("window.palimpsest.doc.mask.bounds()") == painted
    page.wait_for_function("document.querySelector('#prompt :is(input, textarea)').value === 'a vase'")
    assert not members.session.store.jobs.pending(document.id)


def test_a_tab_goes_on_once_another_has_signed_in(members: Members, visit: Any) -> None:
    document, page = members.opened(None), visit({"width": 1440, "height": 900})
    signed_in(page, f"/?doc={document.id}")
    shown(page, document)
    with page.expect_navigation():  # a page that the Back button has brought out of the browser's memory
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    page.wait_for_function("window.palimpsest?.ready && window.palimpsest.doc?.picture.revision")
    cookies = page.context.cookies()
    page.context.clear_cookies()
    note = page.get_by_role("alert").filter(has_text="You are signed out here.")
    note.wait_for()
    page.evaluate("window.palimpsest.doc.draftEditor.all()")
    page.context.add_cookies(cookies)
    note.wait_for(state="detached")
    page.keyboard.press("Control+Enter")
    page.wait_for_function(f"window.palimpsest.doc.state.head !== '{document.head}'")


def test_whom_a_proxy_signs_in_signs_out_there(members: Members, visit: Any) -> None:
    document, page = members.opened("ann"), visit({"width": 1440, "height": 900}, "ann")
    with page.expect_response("**/palimpsest/user"):
        shown(page, document)
    assert page.locator(".account-button").is_hidden()


@SIZES
def test_a_stranger_looks_and_goes_on_with_a_copy(members: Members, visit: Any, size: dict[str, int]) -> None:
    document, page = members.opened("ann", "look"), visit(size, "bob")
    shown(page, document)
    note = page.locator(".note").filter(has_text="You may look at this document, but not change it.")
    note.wait_for()
    assert not page.locator("#generate").is_visible() and not page.locator(".palette").is_visible()
    page.keyboard.press("r")
    page.mouse.move(size["width"] / 2, size["height"] / 2)
    page.mouse.down()
    page.mouse.move(size["width"] / 2 + 40, size["height"] / 2 + 30, steps=3)
    page.mouse.up()
    assert page.evaluate("window.palimpsest.doc.mask.empty"), "the tools paint for who may only look"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Control+Enter")  # the keys do no more than the buttons
    note.get_by_role("button", name="Edit a copy").click()
    page.wait_for_function(f"window.palimpsest.doc && window.palimpsest.doc.id !== '{document.id}'")
    page.locator("#generate").wait_for()
    copy = page.evaluate("window.palimpsest.doc.id")
    assert members.session.store.documents.sharing(copy) == ("bob", "look")
    assert members.session.store.documents.get(document.id) == document
    assert not members.session.store.jobs.pending(document.id)


def test_the_copy_has_what_was_not_sent_yet(members: Members, visit: Any) -> None:
    document, page = members.opened("ann", "edit"), visit({"width": 1440, "height": 900}, "bob")
    shown(page, document)
    page.evaluate(
        """(({ draftEditor, draft: { mask, sketch } }) => {
            draftEditor.change(mask, () => mask.segment(8, 8, 20, 16, 4, 255));
            draftEditor.change(sketch, () => sketch.segment(10, 10, 24, 12, 3, 0xff0000ff));
        })(window.palimpsest.doc)"""
    )
    page.locator(PROMPT).fill("a vase")
    page.wait_for_function("window.palimpsest.doc.draftEditor.prompts?.prompt === 'a vase'")
    draft = "['mask', 'sketch'].map((name) => window.palimpsest.doc.draft[name].bounds())"
    painted = page.evaluate(draft)
    assert None not in painted
    members.session.share(document.id, "look")
    page.get_by_role("button", name="Edit a copy").click()
    page.wait_for_function(f"window.palimpsest.doc && window.palimpsest.doc.id !== '{document.id}'")
    page.wait_for_function("window.palimpsest.doc.draft && !window.palimpsest.doc.draft.empty")
    assert page.evaluate(draft) == painted
    page.wait_for_function(f"document.querySelector({PROMPT!r}).value === 'a vase'")


EDITING = (  # keys of what who may only look must not do
    *("Control+a", "Control+i", "Control+d", "x", "m", ".", ",", "t", "Delete", "q", "e", "r", "[", "Backspace"),
    *("Alt+1", "Alt+2", "Alt+3", "Alt+4", "Alt+5", "Alt+6", "v", "Alt+ArrowDown", "/", "Control+z", "Control+y"),
    *("Control+Enter", "Control+Shift+Enter", "Control+.", "Enter", "Escape"),
)
UNSENT = """(({ doc, form, live, tool, viewport }) => JSON.stringify([
    doc.mask.bounds(), doc.draft.sketch.bounds(), doc.draftEditor.version, form.intent, live.on, viewport.alone,
    tool.name, tool.diameter, tool.hardness,
]))(window.palimpsest)"""


@pytest.mark.parametrize("before", ["edit", "look"])
def test_keys_change_nothing_for_who_may_only_look(members: Members, visit: Any, before: str) -> None:
    """Neither for a stranger, nor for one who could edit it before and has something painted."""
    document, page = members.opened("ann", before), visit({"width": 1440, "height": 900}, "bob")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    shown(page, document)
    page.wait_for_function("window.palimpsest.doc.draft")
    if before == "edit":
        page.evaluate(
            """(({ draftEditor, mask }) => draftEditor.change(mask, () => mask.segment(8, 8, 20, 16, 4, 255)))(
                window.palimpsest.doc,
            )"""
        )
        page.wait_for_function("window.palimpsest.live.toggle(true) ?? window.palimpsest.live.on")
        members.session.share(document.id, "look")
    page.wait_for_function("!window.palimpsest.doc.mayEdit")
    assert not page.evaluate("window.palimpsest.live.on")
    page.locator(".viewport").focus()
    unsent = page.evaluate(UNSENT)
    asked.clear()
    for key in EDITING:
        page.keyboard.press(key)
        assert page.evaluate(UNSENT) == unsent, key
    assert [url for url in asked if f"/documents/{document.id}/" in url] == []
    page.keyboard.press("Shift+F10")
    usable = page.locator(".context-menu button:enabled")
    assert {item.get_attribute("data-command") for item in usable.all()} == {"copy", "fit", "actual", "flip"}
    page.keyboard.press("Escape")
    assert page.locator(".document-name").is_disabled()
    page.locator(".viewport").focus()
    scale = "window.palimpsest.viewport.view.scale"
    fitted = page.evaluate(scale)
    page.keyboard.press("+")
    assert page.evaluate(scale) > fitted
    page.keyboard.press("h")
    page.get_by_role("tabpanel", name="History").wait_for()
    assert page.locator(".note").count() == 1  # that it may only be looked at
    members.session.share(document.id, "edit")
    page.locator("#generate").wait_for()
    assert page.evaluate(UNSENT) == unsent
    page.locator(".viewport").focus()
    if before == "edit":
        page.wait_for_function("window.palimpsest.doc.plan.estimate")  # of what was painted before
    page.keyboard.press("Control+a")
    page.wait_for_function("window.palimpsest.doc.mask.bounds().join() === window.palimpsest.doc.picture.box.join()")
    assert page.locator(".document-name").is_enabled()


def test_the_history_offers_no_change_to_who_may_only_look(members: Members, visit: Any) -> None:
    document, page = members.opened("ann", "look"), visit({"width": 1440, "height": 900}, "bob")
    edit = Edit(disc(Box(4, 4, 20, 14)), prompt="a vase", seed=1, pipeline="noise")
    made = members.session.submit(document.id, edit, document.head)
    until(lambda: not members.session.store.revisions.get(made.id).pending)
    shown(page, document)
    page.locator(".viewport").focus()
    page.keyboard.press("h")
    rows = page.locator(".history .state")
    rows.nth(1).wait_for()
    changes = page.locator(".history [data-edits]")
    assert {"Star", "Rename", None} <= {button.get_attribute("title") for button in changes.all()}
    assert not page.get_by_text("Edit step and replay").is_visible()
    assert not any(button.is_visible() for button in changes.all())
    members.session.share(document.id, "edit")
    page.locator("#generate").wait_for()
    assert page.locator(".step-card").get_by_role("button", name="Rename").is_visible()
    assert page.get_by_text("Edit step and replay").is_visible()


def test_a_stranger_who_is_let_in_meanwhile_reads_no_more_that_it_is_not_so(members: Members, visit: Any) -> None:
    document, page = members.opened("ann", "look"), visit({"width": 1440, "height": 900}, "bob")
    shown(page, document)
    note = page.locator(".note").filter(has_text="You may look at this document, but not change it.")
    for shared, state in (("look", "visible"), ("edit", "detached"), ("look", "visible")):
        members.session.share(document.id, shared)
        note.wait_for(state=state)
        page.locator("#generate").wait_for(state="hidden" if shared == "look" else "visible")


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
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Link copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == f"{members.url}/?doc={document.id}"
    guest = visit({"width": 1440, "height": 900}, "bob")
    shown(guest, document)
    assert guest.locator("#generate").is_visible()
    guest.keyboard.press("Control+s")
    guest.get_by_role("dialog").wait_for()
    assert guest.get_by_label("Others with the link").count() == 0
