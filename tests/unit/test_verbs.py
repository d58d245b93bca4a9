"""The verbs that are an edit of a special kind: each asks for what its name says, and nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest

from editor.edits.edit import NOWHERE, Blend
from editor.imaging.geometry import Box, Margins
from editor.imaging.limits import MAX_PIXELS
from editor.session import Session
from editor.store.blobs import NotFound
from editor.store.store import Document, Revision
from editor.worker import Worker
from tests.fakes import NoisePipeline, RefiningPipeline, loader
from tests.samples import an_edit, disc, filled, noise, strokes


class Desk:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.model = RefiningPipeline()
        self.worker = Worker(session.store, loader(self.model, NoisePipeline()))
        self.document: Document = session.open(noise(300, 280), "Room")

    def kept(self, promise: Revision) -> Revision:
        assert self.worker.run_one()
        kept = self.session.revision(promise.id)
        assert kept.picture is not None, kept.error
        return kept


@pytest.fixture
def desk(session: Session) -> Desk:
    return Desk(session)


# small enough that the model's window is the picture's own pixels
WISH = an_edit(disc(Box(60, 60, 40, 40)), pipeline="refining", negative_prompt="a cat")
WORDS = {"prompt": "a green couch", "seed": 1, "pipeline": "refining", "steps": 3}


def test_removing_asks_for_nothing_from_nothing(desk: Desk) -> None:
    wish = replace(WISH, strength=0.4, sketch=strokes(Box(70, 70, 9, 9)))
    kept = desk.kept(desk.session.remove(desk.document.id, wish))
    (asked,) = desk.model.requests
    assert (asked.prompt, asked.negative_prompt, asked.strength) == ("", "", 1.0)
    assert kept.edit == replace(WISH, prompt="", negative_prompt="", strength=1.0)


def test_refining_begins_from_what_is_there(desk: Desk) -> None:
    kept = desk.kept(desk.session.refine(desk.document.id, replace(WISH, blend=Blend(colour_match=False)), 0.3))
    (asked,) = desk.model.requests
    assert (asked.prompt, asked.strength) == ("a green couch", 0.3)
    assert kept.picture == desk.session.store.picture(desk.document.head)  # this model gives back what it began from


def test_a_sketch_is_what_it_begins_from(desk: Desk) -> None:
    drawn = strokes(Box(100, 100, 40, 40))
    kept = desk.kept(desk.session.sketch(desk.document.id, drawn, blend=Blend(colour_match=False), **WORDS))
    (asked,) = desk.model.requests
    assert asked.strength == 0.7 and kept.edit is not None and kept.edit.sketch == drawn
    inside = drawn.pixels[..., 3] == 255
    assert kept.picture is not None  # by a model that gives back what it began from
    assert np.array_equal(kept.picture.read(drawn.box).pixels[inside], drawn.pixels[inside][:, :3])


def test_widening_paints_what_is_new_and_keeps_what_was(desk: Desk) -> None:
    before = desk.session.picture(desk.document.id)
    margins = before.box.widened_to(16 / 9)
    kept = desk.kept(desk.session.outpaint(desk.document.id, margins, **WORDS))
    assert kept.picture is not None
    width, height = kept.picture.box.width, kept.picture.box.height
    assert abs(width / height - 16 / 9) < 0.01 and height == 280
    assert kept.picture.opacity(kept.picture.box).min() == 255
    inner = Box(8, 0, 284, 280)
    assert np.array_equal(kept.picture.read(inner).pixels, before.read(inner).pixels)


def test_a_crop_asks_no_model_and_a_wider_one_is_refused(desk: Desk) -> None:
    kept = desk.kept(desk.session.crop(desk.document.id, Box(20, 30, 100, 90)))
    assert kept.picture is not None and not desk.model.requests
    assert np.array_equal(kept.picture.pixels(), noise(300, 280)[30:120, 20:120])
    with pytest.raises(ValueError, match="to widen it, paint what is new"):
        desk.session.crop(desk.document.id, Box(20, 30, 101, 90))
    with pytest.raises(ValueError, match="Nothing would be left"):
        desk.session.crop(desk.document.id, Box(20, 30, 0, 0))


def test_a_picture_from_words_alone_begins_with_nothing(desk: Desk) -> None:
    document = desk.session.blank(90, 70, "New")
    assert desk.session.picture(document.id).opacity(Box(0, 0, 90, 70)).max() == 0
    kept = desk.kept(desk.session.submit(document.id, replace(WISH, mask=filled(Box(0, 0, 90, 70)))))
    assert kept.picture is not None and kept.picture.pixels().shape == (70, 90, 3)
    assert (desk.model.requests[0].mask == 255).all()
    with pytest.raises(ValueError, match="at most"):
        desk.session.blank(MAX_PIXELS, 2)
    with pytest.raises(ValueError, match="at least one pixel"):
        desk.session.blank(0, 2)


def test_a_finished_steps_wish_under_another_mask_lies_beside_it(desk: Desk) -> None:
    step = desk.kept(desk.session.submit(desk.document.id, WISH))
    wider = WISH.mask.grown(12)
    again = desk.kept(desk.session.remask(desk.document.id, step.id, wider))
    assert again.parent == step.parent and again.edit == replace(WISH, mask=wider)
    assert step.id in [node.id for node in desk.session.tree(desk.document.id)]
    assert again.picture != step.picture
    root = desk.document.head
    with pytest.raises(ValueError, match="it has no mask"):
        desk.session.remask(desk.document.id, root, wider)
    with pytest.raises(NotFound):
        desk.session.remask(desk.document.id, "gone", wider)


def test_margins_of_nothing_and_no_mask_is_no_wish() -> None:
    with pytest.raises(ValueError, match="The mask is empty"):
        replace(WISH, mask=NOWHERE, margins=Margins())
