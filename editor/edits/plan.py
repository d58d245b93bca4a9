"""What an edit comes to, with no model run: where it repaints, in which windows, in how many steps."""

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

# strength of the second pass over a mask larger than the model's window: sharp again, and still the same picture
DETAIL_STRENGTH = 0.2


@dataclass(frozen=True, eq=False)
class Part:
    """What of an edit is drawn in one window.

    mask: where, 255 = repaint. window: what the model sees, drawn at `shape`, (height, width) in pixels. at_once:
    whether all of it is drawn in that. details: windows at full size in which it is drawn (again) after that. turn:
    each sees the results of all turns before its own; those of one turn lie apart, and are holes to each other.
    """

    mask: Mask
    window: Box
    shape: tuple[int, int]
    at_once: bool
    details: tuple[Detail, ...]
    turn: int


@dataclass(frozen=True, eq=False)
class Plan:
    """frame: the picture's box afterwards. mask: where is repainted, cut to that. parts: in the order in which they are
    drawn; none for a crop. steps: how many a model takes for one result in all of the windows.
    """

    frame: Box
    mask: Mask
    parts: tuple[Part, ...]
    steps: int


def frame_after(edit: Edit, before: Box) -> Box:
    """The picture's box after an edit. before: its box now. InvalidInput when nothing is left, or it is too large."""
    frame = before.moved(edit.margins)
    if frame.intersect(before).empty:
        raise InvalidInput(
            f"Nothing would be left of the picture: its box is {list(before)}, and what to keep {list(frame)}."
        )
    if frame.width * frame.height > MAX_PIXELS:
        raise InvalidInput(
            f"The picture would be too large: {frame.width:,} x {frame.height:,} is "
            f"{frame.width * frame.height:,} pixels, at most {MAX_PIXELS:,} can be."
        )
    return frame


def edit_region(edit: Edit, before: Box) -> Mask:
    """Where an edit of a picture at `before` repaints: its mask, its sketch and what its margins add; empty for a crop.

    InvalidInput when there is nothing to do, or no picture afterwards.
    """
    frame = frame_after(edit, before)
    mask = edit.mask
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
            f"The mask lies outside the picture: it covers {edit.mask.box}, the picture {frame}. Paint on the picture."
        )
    return mask


def affected_region(edit: Edit, before: Box) -> Mask:
    """R, where `apply` may change a picture at `before` (255; its box lies in the picture): all other pixels stay the
    same bytes.
    """
    return with_blend(edit, edit_region(edit, before)).cut(frame_after(edit, before))


def with_blend(edit: Edit, mask: Mask) -> Mask:
    """A part of an edit's mask, and as far around it as the blend reaches."""
    return mask.grown(edit.blend.reach)


def plan(edit: Edit, before: Box, pipeline: Pipeline | PipelineInfo) -> Plan:
    """What `apply` does to a picture at `before`. InvalidInput when there is nothing to do."""
    mask, frame = edit_region(edit, before), frame_after(edit, before)
    masks = mask_parts(mask, frame, pipeline.size, pipeline.buckets, redraws=pipeline.supports_strength)
    views = [view(part.bounds, frame, pipeline.size, pipeline.buckets) for part in masks]
    bounds, near = [part.bounds for part in masks], pipeline.size // CELLS
    order, lost = _outwards(bounds, near, [_known(mask, before, window) for window, _ in views])
    if lost and "prompt" in pipeline.unsupported:
        raise InvalidInput(
            f"Nothing is left to fill from: {pipeline.name} carries in what lies around a mask. Leave some of the "
            "picture unpainted, or choose a model that draws from words."
        )
    masks, views = [masks[n] for n in order], [views[n] for n in order]
    turns = _turns([bounds[n] for n in order], near)
    parts = tuple(
        Part(part, *seen, *_passes(edit, part, mask, before, frame, seen, pipeline), turn)
        for part, seen, turn in zip(masks, views, turns, strict=True)
    )
    at_once, again = sum(part.at_once for part in parts), sum(len(part.details) for part in parts)
    return Plan(frame, mask, parts, steps_in_all(at_once, again, edit.steps, edit.strength))


def _passes(
    edit: Edit, part: Mask, whole: Mask, before: Box, frame: Box, seen: View, pipeline: Pipeline | PipelineInfo
) -> tuple[bool, tuple[Detail, ...]]:
    """Whether a part is drawn at once, small if need be, and the windows in which it is drawn again after that.

    A part that fits the shape it is drawn at is drawn at once. A larger one is drawn small, and then again in
    overlapping windows at full resolution that begin from it; where little of the original is to change, from that.
    """
    if edit.strength == 0:
        return False, ()
    window, shape = seen
    fits = part.bounds.height <= shape[0] and part.bounds.width <= shape[1]
    if not pipeline.supports_strength or fits:
        return True, ()
    visible = window.intersect(frame)
    faded = softened(edit, part, whole, frame, window)
    there = Mask(window, share(edit, faded, part, before, frame, window, pipeline.soft)).cut(visible)
    again = (detail for detail in details(there.bounds, visible, pipeline.size) if there.on(detail.cell).any())
    return edit.strength > DETAIL_STRENGTH, tuple(again)


def steps_in_all(at_once: int, again: int, steps: int, strength: float) -> int:
    """Steps of a run over several windows, `steps` in one drawn at once; those drawn `again` have their strength's
    share.
    """
    shorter = max(1, round(steps * min(DETAIL_STRENGTH / strength, 1))) if again else 0
    return at_once * steps + again * shorter


def _known(mask: Mask, before: Box, window: Box) -> bool:
    """Whether a window shows anything of the picture as it is, at `before`, that is not to be repainted."""
    there = window.intersect(before)
    return not there.empty and bool((mask.on(there) == 0).any())


def _outwards(boxes: list[Box], near: int, known: list[bool]) -> tuple[list[int], bool]:
    """The order of parts in which each sees something, of the picture or of a part before it; and whether some never
    do. boxes: their bounds. near: how near a part must lie to be seen. known: whether a part's window shows anything
    of the picture.

    A wide margin grows from the picture outwards: begun at its far side, it would come to meet what it never saw.
    """
    corners = _corners(boxes)
    shows = np.array(known, np.bool_)
    latest, left = np.flatnonzero(shows), np.flatnonzero(~shows)
    order = latest.tolist()
    while latest.size and left.size:
        meets = np.array([_meeting(corners[latest], boxes[n].padded(near)).any() for n in left])
        latest, left = left[meets], left[~meets]
        order += latest.tolist()
    return order + left.tolist(), bool(left.size)


def _turns(boxes: list[Box], near: int) -> list[int]:
    """A turn for each part, after those before it that lie nearer to it than so many pixels. boxes: their bounds.

    However they are blended: another blend is to ask for nothing new.
    """
    turns: list[int] = []
    corners = _corners(boxes)
    for n, box in enumerate(boxes):
        meets = _meeting(corners[:n], box.padded(near))
        turns.append(max((turns[i] + 1 for i in np.flatnonzero(meets)), default=0))
    return turns


def _corners(boxes: list[Box]) -> NDArray[np.intp]:
    """int (n, 4): left, top, right, bottom of each."""
    return np.array([(box.x, box.y, box.right, box.bottom) for box in boxes], np.intp)


def _meeting(corners: NDArray[np.intp], box: Box) -> NDArray[np.bool_]:
    """bool (n,): which boxes share a pixel with one. corners: int (n, 4), as `_corners` has them."""
    left, top, right, bottom = corners.T
    meets: NDArray[np.bool_] = (left < box.right) & (right > box.x) & (top < box.bottom) & (bottom > box.y)
    return meets
