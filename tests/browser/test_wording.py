"""Words that the model was never taught: what the page says of them, and what is painted in the end."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Server, visiting
from tests.browser.hands import Hands
from tests.fakes import NoisePipeline

WORDS = Path(__file__).parents[2] / "assets/weights/glide-mini/words.txt"


class Taught(NoisePipeline):
    """Noise that was taught the embedded model's words."""

    vocabulary = frozenset(WORDS.read_text().split())

    def hint(self, prompt: str) -> str:
        return ""


@pytest.fixture
def visitor(chromium: Any, tmp_path: Path) -> Iterator[Hands]:
    with visiting(chromium, Server(tmp_path, more=[Taught(name="taught")])) as hands:
        hands.choose("taught")
        yield hands


def hint(hands: Hands, text: str) -> None:
    hands.page.locator("#status .hint").filter(has_text=text).wait_for()


def edit(hands: Hands) -> Any:
    return hands.server.session.store.revisions.get(hands.state["head"]).edit


def test_what_is_painted_is_said_and_kept_and_the_exact_words_are_a_press_away(visitor: Hands) -> None:
    hands = visitor
    hands.write("a green velvet taxi")
    hint(hands, "Will be painted as “a green car”. Left out: “velvet”.")
    assert hands.page.locator(".marks .strange").all_text_contents() == ["velvet"]
    hands.edit(prompt="a green velvet taxi")
    made = edit(hands)
    assert (made.prompt, made.painted_as) == ("a green velvet taxi", "a green car")
    hands.press("Use my exact words")
    hint(hands, "word for word")
    hands.edit(prompt="a green velvet taxi")
    exact = edit(hands)
    assert (exact.prompt, exact.painted_as) == ("a green velvet taxi", "")
    hands.press("Use words it knows")
    hint(hands, "Will be painted as “a green car”.")
    hands.press("Use my exact words")
    hands.write("a red velvet taxi")  # of which that was not said
    hint(hands, "Will be painted as “a red car”.")
    hands.press("History")
    hands.page.locator(".step-card summary").click()
    details = hands.page.locator(".step-card details p")
    assert not details.filter(has_text="Painted as").count()  # of the last step, word for word
    hands.key("Control+z")
    details.filter(has_text="Painted as “a green car”").wait_for()
    hands.write("a green car")
    hands.page.locator("#status .hint:empty").wait_for(state="attached")


def test_a_thing_that_is_unknown_is_said_and_others_are_offered(visitor: Hands) -> None:
    hands = visitor
    hands.edit(prompt="a red lamp")
    hands.write("a Fireplace on the wall")
    hint(hands, "was never taught “fireplace”. Instead:")
    hands.page.locator("#status .hint").get_by_role("button").first.click()
    hands.page.wait_for_function("/^a (?!Fireplace)\\w+ on the wall$/.test(window.palimpsest.form.values.prompt)")
    hands.page.locator("#status .hint:empty").wait_for(state="attached")


def test_what_is_picked_among_all_it_can_paint_takes_the_place_of_an_unknown_thing(visitor: Hands) -> None:
    hands = visitor
    hands.write("a Fireplace on the wall")
    hint(hands, "was never taught “fireplace”.")
    hands.page.locator("#status .hint").get_by_role("button", name="See what it can paint").click()
    sheet = hands.page.get_by_role("dialog", name="What can it paint?")
    sheet.get_by_role("button", name="armchair", exact=True).click()
    hands.page.wait_for_function("window.palimpsest.form.values.prompt === 'an armchair on the wall'")
    hands.page.locator("#status .hint:empty").wait_for(state="attached")


def test_who_asks_to_remove_is_offered_the_mode(visitor: Hands) -> None:
    hands = visitor
    hands.write("remove the dog")
    hint(hands, "A prompt says what to add.")
    hands.press("Remove what is masked")
    hands.page.wait_for_function("window.palimpsest.form.intent === 'remove'")
    hands.intend("Fill")
