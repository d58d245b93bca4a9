"""Opening pictures: by file, by drop, and what is said of files which are none."""

from pathlib import Path

import numpy as np
from PIL import Image

from editor.formats.images import encode_png
from tests.browser.hands import UNPACK, Hands, packed, photo

DROP = f"""async ([name, bytes]) => {{
    const data = new DataTransfer();
    data.items.add(new File([({UNPACK})(bytes)], name, {{ type: "image/png" }}));
    for (const type of ["dragenter", "dragover", "drop"])
        document.querySelector(".palimpsest").dispatchEvent(
            new DragEvent(type, {{ dataTransfer: data, bubbles: true, cancelable: true }}));
}}"""


def test_a_file(hands: Hands, tmp_path: Path) -> None:
    pixels = photo(321, 123, seed=5)
    (tmp_path / "holiday.png").write_bytes(encode_png(pixels))
    with hands.choosing_file(tmp_path / "holiday.png"):
        hands.press("Open a picture")
    hands.wait_idle()
    assert np.array_equal(hands.stored, pixels)
    assert np.array_equal(hands.drawn(), pixels)
    assert "holiday" in hands.page.title()


def test_a_drop(hands: Hands) -> None:
    pixels = photo(300, 200, seed=6)
    hands.page.evaluate(DROP, ["dropped.png", packed(encode_png(pixels))])
    hands.wait_idle()
    assert np.array_equal(hands.stored, pixels)
    assert not hands.page.locator(".veil").is_visible()


def test_what_a_file_held_that_the_picture_does_not_is_said(hands: Hands, tmp_path: Path) -> None:
    Image.new("CMYK", (64, 64), (0, 255, 255, 0)).save(tmp_path / "print.jpg")
    hands.page.locator(".start input[type=file]").set_input_files(tmp_path / "print.jpg")
    hands.wait_idle()
    assert "CMYK" in hands.note()


def test_transparency_is_kept_and_seen_on_white(hands: Hands, tmp_path: Path) -> None:
    Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save(tmp_path / "glass.png")
    hands.page.locator(".start input[type=file]").set_input_files(tmp_path / "glass.png")
    hands.wait_idle()
    assert (hands.drawn() == 255).all()
    with hands.page.expect_download() as download:
        hands.save_as("PNG")
    assert Image.open(download.value.path()).convert("RGBA").getpixel((5, 5)) == (255, 0, 0, 0)


def test_what_is_no_picture_is_a_sentence(hands: Hands, tmp_path: Path) -> None:
    for content in (b"hello", b"", encode_png(photo(64, 64))[:300]):
        (tmp_path / "broken.png").write_bytes(content)
        hands.page.locator(".start input[type=file]").set_input_files(tmp_path / "broken.png")
        assert hands.note().endswith(".")
        assert hands.page.get_by_role("button", name="Open a picture").is_visible()
        hands.complained("400")
        hands.press("Dismiss")


def test_a_bad_file_dropped_on_an_open_document_loses_nothing(hands: Hands) -> None:
    hands.open_sample()
    hands.paint()
    document, mask = hands.document, hands.mask_bounds
    for way in ("Open", "Place into this picture"):
        hands.page.evaluate(DROP, ["broken.png", packed(b"no picture")])
        hands.page.get_by_role("dialog").get_by_role("button", name=way, exact=True).click()
        assert hands.note().endswith(".")
        assert (hands.document, hands.mask_bounds) == (document, mask)
        hands.complained("400")
        hands.press("Dismiss")
