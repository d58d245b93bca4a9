"""Growing of masks for Remove, so that they cover the soft edge of the object too.

A selection by edge or colour ends within an edge that is anti-aliased, blurred, sharpened or compressed. The model
takes the rest of that edge for known pixels and continues it, which leaves an outline where the object was.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from editor.imaging.geometry import Box
from editor.imaging.mask_cleaning import parted
from editor.imaging.picture import TILE, Picture
from editor.imaging.raster import HALF, Mask, Pixels

REACH = 16  # pixels beyond the mask's boundary up to which an edge is followed
START = 4  # pixels beyond it within which an edge must begin; else it is the edge of something else
FAR, SIGHT = 12, 26  # pixels beyond it between which the surroundings' own changes are measured
QUIET = 0.25  # quantile of the changes that counts as quiet, so that other edges do not count
QUIET_TO_USUAL = 2.0  # the median of a texture's changes, as a multiple of that
STEP = 2  # pixels between two that are compared
GAP = 2  # steps without a change that an edge may have: the peak of a line or of a halo
ALONG = 9  # points of the boundary to average over, so that grain and texture even out
WIDE = 61  # points of the boundary over which the surroundings' own change is averaged
SURE = 2.0  # multiple of the threshold that a certain edge exceeds somewhere
LEAST = 2  # pixels of growth where the very boundary lies on a certain edge by that point's own surroundings
VISIBLE = 2.0  # levels; a smaller change does not count
UNLIKE = 3.0  # multiple of the surroundings' own change beyond which a change belongs to an edge
CRACK = 5  # pixels; a narrower gap between two parts of a mask is none that somebody left on purpose
SHORTEST = 8  # points of an outline; shorter ones, around single pixels or the dots of a dither, have no visible edge
BATCH = 2**14  # points of the boundary processed together

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


def grown_past_edge(picture: Picture, mask: Mask) -> Mask:
    """Grows a mask over the rest of the edge that its boundary lies on, up to REACH pixels, and over its own cracks.

    It does not grow where the boundary lies in plain surroundings, within an object, or at the end of the picture. Only
    tiles along the boundary are read.
    """
    mask = mask.cropped()
    box = mask.box.padded(REACH).intersect(picture.box.union(mask.box))
    inside = box.intersect(picture.box)
    alpha = mask.on(box)
    drawn = alpha[inside.slices(box)]
    for points, normals, lengths in _outlines(mask.cut(picture.box)):
        reaches = _reaches(*_profiles(picture, mask, points, normals), lengths)
        grows = reaches > 0
        for (x, y), reach in zip((points - (inside.x, inside.y))[grows].tolist(), reaches[grows].tolist(), strict=True):
            cv2.circle(drawn, (x, y), reach - 1, 255, cv2.FILLED)
    _close_cracks(inside, drawn)
    alpha.flags.writeable = False  # otherwise `Mask` would copy it
    return Mask(box, alpha).cropped()


def _close_cracks(box: Box, alpha: Pixels) -> None:
    """Fills what is narrower than CRACK in a mask, uint8 (H, W) on a box: the known pixels in it would be a line."""
    ball = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (CRACK, CRACK))
    for part in parted(Mask(box, alpha)):
        around = part.box.padded(CRACK).intersect(box)
        there = alpha[around.slices(box)]
        solid = (there >= HALF).view(np.uint8)
        there[cv2.morphologyEx(solid, cv2.MORPH_CLOSE, ball) > solid] = 255


def _outlines(mask: Mask) -> Iterator[tuple[Ints, Floats, list[int]]]:
    """Yields the outlines around a mask, in batches.

    Yields:
        The points, int32 (N, 2), x and y on the plane, one closed outline after another; the unit vectors outwards at
        them, float32 (N, 2); and the number of points of each outline.
    """
    outlines: list[Ints] = []
    waiting = 0
    for part in parted(mask):
        box = part.box.padded(1)
        around = cv2.dilate((part.on(box) >= HALF).view(np.uint8), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
        found, _ = cv2.findContours(around, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE, offset=(box.x, box.y))
        for outline in found:
            if len(outline) < SHORTEST:
                continue
            outlines.append(np.asarray(outline[:, 0], np.int32))
            waiting += len(outline)
            if waiting >= BATCH:
                yield _directed(outlines)
                outlines, waiting = [], 0
    if outlines:
        yield _directed(outlines)


def _directed(outlines: list[Ints]) -> tuple[Ints, Floats, list[int]]:
    points, lengths = np.concatenate(outlines), [len(outline) for outline in outlines]
    count = np.repeat(lengths, lengths)
    first = np.repeat(np.cumsum(lengths) - lengths, lengths)
    at, across = np.arange(len(points)) - first, np.clip(count // 4, 1, 4)
    along = points[first + (at + across) % count] - points[first + (at - across) % count]
    outwards = (along[:, ::-1] * (-1, 1)).astype(np.float32)
    outwards /= np.maximum(1e-6, np.linalg.norm(outwards, axis=1, keepdims=True))
    return points, outwards, lengths


def _profiles(picture: Picture, mask: Mask, points: Ints, normals: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Samples the picture outwards from points of outlines.

    Returns:
        The colours, float32 (N, SIGHT, 3), and which of them are valid, bool (N, SIGHT): those before the first one
        that is in the mask, transparent or outside the picture.
    """
    colours = np.zeros((len(points), SIGHT, 3), np.float32)
    seen = np.zeros((len(points), SIGHT), bool)
    places, which = np.unique(points // TILE, axis=0, return_inverse=True)
    for n, (column, row) in enumerate(places.tolist()):
        box = Box(column * TILE, row * TILE, TILE, TILE).padded(SIGHT + 1)
        pixels = picture.read(box).pixels.astype(np.float32)
        there = cv2.erode(
            (picture.opacity(box) == 255).view(np.uint8), np.ones((3, 3), np.uint8)
        )  # with its neighbours
        free = (there > 0) & (mask.on(box) < HALF)
        found = np.flatnonzero(which.reshape(-1) == n)
        for here in np.split(found, range(BATCH, len(found), BATCH)):  # OpenCV accepts no more at once
            at = points[here][:, None] - (box.x, box.y) + normals[here][:, None] * np.arange(SIGHT)[:, None]
            x, y = np.moveaxis(at.astype(np.float32), 2, 0)
            colours[here] = cv2.remap(pixels, np.ascontiguousarray(x), np.ascontiguousarray(y), cv2.INTER_LINEAR)
            seen[here] = np.logical_and.accumulate(free[np.rint(y).astype(int), np.rint(x).astype(int)], axis=1)
    return colours, seen


def _reaches(colours: Floats, seen: NDArray[np.bool_], lengths: list[int]) -> Ints:
    """Returns how many pixels outwards an edge continues at each point, int32 (N,), given the result of `_profiles`."""
    both = seen[:, STEP:]  # valid colours have no gap between them
    change = (colours[:, STEP:] - colours[:, :-STEP]) * both[..., None]
    shared = _averaged(both.astype(np.float32), ALONG, lengths)
    change = np.abs(_averaged(change.reshape(len(seen), -1), ALONG, lengths)).reshape(change.shape).max(2)
    change = np.where(shared > 0.5, change / np.maximum(0.5, shared), 0)
    known = (shared[:, -1:] > 0.5).astype(np.float32)
    far, quiet = np.median(change[:, FAR:], axis=1), np.quantile(change[:, START:], QUIET, axis=1)
    own = np.minimum(far, QUIET_TO_USUAL * quiet)[:, None].astype(np.float32)
    weight = _averaged(known, WIDE, lengths)
    elsewhere = (own * known).sum() / known.sum() if known.any() else np.inf  # beside the picture's edge, between parts
    alone = np.maximum(VISIBLE, UNLIKE * np.where(known > 0, own, elsewhere))[:, 0]
    touches = change[:, 0] > SURE * alone  # though others along a small outline have busier surroundings
    own = np.where(weight > 0, _averaged(own * known, WIDE, lengths) / np.maximum(1e-3, weight), elsewhere)
    own = np.maximum(VISIBLE, UNLIKE * own)
    edge, sure = change > own, change > SURE * own
    reach, quiet = np.zeros((2, len(edge)), np.int32)
    on, certain = np.ones(len(edge), bool), np.zeros(len(edge), bool)
    for step in range(REACH):
        now = on & edge[:, step]
        certain |= now & sure[:, step]
        reach[now] = min(REACH, step + 1 + STEP // 2)
        quiet = np.where(now, 0, quiet + 1)
        on &= quiet <= np.where(reach > 0, GAP, START - 1)
    return _usual(np.where(certain, reach, np.where(touches, LEAST, 0)), lengths)


def _usual(reach: Ints, lengths: list[int]) -> Ints:
    """Returns the median over ALONG points of each closed outline: an edge continues along it, texture does not."""
    index, keep = _around(ALONG, lengths)
    windows = np.lib.stride_tricks.sliding_window_view(reach[index], ALONG)
    half = ALONG // 2
    return np.asarray(np.median(windows, axis=1)[keep[half : len(keep) - half]], np.int32)


def _around(over: int, lengths: list[int]) -> tuple[Ints, NDArray[np.bool_]]:
    """Pads closed outlines, for filters over so many points.

    Returns:
        The indices of the points, each outline with half of `over` of its points repeated before its first and after
        its last; and which of these are the points themselves.
    """
    half = over // 2
    numbers = np.array(lengths)
    wide = numbers + 2 * half
    at = np.arange(wide.sum()) - np.repeat(np.cumsum(wide) - wide + half, wide)
    first, count = np.repeat(np.cumsum(numbers) - numbers, wide), np.repeat(numbers, wide)
    return first + at % count, (at >= 0) & (at < count)


def _averaged(values: Floats, over: int, lengths: list[int]) -> Floats:
    """Averages values, (N, C), over so many points of each closed outline around each point."""
    index, keep = _around(over, lengths)
    return np.asarray(cv2.blur(values[index], (1, over)), np.float32)[keep].reshape(values.shape)
