"""Draws in coordinates of its own: in those of the plane, or of one thing."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import cos, floor, hypot, sin
from typing import Self

import numpy as np

from pipelines.training.scenes.brush import Brush, Move
from pipelines.training.scenes.palette import CREAM, INK, PLUM, Rgb
from pipelines.training.scenes.shapes import Points, Shape, oval


class Pen:
    """A brush and the way from the pen's coordinates to its pixels."""

    def __init__(self, brush: Brush, move: Move) -> None:
        self.brush, self.move = brush, move
        self.scale = hypot(move[0], move[1])  # pixels a unit
        self.every = 1  # of how many points of an outline one is drawn

    def moved(self, x: float, y: float, scale: float = 1, turn: float = 0, flip: bool = False) -> Move:
        """The way to the pixels from coordinates whose zero is at (x, y) of this pen's, turned clockwise by `turn`
        radians, scaled and mirrored."""
        a, b, c, d, e, f = self.move
        along, across = cos(turn) * scale, sin(turn) * scale
        p, q = (a * along + c * across, b * along + d * across)
        r, s = (c * along - a * across, d * along - b * across)
        return -p if flip else p, -q if flip else q, r, s, a * x + c * y + e, b * x + d * y + f

    def at(self, x: float, y: float, scale: float = 1, turn: float = 0) -> Self:
        """The same pen in such coordinates."""
        other = object.__new__(type(self))
        other.__dict__ |= self.__dict__
        other.move = self.moved(x, y, scale, turn)
        other.scale = self.scale * scale
        return other

    def _thinned(self, shape: Shape) -> Shape:
        return shape[:: min(self.every, len(shape) // 14)] if self.every > 1 and len(shape) >= 28 else shape

    def flat(self, shape: Shape, colour: Rgb) -> None:
        """One colour, in the light of what it is drawn on."""
        self.brush.fill(self._thinned(shape), self.move, colour)

    def solid(self, shape: Shape, colour: Rgb, depth: float = 1.0) -> None:
        """A form lit from the upper left; depth: how strongly."""
        self.brush.solid(self._thinned(shape), self.move, colour, depth)

    def sweep(self, shape: Shape, top: Rgb, bottom: Rgb) -> None:
        """A colour that changes from top to bottom."""
        self.brush.sweep(shape, self.move, top, bottom)

    def line(self, path: Shape | Points, width: float, colour: Rgb) -> None:
        self.brush.line(np.asarray(path, float), self.move, width * self.scale, colour)

    @contextmanager
    def inside(self, shape: Shape) -> Iterator[None]:
        """While it lasts, drawing stays within the outline."""
        self.brush.open(shape, self.move)
        yield
        self.brush.close()

    def soft(self, x: float, y: float, rx: float, ry: float, colour: Rgb, strength: float) -> None:
        """An ellipse that fades to its rim; strength: 0..1."""
        a, b, c, d, e, f = self.move
        x, y = a * x + c * y + e, b * x + d * y + f
        self.brush.soft(x, y, rx * self.scale, ry * self.scale, colour, strength)

    def ground(self, reach: float, x: float = 0, y: float = 98.5, strength: float = 0.5) -> None:
        """The soft shadow where something stands."""
        self.soft(x, y, reach, min(reach * 0.16, 7), PLUM, strength)

    def eye(self, x: float, y: float, radius: float) -> None:
        self.flat(oval(x, y, radius, radius * 1.1), INK)
        self.flat(oval(x - radius * 0.3, y - radius * 0.4, radius * 0.36), (255, 255, 255))

    def gleam(self, x: float, y: float, rx: float, ry: float) -> None:
        """Where the lamp is mirrored, on what is round and smooth: to the left of a mirrored thing as well."""
        self.soft(-x if self.move[0] < 0 else x, y, rx, ry, CREAM, 0.75)


class View(Pen):
    """A pen in the plane's coordinates, over the window of `side` units from (x, y) on."""

    def __init__(self, brush: Brush, x: float, y: float, side: float, size: int) -> None:
        scale = size * brush.reduce / side
        super().__init__(brush, (scale, 0, 0, scale, 0.5 - x * scale, 0.5 - y * scale))
        self.box = x, y, x + side, y + side

    def on(self, brush: Brush) -> Self:
        """The same view on another brush."""
        other = self.at(0, 0)
        other.brush = brush
        return other

    def sees(self, left: float, top: float, right: float, bottom: float) -> bool:
        """Whether the window meets a box."""
        return left < self.box[2] and right > self.box[0] and top < self.box[3] and bottom > self.box[1]

    def near(self, x: float, y: float, reach: float) -> bool:
        """Whether the window meets the surroundings of a point."""
        return self.sees(x - reach, y - reach, x + reach, y + reach)

    def columns(self, start: float, step: float) -> list[float]:
        """The places start + k step across the window and one step to each side."""
        first, last = floor((self.box[0] - start) / step) - 1, floor((self.box[2] - start) / step) + 1
        return [start + step * k for k in range(first, last + 1)]
