"""Scales a recipe to a picture of another size: everything in it that is measured in pixels."""

from dataclasses import replace

import cv2
import numpy as np

from editor.edits.edit import NOWHERE, Edit
from editor.imaging.geometry import Box, Margins
from editor.imaging.limits import MAX_BLUR, MAX_EDGE, MAX_FEATHER
from editor.imaging.raster import Mask, Patch, Pixels
from editor.recipes.recipe import Recipe


def scaled_recipe(recipe: Recipe, frame: Box) -> Recipe:
    """Scales masks, sketches, margins, feather, edge and blur of a recipe to a picture that fills `frame`.

    Width and height are scaled separately. Returns the recipe itself when the picture has the size that it was made on,
    or when the recipe does not contain that size.
    """
    if recipe.frame is None or recipe.frame.shape == frame.shape:
        return recipe
    scale, current = _Scale(recipe.frame, frame), recipe.frame
    steps = []
    for edit in recipe.steps:
        following = current.moved(edit.margins)
        margins = Margins(*scale.box(current).margins_to(scale.box(following)))
        steps.append(_scaled_edit(edit, scale, margins))
        current = following
    return replace(recipe, steps=tuple(steps), frame=frame)


def placement_note(recipe: Recipe, frame: Box, scale: bool) -> str:
    """Returns a note on how a recipe is applied to a picture of another size; "" for the size it was made on.

    Args:
        recipe: the recipe.
        frame: the picture's box.
        scale: whether `scaled_recipe` is used.
    """
    made = recipe.frame
    if made is None:
        return (
            "The recipe does not contain the size it was made on, so its pixel coordinates were not scaled."
            if scale
            else ""
        )
    if made.shape == frame.shape:
        return ""
    sizes = (
        f"The recipe was made on {made.width} x {made.height} pixels, this picture has {frame.width} x {frame.height}"
    )
    if not scale:
        return f"{sizes}. Its pixel coordinates stay the same, counted from the upper left."
    across, down = frame.width / made.width, frame.height / made.height
    if abs(across / down - 1) < 0.01:
        return f"{sizes}. It was scaled by {across:.3g}."
    return f"{sizes}, another aspect ratio. It was scaled by {across:.3g} across and {down:.3g} down."


def made_on(recipe: Recipe, width: int, height: int) -> Recipe:
    """Returns a recipe embedded in a picture of this size, with the size that it was made on filled in if missing."""
    margins = [edit.margins for edit in recipe.steps]
    frame = Box(0, 0, width - sum(m.left + m.right for m in margins), height - sum(m.top + m.bottom for m in margins))
    return recipe if recipe.frame is not None or frame.empty else replace(recipe, frame=frame)


class _Scale:
    """Maps one frame onto another."""

    def __init__(self, before: Box, after: Box) -> None:
        self.before, self.after = before, after
        self.across, self.down = after.width / before.width, after.height / before.height
        self.both = (self.across * self.down) ** 0.5

    def box(self, box: Box) -> Box:
        """Maps a box; edges that coincide still do, and a box that is not empty keeps at least a pixel."""
        left, right = (self.after.x + round((x - self.before.x) * self.across) for x in (box.x, box.right))
        top, bottom = (self.after.y + round((y - self.before.y) * self.down) for y in (box.y, box.bottom))
        least = 0 if box.empty else 1
        return Box(left, top, max(least, right - left), max(least, bottom - top))


def _scaled_edit(edit: Edit, scale: _Scale, margins: Margins) -> Edit:
    mask, sketch = edit.mask, edit.sketch
    if not mask.box.empty:
        box = scale.box(mask.box)
        mask = Mask(box, _resized(mask.alpha, box))
        if mask.bounds.empty:  # a thin mask may fade to nothing
            mask = Mask(box, np.full(box.shape, edit.mask.alpha.max(), np.uint8))
    if sketch is not None:
        box = scale.box(sketch.box)
        sketch = Patch(box, _resized_strokes(sketch.pixels, box))
    blend = replace(
        edit.blend,
        feather=min(MAX_FEATHER, round(edit.blend.feather * scale.both)),
        edge=max(-MAX_EDGE, min(MAX_EDGE, round(edit.blend.edge * scale.both))),
    )
    mask, adjustment = NOWHERE if mask.box.empty else mask, edit.adjustment
    if adjustment is not None and adjustment.blur:
        blur = min(MAX_BLUR, max(0.01, adjustment.blur * scale.both))
        adjustment = replace(adjustment, blur=blur)
    return replace(edit, mask=mask, sketch=sketch, margins=margins, blend=blend, adjustment=adjustment)


def _resized(pixels: Pixels, box: Box) -> Pixels:
    return np.asarray(_interpolated(pixels, box), np.uint8)


def _resized_strokes(pixels: Pixels, box: Box) -> Pixels:
    """Resizes strokes, uint8 (h, w, 4), with colours weighted by their alpha."""
    alpha = pixels[..., 3:].astype(np.float32)
    weighed = np.concatenate([pixels[..., :3] * (alpha / 255), alpha], 2)
    resized = _interpolated(weighed, box).reshape(*box.shape, 4)
    colours = resized[..., :3] * (255 / np.maximum(resized[..., 3:], 1))
    return np.asarray(np.rint(np.concatenate([colours, resized[..., 3:]], 2).clip(0, 255)), np.uint8)


def _interpolated(values: np.ndarray, box: Box) -> np.ndarray:
    smaller = box.width < values.shape[1] or box.height < values.shape[0]
    interpolation = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, (box.width, box.height), interpolation=interpolation))
