"""The section about ADM's arms."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.evaluation.experiments.adm import ASKED
from pipelines.evaluation.experiments.arms import Number, Row
from pipelines.evaluation.experiments.sections.grid import grid
from pipelines.evaluation.experiments.verdicts import (
    FAILS,
    HOLDS,
    UNDECIDED,
    Claim,
    claims_table,
    decided,
    minus,
    rows_of,
    shown,
)
from pipelines.evaluation.plot import Line, chart
from pipelines.whole_file import write_whole

TITLES = {
    "scales": "Scales, whole pictures",
    "windows": "Scales, one thing in a window",
    "steps": "Fewer steps",
    "variance": "Learned variance",
    "stack": "The stack",
}


def named(row: Row) -> str:
    """Says how an arm's prompt is."""
    return "the kind as prompt" if row.settings["named"] else "no prompt"


def sampling(row: Row) -> str:
    """Says how an arm is sampled."""
    return f"{row.settings['sampler']}, {row.settings['steps']} steps"


def by_scale(rows: Sequence[Row]) -> list[Row]:
    """Sorts arms by their scales."""
    return sorted(rows, key=lambda row: float(row.settings["scale"]))


def scale_claims(rows: Sequence[Row], where: str) -> list[Claim]:
    """Says of arms that differ in their scales alone what a growing scale does."""
    first, last = rows[0], rows[-1]
    ends, inner = (first, last), rows[1:-1]

    def grown(name: str, way: int) -> Claim:
        before, after = first.values[name], last.values[name]
        margin = minus(after, before) if way > 0 else minus(before, after)
        text = f"{where}: {name} {'rises' if way > 0 else 'falls'} with the scale"
        change = f"from {shown(before, 1, True)} to {shown(after, 1, True)} at {last.settings['scale']:g}"
        return Claim(text, change, decided(margin))

    least = min(inner, key=lambda row: row.values["KID"].value)
    end = min(ends, key=lambda row: row.values["KID"].value)
    between = f"{shown(least.values['KID'], 4)} at {least.settings['scale']:g}, {shown(end.values['KID'], 4)} at an end"
    return [
        grown(ASKED, 1),
        grown("precision", 1),
        grown("recall", -1),
        Claim(f"{where}: KID is least in between", between, decided(minus(end.values["KID"], least.values["KID"]))),
    ]


def best_scale(rows: Sequence[Row]) -> float:
    """Returns the scale whose KID is least."""
    return float(min(rows, key=lambda row: row.values["KID"].value).settings["scale"])


def steps_claims(rows: Sequence[Row]) -> Iterator[Claim]:
    """Compares the best scale with few steps and with many; a point estimate decides, since a scale has no interval."""
    of = {sampler: [row for row in rows if row.settings["sampler"] == sampler] for sampler in ("ddim", "ddpm")}
    if all(of.values()):
        few, many = (best_scale(of[sampler]) for sampler in ("ddim", "ddpm"))
        verdict = HOLDS if few > many else UNDECIDED if few == many else FAILS
        yield Claim(
            "the best scale by KID is larger with fewer steps",
            f"{few:g} ({sampling(of['ddim'][0])}), {many:g} ({sampling(of['ddpm'][0])})",
            verdict,
        )


def variance_claims(rows: Sequence[Row]) -> Iterator[Claim]:
    """Compares the learned variance with the lower bound at each number of steps."""
    for steps in sorted({row.settings["steps"] for row in rows}):
        kid = {row.settings["learned_variance"]: row.values["KID"] for row in rows if row.settings["steps"] == steps}
        if len(kid) == 2:
            both = f"{shown(kid[True], 4)}, {shown(kid[False], 4)} at the lower bound"
            text = f"{steps} steps: KID is less with the learned variance"
            yield Claim(text, both, decided(minus(kid[False], kid[True])))


def stack_claims(rows: Sequence[Row]) -> Iterator[Claim]:
    """Compares the guided and upsampled with each of the others."""
    kid = {(row.settings["scale"] > 0, row.settings["finish"]): row.values["KID"] for row in rows}
    both = kid.get((True, "upsampled"))
    for (guided, finish), other in kid.items():
        if both is not None and (guided, finish) != (True, "upsampled"):
            text = f"guided and upsampled is ahead by KID of {'guided' if guided else 'not guided'} and {finish}"
            yield Claim(text, f"{shown(both, 4)}, {shown(other, 4)}", decided(minus(other, both)))


def experiment_claims(name: str, rows: Sequence[Row]) -> list[Claim]:
    """What was expected of one of ADM's experiments."""
    if name in ("scales", "windows"):
        claims = []
        for prompt in dict.fromkeys(map(named, rows)):
            own = by_scale([row for row in rows if named(row) == prompt])
            if len(own) > 2:
                claims += scale_claims(own, f"{TITLES[name].lower()}, {prompt}")
        return claims
    return [*{"steps": steps_claims, "variance": variance_claims, "stack": stack_claims}[name](rows)]


def adm_section(folder: Path, out: Path) -> list[str]:
    """Writes the section about ADM's arms, and its charts."""
    lines = [
        "## A classifier's guidance",
        "",
        "Dhariwal & Nichol 2021, tables 4 and 5: a classifier's gradient raises precision and lowers recall, and FID "
        "is least at a scale between (256 unconditional: 26.21 without, 12.00 at 10; conditional: 10.94 without, 4.59 "
        "at 1, 9.11 at 10); with 25 steps the best scale is 2.5 times as large; guidance and the upsampler add up "
        "(7.49 upsampled, 3.94 both). Expected here: the same signs, and the asked kind seen more often.",
        "",
    ]
    claims: list[Claim] = []
    rows = rows_of(folder)
    if rows:
        lines += [f"Its classifier names {100 * rows[0].settings['accuracy']:.0f} % of true windows without noise.", ""]
    for name, title in TITLES.items():
        own = [row for row in rows if row.settings["experiment"] == name]
        if not own:
            continue
        claims += experiment_claims(name, own)
        lines += [f"### {title}, {own[0].settings['samples']} samples", "", *table(own), *charts(name, own, out)]
        in_order = sorted(by_scale(own), key=lambda row: (row.settings["named"], row.settings["sampler"]))
        arms = [row.arm.removeprefix(f"{name}-") for row in in_order]
        lines += [*grid(folder / "samples", arms, out, f"adm-{name}"), ""]
    return [*lines, *claims_table(claims), ""]


def table(rows: Sequence[Row]) -> list[str]:
    """Writes the arms of an experiment in Markdown."""
    names = list(dict.fromkeys(name for row in rows for name in row.values))
    lines = ["| arm | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for row in by_scale(rows):
        variance = "" if row.settings["learned_variance"] else ", lower bound"
        arm = f"{named(row)}, scale {row.settings['scale']:g}, {sampling(row)}{variance}, {row.settings['finish']}"
        lines.append(f"| {arm} | {' | '.join(cell(row.values.get(name), name) for name in names)} |")
    return lines


def cell(number: Number | None, name: str) -> str:
    """Writes a number of a table."""
    if number is None:
        return "-"
    if name in (ASKED, "precision", "recall"):
        return shown(number, 1, True)
    return shown(number, 4 if name == "KID" else 2)


def charts(name: str, rows: Sequence[Row], out: Path) -> list[str]:
    """Draws KID, and how often the asked kind is seen, over the scale, where arms differ in it."""
    groups: dict[str, list[Row]] = {}
    for row in by_scale(rows):
        groups.setdefault(f"{named(row)}, {sampling(row)}" if name == "steps" else named(row), []).append(row)
    if name in ("variance", "stack"):
        return []
    lines = []
    for up in ("KID", ASKED):
        lined = [
            Line(group, [(row.settings["scale"], row.values[up].value, row.values[up].error) for row in own])
            for group, own in groups.items()
        ]
        file = f"adm-{name}-{up.replace(' ', '-')}.svg"
        write_whole(out / file, chart(lined, "scale", up))
        lines += ["", f"![{up} over the scale, {TITLES[name].lower()}]({file})"]
    return lines
