"""What cloth, hide, metal and glass look like on an outline."""

from collections.abc import Callable

import numpy as np

from pipelines.training.scenes.palette import CREAM, GLASS, METAL, Rgb, light, shade
from pipelines.training.scenes.pen import Pen
from pipelines.training.scenes.shapes import Shape, poly

SUBSTANCES: dict[str, Rgb] = {"metal": METAL, "glass": GLASS}  # materials that have a colour of their own


def _extent(shape: Shape) -> tuple[float, float, float, float]:
    """Left, top, width and height of an outline."""
    (left, top), (right, bottom) = shape.min(0).tolist(), shape.max(0).tolist()
    return left, top, right - left, bottom - top


def _closed(shape: Shape) -> Shape:
    return np.concatenate([shape, shape[:1]])


def _velvet(p: Pen, shape: Shape, colour: Rgb, depth: float) -> None:
    """Deep, with a soft sheen."""
    left, top, width, height = _extent(shape)
    p.solid(shape, shade(colour, 0.08), depth * 1.7)
    with p.inside(shape):
        p.soft(left + width * 0.38, top + height * 0.3, width * 0.42, height * 0.42, light(colour, 0.6), 0.75)
        p.soft(left + width * 0.5, top + height, width * 0.6, height * 0.3, shade(colour, 0.5), 0.6)


def _leather(p: Pen, shape: Shape, colour: Rgb, depth: float) -> None:
    """Darker, with seams and a gloss."""
    left, top, width, height = _extent(shape)
    dark = shade(colour, 0.24)
    p.solid(shape, dark, depth * 1.3)
    middle = np.array((left + width / 2, top + height / 2))
    inset = 1 - 6 / np.maximum((width, height), 12)
    p.line(_closed((shape - middle) * inset + middle), 1.1, shade(dark, 0.5))
    p.soft(left + width * 0.36, top + height * 0.2, width * 0.2, height * 0.1, CREAM, 0.7)


def _knitted(p: Pen, shape: Shape, colour: Rgb, depth: float) -> None:
    """Rows of stitches."""
    left, top, width, height = _extent(shape)
    p.solid(shape, colour, depth)
    stitch = max(7.0, width / 16, height / 9)
    across = np.arange(left, left + width + stitch, stitch / 2)
    zigzag = np.where(np.arange(len(across)) % 2, 0.5, 0.0) * stitch
    tones = shade(colour, 0.28), light(colour, 0.42)
    with p.inside(shape):
        for i, y in enumerate(np.arange(top, top + height, stitch * 0.8).tolist()):
            p.line(np.stack([across, y + zigzag], 1), stitch * 0.26, tones[i % 2])


def _metal(p: Pen, shape: Shape, colour: Rgb, depth: float) -> None:
    """Bands of light on grey."""
    left, top, width, height = _extent(shape)
    p.solid(shape, colour, depth * 1.4)
    lean, bottom = min(height, width) * 0.4, top + height
    with p.inside(shape):
        for start, wide, tone in ((0.14, 0.2, light(colour, 0.62)), (0.42, 0.06, light(colour, 0.5)),
                                  (0.72, 0.14, shade(colour, 0.22))):  # fmt: skip
            x = left + width * start
            p.flat(poly((x, bottom), (x + lean, top), (x + lean + width * wide, top), (x + width * wide, bottom)), tone)


def _glass(p: Pen, shape: Shape, colour: Rgb, depth: float) -> None:
    """What lies behind it is to be seen."""
    left, top, width, height = _extent(shape)
    bottom = top + height
    with p.inside(shape):
        p.soft(left + width / 2, top + height / 2, width * 3, height * 3, colour, 0.6)
        lean = min(height, width) * 0.4
        for start, wide in ((0.16, 0.14), (0.38, 0.05)):
            x = left + width * start
            p.flat(poly((x, bottom), (x + lean, top), (x + lean + width * wide, top), (x + width * wide, bottom)),
                   light(colour, 0.7))  # fmt: skip
    p.line(_closed(shape), 1.8, shade(colour, 0.25))


MATERIALS: dict[str, Callable[[Pen, Shape, Rgb, float], None]] = {
    "velvet": _velvet,
    "leather": _leather,
    "knitted": _knitted,
    "metal": _metal,
    "glass": _glass,
}
