"""Matching: how well the results of an edit show its prompt, as a ranker sees them in the edit's window."""

from collections.abc import Sequence

import numpy as np

from editor.edits.edit import Edit
from editor.edits.plan import edit_region
from editor.edits.windows import view
from editor.imaging.compositing import resized, resized_mask, surrounded
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.picture_kind import kind_of
from editor.imaging.raster import Mask, Pixels
from pipelines.base import Pipeline, PipelineInfo
from pipelines.ranking import Match, Ranker, matches_of, rankable


def matches(
    edit: Edit, before: Picture, results: Sequence[Picture], pipeline: Pipeline | PipelineInfo, ranker: Ranker
) -> list[Match] | None:
    """Tells how well the results of an edit and its variations show the prompt.

    Args:
        edit: the edit.
        before: the picture before it.
        results: the picture after it, and after each of its variations.
        pipeline: what painted.
        ranker: what looks at them.

    Returns:
        One for each result; None where nothing can be said: see `rankable`; of a model that reads no prompt; of a
        photograph by a ranker that knows drawings alone; and where the ranker itself cannot say.
    """
    words = rankable(edit.prompt, edit.painted_as, pipeline.vocabulary)
    region = edit_region(edit, before.box)
    if not words or "prompt" in pipeline.unsupported or not edit.blend.visible or region.bounds.empty:
        return None
    if not ranker.photographs and kind_of(before) == "photograph":
        return None
    windows, holes = zip(*(finished_window(each, region, pipeline.size) for each in results), strict=True)
    return matches_of(ranker, np.stack(windows), np.stack(holes), words)


def finished_window(picture: Picture, region: Mask, size: int) -> tuple[Pixels, Pixels]:
    """Returns what a model sees of a finished picture around all that was repainted, scaled to the model's own size.

    A larger region, which is generated in several windows, is scaled down as a whole.

    Args:
        picture: the result.
        region: where it was repainted, not empty.
        size: side in pixels of the model's squares.

    Returns:
        uint8 (size, size, 3), and the hole: uint8 (size, size), 255 = repainted.
    """
    window: Box = view(region.bounds, picture.box, size, ()).window
    pixels = surrounded(picture.read(window.intersect(picture.box)), window)
    hole = np.where(region.on(window) > 0, np.uint8(255), np.uint8(0))
    return resized(pixels, (size, size)), resized_mask(hole, (size, size))
