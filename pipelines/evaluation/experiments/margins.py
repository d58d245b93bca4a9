"""Experiment 3: what is left of a model's lead when the other is helped (Nichol et al. 2021, section 4.2, table 3).

There people compare GLIDE with DALL-E: both as they are, then DALL-E's samples reranked by CLIP, then GLIDE's sent
through DALL-E's autoencoder as well. Here the weaker model is an early one of the same world, and its guidance 1 and 2
stand for DALL-E's temperatures; the judge decides, pair by pair, in people's place. The samples stay in folders: people
can be asked too, by `palimpsest study`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipelines.base import Pipeline, Pixels, Request, run
from pipelines.errors import InvalidInput
from pipelines.evaluation.edits import before, whole
from pipelines.evaluation.experiments.arms import Arm, Number, share
from pipelines.evaluation.experiments.guidance import base_guess
from pipelines.evaluation.experiments.reranking import likely
from pipelines.evaluation.experiments.samples import features_of, images_of
from pipelines.evaluation.fills import Sample, complete
from pipelines.evaluation.held_out import MARGIN_SCENES, MARGIN_TRUTH_SCENES
from pipelines.evaluation.judge import Judge, shows_thing
from pipelines.evaluation.measures import composed
from pipelines.evaluation.metrics.estimates import Floats
from pipelines.evaluation.metrics.features import Extractor
from pipelines.evaluation.metrics.precision_recall import realism
from pipelines.evaluation.sample_sets import SampleFolder
from pipelines.ranking import Ranker
from pipelines.training.dataset import Example

# what evens the odds, each on top of the last: nothing, the weaker's samples reranked, the stronger's blurred
NONE, RERANKED, BLURRED = HANDICAPS = ("none", "reranked", "blurred")
WEAK_GUIDANCES = (1.0, 2.0)
STRONG_GUIDANCE = 2.0
CANDIDATES = 16  # of which the best by CLIP is kept
SPREAD = 1 << 20  # from one candidate's seed to the next one's
TRUTHS = 500  # true windows that realism is measured by
MATCH, REALISM = "wins by match", "wins by realism"  # of the stronger model


class Model(NamedTuple):
    """One of the two."""

    pipeline: Pipeline
    weights: str | None  # SHA-256
    steps: int  # of its base


@dataclass(frozen=True)
class Margins:
    """The experiment."""

    out: Path
    strong: Model
    weak: Model
    blurred: Callable[[Pixels], Pixels]  # what an autoencoder makes of (N, S, S, 3)
    autoencoder: str  # SHA-256 of its weights
    judge: Judge
    extractor: Extractor
    ranker: Ranker  # of the candidates
    ranking: str  # SHA-256 of its calibration
    prompts: int  # of an arm
    sampler: str  # as in a Request

    def __post_init__(self) -> None:
        if self.strong.pipeline.size != self.weak.pipeline.size:
            raise InvalidInput(
                f"The models paint {self.strong.pipeline.size} and {self.weak.pipeline.size} pixels a side: pairs must "
                "be alike in size."
            )

    def arms(self) -> Iterator[Arm]:
        """Yields the arms of one guidance of the weaker model after the other."""
        truth = cache(self._truth)
        for guidance in WEAK_GUIDANCES:
            for handicap in HANDICAPS:
                settings = {
                    "weak_guidance": guidance,
                    "handicap": handicap,
                    "prompts": self.prompts,
                    "model": self.strong.pipeline.name,
                    "weights": self.strong.weights,
                    "steps": self.strong.steps,
                    "weak": self.weak.pipeline.name,
                    "weak_weights": self.weak.weights,
                    "weak_steps": self.weak.steps,
                    "autoencoder": self.autoencoder,
                    "ranking": self.ranking,
                    "sampler": self.sampler,
                }
                yield Arm(f"{handicap}-{guidance:g}", settings, partial(self._measure, guidance, handicap, truth))

    def edit(self, index: int) -> Example:
        """Returns the edit that sample `index` of every arm is about."""
        return whole(MARGIN_SCENES + index, self.strong.pipeline.size, empty=0.0)

    def _measure(self, guidance: float, handicap: str, truth: Callable[[], Floats]) -> Mapping[str, Number]:
        strong = self._strong()
        if handicap == BLURRED:
            strong = self._blurred(strong)
        weak = self._weak(guidance) if handicap == NONE else self._reranked(guidance)
        right = [self._right(samples) for samples in (strong, weak)]
        real = [realism(features_of(samples, self.extractor).pooled, truth()) for samples in (strong, weak)]
        return {
            MATCH: wins(*right),
            REALISM: wins(*real),
            "stronger right": share(map(bool, right[0])),
            "weaker right": share(map(bool, right[1])),
        }

    # samples

    def _strong(self) -> SampleFolder:
        return self._painted("strong", self.strong, STRONG_GUIDANCE, lambda index, edit: index)

    def _weak(self, guidance: float) -> SampleFolder:
        return self._painted(f"weak-{guidance:g}", self.weak, guidance, lambda index, edit: index)

    def _reranked(self, guidance: float) -> SampleFolder:
        def best(index: int, edit: Example) -> int:
            original = before(edit)
            seeds = range(index, index + CANDIDATES * SPREAD, SPREAD)  # the first is that of `_weak`
            requests = (self._request(self.weak, edit, guidance, seed) for seed in seeds)
            windows = [composed(base_guess(self.weak.pipeline, each), edit.mask, original) for each in requests]
            scores = likely(self.ranker, np.stack(windows), np.stack([edit.mask] * CANDIDATES), edit.prompt)
            return seeds[int(scores.argmax())]

        return self._painted(f"weak-{guidance:g}-reranked", self.weak, guidance, best, candidates=CANDIDATES)

    def _painted(
        self, name: str, model: Model, guidance: float, seed: Callable[[int, Example], int], **more: Any
    ) -> SampleFolder:
        def make(index: int) -> Sample:
            edit = self.edit(index)
            request = self._request(model, edit, guidance, seed(index, edit))
            image = composed(run(model.pipeline.inpaint(request))[0], edit.mask, before(edit))
            return Sample(image, edit.mask, edit.prompt)

        settings = {
            "model": model.pipeline.name,
            "weights": model.weights,
            "steps": model.steps,
            "sampler": self.sampler,
            "guidance": guidance,
            **more,
        }
        return complete(self.out / "samples" / name, settings, self.prompts, make)

    def _request(self, model: Model, edit: Example, guidance: float, seed: int) -> Request:
        return Request(before(edit), edit.mask, edit.prompt, "", guidance, 0.0, 1.0, model.steps, self.sampler, (seed,))

    def _blurred(self, strong: SampleFolder) -> SampleFolder:
        images = [*images_of(strong)]

        def make(index: int) -> Sample:
            edit, image = self.edit(index), images[index]
            # what is known is as sharp in the other's pictures
            return Sample(composed(self.blurred(image[None])[0], edit.mask, image), edit.mask, edit.prompt)

        settings = {"of": strong.digest, "autoencoder": self.autoencoder}
        return complete(self.out / "samples" / "strong-blurred", settings, self.prompts, make)

    # what decides

    def _right(self, samples: SampleFolder) -> Floats:
        edits = map(self.edit, range(self.prompts))
        verdicts = (
            shows_thing(edit, self.judge.look(image, edit.mask)[0])
            for edit, image in zip(edits, images_of(samples), strict=True)
        )
        return np.fromiter(verdicts, np.float64)

    def _truth(self) -> Floats:
        size = self.strong.pipeline.size

        def draw(index: int) -> Sample:
            edit = whole(MARGIN_TRUTH_SCENES + index, size, empty=0.0)
            return Sample(edit.image, edit.mask, edit.prompt)

        samples = complete(self.out / "samples" / "truth", {"model": "truth", "size": size}, TRUTHS, draw)
        return features_of(samples, self.extractor).pooled


def wins(one: Floats, other: Floats) -> Number:
    """Returns the share of pairs in which the first has more; a tie is half a win, as in the paper."""
    points: NDArray[np.float64] = (1 + np.sign(one - other)) / 2
    return Number(float(points.mean()), float(1.96 * points.std(ddof=1) / len(points) ** 0.5))
