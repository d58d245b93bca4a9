"""The main story, in a real browser: paint, say, watch, undo, go on, come back."""

from typing import Any

import numpy as np

from editor.edits.plan import affected_region
from editor.formats.images import read_image
from tests.browser.hands import PROMPT, Hands
from tests.fakes import PATIENCE


def test_a_whole_edit(hands: Hands, server: Any) -> None:
    hands.open_sample()
    before = hands.stored
    assert np.array_equal(hands.drawn(), before)

    hands.choose("slow")
    hands.paint()
    hands.write("a green couch")
    hands.generate()
    assert hands.page.get_by_role("button", name="Generate").is_visible()  # more may be asked for meanwhile
    hands.status("Generating")

    # previews stand where the result will, and nowhere else
    server.slow.allow(1)
    hands.wait_previews(1)
    early = hands.drawn()
    [revision] = server.session.store.jobs.pending(hands.document)
    allowed = affected_region(revision.edit, server.session.picture(hands.document).box).on(
        server.session.picture(hands.document).box
    )
    changed = (early != before).any(axis=-1)
    assert changed.any() and not changed[allowed == 0].any()
    server.slow.allow(4)
    hands.wait_previews(2)
    hands.wait_for("doc.run.index === 5 && doc.picture.preview")
    assert hands.page.locator("#status .steps").inner_text().startswith("25%")
    assert hands.page.title().startswith("25%")

    server.slow.allow(15)
    hands.wait_idle()
    hands.status("Done")
    after = hands.stored
    assert np.array_equal(hands.drawn(), after)
    assert np.array_equal(after[allowed == 0], before[allowed == 0])
    assert (after != before).any()
    assert hands.mask_bounds is None

    hands.press("Undo")
    hands.status("Undone")
    hands.wait_idle()
    assert np.array_equal(hands.drawn(), before)
    hands.press("Redo")
    hands.status("Redone")
    hands.wait_idle()
    assert np.array_equal(hands.drawn(), after)

    hands.reload()
    hands.wait_idle()
    assert np.array_equal(hands.drawn(), after)
    hands.wait_value(PROMPT, "a green couch")
    assert hands.state["can_undo"]


def test_cancel_leaves_everything_as_it_was(hands: Hands, server: Any) -> None:
    hands.open_sample()
    digest = hands.digest
    hands.choose("slow")
    hands.paint()
    mask = hands.mask_bounds
    hands.generate()
    server.slow.allow(2)
    hands.wait_previews(1)
    hands.press("Cancel")
    hands.status("Cancelled")
    server.slow.allow(1)  # the step it was in
    assert server.slow.closed.wait(PATIENCE)
    hands.wait_idle()
    assert hands.digest == digest
    assert np.array_equal(hands.drawn(), hands.stored)
    assert hands.mask_bounds == mask  # back in hand
    hands.choose("noise")
    hands.edit()  # and the next one works
    assert hands.digest != digest


def test_a_model_that_breaks_says_so_and_the_mask_is_kept(hands: Hands) -> None:
    hands.open_sample()
    digest = hands.digest
    hands.choose("failing")
    hands.paint()
    mask = hands.mask_bounds
    hands.generate()
    assert "the model ran out of paint" in hands.note()
    hands.wait_idle()
    assert hands.mask_bounds == mask
    assert hands.digest == digest
    hands.press("Dismiss")
    assert hands.page.locator(".note").count() == 0


def test_without_a_mask_it_says_what_is_missing(hands: Hands) -> None:
    hands.open_sample()
    hands.page.get_by_role("button", name="Generate").click()
    hands.status("Paint over what should change first.")
    assert not hands.state["running"]


def test_an_empty_prompt_is_an_edit_too(hands: Hands) -> None:
    hands.open_sample()
    hands.edit(prompt="")
    [revision] = [hands.server.session.store.revisions.get(hands.state["head"])]
    assert revision.edit.prompt == ""


def test_the_last_mask_comes_back_after_a_reload_too(hands: Hands) -> None:
    hands.open_sample()
    hands.paint()
    mask = hands.mask_bounds
    hands.generate()
    hands.wait_for("doc.state.can_undo")
    hands.wait_idle()
    assert hands.mask_bounds is None
    hands.whole_mask("Last mask")
    assert hands.mask_bounds == mask
    hands.whole_mask("Clear")
    assert hands.mask_bounds is None
    hands.reload()
    hands.wait_idle()
    hands.key("m")
    hands.wait_for("!doc.mask.empty")
    assert hands.mask_bounds == mask


def test_strokes_are_undone_before_edits(hands: Hands) -> None:
    hands.open_sample()
    hands.edit()
    head = hands.state["head"]
    hands.page.locator(".viewport").focus()
    hands.paint()
    one = hands.mask_bounds
    hands.paint(250, 220)
    hands.key("Control+z")
    assert hands.mask_bounds == one
    hands.key("Control+Shift+z")
    assert hands.mask_bounds != one
    hands.key("Control+z")
    hands.key("Control+z")
    assert hands.mask_bounds is None and hands.state["head"] == head
    hands.key("Control+z")
    hands.wait_for(f"doc.state.head !== {head!r}")


def test_a_mask_that_was_not_sent_survives_a_reload(hands: Hands) -> None:
    hands.open_sample()
    hands.paint()
    mask = hands.mask_bounds
    hands.wait_kept()
    hands.reload()
    hands.wait_for("doc.mask && !doc.mask.empty")
    assert hands.mask_bounds == mask


def test_download(hands: Hands) -> None:
    hands.open_sample()
    hands.edit()
    with hands.page.expect_download() as download:
        hands.save_as("PNG")
    assert download.value.suggested_filename == "Living room.png"
    with open(download.value.path(), "rb") as file:
        assert np.array_equal(read_image(file.read()).pixels, hands.stored)


def test_a_hint_is_shown_and_refuses_nothing(hands: Hands) -> None:
    hands.open_sample()
    hands.write("a zebra")
    hands.page.locator("#status .hint").filter(has_text="nothing but noise").wait_for()
    hands.edit(prompt="a zebra")


def test_a_fixed_seed_gives_the_same_picture_again(hands: Hands) -> None:
    hands.open_sample()
    hands.edit()
    first = hands.digest
    hands.settings()
    hands.wait_value("#seed input", str(hands.server.session.store.revisions.get(hands.state["head"]).edit.seed))
    hands.page.get_by_label("New seed each time").uncheck()
    hands.press("Undo")
    hands.wait_for("!doc.state.can_undo")
    hands.whole_mask("Last mask")
    hands.generate()
    hands.wait_for("doc.state.can_undo")
    assert hands.digest == first


def test_what_a_user_writes_is_never_run(hands: Hands) -> None:
    evil = "${window.pwned=1} {{pwned}} <img src=x onerror='window.pwned=1'><script>window.pwned=1</script>"
    hands.open_sample()
    hands.edit(prompt=evil)
    hands.choose("failing")
    hands.paint()
    hands.write(evil)
    hands.generate()
    hands.note()
    hands.reload()
    hands.wait_idle()
    hands.wait_value(PROMPT, evil)
    hands.goto(f"?doc={evil}")
    assert "There is no document and no picture" in hands.note()
    hands.complained("404")
    assert hands.page.evaluate("window.pwned") is None


def test_the_status_is_about_what_runs_and_stays_within_the_dock(hands: Hands) -> None:
    hands.open_sample()
    hands.edit("a vase")
    status = hands.page.locator("#status .status")
    assert status.text_content() == "Done."
    hands.choose("slow")
    hands.paint(100, 100)
    hands.write("a xylophone of many colours that nobody has ever heard of before")
    hands.page.wait_for_function("document.querySelector('#status .plan').textContent")
    assert status.text_content() == ""  # the job before is not what the estimate is about
    hands.generate()
    hands.paint(160, 160)
    hands.write("another")
    hands.generate()
    for _ in range(2):
        hands.server.slow.allow(10)
        hands.page.wait_for_function("document.querySelector('#status .steps').textContent.includes('%')")
        assert status.text_content() != "Done."
        hands.server.slow.allow(30)
    hands.wait_idle()
    for text in ("a very long remark about words " * 8, ""):
        hands.page.evaluate("text => window.palimpsest.notifications.hint(text)", text)
        within = """() => {
            const dock = document.querySelector("#dock").getBoundingClientRect();
            const parts = [...document.querySelectorAll("#status .line > span:not(:empty)")];
            return parts.every((part) => part.getBoundingClientRect().right <= dock.right);
        }"""
        assert hands.page.evaluate(within), text
