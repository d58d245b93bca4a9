"""What floats over the picture until it is accepted: a picture to be placed, and the mask while it is transformed."""

from typing import Any

import numpy as np
import pytest

from editor.edits.intents import paste
from editor.formats.images import encode_png
from editor.imaging.geometry import Box
from editor.imaging.raster import Patch, Pixels
from editor.web.modules import MODULES
from tests.browser.hands import DRAWN, Hands, packed, photo
from tests.browser.test_drop_and_paste import PASTE
from tests.browser.test_pointing import Screen
from tests.browser.test_selecting import mask
from tests.samples import disc

PLACE = "window.palimpsest.floating.box.place"
PIECE = photo(120, 90, seed=3)


def see_through(width: int = 120, height: int = 90) -> Pixels:
    """uint8 (height, width, 4): a disc of a photograph, soft to its right."""
    pixels = np.dstack([photo(width, height, seed=3), disc(Box(0, 0, width, height)).alpha])
    pixels[:, width // 2 :, 3] //= 2
    return pixels


def float_over(hands: Hands, pixels: Pixels = PIECE) -> None:
    """Paste a picture and choose to place it."""
    hands.page.locator(".viewport").focus()
    hands.page.evaluate(PASTE, [{}, [["cat.png", "image/png", packed(encode_png(pixels))]]])
    hands.press("Place into this picture")
    hands.page.get_by_role("group", name="Transform").wait_for()


def place(hands: Hands) -> dict[str, Any]:
    where: dict[str, Any] = hands.page.evaluate(PLACE)
    return where


def corner(hands: Hands, along: int, down: int) -> tuple[float, float]:
    """The plane point of a handle; along, down: -1 to 1."""
    point = hands.page.evaluate(
        """async ([modules, along, down]) => {
            const { matrix } = await import(`/${modules}viewport/transform.js`);
            const place = window.palimpsest.floating.box.place;
            const [a, b, c, d, e, f] = matrix({ ...place, flipped: false }, 2, 2);
            return [a * (along + 1) + c * (down + 1) + e, b * (along + 1) + d * (down + 1) + f];
        }""",
        [MODULES, along, down],
    )
    return float(point[0]), float(point[1])


def set_field(hands: Hands, name: str, value: float) -> None:
    field = hands.page.get_by_role("group", name="Transform").get_by_label(name, exact=True)
    field.fill(str(value))
    field.press("Enter")


def status(hands: Hands) -> str:
    return str(hands.page.locator("#status .status").text_content())


def shown(hands: Hands, x: float, y: float) -> int:
    """How opaque the masks on screen are at a plane point, 0 to 255."""
    return int(
        hands.page.evaluate(
            """([x, y]) => {
                const { view, above } = window.palimpsest.viewport;
                return above.getImageData(...view.toViewport(x, y).map(Math.floor), 1, 1).data[3];
            }""",
            [x, y],
        )
    )


def floats(hands: Hands) -> bool:
    return bool(hands.page.evaluate("window.palimpsest.floating.open"))


@pytest.mark.parametrize("pixels", [PIECE, see_through()], ids=["opaque", "transparent"])
def test_a_placed_picture_is_a_step_of_the_history_with_its_very_pixels(hands: Hands, pixels: Pixels) -> None:
    hands.open_steps()
    before, head = hands.stored, hands.state["head"]
    float_over(hands, pixels)
    assert place(hands) == {"x": 160, "y": 135, "width": 120, "height": 90, "angle": 0, "flipped": False}
    hands.drag((160, 135), (140, 121))
    for key in ("ArrowRight", "Shift+ArrowDown", "ArrowUp"):
        hands.key(key)
    assert (place(hands)["x"], place(hands)["y"]) == (141, 130)
    seen = hands.drawn()
    hands.press("Keep as it is")
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    hands.status("Done.")
    box = Box(81, 85, 120, 90)
    rgba = pixels if pixels.shape[2] == 4 else np.dstack([pixels, np.full((90, 120), 255, np.uint8)])
    share = rgba[..., 3:] / 255
    wanted = before.astype(float)
    wanted[box.slices(Box(0, 0, 320, 270))] *= 1 - share
    wanted[box.slices(Box(0, 0, 320, 270))] += rgba[..., :3] * share
    assert np.abs(hands.stored - wanted).max() <= (0 if pixels is PIECE else 2)
    inner = np.s_[90:170, 85:195]  # what floated looked as what was made, but for the box's lines
    assert np.abs(seen[inner].astype(int) - hands.stored[inner])[20:60, 20:60].max() <= 3
    assert not floats(hands) and hands.page.evaluate("doc = window.palimpsest.doc, doc.draft.empty")
    after = hands.digest
    hands.press("History")
    row = hands.page.locator(".states .current")
    assert "Placed" in str(row.text_content())
    assert row.get_by_role("img", name="Placed picture").count() == 1
    hands.key("Control+z")
    hands.wait_for(f"doc.state.head === {head!r}")
    hands.key("Control+Shift+z")
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    assert hands.digest == after
    hands.reload()
    hands.wait_idle()
    hands.edit("a lamp")  # the history goes on
    assert hands.state["can_undo"]


def test_scaled_rotated_and_mirrored_it_becomes_what_was_seen(hands: Hands) -> None:
    hands.open_steps()
    float_over(hands)
    hands.drag(corner(hands, 1, 1), (250, 200))
    where = place(hands)
    assert abs(where["width"] / where["height"] - 120 / 90) < 0.02 and where["width"] > 130
    hands.page.keyboard.down("Shift")
    hands.drag(corner(hands, -1, -1), (90, 60))
    hands.page.keyboard.up("Shift")
    assert [round(n) for n in corner(hands, -1, -1)] == [90, 60]
    set_field(hands, "Angle in degrees", 30)
    hands.press("Flip")
    where = place(hands)
    assert (where["angle"], where["flipped"]) == (30, True)
    hands.page.evaluate("window.palimpsest.viewport.guides.element.style.display = 'none'")
    seen = hands.drawn()
    hands.page.evaluate("window.palimpsest.viewport.root.focus()")
    head = hands.state["head"]
    hands.key("Enter")
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    difference = np.abs(seen.astype(int) - hands.stored)
    assert np.percentile(difference, 99) <= 12 and difference.mean() < 1  # its edges are smoother than while it floats


def test_drawn_in_as_a_sketch_the_model_starts_from_it(hands: Hands) -> None:
    hands.open_steps()
    hands.page.evaluate(f"window.palimpsest.form.put({{ sketch_strength: 0.5 }}); {DRAWN}")
    float_over(hands, see_through())
    hands.drag((160, 135), (150, 120))
    hands.press("Draw in as a sketch")
    hands.tidy = False
    hands.page.wait_for_function("window.palimpsest.form.intent === 'sketch'")
    bounds = hands.page.evaluate("window.palimpsest.doc.draft.sketch.bounds()")
    assert bounds == [90, 75, 120, 90]
    assert status(hands).startswith("Drawn into the sketch.")
    hands.key("Control+z")
    assert hands.page.evaluate("window.palimpsest.doc.draft.sketch.empty")
    hands.key("Control+Shift+z")
    hands.wait_kept()
    head = hands.state["head"]
    hands.write("a cat")
    hands.generate()
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    edit = hands.server.session.store.revisions.get(hands.state["head"]).edit
    alpha = see_through()[..., 3]
    assert edit.sketch.box == Box(90, 75, 120, 90) and np.array_equal(edit.sketch.pixels[..., 3], alpha)
    assert np.array_equal(edit.sketch.pixels[alpha == 255], see_through()[alpha == 255])
    assert edit.pipeline == "noise" and edit.prompt == "a cat" and 0 < edit.strength < 1


def test_a_larger_picture_is_shown_whole_in_the_middle_of_what_is_seen(hands: Hands) -> None:
    hands.open_pixels(photo(1200, 800))
    hands.page.evaluate("window.palimpsest.viewport.zoom(2)")
    hands.page.evaluate(DRAWN)
    float_over(hands, photo(1500, 900, seed=4))
    where = place(hands)
    assert abs(where["width"] / where["height"] - 1500 / 900) < 0.01
    for along, down in ((-1, -1), (1, 1)):
        x, y = hands.client(*corner(hands, along, down))
        assert 0 <= x <= 1024 and 0 <= y <= 700
    hands.key("Escape")
    assert not floats(hands)


@pytest.mark.parametrize("turn", ["f", "6", "f 6 6"])
def test_in_a_turned_view_the_handles_are_where_they_are_seen(hands: Hands, turn: str) -> None:
    hands.open_steps()
    for key in turn.split():
        hands.key(key)
    float_over(hands)
    to = (230, 190)
    hands.page.keyboard.down("Shift")
    hands.drag(corner(hands, 1, 1), to)
    hands.page.keyboard.up("Shift")
    assert max(abs(a - b) for a, b in zip(corner(hands, 1, 1), to, strict=True)) <= 1
    before = hands.client(place(hands)["x"], place(hands)["y"])
    hands.page.locator(".viewport").focus()
    hands.key("Shift+ArrowRight")
    after = hands.client(place(hands)["x"], place(hands)["y"])
    assert after[0] > before[0] and abs(after[0] - before[0]) > abs(after[1] - before[1])  # to the right on the screen


def test_by_touch_it_is_moved_and_scaled_and_two_fingers_move_the_picture(hands: Hands) -> None:
    hands.open_steps()
    float_over(hands)
    screen = Screen(hands)

    def swipe(start: tuple[float, float], end: tuple[float, float]) -> None:
        (x0, y0), (x1, y1) = hands.client(*start), hands.client(*end)
        screen.touch("touchStart", (x0, y0))
        for part in (0.3, 0.7, 1):
            screen.touch("touchMove", (x0 + part * (x1 - x0), y0 + part * (y1 - y0)))
        screen.touch("touchEnd")

    swipe((160, 135), (130, 115))
    assert (place(hands)["x"], place(hands)["y"]) == (130, 115)
    swipe(corner(hands, 1, 1), (230, 190))
    where = place(hands)
    assert where["width"] > 140
    x, y = hands.client(160, 130)
    screen.touch("touchStart", (x, y))
    screen.touch("touchStart", (x, y), (x + 40, y))
    screen.touch("touchMove", (x + 50, y), (x + 90, y))
    screen.touch("touchEnd")
    assert hands.client(160, 130)[0] > x + 20 and place(hands) == where


def test_while_something_floats_nothing_else_is_changed(hands: Hands) -> None:
    hands.open_steps()
    hands.paint(60, 60)
    drawn, head = mask(hands), hands.state["head"]
    float_over(hands)
    for key in ("Control+a", "x", "m", ".", "Delete", "Control+Shift+Enter"):
        hands.key(key)
        assert status(hands).startswith("Accept what floats")
    hands.press("Generate")
    hands.page.evaluate(DRAWN)
    assert np.array_equal(mask(hands), drawn) and hands.state["head"] == head
    hands.drag((160, 135), (100, 100))
    hands.page.mouse.click(*hands.client(100, 100), button="right")
    assert hands.page.locator(".context-menu").is_hidden()
    hands.key("Control+z")  # takes back what floats, not what was painted before
    assert not floats(hands) and np.array_equal(mask(hands), drawn)
    float_over(hands)
    hands.page.evaluate("window.palimpsest.home()")
    assert not floats(hands)
    hands.page.evaluate("history.replaceState(null, '', location.pathname)")


def test_a_drag_is_dropped_by_escape_and_the_box_by_another(hands: Hands) -> None:
    hands.open_steps()
    float_over(hands)
    start = place(hands)
    hands.page.mouse.move(*hands.client(160, 135))
    hands.page.mouse.down()
    hands.page.mouse.move(*hands.client(100, 100), steps=3)
    assert place(hands) != start
    hands.key("Escape")
    assert place(hands) == start and floats(hands)
    hands.page.mouse.up()
    hands.key("Escape")
    assert not floats(hands) and status(hands) == ""


def test_what_lies_outside_the_picture_is_not_kept_and_that_is_said(hands: Hands) -> None:
    hands.open_steps()
    head = hands.state["head"]
    float_over(hands)
    set_field(hands, "Left edge, in px", 400)
    hands.press("Keep as it is")
    assert status(hands).startswith("All of it lies outside")
    set_field(hands, "Left edge, in px", 260)
    assert floats(hands)
    hands.press("Keep as it is")
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    edit = hands.server.session.store.revisions.get(hands.state["head"]).edit
    assert edit == paste(Patch(Box(260, 90, 60, 90), np.dstack([PIECE[:, :60], np.full((90, 60), 255, np.uint8)])))


def test_what_the_server_refuses_floats_on(hands: Hands) -> None:
    hands.open_steps()
    other = hands.another_tab()
    float_over(hands)
    hands.page.evaluate("window.palimpsest.doc.follower.rest(true)")  # this tab does not notice
    other.edit("a lamp")
    hands.page.bring_to_front()
    hands.press("Keep as it is")
    assert "changed in another tab" in hands.note()
    assert floats(hands)
    hands.complained("409")
    hands.page.evaluate("window.palimpsest.doc.follower.rest(false)")
    head = other.state["head"]
    hands.wait_for(f"doc.state.head === {head!r}")
    hands.press("Keep as it is")
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    assert np.array_equal(hands.stored[90:180, 100:220], PIECE)


@pytest.mark.parametrize("way", ["key", "menu", "context menu"])
def test_the_mask_is_moved_as_it_is_and_one_undo_brings_it_back(hands: Hands, way: str) -> None:
    hands.open_steps()
    hands.paint(120, 100)
    hands.wait_for("doc.plan.estimate")
    before = mask(hands)
    assert shown(hands, 95, 100) > 0
    if way == "key":
        hands.key("t")
    elif way == "menu":
        hands.whole_mask("Transform mask")
    else:
        hands.page.mouse.click(*hands.client(200, 40), button="right")
        hands.page.get_by_role("menuitem", name="Transform the mask").click()
    hands.page.get_by_role("group", name="Transform").wait_for()
    assert hands.page.evaluate("window.palimpsest.doc.plan.estimate === null")
    x, y = place(hands)["x"], place(hands)["y"]
    hands.drag((x, y), (x + 40, y + 25))
    assert np.array_equal(mask(hands), before)  # until it is accepted
    hands.page.evaluate(DRAWN)
    assert shown(hands, 95, 100) == 0  # it is seen where it will be, and nowhere else
    hands.key("Enter")
    assert np.array_equal(mask(hands), np.roll(before, (25, 40), (0, 1)))
    hands.wait_for("doc.plan.estimate")
    hands.key("Control+z")
    assert np.array_equal(mask(hands), before)
    hands.key("Control+Shift+z")
    assert np.array_equal(mask(hands), np.roll(before, (25, 40), (0, 1)))
    hands.wait_kept()


def test_the_mask_turned_by_right_angles_and_mirrored_keeps_every_pixel(hands: Hands) -> None:
    hands.open_steps()
    hands.drag((100, 80), (160, 80), (160, 120))
    before = mask(hands)
    bounds = hands.mask_bounds
    assert bounds
    hands.key("t")
    set_field(hands, "Angle in degrees", 180)
    hands.press("Flip")
    hands.press("Apply")
    x, y, width, height = bounds
    wanted = np.zeros_like(before)
    wanted[y : y + height, x : x + width] = before[y : y + height, x : x + width][::-1]
    assert np.array_equal(mask(hands), wanted)
    hands.key("t")
    hands.key("Escape")
    assert np.array_equal(mask(hands), wanted)
    hands.key("x")
    hands.key("t")
    hands.status("Paint over what should change first.")


def test_on_a_phone_all_of_the_bar_can_be_reached(hands: Hands) -> None:
    hands.open_steps()
    hands.tidy = False
    hands.page.set_viewport_size({"width": 390, "height": 844})
    hands.key("Control+0")
    hands.page.evaluate(DRAWN)
    float_over(hands)
    bar = hands.page.get_by_role("group", name="Transform")
    for control in bar.locator("button:visible, input:visible").all():
        box = control.bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390
        control.click(trial=True)  # nothing lies over it
    head = hands.state["head"]
    bar.get_by_role("button", name="Keep as it is").click()
    hands.wait_for(f"doc.state.head !== {head!r}")
