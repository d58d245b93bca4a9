"""AdjustWindow: a box of a picture that an adjustment changes; and the adjusted picture, made box by box."""

from collections.abc import Generator
from dataclasses import asdict, dataclass
from functools import lru_cache

import cv2
import numpy as np

from editor.edits.adjustment import Adjustment
from editor.edits.edit import Blend, Edit
from editor.edits.inpaint_window import softened
from editor.edits.plan import edit_region
from editor.imaging.adjusting import COARSEST, adjusted, reach
from editor.imaging.compositing import at_opacity
from editor.imaging.compositing import blend as blended
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import BLOCK, Mask, Patch, Pixels

AROUND_STEP = 48  # pixels by which the margin of a view grows, so that dragging the blur seldom reads a new one


@dataclass(frozen=True, eq=False)
class AdjustWindow:
    """A box of a picture, with the pixels around it that blur and sharpness read."""

    box: Box  # on the plane
    inside: tuple[slice, slice]  # the box's rows and columns in `original` and `opacity`
    original: Pixels  # uint8 (H, W, 3)
    opacity: Pixels  # uint8 (H, W), the picture's own
    share: Pixels  # uint8 (h, w), the opacity of the adjusted colours in the box
    scale: float  # pixels of the arrays a pixel of the picture, at most 1

    @staticmethod
    def of(picture: Picture, faded: Mask, blend: Blend, box: Box, around: int, scale: float = 1.0) -> "AdjustWindow":
        """Reads a window.

        Args:
            picture: the picture.
            faded: where the colours change, see `faded_mask`.
            blend: the edit's, for its opacity.
            box: the part of the picture to adjust.
            around: how many pixels beyond it are read, where there are so many.
            scale: at most 1: how many pixels the window has for one of the picture, for a preview.
        """
        window = _on_grid(box.padded(around), picture.box).intersect(picture.box)
        size = (max(1, round(window.width * scale)), max(1, round(window.height * scale)))

        def scaled(pixels: Pixels) -> Pixels:
            return (
                pixels if scale == 1 else np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
            )

        left, top = round((box.x - window.x) * scale), round((box.y - window.y) * scale)
        right, bottom = round((box.right - window.x) * scale), round((box.bottom - window.y) * scale)
        inside = slice(top, max(bottom, top + 1)), slice(left, max(right, left + 1))
        alpha = at_opacity(scaled(faded.on(window))[inside], blend.opacity)
        known = scaled(picture.opacity(window))
        share = np.where(known[inside] == 0, np.uint8(0), alpha)  # what is not there stays as it is
        return AdjustWindow(box, inside, scaled(picture.read(window).pixels), known, share, scale)

    def adjusted(self, adjustment: Adjustment) -> Pixels:
        """Returns the box as it becomes, uint8 (h, w, 3), or (h, w, 4) where the picture is not opaque."""
        opacity = None if (self.opacity == 255).all() else self.opacity
        colours = adjusted(self.original, opacity, **asdict(adjustment), scale=self.scale)[self.inside]
        result = blended(self.original[self.inside], colours, self.share)
        return result if opacity is None else np.dstack([result, opacity[self.inside]])


def adjusted_picture(edit: Edit, picture: Picture) -> Generator[tuple[int, int], None, Picture]:
    """Adjusts a picture, block by block, so that the cost scales with the mask. Closing the generator cancels.

    Args:
        edit: an edit with an adjustment.
        picture: the picture.

    Yields:
        How many blocks are done, and how many there are.

    Returns:
        The adjusted picture.

    Raises:
        InvalidInput: the mask lies outside the picture.
    """
    assert edit.adjustment is not None, "another edit is made by its model"
    edit_region(edit, picture.box)  # raises when it lies outside
    faded, around = (
        faded_mask(edit.mask, edit.blend, picture.box),
        reach(edit.adjustment.blur, edit.adjustment.sharpness),
    )
    bounds = faded.bounds
    blocks = [
        block
        for y in range(bounds.y // BLOCK * BLOCK, bounds.bottom, BLOCK)  # along the edges of tiles
        for x in range(bounds.x // BLOCK * BLOCK, bounds.right, BLOCK)
        if not (block := faded.cut(Box(x, y, BLOCK, BLOCK)).box).empty
    ]
    after = picture
    for number, block in enumerate(blocks, 1):
        window = AdjustWindow.of(picture, faded, edit.blend, block, around)
        after = after.write(Patch(block, window.adjusted(edit.adjustment)))
        yield number, len(blocks)
    return after


def adjusted_view(edit: Edit, picture: Picture, seen: Box, scale: float) -> tuple[Box, Pixels] | None:
    """Returns what is seen of an adjusted picture, as small as it is seen.

    Args:
        edit: an edit with an adjustment.
        picture: the picture.
        seen: the part of the plane that is seen.
        scale: at most 1: how many pixels the view has for one of the picture. At 1 it is as `adjusted_picture` is.

    Returns:
        The box of the plane that it fills, and its pixels: uint8 (h, w, 4), transparent where the picture stays. None
        when nothing of what is seen changes.

    Raises:
        InvalidInput: the mask lies outside the picture.
    """
    assert edit.adjustment is not None, "another edit is previewed by its model"
    edit_region(edit, picture.box)  # raises when it lies outside
    box = faded_mask(edit.mask, edit.blend, picture.box).bounds.intersect(seen)
    if box.empty:
        return None
    around = reach(edit.adjustment.blur, edit.adjustment.sharpness)
    window = _seen_window(picture, edit.mask, edit.blend, box, -(-around // AROUND_STEP) * AROUND_STEP, scale)
    pixels = window.adjusted(edit.adjustment)
    changed = (window.share > 0).astype(np.uint8) * np.uint8(255)
    alpha = changed if pixels.shape[2] == 3 else np.minimum(changed, pixels[..., 3])
    return box, np.dstack([pixels[..., :3], alpha])


def _on_grid(window: Box, frame: Box) -> Box:
    """Returns a window, grown to whole multiples of COARSEST from a frame's corner: then all windows blur alike."""
    x, y = (
        frame.x + (window.x - frame.x) // COARSEST * COARSEST,
        frame.y + (window.y - frame.y) // COARSEST * COARSEST,
    )
    return Box(x, y, window.right - x, window.bottom - y)


@lru_cache(maxsize=2)
def faded_mask(mask: Mask, blend: Blend, frame: Box) -> Mask:
    """Returns where an adjustment changes a picture at `frame`, and how much: its mask with the edge of its blend.

    What is selected softly changes as much as it is selected; no mask stands for the whole picture.
    """
    if mask.bounds.empty:
        return Mask(frame, np.full(frame.shape, 255, np.uint8))
    part = mask.cut(frame)
    return softened(blend, part, part, frame, frame, inside=255).cut(frame)


@lru_cache(maxsize=2)  # while a slider is dragged
def _seen_window(picture: Picture, mask: Mask, blend: Blend, box: Box, around: int, scale: float) -> AdjustWindow:
    return AdjustWindow.of(picture, faded_mask(mask, blend, picture.box), blend, box, around, scale)
