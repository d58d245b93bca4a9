"""A thing of the drawn world, and what is known of its kind."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from pipelines.training.scenes.palette import COLOURS
from pipelines.training.scenes.pen import Pen, View
from pipelines.training.scenes.thing_pen import ThingPen

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
    """What is the same for all things of a kind.

    nouns: what people call it, its own name first; {} is where its colour is said, else before the noun. draw: draws
    it. stands: where: "floor", "top" (on furniture, or the floor), "wall", "ceiling", "sky", "water", "rug" (flat on
    the floor), "worn" or "held". height: in the plane's units where it is at home. aspect: width over height. colours,
    patterns, forms: what it comes in, as often as they are named; "" is plain, a form is an adjective. top: where other
    things stand on it, down from its top as a share of its height, and how much of its width they may take. together:
    two or three may come side by side. face: it can wear, hold and play.
    """

    nouns: tuple[str, ...]
    draw: Callable[[ThingPen], None]
    stands: str
    height: tuple[float, float]
    aspect: tuple[float, float]
    colours: tuple[str, ...] = ALL
    patterns: tuple[str, ...] = ("",)
    forms: tuple[str, ...] = ("",)
    top: tuple[float, float] | None = None
    together: bool = False
    face: bool = False

    @property
    def name(self) -> str:
        return self.nouns[0].replace("{} ", "")


@dataclass(frozen=True)
class Thing:
    """One thing: its kind and colour by name, its box in the plane's units, and the seed of its own looks.

    pattern, form, size ("small", "large" or ""): words about it. count: how many side by side. flip: mirrored. parts:
    what it wears, holds or shows. bears: what stands on it; that goes where it goes.
    """

    kind: str
    colour: str
    x: float
    y: float
    width: float
    height: float
    seed: int
    pattern: str = ""
    form: str = ""
    size: str = ""
    count: int = 1
    flip: bool = False
    parts: tuple["Thing", ...] = ()
    bears: tuple["Thing", ...] = ()

    def draw(self, view: View) -> None:
        """In the plane; without what stands on it."""
        for one in self.each():
            one.draw_at(view, one.x + one.width / 2, one.y, one.height / 100)

    def draw_at(self, pen: Pen, x: float, y: float, scale: float) -> None:
        """Its top's middle at (x, y) of a pen, a hundredth of its height as long as `scale` of its units."""
        from pipelines.training.scenes.things import KINDS  # the table imports this file

        KINDS[self.kind].draw(ThingPen(pen, self, x, y, scale))

    def each(self) -> tuple["Thing", ...]:
        """The single things of a count, from left to right, each a little different."""
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
        bears = tuple(other.moved(x, y) for other in self.bears)
        return replace(self, x=self.x + x, y=self.y + y, bears=bears)
