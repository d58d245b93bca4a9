"""The history beside the picture: going there, naming, using again, taking out and having back."""

import json
from typing import Any

from tests.browser.hands import Hands


def rows(hands: Hands) -> list[str]:
    titles: list[str] = hands.page.locator(".states .title").all_inner_texts()
    return titles


def current(hands: Hands) -> str:
    return str(hands.page.locator('.states [aria-current="step"] .title').text_content())


def row(hands: Hands, name: str) -> Any:
    return hands.page.locator(".states li:not(.step-card)").filter(has=hands.page.get_by_text(name, exact=True))


def card(hands: Hands, name: str) -> Any:
    """What is below a state's row; unfold it, unless it is there."""
    below = hands.page.locator(f'.step-card[data-key="{row(hands, name).get_attribute("data-key")}"]')
    if not below.count():
        row(hands, name).hover()
        row(hands, name).get_by_role("button", name="More").click()
    return below


def press(hands: Hands, name: str, label: str) -> None:
    card(hands, name).get_by_role("button", name=label).click()


def wait_rows(hands: Hands, wanted: list[str]) -> None:
    hands.page.wait_for_function(
        "wanted => JSON.stringify([...document.querySelectorAll('.states .title')].map((e) => e.innerText)) === wanted",
        arg=json.dumps(wanted, ensure_ascii=False, separators=(",", ":")),
    )


def test_a_step_is_a_row_and_a_click_goes_there(hands: Hands) -> None:
    hands.tidy = False
    hands.open_sample()
    hands.press("History")
    wait_rows(hands, ["Original"])
    opened = hands.state["head"]
    hands.edit("a vase")
    wait_rows(hands, ["Original", "a vase"])
    assert current(hands) == "a vase"
    first = hands.state["head"]
    row(hands, "Original").get_by_role("button").first.click()
    hands.wait_for(f"doc.state.head === {opened!r}")
    hands.wait_idle()
    assert hands.page.evaluate("window.palimpsest.doc.picture.revision") == opened
    hands.edit("a lamp")
    wait_rows(hands, ["Original", "a vase", "a lamp"])
    assert current(hands) == "a lamp"
    assert row(hands, "a vase").get_attribute("class") == "aside"
    hands.key("Control+z")
    hands.wait_for(f"doc.state.head === {opened!r}")
    row(hands, "a vase").get_by_role("button").first.click()
    hands.wait_for(f"doc.state.head === {first!r}")
    assert hands.page.evaluate("document.querySelector('.states img').naturalWidth > 0")
    hands.page.locator(".viewport").focus()
    hands.key("h")
    assert hands.page.locator(".history").is_hidden()


def test_a_step_has_a_name_and_keeps_it(hands: Hands) -> None:
    hands.tidy = False
    hands.open_sample()
    hands.edit("a vase")
    hands.press("History")
    wait_rows(hands, ["Original", "a vase"])
    press(hands, "a vase", "Rename")
    hands.page.keyboard.type("<b>Best</b> so far")
    hands.key("Enter")
    wait_rows(hands, ["Original", "<b>Best</b> so far"])
    hands.reload()
    hands.wait_idle()
    wait_rows(hands, ["Original", "<b>Best</b> so far"])
    press(hands, "<b>Best</b> so far", "Rename")
    hands.page.keyboard.type("another")
    hands.key("Escape")
    assert rows(hands) == ["Original", "<b>Best</b> so far"]
    head = hands.state["head"]
    assert hands.server.session.store.revisions.get(head).name == "<b>Best</b> so far"


def test_a_branch_is_taken_out_and_had_back(hands: Hands) -> None:
    hands.tidy = False
    hands.open_sample()
    opened = hands.state["head"]
    hands.edit("a vase")
    hands.edit("a lamp")
    head = hands.state["head"]
    hands.press("History")
    wait_rows(hands, ["Original", "a vase", "a lamp"])
    press(hands, "a vase", "Delete")
    wait_rows(hands, ["Original"])
    hands.wait_for(f"doc.state.head === {opened!r}")
    hands.page.locator(".note").get_by_role("button", name="Undo").click()
    wait_rows(hands, ["Original", "a vase", "a lamp"])
    hands.wait_for(f"doc.state.head === {head!r}")


def test_a_steps_mask_and_words_are_used_again(hands: Hands) -> None:
    hands.tidy = False
    hands.open_sample()
    hands.edit("a vase")
    box = hands.server.session.store.revisions.get(hands.state["head"]).edit.mask.box
    hands.write("something else")
    hands.press("History")
    wait_rows(hands, ["Original", "a vase"])
    press(hands, "a vase", "Use its mask")
    hands.wait_for("doc.mask && !doc.mask.empty")
    assert hands.mask_bounds == list(box)
    hands.page.wait_for_function("document.querySelector('#prompt input').value === 'a vase'")
