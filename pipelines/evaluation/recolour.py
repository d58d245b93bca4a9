"""Refining a thing into another colour: at which strength does it take the colour, stay sharp and keep its shape?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipelines.base import Pipeline, Pixels, Request, run
from pipelines.evaluation.edits import thing_of, whole
from pipelines.evaluation.held_out import TABLE_SCENES
from pipelines.evaluation.measures import composed, half_width, shape_kept, sharpness, turned
from pipelines.evaluation.sheets import RIGHT, WRONG, Entry, sheet
from pipelines.training.scenes.layout import held_out_pair
from pipelines.training.scenes.palette import COLOURS
from pipelines.training.scenes.things import KINDS
from pipelines.training.scenes.words import with_article

STRENGTHS = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9)
UNLIKE = 100  # distance in RGB of two colours that nobody takes for each other
TURNED = 0.5  # nearer to the new colour than to the old one


class Recolouring(NamedTuple):
    """A thing of the drawn world that is to have another colour."""

    image: Pixels  # (S, S, 3), as it is
    truth: Pixels  # (S, S, 3), the same scene with the thing in its new colour
    bare: Pixels  # (S, S, 3), the scene without the thing
    mask: Pixels  # (S, S), over the thing
    prompt: str  # "a green couch"


@dataclass(frozen=True)
class Outcome:
    """What one strength made of one recolouring."""

    image: Pixels  # (S, S, 3), composed
    turned: float  # see `measures`
    sharpness: float  # of what a fill at full strength has in the same place: 1 is as sharp
    shape: float  # see `measures`


def recolouring(seed: int, size: int) -> Recolouring:
    """Draws the case of a seed, or of the first after it whose thing is of one colour that can be another."""
    random = Random(seed)
    while True:
        edit = whole(seed, size, 0)
        thing = thing_of(edit)
        others = [
            colour
            for colour in dict.fromkeys(KINDS[thing.kind].colours)
            if not held_out_pair(thing.kind, colour) and _apart(colour, thing.colour) > UNLIKE
        ]
        if others and thing.pattern == "" and thing.count == 1 and not thing.parts:
            break
        seed += 1 << 20  # far from the seeds of other cases
    colour, noun = random.choice(others), KINDS[thing.kind].nouns[0]
    truth = edit.scene.changed(thing, replace(thing, colour=colour)).render(*edit.window, size)
    bare = edit.scene.without(thing).render(*edit.window, size)
    words = noun.format(colour) if "{}" in noun else f"{colour} {noun}"
    return Recolouring(edit.image, truth, bare, edit.mask, with_article(words))


def _apart(colour: str, other: str) -> float:
    return float(np.linalg.norm(np.subtract(COLOURS[colour], COLOURS[other])))


def refine(
    pipeline: Pipeline, cases: int, strengths: Sequence[float], *, sampler: str, steps: int, guidance: float
) -> Iterator[tuple[Recolouring, dict[float, Outcome]]]:
    """Refines things into other colours at each strength. Case i has seed i.

    Args:
        pipeline: what paints.
        cases: how many.
        strengths: at which to refine, below 1; 1, a fill, is measured besides.
        sampler: as in a Request.
        steps: as in a Request.
        guidance: as in a Request.

    Yields:
        Each case with its outcomes by strength.
    """
    for i in tqdm(range(cases), "recolourings", unit=" cases"):
        case = recolouring(TABLE_SCENES + i, pipeline.size)
        where = (case.image != case.truth).any(2)
        images = {}
        for strength in (1.0, *strengths):
            request = Request(case.image, case.mask, case.prompt, "", guidance, 0.0, strength, steps, sampler, (i,))
            images[strength] = composed(run(pipeline.inpaint(request))[0], case.mask, case.image)
        full = sharpness(images[1.0], case.mask > 0)
        outcomes = {
            strength: Outcome(
                image,
                turned(image, case.image, case.truth, where),
                sharpness(image, case.mask > 0) / full,
                shape_kept(image, case.truth, case.bare, case.mask),
            )
            for strength, image in images.items()
        }
        yield case, outcomes


def report(outcomes: Sequence[dict[float, Outcome]]) -> list[str]:
    """Writes a row of a table in Markdown for each strength."""
    rows = []
    for strength in sorted(outcomes[0]):
        alike = [each[strength] for each in outcomes]
        share = float(np.mean([one.turned > TURNED for one in alike]))
        turn, sharp, shape = (
            np.median([getattr(one, name) for one in alike]) for name in ("turned", "sharpness", "shape")
        )
        rows.append(
            f"| {100 * strength:.0f} % | {100 * share:.0f} ± {100 * half_width(share, len(alike)):.0f} % | {turn:.2f} "
            f"| {sharp:.2f} | {shape:.2f} |"
        )
    return rows


HEADING = (
    "| strength | took the colour | how far, median | sharpness, median | shape kept, median |",
    "|---|---|---|---|---|",
)


def write_report(folder: Path, found: Sequence[tuple[Recolouring, dict[float, Outcome]]]) -> str:
    """Writes the table and a sheet of all cases at all strengths, and returns the table."""
    folder.mkdir(parents=True, exist_ok=True)
    table = "\n".join((*HEADING, *report([outcomes for _, outcomes in found])))
    (folder / "recolour.md").write_text(table + "\n")
    sheet([_entry(*each) for each in found], 1).save(folder / "recolour.webp", quality=85)
    return table


def _entry(case: Recolouring, outcomes: dict[float, Outcome]) -> Entry:
    """The thing as it was, at each strength, and as it should be."""
    images: list[NDArray[np.uint8]] = [outcomes[strength].image for strength in sorted(outcomes)]
    note = ", ".join(f"{strength:g}: {outcomes[strength].turned:.2f}" for strength in sorted(outcomes))
    well = all(outcome.turned > TURNED for outcome in outcomes.values())
    return Entry((case.image, *images, case.truth), case.prompt, note, RIGHT if well else WRONG)
