"""An edit costs by what is painted, wherever that lies; far spots come out as each would alone."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.edits.apply import apply, apply_all
from editor.edits.edit import Blend, Edit
from editor.edits.generation import seed_of_part
from editor.edits.mask_parts import COARSEST, LARGEST_WINDOW, mask_parts
from editor.edits.plan import plan
from editor.edits.windows import view
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask, Pixels
from pipelines.base import run
from tests.fakes import FlatPipeline, HeedfulPipeline, NoisePipeline, RefiningPipeline, SoftPipeline, loader
from tests.laws import check_edit
from tests.samples import an_edit, disc, filled, noise, shifted

FRAME = Box(-40, 30, 900, 700)


def joined(*masks: Mask) -> Mask:
    whole = masks[0]
    for mask in masks[1:]:
        whole = whole.joined(mask)
    return whole


def drawn(shape: tuple[int, int], draw: Callable[[Pixels], object]) -> Mask:
    alpha = np.zeros(shape, np.uint8)
    draw(alpha)
    return Mask(Box(0, 0, shape[1], shape[0]), alpha)


@st.composite
def scattered(draw: st.DrawFn) -> Mask:
    """Discs, rectangles and lines, some soft, anywhere in FRAME."""
    alpha = np.zeros(FRAME.shape, np.uint8)
    for _ in range(draw(st.integers(1, 6))):
        x, y = draw(st.integers(0, FRAME.width - 1)), draw(st.integers(0, FRAME.height - 1))
        to = draw(st.integers(0, FRAME.width - 1)), draw(st.integers(0, FRAME.height - 1))
        colour, size = draw(st.sampled_from([1, 100, 255])), draw(st.integers(1, 60))
        kind = draw(st.integers(0, 3))
        if kind == 0:
            cv2.circle(alpha, (x, y), size, colour, -1)
        elif kind == 1:
            cv2.line(alpha, (x, y), to, colour, max(1, size // 8))
        elif kind == 2:
            cv2.rectangle(alpha, (x, y), to, colour, draw(st.sampled_from([-1, 1, 5])))
        else:
            cv2.rectangle(alpha, (x, y), (x + size, y + size), colour, -1)
    return Mask(FRAME, alpha)


@settings(max_examples=150)
@given(scattered(), st.sampled_from([64, 96, 256]), st.sampled_from([(), ((48, 88), (88, 48))]), st.booleans())
def test_parts_are_the_mask_and_nothing_twice(
    mask: Mask, size: int, buckets: tuple[tuple[int, int], ...], redraws: bool
) -> None:
    parts = mask_parts(mask, FRAME, size, buckets, redraws)
    total = np.zeros(FRAME.shape, int)
    for part in parts:
        assert not part.bounds.empty and part.box == part.bounds
        total[part.box.slices(FRAME)] += part.alpha
    assert np.array_equal(total, mask.alpha)  # so no pixel is in two of them
    for part in parts:
        window, shape = view(part.bounds, FRAME, size, buckets)
        scale = window.height / shape[0]
        compact = 4 * np.count_nonzero(part.alpha) >= max(part.box[2:]) ** 2
        assert scale <= 1 or compact or (redraws and scale <= COARSEST + 1 / shape[0])
    # which parts there are does not hang on where the mask lies
    moved = Mask(shifted(mask.box, 77, -13), mask.alpha)
    again = mask_parts(moved, shifted(FRAME, 77, -13), size, buckets, redraws)
    assert [part.box for part in again] == [shifted(part.box, 77, -13) for part in parts]


@settings(max_examples=40)
@given(st.lists(scattered(), min_size=2, max_size=3), st.sampled_from(["noise", "refining"]), st.floats(0.05, 1))
def test_masks_together_cost_hardly_more_than_each_alone(masks: list[Mask], name: str, strength: float) -> None:
    picture, load = (
        Picture.from_pixels(np.zeros((*FRAME.shape, 3), np.uint8)),
        loader(NoisePipeline(), RefiningPipeline()),
    )

    def steps(mask: Mask) -> int:
        edit = an_edit(
            Mask(picture.box, mask.on(FRAME)), pipeline=name, strength=strength, steps=10, blend=Blend(feather=0)
        )
        return plan(edit, picture.box, load(name)).steps

    alone = [steps(mask) for mask in masks]
    assert steps(joined(*masks)) <= 1.5 * sum(alone)


@pytest.mark.parametrize("distance", [600, 5000, 60_000])
@pytest.mark.parametrize("size", [64, 256, 1024])
def test_two_dots_take_two_windows_at_any_distance(distance: int, size: int) -> None:
    """So memory does not grow with what lies between them; a square over both would have its square."""
    size = min(size, distance // 2)
    mask = joined(filled(Box(0, 0, 20, 20)), filled(Box(distance, 100, 20, 20)))
    parts = mask_parts(mask, Box(0, 0, distance + 20, 300), size, (), True)
    assert [part.box for part in parts] == [Box(0, 0, 20, 20), Box(distance, 100, 20, 20)]


@pytest.mark.parametrize("shape", [(6000, 6000), (300, 20_000), (20_000, 300), (3000, 12_000), (64, 2**17)], ids=str)
def test_no_picture_is_too_long_to_be_painted_all_over(shape: tuple[int, int]) -> None:
    mask = filled(Box(0, 0, shape[1], shape[0]))
    for redraws in (True, False):
        parts = mask_parts(mask, mask.box, 256, (), redraws)
        windows = [view(part.box, mask.box, 256, ()).window for part in parts]
        assert max(window.width * window.height for window in windows) <= LARGEST_WINDOW
        assert sum(window.width * window.height for window in windows) < 12 * shape[0] * shape[1] + 256**2


def test_a_thing_on_a_line_is_drawn_whole() -> None:
    """A mask is cut where least of it is cut."""

    def thing_on_a_line(alpha: Pixels) -> None:
        cv2.line(alpha, (0, 400), (2999, 400), 255, 7)
        cv2.circle(alpha, (1500, 400), 150, 255, -1)

    parts = mask_parts(drawn((800, 3000), thing_on_a_line), Box(0, 0, 3000, 800), 256, (), True)
    (largest, *others) = sorted(parts, key=lambda part: -np.count_nonzero(part.alpha))
    assert largest.box.contains(Box(1350, 250, 301, 301)) and largest.box.width < 700
    assert len(others) > 4


def test_small_spots_share_windows() -> None:
    def dust(alpha: Pixels) -> None:
        for x, y in np.random.default_rng(0).integers(0, 1990, (400, 2)):
            alpha[y : y + 5, x : x + 5] = 255

    parts = mask_parts(drawn((2000, 2000), dust), Box(0, 0, 2000, 2000), 256, (), True)
    assert len(parts) <= 1.5 * (2000 / 205) ** 2  # of windows that have room around


# what is drawn

SPOTS = (Box(20, 30, 30, 20), Box(700, 40, 24, 30), Box(300, 600, 20, 20))
WALL = Picture.from_pixels(noise(900, 700))


@pytest.mark.parametrize("name", ["noise", "heedful", "refining"])
def test_far_spots_come_out_as_each_would_alone(name: str) -> None:
    """To the byte: the first has the edit's own seed, the others have seeds of their own."""
    load = loader(NoisePipeline(), HeedfulPipeline(), RefiningPipeline())
    together = check_edit(an_edit(joined(*map(disc, SPOTS)), pipeline=name, seed=5), WALL, load).picture
    for number, spot in enumerate(SPOTS):
        alone = run(apply(an_edit(disc(spot), pipeline=name, seed=seed_of_part(5, number)), WALL, load)).picture
        assert together.read(spot.padded(20)) == alone.read(spot.padded(20))
    assert seed_of_part(5, 0) == 5 and len({seed_of_part(5, number) for number in range(9)}) == 9


def test_one_stray_pixel_changes_nothing_elsewhere() -> None:
    """It once had a small thing decided at a thumbnail's size."""
    load, mask = loader(HeedfulPipeline()), disc(Box(60, 50, 40, 40))
    stray = joined(mask, Mask(Box(899, 699, 1, 1), np.ones((1, 1), np.uint8)))
    alone, both = (run(apply(an_edit(each, pipeline="heedful"), WALL, load)).picture for each in (mask, stray))
    assert alone.read(Box(0, 0, 800, 600)) == both.read(Box(0, 0, 800, 600))


def test_parts_that_lie_apart_are_one_request_and_variations_too() -> None:
    pipeline, edit = HeedfulPipeline(), an_edit(joined(*map(filled, SPOTS)), pipeline="heedful")
    outcome = run(apply(edit, WALL, loader(pipeline)))
    (request,) = pipeline.requests
    assert request.image.shape == (3, 64, 64, 3) and len(set(request.seeds)) == 3 and len(outcome.crops) == 3
    edits = [an_edit(joined(*map(filled, SPOTS)), pipeline="heedful", seed=seed) for seed in (1, 9)]
    outcomes = run(apply_all(edits, WALL, loader(pipeline)))
    assert outcomes[0].picture == outcome.picture
    assert outcomes[1].picture == run(apply(edits[1], WALL, loader(pipeline))).picture
    # what was drawn is not drawn again
    before = len(pipeline.requests)
    assert run(apply(edit, WALL, loader(pipeline), outcome.crops.get)).picture == outcome.picture
    assert len(pipeline.requests) == before


def line_of(length: int, width: int = 6) -> Mask:
    return filled(Box(30, 300, length, width))


@pytest.mark.parametrize(
    "blend", [Blend(), Blend(feather=0), Blend(edge=-2), Blend(feather=30, edge=9), Blend(feather=3)]
)
def test_a_line_is_repainted_without_a_gap_where_it_is_cut(blend: Blend) -> None:
    edit = an_edit(line_of(800, 12), pipeline="flat", blend=Blend(blend.feather, blend.edge, colour_match=False))
    black = Picture.from_pixels(np.zeros((700, 900, 3), np.uint8))
    result = check_edit(edit, black, loader(FlatPipeline((255, 255, 255)))).picture.read(Box(0, 250, 900, 120))
    across = result.pixels[:, 60:800, 0]
    core = across[50 + max(0, -blend.edge) : 62 - max(0, -blend.edge)]
    assert (core == 255).all()


def test_a_part_sees_what_was_drawn_beside_it_and_no_old_pixel_of_the_mask() -> None:
    seen: list[tuple[Pixels, Pixels]] = []

    class Watching(FlatPipeline):
        def inpaint(self, request):  # type: ignore[no-untyped-def]
            seen.extend(zip(request.images.copy(), request.masks.copy(), strict=True))
            return super().inpaint(request)

    grey = np.full((700, 900, 3), 90, np.uint8)
    grey[300:306, 30:830] = 0  # what is to go
    edit = an_edit(line_of(800), pipeline="flat", blend=Blend(colour_match=False))
    run(apply(edit, Picture.from_pixels(grey), loader(Watching((255, 255, 255)))))
    assert len(seen) > 10
    for image, hole in seen:
        assert not (image[hole == 0] == 0).all(-1).any()  # nothing of what goes is shown as kept
    assert all((image[hole == 0] > 200).all(-1).any() for image, hole in seen[1:])  # it goes on from there


def test_opacity_is_laid_on_once_where_parts_meet() -> None:
    edit = an_edit(line_of(800), pipeline="flat", blend=Blend(feather=0, opacity=0.5, colour_match=False))
    result = check_edit(edit, Picture.from_pixels(np.zeros((700, 900, 3), np.uint8)), loader(FlatPipeline((200,) * 3)))
    assert np.unique(result.picture.read(Box(30, 300, 800, 6)).pixels).tolist() == [100]


def test_a_soft_pipeline_mixes_parts_as_one() -> None:
    edit = an_edit(line_of(800), pipeline="soft", blend=Blend(feather=4, colour_match=False))
    picture = Picture.from_pixels(np.full((700, 900, 3), 50, np.uint8))
    result = check_edit(edit, picture, loader(SoftPipeline((250, 250, 250)))).picture
    assert (result.read(Box(30, 300, 800, 6)).pixels >= 230).all()


def progress_of(edit: Edit, pipeline: str) -> list[tuple[int, int]]:
    load = loader(NoisePipeline(), RefiningPipeline())
    return [(step.index, step.total) for step in apply(edit, WALL, load)]


@pytest.mark.parametrize(
    "mask", [joined(*map(disc, SPOTS)), line_of(800), joined(disc(SPOTS[0]), disc(Box(400, 300, 200, 200)))]
)
@pytest.mark.parametrize("pipeline", ["noise", "refining"])
def test_progress_over_parts_never_goes_back_and_ends_at_its_end(mask: Mask, pipeline: str) -> None:
    seen = progress_of(an_edit(mask, pipeline=pipeline, steps=4), pipeline)
    assert len({total for _, total in seen}) == 1 and seen[-1][0] == seen[-1][1]
    indices = [index for index, _ in seen]
    assert indices == sorted(indices)


def test_a_preview_keeps_what_is_finished_beside_it() -> None:
    """While a line is drawn part by part, none of it falls back to what it was."""
    edit = an_edit(line_of(800), pipeline="flat", blend=Blend(feather=0, colour_match=False))
    steps = apply(edit, Picture.from_pixels(np.zeros((700, 900, 3), np.uint8)), loader(FlatPipeline((255,) * 3)))
    painted = []
    for progress in steps:
        preview = progress.preview
        assert preview is not None
        painted.append(int((preview.pixels[..., 0] == 255).sum()))
    assert painted == sorted(painted) and painted[-1] > 0.9 * 800 * 6
