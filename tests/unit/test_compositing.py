import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from editor.imaging.compositing import (
    FARTHEST_MATCH,
    blend,
    colour_match,
    evened,
    resized,
    resized_mask,
    surrounded,
)
from editor.imaging.geometry import Box
from editor.imaging.raster import Patch
from pipelines.evaluation.measures import seam
from tests.samples import noise


@given(st.integers(0, 9))
def test_a_blend_is_exact_at_both_ends_and_rounded_between(seed: int) -> None:
    original, generated = noise(40, 30, seed), noise(40, 30, seed + 100)
    alpha = np.random.default_rng(seed).choice(np.array([0, 1, 77, 254, 255], np.uint8), (30, 40))
    kept, drawn = original.copy(), generated.copy()
    mixed = blend(original, generated, alpha)
    assert np.array_equal(mixed[alpha == 0], original[alpha == 0])
    assert np.array_equal(mixed[alpha == 255], generated[alpha == 255])
    share = alpha[..., None] / 255
    assert np.array_equal(mixed, np.floor(original * (1 - share) + generated * share + 0.5 - 1e-9))
    assert np.array_equal(original, kept) and np.array_equal(generated, drawn)  # neither is written to


def test_surroundings_repeat_the_border() -> None:
    patch = Patch(Box(10, 20, 6, 5), noise(6, 5))
    window = Box(5, 18, 20, 20)
    around = surrounded(patch, window)
    assert np.array_equal(around[patch.box.slices(window)], patch.pixels)
    assert np.array_equal(around[0, 5:11], patch.pixels[0])
    assert np.array_equal(around[2:7, 19], patch.pixels[:, -1])


def test_an_image_that_fits_is_not_resized() -> None:
    image = noise(64, 64)
    assert resized(image, (64, 64)) is image
    assert resized(image, (32, 32)).shape == (32, 32, 3) and resized(image, (100, 100)).shape == (100, 100, 3)
    assert abs(resized(image, (32, 32)).mean() - image.mean()) < 1


@pytest.mark.parametrize("shape", [(48, 88), (88, 48)])
def test_a_rectangle_comes_back_from_a_window_of_its_aspect(shape: tuple[int, int]) -> None:
    image = np.kron(noise(shape[1] // 8, shape[0] // 8), np.ones((8, 8, 1), np.uint8))
    window = resized(image, (shape[0] * 3, shape[1] * 3))
    assert window.shape == (shape[0] * 3, shape[1] * 3, 3)
    back = np.abs(resized(window, shape).astype(int) - image)
    inside = np.kron(np.ones((shape[0] // 8, shape[1] // 8)), np.pad(np.ones((4, 4)), 2)) > 0
    assert back[inside].max() <= 1  # a cubic reaches two pixels over an edge


@given(st.integers(65, 700), st.integers(0, 10**6), st.sampled_from([16, 64]))
def test_no_known_pixel_is_mixed_with_one_that_is_to_go(side: int, where: int, size: int) -> None:
    mask = np.zeros((side, side), np.uint8)
    y, x = divmod(where % (side * side), side)
    mask[y, x] = 255
    small = resized_mask(mask, (size, size))
    assert set(np.unique(small)) <= {0, 255}
    # the one painted pixel, as an image: wherever it leaves a trace, the mask says so
    bright = np.repeat(mask[..., None], 3, axis=2)
    trace = np.asarray(cv2.resize(bright.astype(np.float64), (size, size), interpolation=cv2.INTER_AREA))
    assert (small[trace[..., 0] > 1e-6] == 255).all()
    assert small.any() and np.count_nonzero(small) <= 4


@given(st.integers(0, 99), st.integers(20, 70), st.integers(20, 70))
def test_a_share_is_the_mean_but_where_something_is_to_go_altogether(seed: int, height: int, width: int) -> None:
    random = np.random.default_rng(seed)
    mask = np.zeros((77, 81), np.uint8)
    mask[20:50, 30:60] = random.choice(
        np.array([0, 1, 90, 254, 255], np.uint8), (30, 30), p=[0.2, 0.3, 0.3, 0.15, 0.05]
    )
    small = resized_mask(mask, (height, width))
    hard = resized_mask(np.where(mask > 0, np.uint8(255), np.uint8(0)), (height, width))
    assert np.array_equal(small > 0, hard > 0)
    whole = resized_mask(np.where(mask == 255, mask, np.uint8(0)), (height, width)) > 0
    assert (small[whole] == 255).all() and (small[~whole] < 255).all()
    # what falls to one side goes on falling
    ramp = np.repeat(np.linspace(255, 0, 81).round().astype(np.uint8)[None], 77, 0)
    assert (np.diff(resized_mask(ramp, (height, width)).astype(int), axis=1) <= 0).all()


def test_a_cast_is_taken_off() -> None:
    original = noise(64, 64) // 2 + 60
    cast = np.array([9, -4, 0])
    generated = (original + cast).astype(np.uint8)
    ring = np.zeros((64, 64), bool)
    ring[:10] = True
    assert np.array_equal(colour_match(generated, original, ring), original)


def test_no_cast_no_change() -> None:
    image = noise(64, 64)
    assert colour_match(image, image, np.ones((64, 64), bool)) is image


def test_a_ring_of_a_few_pixels_says_nothing() -> None:
    ring = np.zeros((64, 64), bool)
    ring[0, :20] = True
    image = noise(64, 64)
    assert colour_match(image, 255 - image, ring) is image


def a_hole() -> NDArray[np.uint8]:
    """uint8 (256, 256), its middle painted."""
    hole = np.zeros((256, 256), np.uint8)
    hole[60:200, 50:190] = 255
    return hole


def test_a_wall_a_shade_off_goes_on_where_the_hole_ends() -> None:
    """Another shade on each side; on a wall that has a gradient and some grain of its own."""
    hole, random = a_hole(), np.random.default_rng(0)
    y, x = np.mgrid[:256, :256]
    wall = 180 + 0.1 * x[..., None] - 0.05 * y[..., None] + np.array([0, -20, 10])
    grainy = (wall + random.normal(0, 1, (256, 256, 3))).round().astype(np.uint8)
    drift = np.array([9, -7, 4]) + 0.05 * (x[..., None] - 128)
    drawn = np.where(hole[..., None] > 0, grainy + drift, grainy).round().astype(np.uint8)
    edges = np.ix_(range(62, 198, 4), (52, 187))
    answers = (drawn, evened(drawn, grainy, hole))
    before, after = (np.abs(image[edges].astype(int) - wall[edges]).mean() for image in answers)
    assert before > 5 and after < 1.5
    assert np.array_equal(evened(drawn, grainy, hole)[hole == 0], drawn[hole == 0])
    inside = np.abs(evened(drawn, grainy, hole).astype(int) - wall)[hole > 0]
    assert inside.mean() < 3


@pytest.mark.parametrize("shape", [(128, 400), (400, 128)])
def test_a_drift_is_taken_off_in_a_rectangle_as_well(shape: tuple[int, int]) -> None:
    hole = np.zeros(shape, np.uint8)
    hole[40:-40, 40:-40] = 255
    wall = np.full((*shape, 3), 120, np.uint8)
    drawn = np.where(hole[..., None] > 0, np.uint8(128), wall)
    answer = np.abs(evened(drawn, wall, hole).astype(int) - wall)
    assert answer.max() <= 4 and answer.mean() < 0.5


def test_a_thing_at_the_holes_edge_keeps_its_colour() -> None:
    hole = a_hole()
    wall = np.full((256, 256, 3), 200, np.uint8)
    drawn = wall.copy()
    drawn[100:200, 50:190] = (200, 30, 40)  # it stands on the hole's lower edge
    assert np.abs(evened(drawn, wall, hole).astype(int) - drawn).max() <= 2


def test_no_step_is_left_at_the_holes_edge() -> None:
    """Of an answer that is off by a little here and there, and speckled: no drift that a smooth offset meets."""
    hole, random = a_hole(), np.random.default_rng(1)
    wall = np.full((256, 256, 3), 170, np.uint8)
    blots = cv2.GaussianBlur(random.normal(0, 60, (256, 256, 3)), (0, 0), 5) + random.normal(0, 3, (256, 256, 3))
    drawn = np.where(hole[..., None] > 0, wall + blots, wall).round().astype(np.uint8)
    before, after = (seam(image, hole, wall) for image in (drawn, evened(drawn, wall, hole)))
    assert before > 3 and after < 1.15
    assert np.abs(evened(drawn, wall, hole).astype(int) - drawn)[80:180, 70:170].mean() < 2  # deep inside


@given(st.integers(0, 20))
def test_what_goes_on_already_stays(seed: int) -> None:
    """To the byte on a wall, and within a level even amid noise."""
    hole = a_hole()
    wall = np.full((256, 256, 3), 90 + seed, np.uint8)
    assert evened(wall, wall, hole) is wall
    image = noise(256, 256, seed)
    assert np.abs(evened(image, image, hole).astype(int) - image).max() <= 1


@pytest.mark.parametrize("level", [0, 255])
def test_nothing_to_compare_with_is_no_reason(level: int) -> None:
    image = noise(64, 64)
    assert evened(image, 255 - image, np.full((64, 64), level, np.uint8)) is image


@pytest.mark.parametrize("level", [0, 255])
def test_a_match_is_bounded_and_never_wraps(level: int) -> None:
    original = np.full((64, 64, 3), level, np.uint8)
    generated = np.full((64, 64, 3), 255 - level, np.uint8)
    matched = colour_match(generated, original, np.ones((64, 64), bool))
    assert abs(int(matched[0, 0, 0]) - (255 - level)) == FARTHEST_MATCH
    speckled = noise(64, 64)
    moved = colour_match(speckled, np.full_like(speckled, level), np.ones((64, 64), bool)).astype(int)
    assert (np.abs(moved - speckled) <= FARTHEST_MATCH).all()
