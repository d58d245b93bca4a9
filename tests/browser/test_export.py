"""What leaves the page: pictures at the size that is needed, contact sheets, time-lapses, and drags to the desktop."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from editor.formats.images import read_image
from editor.formats.metadata import Metadata
from tests.browser.hands import Hands, photo

RECORD = """() => {
    window.carried = null;
    window.addEventListener("dragstart", ({ dataTransfer }) => {
        const types = ["DownloadURL", "text/uri-list"];
        window.carried = Object.fromEntries(types.map((type) => [type, dataTransfer.getData(type)]));
    });
}"""


def opened(hands: Hands, kind: str = "PNG") -> Any:
    """The dialog, with a kind of export chosen."""
    hands.press("Export")
    dialog = hands.page.get_by_role("dialog")
    dialog.locator(".kind").filter(has=hands.page.get_by_text(kind, exact=True)).click()
    return dialog


def saved(hands: Hands) -> tuple[str, Path]:
    with hands.page.expect_download() as download:
        hands.press("Save")
    return download.value.suggested_filename, Path(download.value.path())


def summary(dialog: Any, text: str) -> None:
    dialog.locator(".export-summary").filter(has_text=text).wait_for()


def test_size_resolution_and_name_are_the_users(hands: Hands) -> None:
    hands.tidy = False
    document = hands.server.session.open(photo(400, 300), "Flat: 2/3", None, Metadata(dpi=(200.0, 200.0)))
    hands.goto(f"?doc={document.id}")
    hands.wait_idle()
    dialog = opened(hands)
    name, width, height, scale, resolution = (
        dialog.get_by_label(label) for label in ("File name", "Width", "Height", "Scale", "Resolution")
    )
    assert name.input_value() == "Flat 2 3"
    summary(dialog, "400 \u00d7 300 px · 5.1 \u00d7 3.8 cm (2 \u00d7 1.5 in) at 200 dpi")
    assert resolution.input_value() == "200"
    width.fill("200")
    assert (height.input_value(), scale.input_value()) == ("150", "50")
    scale.fill("25")
    assert (width.input_value(), height.input_value()) == ("100", "75")
    height.fill("9000")  # it is not enlarged
    assert (width.input_value(), scale.input_value()) == ("400", "100")
    height.fill("150")
    resolution.fill("100")
    summary(dialog, "200 \u00d7 150 px · 5.1 \u00d7 3.8 cm (2 \u00d7 1.5 in) at 100 dpi")
    name.fill("con")
    hands.key("Tab")
    assert name.input_value() == "_con"
    file_name, file = saved(hands)
    read = read_image(file.read_bytes())
    assert file_name == "_con.png" and read.pixels.shape == (150, 200, 3)
    assert read.metadata.dpi is not None and np.allclose(read.metadata.dpi, 100, atol=0.02)
    resolution.fill("")
    hands.key("Tab")
    assert resolution.input_value() == "200"


def test_the_whole_picture_is_dragged_out_as_it_is_chosen(hands: Hands) -> None:
    hands.open_steps()
    hands.page.evaluate(RECORD)
    dialog = opened(hands, "WebP")
    dialog.get_by_label("Width").fill("160")
    place = dialog.locator(".export-thumbnail").bounding_box()
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    hands.page.mouse.move(x, y)
    hands.page.mouse.down()
    hands.page.mouse.move(x + 200, y + 150, steps=5)
    hands.page.wait_for_function("window.carried")
    hands.page.mouse.up()
    carried = hands.page.evaluate("window.carried")
    kind, name, url = carried["DownloadURL"].split(":", 2)
    assert (kind, name, url) == ("image/webp", "Living room.webp", carried["text/uri-list"])
    assert read_image(hands.page.request.get(url).body()).pixels.shape == (135, 160, 3)


def test_a_state_is_dragged_out_of_the_history_and_not_opened_again(hands: Hands) -> None:
    hands.open_steps()
    document, head = hands.document, hands.state["head"]
    hands.press("History")
    hands.page.evaluate(RECORD)
    place = hands.page.locator(".state").filter(has_text="a vase").locator(".frame").bounding_box()
    hands.page.mouse.move(place["x"] + 20, place["y"] + 20)
    hands.page.mouse.down()
    hands.page.mouse.move(*hands.client(150, 120), steps=6)
    hands.page.wait_for_function("window.carried")
    assert hands.page.locator(".veil").is_hidden()
    hands.page.mouse.up()
    kind, name, url = hands.page.evaluate("window.carried")["DownloadURL"].split(":", 2)
    assert (kind, name) == ("image/png", "a vase.png")
    node = next(
        n for n in hands.server.session.store.revisions.tree(document) if n.edit and n.edit["prompt"] == "a vase"
    )
    shown = hands.server.session.store.revisions.picture(node.id).pixels()
    assert np.array_equal(read_image(hands.page.request.get(url).body()).pixels, shown)
    assert (hands.document, hands.state["head"]) == (document, head)
    assert hands.page.evaluate("!document.documentElement.hasAttribute('data-opening')")


def test_chosen_steps_make_a_contact_sheet(hands: Hands) -> None:
    hands.open_steps()
    dialog = opened(hands, "Contact sheet")
    titles = dialog.locator(".export-steps li")
    titles.nth(3).wait_for()
    assert titles.all_inner_texts() == ["Original", "a vase", "a lamp", "a corgi"]  # not the branch that was left
    summary(dialog, "4 steps")
    dialog.get_by_label("Each picture").fill("100")
    name, file = saved(hands)
    whole = read_image(file.read_bytes()).pixels
    assert name == "Living room.png"
    dialog.get_by_role("button", name="None").click()
    assert dialog.get_by_role("button", name="Save", exact=True).is_disabled()
    dialog.get_by_label("a lamp").check()
    summary(dialog, "1 step")
    dialog.get_by_label("File", exact=True).filter(visible=True).select_option("JPEG")
    name, file = saved(hands)
    assert name == "Living room.jpg" and read_image(file.read_bytes()).pixels.shape[1] < whole.shape[1]
    dialog.get_by_role("button", name="Current path").click()
    summary(dialog, "4 steps")


def test_what_the_server_refuses_is_said_in_the_dialog(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    from editor.formats import contact_sheet

    hands.open_steps()
    dialog = opened(hands, "Contact sheet")
    summary(dialog, "4 steps")
    monkeypatch.setattr(contact_sheet, "MAX_PICTURES", 3)
    hands.press("Save")
    dialog.get_by_role("alert").filter(has_text="1 to 3 pictures, not 4").wait_for()
    hands.complained("400")
    dialog.get_by_label("a lamp").uncheck()
    assert dialog.get_by_role("alert").inner_text() == ""
    saved(hands)


def test_the_path_is_a_time_lapse(hands: Hands) -> None:
    hands.open_steps()
    dialog = opened(hands, "Time-lapse")
    summary(dialog, "3 steps")
    dialog.get_by_label("Seconds a step").fill("0.5")
    dialog.get_by_label("Longest side").fill("160")
    name, file = saved(hands)
    with Image.open(BytesIO(file.read_bytes())) as image:
        assert (name, image.size, image.n_frames) == ("Living room.webp", (160, 135), 4)  # type: ignore[attr-defined]
    dialog.get_by_label("File", exact=True).filter(visible=True).select_option("MP4")
    name, file = saved(hands)
    assert name == "Living room.mp4" and file.read_bytes()[4:8] == b"ftyp"
    dialog.get_by_role("button", name="Close", exact=True).click()
    for _ in range(3):
        hands.press("Undo")
        hands.wait_idle()
    dialog = opened(hands, "Time-lapse")
    summary(dialog, "0 steps")
    assert dialog.get_by_role("button", name="Save", exact=True).is_disabled()
