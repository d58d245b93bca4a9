"""Selecting by words in a real browser: the networks are scripted, what becomes of their answers is not."""

from collections.abc import Iterator
from threading import Event
from typing import Any

import numpy as np
import pytest

from editor.imaging.named_parts import coarser, part_boxes
from editor.imaging.object_edges import object_mask
from editor.imaging.picture import Picture
from editor.imaging.raster import Pixels
from editor.object_selector import ObjectSelector
from pipelines.selection.prompt import LONGEST_WORDS, Prompt
from tests.browser.hands import Hands, photo
from tests.browser.test_selecting import mask
from tests.fakes import NOT_INSTALLED, source

WIDTH, HEIGHT = SIZE = (320, 270)
PLACES = {"the dog": [(100, 120)], "sky": [(250, 100)], "天空": [(250, 100)], "both": [(100, 120), (250, 100)]}


class Discs:
    """Finds discs by words, while it may."""

    def __init__(self) -> None:
        self.free = Event()
        self.free.set()

    def logits(self, pixels: Any, words: str) -> Any:
        self.free.wait(60)
        down, across = np.mgrid[:352, :352]
        discs = [50 - np.hypot(across - x, down - y) for x, y in PLACES.get(words, [(-1000, -1000)])]
        return np.maximum.reduce(discs).astype(np.float32)


class Halves:
    """Finds the left half of a box; of a point's object, nothing."""

    def encode(self, pixels: Any) -> Any:
        return None

    def logits(self, embedding: Any, prompt: Prompt, size: tuple[int, int], previous: Any) -> Any:
        answer = np.full((256, 256), -5, np.float32)
        if prompt.box is not None:
            x, y, across, down = prompt.box
            rows, columns = np.array([y, y + down]) * 256 / size[1], np.array([x, x + across / 2]) * 256 / size[0]
            answer[slice(*rows.astype(int)), slice(*columns.astype(int))] = 5
        return answer


@pytest.fixture
def discs() -> Discs:
    return Discs()


@pytest.fixture
def named(hands: Hands, discs: Discs) -> Iterator[Hands]:
    """The sample, on a server that has the network for words alone."""
    hands.server.answers.selector = ObjectSelector(hands.server.store, NOT_INSTALLED, source(discs))
    hands.open_sample()
    hands.press("Smart select")
    yield hands
    discs.free.set()
    hands.server.answers.selector = None


def field(hands: Hands) -> Any:
    return hands.page.get_by_role("textbox", name="Select by words")


def say(hands: Hands, words: str, key: str = "Enter") -> None:
    field(hands).fill(words)
    field(hands).press(key)
    hands.page.wait_for_function("!window.palimpsest.objects.waiting")


def steps(hands: Hands) -> int:
    return int(hands.page.evaluate("window.palimpsest.doc.draft.undoSteps.length"))


def expected(*words: str) -> Pixels:
    picture = Picture.from_pixels(photo(*SIZE))
    each = [object_mask(picture, coarser(Discs().logits(None, one))).on(picture.box) for one in words]
    return np.maximum.reduce(each)


def test_without_its_model_there_is_no_field(hands: Hands) -> None:
    hands.open_sample()
    hands.press("Smart select")
    hands.page.get_by_role("button", name="Get the object selector").wait_for()
    assert field(hands).count() == 0


def test_words_add_to_the_mask_and_take_away(named: Hands) -> None:
    say(named, "the dog")
    dog = expected("the dog")
    assert dog.any() and np.array_equal(mask(named), dog) and steps(named) == 1
    say(named, " sky ")
    both = expected("the dog", "sky")
    assert np.array_equal(mask(named), both) and steps(named) == 2
    say(named, "the dog", "Alt+Enter")
    assert np.array_equal(mask(named), np.minimum(both, 255 - dog)) and steps(named) == 3
    assert field(named).input_value() == "the dog"  # to be changed
    say(named, "a unicorn")
    named.status("Nothing was found there.")
    say(named, "  ")
    assert steps(named) == 3 and not named.page.locator(".note").count()
    say(named, "a" * (LONGEST_WORDS + 1))
    assert "at most" in named.note()
    named.complained("400")
    named.key("Escape")  # out of the field
    named.key("Control+z")
    assert np.array_equal(mask(named), both)
    named.press("Brush")
    assert field(named).count() == 0


def test_words_of_an_input_method_are_not_sent_before_they_are_whole(named: Hands) -> None:
    field(named).fill("天空")
    field(named).evaluate(
        """(field) => field.dispatchEvent(
            new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true }))"""
    )
    assert named.page.evaluate("window.palimpsest.objects.waiting") == 0
    say(named, "天空")
    assert np.array_equal(mask(named), expected("sky"))


def test_each_named_part_becomes_the_object_in_its_box(named: Hands, discs: Discs) -> None:
    named.server.answers.selector = ObjectSelector(named.server.store, source(Halves()), source(discs))
    named.press("Brush")
    named.press("Smart select")
    named.page.get_by_role("status").filter(has_text="Click an object or drag a box").wait_for()
    say(named, "both")
    boxes = part_boxes(Discs().logits(None, "both"), SIZE)
    logits = np.maximum(*[Halves().logits(None, Prompt((), box), SIZE, None) for box in boxes])
    picture = Picture.from_pixels(photo(*SIZE))
    assert np.array_equal(mask(named), object_mask(picture, logits).on(picture.box)) and steps(named) == 1


def begin_reading(named: Hands, discs: Discs) -> None:
    """Asks for the sky, and the network does not answer yet."""
    discs.free.clear()
    field(named).fill("sky")
    field(named).press("Enter")
    named.page.get_by_role("status").filter(has_text="Reading the picture").wait_for()


def test_other_things_are_done_while_the_network_works(named: Hands, discs: Discs) -> None:
    begin_reading(named, discs)
    named.press("Rectangle")
    named.drag((20, 20), (60, 60))
    named.wait_for("!doc.mask.empty")
    painted = mask(named)
    discs.free.set()
    named.page.wait_for_function("!window.palimpsest.objects.waiting")
    assert np.array_equal(mask(named), np.maximum(painted, expected("sky"))) and steps(named) == 2


def test_an_answer_about_a_picture_that_is_no_longer_shown_is_dropped(named: Hands, discs: Discs) -> None:
    begin_reading(named, discs)
    named.press("Brush")
    named.edit()
    discs.free.set()
    named.page.wait_for_function("!window.palimpsest.objects.waiting")
    assert named.mask_bounds is None
