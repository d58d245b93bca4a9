"""Masks as programs save them, with the pixels that are meant, for the page, the command line and the API alike."""

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from editor.imaging.geometry import Box
from editor.imaging.raster import Pixels
from tests.layouts import gamma, profile, tiff
from tests.samples import disc


def mask_files(width: int, height: int) -> dict[str, tuple[bytes, Pixels]]:
    """File names, with bytes and uint8 (height, width); the last is of black and white strokes."""
    grey = np.zeros((height, width), np.uint8)
    box = Box(width // 4, height // 3, width // 3, height // 3)
    grey[box.slices(Box(0, 0, width, height))] = disc(box).alpha
    soft = (np.linspace(0, 255, width)[None].repeat(height, 0)).astype(np.uint8)
    opaque = np.full_like(grey, 255)
    one = opaque.copy()
    one[1, 1] = 0
    colours = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    halves = np.where(np.arange(width)[None] < width // 2, 0, 255).astype(np.uint8).repeat(height, 0)
    wide, deep = np.dstack([grey] * 3), grey.astype(np.uint16) * 257
    return {
        "grey.png": (_file(grey), grey),
        "soft.png": (_file(soft), soft),
        "one-bit.png": (_file(Image.fromarray(grey).convert("1")), grey),
        "sixteen-bits.png": (_file(deep), grey),
        "white-is-zero.tif": (tiff(255 - grey, photometric="miniswhite"), grey),
        "dot-gain.png": (_file(soft, icc_profile=profile(b"GRAY", "Dot Gain 20%", gamma(1.75))), soft),
        "rgb.bmp": (_file(wide, "BMP"), grey),
        "one-transparent.png": (_file(np.dstack([wide, one])), grey),
        "alpha-254.png": (_file(np.dstack([wide, opaque - 1])), grey),
        "grey-alpha.png": (_file(np.dstack([grey, opaque - 1])), grey),
        "black-strokes.png": (_file(np.dstack([wide * 0, grey])), grey),
        "white-strokes.png": (_file(np.dstack([wide * 0 + 255, grey // 2])), grey // 2),
        "strokes-of-colours.webp": (_file(np.dstack([colours, grey]), "WEBP", lossless=True, exact=True), grey),
        "black-and-white-strokes.png": (
            _file(np.dstack([halves] * 3 + [grey])), np.where(halves == 255, grey, 0).astype(np.uint8)
        ),
    }  # fmt: skip


def _file(pixels: np.ndarray | Image.Image, format: str = "PNG", **options: Any) -> bytes:
    file = BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(file, format, **options)
    return file.getvalue()
