"""Replays recipes: on another picture, or on the same one to verify the result."""

from collections.abc import Callable, Generator
from functools import partial
from typing import NamedTuple

import numpy as np

from editor.edits.apply import apply
from editor.edits.generation import Progress
from editor.imaging.picture import Picture
from editor.imaging.raster import Pixels
from editor.recipes.recipe import Recipe
from pipelines.base import Pipeline, mapped
from pipelines.errors import InvalidInput


class Stage(NamedTuple):
    """The progress of a replay."""

    step: int  # index of the recipe's step, from 0
    progress: Progress  # of this step


Replay = Generator[Stage, None, list[Picture]]


def replay(recipe: Recipe, picture: Picture, pipelines: Callable[[str], Pipeline]) -> Replay:
    """Applies every edit of a recipe to a picture, one after another.

    Yields:
        The progress.

    Returns:
        The picture after each step.

    Raises:
        InvalidInput: a step cannot be applied to this picture; the message has its number.
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
    """Returns an error message when a picture is not the one that the recipe was made on, else ""."""
    if picture.digest == recipe.before:
        return ""
    return "The picture is not the one that the recipe was made on. Use that one, or run the recipe on this one."


def difference(recipe: Recipe, picture: Picture, after: list[Picture], result: Pixels, made_with: str) -> str:
    """Compares a result with what a recipe makes of a picture.

    Args:
        recipe: the recipe.
        picture: the picture.
        after: the pictures that `replay` made of it now.
        result: the result to verify, uint8 (H, W, 3 or 4), as `Picture.pixels` returns it.
        made_with: the software and hardware that made `after`, for humans to read.

    Returns:
        The first difference, as a sentence; "" when they are identical.
    """
    if problem := other_picture(recipe, picture):
        return problem
    for index, (new, expected_digest) in enumerate(zip(after, recipe.after, strict=True)):
        if new.digest != expected_digest:
            edit, count = recipe.steps[index], len(recipe.steps)
            reason = (
                f"it was made with {recipe.made_with}, this is {made_with}"
                if recipe.made_with != made_with
                else f"both with {made_with}: the recipe or its model was changed"
            )
            return f"Step {index + 1} of {count} (“{edit.prompt}”, {edit.pipeline}) has a different result: {reason}."
    expected = after[-1].pixels()
    if result.shape[:2] != expected.shape[:2]:
        sizes = [f"{width}x{height}" for height, width in (result.shape[:2], expected.shape[:2])]
        return f"The result is {sizes[0]} pixels, the recipe makes {sizes[1]}."
    if result.shape != expected.shape:
        return "Only one of the result and what the recipe makes has transparency."
    differs = (result != expected).any(2)
    if differs.any():
        y, x = (int(v[0]) for v in np.nonzero(differs))
        return (
            f"The recipe's steps have the same results as before, but {differs.sum():,} pixels of the file differ, "
            f"first at {x}, {y}."
        )
    return ""
