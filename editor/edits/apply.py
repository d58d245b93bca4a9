"""apply(): makes the result of an edit on a picture, deterministically."""

from collections.abc import Callable, Generator, Sequence
from typing import cast

import numpy as np

from editor.edits.adjust_window import adjusted_picture
from editor.edits.edit import Edit
from editor.edits.generation import Applied, CropCache, Progress, Variations, generate_together, no_crops
from editor.edits.plan import edit_region, frame_after
from editor.imaging.compositing import at_opacity, composite
from editor.imaging.picture import Picture
from editor.imaging.raster import Patch, Pixels
from pipelines.base import Pipeline, PipelineInfo, mapped, run
from pipelines.errors import InvalidInput


def apply(
    edit: Edit, picture: Picture, pipelines: Callable[[str], Pipeline], cache: CropCache = no_crops
) -> Generator[Progress, None, Applied]:
    """Applies an edit to a picture, which itself stays unchanged. Closing the generator cancels.

    The same edit on the same picture gives the same pixels.

    Args:
        edit: the edit.
        picture: the picture.
        pipelines: returns the pipeline of a name; its errors pass through.
        cache: returns the crop that was generated before for a request of this digest, or None. A cached crop is pasted
            without running the model.

    Yields:
        The progress after each step.

    Returns:
        The result.

    Raises:
        InvalidInput: the mask lies outside the picture.
    """
    (applied,) = yield from mapped(apply_all([edit], picture, pipelines, cache), lambda progress: progress[0])
    return applied


def apply_all(
    edits: Sequence[Edit], picture: Picture, pipelines: Callable[[str], Pipeline], cache: CropCache = no_crops
) -> Generator[list[Progress], None, list[Applied]]:
    """Does the same as `apply` for edits on one picture that differ only in their seed: the model runs once for all."""
    edit = edits[0]
    if not edit.blend.visible:
        return [Applied(picture, (), {}) for _ in edits]
    if edit.adjustment is not None:
        after = yield from mapped(adjusted_picture(edit, picture), lambda done: [Progress(*done, None)])
        return [Applied(after, (), {})]
    if edit_region(edit, picture.box).bounds.empty:  # a crop
        return [Applied(picture.reframed(frame_after(edit, picture.box)), (), {}) for _ in edits]
    if edit.pastes:
        return [Applied(_pasted(edit, picture), (), {}) for _ in edits]
    alone = generate_together([Variations(edits, picture, cache)], pipelines(edit.pipeline))
    (applied,) = yield from mapped(alone, lambda progress: progress[0])
    return applied


def apply_together(
    groups: Sequence[Variations], pipelines: Callable[[str], Pipeline]
) -> Generator[list[list[Progress]], None, list[list[Applied]]]:
    """Does the same as `apply_all` for each group; several are all drawn by the pipeline of the first.

    Yields:
        The progress of each group's edits after each step.

    Returns:
        The results of each group's edits.
    """
    if len(groups) > 1:
        return (yield from generate_together(groups, pipelines(groups[0].edits[0].pipeline)))
    ((edits, picture, cache),) = groups
    return [(yield from mapped(apply_all(edits, picture, pipelines, cache), lambda progress: [progress]))]


def _pasted(edit: Edit, picture: Picture) -> Picture:
    """Returns the picture with the edit's sketch laid over it, by the sketch's alpha times the blend's opacity."""
    assert edit.sketch is not None
    piece = edit.sketch.cut(picture.box)
    alpha = at_opacity(np.ascontiguousarray(piece.pixels[..., 3]), edit.blend.opacity)
    colours, original = np.ascontiguousarray(piece.pixels[..., :3]), picture.read(piece.box).pixels
    return picture.write(Patch(piece.box, composite(original, colours, alpha, picture.opacity(piece.box))))


def laid_in(edit: Edit, picture: Picture, pipelines: Callable[[str], PipelineInfo], cache: CropCache) -> Picture:
    """Returns the picture that `apply` would make from cached crops, without running a model.

    Raises:
        InvalidInput: a crop that it needs is not in the cache.
    """

    def cached_crop(request: str) -> Pixels:
        crop = cache(request)
        if crop is None:
            raise InvalidInput(
                "This blend needs a result of the model that is not stored, so it cannot be previewed. Apply the "
                "change to run the model again."
            )
        return crop

    # no model runs, so the info of a pipeline is enough
    (applied,) = run(apply_all([edit], picture, cast(Callable[[str], Pipeline], pipelines), cached_crop))
    return applied.picture
