"""Recipes at work: on another picture, or on the same one to see whether the same comes out."""

from collections.abc import Callable, Generator
from functools import partial
from typing import NamedTuple

import numpy as np

from editor.edits.apply import Progress, apply
from editor.imaging.picture import Picture
from editor.imaging.raster import Pixels
from editor.recipes.recipe import Recipe
from pipelines.base import Pipeline, mapped
from pipelines.errors import InvalidInput


class Stage(NamedTuple):
    """A step of a recipe at work."""

    step: int  # from 0
    progress: Progress


Following = Generator[Stage, None, list[Picture]]


def follow(recipe: Recipe, picture: Picture, pipelines: Callable[[str], Pipeline]) -> Following:
    """Make every edit of a recipe on a picture, one on the other; yields the progress, returns the picture after each.

    InvalidInput, with the step's number, for an edit that this picture has no room for.
    """
    after: list[Picture] = []
    for index, edit in enumerate(recipe.steps):
        try:
            applied = yield from mapped(apply(edit, picture, pipelines), partial(Stage, index))
        except ValueError as error:
            raise InvalidInput(f"Step {index + 1} of {len(recipe.steps)}: {error}") from error
        picture = applied.picture
        after.append(picture)
    return after


def other_picture(recipe: Recipe, picture: Picture) -> str:
    """A sentence when a picture is not the one that the recipe was made on, else ''."""
    if picture.digest == recipe.before:
        return ""
    return "The picture is not the one that the recipe was made on: take that one, or run the recipe on this."


def difference(recipe: Recipe, picture: Picture, after: list[Picture], result: Pixels, made_with: str) -> str:
    """Where a result parts from what the recipe makes of a picture, as a sentence; '' when it does nowhere.

    after: what `follow` made of the picture here and now. result: uint8 (H, W, 3 or 4), as `Picture.pixels` gives it.
    made_with: what ran it, in words.
    """
    if problem := other_picture(recipe, picture):
        return problem
    for index, (now, then) in enumerate(zip(after, recipe.after, strict=True)):
        if now.digest != then:
            edit, count = recipe.steps[index], len(recipe.steps)
            why = (
                f"it was made with {recipe.made_with}, this is {made_with}"
                if recipe.made_with != made_with
                else f"both with {made_with}: the recipe or its model was changed"
            )
            return f"Step {index + 1} of {count} (“{edit.prompt}”, {edit.pipeline}) comes out otherwise: {why}."
    wanted = after[-1].pixels()
    if result.shape[:2] != wanted.shape[:2]:
        sizes = [f"{width}x{height}" for height, width in (result.shape[:2], wanted.shape[:2])]
        return f"The result is {sizes[0]} pixels, the recipe makes {sizes[1]}."
    if result.shape != wanted.shape:
        return "The result and what the recipe makes are not transparent alike."
    unlike = (result != wanted).any(2)
    if unlike.any():
        y, x = (int(v[0]) for v in np.nonzero(unlike))
        where = f"{unlike.sum():,} pixels of the result differ, first at {x}, {y}"
        return f"The recipe's steps come out as they did, but {where}."
    return ""
