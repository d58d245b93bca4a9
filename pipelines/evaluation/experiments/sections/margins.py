"""The section about DALL-E's three arms."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from pipelines.evaluation.experiments.arms import Number, Row
from pipelines.evaluation.experiments.margins import HANDICAPS, MATCH, REALISM, WEAK_GUIDANCES
from pipelines.evaluation.experiments.sections.grid import grid
from pipelines.evaluation.experiments.verdicts import Claim, claims_table, decided, minus, rows_of, shown

SAID = {  # of an arm, in words
    "none": "both as they are",
    "reranked": "the weaker reranked",
    "blurred": "and the stronger blurred",
}


def margins_claims(rows: Sequence[Row]) -> list[Claim]:
    """Says of one guidance of the weaker model, its arms in order, whether each handicap shrinks the lead."""
    claims, guidance = [], rows[0].settings["weak_guidance"]
    for name in (MATCH, REALISM):
        for less, more in pairwise(rows):
            before, after = less.values[name], more.values[name]
            text = f"weaker at guidance {guidance:g}, {SAID[more.settings['handicap']]}: fewer {name}"
            measured = f"from {shown(before, 1, True)} to {shown(after, 1, True)}"
            claims.append(Claim(text, measured, decided(minus(before, after))))
        last = rows[-1].values[name]
        of = name.removeprefix("wins by ")
        text = f"weaker at guidance {guidance:g}: after all that the stronger is still ahead by {of}"
        claims.append(Claim(text, shown(last, 1, True), decided(Number(last.value - 0.5, last.error))))
    return claims


def margins_section(folder: Path, out: Path) -> list[str]:
    """Writes the section about the three arms."""
    rows = {(row.settings["weak_guidance"], row.settings["handicap"]): row for row in rows_of(folder)}
    lines = [
        "## A stronger model's lead, and what evens the odds",
        "",
        "Nichol et al. 2021, table 3: people prefer GLIDE to DALL-E in 91 % for realism and in 83 % for the caption "
        "at temperature 1.0; in 89 % and 71 % where DALL-E's samples are reranked; in 72 % and 63 % where GLIDE's are "
        "sent through DALL-E's autoencoder as well. At temperature 0.85 it is 84 / 80, 87 / 69 and 66 / 61 %. Expected "
        "here: each handicap shrinks the lead, none reverses it. The weaker model is an early one of this world, at "
        "guidance 1 and 2. Match is the judge's verdict, realism that of Kynkäänniemi et al. 2019 by the judge's "
        "features; a tie is half a win.",
        "",
    ]
    claims: list[Claim] = []
    for guidance in WEAK_GUIDANCES:
        own = [rows[guidance, handicap] for handicap in HANDICAPS if (guidance, handicap) in rows]
        if not own:
            continue
        claims += margins_claims(own)
        names = list(own[0].values)
        lines += [f"### The weaker model at guidance {guidance:g}, {own[0].settings['prompts']} prompts", "",
                  "| arm | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]  # fmt: skip
        lines += [
            f"| {SAID[row.settings['handicap']]} | {' | '.join(shown(row.values[n], 1, True) for n in names)} |"
            for row in own
        ]
        arms = ["strong", "strong-blurred", f"weak-{guidance:g}", f"weak-{guidance:g}-reranked"]
        lines += [*grid(folder / "samples", arms, out, f"arms-{guidance:g}"), ""]
    return [*lines, *claims_table(claims), ""]
