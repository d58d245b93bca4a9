"""What a designer paints over a thing: boxes, ovals, lassos, strokes; and the window the editor reads around it."""

from math import ceil, cos, pi, sin
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Rect = tuple[float, float, float, float]  # x, y, width, height

ROOM_AROUND = 1.25  # the window's least side over the hole's longest, where the picture has as much to show


def context_window(hole: tuple[int, int, int, int], frame: tuple[int, int], size: int) -> tuple[int, int, int]:
    """Returns the square of the picture that the editor shows a model for a hole; all in whole pixels.

    This is the rule of the editor's `context_window`, so that what is trained is what is used; a test compares them.

    Args:
        hole: (x, y, width, height).
        frame: the picture's width and height.
        size: the least side.

    Returns:
        (x, y, side)
    """
    x, y, width, height = hole
    side = max(size, min(ceil(ROOM_AROUND * max(width, height)), max(frame)))
    corner = []
    for start, length, limit in ((x, width, frame[0]), (y, height, frame[1])):
        at = start + (length - side) // 2
        corner.append(min(max(at, 0), limit - side) if side <= limit else (limit - side) // 2)
    return corner[0], corner[1], side


def painted(
    box: Rect, thing: NDArray[np.bool_] | None, window: tuple[float, float, float], size: int, random: Random
) -> NDArray[np.uint8]:
    """Paints a mask as somebody would.

    Args:
        box: what is painted over.
        thing: bool (size, size), the silhouette that the mask must cover at least; None for none.
        window: (x, y, side) of what the mask is of.
        size: side of the mask in pixels.
        random: decides the rest.

    Returns:
        uint8 (size, size), 0 or 255.
    """
    left, top, width, height = _in_pixels(box, window, size)
    image = Image.new("L", (size, size))
    draw = ImageDraw.Draw(image)
    shape = random.random()
    if shape < 0.36:
        draw.rectangle((left, top, left + width, top + height), 255)
    elif shape < 0.5:
        draw.ellipse((left, top, left + width, top + height), 255)
    elif shape < 0.66:
        _lasso(draw, left, top, width, height, random)
    elif shape < 0.84 or thing is None:
        to_and_fro(draw, left, top, width, height, random)
    if thing is not None:  # and by itself, where nothing else was painted: an outline picked by the machine
        outline = _grown(thing, random.randint(1, max(size // 24, 1)))
        strokes_there: NDArray[np.uint8] = np.asarray(image)
        return strokes_there | np.where(outline, np.uint8(255), np.uint8(0))
    return np.asarray(image)


def _in_pixels(box: Rect, window: tuple[float, float, float], size: int) -> Rect:
    """Returns where a box of the scene lies in a mask of a window."""
    scale = size / window[2]
    return (box[0] - window[0]) * scale, (box[1] - window[1]) * scale, box[2] * scale, box[3] * scale


def loosely_painted(
    box: Rect, thing: NDArray[np.bool_] | None, window: tuple[float, float, float], size: int, random: Random
) -> NDArray[np.uint8]:
    """Paints a mask as most people do, a generous rectangle or loops of a broad brush; otherwise as `painted`."""
    left, top, width, height = _in_pixels(box, window, size)
    image = Image.new("L", (size, size))
    draw = ImageDraw.Draw(image)
    if random.random() < 0.5:
        draw.rectangle((left, top, left + width, top + height), 255)
    else:
        brush = max(min(width, height) * random.uniform(0.3, 0.55), 3.0)
        phase, lobes = random.uniform(0, 2 * pi), random.uniform(2.5, 5)
        points = []
        for i in range(24):
            turn = 2 * pi * i / 23
            across, down = 0.5 - 0.5 * cos(turn / 2), sin(lobes * turn + phase) / 2 + random.uniform(-0.06, 0.06)
            points.append((
                left + brush / 2 + (width - brush) * across,
                top + height / 2 + (height - brush) * down,
            ))  # fmt: skip
        _along(draw, points, brush)
    mask: NDArray[np.uint8] = np.asarray(image)
    return mask if thing is None else mask | np.where(_grown(thing, 1), np.uint8(255), np.uint8(0))


def _grown(thing: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    """Grows a silhouette by so many pixels across and down."""
    for _ in range(2):
        wide = thing.copy()
        for shift in range(1, by + 1):
            wide[shift:] |= thing[:-shift]
            wide[:-shift] |= thing[shift:]
        thing = wide.T
    return thing


def _lasso(draw: ImageDraw.ImageDraw, left: float, top: float, width: float, height: float, random: Random) -> None:
    """An uneven ring drawn by hand."""
    x, y, lobes, phase = left + width / 2, top + height / 2, random.choice((2, 3, 5)), random.uniform(0, 2 * pi)
    points = []
    for i in range(20):
        angle = 2 * pi * i / 20
        reach = 0.56 + 0.05 * sin(lobes * angle + phase) + random.uniform(-0.02, 0.02)
        points.append((x + cos(angle) * width * reach, y + sin(angle) * height * reach))
    draw.polygon(points, 255)


def to_and_fro(draw: ImageDraw.ImageDraw, left: float, top: float, width: float, height: float, random: Random) -> None:
    """A brush going from side to side."""
    brush = max(random.uniform(0.25, 0.5) * min(width, height), 2.0)
    rows = max(ceil(height / (brush * 0.8)), 1)
    points = []
    for i in range(rows + 1):
        across = top + min(max(i * height / rows, brush / 2), max(height - brush / 2, brush / 2))
        ends = (left + brush / 2 + random.uniform(0, brush), left + width - brush / 2 - random.uniform(0, brush))
        points += [(end, across + random.uniform(-1, 1)) for end in (ends if i % 2 else ends[::-1])]
    _along(draw, points, brush)


def _along(draw: ImageDraw.ImageDraw, points: list[tuple[float, float]], brush: float) -> None:
    draw.line(points, 255, max(round(brush), 1))
    for x, y in points:
        draw.ellipse((x - brush / 2, y - brush / 2, x + brush / 2, y + brush / 2), 255)


def strokes(box: Rect, window: tuple[float, float, float], size: int, random: Random) -> NDArray[np.uint8]:
    """Paints a few brush strokes inside `box`, a small correction; otherwise as `painted`."""
    left, top, width, height = _in_pixels(box, window, size)
    image = Image.new("L", (size, size))
    draw = ImageDraw.Draw(image)
    brush = max(min(width, height) * random.uniform(0.15, 0.45), 2.0)
    # it begins where it can be seen
    points = [
        (
            min(max(left + width * random.uniform(0.2, 0.8), 0), size - 1),
            min(max(top + height * random.uniform(0.2, 0.8), 0), size - 1),
        )
    ]
    points += [
        (left + width * random.uniform(0.1, 0.9), top + height * random.uniform(0.1, 0.9))
        for _ in range(random.randint(1, 3))
    ]
    _along(draw, points, brush)
    return np.asarray(image)
