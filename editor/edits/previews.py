"""Previews of a run: small files that show the result as it would be if the model stopped now."""

import io

import cv2
import numpy as np
from PIL import Image

from editor.imaging.geometry import Box
from editor.imaging.raster import Mask, Patch, Pixels

PREVIEW = 512  # most pixels a side: a window may be larger, but ten previews a second need not be


def preview_box(preview: Patch, region: Mask) -> Box:
    """Returns the part of a preview that may differ from the picture below it: the only part to send."""
    return preview.box.intersect(region.bounds)


def encode_preview(preview: Patch, region: Mask) -> bytes:
    """Encodes a preview.

    Args:
        preview: the picture as it would be.
        region: where the edit may change the picture.

    Returns:
        A WebP of its `preview_box`, transparent where the picture stays, at most PREVIEW pixels a side.
    """
    box = preview_box(preview, region)
    colours = shrink_to(preview.pixels[box.slices(preview.box)], PREVIEW)
    alpha = shrink_to(region.on(box), PREVIEW)
    if colours.shape[2] == 4:
        colours, alpha = colours[..., :3], np.minimum(alpha, colours[..., 3])
    file = io.BytesIO()
    Image.fromarray(np.dstack([colours, alpha])).save(file, "WEBP", quality=80, method=0)
    return file.getvalue()


def shrink_to(pixels: Pixels, side: int) -> Pixels:
    """Scales pixels down until no side is longer than `side`; returns smaller ones as they are."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
