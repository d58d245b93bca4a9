"""The parts of a mask, each with a window of its own, so that the cost scales with the mask and not with its span."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from editor.edits.windows import view
from editor.imaging.geometry import Box
from editor.imaging.raster import Mask

CELLS = 8  # cells a side of a model's window; a mask is cut along cells, and areas less than a cell apart are one part
COMPACT = 4  # the square of a compact hole's longest side is at most so many times its pixels
COARSEST = 2  # by how much a part that is not compact may be scaled down, if the model redraws it at full size
THIN = 0.25  # how long a part may be that is not compact, in a model's squares, if the model generates any size
LARGEST_WINDOW = 2**24  # pixels of a window; larger areas are cut

Indices = NDArray[np.intp]


class _Cells(NamedTuple):
    """The cells of a grid over a mask that contain any of it, row by row."""

    row: Indices  # int (n,)
    column: Indices  # int (n,)
    bounds: Indices  # int (n, 4), left, top, right, bottom of the mask in each cell, on the plane
    pixels: Indices  # int (n,), how many pixels of the mask each contains
    side: int  # of a cell, in pixels

    def box(self, which: Indices) -> Box:
        """Returns the bounds of the mask in these cells."""
        left, top = self.bounds[which, :2].min(0).tolist()
        right, bottom = self.bounds[which, 2:].max(0).tolist()
        return Box(left, top, right - left, bottom - top)


def mask_parts(
    mask: Mask, frame: Box, size: int, buckets: Sequence[tuple[int, int]], redraws: bool, largest: int = 0
) -> list[Mask]:
    """Splits a mask into parts, each for a window of its own.

    A connected area that is larger than the model's window stays whole, and is generated small, if it is compact, as
    the objects in prompts are; lines, frames and strips are cut where the cut is shortest. Parts that fit into one
    window at full size share it, except with a model of any size, whose cost is that of the pixels.

    Args:
        mask: the mask.
        frame: the picture's box.
        size: pixels a side of the model's squares.
        buckets: the other shapes that it generates, (height, width).
        redraws: whether a part that was generated small is redrawn at full size.
        largest: the longest side that it generates if it generates any shape, else 0.

    Returns:
        Masks, none empty, that together are the mask; from top to bottom.
    """
    mask = mask.cropped()
    if mask.box.empty:
        return []

    def fits(hole: Box) -> bool:
        window, shape = view(hole, frame, size, buckets, largest)
        return window.shape == shape

    def whole(hole: Box, pixels: int) -> bool:
        window, shape = view(hole, frame, size, buckets, largest)
        longest = max(hole.width, hole.height)
        compact = COMPACT * pixels >= longest**2
        if largest and not compact and longest > THIN * size:  # a window of all of it is mostly surroundings
            return False
        if window.shape == shape:
            return True
        if window.width * window.height > LARGEST_WINDOW:
            return False
        if compact:
            return True
        return redraws and window.height <= COARSEST * shape[0] and window.width <= COARSEST * shape[1]

    if not largest and fits(mask.box):  # most edits
        return [mask]
    cells = _cells(mask, max(1, size // CELLS))
    parts = [part for area in _connected(cells) for part in _cut(cells, area, whole)]
    if not largest:
        parts = _join(cells, parts, fits, max([size, *map(max, buckets)]))
    if len(parts) == 1:
        return [mask]
    owner = np.full((cells.row.max() + 1, cells.column.max() + 1), -1)
    boxes = [cells.box(part) for part in parts]
    order = sorted(range(len(parts)), key=lambda n: (boxes[n].y, boxes[n].x))
    for number, n in enumerate(order):
        owner[cells.row[parts[n]], cells.column[parts[n]]] = number
    return [_part_of(mask, boxes[n], owner == number, cells.side) for number, n in enumerate(order)]


def _cells(mask: Mask, side: int) -> _Cells:
    """Divides a mask into cells, one row of cells at a time, so that only one row is ever copied."""
    height, width = mask.alpha.shape
    starts = np.arange(0, width, side)
    rows, columns, bounds, pixels = [], [], [], []
    for row, top in enumerate(range(0, height, side)):
        band = mask.alpha[top : top + side] > 0  # (side, width)
        column_counts = band.sum(0)
        if not column_counts.any():
            continue
        counts = np.add.reduceat(column_counts, starts)
        filled = np.flatnonzero(counts)
        xs = np.flatnonzero(column_counts)
        cell = xs // side
        lines = np.logical_or.reduceat(band, starts, axis=1)[:, filled]  # (side, n)
        rows.append(np.full(len(filled), row))
        columns.append(filled)
        pixels.append(counts[filled])
        bounds.append(
            np.stack(
                [
                    mask.box.x + xs[np.searchsorted(cell, filled)],
                    mask.box.y + top + lines.argmax(0),
                    mask.box.x + xs[np.searchsorted(cell, filled, "right") - 1] + 1,
                    mask.box.y + top + len(band) - lines[::-1].argmax(0),
                ],
                axis=1,
            )
        )
    return _Cells(np.concatenate(rows), np.concatenate(columns), np.concatenate(bounds), np.concatenate(pixels), side)


def _connected(cells: _Cells) -> list[Indices]:
    """Returns the cells of each connected area; no two areas touch, not even at a corner."""
    grid = np.zeros((cells.row.max() + 1, cells.column.max() + 1), np.uint8)
    grid[cells.row, cells.column] = 1
    count, labels = cv2.connectedComponents(grid, connectivity=8)
    label = labels[cells.row, cells.column]
    order = np.argsort(label, kind="stable")
    return np.split(order, np.searchsorted(label[order], np.arange(2, count)))


def _cut(cells: _Cells, area: Indices, whole: Callable[[Box, int], bool]) -> list[Indices]:
    """Cuts an area in two repeatedly until each part may stay whole."""
    stack, parts = [area], []
    while stack:
        part = stack.pop()
        box = cells.box(part)
        along = cells.column[part] if box.width >= box.height else cells.row[part]
        first, last = int(along.min()), int(along.max())
        if first == last or whole(box, int(cells.pixels[part].sum())):
            parts.append(part)
            continue
        pixels = np.bincount(along - first, cells.pixels[part])
        lines = np.arange(1, last - first + 1)  # between two rows or columns of cells
        middle = (last - first + 1) / 2
        lines = lines[np.abs(lines - middle) <= max(0.5, middle / 2)]
        line = min(lines, key=lambda n: (pixels[n - 1] + pixels[n], abs(n - middle)))
        stack += [part[along - first >= line], part[along - first < line]]
    return parts


def _join(cells: _Cells, parts: list[Indices], fits: Callable[[Box], bool], longest: int) -> list[Indices]:
    """Joins parts that fit into one window at full size, since each window costs a run of the model.

    longest: the longest side of a window.
    """
    parts = sorted(parts, key=lambda part: int(cells.bounds[part, 1].min()))
    corners = np.array([(box.x, box.y, box.right, box.bottom) for box in map(cells.box, parts)])
    alone, joined = np.ones(len(parts), bool), []
    for first, corner in enumerate(corners):
        if not alone[first]:
            continue
        members, last = [], int(np.searchsorted(corners[:, 1], corner[1] + longest))
        new = [first]
        while new:
            members += new
            alone[new] = False
            others = first + np.flatnonzero(alone[first:last])
            new = []
            if len(others):
                unions = np.hstack(
                    [np.minimum(corner[:2], corners[others, :2]), np.maximum(corner[2:], corners[others, 2:])]
                )
                nearest = int((unions[:, 2:] - unions[:, :2]).max(1).argmin())
                left, top, right, bottom = unions[nearest].tolist()
                if fits(Box(left, top, right - left, bottom - top)):
                    corner, new = unions[nearest], [int(others[nearest])]
        joined.append(np.concatenate([parts[n] for n in members]))
    return joined


def _part_of(mask: Mask, box: Box, cells: NDArray[np.bool_], side: int) -> Mask:
    """Returns the part of a mask in a box and in these cells of the grid over it."""
    rows, columns = box.slices(mask.box)
    down, across = (np.arange(part.start, part.stop) // side for part in (rows, columns))
    return Mask(box, np.where(cells[np.ix_(down, across)], mask.alpha[rows, columns], np.uint8(0))).cropped()
