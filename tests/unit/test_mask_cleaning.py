"""Cleaning: a mask loses faint values and specks, and nothing else."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from editor.imaging.geometry import Box
from editor.imaging.mask_cleaning import CELL, FAINT, NEAR, SPECK, cleaned, parted
from editor.imaging.raster import Mask
from tests.samples import disc, filled


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    """Blocks of all sizes, far apart and near, in strong and in faint values; at least one strong pixel."""
    box = Box(draw(st.integers(-500, 500)), draw(st.integers(-500, 500)), 400, 300)
    alpha = np.zeros(box.shape, np.uint8)
    for _ in range(draw(st.integers(1, 9))):
        x, y, side = draw(st.integers(0, 380)), draw(st.integers(0, 280)), draw(st.sampled_from([1, 1, 2, 4, 5, 60]))
        alpha[y : y + side, x : x + side] = draw(st.sampled_from([1, FAINT - 1, FAINT, 100, 255]))
    alpha[draw(st.integers(0, 299)), draw(st.integers(0, 399))] = 255
    return Mask(box, alpha)


def reference(mask: Mask) -> tuple[np.ndarray, int]:
    """The rule, component by component and distance by distance, on the mask's box; and how many specks there are."""
    alpha = np.where(mask.alpha >= FAINT, mask.alpha, 0)
    left, components = alpha > 0, []
    while left.any():
        rest = [tuple(map(int, np.argwhere(left)[0]))]
        left[rest[0]] = False
        for y, x in rest:  # grows meanwhile
            top, start = max(0, y - 1), max(0, x - 1)
            for down, across in np.argwhere(left[top : y + 2, start : x + 2]).tolist():
                rest.append((top + down, start + across))
                left[rest[-1]] = False
        components.append(np.array(rest))
    largest = max(map(len, components))
    small = [each for each in components if len(each) <= SPECK and len(each) * 100 <= largest]
    large = np.concatenate([each for each in components if not (len(each) <= SPECK and len(each) * 100 <= largest)])
    specks = [each for each in small if min(((large - at) ** 2).sum(1).min() for at in each) > NEAR**2]
    for each in specks:
        alpha[tuple(each.T)] = 0
    return alpha, len(specks)


@given(masks())
def test_a_mask_loses_what_the_rule_says(mask: Mask) -> None:
    found = cleaned(mask)
    alpha, specks = reference(mask)
    assert np.array_equal(found.mask.on(mask.box), alpha) and found.specks == specks
    assert found.mask.bounds == found.mask.box
    assert cleaned(found.mask) == (found.mask, 0)  # once is enough
    kept = cleaned(mask, keep_specks=True)
    assert kept.specks == 0 and np.array_equal(kept.mask.on(mask.box), np.where(mask.alpha >= FAINT, mask.alpha, 0))


@given(masks())
def test_parts_lie_far_apart_and_are_all_there_is(mask: Mask) -> None:
    parts = parted(mask)
    whole = np.zeros(mask.box.shape, np.uint8)
    for part in parts:
        assert part.bounds == part.box and not part.box.empty
        assert all(part.box.padded(CELL).intersect(other.box).empty for other in parts if other is not part)
        whole[part.box.slices(mask.box)] = part.alpha
    assert np.array_equal(whole, np.where(mask.alpha >= FAINT, mask.alpha, 0))


def test_a_hatched_or_dithered_mask_loses_nothing() -> None:
    dots = np.zeros((300, 300), np.uint8)
    dots[::30, ::30] = 255
    hatched = np.zeros((300, 300), np.uint8)
    hatched[::40, ::3] = 200
    for alpha in (dots, hatched):
        mask = Mask(Box(5, 7, 300, 300), alpha)
        assert cleaned(mask) == (mask.cropped(), 0)
    assert cleaned(filled(Box(9, 9, 1, 1))) == (filled(Box(9, 9, 1, 1)), 0)


def test_an_empty_mask_stays_empty_and_a_faint_one_is_a_sentence() -> None:
    for box in (Box(0, 0, 0, 0), Box(3, 4, 200, 100)):
        found = cleaned(Mask(box, np.zeros(box.shape, np.uint8)))
        assert found.mask.bounds.empty and found.specks == 0
    with pytest.raises(ValueError, match=r"at most 15 of 255.*Make it white \(255\).*16 is needed\."):
        cleaned(Mask(Box(0, 0, 5, 5), np.full((5, 5), FAINT - 1, np.uint8)))


def test_two_dots_cost_no_more_the_farther_apart_they_are() -> None:
    """Beside the mask itself, which is there, and the one that is made, whose emptiness is never written."""
    box = Box(0, 0, 10_000, 10_000)
    alpha = np.zeros(box.shape, np.uint8)
    alpha[:40, :40] = alpha[-30:, -30:] = 255
    alpha[5000, 5000] = 255
    alpha.flags.writeable = False
    mask = Mask(box, alpha)
    tracemalloc.start()
    found = cleaned(mask)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.specks == 1 and found.mask.box == box
    assert most - box.width * box.height < 10 * 2**20
    small = disc(Box(40, 30, 500, 400))
    assert cleaned(small) == (small.cropped(), 0)
