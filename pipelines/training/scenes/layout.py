"""Makes things and puts them into a place."""

from dataclasses import replace
from functools import cache
from random import Random
from zlib import crc32

from pipelines.training.scenes.furry import NECKWEAR
from pipelines.training.scenes.interiors import WALLS
from pipelines.training.scenes.palette import COLOURS
from pipelines.training.scenes.places import PLACES, Zone
from pipelines.training.scenes.scene import Scene
from pipelines.training.scenes.setting import HEIGHT, WIDTH, Setting
from pipelines.training.scenes.thing import Thing
from pipelines.training.scenes.things import WIDE_KINDS
from pipelines.training.scenes.worlds import DRAWN, World, world_of

SIZES = {"small": 0.68, "": 1.0, "large": 1.35}
STRANGERS = 0.07  # how often something comes that is not at home in a place
GUESTS = 0.8  # how often a scene is drawn around a kind that is chosen first, so that none is rare
FAMILIARITY = 0.9  # of the guests are among these
PORTRAITS = 0.55  # of the paintings: they show a thing
LONG = ("couch", "bed", "dresser", "desk", "armchair", "stove")  # something may hang above these
ABOVE = ("painting", "painting", "painting", "mirror", "clock", "window")
BEFORE = ("coffee table", "coffee table", "rug", "cat", "dog")  # and this may stand before a couch
SOFT = ("couch", "armchair", "bed", "bench")
SMALLS = ("vase of flowers", "mug", "apple", "cactus", "candle", "stack of books", "cat")


@cache
def held_out_pair(kind: str, colour: str) -> bool:
    """Whether this kind never has this colour in training.

    That is one pair in ten: two colours of a kind at most, none of a kind with few colours, none that wood has. The
    kind's checksum decides which.
    """
    own = WIDE_KINDS[kind]
    if len(own.colours) < 4 or (colour == "brown" and "wooden" in own.patterns):
        return False
    return (7 * list(COLOURS).index(colour) + crc32(kind.encode())) % 10 == 0


def colour_of(kind: str, random: Random) -> str:
    """Picks one of a kind's colours, none that is held out."""
    return random.choice(_trained(kind))


@cache
def _trained(kind: str) -> tuple[str, ...]:
    return tuple(colour for colour in WIDE_KINDS[kind].colours if not held_out_pair(kind, colour))


def make(
    kind: str, random: Random, x: float, foot: float, scale: float = 1.0, plain: bool = False, world: World = DRAWN
) -> Thing:
    """Makes a thing of a kind.

    Args:
        kind: its name.
        random: decides its looks.
        x: of the middle of its foot.
        foot: y of its foot.
        scale: of its size.
        plain: whether it is alone and of the usual size.
        world: that it is of.
    """
    own = world.kinds[kind]
    size = "" if plain else random.choices(list(SIZES), (1, 7, 1))[0]
    count = random.choice((2, 3)) if own.together and not plain and random.random() < 0.13 else 1
    height = random.uniform(*own.height) * scale * SIZES[size]
    width = height * random.uniform(*own.aspect)
    if count > 1:
        height, width = height * 0.85, width * 0.85 * count
    pattern = random.choice(own.patterns)
    parts: tuple[Thing, ...] = ()
    if own.face and not plain and count == 1 and random.random() < 0.4:
        parts = dressed(random, world)
    elif kind == "painting" and random.random() < PORTRAITS:
        shown = world.favourites if random.random() < 0.65 else world.shown
        parts = (make(random.choice(shown), random, 0, 0, plain=True, world=world),)
    form = "" if parts and own.face else random.choice(own.forms)
    colour = "brown" if pattern == "wooden" else colour_of(kind, random)
    return Thing(kind, colour, x - width / 2, foot - height, width, height, random.getrandbits(32), own.draw, pattern,
                 form, size, count, random.random() < 0.5, parts)  # fmt: skip


def dressed(random: Random, world: World = DRAWN) -> tuple[Thing, ...]:
    """Chooses what an animal wears and plays with."""
    chosen = []
    if random.random() < 0.75:
        chosen += random.sample(
            (random.choice((*world.hats, "party hat", *world.eyewear)), random.choice((*NECKWEAR, "bow tie"))),
            random.choice((1, 2)),
        )
    if not chosen or random.random() < 0.3:
        chosen.append(random.choice(world.held))
    return tuple(make(kind, random, 0, 0, plain=True, world=world) for kind in chosen)


def draw_setting(random: Random, name: str) -> Setting:
    place = PLACES[name]
    corner = None
    if place.indoors and name != "table" and random.random() < 0.25:
        corner = random.choice((random.uniform(0.7, 0.84), random.uniform(0.16, 0.3))) * WIDTH
    wall = random.choice(("white", "white", "yellow", *WALLS)) if place.indoors else ""
    hour = "day" if place.indoors else random.choice(place.hours)
    return Setting(name, random.getrandbits(32), random.uniform(*place.horizon), wall, hour, corner)


def draw_scene(seed: int, place: str | None = None, wide: bool = False) -> Scene:
    """Draws up the scene of a seed, always the same one.

    Args:
        seed: of everything in it.
        place: where it is, by name; None for anywhere.
        wide: whether it is one of the wide world.
    """
    random, world = Random(seed), world_of(wide)
    guest = None
    if place is None and random.random() < GUESTS:
        guest = random.choice(world.familiar if random.random() < FAMILIARITY else list(world.homes))
        place = random.choice(world.homes[guest])
    setting = draw_setting(random, place or random.choice(list(PLACES)))
    things: list[Thing] = []
    for zone in world.places[setting.place].zones:
        invited = guest if guest in zone.kinds else None
        for thing in _filled(zone, setting, invited, random, world):
            if _hangs_straight(thing, setting.corner) and not any(_hides(thing, other) for other in things):
                things.append(thing)
    return Scene(setting, tuple(things))


def _hangs_straight(thing: Thing, corner: float | None) -> bool:
    """Whether a thing is none for walls, or hangs on the wall that faces us, not across its corner or beyond."""
    if corner is None or WIDE_KINDS[thing.kind].stands != "wall":
        return True
    return thing.x + thing.width < corner - 12 if corner > WIDTH / 2 else thing.x > corner + 12


def _hides(thing: Thing, other: Thing) -> bool:
    """Whether a thing would lie over most of another, or over any of it where both hang."""
    wide = min(thing.x + thing.width, other.x + other.width) - max(thing.x, other.x)
    high = min(thing.y + thing.height, other.y + other.height) - max(thing.y, other.y)
    if wide <= 0 or high <= 0:
        return False
    hang = all(WIDE_KINDS[one.kind].stands in ("wall", "ceiling", "sky") for one in (thing, other))
    return hang or wide * high > 0.5 * min(thing.width * thing.height, other.width * other.height)


def _filled(zone: Zone, setting: Setting, guest: str | None, random: Random, world: World) -> list[Thing]:
    """Makes the things of one zone, a guest among them if there is one, from left to right, the farthest first."""
    count = max(random.randint(zone.least, zone.most), int(guest is not None))
    invited = random.randrange(count) if guest else -1
    things = []
    for i in range(count):
        x = (i + random.uniform(0.28, 0.72)) * WIDTH / count
        things.append(_placed(zone, setting, x, guest if i == invited else None, random, world))
        thing = things[-1]
        if thing.kind in LONG and setting.wall and random.random() < 0.5:
            kind, aside, high = random.choice(ABOVE), random.uniform(-30, 30), random.uniform(200, 250)
            hung = make(kind, random, x + aside, setting.horizon - high, world=world)
            things.append(_within(hung))
        if thing.kind == "couch" and random.random() < 0.5:
            kind, aside, low = random.choice(BEFORE), random.uniform(-60, 60), random.uniform(150, 200)
            things.append(make(kind, random, x + aside, setting.horizon + low, world=world))
    rank = {"wall": 0, "rug": 1}
    return sorted(things, key=lambda thing: (rank.get(WIDE_KINDS[thing.kind].stands, 2), thing.y + thing.height))


def _placed(zone: Zone, setting: Setting, x: float, guest: str | None, random: Random, world: World) -> Thing:
    kind, scale = guest or random.choice(zone.kinds), zone.scale
    if guest is None and random.random() < STRANGERS and WIDE_KINDS[kind].stands in ("floor", "top", "wall", "sky"):
        kind = random.choice(world.alike[WIDE_KINDS[kind].stands])
        scale = min(1.0, 300 / WIDE_KINDS[kind].height[1])
    thing = _within(make(kind, random, x, setting.horizon + random.uniform(zone.low, zone.high), scale, world=world))
    top = WIDE_KINDS[kind].top
    if top is not None and random.random() < 0.6:
        thing = _laden(thing, top, setting, random, world)
    return thing


def _within(thing: Thing) -> Thing:
    """Moves a thing down where its top would leave the picture, up where its foot would."""
    down = min(HEIGHT - 6 - thing.y - thing.height, 0.0)
    if not down and WIDE_KINDS[thing.kind].stands in ("wall", "sky", "ceiling"):
        down = max(18 - thing.y, 0.0)
    return thing.moved(0, down) if down else thing


def _laden(thing: Thing, top: tuple[float, float], setting: Setting, random: Random, world: World) -> Thing:
    """Puts one or two things on a thing."""
    down, wide = top
    soft = thing.kind in SOFT
    smalls = world.sitters if soft else world.places[setting.place].smalls or SMALLS
    count = 1 if soft or random.random() < 0.6 else 2
    foot, bears = thing.y + thing.height * (down + (0.1 if soft else 0.06)), []
    for i in range(count):
        x = thing.x + thing.width * (0.5 + wide * ((i + random.uniform(0.3, 0.7)) / count - 0.5))
        small = make(random.choice(smalls), random, x, foot, 0.85, random.random() < 0.7, world)
        if small.width < thing.width * wide / count + 40:
            bears.append(small)
    return replace(thing, bears=tuple(bears))
