"""Adapters in the page, with a tiny model of diffusers and real files: added, weighted, looked up, amended, kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("diffusers")

from pipelines.base import Adapter, Setup
from pipelines.hf.families import network_of
from pipelines.hf.loading import load_hf
from tests import tiny_adapters, tiny_diffusers
from tests.browser.conftest import Server, visiting
from tests.browser.hands import Hands, photo
from tests.browser.test_replay import amend, send
from tests.models.test_adapters import made as made_pipe

# Gradio, its server and its client, leave event loops and sockets to the garbage collector
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Stable Diffusion, two adapters for it, and one for another model."""
    folder = tmp_path_factory.mktemp("files")
    tiny_diffusers.save("sd-9", folder / "tiny-sd")
    network = network_of(made_pipe("sd-9"))
    (folder / "adapters").mkdir()
    tiny_adapters.lora(network, folder / "adapters" / "velvet.safetensors", "peft", "unet")
    tiny_adapters.ip_adapter(network, folder / "adapters" / "likeness" / "likeness.safetensors")
    other = network_of(made_pipe("sdxl-4"))
    tiny_adapters.lora(other, folder / "adapters" / "foreign.safetensors", "peft", "unet")
    return folder


@pytest.fixture
def visitor(chromium: Any, tmp_path: Path, files: Path) -> Iterator[Hands]:
    name = f"hf:{files / 'tiny-sd'}"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "adapters").symlink_to(files / "adapters")
    pipeline = load_hf(str(files / "tiny-sd"), name, Setup(), False)
    with visiting(chromium, Server(tmp_path, more=[pipeline]), viewport={"width": 1440, "height": 900}) as hands:
        yield hands


def section(hands: Hands) -> Any:
    return hands.page.locator(".adapters:not(.server-key)")


def row(hands: Hands, title: str) -> Any:
    return section(hands).locator("li").filter(has=hands.page.get_by_text(title, exact=True))


def open_section(hands: Hands) -> None:
    hands.page.evaluate("window.palimpsest.panels.side.open('settings')")
    if section(hands).get_attribute("open") is None:
        section(hands).locator("summary").click()


def strength(hands: Hands, title: str, weight: float) -> None:
    slider = hands.page.get_by_role("slider", name=f"Strength of {title}")
    slider.fill(str(weight))
    hands.page.wait_for_function(f"window.palimpsest.form.adapters.chosen.some(({{ weight }}) => weight === {weight})")


def newest(hands: Hands, act: Any) -> Any:
    """The edit that comes of what `act` does."""
    head = hands.state["head"]
    act()
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    return hands.server.session.store.revisions.get(hands.state["head"]).edit


def reference_width(hands: Hands, width: int) -> None:
    """Wait until the reference on show is so many pixels wide."""
    hands.page.wait_for_function(
        "width => document.querySelector('.adapter-reference img').naturalWidth === width", arg=width
    )


def test_adapters_are_added_weighted_amended_and_kept(visitor: Hands, files: Path) -> None:
    hands, page = visitor, visitor.page
    velvet = str((files / "adapters" / "velvet.safetensors").resolve())
    open_section(hands)
    row(hands, "velvet").get_by_text("This model takes no adapters").wait_for()
    assert page.get_by_role("button", name="Add velvet").count() == 0
    hands.choose("tiny-sd")
    page.get_by_role("button", name="Add velvet").wait_for()
    row(hands, "foreign").get_by_text("was made for another model").wait_for()
    assert page.get_by_role("button", name="Add foreign").count() == 0
    page.get_by_role("spinbutton", name="number input for Steps").fill("2")

    page.get_by_role("button", name="Add velvet").click()
    strength(hands, "velvet", 0.5)
    section(hands).get_by_text("1 in use").wait_for()
    hands.paint()
    hands.write("a lamp")
    edit = newest(hands, hands.generate)
    assert edit.adapters == (Adapter(velvet, 0.5),) and edit.reference is None

    page.get_by_role("button", name="Add likeness").click()
    reference = section(hands).get_by_role("group", name="Reference picture")
    reference.get_by_text("imitates a picture").wait_for()
    hands.paint(100, 100)
    reference.get_by_role("button", name="From the selection").click()
    reference.get_by_role("img", name="Reference picture").wait_for()
    hands.write("a vase")
    edit = newest(hands, hands.generate)
    assert [adapter.weight for adapter in edit.adapters] == [0.5, 1.0]
    taken = edit.reference.box
    assert taken.width > 20 and taken.height > 20

    from editor.formats.images import encode_png

    reference.locator("input[type=file]").set_input_files(
        {"name": "couch.png", "mimeType": "image/png", "buffer": encode_png(photo(90, 50))}
    )
    reference_width(hands, 90)
    hands.paint(250, 200)
    hands.write("a couch")
    edit = newest(hands, hands.generate)
    assert (edit.reference.box.width, edit.reference.box.height) == (90, 50)

    hands.press("History")  # the step says what it was made with
    page.locator(".step-card summary").click()
    details = page.locator(".step-card details p")
    details.filter(has_text="velvet 0.5, likeness 1 · reference picture").wait_for()

    hands.press("Settings")
    page.get_by_role("button", name="Remove likeness").click()
    strength(hands, "velvet", 1.5)
    hands.press("History")
    amend(hands, "a vase")  # its own adapters and its own picture come back for as long as it is amended
    page.wait_for_function("window.palimpsest.form.adapters.chosen.length === 2")
    reference_width(hands, taken.width)
    hands.press("Settings")
    strength(hands, "likeness", 0.25)
    send(hands)
    hands.wait_for("!doc.submitting")
    hands.wait_idle()
    path = [state.edit for state in hands.server.store.revisions.path_to(hands.state["head"]) if state.edit]
    assert [[adapter.weight for adapter in edit.adapters] for edit in path] == [[0.5], [0.5, 0.25], [0.5, 1.0]]
    assert path[1].reference is not None and path[1].reference.box == taken
    assert path[2].reference is not None and path[2].reference.box.width == 90
    page.wait_for_function(
        "JSON.stringify(window.palimpsest.form.adapters.chosen.map((each) => each.weight)) === '[1.5]'"
    )

    hands.reload()  # and the user's own are there at the next visit
    hands.wait_idle()
    page.wait_for_function("window.palimpsest.form.adapters.edit.adapters[0]?.weight === 1.5")
    hands.choose("noise")
    page.wait_for_function("window.palimpsest.form.adapters.list[0]?.takes === false")
    hands.paint()
    hands.write("a rug")
    assert newest(hands, hands.generate).adapters == ()  # which takes none
    hands.choose("tiny-sd")
    page.wait_for_function("window.palimpsest.form.adapters.edit.adapters[0]?.weight === 1.5")


def test_the_settings_that_an_adapter_was_made_for_are_a_press_away(visitor: Hands) -> None:
    hands, page = visitor, visitor.page

    def few_steps(route: Any) -> None:
        adapters = route.fetch().json()
        for each in adapters:
            each["settings"] = {"steps": 4, "guidance": 1.0} if each["title"] == "velvet" else {}
        route.fulfill(json=adapters)

    page.route("**/palimpsest/adapters?*", few_steps)
    hands.choose("tiny-sd")
    open_section(hands)
    page.get_by_role("button", name="Add velvet").click()
    row(hands, "velvet").get_by_text("Made for 4 steps, guidance 1.").wait_for()
    page.get_by_role("button", name="Use these").click()
    page.get_by_role("button", name="Use these").wait_for(state="detached")
    hands.paint()
    hands.write("a lamp")
    edit = newest(hands, hands.generate)
    assert (edit.steps, edit.guidance, len(edit.adapters)) == (4, 1.0, 1)
