"""Image files in and out. Lossy input is decoded once; everything the editor keeps is lossless.

What cannot be read is an InvalidInput with a sentence for the person who chose the file.
"""

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
from editor.imaging.limits import MAX_PATCH_PIXELS, MAX_PIXELS
from editor.imaging.raster import Pixels, frozen
from pipelines.errors import InvalidInput

NEARLY_OPAQUE = 0.99  # share of a mask's file from which on its clear pixels are an accident
OF_BOTH = 0.05  # share of strokes that are dark, and that are light, from which on they are of two sorts
READINGS = {
    "light": "",
    "strokes": "The mask is a transparent picture: what is painted in it was marked, whatever the colour.",
    "white strokes": "The mask is a transparent picture in black and white: what is white in it was marked.",
}  # how a mask's file can be read, and what is said of it


@dataclass(frozen=True, eq=False)
class Opened:
    """pixels: uint8 (H, W, 3) RGB, or (H, W, 4) with straight alpha where not all is opaque; read-only. icc: the
    profile that says what the colours mean, or None for sRGB. notes: sentences on what the file held that the picture
    does not. metadata: whose it is, and how large it prints.
    """

    pixels: Pixels
    icc: bytes | None
    notes: tuple[str, ...]
    metadata: Metadata


def read_image(data: bytes, most: int = MAX_PIXELS) -> Opened:
    """The picture in a file's bytes, upright, at 8 bits. InvalidInput when there is none, or it has more than `most`
    pixels: then none of them was unpacked.

    The colours of an RGB file stay as they are, to the byte, and its profile is kept beside them; those of linear
    light, of grey with a curve of its own, of CMYK and of Lab are converted, with a note.
    """
    read = decode(data, most)
    pixels = read.pixels
    if pixels.shape[2] == 4 and pixels[..., 3].min() == 255:
        pixels = np.ascontiguousarray(pixels[..., :3])
    return Opened(frozen(pixels), read.icc, read.notes, read.metadata)


class OpenedMask(NamedTuple):
    """alpha: uint8 (H, W), read-only, 255 = repaint. reading: one of READINGS."""

    alpha: Pixels
    reading: str


def open_mask(data: bytes, most: int = MAX_PIXELS) -> OpenedMask:
    """What somebody means by a picture file as a mask; the page, the command line and programs all ask here.

    A picture without transparency: white is repainted, black stays ("light"). One that is opaque but for a hundredth at
    most: the same, and its few clear pixels stay. Strokes on a transparent picture: where they are, in whatever colour,
    black too, as opaque as they are ("strokes"). Black and white strokes on a transparent picture: the white ones
    ("white strokes"). InvalidInput as `read_image`.
    """
    pixels = decode(data, most, colours=False).pixels
    light: Pixels = np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_RGB2GRAY), np.uint8)
    if pixels.shape[2] == 3:
        return OpenedMask(frozen(light), "light")
    alpha = np.ascontiguousarray(pixels[..., 3])
    opaque = alpha >= 128
    if opaque.mean() >= NEARLY_OPAQUE:
        return OpenedMask(frozen(np.where(opaque, light, 0).astype(np.uint8)), "light")
    strokes = pixels[opaque][:, :3]
    colourless = strokes.max(1) - strokes.min(1) < 32
    if strokes.size and min(np.mean(colourless & end) for end in (strokes[:, 0] < 64, strokes[:, 0] >= 192)) >= OF_BOTH:
        white = (light.astype(np.uint16) * alpha + 127) // 255
        return OpenedMask(frozen(white.astype(np.uint8)), "white strokes")
    return OpenedMask(frozen(alpha), "strokes")


def read_mask(data: bytes, most: int = MAX_PIXELS) -> Pixels:
    """The mask in a file's bytes, as `open_mask`: uint8 (H, W), read-only."""
    return open_mask(data, most).alpha


def encode_png(pixels: Pixels) -> bytes:
    """PNG of uint8 (H, W, 3) RGB, (H, W, 4) with straight alpha, or (H, W) grey."""
    if pixels.ndim == 3:
        order = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
        pixels = np.asarray(cv2.cvtColor(pixels, order), dtype=np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


def decode_mask(data: bytes) -> Pixels:
    """uint8 (H, W) from what `encode_png` made of it."""
    if data[:8] != PNG_MAGIC or len(data) < 24:
        raise InvalidInput("A stored mask is no PNG: the store is damaged.")
    width, height = struct.unpack_from(">II", data, 16)
    if width * height > MAX_PIXELS:
        raise InvalidInput(f"A mask of {width:,} x {height:,} pixels is none of the editor's.")
    alpha = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if alpha is None:
        raise InvalidInput("A stored mask cannot be decoded: the store is damaged.")
    return np.asarray(alpha, dtype=np.uint8)


def encode_tile(pixels: Pixels) -> bytes:
    """Lossless WebP of uint8 (H, W, 3) or (H, W, 4): what the store keeps and browsers are served, byte for byte."""
    data = BytesIO()
    Image.fromarray(pixels).save(data, "WEBP", lossless=True, method=0, quality=0, exact=True)
    return data.getvalue()


def decode_tile(data: bytes) -> Pixels:
    """uint8 (H, W, 3) or (H, W, 4), read-only, from what `encode_tile` made of it."""
    if data[8:16] != b"WEBPVP8L" or len(data) < 25:  # plain lossless WebP: no film, nothing around it
        raise InvalidInput("A stored tile is no lossless WebP: the store is damaged.")
    sides = int.from_bytes(data[21:25], "little")  # 14 bits each, less one
    width, height = (sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1
    if width * height > MAX_PATCH_PIXELS:  # looked at before Pillow, which has limits and warnings of its own
        raise InvalidInput(f"A tile of {width:,} x {height:,} pixels is none of the editor's.")
    with Image.open(BytesIO(data), formats=("WEBP",)) as image:
        return frozen(np.asarray(image))
