"""What is measured of painted windows besides what the judge says; and how sure a share is."""

from collections.abc import Sequence
from math import sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.base import Pixels

VISIBLE = 24  # levels of 255 by which a thing differs from what is behind it
NEAR = 3  # pixels to either side of an outline within which it may still be there


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


def silhouette(before: Pixels, truth: Pixels) -> NDArray[np.bool_]:
    """Returns where a thing is to be seen, (S, S): where the scene, (S, S, 3), differs from the one without it."""
    return np.asarray(np.abs(before.astype(np.int16) - truth).max(2) > VISIBLE)


def ghost(image: Pixels, before: Pixels, truth: Pixels) -> float:
    """Measures how much of a thing's outline is still there after its removal: 0 = none, 1 = all of it.

    Only points of the outline count where it was to be seen. One is still there where the picture near it is steeper
    across the outline than the true one, by a step that is to be seen.

    Args:
        image: (S, S, 3), the result.
        before: (S, S, 3), the scene with the thing.
        truth: (S, S, 3), the scene without it.
    """
    thing = silhouette(before, truth).astype(np.uint8)
    square = np.ones((3, 3), np.uint8)
    outline = cv2.dilate(thing, square) > cv2.erode(thing, square)  # where the window ends, a thing has no outline
    down, across = np.gradient(cv2.GaussianBlur(thing.astype(np.float32), (0, 0), NEAR))
    length = np.maximum(np.hypot(down, across), 1e-6)
    normal = down / length, across / length
    now, old = _steepest(image, normal, NEAR), _steepest(before, normal, NEAR)
    true = _steepest(truth, normal, NEAR + 1)  # what goes on behind the thing may be off by a pixel
    step = VISIBLE / 2  # a step from one pixel to the next, as a central difference has it
    points = outline & (old - true > step)
    return float((now - true > step)[points].mean()) if points.any() else 0.0


def _steepest(
    image: Pixels, normal: tuple[NDArray[np.float32], NDArray[np.float32]], reach: int
) -> NDArray[np.float32]:
    """Returns the greatest change from pixel to pixel, in levels of 255, within so many pixels of each.

    Args:
        image: (S, S, 3).
        normal: the direction in which changes count: how far down and across, (S, S) each.
        reach: the pixels.

    Returns:
        (S, S)
    """
    down, across = np.gradient(image.astype(np.float32), axis=(0, 1))
    steepness = np.abs(down * normal[0][..., None] + across * normal[1][..., None]).max(2)
    return np.asarray(cv2.dilate(steepness, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)), np.float32)


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


def share(hits: Sequence[bool]) -> str:
    """Says how many of some cases are hits: in per cent, give or take half of its 95 % interval."""
    if not hits:
        return "-"
    part = sum(hits) / len(hits)
    return f"{100 * part:.1f} ± {100 * half_width(part, len(hits)):.1f} %"
