"""The drawn world, which the shipped weights know, and the wide one, which has more of everything."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pipelines.training.scenes.furry import GAMES, HATS, HELD, WIDE_HATS
from pipelines.training.scenes.places import PLACES, Place
from pipelines.training.scenes.thing import Kind
from pipelines.training.scenes.things import KINDS, WIDE_FAMILIES, WIDE_KINDS
from pipelines.training.scenes.wide.places import WIDE_PLACES

# what people ask for first, and a model on a small machine learns first; more often named, more often there
FAMILIAR = (
    "couch", "couch", "couch", "couch", "armchair", "chair", "table", "coffee table", "coffee table", "bed",
    "bookshelf", "floor lamp", "table lamp", "painting", "window", "clock", "mirror", "rug", "potted plant", "cactus",
    "vase of flowers", "flower", "tree", "pine tree", "cat", "dog", "corgi", "corgi", "hedgehog", "hedgehog", "bird",
    "fish", "apple", "cake", "mug", "ball", "robot", "car", "sailing boat", "hot air balloon", "house", "sun", "moon",
    "cloud", "star", "balloon",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class World:
    """What there is, and where."""

    kinds: Mapping[str, Kind]
    places: Mapping[str, Place]
    familiar: tuple[str, ...]  # kinds
    sitters: tuple[str, ...]  # kinds that are found on what is soft
    hats: tuple[str, ...]  # kinds that animals wear
    eyewear: tuple[str, ...]  # likewise
    held: tuple[str, ...]  # kinds that animals play with and hold

    @cached_property
    def homes(self) -> dict[str, tuple[str, ...]]:
        """The places of each kind that has one."""
        found = {
            name: tuple(key for key, place in self.places.items() if any(name in zone.kinds for zone in place.zones))
            for name in self.kinds
        }
        return {name: homes for name, homes in found.items() if homes}

    @cached_property
    def alike(self) -> dict[str, tuple[str, ...]]:
        """The kinds that can stand where others of some standing do."""
        return {
            stands: tuple(name for name, kind in self.kinds.items() if kind.stands in group)
            for group in (("floor", "top"), ("wall",), ("sky",)) for stands in group
        }  # fmt: skip

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """The kinds that paintings show."""
        standing = ("floor", "top", "sky", "water")
        return tuple(name for name, kind in self.kinds.items() if kind.stands in standing and kind.aspect[1] < 2.3)

    @cached_property
    def favourites(self) -> tuple[str, ...]:
        """Those that they show most."""
        faces = (name for name in self.shown if self.kinds[name].face)
        return (*faces, "sailing boat", "house", "vase of flowers", "tree", "bird")

    @cached_property
    def wearers(self) -> tuple[str, ...]:
        """The kinds that are dressed, as often as they are."""
        familiar = tuple(name for name in self.familiar if self.kinds[name].face)
        return familiar + tuple(name for name, kind in self.kinds.items() if kind.face)


SITTERS = ("cat", "cat", "dog", "corgi", "bear", "rabbit", "owl")
DRAWN = World(KINDS, PLACES, FAMILIAR, SITTERS, HATS, ("glasses",), GAMES)
WIDE = World(
    WIDE_KINDS,
    WIDE_PLACES,
    (*FAMILIAR, *(kind.name for family in WIDE_FAMILIES.values() for kind in family if kind.stands != "worn")),
    (*SITTERS, "pillow", "pillow", "pillow", "blanket", "blanket"),
    WIDE_HATS,
    ("glasses", "sunglasses"),
    HELD,
)


def world_of(wide: bool) -> World:
    """Returns one of the two."""
    return WIDE if wide else DRAWN
