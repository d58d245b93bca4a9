"""What a wish would come to, before any model runs."""

from dataclasses import dataclass

from editor.apply import framed, painted, passes, region, window_of
from editor.edit import Edit
from editor.geometry import Box
from editor.picture import Picture
from editor.raster import Mask
from editor.scene import share
from pipelines.base import Pipeline


@dataclass(frozen=True, eq=False)
class Plan:
    """window: where the model will look; empty for a crop. region: where the picture may change, see `apply.region`.
    steps: how many the model takes for one result, the windows in which it draws times the edit's steps.
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
    window = window_of(mask, frame, pipeline.size)
    if edit.strength == 0:
        return Plan(window, changes, 0)
    visible = window.intersect(frame)

    def changing() -> Mask:
        return Mask(window, share(edit, mask, picture.box, frame, window)).cut(visible)

    first, again = passes(edit, mask, changing, visible, pipeline)
    return Plan(window, changes, (first + len(again)) * edit.steps)
