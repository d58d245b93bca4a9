"""Adjust, the mode without a model: seen while a slider moves, applied, blended, edited and replayed."""

from typing import Any

import numpy as np
import pytest

from editor.edits.adjust_window import adjusted_view
from editor.edits.adjustment import Adjustment
from editor.edits.edit import Edit
from editor.edits.plan import affected_region
from editor.imaging.geometry import Box
from editor.imaging.raster import Mask
from tests.browser.hands import DRAWN, Hands, photo

SETTLED = "!doc.adjustPreview.underWay && !doc.adjustPreview.next"


@pytest.fixture
def hands(hands: Hands) -> Hands:
    """A document of three steps, made on the server, with a rectangle selected and the mode chosen."""
    hands.open_three_steps()
    hands.key("r")
    hands.drag((60, 60), (220, 200))
    hands.wait_for("!doc.mask.empty")
    hands.key("Alt+6")
    hands.page.wait_for_function("window.palimpsest.form.intent === 'adjust'")
    return hands


def slider(hands: Hands, name: str) -> Any:
    return hands.page.get_by_role("slider", name=name, exact=True)


def move(hands: Hands, name: str, steps: int) -> None:
    """A slider by the keyboard, and the view of it is there."""
    slider(hands, name).focus()
    for _ in range(abs(steps)):
        hands.key("ArrowRight" if steps > 0 else "ArrowLeft")
    hands.wait_for(f"{SETTLED} && doc.picture.preview")


def number(hands: Hands, name: str, value: str) -> None:
    hands.page.get_by_role("spinbutton", name=f"{name}: value").fill(value)
    hands.wait_for(SETTLED)


def applied(hands: Hands, path: str = "/edits") -> Edit:
    head = hands.state["head"]
    with hands.page.expect_response(lambda answer: answer.request.method == "POST" and path in answer.url):
        hands.press("Apply")
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    edit: Any = hands.server.session.store.revisions.get(hands.state["head"]).edit
    return edit


def steps(hands: Hands) -> list[Edit]:
    path = hands.server.session.store.revisions.path_to(hands.state["head"])
    return [each.edit for each in path if each.edit]


def seen(hands: Hands) -> np.ndarray:
    """What stands on the canvas at 100 %, once the view of the adjustment is there."""
    hands.drawn()
    hands.wait_for(SETTLED)
    hands.page.evaluate(DRAWN)
    return hands.drawn().astype(int)


def test_what_is_seen_is_applied_inside_the_mask_alone(hands: Hands) -> None:
    before = hands.stored
    assert not hands.prompt.is_visible() and not hands.page.get_by_role("button", name="Generate").is_visible()
    assert not hands.page.locator(".model-chip").is_visible()
    assert hands.page.get_by_text("What is selected is adjusted.").is_visible()
    move(hands, "Exposure", 12)
    move(hands, "Saturation", -30)
    number(hands, "Blur", "2.5")
    shown = seen(hands)
    assert hands.page.evaluate("window.palimpsest.viewport.filled") is False  # no tint on the colours
    assert np.array_equal(hands.stored, before)
    hands.page.evaluate(
        """() => {
            const { display } = window.palimpsest.doc;
            const { revision } = display.picture, real = display.dropPreview.bind(display);
            window.flickers = 0;
            display.dropPreview = () => {
                if (display.picture.preview && display.picture.revision === revision) window.flickers += 1;
                real();
            };
        }"""
    )
    edit = applied(hands)
    assert hands.page.evaluate("window.flickers") == 0  # the view stays until its result is there
    assert edit.adjustment == Adjustment(exposure=0.6, saturation=-0.3, blur=2.5) and edit.pipeline == "none"
    after = hands.stored
    assert np.abs(shown - after).max() <= 1
    assert np.array_equal(hands.drawn(), after)
    kept = affected_region(edit, Box(0, 0, 360, 300)).on(Box(0, 0, 360, 300)) == 0
    assert kept.sum() > 50_000 and np.array_equal(after[kept], before[kept])
    assert (after[70:190, 70:210] != before[70:190, 70:210]).any(2).mean() > 0.9
    assert slider(hands, "Exposure").input_value() == "0"  # the next adjustment begins anew
    hands.press("Undo")
    hands.wait_idle()
    assert np.array_equal(hands.stored, before)


def test_escape_and_a_double_click_take_back_what_is_seen(hands: Hands) -> None:
    before = hands.drawn()
    move(hands, "Contrast", 40)
    move(hands, "Temperature", -40)
    assert (seen(hands) != before).any()
    slider(hands, "Contrast").dblclick()
    assert slider(hands, "Contrast").input_value() == "0" and slider(hands, "Temperature").input_value() == "-40"
    hands.page.locator(".viewport").focus()
    hands.key("Escape")
    hands.wait_for("!doc.picture.preview")
    assert slider(hands, "Temperature").input_value() == "0" and hands.mask_bounds is not None
    assert np.array_equal(hands.drawn(), before)
    hands.press("Apply")
    hands.status("Move a slider or the curve first.")
    move(hands, "Temperature", 10)
    hands.press("Reset all")
    hands.wait_for("!doc.picture.preview")


def test_the_curve_by_pointer_and_by_keyboard(hands: Hands) -> None:
    plot = hands.page.locator(".curve-plot")
    place: Any = plot.bounding_box()
    hands.page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    hands.page.mouse.down()
    hands.page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 4, steps=4)
    hands.page.mouse.up()
    values = "window.palimpsest.adjusting.values.curve"
    curve = hands.page.evaluate(values)
    assert len(curve) == 3 and np.allclose(curve[1], (0.5, 0.75), atol=0.02)
    point = slider(hands, "Point 2 of 3")
    assert point.evaluate("one => one === document.activeElement")
    view = hands.page.evaluate("window.palimpsest.viewport.view.x")
    hands.key("ArrowUp")
    hands.key("Shift+ArrowLeft")
    moved = hands.page.evaluate(values)
    assert np.allclose(moved[1], (curve[1][0] - 0.1, curve[1][1] + 0.01), atol=0.002)
    assert (
        point.get_attribute("aria-valuetext")
        == f"input {round(moved[1][0] * 100)} %, output {round(moved[1][1] * 100)} %"
    )
    assert hands.page.evaluate("window.palimpsest.viewport.view.x") == view  # the arrows move the point alone
    hands.press("Add point")
    assert len(hands.page.evaluate(values)) == 4
    selected = hands.mask_bounds
    hands.key("Delete")
    hands.key("Delete")
    assert len(hands.page.evaluate(values)) == 2  # and what is selected was not filled
    hands.key("Delete")
    assert hands.page.evaluate("window.palimpsest.adjusting.neutral")
    point = slider(hands, "Point 1 of 2")
    point.focus()
    for _ in range(10):
        hands.key("ArrowUp")
    edit = applied(hands)
    assert edit.adjustment == Adjustment(curve=((0, 0.1), (1, 1))) and list(edit.mask.box) == selected
    assert [each.prompt for each in steps(hands)] == ["a vase", "a lamp", "a corgi", ""]


def test_with_nothing_selected_the_whole_picture_is_adjusted(hands: Hands) -> None:
    hands.key("Control+d")
    hands.page.get_by_text("Nothing is selected: the whole picture is adjusted.").wait_for()
    before = hands.stored.astype(int)
    number(hands, "Exposure", "1")
    shown = seen(hands)
    edit = applied(hands)
    assert edit.mask.bounds.empty and (hands.stored >= before).all() and np.abs(shown - hands.stored).max() <= 1


def test_a_step_is_edited_with_its_values_and_the_later_ones_are_replayed(hands: Hands) -> None:
    number(hands, "Exposure", "0.5")
    first = applied(hands)
    hands.intend("Fill")
    hands.edit("a clock")
    hands.intend("Adjust")
    number(hands, "Sharpness", "70")
    hands.press("History")
    hands.page.locator(".states li").filter(has_text="Exposure +0.5").hover()
    row = hands.page.locator(".state").filter(has_text="Exposure +0.5")
    assert "Exposure +0.5" in row.get_attribute("title")
    hands.page.get_by_role("button", name="Edit step and replay: Exposure +0.5").focus()
    hands.key("Enter")
    hands.wait_for("doc.amendment.step?.later && doc.draft && !doc.mask.empty")
    hands.page.locator(".amending p").filter(has_text="1 later step is replayed").wait_for()
    assert slider(hands, "Exposure").input_value() == "0.5" and slider(hands, "Sharpness").input_value() == "0"
    hands.wait_for(f"{SETTLED} && doc.picture.preview && doc.picture.revision === doc.amendment.step.parent")
    number(hands, "Exposure", "-1")
    edit = applied(hands, "/amend/")
    made = steps(hands)
    assert [each.prompt for each in made] == ["a vase", "a lamp", "a corgi", "", "a clock"] and edit == made[-1]
    assert made[3].adjustment == Adjustment(exposure=-1) and made[3].mask == first.mask
    hands.page.wait_for_function(
        "document.querySelector('.adjust [aria-label=Sharpness]').value === '70'"
    )  # the user's own


def test_a_step_is_blended_without_its_colours_matched_and_again_says_why_not(hands: Hands) -> None:
    number(hands, "Exposure", "2")
    applied(hands)
    before = hands.stored
    hands.key("Control+Shift+Enter")
    assert "No model made what is shown" in hands.note()
    hands.complained("400")
    hands.press("History")
    hands.page.locator(".step-card").get_by_text("Blend", exact=True).click()
    hands.page.locator(".blend").get_by_role("slider", name="Opacity").fill("0.5")
    assert not hands.page.locator(".blend").get_by_text("Match colours").is_visible()
    head = hands.state["head"]
    hands.page.locator(".blend").get_by_role("button", name="Apply").click()
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    assert (hands.stored < before).any() and steps(hands)[-1].blend.opacity == 0.5


def test_from_afar_and_from_near_it_is_seen_as_it_will_be(hands: Hands) -> None:
    """A picture larger than what is viewed whole, zoomed and moved with the values set."""
    document = hands.server.session.open(photo(2600, 1900), "Large")
    hands.goto(f"?doc={document.id}")
    hands.wait_idle()
    number(hands, "Exposure", "1")
    hands.wait_for("doc.picture.preview")
    hands.page.evaluate("window.palimpsest.viewport.zoom(1)")
    hands.wait_for(f"{SETTLED} && doc.adjustPreview.key.includes('\"scale\":1')")
    hands.page.evaluate("window.palimpsest.viewport.pan(-300, 120)")
    hands.wait_for(SETTLED)
    hands.page.evaluate(DRAWN)
    box = Box(*hands.page.evaluate("window.palimpsest.doc.picture.preview.box"))
    assert box.width < 2600
    values = hands.page.evaluate(
        """() => {
            const { viewport, doc } = window.palimpsest;
            const [x, y] = viewport.view.viewportRect(doc.picture.preview.box);
            const [left, top] = [Math.max(0, x), Math.max(0, y)];
            return [left - x, top - y, viewport.below.getImageData(left, top, 200, 150).data.toString()];
        }"""
    )
    left, top, data = values
    drawn = np.fromstring(data, np.uint8, sep=",").reshape(150, 200, 4)[..., :3].astype(int)
    edit = applied(hands)
    wanted = hands.server.session.picture(document.id).read(Box(box.x + left, box.y + top, 200, 150)).pixels
    assert np.abs(drawn - wanted).max() <= 1 and edit.mask == Mask(Box(0, 0, 0, 0), np.zeros((0, 0), np.uint8))
    assert adjusted_view(edit, hands.server.session.picture(document.id), box, 1.0) is not None
