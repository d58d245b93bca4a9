"""Image files: decodes opened pictures and masks, and encodes what the store keeps, always losslessly."""

import struct
from dataclasses import dataclass
from io import BytesIO
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from editor.formats.decoding import DAMAGED as DAMAGED
from editor.formats.decoding import PNG_MAGIC, decode
from editor.formats.metadata import Metadata
from editor.imaging.geometry import Box
from editor.imaging.limits import MAX_PATCH_PIXELS, MAX_PIXELS, MAX_REFERENCE_SIDE
from editor.imaging.raster import Patch, Pixels, frozen
from pipelines.errors import InvalidInput

NEARLY_OPAQUE = 0.99  # share of opaque pixels beyond which the transparent ones of a mask's file are an accident
OF_BOTH = 0.05  # least share of dark strokes, and of light ones, for a mask to be in black and white
# how a mask's file can be read, and a note about it
MASK_BY = ("brightness", "transparency")  # by what a mask can be read
READINGS = {
    "light": "",
    "strokes": "The mask is a transparent picture. Everything painted in it was selected, whatever the colour.",
    "white strokes": "The mask is a transparent picture in black and white. The white areas were selected.",
}


@dataclass(frozen=True, eq=False)
class Opened:
    """A decoded picture file."""

    pixels: Pixels  # uint8 (H, W, 3) RGB, or (H, W, 4) with straight alpha if not all is opaque; read-only
    icc: bytes | None  # the colour profile, None for sRGB
    notes: tuple[str, ...]  # sentences about what the file has that the picture does not keep
    metadata: Metadata


def read_image(data: bytes, most: int = MAX_PIXELS) -> Opened:
    """Decodes a picture file, upright, at 8 bits.

    The colours of an RGB file stay the same to the byte, and its profile is kept. Colours in linear light, in grey with
    another curve than sRGB's, in CMYK and in Lab are converted, with a note.

    Args:
        data: the file.
        most: how many pixels it may have.

    Raises:
        InvalidInput: it is not a picture, is damaged, or has more pixels, in which case none was decoded.
    """
    decoded = decode(data, most)
    pixels = decoded.pixels
    if pixels.shape[2] == 4 and pixels[..., 3].min() == 255:
        pixels = np.ascontiguousarray(pixels[..., :3])
    return Opened(frozen(pixels), decoded.icc, decoded.notes, decoded.metadata)


class OpenedMask(NamedTuple):
    """A decoded mask file."""

    alpha: Pixels  # uint8 (H, W), read-only, 255 = repaint
    reading: str  # one of READINGS


def open_mask(data: bytes, most: int = MAX_PIXELS, by: str = "") -> OpenedMask:
    """Reads a picture file as a mask, for the page, the command line and programs.

    In a picture without transparency white is repainted and black stays ("light"); likewise in one that is opaque but
    for a hundredth at most, whose transparent pixels stay. In a picture with strokes on transparency, the strokes are
    repainted, whatever their colour, by their opacity ("strokes"); if they are black and white, only the white ones
    ("white strokes").

    Args:
        data: the file.
        most: how many pixels it may have.
        by: "transparency" or "brightness" (of what is painted), to read it by this instead.

    Raises:
        InvalidInput: as in `read_image`, or it cannot be read by this.
    """
    if by not in ("", *MASK_BY):
        raise InvalidInput(f"A mask can be read by {' or '.join(MASK_BY)}, not by {by!r}.")
    pixels = decode(data, most, colours=False).pixels
    light: Pixels = np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_RGB2GRAY), np.uint8)
    if pixels.shape[2] == 3:
        if by == "transparency":
            raise InvalidInput("The mask has no transparency, so it can only be read by its brightness.")
        return OpenedMask(frozen(light), "light")
    alpha = np.ascontiguousarray(pixels[..., 3])
    white = ((light.astype(np.uint16) * alpha + 127) // 255).astype(np.uint8)
    if by:
        return (
            OpenedMask(frozen(white), "white strokes") if by == "brightness" else OpenedMask(frozen(alpha), "strokes")
        )
    opaque = alpha >= 128
    if opaque.mean() >= NEARLY_OPAQUE:
        return OpenedMask(frozen(np.where(opaque, light, 0).astype(np.uint8)), "light")
    strokes = pixels[opaque][:, :3]
    colourless = strokes.max(1) - strokes.min(1) < 32
    if strokes.size and min(np.mean(colourless & end) for end in (strokes[:, 0] < 64, strokes[:, 0] >= 192)) >= OF_BOTH:
        return OpenedMask(frozen(white), "white strokes")
    return OpenedMask(frozen(alpha), "strokes")


def read_mask(data: bytes, most: int = MAX_PIXELS) -> Pixels:
    """Reads a mask like `open_mask` and returns its alpha, uint8 (H, W), read-only."""
    return open_mask(data, most).alpha


def encode_png(pixels: Pixels) -> bytes:
    """Encodes uint8 (H, W, 3) RGB, (H, W, 4) with straight alpha, or (H, W) grey as PNG."""
    if pixels.ndim == 3:
        order = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
        pixels = np.asarray(cv2.cvtColor(pixels, order), dtype=np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


def decode_mask(data: bytes) -> Pixels:
    """Decodes a mask of `encode_png`, uint8 (H, W); raises InvalidInput when it is damaged or too large."""
    if data[:8] != PNG_MAGIC or len(data) < 24:
        raise InvalidInput("A stored mask is not a PNG: the store is damaged.")
    width, height = struct.unpack_from(">II", data, 16)
    if width * height > MAX_PIXELS:
        raise InvalidInput(f"A stored mask is too large: {width:,} x {height:,} pixels.")
    alpha = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if alpha is None:
        raise InvalidInput("A stored mask cannot be decoded: the store is damaged.")
    return np.asarray(alpha, dtype=np.uint8)


def encode_tile(pixels: Pixels) -> bytes:
    """Encodes uint8 (H, W, 3) or (H, W, 4) as lossless WebP, for the store and for browsers."""
    data = BytesIO()
    Image.fromarray(pixels).save(data, "WEBP", lossless=True, method=0, quality=0, exact=True)
    return data.getvalue()


def decode_tile(data: bytes) -> Pixels:
    """Decodes a tile of `encode_tile`, uint8 (H, W, 3) or (H, W, 4), read-only; raises InvalidInput when it is damaged
    or too large.
    """
    if data[8:16] != b"WEBPVP8L" or len(data) < 25:  # plain lossless WebP, without animation or other chunks
        raise InvalidInput("A stored tile is not a lossless WebP: the store is damaged.")
    sides = int.from_bytes(data[21:25], "little")  # 14 bits each, less one
    width, height = (sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1
    if width * height > MAX_PATCH_PIXELS:  # checked before Pillow, which has limits and warnings of its own
        raise InvalidInput(f"A stored tile is too large: {width:,} x {height:,} pixels.")
    with Image.open(BytesIO(data), formats=("WEBP",)) as image:
        return frozen(np.asarray(image))


def read_reference(data: bytes) -> Patch:
    """Decodes a reference picture, scaled down to at most MAX_REFERENCE_SIDE pixels a side, on white."""
    image = Image.fromarray(read_image(data).pixels)
    white = Image.new("RGBA", image.size, "white")
    image = Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    image.thumbnail((MAX_REFERENCE_SIDE, MAX_REFERENCE_SIDE), Image.Resampling.LANCZOS)
    return Patch(Box(0, 0, *image.size), np.asarray(image))
