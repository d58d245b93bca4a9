"""Prompts as people type them, in held-out scenes, for the eye to judge.

They were written by somebody who had not seen the grammar. Where the hole is follows from the row and the scene, never
from how a result looks.
"""

import json
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw
from tqdm import tqdm

from pipelines import WEIGHTS
from pipelines.base import Pipeline, Pixels, Request, run
from pipelines.evaluation.held_out import TABLE_SCENES
from pipelines.evaluation.measures import composed
from pipelines.evaluation.prompts import Place
from pipelines.evaluation.sheets import NEITHER, RIGHT, WRONG, Entry, hatched, sheet
from pipelines.training.masks import Rect, context_window, to_and_fro
from pipelines.training.scenes.layout import draw_scene
from pipelines.training.scenes.scene import Scene
from pipelines.training.scenes.setting import HEIGHT, WIDTH
from pipelines.training.scenes.things import KINDS
from pipelines.wording.resolve import Wording, resolve

FILE = WEIGHTS / "people" / "prompts.json"
SEEDS = (0, 1)
SIDES = {"small": 110, "medium": 190, "large": 300}  # of a hole, in the plane's units
ON_A_SHEET = 20  # prompts


class Row(NamedTuple):
    """A prompt, and where it was meant to be painted."""

    prompt: str
    setting: str  # a place of the drawn world
    stands: str  # "floor", "wall", "top", "ceiling", "sky", "water", "anywhere" or "whole"
    size: str  # a key of SIDES
    mask: str  # "rectangle", "ellipse", "loose stroke" or "half over the edge"


def read_rows() -> list[Row]:
    """Reads the prompts."""
    return [Row(**row) for row in json.loads(FILE.read_text(encoding="utf-8"))]


def place_for(row: Row, number: int, seed: int) -> tuple[Place, Pixels]:
    """Finds the scene, the window and the mask of a row.

    Args:
        row: the row.
        number: which it is.
        seed: gives another scene and another place in it.

    Returns:
        The place, and the mask, uint8 (256, 256), 255 = the hole.
    """
    random, scene = Random(1000 * seed + number), draw_scene(TABLE_SCENES + 1000 * seed + number, row.setting)
    hole = _hole(row, scene, random)
    if row.stands == "whole":
        window = ((WIDTH - HEIGHT) // 2, 0, HEIGHT)
    else:
        x, y, width, height = (round(each) for each in hole)
        left, top = max(x, 0), max(y, 0)
        inside = (left, top, min(x + width, WIDTH) - left, min(y + height, HEIGHT) - top)
        window = context_window(inside, (WIDTH, HEIGHT), 256)
    place = Place(scene, hole, window)
    return place, _mask(row, place, random)


def _hole(row: Row, scene: Scene, random: Random) -> Rect:
    if row.stands == "whole":
        return (WIDTH - HEIGHT) / 2, 0, HEIGHT, HEIGHT
    side, horizon = SIDES[row.size], scene.setting.horizon
    width, height = side * random.uniform(0.9, 1.25), side * random.uniform(0.9, 1.15)
    x = random.uniform(0.05, 0.95) * (WIDTH - width)
    if row.mask == "half over the edge":
        x = random.choice((-width / 2, WIDTH - width / 2))
    surfaces = [thing for thing in scene.all() if KINDS[thing.kind].top is not None]
    if row.stands == "top" and surfaces:
        under = random.choice(surfaces)
        top = KINDS[under.kind].top
        assert top is not None
        x = under.x + under.width / 2 - width / 2
        foot = under.y + (top[0] + 0.05) * under.height
    elif row.stands in ("wall", "sky"):
        foot = max(horizon * random.uniform(0.55, 0.85), height)
    elif row.stands == "ceiling":
        foot = height
    else:
        foot = horizon + random.uniform(0.25, 0.8) * (HEIGHT - horizon)
    return x, max(foot - height, 0), width, height


def _mask(row: Row, place: Place, random: Random) -> Pixels:
    """Paints the mask, a little larger than the hole."""
    size = 256
    if row.mask not in ("ellipse", "loose stroke"):
        return place.mask(size)
    scale = size / place.window[2]
    left, top = ((place.hole[axis] - place.window[axis]) * scale for axis in (0, 1))
    width, height = (place.hole[axis] * scale for axis in (2, 3))
    image = Image.new("L", (size, size))
    draw = ImageDraw.Draw(image)
    if row.mask == "ellipse":
        draw.ellipse((left, top, left + width, top + height), 255)
    else:
        to_and_fro(draw, left, top, width, height, random)
    return np.asarray(image)


def paint_people(folder: Path, pipeline: Pipeline, exact: bool, *, sampler: str, steps: int, guidance: float) -> None:
    """Paints every prompt with each seed, none picked, and writes sheets.

    Args:
        folder: where they go.
        pipeline: what paints, at 256 pixels.
        exact: whether it is given the prompts as they are.
        sampler: name of the sampler.
        steps: of the base model.
        guidance: of both.
    """
    entries: list[Entry] = []
    for number, row in enumerate(tqdm(read_rows(), unit=" prompts")):
        wording = Wording(row.prompt) if exact else resolve(row.prompt, pipeline.vocabulary)
        for seed in SEEDS:
            place, mask = place_for(row, number, seed)
            original = place.scene.render(*place.window, pipeline.size)
            request = Request(original, mask, wording.prompt, "", guidance, 0.0, 1.0, steps, sampler, (seed,))
            image = composed(run(pipeline.inpaint(request))[0], mask, original)
            entries.append(Entry((hatched(original, mask), image), f"{number}: {row.prompt}", *_note(row, wording)))
    folder.mkdir(parents=True, exist_ok=True)
    page = ON_A_SHEET * len(SEEDS)
    for at in range(0, len(entries), page):
        sheet(entries[at : at + page], 2 * len(SEEDS)).save(folder / f"people-{at // page}.webp", quality=84)


def _note(row: Row, wording: Wording) -> tuple[str, tuple[int, int, int]]:
    if wording.unknown:
        return f"unknown: {wording.unknown[0].word}", WRONG
    return (f"as: {wording.prompt}", RIGHT) if wording.prompt != row.prompt else ("as it is", NEITHER)
