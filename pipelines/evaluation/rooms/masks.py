"""What a designer paints over a thing: boxes, ovals, strokes, outlines."""

from math import ceil
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from pipelines.training.masks import Rect


def painted(
    box: Rect, thing: NDArray[np.uint8] | None, window: tuple[float, float, float], size: int, random: Random
) -> NDArray[np.uint8]:
    """A mask as somebody would paint it over `box`; uint8 (size, size), 0 or 255, in the window (x, y, side).

    thing: the silhouette that the mask must cover at least, or None.
    """
    x, y, side = window
    scale = size / side
    left, top, width, height = (box[0] - x) * scale, (box[1] - y) * scale, box[2] * scale, box[3] * scale
    image = Image.new("L", (size, size))
    draw = ImageDraw.Draw(image)
    shape = random.random()
    if shape < 0.4:
        draw.rectangle((left, top, left + width, top + height), 255)
    elif shape < 0.6:
        draw.ellipse((left, top, left + width, top + height), 255)
    elif shape < 0.85 or thing is None:  # a brush going to and fro
        brush = max(random.uniform(0.25, 0.5) * min(width, height), 2.0)
        rows = max(ceil(height / (brush * 0.8)), 1)
        points = []
        for i in range(rows + 1):
            across = top + min(max(i * height / rows, brush / 2), max(height - brush / 2, brush / 2))
            ends = (left + brush / 2 + random.uniform(0, brush), left + width - brush / 2 - random.uniform(0, brush))
            points += [(end, across + random.uniform(-1, 1)) for end in (ends if i % 2 else ends[::-1])]
        draw.line(points, 255, max(round(brush), 1), joint="curve")
        for px, py in points:
            draw.ellipse((px - brush / 2, py - brush / 2, px + brush / 2, py + brush / 2), 255)
    if thing is not None:
        grown = Image.fromarray(thing).filter(ImageFilter.MaxFilter(2 * random.randint(1, max(size // 24, 1)) + 1))
        image.paste(255, mask=grown.point(lambda value: 255 if value > 8 else 0))
    return np.asarray(image)


def stroke(size: int, random: Random) -> NDArray[np.uint8]:
    """One brush stroke anywhere: a small correction. uint8 (size, size), 0 or 255."""
    image = Image.new("L", (size, size))
    draw = ImageDraw.Draw(image)
    brush = size * random.uniform(0.08, 0.3)
    x, y = random.uniform(0.2, 0.8) * size, random.uniform(0.2, 0.8) * size
    for _ in range(random.randint(1, 3)):
        to = x + random.uniform(-0.3, 0.3) * size, y + random.uniform(-0.3, 0.3) * size
        draw.line([(x, y), to], 255, round(brush))
        for px, py in ((x, y), to):
            draw.ellipse((px - brush / 2, py - brush / 2, px + brush / 2, py + brush / 2), 255)
        x, y = to
    return np.asarray(image)
