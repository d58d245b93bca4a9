"""What was expected of an experiment, what its rows say, and the verdict; and how a page says it."""

from collections.abc import Sequence
from math import hypot
from pathlib import Path
from typing import NamedTuple

from pipelines.evaluation.experiments.arms import Number, Row, read_row

HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"
LOWER_IS_BETTER = ("KID", "FID")


class Claim(NamedTuple):
    """What was expected, and what came of it."""

    text: str
    measured: str
    verdict: str


def decided(margin: Number) -> str:
    """Says whether a number that should be above 0 is: HOLDS, FAILS, or UNDECIDED where its interval meets 0."""
    if margin.value - margin.error > 0:
        return HOLDS
    return FAILS if margin.value + margin.error < 0 else UNDECIDED


def minus(one: Number, other: Number) -> Number:
    """Subtracts a number from another as if they were independent, so that the interval is rather too wide."""
    return Number(one.value - other.value, hypot(one.error, other.error))


def rows_of(folder: Path) -> list[Row]:
    """Reads all rows of an experiment."""
    return [read_row(file) for file in sorted(folder.glob("*.json"))]


def claims_table(claims: Sequence[Claim]) -> list[str]:
    """Writes claims in Markdown."""
    return ["| expected | measured | verdict |", "|---|---|---|", *(f"| {' | '.join(claim)} |" for claim in claims)]


def shown(number: Number, digits: int, per_cent: bool = False) -> str:
    """Writes a number with half of its interval."""
    times, unit = (100, " %") if per_cent else (1, "")
    return f"{times * number.value:.{digits}f} ± {times * number.error:.{digits}f}{unit}"
