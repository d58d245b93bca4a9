"""What a model of the drawn or the wide world can paint: the list of its kinds, and a picture of each.

Both are for the page, which shows them beside the prompt; see `pipelines.kinds` for where they lie.
"""

import json
from dataclasses import replace
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.kinds import LIST, PICTURES
from pipelines.training.scenes.layout import make
from pipelines.training.scenes.materials import SUBSTANCES
from pipelines.training.scenes.palette import COLOURS, WOODS
from pipelines.training.scenes.places import PLACES
from pipelines.training.scenes.scene import Scene
from pipelines.training.scenes.setting import Setting
from pipelines.training.scenes.thing import ALL, Kind, Thing
from pipelines.training.scenes.words import ARTICLELESS, COUNTS, MATERIALS, PATTERNS, SIZES, WIDE_ARTICLELESS, plural
from pipelines.training.scenes.worlds import World, world_of

SIDE, COLUMNS = 96, 12  # of one picture in pixels, and how many lie side by side
QUALITY = 84  # of WebP: the whole stays well below 150 kB
WOODEN = "wooden"  # in the list a colour, since what is wooden has no other
# how people picture these, of all the colours and places that they come in
USUAL = {
    "cat": "orange", "bear": "brown", "rabbit": "grey", "owl": "brown", "bird": "blue", "butterfly": "orange",
    "mushroom": "red", "flower": "pink", "fish": "orange", "train": "red", "house": "orange", "mug": "blue",
    "couch": "red", "armchair": "teal", "cake": "pink", "pot": "red", "rocket": "red", "airplane": "grey",
    "tent": "orange", "mailbox": "blue", "candle": "purple", "potted plant": "orange", "cactus": "orange",
    "scarf": "red", "bow tie": "red", "chair": "green", "fridge": "teal", "bench": "brown", "bed": "blue",
    "bookshelf": "brown", "coffee table": "brown", "dresser": "pink", "rug": "red", "sailing boat": "red",
    "rowing boat": "brown", "hot air balloon": "red", "balloon": "red", "kite": "pink", "truck": "teal",
}  # fmt: skip
BACKDROPS = {
    "fish": "under the sea", "tree": "park", "bush": "park", "tent": "mountains", "train": "mountains",
    "elephant": "desert", "panda": "park", "fox": "park", "hedgehog": "park", "turtle": "park", "bird": "park",
    "duck": "park", "penguin": "winter forest", "mushroom": "park", "fence": "park", "umbrella": "park",
    "rocket": "night sky", "castle": "mountains", "sailing boat": "sea", "rowing boat": "sea",
}  # fmt: skip
FOOT, KEEL = 0.12, 0.3  # how far below the horizon a thing stands, and one swims, as a share of its height


def write_kinds(folder: Path, wide: bool = False) -> None:
    """Writes `LIST` and `PICTURES` of a world into a model's folder."""
    (folder / LIST).write_text(json.dumps(kinds_list(wide)) + "\n")
    Image.fromarray(kinds_pictures(wide)).save(folder / PICTURES, quality=QUALITY, method=6)


def kinds_list(wide: bool = False) -> dict[str, Any]:
    """Returns the list as JSON holds it.

    Returns:
        `side` and `columns` of the pictures; the words that may come before a noun, `counts`, `sizes`, `patterns` and
        `colours` (each with its CSS colour); `articleless`, the nouns that take no article; `places`; and `kinds`, in
        the order of their pictures. Each of these has its `nouns`, its own name first, with {} for a colour that
        stands within; `plurals`, likewise, empty where only one comes; and the `places`, `colours` and `patterns` that
        it comes in. Where it comes in one colour, that is not said, and `colours` is empty.
    """
    world, own = world_of(wide), {WOODEN: WOODS[0], **(SUBSTANCES if wide else {})}
    looks = PATTERNS | MATERIALS if wide else PATTERNS
    return {
        "side": SIDE,
        "columns": COLUMNS,
        "counts": [words[0] for words in COUNTS.values()],
        "sizes": list(SIZES),
        "patterns": [name for name in looks if name not in own],
        "colours": {name: "#{:02x}{:02x}{:02x}".format(*rgb) for name, rgb in {**COLOURS, **own}.items()},
        "articleless": list(WIDE_ARTICLELESS if wide else ARTICLELESS),
        "places": list(PLACES),
        "kinds": [_entry(kind, world, tuple(looks), tuple(own)) for kind in world.kinds.values()],
    }


def _entry(kind: Kind, world: World, looks: tuple[str, ...], own: tuple[str, ...]) -> dict[str, Any]:
    colours = [name for name in COLOURS if name in kind.colours and len(kind.colours) > 1]
    return {
        "nouns": list(kind.nouns),
        "plurals": [plural(noun) for noun in kind.nouns] if kind.together else [],
        "places": [name for name, place in world.places.items()
                   if kind.name in place.smalls or any(kind.name in zone.kinds for zone in place.zones)],
        "colours": [*colours, *(name for name in own if name in kind.patterns)],
        "patterns": [name for name in looks if name in kind.patterns and name not in own],
    }  # fmt: skip


def kinds_pictures(wide: bool = False) -> NDArray[np.uint8]:
    """Draws every kind once, alone where it is at home.

    Returns:
        uint8 (rows * SIDE, COLUMNS * SIDE, 3), in rows of `COLUMNS`.
    """
    world = world_of(wide)
    rows = -(-len(world.kinds) // COLUMNS)
    sheet = np.full((rows * SIDE, COLUMNS * SIDE, 3), 255, np.uint8)
    for i, kind in enumerate(world.kinds.values()):
        y, x = i // COLUMNS * SIDE, i % COLUMNS * SIDE
        sheet[y : y + SIDE, x : x + SIDE] = _picture(kind, world)
    return sheet


def _picture(kind: Kind, world: World) -> NDArray[np.uint8]:
    thing = _alone(kind, world)
    place = BACKDROPS.get(kind.name, world.homes.get(kind.name, ("gallery",))[0])
    aloft = kind.stands in ("wall", "ceiling", "sky") or place == "under the sea"
    horizon = 900.0 if aloft else 500 - (KEEL if kind.stands == "water" else FOOT) * thing.height
    indoors = PLACES[place].indoors
    hour = "night" if place == "night sky" else "day"
    scene = Scene(Setting(place, 3, horizon, "white" if indoors else "", hour, None), (thing,))
    side = 1.2 * max(thing.width, thing.height)
    return scene.render(-side / 2, thing.y + thing.height / 2 - side / 2, side, SIDE)


def _alone(kind: Kind, world: World) -> Thing:
    """Makes a plain one of a kind, standing at (0, 500), in the colour that people know it in."""
    usual = USUAL.get(kind.name, kind.colours[0] if kind.colours != ALL else "")
    for seed in count(crc32(kind.name.encode())):
        thing = make(kind.name, Random(seed), 0, 500, plain=True, world=world)
        shows = usual or thing.colour != "white"  # before a wall
        if shows and not thing.pattern and not thing.form:
            return replace(thing, colour=usual or thing.colour, parts=())
    raise AssertionError("unreachable")
