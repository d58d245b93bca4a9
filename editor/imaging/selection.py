"""Selections: masks made from the picture's content, and masks changed as a whole."""

import cv2
import numpy as np
from numpy.typing import NDArray

from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import HALF, Mask, Pixels
from pipelines.errors import InvalidInput

FIRST_WINDOW = 256  # pixels a side of the first window around a clicked point
MAX_SIDE = 384  # most pixels a side to which a window is scaled down for GrabCut
ITERATIONS = 4  # of GrabCut, which estimates the colours of object and surroundings and cuts between them
MAX_WINDOWS = 5  # each twice as wide as the last, while the object reaches its edge
MAX_SIMILAR = 0.5  # share of the rim that may look like the stroke; beyond it the window lies within the object
GRAIN = 4  # levels of noise added for GrabCut, whose colour model of a flat object would be a single colour
STRIP = 256  # rows of the picture that are compared with a colour at a time
HOLE_LEVELS = (*range(16, 256, 16), 255)  # of alpha, at which the holes of a soft mask are looked for
RIM = 4  # pixels along the edge of the scaled window that are not part of the object


def connected(picture: Picture, x: int, y: int, tolerance: int) -> Mask:
    """Selects, like a magic wand, all pixels connected to a point in a similar colour.

    Pixels are connected side by side. Transparency counts as a colour of its own. Only a window of the picture is read,
    which doubles while the selection reaches its edge.

    Args:
        picture: the picture.
        x: the point's column on the plane.
        y: its row.
        tolerance: by how much a colour may differ from the point's in every channel, 0 to 255.

    Returns:
        255 on the selected pixels.

    Raises:
        InvalidInput: the point lies outside the picture.
    """
    colour = _colour(picture, x, y)
    side = FIRST_WINDOW
    while True:
        window = Box(x - side // 2, y - side // 2, side, side).intersect(picture.box)
        near = _near(_rgba(picture, window), colour, tolerance)
        cv2.floodFill(near, None, (x - window.x, y - window.y), 128, flags=4)
        selection = Mask(window, (near == 128).astype(np.uint8) * np.uint8(255))
        if not _reaches_edge(selection.bounds, window, picture.box):
            return selection.cropped()
        side *= 2


def alike(picture: Picture, x: int, y: int, tolerance: int) -> Mask:
    """Selects all pixels of a picture in a colour similar to a point's, connected to it or not.

    Args:
        picture: the picture.
        x: the point's column on the plane.
        y: its row.
        tolerance: by how much a colour may differ from the point's in every channel, 0 to 255.

    Returns:
        255 on the selected pixels.

    Raises:
        InvalidInput: the point lies outside the picture.
    """
    box = picture.box
    colour = _colour(picture, x, y)
    alpha = np.zeros(box.shape, np.uint8)
    for top in range(box.y, box.bottom, STRIP):
        strip = Box(box.x, top, box.width, min(STRIP, box.bottom - top))
        alpha[strip.slices(box)] = _near(_rgba(picture, strip), colour, tolerance)
    return Mask(box, alpha).cropped()


def smoothed(mask: Mask, px: int, frame: Box) -> Mask:
    """Rounds the outline of a selection, and drops or fills what is narrower than about `px` pixels.

    Args:
        mask: the selection.
        px: how far the outline is averaged; 0 leaves it as it is.
        frame: the picture's box, whose edge does not count as the selection's.

    Returns:
        255 on the selected pixels.
    """
    box = mask.bounds.padded(px).intersect(frame)
    if px == 0 or box.empty:
        return mask
    blurred = cv2.GaussianBlur(mask.on(box), (0, 0), px / 2, borderType=cv2.BORDER_REPLICATE)
    return Mask(box, (np.asarray(blurred) >= HALF).astype(np.uint8) * np.uint8(255)).cropped()


def without_holes(mask: Mask) -> Mask:
    """Returns a mask with its holes filled: the regions that it encloses.

    A pixel gets the largest level of alpha that encloses it, so that the soft edge of a hole is filled too. No alpha
    becomes smaller, and what lies open to the outside stays as it is.
    """
    alpha = mask.alpha.copy()
    for level in HOLE_LEVELS:
        solid = mask.alpha >= level
        if not solid.any():
            break
        np.maximum(alpha, np.minimum(_filled(solid), level), out=alpha)
    return Mask(mask.box, alpha)


def cut_out(picture: Picture, mask: Mask) -> Pixels:
    """Returns the part of a picture under a mask, on its bounds, with the mask times the picture's opacity as alpha.

    Returns:
        uint8 (H, W, 4), straight alpha.

    Raises:
        InvalidInput: nothing in the picture is masked.
    """
    mask = mask.cut(picture.box)
    if mask.bounds.empty:
        raise InvalidInput("The mask does not cover any part of the picture. Select the part to copy.")
    opacity = picture.opacity(mask.box).astype(np.uint16)
    alpha = ((opacity * mask.alpha + 127) // 255).astype(np.uint8)
    return np.dstack([picture.read(mask.box).pixels, alpha])


def edge_aware(picture: Picture, rough: Mask) -> Mask:
    """Selects the object below a rough stroke up to its edges, without holes, and the stroke itself.

    Uses GrabCut (Rother et al. 2004) in a window around the stroke, which doubles while the object reaches its edge.

    Args:
        picture: the picture.
        rough: the stroke.

    Returns:
        255 on the object.

    Raises:
        InvalidInput: the stroke lies outside the picture.
    """
    rough = rough.cut(picture.box).grown(0)
    if rough.bounds.empty:
        raise InvalidInput("The stroke lies outside the picture. Draw it on the object to select.")
    side = max(rough.bounds.width, rough.bounds.height)
    for _ in range(MAX_WINDOWS):
        window = rough.bounds.padded(side).intersect(picture.box)
        selection, ends = _cut_out(picture, rough, window)
        if ends or window == picture.box:
            break
        side *= 2
    return selection.joined(rough)


def softened(mask: Mask, px: int, frame: Box) -> Mask:
    """Softens a mask's edge over `px` pixels, half of them inside, except along the edge of the picture at `frame`."""
    box = mask.bounds.padded(px).intersect(frame)
    if box.empty:
        return mask.cut(frame)
    blurred = cv2.GaussianBlur(mask.on(box), (0, 0), px / 4, borderType=cv2.BORDER_REPLICATE)
    return Mask(box, np.asarray(blurred, dtype=np.uint8)).cropped()


def _rgba(picture: Picture, window: Box) -> Pixels:
    """Returns the pixels in a window, uint8 (H, W, 4), zero where they are transparent."""
    colours, opacity = picture.read(window).pixels, picture.opacity(window)
    seen = np.dstack([colours, opacity])
    if (opacity == 0).any():
        seen[opacity == 0] = 0
    return seen


def _colour(picture: Picture, x: int, y: int) -> NDArray[np.int_]:
    """Returns the colour and opacity of a pixel, (4,); raises InvalidInput when it lies outside the picture."""
    if not picture.box.contains(Box(x, y, 1, 1)):
        raise InvalidInput(f"The point ({x}, {y}) lies outside the picture. Click on the picture.")
    return np.asarray(_rgba(picture, Box(x, y, 1, 1))[0, 0], dtype=int)


def _near(pixels: Pixels, colour: NDArray[np.int_], tolerance: int) -> Pixels:
    """Returns 255 where no channel of uint8 (H, W, 4) is further than `tolerance` from a colour, uint8 (H, W)."""
    return np.asarray(cv2.inRange(pixels, colour - tolerance, colour + tolerance), dtype=np.uint8)


def _reaches_edge(bounds: Box, window: Box, frame: Box) -> bool:
    """Tells whether a selection reaches a side of its window beyond which the picture continues."""
    return (
        bounds.x == window.x > frame.x
        or bounds.y == window.y > frame.y
        or bounds.right == window.right < frame.right
        or bounds.bottom == window.bottom < frame.bottom
    )


def _cut_out(picture: Picture, rough: Mask, window: Box) -> tuple[Mask, bool]:
    """Returns the object in a window, and whether it ends within the window."""
    scale = min(1.0, MAX_SIDE / max(window.width, window.height))
    size = (max(1, round(window.width * scale)), max(1, round(window.height * scale)))
    seen = np.asarray(cv2.resize(_rgba(picture, window), size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    cover = cv2.resize(rough.on(window), size, interpolation=cv2.INTER_AREA)
    stroke = cover >= max(1, int(cover.max()) // 2)  # a thin one must not vanish

    small = Box(0, 0, *size)
    inner = _without_rim(window, picture.box, size)
    rim = np.ones(small.shape, bool)
    rim[inner.slices(small)] = False
    like = _similar(seen, stroke)
    if rim.any() and np.count_nonzero(like & rim) > MAX_SIMILAR * np.count_nonzero(rim):
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
    cv2.grabCut(image, guess, whole, *models, ITERATIONS, cv2.GC_INIT_WITH_MASK)
    object = _solid((guess == cv2.GC_FGD) | (guess == cv2.GC_PR_FGD), stroke)
    ends = not _reaches_edge(Mask(small, object).cut(inner).bounds, inner, small)
    if scale < 1:  # else its steps would be those of the pixels it was worked at
        object = np.asarray(cv2.GaussianBlur(object, (0, 0), 1), dtype=np.uint8)
    large = cv2.resize(object, (window.width, window.height), interpolation=cv2.INTER_CUBIC)
    return Mask(window, (np.asarray(large) >= 128).astype(np.uint8) * np.uint8(255)), ends


def _similar(seen: Pixels, stroke: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Returns where the colours of uint8 (H, W, 4), in 8 levels a channel, are among those under the stroke."""
    red, green, blue = np.moveaxis(seen[..., :3] >> 5, 2, 0)
    known = np.zeros((8, 8, 8), bool)
    known[red[stroke], green[stroke], blue[stroke]] = True
    return np.asarray(known[red, green, blue])


def _without_rim(window: Box, frame: Box, size: tuple[int, int]) -> Box:
    """Returns the scaled window without its rim; there is no rim along the picture's edge."""
    left, top = RIM * (window.x > frame.x), RIM * (window.y > frame.y)
    right, bottom = RIM * (window.right < frame.right), RIM * (window.bottom < frame.bottom)
    return Box(left, top, size[0] - left - right, size[1] - top - bottom)


def _solid(object: NDArray[np.bool_], stroke: NDArray[np.bool_]) -> Pixels:
    """Returns the parts of an object that the stroke touches, with their holes filled, uint8 (H, W)."""
    _, labels = cv2.connectedComponents(object.astype(np.uint8), connectivity=4)
    return _filled(np.isin(labels, np.unique(labels[stroke & object])) & object)


def _filled(object: NDArray[np.bool_]) -> Pixels:
    """Returns an object with its holes filled, uint8 (H, W)."""
    outlines, _ = cv2.findContours(object.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(object.shape, np.uint8)
    cv2.drawContours(filled, outlines, -1, 255, cv2.FILLED)
    return filled
