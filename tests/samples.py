"""Pictures and edits for tests."""

from typing import Any

import numpy as np

from editor.edit import Edit
from editor.geometry import Box
from editor.raster import Mask, Pixels


def noise(width: int, height: int, seed: int = 0) -> Pixels:
    """uint8 (height, width, 3), no two pixels alike to the eye."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def filled(box: Box) -> Mask:
    """A mask of the whole box."""
    return Mask(box, np.full(box.shape, 255, np.uint8))


def disc(box: Box) -> Mask:
    """A mask of the ellipse within a box."""
    y, x = np.indices(box.shape)
    inside = ((x + 0.5) / box.width * 2 - 1) ** 2 + ((y + 0.5) / box.height * 2 - 1) ** 2 <= 1
    return Mask(box, inside.astype(np.uint8) * np.uint8(255))


def an_edit(mask: Mask | Box, **wishes: Any) -> Edit:
    """An edit by the fake pipeline in three steps, but for what is said."""
    wishes = {"seed": 1, "pipeline": "noise", "steps": 3, "prompt": "a green couch"} | wishes
    return Edit(filled(mask) if isinstance(mask, Box) else mask, **wishes)
