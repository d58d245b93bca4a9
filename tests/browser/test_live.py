"""Live mode: the picture follows words and sketch, stored is nothing before it is generated, and then the same."""

import json
from typing import Any

import numpy as np
import pytest

from editor.edits.edit import Edit
from tests.browser.hands import DRAWN, PROMPT, Hands
from tests.fakes import until

RUN = "window.palimpsest.live.painter.run"
SHOWN = "window.palimpsest.live.shown"


@pytest.fixture
def hands(hands: Hands) -> Hands:
    """A document of three steps, made on the server, with an ellipse selected."""
    hands.open_three_steps()
    ellipse(hands, (80, 70), (200, 170))
    return hands


def ellipse(hands: Hands, *corners: tuple[float, float]) -> None:
    hands.key("o")
    hands.drag(*corners)
    hands.wait_for("!doc.mask.empty")


def live(hands: Hands) -> Any:
    return hands.page.locator(".live-button")


def turn_on(hands: Hands) -> None:
    live(hands).click()
    ready(hands)


def ready(hands: Hands) -> None:
    """What is wanted now is shown."""
    hands.page.wait_for_function(f"{RUN} === 'ready' && {SHOWN}")
    hands.page.evaluate(DRAWN)


def change(hands: Hands, action: Any, *values: Any) -> np.ndarray:
    """Does what changes the picture, and returns what is on the canvas then."""
    key = "window.palimpsest.live.painter.key"
    before = hands.page.evaluate(key)
    action(*values)
    hands.page.wait_for_function(f"(before) => {key} !== before", arg=before)
    ready(hands)
    return seen(hands)


def typed(hands: Hands, letters: str) -> np.ndarray:
    """Types these at the end of the prompt, and returns what is on the canvas then."""
    hands.prompt.press("End")
    hands.prompt.press_sequentially(letters)
    prompt = hands.prompt.input_value()
    hands.page.wait_for_function(
        "(prompt) => JSON.parse(window.palimpsest.live.painter.key)?.[0].prompt === prompt", arg=prompt
    )
    ready(hands)
    return seen(hands)


def seen(hands: Hands) -> np.ndarray:
    return hands.drawn().astype(int)


def history(hands: Hands) -> list[dict[str, Any]]:
    tree: list[dict[str, Any]] = hands.page.evaluate(
        "async () => Object.values(await window.palimpsest.server.tree(window.palimpsest.doc.id))[0]"
    )
    return tree


def steps(hands: Hands) -> list[Edit]:
    path = hands.server.session.store.revisions.path_to(hands.state["head"])
    return [each.edit for each in path if each.edit]


def runs(hands: Hands) -> list[Any]:
    """What the worker has to paint live."""
    return [*hands.server.worker._live._runs.values()]


def watch_flicker(hands: Hands) -> None:
    """Counts how often the live view goes before its result is there."""
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


def test_what_is_typed_is_seen_and_accepted_as_one_step_with_those_pixels(hands: Hands) -> None:
    before, count, digest = seen(hands), len(steps(hands)), hands.digest
    hands.write("a red")
    turn_on(hands)
    assert live(hands).get_attribute("aria-pressed") == "true"
    assert hands.page.evaluate("window.palimpsest.viewport.filled") is False  # no tint on what is painted
    first = seen(hands)
    second = typed(hands, " couch")
    for shown, other in ((first, before), (second, before), (second, first)):
        assert (shown[90:150, 110:170] != other[90:150, 110:170]).any(2).mean() > 0.9
    assert np.array_equal(second[200:], before[200:])  # outside the mask
    assert hands.digest == digest and len(steps(hands)) == count  # nothing is stored
    watch_flicker(hands)
    hands.prompt.press("Enter")
    hands.wait_for(f"doc.state.head !== {hands.state['head']!r} || doc.busy")
    hands.wait_idle()
    assert hands.page.evaluate("window.flickers") == 0
    assert np.array_equal(hands.stored.astype(int), second) and np.array_equal(seen(hands), second)
    made = steps(hands)
    assert len(made) == count + 1 and made[-1].prompt == "a red couch" and made[-1].steps == 2
    assert live(hands).get_attribute("aria-pressed") == "true" and not hands.page.evaluate(SHOWN)
    ellipse(hands, (220, 180), (320, 270))  # and so on, with another seed
    ready(hands)
    assert hands.page.evaluate("window.palimpsest.live.seed") != made[-1].seed
    hands.press("Undo")
    hands.wait_for("doc.mask.empty")
    hands.press("Undo")
    hands.wait_for(f"doc.state.can_redo && {RUN} === 'idle'")
    hands.wait_idle()
    assert hands.digest == digest


@pytest.mark.parametrize("way", ["button", "escape", "key"])
def test_turned_off_the_picture_is_as_it_was_to_the_byte(hands: Hands, way: str) -> None:
    before, digest, tree = hands.drawn(), hands.digest, history(hands)
    hands.write("a lamp")
    turn_on(hands)
    assert (typed(hands, " post") != before).any()
    if way == "button":
        live(hands).click()
    elif way == "escape":
        hands.prompt.press("Escape")
    else:
        hands.page.locator(".viewport").focus()
        hands.key("v")
    hands.page.wait_for_function(f"!{SHOWN} && {RUN} === 'idle'")
    assert live(hands).get_attribute("aria-pressed") == "false"
    hands.wait_idle()
    assert np.array_equal(hands.drawn(), before) and hands.digest == digest and history(hands) == tree
    assert hands.mask_bounds is not None  # what was selected stays


def test_each_setting_and_the_mask_begin_it_anew(hands: Hands) -> None:
    turn_on(hands)
    whole = seen(hands)
    hands.page.locator(".viewport").focus()
    assert (change(hands, ellipse, hands, (180, 150), (260, 220))[160:210, 200:240] != whole[160:210, 200:240]).any()
    assert np.array_equal(change(hands, hands.key, "Control+z"), whole)
    hands.page.evaluate("window.palimpsest.form.put({ new_seed: false, seed: 7 })")
    hands.page.wait_for_function(f"window.palimpsest.form.values.seed === 7 && {RUN} === 'ready'")
    seeded = seen(hands)
    assert (seeded != whole).any()
    for value in ({"opacity": 0.4}, {"guidance": 9}, {"negative_prompt": "fog"}):
        before = hands.page.evaluate("window.palimpsest.live.painter.key")
        hands.page.evaluate("(value) => window.palimpsest.form.put(value)", value)
        if "guidance" in value:
            hands.page.evaluate("window.palimpsest.form.set('guidance', 9)")
        hands.page.evaluate("window.palimpsest.refresh()")
        hands.page.wait_for_function("(before) => window.palimpsest.live.painter.key !== before", arg=before)
    ready(hands)
    assert json.loads(hands.page.evaluate("window.palimpsest.live.painter.key"))[0]["seed"] == 7
    hands.press("Undo")
    hands.page.wait_for_function(f"!{SHOWN} && {RUN} === 'idle'")  # without a mask there is nothing to paint


def test_a_newer_word_and_the_end_stop_the_model_within_a_step(hands: Hands) -> None:
    slow = hands.server.slow
    hands.choose("slow")
    hands.page.wait_for_function("window.palimpsest.form.model.info?.live_steps === 4")
    asked = len(slow.noise.requests)
    hands.write("one")
    live(hands).click()
    slow.allow(1)
    hands.page.wait_for_function(SHOWN)
    assert live(hands).get_attribute("data-run") == "painting"
    hands.write("two")
    until(lambda: [(run.request.edit.prompt, run.over) for run in runs(hands)] == [("two", False)])
    slow.allow(2)  # one to notice that it is out of date, and the first of the new one
    until(lambda: len(slow.noise.requests) == asked + 2)
    live(hands).click()
    until(lambda: all(run.over for run in runs(hands)))
    slow.allow(1)
    assert slow.closed.wait(60)
    hands.page.wait_for_function(f"!{SHOWN}")
    assert [request.prompt for request in slow.noise.requests[asked:]] == ["one", "two"]
    assert [request.steps for request in slow.noise.requests[asked:]] == [4, 4]


def test_what_is_sketched_is_painted_and_the_sketch_gives_way_to_it(hands: Hands) -> None:
    hands.key("Control+d")
    hands.intend("Sketch")
    hands.write("a noise")
    live(hands).click()
    hands.key("b")
    hands.drag((240, 200), (300, 200), (300, 240))
    ready(hands)
    assert hands.page.evaluate("window.palimpsest.viewport.sketching") is False
    shown = seen(hands)
    more = change(hands, hands.drag, (240, 240), (280, 250))
    assert (more != shown).any()
    hands.generate()
    hands.wait_idle()
    assert np.array_equal(hands.stored.astype(int), more) and steps(hands)[-1].sketch is not None


@pytest.mark.parametrize("intent", ["Refine", "Remove"])
def test_other_modes_are_painted_live_too(hands: Hands, intent: str) -> None:
    before = seen(hands)
    hands.intend(intent)
    hands.page.wait_for_function("window.palimpsest.form.model.info !== null")
    turn_on(hands)
    shown = seen(hands)
    assert (shown != before).any()
    hands.generate()
    hands.wait_idle()
    assert np.array_equal(hands.stored.astype(int), shown)


def test_where_it_cannot_be_the_button_says_so(hands: Hands) -> None:
    hands.choose("Photographs")
    hands.page.wait_for_function("window.palimpsest.form.model.info?.live_steps === 0")
    hands.page.wait_for_function("document.querySelector('.live-button').disabled")
    hands.page.locator(".viewport").focus()
    hands.key("v")
    assert live(hands).get_attribute("aria-pressed") == "false"
    hands.intend("Expand")
    assert not live(hands).is_visible()
    hands.intend("Fill")
    hands.choose("noise")
    hands.page.wait_for_function("!document.querySelector('.live-button').disabled")
    hands.page.evaluate("window.palimpsest.panels.side.open('history')")
    hands.page.locator(".history .state").first.wait_for()
    node = "async () => { const [, node] = await window.palimpsest.doc.history.load(); return node; }"
    hands.page.evaluate(f"async () => window.palimpsest.historyActions.amend(await ({node})())")
    hands.wait_for("doc.amendment.step")
    hands.page.wait_for_function("document.querySelector('.live-button').disabled")


def test_what_is_refused_is_said_once_in_the_dock(hands: Hands) -> None:
    answer = {"state": "failed", "step": 0, "steps": 0, "error": "It is too large.", "picture": None}
    hands.page.route("**/live", lambda route: route.fulfill(status=200, body=json.dumps(answer) + "\n"))
    live(hands).click()
    hands.status("It is too large.")
    hands.page.evaluate("window.palimpsest.notifications.status('')")
    with hands.page.expect_response("**/live"):
        hands.write("a lamp")
    hands.page.wait_for_function(f"{RUN} === 'idle'")
    assert hands.page.locator("#status .status").inner_text() == "" and hands.page.locator(".note").count() == 0
    hands.page.unroute_all()
    change(hands, hands.write, "a vase")


def test_what_was_refused_is_said_no_more_once_a_picture_comes(hands: Hands) -> None:
    answer = {"state": "failed", "step": 0, "steps": 0, "error": "The models are away.", "picture": None}
    hands.page.route("**/live", lambda route: route.fulfill(status=200, body=json.dumps(answer) + "\n"))
    live(hands).click()
    hands.status("The models are away.")
    hands.page.unroute_all()
    change(hands, hands.write, "a vase")
    said = hands.page.locator("#status .status")
    assert said.inner_text() == ""
    hands.page.route("**/live", lambda route: route.fulfill(status=200, body=json.dumps(answer) + "\n"))
    hands.write("a lamp")
    hands.status("The models are away.")
    hands.page.evaluate("window.palimpsest.notifications.status('Undone')")
    hands.page.unroute_all()
    change(hands, hands.write, "a door")
    assert said.inner_text() == "Undone"  # what was said since is not its own to take back


def test_it_goes_on_once_the_models_are_back(hands: Hands, server: Any) -> None:
    turn_on(hands)
    server.worker.trouble = "The models' process ended. It is being started again."
    hands.page.wait_for_function(f"{RUN} === 'idle' && !{SHOWN}")
    server.worker.trouble = None
    ready(hands)


def test_from_the_prompt_by_its_key_and_on_a_phone(hands: Hands) -> None:
    hands.page.set_viewport_size({"width": 390, "height": 844})
    hands.page.locator(PROMPT).focus()
    hands.key("Alt+v")
    ready(hands)
    assert hands.page.locator(PROMPT).input_value() == ""
    boxes = hands.page.evaluate(
        """() => ["#dock", ".live-button", "#generate"].map((one) => {
            const { left, right, top, height } = document.querySelector(one).getBoundingClientRect();
            return { left, right, top, height };
        })"""
    )
    dock, button, generate = boxes
    assert dock["left"] < button["left"] and button["right"] <= generate["left"] and generate["right"] < dock["right"]
    assert button["top"] == generate["top"] and button["height"] >= 36
