"""What a study's figures must be, whoever decided what."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.study.statistics import (
    ELO,
    PRIOR,
    Decisions,
    Interval,
    agreement,
    bradley_terry,
    davidson,
    elo,
    share,
    t_quantile,
    wilson,
)
from tests.simulated_raters import decided, expected_difference

# shares


@pytest.mark.parametrize(("count", "half_width"), [(200, 0.069), (1000, 0.031)])
def test_wilsons_interval_is_as_wide_as_published(count: int, half_width: float) -> None:
    low, high = wilson(0.5, count)
    assert (high - low) / 2 == pytest.approx(half_width, abs=5e-4)


@given(st.floats(0, 1), st.integers(1, 5000))
def test_wilsons_interval_ends_where_the_share_is_1_96_standard_errors_away(part: float, count: int) -> None:
    for end in wilson(part, count):
        assert -1e-12 <= end <= 1 + 1e-12
        assert abs(part - end) == pytest.approx(1.959963985 * np.sqrt(max(end * (1 - end), 0) / count), abs=1e-7)


def test_a_tie_is_half_a_win_of_each() -> None:
    assert share(np.array([1.0, 1, 0, -1])) == 0.625
    assert share(np.zeros(7)) == 0.5


# ratings


def loss(difference: float, wins: float, losses: float) -> float:
    """The corrected loss, as it stands in the docstring, of ratings that are centred."""
    ratings, counts = np.array([difference, -difference]) / 2, np.array([[0, wins], [losses, 0]])
    ahead = ratings[None, :] - ratings[:, None]  # s_j - s_i
    return float((counts * np.log1p(10 ** (ahead / 400))).sum() + (ratings**2).sum() / (2 * PRIOR**2))


@given(st.integers(0, 400), st.integers(0, 400))
@settings(max_examples=40)
def test_the_rating_is_the_least_of_the_corrected_loss(wins: int, losses: int) -> None:
    best = float(bradley_terry(wins, losses))
    here = loss(best, wins, losses)
    assert all(here <= loss(best + step, wins, losses) + 1e-9 for step in (-50, -5, -0.5, 0.5, 5, 50))
    assert np.sign(best) == np.sign(wins - losses)  # the winner is ahead; as printed the formula ranks losers first


def test_without_the_priors_pull_the_rating_is_the_logarithm_of_the_odds() -> None:
    assert float(bradley_terry(6000, 4000)) == pytest.approx(np.log(1.5) / ELO, abs=0.02)


def test_whoever_wins_all_has_a_finite_rating_and_no_interval() -> None:
    rating = elo(Decisions(np.arange(120) % 6, np.arange(120), np.ones(120)))
    assert 500 < rating.difference < 2000 and rating.interval is None


def test_whoever_only_ties_has_no_interval_either() -> None:
    decisions = Decisions(np.arange(120) % 6, np.arange(120), np.zeros(120))
    assert elo(decisions) == davidson(decisions) == (0, None)
    alone = Decisions(np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(1))
    assert elo(alone) == (0, None)


def test_ties_shrink_the_rating_but_not_davidsons() -> None:
    """Elo 155.9 with 20 % ties: half wins estimate 121."""
    odds = 10 ** (155.9 / 400)
    wins, losses = round(80_000 * odds / (1 + odds)), round(80_000 / (1 + odds))
    outcomes = np.repeat([1.0, 0.0, -1.0], [wins, 20_000, losses])
    assert float(bradley_terry(((1 + outcomes) / 2).sum(), ((1 - outcomes) / 2).sum())) == pytest.approx(121, abs=1)
    assert float(bradley_terry((outcomes > 0).sum(), (outcomes < 0).sum())) == pytest.approx(155.9, abs=0.2)


@pytest.mark.parametrize(("wins", "ties", "losses"), [(50, 30, 40), (80, 5, 35), (10, 90, 20)])
def test_davidsons_rating_is_the_most_likely_with_any_tie_parameter(wins: int, ties: int, losses: int) -> None:
    differences, logs = np.meshgrid(np.linspace(-400, 400, 1601), np.linspace(-6, 6, 1201))
    strong, tie = np.exp(ELO * differences / 2), np.exp(logs)
    total = strong + 1 / strong + tie
    likelihood = wins * np.log(strong / total) + ties * np.log(tie / total) + losses * np.log(1 / strong / total)
    best = differences.flat[likelihood.argmax()]
    outcomes = np.repeat([1.0, 0.0, -1.0], [wins, ties, losses])
    people = np.arange(len(outcomes)) % 6
    assert davidson(Decisions(people, np.arange(len(outcomes)), outcomes)).difference == pytest.approx(best, abs=0.7)


some_decisions = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 20), st.sampled_from([1.0, 0.0, -1.0])), min_size=1, max_size=150
).map(lambda rows: Decisions(*(np.array(column) for column in zip(*rows, strict=True))))


@given(some_decisions)
@settings(max_examples=30)
def test_exchanging_the_arms_negates_every_rating_exactly(decisions: Decisions) -> None:
    swapped = decisions._replace(outcomes=-decisions.outcomes)
    for rating in (elo, davidson):
        here, there = rating(decisions), rating(swapped)
        assert there.difference == -here.difference
        mirrored = None if here.interval is None else Interval(-here.interval.high, -here.interval.low)
        assert there.interval == mirrored
    assert share(swapped.outcomes) == pytest.approx(1 - share(decisions.outcomes), abs=1e-15)
    assert agreement(swapped) == agreement(decisions)


def test_what_people_and_prompts_are_called_does_not_matter() -> None:
    decisions = decided(np.random.default_rng(0), raters=8, prompts=40, each=20)
    renamed = Decisions(decisions.raters * 7 + 3, decisions.prompts + 100, decisions.outcomes)
    assert elo(renamed) == elo(decisions)


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(4, 2.77645), (5, 2.57058), (6, 2.44691), (10, 2.22814), (30, 2.04227), (np.inf, 1.95996)]
)
def test_students_quantiles_are_those_of_the_tables(freedom: float, quantile: float) -> None:
    assert t_quantile(freedom) == pytest.approx(quantile, rel=3e-3 if freedom < 6 else 1e-3)


# intervals over simulated people

ALIKE = {"people": 0.0, "pairs": 0.0}  # standard deviations, in log odds
UNLIKE = {"people": 0.3, "pairs": 0.7}


def covered(studies: int, seed: int, effect: float, spread: dict[str, Any], **size: int) -> float:
    """The share of simulated studies whose interval has the true difference in it."""
    random = np.random.default_rng(seed)
    truth = expected_difference(effect, **spread)
    hits = 0
    for _ in range(studies):
        interval = elo(decided(random, effect=effect, **spread, **size)).interval
        hits += interval.low <= truth <= interval.high
    return hits / studies


def test_the_interval_covers_and_equal_arms_are_seldom_told_apart() -> None:
    assert 0.91 <= covered(100, 1, 0.4, UNLIKE, raters=9, prompts=100, each=24) <= 0.99
    assert covered(100, 2, 0.0, ALIKE, raters=9, prompts=48, each=24) >= 0.95


def test_a_bootstrap_of_decisions_alone_would_not_cover() -> None:
    """People and pairs that differ are why decisions do not count as independent."""
    random, truth = np.random.default_rng(3), expected_difference(0.4, people=0.5, pairs=1.0)
    hits = 0
    for _ in range(80):
        decisions = decided(random, 0.4, people=0.5, pairs=1.0, raters=9, prompts=24, each=24)
        alone = Decisions(np.zeros_like(decisions.raters), np.arange(len(decisions.prompts)), decisions.outcomes)
        interval = elo(alone).interval
        hits += interval.low <= truth <= interval.high
    assert hits / 80 < 0.88


@pytest.mark.proof
@pytest.mark.parametrize(
    ("effect", "spread", "size"),
    [
        (0.4, UNLIKE, {"raters": 9, "prompts": 200, "each": 24}),
        (0.4, UNLIKE, {"raters": 9, "prompts": 24, "each": 24}),
        (0.4, UNLIKE, {"raters": 12, "prompts": 60, "each": 30}),
        (1.2, UNLIKE, {"raters": 9, "prompts": 60, "each": 24}),
        (0.4, ALIKE, {"raters": 1, "prompts": 200, "each": 200}),
    ],
)
def test_of_500_studies_93_to_97_in_100_intervals_cover(
    effect: float, spread: dict[str, Any], size: dict[str, int]
) -> None:
    assert 0.93 <= covered(500, 0, effect, spread, **size) <= 0.97


@pytest.mark.proof
def test_where_few_people_are_all_alike_the_interval_is_rather_wide() -> None:
    """Their variance is estimated from nine, and may not come out as less than nothing."""
    assert 0.95 <= covered(500, 0, 0.4, ALIKE, raters=9, prompts=200, each=24) <= 0.98


@pytest.mark.proof
@pytest.mark.parametrize("raters", [5, 9, 20])
def test_of_500_studies_of_equal_arms_at_most_5_in_100_see_a_difference(raters: int) -> None:
    assert covered(500, 1, 0.0, ALIKE, raters=raters, prompts=60, each=24) >= 0.95


# agreement

PUBLISHED = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""


def of_table(table: str) -> Decisions:
    """One line a person, one column a pair, a dot for no decision."""
    rows = [line.split() for line in table.strip().splitlines()]
    cells = [(r, c, float(cell)) for r, row in enumerate(rows) for c, cell in enumerate(row) if cell != "."]
    return Decisions(*(np.array(column) for column in zip(*cells, strict=True)))


@pytest.mark.parametrize(("table", "alpha"), [(PUBLISHED, 0.849), ("0 1 0 0 0 0 0 0 1 0\n1 1 1 0 0 1 0 0 0 0", 0.095)])
def test_alpha_is_that_of_krippendorffs_own_examples(table: str, alpha: float) -> None:
    """Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, for interval data."""
    assert agreement(of_table(table)) == pytest.approx(alpha, abs=5e-4)


def test_alpha_is_one_for_people_who_agree_and_near_nought_for_chance() -> None:
    random = np.random.default_rng(0)
    raters, prompts = np.repeat(np.arange(6), 300), np.tile(np.arange(300), 6)
    same = np.tile(random.integers(-1, 2, 300).astype(float), 6)
    assert agreement(Decisions(raters, prompts, same)) == 1
    chance = random.integers(-1, 2, 1800).astype(float)
    assert abs(agreement(Decisions(raters, prompts, chance))) < 0.05


def test_without_shared_pairs_or_without_differences_there_is_no_alpha() -> None:
    assert agreement(Decisions(np.arange(4), np.arange(4), np.array([1.0, -1, 0, 1]))) is None
    assert agreement(Decisions(np.arange(4), np.zeros(4, np.int64), np.ones(4))) is None
