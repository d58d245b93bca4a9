"""People who never were: they decide by a model whose truth is known."""

import numpy as np

from editor.study.statistics import ELO, Decisions

TIES = 0.2  # of all decisions


def decided(
    random: np.random.Generator,
    effect: float = 0.4,
    people: float = 0.0,
    pairs: float = 0.0,
    raters: int = 9,
    prompts: int = 24,
    each: int = 24,
) -> Decisions:
    """Decisions of people who each see `each` of the pairs.

    The log odds that the first arm wins are effect, plus what a person and what a pair add to it.

    Args:
        random: source of chance.
        effect: in log odds.
        people: standard deviation of what people add.
        pairs: standard deviation of what pairs add.
        raters: how many people there are.
        prompts: how many pairs.
        each: how many of them one person sees.
    """
    person, pair = random.normal(0, people, raters), random.normal(0, pairs, prompts)
    who = np.repeat(np.arange(raters), each)
    what = np.concatenate([random.permutation(prompts)[:each] for _ in range(raters)])
    wins = random.random(len(who)) < 1 / (1 + np.exp(-(effect + person[who] + pair[what])))
    ties = random.random(len(who)) < TIES
    return Decisions(who, what, np.where(ties, 0.0, np.where(wins, 1.0, -1.0)))


def expected_difference(effect: float, people: float, pairs: float) -> float:
    """The Elo difference over all people and all pairs that there could be, ties as half wins."""
    grid = np.linspace(-8, 8, 4001)
    density = np.exp(-(grid**2) / 2)
    wins = (density / density.sum()) @ (1 / (1 + np.exp(-(effect + np.hypot(people, pairs) * grid))))
    first = TIES / 2 + (1 - TIES) * wins
    return float(np.log(first / (1 - first)) / ELO)
