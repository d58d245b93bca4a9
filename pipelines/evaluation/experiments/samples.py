"""What is measured of an arm's samples, whichever the experiment."""

from collections.abc import Iterator

from pipelines.base import Pixels
from pipelines.evaluation.experiments.arms import Number
from pipelines.evaluation.metrics.distances import frechet_distance, kernel_distance
from pipelines.evaluation.metrics.estimates import Estimate, Floats
from pipelines.evaluation.metrics.features import Extractor, Features, joined
from pipelines.evaluation.metrics.precision_recall import precision_recall
from pipelines.evaluation.sample_sets import SampleFolder

BATCH = 32
ENOUGH = 1.25  # times as many samples as features, for FID


def images_of(samples: SampleFolder) -> Iterator[Pixels]:
    """Yields a folder's pictures one by one."""
    for images, _ in samples.batches(BATCH):
        yield from images


def features_of(samples: SampleFolder, extractor: Extractor) -> Features:
    """Extracts the features of a folder's pictures."""
    return joined([extractor(images, holes) for images, holes in samples.batches(BATCH)])


def distances(some: Floats, others: Floats) -> dict[str, Number]:
    """Measures how far samples are from true windows: KID, precision and recall, and FID where there are enough.

    Args:
        some: (N, D), features of samples.
        others: (M, D), of true windows.
    """
    precision, recall = precision_recall(some, others)
    found = {"KID": kernel_distance(some, others), "precision": precision, "recall": recall}
    if min(len(some), len(others)) > ENOUGH * some.shape[1]:
        found["FID"] = frechet_distance(some, others)
    return {name: number(estimate) for name, estimate in found.items()}


def number(estimate: Estimate) -> Number:
    """Returns an estimate as a row holds it."""
    return Number(estimate.value, estimate.error)
