"""Edits of the drawn world whose truth is known: a thing that is there whole, and a hole over it."""

import numpy as np
from numpy.typing import NDArray

from pipelines.training.dataset import Example, example
from pipelines.training.scenes.layout import held_out_pair
from pipelines.training.scenes.scene import Scene
from pipelines.training.scenes.thing import Thing
from pipelines.training.scenes.things import KINDS
from pipelines.training.scenes.words import SPELLINGS, plural


def whole(seed: int, size: int, empty: float, unseen: bool = False) -> Example:
    """The example of a seed or of the first after it whose hole holds a whole thing, unhidden by nearer things.

    empty: share of removals. unseen: in a colour that things of its kind never have in training, and the prompt, if
    there is one, says so.
    """
    while True:
        asked = example(seed, size, empty, hole="thing", unseen=unseen)
        if asked.thing is not None and not _hidden(asked.thing, asked.scene):
            new = held_out_pair(asked.thing.kind, asked.thing.colour) and (not asked.prompt or names_colour(asked))
            if new or not unseen:
                return asked
        seed += 1 << 20  # far from the seeds of other examples


def thing_of(edit: Example) -> Thing:
    """The thing that an edit which `whole` found is about."""
    assert edit.thing is not None
    return edit.thing


def _hidden(thing: Thing, scene: Scene) -> bool:
    """Whether something nearer may lie over a thing; what stands on it does not count."""
    things = scene.all()
    nearer = things[next(i for i, one in enumerate(things) if one is thing) + 1 :]
    return any(
        other.x < thing.x + thing.width and thing.x < other.x + other.width
        and other.y < thing.y + thing.height and thing.y < other.y + other.height
        for other in nearer if not any(other is one for one in thing.bears)
    )  # fmt: skip


def names_colour(asked: Example) -> bool:
    """Whether the prompt says what colour the thing is to have: in its noun, or before it."""
    thing = thing_of(asked)
    for noun in KINDS[thing.kind].nouns:
        for spelling in SPELLINGS[thing.colour]:
            for form in (noun, plural(noun)):
                if "{}" in form:
                    if form.format(spelling) in asked.prompt:
                        return True
                    continue
                before, found, _ = asked.prompt.partition(form)
                if found and f" {spelling} " in f" {before} ":
                    return True
    return False


def before(asked: Example) -> NDArray[np.uint8]:
    """The window as it was: without what is asked for, or with what is to go, so that a model which leaves it as it is
    is always wrong."""
    scene = asked.scene.without(thing_of(asked)) if asked.prompt else asked.scene
    return scene.render(*asked.window, len(asked.mask))
