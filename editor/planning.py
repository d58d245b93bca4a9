"""What a wish would come to, with no model run."""

from collections.abc import Callable
from dataclasses import dataclass

from editor.apply import Drawn, apply_all, framed, painted, passes, region, steps_in_all, view_of
from editor.edit import Edit
from editor.geometry import Box
from editor.picture import Picture
from editor.raster import Mask, Pixels
from editor.scene import share, softened
from pipelines.base import Pipeline, run


@dataclass(frozen=True, eq=False)
class Plan:
    """window: where the model will look; empty for a crop. region: where the picture may change, see `apply.region`.
    steps: how many the model takes for one result in all of the windows in which it draws.
    """

    window: Box
    region: Mask
    steps: int


def plan(edit: Edit, picture: Picture, pipeline: Pipeline) -> Plan:
    """As `apply` will do it; only the picture's box is looked at. ValueError as there."""
    mask, frame = painted(edit, picture), framed(edit, picture)
    changes = region(edit, picture).cropped()
    if mask.bounds.empty:
        return Plan(mask.bounds, changes, 0)
    window, shape = view_of(mask, frame, pipeline)
    if edit.strength == 0:
        return Plan(window, changes, 0)
    visible = window.intersect(frame)

    def changing() -> Mask:
        faded = softened(edit, mask, frame, window)
        return Mask(window, share(edit, faded, picture.box, frame, window, pipeline.soft)).cut(visible)

    first, again = passes(edit, mask, changing, visible, pipeline, shape)
    return Plan(window, changes, steps_in_all(first, len(again), edit.steps, edit.strength))


def laid_in(edit: Edit, picture: Picture, pipelines: Callable[[str], Pipeline], drawn: Drawn) -> Picture:
    """As `apply` makes it of what was drawn before. ValueError when a crop that it takes is not there."""

    def found(request: str) -> Pixels:
        crop = drawn(request)
        if crop is None:
            raise ValueError(
                "What the model drew for this step is not at hand as it is needed for this blend: it cannot be shown "
                "before it is drawn anew."
            )
        return crop

    (applied,) = run(apply_all([edit], picture, pipelines, found))
    return applied.picture
