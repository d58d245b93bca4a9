"""A document as the layers of other programs."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from editor.formats.openraster import Layer, over_each_other
from editor.geometry import Box
from editor.picture import Picture, tile_box
from editor.raster import Mask, Patch
from editor.store import Node


def layers_of(states: Sequence[tuple[Node, Picture]]) -> list[Layer]:
    """The opened picture and what each step laid over it, bottom first, cut to the frame of the last state.

    states: the way from the opened picture to what is shown.
    """
    frame, first = states[-1][1].box, states[0][1]
    whole = first.box.intersect(frame)
    layers = []
    if not whole.empty:
        layers.append(Layer("Original", Patch(whole, np.dstack([first.read(whole).pixels, first.opacity(whole)]))))
    for number, ((_, before), (node, after)) in enumerate(pairwise(states), 1):
        box = _changed(before, after).intersect(frame)
        pixels = over_each_other(*(np.dstack([each.read(box).pixels, each.opacity(box)]) for each in (before, after)))
        seen = Mask(box, np.ascontiguousarray(pixels[..., 3])).bounds
        if seen.empty:
            continue  # a crop, or nothing of it is to be seen any more
        prompt = "" if node.wish is None else node.wish["prompt"]
        layers.append(Layer(node.name or f"{number}. {prompt}".strip(), Patch(seen, pixels[seen.slices(box)])))
    return layers


def _changed(before: Picture, after: Picture) -> Box:
    """The tiles in which two pictures differ, as one box."""
    box = Box(0, 0, 0, 0)
    for place in before.tiles.keys() | after.tiles.keys():
        if before.tiles.get(place) != after.tiles.get(place):
            box = box.union(tile_box(place))
    return box
