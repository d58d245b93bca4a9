"""A grid of samples for a report's page: a row for each arm, the same prompts below each other, the first, unpicked."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipelines.evaluation.sample_sets import SampleFolder

COLUMNS, CELL = 8, 96  # samples of an arm, and their side in pixels
MARGIN = 4  # pixels on both sides of an arm's name


def grid(samples: Path, arms: Sequence[str], out: Path, name: str) -> list[str]:
    """Writes a grid of the arms whose samples are still there, and returns the lines that show it.

    Args:
        samples: the folder of the arms' folders.
        arms: their names, from the top.
        out: where the page lies.
        name: of the grid's file, without its ending.
    """
    there = [arm for arm in arms if (samples / arm).is_dir()]
    if not there:
        return []
    font = ImageFont.load_default(13)
    left = 2 * MARGIN + math.ceil(max(font.getlength(arm) for arm in there))
    page = Image.new("RGB", (left + COLUMNS * CELL, len(there) * CELL), "white")
    draw = ImageDraw.Draw(page)
    prompts: tuple[str, ...] = ()
    for row, arm in enumerate(there):
        folder = SampleFolder.opened(samples / arm)
        folder = folder.first(min(COLUMNS, len(folder)))
        draw.text((MARGIN, row * CELL + CELL // 2 - 8), arm, "black", font)
        pictures = np.concatenate([images for images, _ in folder.batches(COLUMNS)])
        for column, picture in enumerate(pictures):
            cell = Image.fromarray(picture).resize((CELL, CELL), Image.Resampling.LANCZOS)
            page.paste(cell, (left + column * CELL, row * CELL))
        prompts = prompts or folder.prompts or ()
    page.save(out / f"{name}.webp", quality=80)
    asked = f"The first of each, unpicked: {'; '.join(prompts)}." if prompts else ""
    return ["", f"![The first samples of each arm]({name}.webp)", "", asked]
