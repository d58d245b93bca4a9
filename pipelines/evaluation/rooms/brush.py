"""Draws flat shapes of the scene's plane into a square window of it, antialiased by drawing larger and averaging."""

from collections.abc import Sequence
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipelines.evaluation.rooms.palette import Rgb

Point = tuple[float, float]


class Brush:
    """A window of the plane, `side` units from (x, y) on, drawn at `size` pixels.

    With `silhouette` every shape comes out white on black whatever its colour: the mask of what is drawn.
    """

    def __init__(self, x: float, y: float, side: float, size: int, silhouette: bool = False) -> None:
        self._reduce = 4 if size <= 128 else 2
        self._scale = size * self._reduce / side
        self._x, self._y, self._silhouette = x, y, silhouette
        pixels = size * self._reduce
        self._image = Image.new("L" if silhouette else "RGB", (pixels, pixels))
        self._draw = ImageDraw.Draw(self._image)

    def _ink(self, colour: Rgb) -> int | Rgb:
        return 255 if self._silhouette else colour

    def _at(self, x: float, y: float) -> Point:
        return (x - self._x) * self._scale, (y - self._y) * self._scale

    def polygon(self, points: Sequence[Point], colour: Rgb) -> None:
        self._draw.polygon([self._at(x, y) for x, y in points], self._ink(colour))

    def rect(self, x: float, y: float, width: float, height: float, colour: Rgb, radius: float = 0) -> None:
        a, b = self._at(x, y), self._at(x + width, y + height)
        if b[0] - a[0] < 1 or b[1] - a[1] < 1:
            b = (max(b[0], a[0] + 1), max(b[1], a[1] + 1))
        round_off = min(radius * self._scale, (b[0] - a[0]) / 2, (b[1] - a[1]) / 2)
        if round_off >= 1:
            self._draw.rounded_rectangle((a, b), round_off, self._ink(colour))
        else:
            self._draw.rectangle((a, b), self._ink(colour))

    def ellipse(self, x: float, y: float, width: float, height: float, colour: Rgb) -> None:
        a, b = self._at(x, y), self._at(x + width, y + height)
        if b[0] > a[0] and b[1] > a[1]:
            self._draw.ellipse((a, b), self._ink(colour))

    def disc(self, x: float, y: float, radius: float, colour: Rgb) -> None:
        self.ellipse(x - radius, y - radius, 2 * radius, 2 * radius, colour)

    def line(self, points: Sequence[Point], width: float, colour: Rgb) -> None:
        pixels = max(round(width * self._scale), 1)
        self._draw.line([self._at(x, y) for x, y in points], self._ink(colour), pixels, joint="curve")

    def leaf(self, root: Point, angle: float, length: float, width: float, colour: Rgb) -> None:
        """A pointed leaf from its root, at `angle` radians from straight up, clockwise."""
        along, across = (sin(angle), -cos(angle)), (cos(angle), sin(angle))
        edge = [(t, sin(pi * t**0.8) * width / 2) for t in (0, 0.15, 0.35, 0.55, 0.75, 0.9, 1)]
        outline = edge + [(t, -w) for t, w in reversed(edge)]
        self.polygon(
            [(root[0] + along[0] * length * t + across[0] * w, root[1] + along[1] * length * t + across[1] * w)
             for t, w in outline],
            colour,
        )  # fmt: skip

    def pixels(self) -> NDArray[np.uint8]:
        """uint8 (size, size, 3), or (size, size) for a silhouette."""
        return np.asarray(self._image.reduce(self._reduce))
