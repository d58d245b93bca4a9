"""A document as layers for other programs."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from editor.formats.openraster import Layer, over_each_other, with_opacity
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture, tile_box
from editor.imaging.raster import Mask, Patch, Pixels


class LayerStep(NamedTuple):
    """A step that becomes a layer."""

    title: str
    before: Picture  # the picture that it was made on
    after: Picture  # the picture that it made
    opacity: float  # 0 to 1, with which its result was blended in
    visible: bool = True  # False: it is hidden; the pictures are those of when it was last visible


def layers_of(opened: Picture, steps: Sequence[LayerStep], frame: Box) -> list[Layer]:
    """Returns the opened picture and the change of each step as layers, bottom first.

    A step's opacity is its layer's where the layers come to the same picture so, else it is in the layer's pixels.

    Args:
        opened: the opened picture.
        steps: the steps, in order.
        frame: the box of the picture that they make, to which the layers are cut.
    """
    whole = opened.box.intersect(frame)
    layers = []
    if not whole.empty:
        layers.append(Layer("Original", Patch(whole, _rgba(opened, whole))))
    for title, before, after, opacity, visible in steps:
        box = changed_box(before, after).intersect(frame)
        old, new = _rgba(before, box), _rgba(after, box)
        pixels = with_opacity(old, new, opacity)
        if pixels is None:
            pixels, opacity = over_each_other(old, new), 1.0
        bounds = Mask(box, np.ascontiguousarray(pixels[..., 3])).bounds
        if bounds.empty:
            continue  # a crop, or a change outside the last frame
        layers.append(Layer(title, Patch(bounds, pixels[bounds.slices(box)]), opacity, visible))
    return layers


def _rgba(picture: Picture, box: Box) -> Pixels:
    return np.dstack([picture.read(box).pixels, picture.opacity(box)])


def changed_box(before: Picture, after: Picture) -> Box:
    """Returns the bounds of the tiles in which two pictures differ; empty when they are the same."""
    box = Box(0, 0, 0, 0)
    for index in before.tiles.keys() | after.tiles.keys():
        if before.tiles.get(index) != after.tiles.get(index):
            box = box.union(tile_box(index))
    return box
