"""Paints outlines, antialiased by painting larger and averaging, and shades forms all at once at the end."""

from functools import lru_cache
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw

from pipelines.training.scenes.palette import CREAM, PLUM, Rgb
from pipelines.training.scenes.shapes import Shape

Move = tuple[float, float, float, float, float, float]  # a, b, c, d, e, f: (x, y) goes to (ax + cy + e, bx + dy + f)
Box = tuple[float, float, float, float]  # left, top, right, bottom

Form = tuple[float, float, float, float, float]  # left, top, width, height in painted pixels; how strongly it is lit
_FLAT: Form = (0, 0, 1, 1, 0)
_LIGHT = 0.2, -0.155, -0.245  # towards the lamp: at the upper left of a form, from there to its right, and down
_LEAST_SHADED = 9  # painted pixels across: below, the shading of a form would not be seen
_ANY = [0] + [255] * 255
_LEAST_SOFT = 6  # painted pixels times painted pixels, likewise

_ACROSS = np.hypot(*np.meshgrid(np.linspace(-1, 1, 256), np.linspace(-1, 1, 256)))
_SOFT = Image.fromarray((255 * np.clip(1 - _ACROSS, 0, 1) ** 1.4).astype(np.uint8))  # fades to nothing at its rim


@lru_cache(maxsize=64)
def _soft(strength: float) -> Image.Image:
    return _SOFT.point([round(i * strength) for i in range(256)])


class Brush:
    """A square picture of `size` pixels, painted at `reduce` times that.

    Colours are laid down flat. A second layer says for each pixel which form it belongs to, so that the light from the
    upper left is added once for all of them. A flat detail belongs to the form it is painted on and shares its light.

    What is to be painted is noted first, each outline with the way to its pixels, and painted together: to move them
    all at once costs hardly more than to move one.
    """

    def __init__(self, size: int) -> None:
        self.reduce = 3 if size <= 128 else 2
        pixels = size * self.reduce
        self._colours, self._owners = (Image.new("RGB", (pixels, pixels)) for _ in range(2))
        self._forms = [_FLAT]
        self._begin(0, 0)
        self._forget()

    def _begin(self, left: int, top: int) -> None:
        """Paint with pixel (left, top) at the corner."""
        self._colour, self._owner = ImageDraw.Draw(self._colours), ImageDraw.Draw(self._owners)
        self._left, self._top = left, top

    def _forget(self) -> None:
        self._noted: list[tuple] = []  # what to do, its outline's number or -1, and how
        self._shapes: list[Shape] = []
        self._moves: list[Move] = []

    def fill(self, shape: Shape, move: Move, colour: Rgb) -> None:
        """One flat colour."""
        self._note(self._fill, shape, move, (colour,))

    def line(self, path: Shape, move: Move, width: float, colour: Rgb) -> None:
        """A stroke with round ends; width in painted pixels."""
        self._note(self._line, path, move, (max(round(width), 1), colour))

    def solid(self, shape: Shape, move: Move, colour: Rgb, depth: float = 1.0) -> None:
        """A form lit from the upper left: the lightest corner there, the darkest across."""
        self._note(self._solid, shape, move, (colour, depth))

    def sweep(self, shape: Shape, move: Move, upper: Rgb, lower: Rgb) -> None:
        """A colour that changes from the top of the outline to its bottom: skies, walls, water."""
        self._note(self._sweep, shape, move, (upper, lower))

    def soft(self, x: float, y: float, rx: float, ry: float, colour: Rgb, strength: float) -> None:
        """An ellipse that fades to its rim, in painted pixels: shadows where things stand, light around lamps.
        strength: 0..1."""
        if rx * ry > _LEAST_SOFT:
            self._noted.append((self._softly, -1, (x, y, rx, ry, colour, strength)))

    def open(self, shape: Shape, move: Move) -> None:
        """From here to `close`, painting stays within the outline."""
        self._note(None, shape, move, ())

    def close(self) -> None:
        self._noted.append((None, -1, ()))

    def _note(self, what: object, shape: Shape, move: Move, how: tuple) -> None:
        self._noted.append((what, len(self._shapes), how))
        self._shapes.append(shape)
        self._moves.append(move)

    def copy(self) -> "Brush":
        self._paint()
        other = object.__new__(Brush)
        other.reduce, other._forms = self.reduce, list(self._forms)
        other._colours, other._owners = self._colours.copy(), self._owners.copy()
        other._begin(0, 0)
        other._forget()
        return other

    def pixels(self) -> NDArray[np.uint8]:
        """uint8 (size, size, 3)."""
        self._paint()
        small = np.asarray(self._colours.reduce(self.reduce)).astype(np.float32)
        owners = np.asarray(self._owners.resize(small.shape[:2], Image.Resampling.NEAREST)).astype(np.int32)
        owners = owners[..., 0] + 256 * owners[..., 1] + 65536 * owners[..., 2]  # as a number becomes a colour
        left, top, width, height, depth = np.array(self._forms, np.float32).T
        across, down = _LIGHT[1] * depth / width, _LIGHT[2] * depth / height
        corner = _LIGHT[0] * depth - across * left - down * top  # (forms,)
        at = np.arange(len(small), dtype=np.float32) * self.reduce + 1
        cream, plum = np.array(CREAM, np.float32), np.array(PLUM, np.float32)
        rows = max(1, (1 << 18) // len(small))  # a band of a large picture at a time
        for y in range(0, len(small), rows):
            own, band = owners[y : y + rows], small[y : y + rows]
            lit = corner.take(own) + across.take(own) * at + down.take(own) * at[y : y + rows, None]  # (rows, size)
            shaded = np.where(lit[..., None] > 0, cream, plum) - band
            band += np.abs(lit)[..., None] * shaded
        return np.clip(small + 0.5, 0, 255).astype(np.uint8)

    def differs(self, other: "Brush") -> NDArray[np.bool_]:
        """Which pixels come out otherwise than in another picture of the same size: bool (size, size)."""
        self._paint()
        other._paint()
        layers = (self._colours, other._colours), (self._owners, other._owners)
        red, green, blue = ImageChops.lighter(*(ImageChops.difference(*pair) for pair in layers)).split()
        unlike = ImageChops.lighter(ImageChops.lighter(red, green), blue).point(_ANY)
        return np.asarray(unlike.reduce(self.reduce)) > 0

    def _paint(self) -> None:
        """All that was noted."""
        if not self._noted:
            return
        noted, counts = self._noted, [len(shape) for shape in self._shapes]
        ends = np.cumsum(counts)
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
            least, most = np.minimum.reduceat, np.maximum.reduceat
            boxes = np.stack([least(right, starts), least(down, starts), most(right, starts), most(down, starts)], 1)
            boxes, side = np.floor(boxes), self._colours.width
            seen = ((boxes[:, 2:] >= 0).all(1) & (boxes[:, :2] < side).all(1)).tolist()
            boxes = boxes.tolist()
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
                    within.append(self._enter(points[start:end], boxes[number]))
                else:
                    what(self._placed(points[start:end]), boxes[number], *how)

    def _placed(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        return points - np.array((self._left, self._top), np.float32) if self._left or self._top else points

    def _fill(self, points: NDArray[np.float32], box: Box, colour: Rgb) -> None:
        self._colour.polygon(points, colour)

    def _line(self, points: NDArray[np.float32], box: Box, width: int, colour: Rgb) -> None:
        self._colour.line(points, colour, width)
        if width > 3:
            r = (width - 1) / 2
            for x, y in points.tolist() if len(points) < 7 else points[[0, -1]].tolist():
                self._colour.ellipse((x - r, y - r, x + r, y + r), colour)

    def _solid(self, points: NDArray[np.float32], box: Box, colour: Rgb, depth: float) -> None:
        self._colour.polygon(points, colour)
        left, top, right, bottom = box
        if right - left >= _LEAST_SHADED or bottom - top >= _LEAST_SHADED:
            self._owner.polygon(points, len(self._forms))
            self._forms.append((left, top, max(right - left, 1), max(bottom - top, 1), depth))

    def _sweep(self, points: NDArray[np.float32], box: Box, upper: Rgb, lower: Rgb) -> None:
        left, top, right, bottom = box[0] - self._left, box[1] - self._top, box[2] - self._left, box[3] - self._top
        a, b = max(int(left), 0), max(int(top), 0)
        c, d = min(int(right) + 1, self._colours.width), min(int(bottom) + 1, self._colours.height)
        if c <= a or d <= b:
            return
        high, ends = max(bottom - top, 1), Image.new("RGB", (1, 2), upper)
        ends.putpixel((0, 1), lower)
        part = 0, max(0.5 + (b - top) / high, 0), 1, min(0.5 + (d - top) / high, 2)
        paint = ends.resize((1, d - b), Image.Resampling.BILINEAR, part).resize(
            (c - a, d - b), Image.Resampling.NEAREST
        )
        if len(points) == 4 and set(points.ravel().tolist()) <= {left, top, right, bottom}:  # a box
            self._colours.paste(paint, (a, b))
            self._owners.paste(0, (a, b, c, d))
            return
        mask = Image.new("1", paint.size)
        ImageDraw.Draw(mask).polygon(points - np.array((a, b), np.float32), 1)
        self._colours.paste(paint, (a, b), mask)
        self._owner.polygon(points, 0)

    def _enter(self, points: NDArray[np.float32], box: Box) -> tuple:
        """Paint on a cutting of the picture, and remember the rest."""
        outer = self._colours, self._owners, self._left, self._top
        left, up = max(int(box[0]), self._left), max(int(box[1]), self._top)
        right = max(min(int(box[2]) + 1, self._left + self._colours.width), left + 1)
        down = max(min(int(box[3]) + 1, self._top + self._colours.height), up + 1)
        cut = left - self._left, up - self._top, right - self._left, down - self._top
        self._colours, self._owners = self._colours.crop(cut), self._owners.crop(cut)
        self._begin(left, up)
        return points, cut, *outer

    def _leave(
        self, points: NDArray[np.float32], cut: tuple, colours: Image.Image, owners: Image.Image, left: int, top: int
    ) -> None:
        """Back to the picture, with what was painted on the cutting."""
        mask = Image.new("1", self._colours.size)
        ImageDraw.Draw(mask).polygon(self._placed(points), 1)
        colours.paste(self._colours, cut[:2], mask)
        owners.paste(self._owners, cut[:2], mask)
        self._colours, self._owners = colours, owners
        self._begin(left, top)

    def _softly(self, x: float, y: float, rx: float, ry: float, colour: Rgb, strength: float) -> None:
        x, y = x - self._left, y - self._top
        a, b = max(floor(x - rx), 0), max(floor(y - ry), 0)
        c, d = min(ceil(x + rx), self._colours.width), min(ceil(y + ry), self._colours.height)
        if c <= a or d <= b:
            return
        part = (
            max(128 + 128 * (a - x) / rx, 0.0), max(128 + 128 * (b - y) / ry, 0.0),
            min(128 + 128 * (c - x) / rx, 256.0), min(128 + 128 * (d - y) / ry, 256.0),
        )  # fmt: skip
        finely = Image.Resampling.NEAREST if max(rx, ry) < 256 else Image.Resampling.BILINEAR
        self._colours.paste(colour, (a, b, c, d), _soft(strength).resize((c - a, d - b), finely, part))
