"""The edge of an object that a network found: from its coarse answer to the picture's own pixels."""

from math import ceil, floor, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import HALF, Mask, Pixels

Logits = NDArray[np.float32]  # (H, W), above 0 on the object; it covers the whole picture
Inside = NDArray[np.bool_]

BAND = 1.5  # pixels of the logits to either side of the object's edge within which the picture decides
ROUNDS = 2  # of GrabCut (Rother et al. 2004)
GRAIN = 4  # levels of noise added for GrabCut, whose colour model of a flat object would be a single colour
MOST_PIXELS = 2**17  # to which an object is scaled down for GrabCut: 0.2 s, so that a click takes half a second
SURE = 16  # fewest pixels beyond the band, inside and outside, from which colours can be learnt
MARGIN, SHARE = 6, 0.1  # pixels of the logits around the object, and share of its size: the surroundings' colours
FINE = 4  # samples for each pixel of the logits, where distances are measured and outlines drawn
MOST_OUTLINES = 64  # the longest ones


def object_mask(picture: Picture, logits: Logits) -> Mask:
    """Selects the object, to the pixel.

    Beyond BAND of its edge the logits decide alone, bilinearly, as the network's authors enlarge them; within it
    GrabCut does, by the colours of what is surely inside and surely outside. An object of more than MOST_PIXELS, with
    its surroundings, is cut at a smaller scale, so that the time has a bound.

    Args:
        picture: the picture.
        logits: float32 (H, W).

    Returns:
        255 on the object.
    """
    window = _window(logits, picture.box)
    if window.empty:
        return Mask(window, np.zeros(window.shape, np.uint8))
    inside, band = _coarse(logits, picture.box, window, window.width, window.height)
    scale = min(1.0, sqrt(MOST_PIXELS / (window.width * window.height)))
    width, height = max(1, round(window.width * scale)), max(1, round(window.height * scale))
    colours = picture.read(window).pixels
    if scale == 1:
        cut = _cut(colours, inside, band)
    else:
        small = np.asarray(cv2.resize(colours, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        part = _cut(small, *_coarse(logits, picture.box, window, width, height)).astype(np.uint8) * np.uint8(255)
        smooth = cv2.GaussianBlur(part, (0, 0), 1)  # else the steps would be those of the smaller pixels
        large = cv2.resize(smooth, (window.width, window.height), interpolation=cv2.INTER_CUBIC)
        cut = np.asarray(large) >= HALF
    return Mask(window, np.where(band, cut, inside).astype(np.uint8) * np.uint8(255)).cropped()


def outline(logits: Logits, frame: Box) -> list[list[float]]:
    """Draws the edge of the object as the logits have it, without a look at the picture.

    Args:
        logits: float32 (H, W).
        frame: the picture's box.

    Returns:
        Closed lines, each [x0, y0, x1, y1, ...] on the plane.
    """
    rows, columns = _samples(0, logits.shape[0]), _samples(0, logits.shape[1])
    inside = (_sampled(logits, rows, columns) > 0).astype(np.uint8)
    lines, _ = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    scale = np.array([frame.width / logits.shape[1], frame.height / logits.shape[0]]) / FINE
    longest = sorted((line for line in lines if len(line) > 2), key=len, reverse=True)[:MOST_OUTLINES]
    return [np.round((line[:, 0] + 0.5) * scale + frame[:2], 1).ravel().tolist() for line in longest]


def _window(logits: Logits, frame: Box) -> Box:
    """Returns the object and its surroundings; empty where there is no object."""
    x, y, width, height = cv2.boundingRect((logits > 0).astype(np.uint8))
    if width == 0:
        return Box(frame.x, frame.y, 0, 0)
    margin = MARGIN + round(SHARE * max(width, height))
    across, down = frame.width / logits.shape[1], frame.height / logits.shape[0]
    left, top = floor((x - margin) * across), floor((y - margin) * down)
    right, bottom = ceil((x + width + margin) * across), ceil((y + height + margin) * down)
    return Box(frame.x + left, frame.y + top, right - left, bottom - top).intersect(frame)


def _coarse(logits: Logits, frame: Box, window: Box, width: int, height: int) -> tuple[Inside, Inside]:
    """Returns where the object is in a window by the logits alone, and the band along its edge.

    Args:
        logits: float32 (H, W).
        frame: the picture's box.
        window: a part of it.
        width: in how many columns the window is sampled.
        height: in how many rows.

    Returns:
        Two of (height, width).
    """
    rows = _places(window.y - frame.y, window.height, height, logits.shape[0] / frame.height)
    columns = _places(window.x - frame.x, window.width, width, logits.shape[1] / frame.width)
    inside = _sampled(logits, rows, columns) > 0
    top, left = max(0, floor(rows[0])), max(0, floor(columns[0]))
    bottom, right = min(logits.shape[0], ceil(rows[-1]) + 1), min(logits.shape[1], ceil(columns[-1]) + 1)
    fine = _sampled(logits, _samples(top, bottom), _samples(left, right)) > 0
    near = _distance(fine) <= BAND * FINE
    at_rows = np.clip(np.rint((rows - top + 0.5) * FINE - 0.5).astype(int), 0, near.shape[0] - 1)
    at_columns = np.clip(np.rint((columns - left + 0.5) * FINE - 0.5).astype(int), 0, near.shape[1] - 1)
    return inside, near[at_rows][:, at_columns]


def _places(start: int, length: int, count: int, scale: float) -> NDArray[np.float64]:
    """Returns where the middles of `count` equal parts of an interval of the picture lie in the logits."""
    return (start + (np.arange(count, dtype=np.float64) + 0.5) * (length / count)) * scale - 0.5


def _samples(start: int, end: int) -> NDArray[np.float64]:
    """Returns FINE places in each pixel of the logits from one to another."""
    return np.asarray(start + (np.arange((end - start) * FINE) + 0.5) / FINE - 0.5, dtype=np.float64)


def _sampled(logits: Logits, rows: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float32]:
    """Interpolates bilinearly between the middles of the pixels; beyond the outermost they go on as they are."""
    part = logits
    for axis, places in enumerate((rows, columns)):
        last = part.shape[axis] - 1
        clipped = np.clip(places, 0, last)
        low = np.minimum(clipped.astype(int), last)
        share = (clipped - low).astype(np.float32)
        share = share[:, None] if axis == 0 else share[None]
        ahead = np.take(part, np.minimum(low + 1, last), axis)
        part = np.take(part, low, axis)
        ahead -= part
        ahead *= share
        part += ahead
    return part


def _distance(inside: Inside) -> NDArray[np.float32]:
    """Returns how far each sample is from the object's edge, on whichever side it lies."""
    solid = inside.astype(np.uint8)
    if solid.all() or not solid.any():
        return np.full(inside.shape, np.inf, np.float32)
    within = cv2.distanceTransform(solid, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    beyond = cv2.distanceTransform(1 - solid, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(within + beyond - 0.5, dtype=np.float32)  # from the edge between two samples


def _cut(colours: Pixels, inside: Inside, band: Inside) -> Inside:
    """Returns the object, cut along the colours within the band.

    Args:
        colours: uint8 (H, W, 3).
        inside: (H, W), where the object is as far as is known.
        band: (H, W), where that is to be decided.
    """
    if min(np.count_nonzero(inside & ~band), np.count_nonzero(~inside & ~band)) < SURE:
        return inside
    guess = np.where(inside, cv2.GC_FGD, cv2.GC_BGD).astype(np.uint8)
    guess[band & inside], guess[band & ~inside] = cv2.GC_PR_FGD, cv2.GC_PR_BGD
    cv2.setRNGSeed(0)
    grain = np.random.default_rng(0).integers(-GRAIN, GRAIN + 1, colours.shape, np.int16)
    image = np.clip(colours + grain, 0, 255).astype(np.uint8)
    whole = (0, 0, *guess.shape[::-1])
    cv2.grabCut(image, guess, whole, np.zeros((1, 65)), np.zeros((1, 65)), ROUNDS, cv2.GC_INIT_WITH_MASK)
    return np.asarray((guess == cv2.GC_FGD) | (guess == cv2.GC_PR_FGD))
