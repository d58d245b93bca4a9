"""The section about the best of N by CLIP."""

from pathlib import Path

from pipelines.evaluation.experiments.arms import Number, Row
from pipelines.evaluation.experiments.reranking import COUNTS, GUIDANCES, SETS
from pipelines.evaluation.experiments.verdicts import FAILS, HOLDS, Claim, claims_table, decided, minus, rows_of, shown
from pipelines.evaluation.plot import Line, chart
from pipelines.whole_file import write_whole

RECOVERED_AT, RECOVERED, AREA = 4, 0.5, 0.85  # what is asked of a ranking


def reranking_claims(row: Row) -> list[Claim]:
    """What was expected of a set of prompts at a guidance."""
    values, where = row.values, f"{row.settings['set']} at guidance {row.settings['guidance']:g}"
    one, count = values["best of 1"], RECOVERED_AT
    way, gain = values[f"recovered at {count}"], minus(values[f"shuffled best of {count}"], one)
    claims = [
        Claim(
            f"{where}: the best of {count} gets at least half of what an oracle would",
            f"{shown(way, 0, True)}: from {shown(one, 1, True)} to {shown(values[f'best of {count}'], 1, True)}, the "
            f"oracle {shown(values[f'oracle of {count}'], 1, True)}",
            decided(Number(way.value - RECOVERED, way.error)),
        ),
        Claim(
            f"{where}: ranked by another prompt nothing is gained",
            shown(gain, 1, True),
            FAILS if decided(gain) == HOLDS else HOLDS,
        ),
    ]
    if area := values.get("AUC"):
        margin = Number(area.value - AREA, area.error)
        text = f"{where}: the score tells right from wrong, AUC at least {AREA:g}"
        claims.append(Claim(text, shown(area, 3), decided(margin)))
    return claims


def reranking_section(folder: Path, out: Path) -> list[str]:
    """Writes the section about reranking, and its charts."""
    rows = {(row.settings["set"], row.settings["guidance"]): row for row in rows_of(folder)}
    lines = [
        "## The best of N by CLIP",
        "",
        "Ramesh et al. 2021 rank 512 samples, Nichol et al. 2021 (section 4.1) say that guided samples need no ranking "
        "to beat ranked ones. Expected here: ranking by CLIP gets at least half of what an oracle would, and a ranking "
        "by another's prompt nothing. Prompts of whose true windows the judge is wrong are left out. The "
        "oracle chooses by the judge's verdict of a picture, and what counts is that of the mirrored one: judged by "
        "what it chose by, it would gain by the judge's every mistake.",
        "",
    ]
    claims: list[Claim] = []
    for name in SETS:
        for guidance in GUIDANCES:
            row = rows.get((name, guidance))
            if row is None:
                continue
            claims += reranking_claims(row)
            names = ("best of", "oracle of", "shuffled best of")
            table = {each: [row.values[f"{each} {count}"] for count in COUNTS] for each in names}
            lines += [f"### {name}, guidance {guidance:g}, {row.settings['prompts']} prompts", "",
                      "| N | " + " | ".join(map(str, COUNTS)) + " |", "|---" * (len(COUNTS) + 1) + "|"]  # fmt: skip
            lines += [
                f"| {each} N | " + " | ".join(shown(n, 1, True) for n in found) + " |" for each, found in table.items()
            ]
            file = f"rerank-{name}-{guidance:g}.svg"
            lined = [
                Line(each, [(k, 100 * n.value, 100 * n.error) for k, n in enumerate(found)], each != "best of")
                for each, found in table.items()
            ]
            write_whole(out / file, chart(lined, "doublings of N", "right in %"))
            judged = f"The judge is right of {shown(row.values['true windows'], 0, True)} of the set's true windows."
            lines += ["", f"![Right ones over N, {name}, guidance {guidance:g}]({file})", "", judged, ""]
    return [*lines, *claims_table(claims), ""]
