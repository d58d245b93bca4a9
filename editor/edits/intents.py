"""What somebody asks for, as the Edit that it comes to: the page, the API, MCP and the command line all ask here."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from editor.edits.edit import NOWHERE, Edit
from editor.imaging.edge_growth import grown_past_edge
from editor.imaging.geometry import Box, Margins
from editor.imaging.limits import MAX_IMAGES
from editor.imaging.mask_cleaning import cleaned
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask
from pipelines.base import Pipeline, PipelineInfo
from pipelines.errors import InvalidInput

# how much is drawn anew where nobody says; fill, remove and expand begin from nothing
STRENGTHS = {"fill": 1.0, "remove": 1.0, "refine": 0.5, "expand": 1.0, "sketch": 0.7}
# of an Edit, what an intent has nothing to do with
LEFT_OUT = {"remove": ("prompt", "negative_prompt", "sketch", "strength"), "refine": ("sketch",)}


class CompletedEdit(NamedTuple):
    """specks: how many were left out of its mask, see `cleaned`."""

    edit: Edit
    specks: int


def complete(
    intent: str,
    mask: Mask,
    settings: Mapping[str, Any],
    model: Pipeline | PipelineInfo | None,
    picture: Callable[[], Picture],
    keep_specks: bool = False,
) -> CompletedEdit:
    """The Edit that an intent comes to.

    Args:
        intent: "fill" has the prompt, or without one the surroundings, take the mask's place; "remove" has what is
            under the mask, its edge too, give way to its surroundings; "refine" draws again what is there; "expand"
            paints what margins add, or crops where they only cut; "sketch" begins from strokes.
        mask: where; cleaned of specks unless keep_specks.
        settings: what else an Edit says, `seed` and `pipeline` at least. What is missing or None is the model's own
            default, else the intent's or the Edit's. What has nothing to do with the intent is left out.
        model: None while it is loading, when its defaults are not known, nor its samplers.
        picture: the picture that it is made on; Remove and a crop look at it.

    Raises:
        InvalidInput: for an intent, a sampler or a value that there is none of.
    """
    if intent not in [*STRENGTHS]:  # whatever a request says it is
        raise InvalidInput(f"There is no intent {intent!r}; there is {', '.join(STRENGTHS)}.")
    left_out = LEFT_OUT.get(intent, ())
    given = {name: value for name, value in settings.items() if value is not None and name not in left_out}
    if model is not None and model.samplers and given.get("sampler", model.samplers[0]) not in model.samplers:
        raise InvalidInput(f"{model.name} has no sampler {given['sampler']!r}; it has {', '.join(model.samplers)}.")
    found = cleaned(mask, keep_specks)
    margins = given.get("margins", Margins())
    if found.mask.bounds.empty and "sketch" not in given and any(margins) and max(margins) <= 0:
        before = picture().box
        return CompletedEdit(crop(before, before.moved(margins)), found.specks)
    where = grown_past_edge(picture(), found.mask) if intent == "remove" else found.mask
    defaults = {} if model is None else model.defaults
    return CompletedEdit(Edit(where, **{"strength": STRENGTHS[intent], **defaults, **given}), found.specks)


def crop(before: Box, box: Box) -> Edit:
    """What keeps a part of a picture at `before` alone; no model runs. InvalidInput when the part is not within it."""
    margins = before.margins_to(box)
    if max(margins) > 0:
        raise InvalidInput(f"A crop at {box} does not lie within the picture: to widen it, paint what is new.")
    return Edit(NOWHERE, margins=margins, seed=0, pipeline="none")


def variations(edit: Edit, count: int) -> list[Edit]:
    """An edit so many times, with seeds from its own on. InvalidInput when there can be none or not so many."""
    if not 1 <= count <= MAX_IMAGES:
        raise InvalidInput(f"There can be 1 to {MAX_IMAGES} variations at a time, not {count}.")
    return [replace(edit, seed=(edit.seed + n) % 2**32) for n in range(count)]
