"""One page about the experiments, made from the rows alone: hypothesis, the paper's figure, ours, verdict."""

from collections.abc import Mapping, Sequence
from math import hypot
from pathlib import Path
from typing import NamedTuple

from pipelines.evaluation.experiments.arms import Number, Row, read_row
from pipelines.evaluation.experiments.guidance import OWN, RIGHT, SECOND, TRACKS
from pipelines.evaluation.experiments.reranking import COUNTS, GUIDANCES, SETS
from pipelines.evaluation.plot import Line, chart
from pipelines.whole_file import write_whole

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


# --- guidance ---


def scale_of(row: Row) -> tuple[str, float]:
    """Returns which kind of guidance an arm has, and how much."""
    settings = row.settings
    return ("CLIP", settings["clip_guidance"]) if settings["clip_guidance"] else ("CFG", settings["guidance"])


def best(rows: Sequence[Row], kind: str, name: str) -> Number | None:
    """Returns the best value of a metric among the arms of a kind of guidance; None where none has it."""
    values = [row.values[name] for row in rows if scale_of(row)[0] == kind and name in row.values]
    if not values:
        return None
    return (min if name in LOWER_IS_BETTER else max)(values, key=lambda number: number.value)


def guidance_claims(rows: Sequence[Row], track: str) -> list[Claim]:
    """Compares the best of both kinds of guidance by each metric."""
    claims = []
    for name, ahead in (("KID", "CFG"), (RIGHT, "CFG"), (OWN, "CLIP"), (SECOND, "CFG")):
        cfg, clip = best(rows, "CFG", name), best(rows, "CLIP", name)
        if cfg is None or clip is None:
            continue
        margin = minus(cfg, clip) if (ahead == "CFG") != (name in LOWER_IS_BETTER) else minus(clip, cfg)
        per_cent, digits = (name == RIGHT), (1 if name == RIGHT else 4 if name == "KID" else 2)
        both = f"CFG {shown(cfg, digits, per_cent)}, CLIP {shown(clip, digits, per_cent)}"
        claims.append(Claim(f"{track}: {ahead} guidance is ahead by {name}, each at its best", both, decided(margin)))
    return claims


def guidance_section(folder: Path, out: Path) -> list[str]:
    """Writes the section about guidance, and its charts."""
    rows = rows_of(folder)
    lines = [
        "## CLIP guidance against classifier-free guidance",
        "",
        "Nichol et al. 2021, figure 6 and table 1: classifier-free guidance is nearly Pareto-optimal in precision and "
        "recall and in Inception score and FID; CLIP guidance is ahead by the CLIP score alone, which they take for "
        "adversarial examples of the guiding CLIP. People prefer classifier-free guidance (Elo 82.7 against -73.2 for "
        "realism, 110.9 against 29.3 for the caption). Expected here: the same. It would be wrong if CLIP guidance won "
        "by the judge and by a second CLIP too.",
        "",
    ]
    claims: list[Claim] = []
    for track in TRACKS:
        own = [row for row in rows if row.settings["track"] == track.name]
        if not own:
            continue
        claims += guidance_claims(own, track.name)
        kinds = sorted({scale_of(row)[0] for row in own})
        names = list(dict.fromkeys(name for row in own for name in row.values))
        lines += [f"### {track.name}", "", "| arm | N | " + " | ".join(names) + " |", "|---" * (len(names) + 2) + "|"]
        for row in sorted(own, key=scale_of):
            kind, scale = scale_of(row)
            cells = [_cell(row.values.get(name), name) for name in names]
            lines.append(f"| {kind} {scale:g} | {row.settings['samples']} | {' | '.join(cells)} |")
        for across, up in (("recall", "precision"), ("KID", OWN)):
            lined = [
                Line(kind, [(row.values[across].value, row.values[up].value, row.values[up].error)
                            for row in sorted(own, key=scale_of) if scale_of(row)[0] == kind
                            and across in row.values and up in row.values])
                for kind in kinds
            ]  # fmt: skip
            if any(line.points for line in lined):
                file = f"guidance-{track.name}-{up.replace(' ', '-').replace(chr(39), '')}.svg"
                write_whole(out / file, chart([line for line in lined if line.points], across, up))
                lines += ["", f"![{up} over {across}, {track.name}]({file})"]
        lines.append("")
    return [*lines, *claims_table(claims), ""]


def _cell(number: Number | None, name: str) -> str:
    if number is None:
        return "-"
    return (
        shown(number, 1, True) if name == RIGHT else shown(number, 4 if name == "KID" else 3 if number.value < 1 else 2)
    )


# --- reranking ---

RECOVERED_AT, RECOVERED, AREA = 4, 0.5, 0.85  # what the issue asks of a ranking


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
        "by another's prompt nothing.",
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
            lines += ["", f"![Right ones over N, {name}, guidance {guidance:g}]({file})", ""]
    return [*lines, *claims_table(claims), ""]


SECTIONS = {"guidance": guidance_section, "rerank": reranking_section}


def write_report(rows: Path, out: Path) -> str:
    """Writes report.md with its charts into `out` from the experiments in `rows`, and returns its text."""
    out.mkdir(parents=True, exist_ok=True)
    lines = ["# The papers' experiments, at our scale", "", INTRODUCTION, ""]
    made: Mapping[str, Path] = {name: rows / name for name in SECTIONS if any((rows / name).glob("*.json"))}
    for name, folder in made.items():
        lines += SECTIONS[name](folder, out)
    if not made:
        lines.append("No experiment has run yet.")
    first = next((row for folder in made.values() for row in rows_of(folder)), None)
    if first is not None:
        seconds = sum(row.seconds for folder in made.values() for row in rows_of(folder))
        versions = ", ".join(f"{name} {version}" for name, version in first.versions.items())
        weights = first.settings.get("weights") or "-"
        lines.append(
            f"Made in {seconds / 60:.0f} minutes with {versions}; weights of {first.settings['model']}: {weights}."
        )
    text = "\n".join(lines) + "\n"
    write_whole(out / "report.md", text)
    return text


INTRODUCTION = (
    "Made by `python -m pipelines.evaluation guidance | rerank`, from the rows that they leave. Our numbers are of the "
    "drawn world, by the judge and its features; they stand beside the papers' only in the sign of a difference. "
    "± is half of a 95 % interval; a claim is undecided where its interval meets the bar."
)
