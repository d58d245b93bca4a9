"""Intents (fill, remove, refine, expand, sketch, adjust, crop) as edits, whoever asks: page, API, MCP, command line."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from editor.edits.adjustment import Adjustment
from editor.edits.edit import NO_MODEL, NOWHERE, Blend, Edit
from editor.imaging.edge_growth import grown_past_edge
from editor.imaging.geometry import Box, Margins
from editor.imaging.limits import MAX_GROWTH, MAX_IMAGES
from editor.imaging.mask_cleaning import cleaned
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask, Patch
from pipelines.base import Pipeline, PipelineInfo
from pipelines.errors import InvalidInput
from pipelines.wording.resolve import resolve

ADJUST = "adjust"  # the intent for which no model runs
# the default strength of each other intent; fill, remove and expand ignore what is under the mask. At that of refine a
# thing takes the colour that is asked for, and at a lower one often not: docs/models.md has the measurement
STRENGTHS = {"fill": 1.0, "remove": 1.0, "refine": 0.9, "expand": 1.0, "sketch": 0.7}
# the fields of an Edit that an intent ignores
IGNORED_FIELDS = {
    "remove": ("prompt", "negative_prompt", "sketch", "strength", "clip_guidance"),
    "refine": ("sketch",),
}


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
    grow: int | None = None,
) -> CompletedEdit:
    """Makes the Edit of an intent.

    Args:
        intent: "fill" replaces what is under the mask from the prompt, or without one from the surroundings; "remove"
            replaces it, and the edge of the object there, from the surroundings; "refine" redraws it close to the
            original; "expand" generates the area that margins add, or crops when they only cut; "sketch" starts from
            strokes; "adjust" changes colours and needs no model.
        mask: where; cleaned of specks unless `keep_specks`, but not to "adjust", which may be meant for small things.
            For that, no mask stands for the whole picture.
        settings: the other fields of the Edit, `seed` and `pipeline` at least; to "adjust", `adjustment` and maybe
            `blend`. Missing ones and None stand for the model's default, else the intent's or the Edit's. Fields that
            the intent ignores are left out. `exact_words` is none of them: whether the model is given the prompt as it
            is, and not in the words that it was taught.
        model: the model's info; None while it is loading, when its defaults and samplers are unknown.
        picture: returns the picture to edit; called for "remove" and for a crop.
        keep_specks: whether to keep specks in the mask.
        grow: by how many pixels the mask of "remove" grows, 0 to MAX_GROWTH; None: as far as the edge needs that its
            boundary lies on, see `grown_past_edge`.

    Raises:
        InvalidInput: there is no such intent or sampler, a value is out of range, or another intent is to grow.
    """
    if intent == ADJUST:
        return CompletedEdit(adjust(mask, settings.get("adjustment"), settings.get("blend") or Blend()), 0)
    if intent not in [*STRENGTHS]:  # a list, since a request may send an unhashable value
        raise InvalidInput(f"There is no intent {intent!r}; choose one of {', '.join((*STRENGTHS, ADJUST))}.")
    ignored = (*IGNORED_FIELDS.get(intent, ()), "adjustment", "exact_words")
    values = {name: value for name, value in settings.items() if value is not None and name not in ignored}
    if model is not None and model.samplers and values.get("sampler", model.samplers[0]) not in model.samplers:
        raise InvalidInput(f"{model.name} has no sampler {values['sampler']!r}; it has {', '.join(model.samplers)}.")
    cleaning = cleaned(mask, keep_specks)
    margins = values.get("margins", Margins())
    if cleaning.mask.bounds.empty and "sketch" not in values and any(margins) and max(margins) <= 0:
        before = picture().box
        return CompletedEdit(crop(before, before.moved(margins)), cleaning.specks)
    if grow is not None and intent != "remove":
        raise InvalidInput(f"A mask grows to remove what is there, not to {intent}. Leave `grow` out.")
    if grow is not None and (type(grow) is not int or not 0 <= grow <= MAX_GROWTH):
        raise InvalidInput(f"A mask can grow by a whole number from 0 to {MAX_GROWTH} pixels, not by {grow!r}.")
    region = _grown(picture(), cleaning.mask, grow) if intent == "remove" else cleaning.mask
    if model is not None and not settings.get("exact_words"):
        values["painted_as"] = painted_as(values.get("prompt", ""), model.vocabulary)
    defaults = {} if model is None else model.defaults
    return CompletedEdit(Edit(region, **{"strength": STRENGTHS[intent], **defaults, **values}), cleaning.specks)


def painted_as(prompt: str, vocabulary: Collection[str] | None) -> str:
    """Returns an Edit's field of this name, for a model with this vocabulary, see `resolve`."""
    painted = resolve(prompt, vocabulary).prompt
    return "" if painted == prompt else painted


def prompt_hint(prompt: str, own: str, model: Pipeline | PipelineInfo, exact_words: bool) -> str:
    """Returns what to say of a prompt: the model's own hint, else what became of its words, else ''.

    Args:
        prompt: as it was typed.
        own: the model's hint about what it was given, see `Pipeline.hint`.
        model: the model.
        exact_words: whether the model is given the prompt as it is.
    """
    return own or ("" if exact_words else resolve(prompt, model.vocabulary).sentence(model.name))


def _grown(picture: Picture, mask: Mask, grow: int | None) -> Mask:
    """Grows the mask of what is removed, within the picture."""
    if grow is None:
        return grown_past_edge(picture, mask)
    return mask.grown(grow).cut(picture.box.union(mask.box)) if grow else mask


def crop(before: Box, box: Box) -> Edit:
    """Returns the edit that crops a picture at `before` to a box, for which no model runs.

    Raises:
        InvalidInput: the box does not lie within the picture.
    """
    margins = before.margins_to(box)
    if max(margins) > 0:
        raise InvalidInput(f"The crop {box} does not lie within the picture. To make the picture larger, expand it.")
    return Edit(NOWHERE, margins=margins, seed=0, pipeline=NO_MODEL)


def paste(piece: Patch) -> Edit:
    """Returns the edit that lays a picture into another as it is, by its alpha, for which no model runs.

    Args:
        piece: uint8 (H, W, 4) RGBA, where it goes. What lies outside the picture is cut off.

    Raises:
        InvalidInput: the piece is too large, or transparent everywhere.
    """
    blend = Blend(feather=0, colour_match=False)
    try:
        return Edit(NOWHERE, sketch=piece, seed=0, pipeline=NO_MODEL, blend=blend)
    except InvalidInput:
        if piece.pixels[..., 3].any():
            raise
        raise InvalidInput("The picture to place is transparent everywhere, so there is nothing to place.") from None


def adjust(mask: Mask, adjustment: Adjustment | None, blend: Blend) -> Edit:
    """Returns the edit that adjusts colours under a mask, or in the whole picture where it is empty; no model runs.

    Raises:
        InvalidInput: there is no adjustment.
    """
    if adjustment is None:
        raise InvalidInput("To adjust a picture, set at least one value of the adjustment, such as its exposure.")
    return Edit(mask, adjustment=adjustment, blend=blend, seed=0, pipeline=NO_MODEL)


def mode_of(edit: Mapping[str, Any], remade: Mapping[str, Any] | None = None) -> str:
    """Returns what an edit did, for its row in the history; edits do not record the intent that they were made from.

    Args:
        edit: the edit, parsed from its JSON.
        remade: that of the step which it repeats, in a replay.

    Returns:
        An intent, "crop", "paste", "hidden", or "blend" when it repeats a step with another blend. "remove" is every
        edit without a prompt, which fills from the surroundings.
    """
    if not edit["blend"].get("visible", True):
        return "hidden"
    if remade is not None and edit != remade and {**edit, "blend": None} == {**remade, "blend": None}:
        return "blend"
    if "adjustment" in edit:
        return ADJUST
    if any(margins := edit.get("margins", ())):
        return "expand" if max(margins) > 0 else "crop"
    if "sketch" in edit:
        return "paste" if edit["pipeline"] == NO_MODEL else "sketch"
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
