"""Reloads, second tabs, restarts: what is true lies on the server."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from editor.web.modules import MODULES
from tests.browser.hands import DRAWN, Hands


def test_a_reload_in_mid_run_finds_the_run(hands: Hands, server: Any) -> None:
    hands.open_sample()
    hands.choose("slow")
    hands.paint()
    mask = hands.mask_bounds
    hands.generate()
    server.slow.allow(3)
    hands.wait_for("doc.run?.index === 3")
    hands.reload()
    hands.wait_for("doc.run?.index === 3 && doc.display.previewsShown > 0 && doc.pending.all[0]?.mask")
    assert hands.page.evaluate("window.palimpsest.doc.pending.all[0].mask.bounds()") == mask
    assert hands.page.get_by_role("button", name="Cancel").is_visible()
    server.slow.allow(17)
    hands.wait_for("doc.state.can_undo")
    hands.wait_idle()
    assert np.array_equal(hands.drawn(), hands.stored)


def test_cancel_after_a_reload_gives_the_mask_back(hands: Hands, server: Any) -> None:
    hands.open_sample()
    hands.choose("slow")
    hands.paint()
    mask, digest = hands.mask_bounds, hands.digest
    hands.generate()
    hands.reload()
    hands.wait_for("doc.pending.all[0]?.mask && doc.queue.groups.length")
    hands.key("Control+.")
    hands.status("Cancelled")
    server.slow.allow(1)
    hands.wait_for("!doc.mask.empty")
    assert hands.mask_bounds == mask and hands.digest == digest


def test_what_was_cancelled_is_still_said_when_the_picture_comes(hands: Hands, server: Any) -> None:
    hands.open_sample()
    hands.choose("slow")
    hands.paint()
    mask = hands.mask_bounds
    hands.generate()
    held: list[Any] = []
    hands.page.route("**/manifest", lambda route: held.append(route))
    hands.reload()
    hands.wait_for("doc.pending.all[0]?.mask && doc.queue.groups.length && !doc.draft")
    hands.key("Control+.")
    hands.status("Cancelled")
    for route in held:
        route.continue_()
    hands.page.unroute_all()
    server.slow.allow(1)
    hands.wait_for("doc.mask && !doc.mask.empty")
    assert hands.mask_bounds == mask
    hands.status("Cancelled")


def test_a_second_tab_sees_it_all(hands: Hands, server: Any) -> None:
    hands.open_sample()
    other = hands.another_tab()
    other.wait_idle()
    hands.page.bring_to_front()
    hands.choose("slow")
    hands.paint()
    hands.generate()
    server.slow.allow(2)
    other.page.bring_to_front()
    other.wait_for("doc.run?.index === 2 && doc.display.previewsShown > 0")
    server.slow.allow(18)
    other.wait_for("doc.state.can_undo")
    other.wait_idle()
    assert np.array_equal(other.drawn(), hands.stored)
    other.press("Undo")
    other.wait_for("!doc.state.can_undo")
    hands.page.bring_to_front()
    hands.wait_for("!doc.state.can_undo")
    hands.wait_idle()
    assert np.array_equal(hands.drawn(), hands.stored)


def test_a_restart_with_the_page_open(hands: Hands, server: Any) -> None:
    hands.open_sample()
    hands.choose("slow")
    hands.paint()
    hands.generate()
    server.slow.allow(2)
    hands.wait_for("doc.run?.index === 2")
    server.stop()
    assert "does not answer" in hands.note()
    server.start()
    server.slow.allow(20)  # the job is kept by the new worker, from its first step
    hands.wait_for("doc.state.can_undo")
    hands.wait_idle()
    assert hands.page.locator(".note").count() == 0
    assert np.array_equal(hands.drawn(), hands.stored)
    hands.choose("noise")
    hands.edit()  # the same page goes on
    hands.complaints[:] = [said for said in hands.complaints if "net::ERR_" not in said]


def test_a_document_that_does_not_exist(hands: Hands) -> None:
    hands.goto("?doc=nothing-here")
    assert "There is no document 'nothing-here' here" in hands.note()
    assert hands.page.get_by_role("button", name="Open a picture").is_visible()
    assert "doc=" not in hands.page.url
    hands.complained("404")


def _vocabulary(hands: Hands) -> None:
    hands.press("What can it paint?")


def _saved_masks(hands: Hands) -> None:
    hands.whole_mask("Saved masks…")


def _menu(hands: Hands) -> None:
    hands.page.evaluate("window.palimpsest.openMenu()")


@pytest.mark.parametrize("covered", [_vocabulary, _saved_masks, _menu])
def test_what_covers_a_document_goes_with_it(hands: Hands, covered: Callable[[Hands], None]) -> None:
    """It was deleted in another tab."""
    hands.open_steps()
    covered(hands)
    covers = hands.page.locator("dialog[open], :popover-open")
    covers.first.wait_for()
    hands.server.session.delete(hands.document)
    assert "There is no document" in hands.note()
    assert covers.count() == 0
    assert hands.page.get_by_role("button", name="Open a picture").is_visible()
    hands.complained("404")


HELD = """async () => {
    const asked = indexedDB.open("palimpsest", 1);
    await new Promise((done) => (asked.onsuccess = done));
    const opened = asked.result;
    const store = opened.transaction("drafts", "readwrite").objectStore("drafts");
    const on = () => window.let_go ? opened.close() : (store.count().onsuccess = on);
    on();
}"""


def test_what_is_typed_before_the_last_visit_is_read_stays(hands: Hands) -> None:
    """The browser's database answers when it can; whoever writes meanwhile is not written over."""
    hands.open_sample()
    hands.write("a red lamp")
    hands.wait_for("doc.draftEditor.prompts?.prompt === 'a red lamp'")
    hands.wait_kept()
    address = f"?doc={hands.document}"
    hands.page.evaluate("window.palimpsest.home()")
    hands.page.evaluate(HELD)
    hands.page.evaluate("(id) => void window.palimpsest.openDocument(id)", address.removeprefix("?doc="))
    hands.wait_for("doc.draft")
    prompt = hands.prompt
    prompt.press_sequentially("two cups")
    hands.page.evaluate("window.let_go = true")
    hands.wait_for("doc.draftEditor.prompts?.prompt === 'two cups'")
    hands.page.wait_for_function("!Object.keys(window.palimpsest.form.pendingValues).length")
    assert prompt.input_value() == "two cups"


def test_what_is_saved_last_stays(hands: Hands) -> None:
    """A mask takes its time to be saved, the prompt alone does not."""
    hands.open_sample()
    hands.paint()
    kept = hands.page.evaluate(
        """async (modules) => {
        const { loadDraft } = await import(`/${modules}draft/draft-storage.js`);
        const { draftEditor, id } = window.palimpsest.doc;
        const mask = draftEditor.store();
        draftEditor.setPrompts({ prompt: "the newest", negative_prompt: "" });
        draftEditor.saveView.now();
        await mask;
        await draftEditor.saved;
        return (await loadDraft(id)).prompts.prompt;
    }""",
        MODULES,
    )
    assert kept == "the newest"


def test_a_prompt_that_is_sent_as_it_is_typed_belongs_to_the_document(hands: Hands) -> None:
    hands.open_sample()
    hands.wait_for("doc.draftEditor.prompts")
    hands.page.evaluate("""async () => {
        const { form } = window.palimpsest;
        const values = { ...form.values, prompt: "typed and sent" };
        await form.prepare(values);  // before the form itself reports it
        window.palimpsest.settingsChanged(values);
    }""")
    assert hands.page.evaluate("window.palimpsest.doc.draftEditor.prompts.prompt") == "typed and sent"


def test_the_end_of_the_models_process_is_said(hands: Hands, server: Any) -> None:
    """What its supervisor writes into the store when it dies, and when it dies again."""
    hands.open_sample()
    hands.choose("slow")
    hands.paint()
    hands.generate()
    server.slow.allow(2)
    hands.wait_for("doc.run?.index === 2")
    reason = "The models' process ended (it was killed)."
    server.store.jobs.count_death(server.worker.id, reason, again=True)
    hands.page.locator(".note p").filter(has_text=f"{reason} This edit is tried once more.").wait_for()
    server.slow.allow(4)  # the step that the dead one was in, and three of another's
    hands.wait_for("doc.run?.index === 3")
    server.store.jobs.count_death(server.worker.id, reason, again=True)
    hands.page.locator(".note p").filter(has_text=f"{reason} It was tried twice.").wait_for()
    hands.wait_for("!doc.run && !doc.mask.empty")  # nothing is lost, Generate tries it anew
    assert hands.page.locator(".note p").filter(has_text="tried once more").count() == 0
    server.slow.allow(1)
    hands.press("Dismiss")
    hands.generate()
    server.slow.allow(20)
    hands.wait_for("doc.state.can_undo")
    hands.wait_idle()


def test_a_server_without_its_models_says_so(hands: Hands, server: Any) -> None:
    hands.open_sample()
    server.worker.trouble = sentence = "The models' process ended. It is being started again."
    hands.page.locator(".note p").filter(has_text=sentence).wait_for()
    hands.page.evaluate("(sentence) => window.palimpsest.notifications.note(sentence, 'another')", sentence)
    assert hands.page.locator(".note").count() == 1  # each request that fails of it says it
    server.worker.trouble = None
    hands.page.wait_for_function("!document.querySelector('.note')")


def test_an_edit_that_nobody_works_on_is_called_queued(hands: Hands, server: Any) -> None:
    hands.open_sample()
    hands.choose("slow")
    hands.paint()
    hands.generate()
    hands.status("Generating")
    server.worker.trouble = "No worker is running, so jobs wait."
    hands.status("Queued")
    server.worker.trouble = None
    hands.status("Generating")
    server.slow.allow(20)
    hands.wait_idle()


def waiting(hands: Hands, jobs: int) -> None:
    """Nothing on the page says or shows that one of the jobs runs."""
    hands.wait_for(f"doc.state.trouble && doc.state.running.length === {jobs} && !doc.submitting")
    hands.page.evaluate(DRAWN)
    said = hands.page.locator("#status .status").inner_text(), hands.page.locator("#status .steps").inner_text()
    assert said == ("Queued", "")
    assert hands.page.locator("#status .progress.waiting").count() == 0
    assert hands.page.locator(".queue .detail").all_inner_texts() == ["Queued"] * jobs
    assert "%" not in hands.page.title()


def test_nothing_runs_while_nobody_works_however_often_one_generates(hands: Hands, server: Any) -> None:
    hands.open_sample()
    hands.choose("slow")
    hands.press("Queue")
    hands.paint()
    hands.generate()
    server.slow.allow(6)
    hands.wait_for("doc.run?.index === 6")
    hands.page.locator("#status .steps").filter(has_text="30%").wait_for()
    server.worker.trouble = "No worker is running, so jobs wait."
    hands.status("Queued")
    waiting(hands, 1)
    for jobs in (2, 3):
        hands.paint(200, 60 + 50 * jobs)
        hands.generate()
        waiting(hands, jobs)
    hands.reload()
    hands.status("Queued")
    waiting(hands, 3)
    server.worker.trouble = None
    hands.status("Generating")
    hands.page.locator("#status .steps").filter(has_text="30%").wait_for()
    assert hands.page.locator(".queue .detail").all_inner_texts() == ["30%", "Queued", "Queued"]


def away(hands: Hands) -> None:
    """The server does not answer, and the page says so once, whatever it asks meanwhile."""
    note = hands.page.locator(".note p")
    note.filter(has_text="The server does not answer").wait_for()
    hands.page.evaluate("performance.clearResourceTimings()")  # the browser lists 250 at most
    hands.page.wait_for_function("performance.getEntriesByType('resource').length > 4")
    assert note.count() == 1


def planned(hands: Hands, is_planned: bool = True) -> None:
    """The line of the plan says what the model reads, and the frame shows it, or neither does."""
    hands.page.wait_for_function(
        """(planned) => planned === document.querySelector('#status .plan').textContent.startsWith('Reads')
            && planned === (document.querySelector('.guide.window').childElementCount > 0)""",
        arg=is_planned,
    )


def test_the_plan_is_back_with_the_server(hands: Hands, server: Any) -> None:
    hands.open_sample()
    hands.paint()
    planned(hands)
    server.stop()
    hands.paint(100, 200)
    planned(hands, False)
    away(hands)
    server.start()
    planned(hands)
    assert hands.page.locator(".note").count() == 0
    hands.complaints[:] = [said for said in hands.complaints if "net::ERR_" not in said]


def test_the_plan_is_back_with_the_models(hands: Hands, server: Any) -> None:
    hands.open_sample()
    server.worker.trouble = sentence = "The models' process ended. It is being started again."
    note = hands.page.locator(".note p").filter(has_text=sentence)
    note.wait_for()
    answer = json.dumps({"error": sentence})
    hands.page.route("**/plan", lambda route: route.fulfill(status=503, body=answer))
    with hands.page.expect_response("**/plan"):
        hands.paint()
    planned(hands, False)
    hands.page.unroute_all()
    server.worker.trouble = None
    note.wait_for(state="detached")
    planned(hands)
    hands.complained("503")


def made(hands: Hands) -> list[str]:
    """The prompts of all steps of the document, whatever became of them."""
    tree = hands.server.session.store.revisions.tree(hands.document)
    edits = [hands.server.session.store.revisions.get(node.id).edit for node in tree]
    return [edit.prompt for edit in edits if edit is not None]


@pytest.mark.parametrize("model", ["noise", "flat"])
def test_what_is_generated_while_the_server_is_away_is_sent_when_it_is_back(
    hands: Hands, server: Any, model: str
) -> None:
    """On a history; with a model that the page knows, and with one that it has yet to ask about. One job, one note."""
    hands.open_sample()
    hands.edit("first")
    hands.edit("second")
    hands.paint(80, 200)
    hands.write("third")
    hands.settings()
    mask = hands.mask_bounds
    server.stop()
    hands.page.get_by_role("combobox", name="Model").click()
    hands.page.get_by_role("option", name=model).click()
    hands.page.wait_for_function(f"window.palimpsest.form.values.pipeline === {model!r}")
    hands.press("Generate")
    away(hands)
    assert hands.page.evaluate("window.palimpsest.generation.waiting || window.palimpsest.doc.submitting")
    server.start()
    hands.wait_for("!doc.busy && doc.state.step?.prompt === 'third'")
    hands.wait_idle()
    assert hands.page.locator(".note").count() == 0
    assert made(hands) == ["first", "second", "third"]
    edit: Any = server.session.store.revisions.get(hands.state["head"]).edit
    assert (edit.pipeline, list(edit.mask.box)) == (model, mask)
    assert np.array_equal(hands.drawn(), hands.stored)
    hands.complaints[:] = [said for said in hands.complaints if "net::ERR_" not in said]


def test_a_generate_that_is_given_up_is_the_draft_again(hands: Hands, server: Any) -> None:
    hands.open_sample()
    hands.edit("first")
    hands.paint(80, 200)
    mask = hands.mask_bounds
    server.stop()
    hands.press("Generate")
    away(hands)
    hands.wait_for("doc.requests.retrying")
    hands.key("Control+.")
    hands.wait_for("!doc.submitting && !doc.mask.empty")
    assert hands.mask_bounds == mask
    server.start()
    hands.page.wait_for_function("!document.querySelector('.note')")
    assert made(hands) == ["first"] and hands.mask_bounds == mask
    hands.complaints[:] = [said for said in hands.complaints if "net::ERR_" not in said]


def test_the_start_view_comes_back_with_the_server(hands: Hands, server: Any) -> None:
    hands.page.locator(".samples .card").wait_for()
    server.stop()
    hands.page.locator(".samples .card").click()
    hands.page.locator(".note p").filter(has_text="Not done: the server does not answer").wait_for()
    hands.press("Dismiss")
    hands.page.evaluate("void window.palimpsest.home()")
    away(hands)
    server.start()
    hands.page.wait_for_function("!document.querySelector('.note')")
    hands.open_sample()
    hands.complaints[:] = [said for said in hands.complaints if "net::ERR_" not in said]


def test_a_reload_asks_for_no_module_again(hands: Hands) -> None:
    hands.open_sample()
    hands.reload()
    own = f"performance.getEntriesByType('resource').filter(({{ name }}) => name.includes('{MODULES}'))"
    sizes = hands.page.evaluate(f"{own}.map(({{ name, transferSize }}) => [name, transferSize])")
    modules = [size for name, size in sizes if name.endswith(".js")]
    assert len(modules) > 90 and not any(modules)
