"""Pictures that are laid into another as they are: an edit without a model, recorded and replayed like any other."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from editor.edits.apply import apply
from editor.edits.edit import Edit
from editor.edits.intents import crop, mode_of, paste
from editor.edits.plan import affected_region
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import Patch, Pixels
from editor.recipes.recipe import Recipe
from editor.recipes.replay import difference, replay
from editor.recipes.scaling import scaled_recipe
from editor.session import Session
from editor.store.store import Store
from editor.worker import Worker
from pipelines.base import Pipeline, run
from pipelines.errors import InvalidInput
from tests.fakes import NoisePipeline, loader
from tests.samples import an_edit, disc, noise, strokes


def no_model(name: str) -> Pipeline:
    raise AssertionError(f"{name} was asked for")


def pasted(edit: Edit, picture: Picture) -> Picture:
    return run(apply(edit, picture, no_model)).picture


def expected(below: Pixels, above: Pixels, share: float = 1.0) -> np.ndarray:
    """Float (H, W, 3): the colours above over opaque ones."""
    alpha = above[..., 3:] / 255 * share
    return np.asarray(below * (1 - alpha) + above[..., :3] * alpha)


@given(
    x=st.integers(-60, 290), y=st.integers(-60, 190), width=st.integers(1, 90), height=st.integers(1, 90),
    opacity=st.sampled_from([1.0, 0.4]),
)  # fmt: skip
def test_the_pixels_are_laid_over_by_their_alpha_and_no_other_changes(
    x: int, y: int, width: int, height: int, opacity: float
) -> None:
    piece = strokes(Box(x, y, width, height))
    edit = paste(piece)
    edit = Edit.from_json(edit.to_json(), lambda digest: edit.sketch.pixels if edit.sketch else np.empty(0, np.uint8))
    blend = type(edit.blend)(feather=0, opacity=opacity, colour_match=False)
    edit = Edit(edit.mask, sketch=edit.sketch, seed=edit.seed, pipeline=edit.pipeline, blend=blend)
    picture = Picture.from_pixels(noise(300, 200))
    assert edit.sketch is not None
    shared = edit.sketch.box.intersect(picture.box)
    if shared.empty or not edit.sketch.cut(picture.box).pixels[..., 3].any():
        with pytest.raises(InvalidInput, match="outside the picture"):
            affected_region(edit, picture.box)
        return
    after = pasted(edit, picture)
    before, result = picture.pixels(), after.pixels()
    here = shared.slices(picture.box)
    wanted = expected(before[here], edit.sketch.cut(picture.box).pixels, opacity)
    assert np.abs(result[here] - wanted).max() <= 1
    outside = affected_region(edit, picture.box).on(picture.box) == 0
    assert np.array_equal(result[outside], before[outside])
    assert after.box == picture.box


def test_an_opaque_picture_is_pasted_to_the_byte() -> None:
    pixels = np.dstack([noise(40, 30, 4), np.full((30, 40), 255, np.uint8)])
    after = pasted(paste(Patch(Box(100, 50, 40, 30), pixels)), Picture.from_pixels(noise(300, 200)))
    assert np.array_equal(after.read(Box(100, 50, 40, 30)).pixels, pixels[..., :3])


def test_on_a_transparent_picture_its_own_alpha_stays() -> None:
    piece = strokes(Box(20, 10, 50, 40))
    after = pasted(paste(piece), Picture.blank(100, 80))
    assert np.array_equal(after.opacity(piece.box), piece.pixels[..., 3])
    shown = piece.pixels[..., 3] > 0
    assert np.array_equal(after.read(piece.box).pixels[shown], piece.pixels[shown][:, :3])
    assert not after.opacity(Box(0, 0, 20, 80)).any()


def test_what_shows_nothing_is_refused_with_a_sentence() -> None:
    with pytest.raises(InvalidInput, match="transparent everywhere"):
        paste(Patch(Box(0, 0, 5, 4), np.zeros((4, 5, 4), np.uint8)))


def test_it_is_called_so_in_the_history_and_a_sketch_or_a_crop_is_not() -> None:
    piece = strokes(Box(0, 0, 20, 20))
    modes = [
        mode_of(json.loads(edit.to_json()))
        for edit in (paste(piece), an_edit(disc(Box(0, 0, 9, 9)), sketch=piece), crop(Box(0, 0, 9, 9), Box(0, 0, 5, 5)))
    ]
    assert modes == ["paste", "sketch", "crop"]


def test_an_edit_of_a_stranger_that_names_no_model_but_needs_one_is_refused() -> None:
    for edit in (
        an_edit(disc(Box(0, 0, 9, 9)), pipeline="none"),
        an_edit(disc(Box(0, 0, 9, 9)), pipeline="none", sketch=strokes(Box(0, 0, 9, 9))),
    ):
        assert not edit.pastes
        with pytest.raises(InvalidInput):
            run(apply(edit, Picture.from_pixels(noise(30, 20)), loader(NoisePipeline())))


def test_a_path_with_it_is_undone_replayed_verified_scaled_and_exported(store: Store, tmp_path: Path) -> None:
    session, load = Session(store), loader(NoisePipeline())
    worker = Worker(store, load)
    document = session.open(noise(300, 200), "Living room").id
    steps = [
        an_edit(disc(Box(30, 40, 50, 40))),
        paste(strokes(Box(60, 50, 80, 60))),
        an_edit(disc(Box(90, 60, 40, 40)), seed=9),
    ]
    for step in steps:
        session.submit(document, step)
        assert worker.run_one()
    last = session.picture(document)
    session.undo(document)
    session.undo(document)
    session.redo(document)
    session.redo(document)
    assert session.picture(document) == last

    recipe = Recipe.from_json(session.exports.recipe(document, "this").to_json())
    assert recipe.steps == tuple(steps)
    opened = Picture.from_pixels(noise(300, 200))
    after = run(replay(recipe, opened, load))
    assert after[-1] == last and difference(recipe, opened, after, last.pixels(), "this") == ""
    larger = scaled_recipe(recipe, Box(0, 0, 600, 400))
    twice = run(replay(larger, Picture.from_pixels(noise(600, 400)), load))
    assert larger.steps[1].pastes and twice[1] != twice[0]

    # an earlier step is changed: the pasted picture is laid in again
    first = store.revisions.path_to(store.documents.get(document).head)[1]
    session.amend(document, first.id, an_edit(disc(Box(30, 40, 50, 40)), seed=77))
    while worker.run_one():
        pass
    path = store.revisions.path_to(store.documents.get(document).head)
    assert [each.edit for each in path[2:]] == steps[1:]
    before, now = (path[n].picture for n in (1, 2))
    assert before is not None and now is not None and pasted(steps[1], before) == now

    for name in ("room.png", "room.ora", "room.palimpsest"):
        session.exports.write(document, tmp_path / name, made_with="this")
    copy = session.open_document(tmp_path / "room.palimpsest")
    assert session.picture(copy.id) == session.picture(document)
    with pytest.raises(InvalidInput, match="No model made"):
        session.checkout(document, path[2].id)
        session.again(document, 5)
