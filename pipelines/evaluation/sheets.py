"""Contact sheets: pictures side by side, with words below."""

import textwrap
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipelines.base import Pixels

CELL = 192  # pixels of one picture
GAP, LABEL = 16, 62
RIGHT, WRONG, NEITHER = (20, 110, 40), (180, 30, 30), (90, 90, 90)  # colours of notes


class Entry(NamedTuple):
    """Pictures and the words below them."""

    pictures: tuple[Pixels, ...]  # (S, S, 3) each
    prompt: str
    note: str
    colour: tuple[int, int, int]  # of the note


def sheet(entries: list[Entry], columns: int) -> Image.Image:
    """Draws a sheet with the entries in rows; all have as many pictures as the first."""
    font = ImageFont.load_default(15)
    width, height = len(entries[0].pictures) * CELL, CELL + LABEL
    page = Image.new("RGB", (columns * (width + GAP) - GAP, -(-len(entries) // columns) * height), "white")
    draw = ImageDraw.Draw(page)
    for i, entry in enumerate(entries):
        x, y = i % columns * (width + GAP), i // columns * height
        for k, pixels in enumerate(entry.pictures):
            picture = Image.fromarray(pixels).resize((CELL, CELL), Image.Resampling.LANCZOS)
            page.paste(picture, (x + k * CELL, y))
        prompt = textwrap.wrap(f"“{entry.prompt}”" if entry.prompt else "(empty)", width // 8)[:2]
        draw.text((x + 2, y + CELL + 2), "\n".join(prompt), "black", font)
        draw.text((x + 2, y + CELL + 38), entry.note, entry.colour, font)
    return page


def hatched(image: Pixels, mask: Pixels) -> Pixels:
    """Draws a window with its hole struck out."""
    stripes = (np.indices(mask.shape).sum(0) // 8 % 2 * 40 + 180).astype(np.uint8)[..., None]
    return np.where(mask[..., None] > 0, stripes, image)
