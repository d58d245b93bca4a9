"""Intents (fill, remove, refine, expand, sketch, crop) as edits, for the page, the API, MCP and the command line."""

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

# the default strength of each intent; fill, remove and expand ignore what is under the mask
STRENGTHS = {"fill": 1.0, "remove": 1.0, "refine": 0.5, "expand": 1.0, "sketch": 0.7}
# the fields of an Edit that an intent ignores
IGNORED_FIELDS = {"remove": ("prompt", "negative_prompt", "sketch", "strength"), "refine": ("sketch",)}


class CompletedEdit(NamedTuple):
    """An edit made from an intent."""

    edit: Edit
    specks: int  # how many specks were left out of its mask, see `cleaned`


def complete(
    intent: str,
    mask: Mask,
    settings: Mapping[str, Any],
    model: Pipeline | PipelineInfo | None,
    picture: Callable[[], Picture],
    keep_specks: bool = False,
) -> CompletedEdit:
    """Makes the Edit of an intent.

    Args:
        intent: "fill" replaces what is under the mask from the prompt, or without one from the surroundings; "remove"
            replaces it, and the edge of the object there, from the surroundings; "refine" redraws it close to the
            original; "expand" generates the area that margins add, or crops when they only cut; "sketch" starts from
            strokes.
        mask: where; cleaned of specks unless `keep_specks`.
        settings: the other fields of the Edit, `seed` and `pipeline` at least. Missing ones and None stand for the
            model's default, else the intent's or the Edit's. Fields that the intent ignores are left out.
        model: the model's info; None while it is loading, when its defaults and samplers are unknown.
        picture: returns the picture to edit; called for "remove" and for a crop.
        keep_specks: whether to keep specks in the mask.

    Raises:
        InvalidInput: there is no such intent or sampler, or a value is out of range.
    """
    if intent not in [*STRENGTHS]:  # a list, since a request may send an unhashable value
        raise InvalidInput(f"There is no intent {intent!r}; choose one of {', '.join(STRENGTHS)}.")
    ignored = IGNORED_FIELDS.get(intent, ())
    values = {name: value for name, value in settings.items() if value is not None and name not in ignored}
    if model is not None and model.samplers and values.get("sampler", model.samplers[0]) not in model.samplers:
        raise InvalidInput(f"{model.name} has no sampler {values['sampler']!r}; it has {', '.join(model.samplers)}.")
    cleaning = cleaned(mask, keep_specks)
    margins = values.get("margins", Margins())
    if cleaning.mask.bounds.empty and "sketch" not in values and any(margins) and max(margins) <= 0:
        before = picture().box
        return CompletedEdit(crop(before, before.moved(margins)), cleaning.specks)
    region = grown_past_edge(picture(), cleaning.mask) if intent == "remove" else cleaning.mask
    defaults = {} if model is None else model.defaults
    return CompletedEdit(Edit(region, **{"strength": STRENGTHS[intent], **defaults, **values}), cleaning.specks)


def crop(before: Box, box: Box) -> Edit:
    """Returns the edit that crops a picture at `before` to a box, for which no model runs.

    Raises:
        InvalidInput: the box does not lie within the picture.
    """
    margins = before.margins_to(box)
    if max(margins) > 0:
        raise InvalidInput(f"The crop {box} does not lie within the picture. To make the picture larger, expand it.")
    return Edit(NOWHERE, margins=margins, seed=0, pipeline="none")


def mode_of(edit: Mapping[str, Any], remade: Mapping[str, Any] | None = None) -> str:
    """Returns what an edit did, for its row in the history; edits do not record the intent that they were made from.

    Args:
        edit: the edit, parsed from its JSON.
        remade: that of the step which it repeats, in a replay.

    Returns:
        An intent, "crop", "hidden", or "blend" when it repeats a step with another blend. "remove" is every edit
        without a prompt, which fills from the surroundings.
    """
    if not edit["blend"].get("visible", True):
        return "hidden"
    if remade is not None and edit != remade and {**edit, "blend": None} == {**remade, "blend": None}:
        return "blend"
    if any(margins := edit.get("margins", ())):
        return "expand" if max(margins) > 0 else "crop"
    if "sketch" in edit:
        return "sketch"
    if edit["strength"] < 1:
        return "refine"
    return "fill" if edit["prompt"] else "remove"


def variations(edit: Edit, count: int) -> list[Edit]:
    """Returns an edit `count` times, with seeds from its own on.

    Raises:
        InvalidInput: there cannot be so many.
    """
    if not 1 <= count <= MAX_IMAGES:
        raise InvalidInput(f"There can be 1 to {MAX_IMAGES} variations at a time, not {count}.")
    return [replace(edit, seed=(edit.seed + n) % 2**32) for n in range(count)]
