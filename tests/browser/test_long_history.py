"""A long history: found again, looked at in place, compared, and every step within reach."""

from typing import Any

import numpy as np
import pytest

from editor.edits.edit import NOWHERE
from editor.imaging.geometry import Box, Margins
from editor.store.revisions import Revision
from tests.browser.hands import Hands
from tests.browser.test_history import card, press, row, rows, wait_rows
from tests.browser.test_replay import history
from tests.samples import an_edit, disc

SEEN = """([line, list]) => {
    const [inner, outer] = [line, list].map((one) => one.getBoundingClientRect());
    return inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
}"""


def wait_seen(hands: Hands, line: Any) -> None:
    """All of it lies in the list's window."""
    list = hands.page.locator(".states").element_handle()
    hands.page.wait_for_function(SEEN, arg=[line.element_handle(), list])


def looked_at(hands: Hands, revision: str) -> None:
    hands.wait_for(f"doc.picture.revision === {revision!r} && !doc.picture.loading")


def pixels(hands: Hands, step: Revision) -> np.ndarray:
    picture = hands.server.store.revisions.picture(step.id)
    return picture.read(picture.box).pixels


def add(hands: Hands, **settings: Any) -> Revision:
    """A step that another tab makes on the last one."""
    session, document = hands.server.session, hands.document
    mask = settings.pop("mask", disc(Box(200, 200, 50, 40)))
    made = session.submit(document, an_edit(mask, **settings), session.store.jobs.tail(document))
    hands.wait_for(f"doc.state.head === {made.id!r}")
    hands.wait_idle()
    return made


def test_what_can_be_done_is_offered_on_every_step_and_never_below_the_fold(hands: Hands) -> None:
    hands.page.set_viewport_size({"width": 1024, "height": 560})
    hands.lasting = False
    history(hands, 20)
    names = [f"step {i}" for i in range(1, 21)]
    for name in names[:-1]:
        for label in ("Edit step and replay", "Blend", "Compare"):
            assert row(hands, name).get_by_role("button", name=f"{label}: {name}", exact=True).count() == 1
    wait_seen(hands, card(hands, "step 20"))
    for name in ("step 1", "step 9"):
        below = card(hands, name)
        wait_seen(hands, below)
        for label in ("Edit step and replay", "Blend", "Compare", "Rename", "Delete it and what follows"):
            assert below.get_by_role("button", name=label, exact=True).is_visible()
    hands.press("History")
    hands.press("History")
    wait_seen(hands, card(hands, "step 20"))
    hands.page.set_viewport_size({"width": 1024, "height": 480})
    wait_seen(hands, card(hands, "step 20"))
    add(hands, prompt="the newest", steps=2)
    wait_seen(hands, card(hands, "the newest"))


def test_a_named_state_keeps_its_prompt_in_sight(hands: Hands) -> None:
    history(hands)
    press(hands, "step 4", "Rename")
    hands.page.keyboard.type("For the client")
    hands.key("Enter")
    line = row(hands, "For the client")
    assert line.locator(".title").text_content() == "For the client"
    assert line.locator(".prompt").text_content() == "step 4" and line.locator(".prompt").is_visible()


def test_a_row_says_what_was_done_when_and_the_rest_on_demand(hands: Hands) -> None:
    history(hands, 3)
    add(hands, prompt="sharper", strength=0.5, steps=2, seed=77)
    add(hands, prompt="", steps=2)
    add(hands, mask=NOWHERE, margins=Margins(0, 0, 60, 0), prompt="the sea", steps=2)
    hands.server.session.crop(hands.document, Box(10, 10, 200, 200))
    row(hands, "Cropped").wait_for()
    modes = {"step 1": "Fill", "sharper": "Refine", "Removed": "Remove", "the sea": "Expand", "Cropped": "Crop"}
    for name, mode in modes.items():
        assert row(hands, name).get_by_role("img", name=mode, exact=True).count() == 1, name
    assert not {"77", "noise"} & set((row(hands, "sharper").text_content() or "").split())
    assert "seed 77" in (row(hands, "sharper").locator(".state").get_attribute("title") or "")
    time = row(hands, "sharper").locator("time")
    assert time.text_content() in ("now", "1 min. ago")
    step = next(
        each for each in hands.server.store.revisions.tree(hands.document) if (each.edit or {}).get("seed") == 77
    )
    shown = hands.page.evaluate(
        "(at) => new Date(at).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' })", step.created * 1000
    )
    assert time.get_attribute("title") == shown
    below = card(hands, "sharper")
    assert below.get_by_text("seed 77").is_hidden()
    below.get_by_text("Details").click()
    below.get_by_text("seed 77").wait_for()
    below.get_by_text(shown).wait_for()
    press(hands, "step 2", "Rename")  # a row that is typed into stays, and is brought up to date afterwards
    hands.key("Escape")
    hands.page.wait_for_function("[...document.querySelectorAll('.states img')].some((one) => one.naturalWidth === 96)")


def test_a_star_stays_and_what_is_looked_for_is_found(hands: Hands) -> None:
    history(hands)
    for name in ("step 3", "step 7"):
        row(hands, name).hover()
        row(hands, name).get_by_role("button", name=f"Star: {name}").click()
        row(hands, name).get_by_role("button", name=f"Star: {name}", pressed=True).wait_for()
    row(hands, "step 7").get_by_role("button", name="Star: step 7").press("Enter")
    row(hands, "step 7").get_by_role("button", name="Star: step 7", pressed=False).wait_for()
    hands.reload()
    hands.wait_idle()
    row(hands, "step 12").wait_for()
    hands.press("Starred only")
    wait_rows(hands, ["step 3"])
    hands.press("Starred only")
    search = hands.page.get_by_role("searchbox", name="Search")
    search.fill("STEP 1")
    wait_rows(hands, ["step 1", "step 10", "step 11", "step 12"])
    search.fill("no such words")
    hands.page.get_by_text("No state matches.").wait_for()
    assert rows(hands) == []
    search.fill("")
    row(hands, "step 2").locator(".state").click()
    hands.wait_for("doc.state.head !== doc.state.tip")
    hands.wait_idle()
    hands.paint(60, 250)
    hands.write("elsewhere")
    hands.generate()
    row(hands, "elsewhere").wait_for()
    hands.wait_for("!doc.busy")
    hands.press("Current branch only")
    wait_rows(hands, ["Original", "step 1", "step 2", "elsewhere"])


def test_the_variations_of_a_run_are_one_row_that_unfolds(hands: Hands) -> None:
    steps = history(hands)
    session, document = hands.server.session, hands.document
    edit = an_edit(disc(Box(200, 200, 50, 40)), prompt="a corgi", seed=50, steps=2)
    made = session.variations(document, edit, 4, steps[-1].id)
    hands.wait_for(f"doc.state.variations.length === 4 && doc.state.head === {made[0].id!r}")
    hands.wait_idle()
    names = [f"step {i}" for i in range(1, 13)]
    wait_rows(hands, ["Original", *names, "a corgi"])
    more = hands.page.get_by_role("button", name="Variations of a corgi")
    assert more.text_content() == "+3"
    more.press("Enter")
    wait_rows(hands, ["Original", *names, *["a corgi"] * 4])
    assert more.get_attribute("aria-expanded") == "true"
    assert more.evaluate("one => one === document.activeElement")
    third = hands.page.locator(".states li").filter(has_text="Variation 3 of 4")
    third.get_by_role("button", name="Star: a corgi").press("Enter")
    more.filter(has_text="+2").wait_for()
    more.press("Enter")
    wait_rows(hands, ["Original", *names, *["a corgi"] * 2])
    third.locator(".state").click()
    hands.wait_for(f"doc.state.head === {made[2].id!r}")
    hands.wait_idle()
    wait_rows(hands, ["Original", *names, "a corgi"])  # the one on show has the others under it
    assert more.text_content() == "+3"


def test_a_state_is_looked_at_in_place_and_nothing_is_changed_by_that(hands: Hands, server: Any) -> None:
    steps = history(hands)
    wider = add(hands, mask=NOWHERE, margins=Margins(40, 0, 0, 0), prompt="wider", steps=2)
    hands.paint(20, 150)  # in the part that the steps before do not have
    mask, view = hands.mask_bounds, hands.page.evaluate("({ ...window.palimpsest.viewport.view })")
    row(hands, "step 5").locator(".state").hover()
    looked_at(hands, steps[4].id)
    assert hands.state["head"] == hands.server.store.documents.get(hands.document).head == wider.id
    assert hands.page.evaluate("({ ...window.palimpsest.viewport.view })") == view
    row(hands, "step 6").locator(".state").hover()
    looked_at(hands, steps[5].id)
    assert np.array_equal(hands.drawn(), pixels(hands, steps[5]))
    hands.page.evaluate("window.palimpsest.viewport.fit()")
    hands.page.mouse.move(500, 300)
    looked_at(hands, wider.id)
    assert hands.mask_bounds == mask
    row(hands, "step 3").locator(".state").focus()
    looked_at(hands, steps[2].id)
    hands.page.locator(".viewport").focus()
    looked_at(hands, wider.id)
    row(hands, "step 4").locator(".state").hover()
    looked_at(hands, steps[3].id)
    row(hands, "step 4").locator(".state").click()
    hands.wait_for(f"doc.state.head === {steps[3].id!r}")
    hands.wait_idle()
    assert hands.page.evaluate("doc => JSON.stringify(window.palimpsest.doc.draft.box)") == "[0,0,360,300]"
    hands.page.mouse.move(500, 300)
    hands.wait_idle()


def test_no_state_is_looked_at_while_something_else_is_on_show(hands: Hands, server: Any) -> None:
    """A preview of a job, a step that is amended, one that is blended, two that are compared."""
    steps = history(hands)
    hands.page.evaluate(
        """() => {
            const { display } = window.palimpsest.doc, peek = display.peek.bind(display);
            window.peeked = 0;
            display.peek = (revision) => {
                peek(revision);
                window.peeked += revision !== null;
            };
        }"""
    )

    def hover(name: str) -> None:
        before = hands.page.evaluate("window.peeked")
        hands.page.mouse.move(500, 300)
        row(hands, name).locator(".state").hover()
        hands.page.wait_for_function("(before) => window.peeked > before", arg=before)
        assert hands.page.evaluate("window.palimpsest.doc.display.hoverRevision") is None

    row(hands, "step 5").get_by_role("button", name="Blend: step 5").press("Enter")
    looked_at(hands, steps[4].id)
    hover("step 3")
    looked_at(hands, steps[4].id)
    hands.page.locator(".blend").get_by_role("button", name="Cancel").click()
    hands.page.mouse.move(500, 300)
    looked_at(hands, steps[-1].id)
    row(hands, "step 5").get_by_role("button", name="Edit step and replay: step 5").press("Enter")
    hands.wait_for("doc.amendment.step?.later")
    hover("step 3")
    looked_at(hands, steps[4].id)
    hands.page.locator(".amending").get_by_role("button", name="Cancel").click()
    hands.wait_idle()
    hands.choose("slow")
    hands.paint(60, 250)
    hands.generate()
    hands.wait_for("doc.run")
    hover("step 3")
    server.slow.allow(2)
    hands.wait_previews(1)
    hover("step 4")
    looked_at(hands, steps[-1].id)
    server.slow.allow(30)
    hands.wait_for("!doc.busy")
    hands.page.mouse.move(500, 300)
    hands.wait_idle()


def test_any_two_states_are_compared(hands: Hands) -> None:
    steps = history(hands)
    row(hands, "step 9").get_by_role("button", name="Compare: step 9").press("Enter")  # with the one before it
    line = hands.page.get_by_role("slider", name="Before and after")
    line.wait_for()
    assert line.locator("span").all_inner_texts() == ["step 8", "step 9"]
    hands.key("Escape")
    press(hands, "step 7", "Compare from here")
    hands.page.get_by_text("Comparing from “step 7”").wait_for()
    row(hands, "step 2").get_by_role("button", name="Compare: step 2").press("Enter")
    hands.page.wait_for_function("window.palimpsest.compare.after")
    assert line.locator("span").all_inner_texts() == ["step 7", "step 2"]
    before, after = pixels(hands, steps[6]), pixels(hands, steps[1])
    assert not np.array_equal(before, after)
    for key, wanted in (("ArrowRight", before), ("ArrowLeft", after)):
        line.focus()
        for _ in range(60):
            hands.key(key)
        assert np.array_equal(hands.drawn(), wanted)
    hands.press("Difference to the previous state")
    hands.page.wait_for_function("window.palimpsest.compare.mode === 'difference'")
    assert np.array_equal(hands.drawn(), np.abs(before.astype(int) - after))
    row(hands, "Original").get_by_role("button", name="Compare: Original").press("Enter")
    hands.page.wait_for_function("window.palimpsest.compare.pair.names[1] === 'Original'")
    root = hands.server.store.revisions.path_to(steps[0].id)[0]
    assert np.array_equal(hands.drawn(), np.abs(before.astype(int) - pixels(hands, root)))
    assert hands.state["head"] == steps[-1].id
    hands.page.locator(".viewport").focus()
    hands.key("Escape")
    hands.page.wait_for_function("window.palimpsest.compare.mode === null")
    assert np.array_equal(hands.drawn(), hands.stored)
    hands.press("Stop comparing from it")
    hands.page.locator(".picked").wait_for(state="hidden")
    assert row(hands, "Original").get_by_role("button", name="Compare").count() == 0


@pytest.mark.parametrize("change", ["a star", "a job"])
def test_a_change_of_one_row_builds_no_other(hands: Hands, server: Any, change: str) -> None:
    history(hands)
    hands.page.evaluate("for (const line of document.querySelectorAll('.states li')) line.old = true")
    if change == "a star":
        row(hands, "step 5").get_by_role("button", name="Star: step 5").press("Enter")
        row(hands, "step 5").get_by_role("button", name="Star: step 5", pressed=True).wait_for()
        renewed = ["step 5"]
    else:
        add(hands, prompt="new", steps=2)
        row(hands, "new").locator("img").wait_for()
        renewed = ["step 12", "new"]  # the first is not on show any more
    new = "[...document.querySelectorAll('.states li:not(.step-card)')].filter((line) => !line.old)"
    assert hands.page.evaluate(f"{new}.map((line) => line.querySelector('.title').textContent)") == renewed
