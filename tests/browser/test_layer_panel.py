"""The layers panel: steps are hidden, faded and moved, at once where no model must run, and undo leads back."""

from typing import Any

import numpy as np
import pytest

from editor.imaging.geometry import Box
from tests.browser.hands import Hands, photo
from tests.samples import an_edit, disc

# each sees the one beside it, the last lies on the first, and the sixth is alone
PLACES = [
    Box(20, 20, 24, 18), Box(45, 40, 24, 18), Box(200, 40, 24, 18), Box(225, 60, 24, 18), Box(120, 220, 24, 18),
    Box(300, 250, 24, 18), Box(30, 26, 24, 18),
]  # fmt: skip
NAMES = ["a vase", "a lamp", "a cat", "a dog", "a couch", "a lone rug", "a flower"]


def layered(hands: Hands, model: str = "noise", places: list[Box] = PLACES) -> list[str]:
    """A document with a step at each place, open in the page with its layers beside it; the ids of the steps."""
    session = hands.server.session
    document = session.open(photo(360, 300), "Room")
    steps = []
    for seed, (place, name) in enumerate(zip(places, NAMES, strict=False)):
        edit = an_edit(disc(place), prompt=name, seed=seed, steps=2, pipeline=model)
        steps.append(session.submit(document.id, edit, session.store.jobs.tail(document.id)).id)
    hands.goto(f"?doc={document.id}")
    hands.wait_for(f"doc.state.head === {steps[-1]!r}")
    hands.wait_idle()
    hands.press("Layers")
    hands.page.get_by_role("slider", name=f"Opacity: {NAMES[len(places) - 1]}").wait_for()
    return steps


def shown(hands: Hands) -> list[tuple[str, bool, float]]:
    """The layers of what is shown, as they are stored, the lowest first."""
    layers = hands.server.session.layers.of(hands.document)
    return [(each.edit.prompt, each.edit.blend.visible, each.edit.blend.opacity) for each in layers]


def listed(hands: Hands) -> list[str]:
    """The titles in the panel, the lowest first."""
    titles: list[str] = hands.page.locator(".layers .title").all_text_contents()
    return titles[::-1][1:]  # the last is the opened picture


def eye(hands: Hands, name: str) -> Any:
    return hands.page.get_by_role("button", name=f"Visible: {name}", exact=True)


def changed(hands: Hands, before: str) -> None:
    """Wait until another state than `before` is shown, and drawn."""
    hands.wait_for(f"doc.state.head !== {before!r}")
    hands.wait_idle()
    hands.wait_for("!doc.layers.wanted && doc.layers.head === doc.state.head")
    assert np.array_equal(hands.drawn(), hands.stored)


def test_an_eye_hides_a_layer_and_shows_it_again(hands: Hands) -> None:
    steps = layered(hands)
    assert listed(hands) == NAMES
    before = hands.digest
    for name in ("a lone rug", "a couch"):
        head = hands.state["head"]
        eye(hands, name).click()
        changed(hands, head)
        assert eye(hands, name).get_attribute("aria-pressed") == "false"
    assert [visible for _, visible, _ in shown(hands)] == [True] * 4 + [False, False, True]
    assert hands.digest != before and listed(hands) == NAMES
    for name in ("a couch", "a lone rug"):
        head = hands.state["head"]
        eye(hands, name).focus()
        hands.key("Enter")
        changed(hands, head)
    assert hands.digest == before and hands.state["head"] == steps[-1]
    assert hands.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Visible: a lone rug"


def test_undo_leads_back_to_the_layers_before_and_redo_forward(hands: Hands) -> None:
    steps = layered(hands)
    heads = [steps[-1]]
    for name in ("a lone rug", "a couch"):
        eye(hands, name).click()
        changed(hands, heads[-1])
        heads.append(hands.state["head"])
    hands.page.locator(".viewport").focus()
    for here, there, keys in (
        (2, 1, "Control+z"), (1, 0, "Control+z"), (0, 1, "Control+Shift+z"), (1, 2, "Control+Shift+z"),
        (2, 1, "Control+z"),
    ):  # fmt: skip
        assert hands.state["head"] == heads[here]
        hands.key(keys)
        changed(hands, heads[here])
        assert hands.state["head"] == heads[there]
    hands.key("Control+z")
    changed(hands, heads[1])
    hands.key("Control+z")  # and before all changes of layers it is the step that is undone
    changed(hands, heads[0])
    assert hands.state["head"] == steps[-2] and listed(hands) == NAMES[:-1]


def test_undo_takes_back_what_was_done_last_a_stroke_or_a_change_of_layers(hands: Hands) -> None:
    steps = layered(hands)
    hands.paint(20, 20)
    eye(hands, "a lone rug").click()
    changed(hands, steps[-1])
    hidden = hands.state["head"]
    hands.page.locator(".viewport").focus()
    hands.key("Control+z")  # the layer, which was hidden after the stroke
    changed(hands, hidden)
    assert hands.state["head"] == steps[-1] and hands.mask_bounds is not None
    hands.key("Control+z")
    hands.wait_for("doc.mask.empty")
    assert hands.state["head"] == steps[-1]
    hands.key("Control+Shift+z")
    hands.wait_for("!doc.mask.empty")
    eye(hands, "a lone rug").click()
    changed(hands, steps[-1])
    hands.paint(40, 20)
    hands.page.locator(".viewport").focus()
    before = hands.state["head"]
    hands.key("Control+z")  # the stroke, which came after the layer
    assert hands.state["head"] == before


def test_a_slider_fades_a_layer_while_it_is_seen(hands: Hands) -> None:
    steps = layered(hands)
    slider = hands.page.get_by_role("slider", name="Opacity: a lone rug")
    x, y, width, height = slider.bounding_box().values()
    hands.page.mouse.move(x + width - 7, y + height / 2)
    hands.page.mouse.down()
    hands.page.mouse.move(x + width * 0.6, y + height / 2, steps=3)
    hands.wait_for("doc.picture.preview?.revision === null")
    assert hands.state["head"] == steps[-1] and not hands.page.evaluate("window.palimpsest.doc.busy")
    hands.page.mouse.move(x + width * 0.3, y + height / 2, steps=3)
    hands.page.mouse.up()
    changed(hands, steps[-1])
    opacity = shown(hands)[5][2]
    assert 0.2 < opacity < 0.4 and slider.input_value() == f"{opacity:g}"
    assert slider.get_attribute("aria-valuetext") == f"{round(100 * opacity)}%"
    head = hands.state["head"]
    slider.focus()
    hands.key("Home")
    changed(hands, head)
    assert shown(hands)[5] == ("a lone rug", True, 0)


def test_what_a_model_must_repeat_is_said_and_waits(hands: Hands, server: Any) -> None:
    server.slow.allow(2 * len(PLACES))
    steps = layered(hands, model="slow")
    before = hands.digest
    hands.page.evaluate("window.palimpsest.eta.stepTimes.slow = 2000")
    sentence = hands.page.locator(".layers-panel p[role=status]")
    eye(hands, "a vase").click()
    sentence.filter(
        has_text="2 steps must be generated again, at most about 8 s."
    ).wait_for()  # the lamp and the flower
    hands.wait_for("doc.picture.preview?.revision === null")
    assert hands.state["head"] == steps[-1] and eye(hands, "a vase").get_attribute("aria-pressed") == "false"
    hands.page.locator(".layers-panel").get_by_role("button", name="Cancel").click()
    hands.wait_for("!doc.picture.preview && !doc.layers.wanted")
    assert eye(hands, "a vase").get_attribute("aria-pressed") == "true" and sentence.text_content() == ""
    eye(hands, "a vase").click()
    sentence.filter(has_text="2 steps").wait_for()
    hands.page.locator(".viewport").focus()
    hands.key("Control+z")  # nothing was done yet: it leaves what waits
    hands.wait_for("!doc.layers.wanted")
    eye(hands, "a vase").click()
    eye(hands, "a lone rug").click()  # both at once
    sentence.filter(has_text="2 steps").wait_for()
    hands.page.locator(".layers-panel").get_by_role("button", name="Apply").click()
    hands.wait_for("doc.run")
    eye(hands, "a couch").click()  # while that is made
    server.slow.allow(4)
    hands.wait_for("!doc.layers.wanted && !doc.busy")
    changed(hands, steps[-1])
    assert [name for name, visible, _ in shown(hands) if not visible] == ["a vase", "a couch", "a lone rug"]
    assert hands.digest != before


def test_a_replay_of_layers_that_is_cancelled_leaves_them(hands: Hands, server: Any) -> None:
    server.slow.allow(2 * len(PLACES))
    steps = layered(hands, model="slow")
    eye(hands, "a vase").click()
    hands.page.locator(".layers-panel").get_by_role("button", name="Apply").click()
    hands.wait_for("doc.run")
    with hands.page.expect_response(lambda answer: "/cancel" in answer.url):
        hands.page.locator("#cancel").click()
    server.slow.allow(1)  # after the step during which it was cancelled the model stops
    assert server.slow.closed.wait(60)
    hands.wait_for("!doc.busy && !doc.layers.wanted")
    hands.wait_idle()
    assert hands.state["head"] == steps[-1] and eye(hands, "a vase").get_attribute("aria-pressed") == "true"
    assert np.array_equal(hands.drawn(), hands.stored)


@pytest.mark.parametrize("way", ["drag", "key"])
def test_a_layer_is_moved_past_those_that_it_does_not_touch(hands: Hands, way: str) -> None:
    steps = layered(hands)
    before = hands.digest
    grip = hands.page.get_by_role("button", name="Move: a couch", exact=True)
    if way == "drag":
        start, end = (
            hands.page.get_by_role("button", name=f"Move: {name}", exact=True).bounding_box()
            for name in ("a couch", "a flower")
        )
        hands.page.mouse.move(start["x"] + 8, start["y"] + 10)
        hands.page.mouse.down()
        hands.page.mouse.move(start["x"] + 8, end["y"] + 8, steps=5)
        hands.page.locator(".layers [data-drop=above]").wait_for()
        hands.page.mouse.up()
        changed(hands, steps[-1])
    else:
        grip.focus()
        hands.key("ArrowUp")
        hands.key("Alt+ArrowUp")
        hands.wait_for("!doc.layers.wanted && !doc.busy")
        changed(hands, steps[-1])
        assert hands.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Move: a couch"
    moved = [*NAMES[:4], *NAMES[5:], "a couch"]
    assert listed(hands) == moved == [name for name, *_ in shown(hands)] and hands.digest == before
    head = hands.state["head"]
    hands.page.get_by_role("button", name="Move: a flower", exact=True).focus()
    for _ in range(5):
        hands.key("Alt+ArrowDown")
    hands.status("“a flower” and “a lamp” overlap, so they cannot change places.")
    changed(hands, head)
    assert listed(hands) == ["a vase", "a lamp", "a flower", "a cat", "a dog", "a lone rug", "a couch"]
    assert listed(hands) == [name for name, *_ in shown(hands)] and hands.digest == before


def test_what_changes_the_size_is_fixed(hands: Hands) -> None:
    session = hands.server.session
    document = session.open(photo(360, 300), "Cropped")
    for step in (an_edit(disc(PLACES[0]), prompt="a vase"), None, an_edit(disc(PLACES[2]), prompt="a cat")):
        tail = session.store.jobs.tail(document.id)
        if step is None:
            until_done = session.crop(document.id, Box(0, 0, 300, 280))
        else:
            until_done = session.submit(document.id, step, tail)
        while session.store.revisions.get(until_done.id).pending:
            hands.page.evaluate("new Promise(requestAnimationFrame)")
    hands.goto(f"?doc={document.id}")
    hands.wait_idle()
    hands.press("Layers")
    assert eye(hands, "Cropped").is_disabled() and eye(hands, "a cat").is_enabled()
    assert hands.page.get_by_role("slider", name="Opacity: Cropped").is_hidden()
    hands.page.get_by_role("button", name="Move: a cat", exact=True).focus()
    hands.key("Alt+ArrowDown")
    hands.status("“Cropped” changes the picture's size, so it cannot be hidden")
    assert listed(hands) == ["a vase", "Cropped", "a cat"]


def test_a_new_edit_leaves_what_waits_and_becomes_a_layer(hands: Hands) -> None:
    layered(hands)
    eye(hands, "a vase").click()
    hands.wait_for("doc.layers.waits")
    hands.paint(100, 160)
    hands.write("a chair")
    head = hands.state["head"]
    hands.generate()
    changed(hands, head)
    assert listed(hands) == [*NAMES, "a chair"] and all(visible for _, visible, _ in shown(hands))


def test_fading_a_layer_again_replaces_the_fade_before(hands: Hands) -> None:
    steps = layered(hands)
    slider = hands.page.get_by_role("slider", name="Opacity: a couch")
    branch = len(steps) - NAMES.index("a couch")  # a replay has it and those above
    for value in (0.8, 0.6, 0.8, 0.4):
        head = hands.state["head"]
        slider.fill(f"{value}")
        changed(hands, head)
        hands.wait_for("!doc.layers.sent && !doc.layers.wanted")
    hands.page.evaluate(
        """async (count) => {
            const { doc } = window.palimpsest;
            while ((await doc.server.tree(doc.id)).length !== count) await new Promise(requestAnimationFrame);
        }""",
        len(steps) + 1 + branch,
    )
    faded = hands.state["head"]
    hands.page.locator(".viewport").focus()
    hands.key("Control+z")
    changed(hands, faded)
    assert hands.state["head"] == steps[-1]
    hands.key("Control+Shift+z")
    hands.wait_for(f"doc.state.head === {faded!r}")
    eye(hands, "a lone rug").click()  # another kind of change, which replaces none
    changed(hands, faded)
    tree = hands.server.session.store.revisions.tree(hands.document)
    assert {faded, steps[-1]} < {node.id for node in tree}
