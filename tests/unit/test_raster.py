import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from editor.imaging.geometry import Box
from editor.imaging.picture import TILE, tile_digest
from editor.imaging.raster import HALF, Mask, Patch
from tests.samples import disc, filled, noise


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    box = Box(*(draw(st.integers(-9, 9)) for _ in "xy"), *(draw(st.integers(1, 9)) for _ in "wh"))
    levels = st.sampled_from([0, 0, 0, 1, 100, HALF - 1, HALF, 255])
    return Mask(box, draw(arrays(np.uint8, box.shape, elements=levels)))


def near(mask: Mask, painted: np.ndarray, px: int) -> np.ndarray:
    """bool on mask.box.padded(px): at most px from a painted pixel; by trying them all."""
    result = np.zeros(mask.box.padded(px).shape, bool)
    for y, x in np.ndindex(result.shape):
        ys, xs = np.nonzero(painted)
        result[y, x] = bool(((ys + px - y) ** 2 + (xs + px - x) ** 2 <= px * px).any())
    return result


def test_a_patch_must_fill_its_box() -> None:
    with pytest.raises(ValueError, match="do not fill"):
        Patch(Box(0, 0, 4, 5), noise(5, 4))
    with pytest.raises(ValueError, match="do not fill"):
        Patch(Box(0, 0, 5, 4), noise(5, 4).astype(np.float32))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="does not fill"):
        Mask(Box(0, 0, 4, 5), np.zeros((4, 5), np.uint8))


def test_nobody_can_write_to_what_they_hold() -> None:
    mine = noise(4, 4)
    patch = Patch(Box(0, 0, 4, 4), mine)
    before = patch.pixels.copy()
    mine[:] = 0
    assert np.array_equal(patch.pixels, before)
    with pytest.raises(ValueError, match="read-only"):
        patch.pixels[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        filled(Box(0, 0, 2, 2)).alpha[0, 0] = 1


@given(masks())
def test_bounds_are_tight_and_cropping_keeps_the_mask(mask: Mask) -> None:
    rows, columns = np.nonzero(mask.alpha)
    if len(rows) == 0:
        assert mask.bounds.empty
    else:
        assert mask.bounds == Box(
            mask.box.x + int(columns.min()),
            mask.box.y + int(rows.min()),
            int(np.ptp(columns)) + 1,
            int(np.ptp(rows)) + 1,
        )
    assert mask.cropped().box.shape == mask.bounds.shape
    assert np.array_equal(mask.cropped().on(mask.box), mask.alpha)


@given(masks(), masks())
def test_a_cut_keeps_what_is_within(mask: Mask, other: Mask) -> None:
    cut = mask.cut(other.box)
    both = mask.box.union(other.box)
    inside = np.zeros(both.shape, bool)
    inside[other.box.slices(both)] = True
    assert np.array_equal(cut.on(both), np.where(inside, mask.on(both), 0))
    assert other.box.contains(cut.box)


@given(masks(), st.integers(0, 4))
def test_grown_is_every_pixel_that_near(mask: Mask, px: int) -> None:
    grown = mask.grown(px)
    assert grown.box == mask.box.padded(px)
    assert np.array_equal(grown.alpha == 255, near(mask, mask.alpha > 0, px))
    assert set(np.unique(grown.alpha)) <= {0, 255}


@given(masks(), st.integers(0, 4))
def test_a_feather_falls_outwards_only(mask: Mask, px: int) -> None:
    feathered = mask.feathered(px)
    alpha = mask.on(feathered.box)
    assert (feathered.alpha[alpha >= HALF] == 255).all()
    assert (feathered.alpha >= alpha).all()
    assert (feathered.alpha[mask.grown(px).alpha == 0] == 0).all()
    assert np.array_equal(feathered.alpha > 0, near(mask, mask.alpha >= HALF, px) | (alpha > 0))


def test_a_feather_falls_steadily() -> None:
    row = filled(Box(0, 0, 40, 40)).feathered(8).alpha[28]
    assert (np.diff(row[:10].astype(int)) >= 0).all()
    assert row[0] > 0 and row[0] < 20 and row[7] > 235 and row[8] == 255


@pytest.mark.parametrize("px", [0, 1, 7, 64])
def test_the_widest_feather_stays_within_the_grown_mask(px: int) -> None:
    mask = disc(Box(3, -5, 90, 41))
    assert not mask.feathered(px).alpha[mask.grown(px).alpha == 0].any()


def test_an_empty_mask_stays_empty() -> None:
    mask = Mask(Box(2, 3, 4, 5), np.zeros((5, 4), np.uint8))
    assert mask.bounds.empty and mask.cropped().box.empty
    assert not mask.grown(3).alpha.any() and not mask.feathered(3).alpha.any()
    assert Mask(Box(0, 0, 0, 0), np.zeros((0, 0), np.uint8)).bounds.empty


def test_masks_are_equal_by_place_and_alpha_and_their_digest_knows_their_shape() -> None:
    assert filled(Box(1, 2, 3, 4)) == filled(Box(1, 2, 3, 4)) != filled(Box(2, 2, 3, 4))
    assert hash(filled(Box(1, 2, 3, 4))) == hash(filled(Box(1, 2, 3, 4)))
    assert filled(Box(0, 0, 3, 4)).digest != filled(Box(0, 0, 4, 3)).digest


def test_a_mask_is_never_taken_for_a_tile_of_the_same_bytes() -> None:
    white = np.full((TILE, TILE, 3), 255, np.uint8)
    assert filled(Box(0, 0, 3 * TILE, TILE)).alpha.nbytes == white.nbytes
    assert filled(Box(0, 0, 3 * TILE, TILE)).digest != tile_digest(white)
    # not even when the mask's shape is written into the tile
    mask = filled(Box(0, 0, 1, white.nbytes - len("1x196599:")))
    forged = np.frombuffer(b"1x196599:" + mask.alpha.tobytes(), np.uint8).reshape(white.shape)
    assert mask.digest != tile_digest(forged)
