"""What is measured of painted windows besides what the judge says; and how sure a share is."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from pipelines.base import Pixels

VISIBLE = 24  # levels of 255 by which a thing differs from what is behind it


def seam(image: Pixels, mask: Pixels, truth: Pixels) -> float:
    """Measures how much steeper a picture is across its hole's edge than the true one: 1 = as steep.

    Steps below one level of 255 count as one: nobody sees less.

    Args:
        image: (S, S, 3), a window.
        mask: (S, S), its hole.
        truth: (S, S, 3), the true window.
    """
    return max(_across(image, mask), 1.0) / max(_across(truth, mask), 1.0)


def _across(image: Pixels, mask: Pixels) -> float:
    """Mean absolute difference of the neighbours, down and across, of which one is in the hole."""
    steps = [
        np.abs(np.diff(image.astype(np.int16), axis=axis))[np.diff((mask > 0).astype(np.int8), axis=axis) != 0]
        for axis in (0, 1)
    ]
    crossed = np.concatenate(steps)
    return float(crossed.mean()) if crossed.size else 0.0  # a hole that is the whole window has no edge


def composed(answer: Pixels, mask: Pixels, original: Pixels) -> Pixels:
    """Lays the answer into the hole of what was there."""
    return np.where(mask[..., None] > 0, answer, original)


def drift(image: Pixels, mask: Pixels, original: Pixels) -> int:
    """Counts the bytes outside the hole that are not what they were."""
    return int((image != original)[mask == 0].sum())


def turned(image: Pixels, before: Pixels, after: Pixels, where: NDArray[np.bool_]) -> float:
    """Measures how far a thing's colour went from the old one to the new one: 0 = not at all, 1 = all the way.

    Args:
        image: (S, S, 3), the result.
        before: (S, S, 3), with the thing in its old colour.
        after: (S, S, 3), with the thing in its new one.
        where: (S, S), the pixels that have the thing's colour.
    """
    old, new, now = (pixels[where].astype(np.float64).mean(0) for pixels in (before, after, image))
    way = new - old
    return float((now - old) @ way / (way @ way))


def sharpness(image: Pixels, where: NDArray[np.bool_]) -> float:
    """Computes the mean squared difference of neighbours, down and across, in a part of a picture.

    Args:
        image: (S, S, 3).
        where: (S, S), which pixels count; both of two neighbours must.
    """
    grey = image.astype(np.float64).mean(2)
    steps = [np.diff(grey, axis=axis)[_both(where, axis)] for axis in (0, 1)]
    return float(np.mean(np.square(np.concatenate(steps))))


def _both(where: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    pairs = where[1:] & where[:-1] if axis == 0 else where[:, 1:] & where[:, :-1]
    return np.asarray(pairs, np.bool_)


def shape_kept(image: Pixels, truth: Pixels, bare: Pixels, mask: Pixels) -> float:
    """Measures how far a thing covers what it should cover: the intersection of both silhouettes over their union.

    Args:
        image: (S, S, 3), the result.
        truth: (S, S, 3), the thing as it should be.
        bare: (S, S, 3), the scene without it.
        mask: (S, S), the hole.
    """
    there, due = ((np.abs(pixels.astype(np.int16) - bare).max(2) > VISIBLE) & (mask > 0) for pixels in (image, truth))
    return float((there & due).sum() / max(1, (there | due).sum()))


def half_width(share: float, count: int) -> float:
    """Half of the 95 % interval of a share that was seen in `count` cases (Wilson 1927)."""
    z = 1.96
    return z / (1 + z * z / count) * sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
