"""Intents: each comes to the Edit that its name says, and nothing else changes."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from editor.edits.edit import NOWHERE, Blend, Edit
from editor.edits.intents import complete, crop, mode_of, prompt_hint
from editor.imaging.geometry import Box, Margins
from editor.imaging.limits import MAX_GROWTH, MAX_PIXELS
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask
from editor.store.revisions import Revision
from editor.store.store import Store
from pipelines.base import PipelineInfo, Request
from pipelines.errors import InvalidInput
from tests.fakes import NoisePipeline, RefiningPipeline
from tests.samples import an_edit, disc, filled, noise, strokes
from tests.workbench import Workbench


@pytest.fixture
def workbench(store: Store) -> Workbench:
    workbench = Workbench(store, RefiningPipeline(), NoisePipeline())
    workbench.open(noise(300, 280), "Room")
    return workbench


def asked(workbench: Workbench) -> list[Request]:
    """What the refining model was asked."""
    requests: list[Request] = workbench.models[0].requests
    return requests


def intend(workbench: Workbench, intent: str, mask: Mask, **settings: Any) -> Revision:
    """The finished step of an intent."""
    info, id = PipelineInfo.of(workbench.models[0]), workbench.document.id
    (step,) = workbench.do([complete(intent, mask, settings, info, lambda: workbench.session.picture(id)).edit])
    return step


# small enough that the model's window is the picture's own pixels
MASK = disc(Box(60, 60, 40, 40))
EDIT = an_edit(MASK, pipeline="refining", negative_prompt="a cat")
WORDS = {"prompt": "a green couch", "seed": 1, "pipeline": "refining", "steps": 3}


def test_removing_asks_for_nothing_from_nothing(workbench: Workbench) -> None:
    step = intend(workbench, "remove", MASK, **WORDS, strength=0.4, sketch=strokes(Box(70, 70, 9, 9)))
    (request,) = asked(workbench)
    assert (request.prompt, request.negative_prompt, request.strength) == ("", "", 1.0)
    assert step.edit == Edit(MASK, pipeline="refining", seed=1, steps=3)  # in noise no edge is to be grown past


@pytest.mark.parametrize("grow", [0, 1, 7, MAX_GROWTH])
def test_what_is_removed_grows_as_far_as_is_said(grow: int) -> None:
    """Within the picture."""
    picture = Picture.from_pixels(noise(200, 160))
    for box in (Box(60, 60, 40, 40), Box(0, 0, 30, 30), Box(180, 140, 20, 20)):
        mask = disc(box)
        edit = complete("remove", mask, {"seed": 1, "pipeline": "noise"}, None, lambda: picture, grow=grow).edit
        assert edit.mask == (mask.grown(grow) if grow else mask).cut(picture.box)


@pytest.mark.parametrize("grow", [-1, MAX_GROWTH + 1, 2.5, "3", True])
def test_a_growth_out_of_range_is_a_sentence(grow: Any) -> None:
    picture, settings = Picture.from_pixels(noise(200, 160)), {"seed": 1, "pipeline": "noise"}
    with pytest.raises(InvalidInput, match="from 0 to 64 pixels"):
        complete("remove", MASK, settings, None, lambda: picture, grow=grow)
    with pytest.raises(InvalidInput, match="grows to remove"):
        complete("fill", MASK, settings, None, lambda: picture, grow=3)


def test_refining_begins_from_what_is_there(workbench: Workbench) -> None:
    step = intend(workbench, "refine", MASK, **WORDS, strength=0.3, blend=Blend(colour_match=False))
    (request,) = asked(workbench)
    assert (request.prompt, request.strength) == ("a green couch", 0.3)
    assert step.picture == workbench.store.revisions.picture(
        workbench.document.head
    )  # this model gives back what it began from


def test_a_sketch_is_what_it_begins_from(workbench: Workbench) -> None:
    drawn = strokes(Box(100, 100, 40, 40))
    step = intend(workbench, "sketch", NOWHERE, **WORDS, sketch=drawn, blend=Blend(colour_match=False))
    (request,) = asked(workbench)
    assert request.strength == 0.7 and step.edit is not None and step.edit.sketch == drawn
    inside = drawn.pixels[..., 3] == 255
    assert step.picture is not None  # by a model that gives back what it began from
    assert np.array_equal(step.picture.read(drawn.box).pixels[inside], drawn.pixels[inside][:, :3])


def test_widening_paints_what_is_new_and_keeps_what_was(workbench: Workbench) -> None:
    before = workbench.picture
    margins = before.box.widened_to(16 / 9)
    step = intend(workbench, "expand", NOWHERE, **WORDS, margins=margins)
    assert step.picture is not None
    width, height = step.picture.box.width, step.picture.box.height
    assert abs(width / height - 16 / 9) < 0.01 and height == 280
    assert step.picture.opacity(step.picture.box).min() == 255
    inner = Box(8, 0, 284, 280)
    assert np.array_equal(step.picture.read(inner).pixels, before.read(inner).pixels)


def test_what_nobody_says_is_the_models_default_or_else_the_intents(workbench: Workbench) -> None:
    model = PipelineInfo.of(NoisePipeline())
    defaults = replace(model, defaults={"steps": 7, "guidance": 3.5})
    settings = {"seed": 1, "pipeline": "noise", "steps": None, "prompt": "a lamp"}

    def edit(intent: str, **more: Any) -> Edit:
        return complete(intent, MASK, settings | more, defaults, lambda: workbench.picture).edit

    assert (edit("fill").steps, edit("fill").guidance, edit("fill", steps=9).steps) == (7, 3.5, 9)
    strengths = {name: edit(name).strength for name in ("fill", "remove", "refine", "expand", "sketch")}
    assert strengths == {"fill": 1, "remove": 1, "refine": 0.9, "expand": 1, "sketch": 0.7}
    for wrong, match in (({"sampler": "none"}, "noise has no sampler 'none'; it has"), ({"steps": 0}, "steps")):
        with pytest.raises(ValueError, match=match):
            edit("fill", **wrong)
    with pytest.raises(ValueError, match=r"There is no intent 'erase'; choose one of fill, remove"):
        edit("erase")


def test_a_crop_asks_no_model_and_a_wider_one_is_refused(workbench: Workbench) -> None:
    job = workbench.session.crop(workbench.document.id, Box(20, 30, 100, 90))
    workbench.finish()
    step = workbench.store.revisions.get(job.id)
    assert step.picture is not None and not asked(workbench)
    assert np.array_equal(step.picture.pixels(), noise(300, 280)[30:120, 20:120])
    with pytest.raises(ValueError, match="expand it"):
        workbench.session.crop(workbench.document.id, Box(20, 30, 101, 90))
    with pytest.raises(ValueError, match="Nothing would be left"):
        workbench.session.crop(workbench.document.id, Box(20, 30, 0, 0))


@pytest.mark.parametrize(
    ("intent", "settings", "mode"),
    [
        ("fill", {}, "fill"),
        ("fill", {"prompt": ""}, "remove"),  # from the surroundings, as "remove" does
        ("remove", {}, "remove"),
        ("refine", {}, "refine"),
        ("refine", {"prompt": ""}, "refine"),
        ("sketch", {"sketch": strokes(Box(70, 70, 9, 9))}, "sketch"),
        ("expand", {"margins": Margins(0, 0, 40, -10)}, "expand"),
    ],
)
def test_an_edit_says_what_it_did(workbench: Workbench, intent: str, settings: dict[str, Any], mode: str) -> None:
    step = intend(workbench, intent, MASK, **WORDS | settings)
    node = next(each for each in workbench.store.revisions.tree(workbench.document.id) if each.id == step.id)
    assert node.edit and mode_of(node.edit) == mode
    session = workbench.session
    assert step.edit is not None
    (again,) = session.amend(workbench.document.id, step.id, replace(step.edit, blend=Blend(opacity=0.5)))
    (other,) = [each for each in workbench.store.revisions.tree(workbench.document.id) if each.id == again.id]
    assert other.edit and mode_of(other.edit, other.remade) == "blend" and mode_of(other.edit) == mode


def test_a_crop_says_so_and_a_replayed_step_is_what_it_was() -> None:
    cropped = json.loads(crop(Box(0, 0, 99, 99), Box(9, 9, 50, 50)).to_json())
    assert mode_of(cropped) == "crop"
    step = json.loads(EDIT.to_json())
    assert mode_of(step, step) == mode_of(step, {**step, "seed": 5}) == "fill"


def test_a_picture_from_words_alone_begins_with_nothing(workbench: Workbench) -> None:
    workbench.document = workbench.session.blank(90, 70, "New")
    assert workbench.picture.opacity(Box(0, 0, 90, 70)).max() == 0
    (step,) = workbench.do([replace(EDIT, mask=filled(Box(0, 0, 90, 70)))])
    assert step.picture is not None and step.picture.pixels().shape == (70, 90, 3)
    assert (asked(workbench)[0].mask == 255).all()
    with pytest.raises(ValueError, match="at most"):
        workbench.session.blank(MAX_PIXELS, 2)
    with pytest.raises(ValueError, match="at least one pixel"):
        workbench.session.blank(0, 2)


def test_margins_of_nothing_and_no_mask_is_no_edit() -> None:
    with pytest.raises(ValueError, match="The mask is empty"):
        replace(EDIT, mask=NOWHERE, margins=Margins())


def test_of_a_prompt_the_models_own_hint_is_said_first_and_of_exact_words_nothing_else() -> None:
    class Taught(NoisePipeline):
        vocabulary = frozenset({"a", "couch"})

    model = Taught()
    left_out = prompt_hint("a velvet couch", "", model, False)
    assert "“velvet” is left out" in left_out and model.name in prompt_hint("a fireplace", "", model, False)
    assert prompt_hint("a velvet couch", "Too long.", model, False) == "Too long."
    assert prompt_hint("a velvet couch", "", model, True) == ""
    assert prompt_hint("a velvet couch", "Too long.", model, True) == "Too long."
    assert prompt_hint("a couch", "", model, False) == prompt_hint("", "", model, False) == ""
