"""A document as layers for other programs."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from editor.formats.openraster import Layer, over_each_other
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture, tile_box
from editor.imaging.raster import Mask, Patch


def layers_of(opened: Picture, steps: Sequence[tuple[str, Picture]]) -> list[Layer]:
    """Returns the opened picture and the change of each step as layers, bottom first, cut to the last picture's frame.

    Args:
        opened: the opened picture.
        steps: the title of each step and the picture that it made, in order.
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
        bounds = Mask(box, np.ascontiguousarray(pixels[..., 3])).bounds
        if bounds.empty:
            continue  # a crop, or a change outside the last frame
        layers.append(Layer(title, Patch(bounds, pixels[bounds.slices(box)])))
    return layers


def _changed(before: Picture, after: Picture) -> Box:
    """Returns the bounds of the tiles in which two pictures differ."""
    box = Box(0, 0, 0, 0)
    for index in before.tiles.keys() | after.tiles.keys():
        if before.tiles.get(index) != after.tiles.get(index):
            box = box.union(tile_box(index))
    return box
