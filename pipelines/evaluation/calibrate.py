"""Calibrating a model's ranking on held-out edits of the drawn world, which the judge calls right or wrong.

Half of the edits are painted without guidance, where more come out wrong: the words are to hold there too. Every other
pair of edits is for the fit; how good it is, is measured on the rest.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from tqdm import tqdm

from pipelines import in_full
from pipelines.base import Pipeline, Pixels, Request, run
from pipelines.calibration import (
    FILE,
    Calibration,
    Scores,
    area_under_curve,
    expected_calibration_error,
    fit,
    write_calibration,
)
from pipelines.errors import InvalidInput
from pipelines.evaluation.edits import before, whole
from pipelines.evaluation.held_out import CALIBRATION_SCENES
from pipelines.evaluation.judge import Judge, shows_thing
from pipelines.evaluation.measures import composed
from pipelines.glide.pipeline import Glide
from pipelines.installed import described

UNSEEN = 5  # one edit in so many asks for a pair of kind and colour that the model never saw together
FEWEST = 40  # edits of which something can be measured


class ScoredPipeline(Pipeline, Protocol):
    """A pipeline that scores its results; see `pipelines.glide.pipeline`."""

    def match_scores(self, windows: Pixels, holes: Pixels, prompt: str) -> Scores | None: ...


def own_glide(name: str, pipeline: Pipeline) -> Glide:
    """Returns a pipeline that may have a CLIP of its own.

    Raises:
        InvalidInput: it cannot have one.
    """
    if not isinstance(pipeline, Glide):
        raise InvalidInput(f"{name} has no CLIP of its own; glide-mini and glide:FOLDER may have one.")
    return pipeline


def own_folder(name: str) -> Path:
    """Returns where the files of a pipeline lie.

    Raises:
        InvalidInput: it has no folder.
    """
    full = in_full(name)
    folder = described(full, full).place
    if folder is None:
        raise InvalidInput(f"{name} has no folder: name glide-mini or glide:FOLDER.")
    return folder


class Judged(NamedTuple):
    """A painted edit: its score, and whether it shows what was asked for."""

    score: float
    right: bool  # the judge sees the kind, and the colour where the prompt names one
    guidance: float  # at which it was painted


def judged_edits(
    pipeline: ScoredPipeline, judge: Judge, edits: int, *, sampler: str, steps: int, guidance: float
) -> list[Judged]:
    """Has a model paint edits with a prompt, every other one without guidance. Edit i has seed i.

    Args:
        pipeline: what paints, and scores.
        judge: says what is right.
        edits: how many.
        sampler: as in a Request.
        steps: as in a Request.
        guidance: as in a Request, of the other half.

    Raises:
        InvalidInput: the model has no scores.
    """
    found = []
    for i in tqdm(range(edits), "calibration", unit=" edits"):
        edit = whole(CALIBRATION_SCENES + i, pipeline.size, 0.0, i % UNSEEN == 0)
        original, scale = before(edit), (1.0, guidance)[i % 2]
        request = Request(original, edit.mask, edit.prompt, "", scale, 0.0, 1.0, steps, sampler, (i,))
        image = composed(run(pipeline.inpaint(request))[0], edit.mask, original)
        scores = pipeline.match_scores(image[None], edit.mask[None], edit.prompt)
        if scores is None:
            raise InvalidInput(f"{pipeline.name} comes without CLIP: train it, or add its files to the model's folder.")
        verdict, _ = judge.look(image, edit.mask)
        found.append(Judged(float(scores[0]), shows_thing(edit, verdict), scale))
    return found


def calibrated(judged: Sequence[Judged]) -> tuple[Calibration, dict[str, Any]]:
    """Fits on every other pair of edits.

    Returns:
        The calibration; and how good it is on the rest, in all and by guidance.

    Raises:
        InvalidInput: there are fewer than FEWEST edits, or the scores tell nothing.
    """
    if len(judged) < FEWEST:
        raise InvalidInput(f"{len(judged)} edits are too few to calibrate on; at least {FEWEST} are needed.")
    fitted, held_out = ([each for i, each in enumerate(judged) if i // 2 % 2 == half] for half in (0, 1))
    scores, verdicts = _arrays(fitted)
    if verdicts.all() or not verdicts.any():
        raise InvalidInput(
            f"All {len(fitted)} edits to calibrate on are {'right' if verdicts.all() else 'wrong'}: what tells the "
            "right from the wrong cannot be learnt of them. Paint more --edits, or with other settings."
        )
    slope, intercept = fit(scores, verdicts)
    if not slope:
        raise InvalidInput(
            f"The scores of all {len(fitted)} edits to calibrate on are equal: they tell nothing. Train CLIP anew."
        )
    calibration = Calibration(slope, intercept)
    guidances = sorted({each.guidance for each in held_out})
    measured = {
        "fitted": len(fitted),
        **_measured(calibration, held_out),
        "by_guidance": {
            f"{scale:g}": _measured(calibration, [each for each in held_out if each.guidance == scale])
            for scale in guidances
        },
    }
    return calibration, measured


def _arrays(judged: Sequence[Judged]) -> tuple[Scores, Any]:
    return np.array([each.score for each in judged]), np.array([each.right for each in judged], np.bool_)


def _measured(calibration: Calibration, judged: Sequence[Judged]) -> dict[str, Any]:
    """Returns of edits how many there are, the share of right ones, the calibration error, the area under the curve."""
    scores, verdicts = _arrays(judged)
    auc = area_under_curve(scores, verdicts)
    return {
        "edits": len(judged),
        "right": round(float(verdicts.mean()), 4),
        "ece": round(expected_calibration_error(calibration.probabilities(scores), verdicts), 4),
        "auc": None if np.isnan(auc) else round(auc, 4),  # where all are right, or all wrong, there is none
    }


def write_ranking(folder: Path, judged: Sequence[Judged], networks: Sequence[Path], settings: Mapping[str, Any]) -> str:
    """Writes the calibration into a model's folder, and returns a table of how good it is.

    Args:
        folder: where the model's weights are.
        judged: its edits.
        networks: the files of what scored them, the only ones that the calibration is of.
        settings: how they were painted, which is noted in the file.

    Raises:
        InvalidInput: as `calibrated`.
    """
    calibration, measured = calibrated(judged)
    write_calibration(folder, calibration, networks, {**measured, "settings": dict(settings)})
    rows = {"all": measured, **{f"guidance {scale}": each for scale, each in measured["by_guidance"].items()}}
    lines = ["| held-out edits | N | right | ECE | AUC |", "|---|---|---|---|---|"]
    for name, each in rows.items():
        auc = "-" if each["auc"] is None else f"{each['auc']:.3f}"
        lines.append(f"| {name} | {each['edits']} | {100 * each['right']:.1f} % | {each['ece']:.3f} | {auc} |")
    return "\n".join([*lines, "", f"Written to {folder / FILE}, fitted on {measured['fitted']} others."])
