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
    """Draws the example of a seed, or of the first after it, whose hole holds a whole thing, unhidden by nearer things.

    Args:
        seed: of the scene.
        size: side in pixels of the window.
        empty: share of removals.
        unseen: whether the thing has a colour that its kind never has in training, and the prompt, if any, says so.
    """
    while True:
        edit = example(seed, size, empty, hole="thing", unseen=unseen)
        if edit.thing is not None and not _hidden(edit.thing, edit.scene):
            new = held_out_pair(edit.thing.kind, edit.thing.colour) and (not edit.prompt or names_colour(edit))
            if new or not unseen:
                return edit
        seed += 1 << 20  # far from the seeds of other examples


def thing_of(edit: Example) -> Thing:
    """Returns the thing that an edit of `whole` is about."""
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


def names_colour(edit: Example) -> bool:
    """Whether the prompt says what colour the thing is to have: in its noun, or before it."""
    thing = thing_of(edit)
    for noun in KINDS[thing.kind].nouns:
        for spelling in SPELLINGS[thing.colour]:
            for form in (noun, plural(noun)):
                if "{}" in form:
                    if form.format(spelling) in edit.prompt:
                        return True
                    continue
                before, match, _ = edit.prompt.partition(form)
                if match and f" {spelling} " in f" {before} ":
                    return True
    return False


def before(edit: Example) -> NDArray[np.uint8]:
    """Draws the window before the edit: without what the prompt names, or with what is to go.

    So a model that leaves it as it is is always wrong.
    """
    scene = edit.scene.without(thing_of(edit)) if edit.prompt else edit.scene
    return scene.render(*edit.window, len(edit.mask))
