"""What a browser is shown beside the lossless tiles: small copies of a picture."""

import io
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from editor.edits.previews import at_most
from editor.formats.images import read_image
from editor.imaging.compositing import blend
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import Pixels

OVERVIEW = 2048  # pixels of its longest side; the canvas draws tiles only when it is zoomed in further
THUMBNAIL = 480
STEP = 96  # of a step in the history


@lru_cache(maxsize=8)
def overview(picture: Picture) -> bytes:
    """The whole picture as a JPEG, at most OVERVIEW pixels a side."""
    return _jpeg(at_most(picture.pixels(), OVERVIEW))


@lru_cache(maxsize=32)
def thumbnail(picture: Picture) -> bytes:
    """The whole picture as a JPEG, at most THUMBNAIL pixels a side."""
    return _jpeg(at_most(picture.pixels(), THUMBNAIL))


@lru_cache(maxsize=512)
def step(picture: Picture, box: Box) -> bytes:
    """What lies in and around a box as a square JPEG of STEP pixels; the picture's middle for an empty one."""
    around = box if not box.empty else picture.box
    side = max(STEP // 2, min(max(around.width, around.height) * 5 // 4, *picture.box[2:]))
    square = Box(around.x + (around.width - side) // 2, around.y + (around.height - side) // 2, side, side)
    seen = square.shifted_into(picture.box).intersect(picture.box)
    return part(picture, seen, STEP)


def part(picture: Picture, box: Box, side: int) -> bytes:
    """What lies in a box of the picture as a JPEG, at most so many pixels a side."""
    return _jpeg(at_most(np.dstack([picture.read(box).pixels, picture.opacity(box)]), side))


@lru_cache(maxsize=64)
def file_thumbnail(path: Path, changed: int) -> bytes:
    """A picture file as a JPEG, at most THUMBNAIL pixels a side. changed: its time stamp."""
    return _jpeg(at_most(read_image(path.read_bytes()).pixels, THUMBNAIL))


def _jpeg(pixels: Pixels) -> bytes:
    """JPEG has no alpha: what is transparent is white."""
    file = io.BytesIO()
    if pixels.shape[2] == 4:
        pixels = blend(np.full_like(pixels[..., :3], 255), pixels[..., :3], np.ascontiguousarray(pixels[..., 3]))
    Image.fromarray(pixels).save(file, "JPEG", quality=90, subsampling=0)
    return file.getvalue()
