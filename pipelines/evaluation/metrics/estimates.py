"""A measured number and how sure it is: the bootstrap over prompts, and subsampling where a bootstrap misleads.

A bootstrap draws some pictures twice. That is right for means over prompts (scores, and kernels of unlike pictures); a
Fréchet distance and a neighbourhood take a double for structure. These are computed on parts without doubles instead.

Either way a draw changes the sample half as much as a fresh sample would, and the spread of the draws counts double.
Near its floor a distance is a quadratic form of the sample: a full bootstrap, or halves, would call it 1.7 times as
unsure as it is, which this keeps to about 1.5. Elsewhere it makes no difference.

All draws follow from a stream's number and a count alone. So models that were given the same prompts are drawn alike,
and what they have in common cancels in `difference`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

BOOTSTRAPS = 200
PARTS, FEW_PARTS = 100, 10  # parts without doubles; the few where one of them takes seconds
SPREAD = 2.0  # by how much fresh samples vary more than draws do
SHARE = 0.8  # of the pictures in a part: SPREAD^2 = f / (1 - f) (Politis, Romano & Wolf 1999, section 2)
ARM = 0  # stream of draws of what is measured
REFERENCE = ARM + 1  # and of what it is measured against
SPLIT = 2  # the first of the streams of an Inception score's parts
Z = 1.96  # of a Gaussian's 95 %


class Estimate(NamedTuple):
    """A number that was measured on a sample."""

    value: float
    replicates: Floats  # (R,), the same of the draws

    @property
    def error(self) -> float:
        """Half of the 95 % interval around the value."""
        return float(Z * SPREAD * self.replicates.std(ddof=1))


def difference(one: Estimate, other: Estimate) -> Estimate:
    """Subtracts an estimate from another, draw by draw.

    Args:
        one: of a metric.
        other: of the same metric, resampled alike.
    """
    return Estimate(one.value - other.value, one.replicates - other.replicates)


def bootstrap_weights(count: int, stream: int) -> Floats:
    """Says how much each of `count` pictures counts: as often as it is drawn with doubles, halfway to 1.

    Returns:
        (1 + BOOTSTRAPS, count): first 1 for each, which is the sample itself, then the draws. All rows have one sum.
    """
    random = np.random.default_rng((stream, count))
    draws = random.multinomial(count, np.full(count, 1 / count), BOOTSTRAPS)
    return np.concatenate([np.ones((1, count)), 1 + (draws - 1) / SPREAD])


def parts(count: int, draws: int, stream: int, share: float = SHARE) -> list[Indices]:
    """Draws parts of `count` pictures, no picture twice in one.

    Args:
        count: how many there are.
        draws: how many parts.
        stream: which draws.
        share: how many of the pictures a part has, rounded.
    """
    random = np.random.default_rng((stream, count))
    size = round(share * count)
    return [np.sort(random.permutation(count)[:size]) for _ in range(draws)]
