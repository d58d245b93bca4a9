"""Text that would like to be code: it is shown as it was written, wherever the page shows it."""

from typing import Any
from urllib.parse import quote

import pytest

from editor.formats.images import encode_png
from tests.browser.hands import Hands, photo

EVIL = [
    "${window.pwned = 1}{{window.pwned = 1}}{{{this}}}{name}$&",
    "<img src=x onerror='window.pwned = 1'><svg/onload=window.pwned=1><script>window.pwned = 1</script>",
    'javascript:window.pwned=1//"><b class=pwned>x</b> onfocus="window.pwned=1" autofocus="',
]


def harmless(hands: Hands) -> None:
    """Nothing of it ran or became an element, and no link of the page runs anything."""
    assert hands.page.evaluate("window.pwned") is None
    made = "img[src=x], .pwned, svg[onload], [onerror], [onfocus]"
    assert hands.page.locator(made).count() == 0
    links = "[...document.querySelectorAll('[href], [src], [action]')].map((one) => one.href ?? one.src ?? one.action)"
    schemes = {str(link).partition(":")[0] for link in hands.page.evaluate(links) if isinstance(link, str)}
    assert schemes <= {"http", "blob", "data"}, schemes


def shows(hands: Hands, selector: str, text: str) -> None:
    """To the letter."""
    hands.page.wait_for_function(
        """([selector, text]) => [...document.querySelectorAll(selector)].some((one) =>
            (one instanceof HTMLInputElement ? one.value : one.textContent).includes(text))""",
        arg=[selector, text],
    )
    harmless(hands)


@pytest.mark.parametrize("text", EVIL)
def test_no_text_is_code(hands: Hands, text: str, server: Any) -> None:
    hands.tidy = False
    hands.lasting = False
    hands.page.on("dialog", lambda dialog: hands.complaints.append(f"dialog {dialog.message}"))
    hands.page.locator(".samples .card").wait_for()
    file = {"name": f"{text.replace('/', '|')}.png", "mimeType": "image/png"}
    hands.page.locator(".start input[type=file]").set_input_files(file | {"buffer": encode_png(photo(320, 270))})
    hands.wait_idle()
    assert hands.server.session.store.documents.get(hands.document).name == text.replace("/", "|")

    # the document's name: the bar, the tab, a field
    hands.page.locator("button.document-name").click()
    hands.page.locator("input.document-name").fill(text)
    hands.key("Enter")
    shows(hands, ".document-name", text)
    hands.page.wait_for_function("text => document.title.includes(text)", arg=text)

    # the prompt: its helpers, the queue, what is said of unknown words
    hands.choose("slow")
    for _ in range(3):
        hands.paint()
        hands.write(text)
        hands.generate()
    hands.press("Queue")
    shows(hands, ".queue .title", text)
    hands.page.get_by_role("button", name="Cancel: ").nth(2).click()
    hands.wait_for("doc.queue.groups.length === 2")
    for _ in range(2):
        server.slow.allow(20)
    hands.wait_for("!doc.busy")
    hands.wait_idle()
    hands.choose("noise")
    hands.write("")
    hands.prompt.focus()
    hands.key("Alt+ArrowDown")
    shows(hands, ".recent-prompts .words", text)
    hands.key("Escape")
    hands.write(text + " ")
    shows(hands, ".marks", text)

    # the history: what was asked for, the step's card, its name, what changes it
    hands.press("History")
    shows(hands, ".states .title", text)
    hands.press("Settings")
    hands.page.locator("#avoid :is(input, textarea)").fill(text)
    hands.press("History")
    head = hands.state["head"]
    hands.paint()
    hands.generate()
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    hands.page.locator(".step-card summary").click()
    shows(hands, ".step-card p", text)
    hands.page.locator(".step-card").get_by_role("button", name="Rename").click()
    hands.page.locator(".state-name").fill(text)
    hands.key("Enter")
    hands.page.wait_for_function("() => !document.querySelector('.state-name')")
    shows(hands, ".state[aria-current] .title", text)
    shows(hands, ".state[aria-current] .prompt", text)
    hands.page.locator(".step-card").get_by_role("button", name="Compare from here").click()
    shows(hands, ".picked", text)
    hands.press("Stop comparing from it")
    hands.page.locator(".step-card").get_by_text("Edit step and replay").click()
    shows(hands, ".amending p", text)
    hands.key("Escape")

    # a mask's file that is none
    chosen = {"name": f"{text.replace('/', '|')}.png", "mimeType": "image/png", "buffer": b"no picture"}
    hands.page.locator(".strip input[type=file]").set_input_files(chosen)
    shows(hands, ".note p", text.replace("/", "|"))
    hands.complained("mask-file")
    hands.press("Export")
    harmless(hands)
    hands.key("Escape")

    # the gallery: the card, its buttons, its dialog, what is said when it goes
    hands.page.evaluate("window.palimpsest.home()")
    shows(hands, ".gallery .label", text)
    card = hands.page.locator(".gallery li").filter(has_text=text).first
    card.hover()
    card.locator(".tools button").first.click()
    shows(hands, "dialog input", text)
    hands.page.get_by_role("dialog").get_by_role("button", name="Close", exact=True).click()
    card.hover()
    card.locator(".tools button").last.click()
    shows(hands, ".note p", text)

    # an address
    hands.goto(f"?doc={quote(text, safe='')}&__theme={quote(text, safe='')}")
    hands.page.locator(".note p").first.wait_for()
    harmless(hands)
    hands.complained("404")


def test_a_body_that_is_refused_early_is_a_sentence_in_the_browser(hands: Hands) -> None:
    """It hears nothing from a server that hangs up while it sends."""
    sent = """async () => {
        const body = new Blob([new Uint8Array(150 * 2 ** 20)]);
        const answer = await fetch("palimpsest/documents/x/edits", { method: "POST", body });
        return [answer.status, (await answer.json()).error];
    }"""
    status, sentence = hands.page.evaluate(sent)
    assert status == 413 and "150 MB" in sentence
    hands.complained("413")
