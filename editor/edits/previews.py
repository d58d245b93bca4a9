"""Previews of a run: small files of what its picture would be if its model stopped now."""

import io

import cv2
import numpy as np
from PIL import Image

from editor.imaging.geometry import Box
from editor.imaging.raster import Mask, Patch, Pixels

PREVIEW = 512  # pixels a side; a window may be larger; ten of them a second need not be


def preview_box(preview: Patch, changing: Mask) -> Box:
    """The part of a preview which differs from the picture below it: all that need be sent."""
    return preview.box.intersect(changing.bounds)


def encode_preview(preview: Patch, changing: Mask) -> bytes:
    """WebP of a preview at its `preview_box`, transparent where the picture stays; at most PREVIEW a side."""
    box = preview_box(preview, changing)
    colours = at_most(preview.pixels[box.slices(preview.box)], PREVIEW)
    alpha = at_most(changing.on(box), PREVIEW)
    if colours.shape[2] == 4:
        colours, alpha = colours[..., :3], np.minimum(alpha, colours[..., 3])
    file = io.BytesIO()
    Image.fromarray(np.dstack([colours, alpha])).save(file, "WEBP", quality=80, method=0)
    return file.getvalue()


def at_most(pixels: Pixels, side: int) -> Pixels:
    """A picture made smaller until no side is longer than so many pixels."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
