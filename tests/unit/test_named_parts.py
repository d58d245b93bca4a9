"""What words name, as boxes and as coarse logits."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from editor.imaging.named_parts import GRID, MOST_PARTS, coarser, part_boxes
from editor.imaging.object_edges import object_mask
from editor.imaging.picture import Picture

SIDE = 96


def logits(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    """Above 0 within these boxes, x, y, width, height."""
    values = np.full((SIDE, SIDE), -3, np.float32)
    for x, y, width, height in boxes:
        values[y : y + height, x : x + width] = 2
    return values


def test_each_part_has_a_box_in_the_pictures_pixels_the_largest_first() -> None:
    small, large = (10, 12, 20, 16), (40, 50, 30, 40)
    scaled = [(x * 5.0, y * 2.0, width * 5.0, height * 2.0) for x, y, width, height in (large, small)]
    assert part_boxes(logits(small, large), (5 * SIDE, 2 * SIDE)) == scaled
    assert part_boxes(logits(), (5 * SIDE, 2 * SIDE)) == []


def test_specks_beside_a_part_are_no_parts_but_alone_they_are() -> None:
    speck = (4, 4, 2, 2)
    assert part_boxes(logits(speck, (40, 50, 30, 40)), (SIDE, SIDE)) == [(40, 50, 30, 40)]
    assert part_boxes(logits(speck), (SIDE, SIDE)) == [speck]


def test_of_many_parts_the_largest_are_taken() -> None:
    many = [(1 + 9 * n, 30, 7, 5 + n) for n in range(MOST_PARTS + 2)]
    assert part_boxes(logits(*many), (SIDE, SIDE)) == many[: -MOST_PARTS - 1 : -1]


@given(arrays(np.bool_, (24, 24), elements=st.booleans()))
def test_a_box_is_as_tight_as_can_be(named: np.ndarray) -> None:
    boxes = part_boxes(np.where(named, np.float32(1), np.float32(-1)), (24, 24))
    assert bool(boxes) == bool(named.any()) and len(boxes) <= MOST_PARTS
    for x, y, width, height in (map(int, box) for box in boxes):
        part = named[y : y + height, x : x + width]
        assert part[0].any() and part[-1].any() and part[:, 0].any() and part[:, -1].any()


@given(arrays(np.float32, (352, 352), elements=st.floats(-9, 9, width=32), fill=st.floats(-9, 9, width=32)))
def test_coarser_logits_are_means(fine: np.ndarray) -> None:
    coarse = coarser(fine)
    means = fine.reshape(GRID, 352 // GRID, GRID, 352 // GRID).mean((1, 3))
    assert coarse.dtype == np.float32 and np.allclose(coarse, means, atol=1e-4)


def test_the_edge_is_found_although_the_network_missed_it_by_half_a_patch() -> None:
    """A disc whose colour differs from what lies around it, and logits of one that is 8 of their 352 pixels smaller."""
    down, across = np.mgrid[:352, :352]
    distance = np.hypot(across - 175.5, down - 175.5)
    shades = np.random.default_rng(0).integers(0, 30, (352, 352, 3))
    pixels = np.where((distance < 90)[..., None], shades + 200, shades + 20).astype(np.uint8)
    picture = Picture.from_pixels(pixels)
    disc = np.where(distance < 90, 255, 0)
    fine = (82 - distance).astype(np.float32) / 4
    cut, missed = (object_mask(picture, each).on(picture.box) for each in (coarser(fine), fine))
    assert np.mean(cut != disc) < 0.002 < 0.02 < np.mean(missed != disc)
