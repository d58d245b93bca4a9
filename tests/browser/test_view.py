"""The turned and mirrored view: it is only looked at in another way, and every tool works in it."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.browser.hands import DRAWN, Hands
from tests.browser.test_conventions import shown
from tests.browser.test_keys import corners, mask_area
from tests.browser.test_selecting import disc_picture, mask

TURNS = [(0, True), (90, False), (-45, False), (180, True), (75, True)]
VIEW = "(() => { const { angle, flipped } = window.palimpsest.viewport.view; return [angle, flipped]; })()"


def turn(hands: Hands, angle: int, flipped: bool) -> None:
    """By the keys."""
    hands.page.locator(".viewport").focus()
    if flipped:
        hands.key("f")
    for _ in range(abs(angle) // 15):
        hands.key("6" if angle > 0 else "4")
    assert hands.page.evaluate(VIEW) == [angle, flipped]
    hands.page.evaluate(DRAWN)


def colours(hands: Hands, points: Sequence[tuple[float, float]]) -> NDArray[np.int_]:
    """The picture as it is drawn at plane points."""
    return np.array(
        hands.page.evaluate("(points) => points.map(([x, y]) => window.palimpsest.viewport.colourAt(x, y))", points)
    )


@pytest.mark.parametrize(("angle", "flipped"), TURNS)
def test_the_picture_and_its_mask_are_turned_alike(hands: Hands, angle: int, flipped: bool) -> None:
    hands.open_sample()
    turn(hands, angle, flipped)
    points = [(x, y) for x in range(10, 320, 60) for y in range(10, 270, 50)]
    want = np.array([hands.stored[y, x] for x, y in points]).astype(int)
    hands.page.wait_for_function("!window.palimpsest.viewport.quick")
    hands.page.evaluate(DRAWN)
    assert np.abs(colours(hands, points) - want).max() < 14  # of neighbours that are mixed
    hands.press("Rectangle")
    hands.drag((60, 40), (200, 160))
    x, y, width, height = hands.mask_bounds or []
    assert max(abs(x - 60), abs(y - 40), abs(width - 140), abs(height - 120)) <= 1
    hands.page.evaluate(DRAWN)
    for inside in ((70, 50), (190, 150), (130, 100)):
        assert shown(hands, *inside)[3] > 0, inside
    for outside in ((40, 30), (220, 100), (130, 200)):
        assert shown(hands, *outside)[3] == 0, outside


@pytest.mark.parametrize(("angle", "flipped"), [(75, True), (90, False)])
def test_every_tool_works_in_a_turned_view(hands: Hands, angle: int, flipped: bool) -> None:
    hands.open_pixels(disc_picture())
    y, x = np.mgrid[:270, :320]
    disc = np.hypot(x - 160, y - 130) < 60
    turn(hands, angle, flipped)
    hands.press("Magic wand")
    corners(hands, (160, 130))
    hands.wait_for("!doc.mask.empty")
    assert np.array_equal(mask(hands) == 255, disc)
    hands.key("x")
    hands.press("Brush")
    hands.page.evaluate("window.palimpsest.tool.resize(20)")
    hands.drag((50, 60), (250, 60))
    assert (mask(hands)[60, 50:250] == 255).all() and not mask(hands)[85].any()
    hands.key("x")
    hands.press("Polygon")
    corners(hands, (60, 60), (160, 60), (160, 160))
    hands.key("Enter")
    assert abs(mask_area(hands) - 5000) < 200
    hands.key("x")
    hands.press("Smart select")
    hands.drag((140, 110), (180, 140), (150, 150))
    hands.wait_for("!doc.mask.empty")
    found = mask(hands) >= 128
    assert (disc & found).sum() / (disc | found).sum() > 0.95
    hands.intend("Expand")
    hands.drag((320, 130), (370, 130))
    hands.wait_for("doc.frame.box")
    assert hands.page.evaluate("window.palimpsest.doc.frame.margins") == pytest.approx([0, 0, 50, 0], abs=1)


def test_a_frames_edge_shows_the_cursor_that_drags_it(hands: Hands) -> None:
    hands.open_sample()
    hands.intend("Expand")
    for angle, cursor in ((0, "ew"), (45, "nwse"), (90, "ns")):
        hands.page.evaluate(f"window.palimpsest.viewport.turn({angle})")
        hands.page.mouse.move(*hands.client(320, 135))
        assert hands.page.locator(".viewport").get_attribute("data-cursor") == cursor


def test_a_step_made_in_a_turned_view_is_the_same_and_the_view_stays(hands: Hands) -> None:
    hands.open_steps()
    turn(hands, -45, True)
    before = hands.stored
    hands.press("Rectangle")
    hands.drag((60, 40), (160, 120))
    hands.write("a vase")
    head = hands.state["head"]
    hands.generate()
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    changed = (hands.stored != before).any(2)
    assert changed[45:115, 65:155].all() and not changed[170:].any() and not changed[:, 220:].any()
    assert hands.page.evaluate(VIEW) == [-45, True]


def test_the_turn_is_reset_by_key_and_button_and_kept_over_a_reload(hands: Hands) -> None:
    hands.open_sample()
    chip = hands.page.locator(".strip .turned")
    assert chip.is_hidden()
    turn(hands, 30, False)
    assert "30°" in chip.inner_text()
    hands.paint()
    hands.wait_kept()
    hands.reload()
    hands.wait_idle()
    hands.page.wait_for_function("window.palimpsest.viewport.view.angle === 30")
    assert hands.page.evaluate("window.palimpsest.viewport.fitted")
    chip.click()
    assert hands.page.evaluate(VIEW) == [0, False] and chip.is_hidden()
    turn(hands, 0, True)
    assert "Flipped" in chip.inner_text()
    hands.key("5")
    assert hands.page.evaluate(VIEW) == [0, False]
    turn(hands, 15, True)
    hands.page.evaluate("window.palimpsest.home()")
    hands.open_sample()
    assert hands.page.evaluate(VIEW) == [0, False]  # another picture is upright


def test_before_and_after_are_compared_in_a_turned_view(hands: Hands) -> None:
    hands.open_steps()
    turn(hands, 90, False)
    hands.key("c")
    hands.page.wait_for_function("window.palimpsest.compare.mode === 'split'")
    hands.page.evaluate("window.palimpsest.compare.line.focus()")
    session = hands.server.session
    revision = session.store.revisions.get(hands.state["head"])
    before = session.store.revisions.picture(revision.parent).pixels().astype(int)
    hands.page.wait_for_function("!window.palimpsest.viewport.quick")
    hands.page.evaluate(DRAWN)
    line = hands.page.evaluate("window.palimpsest.viewport.width / 2")
    for x, y in ((185, 200), (215, 220), (215, 120), (200, 100)):
        left = hands.page.evaluate("([x, y]) => window.palimpsest.viewport.view.toViewport(x, y)[0]", [x, y])
        picture = before if left < line else hands.stored.astype(int)
        assert np.abs(colours(hands, [(x, y)])[0] - picture[y, x]).max() < 14
    hands.key("Escape")
