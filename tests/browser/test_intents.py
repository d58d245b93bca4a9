"""The mode, chosen first: each intent sends the edit it stands for."""

import re
from typing import Any

import cv2
import numpy as np

from editor.edits.edit import Edit
from editor.imaging.edge_growth import grown_past_edge
from editor.imaging.geometry import Box
from editor.imaging.raster import Mask
from editor.imaging.selection import connected
from tests.browser.hands import DRAWN, Hands, photo

TIMES = "\N{MULTIPLICATION SIGN}"


def sent(hands: Hands) -> Edit:
    """The edit of the state that is shown."""
    edit: Any = hands.server.session.store.revisions.get(hands.state["head"]).edit
    return edit


def finish(hands: Hands) -> Edit:
    head = hands.state["head"]
    hands.generate()
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    return sent(hands)


def test_fill_draws_from_nothing(hands: Hands) -> None:
    hands.open_sample()
    hands.paint()
    hands.write("a vase")
    edit = finish(hands)
    assert (edit.prompt, edit.strength, edit.sketch) == ("a vase", 1.0, None)


def test_remove_asks_for_no_words(hands: Hands) -> None:
    hands.open_sample()
    hands.paint()
    hands.write("a vase")
    hands.intend("Remove")
    edit = finish(hands)
    assert (edit.prompt, edit.negative_prompt, edit.strength) == ("", "", 1.0)
    hands.intend("Fill")
    assert hands.prompt.input_value() == "a vase"  # nothing that was written is lost


def test_remove_takes_the_soft_edge_of_what_was_selected(hands: Hands) -> None:
    """Over a history: removed, undone, filled at the same place, and removed again on a job that still waits."""
    share = cv2.circle(np.zeros((270, 320), np.float32), (160, 130), 40, 1.0, -1)
    share = cv2.GaussianBlur(share, (0, 0), 2)[..., None]
    hands.open_pixels(np.rint(share * (220, 40, 30) + (1 - share) * 120).astype(np.uint8))
    picture = hands.server.session.picture(hands.document)

    def select() -> Mask:
        hands.key("w")
        hands.page.mouse.click(*hands.client(160, 130))
        hands.wait_for("!doc.mask.empty")
        return connected(picture, 160, 130, 24)

    selected = select()
    grown = grown_past_edge(picture, selected)
    assert np.count_nonzero(grown.alpha) > np.count_nonzero(selected.grown(3).alpha)
    hands.wait_for("doc.plan.estimate")
    hands.intend("Remove")
    outlined(hands, grown)  # before the run
    assert finish(hands).mask == grown
    hands.press("Undo")
    hands.wait_for("!doc.state.can_undo")
    hands.wait_idle()
    hands.intend("Fill")
    assert select() == selected and finish(hands).mask == selected
    hands.press("Undo")
    hands.wait_for("!doc.state.can_undo")
    hands.wait_idle()
    hands.choose("slow")
    hands.server.slow.started.clear()
    hands.paint(40, 40)
    hands.generate()
    hands.intend("Remove")
    select()
    hands.generate()
    hands.wait_for("doc.state.running.length === 2")
    second: Any = hands.server.session.store.revisions.get(hands.state["tail"]).edit
    assert second.mask == grown
    hands.server.slow.allow(100)
    hands.wait_idle()


def outlined(hands: Hands, mask: Mask) -> None:
    """Wait until the dashed outline is that of a mask."""
    hands.page.wait_for_function(
        """(bounds) => {
            const region = window.palimpsest.viewport.editRegion;
            return region?.dashed && JSON.stringify(region.layer.bounds()) === JSON.stringify(bounds);
        }""",
        arg=list(mask.bounds),
    )


def test_what_remove_takes_can_be_set_and_is_automatic_again(hands: Hands) -> None:
    """By the slider, from the keyboard; it holds for the next edit and for Delete, until it is reset."""
    hands.open_pixels(photo(320, 270))
    hands.edit()
    grow = hands.page.get_by_role("slider", name="Grow")
    automatic = hands.page.get_by_role("button", name="Automatic", exact=True)
    assert grow.is_hidden()
    hands.intend("Remove")
    assert automatic.get_attribute("aria-pressed") == "true" and grow.get_attribute("aria-valuetext") == "Automatic"

    def painted(x: int) -> Mask:
        hands.paint(x, 90)
        box = hands.mask_bounds
        assert box is not None
        values = hands.page.evaluate("(box) => window.palimpsest.doc.mask.crop(box).toString()", box)
        return Mask(Box(*box), np.fromstring(values, np.uint8, sep=",").reshape(box[3], box[2]))

    mask = painted(100)
    outlined(hands, grown_past_edge(hands.server.session.picture(hands.document), mask))
    grow.focus()
    for _ in range(5):
        hands.key("ArrowRight")
    assert grow.get_attribute("aria-valuetext") == "5 px" and automatic.get_attribute("aria-pressed") == "false"
    outlined(hands, mask.grown(5))
    assert finish(hands).mask == mask.grown(5)
    hands.intend("Fill")
    assert grow.is_hidden()
    mask = painted(200)
    hands.page.wait_for_function("!window.palimpsest.viewport.editRegion?.dashed")
    head = hands.state["head"]
    hands.key("Delete")
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    assert sent(hands).mask == mask.grown(5)
    hands.intend("Remove")
    automatic.click()
    mask = painted(150)
    grown = grown_past_edge(hands.server.session.picture(hands.document), mask)
    outlined(hands, grown)
    assert finish(hands).mask == grown


def test_refine_stays_near(hands: Hands) -> None:
    hands.open_sample()
    hands.paint()
    hands.intend("Refine")
    slider = hands.page.locator("#refine_strength input[type=range]")
    assert slider.is_visible()
    shown = hands.page.locator("#refine_strength output")
    assert shown.text_content() == slider.get_attribute("aria-valuetext") == "90%"
    assert finish(hands).strength == 0.9
    slider.focus()
    for _ in range(25):
        hands.key("ArrowLeft")
    hands.page.wait_for_function("window.palimpsest.form.values.refine_strength === 0.65")
    assert shown.text_content() == slider.get_attribute("aria-valuetext") == "65%"
    hands.paint()
    assert finish(hands).strength == 0.65
    hands.intend("Sketch")
    assert shown.is_hidden() and hands.page.locator("#sketch_strength output").text_content() == "70%"
    hands.intend("Fill")
    assert not slider.is_visible()


def test_expand_by_a_drag_and_by_a_shape(hands: Hands) -> None:
    hands.open_sample()
    hands.intend("Expand")
    assert hands.page.locator(".palette").is_hidden()
    hands.drag((319.5, 130), (400, 130))
    margins = hands.page.evaluate("window.palimpsest.doc.frame.margins")
    assert margins[:2] == [0, 0] and abs(margins[2] - 80) <= 2 and margins[3] == 0
    edit = finish(hands)
    assert list(edit.margins) == margins
    box = hands.page.evaluate("window.palimpsest.doc.picture.box")
    assert box == [0, 0, 320 + margins[2], 270]
    assert np.array_equal(hands.drawn(), hands.stored)
    hands.page.get_by_role("button", name="1:1").click()
    edit = finish(hands)
    assert len(set(hands.page.evaluate("window.palimpsest.doc.picture.box.slice(2)"))) == 1
    hands.press("Undo")
    hands.press("Undo")
    hands.wait_for("doc.picture.box[2] === 320")
    hands.intend("Fill")
    hands.edit()  # the draft fits the picture again


def test_the_frame_has_handles_from_the_start_and_says_its_size(hands: Hands) -> None:
    """On a history of several steps: by the pointer, by the keyboard, by a shape, and back; in no other mode."""
    hands.open_sample()
    hands.edit()
    hands.edit("a lamp")
    edges = [hands.page.get_by_role("slider", name=f"{side} edge") for side in ("Left", "Top", "Right", "Bottom")]
    size, reset = hands.page.locator(".frame-size"), hands.page.get_by_role("button", name="Reset")
    assert not any(edge.is_visible() for edge in edges)
    hands.intend("Expand")
    for edge, place in zip(edges, ((0, 135), (160, 0), (320, 135), (160, 270)), strict=True):
        box = edge.bounding_box()
        assert box is not None and edge.get_attribute("aria-valuenow") == "0"
        middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        assert np.allclose(middle, hands.client(*place), atol=1.5)
    assert size.is_hidden() and reset.is_disabled()
    start, end = hands.client(319.5, 130), hands.client(360, 130)
    hands.page.mouse.move(*start)
    hands.page.mouse.down()
    hands.page.mouse.move(*end, steps=4)
    margin = hands.page.evaluate("window.palimpsest.doc.frame.margins[2]")
    assert size.text_content() == f"{320 + margin} {TIMES} 270 px" and margin > 35  # while it is dragged
    hands.page.mouse.up()
    edges[0].focus()
    for key in ("ArrowLeft", "Shift+ArrowLeft", "ArrowRight", "ArrowUp"):
        hands.key(key)
    assert hands.page.evaluate("window.palimpsest.doc.frame.margins") == [10, 0, margin, 0]
    edges[2].focus()
    hands.key("Home")
    assert hands.page.evaluate("window.palimpsest.doc.frame.margins") == [10, 0, 0, 0]
    instruction = hands.page.locator(".instruction")
    hands.write("a wooden floor")
    assert instruction.is_visible() and "Drag an edge" in str(instruction.text_content())
    shape = hands.page.get_by_role("button", name="4:5", exact=True)
    assert shape.get_attribute("aria-pressed") == "false"
    shape.click()
    assert shape.get_attribute("aria-pressed") == "true" and size.text_content() == f"320 {TIMES} 400 px"
    hands.intend("Fill")
    assert size.is_hidden() and instruction.is_hidden()
    assert edges[0].is_hidden()
    hands.intend("Expand")
    assert size.text_content() == f"320 {TIMES} 400 px"  # as it was left
    edit = finish(hands)
    assert sum(edit.margins) == 130
    assert size.is_hidden() and edges[0].is_visible()
    hands.page.get_by_role("button", name="1:1", exact=True).click()
    hands.page.locator(".viewport").focus()
    hands.key("Escape")
    assert size.is_hidden() and reset.is_disabled()


def test_a_frame_is_never_smaller_than_a_pixel(hands: Hands) -> None:
    hands.open_pixels(photo(30, 20))
    hands.intend("Expand")
    hands.page.get_by_role("slider", name="Left edge").focus()
    for _ in range(4):
        hands.key("Shift+ArrowRight")
    assert hands.page.evaluate("window.palimpsest.doc.frame.box") == [29, 0, 1, 20]


def test_the_new_area_is_a_checkerboard_and_what_is_cut_off_is_dark(hands: Hands) -> None:
    hands.open_pixels(np.full((200, 300, 3), 200, np.uint8))
    hands.intend("Expand")
    hands.page.evaluate("window.palimpsest.doc.frame.setMargins([0, -60, 80, 0])")
    hands.page.evaluate(DRAWN)

    def colours(x: int, y: int) -> set[tuple[int, ...]]:
        """Those of a part of the canvas of 40 x 40 pixels of the picture."""
        script = """([x, y]) => {
            const { viewport } = window.palimpsest;
            const box = viewport.view.viewportRect([x, y, 40, 40]).map(Math.round);
            return [...viewport.below.getImageData(...box).data];
        }"""
        pixels = np.array(hands.page.evaluate(script, [x, y]), np.uint8).reshape(-1, 4)
        return {tuple(map(int, pixel[:3])) for pixel in pixels}

    assert len(colours(320, 100)) == 2 and colours(100, 100) == {(200, 200, 200)}
    (dark,) = colours(100, 10)
    assert max(dark) < 120
    hands.intend("Fill")
    hands.page.evaluate(DRAWN)
    assert colours(100, 10) == {(200, 200, 200)} and len(colours(320, 100)) == 1


def test_a_frame_drawn_inwards_crops_with_no_model(hands: Hands) -> None:
    hands.open_sample()
    before = hands.stored
    hands.intend("Expand")
    hands.drag((319.5, 130), (220, 130))
    width = hands.page.evaluate("320 + window.palimpsest.doc.frame.margins[2]")
    hands.press("Generate")
    hands.wait_for(f"doc.picture.box[2] === {width}")
    assert np.array_equal(hands.stored, before[:, :width])
    assert sent(hands).pipeline == "none"


def test_a_sketch_is_sent_in_its_colours(hands: Hands) -> None:
    hands.open_sample()
    hands.intend("Sketch")
    hands.page.get_by_label("Colour of the sketch").fill("#12c84a")
    hands.drag((150, 100), (220, 130))
    hands.press("Ellipse")
    hands.drag((60, 60), (100, 100))
    assert hands.mask_bounds is None
    hands.write("a hedge")
    hands.wait_kept()
    hands.reload()  # it survives that
    hands.wait_for("doc.draft && !doc.draft.sketch.empty")
    assert hands.page.evaluate("window.palimpsest.form.intent") == "sketch"
    edit = finish(hands)
    assert edit.strength == 0.7 and edit.sketch is not None
    strokes = edit.sketch.pixels[edit.sketch.pixels[..., 3] > 0]
    assert len(strokes) > 1000 and (strokes == (0x12, 0xC8, 0x4A, 255)).all()
    assert hands.page.evaluate("window.palimpsest.doc.draft.sketch.empty")


def test_the_picker_takes_a_colour_of_the_picture(hands: Hands) -> None:
    hands.open_pixels(np.full((270, 320, 3), (10, 200, 90), np.uint8))
    hands.intend("Sketch")
    hands.key("i")
    hands.page.mouse.click(*hands.client(100, 100))
    assert hands.page.get_by_label("Colour of the sketch").input_value() == "#0ac85a"


def test_what_will_be_read_and_what_may_change_are_drawn_before_the_run(hands: Hands) -> None:
    hands.open_sample()
    hands.paint()
    hands.wait_for("doc.plan.estimate")
    plan = hands.page.evaluate("window.palimpsest.doc.plan.estimate")
    assert hands.page.locator(".guide.window path").count() == 2
    width, height = plan["windows"][0][2:]
    said = hands.page.locator("#status .plan").inner_text()
    assert said.startswith(f"Reads {width} \N{MULTIPLICATION SIGN} {height}")
    mask = hands.mask_bounds or []
    region = hands.page.evaluate("window.palimpsest.viewport.editRegion.layer.bounds()")
    assert region[0] < mask[0] and region[2] > mask[2]
    hands.edit()
    hands.paint()
    known = re.compile("a moment|about")  # it has seen this model at work now
    hands.page.locator("#status .plan").filter(has_text=known).wait_for()


def test_nothing_to_do_is_a_sentence(hands: Hands) -> None:
    hands.open_sample()
    for intent, words in (
        ("Fill", "Paint over"),
        ("Expand", "Drag the picture's edges"),
        ("Sketch", "Sketch something"),
    ):
        hands.intend(intent)
        hands.press("Generate")
        hands.status(words)
    assert hands.state["running"] == []
