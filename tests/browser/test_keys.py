"""The keyboard on documents of many steps: layouts, what Escape leaves, polygons, and what is selected."""

from typing import Any

import numpy as np
import pytest

from tests.browser.hands import Hands

POLYGON = ((60, 60), (160, 60), (160, 160), (60, 160))
SELECTED = "getSelection().toString().trim()"


def mask_area(hands: Hands) -> int:
    area: int = hands.page.evaluate(
        "(() => { const { mask } = window.palimpsest.doc; return mask.crop(mask.box).filter(Boolean).length; })()"
    )
    return area


def dispatch(hands: Hands, key: str, code: str, **modifiers: bool) -> bool:
    """A key press as another layout makes it; whether the page took it."""
    taken: bool = hands.page.evaluate(
        """(press) => !document.activeElement.dispatchEvent(
            new KeyboardEvent("keydown", { ...press, bubbles: true, cancelable: true }))""",
        {"key": key, "code": code, **modifiers},
    )
    return taken


def corners(hands: Hands, *points: tuple[float, float]) -> None:
    for point in points:
        hands.page.mouse.click(*hands.client(*point))


def shape(hands: Hands) -> int:
    """How many points the line of the polygon in the making has."""
    path = hands.page.locator(".guide.shape path").first
    return (path.get_attribute("d") or "").count("L") + 1 if path.count() else 0


def slow_job(hands: Hands) -> None:
    hands.choose("slow")
    hands.paint(80, 80)
    hands.write("a slow vase")
    hands.generate()
    hands.wait_for("doc.run")
    hands.page.locator(".viewport").focus()


def finish(hands: Hands) -> None:
    hands.server.slow.allow(20)
    hands.wait_for("!doc.busy")
    hands.wait_idle()


@pytest.mark.parametrize("key", ["я", "ㅋ", *(pytest.param(each, marks=pytest.mark.proof) for each in "ζזئ")])
def test_undo_and_tools_by_the_letters_of_other_alphabets(hands: Hands, key: str) -> None:
    hands.open_steps()
    head = hands.state["head"]
    hands.page.locator(".viewport").focus()
    assert dispatch(hands, key, "KeyZ", ctrlKey=True)
    hands.wait_for(f"doc.state.head !== {head!r} && doc.state.can_redo")
    hands.wait_idle()
    assert dispatch(hands, key, "KeyZ", ctrlKey=True, shiftKey=True)
    hands.wait_for(f"doc.state.head === {head!r}")
    hands.wait_idle()
    assert dispatch(hands, key, "KeyE")
    assert hands.page.evaluate("window.palimpsest.tool.name") == "eraser"


def test_a_macs_option_makes_brackets_and_numbers_choose_what_to_do(hands: Hands) -> None:
    hands.open_steps()
    hands.page.locator(".viewport").focus()
    size = "window.palimpsest.tool.diameter"
    before = hands.page.evaluate(size)
    assert dispatch(hands, "]", "Digit6", altKey=True)
    assert hands.page.evaluate(size) > before
    assert dispatch(hands, "¡", "Digit1", altKey=True)
    assert dispatch(hands, "“", "Digit2", altKey=True)
    hands.page.wait_for_function("window.palimpsest.form.intent === 'remove'")
    assert dispatch(hands, "&", "Digit1", altKey=True)
    hands.page.wait_for_function("window.palimpsest.form.intent === 'fill'")
    assert not dispatch(hands, "я", "KeyE", isComposing=True)
    assert hands.page.evaluate("window.palimpsest.tool.name") == "brush"


def test_a_key_is_recorded_and_shown_by_the_same_name(hands: Hands) -> None:
    hands.open_steps()
    hands.page.locator(".viewport").focus()
    hands.key("?")
    dialog = hands.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Lasso:").click()
    assert dispatch(hands, "Я", "KeyZ", ctrlKey=True, shiftKey=True)
    dialog.get_by_text("That key no longer means “Redo”").wait_for()
    assert dialog.get_by_role("button", name="Lasso:").inner_text() == "Ctrl ⇧ Z"
    dialog.get_by_role("button", name="Eraser:").click()
    hands.key("Escape")  # ends this, and is no key for it
    assert dialog.get_by_role("button", name="Eraser:").inner_text() == "E"
    dialog.get_by_role("button", name="Close", exact=True).click()
    hands.page.locator(".viewport").focus()
    assert dispatch(hands, "Я", "KeyZ", ctrlKey=True, shiftKey=True)
    assert hands.page.evaluate("window.palimpsest.tool.name") == "lasso"
    hands.page.locator("[data-command=lasso]").hover()
    assert hands.page.locator("[data-command=lasso] kbd").inner_text() == "Ctrl ⇧ Z"


def test_enter_closes_a_polygon_and_backspace_takes_back_its_corners(hands: Hands) -> None:
    hands.open_steps()
    hands.press("Polygon")
    corners(hands, *POLYGON, (300, 260))
    hands.status("Click to add points; ⏎ closes the polygon, ⌫ removes the last point, Esc drops it.")
    hands.key("Backspace")
    corners(hands, (300, 200))
    hands.key("Delete")  # so does this, which does something else where no polygon is begun
    hands.key("Enter")
    assert abs(mask_area(hands) - 100 * 100) < 300
    assert shape(hands) == 0 and hands.page.locator("#status .status").inner_text() == ""
    hands.key("Control+z")
    assert mask_area(hands) == 0  # it was one step
    corners(hands, *POLYGON[:2])
    hands.key("Enter")
    assert shape(hands) >= 2  # no area yet: it goes on
    for _ in range(2):
        hands.key("Backspace")
    assert shape(hands) == 0 and mask_area(hands) == 0
    head = hands.state["head"]
    hands.key("Backspace")  # nothing is begun: it does nothing
    hands.key("Enter")
    assert hands.state["head"] == head
    corners(hands, *POLYGON[:3], POLYGON[0])
    assert abs(mask_area(hands) - 100 * 100 / 2) < 300


@pytest.mark.parametrize("leave", ["another document", "expand", "another tool"])
def test_a_polygon_that_is_left_is_dropped(hands: Hands, leave: str) -> None:
    hands.open_steps()
    hands.press("Polygon")
    corners(hands, *POLYGON[:3])
    if leave == "another document":
        hands.page.evaluate("window.palimpsest.home()")
        hands.open_sample()
    elif leave == "expand":
        hands.intend("Expand")
        hands.intend("Fill")
    else:
        hands.press("Brush")
        hands.press("Polygon")
    assert shape(hands) == 0
    corners(hands, (200, 200))
    assert shape(hands) == 1


def test_escape_drops_one_thing_at_a_time_and_never_what_runs(hands: Hands, server: Any) -> None:
    hands.open_steps()
    slow_job(hands)
    job = hands.state["running"][0]["revision"]
    hands.press("Rectangle")
    before = mask_area(hands)
    hands.page.mouse.move(*hands.client(150, 150))
    hands.page.mouse.down()
    hands.page.mouse.move(*hands.client(220, 220))
    hands.key("Escape")
    hands.page.mouse.up()
    assert mask_area(hands) == before
    hands.press("Polygon")
    corners(hands, *POLYGON[:2])
    hands.key("c")
    hands.page.wait_for_function("window.palimpsest.compare.mode === 'split'")
    hands.page.locator(".viewport").focus()
    hands.key("Escape")
    assert shape(hands) == 0 and hands.page.evaluate("window.palimpsest.compare.mode") == "split"
    hands.key("Escape")
    hands.page.wait_for_function("window.palimpsest.compare.mode === null")
    hands.intend("Expand")
    hands.page.locator(".strip").get_by_text("16:9").click()
    hands.wait_for("doc.frame.box")
    hands.key("Escape")
    hands.wait_for("!doc.frame.box")
    for _ in range(3):
        hands.key("Escape")
    assert [job] == [each["revision"] for each in hands.state["running"]]
    finish(hands)
    assert hands.state["head"] == job  # it came to its end


def test_escape_in_the_prompt_closes_the_list_then_leaves_the_field(hands: Hands) -> None:
    hands.open_steps()
    slow_job(hands)
    hands.press("Polygon")
    corners(hands, *POLYGON[:2])
    field = hands.prompt
    field.focus()
    hands.key("Alt+ArrowDown")
    hands.page.get_by_role("combobox", name="Search recent prompts").wait_for()
    focused = "document.activeElement.closest('#prompt') !== null"
    hands.key("Escape")
    assert hands.page.locator(".recent-prompts").is_hidden() and hands.page.evaluate(focused)
    hands.key("Escape")
    assert not hands.page.evaluate(focused) and shape(hands) >= 2
    hands.key("Escape")
    assert shape(hands) == 0 and hands.state["running"]
    finish(hands)


def test_a_job_is_cancelled_by_its_own_key(hands: Hands, server: Any) -> None:
    hands.open_steps()
    digest = hands.digest
    slow_job(hands)
    assert hands.page.get_by_role("button", name="Cancel", exact=True).get_attribute("title") == "Ctrl ."
    hands.prompt.focus()
    hands.key("Control+.")
    hands.status("Cancelled")
    server.slow.allow(1)
    hands.wait_for("!doc.busy && !doc.mask.empty")
    assert hands.digest == digest


def test_select_all_masks_the_picture_and_selects_no_interface(hands: Hands) -> None:
    hands.tidy = False
    hands.page.locator(".samples .card").first.wait_for()
    hands.key("Control+a")
    assert hands.page.evaluate(SELECTED) == ""
    hands.open_steps()
    hands.page.evaluate("window.palimpsest.notifications.note('A sentence to be copied.', 'test')")
    hands.paint()
    hands.page.locator(".viewport").focus()
    hands.key("Control+a")
    assert hands.mask_bounds == [0, 0, 320, 270] and mask_area(hands) == 320 * 270
    assert hands.page.evaluate(SELECTED) == ""
    hands.key("Control+z")
    assert 0 < mask_area(hands) < 320 * 270
    hands.press("Brush")
    hands.key("Meta+a")
    assert mask_area(hands) == 320 * 270
    field = hands.prompt
    field.fill("a vase of flowers")
    before = hands.page.evaluate("window.palimpsest.doc.draft.undoSteps.length")
    hands.key("Control+a")
    hands.page.keyboard.type("a lamp")
    assert field.input_value() == "a lamp"
    assert hands.page.evaluate("window.palimpsest.doc.draft.undoSteps.length") == before
    hands.key("Escape")
    hands.whole_mask("Clear")
    hands.whole_mask("Select all")
    assert mask_area(hands) == 320 * 270


def test_no_drag_and_no_double_click_selects_what_is_no_text(hands: Hands) -> None:
    hands.open_steps()
    hands.press("History")
    hands.page.locator(".step-card").wait_for()
    hands.page.evaluate("window.palimpsest.notifications.note('A sentence to be copied.', 'test')")
    for place in (".document-name", ".percent", "[role=tab]", ".states .title", "#intent label", ".model-chip .name",
                  "#steps [data-testid=block-info]", "#new-seed label", ".strip .slider span"):  # fmt: skip
        tab = "settings" if place[:4] in ("#ste", "#new") else "history"
        hands.page.evaluate("(tab) => window.palimpsest.panels.side.open(tab)", tab)
        one = hands.page.locator(place).filter(visible=True).first
        box = one.bounding_box()
        assert box
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        hands.page.mouse.move(box["x"] + 1, y)
        hands.page.mouse.down()
        hands.page.mouse.move(x + 300, y + 200, steps=5)
        hands.page.mouse.up()
        assert hands.page.evaluate(SELECTED) == "", place
    for place in ("[role=tab]", "#steps [data-testid=block-info]", ".strip .slider span"):
        one = hands.page.locator(place).filter(visible=True)
        if one.count():
            one.first.click(click_count=3)
            assert hands.page.evaluate(SELECTED) == "", place
    hands.page.evaluate("window.palimpsest.panels.side.open('history')")
    hands.page.locator(".note p").click(click_count=3)
    assert hands.page.evaluate(SELECTED) == "A sentence to be copied."
    hands.page.locator(".step-card summary").click()
    hands.page.locator(".step-card p").filter(has_text="noise").click(click_count=3)
    assert "noise" in hands.page.evaluate(SELECTED)
    assert np.array_equal(hands.drawn(), hands.stored)


def test_modes_are_chosen_from_the_prompt_too(hands: Hands) -> None:
    """Where the hands are after an edit is sent."""
    hands.open_sample()
    hands.prompt.fill("a vase")
    hands.prompt.focus()
    for number, intent in enumerate(("fill", "remove", "refine", "expand", "sketch"), 1):
        hands.key(f"Alt+{number}")
        hands.page.wait_for_function(f"document.documentElement.dataset.intent === {intent!r}")
        if intent == "remove":
            hands.key("Escape")  # it has no prompt to write into
            hands.key("Alt+1")
            hands.page.wait_for_function("document.documentElement.dataset.intent === 'fill'")
            hands.prompt.focus()
    assert hands.prompt.input_value() == "a vase"
    hands.intend("Fill")
