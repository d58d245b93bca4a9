"""Calibration: a network's scores as probabilities, and words for these, by a logistic regression on verdicts.

Shapes: N scored pictures, each with the verdict whether it shows what its prompt says.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import InvalidInput
from pipelines.glide.digests import named
from pipelines.ranking import LIKELY, UNLIKELY, UNSURE, Probabilities
from pipelines.whole_file import write_whole

FILE = "ranking.json"  # beside a model's weights
# Whoever trusts "likely" is to be right in two of three cases at least, even where the probabilities are 0.05 off,
# which is how far off they may be; "unlikely" is the same of wrong ones.
LIKELY_FROM, UNLIKELY_BELOW = 0.7, 0.3
BINS = 10  # of equal width, of the expected calibration error
EQUAL = 1e-6  # of scores' size, the deviation up to which they are equal: networks count in single precision
PRIOR = 1e-2  # precision of the Gaussian prior of both coefficients, for scores of mean 0 and deviation 1
STEPS, CLOSE = 100, 1e-10  # of Newton's method: the most, and the step at which it ends

log = logging.getLogger(__name__)

Scores = NDArray[np.float64]  # (N,)
Verdicts = NDArray[np.bool_]  # (N,), True = it shows what the prompt says


@dataclass(frozen=True)
class Calibration:
    """What turns a network's scores into probabilities and words.

    Raises:
        InvalidInput: the slope is not above 0, or an edge is out of its range.
    """

    slope: float  # above 0, so that the order stays
    intercept: float
    likely: float = LIKELY_FROM  # the least probability of that word
    unlikely: float = UNLIKELY_BELOW  # below it that word; between them it is unsure

    def __post_init__(self) -> None:
        numbers = (self.slope, self.intercept, self.likely, self.unlikely)
        if not all(type(each) in (int, float) and np.isfinite(each) for each in numbers):
            raise InvalidInput(f"A calibration's numbers must be finite, not {numbers}.")
        if self.slope <= 0 or not 0 <= self.unlikely <= self.likely <= 1:
            raise InvalidInput(
                f"A calibration's slope must be above 0, and its edges 0 <= unlikely <= likely <= 1, not {numbers}."
            )

    def probabilities(self, scores: Scores) -> Probabilities:
        """Returns the probability that goes with each score."""
        return logistic(self.slope * scores + self.intercept)

    def word(self, probability: float) -> str:
        """Returns the word for a probability."""
        if probability >= self.likely:
            return LIKELY
        return UNLIKELY if probability < self.unlikely else UNSURE


def logistic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Computes 1 / (1 + exp(-x)) without overflow."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def fit(scores: Scores, verdicts: Verdicts) -> tuple[float, float]:
    """Fits P(right | score) = logistic(slope * score + intercept) by Newton's method (Platt 1999, section 2).

    A weak Gaussian prior keeps both finite where the scores part the verdicts, or all verdicts are the same. It acts on
    scores of mean 0 and deviation 1, so that their unit makes no difference. Of scores that are equal, see EQUAL, the
    slope is 0.

    Returns:
        slope, intercept.

    Raises:
        InvalidInput: there is no score, they are not finite, or there are not as many verdicts.
    """
    _check(scores, verdicts)
    mean, spread = scores.mean(), scores.std()
    if spread <= EQUAL * np.abs(scores).max():
        spread, scores = 1.0, np.full_like(scores, mean)  # what they differ by is rounding
    x = np.stack([(scores - mean) / spread, np.ones_like(scores)], 1)  # (N, 2)
    w = np.zeros(2)
    for _ in range(STEPS):
        p = logistic(x @ w)
        gradient = x.T @ (p - verdicts) + PRIOR * w
        hessian = (x * (p * (1 - p))[:, None]).T @ x + PRIOR * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        # the objective is convex: a step that leads up is too long
        while _objective(x, verdicts, w - step) > _objective(x, verdicts, w) and np.abs(step).max() > CLOSE:
            step = step / 2
        w = w - step
        if np.abs(step).max() < CLOSE:
            break
    slope = w[0] / spread
    return float(slope), float(w[1] - slope * mean)


def _objective(x: NDArray[np.float64], verdicts: Verdicts, w: NDArray[np.float64]) -> float:
    """The negative log-likelihood, and that of the prior, up to a constant."""
    z = x @ w
    return float((np.logaddexp(0, z) - verdicts * z).sum() + PRIOR / 2 * (w @ w))


def expected_calibration_error(probabilities: Probabilities, verdicts: Verdicts) -> float:
    """Computes how far probabilities are from the shares of right ones, on average (Guo et al. 2017, eq. 3).

    The average is over BINS of equal width, each weighted by how many fall into it; a probability of 1 belongs to the
    last.

    Raises:
        InvalidInput: as `fit`.
    """
    _check(probabilities, verdicts)
    which = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    gaps = np.bincount(which, probabilities - verdicts, BINS)  # of each bin, times how many there are in it
    return float(np.abs(gaps).sum() / len(verdicts))


def area_under_curve(scores: Scores, verdicts: Verdicts) -> float:
    """Computes the area under the ROC curve: the probability that a right one has a higher score than a wrong one.

    Equal scores count half (Hanley and McNeil 1982). It is NaN where all verdicts are the same.

    Raises:
        InvalidInput: as `fit`.
    """
    _check(scores, verdicts)
    right, wrong = np.sort(scores[verdicts]), np.sort(scores[~verdicts])
    if not len(right) or not len(wrong):
        return float("nan")
    below, up_to = (np.searchsorted(wrong, right, side).sum() for side in ("left", "right"))
    return float((below + up_to) / 2 / (len(right) * len(wrong)))


def _check(scores: Scores, verdicts: Verdicts) -> None:
    if not len(scores) or scores.shape != verdicts.shape or not np.isfinite(scores).all():
        raise InvalidInput(
            f"A calibration needs finite scores and as many verdicts, not {scores.shape} and {verdicts.shape}."
        )


def no_calibration() -> None:
    """Is the calibration of what has none."""


def read_calibration(folder: Path, networks: Sequence[Path]) -> Calibration | None:
    """Reads the calibration beside a model's weights.

    Args:
        folder: where it lies.
        networks: the files of what scores.

    Returns:
        The calibration; None where there is none, or only that of other networks, which is logged.

    Raises:
        InvalidInput: the file cannot be read, or is not as `write_calibration` writes it.
    """
    file = folder / FILE
    if not file.is_file():
        return None
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        calibration = Calibration(*(found[name] for name in ("slope", "intercept", "likely", "unlikely")))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InvalidInput(f"{file} cannot be read ({error}); write it anew, or remove it.") from error
    if found.get("networks") == named(networks):
        return calibration
    names = " and ".join(each.name for each in networks)
    log.warning("%s is of another network than %s beside it, and left out; write it anew, or remove it.", file, names)
    return None


def write_calibration(
    folder: Path, calibration: Calibration, networks: Sequence[Path], measured: dict[str, Any]
) -> None:
    """Writes a calibration beside a model's weights.

    Args:
        folder: where the weights are.
        calibration: what is read again.
        networks: the files of what scored.
        measured: how it was made and how good it is, for whoever looks into the file.
    """
    text = json.dumps({**asdict(calibration), "networks": named(networks), "measured": measured}, indent=1)
    write_whole(folder / FILE, text + "\n")
