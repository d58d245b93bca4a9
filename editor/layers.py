"""A document as the layers of other programs."""

import numpy as np

from editor.formats.openraster import Layer, over_each_other
from editor.geometry import Box
from editor.picture import Picture, tile_box
from editor.raster import Mask, Patch
from editor.store import Revision


def layers_of(states: list[Revision]) -> list[Layer]:
    """The opened picture and what each step laid over it, bottom first, cut to the frame of the last state.

    states: the way from the opened picture to what is shown, as `Store.way_to` has it.
    """
    pictures = [state.picture for state in states if state.picture is not None]
    frame, first = pictures[-1].box, pictures[0]
    whole = first.box.intersect(frame)
    layers = [Layer("Original", Patch(whole, np.dstack([first.read(whole).pixels, first.opacity(whole)])))]
    for number, (before, after, state) in enumerate(zip(pictures, pictures[1:], states[1:], strict=False), 1):
        box = _changed(before, after).intersect(frame)
        pixels = over_each_other(*(np.dstack([each.read(box).pixels, each.opacity(box)]) for each in (before, after)))
        seen = Mask(box, np.ascontiguousarray(pixels[..., 3])).bounds
        if seen.empty:
            continue  # a crop, or nothing of it is to be seen any more
        prompt = state.edit.prompt if state.edit is not None else ""
        layers.append(Layer(state.name or f"{number}. {prompt}".strip(), Patch(seen, pixels[seen.slices(box)])))
    return layers


def _changed(before: Picture, after: Picture) -> Box:
    """The tiles in which two pictures differ, as one box."""
    box = Box(0, 0, 0, 0)
    for place in before.tiles.keys() | after.tiles.keys():
        if before.tiles.get(place) != after.tiles.get(place):
            box = box.union(tile_box(place))
    return box
