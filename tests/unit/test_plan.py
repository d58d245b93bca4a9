"""What is output of an edit beforehand is what comes of it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from editor.edits.apply import apply, laid_in
from editor.edits.edit import NOWHERE, Blend, Edit
from editor.edits.generation import Applied
from editor.edits.plan import edit_region, plan
from editor.imaging.geometry import Box, Margins
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask, Pixels
from pipelines.base import PipelineInfo, run
from pipelines.classical import Classical
from tests.fakes import FlatPipeline, NoisePipeline, Plain, RefiningPipeline, ShapedPipeline, SoftPipeline, loader
from tests.samples import BLENDS, an_edit, cutout, disc, edit_requests, noise

LOAD = loader(
    NoisePipeline(),
    NoisePipeline(size=96, name="wide"),
    RefiningPipeline(),
    ShapedPipeline(),
    SoftPipeline((9, 90, 200)),
)
OTHERS = st.sampled_from(["", "", "shaped", "soft"])  # pipelines, or that of the edit


def steps_of(edit: Edit, picture: Picture) -> tuple[int, Applied]:
    """How many steps are output of while an edit is made, and what comes of it."""
    totals = [0]
    applied = run(apply(edit, picture, LOAD), lambda progress: totals.append(progress.total))
    return totals[-1], applied


@settings(max_examples=80)
@given(edit_requests(), OTHERS)
def test_a_plan_is_what_is_done(edit: Edit, other: str) -> None:
    edit = replace(edit, pipeline=other or edit.pipeline)
    picture = Picture.from_pixels(cutout(330, 270))
    try:
        edit_region(edit, picture.box)
    except ValueError as error:
        with pytest.raises(ValueError, match="lies outside"):
            plan(edit, picture.box, LOAD(edit.pipeline))
        assert "lies outside" in str(error)
        return
    planned = plan(edit, picture.box, LOAD(edit.pipeline))
    total, applied = steps_of(edit, picture)
    assert (planned.steps, tuple(part.window for part in planned.parts)) == (total, applied.windows)


@pytest.mark.parametrize("strength", [1, 0.1])
def test_a_large_mask_takes_many_windows(strength: float) -> None:
    """Those without any of the mask are not drawn, and where little is to change, the whole is not drawn first."""
    alpha = np.zeros((260, 320), np.uint8)
    alpha[:60], alpha[:, :60] = 255, 255
    edit = an_edit(Mask(Box(0, 0, 320, 260), alpha), pipeline="refining", strength=strength)
    picture = Picture.from_pixels(noise(330, 270))
    planned = plan(edit, picture.box, LOAD("refining"))
    assert planned.steps == steps_of(edit, picture)[0] > edit.steps
    whole = plan(replace(edit, mask=disc(Box(0, 0, 320, 260))), picture.box, LOAD("refining"))
    assert planned.steps < whole.steps


def test_a_crop_takes_no_step() -> None:
    picture = Picture.from_pixels(noise(100, 80))
    planned = plan(an_edit(NOWHERE, margins=Margins(-10, 0, 0, -10)), picture.box, LOAD("noise"))
    assert planned.steps == 0 and not planned.parts


@settings(max_examples=60)
@given(edit_requests(), BLENDS, OTHERS)
def test_another_blend_is_what_reblending_makes(edit: Edit, blend: Blend, pipeline: str) -> None:
    edit = replace(edit, pipeline=pipeline or edit.pipeline)
    picture = Picture.from_pixels(noise(330, 270))
    try:
        applied = run(apply(edit, picture, LOAD))
    except ValueError:
        assume(False)
    other = replace(edit, blend=blend)
    silent: Any = loader(*(_Silent(each) for each in ("noise", "wide", "refining", "shaped", "soft")))
    try:
        found = laid_in(other, picture, silent, applied.crops.get)
    except ValueError as error:
        # what is asked in its windows is another; and a soft one is asked for the very edge
        assert "not stored" in str(error) and edit.pipeline in ("refining", "soft")
        moved = (edit.blend.feather, edit.blend.edge) != (blend.feather, blend.edge)
        assert moved or max(edit_region(edit, picture.box).bounds[2:]) > LOAD(edit.pipeline).size
        return
    assert found == run(apply(other, picture, LOAD)).picture


class _Silent(Plain):
    """A pipeline that is looked at, and never asked."""

    def __init__(self, name: str) -> None:
        asked = LOAD(name)
        self.name, self.size, self.buckets = name, asked.size, asked.buckets
        self.supports_strength, self.soft = asked.supports_strength, asked.soft
        self.hint = asked.hint  # type: ignore[method-assign]

    def inpaint(self, request: object) -> None:
        pytest.fail("a model ran")


def test_what_was_never_drawn_cannot_be_laid_in() -> None:
    picture = Picture.from_pixels(noise(100, 80))
    with pytest.raises(ValueError, match="not stored"):
        info = PipelineInfo.of(FlatPipeline((1, 2, 3)))
        laid_in(an_edit(Box(10, 10, 30, 30), pipeline="flat"), picture, lambda name: info, lambda digest: None)


class FromAround(Classical):
    """One colour in every hole: that of what is known, which there must be."""

    def _filled(self, image: Pixels, mask: Pixels) -> Pixels:
        return np.where(mask[..., None] > 0, np.median(image[mask == 0], 0).astype(np.uint8), image)


@pytest.mark.parametrize("side", range(4), ids=Margins._fields)
def test_a_margin_grows_from_the_picture_outwards(side: int) -> None:
    """Whatever its side: drawn from its far end, it knew nothing of the picture that it belongs to."""
    margins = Margins(*(4000 if n == side else 0 for n in range(4)))
    picture = Picture.from_pixels(np.full((40, 40, 3), (200, 90, 20), np.uint8))
    edit = Edit(NOWHERE, margins=margins, seed=1, pipeline="classical")
    planned = plan(edit, picture.box, Classical())
    assert len(planned.parts) > 3
    known = [picture.box]
    for part in planned.parts:
        assert any(not part.window.intersect(box).empty for box in known)
        known.append(part.mask.bounds)
    applied = run(apply(edit, picture, lambda _: FromAround()))
    assert (applied.picture.pixels() == (200, 90, 20)).all()


@pytest.mark.parametrize("shape", [(90, 120), (300, 5000)], ids=str)
def test_what_fills_from_around_a_mask_wants_something_around_it(shape: tuple[int, int]) -> None:
    picture = Picture.from_pixels(np.full((*shape, 3), 90, np.uint8))
    whole = np.full(shape, 255, np.uint8)
    edit = Edit(Mask(picture.box, whole), seed=1, pipeline="classical")
    with pytest.raises(ValueError, match="There is nothing to fill from: classical fills a mask from its surroundings"):
        plan(edit, picture.box, Classical())
    plan(edit, picture.box, NoisePipeline())  # draws from words
    alpha = whole.copy()
    alpha[-1, -1] = 0
    plan(replace(edit, mask=Mask(picture.box, alpha)), picture.box, Classical())
