"""The tools: what each leaves in the mask, read from the mask itself."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from editor.imaging.mask_cleaning import FAINT
from editor.imaging.raster import Pixels
from tests.browser.hands import Hands
from tests.mask_files import mask_files


def disc_picture() -> Pixels:
    """A red disc of radius 60 about (160, 130) on a grey ground with some grain."""
    y, x = np.mgrid[:270, :320]
    grain = np.random.default_rng(0).integers(-3, 4, (270, 320, 1))
    picture = np.full((270, 320, 3), 120) + grain
    picture[np.hypot(x - 160, y - 130) < 60] = (200, 60, 50)
    return np.clip(picture, 0, 255).astype(np.uint8)


def mask(hands: Hands) -> Pixels:
    """The mask in the making, uint8 of the picture's size."""
    box = hands.page.evaluate("window.palimpsest.doc.picture.box")
    values = hands.page.evaluate("window.palimpsest.doc.mask.crop(window.palimpsest.doc.picture.box).toString()")
    return np.fromstring(values, np.uint8, sep=",").reshape(box[3], box[2])


def tool(hands: Hands, name: str) -> None:
    hands.press(name)
    assert hands.page.get_by_role("button", name=name, exact=True).get_attribute("aria-pressed") == "true"


def held(hands: Hands, key: str, *points: tuple[float, float]) -> None:
    hands.page.keyboard.down(key)
    hands.drag(*points)
    hands.page.keyboard.up(key)


def test_a_rectangle_adds_and_takes_away(hands: Hands) -> None:
    hands.open_sample()
    tool(hands, "Rectangle")
    hands.drag((50, 40), (250, 180))
    x, y, width, height = hands.mask_bounds or []
    assert max(abs(x - 50), abs(y - 40), abs(width - 200), abs(height - 140)) <= 1
    full = int((mask(hands) == 255).sum())
    assert full == width * height
    held(hands, "Alt", (100, 80), (150, 120))
    taken = full - int((mask(hands) == 255).sum())
    assert abs(taken - 50 * 40) < 100
    hands.page.mouse.move(*hands.client(260, 190))
    hands.page.mouse.down(button="right")
    hands.page.mouse.move(*hands.client(20, 20), steps=3)
    hands.page.mouse.up(button="right")
    assert hands.mask_bounds is None
    hands.key("Control+z")
    assert abs(int((mask(hands) == 255).sum()) - (full - taken)) < 2


def test_shift_makes_a_circle_of_an_ellipse(hands: Hands) -> None:
    hands.open_sample()
    tool(hands, "Ellipse")
    held(hands, "Shift", (100, 80), (180, 110))
    _, _, width, height = hands.mask_bounds or []
    assert abs(width - 80) <= 2 and abs(width - height) <= 1
    assert abs(int((mask(hands) == 255).sum()) - np.pi * 40**2) < 200


def test_a_lasso_fills_what_it_goes_around(hands: Hands) -> None:
    hands.open_sample()
    tool(hands, "Lasso")
    hands.drag((100, 60), (200, 60), (200, 160), (100, 160))
    assert abs(int((mask(hands) == 255).sum()) - 100 * 100) < 300


def test_a_polygon_closes_on_its_first_corner_or_by_a_double_click_and_escape_drops_it(hands: Hands) -> None:
    hands.open_sample()
    tool(hands, "Polygon")
    for corner in ((100, 60), (200, 60), (100, 160), (100, 60)):
        hands.page.mouse.click(*hands.client(*corner))
    assert abs(int((mask(hands) == 255).sum()) - 100 * 100 / 2) < 200
    hands.page.mouse.click(*hands.client(20, 20))
    hands.page.mouse.click(*hands.client(60, 20))
    hands.key("Escape")
    assert hands.page.locator(".guide.shape path").count() == 0
    before = mask(hands)
    hands.page.mouse.click(*hands.client(250, 200))
    hands.page.mouse.click(*hands.client(300, 200))
    hands.page.mouse.dblclick(*hands.client(300, 240))
    assert int((mask(hands) > before).sum()) > 500


def test_the_wand_takes_what_is_of_one_colour(hands: Hands) -> None:
    hands.open_pixels(disc_picture())
    hands.key("w")
    hands.page.mouse.click(*hands.client(160, 130))
    hands.wait_for("!doc.mask.empty")
    y, x = np.mgrid[:270, :320]
    assert np.array_equal(mask(hands) == 255, np.hypot(x - 160, y - 130) < 60)
    hands.page.keyboard.down("Alt")
    hands.page.mouse.click(*hands.client(160, 130))
    hands.page.keyboard.up("Alt")
    hands.wait_for("doc.mask.empty")


def test_the_wand_takes_all_that_is_alike_and_smooths_it(hands: Hands) -> None:
    picture = disc_picture()
    picture[10:40, 10:60] = picture[130, 160]  # the same colour elsewhere
    picture[12:14, 200:300] = picture[130, 160]  # and a line of it
    hands.open_pixels(picture)
    y, x = np.mgrid[:270, :320]
    alike = (picture == picture[130, 160]).all(2)
    hands.press("Magic wand")
    contiguous = hands.page.get_by_role("checkbox", name="Contiguous")
    contiguous.uncheck()
    hands.page.mouse.click(*hands.client(160, 130))
    hands.wait_for("!doc.mask.empty")
    assert np.array_equal(mask(hands) == 255, alike)
    hands.key("x")
    hands.page.get_by_role("slider", name="Smoothing").fill("8")
    hands.page.mouse.click(*hands.client(160, 130))
    hands.wait_for("!doc.mask.empty")
    smooth = mask(hands)
    assert not smooth[5:20, 200:300].any() and smooth[25, 35] == 255  # the line is too narrow
    assert (smooth[np.hypot(x - 160, y - 130) < 55] == 255).all()
    hands.page.get_by_role("slider", name="Smoothing").fill("0")
    contiguous.check()


def test_smart_select_finds_the_edge_from_a_rough_stroke(hands: Hands) -> None:
    hands.open_pixels(disc_picture())
    hands.key("a")
    hands.drag((140, 110), (180, 140), (150, 150))
    hands.wait_for("!doc.mask.empty")
    y, x = np.mgrid[:270, :320]
    disc, found = np.hypot(x - 160, y - 130) < 60, mask(hands) >= 128
    assert (disc & found).sum() / (disc | found).sum() > 0.95
    hands.key("Control+z")
    assert hands.mask_bounds is None  # the rough stroke was no step of its own
    hands.press("Rectangle")
    hands.drag((5, 5), (60, 60))  # what is painted elsewhere has no say in it
    hands.key("a")
    hands.drag((140, 110), (180, 140), (150, 150))
    hands.wait_for("doc.draft.undoSteps.length === 2")
    found = mask(hands)[:, 80:] >= 128
    assert (disc[:, 80:] & found).sum() / (disc[:, 80:] | found).sum() > 0.95


def test_a_soft_brush_is_sent_soft(hands: Hands) -> None:
    hands.tidy = False
    hands.open_sample()
    for _ in range(6):
        hands.key("{")
    hands.drag((200, 150), (200, 150))
    drawn = mask(hands)
    assert ((drawn > 0) & (drawn < 255)).sum() > 50 and (drawn == 255).any()
    hands.generate()
    hands.wait_for("doc.state.can_undo")
    sent = hands.server.session.store.revisions.get(hands.state["head"]).edit.mask
    paint = np.where(drawn < FAINT, np.uint8(0), drawn)  # fainter is none
    assert np.array_equal(sent.on(hands.server.session.picture(hands.document).box), paint)


def test_a_pen_draws_as_wide_as_it_presses(hands: Hands) -> None:
    hands.tidy = False
    hands.open_sample()
    hands.lasting = False
    pen = hands.page.context.new_cdp_session(hands.page)

    def press(force: float, y: float) -> int:
        for kind, x in (("mousePressed", 120), ("mouseMoved", 200), ("mouseReleased", 200)):
            cx, cy = hands.client(x, y)
            down = {"button": "left", "buttons": 1, "clickCount": 1}
            event = {"type": kind, "x": cx, "y": cy, "pointerType": "pen", "force": force} | down
            pen.send("Input.dispatchMouseEvent", event)
        height = (hands.mask_bounds or [])[3]
        hands.key("x")
        return int(height)

    light, heavy = press(0.2, 100), press(1.0, 160)
    assert heavy > 1.8 * light


@pytest.mark.parametrize("item", ["Grow", "Shrink", "Soften"])
def test_the_whole_mask_is_changed_by_the_servers_own_rule(hands: Hands, item: str) -> None:
    hands.open_sample()
    hands.press("Rectangle")
    hands.drag((100, 80), (200, 160))
    before = mask(hands)
    hands.whole_mask(item)
    hands.wait_for("doc.draft.undoSteps.length === 2")
    after = mask(hands)
    if item == "Grow":
        assert (after >= before).all() and abs(int((after > 0).sum()) - (100 + 16) * (80 + 16)) < 300
    elif item == "Shrink":
        assert (after <= before).all() and abs(int((after > 0).sum()) - (100 - 16) * (80 - 16)) < 300
    else:
        assert ((after > 0) & (after < 255)).sum() > 1000
    hands.key("Control+z")
    assert np.array_equal(mask(hands), before)


def test_invert_and_clear(hands: Hands) -> None:
    hands.open_sample()
    hands.paint()
    before = mask(hands)
    hands.key("Control+i")
    assert np.array_equal(mask(hands), 255 - before)
    hands.whole_mask("Clear")
    assert hands.mask_bounds is None


def test_a_mask_is_saved_and_loaded(hands: Hands, tmp_path: Path) -> None:
    hands.open_sample()
    hands.paint()
    before = mask(hands)
    with hands.page.expect_download() as download:
        hands.whole_mask("Save as a file")
    saved = Path(download.value.path()).read_bytes()
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(saved))), before)
    hands.key("x")
    (tmp_path / "mask.png").write_bytes(saved)
    chooser(hands, tmp_path / "mask.png")
    hands.wait_for("!doc.mask.empty")
    assert np.array_equal(mask(hands), before)
    Image.new("L", (20, 30), 255).save(tmp_path / "small.png")
    chooser(hands, tmp_path / "small.png")
    assert "20 \N{MULTIPLICATION SIGN} 30" in hands.note() and "320 \N{MULTIPLICATION SIGN} 270" in hands.note()
    (tmp_path / "broken.png").write_bytes(b"no picture")
    chooser(hands, tmp_path / "broken.png")
    hands.page.locator(".note p").filter(
        has_text="broken.png cannot be read as a mask: This is not an image"
    ).wait_for()
    hands.complained("mask-file")
    assert np.array_equal(mask(hands), before)


def test_a_masks_file_is_read_as_the_command_line_reads_it(hands: Hands, tmp_path: Path) -> None:
    hands.open_sample()
    for name, (data, marked) in mask_files(320, 270).items():
        hands.whole_mask("Clear")
        (tmp_path / name).write_bytes(data)
        chooser(hands, tmp_path / name)
        hands.wait_for("!doc.mask.empty")
        assert np.array_equal(mask(hands), marked), name
    assert hands.page.locator(".note p").filter(has_text="black and white").count() == 1  # the last one's reading
    hands.whole_mask("Clear")
    Image.new("L", (320, 270)).save(tmp_path / "black.png")
    chooser(hands, tmp_path / "black.png")
    hands.page.locator(".note p").filter(has_text="black.png marks nothing").wait_for()
    assert hands.mask_bounds is None


def test_a_masks_file_can_be_read_in_the_other_way(hands: Hands, tmp_path: Path) -> None:
    """What was painted before stays, and what the first reading marked goes."""
    hands.open_sample()
    hands.paint(280, 240)
    painted = mask(hands)
    pixels = np.zeros((270, 320, 4), np.uint8)
    pixels[20:60, 30:90] = (255, 255, 255, 255)
    pixels[100:150, 30:90] = (0, 0, 0, 255)
    Image.fromarray(pixels).save(tmp_path / "strokes.png")
    chooser(hands, tmp_path / "strokes.png")
    for marked, other in ((pixels[..., 0], "transparency"), (pixels[..., 3], "brightness"), (pixels[..., 0], "")):
        hands.wait_for(f"doc.mask.crop([40, 120, 1, 1])[0] === {int(marked[120, 40])}")
        hands.page.locator(".note p").filter(has_text="transparent picture").wait_for()
        assert np.array_equal(mask(hands), np.maximum(painted, marked))
        if other:
            hands.press(f"Read by {other}")


def chooser(hands: Hands, file: Path) -> None:
    with hands.choosing_file(file):
        hands.whole_mask("Load from a file")


def test_two_fingers_move_and_zoom_and_paint_nothing(hands: Hands) -> None:
    hands.open_sample()
    hands.lasting = False
    touch = hands.page.context.new_cdp_session(hands.page)
    scale = hands.page.evaluate("window.palimpsest.viewport.view.scale")

    def fingers(kind: str, *points: tuple[float, float]) -> None:
        places: list[dict[str, Any]] = []
        for i, (x, y) in enumerate(points):
            places.append({"x": x, "y": y, "id": i})
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    x, y = hands.client(160, 130)
    fingers("touchStart", (x - 30, y))
    fingers("touchStart", (x - 30, y), (x + 30, y))
    fingers("touchMove", (x - 60, y), (x + 60, y))
    fingers("touchEnd")
    hands.page.wait_for_function(f"window.palimpsest.viewport.view.scale > {scale} * 1.6")
    assert hands.mask_bounds is None
    fingers("touchStart", (x, y))
    fingers("touchMove", (x + 20, y))
    fingers("touchEnd")
    assert hands.mask_bounds is not None


def test_specks_are_left_out_and_can_be_kept_until_they_are_sent(hands: Hands) -> None:
    hands.open_sample()
    specks = hands.page.locator("#status .specks")
    keep = hands.page.get_by_role("button", name="Keep them")

    def paint() -> None:
        hands.page.evaluate(
            """() => {
                const { draftEditor } = window.palimpsest.doc;
                for (const box of [[40, 40, 60, 50], [250, 200, 2, 2], [300, 30, 1, 3]]) {
                    draftEditor.paste(box, new Uint8Array(box[2] * box[3]).fill(255));
                }
            }"""
        )

    def sent() -> list[int]:
        head = hands.state["head"]
        hands.generate()
        hands.wait_for(f"doc.state.head !== {head!r}")
        hands.wait_idle()
        return list(hands.server.session.store.revisions.get(hands.state["head"]).edit.mask.box)

    paint()
    specks.filter(has_text="Ignored 2 specks.").wait_for()
    assert sent() == [40, 40, 60, 50]
    assert specks.inner_text() == ""
    paint()
    keep.click()
    keep.wait_for(state="detached")
    region = hands.page.evaluate("window.palimpsest.viewport.editRegion.layer.bounds()")
    assert region[0] + region[2] > 301
    hands.drag((60, 150), (90, 150))  # painting on does not forget it
    hands.wait_for("doc.plan.estimate")
    assert keep.count() == 0
    assert sent()[:2] == [40, 30]
    paint()
    keep.click()
    keep.wait_for(state="detached")
    hands.page.evaluate("window.palimpsest.doc.draftEditor.clear()")
    paint()
    keep.wait_for()  # a cleared mask is another
    assert sent() == [40, 40, 60, 50]
