"""A session as a designer lives it, an hour of work in a minute: nothing is lost, and every pixel of it is right."""

from typing import Any, NamedTuple

import numpy as np

from editor.edits.apply import apply
from editor.imaging.geometry import Box
from editor.store.revisions import Revision
from pipelines import load
from pipelines.base import run
from tests.browser.hands import Hands
from tests.browser.test_history import row
from tests.fakes import PATIENCE, FlatPipeline, NoisePipeline, loader

# what the server's models draw, without waiting for leave
LOAD = loader(
    NoisePipeline(supports_strength=True), NoisePipeline(name="slow"), FlatPipeline((0, 200, 0)), load("patchmatch")
)
SHAPES = ("Brush", "Rectangle", "Ellipse", "Lasso", "Brush")


class Made(NamedTuple):
    """What was asked for by the page, and what came of it."""

    revision: str
    parent: str
    prompt: str
    mask: list[int] | None


class Day:
    """One document, and what was made of it."""

    def __init__(self, hands: Hands) -> None:
        self.hands, self.made = hands, list[Made]()
        self.random = np.random.default_rng(0)
        self.asked = 0

    @property
    def head(self) -> str:
        return str(self.hands.server.session.store.documents.get(self.hands.document).head)

    def revision(self, id: str) -> Revision:
        revision: Revision = self.hands.server.session.store.revisions.get(id)
        return revision

    def draw(self, hands: Hands) -> None:
        """A shape of some tool, somewhere in the picture's middle."""
        x, y, width, height = hands.page.evaluate("window.palimpsest.doc.picture.box")
        at_x, at_y = (float(each) for each in self.random.uniform((x + 50, y + 50), (x + width - 50, y + height - 80)))
        tool = SHAPES[self.asked % len(SHAPES)]
        hands.press(tool)
        if tool == "Brush":
            hands.paint(at_x, at_y)
        else:
            hands.drag((at_x - 30, at_y - 20), (at_x + 30, at_y - 20), (at_x + 25, at_y + 30))
        assert hands.mask_bounds, f"{tool} left nothing at {at_x}, {at_y}"

    def ask(self, hands: Hands | None = None, words: bool = True) -> str:
        """Write, generate, and see the result; its revision."""
        hands = hands or self.hands
        prompt = self.prompt(hands) if words else ""
        head, mask = hands.state["head"], hands.mask_bounds
        hands.generate()
        hands.wait_for(f"doc.state.head !== {head!r} && !doc.busy")
        hands.wait_idle()
        self.made.append(Made(hands.state["head"], head, prompt, mask))
        return str(hands.state["head"])

    def prompt(self, hands: Hands) -> str:
        self.asked += 1
        hands.write(f"edit {self.asked}")
        return f"edit {self.asked}"

    def edit(self, times: int = 1, hands: Hands | None = None) -> str:
        for _ in range(times):
            self.draw(hands or self.hands)
            made = self.ask(hands)
        return made

    def go(self, key: str, to: str) -> None:
        """Undo or redo by its key, until it is seen."""
        self.hands.page.locator(".viewport").focus()
        self.hands.key(key)
        self.hands.wait_for(f"doc.state.head === {to!r}")
        self.hands.wait_idle()

    def seen(self, hands: Hands | None = None) -> None:
        """What is on the canvas is what the store has."""
        assert np.array_equal((hands or self.hands).drawn(), self.hands.stored)
        (hands or self.hands).key("0")


def test_nothing_is_lost_and_every_pixel_is_right(hands: Hands, server: Any) -> None:
    hands.tidy = False
    hands.page.locator(".samples .card").wait_for()
    hands.open_sample()
    day = Day(hands)
    opened = day.head

    # the morning: edit after edit, back and forth, and on from an earlier state
    day.edit(6)
    last, before = day.made[-1].revision, day.made[-2].revision
    day.go("Control+z", before)
    day.go("Control+z", day.made[-3].revision)
    day.go("Control+Shift+z", before)
    day.go("Control+Shift+z", last)
    day.go("Control+z", before)
    day.edit(4)  # beside the one that was undone
    hands.intend("Remove")
    day.draw(hands)
    day.ask(words=False)
    hands.intend("Refine")
    day.edit(2)
    hands.intend("Fill")
    day.edit(3)
    day.seen()

    # the history: a branch from an early state, a step laid in otherwise, a step changed and the later ones made again
    hands.press("History")
    row(hands, "edit 3").get_by_role("button").first.click()
    hands.wait_for(f"doc.state.head === {day.made[2].revision!r}")
    hands.wait_idle()
    branch = [day.edit() for _ in range(4)]
    row(hands, day.made[-3].prompt).get_by_role("button").first.click()
    hands.wait_for(f"doc.state.head === {branch[1]!r}")
    hands.wait_idle()
    reblended(day, branch)
    amended(day)
    hands.press("History")
    day.edit(3)
    day.seen()

    # variations, the second one picked; an edit taken back
    hands.variations(3)
    day.edit()
    second = hands.state["variations"][1]
    hands.page.get_by_role("radio", name="Variation 2 of 3").click()
    hands.wait_for(f"doc.state.head === {second!r}")
    hands.page.mouse.move(5, 5)
    hands.wait_idle()
    hands.variations(1)
    day.edit(2)
    cancelled(day)
    across_a_restart(day)
    day.edit(4)

    # another shape of the picture: wider, and cut
    hands.intend("Expand")
    hands.page.get_by_role("button", name="16:9").click()
    wider = day.ask()
    assert day.revision(wider).picture.box.width > 320
    x, y, width, height = hands.page.evaluate("window.palimpsest.doc.picture.box")
    hands.drag((x + width - 0.5, y + height / 2), (x + width - 60, y + height / 2))
    hands.page.wait_for_function("window.palimpsest.doc.frame.margins[2] < 0")
    hands.press("Generate")
    hands.wait_for(f"doc.state.head !== {wider!r} && !doc.busy")
    hands.wait_idle()
    day.made.append(Made(hands.state["head"], wider, "", None))
    hands.intend("Fill")
    day.edit(4)
    day.seen()

    # the afternoon: two tabs, by turns; what was painted in the one stays while the other works
    other = hands.another_tab()
    other.wait_idle()
    for _ in range(3):
        hands.page.bring_to_front()
        hands.wait_for(f"doc.picture.revision === {day.head!r}")
        made = day.edit()
        day.draw(hands)
        mask = hands.mask_bounds
        other.page.bring_to_front()
        other.wait_for(f"doc.picture.revision === {made!r}")
        other.wait_idle()
        made = day.edit(hands=other)
        hands.page.bring_to_front()
        hands.wait_for(f"doc.picture.revision === {made!r}")
        hands.wait_idle()
        assert hands.mask_bounds == mask
        day.ask()
    day.seen()
    other.page.bring_to_front()
    other.wait_for(f"doc.picture.revision === {day.head!r}")
    other.wait_idle()
    day.seen(other)
    other.page.close()
    hands.page.bring_to_front()

    # a reload with a mask and a sketch that were not sent
    day.draw(hands)
    hands.intend("Sketch")
    hands.drag((100, 100), (150, 120))
    bounds = hands.mask_bounds, hands.page.evaluate("window.palimpsest.doc.draft.sketch.bounds()")
    hands.wait_kept()
    hands.reload()
    hands.wait_for("doc.draft && !doc.draft.sketch.empty")
    hands.wait_idle()
    assert (hands.mask_bounds, hands.page.evaluate("window.palimpsest.doc.draft.sketch.bounds()")) == bounds
    sketched = day.ask()
    assert day.revision(sketched).edit.sketch is not None
    hands.intend("Fill")
    day.edit(60 - len(day.made))
    day.seen()
    nothing_is_lost(day, opened)


def reblended(day: Day, branch: list[str]) -> None:
    """The second of four steps is laid in at half its opacity, and the later ones are made again on that."""
    hands, step = day.hands, branch[1]
    hands.page.locator(".step-card").get_by_text("Blend").click()
    hands.page.locator(".blend").get_by_label("Opacity").fill("0.5")
    hands.press("Apply")
    hands.wait_for(f"doc.state.head !== {step!r} && !doc.busy")
    hands.wait_idle()
    *_, again, third, fourth = hands.server.store.revisions.path_to(hands.state["head"])
    assert again.parent == branch[0] and again.edit.blend.opacity == 0.5
    assert [third.edit, fourth.edit] == [day.revision(each).edit for each in branch[2:]]
    for one in (again, third, fourth):
        day.made.append(Made(one.id, one.parent, one.edit.prompt, None))


def amended(day: Day) -> None:
    """The step that is shown is changed: other words, the same seed."""
    hands, before = day.hands, day.revision(day.head)
    hands.page.locator(".step-card").get_by_text("Edit step and replay").click()
    hands.page.locator(".amending").wait_for()
    hands.wait_for("!doc.mask.empty")
    prompt = day.prompt(hands)
    with hands.page.expect_response(lambda answer: answer.request.method == "POST" and "/amend/" in answer.url):
        hands.press("Generate")
    hands.wait_for(f"doc.state.head !== {before.id!r} && !doc.busy")
    hands.wait_idle()
    again = day.revision(hands.state["head"])
    assert (again.parent, again.edit.prompt, again.edit.seed) == (before.parent, prompt, before.edit.seed)
    day.made.append(Made(again.id, before.parent or "", prompt, None))


def cancelled(day: Day) -> None:
    """An edit is taken back, and its mask is there again to be sent to another model."""
    hands, head = day.hands, day.head
    hands.choose("slow")
    day.draw(hands)
    mask = hands.mask_bounds
    hands.write("never")
    hands.generate()
    hands.server.slow.allow(1)
    hands.wait_for("doc.run?.index === 1")
    with hands.page.expect_response(lambda answer: "/cancel/" in answer.url):
        hands.page.get_by_role("button", name="Cancel", exact=True).click()
    hands.server.slow.allow(1)  # a worker notices after its step
    hands.status("Cancelled")
    hands.wait_idle()
    assert (day.head, hands.mask_bounds) == (head, mask)
    assert hands.server.slow.closed.wait(PATIENCE)
    hands.choose("noise")
    day.ask()


def across_a_restart(day: Day) -> None:
    """Two edits, the second on the first; the server goes away in the middle, and keeps both when it is back."""
    hands, server, head = day.hands, day.hands.server, day.head
    hands.choose("slow")
    prompts, masks = [], []
    for _ in range(2):
        day.draw(hands)
        prompts.append(day.prompt(hands))
        masks.append(hands.mask_bounds)
        hands.generate()
    hands.wait_for("doc.queue.groups.length === 2")
    server.slow.allow(2)
    hands.wait_for("doc.run?.index >= 2")
    server.stop()
    assert "does not answer" in hands.note()
    server.start()
    server.slow.allow(40)
    hands.wait_for(f"doc.state.head !== {head!r} && !doc.busy")
    hands.wait_idle()
    hands.page.wait_for_function("!document.querySelector('.note')")
    for prompt, mask, made in zip(prompts, masks, [day.revision(day.head).parent, day.head], strict=True):
        assert made is not None
        day.made.append(Made(made, head, prompt, mask))
        head = made
    hands.complaints[:] = [said for said in hands.complaints if "net::ERR_" not in said]
    hands.choose("noise")


def nothing_is_lost(day: Day, opened: str) -> None:
    session, document = day.hands.server.session, day.hands.document
    assert len(day.made) >= 60 and len({each.revision for each in day.made}) == len(day.made)
    assert session.store.jobs.pending(document) == []
    tree = {node.id: day.revision(node.id) for node in session.store.revisions.tree(document)}
    for made in day.made:
        revision = tree[made.revision]
        assert (revision.parent, revision.edit.prompt) == (made.parent, made.prompt), made
        masked = revision.edit.mask.box  # Remove's grows past an edge, where there happens to be one
        assert made.mask is None or list(masked) == made.mask or (not made.prompt and masked.contains(Box(*made.mask)))
    for revision in tree.values():  # those of variations and replays too
        if revision.parent is None:
            assert revision.id == opened
            continue
        if revision.edit.prompt == "never":
            assert revision.cancelled and revision.picture is None
            continue
        again = run(apply(revision.edit, tree[revision.parent].picture, LOAD)).picture
        assert again.digest == revision.picture.digest, revision
    way, at = [], day.head
    while at is not None:
        way.append(at)
        at = tree[at].parent
    assert way[-1] == opened
