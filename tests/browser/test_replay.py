"""A step of a long history is changed: the later ones are replayed, and the page is as it was before."""

from typing import Any

import numpy as np
import pytest

from editor.imaging.geometry import Box
from editor.store.revisions import Revision
from tests.browser.hands import Hands, photo
from tests.samples import an_edit, disc

FORM = "window.palimpsest.form.values"
PROMPT = "document.querySelector('#prompt input').value"


def history(hands: Hands, count: int = 12, model: str = "noise") -> list[Revision]:
    """A document of so many steps, made on the server and open in the page with its history beside it."""
    session = hands.server.session
    document = session.open(photo(360, 300), "Long")
    made = []
    for i in range(count):
        mask = disc(Box(20 + 25 * (i % 12), 30 + 18 * (i % 12), 24, 18))
        edit = an_edit(mask, prompt=f"step {i + 1}", seed=i, steps=2, pipeline=model)
        made.append(session.submit(document.id, edit, session.store.jobs.tail(document.id)))
    hands.goto(f"?doc={document.id}")
    hands.wait_for(f"doc.state.head === {made[-1].id!r}")
    hands.wait_idle()
    hands.press("History")
    row(hands, f"step {count}").wait_for()
    return made


def row(hands: Hands, name: str) -> Any:
    return hands.page.locator(".states li:not(.step-card)").filter(has=hands.page.get_by_text(name, exact=True))


def tool(hands: Hands, name: str, label: str) -> None:
    """A button of a row, by the keyboard."""
    row(hands, name).get_by_role("button", name=f"{label}: {name}").focus()
    hands.key("Enter")


def amend(hands: Hands, name: str) -> None:
    tool(hands, name, "Edit step and replay")
    hands.wait_for("doc.amendment.step?.later && doc.draft && !doc.mask.empty")
    hands.page.wait_for_function(f"{PROMPT} === {name!r}")


def send(hands: Hands) -> None:
    with hands.page.expect_response(lambda answer: answer.request.method == "POST" and "/amend/" in answer.url):
        hands.press("Generate")


def shown(hands: Hands) -> list[str]:
    states = hands.server.store.revisions.path_to(hands.state["head"])
    return [state.edit.prompt for state in states if state.edit]


def settings(hands: Hands) -> dict[str, Any]:
    """All that a change of a step may touch."""
    values: dict[str, Any] = hands.page.evaluate(
        f"""() => {{
            const {{ doc, viewport, tool, form }} = window.palimpsest;
            const {{ scale, x, y }} = viewport.view;
            return {{
                values: {{ ...{FORM} }}, own: {{ ...form.model.own }}, tool: tool.name, head: doc.state.head,
                view: [scale, x, y].map(Math.round), mask: doc.mask.bounds(), seen: doc.picture.revision,
                written: {PROMPT}, stored: localStorage.getItem("palimpsest-settings"),
            }};
        }}"""
    )
    return values


def prepared(hands: Hands) -> dict[str, Any]:
    """Settings of the user's own, none of them those of the steps."""
    hands.settings()
    hands.page.get_by_label("number input for Steps").fill("7")
    hands.key("Tab")
    hands.settings()
    hands.write("my own words")
    hands.page.locator(".viewport").focus()
    hands.key("r")
    hands.drag((40, 40), (90, 80))
    hands.wait_for("!doc.mask.empty")
    hands.page.wait_for_function(f"{FORM}.steps === 7 && {FORM}.prompt === 'my own words'")
    hands.wait_kept()
    hands.press("History")
    return settings(hands)


def test_nine_later_steps_are_replayed(hands: Hands) -> None:
    history(hands)
    before = prepared(hands)
    amend(hands, "step 3")
    bar = hands.page.locator(".amending p")
    bar.filter(has_text="Editing step 3 of 12, “step 3”. 9 later steps are replayed").wait_for()
    hands.write("changed")
    values: list[float] = []
    hands.lasting = False
    hands.page.expose_function("values", lambda done: values.append(done))
    hands.page.evaluate(
        """() => {
            const { notifications } = window.palimpsest, real = notifications.progress.bind(notifications);
            notifications.progress = (run) => {
                if (run) window.values(run.done);
                real(run);
            };
        }"""
    )
    send(hands)
    hands.wait_for("doc.state.tip !== " + repr(before["head"]))
    hands.wait_idle()
    names = [f"step {i}" for i in range(1, 13)]
    assert shown(hands) == [*names[:2], "changed", *names[3:]]
    assert np.array_equal(hands.drawn(), hands.stored)
    assert values and values == sorted(values) and values[-1] <= 1  # it never jumps back
    after = settings(hands)
    for name in ("values", "own", "tool", "mask", "written", "stored"):
        assert after[name] == before[name], name
    assert before["values"]["new_seed"] is True
    assert hands.page.locator(".note").count() == 0


@pytest.mark.parametrize("way", ["button", "escape", "reload", "home"])
def test_a_cancelled_change_leaves_all_as_it_was(hands: Hands, way: str) -> None:
    history(hands)
    before = prepared(hands)
    amend(hands, "step 3")
    hands.write("half written")
    hands.page.wait_for_function(f"{FORM}.prompt === 'half written' && {FORM}.new_seed === false")
    hands.page.locator(".viewport").focus()
    hands.key("b")
    hands.paint(150, 150)
    if way == "button":
        hands.page.locator(".amending").get_by_role("button", name="Cancel").click()
    elif way == "escape":
        hands.page.locator(".viewport").focus()
        hands.key("Escape")
    elif way == "reload":
        hands.reload()
    else:
        document = hands.document
        hands.press("Home")
        hands.goto(f"?doc={document}")
    hands.wait_idle()
    wanted = " && ".join(f"{FORM}.{name} === {value}" for name, value in (
        ("prompt", "'my own words'"), ("steps", 7), ("new_seed", "true"), ("pipeline", "'noise'")
    ))  # fmt: skip
    hands.page.wait_for_function(wanted)
    hands.wait_for("doc.mask && !doc.mask.empty")
    after = settings(hands)
    names = ["own", "mask", "written", "stored", "head", "seen"]
    for name in [*names, "values", "view", "tool"] if way in ("button", "escape") else names:
        assert after[name] == before[name], name
    assert hands.page.locator(".amending").is_hidden()


def test_a_change_that_is_cancelled_while_it_is_on_its_way_is_made(hands: Hands) -> None:
    """Its request had left: the steps are replayed, and the user's own settings come back once."""
    steps = history(hands)
    before = prepared(hands)
    amend(hands, "step 3")
    hands.write("changed")
    held: list[Any] = []
    hands.page.route(
        "**/amend/*", lambda route: held.append(route) if route.request.method == "POST" else route.fallback()
    )
    hands.prompt.press("Enter")
    hands.wait_for("doc.submitting")
    hands.page.locator(".amending").get_by_role("button", name="Cancel").click()
    hands.page.locator(".amending").wait_for(state="hidden")
    for route in held:
        route.continue_()
    hands.page.unroute("**/amend/*")
    hands.page.wait_for_function("id => window.palimpsest.doc.state.tip !== id", arg=steps[-1].id)
    hands.wait_idle()
    assert "changed" in shown(hands)
    assert settings(hands)["values"] == before["values"] and hands.page.locator(".note").count() == 0


def test_a_blend_in_the_middle_keeps_the_later_steps(hands: Hands) -> None:
    steps = history(hands)
    tool(hands, "step 5", "Blend")
    hands.wait_for(f"doc.picture.revision === {steps[4].id!r}")
    assert hands.state["head"] == steps[-1].id
    opacity = hands.page.get_by_role("slider", name="Opacity")
    opacity.focus()
    hands.key("Home")
    hands.wait_for("doc.picture.preview")
    hands.page.locator(".blend").get_by_role("button", name="Cancel").click()
    hands.wait_for(f"doc.picture.revision === {steps[-1].id!r} && !doc.picture.preview")
    hands.wait_idle()
    assert np.array_equal(hands.drawn(), hands.stored)
    tool(hands, "step 5", "Blend")
    hands.page.locator(".blend").get_by_text("7 later steps are replayed").wait_for()
    opacity.focus()
    hands.key("Home")
    hands.press("Apply")
    hands.wait_for(f"doc.state.head !== {steps[-1].id!r}")
    hands.wait_idle()
    assert shown(hands) == [f"step {i}" for i in range(1, 13)]
    way = hands.server.store.revisions.path_to(hands.state["head"])
    assert way[5].edit.blend.opacity == 0 and way[6].edit == steps[5].edit
    assert np.array_equal(hands.drawn(), hands.stored)


def test_undone_steps_stay_undone_and_are_replayed(hands: Hands) -> None:
    steps = history(hands)
    hands.page.locator(".viewport").focus()
    for n in (11, 10):
        hands.key("Control+z")
        hands.wait_for(f"doc.state.head === {steps[n - 1].id!r}")
    amend(hands, "step 3")
    hands.write("changed")
    send(hands)
    hands.wait_for(f"doc.state.tip !== {steps[-1].id!r}")
    hands.wait_idle()
    names = [f"step {i}" for i in range(1, 13)]
    assert shown(hands) == [*names[:2], "changed", *names[3:10]]
    hands.page.locator(".viewport").focus()
    for _ in range(2):
        before = hands.state["head"]
        hands.key("Control+Shift+z")
        hands.wait_for(f"doc.state.head !== {before!r}")
    assert shown(hands) == [*names[:2], "changed", *names[3:]]


def test_a_click_on_an_earlier_state_keeps_the_way_on(hands: Hands) -> None:
    steps = history(hands)
    row(hands, "step 3").get_by_role("button").first.click()
    hands.wait_for(f"doc.state.head === {steps[2].id!r}")
    hands.wait_idle()
    assert hands.state["tip"] == steps[-1].id
    hands.press("Edit step and replay")
    hands.wait_for("doc.amendment.step?.later && !doc.mask.empty")
    hands.page.wait_for_function(f"{PROMPT} === 'step 3'")
    hands.write("changed")
    send(hands)
    hands.wait_for(f"doc.state.tip !== {steps[-1].id!r}")
    hands.wait_idle()
    assert shown(hands) == [f"step {i}" if i != 3 else "changed" for i in range(1, 13)]


def test_jobs_that_wait_move_along_with_a_replay(hands: Hands, server: Any) -> None:
    history(hands)
    hands.choose("slow")
    hands.paint(60, 250)
    hands.write("later")
    hands.generate()
    hands.wait_for("doc.run")
    amend(hands, "step 3")
    hands.choose("noise")
    hands.write("changed")
    send(hands)
    server.slow.allow(40)
    hands.wait_for("!doc.busy")
    hands.wait_idle()
    names = [f"step {i}" for i in range(1, 13)]
    assert shown(hands) == [*names[:2], "changed", *names[3:], "later"]


def test_what_has_the_focus_keeps_it_while_jobs_come_and_end(hands: Hands, server: Any) -> None:
    """Another tab's jobs change the history and the queue under the hand of one who works by keyboard."""
    history(hands)
    session, document = server.session, hands.document

    def queue(name: str) -> str:
        edit = an_edit(disc(Box(40, 200, 24, 18)), prompt=name, steps=2, pipeline="slow")
        return str(session.submit(document, edit, session.store.jobs.tail(document)).id)

    focused = "document.activeElement.getAttribute('aria-label')"
    row(hands, "step 3").get_by_role("button", name="Edit step and replay: step 3").focus()
    scrolled = hands.page.evaluate("(document.querySelector('.states').scrollTop = 40)")
    first = queue("first")
    row(hands, "first").wait_for()
    assert hands.page.evaluate(focused) == "Edit step and replay: step 3"
    assert hands.page.evaluate("document.querySelector('.states').scrollTop") == scrolled
    tool(hands, "step 5", "Blend")
    opacity = hands.page.get_by_role("slider", name="Opacity")
    opacity.focus()
    hands.key("Home")
    hands.wait_for("doc.picture.preview")
    queue("second")
    third = queue("third")
    row(hands, "third").wait_for()
    server.slow.allow(2)
    hands.wait_for(f"doc.state.head === {first!r}")
    row(hands, "first").locator(".frame img").wait_for()
    assert opacity.input_value() == "0" and hands.page.evaluate(focused) == "Opacity"
    hands.page.locator(".blend").get_by_role("button", name="Cancel").click()
    queue("fourth")
    hands.press("Queue")
    hands.page.get_by_role("button", name="Cancel: third").focus()
    hands.page.locator(".queue li").nth(2).wait_for()
    server.slow.allow(2)
    hands.page.wait_for_function("document.querySelectorAll('.queue li').length === 2")
    assert hands.page.evaluate(focused) == "Cancel: third"
    hands.key("Enter")
    hands.wait_for(f"!doc.queue.groups.some((group) => group.revisions.includes({third!r}))")
    server.slow.allow(3)  # one for the step at which the cancelled job was
    hands.wait_idle()


def test_a_step_of_another_branch_is_replayed(hands: Hands) -> None:
    steps = history(hands)
    row(hands, "step 4").get_by_role("button").first.click()
    hands.wait_for(f"doc.state.head === {steps[3].id!r}")
    hands.wait_idle()
    hands.paint(60, 250)
    hands.write("other")
    hands.generate()
    hands.wait_for(f"doc.state.head !== {steps[3].id!r}")
    hands.wait_idle()
    amend(hands, "step 6")
    hands.write("changed")
    other = hands.state["head"]
    send(hands)
    hands.wait_for(f"doc.state.head !== {other!r}")
    hands.wait_idle()
    names = [f"step {i}" for i in range(1, 13)]
    assert shown(hands) == [*names[:5], "changed", *names[6:]]


def test_a_replay_that_is_cancelled_leaves_all_as_it_was(hands: Hands, server: Any) -> None:
    server.slow.allow(24)
    steps = history(hands, model="slow")
    amend(hands, "step 3")
    hands.write("changed")
    send(hands)
    server.slow.allow(3)
    hands.wait_for("doc.run?.replay?.step === 2 && doc.run.index === 1")
    steps_line = hands.page.locator("#status .steps")
    steps_line.filter(has_text="Step 2 of 10").wait_for()
    assert hands.page.evaluate("window.palimpsest.doc.queue.groups.length") == 1  # the steps of a replay are one
    hands.reload()
    hands.wait_for("doc.run?.replay?.step === 2")
    hands.press("Cancel")
    hands.wait_for("!doc.busy")
    server.slow.allow(1)
    hands.wait_idle()
    assert hands.state["head"] == hands.state["tip"] == steps[-1].id
    assert hands.mask_bounds is None


def test_a_prompt_belongs_to_its_document(hands: Hands) -> None:
    hands.open_sample()
    hands.write("a red vase")
    first = hands.document
    hands.wait_for("doc.draftEditor.prompts?.prompt === 'a red vase'")
    hands.press("Home")
    hands.open_sample()
    hands.page.wait_for_function(f"{PROMPT} === ''")
    hands.write("a lamp")
    hands.wait_for("doc.draftEditor.prompts?.prompt === 'a lamp'")
    hands.goto(f"?doc={first}")
    hands.wait_idle()
    hands.page.wait_for_function(f"{PROMPT} === 'a red vase'")


def test_a_generate_that_finds_no_server_is_tried_again_once_it_is_back(hands: Hands, server: Any) -> None:
    history(hands)
    head = hands.state["head"]
    hands.paint(60, 250)
    hands.write("a vase")
    lost = []

    def lose(route: Any) -> None:
        """The first answer is lost on its way back, the next two requests on their way there."""
        if not lost:
            route.fetch()
        lost.append(route)
        route.abort("connectionrefused")

    hands.page.route("**/edits", lose, times=3)
    hands.press("Generate")
    hands.wait_for(f"doc.state.head !== {head!r} && !doc.submitting")
    hands.wait_idle()
    assert shown(hands) == [*[f"step {i}" for i in range(1, 13)], "a vase"] and len(lost) == 3
    assert hands.page.locator(".note").count() == 0 and hands.mask_bounds is None
    hands.complaints[:] = [said for said in hands.complaints if "net::ERR_" not in said]


def test_who_gives_up_has_the_mask_back(hands: Hands) -> None:
    history(hands)
    hands.paint(60, 250)
    mask = hands.mask_bounds
    hands.write("a vase")
    hands.page.route("**/edits", lambda route: route.abort("connectionrefused"))
    hands.press("Generate")
    hands.wait_for("doc.requests.retrying")
    assert hands.page.locator(".note").count() <= 1
    hands.page.locator(".viewport").focus()
    hands.page.evaluate("window.palimpsest.generation.cancel()")
    hands.wait_for("!doc.submitting && !doc.mask.empty")
    assert hands.mask_bounds == mask
    hands.page.unroute("**/edits")
    hands.complaints[:] = [said for said in hands.complaints if "net::ERR_" not in said]


def test_what_is_refused_comes_back(hands: Hands) -> None:
    history(hands)
    hands.paint(60, 250)
    mask = hands.mask_bounds
    hands.write("a vase")
    hands.page.route("**/edits", lambda route: route.fulfill(status=409, json={"error": "Not now."}), times=1)
    hands.press("Generate")
    hands.page.locator(".note").filter(has_text="Not now.").wait_for()
    assert hands.mask_bounds == mask and hands.page.evaluate(PROMPT) == "a vase"
    hands.complained("409")
