"""Paints outlines, antialiased by painting larger and averaging, and shades forms all at once at the end."""

from functools import lru_cache
from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipelines.training.scenes.palette import CREAM, PLUM, Rgb
from pipelines.training.scenes.shapes import Shape

Move = tuple[float, float, float, float, float, float]  # a, b, c, d, e, f: (x, y) goes to (ax + cy + e, bx + dy + f)
Box = list[float]  # left, top, right, bottom
Points = Any  # float32 (points, 2); Pillow draws arrays, which its annotations leave out

Form = tuple[float, float, float, float, float]  # left, top, width, height in painted pixels; how strongly it is lit
_FLAT: Form = (0, 0, 1, 1, 0)
_LIGHT = 0.2, -0.155, -0.245  # towards the lamp: at the upper left of a form, from there to its right, and down
_TONES = np.array((CREAM, PLUM), np.float32)  # of what is lit, and of what is not
_LEAST_SHADED = 9  # painted pixels across: below, the shading of a form would not be seen
_LEAST_SOFT = 6  # painted pixels times painted pixels, likewise

_ACROSS = np.hypot(*np.meshgrid(np.linspace(-1, 1, 256), np.linspace(-1, 1, 256)))
_SOFT = Image.fromarray((255 * np.clip(1 - _ACROSS, 0, 1) ** 1.4).astype(np.uint8))  # fades to nothing at its rim


@lru_cache(maxsize=64)
def _soft(strength: float) -> Image.Image:
    return _SOFT.point([round(i * strength) for i in range(256)])


def _picture(layer: NDArray[np.uint32]) -> Image.Image:
    """What Pillow paints into the layer's own memory with: a pixel is red, green, blue, and a byte to spare."""
    picture = Image.frombuffer("RGBX", layer.shape[::-1], layer, "raw", "RGBX", 0, 1)
    picture.readonly = 0
    return picture


class Brush:
    """A square picture of `size` pixels, painted at `reduce` times that.

    Colours are laid down flat. A second layer says for each pixel which form it belongs to, so that the light from the
    upper left is added once for all of them. A flat detail belongs to the form it is painted on and shares its light.

    What is to be painted is noted first, each outline with the way to its pixels, and painted together: to move them
    all at once costs hardly more than to move one.
    """

    def __init__(self, size: int) -> None:
        self.reduce = 3 if size <= 128 else 2
        self._begin(np.zeros((2, size * self.reduce, size * self.reduce), np.uint32), [_FLAT])

    def _begin(self, layers: NDArray[np.uint32], forms: list[Form]) -> None:
        self._layers, self._forms = layers, forms  # (2, pixels, pixels): colours, and the numbers of forms
        self._side = layers.shape[2]
        self._colours, owners = map(_picture, layers)
        self._colour, self._owner = ImageDraw.Draw(self._colours), ImageDraw.Draw(owners)
        self._forget()

    def _forget(self) -> None:
        self._noted: list[tuple] = []  # what to do, its outline's number or -1, and how
        self._shapes: list[Shape] = []
        self._moves: list[Move] = []

    def fill(self, shape: Shape, move: Move, colour: Rgb) -> None:
        """Fills an outline with one flat colour."""
        self._note(self._fill, shape, move, (colour,))

    def line(self, path: Shape, move: Move, width: float, colour: Rgb) -> None:
        """Paints a stroke with round ends; width in painted pixels."""
        self._note(self._line, path, move, (max(round(width), 1), colour))

    def solid(self, shape: Shape, move: Move, colour: Rgb, depth: float = 1.0) -> None:
        """Paints a form lit from the upper left: the lightest corner there, the darkest across."""
        self._note(self._solid, shape, move, (colour, depth))

    def sweep(self, shape: Shape, move: Move, upper: Rgb, lower: Rgb) -> None:
        """Paints a colour that changes from the top of the outline to its bottom: skies, walls, water."""
        self._note(self._sweep, shape, move, (upper, lower))

    def soft(self, x: float, y: float, rx: float, ry: float, colour: Rgb, strength: float) -> None:
        """Paints an ellipse that fades to its rim: shadows where things stand, light around lamps.

        Args:
            x: of its middle, in painted pixels.
            y: of its middle.
            rx: its radius across.
            ry: its radius down.
            colour: of its middle.
            strength: 0..1.
        """
        if rx * ry > _LEAST_SOFT:
            self._noted.append((self._softly, -1, (x, y, rx, ry, colour, strength)))

    def open(self, shape: Shape, move: Move) -> None:
        """Keeps painting within the outline, from here to `close`."""
        self._note(None, shape, move, ())

    def close(self) -> None:
        """Ends what `open` began last."""
        self._noted.append((None, -1, ()))

    def _note(self, what: object, shape: Shape, move: Move, how: tuple) -> None:
        self._noted.append((what, len(self._shapes), how))
        self._shapes.append(shape)
        self._moves.append(move)

    def copy(self) -> "Brush":
        """Returns a brush that goes on from here by itself."""
        self._paint()
        other = object.__new__(Brush)
        other.reduce = self.reduce
        other._begin(self._layers.copy(), list(self._forms))
        return other

    def pixels(self) -> NDArray[np.uint8]:
        """Returns the picture, uint8 (size, size, 3)."""
        self._paint()
        k = self.reduce
        small = np.asarray(self._colours.reduce(k))[..., :3]
        owners = self._layers[1, k // 2 :: k, k // 2 :: k]
        left, top, width, height, depth = np.array(self._forms, np.float32).T
        across, down = _LIGHT[1] * depth / width, _LIGHT[2] * depth / height
        corner = _LIGHT[0] * depth - across * left - down * top  # (forms,)
        at = np.arange(len(small), dtype=np.float32) * k + 1
        shaded = np.empty(small.shape, np.uint8)
        rows = max(1, (1 << 18) // len(small))  # a band of a large picture at a time
        for y in range(0, len(small), rows):
            own = owners[y : y + rows]
            lit = corner.take(own) + across.take(own) * at + down.take(own) * at[y : y + rows, None]  # (rows, size)
            tones = np.maximum(np.stack([lit, -lit], 2), 0) @ _TONES
            shaded[y : y + rows] = small[y : y + rows] * (1 - np.abs(lit))[..., None] + (tones + 0.5)
        return shaded

    def differs(self, other: "Brush") -> NDArray[np.bool_]:
        """Returns which pixels are unlike those of another picture of the same size: bool (size, size)."""
        self._paint()
        other._paint()
        unlike = (self._layers != other._layers).any(0)
        unlike = np.logical_or.reduce([unlike[i :: self.reduce] for i in range(self.reduce)])
        return np.logical_or.reduce([unlike[:, i :: self.reduce] for i in range(self.reduce)])

    def _paint(self) -> None:
        """Paints all that was noted."""
        if not self._noted:
            return
        noted, counts = self._noted, [len(shape) for shape in self._shapes]
        ends: NDArray[np.integer] = np.cumsum(counts)
        starts = ends - counts
        points, boxes, seen = np.empty((0, 2), np.float32), [], []
        if counts:
            shapes, moves = np.concatenate(self._shapes), np.array(self._moves)  # (points, 2), (outlines, 6)
            x, y = shapes.T
            a, b, c, d, e, f = moves.repeat(counts, 0).T
            right, down = a * x + e, d * y + f
            if moves[:, 1:3].any():  # most are upright
                right, down = right + c * y, down + b * x
            points = np.empty(shapes.shape, np.float32)
            np.floor(right, out=points[:, 0], casting="same_kind")
            np.floor(down, out=points[:, 1], casting="same_kind")
            least, most = np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)
            seen = ((most >= 0) & (least < self._side)).all(1).tolist()
            boxes = np.concatenate([least, most], 1).tolist()
        spans, hidden = list(zip(starts.tolist(), ends.tolist(), strict=True)), 0
        self._forget()
        within: list[tuple] = []
        for what, number, how in noted:
            if what is None and number < 0:
                if hidden:
                    hidden -= 1
                else:
                    self._leave(*within.pop())
            elif hidden or (number >= 0 and not seen[number]):
                hidden += what is None
            elif number < 0:
                what(*how)
            else:
                start, end = spans[number]
                if what is None:
                    within.append((points[start:end], self._layers.copy()))
                else:
                    what(points[start:end], boxes[number], *how)

    def _fill(self, points: Points, box: Box, colour: Rgb) -> None:
        self._colour.polygon(points, colour)

    def _line(self, points: Points, box: Box, width: int, colour: Rgb) -> None:
        self._colour.line(points, colour, width)
        if width > 3:
            r = (width - 1) / 2
            for x, y in points.tolist() if len(points) < 7 else points[[0, -1]].tolist():
                self._colour.ellipse((x - r, y - r, x + r, y + r), colour)

    def _solid(self, points: Points, box: Box, colour: Rgb, depth: float) -> None:
        self._colour.polygon(points, colour)
        left, top, right, bottom = box
        if right - left >= _LEAST_SHADED or bottom - top >= _LEAST_SHADED:
            self._owner.polygon(points, len(self._forms))
            self._forms.append((left, top, max(right - left, 1), max(bottom - top, 1), depth))

    def _sweep(self, points: Points, box: Box, upper: Rgb, lower: Rgb) -> None:
        left, top, right, bottom = box
        a, b = max(int(left), 0), max(int(top), 0)
        c, d = min(int(right) + 1, self._side), min(int(bottom) + 1, self._side)
        share = np.clip((np.arange(b, d) + 0.5 - top) / max(bottom - top, 1), 0, 1)[:, None]
        first, last = np.array(((*upper, 255), (*lower, 255)))
        column = (first + share * (last - first) + 0.5).astype(np.uint8).view(np.uint32)  # (rows, 1)
        where: NDArray[np.bool_] | bool = True
        if len(points) > 4 or not set(points.ravel().tolist()) <= set(box):  # no box
            where = self._covered(points)[b:d, a:c]
        np.copyto(self._layers[0, b:d, a:c], column, where=where)
        np.copyto(self._layers[1, b:d, a:c], 0, where=where)

    def _covered(self, points: Points) -> NDArray[np.bool_]:
        """Returns which painted pixels lie within an outline."""
        mask = Image.new("L", (self._side, self._side))
        ImageDraw.Draw(mask).polygon(points, 1)
        return np.asarray(mask).view(np.bool_)

    def _leave(self, points: Points, before: NDArray[np.uint32]) -> None:
        """Undo what was painted outside of the outline."""
        np.copyto(self._layers, before, where=~self._covered(points))

    def _softly(self, x: float, y: float, rx: float, ry: float, colour: Rgb, strength: float) -> None:
        a, b = max(floor(x - rx), 0), max(floor(y - ry), 0)
        c, d = min(ceil(x + rx), self._side), min(ceil(y + ry), self._side)
        if c <= a or d <= b:
            return
        part = (
            max(128 + 128 * (a - x) / rx, 0.0), max(128 + 128 * (b - y) / ry, 0.0),
            min(128 + 128 * (c - x) / rx, 256.0), min(128 + 128 * (d - y) / ry, 256.0),
        )  # fmt: skip
        finely = Image.Resampling.NEAREST if max(rx, ry) < 256 else Image.Resampling.BILINEAR
        self._colours.paste(colour, (a, b, c, d), _soft(strength).resize((c - a, d - b), finely, part))
