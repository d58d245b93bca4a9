"""Keys that mean the same in every image editor: selecting, filling, copying, looking, opening."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from editor.edits.intents import complete
from editor.imaging.raster import Mask, Pixels
from tests.browser.hands import PROMPT, Hands
from tests.browser.test_keys import corners, finish, mask_area, shape, slow_job
from tests.browser.test_selecting import mask

TO_CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}
# the PNG in the clipboard as numbers, or null
CLIPBOARD = """async () => {
    const [item] = await navigator.clipboard.read();
    if (!item?.types.includes("image/png")) return null;
    return [...new Uint8Array(await (await item.getType("image/png")).arrayBuffer())];
}"""
# the mask's canvas at a plane point: [red, green, blue, alpha]
SHOWN = """([x, y]) => {
    const { viewport } = window.palimpsest;
    return [...viewport.above.getImageData(...viewport.view.toViewport(x, y).map(Math.floor), 1, 1).data];
}"""


def focus(hands: Hands) -> None:
    hands.page.locator(".viewport").focus()


def clipboard(hands: Hands) -> Pixels:
    """The picture in the clipboard, RGBA."""
    png = hands.page.evaluate(CLIPBOARD)
    assert png is not None
    return np.asarray(Image.open(io.BytesIO(bytes(png))).convert("RGBA"))


def shown(hands: Hands, x: float, y: float) -> list[int]:
    return list(hands.page.evaluate(SHOWN, [x, y]))


def test_all_none_and_the_inverse(hands: Hands) -> None:
    hands.open_steps()
    hands.paint(150, 120)
    stroke = mask(hands)
    for key in ("Control+d", "x"):
        hands.key(key)
        assert mask_area(hands) == 0
        hands.key("Control+z")
        assert np.array_equal(mask(hands), stroke)
    for key in ("Control+Shift+i", "Control+i"):
        hands.key(key)
        assert np.array_equal(mask(hands), 255 - stroke)
        hands.key(key)
        assert np.array_equal(mask(hands), stroke)
    hands.key("Control+a")
    assert mask_area(hands) == 320 * 270
    hands.key("Control+d")
    hands.key("Control+d")  # nothing is selected: it does nothing
    hands.key("Control+z")
    assert mask_area(hands) == 320 * 270


def test_escape_deselects_when_nothing_else_is_unfinished(hands: Hands) -> None:
    hands.open_steps()
    slow_job(hands)
    job = hands.state["running"][0]["revision"]
    hands.paint(200, 180)
    stroke = mask(hands)
    hands.press("Polygon")
    corners(hands, (60, 60), (160, 60))
    hands.key("Escape")
    assert shape(hands) == 0 and np.array_equal(mask(hands), stroke)
    hands.press("Mask")
    hands.key("Escape")
    hands.page.locator("#mask-menu").wait_for(state="hidden")
    hands.key("?")
    hands.key("Escape")
    hands.page.locator("dialog").wait_for(state="detached")
    hands.prompt.focus()
    hands.key("Escape")
    assert np.array_equal(mask(hands), stroke)  # each press left one thing alone
    hands.key("Escape")
    assert mask_area(hands) == 0
    hands.key("Control+z")
    assert np.array_equal(mask(hands), stroke)
    assert [job] == [each["revision"] for each in hands.state["running"]]
    finish(hands)


@pytest.mark.parametrize("intent", ["Fill", "Refine"])
def test_delete_fills_the_selection_from_its_surroundings_as_a_new_step(hands: Hands, intent: str) -> None:
    hands.open_steps()
    hands.intend(intent)
    hands.write("a lamp")
    focus(hands)
    hands.key("Delete")
    hands.status("Paint over what should change first")
    hands.press("Rectangle")
    hands.drag((100, 80), (180, 150))
    session, head = hands.server.session, hands.state["head"]
    picture, selected = session.picture(hands.document), mask(hands)
    hands.press("Polygon")
    corners(hands, (20, 20), (60, 20))
    hands.key("Delete")
    hands.key("Delete")
    assert (
        shape(hands) == 0 and hands.state["head"] == head and not hands.state["running"]
    )  # they took back the corners
    hands.key("Delete")
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    made = session.store.revisions.get(hands.state["head"])
    settings = {"seed": made.edit.seed, "pipeline": "noise"}
    meant = complete("remove", Mask(picture.box, selected), settings, None, lambda: picture).edit
    assert made.parent == head and made.edit.mask == meant.mask
    assert (made.edit.prompt, made.edit.strength, made.edit.sketch) == ("", 1.0, meant.sketch)
    assert mask_area(hands) == 0 and hands.prompt.input_value() == "a lamp"
    assert hands.page.evaluate("window.palimpsest.form.intent") == intent.lower()
    hands.key("Control+z")
    hands.wait_for(f"doc.state.head === {head!r}")


def test_the_view_fits_and_shows_every_pixel_by_the_usual_keys(hands: Hands) -> None:
    hands.open_sample()
    focus(hands)
    hands.key("Control+1")
    assert hands.page.evaluate("window.palimpsest.viewport.view.scale") == 1
    hands.key("Control+0")
    assert hands.page.evaluate("window.palimpsest.viewport.fitted")


def test_a_copy_is_the_picture_or_what_is_selected_of_it(hands: Hands) -> None:
    hands.page.context.grant_permissions(TO_CLIPBOARD["permissions"])
    hands.open_steps()
    focus(hands)
    hands.key("Control+c")
    hands.status("The picture is in the clipboard.")
    assert np.array_equal(clipboard(hands)[..., :3], hands.stored)
    for _ in range(5):
        hands.key("{")
    hands.paint(150, 120)
    hands.key("Control+c")
    hands.status("The selected part is in the clipboard.")
    x, y, width, height = hands.mask_bounds or []
    part, rows = clipboard(hands), (slice(y, y + height), slice(x, x + width))
    alpha = mask(hands)[rows]
    assert np.array_equal(part[..., 3], alpha) and 0 < (alpha == 255).sum() < ((alpha > 0) & (alpha <= 255)).sum()
    solid = alpha == 255
    assert np.array_equal(part[..., :3][solid], hands.stored[rows][solid])
    hands.key("Control+z")
    hands.page.evaluate("window.palimpsest.tool.set('hardness', 1)")


def test_text_is_copied_where_text_is_selected_or_written(hands: Hands) -> None:
    hands.page.context.grant_permissions(TO_CLIPBOARD["permissions"])
    hands.open_steps()
    hands.page.evaluate("window.palimpsest.notifications.note('A sentence to be copied.', 'test')")

    def copied(text: str) -> None:
        hands.page.evaluate(
            """async (text) => {
                while ((await navigator.clipboard.readText()) !== text) await new Promise(requestAnimationFrame);
            }""",
            text,
        )

    hands.page.locator(".note p").click(click_count=3)
    hands.key("Control+c")
    copied("A sentence to be copied.")
    hands.write("a lamp")
    hands.prompt.select_text()
    hands.key("Control+c")
    copied("a lamp")
    assert hands.page.locator("#status .status").inner_text() == ""


def test_what_cannot_be_copied_is_said(hands: Hands) -> None:
    hands.tidy = False
    hands.open_steps()
    focus(hands)
    hands.page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })")
    hands.key("Control+c")
    assert "only pages on HTTPS or on this computer" in hands.note()
    hands.page.evaluate("delete navigator.clipboard")
    hands.page.context.grant_permissions(TO_CLIPBOARD["permissions"])
    hands.page.route("**/picture.png*", lambda route: route.fulfill(status=507, json={"error": "The disk is full."}))
    hands.key("Control+c")
    hands.page.locator(".note p").filter(has_text="could not be copied: The disk is full.").wait_for()
    hands.complained("507")


def test_the_mask_alone_is_white_on_black(hands: Hands) -> None:
    hands.open_sample()
    hands.paint(150, 120)
    tinted = shown(hands, 150, 120)
    assert tinted[3] not in (0, 255) and shown(hands, 40, 40)[3] == 0
    hands.key("q")
    hands.page.wait_for_function(f"String(({SHOWN})([40, 40])) === '0,0,0,255'")
    assert shown(hands, 150, 120) == [255, 255, 255, 255]
    eye = hands.page.get_by_role("button", name="Mask alone, black and white", exact=True)
    assert eye.get_attribute("aria-pressed") == "true"
    hands.paint(40, 40)  # it can be painted on
    hands.page.wait_for_function(f"String(({SHOWN})([40, 40])) === '255,255,255,255'")
    eye.click()
    hands.page.wait_for_function(f"({SHOWN})([250, 200])[3] === 0")
    assert shown(hands, 150, 120)[3] not in (0, 255) and eye.get_attribute("aria-pressed") == "false"
    hands.key("q")
    hands.page.evaluate("window.palimpsest.home()")
    hands.open_sample()
    assert eye.get_attribute("aria-pressed") == "false"  # another picture is seen as it is


def test_the_masks_colour_and_opacity_are_the_users_and_stay_so(hands: Hands) -> None:
    hands.tidy = False
    hands.open_sample()
    hands.press("Rectangle")
    hands.drag((60, 60), (200, 180))
    hands.press("Mask")
    hands.page.get_by_label("Colour of the mask").fill("#ff0000")
    hands.page.locator("#mask-menu").get_by_role("slider", name="Opacity").fill("1")
    hands.key("Escape")
    solid = f"(([red, green, blue, alpha]) => alpha === 255 && red === 255 && green === blue)(({SHOWN})([131, 121]))"
    hands.page.wait_for_function(solid)
    hands.wait_kept()
    hands.reload()
    hands.wait_idle()
    hands.page.wait_for_function(solid)
    hands.press("Mask")
    assert hands.page.get_by_label("Colour of the mask").input_value() == "#ff0000"


def test_a_file_is_opened_by_the_usual_key_from_everywhere(hands: Hands, tmp_path: Path) -> None:
    file = tmp_path / "small.png"
    Image.new("RGB", (30, 20), (200, 10, 10)).save(file)
    hands.page.locator(".samples .card").first.wait_for()
    for where in ("body", ".viewport", PROMPT):  # the start view has no prompt
        before = hands.page.evaluate("window.palimpsest.doc?.id ?? null")
        hands.page.locator(where).focus()
        with hands.choosing_file(file):
            hands.key("Control+o")
        hands.page.wait_for_function("(before) => (window.palimpsest.doc?.id ?? before) !== before", arg=before)
        hands.wait_idle()
        assert hands.state["name"] == "small"
    hands.key("Control+Shift+o")
    hands.page.locator(".gallery .card").first.wait_for()
    assert hands.page.evaluate("window.palimpsest.doc") is None


def test_the_help_has_every_command_and_gives_it_another_key(hands: Hands) -> None:
    hands.tidy = False
    hands.open_sample()
    focus(hands)
    hands.key("?")
    dialog = hands.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Deselect: Ctrl D, X").wait_for()
    dialog.get_by_role("button", name="Fill the holes of the mask: \N{EN DASH}").click()
    hands.key("j")
    dialog.get_by_role("button", name="Fill the holes of the mask: J").wait_for()
    hands.key("Escape")
    hands.page.locator("dialog").wait_for(state="detached")
    hands.press("Rectangle")
    hands.drag((50, 50), (150, 150))
    full = mask(hands)
    hands.page.keyboard.down("Alt")
    hands.drag((80, 80), (110, 110))
    hands.page.keyboard.up("Alt")
    assert mask_area(hands) < (full > 0).sum()
    hands.key("j")
    hands.wait_for("doc.draft.undoSteps.length === 3")
    assert np.array_equal(mask(hands), full)
