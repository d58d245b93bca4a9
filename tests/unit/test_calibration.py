"""Calibration: scores as probabilities, held to laws and to simulated verdicts whose truth is known."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.calibration import (
    BINS,
    FILE,
    LIKELY_FROM,
    UNLIKELY_BELOW,
    Calibration,
    area_under_curve,
    expected_calibration_error,
    fit,
    logistic,
    read_calibration,
    write_calibration,
)
from pipelines.errors import InvalidInput
from pipelines.ranking import LIKELY, UNLIKELY, UNSURE

SCORES = arrays(np.float64, st.integers(2, 30), elements=st.floats(-50, 50).map(lambda x: round(x, 2)))


def simulated(count: int, slope: float, intercept: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    scores = random.normal(20, 4, count)
    return scores, random.random(count) < logistic(slope * scores + intercept)


def verdicts_for(scores: np.ndarray, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random(len(scores)) < 0.5


def test_the_fit_finds_what_the_verdicts_were_drawn_from() -> None:
    slope, intercept = fit(*simulated(40_000, 0.5, -9.0))
    assert abs(slope - 0.5) < 0.02 and abs(intercept + 9.0) < 0.4


def test_the_fit_is_where_no_small_change_is_likelier() -> None:
    scores, verdicts = simulated(200, 0.5, -9.0)
    mean, spread = scores.mean(), scores.std()

    def loss(slope: float, intercept: float) -> float:
        p = logistic(slope * scores + intercept)
        prior = (slope * spread) ** 2 + (intercept + slope * mean) ** 2  # of the coefficients of standardised scores
        return float(-np.log(np.where(verdicts, p, 1 - p)).sum() + 1e-2 / 2 * prior)

    slope, intercept = fit(scores, verdicts)
    least = loss(slope, intercept)
    for angle in np.linspace(0, 2 * np.pi, 16, endpoint=False):
        a, b = 1e-3 * np.cos(angle) / spread, 1e-3 * np.sin(angle)
        assert loss(slope + a, intercept + b - a * mean) > least


@given(SCORES, st.integers(0, 99), st.floats(0.1, 100), st.floats(-10, 10))
def test_the_unit_of_the_scores_makes_no_difference(scores: np.ndarray, seed: int, unit: float, zero: float) -> None:
    verdicts = verdicts_for(scores, seed)
    slope, intercept = fit(scores, verdicts)
    other_slope, other_intercept = fit(scores * unit + zero, verdicts)
    there = logistic(other_slope * (scores * unit + zero) + other_intercept)
    assert np.allclose(there, logistic(slope * scores + intercept), atol=1e-5)


@pytest.mark.parametrize("verdicts", [[False, False, True, True], [True] * 4, [False] * 4])
def test_what_parts_right_from_wrong_stays_finite(verdicts: list[bool]) -> None:
    scores = np.array([1.0, 2.0, 30.0, 40.0])
    slope, intercept = fit(scores, np.array(verdicts))
    assert np.isfinite([slope, intercept]).all()
    p = logistic(slope * scores + intercept)
    assert np.array_equal(p > 0.5, verdicts) and (0 < p).all() and (p < 1).all()


def test_equal_scores_have_the_share_of_right_ones() -> None:
    slope, intercept = fit(np.full(1000, 7.0), np.arange(1000) < 300)
    assert slope == 0 and abs(float(logistic(np.array([intercept]))[0]) - 0.3) < 1e-3


@given(st.floats(0.01, 100), st.integers(2, 300), st.integers(0, 99))
def test_rounding_tells_nothing(score: float, count: int, seed: int) -> None:
    """Neither that of their mean, nor that of a network that counts in single precision."""
    verdicts = verdicts_for(np.zeros(count), seed)
    noise = np.random.default_rng(seed).choice([-1, 0, 1], count) * np.spacing(np.float32(score))
    for scores in (np.full(count, score), score + noise.astype(np.float64)):
        slope, intercept = fit(scores, verdicts)
        assert slope == 0 and np.isfinite(intercept)


@given(SCORES, st.floats(0.01, 5), st.floats(-20, 20))
def test_probabilities_keep_the_order_of_scores(scores: np.ndarray, slope: float, intercept: float) -> None:
    p = Calibration(slope, intercept).probabilities(scores)
    assert ((0 <= p) & (p <= 1)).all()
    order = np.argsort(scores)
    assert (np.diff(p[order]) >= 0).all()


def test_calibrated_probabilities_have_a_small_error_and_others_a_large_one() -> None:
    scores, verdicts = simulated(40_000, 0.5, -9.0)
    calibrated = logistic(0.5 * scores - 9)
    assert expected_calibration_error(calibrated, verdicts) < 0.01
    assert expected_calibration_error(logistic(2 * (0.5 * scores - 9)), verdicts) > 0.05  # too sure
    assert expected_calibration_error(np.full(10, 0.5), np.ones(10, bool)) == 0.5
    assert expected_calibration_error(np.array([0.0, 1.0]), np.array([False, True])) == 0


@given(arrays(np.float64, st.integers(1, 40), elements=st.floats(0, 1)), st.integers(0, 99))
def test_the_error_is_that_of_its_definition(p: np.ndarray, seed: int) -> None:
    verdicts = verdicts_for(p, seed)
    total = 0.0
    for n in range(BINS):
        inside = [k for k in range(len(p)) if min(int(p[k] * BINS), BINS - 1) == n]
        if inside:
            total += len(inside) / len(p) * abs(p[inside].mean() - verdicts[inside].mean())
    assert expected_calibration_error(p, verdicts) == pytest.approx(total, abs=1e-9)
    shuffled = np.random.default_rng(seed).permutation(len(p))
    assert expected_calibration_error(p[shuffled], verdicts[shuffled]) == pytest.approx(total, abs=1e-9)


@given(SCORES, st.integers(0, 99))
def test_the_area_is_how_often_a_right_one_has_the_higher_score(scores: np.ndarray, seed: int) -> None:
    verdicts = verdicts_for(scores, seed)
    right, wrong = scores[verdicts], scores[~verdicts]
    area = area_under_curve(scores, verdicts)
    if not len(right) or not len(wrong):
        assert np.isnan(area)
        return
    pairs = [(r > w) + (r == w) / 2 for r in right for w in wrong]
    assert area == pytest.approx(np.mean(pairs))
    assert area_under_curve(-scores, verdicts) == pytest.approx(1 - area)
    assert area_under_curve(np.exp(scores / 50), verdicts) == pytest.approx(area)  # only the order counts


def test_words_begin_at_their_edges() -> None:
    calibration = Calibration(1, 0)
    words = [
        calibration.word(p) for p in (0, UNLIKELY_BELOW - 1e-9, UNLIKELY_BELOW, LIKELY_FROM - 1e-9, LIKELY_FROM, 1)
    ]
    assert words == [UNLIKELY, UNLIKELY, UNSURE, UNSURE, LIKELY, LIKELY]


def test_a_calibration_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_calibration(tmp_path, []) is None
    calibration = Calibration(0.4, -8.5, 0.8, 0.25)
    networks = [tmp_path / name for name in ("text", "image")]
    for file in networks:
        file.write_text(file.name)
    write_calibration(tmp_path, calibration, networks, {"edits": 800})
    assert read_calibration(tmp_path, networks) == calibration
    assert json.loads((tmp_path / FILE).read_text())["measured"] == {"edits": 800}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"slope": 1}', '{"slope": -1, "intercept": 0, "likely": 0.7, "unlikely": 0.3}',
     '{"slope": "1", "intercept": 0, "likely": 0.7, "unlikely": 0.3}',
     '{"slope": 1, "intercept": NaN, "likely": 0.7, "unlikely": 0.3}',
     '{"slope": 1, "intercept": 0, "likely": 0.2, "unlikely": 0.3}'],
)  # fmt: skip
def test_a_damaged_file_is_a_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(InvalidInput, match="write it anew, or remove it"):
        read_calibration(tmp_path, [])


@pytest.mark.parametrize("spoil", ["retrain", "swap", "forget"])
def test_a_calibration_of_other_networks_is_left_out(
    spoil: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text, image = (tmp_path / name for name in ("text", "image"))
    for file in (text, image):
        file.write_text(file.name)
    write_calibration(tmp_path, Calibration(0.4, -8.5), [text, image], {})
    if spoil == "retrain":
        image.write_text("imagE")
    elif spoil == "swap":
        text.write_text("image"), image.write_text("text")
    else:  # as of a file that an earlier version wrote
        old = json.loads((tmp_path / FILE).read_text())
        del old["networks"]
        (tmp_path / FILE).write_text(json.dumps(old))
    assert read_calibration(tmp_path, [text, image]) is None
    assert caplog.messages == [
        f"{tmp_path / FILE} is of another network than text and image beside it, and left out; write it anew, or "
        "remove it."
    ]


def test_no_verdicts_are_a_sentence() -> None:
    for scores, verdicts in (
        (np.array([]), np.array([], bool)),
        (np.ones(2), np.ones(3, bool)),
        (np.array([np.nan]), [True]),
    ):
        for measure in (fit, expected_calibration_error, area_under_curve):
            with pytest.raises(InvalidInput, match="finite scores and as many verdicts"):
                measure(scores, np.array(verdicts))
