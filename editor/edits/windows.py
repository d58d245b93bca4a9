"""Windows: the parts of a picture that a model is shown, on the plane."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from editor.imaging.geometry import Box

ROOM_AROUND = 1.25  # a window's least side over the hole's, where the picture has as much to show


class View(NamedTuple):
    """What a model is shown: a window on the plane, drawn at a shape, (height, width) in pixels, which the window has
    to a pixel and is nowhere smaller than.
    """

    window: Box
    shape: tuple[int, int]


def view(hole: Box, frame: Box, size: int, buckets: Sequence[tuple[int, int]]) -> View:
    """How a model that draws squares of `size` pixels, and these buckets, sees a hole within the picture at `frame`: as
    it is drawn finest; as a square if that is as fine, else with the most of the picture.

    One that draws squares alone sees the `context_window` that it may have been trained on. With a choice, each of the
    hole's sides gets its own room, as far as the picture goes: a strip along the whole of it is as long as that.
    """
    square = (size, size)
    if not buckets:
        return View(context_window(hole, frame, size), square)
    sides = zip(hole.shape, frame.shape, strict=True)
    height, width = (min(math.ceil(ROOM_AROUND * side), whole) for side, whole in sides)
    found = []
    for shape in (square, *buckets):
        scale = max(Fraction(1), Fraction(height, shape[0]), Fraction(width, shape[1]))
        window = _around(hole, math.ceil(scale * shape[1]), math.ceil(scale * shape[0])).shifted_into(frame)
        seen = window.intersect(frame)
        found.append(((scale, shape != square, -seen.width * seen.height), View(window, shape)))
    return min(found, key=lambda each: each[0])[1]


def context_window(hole: Box, frame: Box, size: int) -> Box:
    """The square the model sees: at least `size` pixels, and a quarter larger than the hole's longest side where the
    picture, at `frame`, has as much to show; centred on the hole (rounded down), then moved into the picture.
    """
    side = max(size, min(math.ceil(ROOM_AROUND * max(hole.width, hole.height)), max(frame.width, frame.height)))
    return _around(hole, side, side).shifted_into(frame)


def _around(hole: Box, width: int, height: int) -> Box:
    """Centred on the hole, rounded down."""
    return Box(hole.x + (hole.width - width) // 2, hole.y + (hole.height - height) // 2, width, height)


class Detail(NamedTuple):
    """A square window of the model's own size, and the cell in its middle that is drawn anew in it.

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
            cell = Box(x, y, width, height)
            left, above = margin * (x > hole.x), margin * (y > hole.y)
            found.append(Detail(_around(cell, size, size).shifted_into(frame), cell, left, above))
    return found


def _cells(start: int, length: int, largest: int, overlap: int) -> list[tuple[int, int]]:
    """(start, length) of spans that cover a length, neighbours sharing `overlap` or more."""
    if length <= largest:
        return [(start, length)]
    count = math.ceil((length - overlap) / (largest - overlap))
    return [(start + n * (length - largest) // (count - 1), largest) for n in range(count)]
