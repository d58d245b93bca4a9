"""A room drawn from a seed: wall, floor, and things with their boxes; any square window of it at any size."""

from dataclasses import dataclass, replace
from random import Random

import numpy as np
from numpy.typing import NDArray

from pipelines.evaluation.rooms.brush import Brush
from pipelines.evaluation.rooms.palette import COLOURS, FLOORS, WALLS, Rgb, toned
from pipelines.evaluation.rooms.things import KINDS

WIDTH, HEIGHT = 1152, 768
FAR = 4096.0  # walls and floors go on beyond the frame: what lies outside a picture is unknown, not black


@dataclass(frozen=True)
class Thing:
    """One thing: `kind` and `colour` by name, its box in the room's units, and the seed of its own looks."""

    kind: str
    colour: str
    x: float
    y: float
    width: float
    height: float
    seed: int

    def draw(self, brush: Brush) -> None:
        draw = KINDS[self.kind].draw
        draw(brush, self.x, self.y, self.width, self.height, COLOURS[self.colour], Random(self.seed))

    def draw_shadow(self, brush: Brush, colour: Rgb) -> None:
        """What stands on the floor darkens it."""
        if KINDS[self.kind].place == "floor":
            bottom = self.y + self.height
            brush.ellipse(self.x - 0.04 * self.width, bottom - 12, 1.08 * self.width, 22, colour)


@dataclass(frozen=True)
class Room:
    """`things` in the order they are painted, the nearest last."""

    wall: Rgb
    floor: Rgb
    horizon: float
    pattern: str
    spacing: float
    things: tuple[Thing, ...]

    def without(self, thing: Thing) -> "Room":
        return replace(self, things=tuple(t for t in self.things if t is not thing))

    def render(self, x: float, y: float, side: float, size: int) -> NDArray[np.uint8]:
        """The window of `side` units from (x, y) on, as uint8 (size, size, 3)."""
        brush = Brush(x, y, side, size)
        self._surroundings(brush)
        for thing in self.things:
            # curtain rods and leaves reach a little beyond their box
            reach = 0.08 * (thing.width + thing.height)
            if (
                thing.x - reach < x + side and x < thing.x + thing.width + reach
                and thing.y - reach < y + side and y < thing.y + thing.height + reach
            ):  # fmt: skip
                thing.draw_shadow(brush, toned(self.floor, -0.22))
                thing.draw(brush)
        return brush.pixels()

    def _surroundings(self, brush: Brush) -> None:
        brush.rect(-FAR, -FAR, 2 * FAR + WIDTH, FAR + self.horizon, self.wall)
        if self.pattern == "stripes":
            for i in range(-8, int(WIDTH / self.spacing) + 8):
                brush.rect(i * self.spacing, -FAR, self.spacing / 2, FAR + self.horizon, toned(self.wall, -0.05))
        elif self.pattern == "panels":
            brush.rect(-FAR, self.horizon - 150, 2 * FAR + WIDTH, 150, toned(self.wall, 0.35))
            brush.rect(-FAR, self.horizon - 156, 2 * FAR + WIDTH, 8, toned(self.wall, -0.12))
        brush.rect(-FAR, self.horizon, 2 * FAR + WIDTH, FAR, self.floor)
        line = toned(self.floor, -0.1)
        depth = self.horizon
        step = 16.0
        while depth < HEIGHT + 500:  # boards that grow towards the eye
            brush.rect(-FAR, depth, 2 * FAR + WIDTH, 2, line)
            depth, step = depth + step, step * 1.32
        brush.rect(-FAR, self.horizon - 18, 2 * FAR + WIDTH, 18, toned(self.wall, 0.55))
        brush.rect(-FAR, self.horizon - 2, 2 * FAR + WIDTH, 4, toned(self.floor, -0.35))


def silhouette(thing: Thing, x: float, y: float, side: float, size: int) -> NDArray[np.uint8]:
    """Where a thing and its shadow lie in a window: uint8 (size, size), 255 inside, soft at its edge."""
    brush = Brush(x, y, side, size, silhouette=True)
    thing.draw_shadow(brush, (255, 255, 255))
    thing.draw(brush)
    return brush.pixels()


def _placed(kind: str, x: float, horizon: float, random: Random) -> Thing:
    spec = KINDS[kind]
    width, height = random.uniform(*spec.width), random.uniform(*spec.height)
    if spec.place == "wall":
        y = random.uniform(60, max(horizon - height - 120, 70))
    elif spec.place == "rug":
        y = random.uniform(horizon + 60, HEIGHT - height - 10)
    else:
        y = random.uniform(horizon + 30, horizon + 150) - height
    return Thing(kind, random.choice(list(COLOURS)), x - width / 2, y, width, height, random.getrandbits(32))


def draw_room(seed: int) -> Room:
    """The room of this seed: always the same one. 5 to 8 things, spread so that none hides another altogether."""
    random = Random(seed)
    horizon = random.uniform(470, 540)
    things: list[Thing] = []
    for place, most in (("wall", 3), ("rug", 1), ("floor", 4)):
        kinds = [name for name, kind in KINDS.items() if kind.place == place]
        count = random.randint(1, most)
        slots = [(i + random.uniform(0.3, 0.7)) * WIDTH / count for i in range(count)]
        if place == "floor" and random.random() < 0.85:
            count = max(count, 2)
            slots = [(i + random.uniform(0.35, 0.65)) * WIDTH / count for i in range(count)]
        things += [_placed(random.choice(kinds), x, horizon, random) for x in slots]
    rank = {"wall": 0, "rug": 1, "floor": 2}
    things.sort(key=lambda thing: (rank[KINDS[thing.kind].place], thing.y + thing.height))
    return Room(
        random.choice(WALLS),
        random.choice(FLOORS),
        horizon,
        random.choice(("plain", "plain", "stripes", "panels")),
        random.uniform(50, 110),
        tuple(things),
    )
