"""Held-out edits of the drawn world: is what was asked for there, is what was to go gone; with sheets to look at."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipelines.base import Pipeline, Pixels, Request, Run, Step, run
from pipelines.evaluation.edits import before, names_colour, thing_of, whole
from pipelines.evaluation.held_out import TABLE_SCENES
from pipelines.evaluation.judge import NOTHING, Judge, Verdict, right_colour
from pipelines.evaluation.measures import composed, drift, seam, share
from pipelines.evaluation.metrics.distances import frechet, gaussian_of
from pipelines.evaluation.sheets import RIGHT, WRONG, Entry, hatched, sheet
from pipelines.training.dataset import Example
from pipelines.training.scenes.worlds import FAMILIAR

FEWEST = 3  # edits of a kind that has a row of its own


@dataclass(frozen=True)
class Outcome:
    """One edit, its result, and what there is to say about that."""

    edit: Example
    image: Pixels  # (S, S, 3), what was there with the answer in its hole
    verdict: Verdict  # the judge's of the result
    of_truth: Verdict  # the judge's of the true window
    seam: float  # see `measures`
    drift: int  # see `measures`; before anything is composed
    # (2 or 3, FEATURES), the judge's of the result, of the true window, and of the base model's last guess where the
    # pipeline showed one
    features: NDArray[np.float32]

    @property
    def kind(self) -> bool:
        """Whether what stands in the hole is of the right kind, or nothing stands there where nothing should."""
        return self.verdict.kind == (thing_of(self.edit).kind if self.edit.prompt else NOTHING)

    @property
    def colour(self) -> bool:
        """Whether its colour is right; true as well where the prompt leaves the colour open or names nothing."""
        return right_colour(self.edit, self.verdict)


def evaluate(
    pipeline: Pipeline,
    judge: Judge,
    edits: int,
    empty: float,
    unseen: bool = False,
    *,
    sampler: str,
    steps: int,
    guidance: float,
) -> list[Outcome]:
    """Has a pipeline make edits of scenes that nothing was trained on, one after another from the first.

    Seed i is for edit i.

    Args:
        pipeline: what makes the edits.
        judge: looks at them.
        edits: how many.
        empty: 1 for removals, 0 for edits with a prompt.
        unseen: whether the things have colours that their kinds never have in training.
        sampler: as in a Request.
        steps: as in a Request.
        guidance: as in a Request.
    """
    outcomes: list[Outcome] = []
    progress = tqdm(range(edits), "removals" if empty else "unseen pairs" if unseen else "fills", unit=" edits")
    for i in progress:
        edit = whole(TABLE_SCENES + i, pipeline.size, empty, unseen)
        original = before(edit)
        request = Request(original, edit.mask, edit.prompt, "", guidance, 0.0, 1.0, steps, sampler, (i,))
        answer, guess = answered(pipeline.inpaint(request), steps)
        image = composed(answer, edit.mask, original)
        windows = [image, edit.image, *([] if guess is None else [composed(guess, edit.mask, original)])]
        verdicts, features = zip(*(judge.look(window, edit.mask) for window in windows), strict=True)
        steepness = seam(image, edit.mask, edit.image)
        outcomes.append(
            Outcome(
                edit, image, verdicts[0], verdicts[1], steepness, drift(answer, edit.mask, original), np.stack(features)
            )
        )
        progress.set_postfix(right=sum(one.kind and one.colour for one in outcomes), refresh=False)
    return outcomes


def answered(drawing: Run, steps: int) -> tuple[Pixels, Pixels | None]:
    """Runs a pipeline for one image.

    Returns:
        The image, and the preview of the base model's last step, where there is one.
    """
    guesses = []

    def look(step: Step) -> None:
        if step.index == steps and step.total > steps and step.preview is not None:
            guesses.append(step.preview[0])

    (image,) = run(drawing, look)
    return image, guesses[-1] if guesses else None


def report(fills: list[Outcome], unseen: list[Outcome], removals: list[Outcome]) -> str:
    """Writes tables in Markdown: shares of held-out edits, and of the judge's own verdicts on the true windows."""
    familiar, others = (
        [o for o in fills if (thing_of(o.edit).kind in FAMILIAR) == is_familiar] for is_familiar in (True, False)
    )
    questions: tuple[tuple[str, list[Outcome], Callable[[Outcome], bool]], ...] = (
        ("kind right", fills, lambda o: o.kind),
        ("kind right, of familiar kinds", familiar, lambda o: o.kind),
        ("kind right, of the other kinds", others, lambda o: o.kind),
        ("colour right, where one was named", _coloured(fills), lambda o: o.colour),
        ("kind and colour right", fills, lambda o: o.kind and o.colour),
        ("kind and colour right, of pairs never seen together", unseen, lambda o: o.kind and o.colour),
        ("nothing left where nothing was asked", removals, lambda o: o.kind),
    )
    rows = ["| what | edits | the model | the judge on the true picture |", "|---|---|---|---|"]
    for name, outcomes, right in questions:
        model = share([right(o) for o in outcomes])
        truth = share([right(replace(o, verdict=o.of_truth)) for o in outcomes])
        rows.append(f"| {name} | {len(outcomes)} | {model} | {truth} |")
    everything = fills + unseen + removals
    rows += ["", "| what | edits | measured |", "|---|---|---|"]
    for name, measured, digits in (
        (
            "seam: how steep the hole's edge is over how steep it truly is, median",
            np.median([o.seam for o in everything]),
            3,
        ),
        ("drift: bytes changed outside the holes, before composing", sum(o.drift for o in everything), 0),
    ):
        rows.append(f"| {name} | {len(everything)} | {measured:.{digits}f} |")
    if len(fills) > 1:
        features = [np.stack(each) for each in zip(*(o.features.astype(float) for o in fills), strict=True)]
        for name, those in zip(
            ("painted windows", "the base model's last guess"), (features[0], *features[2:]), strict=False
        ):
            distance = frechet(gaussian_of(those), gaussian_of(features[1]))
            rows.append(f"| Fréchet distance of {name} from true ones | {len(fills)} | {distance:.3f} |")
    rows += ["", "| kind | edits | kind right | colour right, where one was named |", "|---|---|---|---|"]
    for kind in sorted({thing_of(o.edit).kind for o in fills}):
        alike = [o for o in fills if thing_of(o.edit).kind == kind]
        if len(alike) >= FEWEST:
            kinds, colours = (share(hits) for hits in ([o.kind for o in alike], [o.colour for o in _coloured(alike)]))
            rows.append(f"| {kind} | {len(alike)} | {kinds} | {colours} |")
    return "\n".join(rows)


def _coloured(outcomes: list[Outcome]) -> list[Outcome]:
    return [o for o in outcomes if names_colour(o.edit)]


def write_report(folder: Path, fills: list[Outcome], unseen: list[Outcome], removals: list[Outcome]) -> str:
    """Writes the table and the sheets of the first 40 of each sort, and returns the table."""
    folder.mkdir(parents=True, exist_ok=True)
    table = report(fills, unseen, removals)
    (folder / "world.md").write_text(table + "\n")
    for name, outcomes in (("fills", fills), ("unseen", unseen), ("removals", removals)):
        sheet([_entry(outcome) for outcome in outcomes[:40]], 4).save(folder / f"{name}.webp", quality=88)
    return table


def _entry(outcome: Outcome) -> Entry:
    """The hole, the result and the truth, with the judge's word."""
    edit, (kind, colour) = outcome.edit, outcome.verdict
    pictures = (hatched(edit.image, edit.mask), outcome.image, edit.image)
    note = f"judge: {kind if kind == NOTHING else f'{colour} {kind}'}"
    return Entry(pictures, edit.prompt, note, RIGHT if outcome.kind and outcome.colour else WRONG)
