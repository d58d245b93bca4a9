"""The statistics of a study: shares, ratings with their intervals, and how far people agree.

An outcome is +1 where the first arm's picture was chosen, -1 where the second's was, 0 for no clear difference. Every
function is pure. Exchanging the arms negates each rating and mirrors each interval to the last bit.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

Z = 1.959963984540054  # the normal distribution's 97.5 % quantile: intervals of 95 %
ELO = np.log(10) / 400  # a rating's unit: 400 points are odds of ten to one
PRIOR = 1000.0  # Elo points: the standard deviation of the Gaussian prior on each rating, which keeps it finite
BOOTSTRAPS = 1000
# least variance, as a part of that of single decisions; by simulation: with less, equal arms are told apart too often
LEAST = 0.7
ENOUGH = 100  # decisions on a question under which nothing is said of it
RATERS_TO_GENERALISE = 5  # people under which the interval holds for them alone


class Interval(NamedTuple):
    """A 95 % interval."""

    low: float
    high: float


class Decisions(NamedTuple):
    """The decisions on one question, one entry each."""

    raters: Codes  # (N,) who decided, any whole numbers
    prompts: Codes  # (N,) about which pair
    outcomes: Floats  # (N,) +1, 0 or -1


class Rating(NamedTuple):
    """By how many Elo points the first arm is ahead; the centred ratings are half of that, up and down."""

    difference: float
    interval: Interval | None  # None where all decisions that count are alike: nothing bounds it on both sides


def share(outcomes: Floats) -> float:
    """Returns the first arm's share of the wins, 0 to 1, a tie as half a win of each; raises ZeroDivisionError for no
    outcomes.
    """
    return (len(outcomes) + float(outcomes.sum())) / (2 * len(outcomes))


def wilson(share: float, count: int) -> Interval:
    """Returns Wilson's score interval of a share of `count` independent decisions (Wilson 1927).

    It is the set of all p with |share - p| <= Z sqrt(p (1 - p) / count). With ties as half wins it is too wide, if
    anything; it knows nothing of people and prompts that differ.
    """
    centre, spread = share + Z**2 / (2 * count), Z * np.sqrt(share * (1 - share) / count + (Z / (2 * count)) ** 2)
    scale = 1 + Z**2 / count
    return Interval(float((centre - spread) / scale), float((centre + spread) / scale))


def bradley_terry(wins: ArrayLike, losses: ArrayLike) -> Floats:
    """Returns the difference of two Elo ratings, for each pair of counts.

    With A_ij for the wins of i over j, it is the least of

        sum_ij A_ij log(1 + 10^((s_j - s_i) / 400)) + sum_i s_i^2 / (2 PRIOR^2),

    where s_1 + s_2 = 0. In GLIDE's formula (arXiv 2112.10741, section 5.1) the sign inside the logarithm is the other
    one, which gives the loser the higher rating. Of two arms only d = s_1 - s_2 is left, found by Newton's method from
    0, whose steps never overshoot.

    Args:
        wins: of the first arm, any shape; ties may count as halves.
        losses: likewise.

    Returns:
        float64 of that shape, Elo points.
    """
    won, lost = np.asarray(wins, np.float64), np.asarray(losses, np.float64)
    difference = np.zeros(won.shape)
    step = np.full(won.shape, np.inf)
    while np.any(np.abs(step) > 1e-9):
        first, second = 1 / (1 + np.exp(-ELO * difference)), 1 / (1 + np.exp(ELO * difference))
        slope = ELO * (won * second - lost * first) - difference / (2 * PRIOR**2)
        step = slope / (ELO**2 * (won + lost) * (first * second) + 1 / (2 * PRIOR**2))
        difference = difference + step
    return difference


def elo(decisions: Decisions) -> Rating:
    """Returns the rating with each tie as half a win of each arm, as GLIDE counts them. Ties pull it towards 0."""
    outcomes = decisions.outcomes
    return _rating(decisions, (1 + outcomes) / 2, (1 - outcomes) / 2)


def davidson(decisions: Decisions) -> Rating:
    """Returns the rating with ties as outcomes of their own (Davidson 1970).

    With p_i = 10^(s_i / 400), i beats j by p_i / (p_i + p_j + v sqrt(p_i p_j)), and they tie by
    v sqrt(p_i p_j) / (...). For two arms the best v for a given difference leaves the likelihood of Bradley and Terry
    on the decisions that are no ties: these alone are counted.
    """
    outcomes = decisions.outcomes
    return _rating(decisions, (outcomes > 0).astype(np.float64), (outcomes < 0).astype(np.float64))


def _rating(decisions: Decisions, wins: Floats, losses: Floats) -> Rating:
    """Returns a rating with its interval.

    The bootstraps resample the people, the prompts, and single decisions, each BOOTSTRAPS times. People and prompts are
    crossed, so what both resample is taken off once (Cameron, Gelbach and Miller 2011):

        V = max(V_people + V_prompts - V_decisions, LEAST V_decisions).

    The interval is difference +- t sqrt(V), with Satterthwaite's degrees of freedom of the two sums' parts. To resample
    people and then the prompts of each would count the decisions' own variance twice.

    Args:
        decisions: the decisions.
        wins: (N,) what each counts for the first arm.
        losses: (N,) likewise for the second.
    """
    difference = float(bradley_terry(wins.sum(), losses.sum()))
    alike = len(set(decisions.outcomes.tolist())) < 2
    if alike or not (wins.any() and losses.any()):
        return Rating(difference, None)
    random = np.random.default_rng(0)
    people, prompts = _codes(decisions.raters), _codes(decisions.prompts)
    own = _variance(np.arange(len(wins)), wins, losses, random)
    variance, uncertainty = own, 0.0
    for codes, least in ((people, RATERS_TO_GENERALISE), (prompts, 2)):
        count = int(codes.max()) + 1
        if count >= least:
            part = _variance(codes, wins, losses, random)
            variance, uncertainty = variance + part - own, uncertainty + part**2 / (count - 1)
    variance = max(variance, LEAST * own)
    freedom = max(variance**2 / uncertainty, RATERS_TO_GENERALISE - 1) if uncertainty else np.inf
    spread = t_quantile(freedom) * float(np.sqrt(variance))
    return Rating(difference, Interval(difference - spread, difference + spread))


def _codes(values: Codes) -> Codes:
    """Returns 0, 1, 2, ... for the distinct values."""
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _variance(codes: Codes, wins: Floats, losses: Floats, random: np.random.Generator) -> float:
    """Returns the variance of the rating when clusters of decisions are drawn with replacement.

    Args:
        codes: (N,) the cluster of each decision, 0 to G - 1.
        wins: (N,).
        losses: (N,).
        random: source of chance.
    """
    count = int(codes.max()) + 1
    times = random.multinomial(count, np.full(count, 1 / count), BOOTSTRAPS).astype(np.float64)  # (B, G)
    drawn = bradley_terry(times @ np.bincount(codes, wins), times @ np.bincount(codes, losses))
    return float(np.var(drawn)) * count / (count - 1)


def t_quantile(freedom: float) -> float:
    """Returns Student's 97.5 % quantile for 4 or more degrees of freedom, to 0.3 %, and to 0.1 % for 6 or
    more (Abramowitz and Stegun 26.7.5).
    """
    terms = (
        (Z**3 + Z) / 4,
        (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96,
        (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / 384,
    )
    return Z + sum(term / freedom**power for power, term in enumerate(terms, 1))


def agreement(decisions: Decisions) -> float | None:
    """Returns Krippendorff's alpha with squared differences, so that a tie lies half-way between the arms.

    alpha = 1 - D_observed / D_expected: 1 where people always agree, 0 where they agree as by chance. Only pairs that
    two or more people decided count. Takes any numbers for outcomes.

    Returns:
        At most 1; None where nobody shares a pair with another, or all that they decided is the same.
    """
    prompts = _codes(decisions.prompts)
    counts = np.bincount(prompts)
    paired = counts[prompts] > 1
    values, units = decisions.outcomes[paired], prompts[paired]
    total = len(values)
    # the sum over all ordered pairs of (a - b)^2 is 2 (n sum a^2 - (sum a)^2)
    expected = 2 * (total * float(values @ values) - float(values.sum()) ** 2)
    if not expected:
        return None
    sums, squares = np.bincount(units, values, len(counts)), np.bincount(units, values**2, len(counts))
    within = 2 * (counts * squares - sums**2)[counts > 1] / (counts[counts > 1] - 1)
    return float(1 - (total - 1) * within.sum() / expected)
