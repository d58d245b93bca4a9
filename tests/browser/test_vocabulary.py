"""What the model can paint: pictures to choose from beside the prompt, where the model has a list of them."""

import json
from typing import Any

import pytest

from pipelines.training.scenes.places import PLACES
from pipelines.training.scenes.things import KINDS
from tests.browser.hands import Hands
from tests.fakes import PAINTED

FOCUSED = "(one) => one === document.activeElement"
LIST = json.loads((PAINTED / "kinds.json").read_text())


def button(hands: Hands) -> Any:
    return hands.page.get_by_role("button", name="What can it paint?", exact=True)


def panel(hands: Hands) -> Any:
    return hands.page.get_by_role("dialog", name="What can it paint?")


def pictures(hands: Hands) -> Any:
    return panel(hands).get_by_role("list", name="What can it paint?").get_by_role("button")


def search(hands: Hands) -> Any:
    return panel(hands).get_by_role("searchbox", name="Search what it can paint")


def opened(hands: Hands) -> None:
    hands.open_sample()
    button(hands).click()
    pictures(hands).first.wait_for()


def has(hands: Hands, prompt: str) -> None:
    """The prompt says so, and so does the form."""
    assert hands.prompt.input_value() == prompt
    hands.page.wait_for_function("(prompt) => window.palimpsest.form.values.prompt === prompt", arg=prompt)


def test_every_kind_is_shown_with_its_own_picture(hands: Hands) -> None:
    opened(hands)
    assert pictures(hands).all_text_contents() == list(KINDS)
    places = panel(hands).get_by_role("radio")
    assert places.count() == 1 + len(PLACES) and places.first.is_checked()
    sheet = hands.page.evaluate(
        """async () => {
            const url = getComputedStyle(document.querySelector(".kind-picture")).backgroundImage.slice(5, -2);
            const { naturalWidth, naturalHeight } = await new Promise((loaded, failed) => {
                const image = new Image();
                Object.assign(image, { onload: () => loaded(image), onerror: failed, src: url });
            });
            return [naturalWidth, naturalHeight];
        }"""
    )
    shown = hands.page.locator(".kind-picture").evaluate_all(
        """all => all.map((one) => {
            const { backgroundPosition, backgroundSize } = getComputedStyle(one);
            const shares = (text) => text.split(" ").map((share) => parseFloat(share) / 100);
            const [x, y] = shares(backgroundPosition), [wide, high] = shares(backgroundSize);
            return [Math.round(x * (wide - 1)), Math.round(y * (high - 1)), wide, high];
        })"""
    )
    columns, side = LIST["columns"], LIST["side"]
    assert [round(size / side) for size in sheet] == [shown[0][2], shown[0][3]]
    assert [at[:2] for at in shown] == [[i % columns, i // columns] for i in range(len(KINDS))]


def test_a_search_a_place_and_words_narrow_what_is_shown(hands: Hands) -> None:
    opened(hands)
    assert search(hands).evaluate(FOCUSED)
    hands.page.keyboard.type("bALL")
    assert pictures(hands).all_text_contents() == ["ball", "hot air balloon", "balloon"]
    hands.page.keyboard.type("erina")
    panel(hands).get_by_text("It knows nothing like that.").wait_for()
    assert pictures(hands).count() == 0
    search(hands).fill("")
    panel(hands).get_by_text("Under the sea").click()
    assert "fish" in pictures(hands).all_text_contents() and "couch" not in pictures(hands).all_text_contents()
    panel(hands).get_by_role("button", name="striped").click()
    assert pictures(hands).all_text_contents() == [
        name for name, kind in zip(KINDS, LIST["kinds"], strict=True)
        if "under the sea" in kind["places"] and "striped" in kind["patterns"]
    ]  # fmt: skip
    button(hands).click()
    button(hands).click()  # the place stays, the words do not
    assert panel(hands).get_by_role("radio", name="Under the sea").is_checked()
    assert panel(hands).get_by_role("button", name="striped").get_attribute("aria-pressed") == "false"
    hands.tidy = False


def test_a_click_puts_the_noun_into_the_prompt(hands: Hands) -> None:
    opened(hands)
    pictures(hands).filter(has_text="armchair").click()
    assert panel(hands).is_hidden() and hands.prompt.evaluate(FOCUSED)
    has(hands, "an armchair")
    hands.page.keyboard.type(" next to the window")  # the caret stands behind it
    hands.prompt.evaluate("(field) => field.setSelectionRange(11, 11)")
    button(hands).click()
    for word in ("two", "red"):
        panel(hands).get_by_role("button", name=word, exact=True).click()
    assert "couch" not in pictures(hands).all_text_contents()  # of which two never come
    search(hands).fill("fis")
    hands.key("Enter")
    has(hands, "an armchair and two red fish next to the window")
    hands.page.keyboard.type(" in it")
    has(hands, "an armchair and two red fish in it next to the window")
    assert hands.page.evaluate("!window.palimpsest.doc.busy")  # nothing was sent


def test_the_keyboard_leads_to_every_picture_and_back(hands: Hands) -> None:
    hands.open_sample()
    button(hands).focus()
    hands.key("Enter")
    pictures(hands).first.wait_for()
    hands.page.wait_for_function("document.activeElement.type === 'search'")
    hands.key("ArrowDown")
    assert pictures(hands).first.evaluate(FOCUSED)
    hands.key("ArrowRight")
    assert pictures(hands).nth(1).evaluate(FOCUSED)
    hands.key("ArrowDown")
    below = pictures(hands).evaluate_all("all => all.indexOf(document.activeElement)")
    assert below > 2 and pictures(hands).nth(below).bounding_box()["x"] == pictures(hands).nth(1).bounding_box()["x"]
    hands.key("e")  # a letter chooses no tool behind it
    assert hands.page.evaluate("window.palimpsest.tool.name") == "brush"
    hands.key("End")
    assert pictures(hands).last.evaluate(FOCUSED)
    hands.key("ArrowRight")
    assert pictures(hands).last.evaluate(FOCUSED)
    hands.key("Home")
    hands.key("ArrowUp")
    assert search(hands).evaluate(FOCUSED)
    hands.key("Escape")
    assert panel(hands).is_hidden() and button(hands).evaluate(FOCUSED)
    hands.key("Enter")
    pictures(hands).first.wait_for()
    hands.page.wait_for_function("document.activeElement.type === 'search'")
    hands.key("ArrowDown")
    hands.key("Enter")
    has(hands, "a couch")


def test_what_lies_beside_it_closes_it_and_works(hands: Hands) -> None:
    opened(hands)
    button(hands).click()
    assert panel(hands).is_hidden()
    button(hands).click()
    hands.prompt.click()
    assert panel(hands).is_hidden() and hands.prompt.evaluate(FOCUSED)


def test_the_hint_about_strange_words_leads_there(hands: Hands) -> None:
    hands.open_sample()
    hands.write("a zebra")
    hands.page.get_by_role("button", name="See what it can paint", exact=True).click()
    pictures(hands).first.wait_for()
    hands.key("Escape")
    hands.write("noise")
    hands.page.get_by_role("button", name="See what it can paint", exact=True).wait_for(state="detached")


def test_a_model_without_a_list_has_none(hands: Hands) -> None:
    hands.open_sample()
    button(hands).wait_for()
    for model in ("flat", "Photographs"):
        hands.choose(model)
        button(hands).wait_for(state="hidden")
    hands.choose("noise")
    button(hands).wait_for()


@pytest.mark.parametrize("reason", ["server", "browser"])
def test_a_list_that_does_not_come_is_said_and_asked_for_again(hands: Hands, reason: str) -> None:
    hands.tidy = False
    hands.goto()  # nothing is read yet
    hands.open_sample()
    said = {"error": "It is gone."}
    fail = {"server": lambda route: route.fulfill(status=404, json=said), "browser": lambda route: route.abort()}
    hands.page.route("**/kinds.json*", fail[reason])
    button(hands).click()
    sentence = {"server": "It is gone.", "browser": "the server does not answer"}
    panel(hands).get_by_text(sentence[reason]).wait_for()
    hands.key("Escape")
    hands.page.unroute_all()
    button(hands).click()
    pictures(hands).first.wait_for()
    hands.complaints.clear()
