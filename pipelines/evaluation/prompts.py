"""The paper's own prompts (Nichol et al. 2021), each where it belongs in a held-out scene, for the eye to judge.

Where that is follows from the things of the scene, never from how a result looks.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from pipelines.base import Pipeline, Pixels, Request, run
from pipelines.evaluation.held_out import TABLE_SCENES
from pipelines.evaluation.measures import composed
from pipelines.evaluation.sheets import NEITHER, Entry, hatched, sheet
from pipelines.training.masks import Rect
from pipelines.training.scenes.layout import draw_scene
from pipelines.training.scenes.scene import Scene
from pipelines.training.scenes.setting import HEIGHT, WIDTH
from pipelines.training.scenes.things import KINDS

SEEDS = 8
AROUND = 2.0  # the window's side over the hole's longest: room for what the prompt names around it
MARGIN = 0.1  # of the hole around what is to be painted, on each side
HAT = 0.2  # room for it, as a share of an animal's height: a party hat reaches 0.17 above what has none


class Place(NamedTuple):
    """A hole in a scene, and the window around it."""

    scene: Scene
    hole: Rect
    window: tuple[float, float, float]  # x, y, side

    def mask(self, size: int) -> Pixels:
        """uint8 (size, size), 255 = the hole."""
        x, y = ((np.arange(size) + 0.5) * self.window[2] / size + start for start in self.window[:2])
        across, down = ((at > start) & (at < start + length) for at, start, length in zip(
            (x, y), self.hole[:2], self.hole[2:], strict=True))  # fmt: skip
        return np.where(down[:, None] & across, np.uint8(255), np.uint8(0))


def everywhere(scene: Scene) -> Rect:
    """The middle square of the picture."""
    return (WIDTH - HEIGHT) / 2, 0, HEIGHT, HEIGHT


def above_a_couch(scene: Scene) -> Rect | None:
    for couch in scene.things:
        hole = _box("painting", couch.x + couch.width / 2, scene.setting.horizon - 225)
        if couch.kind == "couch" and scene.setting.corner is None and _free(scene, hole):
            return hole
    return None


def before_a_couch(scene: Scene) -> Rect | None:
    for couch in scene.things:
        hole = _box("coffee table", couch.x + couch.width / 2, scene.setting.horizon + 175)
        if couch.kind == "couch" and _free(scene, hole, "couch", "rug"):
            return hole
    return None


def on_a_coffee_table(scene: Scene) -> Rect | None:
    for table in scene.things:
        hole = _box("vase of flowers", table.x + table.width / 2, table.y + 0.18 * table.height, 0.85)
        if table.kind == "coffee table" and _free(scene, hole, "coffee table", "couch", "rug"):
            return hole
    return None


def in_the_corner(scene: Scene) -> Rect | None:
    if scene.setting.corner is None:
        return None
    half = _box("couch", 0, 0)[2] / 2
    hole = _box("couch", min(max(scene.setting.corner, half), WIDTH - half), scene.setting.horizon + 60)
    return hole if _free(scene, hole, "rug") else None


def on_the_floor(kind: str, above: float = 0.0) -> Callable[[Scene], Rect | None]:
    def hole_for(scene: Scene) -> Rect | None:
        holes = (_box(kind, share * WIDTH, scene.setting.horizon + 190, above=above) for share in (0.5, 0.3, 0.7))
        return next((hole for hole in holes if _free(scene, hole, "rug")), None)

    return hole_for


PROMPTS: dict[str, tuple[str, Callable[[Scene], Rect | None]]] = {  # the place, and where in it
    "a cozy living room": ("living room", everywhere),
    "a painting of a corgi on the wall above a couch": ("living room", above_a_couch),
    "a round coffee table in front of a couch": ("living room", before_a_couch),
    "a vase of flowers on a coffee table": ("living room", on_a_coffee_table),
    "a couch in the corner of a room": ("gallery", in_the_corner),
    "a hedgehog using a calculator": ("study", on_the_floor("hedgehog")),
    "a corgi wearing a red bow tie and a purple party hat": ("living room", on_the_floor("corgi", HAT)),
    "a cat playing checkers": ("bedroom", on_the_floor("cat")),
}


def _box(kind: str, x: float, foot: float, scale: float = 1.0, above: float = 0.0) -> Rect:
    """Around a middling thing of a kind, the middle of its foot at (x, foot), with a share of its height above it."""
    height = sum(KINDS[kind].height) / 2 * scale
    width = sum(KINDS[kind].aspect) / 2 * height
    grown = 1 + 2 * MARGIN
    return x - width * grown / 2, foot - height * (1 + MARGIN + above), width * grown, height * (grown + above)


def _free(scene: Scene, hole: Rect, *but: str) -> bool:
    """Whether the hole meets no things, or only such of these kinds."""
    x, y, width, height = hole
    return not any(
        thing.x < x + width and x < thing.x + thing.width and thing.y < y + height and y < thing.y + thing.height
        for thing in scene.all() if thing.kind not in but
    )  # fmt: skip


def place_for(prompt: str, seed: int) -> Place:
    """Finds a place for a prompt in the scene of this seed, or the first after it in which there is one."""
    scene_seed = TABLE_SCENES + seed
    name, find = PROMPTS[prompt]
    while (hole := find(scene := draw_scene(scene_seed, name))) is None:
        scene_seed += 1 << 20
    side = min(AROUND * max(hole[2:]), HEIGHT)
    x, y = (
        min(max(start + (length - side) / 2, 0), limit - side)
        for start, length, limit in zip(hole[:2], hole[2:], (WIDTH, HEIGHT), strict=True)
    )
    return Place(scene, hole, (x, y, side))


def paint_prompts(folder: Path, pipeline: Pipeline, *, sampler: str, steps: int, guidance: float) -> None:
    """Paints each prompt with each of the first seeds, none picked, and writes the sheet: a row for each prompt."""
    entries = []
    for prompt in tqdm(PROMPTS, unit=" prompts"):
        for seed in range(SEEDS):
            place = place_for(prompt, seed)
            original, mask = place.scene.render(*place.window, pipeline.size), place.mask(pipeline.size)
            request = Request(original, mask, prompt, "", guidance, 0.0, 1.0, steps, sampler, (seed,))
            image = composed(run(pipeline.inpaint(request))[0], mask, original)
            entries.append(Entry((hatched(original, mask), image), prompt, f"seed {seed}", NEITHER))
    folder.mkdir(parents=True, exist_ok=True)
    sheet(entries, SEEDS).save(folder / "prompts.webp", quality=88)
