import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.edits.apply import apply, apply_all
from editor.edits.edit import NOWHERE, Blend, Edit
from editor.edits.generation import Progress
from editor.edits.inpaint_window import InpaintWindow
from editor.edits.plan import DETAIL_STRENGTH, affected_region, edit_region, frame_after, plan
from editor.edits.windows import View, context_window, details, view
from editor.imaging.compositing import RING, ramp
from editor.imaging.geometry import Box, Margins
from editor.imaging.picture import TILE, Picture
from editor.imaging.raster import HALF, Mask, Pixels
from pipelines.base import Pipeline, run
from tests.fakes import (
    FailingPipeline,
    FlatPipeline,
    HeedfulPipeline,
    NoisePipeline,
    RefiningPipeline,
    ShapedPipeline,
    SlowPipeline,
    SoftPipeline,
    loader,
)
from tests.laws import check_edit, rgba
from tests.samples import an_edit, cutout, disc, edit_requests, filled, noise, strokes

SQUARES = (NoisePipeline(), NoisePipeline(size=96, name="wide"), RefiningPipeline())
LOAD = loader(*SQUARES, ShapedPipeline(), SoftPipeline((9, 90, 200)))
OTHERS = st.sampled_from(["", "", "shaped", "soft"])  # pipelines, or that of the edit
KNOWN, CUTOUT = Picture.from_pixels(noise(330, 270)), Picture.from_pixels(cutout(330, 270))
BLACK = np.zeros((200, 200, 3), np.uint8)

# the laws, on every sort of edit


@settings(max_examples=120)
@given(edit_requests(), OTHERS, st.sampled_from([KNOWN, CUTOUT]))
def test_the_laws_hold_for_every_edit(edit: Edit, other: str, picture: Picture) -> None:
    edit = replace(edit, pipeline=other or edit.pipeline)
    try:
        mask = edit_region(edit, picture.box)
    except ValueError as error:
        assert "lies outside the picture" in str(error)
        with pytest.raises(ValueError, match="lies outside the picture"):
            run(apply(edit, picture, LOAD))
        return
    applied = check_edit(edit, picture, LOAD)
    for part, window in zip(plan(edit, picture.box, LOAD(edit.pipeline)).parts, applied.windows, strict=True):
        assert window.contains(part.mask.bounds) and mask.bounds.contains(part.mask.bounds)


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
    window = context_window(hole, hole.padded(9999), size)
    assert window.width == window.height == max(size, math.ceil(1.25 * max(hole.width, hole.height)))
    assert window.contains(hole)
    left, right = hole.x - window.x, window.right - hole.right
    top, bottom = hole.y - window.y, window.bottom - hole.bottom
    assert left - right in (0, 1) and top - bottom in (0, 1)


@pytest.mark.parametrize(
    ("hole", "frame", "size", "window"),
    [
        (Box(100, 100, 20, 20), Box(0, 0, 500, 500), 64, Box(78, 78, 64, 64)),
        (Box(100, 100, 21, 20), Box(0, 0, 500, 500), 64, Box(78, 78, 64, 64)),
        (Box(0, 0, 200, 100), Box(-90, -90, 500, 500), 64, Box(-25, -75, 250, 250)),
        (Box(0, 0, 200, 100), Box(0, 0, 500, 500), 64, Box(0, 0, 250, 250)),
        (Box(0, 0, 200, 100), Box(0, 0, 220, 110), 64, Box(0, -55, 220, 220)),  # the picture has no more to show
        (Box(0, 0, 64, 64), Box(0, 0, 64, 64), 64, Box(0, 0, 64, 64)),
        (Box(5, 5, 9, 9), Box(0, 0, 30, 40), 64, Box(-17, -12, 64, 64)),
    ],
)
def test_windows(hole: Box, frame: Box, size: int, window: Box) -> None:
    assert context_window(hole, frame, size) == window


def test_the_model_sees_the_window_unresized_when_it_fits() -> None:
    plain, pipeline = noise(300, 300), NoisePipeline()
    edit = an_edit(Box(100, 120, 30, 20))
    applied = run(apply(edit, Picture.from_pixels(plain), loader(pipeline)))
    assert applied.windows[0] == Box(83, 98, 64, 64)
    (request,) = pipeline.requests
    assert np.array_equal(request.image, plain[98:162, 83:147])
    assert np.array_equal(request.mask, edit.mask.on(applied.windows[0]))
    assert (request.prompt, request.steps, request.seeds) == (edit.prompt, edit.steps, (edit.seed,))
    assert (request.guidance, request.sampler) == (edit.guidance, edit.sampler)


def test_a_window_at_the_corner_lies_inside_the_picture() -> None:
    applied = run(apply(an_edit(Box(0, 280, 10, 20)), Picture.from_pixels(noise(300, 300)), LOAD))
    assert applied.windows[0] == Box(0, 236, 64, 64)


def test_a_wide_hole_is_seen_smaller_and_comes_back_in_full() -> None:
    pipeline = NoisePipeline()
    applied = check_edit(an_edit(Box(20, 20, 240, 60)), Picture.from_pixels(noise(300, 300)), loader(pipeline))
    assert applied.windows[0] == Box(0, 0, 300, 300)
    assert pipeline.requests[0].image.shape == (64, 64, 3) and [crop.shape for crop in applied.crops.values()] == [
        (64, 64, 3)
    ]
    grown = cv2.resize(pipeline.image(1, "a green couch"), (300, 300), interpolation=cv2.INTER_CUBIC)
    edit = an_edit(Box(20, 20, 240, 60), blend=Blend(colour_match=False))
    result = run(apply(edit, Picture.from_pixels(noise(300, 300)), loader(pipeline))).picture
    assert np.array_equal(result.read(edit.mask.box).pixels, grown[20:80, 20:260])


# views of other shapes

SDXL = ((896, 1152), (1152, 896), (832, 1216), (1216, 832), (768, 1344), (1344, 768), (640, 1536), (1536, 640))
FRAMES = st.builds(Box, st.integers(-99, 99), st.integers(-99, 99), st.integers(1, 5000), st.integers(1, 5000))


@st.composite
def holes(draw: st.DrawFn) -> tuple[Box, Box]:
    """A hole and the frame that it lies in."""
    frame = draw(FRAMES)
    x, y = draw(st.integers(0, frame.width - 1)), draw(st.integers(0, frame.height - 1))
    width, height = draw(st.integers(1, frame.width - x)), draw(st.integers(1, frame.height - y))
    return Box(frame.x + x, frame.y + y, width, height), frame


@settings(max_examples=200)
@given(holes(), st.sampled_from([(1024, SDXL), (512, ((512, 768), (768, 512))), (64, ShapedPipeline.buckets)]))
def test_a_view_has_room_around_the_hole_and_is_as_fine_as_can_be(
    where: tuple[Box, Box], draws: tuple[int, tuple[tuple[int, int], ...]]
) -> None:
    (hole, frame), (size, shapes) = where, draws
    window, shape = view(hole, frame, size, shapes)
    assert shape in ((size, size), *shapes)
    assert window.contains(hole)
    assert window.height >= shape[0] and window.width >= shape[1]  # never below native
    assert -shape[1] < window.width * shape[0] - window.height * shape[1] < shape[0]  # its aspect, to a pixel
    room = [min(math.ceil(1.25 * side), whole) for side, whole in zip(hole.shape, frame.shape, strict=True)]
    assert window.height >= room[0] and window.width >= room[1]
    for start, length, limits in ((0, 2, frame.width), (1, 3, frame.height)):  # moved into the picture, or all over it
        low, high = window[start], window[start] + window[length]
        first, last = frame[start], frame[start] + limits
        assert first <= low <= high <= last if window[length] <= limits else low <= first and last <= high

    def coarseness(of: tuple[int, int]) -> float:
        return max(1, room[0] / of[0], room[1] / of[1])

    least = min(coarseness(each) for each in ((size, size), *shapes))
    assert coarseness(shape) == pytest.approx(least)
    assert shape == (size, size) or coarseness((size, size)) > least
    assert window.height - 1 < coarseness(shape) * shape[0] * (1 + 1e-9) or window.height == shape[0]


@given(holes(), st.integers(1, 600))
def test_a_model_of_squares_alone_sees_what_it_always_saw(where: tuple[Box, Box], size: int) -> None:
    assert view(*where, size, ()) == (context_window(*where, size), (size, size))


@pytest.mark.parametrize(
    ("hole", "frame", "seen"),
    [
        (Box(400, 400, 300, 300), Box(0, 0, 2000, 2000), View(Box(38, 38, 1024, 1024), (1024, 1024))),
        # a strip: in a square it would be half as fine
        (Box(500, 900, 2000, 300), Box(0, 0, 3000, 2000), View(Box(250, 529, 2500, 1042), (640, 1536))),
        # a picture made wider: what is there of it is seen as it is
        (Box(1024, 0, 300, 1024), Box(0, 0, 1324, 1024), View(Box(300, 0, 1024, 1024), (1024, 1024))),
        (Box(1200, 0, 400, 1200), Box(0, 0, 1600, 1200), View(Box(768, -8, 832, 1216), (1216, 832))),
        (Box(0, 0, 900, 200), Box(0, 0, 4000, 3000), View(Box(0, 0, 1152, 896), (896, 1152))),
    ],
)
def test_views(hole: Box, frame: Box, seen: View) -> None:
    assert view(hole, frame, 1024, SDXL) == seen


def test_a_wide_mask_is_asked_for_in_a_wide_shape_and_seen_unresized_when_it_fits() -> None:
    plain, pipeline = noise(300, 300), ShapedPipeline()
    edit = an_edit(disc(Box(100, 120, 66, 20)), pipeline="shaped", blend=Blend(colour_match=False))
    applied = check_edit(edit, Picture.from_pixels(plain), loader(pipeline))
    request = pipeline.requests[0]
    assert applied.windows[0] == Box(89, 106, 88, 48) and request.mask.shape == (48, 88)
    assert np.array_equal(request.image, plain[106:154, 89:177])
    assert np.array_equal(request.mask, edit.mask.grown(0).on(applied.windows[0]))
    (crop,) = applied.crops.values()
    inside = edit.mask.on(applied.windows[0]) == 255
    assert np.array_equal(applied.picture.read(applied.windows[0]).pixels[inside], crop[inside])


@pytest.mark.parametrize(("box", "shape"), [(Box(20, 20, 240, 60), (48, 88)), (Box(20, 20, 60, 240), (88, 48))])
def test_a_strip_is_seen_smaller_and_comes_back_in_full(box: Box, shape: tuple[int, int]) -> None:
    pipeline, picture = ShapedPipeline(), Picture.from_pixels(noise(320, 320))
    edit = an_edit(box, pipeline="shaped", blend=Blend(colour_match=False))
    applied = check_edit(edit, picture, loader(pipeline))
    assert pipeline.requests[0].image.shape == (*shape, 3)
    window = applied.windows[0]
    grown = cv2.resize(pipeline.image(1, edit.prompt, shape), window.shape[::-1], interpolation=cv2.INTER_CUBIC)
    assert np.array_equal(applied.picture.read(box).pixels, grown[box.slices(window)])
    # what was drawn is not drawn again, and a crop of another shape is not taken for it
    run(apply(edit, picture, loader(pipeline), applied.crops.get))
    assert len(pipeline.requests) == 2  # the law's
    turned = {name: crop.swapaxes(0, 1) for name, crop in applied.crops.items()}
    assert run(apply(edit, picture, loader(pipeline), turned.get)).picture == applied.picture
    assert len(pipeline.requests) == 3


def test_a_strip_too_large_is_drawn_again_in_squares() -> None:
    pipeline = RefiningPipeline()
    pipeline.buckets = ShapedPipeline.buckets
    picture = Picture.from_pixels(noise(300, 300))
    edit = an_edit(Box(20, 100, 160, 40), pipeline="refining", blend=Blend(feather=0, colour_match=False))
    refined = check_edit(edit, picture, loader(pipeline)).picture
    first, *others = (request.mask.shape for request in pipeline.requests[: len(pipeline.requests) // 2])
    assert first == (48, 88) and len(others) == 4 and set(others) == {(64, 64)}
    plain = check_edit(replace(edit, pipeline="shaped"), picture, loader(ShapedPipeline())).picture
    assert refined == plain  # each begins from the first, which it gives back
    short = replace(edit, mask=filled(Box(20, 100, 80, 20)))  # more than a square, but no more than the shape
    before = len(pipeline.requests)
    run(apply(short, picture, loader(pipeline)))
    assert [request.mask.shape for request in pipeline.requests[before:]] == [(48, 88)]


# soft masks


@settings(max_examples=60)
@given(edit_requests(), st.sampled_from([KNOWN, CUTOUT]))
def test_what_fades_out_is_repainted_the_less_the_farther_out_it_lies(edit: Edit, picture: Picture) -> None:
    try:
        mask = edit_region(edit, picture.box)
    except ValueError:
        return
    if mask.bounds.empty:
        return
    frame = frame_after(edit, picture.box)
    after, window = picture.reframed(frame), context_window(mask.bounds, frame, 64)
    no_other = np.zeros(window.shape, np.uint8)
    scene, hard = (
        InpaintWindow.of(edit, mask, mask, no_other, picture.box, after, window, soft) for soft in (True, False)
    )
    known = scene.opacity == 255
    assert (scene.repaint[~known] == 255).all()
    assert not scene.repaint[known & (affected_region(edit, picture.box).on(window) == 0)].any()
    if edit.blend.edge >= 0:
        assert (scene.repaint[mask.on(window) >= HALF] == 255).all()
        assert (scene.repaint[known] >= mask.on(window)[known]).all()
    # as it will be blended, so that no pixel is laid in that was not repainted, nor one repainted for nothing
    if edit.blend.opacity:
        assert np.array_equal(scene.alpha[known] > 0, scene.repaint[known] > 0)
    # farther from what is repainted altogether it is never more
    if (mask.alpha % 255 == 0).all() and (scene.repaint == 255).any():
        edge = edit.blend.edge
        core = (mask.grown(edge) if edge >= 0 else mask.shrunk(-edge, frame)).on(window)
        away = cv2.distanceTransform((core == 0).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[known]
        order = np.argsort(away, kind="stable")
        steps = scene.repaint[known][order].astype(int)
        assert (np.diff(steps)[np.diff(away[order]) > 1e-3] <= 0).all()
    # colours are compared outside of all that
    assert not scene.ring[scene.repaint > 0].any()
    assert np.array_equal(hard.repaint[known], mask.grown(0).on(window)[known])
    assert np.array_equal(hard.ring, mask.grown(RING).on(window) & ~hard.repaint)


def test_a_soft_pipeline_is_sent_the_share_and_a_hard_one_the_hole() -> None:
    """A brush's softness as it is, its edge as it fades; all of what is unknown."""
    mask = Mask(Box(20, 30, 20, 10), np.full((10, 20), 100, np.uint8))
    picture, soft, hard = Picture.from_pixels(noise(50, 200)), SoftPipeline((1, 2, 3)), FlatPipeline((1, 2, 3))
    applied = check_edit(an_edit(mask, pipeline="soft", blend=Blend(feather=0)), picture, loader(soft))
    check_edit(an_edit(mask, pipeline="flat", blend=Blend(feather=0)), picture, loader(hard))
    here, inside = (
        mask.box.slices(applied.windows[0]),
        picture.box.intersect(applied.windows[0]).slices(applied.windows[0]),
    )
    for pipeline, level in ((soft, 100), (hard, 255)):
        asked = pipeline.requests[0].mask
        assert (asked[here] == level).all() and np.count_nonzero(asked[inside]) == mask.alpha.size
        assert (asked[:, :7] == 255).all() and (asked[:, -7:] == 255).all()  # the picture is narrower
    check_edit(an_edit(Box(20, 30, 20, 10), pipeline="soft", blend=Blend(feather=6, edge=-2)), picture, loader(soft))
    row = soft.requests[-1].mask[here][5].astype(int)
    assert row[0] < row[1] < row[2] == 255
    assert 0 < row[0] and (soft.requests[-1].mask[here[0].start - 5, here[1]] == 0).all()


@pytest.mark.parametrize("feather", [8, 24])
def test_a_soft_pipelines_answer_fades_once_and_leaves_no_step(feather: int) -> None:
    """Laid in by the share once more it would be a quarter short of it; taken whole, it would end in what it lost."""
    edit = an_edit(Box(80, 80, 40, 40), pipeline="soft", blend=Blend(feather=feather, colour_match=False))
    picture = Picture.from_pixels(np.full((200, 200, 3), 50, np.uint8))
    rows = []
    for loss in (0, 6):
        soft = SoftPipeline((250, 250, 250), loss)
        soft.size = 128
        result = check_edit(edit, picture, loader(soft)).picture
        rows.append(result.read(Box(50, 100, 40, 1)).pixels[0, :, 0].astype(int))
    asked = edit.mask.feathered(feather).on(Box(50, 100, 40, 1))[0] / 255
    assert (np.diff(rows[0]) >= 0).all() and rows[0][0] == 50 and (rows[0][30:] == 250).all()
    assert np.abs((rows[0] - 50) / 200 - asked).max() < 0.16
    assert np.abs(np.diff(rows[1] - rows[0])).max() <= 2


def test_a_large_mask_fades_out_in_its_windows_as_well() -> None:
    soft, picture = SoftPipeline((250, 250, 250)), Picture.from_pixels(np.full((300, 300, 3), 50, np.uint8))
    edit = an_edit(Box(60, 60, 150, 150), pipeline="soft", blend=Blend(feather=12, colour_match=False))
    result = check_edit(edit, picture, loader(soft)).picture
    others = soft.requests[1 : len(soft.requests) // 2]
    assert len(others) > 9 and any(((each.mask > 0) & (each.mask < 255)).any() for each in others)
    row = result.read(Box(40, 130, 60, 1)).pixels[0, :, 0].astype(int)
    assert (np.diff(row) >= 0).all() and row[7] == 50 and (row[20:] == 250).all()
    assert np.diff(row).max() < 0.25 * 200


def test_colours_are_compared_outside_of_all_that_is_repainted() -> None:
    """What a soft pipeline mixed is no witness of what it does to what it keeps."""
    grey = Picture.from_pixels(np.full((200, 200, 3), 120, np.uint8))
    edit = an_edit(Box(80, 80, 30, 30), pipeline="soft", blend=Blend(feather=8))
    off, plain = SoftPipeline((200, 40, 120), loss=6), SoftPipeline((200, 40, 120))
    off.size = plain.size = 96
    assert check_edit(edit, grey, loader(off)).picture == check_edit(edit, grey, loader(plain)).picture


# hazards


def test_beyond_the_picture_is_for_the_model_to_fill_and_never_black() -> None:
    """A picture smaller than the window: what lies outside is repaint, its border repeated as a start."""
    pipeline = FlatPipeline((9, 9, 9))
    white = Picture.from_pixels(np.full((40, 50, 3), 255, np.uint8))
    applied = check_edit(an_edit(Box(20, 10, 8, 8), pipeline="flat"), white, loader(pipeline))
    assert applied.windows[0] == Box(-7, -12, 64, 64)
    request = pipeline.requests[0]
    inside = white.box.slices(applied.windows[0])
    outside = np.ones((64, 64), bool)
    outside[inside] = False
    assert (request.mask[outside] == 255).all()
    assert np.count_nonzero(request.mask[inside]) == 64
    assert (request.image == 255).all()


@pytest.mark.parametrize("blend", [Blend(), Blend(feather=64), Blend(edge=-20), Blend(edge=20), Blend(opacity=0.2)])
def test_what_is_new_in_a_picture_is_the_models_alone(blend: Blend) -> None:
    """However a result is laid in, no rim of nothing is left where nothing was known."""
    white = FlatPipeline((255, 255, 255))
    edit = an_edit(NOWHERE, margins=Margins(30, 0, 0, 20), pipeline="flat", blend=replace(blend, colour_match=False))
    result = check_edit(edit, Picture.from_pixels(BLACK), loader(white)).picture
    assert result.box == Box(-30, 0, 230, 220)
    assert (result.opacity(result.box) == 255).all()
    for new in (Box(-30, 0, 30, 220), Box(-30, 200, 230, 20)):
        assert (result.read(new).pixels == 255).all()


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
    edit = an_edit(shape(Box(80, 90, 30, 20)), pipeline="flat", blend=Blend(feather=feather, colour_match=False))
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
    assert applied.windows[0] == Box(175, 175, 250, 250)
    row = applied.picture.read(Box(170, 300, 40, 1)).pixels[0, :, 0].astype(int)
    assert not row[:5].any() and row[5] < 12 and (np.diff(row[5:30]) >= 0).all() and row[30] == 255


def test_a_soft_mask_blends_softly() -> None:
    white = FlatPipeline((255, 255, 255))
    mask = Mask(Box(80, 80, 20, 20), np.full((20, 20), 100, np.uint8))
    edit = an_edit(mask, pipeline="flat", blend=Blend(feather=0, colour_match=False))
    result = check_edit(edit, Picture.from_pixels(BLACK), loader(white)).picture
    assert (result.read(mask.box).pixels == 100).all()
    assert (white.requests[0].mask[mask.box.slices(context_window(mask.box, result.box, 64))] == 255).all()


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


# margins: outpainting and cropping


def test_a_crop_runs_no_model_and_keeps_every_pixel() -> None:
    pipeline, plain = NoisePipeline(), noise(600, 300)
    picture = Picture.from_pixels(plain)
    result = check_edit(an_edit(NOWHERE, margins=Margins(-10, -256, 0, -4)), picture, loader(pipeline)).picture
    assert result.box == Box(10, 256, 590, 40) and not pipeline.requests
    assert np.array_equal(result.pixels(), plain[256:296, 10:])
    assert result.tiles[(1, 1)] != picture.tiles[(1, 1)]  # its last rows are gone: it is another tile


def test_an_outpainted_picture_shares_the_tiles_that_stay_whole() -> None:
    picture = Picture.from_pixels(noise(2 * TILE, 2 * TILE))
    result = check_edit(an_edit(NOWHERE, margins=Margins(left=9), blend=Blend(feather=0)), picture, LOAD).picture
    assert result.tiles.items() >= picture.tiles.items()


def test_margins_count_from_what_is_there() -> None:
    """The same edit on a wider picture widens that one: nothing of it is cut off, as an absolute frame would."""
    edit = an_edit(NOWHERE, margins=Margins(right=20))
    for width in (100, 180):
        result = check_edit(edit, Picture.from_pixels(noise(width, 90)), LOAD).picture
        assert result.box == Box(0, 0, width + 20, 90)


@pytest.mark.parametrize(
    ("margins", "sentence"),
    [
        (Margins(-60, 0, -60, 0), "Nothing would be left"),
        (Margins(-200, 0, 100, 0), "Nothing would be left"),
        (Margins(60_000, 60_000, 0, 0), "would be too large"),
    ],
)
def test_margins_that_cannot_be_are_a_sentence(margins: Margins, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        run(apply(an_edit(NOWHERE, margins=margins), Picture.from_pixels(noise(99, 99)), LOAD))


def test_a_picture_from_words_alone() -> None:
    """Nothing is known of a blank picture: the model is asked for all of it, and paints all of it."""
    pipeline, blank = NoisePipeline(), Picture.blank(64, 64)
    edit = an_edit(blank.box, blend=Blend(colour_match=False))
    result = check_edit(edit, blank, loader(pipeline)).picture
    assert (pipeline.requests[0].mask == 255).all()
    assert np.array_equal(result.pixels(), pipeline.image(edit.seed, edit.prompt))


# transparency


def test_what_is_transparent_is_unknown_to_the_model_and_stays_so_around_the_mask() -> None:
    pixels = np.dstack([noise(64, 64), np.full((64, 64), 255, np.uint8)])
    pixels[:, 40:, 3] = 0
    picture, pipeline = Picture.from_pixels(pixels), NoisePipeline()
    edit = an_edit(Box(30, 20, 20, 20), blend=Blend(feather=0, colour_match=False))
    result = check_edit(edit, picture, loader(pipeline)).picture
    request = pipeline.requests[0]
    assert (request.mask[:, 40:] == 255).all() and not request.mask[:20, :40].any()
    assert (request.image[:, 40:] == request.image[:, 39:40]).all()  # a start from what is nearest
    after = rgba(result, result.box)
    assert (after[20:40, 30:50, 3] == 255).all()
    after[20:40, 30:50] = pixels[20:40, 30:50]
    assert np.array_equal(after, pixels)


def test_a_feather_over_nothing_is_the_models_colour_at_less_opacity() -> None:
    """No dark rim: what is mixed is opacity, not black."""
    blank = Picture.blank(200, 200)
    edit = an_edit(Box(80, 80, 40, 40), pipeline="flat", blend=Blend(feather=8, colour_match=False))
    result = check_edit(edit, blank, loader(FlatPipeline((200, 100, 50)))).picture
    seen = result.opacity(result.box) > 0
    assert (result.read(result.box).pixels[seen] == (200, 100, 50)).all()
    ring = result.opacity(Box(70, 100, 10, 1))[0].astype(int)
    assert (np.diff(ring) >= 0).all() and ring[0] == 0 and 0 < ring[5] < 255


# sketches


def test_a_model_begins_from_the_sketch() -> None:
    plain, pipeline, sketch = noise(64, 64), NoisePipeline(), strokes(Box(20, 20, 16, 16))
    edit = an_edit(NOWHERE, sketch=sketch, strength=0.5)
    check_edit(edit, Picture.from_pixels(plain), loader(pipeline))
    request = pipeline.requests[0]
    solid = np.zeros((64, 64), bool)
    solid[20:36, 20:36] = sketch.pixels[..., 3] == 255
    assert solid.any()
    assert np.array_equal(request.image[solid], sketch.pixels[sketch.pixels[..., 3] == 255][:, :3])
    touched = np.zeros((64, 64), bool)
    touched[20:36, 20:36] = sketch.pixels[..., 3] > 0
    assert np.array_equal(request.mask == 255, touched)
    assert np.array_equal(request.image[~touched], plain[~touched])


def test_with_no_strength_a_sketch_is_pasted() -> None:
    plain, pipeline = noise(300, 300), NoisePipeline()
    sketch = strokes(Box(20, 20, 100, 100))
    edit = an_edit(NOWHERE, sketch=sketch, strength=0, blend=Blend(feather=0))
    result = check_edit(edit, Picture.from_pixels(plain), loader(pipeline)).picture
    solid = sketch.pixels[..., 3] == 255
    assert not pipeline.requests
    assert np.array_equal(result.read(sketch.box).pixels[solid], sketch.pixels[solid][:, :3])


def test_no_strength_changes_nothing() -> None:
    for picture in (Picture.from_pixels(noise(300, 300)), Picture.from_pixels(noise(30, 30))):
        assert check_edit(an_edit(picture.box, strength=0), picture, LOAD).picture == picture


# blending


def test_opacity_mixes_the_old_with_the_new() -> None:
    white = FlatPipeline((255, 255, 255))
    edit = an_edit(Box(80, 80, 30, 30), pipeline="flat", blend=Blend(feather=0, opacity=0.4, colour_match=False))
    result = check_edit(edit, Picture.from_pixels(BLACK), loader(white)).picture
    assert (result.read(edit.mask.box).pixels == 102).all()


@pytest.mark.parametrize("edge", [-9, 9])
def test_the_edge_moves_and_the_request_stays(edge: int) -> None:
    white = FlatPipeline((255, 255, 255))
    edit = an_edit(Box(80, 80, 30, 30), pipeline="flat", blend=Blend(feather=0, edge=edge, colour_match=False))
    result = check_edit(edit, Picture.from_pixels(BLACK), loader(white)).picture
    moved = edit.mask.grown(edge) if edge > 0 else edit.mask.shrunk(-edge)
    assert np.array_equal(result.read(result.box).pixels[..., 0], moved.on(result.box))
    assert np.array_equal(white.requests[0].mask, edit.mask.on(context_window(edit.mask.box, result.box, 64)))


# masks larger than the model


@given(
    st.builds(Box, st.integers(0, 99), st.integers(0, 99), st.integers(1, 900), st.integers(1, 900)),
    st.sampled_from([64, 96, 256]),
)
def test_the_cells_of_a_large_mask_cover_it_with_room_around(hole: Box, size: int) -> None:
    frame = Box(0, 0, max(size, hole.right + 3), max(size, hole.bottom + 3))
    covered = np.zeros(hole.shape, np.uint8)
    for part in details(hole, frame, size):
        assert frame.contains(part.window) and part.window.shape == (size, size)
        assert part.window.contains(part.cell) and hole.contains(part.cell)
        share = ramp(part.cell.shape, part.above, part.left)
        assert share[-1, -1] == 255
        seen = covered[part.cell.slices(hole)]
        assert (seen[share < 255] == 1).all()  # what is not yet all this cell's was drawn before
        seen[:] = 1
    assert covered.all()


def test_a_large_mask_is_drawn_small_and_again_in_windows_that_begin_from_it() -> None:
    pipeline = RefiningPipeline()
    edit = an_edit(Box(20, 20, 150, 100), pipeline="refining", prompt="a lake")
    check_edit(edit, Picture.from_pixels(noise(300, 300)), loader(pipeline))
    requests = pipeline.requests[: len(pipeline.requests) // 2]  # the law makes it twice
    assert [request.strength for request in requests] == [1] + [DETAIL_STRENGTH] * (len(requests) - 1)
    assert len(requests) == 1 + 4 * 3 and all(request.image.shape == (64, 64, 3) for request in requests)


def test_windows_that_agree_leave_no_trace() -> None:
    """A model that changes nothing of what it begins from gives the first pass back, enlarged: no seam, no shift."""
    picture = Picture.from_pixels(noise(300, 300))
    edit = an_edit(Box(20, 20, 200, 170), pipeline="refining", blend=Blend(feather=0, colour_match=False))
    refined = check_edit(edit, picture, loader(RefiningPipeline())).picture
    plain = check_edit(replace(edit, pipeline="noise"), picture, loader(NoisePipeline())).picture
    assert refined == plain


def test_every_window_of_a_large_mask_has_noise_of_its_own() -> None:
    """With the same in each, the same blots would come in each: tiles, for everybody to see."""
    pipeline = RefiningPipeline()
    edits = [an_edit(Box(20, 20, 150, 100), pipeline="refining", seed=seed) for seed in (1, 2)]
    run(apply_all(edits, Picture.from_pixels(noise(300, 300)), loader(pipeline)))
    first, *details = (request.seeds for request in pipeline.requests)
    assert first == (1, 2) and all(len(pair) == 2 for pair in details)  # side by side
    assert len({seed for pair in details for seed in pair}) == 2 * 4 * 3


def test_progress_over_many_windows_goes_on_evenly() -> None:
    """Later windows take fewer steps and count for as much less; the share that is done never goes back."""

    class Quicker(RefiningPipeline):
        def inpaint(self, request: Any) -> Any:
            return super().inpaint(replace(request, steps=10 if request.strength == 1 else 3))

    steps = apply(an_edit(Box(20, 20, 150, 100), pipeline="refining"), Picture.from_pixels(noise(300, 300)),
                  loader(Quicker()))  # fmt: skip
    seen = [(progress.index, progress.total) for progress in steps]
    assert {total for _, total in seen} == {10 + 12 * 2}
    assert [index for index, _ in seen] == [
        *range(1, 11),
        *(10 + 2 * n + so_far for n in range(12) for so_far in (0, 1, 2)),
    ]


def test_little_strength_on_a_large_mask_loses_no_detail() -> None:
    """It begins from the picture itself at full resolution, not from a small copy."""
    picture = Picture.from_pixels(noise(300, 300))
    plain = Blend(colour_match=False)  # which moves noise by a level
    edit = an_edit(Box(20, 20, 200, 170), pipeline="refining", strength=DETAIL_STRENGTH, blend=plain)
    assert check_edit(edit, picture, loader(RefiningPipeline())).picture == picture


def test_what_does_not_refine_is_asked_once() -> None:
    pipeline = NoisePipeline()
    run(apply(an_edit(Box(20, 20, 250, 250)), Picture.from_pixels(noise(300, 300)), loader(pipeline)))
    assert len(pipeline.requests) == 1


# variations


@pytest.mark.parametrize("side", [40, 150])
def test_variations_are_the_same_side_by_side_as_alone(side: int) -> None:
    picture = Picture.from_pixels(noise(300, 300))
    edits = [an_edit(disc(Box(30, 40, side, side)), seed=seed, pipeline="refining") for seed in (4, 9, 2)]
    pipeline = RefiningPipeline()
    together = run(apply_all(edits, picture, loader(pipeline)))
    assert pipeline.requests[0].seeds == (4, 9, 2)
    assert sum(request.strength == 1 for request in pipeline.requests) == 1
    for edit, applied in zip(edits, together, strict=True):
        alone = run(apply(edit, picture, loader(RefiningPipeline())))
        assert applied.picture == alone.picture and applied.crops.keys() == alone.crops.keys()


def test_what_was_drawn_of_some_variations_is_not_drawn_again() -> None:
    picture, pipeline = Picture.from_pixels(noise(300, 300)), HeedfulPipeline()
    edits = [an_edit(Box(30, 40, 40, 40), seed=seed, pipeline="heedful") for seed in (4, 9, 2)]
    known = dict(run(apply(edits[1], picture, loader(pipeline))).crops)
    outcomes = run(apply_all(edits, picture, loader(pipeline), known.get))
    assert pipeline.requests[-1].seeds == (4, 2) and len(pipeline.requests) == 2
    for edit, applied in zip(edits, outcomes, strict=True):
        assert applied.picture == run(apply(edit, picture, loader(HeedfulPipeline()))).picture


# progress


def test_the_last_preview_is_what_comes() -> None:
    picture = Picture.from_pixels(noise(40, 300))
    seen: list[Progress] = []
    result = run(apply(an_edit(disc(Box(5, 100, 30, 30))), picture, LOAD), seen.append).picture
    assert [(progress.index, progress.total) for progress in seen] == [(1, 3), (2, 3), (3, 3)]
    preview = seen[-1].preview
    assert preview is not None and preview.box == Box(0, 92, 40, 46)  # what may change
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

    with pytest.raises(ValueError, match=r"returned .* instead of uint8"):
        run(apply(an_edit(Box(1, 1, 5, 5)), Picture.from_pixels(noise(99, 99)), loader(Odd())))


def test_an_image_in_any_memory_order_will_do() -> None:
    class Flipped(NoisePipeline):
        def inpaint(self, request: Any) -> Any:
            return (yield from super().inpaint(request))[..., ::-1]

    check_edit(an_edit(disc(Box(10, 10, 50, 50))), Picture.from_pixels(noise(99, 99)), loader(Flipped()))


def test_an_empty_prompt_and_the_longest_are_fine() -> None:
    picture = Picture.from_pixels(noise(99, 99))
    check_edit(an_edit(Box(5, 5, 9, 9), prompt=""), picture, LOAD)
    check_edit(an_edit(Box(5, 5, 9, 9), prompt="ö" * 1000), picture, LOAD)


def test_the_region_lies_in_the_picture() -> None:
    picture = Picture.from_pixels(noise(99, 99))
    may_change = affected_region(an_edit(Box(-5, 80, 20, 40), blend=Blend(feather=8)), picture.box)
    assert may_change.box == Box(0, 72, 23, 27)


PIPELINES: list[Pipeline] = [
    *(NoisePipeline(), FlatPipeline((1, 2, 3)), SlowPipeline(), FailingPipeline(1)),
    *(ShapedPipeline(), SoftPipeline((1, 2, 3))),
]


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda pipeline: pipeline.name)
def test_the_fakes_keep_the_protocol(pipeline: Pipeline) -> None:
    assert pipeline.name and pipeline.size > 0 and isinstance(pipeline.hint("a"), str)
