"""Experiment 2: the best of N by CLIP (Nichol et al. 2021, section 4.1; Ramesh et al. 2021, section 2.6).

How much of what could be had, the oracle's best of N, a ranking gets: by the judge's verdicts, at guidance 1 and at the
usual one, on kinds that the model knows little and on things with clothes, counts and neighbours. The oracle chooses by
the verdicts of the windows, and what counts are those of the mirrored ones.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipelines.base import Pipeline, Pixels, Request
from pipelines.calibration import area_under_curve
from pipelines.errors import InvalidInput
from pipelines.evaluation.edits import before, thing_of, whole
from pipelines.evaluation.experiments.arms import Arm, Number
from pipelines.evaluation.experiments.guidance import base_guess
from pipelines.evaluation.held_out import RERANKING_SCENES
from pipelines.evaluation.judge import Judge, shows_thing
from pipelines.evaluation.measures import composed, half_width
from pipelines.ranking import Probabilities, Ranker
from pipelines.training.dataset import Example
from pipelines.training.scenes.worlds import FAMILIAR

COUNTS = (1, 2, 4, 8, 16)  # of which the best is chosen
BOOTSTRAPS = 1000  # over prompts
PATIENCE = 20  # edits that are looked at for one of which the judge is right
COMPOUND = (" wearing ", " with ", " next to ", " beside ", " behind ", " in front of ", " on ", " two ", " three ")
GUIDANCES = (1.0, 2.0)


class Drawn(NamedTuple):
    """The samples of P prompts, COUNTS[-1] of each."""

    scores: NDArray[np.float64]  # (P, N), of each with its own prompt
    shuffled: NDArray[np.float64]  # (P, N), with the prompt of another
    seen: NDArray[np.bool_]  # (P, N), the judge's verdicts of the windows: by these the oracle chooses
    right: NDArray[np.bool_]  # (P, N), its verdicts of the mirrored windows: these count


def is_rare(edit: Example) -> bool:
    """Whether the thing is of a kind that training had rarely."""
    return thing_of(edit).kind not in FAMILIAR


def is_compound(edit: Example) -> bool:
    """Whether the prompt asks for more than a thing: clothes, a count, a neighbour."""
    return any(word in f" {edit.prompt} " for word in COMPOUND)


SETS: Mapping[str, Callable[[Example], bool]] = {"rare": is_rare, "compound": is_compound}


class Asked(NamedTuple):
    """The edits of a set."""

    edits: list[Example]
    judged: float  # share of the set's edits whose true windows the judge calls right: the others are left out


def edits_of(name: str, count: int, size: int, judge: Judge) -> Asked:
    """Draws the first `count` edits of a set of which the judge calls the true window right.

    What it calls wrong even there (a thing half hidden, a rare kind from behind) says nothing of a ranking.

    Raises:
        InvalidInput: the judge is hardly ever right.
    """
    found: list[Example] = []
    seed, seen = RERANKING_SCENES, 0
    while len(found) < count:
        edit = whole(seed, size, empty=0.0)
        seed += 1
        if SETS[name](edit):
            seen += 1
            if shows_thing(edit, judge.look(edit.image, edit.mask)[0]):
                found.append(edit)
            if seen > PATIENCE * (1 + len(found)):
                raise InvalidInput(
                    f"The judge is right of {len(found)} of {seen} true windows: it can judge no ranking."
                )
    return Asked(found, count / seen)


def best_of(scores: NDArray[np.float64], right: NDArray[np.bool_], count: int) -> NDArray[np.float64]:
    """Returns for each prompt how often the best by score of `count` samples is right, over all groups of so many.

    Args:
        scores: (P, N).
        right: (P, N).
        count: of a group; groups are one after another, and N is a multiple of it.

    Returns:
        (P,), 0 to 1.
    """
    prompts, samples = scores.shape
    groups = (prompts, samples // count, count)
    best = scores.reshape(groups).argmax(2)[..., None]
    return np.take_along_axis(right.reshape(groups), best, 2)[..., 0].mean(1)


def oracle(seen: NDArray[np.bool_], right: NDArray[np.bool_], count: int) -> NDArray[np.float64]:
    """Returns for each prompt how often the first of `count` that is seen to be right is right, over all groups.

    Were both the same verdicts, an oracle would gain by the judge's every mistake.

    Args:
        seen: (P, N), by which it chooses.
        right: (P, N), other verdicts of the same samples.
        count: of a group.

    Returns:
        (P,), 0 to 1.
    """
    return best_of(seen.astype(np.float64), right, count)


def likely(ranker: Ranker, windows: Pixels, holes: Pixels, prompt: str) -> Probabilities:
    """Returns how likely each window shows the prompt, arguments as of `Ranker.probabilities`.

    Raises:
        InvalidInput: the ranker cannot say.
    """
    found = ranker.probabilities(windows, holes, prompt)
    if found is None:
        raise InvalidInput(f"Nothing can be ranked by “{prompt}”: the CLIP of the model does not read it to its end.")
    return found


def recovered(single: float, best: float, most: float) -> float:
    """Returns which share of the way from one sample to the oracle's best a ranking goes; 0 where there is no way."""
    return (best - single) / (most - single) if most > single else 0.0


def values_of(drawn: Drawn) -> dict[str, Number]:
    """Computes the shares of right ones for each N, and the area under the curve of score against verdict."""
    draws = np.random.default_rng(0).integers(len(drawn.right), size=(BOOTSTRAPS, len(drawn.right)))

    def number(per_prompt: NDArray[np.float64]) -> Number:
        return Number(float(per_prompt.mean()), float(1.96 * per_prompt[draws].mean(1).std(ddof=1)))

    single = drawn.right.mean(1)
    values = {}
    for count in COUNTS:
        best, most = best_of(drawn.scores, drawn.right, count), oracle(drawn.seen, drawn.right, count)
        values[f"best of {count}"] = number(best)
        values[f"oracle of {count}"] = number(most)
        values[f"shuffled best of {count}"] = number(best_of(drawn.shuffled, drawn.right, count))
        if count > 1:
            ways = [recovered(*(float(each[draw].mean()) for each in (single, best, most))) for draw in (..., *draws)]
            values[f"recovered at {count}"] = Number(ways[0], 1.96 * float(np.std(ways[1:], ddof=1)))
    areas = [area_under_curve(drawn.scores[draw].ravel(), drawn.right[draw].ravel()) for draw in (..., *draws[:200])]
    known = np.array([area for area in areas[1:] if not np.isnan(area)])
    if len(known) > 1:  # where all are right, or all wrong, there is no curve
        values["AUC"] = Number(areas[0], 1.96 * float(known.std(ddof=1)))
    return values


@dataclass(frozen=True)
class Reranking:
    """The experiment."""

    pipeline: Pipeline
    weights: str | None  # SHA-256 of its weights
    judge: Judge
    ranker: Ranker
    ranking: str  # SHA-256 of its calibration
    prompts: int  # of an arm
    sampler: str  # as in a Request
    steps: int  # as in a Request

    def arms(self) -> Iterator[Arm]:
        """Yields each set of prompts at each guidance."""
        for name in SETS:
            for guidance in GUIDANCES:
                settings: dict[str, Any] = {
                    "set": name,
                    "guidance": guidance,
                    "prompts": self.prompts,
                    "samples": COUNTS[-1],
                    "model": self.pipeline.name,
                    "weights": self.weights,
                    "ranking": self.ranking,
                    "sampler": self.sampler,
                    "steps": self.steps,
                }
                yield Arm(f"{name}-{guidance:g}", settings, partial(self._measure, name, guidance))

    def _measure(self, name: str, guidance: float) -> Mapping[str, Number]:
        edits, judged = edits_of(name, self.prompts, self.pipeline.size, self.judge)
        rows = [
            self._drawn(edit, edits[(i + 1) % len(edits)].prompt, guidance)
            for i, edit in enumerate(tqdm(edits, f"{name} at guidance {guidance:g}", unit=" prompts"))
        ]
        drawn = Drawn(*(np.array(part) for part in zip(*rows, strict=True)))
        return {"true windows": Number(judged, half_width(judged, round(self.prompts / judged))), **values_of(drawn)}

    def _drawn(
        self, edit: Example, other: str, guidance: float
    ) -> tuple[Sequence[float], Sequence[float], Sequence[bool], Sequence[bool]]:
        original = before(edit)
        images = []
        for seed in range(COUNTS[-1]):
            request = Request(
                original, edit.mask, edit.prompt, "", guidance, 0.0, 1.0, self.steps, self.sampler, (seed,)
            )
            images.append(composed(base_guess(self.pipeline, request), edit.mask, original))
        seen = [shows_thing(edit, self.judge.look(image, edit.mask)[0]) for image in images]
        mirrored = np.fliplr(edit.mask).copy()
        right = [shows_thing(edit, self.judge.look(np.fliplr(image).copy(), mirrored)[0]) for image in images]
        windows, holes = np.stack(images), np.stack([edit.mask] * len(images))
        own, shuffled = (list(likely(self.ranker, windows, holes, prompt)) for prompt in (edit.prompt, other))
        return own, shuffled, seen, right
