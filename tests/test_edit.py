import json
import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.edit import Blend, Edit, Scene, apply, context_window, painted, region
from editor.geometry import Box
from editor.picture import TILE, Picture
from editor.raster import Mask, Pixels
from pipelines.base import Pipeline, run
from tests.fakes import FailingPipeline, FlatPipeline, NoisePipeline, SlowPipeline, loader
from tests.laws import check_edit, check_text
from tests.samples import an_edit, disc, filled, noise

LOAD = loader(NoisePipeline(), NoisePipeline(size=96, name="wide"))
BLACK = np.zeros((200, 200, 3), np.uint8)

# the laws, on every sort of edit


@st.composite
def wishes(draw: st.DrawFn) -> Edit:
    box = Box(
        draw(st.integers(-60, 330)),
        draw(st.integers(-60, 270)),
        draw(st.integers(1, 150)),
        draw(st.integers(1, 150)),
    )
    mask = draw(st.sampled_from([filled, disc]))(box)
    if draw(st.booleans()):
        mask = Mask(box, mask.alpha // 3)  # soft all over
    return an_edit(
        mask,
        prompt=draw(st.text(max_size=20).filter(lambda text: text.isascii() or text.isprintable())),
        seed=draw(st.integers(0, 2**32 - 1)),
        guidance=draw(st.floats(0, 30)),
        steps=draw(st.integers(1, 3)),
        pipeline=draw(st.sampled_from(["noise", "wide"])),
        blend=Blend(feather=draw(st.integers(0, 64)), colour_match=draw(st.booleans())),
    )


@settings(max_examples=60)
@given(wishes())
def test_the_laws_hold_for_every_edit(edit: Edit) -> None:
    picture = Picture.from_pixels(noise(330, 270))
    if edit.mask.cut(picture.box).box.empty:
        with pytest.raises(ValueError, match="lies outside the picture"):
            run(apply(edit, picture, LOAD))
        return
    applied = check_edit(edit, picture, LOAD)
    assert painted(edit, picture).bounds.intersect(applied.window) == painted(edit, picture).bounds


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (40, 30), (64, 64), (TILE, TILE), (TILE + 1, 2 * TILE)])
def test_pictures_of_any_size(size: tuple[int, int]) -> None:
    picture = Picture.from_pixels(noise(*size))
    check_edit(an_edit(picture.box), picture, LOAD)
    check_edit(an_edit(Box(0, 0, 1, 1)), picture, LOAD)
    check_edit(an_edit(Box(size[0] - 1, size[1] - 1, 1, 1)), picture, LOAD)


def test_edit_upon_edit() -> None:
    picture = Picture.from_pixels(noise(300, 300))
    for n in range(5):
        picture = check_edit(an_edit(disc(Box(40 * n, 30, 70, 90)), seed=n), picture, LOAD).picture


# the context window


@given(
    st.builds(Box, st.integers(-999, 999), st.integers(-999, 999), st.integers(1, 999), st.integers(1, 999)),
    st.integers(1, 600),
)
def test_the_window_is_the_rule(hole: Box, size: int) -> None:
    window = context_window(hole, size)
    assert window.width == window.height == max(size, math.ceil(1.25 * max(hole.width, hole.height)))
    assert window.contains(hole)
    left, right = hole.x - window.x, window.right - hole.right
    top, bottom = hole.y - window.y, window.bottom - hole.bottom
    assert left - right in (0, 1) and top - bottom in (0, 1)


@pytest.mark.parametrize(
    ("hole", "size", "window"),
    [
        (Box(100, 100, 20, 20), 64, Box(78, 78, 64, 64)),
        (Box(100, 100, 21, 20), 64, Box(78, 78, 64, 64)),
        (Box(0, 0, 200, 100), 64, Box(-25, -75, 250, 250)),
        (Box(0, 0, 201, 1), 64, Box(-26, -126, 252, 252)),
    ],
)
def test_windows(hole: Box, size: int, window: Box) -> None:
    assert context_window(hole, size) == window


def test_the_model_sees_the_window_unresized_when_it_fits() -> None:
    plain, pipeline = noise(300, 300), NoisePipeline()
    edit = an_edit(Box(100, 120, 30, 20))
    applied = run(apply(edit, Picture.from_pixels(plain), loader(pipeline)))
    assert applied.window == Box(83, 98, 64, 64)
    (request,) = pipeline.requests
    assert np.array_equal(request.image, plain[98:162, 83:147])
    assert np.array_equal(request.mask, edit.mask.on(applied.window))
    assert (request.prompt, request.steps, request.seeds) == (edit.prompt, edit.steps, (edit.seed,))
    assert (request.guidance, request.sampler) == (edit.guidance, edit.sampler)


def test_a_window_at_the_corner_lies_inside_the_picture() -> None:
    applied = run(apply(an_edit(Box(0, 280, 10, 20)), Picture.from_pixels(noise(300, 300)), LOAD))
    assert applied.window == Box(0, 236, 64, 64)


def test_a_wide_hole_is_seen_smaller_and_comes_back_in_full() -> None:
    pipeline = NoisePipeline()
    applied = check_edit(an_edit(Box(20, 20, 240, 60)), Picture.from_pixels(noise(300, 300)), loader(pipeline))
    assert applied.window == Box(0, 0, 300, 300)
    assert pipeline.requests[0].image.shape == (64, 64, 3) and applied.crop.shape == (64, 64, 3)
    grown = cv2.resize(pipeline.image(1, "a green couch"), (300, 300), interpolation=cv2.INTER_CUBIC)
    edit = an_edit(Box(20, 20, 240, 60), blend=Blend(colour_match=False))
    result = run(apply(edit, Picture.from_pixels(noise(300, 300)), loader(pipeline))).picture
    assert np.array_equal(result.read(edit.mask.box).pixels, grown[20:80, 20:260])


# hazards


def test_beyond_the_picture_is_for_the_model_to_fill_and_never_black() -> None:
    """A picture smaller than the window: what lies outside is repaint, its border repeated as a start."""
    pipeline = FlatPipeline((9, 9, 9))
    white = Picture.from_pixels(np.full((40, 50, 3), 255, np.uint8))
    applied = check_edit(an_edit(Box(20, 10, 8, 8), pipeline="flat"), white, loader(pipeline))
    assert applied.window == Box(-7, -12, 64, 64)
    request = pipeline.requests[0]
    inside = white.box.slices(applied.window)
    outside = np.ones((64, 64), bool)
    outside[inside] = False
    assert (request.mask[outside] == 255).all()
    assert np.count_nonzero(request.mask[inside]) == 64
    assert (request.image == 255).all()


def test_unknown_pixels_are_never_feathered() -> None:
    picture = Picture.from_pixels(noise(40, 50))
    edit = an_edit(Box(20, 10, 8, 8), blend=Blend(feather=16))
    window = context_window(edit.mask.box, 64).shifted_into(picture.box)
    scene = Scene.of(edit, edit.mask, picture, window)
    outside = np.ones(window.shape, bool)
    outside[picture.box.slices(window)] = False
    assert (scene.alpha[outside] == 255).all()


@pytest.mark.parametrize("feather", [0, 8, 64])
def test_there_is_no_rim_at_the_pictures_edge(feather: int) -> None:
    """The feather measures the distance from the mask; the picture's edge is not something to fade into."""
    white = FlatPipeline((255, 255, 255))
    edit = an_edit(Box(0, 60, 80, 140), pipeline="flat", blend=Blend(feather=feather, colour_match=False))
    result = check_edit(edit, Picture.from_pixels(BLACK), loader(white)).picture
    assert (result.read(edit.mask.box).pixels == 255).all()
    fall = result.read(Box(80, 100, 6, 1)).pixels[0, :, 0]  # on the other side it fades, as it does anywhere
    assert (fall > 0).all() == (feather > 0) and fall[-1] < 255


@pytest.mark.parametrize("feather", [0, 1, 8, 64])
@pytest.mark.parametrize("shape", [filled, disc])
def test_nothing_of_the_old_object_is_left(feather: int, shape: Callable[[Box], Mask]) -> None:
    """All of the mask is the model's: a blur which eats into it would leave a ring of what was there."""
    white = FlatPipeline((255, 255, 255))
    edit = an_edit(shape(Box(80, 90, 30, 20)), pipeline="flat", blend=Blend(feather, colour_match=False))
    result = check_edit(edit, Picture.from_pixels(BLACK), loader(white)).picture
    changed = result.read(result.box).pixels[..., 0]
    assert (changed[edit.mask.on(result.box) == 255] == 255).all()
    assert (changed[edit.mask.grown(feather).on(result.box) == 0] == 0).all()
    if feather:
        assert 0 < changed[89, 95] < 255


def test_a_feather_ends_within_the_window() -> None:
    """Where the window leaves less room than the feather wants, no hard edge is cut into the picture."""
    white = FlatPipeline((255, 255, 255))
    big = np.zeros((600, 600, 3), np.uint8)
    edit = an_edit(Box(200, 200, 200, 200), pipeline="flat", blend=Blend(feather=64, colour_match=False))
    applied = check_edit(edit, Picture.from_pixels(big), loader(white))
    assert applied.window == Box(175, 175, 250, 250)
    row = applied.picture.read(Box(170, 300, 40, 1)).pixels[0, :, 0].astype(int)
    assert not row[:5].any() and row[5] < 12 and (np.diff(row[5:30]) >= 0).all() and row[30] == 255


def test_a_soft_mask_blends_softly() -> None:
    white = FlatPipeline((255, 255, 255))
    mask = Mask(Box(80, 80, 20, 20), np.full((20, 20), 100, np.uint8))
    edit = an_edit(mask, pipeline="flat", blend=Blend(feather=0, colour_match=False))
    result = check_edit(edit, Picture.from_pixels(BLACK), loader(white)).picture
    assert (result.read(mask.box).pixels == 100).all()
    assert (white.requests[0].mask[mask.box.slices(context_window(mask.box, 64))] == 255).all()


def test_a_result_is_matched_to_what_is_kept_around_it() -> None:
    grey = Picture.from_pixels(np.full((200, 200, 3), 120, np.uint8))
    off = loader(FlatPipeline((126, 118, 120)))
    edit = an_edit(Box(80, 80, 30, 30), pipeline="flat")
    assert check_edit(edit, grey, off).picture == grey
    plain = an_edit(Box(80, 80, 30, 30), pipeline="flat", blend=Blend(colour_match=False))
    assert tuple(check_edit(plain, grey, off).picture.read(Box(90, 90, 1, 1)).pixels[0, 0]) == (126, 118, 120)


def test_a_mask_which_leaves_the_picture_is_cut_to_it() -> None:
    pipeline = NoisePipeline()
    check_edit(an_edit(Box(-30, -30, 60, 60)), Picture.from_pixels(noise(300, 300)), loader(pipeline))
    assert np.count_nonzero(pipeline.requests[0].mask) == 30 * 30


def test_only_the_touched_tiles_are_read_and_made() -> None:
    """A small mask costs the same on any picture."""
    plain = noise(5 * TILE, 5 * TILE)
    whole = Picture.from_pixels(plain)
    read: list[str] = []

    def source(digest: str) -> Pixels:
        read.append(digest)
        return whole.fresh[digest]

    picture = Picture(whole.box, whole.tiles, source)
    applied = run(apply(an_edit(Box(2 * TILE - 10, 700, 20, 20)), picture, LOAD))
    around = {(1, 2), (2, 2)}
    assert set(read) == {whole.tiles[place] for place in around}
    assert len(applied.picture.fresh) == 2


def test_the_pixels_under_test_are_the_pipelines_own() -> None:
    """A pipeline which writes into its request changes nothing else."""

    class Scribbler(NoisePipeline):
        def inpaint(self, request: Any) -> Any:
            request.image[:] = 0
            request.mask[:] = 0
            return super().inpaint(request)

    picture = Picture.from_pixels(noise(300, 300))
    edit = an_edit(disc(Box(100, 100, 40, 40)))
    assert (
        check_edit(edit, picture, loader(Scribbler())).picture
        == run(apply(edit, picture, loader(NoisePipeline()))).picture
    )


# progress


def test_the_last_preview_is_what_comes() -> None:
    picture = Picture.from_pixels(noise(40, 300))
    steps = apply(an_edit(disc(Box(5, 100, 30, 30))), picture, LOAD)
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as done:
            result = done.value.picture
            break
    assert [(progress.index, progress.total) for progress in seen] == [(1, 3), (2, 3), (3, 3)]
    preview = seen[-1].preview
    assert preview is not None and preview.box == Box(0, 83, 40, 64)  # the window, cut to the picture
    assert np.array_equal(preview.pixels, result.read(preview.box).pixels)


def test_closing_cancels_the_pipeline() -> None:
    class Held(SlowPipeline):
        def inpaint(self, request: Any) -> Any:
            self.run = super().inpaint(request)  # held on to, so that nothing else ends it
            return self.run

    slow = Held()
    steps = apply(an_edit(Box(10, 10, 20, 20), pipeline="slow"), Picture.from_pixels(noise(99, 99)), loader(slow))
    slow.allow(1)
    next(steps)
    assert not slow.closed.is_set()
    steps.close()
    assert slow.closed.is_set()


def test_what_a_pipeline_raises_passes_through() -> None:
    picture = Picture.from_pixels(noise(99, 99))
    edit = an_edit(Box(10, 10, 20, 20), pipeline="failing")
    with pytest.raises(RuntimeError, match="out of paint"):
        run(apply(edit, picture, loader(FailingPipeline(at_step=2))))
    with pytest.raises(ValueError, match="no pipeline 'failing'"):
        run(apply(edit, picture, LOAD))


@pytest.mark.parametrize("bad", [None, np.zeros((1, 64, 64), np.uint8), np.zeros((1, 64, 64, 3))])
def test_what_is_no_image_is_refused(bad: Any) -> None:
    class Odd(NoisePipeline):
        def inpaint(self, request: Any) -> Any:
            yield from super().inpaint(request)
            return bad

    with pytest.raises(ValueError, match=r"returned .* was wanted"):
        run(apply(an_edit(Box(1, 1, 5, 5)), Picture.from_pixels(noise(99, 99)), loader(Odd())))


def test_an_image_in_any_memory_order_will_do() -> None:
    class Flipped(NoisePipeline):
        def inpaint(self, request: Any) -> Any:
            return (yield from super().inpaint(request))[..., ::-1]

    check_edit(an_edit(disc(Box(10, 10, 50, 50))), Picture.from_pixels(noise(99, 99)), loader(Flipped()))


# the wish as data


def test_equal_wishes_have_equal_texts() -> None:
    loose = np.zeros((50, 50), np.uint8)
    loose[10:20, 5:15] = 255
    a = an_edit(Mask(Box(0, 0, 50, 50), loose), guidance=3)
    b = an_edit(Box(5, 10, 10, 10), guidance=2.9999999)
    assert a == b and hash(a) == hash(b) and a.to_json() == b.to_json()
    assert an_edit(Box(0, 0, 1, 1), guidance=-0.0).to_json() == an_edit(Box(0, 0, 1, 1), guidance=0).to_json()


@pytest.mark.parametrize(
    "other",
    [
        {"prompt": "b"},
        {"negative_prompt": "b"},
        {"guidance": 4},
        {"steps": 4},
        {"sampler": "ddpm"},
        {"seed": 2},
        {"pipeline": "b"},
        {"blend": Blend(feather=9)},
        {"blend": Blend(colour_match=False)},
    ],
)
def test_every_part_of_a_wish_counts(other: dict[str, Any]) -> None:
    assert an_edit(Box(0, 0, 9, 9)).to_json() != an_edit(Box(0, 0, 9, 9), **other).to_json()
    assert an_edit(Box(0, 0, 9, 9)) != an_edit(Box(0, 0, 9, 9), **other)


def test_the_text_is_canonical() -> None:
    text = an_edit(Box(1, 2, 3, 4), prompt="ein grünes Sofa").to_json()
    assert text.isascii() and " " not in text.replace("ein gr\\u00fcnes Sofa", "")
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    assert list(json.loads(text)) == sorted(json.loads(text))


@given(wishes())
def test_a_wish_comes_back_from_its_text(edit: Edit) -> None:
    check_text(edit)


def test_what_is_not_said_is_the_default() -> None:
    mask = filled(Box(1, 2, 3, 4))
    text = json.dumps({"mask": {"box": [1, 2, 3, 4], "digest": mask.digest}, "seed": 5, "pipeline": "noise"})
    assert Edit.from_json(text, lambda digest: mask.alpha) == Edit(mask, seed=5, pipeline="noise")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"opacity": 1}, "says opacity, which this version does not know"),
        ({"blend": {"feather": 1, "glow": 2}}, "says glow"),
        ({"blend": 3}, "must be a JSON object"),
        ({"mask": {"box": [0, 0, 3, 4]}}, "does not say digest"),
        ({"mask": {"box": [0, 0, 3], "digest": "x"}}, "four whole numbers"),
        ({"mask": {"box": [0, 0, 3, 4.0], "digest": "x"}}, "four whole numbers"),
        ({"mask": {"box": [0, 0, 3, 4], "digest": 7}}, "must be text"),
        ({"mask": {"box": [0, 0, 3, 4], "digest": "x"}}, "damaged"),
        ({"mask": {"box": [0, 0, 4, 4], "digest": "x"}}, "does not fill"),
        ({"steps": "20"}, "steps must be a whole number"),
        ({"steps": True}, "steps must be a whole number"),
        ({"prompt": None}, "prompt must be text"),
    ],
)
def test_a_text_that_is_no_wish_is_refused(change: dict[str, Any], sentence: str) -> None:
    edit = an_edit(Box(0, 0, 3, 4))
    text = json.dumps(json.loads(edit.to_json()) | change)
    with pytest.raises(ValueError, match=sentence):
        Edit.from_json(text, lambda digest: edit.mask.alpha)
    for text in ("", "[]", "{", "{}"):
        with pytest.raises(ValueError, match=r"must be|does not say"):
            Edit.from_json(text, lambda digest: edit.mask.alpha)


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"prompt": "x" * 1001}, "prompt has 1,001 characters; at most 1,000"),
        ({"negative_prompt": "x" * 1001}, "negative prompt has 1,001 characters"),
        ({"prompt": "\ud83d"}, "half a character"),
        ({"steps": 0}, "from 1 to 1,000 steps, not 0"),
        ({"steps": 1001}, "steps"),
        ({"steps": 2.5}, "steps"),
        ({"seed": -1}, "seed must be a whole number from 0 to 4,294,967,295, not -1"),
        ({"seed": 2**32}, "seed"),
        ({"guidance": 30.1}, "guidance must be a number from 0 to 30, not 30.1"),
        ({"guidance": -1}, "guidance"),
        ({"guidance": math.nan}, "guidance"),
        ({"guidance": math.inf}, "guidance"),
        ({"guidance": "3"}, "guidance"),
        ({"pipeline": ""}, "needs the name of a pipeline"),
        ({"sampler": ""}, "needs the name"),
    ],
)
def test_a_wish_that_cannot_be_is_a_sentence(wish: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        an_edit(Box(0, 0, 3, 4), **wish)


@pytest.mark.parametrize(("feather", "match"), [(-1, True), (65, True), (1.5, True), (8, "yes")])
def test_a_blend_that_cannot_be_is_a_sentence(feather: Any, match: Any) -> None:
    with pytest.raises(ValueError, match=r"feather must be|colour match is"):
        Blend(feather, match)


def test_an_empty_mask_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="mask is empty"):
        an_edit(Mask(Box(0, 0, 5, 5), np.zeros((5, 5), np.uint8)))


def test_an_empty_prompt_and_the_longest_are_fine() -> None:
    picture = Picture.from_pixels(noise(99, 99))
    check_edit(an_edit(Box(5, 5, 9, 9), prompt=""), picture, LOAD)
    check_edit(an_edit(Box(5, 5, 9, 9), prompt="ö" * 1000), picture, LOAD)


def test_the_region_lies_in_the_picture() -> None:
    picture = Picture.from_pixels(noise(99, 99))
    may_change = region(an_edit(Box(-5, 80, 20, 40), blend=Blend(feather=8)), picture)
    assert may_change.box == Box(0, 72, 23, 27)


PIPELINES: list[Pipeline] = [NoisePipeline(), FlatPipeline((1, 2, 3)), SlowPipeline(), FailingPipeline(1)]


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda pipeline: pipeline.name)
def test_the_fakes_keep_the_protocol(pipeline: Pipeline) -> None:
    assert pipeline.name and pipeline.size > 0 and isinstance(pipeline.hint("a"), str)
