"""What every backdrop is drawn with: its setting, and bands across all of the plane."""

from dataclasses import dataclass
from random import Random

import numpy as np

from pipelines.training.scenes.palette import Rgb
from pipelines.training.scenes.pen import View
from pipelines.training.scenes.shapes import Shape, box, curve

WIDTH, HEIGHT = 1152, 768  # of the pictures of a place, in the plane's units
FAR = 2400.0  # how far things go on beyond: what lies outside a picture is unknown, not black


@dataclass(frozen=True)
class Setting:
    """What lies behind the things."""

    place: str  # its name
    seed: int  # of its looks
    horizon: float  # where the wall or the sky ends
    wall: str  # the wall's colour, by name
    hour: str  # "day", "sunset" or "night"
    corner: float | None  # where two walls meet


def band(p: View, top: float, bottom: float, upper: Rgb, lower: Rgb) -> None:
    if p.sees(-FAR, top, WIDTH + FAR, bottom):
        p.sweep(box(-FAR, top, WIDTH + FAR, bottom), upper, lower)


def stripe(p: View, y: float, thick: float, colour: Rgb) -> None:
    if p.sees(-FAR, y, WIDTH + FAR, y + thick):
        p.flat(box(-FAR, y, WIDTH + FAR, y + thick), colour)


def ridge(v: Random, base: float, rise: float, step: float, smooth: bool) -> Shape:
    """The outline of hills or peaks, and of all that lies below them."""
    count = int((WIDTH + 800) / step)
    points = [
        (-400 + step * (i + v.uniform(-0.25, 0.25)), base - rise * v.uniform(0.1, 1) * (1 if smooth or i % 2 else 0.15))
        for i in range(count + 1)
    ]
    line = curve(*points) if smooth else np.array(points)
    return np.concatenate(
        [[(-FAR, base)], line, [(WIDTH + FAR, base), (WIDTH + FAR, HEIGHT + FAR), (-FAR, HEIGHT + FAR)]]
    )
