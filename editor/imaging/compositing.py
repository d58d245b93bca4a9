"""Compositing of a model's result into the picture: surroundings, resizing, colour match, blending. Plain functions.

Images are uint8 (H, W, 3) RGB, masks uint8 (H, W) with 255 = the model's pixel, 0 = the picture's.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from editor.imaging.geometry import Box
from editor.imaging.raster import Patch, Pixels

RING = 16  # width in pixels of the ring of kept pixels in which colours are compared
RING_PIXELS = 64  # fewer pixels than that are too few to compare colours in
DRIFT_SIDE = 64  # pixels of the longer side to which images are scaled down to estimate a colour drift, which is smooth
EDGE_BLUR = 1.5  # scaled pixels within which of a hole's edge colours are compared
DRIFT_PRIOR = 1e-3  # weight of no drift: at a quarter of the side into a hole, half of the drift remains
EDGE_REACHES = (1.0, 3.0)  # pixels inwards from a hole's edge over which a remaining step is evened out
JOIN = 9  # pixels that those reach at most
FARTHEST_MATCH = 32.0  # most levels by which a colour is moved; a larger difference is not a cast


def surrounded(patch: Patch, window: Box) -> Pixels:
    """Extends a patch to the larger `window` by repeating its border."""
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
    """Replaces each unknown pixel by the nearest known one; returns grey when none is known."""
    if not known.any():
        return np.full_like(image, 128)
    unknown = (~known).view(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(unknown, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL)
    colours = np.zeros((int(labels.max()) + 1, 3), np.uint8)
    colours[labels[known]] = image[known]
    return np.asarray(colours[labels], dtype=np.uint8)


def laid_over(image: Pixels, strokes: Patch, window: Box) -> Pixels:
    """Paints strokes, RGBA, over the image of a window."""
    shared = strokes.box.intersect(window)
    if shared.empty:
        return image
    result, target = image.copy(), shared.slices(window)
    pixels = strokes.pixels[shared.slices(strokes.box)]
    result[target] = blend(result[target], np.ascontiguousarray(pixels[..., :3]), np.ascontiguousarray(pixels[..., 3]))
    return result


def resized(image: Pixels, shape: tuple[int, int]) -> Pixels:
    """Resizes an image to a shape, (height, width), of about its aspect: by area when it shrinks, else bicubic."""
    if image.shape[:2] == shape:
        return image
    interpolation = cv2.INTER_AREA if shape[0] < image.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, shape[::-1], interpolation=interpolation), dtype=np.uint8)


def resized_mask(mask: Pixels, shape: tuple[int, int]) -> Pixels:
    """Resizes a mask to a shape, (height, width), that is not larger.

    A pixel is 255 if any pixel in its area is 255, so that no known pixel is mixed with one to repaint; else the mean,
    at least 1 if any pixel in its area is above 0.
    """
    if mask.shape == shape:
        return mask
    whole, mean = (
        np.asarray(cv2.resize(part.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA))
        for part in (mask == 255, mask)
    )
    return np.where(whole > 0, 255, np.maximum(np.rint(mean), mean > 0)).astype(np.uint8)


def colour_match(generated: Pixels, original: Pixels, keep_ring: NDArray[np.bool_]) -> Pixels:
    """Moves `generated` by one offset per channel, so that its mean on `keep_ring`, bool (H, W), is the original's.

    A model that returns kept pixels a shade off has generated the others a shade off too. Returns `generated` unchanged
    when the ring is too small.
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
    """Moves the colours of `generated` so that they match the original at the edge of the hole, uint8 (H, W).

    Removes a smooth drift over the whole hole first, then a remaining step at its edge. Kept pixels do not change.
    """
    if not hole.any() or hole.all():
        return generated
    return _joined(_drifted(generated, original, hole), original, hole)


def _drifted(generated: Pixels, original: Pixels, hole: Pixels) -> Pixels:
    """Adds an offset to each pixel: at the hole's edge the difference to the original, interpolated inwards (Shepard
    1968).

    A wall generated a shade off shows the hole's outline, whatever the feather. A larger difference across the edge is
    the edge of an object and is ignored, as is one within texture that varies as much.
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
    # the mean of varying values is inexact: a difference that may be chance is not a drift
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
    offset *= (hole > 0)[..., None]  # kept pixels are right already
    return np.asarray(np.clip(np.rint(generated + offset), 0, 255), dtype=np.uint8)


def _joined(generated: Pixels, original: Pixels, hole: Pixels) -> Pixels:
    """Moves the hole's outermost pixels towards their kept neighbours, and those behind them less and less.

    As in seamless cloning (Pérez et al. 2003), but over a few pixels only. A step of more than a shade is the edge of
    an object and stays, as does one as steep as those of the original around it.
    """
    x, y, width, height = cv2.boundingRect(hole)
    part = slice(max(y - JOIN, 0), y + height + JOIN), slice(max(x - JOIN, 0), x + width + JOIN)
    here, new, old = hole[part] > 0, generated[part], original[part]
    # the sum of the differences between each of the hole's outermost pixels and its kept neighbours, and their number
    lacks = np.zeros((*here.shape, 4), np.float32)
    # the steps of the original itself next to the hole
    steep = np.zeros((*here.shape, 2), np.float32)
    near = cv2.dilate(here.view(np.uint8), np.ones((2 * JOIN + 1, 2 * JOIN + 1), np.uint8)) > 0
    for after, before in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        for own, other in ((after, before), (before, after)):
            at = np.nonzero(here[own] & ~here[other])  # few pixels, so arithmetic on these alone is cheap
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
    """Scales an image down to a shape, (height, width), by area; float32."""
    return np.asarray(cv2.resize(image.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA), np.float32)


def _blurred(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32)


def blend(original: Pixels, generated: Pixels, alpha: Pixels) -> Pixels:
    """Returns `original` where alpha is 0 and `generated` where it is 255, to the byte; rounded mixtures between."""
    opaque = (alpha == 255).view(np.uint8)
    result = np.asarray(cv2.copyTo(generated, opaque, original.copy()), dtype=np.uint8)
    rows, columns = np.nonzero((alpha > 0) & (alpha < 255))  # usually few pixels, so arithmetic on these alone is cheap
    share = alpha[rows, columns, None].astype(np.uint16)
    mixed = original[rows, columns] * (255 - share) + generated[rows, columns] * share
    result[rows, columns] = (mixed + 127) // 255
    return result


def composite(original: Pixels, generated: Pixels, alpha: Pixels, opacity: Pixels) -> Pixels:
    """Lays colours over an original: by `blend` where that is opaque, uint8 (H, W, 3), else by `over`, (H, W, 4)."""
    if (opacity == 255).all():
        return blend(original, generated, alpha)
    return over(original, generated, alpha, opacity)


def at_opacity(alpha: Pixels, opacity: float) -> Pixels:
    """Returns an alpha, uint8, times an opacity from 0 to 1, rounded."""
    return alpha if opacity == 1 else np.rint(alpha * opacity).astype(np.uint8)


def on_white(pixels: Pixels) -> Pixels:
    """Returns a picture without transparency, uint8 (H, W, 3): on white, as paper shows it.

    Args:
        pixels: uint8 (H, W, 3), or (H, W, 4) with straight alpha.
    """
    if pixels.shape[2] == 3:
        return pixels
    return blend(np.full_like(pixels[..., :3], 255), pixels[..., :3], np.ascontiguousarray(pixels[..., 3]))


def over(original: Pixels, generated: Pixels, alpha: Pixels, opacity: Pixels) -> Pixels:
    """Does the same as `blend` onto an original that is not opaque (Porter & Duff 1984, over).

    Args:
        original: the original's colours.
        generated: the colours to lay over it.
        alpha: their opacity. Where it is 0 the pixel stays to the byte, even if it is transparent.
        opacity: uint8 (H, W), the original's alpha.

    Returns:
        uint8 (H, W, 4) with straight alpha.
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
    """Returns an opacity that rises over `above` pixels from the top and over `left` from the left, uint8."""
    rows, columns = (
        np.minimum(1, (np.arange(length) + 1) / (width + 1)) for length, width in zip(shape, (above, left), strict=True)
    )
    return np.asarray(np.rint(255 * np.outer(rows, columns)), dtype=np.uint8)
