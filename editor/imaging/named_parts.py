"""The parts of a picture that words name: a network's coarse answer as boxes, or as what can be cut along edges."""

import cv2
import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]  # (H, W), above 0 on what is named; it covers the whole picture
PartBox = tuple[float, float, float, float]  # x, y, width, height in pixels of the picture

MOST_PARTS = 8  # the largest ones: each is asked for on its own
SHARE = 0.1  # of the largest part's area, below which another is a speck
GRID = 44  # cells along a side, half a patch of CLIPSeg's each: BAND of them is how far off its edges may be


def part_boxes(logits: Logits, size: tuple[int, int]) -> list[PartBox]:
    """Returns the box around each connected part that is named, the largest first.

    Args:
        logits: float32 (H, W).
        size: width and height of the picture.

    Returns:
        At most MOST_PARTS; none where nothing is named.
    """
    _, _, found, _ = cv2.connectedComponentsWithStats((logits > 0).astype(np.uint8), connectivity=8)
    parts = sorted(found[1:].tolist(), key=lambda part: -part[cv2.CC_STAT_AREA])  # the first is what lies around them
    across, down = size[0] / logits.shape[1], size[1] / logits.shape[0]
    return [
        (x * across, y * down, width * across, height * down)
        for x, y, width, height, area in parts[:MOST_PARTS]
        if area >= SHARE * parts[0][cv2.CC_STAT_AREA]
    ]


def coarser(logits: Logits) -> Logits:
    """Averages logits to GRID x GRID, so that the band in which `object_mask` looks for the edge is as wide as needed.

    Args:
        logits: float32 (H, W), of at least that size.
    """
    return np.asarray(cv2.resize(logits, (GRID, GRID), interpolation=cv2.INTER_AREA), dtype=np.float32)
