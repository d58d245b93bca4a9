"""Small copies of a picture, which a browser shows besides the lossless tiles."""

import io
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from editor.edits.previews import shrink_to
from editor.formats.images import read_image
from editor.imaging.compositing import on_white
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import Pixels

OVERVIEW = 2048  # pixels of its longest side; the canvas draws tiles only when it is zoomed in further
THUMBNAIL = 480  # pixels of the longest side
STEP = 96  # pixels a side of a step in the history


@lru_cache(maxsize=8)
def overview(picture: Picture) -> bytes:
    """Returns the whole picture as a JPEG, at most OVERVIEW pixels a side."""
    return _jpeg(shrink_to(picture.pixels(), OVERVIEW))


@lru_cache(maxsize=32)
def thumbnail(picture: Picture) -> bytes:
    """Returns the whole picture as a JPEG, at most THUMBNAIL pixels a side."""
    return _jpeg(shrink_to(picture.pixels(), THUMBNAIL))


@lru_cache(maxsize=512)
def step(picture: Picture, box: Box) -> bytes:
    """Returns a box and its surroundings as a square JPEG of STEP pixels; the picture's middle for an empty box."""
    centre = box if not box.empty else picture.box
    side = max(STEP // 2, min(max(centre.width, centre.height) * 5 // 4, *picture.box[2:]))
    square = Box(centre.x + (centre.width - side) // 2, centre.y + (centre.height - side) // 2, side, side)
    return part(picture, square.shifted_into(picture.box).intersect(picture.box), STEP)


def part(picture: Picture, box: Box, side: int) -> bytes:
    """Returns a box of the picture as a JPEG, at most `side` pixels a side."""
    return _jpeg(shrink_to(np.dstack([picture.read(box).pixels, picture.opacity(box)]), side))


@lru_cache(maxsize=64)
def file_thumbnail(path: Path, changed: int) -> bytes:
    """Returns a picture file as a JPEG, at most THUMBNAIL pixels a side.

    Args:
        path: the file.
        changed: its modification time, so that the cache notices a change.
    """
    return _jpeg(shrink_to(read_image(path.read_bytes()).pixels, THUMBNAIL))


def _jpeg(pixels: Pixels) -> bytes:
    """Encodes pixels as a JPEG, which has no alpha channel: transparent pixels become white."""
    file = io.BytesIO()
    Image.fromarray(on_white(pixels)).save(file, "JPEG", quality=90, subsampling=0)
    return file.getvalue()
