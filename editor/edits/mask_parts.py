"""The parts of a mask, drawn in a window each, so that an edit costs by what is painted and not by its span."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from editor.edits.windows import view
from editor.imaging.geometry import Box
from editor.imaging.raster import Mask

CELLS = 8  # cells a side of a model's window; a mask is cut along cells, and what is nearer than one is one part
COMPACT = 4  # the square of a compact hole's longest side is at most so many times its pixels
COARSEST = 2  # how much smaller a model may see a part that is not compact, if it draws it again at full size
LARGEST_WINDOW = 2**24  # pixels of a window; what is larger is drawn in parts

Indices = NDArray[np.intp]


class _Cells(NamedTuple):
    """The cells of a grid over a mask that hold any of it, row by row.

    row, column: int (n,). bounds: int (n, 4), left, top, right, bottom of what is painted in each, on the plane.
    pixels: int (n,), how many are. side: of a cell, in pixels.
    """

    row: Indices
    column: Indices
    bounds: Indices
    pixels: Indices
    side: int

    def box(self, which: Indices) -> Box:
        """The bounds of what is painted in these cells."""
        left, top = self.bounds[which, :2].min(0).tolist()
        right, bottom = self.bounds[which, 2:].max(0).tolist()
        return Box(left, top, right - left, bottom - top)


def mask_parts(mask: Mask, frame: Box, size: int, buckets: Sequence[tuple[int, int]], redraws: bool) -> list[Mask]:
    """Masks that together are this one, none empty, each to be drawn in a window of its own; from top to bottom.

    frame: the picture's box. size, buckets: of the model's images. redraws: whether what it drew smaller than it stands
    in the picture is drawn again at full size.

    Connected areas that no model's window holds are drawn small if they are compact, as the things are that prompts
    name; lines, frames and strips are cut where least of them is cut. What fits into one window at full size shares it.
    """
    mask = mask.cropped()
    if mask.box.empty:
        return []

    def fits(hole: Box) -> bool:
        window, shape = view(hole, frame, size, buckets)
        return window.shape == shape

    def whole(hole: Box, pixels: int) -> bool:
        window, shape = view(hole, frame, size, buckets)
        if window.shape == shape:
            return True
        if window.width * window.height > LARGEST_WINDOW:
            return False
        if COMPACT * pixels >= max(hole.width, hole.height) ** 2:
            return True
        return redraws and window.height <= COARSEST * shape[0] and window.width <= COARSEST * shape[1]

    if fits(mask.box):  # most edits
        return [mask]
    cells = _cells(mask, max(1, size // CELLS))
    parts = [part for area in _connected(cells) for part in _cut(cells, area, whole)]
    parts = _sharing(cells, parts, fits, max([size, *map(max, buckets)]))
    if len(parts) == 1:
        return [mask]
    owner = np.full((cells.row.max() + 1, cells.column.max() + 1), -1)
    boxes = [cells.box(part) for part in parts]
    order = sorted(range(len(parts)), key=lambda n: (boxes[n].y, boxes[n].x))
    for number, n in enumerate(order):
        owner[cells.row[parts[n]], cells.column[parts[n]]] = number
    return [_own(mask, boxes[n], owner == number, cells.side) for number, n in enumerate(order)]


def _cells(mask: Mask, side: int) -> _Cells:
    """Row by row of cells, so that no more than one such row is ever copied."""
    height, width = mask.alpha.shape
    starts = np.arange(0, width, side)
    rows, columns, bounds, pixels = [], [], [], []
    for row, top in enumerate(range(0, height, side)):
        band = mask.alpha[top : top + side] > 0  # (side, width)
        painted = band.sum(0)
        if not painted.any():
            continue
        counts = np.add.reduceat(painted, starts)
        here = np.flatnonzero(counts)
        at = np.flatnonzero(painted)
        cell = at // side
        lines = np.logical_or.reduceat(band, starts, axis=1)[:, here]  # (side, n)
        rows.append(np.full(len(here), row))
        columns.append(here)
        pixels.append(counts[here])
        bounds.append(
            np.stack(
                [
                    mask.box.x + at[np.searchsorted(cell, here)],
                    mask.box.y + top + lines.argmax(0),
                    mask.box.x + at[np.searchsorted(cell, here, "right") - 1] + 1,
                    mask.box.y + top + len(band) - lines[::-1].argmax(0),
                ],
                axis=1,
            )
        )
    return _Cells(np.concatenate(rows), np.concatenate(columns), np.concatenate(bounds), np.concatenate(pixels), side)


def _connected(cells: _Cells) -> list[Indices]:
    """The cells of each area, of which no two touch, not even at a corner."""
    there = np.zeros((cells.row.max() + 1, cells.column.max() + 1), np.uint8)
    there[cells.row, cells.column] = 1
    count, labels = cv2.connectedComponents(there, connectivity=8)
    label = labels[cells.row, cells.column]
    order = np.argsort(label, kind="stable")
    return np.split(order, np.searchsorted(label[order], np.arange(2, count)))


def _cut(cells: _Cells, area: Indices, whole: Callable[[Box, int], bool]) -> list[Indices]:
    """An area, cut in two again and again until each part may be drawn whole."""
    waiting, parts = [area], []
    while waiting:
        part = waiting.pop()
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
        line = min(lines, key=lambda at: (pixels[at - 1] + pixels[at], abs(at - middle)))
        waiting += [part[along - first >= line], part[along - first < line]]
    return parts


def _sharing(cells: _Cells, parts: list[Indices], fits: Callable[[Box], bool], longest: int) -> list[Indices]:
    """Parts joined where one window at full size holds them: each costs a run of the model. longest: of its sides."""
    parts = sorted(parts, key=lambda part: int(cells.bounds[part, 1].min()))
    corners = np.array([(box.x, box.y, box.right, box.bottom) for box in map(cells.box, parts)])
    alone, joined = np.ones(len(parts), bool), []
    for first, corner in enumerate(corners):
        if not alone[first]:
            continue
        part, last = [], int(np.searchsorted(corners[:, 1], corner[1] + longest))
        here = [first]
        while here:
            part += here
            alone[here] = False
            others = first + np.flatnonzero(alone[first:last])
            here = []
            if len(others):
                unions = np.hstack(
                    [np.minimum(corner[:2], corners[others, :2]), np.maximum(corner[2:], corners[others, 2:])]
                )
                nearest = int((unions[:, 2:] - unions[:, :2]).max(1).argmin())
                left, top, right, bottom = unions[nearest].tolist()
                if fits(Box(left, top, right - left, bottom - top)):
                    corner, here = unions[nearest], [int(others[nearest])]
        joined.append(np.concatenate([parts[n] for n in part]))
    return joined


def _own(mask: Mask, box: Box, cells: NDArray[np.bool_], side: int) -> Mask:
    """What of a mask lies in a box and in these cells of the grid over it."""
    rows, columns = box.slices(mask.box)
    down, across = (np.arange(part.start, part.stop) // side for part in (rows, columns))
    return Mask(box, np.where(cells[np.ix_(down, across)], mask.alpha[rows, columns], np.uint8(0))).cropped()
