import struct
import tracemalloc
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from editor.formats import decoding
from editor.formats.decoding import FORMATS
from editor.formats.images import (
    decode_mask,
    decode_tile,
    encode_png,
    encode_tile,
    read_image,
    read_mask,
)
from tests.layouts import MAKERS, bare_tiff, tiff
from tests.samples import noise, profile

RGB = noise(30, 20)


def file(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    data = BytesIO()
    image.save(data, format, **options)
    return data.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)


def png_header(width: int, height: int) -> bytes:
    """A PNG which jobs so many grey pixels and delivers none."""
    size = width.to_bytes(4) + height.to_bytes(4)
    header = chunk(b"IHDR", size + bytes([8, 0, 0, 0, 0]))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


# what comes in


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_files_are_read_as_they_are(format: str) -> None:
    opened = read_image(file(Image.fromarray(RGB), format))
    assert np.array_equal(opened.pixels, RGB) and opened.notes == ()
    assert opened.pixels.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        opened.pixels[0, 0] = 0


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "GIF", "AVIF"])
def test_lossy_files_are_read(format: str) -> None:
    if format == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow was built without AVIF")
    opened = read_image(file(Image.new("RGB", (30, 20), (200, 100, 50)), format))
    assert opened.pixels.shape == (20, 30, 3) and opened.notes == ()
    assert np.abs(opened.pixels.astype(int) - (200, 100, 50)).max() < 12


def test_every_format_is_one_pillow_knows() -> None:
    Image.init()
    assert set(FORMATS) - {"AVIF"} <= set(Image.OPEN)


def test_grey_palette_and_one_bit() -> None:
    grey = np.arange(0, 250, 10, dtype=np.uint8).reshape(5, 5)
    assert np.array_equal(read_image(file(Image.fromarray(grey))).pixels, np.repeat(grey[..., None], 3, 2))
    palette = Image.new("P", (2, 1))
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.putdata([0, 1])
    assert read_image(file(palette)).pixels.tolist() == [[[255, 0, 0], [0, 0, 255]]]
    bits = Image.new("1", (2, 1))
    bits.putdata([0, 255])
    assert read_image(file(bits)).pixels.tolist() == [[[0, 0, 0], [255, 255, 255]]]


def test_sixteen_bits_are_rounded_to_eight() -> None:
    wide = np.array([[0, 128, 129, 257, 32896, 65535]], np.uint16)
    opened = read_image(file(Image.fromarray(wide)))
    assert opened.pixels[0, :, 0].tolist() == [0, 0, 1, 1, 128, 255]
    assert opened.notes == ("16 bits a channel were reduced to 8.",)


def test_sixteen_bits_of_colour_bring_a_note() -> None:
    row = b"\0" + bytes([255, 255, 128, 0, 0, 1])
    header = chunk(b"IHDR", (1).to_bytes(4) + (1).to_bytes(4) + bytes([16, 2, 0, 0, 0]))
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")
    opened = read_image(data)
    assert opened.pixels.tolist() == [[[255, 128, 0]]]
    assert opened.notes == ("16 bits a channel were reduced to 8.",)


def test_cmyk_is_converted() -> None:
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    for data in (file(image, "JPEG", quality=95), file(image, "JPEG", quality=95, icc_profile=profile())):
        opened = read_image(data)  # the second has a profile that is not its colours'
        assert np.abs(opened.pixels.astype(int) - (255, 0, 0)).max() < 12 and opened.icc is None
        assert opened.notes == ("CMYK colours were converted to RGB.",)


def test_sixteen_bits_of_a_tiff_bring_a_note() -> None:
    wide = file(Image.fromarray(np.array([[0, 257, 65535]], np.uint16)), "TIFF")
    assert read_image(wide).notes == ("16 bits a channel were reduced to 8.",)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_kept(mode: str) -> None:
    image = Image.new("RGBA", (3, 1))
    image.putdata([(9, 9, 9, 0), (0, 0, 0, 255), (7, 7, 7, 51)])
    opened = read_image(file(image.convert(mode)))
    assert opened.pixels[0].tolist() == [[9, 9, 9, 0], [0, 0, 0, 255], [7, 7, 7, 51]] and opened.notes == ()
    opaque = read_image(file(Image.fromarray(np.dstack([RGB, np.full((20, 30), 255, np.uint8)]))))
    assert opaque.notes == () and np.array_equal(opaque.pixels, RGB)  # and three channels


def test_a_transparent_colour_is_kept() -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 0, 0, 255])
    palette.putdata([0, 1])
    opened = read_image(file(palette, transparency=0))
    assert opened.pixels[0, :, 3].tolist() == [0, 255] and opened.pixels[0, 1].tolist() == [0, 0, 255, 255]
    rgb = file(Image.fromarray(np.full((2, 2, 3), 7, np.uint8)), transparency=(7, 7, 7))
    assert read_image(rgb).pixels[..., 3].max() == 0


def test_a_profile_is_kept_beside_the_colours_it_is_of() -> None:
    opened = read_image(file(Image.fromarray(RGB), icc_profile=profile()))
    assert np.array_equal(opened.pixels, RGB) and opened.icc == profile() and opened.notes == ()
    wide = read_image(file(Image.fromarray(RGB), icc_profile=profile(b"Wide")))
    assert np.array_equal(wide.pixels, RGB) and wide.icc == profile(b"Wide")
    assert len(wide.notes) == 1 and "Wide" in wide.notes[0]


@pytest.mark.parametrize("junk", [b"", b"junk", profile()[:200]])
def test_a_damaged_profile_is_none(junk: bytes) -> None:
    opened = read_image(file(Image.fromarray(RGB), icc_profile=junk))
    assert opened.icc is None and np.array_equal(opened.pixels, RGB)


def test_a_profile_of_grey_says_nothing_of_rgb() -> None:
    grey = Image.fromarray(RGB[..., 0])
    made = bytearray(profile())
    made[16:20] = b"GRAY"  # the header's colour space
    assert read_image(file(grey, icc_profile=bytes(made))).icc is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_stands_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    ways = {  # what a viewer does with the stored pixels
        1: RGB,
        2: RGB[:, ::-1],
        3: RGB[::-1, ::-1],
        4: RGB[::-1],
        5: RGB.transpose(1, 0, 2),
        6: np.rot90(RGB, -1),
        7: RGB[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(RGB),
    }
    assert np.array_equal(read_image(file(Image.fromarray(RGB), exif=exif)).pixels, ways[orientation])


@pytest.mark.filterwarnings("ignore")  # Pillow warns of it, too
def test_a_damaged_exif_is_no_reason_to_refuse() -> None:
    assert np.array_equal(read_image(file(Image.fromarray(RGB), exif=b"Exif\0\0MM\0*junk")).pixels, RGB)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame(format: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    options: dict[str, Any] = {"lossless": True} if format == "WEBP" else {}
    opened = read_image(file(frames[0], format, save_all=True, append_images=frames[1:], **options))
    assert opened.pixels[4, 4].tolist() == [255, 0, 0]
    assert opened.notes == ("Only the first of 3 frames was opened.",)


def test_a_cameras_further_views_are_not_worth_a_note() -> None:
    views = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    opened = read_image(file(views[0], "MPO", save_all=True, append_images=views[1:]))
    assert opened.notes == () and opened.pixels[8, 8, 0] > 240


# what is refused


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",  # would start another program
        b"\x89PNG\r\n\x1a\n",
        bytes(1000),
    ],
)
def test_what_is_no_image_is_a_sentence(data: bytes) -> None:
    with pytest.raises(ValueError, match="not an image the editor can read"):
        read_image(data)


def test_an_empty_file_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="The file is empty"):
        read_image(b"")


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP"])
def test_a_truncated_file_is_a_sentence(format: str) -> None:
    data = file(Image.fromarray(noise(200, 200)), format)
    with pytest.raises(ValueError, match=r"damaged or cut short|not an image"):
        read_image(data[: len(data) // 2])


@pytest.mark.filterwarnings("ignore")  # as outside the tests, where Pillow's own alarm is only a warning
def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(ValueError, match=r"too large: .*at most 134,217,728"):
        read_image(png_header(12_000, 12_000))
    with pytest.raises(ValueError, match="too large: at most 134,217,728"):
        read_image(png_header(40_000, 40_000))
    with pytest.raises(ValueError, match="too large"):
        read_image(png_header(2**31 - 1, 2**31 - 1))
    with pytest.raises(ValueError, match="damaged"):  # within the limit: it is the missing pixels that are noticed
        read_image(png_header(11_585, 11_585))


def test_the_limit_is_the_stated_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MAX_PIXELS", 600)
    assert read_image(file(Image.fromarray(RGB))).pixels.shape == (20, 30, 3)
    with pytest.raises(ValueError, match="too large"):
        read_image(file(Image.fromarray(noise(601, 1))))
    with pytest.raises(ValueError, match="too large"):
        read_mask(file(Image.fromarray(noise(601, 1))))


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (0, 0)])
def test_a_picture_without_pixels_is_a_sentence(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"no pixels|not an image|damaged"):
        read_image(png_header(*size))


# files that say more than they hold: nothing is unpacked, and no room made for it


def tiff_of(width: int, height: int, **tags: int) -> bytes:
    output = {"bits": 16, "compression": 1, "samples": 1, **tags}
    numbers = {256: width, 257: height, 258: output["bits"], 259: output["compression"], 262: 1, 277: output["samples"]}
    numbers |= {322: output["tile"], 323: output["tile"]} if "tile" in output else {278: height}
    data = bare_tiff(bytes(600), numbers)
    if "tile" in output:  # a tile's place and size are tags of their own
        data = data.replace(struct.pack("<HH", 273, 4), struct.pack("<HH", 324, 4))
        data = data.replace(struct.pack("<HH", 279, 4), struct.pack("<HH", 325, 4))
    return data


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (tiff_of(40_000, 40_000), "too large"),
        (tiff_of(10_000, 10_000), "missing|cannot hold|damaged"),
        (tiff_of(10_000, 10_000, compression=8), "cannot hold"),
        (tiff_of(10_000, 10_000, compression=5), "cannot hold"),
        (tiff_of(20, 10, samples=60_000), "60000 channels"),
        (tiff_of(20, 10, compression=8, tile=65_520), "cannot hold"),
        (tiff_of(20, 10, bits=33), "damaged|33 bits"),
        (tiff_of(0, 10), "no pixels|damaged"),
        (b"II*\0" + bytes(4), "damaged"),
        (b"II*\0\x08\0\0\0\xff\xff", "damaged"),
    ],
)
def test_a_small_tiff_that_says_it_is_large_is_a_sentence(data: bytes, sentence: str) -> None:
    tracemalloc.start()
    with pytest.raises(ValueError, match=sentence):
        read_image(data)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


def test_a_raw_file_is_named() -> None:
    made = tiff(RGB, photometric="rgb", extratags=[(50706, 1, 4, (1, 4, 0, 0), True)])
    with pytest.raises(ValueError, match="raw file"):
        read_image(made)


@pytest.mark.parametrize("name", ["TIFF RGB 16, lzw", "TIFF RGB 16, planes", "PNG RGB 16", "TIFF grey 12, packed"])
def test_deep_pictures_cut_short_are_a_sentence(name: str) -> None:
    data = MAKERS[name]().data
    for share in range(1, 10):
        with pytest.raises(ValueError, match=r"\.$"):
            read_image(data[: len(data) * share // 10])


def test_heic_is_named_where_it_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "find_spec", lambda name: None)
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)
    with pytest.raises(ValueError, match=r"HEIC picture.*pip install pillow-heif"):
        read_image(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200))


DEEP = (
    "TIFF RGB 16, planes", "TIFF RGB 16, zlib, predictor, tiles", "TIFF palette 8 and alpha", "TIFF CMYK+alpha 8",
    "TIFF grey 12, min is white, packed", "TIFF RGB float 32", "TIFF RGB 16, linear profile", "PNG RGB 16, cICP linear",
    "PNG grey 16, a transparent colour",
)  # fmt: skip
SAMPLES = [
    file(Image.fromarray(RGB), "PNG"),
    file(Image.fromarray(RGB), "JPEG"),
    file(Image.fromarray(RGB), "GIF"),
    file(Image.fromarray(RGB), "TIFF"),
    file(Image.fromarray(RGB), "WEBP"),
    file(Image.fromarray(RGB), "BMP"),
    *(MAKERS[name]().data for name in DEEP),
    *([file(Image.fromarray(RGB), "AVIF")] if features.check("avif") else []),
]


@settings(max_examples=300)
@given(st.sampled_from(SAMPLES), st.lists(st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=4))))
@pytest.mark.filterwarnings("ignore")  # Pillow warns of what it skips
def test_whatever_the_bytes_an_image_or_a_sentence(data: bytes, damage: list[tuple[int, bytes]]) -> None:
    broken = bytearray(data)
    for where, junk in damage:
        broken[where : where + len(junk)] = junk
    try:
        assert read_image(bytes(broken)).pixels.ndim == 3
    except ValueError as error:
        assert str(error).endswith((".", ")."))


# masks


def test_a_mask_is_white_where_to_repaint() -> None:
    alpha = noise(30, 20)[..., 0].copy()
    assert np.array_equal(read_mask(file(Image.fromarray(alpha))), alpha)
    rgb = np.zeros((4, 4, 3), np.uint8)
    rgb[1:3, 1:3] = 255
    assert np.array_equal(read_mask(file(Image.fromarray(rgb))), rgb[..., 0])


def test_in_a_mask_transparent_means_keep() -> None:
    image = Image.new("RGBA", (4, 1))
    image.putdata([(255, 255, 255, 0), (255, 255, 255, 255), (255, 255, 255, 128), (0, 0, 0, 255)])
    assert read_mask(file(image)).tolist() == [[0, 255, 128, 0]]


def test_a_bad_mask_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="not an image"):
        read_mask(b"hello")


# what goes out


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 99))
def test_what_is_encoded_is_decoded(width: int, height: int, seed: int) -> None:
    pixels = noise(width, height, seed)
    assert np.array_equal(read_image(encode_png(pixels)).pixels, pixels)
    assert np.array_equal(decode_tile(encode_tile(pixels)), pixels)
    alpha = pixels[..., 0].copy()
    assert np.array_equal(read_mask(encode_png(alpha)), alpha)
    assert np.array_equal(decode_mask(encode_png(alpha)), alpha)


def test_a_tile_is_webp() -> None:
    data = encode_tile(noise(256, 256))
    assert data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    assert not decode_tile(data).flags.writeable


def test_a_damaged_mask_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="damaged"):
        decode_mask(b"junk")
