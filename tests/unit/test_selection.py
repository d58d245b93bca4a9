"""Selections that follow the picture: exact for the wand, near the truth from a scribble, and cheap."""

from collections.abc import Callable
from types import MappingProxyType

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from editor.imaging.geometry import Box
from editor.imaging.picture import TILE, Picture
from editor.imaging.raster import Mask, Pixels
from editor.imaging.selection import alike, connected, cut_out, edge_aware, smoothed, softened, without_holes
from tests.samples import disc, filled, noise


def flat(width: int, height: int, *shapes: tuple[Mask, tuple[int, int, int]]) -> Picture:
    """Shapes in one colour each on a plain ground."""
    pixels = np.full((height, width, 3), (90, 90, 90), np.uint8)
    for mask, colour in shapes:
        pixels[mask.on(Box(0, 0, width, height)) > 0] = colour
    return Picture.from_pixels(pixels)


def counted(picture: Picture) -> tuple[Picture, list[str]]:
    """The same picture, and the tiles read of it."""
    read: list[str] = []

    def source(digest: str) -> Pixels:
        read.append(digest)
        return picture.fresh[digest]

    return Picture(picture.box, picture.tiles, source, MappingProxyType({})), read


def iou(one: Mask, other: Mask) -> float:
    box = one.box.union(other.box)
    both, either = (join(one.on(box) > 0, other.on(box) > 0) for join in (np.logical_and, np.logical_or))
    return np.count_nonzero(both) / np.count_nonzero(either)


@pytest.mark.parametrize("box", [Box(40, 60, 31, 50), Box(0, 0, 300, 200), Box(5, 5, 900, 700), Box(650, 0, 250, 800)])
def test_the_wand_takes_the_flat_region_and_no_more(box: Box) -> None:
    shape, far = disc(box), disc(Box(920, 720, 70, 70))
    picture = flat(1000, 800, (shape, (200, 10, 10)), (far, (200, 10, 10)))
    assert connected(picture, box.x + box.width // 2, box.y + box.height // 2, 0) == shape.cropped()
    ground = connected(picture, 999, 799, 109)  # one level less than the shapes are away
    assert not (ground.on(picture.box) & shape.on(picture.box)).any()


@given(st.integers(0, 59), st.integers(0, 39), st.integers(0, 255))
def test_the_wand_is_the_component_of_what_is_alike(x: int, y: int, tolerance: int) -> None:
    pixels = noise(60, 40, 3) // 64 * 40
    near = np.abs(pixels.astype(int) - pixels[y, x].astype(int)).max(2) <= tolerance
    _, labels = cv2.connectedComponents(near.astype(np.uint8), connectivity=4)
    found = connected(Picture.from_pixels(pixels), x, y, tolerance).on(Box(0, 0, 60, 40))
    assert np.array_equal(found == 255, labels == labels[y, x]) and set(np.unique(found)) <= {0, 255}


@given(st.integers(0, 59), st.integers(0, 599), st.integers(0, 255))
def test_the_wand_everywhere_is_all_that_is_alike(x: int, y: int, tolerance: int) -> None:
    pixels = noise(60, 600, 3) // 64 * 40  # of more rows than are looked at at a time
    near = np.abs(pixels.astype(int) - pixels[y, x].astype(int)).max(2) <= tolerance
    found = alike(Picture.from_pixels(pixels), x, y, tolerance)
    assert np.array_equal(found.on(Box(0, 0, 60, 600)), near * np.uint8(255))


def test_everywhere_finds_what_is_not_connected() -> None:
    one, far = disc(Box(40, 60, 31, 50)), disc(Box(920, 720, 70, 70))
    picture = flat(1000, 800, (one, (200, 10, 10)), (far, (200, 10, 10)))
    assert alike(picture, 55, 85, 0) == one.joined(far)
    assert connected(picture, 55, 85, 0) == one.cropped()


def test_what_is_transparent_is_a_colour_of_its_own() -> None:
    pixels = np.dstack([noise(80, 80), np.full((80, 80), 255, np.uint8)])
    pixels[20:50, 10:30, 3] = 0  # whatever colours lie there
    for select in (connected, alike):
        assert select(Picture.from_pixels(pixels), 15, 30, 0) == filled(Box(10, 20, 20, 30))


def test_a_small_blob_costs_little_of_a_large_picture() -> None:
    blob = disc(Box(2000, 2000, 90, 90))
    picture, read = counted(flat(4096, 4096, (blob, (200, 10, 10))))
    assert connected(picture, 2045, 2045, 20) == blob.cropped()
    looked = len(read) // 2  # colours and opacity
    assert looked * TILE**2 <= 2 * 512**2, f"{looked} tiles"


def test_no_point_outside_the_picture() -> None:
    with pytest.raises(ValueError, match="outside the picture"):
        connected(flat(30, 20), 30, 5, 0)
    with pytest.raises(ValueError, match="outside the picture"):
        alike(flat(30, 20), -1, 5, 0)
    with pytest.raises(ValueError, match="outside the picture"):
        edge_aware(flat(30, 20), disc(Box(100, 100, 9, 9)))


def textured(side: int, box: Box, seed: int) -> Picture:
    """A grainy disc on a ground of blotches and grain."""
    random = np.random.default_rng(seed)
    blotches = random.uniform(40, 200, (max(2, side // 64), max(2, side // 64), 3))
    pixels = cv2.resize(blotches, (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float64)
    pixels[disc(box).on(Box(0, 0, side, side)) > 0] = (215, 50, 60)
    pixels += random.normal(0, 9, pixels.shape)
    return Picture.from_pixels(np.clip(pixels, 0, 255).astype(np.uint8))


def line(box: Box) -> Mask:
    """A stroke across the middle half of it."""
    return filled(Box(box.x + box.width // 4, box.y + box.height // 2, box.width // 2, max(3, box.height // 20)))


def zigzag(box: Box) -> Mask:
    points = [(0.2, 0.4), (0.4, 0.75), (0.5, 0.25), (0.75, 0.7)]
    alpha = np.zeros(box.shape, np.uint8)
    at = np.array([(x * box.width, y * box.height) for x, y in points], np.int32)
    cv2.polylines(alpha, [at], False, 255, max(3, box.width // 15))
    return Mask(box, alpha)


def dot(box: Box) -> Mask:
    return disc(Box(box.x + box.width * 2 // 5, box.y + box.height * 2 // 5, box.width // 7, box.width // 7))


@pytest.mark.parametrize("stroke", [line, zigzag, dot])
@pytest.mark.parametrize(
    ("side", "box"),
    [(600, Box(200, 180, 200, 200)), (1400, Box(300, 400, 700, 500)), (300, Box(0, 60, 200, 180))],
)
def test_a_scribble_selects_what_it_lies_on(side: int, box: Box, stroke: Callable[[Box], Mask]) -> None:
    picture = textured(side, box, side)
    found = edge_aware(picture, stroke(box))
    assert iou(found, disc(box)) >= 0.95
    assert found == edge_aware(picture, stroke(box))  # there is no chance in it
    assert set(np.unique(found.alpha)) <= {0, 255}


def test_a_selection_has_no_holes_and_no_islands() -> None:
    box = Box(150, 150, 200, 200)
    pixels = textured(500, box, 7).pixels().copy()
    pixels[240:262, 300:322] = (30, 160, 70)  # a knob on it, not painted over
    pixels[40:70, 40:70] = (215, 50, 60)  # a thing of the same colour elsewhere
    found = edge_aware(Picture.from_pixels(pixels), line(box))
    assert iou(found, disc(box)) >= 0.95
    assert (found.on(Box(300, 240, 22, 22)) == 255).all() and not found.on(Box(40, 40, 30, 30)).any()


def test_a_scribble_costs_by_the_stroke() -> None:
    box = Box(2000, 2100, 120, 120)
    picture, read = counted(textured(4096, box, 1))
    assert iou(edge_aware(picture, line(box)), disc(box)) >= 0.95
    assert len(read) // 2 * TILE**2 <= 3 * 512**2


@pytest.mark.parametrize("box", [Box(0, 0, 40, 30), Box(12, 9, 1, 1), Box(-5, -5, 60, 60)])
def test_any_stroke_on_any_picture_is_part_of_its_selection(box: Box) -> None:
    for picture in (flat(40, 30), Picture.from_pixels(noise(40, 30)), Picture.blank(40, 30)):
        stroke = filled(box).cut(picture.box)
        assert edge_aware(picture, filled(box)).without(stroke).joined(stroke) == edge_aware(picture, filled(box))
        assert picture.box.contains(edge_aware(picture, filled(box)).box)


@given(st.integers(1, 60))
def test_a_softened_edge_falls_over_its_width(px: int) -> None:
    """Half outside, half inside; not where the picture ends."""
    frame = Box(0, 0, 400, 60)
    found = softened(filled(Box(200, 0, 200, 60)), px, frame).on(frame)
    assert (found == found[:1]).all()  # no fall at the upper and lower end, nor at the right
    row = found[0].astype(int)
    assert (np.diff(row) >= 0).all() and row[-1] == 255
    assert row[199] <= 128 <= row[200] + 1 and abs(255 - row[199] - row[200]) <= 2
    outside, inside = 200 - px // 2 - 2, 200 + px // 2 + 1
    assert row[outside] <= 13 and row[inside] >= 242  # 5 % either way
    assert not row[: max(0, 200 - px - 1)].any()


@given(st.integers(1, 32))
def test_a_smoothed_outline_keeps_what_is_large_and_drops_what_is_narrow(px: int) -> None:
    frame = Box(0, 0, 600, 500)
    ragged = disc(Box(150, 100, 300, 300))
    for x in range(3 * px + 9, 600 - px, 3 * px + 9):  # lines and gaps much narrower than the smoothing
        ragged = ragged.joined(filled(Box(x, 0, max(1, px // 4), 500)))
    found = smoothed(ragged, px, frame)
    assert set(np.unique(found.alpha)) <= {0, 255}
    if px >= 4:
        assert iou(found, disc(Box(150, 100, 300, 300))) > 0.95
    whole = filled(frame)
    assert smoothed(whole, px, frame) == whole  # where the picture ends, nothing is rounded


def test_no_smoothing_leaves_a_selection_as_it_is() -> None:
    speck = filled(Box(7, 9, 1, 1))
    assert smoothed(speck, 0, Box(0, 0, 20, 20)) == speck
    assert smoothed(speck, 4, Box(0, 0, 20, 20)).bounds.empty


def enclosed(alpha: Pixels) -> Pixels:
    """For each pixel the largest level that every way out of the array, side by side, must cross: the law of holes."""
    padded = np.pad(alpha.astype(int), 1)
    level = np.full(padded.shape, 255)
    level[[0, -1], :] = level[:, [0, -1]] = 0
    while True:
        around = np.minimum.reduce(
            [np.roll(level, 1, 0), np.roll(level, -1, 0), np.roll(level, 1, 1), np.roll(level, -1, 1)]
        )
        lower = np.minimum(level, np.maximum(padded, around))
        lower[[0, -1], :] = lower[:, [0, -1]] = 0
        if np.array_equal(lower, level):
            return level[1:-1, 1:-1].astype(np.uint8)
        level = lower


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_holes_are_what_the_mask_encloses_and_nothing_else_changes(seed: int, soft: bool) -> None:
    random = np.random.default_rng(seed)
    alpha = np.where(random.random((14, 17)) < 0.6, random.integers(1, 256, (14, 17)) if soft else 255, 0).astype(
        np.uint8
    )
    mask = Mask(Box(-3, 5, 17, 14), alpha)
    found = without_holes(mask)
    true = enclosed(alpha)
    assert found.box == mask.box and (found.alpha >= alpha).all() and (found.alpha <= true).all()
    assert (true.astype(int) - found.alpha < 16).all()  # a soft mask's levels are looked at in steps
    assert np.array_equal(found.alpha == 255, true == 255) and without_holes(found) == found


def test_the_soft_edge_of_a_hole_is_filled_too() -> None:
    frame = Box(0, 0, 200, 200)
    ring = softened(filled(Box(40, 40, 120, 120)).without(filled(Box(80, 80, 40, 40))), 12, frame)
    found = without_holes(ring).on(frame)
    assert (found[60:140, 60:140] == 255).all()
    assert np.array_equal(found[:50], ring.on(frame)[:50])  # outside it stays soft


def test_a_cut_out_is_the_picture_under_the_mask_as_transparent_as_both() -> None:
    pixels = np.dstack([noise(80, 60), np.full((60, 80), 255, np.uint8)])
    pixels[10:20, 10:40, 3] = 100
    picture = Picture.from_pixels(pixels)
    mask = softened(disc(Box(5, 5, 50, 40)), 6, picture.box)
    found = cut_out(picture, mask)
    box = mask.bounds
    assert found.shape == (*box.shape, 4)
    assert np.array_equal(found[..., :3], picture.read(box).pixels)
    want = np.rint(pixels[box.slices(picture.box)][..., 3] / 255 * mask.on(box))
    assert np.abs(found[..., 3] - want).max() <= 1
    assert cut_out(picture, filled(Box(-30, -30, 40, 50))).shape == (20, 10, 4)
    with pytest.raises(ValueError, match="does not cover any part"):
        cut_out(picture, filled(Box(500, 0, 9, 9)))


@pytest.mark.parametrize("quality", [75, 90])
def test_a_flat_thing_in_a_jpeg_is_selected_as_a_whole(quality: int) -> None:
    """Its rim has colours that it has nowhere else."""
    pixels = np.full((400, 400, 3), (140, 160, 150), np.uint8)
    box = Box(140, 140, 120, 120)
    pixels[disc(box).on(Box(0, 0, 400, 400)) > 0] = (210, 40, 40)
    _, file = cv2.imencode(".jpg", cv2.GaussianBlur(pixels, (0, 0), 0.7), [cv2.IMWRITE_JPEG_QUALITY, quality])
    picture = Picture.from_pixels(np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR), np.uint8))
    assert iou(edge_aware(picture, filled(Box(170, 195, 60, 10))), disc(box)) >= 0.95
