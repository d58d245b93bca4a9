"""Windows: the parts of a picture that a model sees, on the plane."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from editor.imaging.geometry import Box

ROOM_AROUND = 1.25  # least ratio of a window's side to the hole's, where the picture is large enough
LEAST_ROOM = 64  # pixels around a hole, at least, in a window of a size of its own


class View(NamedTuple):
    """A window that a model sees, and the size that it generates it at."""

    window: Box  # on the plane; of the same aspect ratio as `shape` to a pixel, and not smaller
    shape: tuple[int, int]  # (height, width) in pixels


def view(hole: Box, frame: Box, size: int, buckets: Sequence[tuple[int, int]], largest: int = 0) -> View:
    """Chooses the view with the finest result: a square if none is finer, else the one that shows most of the picture.

    A model of any size gets as much of the picture on each side of the hole as the hole is wide, and nothing beyond the
    picture.

    A model that generates only squares gets the `context_window`, as it may have been trained on. With buckets, each
    side of the hole gets its own room, as far as the picture reaches; a strip along the whole picture gets a window as
    long as the picture.

    Args:
        hole: what to repaint.
        frame: the picture's box.
        size: pixels a side of the model's squares.
        buckets: the other shapes that it generates, (height, width).
        largest: the longest side that it generates if it generates any shape, else 0.
    """
    if largest:
        window = hole.padded(max(LEAST_ROOM, min(hole.shape))).intersect(frame)
        scale = min(Fraction(1), Fraction(largest, max(window.shape)))
        return View(window, (math.ceil(scale * window.height), math.ceil(scale * window.width)))
    square = (size, size)
    if not buckets:
        return View(context_window(hole, frame, size), square)
    sides = zip(hole.shape, frame.shape, strict=True)
    height, width = (min(math.ceil(ROOM_AROUND * side), whole) for side, whole in sides)
    candidates = []
    for shape in (square, *buckets):
        scale = max(Fraction(1), Fraction(height, shape[0]), Fraction(width, shape[1]))
        window = _around(hole, math.ceil(scale * shape[1]), math.ceil(scale * shape[0])).shifted_into(frame)
        visible = window.intersect(frame)
        candidates.append(((scale, shape != square, -visible.width * visible.height), View(window, shape)))
    return min(candidates, key=lambda each: each[0])[1]


def context_window(hole: Box, frame: Box, size: int) -> Box:
    """Returns the square that a model sees.

    It has at least `size` pixels a side, and is a quarter larger than the hole's longest side where the picture, at
    `frame`, is large enough. It is centred on the hole (rounded down), then moved into the picture.
    """
    side = max(size, min(math.ceil(ROOM_AROUND * max(hole.width, hole.height)), max(frame.width, frame.height)))
    return _around(hole, side, side).shifted_into(frame)


def _around(hole: Box, width: int, height: int) -> Box:
    """Returns a box of this size centred on the hole, rounded down."""
    return Box(hole.x + (hole.width - width) // 2, hole.y + (hole.height - height) // 2, width, height)


class Detail(NamedTuple):
    """A square window of the model's own size, and the cell in its middle to redraw. Cells overlap."""

    window: Box
    cell: Box
    left: int  # least overlap in pixels with the cell to the left, 0 at the hole's edge
    above: int  # least overlap with the cells above, likewise


def details(hole: Box, frame: Box, size: int) -> list[Detail]:
    """Returns windows whose cells cover a hole, row by row, moved into the picture's frame where it is large enough.

    An eighth of the window on each side of a cell is context; neighbouring cells overlap by at least as much.
    """
    margin = size // 8
    windows = []
    for y, height in _cells(hole.y, hole.height, size - 2 * margin, margin):
        for x, width in _cells(hole.x, hole.width, size - 2 * margin, margin):
            cell = Box(x, y, width, height)
            left, above = margin * (x > hole.x), margin * (y > hole.y)
            windows.append(Detail(_around(cell, size, size).shifted_into(frame), cell, left, above))
    return windows


def _cells(start: int, length: int, largest: int, overlap: int) -> list[tuple[int, int]]:
    """Returns (start, length) of spans that cover a length, neighbours overlapping by `overlap` or more."""
    if length <= largest:
        return [(start, length)]
    count = math.ceil((length - overlap) / (largest - overlap))
    return [(start + n * (length - largest) // (count - 1), largest) for n in range(count)]
