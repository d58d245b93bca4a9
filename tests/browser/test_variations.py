"""Variations: one run, a tray to look at them in place, a click to pick; none is lost."""

from collections.abc import Iterator

import numpy as np
import pytest

from editor.imaging.geometry import Box
from tests.browser.hands import Hands
from tests.fakes import PATIENCE, OpinionatedRanker, until
from tests.samples import an_edit, disc


def test_variations_are_looked_at_and_picked(hands: Hands) -> None:
    hands.tidy = False
    hands.open_sample()
    opened = hands.state["head"]
    hands.variations(3)
    hands.paint()
    hands.write("a vase")
    hands.generate()
    hands.wait_for("doc.state.variations.length === 3 && !doc.busy")
    hands.wait_idle()
    hands.status("Pick one below")
    made = hands.state["variations"]
    assert hands.state["head"] == made[0]
    revisions = [hands.server.session.store.revisions.get(id) for id in made]
    assert {revision.parent for revision in revisions} == {opened}
    first = revisions[0].edit.seed
    assert [revision.edit.seed for revision in revisions] == [(first + n) % 2**32 for n in range(3)]

    choices = hands.page.locator(".tray").get_by_role("radio")
    assert choices.count() == 3 and choices.nth(0).get_attribute("aria-checked") == "true"
    choices.nth(2).hover()  # shown in place, and nothing is changed by that
    hands.wait_for(f"doc.picture.revision === {made[2]!r}")
    assert hands.server.session.store.documents.get(hands.document).head == made[0]
    assert np.array_equal(hands.drawn(), hands.server.session.store.revisions.picture(made[2]).pixels())
    hands.page.mouse.move(700, 300)
    hands.wait_for(f"doc.picture.revision === {made[0]!r}")
    choices.nth(1).click()
    hands.wait_for(f"doc.state.head === {made[1]!r}")
    assert choices.nth(1).get_attribute("aria-checked") == "true"
    hands.page.mouse.move(700, 300)
    hands.wait_idle()
    hands.reload()
    hands.wait_idle()
    assert hands.state["head"] == made[1] and hands.page.locator(".tray").get_by_role("radio").count() == 3
    hands.key("Control+z")
    hands.wait_for(f"doc.state.head === {opened!r}")
    assert hands.page.locator(".tray").get_by_role("radio").count() == 0


def two(hands: Hands) -> list[str]:
    """Have a pair of variations painted."""
    hands.variations(2)
    hands.paint()
    hands.generate()
    hands.wait_for("doc.state.variations.length === 2 && !doc.busy")
    hands.wait_idle()
    made: list[str] = hands.state["variations"]
    return made


def test_by_the_keyboard(hands: Hands) -> None:
    hands.tidy = False
    hands.open_sample()
    made = two(hands)
    hands.page.locator(".tray").get_by_role("radio").nth(0).focus()
    hands.key("ArrowRight")
    hands.wait_for(f"doc.picture.revision === {made[1]!r}")
    hands.key("Enter")
    hands.wait_for(f"doc.state.head === {made[1]!r}")


def test_an_edit_while_another_is_looked_at_is_made_on_the_one_that_is_picked(hands: Hands) -> None:
    hands.tidy = False
    hands.open_sample()
    head, other = two(hands)
    hands.paint()
    hands.page.locator(".tray").get_by_role("radio").nth(1).focus()
    hands.wait_for(f"doc.picture.revision === {other!r}")
    hands.key("Control+Enter")
    hands.wait_for(f"doc.state.head !== {head!r} && !doc.busy")
    assert hands.server.session.store.revisions.get(hands.state["head"]).parent == head


def test_all_of_a_run_are_cancelled_together(hands: Hands) -> None:
    hands.tidy = False
    hands.open_sample()
    opened = hands.state["head"]
    hands.choose("slow")
    hands.variations(3)
    hands.paint()
    hands.write("a vase")
    bounds = hands.mask_bounds
    hands.generate()
    hands.server.slow.allow(1)
    hands.wait_for("doc.run?.index > 0")
    hands.page.get_by_role("button", name="Cancel").click()
    hands.wait_for("doc.state.running.length === 0")
    hands.server.slow.allow(1)  # a worker notices after its step
    assert hands.server.slow.closed.wait(PATIENCE)
    hands.status("Cancelled")
    assert hands.state["head"] == opened and hands.mask_bounds == bounds


@pytest.fixture
def ranked(hands: Hands) -> Iterator[Hands]:
    """A page whose results are ranked; the model knows but one word, and nothing is said of others."""
    hands.server.ranker = OpinionatedRanker()
    yield hands
    hands.server.ranker = None


def test_a_long_history_has_its_variations_best_first_with_a_word_for_each(ranked: Hands) -> None:
    hands = ranked
    hands.tidy = False
    hands.open_sample()
    session = hands.server.session
    for step in range(1, 4):
        job = session.submit(
            hands.document, an_edit(disc(Box(20 * step, 30, 40, 40)), prompt=f"step {step}", seed=step)
        )
        hands.server.worker.wake()
        until(lambda job=job: session.store.revisions.get(job.id).picture)
    hands.wait_for(f"doc.state.head === {job.id!r} && !doc.busy")
    hands.variations(4)
    hands.paint()
    hands.write("noise")
    hands.generate()
    hands.wait_for("doc.state.variations.length === 4 && !doc.busy")
    hands.wait_idle()
    hands.status("The best match with the prompt is shown")
    made = hands.state["variations"]
    matches = session.store.revisions.matches(made[0])
    assert made == sorted(made, key=lambda id: -matches[id].probability) and hands.state["head"] == made[0]
    words = [matches[id].word for id in made]

    def tray() -> list[tuple[str, str]]:
        choices = hands.page.locator(".tray").get_by_role("radio").all()
        return [(each.get_attribute("aria-label") or "", each.text_content() or "") for each in choices]

    said = [(f"Variation {n} of 4, {word}", word) for n, word in enumerate(words, 1)]
    assert tray() == said
    group = hands.page.get_by_role("radiogroup", name="Variations, the best match with the prompt first")
    assert group.get_by_role("radio").nth(0).get_attribute("aria-checked") == "true"
    assert hands.state["matches"] == {id: matches[id].word for id in made}  # and no number of the ranker's
    hands.reload()
    hands.wait_idle()
    hands.wait_for("doc.state.variations.length === 4")
    assert tray() == said and hands.state["variations"] == made
    hands.page.evaluate("window.palimpsest.panels.side.open('history')")
    hands.page.get_by_role("button", name="Variations of noise").press("Enter")
    for n, word in enumerate(words, 1):  # the history gives them the same numbers
        hands.page.locator(".states li").filter(has_text=f"Variation {n} of 4 · {word}").wait_for()
    hands.page.locator(".tray").get_by_role("radio").nth(3).click()
    hands.wait_for(f"doc.state.head === {made[3]!r}")
    assert tray() == said  # what is picked stays in its place
    hands.page.locator(".states li").filter(has_text="step 3").locator(".state").click()
    hands.wait_for(f"doc.state.head === {job.id!r}")
    assert tray() == []


def test_of_words_that_the_model_does_not_know_nothing_is_said(ranked: Hands) -> None:
    hands = ranked
    hands.tidy = False
    hands.open_sample()
    hands.variations(2)
    hands.paint()
    hands.write("a vase")
    hands.generate()
    hands.wait_for("doc.state.variations.length === 2 && !doc.busy")
    hands.wait_idle()
    hands.status("Pick one below")
    labels = [each.get_attribute("aria-label") for each in hands.page.locator(".tray").get_by_role("radio").all()]
    assert labels == ["Variation 1 of 2", "Variation 2 of 2"] and hands.page.locator(".tray .match").count() == 0
    assert hands.page.get_by_role("radiogroup", name="Variations", exact=True).count() == 1
