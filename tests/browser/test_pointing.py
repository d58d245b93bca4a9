"""The pointer's gestures: mouse, trackpad and fingers, as the hands of other editors' users make them."""

from typing import Any

import numpy as np
import pytest

from tests.browser.hands import Hands
from tests.browser.test_keys import corners, mask_area, shape
from tests.browser.test_selecting import disc_picture, mask

DIAMETER = "window.palimpsest.tool.diameter"
VIEW = "(() => { const { scale, x, y } = window.palimpsest.viewport.view; return [scale, x, y]; })()"
MENU = ".context-menu"


def ring(hands: Hands) -> dict[str, float]:
    """The brush's ring in the window."""
    box: dict[str, float] = hands.page.locator(".brush-ring").bounding_box()
    return box


@pytest.mark.parametrize("way", ["Alt and right button", "Ctrl, Alt and left button"])
@pytest.mark.parametrize("tool", ["Brush", "Eraser", "Smart select"])
def test_dragging_sideways_sizes_the_brush_and_shows_it(hands: Hands, way: str, tool: str) -> None:
    hands.open_sample()
    hands.press("Brush")
    hands.paint(60, 60)
    painted = mask(hands)
    hands.press(tool)
    hands.page.evaluate("window.palimpsest.tool.resize(40)")
    keys, button = (("Alt",), "right") if "right" in way else (("Control", "Alt"), "left")
    scale = hands.page.evaluate(VIEW)[0]
    x, y = hands.client(160, 130)
    for key in keys:
        hands.page.keyboard.down(key)
    hands.page.mouse.move(x, y)
    hands.page.mouse.down(button=button)
    hands.page.mouse.move(x + 30 * scale, y + 50, steps=5)  # up and down has no say in it
    assert hands.page.evaluate(DIAMETER) == 100
    box = ring(hands)
    assert abs(box["width"] - 100 * scale) < 2
    assert abs(box["x"] + box["width"] / 2 - x) < 2 and abs(box["y"] + box["height"] / 2 - y) < 2  # it stays
    hands.page.mouse.move(x - 500, y)
    assert hands.page.evaluate(DIAMETER) == 2
    hands.page.mouse.move(x - 10 * scale, y)
    hands.page.mouse.up(button=button)
    assert hands.page.evaluate(DIAMETER) == 20
    hands.page.mouse.down(button=button)
    hands.page.mouse.move(x + 200, y)
    for key in keys:
        hands.page.keyboard.up(key)
    hands.key("Escape")
    assert hands.page.evaluate(DIAMETER) == 20
    hands.page.mouse.up(button=button)
    assert np.array_equal(mask(hands), painted) and hands.page.locator(MENU).is_hidden()
    hands.page.mouse.move(x + 100, y + 20)
    assert abs(ring(hands)["x"] + ring(hands)["width"] / 2 - x - 100) < 2  # it follows the pointer again


def test_shift_and_click_draw_straight_lines_from_the_last_point(hands: Hands) -> None:
    hands.open_sample()
    hands.page.evaluate("window.palimpsest.tool.resize(10)")
    hands.drag((40, 40), (40, 41))
    hands.page.keyboard.down("Shift")
    corners(hands, (240, 40), (240, 200))
    hands.page.keyboard.up("Shift")
    along = mask(hands)
    assert (along[40, 40:240] == 255).all() and (along[40:200, 240] == 255).all() and not along[100, 100]
    hands.press("Eraser")
    hands.drag((140, 40), (140, 41))
    hands.page.keyboard.down("Shift")
    corners(hands, (200, 40))
    hands.page.keyboard.up("Shift")
    assert not mask(hands)[40, 140:200].any() and mask(hands)[40, 100] == 255
    hands.press("Brush")
    hands.page.evaluate("window.palimpsest.home()")
    hands.open_sample()
    hands.page.evaluate("window.palimpsest.tool.resize(10)")
    hands.page.keyboard.down("Shift")
    corners(hands, (60, 200))
    hands.page.keyboard.up("Shift")
    assert mask_area(hands) < 150  # a dot: the last point was on another picture


def wheel(hands: Hands, *events: dict[str, Any]) -> None:
    """Wheel events in the middle of the picture as another device makes them, after a rest."""
    x, y = hands.client(160, 130)
    hands.page.evaluate(
        """([x, y, events]) => {
            const { viewport, pointer } = window.palimpsest;
            pointer.wheel.last = -Infinity;
            for (const event of events) {
                const init = { clientX: x, clientY: y, bubbles: true, cancelable: true, ...event };
                viewport.root.dispatchEvent(new WheelEvent("wheel", init));
            }
        }""",
        [x, y, events],
    )


def test_a_trackpads_fingers_move_and_pinch_zooms_while_a_wheel_zooms(hands: Hands) -> None:
    hands.open_sample()
    ratio = hands.page.evaluate("window.palimpsest.viewport.ratio")
    scale, x, y = hands.page.evaluate(VIEW)
    wheel(hands, {"deltaY": 3}, {"deltaX": 10, "deltaY": 50}, {"deltaY": -8.5})
    now = hands.page.evaluate(VIEW)
    assert now[0] == scale and now[1:] == pytest.approx([x - 10 * ratio, y - 44.5 * ratio])
    wheel(hands, {"deltaY": -2, "ctrlKey": True}, {"deltaY": -6, "ctrlKey": True})
    assert hands.page.evaluate(VIEW)[0] == pytest.approx(scale * np.exp(0.08))
    wheel(hands, {"deltaY": 3, "deltaMode": 1})
    less = hands.page.evaluate(VIEW)[0]
    assert less < scale
    wheel(hands, {"deltaY": -120})
    assert hands.page.evaluate(VIEW)[0] > less
    assert mask_area(hands) == 0


class Screen:
    """A touch screen."""

    def __init__(self, hands: Hands) -> None:
        hands.lasting = False
        self.session = hands.page.context.new_cdp_session(hands.page)

    def touch(self, kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    def tap(self, *points: tuple[float, float]) -> None:
        for count in range(1, len(points) + 1):
            self.touch("touchStart", *points[:count])
        self.touch("touchEnd")


def test_two_fingers_tap_to_undo_and_three_to_redo(hands: Hands) -> None:
    hands.open_steps()
    head = hands.state["head"]
    hands.paint(100, 80)
    hands.paint(200, 160)
    both = mask(hands)
    screen, (x, y) = Screen(hands), hands.client(160, 130)
    two, three = ((x, y), (x + 60, y)), ((x, y), (x + 60, y), (x, y + 60))
    screen.tap(*two)
    hands.wait_for("doc.draft.undoSteps.length === 1")
    one = mask(hands)
    assert 0 < (one > 0).sum() < (both > 0).sum()
    screen.tap(*three)
    hands.wait_for("doc.draft.undoSteps.length === 2")
    assert np.array_equal(mask(hands), both)
    for _ in range(2):
        screen.tap(*two)
    hands.wait_for("doc.draft.undoSteps.length === 0")
    screen.tap(*two)  # then the document's own steps
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    screen.tap(*three)
    hands.wait_for("doc.draft.undoSteps.length === 1")
    scale = hands.page.evaluate(VIEW)[0]
    screen.touch("touchStart", (x, y))
    screen.touch("touchStart", (x, y), (x + 60, y))
    screen.touch("touchMove", (x - 40, y), (x + 100, y))
    screen.touch("touchEnd")
    hands.page.wait_for_function(f"window.palimpsest.viewport.view.scale > {scale} * 1.5")
    assert hands.page.evaluate("window.palimpsest.doc.draft.undoSteps.length") == 1  # a pinch is no tap


def test_two_fingers_leave_a_polygon_and_select_nothing(hands: Hands) -> None:
    hands.open_pixels(disc_picture())
    screen, (x, y) = Screen(hands), hands.client(160, 130)
    hands.press("Polygon")
    corners(hands, (60, 60), (160, 60))
    screen.touch("touchStart", (x, y))
    screen.touch("touchStart", (x, y), (x + 60, y))
    screen.touch("touchMove", (x - 40, y), (x + 100, y))
    screen.touch("touchEnd")
    hands.page.wait_for_function("window.palimpsest.pointer.mode === null")
    assert hands.page.evaluate("window.palimpsest.tool.tools.polygon.corners") == 2
    hands.key("Escape")
    hands.press("Magic wand")
    asked: list[str] = []
    hands.page.on("request", lambda request: asked.append(request.url))
    screen.tap((x, y), (x + 60, y))
    hands.page.wait_for_function("window.palimpsest.pointer.mode === null")
    screen.tap((x, y))
    hands.wait_for("!doc.mask.empty")
    assert sum(url.endswith("/select") for url in asked) == 1  # of the tap with one finger
    assert shape(hands) == 0


# --- the menu


def test_a_right_click_opens_the_menu_and_a_right_drag_takes_away(hands: Hands) -> None:
    hands.open_steps()
    hands.press("Rectangle")
    hands.drag((40, 40), (240, 200))
    full = mask(hands)
    hands.press("Brush")
    menu = hands.page.locator(MENU)
    hands.page.mouse.click(*hands.client(100, 100), button="right")
    menu.wait_for()
    assert np.array_equal(mask(hands), full)  # no dab is gone
    hands.page.mouse.click(*hands.client(300, 20))
    menu.wait_for(state="hidden")
    hands.key("Control+z")  # this one was a stroke
    hands.drag((100, 100), (140, 100), button="right")
    assert menu.is_hidden()
    taken = mask(hands)
    assert not taken[100, 100:140].any() and taken[60, 60] == 255
    hands.page.mouse.click(*hands.client(160, 160), button="right")
    menu.get_by_role("menuitem", name="Fill the holes of the mask").click()
    menu.wait_for(state="hidden")
    hands.wait_for("doc.draft.undoSteps.length === 3")
    assert np.array_equal(mask(hands), full)
    hands.page.mouse.click(*hands.client(160, 160), button="right")
    menu.get_by_role("menuitem", name="Deselect").click()
    assert mask_area(hands) == 0
    hands.page.mouse.click(*hands.client(160, 160), button="right")
    for name in ("Deselect", "Fill the selection from its surroundings", "Reset the rotated view"):
        assert menu.get_by_role("menuitem", name=name).is_disabled()
    assert menu.get_by_role("menuitem", name="Undo").is_enabled()
    hands.key("Escape")


def test_the_menu_by_the_keyboard_alone(hands: Hands) -> None:
    hands.open_steps()
    hands.page.locator(".viewport").focus()
    menu = hands.page.locator(MENU)
    focused = "document.activeElement.getAttribute('aria-label')"
    hands.key("Shift+F10")
    menu.wait_for()
    hands.key("ArrowDown")
    assert hands.page.evaluate(focused) == "Undo"  # what cannot be done is passed over
    hands.key("ArrowUp")
    assert hands.page.evaluate(focused) == "Flip the view"
    hands.key("Home")
    for _ in range(3):
        hands.key("ArrowDown")
    assert hands.page.evaluate(focused) == "Select all"
    hands.key("Escape")
    menu.wait_for(state="hidden")
    assert hands.page.evaluate("document.activeElement.className") == "viewport"
    hands.key("ContextMenu")
    for _ in range(4):
        hands.key("ArrowDown")
    hands.key("Enter")
    assert mask_area(hands) == 320 * 270 and menu.is_hidden()
    hands.page.locator(".viewport").focus()
    hands.key("ContextMenu")
    hands.key("Tab")
    menu.wait_for(state="hidden")
    hands.key("Escape")
    assert mask_area(hands) == 0  # the menu was closed, so this deselects


def test_the_menu_stays_within_the_window(hands: Hands) -> None:
    hands.open_sample()
    size = hands.page.viewport_size
    menu = hands.page.locator(MENU)
    for x, y in ((1, 60), (size["width"] - 2, 60), (size["width"] - 2, 300), (300, size["height"] - 2)):
        hands.page.evaluate("([x, y]) => window.palimpsest.openMenu(x, y)", [x, y])
        box = menu.bounding_box()
        assert box["x"] >= 0 and box["y"] >= 0
        assert box["x"] + box["width"] <= size["width"] and box["y"] + box["height"] <= size["height"]
    hands.key("Escape")


def test_a_long_press_opens_the_menu_and_paints_nothing(hands: Hands) -> None:
    hands.open_sample()
    screen, (x, y) = Screen(hands), hands.client(160, 130)
    menu = hands.page.locator(MENU)
    screen.touch("touchStart", (x, y))
    menu.wait_for()
    screen.touch("touchEnd")
    hands.page.wait_for_function("window.palimpsest.pointer.fingers.count === 0")
    assert menu.is_visible() and mask_area(hands) == 0
    screen.tap(centre(hands, "Select all"))
    hands.wait_for("!doc.mask.empty")
    assert menu.is_hidden()


def centre(hands: Hands, item: str) -> tuple[float, float]:
    box = hands.page.locator(MENU).get_by_role("menuitem", name=item).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
