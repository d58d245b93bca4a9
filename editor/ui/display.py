"""What a browser is shown beside the lossless tiles: small copies of a picture and the previews of a run."""

import io
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from editor.compositing import blend
from editor.edit import Edit
from editor.formats.images import read_image
from editor.geometry import Box
from editor.picture import Picture
from editor.plan import region
from editor.raster import Mask, Patch, Pixels

OVERVIEW = 2048  # pixels of its longest side; the canvas draws tiles only when it is zoomed in further
THUMBNAIL = 480
STEP = 96  # of a step in the history
PREVIEW = 512  # a window may be larger; ten of them a second need not be


@lru_cache(maxsize=8)
def overview(picture: Picture) -> bytes:
    """The whole picture as a JPEG, at most OVERVIEW pixels a side."""
    return _jpeg(_at_most(picture.pixels(), OVERVIEW))


@lru_cache(maxsize=32)
def thumbnail(picture: Picture) -> bytes:
    """The whole picture as a JPEG, at most THUMBNAIL pixels a side."""
    return _jpeg(_at_most(picture.pixels(), THUMBNAIL))


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
    return _jpeg(_at_most(np.dstack([picture.read(box).pixels, picture.opacity(box)]), side))


@lru_cache(maxsize=64)
def file_thumbnail(path: Path, changed: int) -> bytes:
    """A picture file as a JPEG, at most THUMBNAIL pixels a side. changed: its time stamp."""
    return _jpeg(_at_most(read_image(path.read_bytes()).pixels, THUMBNAIL))


@lru_cache(maxsize=8)
def may_change(edit: Edit, picture: Picture) -> Mask:
    """`region`, remembered: it is asked for with every step of a run."""
    return region(edit, picture)


def preview_box(preview: Patch, changing: Mask) -> Box:
    """The part of a preview which differs from the picture below it: all that need be sent."""
    return preview.box.intersect(changing.bounds)


def encode_preview(preview: Patch, changing: Mask) -> bytes:
    """WebP of a preview at its `preview_box`, transparent where the picture stays; at most PREVIEW a side."""
    box = preview_box(preview, changing)
    colours = _at_most(preview.pixels[box.slices(preview.box)], PREVIEW)
    alpha = _at_most(changing.on(box), PREVIEW)
    if colours.shape[2] == 4:
        colours, alpha = colours[..., :3], np.minimum(alpha, colours[..., 3])
    file = io.BytesIO()
    Image.fromarray(np.dstack([colours, alpha])).save(file, "WEBP", quality=80, method=0)
    return file.getvalue()


def _at_most(pixels: Pixels, side: int) -> Pixels:
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _jpeg(pixels: Pixels) -> bytes:
    """JPEG has no alpha: what is transparent is white."""
    file = io.BytesIO()
    if pixels.shape[2] == 4:
        pixels = blend(np.full_like(pixels[..., :3], 255), pixels[..., :3], np.ascontiguousarray(pixels[..., 3]))
    Image.fromarray(pixels).save(file, "JPEG", quality=90, subsampling=0)
    return file.getvalue()
