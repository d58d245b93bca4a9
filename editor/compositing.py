"""From what a model drew to what the picture shows: surroundings, resizing, colour match, blending. Plain
functions.

Images are uint8 (H, W, 3) RGB, masks uint8 (H, W) with 255 = the model's, 0 = the picture's.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from editor.geometry import Box
from editor.raster import Patch, Pixels

RING = 16  # width in pixels of the ring of kept pixels in which colours are compared
RING_PIXELS = 64  # fewer pixels than that say nothing about a colour
FARTHEST_MATCH = 32.0  # levels by which a colour may be moved at most: more is no cast but a different picture


def surrounded(patch: Patch, window: Box) -> Pixels:
    """The patch on the larger `window`, its border repeated outwards: a start, where nothing is known."""
    return np.asarray(
        cv2.copyMakeBorder(
            patch.pixels,
            patch.box.y - window.y,
            window.bottom - patch.box.bottom,
            patch.box.x - window.x,
            window.right - patch.box.right,
            cv2.BORDER_REPLICATE,
        ),
        dtype=np.uint8,
    )


def resized(image: Pixels, side: int) -> Pixels:
    """A square image at `side` pixels: averaged when it shrinks, cubic when it grows, itself when it fits."""
    if image.shape[0] == side:
        return image
    way = cv2.INTER_AREA if side < image.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (side, side), interpolation=way), dtype=np.uint8)


def resized_mask(mask: Pixels, side: int) -> Pixels:
    """A square mask, 0 or 255, at `side` pixels; 255 wherever any painted pixel took part, so no known pixel
    is mixed with one that is to go.
    """
    if mask.shape[0] == side:
        return mask
    cover = cv2.resize(mask.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
    return (np.asarray(cover) > 0).astype(np.uint8) * np.uint8(255)


def colour_match(generated: Pixels, original: Pixels, keep_ring: NDArray[np.bool_]) -> Pixels:
    """`generated` moved by one offset a channel, so that on `keep_ring` (bool (H, W)) its mean is the
    original's.

    A model which returns kept pixels a shade off drew the rest a shade off too. Unchanged when the ring is
    too small.
    """
    count = np.count_nonzero(keep_ring)
    if count < RING_PIXELS:
        return generated
    ring = keep_ring.view(np.uint8)
    cast = np.subtract(cv2.mean(original, ring)[:3], cv2.mean(generated, ring)[:3])
    offset = np.rint(np.clip(cast, -FARTHEST_MATCH, FARTHEST_MATCH)).astype(int)
    levels = np.arange(256)[:, None] + offset  # (256, 3): one table a channel
    table = np.clip(levels, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(generated, table[None]), dtype=np.uint8) if offset.any() else generated


def blend(original: Pixels, generated: Pixels, alpha: Pixels) -> Pixels:
    """`original` where alpha is 0 and `generated` where it is 255, to the byte; rounded mixtures between."""
    opaque = (alpha == 255).view(np.uint8)
    result = np.asarray(cv2.copyTo(generated, opaque, original.copy()), dtype=np.uint8)
    rows, columns = np.nonzero((alpha > 0) & (alpha < 255))  # few, most often: only there is arithmetic needed
    share = alpha[rows, columns, None].astype(np.uint16)
    mixed = original[rows, columns] * (255 - share) + generated[rows, columns] * share
    result[rows, columns] = (mixed + 127) // 255
    return result
