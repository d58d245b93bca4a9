"""A recipe for a picture of another size: everything in it that is measured in pixels, scaled."""

from dataclasses import replace

import cv2
import numpy as np

from editor.edits.edit import NOWHERE, Edit
from editor.imaging.geometry import Box, Margins
from editor.imaging.limits import MAX_EDGE, MAX_FEATHER
from editor.imaging.raster import Mask, Patch, Pixels
from editor.recipes.recipe import Recipe


def scaled(recipe: Recipe, frame: Box) -> Recipe:
    """The recipe for a picture that fills `frame`: masks, sketches, margins, feather and edge scaled by what its width
    and its height are of those of the picture the recipe was made on; both alike where the shape is the same.

    The recipe itself where the size is, or where it does not say on which it was made.
    """
    if recipe.frame is None or recipe.frame.shape == frame.shape:
        return recipe
    lens, now = _Lens(recipe.frame, frame), recipe.frame
    steps = []
    for edit in recipe.steps:
        wider = now.moved(edit.margins)
        steps.append(_scaled(edit, lens, Margins(*lens.box(now).margins_to(lens.box(wider)))))
        now = wider
    return replace(recipe, steps=tuple(steps), frame=frame)


def placement_note(recipe: Recipe, frame: Box, scale: bool) -> str:
    """What comes of the places in a recipe on a picture of this size, as a sentence; "" for the size it was made on.
    scale: whether `scaled` is used.
    """
    made = recipe.frame
    if made is None:
        return (
            "The recipe does not say on which size it was made: its places are the same pixels here." if scale else ""
        )
    if made.shape == frame.shape:
        return ""
    sizes = f"The recipe was made on {made.width} x {made.height} pixels, this has {frame.width} x {frame.height}"
    if not scale:
        return f"{sizes}: its places are the same pixels, counted from the upper left."
    across, down = frame.width / made.width, frame.height / made.height
    if abs(across / down - 1) < 0.01:
        return f"{sizes}: its places were scaled by {across:.3g}."
    return f"{sizes}, another shape: its places were scaled by {across:.3g} across and {down:.3g} down."


def made_on(recipe: Recipe, width: int, height: int) -> Recipe:
    """The recipe of a picture of this size that holds it, with the size that it began from where it does not say."""
    margins = [edit.margins for edit in recipe.steps]
    began = Box(0, 0, width - sum(m.left + m.right for m in margins), height - sum(m.top + m.bottom for m in margins))
    return recipe if recipe.frame is not None or began.empty else replace(recipe, frame=began)


class _Lens:
    """From one frame onto another."""

    def __init__(self, before: Box, after: Box) -> None:
        self.before, self.after = before, after
        self.across, self.down = after.width / before.width, after.height / before.height
        self.both = (self.across * self.down) ** 0.5

    def box(self, box: Box) -> Box:
        """At least a pixel of what was not empty; edges that met do so still."""
        left, right = (self.after.x + round((x - self.before.x) * self.across) for x in (box.x, box.right))
        top, bottom = (self.after.y + round((y - self.before.y) * self.down) for y in (box.y, box.bottom))
        least = 0 if box.empty else 1
        return Box(left, top, max(least, right - left), max(least, bottom - top))


def _scaled(edit: Edit, lens: _Lens, margins: Margins) -> Edit:
    mask, sketch = edit.mask, edit.sketch
    if not mask.box.empty:
        box = lens.box(mask.box)
        mask = Mask(box, _resized(mask.alpha, box))
        if mask.bounds.empty:  # a thin one fades to nothing
            mask = Mask(box, np.full(box.shape, edit.mask.alpha.max(), np.uint8))
    if sketch is not None:
        box = lens.box(sketch.box)
        sketch = Patch(box, _resized_strokes(sketch.pixels, box))
    blend = replace(
        edit.blend,
        feather=min(MAX_FEATHER, round(edit.blend.feather * lens.both)),
        edge=max(-MAX_EDGE, min(MAX_EDGE, round(edit.blend.edge * lens.both))),
    )
    return replace(edit, mask=mask if not mask.box.empty else NOWHERE, sketch=sketch, margins=margins, blend=blend)


def _resized(pixels: Pixels, box: Box) -> Pixels:
    return np.asarray(_interpolated(pixels, box), np.uint8)


def _resized_strokes(pixels: Pixels, box: Box) -> Pixels:
    """uint8 (h, w, 4): colours count by their alpha."""
    alpha = pixels[..., 3:].astype(np.float32)
    weighed = np.concatenate([pixels[..., :3] * (alpha / 255), alpha], 2)
    resized = _interpolated(weighed, box).reshape(*box.shape, 4)
    colours = resized[..., :3] * (255 / np.maximum(resized[..., 3:], 1))
    return np.asarray(np.rint(np.concatenate([colours, resized[..., 3:]], 2).clip(0, 255)), np.uint8)


def _interpolated(values: np.ndarray, box: Box) -> np.ndarray:
    smaller = box.width < values.shape[1] or box.height < values.shape[0]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, (box.width, box.height), interpolation=how))
