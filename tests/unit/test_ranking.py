"""Ranking: of which prompts anything is said, and what a ranker is shown of an edit's results."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from editor.edits.apply import apply
from editor.edits.edit import Blend
from editor.edits.matching import finished_window, matches
from editor.edits.plan import edit_region, plan
from editor.imaging.geometry import Box, Margins
from editor.imaging.picture import Picture
from editor.imaging.picture_kind import kind_of
from editor.imaging.raster import Mask, Pixels
from pipelines import WEIGHTS
from pipelines.base import run
from pipelines.ranking import Match, best_first, matches_of, rankable
from pipelines.wording.resolve import resolve
from tests.fakes import NoisePipeline, OpinionatedRanker, PhotoPipeline, loader
from tests.samples import an_edit, disc, noise

VOCABULARY = frozenset((WEIGHTS / "glide-mini" / "words.txt").read_text().split())
PHOTO = Picture.from_pixels(noise(300, 280))
FLAT = Picture.from_pixels(
    np.kron(np.arange(36, dtype=np.uint8).reshape(6, 6) * 7, np.ones((50, 50), np.uint8))[..., None].repeat(3, 2)
)


def given_words(prompt: str, vocabulary: frozenset[str] | None = VOCABULARY) -> str:
    painted = resolve(prompt, vocabulary).prompt
    return rankable(prompt, "" if painted == prompt else painted, vocabulary)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a red cat", "a red cat"), ("a taxi", "a yellow car"), ("ein rotes Sofa", "a red sofa"),
        ("a green velvet couch", "a green couch"),  # velvet is no thing
    ],
)  # fmt: skip
def test_results_are_judged_by_the_words_that_the_model_was_given(prompt: str, words: str) -> None:
    assert given_words(prompt) == words


@pytest.mark.parametrize(
    "prompt",
    ["", "  \n", "a dragon", "a couch with a velvet cushion", "a cat without a hat", "a mirror with a thin brass frame",
     "remove the cat", "a quokka lamp"],
)  # fmt: skip
def test_of_unknown_words_lost_things_and_removals_nothing_is_said(prompt: str) -> None:
    assert given_words(prompt) == ""


def test_exact_words_are_judged_where_the_model_knows_each() -> None:
    assert rankable("a red cat", "", VOCABULARY) == "a red cat"
    assert rankable("a taxi", "", VOCABULARY) == ""
    assert rankable("a taxi", "", None) == "a taxi"  # any may mean something to it
    assert rankable("", "", None) == ""


@given(st.lists(st.floats(0, 1), max_size=8), st.randoms())
def test_the_likeliest_comes_first_and_equals_keep_their_order(
    values: list[float], random: np.random.Generator
) -> None:
    found = [Match(value, "") for value in values]
    order = best_first(found, len(values))
    assert sorted(order) == [*range(len(values))]
    for first, second in pairwise(order):
        assert (values[first], -first) > (values[second], -second)
    assert best_first(None, 3) == [0, 1, 2]


def results(*seeds: int, before: Picture = PHOTO, **settings: object) -> list[Picture]:
    edit = an_edit(disc(Box(100, 90, 60, 50)), prompt="noise", **settings)
    return [run(apply(replace(edit, seed=seed), before, loader(NoisePipeline()))).picture for seed in seeds]


EDIT = an_edit(disc(Box(100, 90, 60, 50)), prompt="noise")


def test_order_and_company_change_no_opinion() -> None:
    pictures, ranker = results(1, 2, 3), OpinionatedRanker()
    found = matches(EDIT, PHOTO, pictures, NoisePipeline(), ranker)
    assert found is not None and len({*found}) == 3
    assert matches(EDIT, PHOTO, pictures[::-1], NoisePipeline(), ranker) == found[::-1]
    assert matches(EDIT, PHOTO, [pictures[1]] * 2, NoisePipeline(), ranker) == [found[1]] * 2  # equal pictures
    assert ranker.calls == [("noise", 3), ("noise", 3), ("noise", 2)]


def shares(pixels: int, small: int) -> np.ndarray:
    """Of which shares of `pixels` in a row each of `small` ones is the mean, (small, pixels)."""
    edges, ends = np.arange(small)[:, None] * pixels / small, np.arange(1, small + 1)[:, None] * pixels / small
    places = np.arange(pixels)
    return (np.minimum(ends, places + 1) - np.maximum(edges, places)).clip(min=0) * small / pixels


@pytest.mark.parametrize(("hole", "side"), [(Box(100, 90, 60, 50), 75), (Box(31, 200, 40, 35), 64)])
def test_the_ranker_is_shown_what_the_model_saw_with_the_result_in_it(hole: Box, side: int) -> None:
    edit = an_edit(disc(hole), prompt="noise")
    after = run(apply(edit, PHOTO, loader(NoisePipeline()))).picture
    (part,) = plan(edit, PHOTO.box, NoisePipeline()).parts
    assert part.window.shape == (side, side)  # shrunk, and as it is
    window, repainted = finished_window(after, edit_region(edit, PHOTO.box), 64)
    rows = shares(side, 64)
    mean = np.einsum("ij,jkc,lk->ilc", rows, after.read(part.window).pixels.astype(float), rows)
    assert np.abs(window - mean).max() <= 0.51  # rounded
    assert np.array_equal(repainted, np.where(rows @ (edit.mask.on(part.window) > 0) @ rows.T > 1e-9, 255, 0))
    assert 0.05 < (repainted > 0).mean() < 0.9


@pytest.mark.parametrize("size", [(300, 280), (40, 900), (20, 20)])
def test_a_region_of_any_size_is_one_window_with_all_of_it(size: tuple[int, int]) -> None:
    picture = Picture.from_pixels(noise(*size))
    for mask in (Mask(picture.box, np.full(picture.box.shape, 255, np.uint8)), disc(Box(3, 3, 12, 12))):
        window, hole = finished_window(picture, mask, 64)
        assert window.shape == (64, 64, 3) and hole.shape == (64, 64) and hole.any()


def test_nothing_is_said_where_nothing_can_be() -> None:
    pictures, ranker = results(1), OpinionatedRanker()
    drawings = OpinionatedRanker(photographs=False)
    assert kind_of(PHOTO) == "photograph" and kind_of(FLAT) == "drawing"
    assert matches(EDIT, PHOTO, pictures, NoisePipeline(), drawings) is None
    assert matches(EDIT, FLAT, results(1, before=FLAT), NoisePipeline(), drawings) is not None
    for edit in (
        replace(EDIT, prompt=""), replace(EDIT, prompt="a vase"), replace(EDIT, blend=Blend(visible=False)),
        an_edit(Mask(Box(0, 0, 0, 0), np.zeros((0, 0), np.uint8)), prompt="noise", margins=Margins(-9, 0, 0, 0)),
    ):  # fmt: skip
        assert matches(edit, PHOTO, pictures, NoisePipeline(), ranker) is None
    deaf = PhotoPipeline()
    deaf.unsupported = ("prompt", "clip_guidance")
    assert matches(EDIT, PHOTO, pictures, deaf, ranker) is None
    assert ranker.calls == [] and matches(EDIT, PHOTO, pictures, PhotoPipeline(), ranker) is not None


def test_a_ranker_that_cannot_say_says_nothing() -> None:
    class Silent(OpinionatedRanker):
        def probabilities(self, windows: Pixels, holes: Pixels, prompt: str) -> None:
            return None

    assert matches_of(Silent(), np.zeros((1, 8, 8, 3), np.uint8), np.zeros((1, 8, 8), np.uint8), "noise") is None
