"""Differences of tiles: an edit stores only what it changed."""

import cv2
import numpy as np

from editor.imaging.geometry import Box
from editor.imaging.raster import Patch, Pixels, frozen

LARGEST = 0.5  # share of a tile's area; a tile that differs in more is stored whole


def difference(before: Pixels, after: Pixels) -> Patch | None:
    """Computes the difference of two tiles.

    Args:
        before: uint8 (H, W, 3 or 4).
        after: likewise.

    Returns:
        What to add to `before`, modulo 256, and where, to get `after`. None when the shapes differ, the tiles are
        equal, or the difference covers more than LARGEST of the tile.
    """
    if before.shape != after.shape:
        return None
    delta = after - before  # modulo 256
    x, y, width, height = cv2.boundingRect(np.asarray(delta.any(2), np.uint8))
    if width * height > LARGEST * before.shape[0] * before.shape[1] or not width:
        return None
    box = Box(x, y, width, height)
    return Patch(box, delta[y : y + height, x : x + width])


def add_difference(before: Pixels, delta: Pixels, x: int, y: int) -> Pixels:
    """Reverses `difference`.

    Args:
        before: the tile that the difference is added to, uint8 (H, W, 3 or 4).
        delta: uint8 (h, w, 3 or 4).
        x: its left edge in the tile.
        y: its top edge in the tile.

    Returns:
        The other tile, uint8 (H, W, 3 or 4).

    Raises:
        ValueError: the difference does not lie within the tile.
    """
    height, width, channels = delta.shape
    if x < 0 or y < 0 or y + height > before.shape[0] or x + width > before.shape[1]:
        raise ValueError(f"a difference of {width}x{height} at {x}, {y} does not lie within its tile")
    if channels < before.shape[2]:  # the file format drops an alpha channel that is 255 everywhere
        delta = np.dstack([delta, np.full((height, width), 255, np.uint8)])
    after = before.copy()
    after[y : y + height, x : x + width] += delta
    return frozen(after)
