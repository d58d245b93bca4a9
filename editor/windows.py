"""Windows: the squares of a picture that a model is shown, on the plane."""

import math
from typing import NamedTuple

from editor.geometry import Box


def context_window(hole: Box, frame: Box, size: int) -> Box:
    """The square the model sees: at least `size` pixels, and a quarter larger than the hole's longest side where the
    picture, at `frame`, has as much to show; centred on the hole (rounded down), then moved into the picture.
    """
    side = max(size, min(math.ceil(1.25 * max(hole.width, hole.height)), max(frame.width, frame.height)))
    centred = Box(hole.x + (hole.width - side) // 2, hole.y + (hole.height - side) // 2, side, side)
    return centred.shifted_into(frame)


class Detail(NamedTuple):
    """A window of the model's own size, and the cell in its middle that is drawn anew in it.

    Cells overlap. left, above: by how many pixels at least with those drawn before it, 0 at the hole's edge.
    """

    window: Box
    cell: Box
    left: int
    above: int


def details(hole: Box, frame: Box, size: int) -> list[Detail]:
    """Windows whose cells cover a hole, row by row, moved into the picture's frame where that is as large.

    Around a cell an eighth of the window is context; neighbouring cells share at least as much.
    """
    margin = size // 8
    found = []
    for y, height in _cells(hole.y, hole.height, size - 2 * margin, margin):
        for x, width in _cells(hole.x, hole.width, size - 2 * margin, margin):
            centred = Box(x + (width - size) // 2, y + (height - size) // 2, size, size)
            left, above = margin * (x > hole.x), margin * (y > hole.y)
            found.append(Detail(centred.shifted_into(frame), Box(x, y, width, height), left, above))
    return found


def _cells(start: int, length: int, largest: int, overlap: int) -> list[tuple[int, int]]:
    """(start, length) of spans that cover a length, neighbours sharing `overlap` or more."""
    if length <= largest:
        return [(start, length)]
    count = math.ceil((length - overlap) / (largest - overlap))
    return [(start + n * (length - largest) // (count - 1), largest) for n in range(count)]
