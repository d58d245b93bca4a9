"""PatchMatch: the laws, its library's weak places, and how its fills look beside what they replace."""

import os
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import pipelines
from editor.edits.edit import NOWHERE, Edit
from editor.edits.plan import plan
from editor.imaging.geometry import Box, Margins
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask, Pixels
from pipelines.base import Adapter, Pipeline, Request, run
from pipelines.patchmatch import load_patchmatch
from tests.laws import check_edit
from tests.samples import cutout, disc, filled, noise

PHOTOGRAPHS = Path("/usr/share/backgrounds/mate/nature")  # Debian's mate-backgrounds, see programs.sh
HOLE = 90  # pixels


@pytest.fixture(scope="module")
def patchmatch() -> Pipeline:
    return pipelines.load("patchmatch")


def texture(height: int, width: int) -> Pixels:
    """uint8 (height, width, 3): grain between 100 and 156, as of cloth."""
    return np.random.default_rng(3).integers(100, 157, (height, width, 3), np.uint8)


def a_request(image: Pixels, mask: Pixels, **changes: Any) -> Request:
    settings: dict[str, Any] = {
        "prompt": "", "negative_prompt": "", "guidance": 1.0, "clip_guidance": 0.0, "strength": 1.0, "steps": 1,
        "sampler": "ddim", "seeds": (7,),
    }  # fmt: skip
    return Request(image, mask, **settings | changes)


def hole_in(height: int, width: int, box: Box) -> Pixels:
    mask = np.zeros((height, width), np.uint8)
    mask[box.slices(Box(0, 0, width, height))] = 255
    return mask


def fine_detail(pixels: Pixels) -> float:
    """How much fine texture there is."""
    return float(np.abs(cv2.Laplacian(pixels.astype(np.float32), cv2.CV_32F)).mean())


def test_the_laws_hold_on_opaque_and_transparent_pictures_and_beyond_their_edge(patchmatch: Pipeline) -> None:
    for pixels in (noise(300, 200), cutout(200, 160)):
        picture = Picture.from_pixels(pixels)
        check_edit(Edit(disc(Box(60, 50, 40, 30)), seed=1, pipeline="patchmatch"), picture, lambda _: patchmatch)
    picture, wider = Picture.from_pixels(noise(120, 100)), Margins(0, 0, 30, 20)
    check_edit(Edit(NOWHERE, margins=wider, seed=1, pipeline="patchmatch"), picture, lambda _: patchmatch)


@pytest.mark.parametrize("transparent", [False, True])
def test_the_laws_hold_for_large_holes_at_the_border_and_for_far_spots(patchmatch: Pipeline, transparent: bool) -> None:
    """One after the other on what the one before has left; on nothing but grain, each is grain."""
    pixels = texture(420, 640)
    if transparent:
        pixels = np.dstack([pixels, np.full((420, 640), 255, np.uint8)])
        pixels[200:260, 560:, 3] = 0
    picture = Picture.from_pixels(pixels)
    spots = np.zeros((420, 640), np.uint8)
    for x, y in ((4, 4), (320, 200), (634, 414), (150, 380)):
        cv2.circle(spots, (x, y), 5, 255, -1)
    cv2.line(spots, (0, 300), (639, 120), 255, 3)
    for mask in (filled(Box(0, 0, 250, 260)), filled(Box(180, 60, 300, 300)), filled(Box(0, 190, 640, 40)),
                 Mask(Box(0, 0, 640, 420), spots)):  # fmt: skip
        picture = check_edit(Edit(mask, seed=1, pipeline="patchmatch"), picture, lambda _: patchmatch).picture
        box = mask.bounds.padded(-8) if mask.bounds.height > 60 else mask.bounds
        inside = picture.read(box).pixels[mask.on(box) > 0]
        assert 90 <= np.median(inside) <= 166 and inside.std() > 8


def test_an_image_depends_on_its_own_seed_alone(patchmatch: Pipeline) -> None:
    image, mask = texture(96, 120), hole_in(96, 120, Box(40, 30, 40, 36))
    both = run(patchmatch.inpaint(a_request(image, mask, seeds=(3, 8))))
    assert both.shape == (2, 96, 120, 3) and both.dtype == np.uint8
    for seed, one in zip((3, 8), both, strict=True):
        assert np.array_equal(run(patchmatch.inpaint(a_request(image, mask, seeds=(seed,))))[0], one)
    hole = mask > 0
    assert not np.array_equal(both[0][hole], both[1][hole])
    other = np.stack([image, image[::-1].copy()]), np.stack([mask, mask[::-1].copy()])
    assert np.array_equal(run(patchmatch.inpaint(a_request(*other, seeds=(3, 8))))[0], both[0])


@pytest.mark.parametrize(("height", "width", "length"), [(3, 300, 40), (12, 300, 150), (24, 300, 280), (64, 300, 290)])
def test_a_thin_picture_is_filled_with_its_own_colours(
    patchmatch: Pipeline, height: int, width: int, length: int
) -> None:
    mask = hole_in(height, width, Box((width - length) // 2, 0, length, height))
    for image, hole in ((texture(height, width), mask), (texture(width, height), mask.T.copy())):
        (result,) = run(patchmatch.inpaint(a_request(image, hole)))
        inside = result[hole > 0]
        assert inside.min() >= 80 and inside.max() <= 176  # the library alone leaves black where it found no patch


def test_texture_goes_on_where_it_was_removed(patchmatch: Pipeline) -> None:
    image, mask = texture(240, 240), hole_in(240, 240, Box(80, 80, 80, 80))
    (result,) = run(patchmatch.inpaint(a_request(image, mask)))
    inside = Box(84, 84, 72, 72).slices(Box(0, 0, 240, 240))
    assert 0.7 < fine_detail(result[inside]) / fine_detail(image[inside]) < 1.3
    (smooth,) = run(pipelines.load("classical").inpaint(a_request(image, mask)))
    assert fine_detail(smooth[inside]) / fine_detail(image[inside]) < 0.7


def test_nothing_of_what_is_removed_comes_back(patchmatch: Pipeline) -> None:
    """Its soft rim is not copied from either."""
    image = texture(160, 160)
    cv2.circle(image, (80, 80), 26, (250, 20, 20), -1, cv2.LINE_AA)
    image = np.asarray(cv2.GaussianBlur(image, (5, 5), 1), np.uint8)
    mask = np.zeros((160, 160), np.uint8)
    cv2.circle(mask, (80, 80), 27, 255, -1)
    (result,) = run(patchmatch.inpaint(a_request(image, mask)))
    assert (result[mask > 0].astype(int)[:, 0] - result[mask > 0].astype(int)[:, 1]).max() < 60


def test_what_cannot_be_filled_is_said(patchmatch: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    image, everything = texture(40, 40), np.full((40, 40), 255, np.uint8)
    with pytest.raises(ValueError, match=r"nothing to fill from.*Leave some"):
        run(patchmatch.inpaint(a_request(image, everything)))
    nearly = everything.copy()
    nearly[0, 0] = 0  # a pixel that the growth would cover
    (result,) = run(patchmatch.inpaint(a_request(image, nearly)))
    assert (result == image[0, 0]).all()
    with pytest.raises(ValueError, match="takes no adapters"):
        run(patchmatch.inpaint(a_request(image, nearly, adapters=(Adapter("style", 1.0),))))
    assert "reads no words" in patchmatch.hint("a couch") and not patchmatch.hint(" ")
    monkeypatch.setitem(sys.modules, "patchmatch", None)
    with pytest.raises(ValueError, match=r"PatchMatch is not installed.*pip install"):
        load_patchmatch()


def test_its_windows_are_at_full_size_and_each_spot_has_its_own(patchmatch: Pipeline) -> None:
    frame = Box(0, 0, 6000, 4000)
    for hole in (Box(100, 100, 8, 8), Box(5900, 0, 100, 60), Box(1000, 1000, 500, 400), Box(0, 2000, 120, 4)):
        (part,) = plan(Edit(filled(hole), seed=1, pipeline="patchmatch"), frame, patchmatch).parts
        assert part.window.shape == part.shape and frame.contains(part.window) and part.window.contains(hole)
        assert part.window.width <= 3 * hole.width + 128 and part.window.height <= 3 * hole.height + 128
    (part,) = plan(Edit(filled(Box(500, 500, 900, 800)), seed=1, pipeline="patchmatch"), frame, patchmatch).parts
    assert max(part.shape) == patchmatch.largest
    alpha = np.zeros((800, 1200), np.uint8)
    spots = np.random.default_rng(0).permutation(24)[:12]
    for spot in spots:
        alpha[50 + 200 * (spot // 6), 50 + 200 * (spot % 6)] = 255
    parts = plan(Edit(Mask(Box(1000, 1000, 1200, 800), alpha), seed=1, pipeline="patchmatch"), frame, patchmatch).parts
    assert len(parts) == len(spots) and all(part.window.width <= 129 for part in parts)


@pytest.mark.parametrize("end", [(5700, 900), (5700, 2600), (2900, 3900)])
def test_a_wire_costs_by_its_length(patchmatch: Pipeline, end: tuple[int, int]) -> None:
    """However it lies, and its pieces are all of it."""
    alpha = np.zeros((4000, 6000), np.uint8)
    cv2.line(alpha, (300, 900), end, 255, 5)
    wire = Mask(Box(0, 0, 6000, 4000), alpha)
    parts = plan(Edit(wire, seed=1, pipeline="patchmatch"), wire.box, patchmatch).parts
    together = np.zeros_like(alpha)
    for part in parts:
        together[part.mask.box.slices(wire.box)] |= part.mask.alpha
    assert np.array_equal(together, alpha)
    length = np.hypot(end[0] - 300, end[1] - 900)
    assert sum(part.window.width * part.window.height for part in parts) < 800 * length


@pytest.mark.skipif(
    not PHOTOGRAPHS.is_dir() and "PALIMPSEST_REQUIRE_BROWSER" not in os.environ,
    reason="there are no photographs: tests/programs.sh installs them on Debian",
)
def test_on_photographs_it_is_nearer_to_the_truth_than_what_it_replaces(patchmatch: Pipeline) -> None:
    """Three holes of 90 pixels in each photograph, where the truth is known; medians over all."""
    random = np.random.default_rng(90)
    errors: dict[str, list[float]] = {"patchmatch": [], "classical": []}
    textures: dict[str, list[float]] = {"patchmatch": [], "classical": []}
    files = sorted(PHOTOGRAPHS.glob("*.jpg"))
    assert len(files) >= 6
    for file in files:
        photograph = np.asarray(Image.open(file).convert("RGB"))
        for _ in range(3):
            y, x = (int(random.integers(HOLE, side - 2 * HOLE)) for side in photograph.shape[:2])
            tile = photograph[y - HOLE : y + 2 * HOLE, x - HOLE : x + 2 * HOLE]
            middle = np.s_[HOLE : 2 * HOLE, HOLE : 2 * HOLE]
            truth, mask = tile[middle], hole_in(3 * HOLE, 3 * HOLE, Box(HOLE, HOLE, HOLE, HOLE))
            for name, pipeline in (("patchmatch", patchmatch), ("classical", pipelines.load("classical"))):
                result = run(pipeline.inpaint(a_request(tile, mask)))[0][middle]
                error = np.square(result.astype(float) - truth).mean()
                errors[name].append(10 * np.log10(255**2 / max(error, 1e-9)))
                textures[name].append(fine_detail(result) / max(fine_detail(truth), 1e-3))
    ours, theirs = (float(np.mean(errors[name])) for name in ("patchmatch", "classical"))
    assert ours >= max(24.5, theirs + 1)  # dB
    assert 0.85 <= np.median(textures["patchmatch"]) <= 1.25
