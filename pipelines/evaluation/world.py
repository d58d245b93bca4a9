"""Held-out edits of the drawn world: is what was asked for there, is what was to go gone; with sheets to look at."""

import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from tqdm import tqdm

from pipelines.base import Pipeline, Request, run
from pipelines.evaluation.judge import NOTHING, Judge, Verdict, whole
from pipelines.evaluation.rooms.captions import SPELLINGS
from pipelines.evaluation.rooms.edits import HELD_OUT, Example

CELL = 192  # pixels of one picture on a sheet


@dataclass(frozen=True)
class Outcome:
    """One edit: what was asked of which window, what came, and what the judge says of the result and of the truth."""

    asked: Example
    image: NDArray[np.uint8]  # (S, S, 3)
    verdict: Verdict
    of_truth: Verdict

    @property
    def kind(self) -> bool:
        return self.verdict.kind == (self.asked.thing.kind if self.asked.prompt else NOTHING)

    @property
    def colour(self) -> bool:
        """True as well where the prompt leaves the colour open or asks for nothing."""
        colour = self.asked.thing.colour
        named = any(word in self.asked.prompt for word in SPELLINGS.get(colour, (colour,)))
        return not named or self.verdict.colour == colour


def evaluate(
    pipeline: Pipeline, judge: Judge, edits: int, empty: float, *, sampler: str, steps: int, guidance: float
) -> list[Outcome]:
    """`edits` edits of rooms that nothing was trained on, one after another from the first; seed i for edit i.

    empty: 1 for removals, 0 for edits with a prompt.
    """
    outcomes = []
    for i in tqdm(range(edits), unit=" edits"):
        asked = whole(HELD_OUT + i, pipeline.size, empty)
        # the hole shows what stood there before; the model must not care
        before = asked.room.render(*asked.window, pipeline.size)
        request = Request(before, asked.mask, asked.prompt, "", guidance, 0.0, 1.0, steps, sampler, (i,))
        image = run(pipeline.inpaint(request))[0]
        image = np.where(asked.mask[..., None] > 0, image, before)
        verdicts = (judge.verdict(pixels, asked.mask) for pixels in (image, asked.image))
        outcomes.append(Outcome(asked, image, *verdicts))
    return outcomes


def sheet(outcomes: list[Outcome], columns: int) -> Image.Image:
    """A contact sheet: each edit's window with its hole, its result, its prompt, and the judge's word."""
    font, label = ImageFont.load_default(15), 62
    rows = -(-len(outcomes) // columns)
    page = Image.new("RGB", (columns * (2 * CELL + 16), rows * (CELL + label)), "white")
    draw = ImageDraw.Draw(page)
    for i, outcome in enumerate(outcomes):
        x, y = i % columns * (2 * CELL + 16), i // columns * (CELL + label)
        before = outcome.asked.room.render(*outcome.asked.window, len(outcome.asked.mask))
        hatched = (np.indices(outcome.asked.mask.shape).sum(0) // 8 % 2 * 40 + 180).astype(np.uint8)[..., None]
        hole = np.where(outcome.asked.mask[..., None] > 0, hatched, before)
        for k, pixels in enumerate((hole, outcome.image)):
            picture = Image.fromarray(pixels.astype(np.uint8)).resize((CELL, CELL), Image.Resampling.LANCZOS)
            page.paste(picture, (x + k * CELL, y))
        kind, colour = outcome.verdict
        says = kind if kind == NOTHING else f"{colour} {kind}"
        right = outcome.kind and outcome.colour
        prompt = "\n".join(textwrap.wrap(f"“{outcome.asked.prompt}”" if outcome.asked.prompt else "(empty)", 46)[:2])
        draw.text((x + 2, y + CELL + 2), prompt, "black", font)
        draw.text((x + 2, y + CELL + 38), f"judge: {says}", (20, 110, 40) if right else (180, 30, 30), font)
    return page


def report(fills: list[Outcome], removals: list[Outcome]) -> str:
    """A table in Markdown: shares of held-out edits, and of the judge's own verdicts on the true windows."""

    def share(hits: list[bool]) -> str:
        return f"{100 * sum(hits) / len(hits):.1f} %"

    def judged(outcome: Outcome) -> Outcome:
        return Outcome(outcome.asked, outcome.image, outcome.of_truth, outcome.of_truth)

    counted = f"{len(fills)} fills, {len(removals)} removals"
    rows = [f"| {counted} | the model | the judge on the true picture |", "|---|---|---|"]
    for name, outcomes, right in (
        ("kind right", fills, lambda o: o.kind),
        ("colour right", fills, lambda o: o.colour),
        ("kind and colour right", fills, lambda o: o.kind and o.colour),
        ("nothing left where nothing was asked", removals, lambda o: o.kind),
    ):
        truth = [right(judged(o)) for o in outcomes]
        rows.append(f"| {name} | {share([right(o) for o in outcomes])} | {share(truth)} |")
    kinds = sorted({o.asked.thing.kind for o in fills})
    rows += ["", "| kind | edits | kind right | colour right |", "|---|---|---|---|"]
    for kind in kinds:
        those = [o for o in fills if o.asked.thing.kind == kind]
        kinds_right, colours_right = share([o.kind for o in those]), share([o.colour for o in those])
        rows.append(f"| {kind} | {len(those)} | {kinds_right} | {colours_right} |")
    return "\n".join(rows)


def write_report(folder: Path, fills: list[Outcome], removals: list[Outcome]) -> str:
    """Write the table and the sheets of the first 40 fills and 20 removals; returns the table."""
    folder.mkdir(parents=True, exist_ok=True)
    table = report(fills, removals)
    (folder / "world.md").write_text(table + "\n")
    sheet(fills[:40], 4).save(folder / "fills.webp", quality=88)
    sheet(removals[:20], 4).save(folder / "removals.webp", quality=88)
    return table
