"""Every kind of thing, by its own name: those of the drawn world, and these and more of the wide one."""

from dataclasses import replace

from pipelines.training.scenes.animals import ANIMALS
from pipelines.training.scenes.buildings import BUILDINGS
from pipelines.training.scenes.food import FOOD
from pipelines.training.scenes.furniture import FURNITURE
from pipelines.training.scenes.lamps import LAMPS
from pipelines.training.scenes.plants import PLANTS
from pipelines.training.scenes.sky import SKY
from pipelines.training.scenes.thing import Kind
from pipelines.training.scenes.toys import TOYS
from pipelines.training.scenes.vehicles import VEHICLES
from pipelines.training.scenes.walls import WALLS
from pipelines.training.scenes.wide.animals import WIDE_ANIMALS
from pipelines.training.scenes.wide.home import WIDE_HOME
from pipelines.training.scenes.wide.outdoors import WIDE_OUTDOORS
from pipelines.training.scenes.wide.table import WIDE_TABLE

FAMILIES = {
    "furniture": FURNITURE, "lamps": LAMPS, "walls": WALLS, "plants": PLANTS, "animals": ANIMALS, "food": FOOD,
    "toys": TOYS, "vehicles": VEHICLES, "buildings": BUILDINGS, "sky": SKY,
}  # fmt: skip
KINDS: dict[str, Kind] = {kind.name: kind for family in FAMILIES.values() for kind in family}

WIDE_FAMILIES = {"home": WIDE_HOME, "more animals": WIDE_ANIMALS, "table": WIDE_TABLE, "more outdoors": WIDE_OUTDOORS}
# what the kinds of the drawn world are made of besides, in the wide one
_MADE_OF = {
    "couch": ("velvet", "velvet", "leather", "leather"), "armchair": ("velvet", "velvet", "leather", "leather"),
    "bed": ("velvet",), "chair": ("metal",), "stool": ("metal", "leather"), "bench": ("metal",),
    "table": ("glass",), "coffee table": ("glass",), "desk": ("metal",), "dresser": ("metal",),
    "bookshelf": ("metal",), "painting": ("metal",), "mirror": ("metal",), "rug": ("knitted",), "scarf": ("knitted",),
    "teapot": ("metal", "glass"), "mug": ("metal", "glass"), "bowl of fruit": ("glass", "metal"),
}  # fmt: skip
WIDE_KINDS: dict[str, Kind] = {
    **KINDS,
    **{name: replace(KINDS[name], patterns=(*KINDS[name].patterns, *more)) for name, more in _MADE_OF.items()},
    "pine tree": replace(KINDS["pine tree"], nouns=("pine tree", "fir tree")),  # a Christmas tree has lights here
    "vase of flowers": replace(
        KINDS["vase of flowers"], nouns=(*KINDS["vase of flowers"].nouns, "vase full of {} flowers")
    ),
    **{kind.name: kind for family in WIDE_FAMILIES.values() for kind in family},
}
