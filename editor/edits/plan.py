"""The plan of an edit, made without running a model: where it repaints, in which windows and in how many steps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from editor.edits.edit import Edit
from editor.edits.inpaint_window import share, softened
from editor.edits.mask_parts import CELLS, mask_parts
from editor.edits.windows import Detail, View, details, view
from editor.imaging.geometry import Box
from editor.imaging.limits import MAX_PIXELS
from editor.imaging.raster import Mask
from pipelines.base import Pipeline, PipelineInfo
from pipelines.errors import InvalidInput

# strength of the second pass over a mask larger than the model's window: it adds detail but keeps the content
DETAIL_STRENGTH = 0.2


@dataclass(frozen=True, eq=False)
class Part:
    """The part of an edit that is generated in one window."""

    mask: Mask  # where, 255 = repaint
    window: Box  # what the model sees
    shape: tuple[int, int]  # the size that the window is generated at, (height, width) in pixels
    at_once: bool  # whether the whole part is generated in this window
    details: tuple[Detail, ...]  # windows at full size in which it is then generated, or redrawn
    # a part sees the results of all earlier turns; parts of the same turn do not meet, and are holes to each other
    turn: int


@dataclass(frozen=True, eq=False)
class Plan:
    """What `apply` does for an edit on a picture."""

    frame: Box  # the picture's box afterwards
    mask: Mask  # where the edit repaints, cut to the frame
    parts: tuple[Part, ...]  # in the order in which they are generated; none for a crop or a hidden edit
    steps: int  # how many a model takes for one result in all windows

    @property
    def pixels(self) -> int:
        """How many pixels a model is given for one result, in the windows in which it generates whole parts."""
        return sum(height * width for height, width in (part.shape for part in self.parts if part.at_once))


def frame_after(edit: Edit, before: Box) -> Box:
    """Returns the box of a picture after an edit, given its box before.

    Raises:
        InvalidInput: nothing would be left of the picture, or it would be too large.
    """
    frame = before.moved(edit.margins)
    if frame.intersect(before).empty:
        raise InvalidInput(
            f"Nothing would be left of the picture: its box is {list(before)}, and the part to keep {list(frame)}."
        )
    if frame.width * frame.height > MAX_PIXELS:
        raise InvalidInput(
            f"The picture would be too large: {frame.width:,} x {frame.height:,} is "
            f"{frame.width * frame.height:,} pixels; at most {MAX_PIXELS:,} are possible."
        )
    return frame


def edit_region(edit: Edit, before: Box) -> Mask:
    """Returns where an edit repaints: its mask, its sketch and the area that its margins add; empty for a crop.

    An adjustment without a mask changes the whole picture.

    Args:
        edit: the edit.
        before: the box of the picture before it.

    Raises:
        InvalidInput: the edit changes nothing, nothing would be left of the picture, or it would be too large.
    """
    frame = frame_after(edit, before)
    mask = edit.mask
    if edit.adjustment is not None and mask.bounds.empty:
        return Mask(frame, np.full(frame.shape, 255, np.uint8))
    if edit.sketch is not None:
        strokes = edit.sketch.pixels[..., 3] > 0
        mask = mask.joined(Mask(edit.sketch.box, strokes.astype(np.uint8) * np.uint8(255)))
    mask = mask.cut(frame)
    if not before.contains(frame):
        new = np.full(frame.shape, 255, np.uint8)
        new[before.intersect(frame).slices(frame)] = 0
        mask = mask.joined(Mask(frame, new))
    if mask.bounds.empty and (frame == before or not edit.mask.bounds.empty):
        raise InvalidInput(
            f"The mask lies outside the picture: it is at {edit.mask.box}, the picture at {frame}. Paint inside it."
        )
    return mask


def affected_region(edit: Edit, before: Box) -> Mask:
    """Returns where `apply` may change a picture at `before`, 255; all other pixels stay the same bytes.

    The mask's box lies within the picture.
    """
    return with_blend(edit, edit_region(edit, before)).cut(frame_after(edit, before))


def with_blend(edit: Edit, mask: Mask) -> Mask:
    """Returns a part of an edit's mask, grown as far as the blend reaches."""
    return mask.grown(edit.blend.reach)


def plan(edit: Edit, before: Box, pipeline: Pipeline | PipelineInfo) -> Plan:
    """Plans an edit.

    Args:
        edit: the edit.
        before: the box of the picture before it.
        pipeline: the pipeline, or its info.

    Raises:
        InvalidInput: as `edit_region`, or the pipeline needs surroundings and the mask leaves none.
    """
    mask, frame = edit_region(edit, before), frame_after(edit, before)
    if not edit.blend.visible:
        return Plan(frame, mask, (), 0)
    size, buckets, largest = pipeline.size, pipeline.buckets, pipeline.largest
    masks = mask_parts(mask, frame, size, buckets, pipeline.supports_strength, largest)
    views = [view(part.bounds, frame, size, buckets, largest) for part in masks]
    bounds, near = [part.bounds for part in masks], pipeline.size // CELLS
    order, isolated = _outwards(bounds, near, [_shows_picture(mask, before, window) for window, _ in views])
    if isolated and "prompt" in pipeline.unsupported:
        raise InvalidInput(
            f"There is nothing to fill from: {pipeline.name} fills a mask from its surroundings. Leave some of the "
            "picture unmasked, or choose a model that takes prompts."
        )
    masks, views = [masks[n] for n in order], [views[n] for n in order]
    turns = _turns([bounds[n] for n in order], near)
    parts = tuple(
        Part(part, *part_view, *_passes(edit, part, mask, before, frame, part_view, pipeline), turn)
        for part, part_view, turn in zip(masks, views, turns, strict=True)
    )
    at_once, again = sum(part.at_once for part in parts), sum(len(part.details) for part in parts)
    return Plan(frame, mask, parts, steps_in_all(at_once, again, edit.steps, edit.strength))


def _passes(
    edit: Edit, part: Mask, whole: Mask, before: Box, frame: Box, part_view: View, pipeline: Pipeline | PipelineInfo
) -> tuple[bool, tuple[Detail, ...]]:
    """Returns whether a part is generated in its whole window, and the windows in which it is redrawn after that.

    A part that fits the shape of its window is generated once. A larger one is generated small, then redrawn from that
    result in overlapping windows at full resolution; at a low strength it is redrawn from the original alone.
    """
    if edit.strength == 0:
        return False, ()
    window, shape = part_view
    fits = part.bounds.height <= shape[0] and part.bounds.width <= shape[1]
    if not pipeline.supports_strength or fits:
        return True, ()
    visible = window.intersect(frame)
    faded = softened(edit.blend, part, whole, frame, window)
    region = Mask(window, share(edit, faded, part, before, frame, window, pipeline.soft)).cut(visible)
    windows = (detail for detail in details(region.bounds, visible, pipeline.size) if region.on(detail.cell).any())
    return edit.strength > DETAIL_STRENGTH, tuple(windows)


def steps_in_all(at_once: int, again: int, steps: int, strength: float) -> int:
    """Returns how many steps a model takes in several windows.

    Args:
        at_once: in how many windows it generates a whole part, with `steps` steps each.
        again: in how many windows it redraws a detail, with fewer steps by DETAIL_STRENGTH.
        steps: the edit's steps.
        strength: the edit's strength.
    """
    shorter = max(1, round(steps * min(DETAIL_STRENGTH / strength, 1))) if again else 0
    return at_once * steps + again * shorter


def _shows_picture(mask: Mask, before: Box, window: Box) -> bool:
    """Tells whether a window shows any pixel of the picture, at `before`, that is not repainted."""
    visible = window.intersect(before)
    return not visible.empty and bool((mask.on(visible) == 0).any())


def _outwards(boxes: list[Box], near: int, shows_picture: list[bool]) -> tuple[list[int], bool]:
    """Orders parts so that each sees some of the picture or of a part before it.

    A wide margin grows outwards from the picture. Started at its far side, it would meet a picture it never saw.

    Args:
        boxes: the bounds of the parts.
        near: within how many pixels one part sees another.
        shows_picture: whether each part's window shows any of the picture.

    Returns:
        The indices of the parts in order, and whether some see nothing at all.
    """
    corners = _corners(boxes)
    shows = np.array(shows_picture, np.bool_)
    latest, rest = np.flatnonzero(shows), np.flatnonzero(~shows)
    order = latest.tolist()
    while latest.size and rest.size:
        meets = np.array([_meeting(corners[latest], boxes[n].padded(near)).any() for n in rest])
        latest, rest = rest[meets], rest[~meets]
        order += latest.tolist()
    return order + rest.tolist(), bool(rest.size)


def _turns(boxes: list[Box], near: int) -> list[int]:
    """Returns a turn for each part, after the turns of all earlier parts within so many pixels of it.

    The turns do not depend on the blend, so that another blend needs no new crops. boxes: the bounds of the parts.
    """
    turns: list[int] = []
    corners = _corners(boxes)
    for n, box in enumerate(boxes):
        meets = _meeting(corners[:n], box.padded(near))
        turns.append(max((turns[i] + 1 for i in np.flatnonzero(meets)), default=0))
    return turns


def _corners(boxes: list[Box]) -> NDArray[np.intp]:
    """Returns left, top, right and bottom of each box, int (n, 4)."""
    return np.array([(box.x, box.y, box.right, box.bottom) for box in boxes], np.intp)


def _meeting(corners: NDArray[np.intp], box: Box) -> NDArray[np.bool_]:
    """Returns which boxes share a pixel with `box`, bool (n,). corners: int (n, 4), as `_corners` returns them."""
    left, top, right, bottom = corners.T
    meets: NDArray[np.bool_] = (left < box.right) & (right > box.x) & (top < box.bottom) & (bottom > box.y)
    return meets
