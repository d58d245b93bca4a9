"""Adjustments: what each value does, and that an edit with one keeps the laws of every edit."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.edits.adjust_window import adjusted_view
from editor.edits.adjustment import Adjustment
from editor.edits.apply import apply
from editor.edits.edit import NOWHERE, Blend, Edit, read_adjustment
from editor.edits.intents import adjust, complete, crop, mode_of
from editor.edits.plan import edit_region
from editor.imaging.adjusting import LUMA, adjusted, curve_at
from editor.imaging.geometry import Box, Margins
from editor.imaging.picture import Picture
from editor.imaging.raster import BLOCK, Mask, Pixels
from editor.recipes.recipe import Recipe
from editor.recipes.scaling import scaled_recipe
from editor.store.store import Store
from pipelines.base import run
from tests.fakes import NoisePipeline, loader
from tests.laws import check_edit, check_text, rgba
from tests.samples import adjusting_edits, an_edit, cutout, disc, filled, noise
from tests.workbench import Workbench

NO_MODEL = loader()
KNOWN, CUTOUT = Picture.from_pixels(noise(330, 270)), Picture.from_pixels(cutout(330, 270))
RAMP = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, 2)  # (1, 256, 3): every grey
BRIGHTER = Adjustment(exposure=0.5)
HARD = Blend(feather=0)


def made(edit: Edit, picture: Picture) -> Picture:
    return run(apply(edit, picture, NO_MODEL)).picture


# what the values do


def test_no_change_is_the_same_bytes() -> None:
    image = noise(90, 70)
    assert np.array_equal(adjusted(image), image)
    assert np.array_equal(adjusted(image, curve=((0, 0), (0.3, 0.3), (1, 1))), image)
    assert np.array_equal(adjusted(image, cutout(90, 70)[..., 3]), image)


VALUES = {
    name: np.linspace(low, high, 13).round(2)
    for name, low, high in (
        ("exposure", -3, 3), ("contrast", -1, 1), ("saturation", -1, 1), ("temperature", -1, 1), ("sharpness", 0, 1),
        ("blur", 0, 64),
    )
}  # fmt: skip


def series(name: str, image: Pixels) -> np.ndarray:
    """The image at rising values of one, int (13, H, W, 3)."""
    changes: list[dict[str, Any]] = [{name: float(value)} for value in VALUES[name]]
    return np.stack([adjusted(image, **change) for change in changes]).astype(int)


def test_each_value_goes_one_way() -> None:
    exposure, contrast, temperature = (series(name, RAMP) for name in ("exposure", "contrast", "temperature"))
    assert (np.diff(exposure, axis=0) >= 0).all() and (np.diff(exposure.mean((1, 2, 3))) > 0).all()
    assert (np.diff(contrast[:, :, 128:], axis=0) >= 0).all() and (np.diff(contrast[:, :, :128], axis=0) <= 0).all()
    assert (np.diff(contrast.std((1, 2, 3))) > 0).all()
    warmth = temperature[..., 0] - temperature[..., 2]
    assert (np.diff(warmth, axis=0) >= 0).all() and (np.diff(warmth[:, 0, 100]) > 0).all()
    for each in (exposure, contrast, temperature):  # no value turns a brighter grey into a darker one
        assert (np.diff(each, axis=2) >= 0).all()
    spread = np.ptp(series("saturation", noise(60, 50)), axis=3)
    assert (np.diff(spread, axis=0) >= -1).all() and (spread[0] <= 1).all()
    edges = np.abs(np.diff(series("sharpness", adjusted(noise(60, 50), blur=2)), axis=2)).mean((1, 2, 3))
    assert (np.diff(edges) > 0).all()
    grain = series("blur", noise(200, 200)).std((1, 2, 3))
    assert (np.diff(grain) < 0).all()


def test_a_stop_doubles_the_light_and_warmth_keeps_the_brightness_of_greys() -> None:
    def light(image: np.ndarray) -> np.ndarray:
        values = image / 255
        return np.asarray(np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4))

    dark = RAMP[:, 20:120]
    assert np.allclose(light(adjusted(dark, exposure=1)), 2 * light(dark), rtol=0.03)
    for temperature in (-1, -0.4, 1):
        assert np.allclose(light(adjusted(dark, temperature=temperature)) @ LUMA, light(dark)[..., 0], rtol=0.03)


def test_what_exposure_made_too_bright_comes_back_with_less_contrast() -> None:
    bright = adjusted(RAMP, exposure=1)
    soft = adjusted(RAMP, exposure=1, contrast=-0.5)
    assert len(np.unique(soft[0, 200:, 0])) > 10 > len(np.unique(bright[0, 200:, 0]))


POINTS = st.lists(
    st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=2, max_size=16, unique_by=lambda p: p[0]
)


@given(POINTS)
def test_a_curve_goes_through_its_points_and_never_beyond_them(numbers: list[tuple[int, int]]) -> None:
    points = [(x / 1000, y / 1000) for x, y in sorted(numbers)]
    xs, ys = np.array(points).T
    assert np.allclose(curve_at(points, xs), ys)
    at = np.linspace(0, 1, 501)
    values = curve_at(points, at)
    after = np.clip(np.searchsorted(xs, at), 1, len(xs) - 1)
    low, high = np.minimum(ys[after - 1], ys[after]), np.maximum(ys[after - 1], ys[after])
    assert (values >= low - 1e-9).all() and (values <= high + 1e-9).all()


# as an edit


@settings(max_examples=60)
@given(adjusting_edits(), st.sampled_from([KNOWN, CUTOUT]))
def test_the_laws_hold_for_every_adjustment(edit: Edit, picture: Picture) -> None:
    after = check_edit(edit, picture, NO_MODEL).picture
    assert np.array_equal(after.opacity(picture.box), picture.opacity(picture.box))
    unknown = picture.opacity(picture.box) == 0
    assert np.array_equal(rgba(after, picture.box)[unknown], rgba(picture, picture.box)[unknown])


@settings(max_examples=40)
@given(adjusting_edits(), st.builds(Box, st.integers(-30, 200), st.integers(-30, 200), st.just(160), st.just(110)))
def test_what_is_seen_beforehand_is_what_comes_of_it(edit: Edit, seen: Box) -> None:
    after, view = made(edit, KNOWN), adjusted_view(edit, KNOWN, seen, 1.0)
    stays = KNOWN.read(seen.intersect(KNOWN.box)).pixels
    if view is not None:
        box, pixels = view
        shown = np.where(pixels[..., 3:] > 0, pixels[..., :3], KNOWN.read(box).pixels)
        stays = stays.copy()
        stays[box.slices(seen.intersect(KNOWN.box))] = shown
    off = np.abs(stays.astype(int) - after.read(seen.intersect(KNOWN.box)).pixels)
    assert off.max() <= 1 and (off > 0).mean() < 0.01


def test_a_view_from_afar_is_the_result_made_smaller() -> None:
    smooth = adjusted(noise(400, 400), blur=6, contrast=1)
    picture, edit = (
        Picture.from_pixels(smooth),
        adjust(disc(Box(40, 40, 300, 280)), Adjustment(exposure=1, blur=8), Blend()),
    )
    view = adjusted_view(edit, picture, picture.box, 0.25)
    assert view is not None
    box, pixels = view
    wanted = made(edit, picture).read(box).pixels
    rows, columns = (
        np.linspace(0, length - 1, count).round().astype(int)
        for length, count in zip(box.shape, pixels.shape, strict=False)
    )
    inside = pixels[..., 3] == 255
    assert np.abs(wanted[np.ix_(rows, columns)].astype(int) - pixels[..., :3])[inside].mean() < 6


def test_blocks_leave_no_seam() -> None:
    image = np.tile(noise(64, 64, 3), (1, 18, 1))[:, : BLOCK + 90]
    edit = adjust(NOWHERE, Adjustment(blur=9, sharpness=0.5), Blend())
    whole = adjusted(image, blur=9, sharpness=0.5).astype(int)
    by_blocks = made(edit, Picture.from_pixels(image)).pixels()
    assert np.abs(whole - by_blocks).max() <= 1


def test_a_soft_mask_adjusts_as_much_as_it_selects() -> None:
    box = Box(20, 20, 100, 80)
    half, whole = (
        made(adjust(Mask(box, np.full(box.shape, a, np.uint8)), BRIGHTER, Blend()), KNOWN) for a in (128, 255)
    )
    old, new = (each.read(box).pixels.astype(float) for each in (KNOWN, whole))
    assert np.abs(half.read(box).pixels - (old + (new - old) * 128 / 255)).max() <= 1
    assert np.array_equal(
        half.read(Box(0, 0, 20, 270)).pixels, KNOWN.read(Box(0, 0, 20, 270)).pixels
    )  # no rim beyond it


def test_what_is_transparent_does_not_darken_what_is_blurred() -> None:
    pixels = np.zeros((60, 80, 4), np.uint8)
    pixels[:, :40] = (200, 120, 60, 255)
    after = made(adjust(NOWHERE, Adjustment(blur=10), HARD), Picture.from_pixels(pixels))
    assert np.array_equal(after.pixels(), pixels)


def test_it_costs_by_the_mask() -> None:
    read: list[Box] = []
    picture = Picture.from_pixels(noise(2000, 1500))
    object.__setattr__(picture, "read", lambda box: read.append(box) or Picture.read(picture, box))
    made(adjust(disc(Box(1000, 700, 60, 50)), Adjustment(blur=4), Blend()), picture)
    assert sum(box.width * box.height for box in read) < 150**2 * 4


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "changes nothing"),
        ({"exposure": 0.001, "curve": ((0, 0), (0.5, 0.5), (1, 1))}, "changes nothing"),
        ({"exposure": 3.1}, "exposure must be a number from -3 to 3"),
        ({"blur": -1}, "blur must be a number from 0 to 64"),
        ({"contrast": float("nan")}, "contrast must be a number"),
        ({"saturation": True}, "saturation must be a number"),
        ({"curve": ((0, 0),)}, "2 to 16 points"),
        ({"curve": tuple((n / 20, 0) for n in range(17))}, "2 to 16 points"),
        ({"curve": ((0, 0), (0, 1))}, "left to right"),
        ({"curve": ((0.5, 0), (0.2, 1))}, "left to right"),
        ({"curve": ((0, 0), (1, 1.5))}, "y must be a number from 0 to 1"),
        ({"curve": "0:0"}, "list of points"),
    ],
)
def test_values_that_cannot_be_are_a_sentence(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Adjustment(**values)


@given(adjusting_edits())
def test_it_comes_back_from_its_texts(edit: Edit) -> None:
    check_text(edit)
    assert edit.adjustment is not None
    assert Adjustment.from_text(str(edit.adjustment)) == edit.adjustment
    assert read_adjustment(json.loads(json.dumps(edit.adjustment.to_record()))) == edit.adjustment
    assert mode_of(json.loads(edit.to_json())) == "adjust"


def test_what_is_no_adjustment_is_a_sentence() -> None:
    for text in ("", "exposure", "exposure=x", "glow=1", "exposure=1,exposure=2", "curve=0/1", "curve=0:0:0/1:1"):
        with pytest.raises(ValueError, match=r"adjustment|point"):
            Adjustment.from_text(text)
    step = adjust(disc(Box(0, 0, 9, 9)), BRIGHTER, Blend())
    for record in (3, [], {"glow": 1}, {"curve": 3}, {}):
        text = json.dumps(json.loads(step.to_json()) | {"adjustment": record})
        with pytest.raises(ValueError, match=r"adjustment|curve"):
            Edit.from_json(text, lambda digest: step.mask.alpha)
    for other in ({"prompt": "a lamp"}, {"margins": Margins(1)}, {"seed": 1}, {"pipeline": "noise"}, {"strength": 0.5}):
        with pytest.raises(ValueError, match="An adjustment takes no"):
            replace(step, **other)
    with pytest.raises(ValueError, match="set at least one value"):
        complete("adjust", NOWHERE, {"adjustment": None}, None, lambda: KNOWN)


def test_older_edits_have_the_text_they_had() -> None:
    assert "adjustment" not in an_edit(Box(1, 2, 3, 4)).to_json()


def test_it_takes_every_speck_and_no_mask_for_the_whole() -> None:
    alpha = np.zeros((90, 90), np.uint8)
    alpha[5, 5] = alpha[80:, 80:] = 255
    mask = Mask(Box(0, 0, 90, 90), alpha)
    settings = {"adjustment": BRIGHTER, "prompt": "ignored", "seed": 8, "pipeline": "noise", "blend": HARD}
    edit, specks = complete("adjust", mask, settings, None, lambda: KNOWN)
    assert (edit, specks) == (adjust(mask, BRIGHTER, HARD), 0)
    assert edit_region(adjust(NOWHERE, BRIGHTER, HARD), KNOWN.box) == filled(KNOWN.box)
    with pytest.raises(ValueError, match="lies outside"):
        made(adjust(disc(Box(900, 900, 9, 9)), BRIGHTER, HARD), KNOWN)


# in a history


@pytest.fixture
def workbench(store: Store) -> Workbench:
    workbench = Workbench(store, NoisePipeline())
    workbench.open(noise(300, 280), "Room")
    return workbench


def adjustments(workbench: Workbench) -> list[Adjustment | None]:
    path = workbench.store.revisions.path_to(workbench.now.head)
    return [each.edit.adjustment for each in path if each.edit is not None]


def test_an_earlier_step_is_changed_and_the_adjustment_is_made_on_that(workbench: Workbench) -> None:
    steps = [an_edit(disc(Box(30, 30, 90, 80)), seed=n) for n in range(2)]
    last = an_edit(disc(Box(90, 80, 40, 40)), seed=5)
    adjustment = adjust(disc(Box(60, 60, 120, 90)), Adjustment(exposure=-1, blur=3), Blend())
    done = workbench.do([steps[0], adjustment, adjust(NOWHERE, BRIGHTER, Blend()), last])
    workbench.session.amend(workbench.document.id, done[0].id, steps[1])
    assert (
        workbench.finish() == 2
    )  # the changed step, and the last one, whose input has changed; adjusting runs no model
    assert adjustments(workbench) == [None, adjustment.adjustment, BRIGHTER, None]
    expected = Picture.from_pixels(noise(300, 280))
    for edit in (steps[1], adjustment, adjust(NOWHERE, BRIGHTER, Blend()), last):
        expected = run(apply(edit, expected, workbench.load)).picture
    assert workbench.picture.digest == expected.digest and workbench.complaints() == []


def test_it_is_blended_anew_and_amended_by_no_model_and_not_made_again(workbench: Workbench) -> None:
    first = an_edit(disc(Box(30, 30, 90, 80)))
    done = workbench.do([first, adjust(disc(Box(60, 60, 120, 90)), BRIGHTER, Blend())])
    with pytest.raises(ValueError, match="No model made what is shown"):
        workbench.session.again(workbench.document.id, 3)
    workbench.session.reblend(workbench.document.id, done[1].id, Blend(opacity=0))
    assert workbench.finish() == 0 and workbench.picture == done[0].picture
    darker = adjust(disc(Box(60, 60, 120, 90)), Adjustment(exposure=-0.5), Blend())
    workbench.session.amend(workbench.document.id, done[1].id, darker)
    assert workbench.finish() == 0 and adjustments(workbench) == [None, darker.adjustment]
    assert done[0].picture is not None and workbench.picture == made(darker, done[0].picture)


def test_the_whole_picture_stays_the_whole_when_an_earlier_crop_changes(workbench: Workbench) -> None:
    box = Box(0, 0, 300, 280)
    done = workbench.do([crop(box, Box(50, 50, 100, 90)), adjust(NOWHERE, BRIGHTER, Blend())])
    workbench.session.amend(workbench.document.id, done[0].id, crop(box, Box(20, 30, 200, 190)))
    workbench.finish()
    assert np.array_equal(workbench.picture.pixels(), adjusted(noise(300, 280)[30:220, 20:220], exposure=0.5))


def test_a_recipe_takes_it_to_another_size() -> None:
    edit = adjust(disc(Box(20, 20, 80, 60)), Adjustment(blur=4, contrast=0.5), Blend())
    after = made(edit, KNOWN)
    recipe = Recipe((edit,), KNOWN.digest, (after.digest,), "", KNOWN.box)
    assert Recipe.from_json(recipe.to_json()) == recipe
    (scaled,) = scaled_recipe(recipe, Box(0, 0, 990, 810)).steps
    assert scaled.adjustment == Adjustment(blur=12, contrast=0.5) and scaled.mask.box.width == 240
    (small,) = scaled_recipe(recipe, Box(0, 0, 1, 1)).steps
    assert small.adjustment == Adjustment(blur=0.01, contrast=0.5)
