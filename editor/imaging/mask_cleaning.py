"""Cleaning of masks: removes faint values and specks, which nobody paints on purpose."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from editor.imaging.geometry import Box
from editor.imaging.raster import Mask, Pixels
from pipelines.errors import InvalidInput

FAINT = 16  # smaller values count as 0: JPEG noise, or the black of a mask whose black is 1
SPECK = 16  # most pixels of a speck
SPECK_SHARE = 0.01  # most pixels of a speck, as a share of the largest component's: a mask of small dots has no specks
NEAR = 16  # pixels within which a speck belongs to the component beside it, such as the spatter of a brush
CELL = 64  # pixels a side of the cells by which a mask is divided into parts; more than NEAR


class Cleaned(NamedTuple):
    """A cleaned mask."""

    mask: Mask  # on its bounds
    specks: int  # how many were removed


def cleaned(mask: Mask, keep_specks: bool = False) -> Cleaned:
    """Removes values below FAINT and specks from a mask; nothing else changes, and an empty mask stays empty.

    A speck is a component (8-connected) of at most SPECK pixels, and at most SPECK_SHARE of the largest one's, that is
    farther than NEAR pixels from every component that is too large to be one. The cost scales with the parts of the
    mask, see `parted`.

    Args:
        mask: the mask.
        keep_specks: whether to keep specks.

    Raises:
        InvalidInput: all values are below FAINT.
    """
    highest = int(mask.alpha.max(initial=0))
    if 0 < highest < FAINT:
        raise InvalidInput(
            f"The mask's values are at most {highest} of 255, which counts as black. Make it white (255) where the "
            f"picture should be repainted; at least {FAINT} is needed."
        )
    parts = parted(mask)
    components = [] if keep_specks else [_components(part.alpha)[1] for part in parts]
    largest = max((areas.max(initial=0) for areas in components), default=0)
    most = min(SPECK, int(largest * SPECK_SHARE))
    specks = 0
    for n, areas in enumerate(components):
        if (areas <= most).any():
            parts[n], found = _without_specks(parts[n], most)
            specks += found
    return Cleaned(_whole(parts), specks)


def parted(mask: Mask) -> list[Mask]:
    """Returns the parts of a mask that lie more than CELL pixels apart, each on its bounds, without values below FAINT.

    Only cells that are not empty are processed, so that two dots cost the same however far apart they are.
    """
    across, down = (np.arange(0, length, CELL) for length in (mask.box.width, mask.box.height))
    if mask.bounds.empty:
        return []
    rows = np.maximum.reduceat(mask.alpha, down, axis=0)
    painted = (np.maximum.reduceat(rows, across, axis=1) >= FAINT).astype(np.uint8)
    while True:  # until the boxes around connected cells neither touch nor overlap
        _, _, stats, _ = cv2.connectedComponentsWithStats(painted, connectivity=8)
        boxes = [Box(*map(int, each[:4])) for each in stats[1:]]
        for box in boxes:
            painted[box.y : box.bottom, box.x : box.right] = 1
        if np.count_nonzero(painted) == sum(int(each[cv2.CC_STAT_AREA]) for each in stats[1:]):
            break
    found = []
    for box in boxes:
        there = Box(mask.box.x + box.x * CELL, mask.box.y + box.y * CELL, box.width * CELL, box.height * CELL)
        alpha = mask.on(there.intersect(mask.box))
        alpha[alpha < FAINT] = 0
        found.append(Mask(there.intersect(mask.box), alpha).cropped())
    return found


def _components(alpha: Pixels) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Returns each pixel's component, int32 (H, W), 0 for none, and the pixel counts of components from 1 on."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((alpha > 0).view(np.uint8), connectivity=8)
    return np.asarray(labels, np.int32), np.asarray(stats[1:, cv2.CC_STAT_AREA], np.int32)


def _without_specks(part: Mask, most: int) -> tuple[Mask, int]:
    """Returns a part without its specks, and how many it had. most: the most pixels of a speck."""
    labels, areas = _components(part.alpha)
    small = np.concatenate([[False], areas <= most])
    large = np.concatenate([[False], areas > most])[labels]
    if large.any():
        away = cv2.distanceTransform((~large).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        near = np.unique(labels[small[labels] & (away < NEAR + 0.001)])  # squared distances are whole numbers
        small[near] = False
    return Mask(part.box, np.where(small[labels], np.uint8(0), part.alpha)).cropped(), int(np.count_nonzero(small))


def _whole(parts: list[Mask]) -> Mask:
    """Joins parts that do not overlap into one mask on its bounds."""
    box = Box(0, 0, 0, 0)
    for part in parts:
        box = box.union(part.box)
    alpha = np.zeros(box.shape, np.uint8)
    for part in parts:
        if not part.box.empty:
            alpha[part.box.slices(box)] = part.alpha
    alpha.flags.writeable = False  # otherwise `Mask` would copy it, with all the empty space between the parts
    return Mask(box, alpha)
