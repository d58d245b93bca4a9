"""One page about the experiments, made from the rows alone: hypothesis, the paper's figure, ours, verdict."""

from collections.abc import Mapping
from pathlib import Path

from pipelines.errors import InvalidInput
from pipelines.evaluation.experiments.sections.adm import adm_section
from pipelines.evaluation.experiments.sections.guidance import guidance_section
from pipelines.evaluation.experiments.sections.margins import margins_section
from pipelines.evaluation.experiments.sections.reranking import reranking_section
from pipelines.evaluation.experiments.verdicts import rows_of
from pipelines.whole_file import write_whole

SECTIONS = {"guidance": guidance_section, "rerank": reranking_section, "arms": margins_section, "adm": adm_section}


def write_report(rows: Path, out: Path) -> str:
    """Writes report.md with its charts into `out` from the experiments in `rows`, and returns its text."""
    made: Mapping[str, Path] = {name: rows / name for name in SECTIONS if any((rows / name).glob("*.json"))}
    if not made:
        raise InvalidInput(f"{rows} has no rows of {', '.join(SECTIONS)}: run one of them with `-o {rows}` first.")
    out.mkdir(parents=True, exist_ok=True)
    lines = ["# The papers' experiments, at our scale", "", INTRODUCTION, ""]
    for name, folder in made.items():
        lines += SECTIONS[name](folder, out)
    rows_made = [row for folder in made.values() for row in rows_of(folder)]
    first = next((row for row in rows_made if row.settings.get("weights")), None)
    if first is not None:
        seconds = sum(row.seconds for row in rows_made)
        versions = ", ".join(f"{name} {version}" for name, version in first.versions.items())
        model = f"weights of {first.settings['model']}: {first.settings['weights']}"
        lines.append(f"Made in {seconds / 60:.0f} minutes with {versions}; {model}.")
    text = "\n".join(lines) + "\n"
    write_whole(out / "report.md", text)
    return text


INTRODUCTION = (
    "Made by `python -m pipelines.evaluation guidance | rerank | arms | adm`, from the rows that they leave. Our "
    "numbers are of the drawn world, by the judge and its features; they stand beside the papers' only in the sign of "
    "a difference. ± is half of a 95 % interval; a claim is undecided where its interval meets the bar."
)
