"""The edge of an object at the picture's own pixels, from coarse logits."""

import cv2
import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from editor.imaging import object_edges
from editor.imaging.geometry import Box
from editor.imaging.object_edges import BAND, object_mask, outline
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask, Pixels

SIDE = 64  # pixels of the logits


def scene(width: int, height: int, x: float, y: float, radius: float) -> tuple[Pixels, np.ndarray]:
    """A red disc on grey, both with grain; and where it is."""
    down, across = np.mgrid[:height, :width] + 0.5
    disc = np.hypot(across - x, down - y) < radius
    grain = np.random.default_rng(0).integers(-6, 7, (height, width, 3))
    colours = np.where(disc[..., None], (190, 70, 60), (110, 120, 125)) + grain
    return np.clip(colours, 0, 255).astype(np.uint8), disc


def answer(width: int, height: int, x: float, y: float, radius: float) -> np.ndarray:
    """What a network would say of a disc: distance from its edge, positive within."""
    down, across = (np.mgrid[:SIDE, :SIDE] + 0.5) / SIDE
    return (radius - np.hypot(across * width - x, down * height - y)).astype(np.float32)


def enlarged(logits: np.ndarray, width: int, height: int) -> np.ndarray:
    """By what transformers enlarges masks with."""
    return interpolate(torch.from_numpy(logits)[None, None], (height, width), mode="bilinear")[0, 0].numpy() > 0


def from_edge(inside: np.ndarray, width: int, height: int) -> np.ndarray:
    """How many pixels of the logits each pixel of the picture is from the object's edge, measured at 8 samples each."""
    fine = cv2.resize(inside.astype(np.uint8), (SIDE * 8, SIDE * 8), interpolation=cv2.INTER_NEAREST)
    far = [cv2.distanceTransform(each, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for each in (fine, 1 - fine)]
    return np.asarray(cv2.resize(np.maximum(*far), (width, height), interpolation=cv2.INTER_NEAREST)) / 8


@pytest.mark.parametrize(("width", "height"), [(640, 480), (300, 720), (61, 50), (1400, 1400)])
def test_beyond_the_band_the_logits_decide_alone(width: int, height: int) -> None:
    """Whatever the picture shows: here noise, which has no edge to hold on to."""
    noise = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    picture = Picture.from_pixels(noise)
    logits = answer(width, height, width * 0.55, height * 0.4, min(width, height) * 0.3)
    found = object_mask(picture, logits).on(picture.box) == 255
    inside = enlarged(logits, width, height)
    sure = from_edge(inside, width, height) > BAND + 0.5 + SIDE / min(width, height)
    assert sure[inside].any() and np.array_equal(found[sure], inside[sure])
    assert not np.array_equal(found, inside)  # within it the picture has a say


@pytest.mark.parametrize("most", [2**20, 2**14])
def test_within_the_band_the_pictures_own_edge_is_found(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(object_edges, "MOST_PIXELS", most)
    width, height = 640, 480
    pixels, disc = scene(width, height, 300, 260, 130)
    logits = answer(width, height, 306, 255, 124)  # a pixel of the logits off: 10 x 7.5 of the picture
    picture = Picture.from_pixels(pixels)
    found = object_mask(picture, logits).on(picture.box) == 255
    coarse = np.count_nonzero(enlarged(logits, width, height) != disc)
    wrong = np.count_nonzero(found != disc)
    edge = 2 * np.pi * 130
    assert coarse > 4 * edge  # pixels wrong, for each of the edge's length
    assert wrong < (0.3 if most == 2**20 else 1.2) * edge


def test_a_picture_elsewhere_on_the_plane_and_an_object_at_its_edge() -> None:
    width, height = 640, 480
    pixels, _ = scene(width, height, 0, 480, 200)
    logits = answer(width, height, 0, 480, 200)
    there = Picture.from_pixels(pixels)
    wider = there.reframed(Box(-100, -50, 900, 700))
    moved = wider.reframed(Box(0, 0, width, height))
    assert object_mask(there, logits) == object_mask(moved, logits)
    shifted = wider.reframed(Box(-100, -50, 740, 530))
    here = Picture.from_pixels(shifted.pixels())  # the same about another origin
    beside = answer(740, 530, 300, 300, 120)
    expected = object_mask(here, beside)
    assert object_mask(shifted, beside) == Mask(
        expected.box._replace(x=expected.box.x - 100, y=expected.box.y - 50), expected.alpha
    )
    everywhere = np.full((SIDE, SIDE), 3, np.float32)
    assert object_mask(shifted, everywhere).bounds == shifted.box
    assert object_mask(shifted, -everywhere).bounds.empty


def test_the_outline_goes_around_the_object() -> None:
    frame = Box(-100, -50, 640, 480)
    [line] = outline(answer(640, 480, 320, 240, 150), frame)
    x, y = np.array(line).reshape(-1, 2).T
    assert np.abs(np.hypot(x - 220, y - 190) - 150).max() < 6  # a pixel of the logits is 10 wide
    assert outline(np.full((SIDE, SIDE), -1, np.float32), frame) == []
    ring = np.minimum(answer(640, 480, 320, 240, 150), -answer(640, 480, 320, 240, 70))
    assert len(outline(ring, frame)) == 2
