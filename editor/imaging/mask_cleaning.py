"""Cleaning of masks: an edit request leaves out faint values and specks, which nobody painted on purpose."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from editor.imaging.geometry import Box
from editor.imaging.raster import Mask, Pixels
from pipelines.errors import InvalidInput

FAINT = 16  # values below it are no paint, but JPEG noise, or the black of a mask whose black is 1
SPECK = 16  # pixels that a speck has at most
SPECK_SHARE = 0.01  # of the largest component that a speck has at most: a mask of small dots alone has no specks
NEAR = 16  # pixels within which a speck belongs to what is beside it, as the spatter of a brush does
CELL = 64  # pixels a side of the cells by which a mask is divided into parts; more than NEAR


class Cleaned(NamedTuple):
    """mask: on its bounds. specks: how many it has no more."""

    mask: Mask
    specks: int


def cleaned(mask: Mask, keep_specks: bool = False) -> Cleaned:
    """A mask without values below FAINT and without specks. Nothing else changes; an empty mask stays empty.

    A speck is a component (8-connected) of at most SPECK pixels and at most SPECK_SHARE of the largest one's that is
    farther than NEAR pixels from every component that is too large for one. keep_specks: leave them in. Costs by the
    parts of the mask, see `parted`. InvalidInput when all values are below FAINT.
    """
    highest = int(mask.alpha.max(initial=0))
    if 0 < highest < FAINT:
        raise InvalidInput(
            f"The mask's values are at most {highest} of 255, which counts as black: make it white (255) where the "
            f"picture is to be repainted; at least {FAINT} is needed."
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
    """The parts of a mask, each on its bounds, which lie more than CELL pixels apart; without values below FAINT.

    Only the cells with paint are looked at closely, so that two dots cost no more the farther apart they are.
    """
    across, down = (np.arange(0, length, CELL) for length in (mask.box.width, mask.box.height))
    if mask.bounds.empty:
        return []
    rows = np.maximum.reduceat(mask.alpha, down, axis=0)
    painted = (np.maximum.reduceat(rows, across, axis=1) >= FAINT).astype(np.uint8)
    while True:  # until the boxes around what hangs together neither touch nor overlap
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
    """The number of each pixel's component, int32 (H, W), 0 where there is none; and the pixels of each from 1 on."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((alpha > 0).view(np.uint8), connectivity=8)
    return np.asarray(labels, np.int32), np.asarray(stats[1:, cv2.CC_STAT_AREA], np.int32)


def _without_specks(part: Mask, most: int) -> tuple[Mask, int]:
    """A part without its specks, and how many those were. most: the pixels that a speck has at most."""
    labels, areas = _components(part.alpha)
    small = np.concatenate([[False], areas <= most])
    large = np.concatenate([[False], areas > most])[labels]
    if large.any():
        away = cv2.distanceTransform((~large).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        near = np.unique(labels[small[labels] & (away < NEAR + 0.001)])  # squared distances are whole numbers
        small[near] = False
    return Mask(part.box, np.where(small[labels], np.uint8(0), part.alpha)).cropped(), int(np.count_nonzero(small))


def _whole(parts: list[Mask]) -> Mask:
    """Parts that do not overlap as one mask on its bounds."""
    box = Box(0, 0, 0, 0)
    for part in parts:
        box = box.union(part.box)
    alpha = np.zeros(box.shape, np.uint8)
    for part in parts:
        if not part.box.empty:
            alpha[part.box.slices(box)] = part.alpha
    alpha.flags.writeable = False  # `Mask` would copy it, and with it the emptiness between the parts
    return Mask(box, alpha)
