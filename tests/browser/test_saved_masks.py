"""Masks saved under a name: they come back as they were, each with its document, and none is lost by a slip."""

from typing import Any

import numpy as np

from tests.browser.hands import Hands
from tests.browser.test_keys import mask_area
from tests.browser.test_selecting import mask


def dialog(hands: Hands) -> Any:
    hands.whole_mask("Saved masks…")
    return hands.page.get_by_role("dialog", name="Saved masks")


def close(hands: Hands) -> None:
    hands.page.get_by_role("dialog").get_by_role("button", name="Close", exact=True).click()
    hands.page.locator("dialog").wait_for(state="detached")


def save(hands: Hands, name: str) -> None:
    saved = dialog(hands)
    saved.get_by_role("textbox", name="Name of the mask").fill(name)
    hands.key("Enter")
    saved.get_by_text("is saved in this browser").wait_for()
    close(hands)


def rows(saved: Any) -> list[str]:
    return [str(text) for text in saved.locator("li .title").all_inner_texts()]


def test_masks_are_saved_and_come_back_over_a_reload_as_they_were(hands: Hands) -> None:
    hands.open_steps()
    for _ in range(5):
        hands.key("{")
    hands.paint(100, 80)
    soft = mask(hands)
    save(hands, "left")
    hands.key("x")
    hands.page.evaluate("window.palimpsest.tool.set('hardness', 1)")
    hands.press("Rectangle")
    hands.drag((200, 150), (280, 220))
    box = mask(hands)
    save(hands, "right")
    hands.wait_kept()
    hands.reload()
    hands.wait_idle()
    saved = dialog(hands)
    saved.get_by_role("button", name="Load left").wait_for()
    assert rows(saved) == ["right", "left"]
    saved.get_by_role("button", name="Load left").click()
    hands.page.locator("dialog").wait_for(state="detached")
    assert np.array_equal(mask(hands), soft)  # in place of what was there
    dialog(hands).get_by_role("button", name="Add right to the mask").click()
    hands.page.locator("dialog").wait_for(state="detached")
    assert np.array_equal(mask(hands), np.maximum(soft, box))
    hands.key("Control+z")
    assert np.array_equal(mask(hands), soft)
    hands.page.evaluate("window.palimpsest.home()")
    hands.open_sample()
    other = dialog(hands)
    other.get_by_text("Paint a mask to save it here.").wait_for()
    assert rows(other) == [] and other.get_by_role("button", name="Save mask").is_disabled()
    close(hands)


def test_a_name_is_given_once_changed_and_deleted_and_had_back(hands: Hands) -> None:
    hands.open_steps()
    hands.paint(100, 80)
    first = mask(hands)
    save(hands, "vase")
    hands.paint(200, 180)
    saved = dialog(hands)
    name = saved.get_by_role("textbox", name="Name of the mask")
    name.fill("vase")
    hands.key("Enter")
    saved.get_by_text("There is already a mask “vase”.").wait_for()
    name.fill("")
    hands.press("Save mask")
    saved.get_by_text("“Mask 2” is saved").wait_for()
    saved.get_by_role("button", name="Rename Mask 2").click()
    saved.get_by_role("textbox", name="Rename Mask 2").fill("vase")
    hands.key("Enter")
    saved.get_by_text("There is already a mask “vase”.").wait_for()
    assert sorted(rows(saved)) == ["Mask 2", "vase"]
    saved.get_by_role("button", name="Rename Mask 2").click()
    saved.get_by_role("textbox", name="Rename Mask 2").fill("both")
    hands.key("Enter")
    saved.get_by_role("button", name="Load both").wait_for()
    saved.get_by_role("button", name="Delete vase").click()
    saved.get_by_text("vase was deleted.").wait_for()
    assert rows(saved) == ["both"]
    saved.get_by_role("button", name="Undo", exact=True).click()
    saved.get_by_role("button", name="Load vase").click()
    hands.page.locator("dialog").wait_for(state="detached")
    assert np.array_equal(mask(hands), first)


def test_a_mask_that_the_picture_has_no_place_for_changes_nothing(hands: Hands) -> None:
    hands.open_sample()
    hands.press("Rectangle")
    hands.drag((220, 150), (300, 220))
    save(hands, "corner")
    hands.key("x")
    hands.intend("Expand")
    hands.page.evaluate("window.palimpsest.doc.frame.set([0, 0, 200, 270])")
    hands.press("Generate")
    hands.wait_for("doc.picture.box[2] === 200")
    hands.intend("Fill")
    hands.drag((50, 50), (100, 100))
    area = mask_area(hands)
    saved = dialog(hands)
    saved.get_by_role("button", name="Load corner").click()
    saved.get_by_text("lies outside the picture as it is now").wait_for()
    close(hands)
    assert mask_area(hands) == area


def test_a_browser_that_stores_nothing_says_so(hands: Hands) -> None:
    hands.tidy = False
    hands.open_sample()
    hands.paint()
    full = "IDBObjectStore.prototype.add = () => { throw new DOMException('The disk is full.', 'QuotaExceededError'); }"
    hands.page.evaluate(f"() => {{ {full} }}")
    saved = dialog(hands)
    hands.press("Save mask")
    saved.get_by_text("The browser could not do this: The disk is full.").wait_for()
    hands.lasting = False
