"""Experiment 4: a classifier's guidance, few steps, learned variance and the stack (Dhariwal & Nichol 2021, section 4).

Every arm is compared with true windows, or pictures, of other scenes. Whether the asked kind is there the judge says,
who shares no scene with the classifier.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np

from pipelines.base import Pixels
from pipelines.evaluation.experiments.adm_arms import AdmArm, Stack, draw_arm, draw_truth, experiments, task
from pipelines.evaluation.experiments.arms import Arm, Number, share
from pipelines.evaluation.experiments.samples import BATCH, distances, number
from pipelines.evaluation.judge import KIND_NAMES, SIDE
from pipelines.evaluation.metrics.features import Extractor, Features, joined
from pipelines.evaluation.metrics.scores import inception_score
from pipelines.evaluation.sample_sets import SampleFolder

ASKED = "asked kind"  # share of the samples in which the judge sees it
SCORE = "Inception score"


@dataclass(frozen=True)
class Adm:
    """The experiments with ADM's arms. Samples are kept in folders; one arm's serve all experiments that have it."""

    out: Path
    stack: Stack
    accuracy: float  # of the classifier: the share of true windows without noise that it names right
    model: str  # whose base and upsampler these are
    weights: str | None  # SHA-256 of them
    extractor: Extractor  # by the judge's features: its classes are the kinds
    most: int | None = None  # samples of an arm at most; None for as many as an experiment wants

    def arms(self) -> Iterator[Arm]:
        """Yields the arms of one experiment after the other."""
        truth = cache(self._truth)
        for name, experiment in experiments().items():
            count = min(experiment.samples, self.most or experiment.samples)
            for arm in experiment.arms:
                settings = {
                    "experiment": name,
                    **asdict(arm),
                    "samples": count,
                    "model": self.model,
                    "weights": self.weights,
                    "classifier": self.stack.classifier_digest,
                    "accuracy": self.accuracy,
                }
                yield Arm(f"{name}-{arm.name}", settings, partial(self._measure, arm, count, truth))

    def _measure(self, arm: AdmArm, count: int, truth: Callable[[str, int, int], Features]) -> Mapping[str, Number]:
        samples = draw_arm(arm, self.stack, self.out / "samples" / arm.name, count)
        features, size = self._features(samples), samples.shape[0]
        asked = (task(arm, i, self.stack.upsampler.config.size).kind for i in range(count))
        seen = (KIND_NAMES[int(logits.argmax())] for logits in features.logits)
        return {
            ASKED: share(kind == other for kind, other in zip(asked, seen, strict=True)),
            **distances(features.pooled, truth(arm.place, size, count).pooled),
            SCORE: number(inception_score(features.logits)),
        }

    def _truth(self, place: str, size: int, count: int) -> Features:
        return self._features(draw_truth(place, self.out / "samples" / f"true-{place}s-{size}", size, count))

    def _features(self, samples: SampleFolder) -> Features:
        parts = []
        for images, holes in samples.batches(BATCH):
            parts.append(self.extractor(enlarged(images), holes if holes is None else enlarged(holes)))
        return joined(parts)


def enlarged(pictures: Pixels) -> Pixels:
    """Enlarges pictures or masks, (N, S, S, ...), bilinearly, to what the judge can look at; true ones likewise."""
    if pictures.shape[1] >= SIDE:
        return pictures
    return np.stack([cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) for one in pictures])
