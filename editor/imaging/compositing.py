"""From what a model drew to what the picture shows: surroundings, resizing, colour match, blending. Plain
functions.

Images are uint8 (H, W, 3) RGB, masks uint8 (H, W) with 255 = the model's, 0 = the picture's.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from editor.imaging.geometry import Box
from editor.imaging.raster import Patch, Pixels

RING = 16  # width in pixels of the ring of kept pixels in which colours are compared
RING_PIXELS = 64  # fewer pixels than that say nothing about a colour
DRIFT_SIDE = 64  # pixels of the longer side at which a drift of colours is looked for: it is smooth
EDGE_BLUR = 1.5  # of those, how far from a hole's edge colours are compared
DRIFT_PRIOR = 1e-3  # weight of no drift: far inside a hole, at a quarter of the side, half of it is left
EDGE_REACHES = (1.0, 3.0)  # pixels from a hole's edge inwards over which what is left of a step there is evened out
JOIN = 9  # pixels: so far do those reach
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


def nearest_known(image: Pixels, known: NDArray[np.bool_]) -> Pixels:
    """The image with each pixel that is not known as the nearest one that is, grey where none is: a start too."""
    if not known.any():
        return np.full_like(image, 128)
    unknown = (~known).view(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(unknown, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL)
    colours = np.zeros((int(labels.max()) + 1, 3), np.uint8)
    colours[labels[known]] = image[known]
    return np.asarray(colours[labels], dtype=np.uint8)


def laid_over(image: Pixels, strokes: Patch, window: Box) -> Pixels:
    """The image at `window` with strokes, RGBA, over it."""
    shared = strokes.box.intersect(window)
    if shared.empty:
        return image
    result, here = image.copy(), shared.slices(window)
    pixels = strokes.pixels[shared.slices(strokes.box)]
    result[here] = blend(result[here], np.ascontiguousarray(pixels[..., :3]), np.ascontiguousarray(pixels[..., 3]))
    return result


def resized(image: Pixels, shape: tuple[int, int]) -> Pixels:
    """An image at a shape, (height, width), of about its aspect: averaged when it shrinks, cubic when it grows, itself
    when it fits.
    """
    if image.shape[:2] == shape:
        return image
    way = cv2.INTER_AREA if shape[0] < image.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, shape[::-1], interpolation=way), dtype=np.uint8)


def resized_mask(mask: Pixels, shape: tuple[int, int]) -> Pixels:
    """A mask at a shape, (height, width), that is no larger: 255 wherever any pixel of 255 took part, so no known pixel
    is mixed with one that is to go; elsewhere the mean, at least 1 where any above 0 took part.
    """
    if mask.shape == shape:
        return mask
    whole, mean = (
        np.asarray(cv2.resize(part.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA))
        for part in (mask == 255, mask)
    )
    return np.where(whole > 0, 255, np.maximum(np.rint(mean), mean > 0)).astype(np.uint8)


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


def evened(generated: Pixels, original: Pixels, hole: Pixels) -> Pixels:
    """`generated` moved so that its colours go on where the hole, uint8 (H, W), ends: smoothly over all of it first,
    then what is left of a step at the very edge. What is kept is not touched.
    """
    if not hole.any() or hole.all():
        return generated
    return _joined(_drifted(generated, original, hole), original, hole)


def _drifted(generated: Pixels, original: Pixels, hole: Pixels) -> Pixels:
    """An offset for each pixel that is at the hole's edge what the original lacks there, and spreads inwards (Shepard
    1968).

    A wall that is painted a shade off shows the hole's outline, whatever the feather. An edge across which the colours
    differ by more than a shade is a thing's, and says nothing; nor does one amid texture that varies as much.
    """
    longest = max(hole.shape)
    side = min(DRIFT_SIDE, longest)
    shape = (max(1, round(hole.shape[0] * side / longest)), max(1, round(hole.shape[1] * side / longest)))
    parts = [(generated, _shrunk(hole > 0, shape), hole > 0), (original, _shrunk(hole == 0, shape), hole == 0)]
    near, means, variances = [], [], []
    for image, share, here in parts:
        shown = image * here[..., None].astype(np.float32)
        around = _blurred(share, EDGE_BLUR)
        mean, square = (
            _blurred(_shrunk(values, shape), EDGE_BLUR) / np.maximum(around, 1e-3)[..., None]
            for values in (shown, shown**2)
        )
        near.append(around)
        means.append(mean)
        variances.append(np.maximum(square - mean**2, 0))
    lacks = means[1] - means[0]  # (*shape, 3)
    weight = 4 * near[0] * near[1]
    weight *= np.clip(1 - (np.abs(lacks).max(2) / FARTHEST_MATCH) ** 2, 0, 1) * (weight > 0.1)
    # a mean of what varies is no exact one: what may be chance is no drift
    lacks *= lacks**2 / np.maximum(lacks**2 + variances[0] + variances[1], 1e-6)
    if not (np.abs(lacks).max(2) * weight > 0.5).any():
        return generated
    moved, total = np.zeros_like(lacks), np.full_like(weight, DRIFT_PRIOR)
    reach = EDGE_BLUR
    while reach <= side / 2:  # the nearest edge counts for most
        moved += _blurred(lacks * weight[..., None], reach) / reach
        total += _blurred(weight, reach) / reach
        reach *= 2
    height, width = generated.shape[:2]
    offset = cv2.resize(moved / total[..., None], (width, height), interpolation=cv2.INTER_LINEAR)
    offset *= (hole > 0)[..., None]  # what is kept is right as it is
    return np.asarray(np.clip(np.rint(generated + offset), 0, 255), dtype=np.uint8)


def _joined(generated: Pixels, original: Pixels, hole: Pixels) -> Pixels:
    """The hole's outermost pixels moved to their kept neighbours, those behind them less and less, as in seamless
    cloning (Pérez et al. 2003), but over a few pixels only.

    A step of more than a shade is a thing's edge and stays; so does one as steep as the original is around.
    """
    x, y, width, height = cv2.boundingRect(hole)
    part = slice(max(y - JOIN, 0), y + height + JOIN), slice(max(x - JOIN, 0), x + width + JOIN)
    here, new, old = hole[part] > 0, generated[part], original[part]
    # what each of the hole's outermost pixels lacks to be as its kept neighbours are, and how many there are
    lacks = np.zeros((*here.shape, 4), np.float32)
    # how steep the original is by itself, next to the hole
    steep = np.zeros((*here.shape, 2), np.float32)
    near = cv2.dilate(here.view(np.uint8), np.ones((2 * JOIN + 1, 2 * JOIN + 1), np.uint8)) > 0
    for after, before in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        for own, other in ((after, before), (before, after)):
            at = np.nonzero(here[own] & ~here[other])  # few: only there is arithmetic needed
            lacks[own][at] += np.c_[old[other][at].astype(np.float32) - new[own][at], np.ones(len(at[0]))]
        at = np.nonzero(near[after] & ~here[after] & ~here[before])
        steps = np.abs(old[after][at].astype(np.float32) - old[before][at]).max(1)
        steep[after][at] += np.c_[steps, np.ones(len(at[0]))]
    steep = _blurred(steep, EDGE_BLUR)
    at = np.nonzero(lacks[..., 3])
    lack = lacks[at][:, :3] / lacks[at][:, 3:]
    size = np.abs(lack).max(1)
    weight = np.clip(1 - (size / FARTHEST_MATCH) ** 2, 0, 1)
    natural = steep[at][:, 0] / np.maximum(steep[at][:, 1], 1e-3)
    lack *= (weight * np.clip(1 - natural / np.maximum(size, 1e-3), 0, 1))[:, None]
    if not (np.abs(lack) > 0.5).any():
        return generated
    lacks[at] = np.c_[lack, weight]
    moved = lacks + sum(_blurred(lacks, reach) for reach in EDGE_REACHES)
    to = np.nonzero(here & (moved[..., 3] > 1e-3))
    joined = generated.copy()
    joined[part][to] = np.clip(np.rint(new[to] + moved[to][:, :3] / moved[to][:, 3:]), 0, 255)
    return joined


def _shrunk(image: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Averaged to a shape, (height, width), float32."""
    return np.asarray(cv2.resize(image.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA), np.float32)


def _blurred(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32)


def blend(original: Pixels, generated: Pixels, alpha: Pixels) -> Pixels:
    """`original` where alpha is 0 and `generated` where it is 255, to the byte; rounded mixtures between."""
    opaque = (alpha == 255).view(np.uint8)
    result = np.asarray(cv2.copyTo(generated, opaque, original.copy()), dtype=np.uint8)
    rows, columns = np.nonzero((alpha > 0) & (alpha < 255))  # few, most often: only there is arithmetic needed
    share = alpha[rows, columns, None].astype(np.uint16)
    mixed = original[rows, columns] * (255 - share) + generated[rows, columns] * share
    result[rows, columns] = (mixed + 127) // 255
    return result


def over(original: Pixels, generated: Pixels, alpha: Pixels, opacity: Pixels) -> Pixels:
    """`blend` onto an original that is not opaque, uint8 (H, W, 4) with straight alpha (Porter & Duff 1984, over).

    opacity: uint8 (H, W), the original's alpha. Where alpha is 0 the pixel stays, to the byte, seen or not.
    """
    share, kept = alpha.astype(np.float32) / 255, opacity.astype(np.float32) / 255
    left = kept * (1 - share)
    total = share + left
    weight = np.divide(share, total, out=np.zeros_like(share), where=total > 0)[..., None]
    colours = np.rint(original * (1 - weight) + generated * weight).astype(np.uint8)
    result = np.dstack([colours, np.rint(255 * total).astype(np.uint8)])
    untouched = alpha == 0
    result[untouched] = np.dstack([original, opacity])[untouched]
    return np.asarray(result, dtype=np.uint8)


def ramp(shape: tuple[int, int], above: int, left: int) -> Pixels:
    """A share that rises over `above` pixels from the top and over `left` from the left, uint8 of the shape."""
    rows, columns = (
        np.minimum(1, (np.arange(length) + 1) / (width + 1)) for length, width in zip(shape, (above, left), strict=True)
    )
    return np.asarray(np.rint(255 * np.outer(rows, columns)), dtype=np.uint8)
