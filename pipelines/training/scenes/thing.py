"""A thing of the drawn world, and what is known of its kind."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

import numpy as np

from pipelines.training.scenes.materials import MATERIALS, SUBSTANCES
from pipelines.training.scenes.palette import COLOURS, WOODS, light, mixed, partner, shade
from pipelines.training.scenes.pen import Pen, View
from pipelines.training.scenes.shapes import Shape, box, oval

ALL = tuple(COLOURS)
CLOTH = (
    "",
    "",
    "",
    "",
    "striped",
    "dotted",
    "checked",
)  # the patterns of what is woven or painted, as often as they come
WOODEN = ("", "", "wooden")


@dataclass(frozen=True)
class Kind:
    """What is the same for all things of a kind."""

    nouns: tuple[str, ...]  # what people call it, its own name first; {} stands for its colour, else that comes before
    draw: Callable[["ThingPen"], None]
    # where it stands: "floor", "top" (on furniture, or the floor), "wall", "ceiling", "sky", "water", "rug" (flat on
    # the floor), "worn" or "held"
    stands: str
    height: tuple[float, float]  # least and greatest, in the plane's units where it is at home
    aspect: tuple[float, float]  # width over height, least and greatest
    colours: tuple[str, ...] = ALL  # what it comes in, as often as they are named
    patterns: tuple[str, ...] = ("",)  # likewise; "" is plain
    forms: tuple[str, ...] = ("",)  # adjectives, likewise
    # where other things stand on it, down from its top as a share of its height, and how much of its width they may
    # take; None where nothing can
    top: tuple[float, float] | None = None
    together: bool = False  # whether two or three may come side by side
    face: bool = False  # whether it can wear, hold and play

    @property
    def name(self) -> str:
        """Its own name, without a colour."""
        return self.nouns[0].replace("{} ", "")


@dataclass(frozen=True)
class Thing:
    """One thing in a scene."""

    kind: str  # by name
    colour: str  # by name
    x: float  # of its box's left side, in the plane's units
    y: float  # of its box's top
    width: float
    height: float
    seed: int  # of its own looks
    drawing: Callable[["ThingPen"], None] = field(repr=False)  # draws it, as its kind says
    pattern: str = ""
    form: str = ""  # an adjective
    size: str = ""  # "small", "large" or ""
    count: int = 1  # how many side by side
    flip: bool = False  # whether it is mirrored
    parts: tuple["Thing", ...] = ()  # what it wears, holds or shows
    bears: tuple["Thing", ...] = ()  # what stands on it; that goes where it goes

    def draw(self, view: View) -> None:
        """Draws it in the plane, without what stands on it."""
        for one in self.each():
            one.draw_at(view, one.x + one.width / 2, one.y, one.height / 100)

    def draw_at(self, pen: Pen, x: float, y: float, scale: float) -> None:
        """Draws it with its top's middle at (x, y) of a pen, 1 % of its height being `scale` of the pen's units."""
        self.drawing(ThingPen(pen, self, x, y, scale))

    def each(self) -> tuple["Thing", ...]:
        """Returns the single things of a count, from left to right, each a little different."""
        if self.count == 1:
            return (self,)
        random = Random(self.seed)
        wide, many = self.width / self.count, []
        for i in range(self.count):
            size = random.uniform(0.86, 1)
            width, height = wide * size, self.height * size
            x = self.x + wide * i + (wide - width) * random.random()
            many.append(replace(self, x=x, y=self.y + self.height - height, width=width, height=height, count=1,
                                seed=random.getrandbits(32)))  # fmt: skip
        return tuple(many)

    def moved(self, x: float, y: float) -> "Thing":
        """Returns it moved by (x, y), with what stands on it."""
        bears = tuple(other.moved(x, y) for other in self.bears)
        return replace(self, x=self.x + x, y=self.y + y, bears=bears)


class ThingPen(Pen):
    """A pen in the coordinates of a thing: 100 is its height, x counts from its middle, y from its top down.

    Attributes:
        half: half of the thing's width.
        colour: its main colour.
        wood: the colour of its wooden parts.
        v: the thing's own random stream, the same in every window.
        form: its adjective, or "".
        parts: what it wears, holds or shows.
    """

    def __init__(self, under: Pen, thing: "Thing", x: float, y: float, scale: float, turn: float = 0) -> None:
        """The thing's zero at (x, y) of the pen `under`, its unit `scale` of that one's."""
        super().__init__(under.brush, under.moved(x, y, scale, turn, thing.flip))
        self.every = 1 if self.scale > 3 else 2 if self.scale > 0.8 else 3  # what is small needs few points
        self.half = 50 * thing.width / thing.height
        self.pattern, self.form, self.parts = thing.pattern, thing.form, thing.parts
        self.v = Random(thing.seed)
        self.wood = self.v.choice(WOODS)
        self.colour = self.wood if self.pattern == "wooden" else SUBSTANCES.get(self.pattern, COLOURS[thing.colour])

    def main(self, shape: Shape, depth: float = 1.0, grain: float = 14) -> None:
        """The thing's own colour and pattern, or its material; grain: the pattern's size."""
        if self.pattern in MATERIALS:
            MATERIALS[self.pattern](self, shape, self.colour, depth)
            return
        self.solid(shape, self.colour, depth)
        if self.pattern:
            with self.inside(shape):
                self._weave(shape, grain)

    def _weave(self, shape: Shape, s: float) -> None:
        (left, top), (right, bottom) = shape.min(0).tolist(), shape.max(0).tolist()
        colour, other = self.colour, partner(self.colour)
        s = max(s, (right - left) / 12, (bottom - top) / 12)
        columns, rows = np.arange(left, right, s).tolist(), np.arange(top, bottom, s).tolist()
        if self.pattern == "striped":
            for x in columns:
                self.flat(box(x + s / 4, top - 1, x + s * 0.75, bottom + 1), other)
        elif self.pattern == "dotted":
            dot = oval(0, 0, s * 0.27)
            for i, y in enumerate(rows):
                for x in columns:
                    self.flat(dot + np.array((x + s * (0.25 + 0.5 * (i % 2)), y + s / 2)), other)
        elif self.pattern == "checked":
            for x in columns:
                self.flat(box(x, top - 1, x + s / 2, bottom + 1), mixed(colour, other, 0.5))
            square = box(0, 0, s / 2, s / 2)
            for y in rows:
                self.flat(box(left - 1, y, right + 1, y + s / 2), mixed(colour, other, 0.5))
                for x in columns:
                    self.flat(square + np.array((x, y)), other)
        else:  # wooden: grain along the longer side
            lying = right - left > bottom - top
            start, end = (left, right) if lying else (top, bottom)
            for i, c in enumerate(
                np.arange(top if lying else left, bottom if lying else right, max(s * 0.55, 3)).tolist()
            ):
                a, b = start + (i * 37 % 11) * (end - start) / 30, end - (i * 23 % 7) * (end - start) / 20
                self.line(((a, c), (b, c)) if lying else ((c, a), (c, b)), s * 0.09,
                          shade(colour, 0.3) if i % 2 else light(colour, 0.25))  # fmt: skip

    def part(self, part: "Thing", x: float, y: float, height: float, turn: float = 0) -> None:
        """One of `parts`, `height` high, its foot's middle at (x, y)."""
        part.draw_at(self.at(x, y, 1, turn), 0, -height, height / 100)
