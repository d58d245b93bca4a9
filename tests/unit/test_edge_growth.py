"""Growing for Remove: what an edge leaves beyond a selection goes, what lies beyond an edge stays as it was painted."""

from types import MappingProxyType

import cv2
import numpy as np
import pytest

from editor.edits.apply import apply_all
from editor.edits.edit import Edit
from editor.imaging.edge_growth import CRACK, REACH, grown_past_edge
from editor.imaging.geometry import Box
from editor.imaging.picture import TILE, Picture
from editor.imaging.raster import Mask, Pixels
from editor.imaging.selection import connected, edge_aware
from pipelines.base import run
from pipelines.classical import Classical
from tests.samples import disc, filled, noise

SIDE = 400
CENTRE, RADIUS = SIDE // 2, 50
THING = Box(CENTRE - RADIUS, CENTRE - RADIUS, 2 * RADIUS, 2 * RADIUS)


def ground(kind: str) -> np.ndarray:
    """float (SIDE, SIDE, 3): a gradient, with grain, or with blotches and grain."""
    random = np.random.default_rng(4)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    colours = np.dstack([60 + 140 * x, 90 + 80 * y, 180 - 100 * x])
    if kind == "grain":
        colours += random.normal(0, 6, (SIDE, SIDE, 1))
    if kind == "photo":
        blotches = random.uniform(40, 200, (6, 6, 3)).astype(np.float32)
        colours = cv2.resize(blotches, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        colours = colours + random.normal(0, 3, (SIDE, SIDE, 1))
    return np.clip(colours, 0, 255)


def with_disc(colours: np.ndarray, blur: float) -> Picture:
    """A grainy disc on it, anti-aliased, and blurred by a Gaussian of so many pixels."""
    large = cv2.circle(np.zeros((4 * SIDE, 4 * SIDE), np.float32), (4 * CENTRE, 4 * CENTRE), 4 * RADIUS, 1.0, -1)
    share = cv2.resize(large, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    share = (cv2.GaussianBlur(share, (0, 0), blur) if blur else share)[..., None]
    thing = np.array((210, 40, 40)) + np.random.default_rng(1).normal(0, 5, colours.shape)
    return Picture.from_pixels(np.clip(np.rint(colours * (1 - share) + thing * share), 0, 255).astype(np.uint8))


def removed(picture: Picture, mask: Mask) -> np.ndarray:
    """What is left once it is filled from its surroundings, smoothed: grain hides nothing, and is no residue."""
    (applied,) = run(apply_all([Edit(mask, seed=1, pipeline="classical")], picture, lambda _: Classical()))
    return cv2.GaussianBlur(applied.picture.pixels().astype(np.float32), (0, 0), 1.5)


@pytest.mark.parametrize("kind", ["gradient", "grain", "photo"])
@pytest.mark.parametrize(
    ("tool", "blur"), [("wand", 0), ("wand", 1), ("wand", 2), ("wand", 3), ("edge", 0), ("edge", 0.5), ("edge", 1)]
)
def test_no_outline_is_left_of_what_was_selected(kind: str, tool: str, blur: float) -> None:
    """As if it never was there: no more than the same fill leaves on the ground alone."""
    colours = ground(kind)
    picture, clean = with_disc(colours, blur), Picture.from_pixels(np.rint(colours).astype(np.uint8))
    if tool == "wand":
        found = connected(picture, CENTRE, CENTRE, 45)
    else:
        found = edge_aware(picture, filled(Box(CENTRE - 25, CENTRE - 8, 50, 16)))
    grown = grown_past_edge(picture, found)
    assert (grown.on(picture.box) >= found.on(picture.box)).all()
    assert found.bounds.padded(REACH).contains(grown.bounds)
    ring = filled(THING.padded(20)).on(picture.box) > 0
    ring &= disc(THING.padded(-8)).on(picture.box) == 0
    true = cv2.GaussianBlur(clean.pixels().astype(np.float32), (0, 0), 1.5)
    before, after, never = (
        float(np.abs(each - true)[ring].mean())
        for each in (removed(picture, found), removed(picture, grown), removed(clean, grown))
    )
    assert after <= never + 0.7, f"{before:.2f} {after:.2f} {never:.2f}"
    if blur:
        assert before > 3 * (after - never) + never


@pytest.mark.parametrize("kind", ["gradient", "grain", "photo"])
@pytest.mark.parametrize("blur", [0, 2])
def test_a_stroke_well_around_a_thing_stays_as_it_was_painted(kind: str, blur: float) -> None:
    picture = with_disc(ground(kind), blur)
    for around in (
        disc(THING.padded(14)),
        filled(THING.padded(25)),
        disc(Box(20, 30, 70, 50)),
        filled(Box(5, 5, 9, 1)),
    ):
        assert grown_past_edge(picture, around) == around.cropped()


def uncovered(picture: Picture, clean: np.ndarray, mask: Mask) -> int:
    """How many pixels of a thing, rounding aside, a mask leaves."""
    thing = np.abs(picture.pixels() - np.rint(clean)).max(2) > 2
    return int(np.count_nonzero(thing & (mask.on(picture.box) < 128)))


@pytest.mark.parametrize("room", [4, 10, 20])
def test_near_the_edge_of_the_picture_an_outline_is_followed_as_elsewhere(room: int) -> None:
    """There too few pixels lie between the thing and the picture's edge to see how plain the surroundings are."""
    colours = ground("gradient")
    inner = THING.padded(room).slices(Box(0, 0, SIDE, SIDE))
    whole = with_disc(colours, 0.7).pixels()
    for seen in ((slice(None), inner[1]), (inner[0], slice(None)), (slice(None), slice(inner[1].start, None))):
        picture = Picture.from_pixels(whole[seen])
        y, x = (CENTRE - (each.start or 0) for each in seen)
        found = connected(picture, x, y, 45)
        assert uncovered(picture, colours[seen], found) > 100
        assert uncovered(picture, colours[seen], grown_past_edge(picture, found)) == 0


def test_the_faint_rim_of_a_small_thing_goes_though_it_has_busy_neighbours() -> None:
    colours, radius = ground("gradient"), 14
    colours[CENTRE + radius + 8 :] = np.random.default_rng(6).integers(0, 256, (SIDE - CENTRE - radius - 8, SIDE, 3))
    y, x = np.mgrid[:SIDE, :SIDE] - CENTRE
    share = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)[..., None]  # anti-aliased
    share += 0.15 * np.clip(radius + 2.5 - np.hypot(x, y), 0, 1)[..., None] * (1 - share)
    picture = Picture.from_pixels(np.rint(colours + share * (250 - colours)).astype(np.uint8))
    found = disc(Box(CENTRE - radius, CENTRE - radius, 2 * radius, 2 * radius))
    below = filled(Box(0, CENTRE - 4, SIDE, SIDE))
    before, after = (
        uncovered(picture, colours, mask.joined(below)) for mask in (found, grown_past_edge(picture, found))
    )
    assert before > 40 and after < before / 4


@pytest.mark.parametrize("kind", ["gradient", "grain", "photo"])
def test_a_crack_between_two_selected_parts_is_closed_and_a_gap_is_not(kind: str) -> None:
    picture = Picture.from_pixels(np.rint(ground(kind)).astype(np.uint8))
    for width in (1, 2, 3, 4, CRACK, CRACK + 3):
        for across in (False, True):
            boxes = [Box(40, 50, 30, 90), Box(70 + width, 60, 50, 60)]
            parts = [filled(Box(box.y, box.x, box.height, box.width) if across else box) for box in boxes]
            between = Box(70, 66, width, 48)
            gap = filled(Box(between.y, between.x, between.height, between.width) if across else between)
            mask = parts[0].joined(parts[1])
            grown = grown_past_edge(picture, mask)
            left = np.count_nonzero(gap.without(grown).alpha)
            assert left == (0 if width < CRACK else gap.alpha.size)
            soft = Mask(mask.box, (mask.alpha // 255 * 200).astype(np.uint8))
            assert (grown_past_edge(picture, soft).on(mask.box)[mask.alpha > 0] == 200).all()  # as it was painted


def test_what_is_grown_once_is_hardly_grown_again() -> None:
    for kind in ("gradient", "grain", "photo"):
        picture = with_disc(ground(kind), 1)
        once = grown_past_edge(picture, connected(picture, CENTRE, CENTRE, 45))
        twice = grown_past_edge(picture, once)
        assert np.count_nonzero(twice.alpha) <= 1.01 * np.count_nonzero(once.alpha)


def test_a_boundary_amid_a_thing_or_across_it_is_no_edge() -> None:
    picture = with_disc(ground("gradient"), 1)
    within = filled(Box(CENTRE - 10, CENTRE - 10, 20, 20))
    assert grown_past_edge(picture, within) == within


def test_any_mask_on_any_picture_grows_within_it() -> None:
    random = np.random.default_rng(2)
    pictures = [Picture.from_pixels(noise(60, 50)), Picture.blank(60, 50), with_disc(ground("gradient"), 1)]
    dither = (random.random((50, 60)) < 0.3).astype(np.uint8) * np.uint8(255)
    empty, soft = (
        Mask(Box(0, 0, 0, 0), np.zeros((0, 0), np.uint8)),
        Mask(Box(2, 2, 9, 9), np.full((9, 9), 90, np.uint8)),
    )
    masks = [Mask(Box(0, 0, 60, 50), dither), disc(Box(-20, -9, 60, 40)), empty, soft]
    masks += [filled(box) for box in (Box(0, 0, 60, 50), Box(30, 20, 1, 1), Box(900, 900, 9, 9))]
    for picture in pictures:
        for mask in masks:
            grown = grown_past_edge(picture, mask)
            assert (grown.on(mask.box) >= mask.alpha).all()
            assert picture.box.union(mask.bounds).contains(grown.bounds)
            assert np.array_equal(grown.without(filled(picture.box)).alpha, mask.without(filled(picture.box)).alpha)
            assert grown == grown_past_edge(picture, mask)


def test_only_tiles_along_the_boundary_are_read() -> None:
    side = 40 * TILE
    blank = np.full((TILE, TILE, 3), 90, np.uint8)
    read: list[str] = []

    def source(digest: str) -> Pixels:
        read.append(digest)
        return blank

    tiles = {(x, y): "plain" for x in range(40) for y in range(40)}
    picture = Picture(Box(0, 0, side, side), MappingProxyType(tiles), source, MappingProxyType({}))
    alpha = np.zeros((side, side), np.uint8)
    alpha[100:120, 100:120] = alpha[-120:-100, -120:-100] = 255
    mask = Mask(picture.box, alpha)
    assert grown_past_edge(picture, mask) == mask.cropped()
    assert len(read) <= 2 * 9 * 2  # of each dot a tile and its neighbours: colours, and opacity
