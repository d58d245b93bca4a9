"""python -m pipelines.training.scenes -o FOLDER: contact sheets of the drawn world; or, with seeds, single scenes.

With --kinds it writes what the page shows of a model trained on this world into that model's folder.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageFont

from pipelines.training.dataset import example
from pipelines.training.scenes.kinds import write_kinds
from pipelines.training.scenes.layout import draw_scene, make
from pipelines.training.scenes.places import PLACES
from pipelines.training.scenes.scene import Scene
from pipelines.training.scenes.setting import HEIGHT, WIDTH, Setting
from pipelines.training.scenes.things import FAMILIES, WIDE_FAMILIES
from pipelines.training.scenes.worlds import world_of

LABEL = 18  # pixels below a picture


def sheet(pictures: list[tuple[str, Image.Image]], columns: int) -> Image.Image:
    """Pictures of one size in rows, each with its words below."""
    width, height = pictures[0][1].size
    page = Image.new("RGB", (columns * width, -(-len(pictures) // columns) * (height + LABEL)), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(12)
    for i, (words, picture) in enumerate(pictures):
        x, y = i % columns * width, i // columns * (height + LABEL)
        page.paste(picture, (x, y))
        draw.text((x + 3, y + height + 1), words[: width // 6], "black", font)
    return page


def of_kinds(size: int, each: int, wide: bool) -> Image.Image:
    """Every kind some times, before a plain wall; the wide world's own ones alone if `wide`."""
    pictures = []
    for kind in (kind.name for family in (WIDE_FAMILIES if wide else FAMILIES).values() for kind in family):
        for seed in range(each):
            thing = make(kind, Random(seed), 0, 500, plain=True, world=world_of(wide))
            side = 1.3 * max(thing.width, thing.height)
            scene = Scene(Setting("gallery", 0, 500 - 0.1 * thing.height, "white", "day", None), (thing,))
            window = scene.render(-side / 2, thing.y + thing.height / 2 - side / 2, side, size)
            pictures.append((f"{thing.colour} {thing.pattern} {kind}", Image.fromarray(window)))
    return sheet(pictures, each * 3)


def of_places(size: int, each: int, wide: bool) -> Image.Image:
    """Every place some times, whole."""
    pictures = []
    for place in PLACES:
        for seed in range(each):
            picture = draw_scene(seed, place, wide).render(0, 0, WIDTH, size)
            pictures.append((place, Image.fromarray(picture).crop((0, 0, size, size * HEIGHT // WIDTH))))
    return sheet(pictures, each)


def of_examples(size: int, many: int, wide: bool) -> Image.Image:
    """What training sees: each window with its hole in grey, as it should be, and its prompt."""
    pictures = []
    for seed in range(many):
        asked = example(seed, size, 0.12, wide=wide)
        pair, whole = Image.new("RGB", (2 * size, size)), Image.fromarray(asked.image)
        pair.paste(whole, (size, 0))
        pair.paste(whole, (0, 0))
        pair.paste((128, 128, 128), (0, 0), Image.fromarray(asked.mask))
        pictures.append((asked.prompt or "(empty)", pair))
    return sheet(pictures, 4)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m pipelines.training.scenes", description=__doc__)
    parser.add_argument("seeds", type=int, nargs="*", metavar="SEED", help="one scene each, and no sheets")
    parser.add_argument("--place", choices=PLACES, help="where the scenes are")
    parser.add_argument("--wide", action="store_true", help="of the wide world")
    parser.add_argument("--empty", action="store_true", help="leave the things out")
    parser.add_argument("--kinds", action="store_true", help="write kinds.json and kinds.webp alone")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FOLDER", help="the pictures go there")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.kinds:
        write_kinds(options.out, options.wide)
        return
    for seed in options.seeds:
        scene = draw_scene(seed, options.place, options.wide)
        scene = replace(scene, things=()) if options.empty else scene
        picture = scene.render(0, 0, WIDTH, WIDTH)[:HEIGHT]
        Image.fromarray(picture).save(options.out / f"scene-{seed}.png")
    if not options.seeds:
        wide = options.wide
        for name, page in (("kinds-64", of_kinds(64, 6, wide)), ("kinds-256", of_kinds(256, 2, wide)),
                           ("places", of_places(384, 4, wide)),
                           ("examples", of_examples(128, 60, wide))):  # fmt: skip
            page.save(options.out / f"{name}.png")


if __name__ == "__main__":
    main()
