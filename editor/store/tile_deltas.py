"""What sets one tile apart from another, as a smaller one: an edit is stored by what it changed."""

import cv2
import numpy as np

from editor.imaging.geometry import Box
from editor.imaging.raster import Patch, Pixels, frozen

LARGEST = 0.5  # share of the tile: one that differs in more is stored whole


def difference(before: Pixels, after: Pixels) -> Patch | None:
    """What is to be added to a tile, modulo 256, and where, to have the other; None where that is worth nothing.

    before, after: uint8 (H, W, 3 or 4); of the same shape, or nothing comes of it.
    """
    if before.shape != after.shape:
        return None
    apart = after - before  # modulo 256
    x, y, width, height = cv2.boundingRect(np.asarray(apart.any(2), np.uint8))
    if width * height > LARGEST * before.shape[0] * before.shape[1] or not width:
        return None
    box = Box(x, y, width, height)
    return Patch(box, apart[y : y + height, x : x + width])


def added(before: Pixels, apart: Pixels, x: int, y: int) -> Pixels:
    """The tile that `difference` described. apart: uint8 (h, w, 3 or 4). ValueError when it does not fit."""
    height, width, channels = apart.shape
    if x < 0 or y < 0 or y + height > before.shape[0] or x + width > before.shape[1]:
        raise ValueError(f"a part of {width}x{height} at {x}, {y} does not lie within a tile")
    if channels < before.shape[2]:  # a file drops an alpha that is 255 all over
        apart = np.dstack([apart, np.full((height, width), 255, np.uint8)])
    after = before.copy()
    after[y : y + height, x : x + width] += apart
    return frozen(after)
