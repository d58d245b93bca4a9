"""Variations: one run, a tray to look at them in place, a click to pick; none is lost."""

import numpy as np

from tests.browser.hands import Hands
from tests.fakes import PATIENCE


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
