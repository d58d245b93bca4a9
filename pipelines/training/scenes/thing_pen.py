"""Draws one thing: its height is 100, x counts from its middle, y from its top down to its foot."""

from random import Random
from typing import TYPE_CHECKING

import numpy as np

from pipelines.training.scenes.palette import COLOURS, WOODS, light, mixed, partner, shade
from pipelines.training.scenes.pen import Pen
from pipelines.training.scenes.shapes import Shape, box, oval

if TYPE_CHECKING:
    from pipelines.training.scenes.thing import Thing


class ThingPen(Pen):
    """A pen in the coordinates of a thing.

    half: half of the thing's width. colour, wood: its main colour, and that of its wooden parts. v: the thing's own
    random stream, the same in every window. form: its adjective, or "". parts: what it wears, holds or shows.
    """

    def __init__(self, under: Pen, thing: "Thing", x: float, y: float, scale: float, turn: float = 0) -> None:
        """The thing's zero at (x, y) of the pen `under`, its unit `scale` of that one's."""
        super().__init__(under.brush, under.moved(x, y, scale, turn, thing.flip))
        self.every = 1 if self.scale > 3 else 2 if self.scale > 0.8 else 3  # what is small needs few points
        self.half = 50 * thing.width / thing.height
        self.pattern, self.form, self.parts = thing.pattern, thing.form, thing.parts
        self.v = Random(thing.seed)
        self.wood = self.v.choice(WOODS)
        self.colour = self.wood if self.pattern == "wooden" else COLOURS[thing.colour]

    def main(self, shape: Shape, depth: float = 1.0, grain: float = 14) -> None:
        """The thing's own colour and pattern; grain: the pattern's size."""
        self.solid(shape, self.colour, depth)
        if self.pattern:
            with self.inside(shape):
                self._weave(shape, grain)

    def _weave(self, shape: Shape, s: float) -> None:
        (left, top), (right, bottom) = shape.min(0).tolist(), shape.max(0).tolist()
        colour, other = self.colour, partner(self.colour)
        s = max(s, (right - left) / 12, (bottom - top) / 12)
        columns, rows = np.arange(left, right, s).tolist(), np.arange(top, bottom, s).tolist()
        if self.pattern == "striped":
            for x in columns:
                self.flat(box(x + s / 4, top - 1, x + s * 0.75, bottom + 1), other)
        elif self.pattern == "dotted":
            dot = oval(0, 0, s * 0.27)
            for i, y in enumerate(rows):
                for x in columns:
                    self.flat(dot + np.array((x + s * (0.25 + 0.5 * (i % 2)), y + s / 2)), other)
        elif self.pattern == "checked":
            for x in columns:
                self.flat(box(x, top - 1, x + s / 2, bottom + 1), mixed(colour, other, 0.5))
            square = box(0, 0, s / 2, s / 2)
            for y in rows:
                self.flat(box(left - 1, y, right + 1, y + s / 2), mixed(colour, other, 0.5))
                for x in columns:
                    self.flat(square + np.array((x, y)), other)
        else:  # wooden: grain along the longer side
            lying = right - left > bottom - top
            start, end = (left, right) if lying else (top, bottom)
            for i, c in enumerate(
                np.arange(top if lying else left, bottom if lying else right, max(s * 0.55, 3)).tolist()
            ):
                a, b = start + (i * 37 % 11) * (end - start) / 30, end - (i * 23 % 7) * (end - start) / 20
                self.line(((a, c), (b, c)) if lying else ((c, a), (c, b)), s * 0.09,
                          shade(colour, 0.3) if i % 2 else light(colour, 0.25))  # fmt: skip

    def part(self, part: "Thing", x: float, y: float, height: float, turn: float = 0) -> None:
        """One of `parts`, `height` high, its foot's middle at (x, y)."""
        part.draw_at(self.at(x, y, 1, turn), 0, -height, height / 100)
