"""Another model: what it is asked, what it can do nothing with, and that the page says so when it is not there yet."""

from typing import Any

import pytest

from editor.edits.edit import Edit
from tests.browser.hands import Hands

INFO = "window.palimpsest.form.model.info"


def field(hands: Hands, name: str) -> Any:
    return hands.page.get_by_label(f"number input for {name}")


def choose(hands: Hands, field: str, option: str) -> None:
    hands.page.get_by_role("combobox", name=field).click()
    hands.page.get_by_role("option", name=option, exact=True).click()


def shows(hands: Hands, steps: str, guidance: str, sampler: str, own: str = "") -> None:
    """Wait until the form has these."""
    hands.page.wait_for_function(
        """wanted => JSON.stringify([
            ...["steps", "guidance"].map((name) => document.querySelector(`#${name} input[type=number]`)?.value),
            document.querySelector("#sampler input")?.value, document.documentElement.dataset.own,
        ]) === JSON.stringify(wanted)""",
        arg=[steps, guidance, sampler, own],
    )


def made(hands: Hands) -> Edit:
    """The edit that Generate makes of what is painted."""
    head = hands.state["head"]
    hands.generate()
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    edit: Any = hands.server.session.store.revisions.get(hands.state["head"]).edit
    return edit


def test_a_model_is_asked_what_is_usual_with_it_and_what_was_set_stays(hands: Hands) -> None:
    hands.open_sample()
    hands.settings()
    shows(hands, "20", "2", "DPM++ 2M")
    choose(hands, "Model", "Photographs")
    shows(hands, "25", "7.5", "DPM++ 2M")
    choose(hands, "Sampler", "The model's own")
    field(hands, "Steps").fill("3")
    shows(hands, "3", "7.5", "The model's own", "steps sampler")
    hands.page.get_by_text("Changed (default 25)").wait_for()
    assert hands.page.get_by_label("Negative prompt").is_disabled()
    choose(hands, "Model", "noise")
    shows(hands, "3", "2", "DPM++ 2M", "steps")  # it does not know that sampler
    assert hands.page.get_by_label("Negative prompt").is_enabled()
    hands.reload()
    hands.wait_idle()
    shows(hands, "3", "2", "DPM++ 2M", "steps")
    choose(hands, "Model", "Photographs")
    shows(hands, "3", "7.5", "The model's own", "steps sampler")
    hands.settings()
    hands.paint()
    edit = made(hands)
    assert (edit.pipeline, edit.steps, edit.guidance, edit.sampler) == ("photo", 3, 7.5, "own")
    hands.press("History")
    hands.page.locator(".step-card summary").click()
    hands.page.locator(".step-card p").filter(has_text="Photographs").wait_for()
    hands.settings()
    field(hands, "Steps").fill("25")
    choose(hands, "Sampler", "DPM++ 2M")
    shows(hands, "25", "7.5", "DPM++ 2M")  # they are the model's again
    choose(hands, "Model", "noise")
    shows(hands, "20", "2", "DPM++ 2M")
    hands.press("History")
    hands.press("Use its settings")
    shows(hands, "3", "7.5", "The model's own", "steps sampler")


def test_what_a_model_can_do_nothing_with_is_shown(hands: Hands) -> None:
    hands.open_sample()
    hands.intend("Refine")
    hands.settings()
    choose(hands, "Model", "flat")
    hands.page.locator("#status .hint").filter(has_text="flat cannot start from the existing picture").wait_for()
    for name in ("Steps", "Guidance"):
        assert field(hands, name).is_disabled()
    assert (
        hands.page.locator("#sampler input").is_disabled() and hands.page.get_by_label("Negative prompt").is_disabled()
    )
    hands.settings()
    hands.paint()
    hands.press("Generate")
    hands.status("flat cannot start from the existing picture")
    assert hands.state["running"] == []
    hands.choose("noise")
    hands.page.locator("#status .hint").filter(has_text="cannot start").wait_for(state="detached")
    assert made(hands).pipeline == "noise"


def test_clip_guidance_is_asked_of_models_that_have_a_clip(hands: Hands) -> None:
    hands.open_sample()
    hands.settings()
    clip = field(hands, "CLIP guidance")
    clip.fill("3.5")
    choose(hands, "Model", "Photographs")
    clip.wait_for(state="hidden")
    hands.settings()
    hands.paint()
    assert made(hands).clip_guidance == 0
    hands.choose("noise")
    hands.paint()
    assert made(hands).clip_guidance == 3.5
    hands.reload()
    hands.wait_idle()
    hands.settings()
    assert clip.input_value() == "3.5"
    clip.fill("0")
    hands.press("History")
    hands.press("Use its settings")
    hands.settings()
    hands.page.wait_for_function("document.querySelector('#clip_guidance input[type=number]').value === '3.5'")


def test_a_model_is_waited_for(hands: Hands) -> None:
    hands.open_sample()
    hands.tidy = False
    waiting: list[Any] = []
    hands.page.route("**/model?pipeline=photo", lambda request: waiting.append(request))
    hands.choose("Photographs")
    hands.page.locator("#status .hint").filter(has_text="Loading Photographs.").wait_for()
    hands.paint()  # the page is of use meanwhile
    hands.press("Generate")
    hands.page.wait_for_function("window.palimpsest.generation.waiting")
    assert hands.state["running"] == []
    hands.press("Generate")  # once more is not twice
    head = hands.state["head"]
    for request in waiting:
        request.continue_()
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    edit: Any = hands.server.session.store.revisions.get(hands.state["head"]).edit
    assert (edit.pipeline, edit.steps, edit.guidance) == ("photo", 25, 7.5)
    assert len(hands.server.session.store.revisions.tree(hands.document)) == 2


@pytest.mark.parametrize("intent", ["Fill", "Expand"])
def test_why_a_model_cannot_be_read_is_said_when_it_is_chosen(hands: Hands, intent: str) -> None:
    hands.open_sample()
    hands.choose("damaged")
    sentence = "There is no pipeline 'damaged'."
    hands.page.locator(".note p").filter(has_text=sentence).wait_for()
    hands.page.locator("#status .hint").filter(has_text=sentence).wait_for()
    hands.intend(intent)
    if intent == "Expand":  # to cut needs no model
        hands.drag((319.5, 130), (220, 130))
        hands.press("Generate")
        hands.wait_for("doc.picture.box[2] < 300")
    else:
        hands.paint()
        hands.press("Dismiss")
        hands.press("Generate")  # it is tried again
        hands.page.locator(".note p").filter(has_text=sentence).wait_for()
    hands.choose("noise")
    hands.page.wait_for_function("!document.querySelector('.note')")
    hands.complaints.clear()  # the refusals are in the browser's console
