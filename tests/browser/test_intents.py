"""What to do, said first: each intent sends the wish it stands for."""

import re
from typing import Any

import numpy as np

from editor.edit import Edit
from tests.browser.hands import Hands


def sent(hands: Hands) -> Edit:
    """The edit of the state that is shown."""
    edit: Any = hands.server.session.revision(hands.state["head"]).edit
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
    assert hands.page.get_by_label("What belongs there").input_value() == "a vase"  # nothing that was written is lost


def test_refine_stays_near(hands: Hands) -> None:
    hands.open_sample()
    hands.paint()
    hands.intend("Refine")
    slider = hands.page.get_by_label("range slider for How much may change")
    assert slider.is_visible()
    assert finish(hands).strength == 0.5
    hands.intend("Fill")
    assert not slider.is_visible()


def test_expand_by_a_drag_and_by_a_shape(hands: Hands) -> None:
    hands.open_sample()
    hands.intend("Expand")
    assert hands.page.locator(".palette").is_hidden()
    hands.drag((319.5, 130), (400, 130))
    margins = hands.page.evaluate("window.palimpsest.doc.margins")
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


def test_a_frame_drawn_inwards_crops_with_no_model(hands: Hands) -> None:
    hands.open_sample()
    before = hands.stored
    hands.intend("Expand")
    hands.drag((319.5, 130), (220, 130))
    width = hands.page.evaluate("320 + window.palimpsest.doc.margins[2]")
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
    assert hands.page.evaluate("window.palimpsest.wishes.intent") == "sketch"
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
    hands.wait_for("doc.planned")
    plan = hands.page.evaluate("window.palimpsest.doc.planned")
    assert hands.page.locator(".guide.window path").count() == 2
    width, height = plan["windows"][0][2:]
    said = hands.page.locator("#status .plan").inner_text()
    assert said.startswith(f"Reads {width} \N{MULTIPLICATION SIGN} {height}")
    mask = hands.mask_bounds or []
    region = hands.page.evaluate("window.palimpsest.stage.changing.mask.bounds()")
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
