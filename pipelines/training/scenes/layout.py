"""Makes things and puts them into a place."""

from dataclasses import replace
from functools import cache
from random import Random
from zlib import crc32

from pipelines.training.scenes.furry import GAMES, HATS, NECKWEAR
from pipelines.training.scenes.interiors import WALLS
from pipelines.training.scenes.palette import COLOURS
from pipelines.training.scenes.places import PLACES, Zone
from pipelines.training.scenes.scene import Scene
from pipelines.training.scenes.setting import HEIGHT, WIDTH, Setting
from pipelines.training.scenes.thing import Thing
from pipelines.training.scenes.things import KINDS

SIZES = {"small": 0.68, "": 1.0, "large": 1.35}
STRANGERS = 0.07  # how often something comes that is not at home in a place
GUESTS = 0.8  # how often a scene is drawn around a kind that is chosen first, so that none is rare
# what people ask for first, and a model on a small machine learns first; more often named, more often there
FAMILIAR = (
    "couch", "couch", "couch", "couch", "armchair", "chair", "table", "coffee table", "coffee table", "bed",
    "bookshelf", "floor lamp", "table lamp", "painting", "window", "clock", "mirror", "rug", "potted plant", "cactus",
    "vase of flowers", "flower", "tree", "pine tree", "cat", "dog", "corgi", "corgi", "hedgehog", "hedgehog", "bird",
    "fish", "apple", "cake", "mug", "ball", "robot", "car", "sailing boat", "hot air balloon", "house", "sun", "moon",
    "cloud", "star", "balloon",
)  # fmt: skip
FAMILIARITY = 0.9  # of the guests are among these
PORTRAITS = 0.55  # of the paintings: they show a thing
SHOWN = tuple(
    name for name, kind in KINDS.items() if kind.stands in ("floor", "top", "sky", "water") and kind.aspect[1] < 2.3
)
FAVOURITES = (*(name for name in SHOWN if KINDS[name].face), "sailing boat", "house", "vase of flowers", "tree", "bird")
LONG = ("couch", "bed", "dresser", "desk", "armchair", "stove")  # something may hang above these
ABOVE = ("painting", "painting", "painting", "mirror", "clock", "window")
BEFORE = ("coffee table", "coffee table", "rug", "cat", "dog")  # and this may stand before a couch
SOFT, SITTERS = ("couch", "armchair", "bed", "bench"), ("cat", "cat", "dog", "corgi", "bear", "rabbit", "owl")
SMALLS = ("vase of flowers", "mug", "apple", "cactus", "candle", "stack of books", "cat")
ALIKE = {
    stands: tuple(name for name, kind in KINDS.items() if kind.stands in group)
    for group in (("floor", "top"), ("wall",), ("sky",)) for stands in group
}  # fmt: skip
HOMES = {  # the places of each kind that has one
    name: homes for name in KINDS
    if (homes := tuple(key for key, place in PLACES.items() if any(name in zone.kinds for zone in place.zones)))
}  # fmt: skip


@cache
def held_out_pair(kind: str, colour: str) -> bool:
    """Whether this kind never has this colour in training.

    That is one pair in ten: two colours of a kind at most, none of a kind with few colours, none that wood has. The
    kind's checksum decides which.
    """
    own = KINDS[kind]
    if len(own.colours) < 4 or (colour == "brown" and "wooden" in own.patterns):
        return False
    return (7 * list(COLOURS).index(colour) + crc32(kind.encode())) % 10 == 0


def colour_of(kind: str, random: Random) -> str:
    """Picks one of a kind's colours, none that is held out."""
    return random.choice(_trained(kind))


@cache
def _trained(kind: str) -> tuple[str, ...]:
    return tuple(colour for colour in KINDS[kind].colours if not held_out_pair(kind, colour))


def make(kind: str, random: Random, x: float, foot: float, scale: float = 1.0, plain: bool = False) -> Thing:
    """Makes a thing of a kind.

    Args:
        kind: its name.
        random: decides its looks.
        x: of the middle of its foot.
        foot: y of its foot.
        scale: of its size.
        plain: whether it is alone and of the usual size.
    """
    own = KINDS[kind]
    size = "" if plain else random.choices(list(SIZES), (1, 7, 1))[0]
    count = random.choice((2, 3)) if own.together and not plain and random.random() < 0.13 else 1
    height = random.uniform(*own.height) * scale * SIZES[size]
    width = height * random.uniform(*own.aspect)
    if count > 1:
        height, width = height * 0.85, width * 0.85 * count
    pattern = random.choice(own.patterns)
    parts: tuple[Thing, ...] = ()
    if own.face and not plain and count == 1 and random.random() < 0.4:
        parts = dressed(random)
    elif kind == "painting" and random.random() < PORTRAITS:
        parts = (make(random.choice(FAVOURITES if random.random() < 0.65 else SHOWN), random, 0, 0, plain=True),)
    form = "" if parts and own.face else random.choice(own.forms)
    colour = "brown" if pattern == "wooden" else colour_of(kind, random)
    return Thing(kind, colour, x - width / 2, foot - height, width, height, random.getrandbits(32), own.draw, pattern,
                 form, size, count, random.random() < 0.5, parts)  # fmt: skip


def dressed(random: Random) -> tuple[Thing, ...]:
    """Chooses what an animal wears and plays with."""
    chosen = []
    if random.random() < 0.75:
        chosen += random.sample(
            (random.choice((*HATS, "party hat", "glasses")), random.choice((*NECKWEAR, "bow tie"))),
            random.choice((1, 2)),
        )
    if not chosen or random.random() < 0.3:
        chosen.append(random.choice(GAMES))
    return tuple(make(kind, random, 0, 0, plain=True) for kind in chosen)


def draw_setting(random: Random, name: str) -> Setting:
    place = PLACES[name]
    corner = None
    if place.indoors and name != "table" and random.random() < 0.25:
        corner = random.choice((random.uniform(0.7, 0.84), random.uniform(0.16, 0.3))) * WIDTH
    wall = random.choice(("white", "white", "yellow", *WALLS)) if place.indoors else ""
    hour = "day" if place.indoors else random.choice(place.hours)
    return Setting(name, random.getrandbits(32), random.uniform(*place.horizon), wall, hour, corner)


def draw_scene(seed: int, place: str | None = None) -> Scene:
    """Draws up the scene of a seed, always the same one; in the place of that name, or in any."""
    random = Random(seed)
    guest = None
    if place is None and random.random() < GUESTS:
        guest = random.choice(FAMILIAR if random.random() < FAMILIARITY else list(HOMES))
        place = random.choice(HOMES[guest])
    setting = draw_setting(random, place or random.choice(list(PLACES)))
    things: list[Thing] = []
    for zone in PLACES[setting.place].zones:
        invited = guest if guest in zone.kinds else None
        for thing in _filled(zone, setting, invited, random):
            if _hangs_straight(thing, setting.corner) and not any(_hides(thing, other) for other in things):
                things.append(thing)
    return Scene(setting, tuple(things))


def _hangs_straight(thing: Thing, corner: float | None) -> bool:
    """Whether a thing is none for walls, or hangs on the wall that faces us, not across its corner or beyond."""
    if corner is None or KINDS[thing.kind].stands != "wall":
        return True
    return thing.x + thing.width < corner - 12 if corner > WIDTH / 2 else thing.x > corner + 12


def _hides(thing: Thing, other: Thing) -> bool:
    """Whether a thing would lie over most of another, or over any of it where both hang."""
    wide = min(thing.x + thing.width, other.x + other.width) - max(thing.x, other.x)
    high = min(thing.y + thing.height, other.y + other.height) - max(thing.y, other.y)
    if wide <= 0 or high <= 0:
        return False
    hang = all(KINDS[one.kind].stands in ("wall", "ceiling", "sky") for one in (thing, other))
    return hang or wide * high > 0.5 * min(thing.width * thing.height, other.width * other.height)


def _filled(zone: Zone, setting: Setting, guest: str | None, random: Random) -> list[Thing]:
    """Makes the things of one zone, a guest among them if there is one, from left to right, the farthest first."""
    count = max(random.randint(zone.least, zone.most), int(guest is not None))
    invited = random.randrange(count) if guest else -1
    things = []
    for i in range(count):
        x = (i + random.uniform(0.28, 0.72)) * WIDTH / count
        things.append(_placed(zone, setting, x, guest if i == invited else None, random))
        thing = things[-1]
        if thing.kind in LONG and setting.wall and random.random() < 0.5:
            hung = make(
                random.choice(ABOVE), random, x + random.uniform(-30, 30), setting.horizon - random.uniform(200, 250)
            )
            things.append(_within(hung))
        if thing.kind == "couch" and random.random() < 0.5:
            things.append(
                make(
                    random.choice(BEFORE),
                    random,
                    x + random.uniform(-60, 60),
                    setting.horizon + random.uniform(150, 200),
                )
            )
    rank = {"wall": 0, "rug": 1}
    return sorted(things, key=lambda thing: (rank.get(KINDS[thing.kind].stands, 2), thing.y + thing.height))


def _placed(zone: Zone, setting: Setting, x: float, guest: str | None, random: Random) -> Thing:
    kind, scale = guest or random.choice(zone.kinds), zone.scale
    if guest is None and random.random() < STRANGERS and KINDS[kind].stands in ("floor", "top", "wall", "sky"):
        kind = random.choice(ALIKE[KINDS[kind].stands])
        scale = min(1.0, 300 / KINDS[kind].height[1])
    thing = _within(make(kind, random, x, setting.horizon + random.uniform(zone.low, zone.high), scale))
    top = KINDS[kind].top
    if top is not None and random.random() < 0.6:
        thing = _laden(thing, top, setting, random)
    return thing


def _within(thing: Thing) -> Thing:
    """Moves a thing down where its top would leave the picture, up where its foot would."""
    down = min(HEIGHT - 6 - thing.y - thing.height, 0.0)
    if not down and KINDS[thing.kind].stands in ("wall", "sky", "ceiling"):
        down = max(18 - thing.y, 0.0)
    return thing.moved(0, down) if down else thing


def _laden(thing: Thing, top: tuple[float, float], setting: Setting, random: Random) -> Thing:
    """Puts one or two things on a thing."""
    down, wide = top
    soft = thing.kind in SOFT
    smalls = SITTERS if soft else PLACES[setting.place].smalls or SMALLS
    count = 1 if soft or random.random() < 0.6 else 2
    foot, bears = thing.y + thing.height * (down + (0.1 if soft else 0.06)), []
    for i in range(count):
        x = thing.x + thing.width * (0.5 + wide * ((i + random.uniform(0.3, 0.7)) / count - 0.5))
        small = make(random.choice(smalls), random, x, foot, 0.85, plain=random.random() < 0.7)
        if small.width < thing.width * wide / count + 40:
            bears.append(small)
    return replace(thing, bears=tuple(bears))
