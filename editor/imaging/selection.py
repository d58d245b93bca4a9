"""Selecting: masks that follow what the picture shows, and masks changed as a whole."""

import cv2
import numpy as np
from numpy.typing import NDArray

from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask, Pixels
from pipelines.errors import InvalidInput

FIRST_LOOK = 256  # pixels a side of the first window around a clicked point
WORKED_AT = 384  # pixels a side, at most, at which an object is cut out
ROUNDS = 4  # of guessing the colours of object and surroundings, and cutting between them
MOST_LOOKS = 5  # of which each is at a window twice as wide, because the object goes on
MOST_ALIKE = 0.5  # share of the rim that may look like the stroke, else the window is thought to lie in the object
GRAIN = 4  # levels of noise over what is cut out: GrabCut takes a flat thing for its core, whose colour is one
RIM = 4  # pixels of the window's edge, as it is worked at, that are no part of the object


def connected(picture: Picture, x: int, y: int, tolerance: int) -> Mask:
    """255 on every pixel that hangs together, side by side, with the one at (x, y), and whose colour differs from that
    one's by at most `tolerance` (0 to 255) in every channel. What is transparent is a colour of its own.

    Only a window is read, doubled while the selection reaches its edge. InvalidInput when the point lies outside.
    """
    if not picture.box.contains(Box(x, y, 1, 1)):
        raise InvalidInput(f"The point ({x}, {y}) lies outside the picture: click on the picture.")
    side = FIRST_LOOK
    while True:
        window = Box(x - side // 2, y - side // 2, side, side).intersect(picture.box)
        alpha = _flooded(_seen(picture, window), (x - window.x, y - window.y), tolerance)
        found = Mask(window, alpha)
        if not _goes_on(found.bounds, window, picture.box):
            return found.cropped()
        side *= 2


def edge_aware(picture: Picture, rough: Mask) -> Mask:
    """255 on the object that a rough stroke lies on, up to its edges, without holes; the stroke itself is part of it.

    GrabCut (Rother et al. 2004) in a window around the stroke, doubled while the object reaches its edge. InvalidInput
    when the stroke lies outside the picture.
    """
    rough = rough.cut(picture.box).grown(0)
    if rough.bounds.empty:
        raise InvalidInput("The stroke lies outside the picture: draw it on what is to be selected.")
    side = max(rough.bounds.width, rough.bounds.height)
    for _ in range(MOST_LOOKS):
        window = rough.bounds.padded(side).intersect(picture.box)
        found, ends = _cut_out(picture, rough, window)
        if ends or window == picture.box:
            break
        side *= 2
    return found.joined(rough)


def softened(mask: Mask, px: int, frame: Box) -> Mask:
    """The mask with its edge falling over `px` pixels, half of them inside; not where the picture, at `frame`, ends."""
    box = mask.bounds.padded(px).intersect(frame)
    if box.empty:
        return mask.cut(frame)
    blurred = cv2.GaussianBlur(mask.on(box), (0, 0), px / 4, borderType=cv2.BORDER_REPLICATE)
    return Mask(box, np.asarray(blurred, dtype=np.uint8)).cropped()


def _seen(picture: Picture, window: Box) -> Pixels:
    """uint8 (H, W, 4), zero where it is transparent."""
    colours, opacity = picture.read(window).pixels, picture.opacity(window)
    seen = np.dstack([colours, opacity])
    if (opacity == 0).any():
        seen[opacity == 0] = 0
    return seen


def _flooded(pixels: Pixels, start: tuple[int, int], tolerance: int) -> Pixels:
    """uint8 (H, W): 255 where a flood from `start`, (x, y), gets to."""
    colour = pixels[start[1], start[0]].astype(int)
    alike = np.asarray(cv2.inRange(pixels, colour - tolerance, colour + tolerance), dtype=np.uint8)
    cv2.floodFill(alike, None, start, 128, flags=4)
    return np.asarray((alike == 128) * np.uint8(255), dtype=np.uint8)


def _goes_on(bounds: Box, window: Box, frame: Box) -> bool:
    """Whether what was found in a window reaches a side of it beyond which the picture has more."""
    return (
        bounds.x == window.x > frame.x
        or bounds.y == window.y > frame.y
        or bounds.right == window.right < frame.right
        or bounds.bottom == window.bottom < frame.bottom
    )


def _cut_out(picture: Picture, rough: Mask, window: Box) -> tuple[Mask, bool]:
    """The object in a window, and whether it ends there."""
    scale = min(1.0, WORKED_AT / max(window.width, window.height))
    size = (max(1, round(window.width * scale)), max(1, round(window.height * scale)))
    seen = np.asarray(cv2.resize(_seen(picture, window), size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    cover = cv2.resize(rough.on(window), size, interpolation=cv2.INTER_AREA)
    stroke = cover >= max(1, int(cover.max()) // 2)  # a thin one must not vanish

    small = Box(0, 0, *size)
    inner = _within(window, picture.box, size)
    rim = np.ones(small.shape, bool)
    rim[inner.slices(small)] = False
    like = _alike(seen, stroke)
    if rim.any() and np.count_nonzero(like & rim) > MOST_ALIKE * np.count_nonzero(rim):
        return rough, False
    guess = np.full(small.shape, cv2.GC_PR_BGD, np.uint8)
    guess[rim & ~like | (seen[..., 3] == 0)] = cv2.GC_BGD
    guess[stroke] = cv2.GC_FGD
    if stroke.all():
        return rough, True
    cv2.setRNGSeed(0)
    models, whole = (np.zeros((1, 65)), np.zeros((1, 65))), (0, 0, *size)
    grain = np.random.default_rng(0).normal(0, GRAIN, (*small.shape, 3))
    image = np.clip(np.rint(seen[..., :3] + grain), 0, 255).astype(np.uint8)
    cv2.grabCut(image, guess, whole, *models, ROUNDS, cv2.GC_INIT_WITH_MASK)
    object = _solid((guess == cv2.GC_FGD) | (guess == cv2.GC_PR_FGD), stroke)
    ends = not _goes_on(Mask(small, object).cut(inner).bounds, inner, small)
    if scale < 1:  # else its steps would be those of the pixels it was worked at
        object = np.asarray(cv2.GaussianBlur(object, (0, 0), 1), dtype=np.uint8)
    large = cv2.resize(object, (window.width, window.height), interpolation=cv2.INTER_CUBIC)
    return Mask(window, (np.asarray(large) >= 128).astype(np.uint8) * np.uint8(255)), ends


def _alike(seen: Pixels, stroke: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the colours of uint8 (H, W, 4), to an eighth of the range, are among those under the stroke."""
    red, green, blue = np.moveaxis(seen[..., :3] >> 5, 2, 0)
    known = np.zeros((8, 8, 8), bool)
    known[red[stroke], green[stroke], blue[stroke]] = True
    return np.asarray(known[red, green, blue])


def _within(window: Box, frame: Box, size: tuple[int, int]) -> Box:
    """The window as it is worked at, without its rim; at the picture's end there is none."""
    left, top = RIM * (window.x > frame.x), RIM * (window.y > frame.y)
    right, bottom = RIM * (window.right < frame.right), RIM * (window.bottom < frame.bottom)
    return Box(left, top, size[0] - left - right, size[1] - top - bottom)


def _solid(object: NDArray[np.bool_], stroke: NDArray[np.bool_]) -> Pixels:
    """uint8 (H, W): the parts of an object on which the stroke lies, their holes filled."""
    _, labels = cv2.connectedComponents(object.astype(np.uint8), connectivity=4)
    touched = np.isin(labels, np.unique(labels[stroke & object])) & object
    outlines, _ = cv2.findContours(touched.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(object.shape, np.uint8)
    cv2.drawContours(filled, outlines, -1, 255, cv2.FILLED)
    return filled
