"""Gradio's dropdowns: their lists open when somebody opens them, and close when the focus leaves."""

from typing import Any

import pytest

from tests.browser.hands import DRAWN, PROMPT, Hands

FOCUSED = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.className"


@pytest.fixture
def field(hands: Hands) -> Any:
    """The dropdown of variations, on a picture, reached by the Tab key."""
    hands.tidy = False
    hands.open_sample()
    hands.page.locator(PROMPT).focus()
    tab_to(hands, "Variations")
    return hands.page.get_by_role("combobox", name="Variations")


def tab_to(hands: Hands, name: str) -> None:
    for _ in range(9):
        hands.key("Tab")
        if hands.page.evaluate(FOCUSED) == name:
            return
    raise AssertionError(f"no Tab leads to {name}")


def is_open(hands: Hands) -> bool:
    """Whether any list is open, once Gradio, which waits for a frame, has done what it does, and a list has faded."""
    for _ in range(3):
        hands.page.evaluate(DRAWN)
    expanded = "document.querySelector('[aria-controls$=-options][aria-expanded=true]') !== null"
    listed = "document.querySelector('[data-testid=dropdown-option]') !== null"
    hands.page.wait_for_function(f"({expanded}) === ({listed})")
    return bool(hands.page.evaluate(expanded))


def test_a_tab_that_passes_opens_no_list(hands: Hands, field: Any) -> None:
    assert not is_open(hands)
    hands.key("Tab")
    assert not is_open(hands) and hands.page.evaluate(FOCUSED) != "Variations"
    hands.key("Shift+Tab")
    assert not is_open(hands) and hands.page.evaluate(FOCUSED) == "Variations"


@pytest.mark.parametrize("key", ["ArrowDown", "ArrowUp", "Enter", "Space"])
def test_what_opens_it_and_closes_it(hands: Hands, field: Any, key: str) -> None:
    hands.key(key)
    assert is_open(hands)
    hands.key("Escape")
    assert not is_open(hands) and hands.page.evaluate(FOCUSED) == "Variations"
    field.click()
    assert is_open(hands)
    hands.key("Tab")
    assert not is_open(hands) and hands.page.evaluate(FOCUSED) != "Variations"
    field.click()
    assert is_open(hands)
    hands.page.mouse.click(20, 300)
    assert not is_open(hands)


def test_a_choice_by_the_keyboard(hands: Hands, field: Any) -> None:
    hands.key("ArrowDown")
    assert is_open(hands)
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        hands.key(key)
        hands.page.evaluate(DRAWN)
    hands.page.wait_for_function("window.palimpsest.form.values.variations === 3")
    assert not is_open(hands)


def test_the_editors_keys_work_in_it_and_letters_open_nothing(hands: Hands, field: Any) -> None:
    for key in ("x", "Control", "Shift"):
        hands.key(key)
        assert not is_open(hands) and hands.page.evaluate(FOCUSED) == "Variations"
    hands.key("Alt+2")
    hands.page.wait_for_function("window.palimpsest.form.intent === 'remove'")
    assert not is_open(hands)
    hands.key("Alt+1")
    hands.page.wait_for_function("window.palimpsest.form.intent === 'fill'")
    hands.key("Escape")
    hands.page.wait_for_function("document.activeElement.className === 'viewport'")
