"""A scene drawn from a seed: a setting and the things in it; any square window of it at any size."""

from dataclasses import dataclass, replace
from random import Random

import numpy as np
from numpy.typing import NDArray

from pipelines.training.scenes.brush import Brush
from pipelines.training.scenes.pen import View
from pipelines.training.scenes.places import PLACES
from pipelines.training.scenes.setting import Setting
from pipelines.training.scenes.thing import Thing
from pipelines.training.scenes.things import WIDE_KINDS


@dataclass(frozen=True)
class Scene:
    """A setting and the things in it."""

    setting: Setting
    things: tuple[Thing, ...]  # in the order they are painted, the nearest last; what stands on them is theirs

    def all(self) -> tuple[Thing, ...]:
        """Returns every thing, what stands on others after what bears it; not the parts of things."""
        return tuple(one for thing in self.things for one in (thing, *thing.bears))

    def changed(self, thing: Thing, other: Thing | None) -> "Scene":
        """Returns the scene with another thing in this one's stead, or for None without it and what stands on it."""
        return replace(self, things=_changed(self.things, thing, other))

    def without(self, thing: Thing) -> "Scene":
        """Returns the scene without a thing and what stands on it."""
        return self.changed(thing, None)

    def render(self, x: float, y: float, side: float, size: int) -> NDArray[np.uint8]:
        """Draws the window of `side` units from (x, y) on, as uint8 (size, size, 3)."""
        brush = Brush(size)
        view = self._background(brush, x, y, side, size)
        for thing in self.all():
            _draw(view, thing)
        return brush.pixels()

    def render_beside(
        self, thing: Thing, x: float, y: float, side: float, size: int, gone: bool
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Draws a window, and where it could differ from the same without a thing.

        Args:
            thing: the thing.
            x: of the window's left side.
            y: of its top.
            side: of the window, in units.
            size: of the picture, in pixels.
            gone: whether to draw the window without the thing and what stands on it.

        Returns:
            uint8 (size, size, 3), and bool (size, size), with the thing's shadow and what nearer things hide of it.
        """
        brush = Brush(size)
        view = self._background(brush, x, y, side, size)
        where = np.zeros((size, size), bool)
        for own in self.things:
            left = _changed((own,), thing, None)
            if left == (own,):
                _draw(view, own, *own.bears)
                continue
            other = brush.copy()
            _draw(view, own, *own.bears)
            for one in left:
                _draw(view.on(other), one, *one.bears)
            where |= brush.differs(other)
            if gone:
                brush, view = other, view.on(other)
        return brush.pixels(), where

    def silhouette(self, thing: Thing, x: float, y: float, side: float, size: int) -> NDArray[np.bool_]:
        """Returns where a thing, its shadow and what stands on it lie in a window: bool (size, size)."""
        return self.render_beside(thing, x, y, side, size, True)[1]

    def _background(self, brush: Brush, x: float, y: float, side: float, size: int) -> View:
        view = View(brush, x, y, side, size)
        PLACES[self.setting.place].draw(view, Random(self.setting.seed), self.setting)
        return view


def _draw(view: View, *things: Thing) -> None:
    """Draws the things that may be seen: shadows, light and hats reach beyond a box, cords up to the ceiling."""
    for thing in things:
        aside, up, down = 0.3 * thing.width, 0.3 * thing.height, 0.2 * thing.height
        if WIDE_KINDS[thing.kind].stands == "ceiling":
            up, down = 6 * thing.height, 0.35 * thing.height
        if view.sees(thing.x - aside, thing.y - up, thing.x + thing.width + aside, thing.y + thing.height + down):
            thing.draw(view)


def _changed(things: tuple[Thing, ...], thing: Thing, other: Thing | None) -> tuple[Thing, ...]:
    changed = []
    for one in things:
        if one is thing:
            if other is not None:
                changed.append(other)
            continue
        bears, parts = _changed(one.bears, thing, other), _changed(one.parts, thing, other)
        same = len(bears) == len(one.bears) and len(parts) == len(one.parts) and all(
            a is b for a, b in zip(bears + parts, one.bears + one.parts, strict=True))  # fmt: skip
        changed.append(one if same else replace(one, bears=bears, parts=parts))
    return tuple(changed)
