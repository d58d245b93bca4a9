"""A document as the layers of other programs."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from editor.formats.openraster import Layer, over_each_other
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture, tile_box
from editor.imaging.raster import Mask, Patch


def layers_of(opened: Picture, steps: Sequence[tuple[str, Picture]]) -> list[Layer]:
    """The opened picture and what each step laid over it, bottom first, cut to the frame of the last picture.

    steps: the title of each and the picture that it made, in order.
    """
    pictures = [opened, *(picture for _, picture in steps)]
    frame = pictures[-1].box
    whole = opened.box.intersect(frame)
    layers = []
    if not whole.empty:
        layers.append(Layer("Original", Patch(whole, np.dstack([opened.read(whole).pixels, opened.opacity(whole)]))))
    for (title, _), (before, after) in zip(steps, pairwise(pictures), strict=True):
        box = _changed(before, after).intersect(frame)
        pixels = over_each_other(*(np.dstack([each.read(box).pixels, each.opacity(box)]) for each in (before, after)))
        seen = Mask(box, np.ascontiguousarray(pixels[..., 3])).bounds
        if seen.empty:
            continue  # a crop, or nothing of it is to be seen any more
        layers.append(Layer(title, Patch(seen, pixels[seen.slices(box)])))
    return layers


def _changed(before: Picture, after: Picture) -> Box:
    """The tiles in which two pictures differ, as one box."""
    box = Box(0, 0, 0, 0)
    for place in before.tiles.keys() | after.tiles.keys():
        if before.tiles.get(place) != after.tiles.get(place):
            box = box.union(tile_box(place))
    return box
