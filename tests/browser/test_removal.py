"""Remove by the picture, a model for each mode, and what is said beforehand, over histories of several steps."""

from typing import Any

import numpy as np

from editor.imaging.raster import Pixels
from tests.browser.hands import Hands, photo
from tests.browser.test_models import made


def fields() -> Pixels:
    """uint8 (270, 320, 3): a drawing of fields of one colour each."""
    pixels = np.zeros((270, 320, 3), np.uint8)
    for number in range(8):
        pixels[:, 40 * number : 40 * number + 40] = (30 * number, 250 - 25 * number, 90 + 10 * number)
    return pixels


def advice(hands: Hands, words: str) -> None:
    """Wait until the dock says this before the run; "" for nothing."""
    hands.page.wait_for_function(
        """(words) => {
            const said = document.querySelector("#status .advice").textContent;
            return words ? said.includes(words) : !said;
        }""",
        arg=words,
    )


def model(hands: Hands) -> str:
    """The model of the mode, as the list shows it."""
    return str(hands.page.get_by_role("combobox", name="Model").input_value())


def test_remove_says_which_model_it_takes_and_why_and_can_be_overruled(hands: Hands) -> None:
    hands.open_pixels(photo(320, 270))
    hands.edit("noise")
    hands.intend("Remove")
    advice(hands, "")  # nothing is masked
    hands.paint(100, 90)
    advice(hands, "PatchMatch, since this is a photograph.")
    assert made(hands).pipeline == "patchmatch"
    hands.paint(220, 90)
    hands.page.get_by_role("button", name="It is a drawing").click()
    advice(hands, "PatchMatch, since this is a drawing.")
    hands.reload()
    hands.wait_idle()
    hands.wait_for("doc.draft && !doc.mask.empty")
    advice(hands, "since this is a drawing")  # it is remembered with the document
    hands.page.get_by_role("button", name="It is a photograph").click()
    advice(hands, "since this is a photograph")
    hands.choose("flat")  # nor by the picture at all
    advice(hands, "")
    assert made(hands).pipeline == "flat"
    hands.press("Undo")
    hands.wait_for("doc.state.can_redo")
    hands.wait_idle()
    hands.choose("Automatic")
    hands.paint(220, 90)
    advice(hands, "since this is a photograph")
    assert made(hands).pipeline == "patchmatch"
    hands.intend("Fill")


def test_each_mode_keeps_the_model_that_was_chosen_in_it(hands: Hands) -> None:
    hands.open_pixels(photo(320, 270))
    hands.settings()
    hands.choose("Photographs")
    for mode, shown in (("Refine", "Photographs"), ("Remove", "Automatic"), ("Sketch", "Photographs")):
        hands.intend(mode)
        hands.page.wait_for_function("(shown) => document.querySelector('#pipeline input').value === shown", arg=shown)
    hands.choose("noise")  # in Sketch
    hands.intend("Remove")
    hands.choose("flat")
    hands.intend("Fill")
    hands.page.wait_for_function("document.querySelector('#pipeline input').value === 'Photographs'")
    hands.page.get_by_role("combobox", name="Model").click()
    hands.page.wait_for_function(
        """() => {
            const list = document.querySelectorAll("ul[role=listbox] [role=option]");
            const options = [...list].map((it) => it.textContent);
            return options.some((it) => it.includes("flat")) && !options.some((it) => it.includes("Automatic"));
        }"""
    )
    hands.key("Escape")
    hands.reload()
    hands.wait_idle()
    steps = []
    for mode in ("Fill", "Remove", "Refine"):
        hands.intend(mode)
        hands.paint(120, 120)
        steps.append(made(hands).pipeline)
    assert steps == ["photo", "flat", "photo"]
    hands.intend("Fill")
    hands.paint(120, 120)  # Delete fills by the model of Remove
    head = hands.state["head"]
    hands.page.locator(".viewport").focus()
    hands.key("Delete")
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    edit: Any = hands.server.session.store.revisions.get(hands.state["head"]).edit
    assert edit.pipeline == "flat"
    assert hands.page.evaluate("window.palimpsest.form.model.name") == "photo"


def test_a_step_that_is_amended_borrows_the_mode(hands: Hands) -> None:
    """Its model is the mode's while it is amended, and no longer."""
    hands.open_pixels(photo(320, 270))
    hands.choose("flat")
    hands.edit("noise")
    hands.choose("Photographs")
    hands.edit("noise")
    hands.press("History")
    hands.page.locator(".step-card summary").last.click()
    before = hands.state["head"]
    hands.page.evaluate(
        """async () => {
            const { doc, historyActions } = window.palimpsest;
            const tree = await doc.history.load();
            historyActions.amend(tree.find((node) => node.edit?.pipeline === "flat"));
        }"""
    )
    hands.page.wait_for_function("window.palimpsest.form.model.name === 'flat'")
    hands.key("Escape")
    hands.page.wait_for_function("window.palimpsest.form.model.name === 'photo'")
    assert hands.state["head"] == before and made_again(hands) == "photo"


def made_again(hands: Hands) -> str:
    hands.paint(220, 200)
    return made(hands).pipeline


def test_a_model_that_draws_says_so_on_a_photograph_before_it_runs(hands: Hands) -> None:
    hands.open_pixels(photo(320, 270))
    for n in range(2):  # on the picture as it was opened, and after a step
        hands.write("noise")
        hands.paint(100 + 60 * n, 90)
        advice(hands, "Paints flat illustrations.")
        hands.write("")
        advice(hands, "")  # it fills from the surroundings
        hands.write("noise")
        advice(hands, "Paints flat")
        made(hands)
    hands.paint(100, 200)
    hands.choose("Photographs")
    advice(hands, "")
    hands.choose("noise")
    advice(hands, "Paints flat")
    hands.page.evaluate("window.palimpsest.panels.side.open = (tab) => (window.opened = tab)")
    hands.page.get_by_role("button", name="Get a model for photographs").click()
    assert hands.page.evaluate("window.opened") == "models"
    hands.open_pixels(fields())
    hands.write("noise")
    hands.paint(100, 90)
    hands.wait_for("doc.plan.estimate")
    assert hands.page.evaluate("window.palimpsest.doc.plan.estimate.kind") == "drawing"
    advice(hands, "")
