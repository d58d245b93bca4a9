"""Training examples from a folder of somebody's own pictures, each with its caption in a .txt file of the same name."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from pipelines.errors import InvalidInput
from pipelines.training.masks import ROOM_AROUND, context_window, painted, strokes

LEAST = 64  # pixels: what is smaller has nothing to teach
WHOLE, STROKES = 0.1, 0.15  # how often the hole is all of the window, or a few strokes in it


class Captioned(NamedTuple):
    """A picture and its caption."""

    picture: Path
    caption: str


class Part(NamedTuple):
    """A window of a picture and the hole in it."""

    image: NDArray[np.uint8]  # (size, size, 3)
    mask: NDArray[np.uint8]  # (size, size), 255 = to be painted
    prompt: str


def captioned(folder: Path) -> tuple[Captioned, ...]:
    """Reads the captions of a folder's pictures, by the pictures' names.

    Raises:
        InvalidInput: there is no picture, or one is too small, cannot be read or has no caption.
    """
    if not folder.is_dir():
        raise InvalidInput(f"There is no folder {folder} of pictures.")
    endings = Image.registered_extensions()
    pictures = sorted(file for file in folder.iterdir() if endings.get(file.suffix.lower()) in Image.OPEN)
    without = [file.name for file in pictures if not file.with_suffix(".txt").is_file()]
    if not pictures or without:
        lacks = f"{len(without)} of its pictures ({', '.join(without[:3])}) have none" if pictures else "it has none"
        raise InvalidInput(f"{folder} must hold pictures with a caption each, house.png and house.txt: {lacks}.")
    for file in pictures:
        size = opened(file).size  # all are read once now: better here than after an hour
        if min(size) < LEAST:
            raise InvalidInput(f"{file} is {size[0]}x{size[1]} pixels: too small to learn from, {LEAST} is the least.")
    return tuple(Captioned(file, " ".join(file.with_suffix(".txt").read_text().split())) for file in pictures)


@lru_cache(maxsize=64)
def opened(file: Path) -> Image.Image:
    """Opens a picture: upright, RGB, what is transparent on white.

    Raises:
        InvalidInput: it cannot be read.
    """
    try:
        image = ImageOps.exif_transpose(Image.open(file)).convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidInput(f"The picture {file} cannot be read ({error}): take it out, or save it again.") from error
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


@dataclass(frozen=True)
class Pictures:
    """Windows of these pictures as the editor would cut them around a hole that somebody painted."""

    pictures: Sequence[Captioned]

    def __call__(self, seed: int, size: int, empty: float, crop: float = 1.0) -> Part:
        """Cuts a window, as `dataset.example` draws one."""
        random = Random(seed)
        file, caption = random.choice(self.pictures)
        picture = opened(file)
        least = min(picture.size)
        side = max(round(least * random.uniform(0.35, 1)), min(LEAST, least))
        fill = random.uniform(0.25, 1) * side / ROOM_AROUND
        wide, high = sorted((1.0, random.uniform(0.4, 1)), reverse=random.random() < 0.5)
        width, height = max(round(fill * wide), 1), max(round(fill * high), 1)
        left, top = random.randint(0, picture.width - width), random.randint(0, picture.height - height)
        x, y, window = (float(v) for v in context_window((left, top, width, height), picture.size, side))
        part = window * crop
        x += min(max(left + width * random.random() - x - part / 2, 0), window - part)
        y += min(max(top + height * random.random() - y - part / 2, 0), window - part)

        sort, hole = random.random(), (float(left), float(top), float(width), float(height))
        if sort < WHOLE:
            mask = np.full((size, size), 255, np.uint8)
        elif sort < WHOLE + STROKES:
            mask = strokes(hole, (x, y, part), size, random)
        else:
            mask = painted(hole, None, (x, y, part), size, random)
        shown = picture.resize((size, size), Image.Resampling.LANCZOS, (x, y, x + part, y + part))
        return Part(np.asarray(shown), mask, "" if random.random() < empty else caption)
