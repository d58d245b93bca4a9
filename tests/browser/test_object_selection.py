"""Selecting objects with a click: a real server process, its models' process with a SAM 2 of tiny size, a real browser.

Its weights are random, so what is selected means nothing; but it has to be what that network says, to the pixel.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from editor.formats.images import encode_png
from editor.imaging.object_edges import object_mask
from editor.imaging.picture import Picture
from editor.imaging.raster import Pixels
from pipelines.selection.prompt import Point, Prompt
from pipelines.selection.segmenter import load_segmenter
from tests import tiny_sam2
from tests.browser.hands import NO_TOUR, SIZE, Hands, photo
from tests.browser.test_selecting import mask
from tests.server_process import Client, ServerProcess, said

WIDTH, HEIGHT = 640, 420
READY = "Click an object or drag a box"


class Network:
    """The network that the server has, asked here."""

    def __init__(self, snapshot: Path) -> None:
        self.segmenter, self.pixels = load_segmenter(snapshot), photo(WIDTH, HEIGHT)
        self.encoding = self.segmenter.encode(self.pixels)

    def mask(self, *points: tuple[int, int, bool], box: tuple[int, int, int, int] | None = None) -> Pixels:
        """The object that these mean, uint8 of the picture's size."""
        prompt = Prompt(tuple(Point(*point) for point in points), box)
        logits = self.logits(prompt).astype(np.float16).astype(np.float32)
        picture = Picture.from_pixels(self.pixels)
        return object_mask(picture, logits).on(picture.box)

    def logits(self, prompt: Prompt) -> Any:
        before = None if not prompt.points or prompt.before.empty else self.logits(prompt.before)
        return self.segmenter.logits(self.encoding, prompt, (WIDTH, HEIGHT), before)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("object-selection")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_CACHE", str(cache))
        patch.setenv("HF_HUB_OFFLINE", "1")
        with ServerProcess(folder / "data", folder / "log", ("app.py", "--pipeline", "classical")) as server:
            yield server


@pytest.fixture
def hands(chromium: Any, process: ServerProcess, request: pytest.FixtureRequest) -> Iterator[Hands]:
    """A visitor of that server, before a new document of it."""
    context = chromium.new_context(viewport=SIZE)
    context.set_default_timeout(60_000)
    context.add_init_script(f"try {{ {NO_TOUR} }} catch {{}}")
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("console", lambda said: said.type == "error" and complaints.append(f"{said.text} {said.location}"))
    with (client := Client(process.url)).http:
        state = said(client.post("documents?name=Room", encode_png(photo(WIDTH, HEIGHT))))
    hands = Hands(page, process, complaints)
    hands.page.goto(f"{process.url}/?doc={state['document']}")
    hands._arrived()
    hands.wait_idle()
    yield hands
    context.close()
    assert complaints == []


def shows(hands: Hands, sentence: str) -> None:
    hands.page.get_by_role("toolbar", name="Tool options").get_by_role("status").filter(has_text=sentence).wait_for()


def click(hands: Hands, x: int, y: int, key: str = "") -> None:
    if key:
        hands.page.keyboard.down(key)
    left, top = hands.client(x + 0.5, y + 0.5)
    hands.page.mouse.move(left, top)
    hands.page.mouse.click(left, top)
    if key:
        hands.page.keyboard.up(key)
    hands.page.wait_for_function("!window.palimpsest.objects.waiting")


def steps(hands: Hands) -> int:
    return int(hands.page.evaluate("window.palimpsest.doc.draft.undoSteps.length"))


def lines(hands: Hands, name: str) -> int:
    return hands.page.locator(f".guide.{name} path").count()


def test_without_a_model_the_tool_says_what_it_goes_by_and_where_the_model_is_to_be_had(hands: Hands) -> None:
    hands.press("Smart select")
    shows(hands, "By colour and edges")
    assert hands.page.get_by_role("slider", name="Size").is_visible()
    hands.drag((200, 200), (300, 220))
    hands.wait_for("!doc.mask.empty")
    hands.press("Get the object selector")
    hands.page.wait_for_function("window.palimpsest.panels.side.tab === 'models'")


def test_objects_are_clicked_boxed_refined_and_taken_back(hands: Hands, cache: Path) -> None:
    """The model comes while the page is open; from then on one long history of a mask."""
    network = Network(next(iter(cache.glob("*/snapshots/*")), None) or tiny_sam2.install(cache))
    on, off, more = (200, 150, True), (260, 170, False), (330, 240, True)
    hands.press("Brush")
    hands.press("Smart select")  # taken up anew it asks again
    shows(hands, READY)
    assert not hands.page.get_by_role("slider", name="Size").is_visible()

    hands.page.mouse.move(*hands.client(200.5, 150.5))
    hands.page.locator(".guide.look path").first.wait_for()  # what a click would take
    assert hands.mask_bounds is None
    click(hands, 200, 150)
    first = network.mask(on)
    assert np.array_equal(mask(hands), first) and first.any() and steps(hands) == 1
    assert lines(hands, "inside") and not lines(hands, "look")

    click(hands, 260, 170, "Alt")  # within its bounds: beside the object
    refined = network.mask(on, off)
    assert np.array_equal(mask(hands), refined) and steps(hands) == 1 and lines(hands, "beside")
    assert not np.array_equal(refined, first)
    click(hands, 330, 240)
    assert np.array_equal(mask(hands), network.mask(on, off, more)) and steps(hands) == 1
    hands.key("Backspace")
    hands.page.wait_for_function("!window.palimpsest.objects.waiting")
    assert np.array_equal(mask(hands), refined) and steps(hands) == 1

    hands.key("Enter")  # it is as it should be
    assert not lines(hands, "inside")
    click(hands, 330, 240)
    both = np.maximum(refined, network.mask(more))
    assert np.array_equal(mask(hands), both) and steps(hands) == 2
    hands.key("Enter")
    click(hands, 100, 60, "Alt")
    assert np.array_equal(mask(hands), np.minimum(both, 255 - network.mask((100, 60, True))))
    hands.key("Escape")  # taken back, and nothing else
    assert np.array_equal(mask(hands), both) and not lines(hands, "inside")
    hands.key("Control+z")
    assert np.array_equal(mask(hands), refined)
    hands.key("Control+z")
    assert hands.mask_bounds is None

    hands.drag((101.5, 81.5), (401.5, 301.5))
    hands.page.wait_for_function("!window.palimpsest.objects.waiting")
    box = hands.page.evaluate("window.palimpsest.objects.object.box")
    assert max(abs(a - b) for a, b in zip(box, (101, 81, 301, 221), strict=True)) <= 1
    assert np.array_equal(mask(hands), network.mask(box=tuple(box)))
    click(hands, 300, 200, "Alt")
    assert np.array_equal(mask(hands), network.mask((300, 200, False), box=tuple(box))) and steps(hands) == 1
    hands.press("Rectangle")
    hands.drag((500, 300), (540, 340))
    hands.press("Smart select")
    shows(hands, READY)
    before = mask(hands)
    click(hands, 300, 200)  # another object: something was painted since
    assert np.array_equal(mask(hands), np.maximum(before, network.mask((300, 200, True)))) and steps(hands) == 3


def test_the_tool_reads_each_picture_once_and_waits_for_it_with_the_click(hands: Hands, cache: Path) -> None:
    network = Network(next(iter(cache.glob("*/snapshots/*")), None) or tiny_sam2.install(cache))
    asked: list[str] = []
    hands.page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/select") else None)
    hands.key("a")
    shows(hands, READY)
    after = len(asked)
    for name in ("Brush", "Lasso", "Magic wand", "Eraser"):  # nothing is asked for them
        hands.press(name)
    assert len(asked) == after
    hands.press("Rectangle")
    hands.drag((300, 200), (360, 260))
    hands.page.get_by_role("button", name="Generate").click()
    hands.wait_for("doc.state.can_undo")
    hands.wait_idle()
    network.pixels = hands.drawn()
    network.encoding = network.segmenter.encode(network.pixels)
    hands.key("a")
    click(hands, 330, 230)  # before it is said that the new picture is read
    assert np.array_equal(mask(hands), network.mask((330, 230, True)))
    models = hands.server.models_process()
    assert models is not None
    os.kill(models, signal.SIGKILL)  # the encodings go with it
    hands.key("Enter")
    click(hands, 100, 100)
    expected = np.maximum(network.mask((330, 230, True)), network.mask((100, 100, True)))
    assert np.array_equal(mask(hands), expected)
