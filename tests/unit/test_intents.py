"""Intents: each comes to the Edit that its name says, and nothing else changes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from editor.edits.edit import NOWHERE, Blend, Edit
from editor.edits.intents import complete
from editor.imaging.geometry import Box, Margins
from editor.imaging.limits import MAX_PIXELS
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask
from editor.session import Session
from editor.store.documents import Document
from editor.store.revisions import Revision
from editor.worker import Worker
from pipelines.base import PipelineInfo
from tests.fakes import NoisePipeline, RefiningPipeline, loader
from tests.samples import an_edit, disc, filled, noise, strokes


class Desk:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.model = RefiningPipeline()
        self.worker = Worker(session.store, loader(self.model, NoisePipeline()))
        self.document: Document = session.open(noise(300, 280), "Room")

    def intend(self, intent: str, mask: Mask, **settings: Any) -> Revision:
        def shown() -> Picture:
            return self.session.picture(self.document.id)

        edit, _ = complete(intent, mask, settings, self.model, shown)
        return self.session.submit(self.document.id, edit)

    def kept(self, job: Revision) -> Revision:
        assert self.worker.run_one()
        kept = self.session.store.revisions.get(job.id)
        assert kept.picture is not None, kept.error
        return kept


@pytest.fixture
def desk(session: Session) -> Desk:
    return Desk(session)


# small enough that the model's window is the picture's own pixels
MASK = disc(Box(60, 60, 40, 40))
EDIT = an_edit(MASK, pipeline="refining", negative_prompt="a cat")
WORDS = {"prompt": "a green couch", "seed": 1, "pipeline": "refining", "steps": 3}


def test_removing_asks_for_nothing_from_nothing(desk: Desk) -> None:
    kept = desk.kept(desk.intend("remove", MASK, **WORDS, strength=0.4, sketch=strokes(Box(70, 70, 9, 9))))
    (asked,) = desk.model.requests
    assert (asked.prompt, asked.negative_prompt, asked.strength) == ("", "", 1.0)
    assert kept.edit == Edit(MASK, pipeline="refining", seed=1, steps=3)  # in noise no edge is to be grown past


def test_refining_begins_from_what_is_there(desk: Desk) -> None:
    kept = desk.kept(desk.intend("refine", MASK, **WORDS, strength=0.3, blend=Blend(colour_match=False)))
    (asked,) = desk.model.requests
    assert (asked.prompt, asked.strength) == ("a green couch", 0.3)
    assert kept.picture == desk.session.store.revisions.picture(
        desk.document.head
    )  # this model gives back what it began from


def test_a_sketch_is_what_it_begins_from(desk: Desk) -> None:
    drawn = strokes(Box(100, 100, 40, 40))
    kept = desk.kept(desk.intend("sketch", NOWHERE, **WORDS, sketch=drawn, blend=Blend(colour_match=False)))
    (asked,) = desk.model.requests
    assert asked.strength == 0.7 and kept.edit is not None and kept.edit.sketch == drawn
    inside = drawn.pixels[..., 3] == 255
    assert kept.picture is not None  # by a model that gives back what it began from
    assert np.array_equal(kept.picture.read(drawn.box).pixels[inside], drawn.pixels[inside][:, :3])


def test_widening_paints_what_is_new_and_keeps_what_was(desk: Desk) -> None:
    before = desk.session.picture(desk.document.id)
    margins = before.box.widened_to(16 / 9)
    kept = desk.kept(desk.intend("expand", NOWHERE, **WORDS, margins=margins))
    assert kept.picture is not None
    width, height = kept.picture.box.width, kept.picture.box.height
    assert abs(width / height - 16 / 9) < 0.01 and height == 280
    assert kept.picture.opacity(kept.picture.box).min() == 255
    inner = Box(8, 0, 284, 280)
    assert np.array_equal(kept.picture.read(inner).pixels, before.read(inner).pixels)


def test_what_nobody_says_is_the_models_default_or_else_the_intents(desk: Desk) -> None:
    model = PipelineInfo.of(NoisePipeline())
    defaults = replace(model, defaults={"steps": 7, "guidance": 3.5})
    asked = {"seed": 1, "pipeline": "noise", "steps": None, "prompt": "a lamp"}

    def edit(intent: str, **more: Any) -> Edit:
        return complete(intent, MASK, asked | more, defaults, lambda: desk.session.picture(desk.document.id)).edit

    assert (edit("fill").steps, edit("fill").guidance, edit("fill", steps=9).steps) == (7, 3.5, 9)
    strengths = {name: edit(name).strength for name in ("fill", "remove", "refine", "expand", "sketch")}
    assert strengths == {"fill": 1, "remove": 1, "refine": 0.5, "expand": 1, "sketch": 0.7}
    for wrong, match in (({"sampler": "none"}, "noise has no sampler 'none'; it has"), ({"steps": 0}, "steps")):
        with pytest.raises(ValueError, match=match):
            edit("fill", **wrong)
    with pytest.raises(ValueError, match=r"There is no intent 'erase'; choose one of fill, remove"):
        edit("erase")


def test_a_crop_asks_no_model_and_a_wider_one_is_refused(desk: Desk) -> None:
    kept = desk.kept(desk.session.crop(desk.document.id, Box(20, 30, 100, 90)))
    assert kept.picture is not None and not desk.model.requests
    assert np.array_equal(kept.picture.pixels(), noise(300, 280)[30:120, 20:120])
    with pytest.raises(ValueError, match="expand it"):
        desk.session.crop(desk.document.id, Box(20, 30, 101, 90))
    with pytest.raises(ValueError, match="Nothing would be left"):
        desk.session.crop(desk.document.id, Box(20, 30, 0, 0))


def test_a_picture_from_words_alone_begins_with_nothing(desk: Desk) -> None:
    document = desk.session.blank(90, 70, "New")
    assert desk.session.picture(document.id).opacity(Box(0, 0, 90, 70)).max() == 0
    kept = desk.kept(desk.session.submit(document.id, replace(EDIT, mask=filled(Box(0, 0, 90, 70)))))
    assert kept.picture is not None and kept.picture.pixels().shape == (70, 90, 3)
    assert (desk.model.requests[0].mask == 255).all()
    with pytest.raises(ValueError, match="at most"):
        desk.session.blank(MAX_PIXELS, 2)
    with pytest.raises(ValueError, match="at least one pixel"):
        desk.session.blank(0, 2)


def test_margins_of_nothing_and_no_mask_is_no_edit() -> None:
    with pytest.raises(ValueError, match="The mask is empty"):
        replace(EDIT, mask=NOWHERE, margins=Margins())
