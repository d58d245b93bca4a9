"""Pictures out: what a file holds is what was to be in it."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from editor.formats.export import FORMATS, SUFFIXES, Format, encode, format_of, recipe_of
from editor.formats.images import read_image
from tests.samples import cutout, noise, profile

OPAQUE, PARTLY = noise(60, 50), cutout(60, 50)
formats = pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)


@formats
def test_a_picture_comes_back(format: Format) -> None:
    smooth = np.ascontiguousarray(np.broadcast_to(np.arange(0, 240, 4, dtype=np.uint8)[None, :, None], (50, 60, 3)))
    data, notes = encode(smooth, format)
    back = read_image(data)
    assert notes == () and back.notes == () and back.icc is None
    assert np.abs(back.pixels.astype(int) - smooth).max() <= (0 if format.quality is None else 3)


@formats
def test_transparency_comes_back_or_is_laid_on_white(format: Format) -> None:
    data, notes = encode(PARTLY, format, None if format.quality is None else 100)
    back = read_image(data).pixels
    if format.alpha:
        assert notes == () and np.abs(back[..., 3].astype(int) - PARTLY[..., 3]).max() <= 2
        seen = PARTLY[..., 3] == 255
        assert np.array_equal(back[seen], PARTLY[seen]) or format.quality is not None
    else:
        assert back.shape[2] == 3 and (back[PARTLY[..., 3] == 0].mean() > 200) and "white" in notes[0]


@formats
def test_a_profile_goes_along(format: Format) -> None:
    assert read_image(encode(OPAQUE, format, icc=profile(b"Wide")).data).icc == profile(b"Wide")


@formats
@settings(max_examples=20)
@given(recipe=st.text(max_size=3000), transparent=st.booleans())
def test_a_recipe_comes_back_whatever_it_says(format: Format, recipe: str, transparent: bool) -> None:
    recipe = recipe.encode(errors="replace").decode()
    pixels = PARTLY if transparent else OPAQUE
    data, _ = encode(pixels, format, recipe=recipe)
    assert recipe_of(data) == recipe
    plain = encode(pixels, format).data
    assert recipe_of(plain) is None
    assert np.array_equal(read_image(data).pixels, read_image(plain).pixels)


def test_a_recipe_too_long_for_jpeg_is_left_out_and_said() -> None:
    recipe = np.random.default_rng(0).bytes(60_000).hex()
    data, notes = encode(OPAQUE, format_of(".jpg"), recipe=recipe)
    assert recipe_of(data) is None and read_image(data).pixels.shape == OPAQUE.shape
    assert len(notes) == 1 and "JPEG holds at most 65" in notes[0] and "PNG" in notes[0]
    assert recipe_of(encode(OPAQUE, format_of(".webp"), recipe=recipe).data) == recipe


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"{}"])
def test_what_is_no_picture_holds_no_recipe(data: bytes) -> None:
    assert recipe_of(data) is None


@pytest.mark.parametrize("packet", [b'palimpsest:recipe="!"', b'palimpsest:recipe="AAAA"', b"palimpsest:recipe="])
def test_a_damaged_recipe_is_none(packet: bytes) -> None:
    file = BytesIO()
    Image.fromarray(OPAQUE).save(file, "WEBP", xmp=packet)
    assert recipe_of(file.getvalue()) is None


def test_a_lower_quality_is_a_smaller_file() -> None:
    for suffix in (".jpg", ".webp", ".avif"):
        assert len(encode(OPAQUE, format_of(suffix), 30).data) < len(encode(OPAQUE, format_of(suffix), 99).data)


@pytest.mark.parametrize(
    "suffix, quality, width, sentence",
    [
        (".png", 90, 60, "PNG is lossless"),
        (".jpg", 0, 60, "from 1 to 100, not 0"),
        (".webp", 101, 60, "from 1 to 100, not 101"),
        (".webp", None, 16_384, "at most 16,383 pixels a side, not 16,384"),
    ],
)
def test_what_cannot_be_is_a_sentence(suffix: str, quality: int | None, width: int, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        encode(np.zeros((1, width, 3), np.uint8), format_of(suffix), quality)


def test_the_ending_says_the_format() -> None:
    assert [format_of(suffix.upper()).name for suffix in SUFFIXES] == [
        "PNG", "JPEG", "JPEG", "WEBP", "TIFF", "TIFF", "AVIF",
    ]  # fmt: skip
    for wrong in (".gif", "", "png"):
        with pytest.raises(ValueError, match=r"\.png, \.jpg"):
            format_of(wrong)
