"""All metrics of a set of pictures against a reference, as far as there are enough pictures for each."""

from typing import NamedTuple

from pipelines.errors import InvalidInput
from pipelines.evaluation.metrics.distances import (
    FEWEST_A_FEATURE,
    Gaussian,
    frechet_at_infinity,
    frechet_distance,
    kernel_distance,
)
from pipelines.evaluation.metrics.estimates import SHARE, Estimate, Floats
from pipelines.evaluation.metrics.features import Features
from pipelines.evaluation.metrics.precision_recall import precision_recall
from pipelines.evaluation.metrics.scores import clip_score, inception_score

CLIP_SCORE = "CLIP score"  # the name of the metric that not every set has
FEWEST = 10  # pictures, of any comparison


class Reference(NamedTuple):
    """What pictures are compared with."""

    features: Features
    # those of a larger set that the features are a part of; None where they are all there is
    pooled: Gaussian | None = None
    spatial: Gaussian | None = None


class Metrics(NamedTuple):
    """Estimates by the names of metrics, and why others are left out."""

    estimates: dict[str, Estimate]
    left_out: dict[str, str]


def check_count(name: str, count: int) -> None:
    """Refuses a set that is too small for any comparison.

    Raises:
        InvalidInput: it is.
    """
    if count < FEWEST:
        raise InvalidInput(f"{name} has {count} samples; a comparison takes {FEWEST}, and hundreds to say much.")


def score(features: Features, cosines: Floats | None) -> dict[str, Estimate]:
    """Measures what needs no reference.

    Args:
        features: of the pictures.
        cosines: of pictures and prompts; None where there are no prompts, or no CLIP that reads them.
    """
    estimates = {"inception score": inception_score(features.logits)}
    if cosines is not None:
        estimates[CLIP_SCORE] = clip_score(cosines)
    return estimates


def compare_features(features: Features, reference: Reference) -> Metrics:
    """Measures all distances from a reference."""
    estimates, left_out = {}, {}
    for name, some, others, gaussian in (
        ("FID", features.pooled, reference.features.pooled, reference.pooled),
        ("sFID", features.spatial, reference.features.spatial, reference.spatial),
    ):
        if reason := _too_few(name, 1 / SHARE, some, others, gaussian):
            left_out[name] = reason
        else:
            estimates[name] = frechet_distance(some, gaussian or others)
    some, others = features.pooled, reference.features.pooled
    if reason := _too_few("FID-infinity", FEWEST_A_FEATURE, some, others, reference.pooled):
        left_out["FID-infinity"] = reason
    else:
        estimates["FID-infinity"] = frechet_at_infinity(some, reference.pooled or others)
    estimates["KID"] = kernel_distance(some, others)
    estimates["precision"], estimates["recall"] = precision_recall(some, others)
    return Metrics(estimates, left_out)


def _too_few(name: str, wanted: float, some: Floats, others: Floats, gaussian: Gaussian | None) -> str:
    """Says why a distance of Gaussians cannot be had: more pictures than features are needed; '' where it can."""
    least = len(some) if gaussian else min(len(some), len(others))
    if least > wanted * some.shape[1]:
        return ""
    return (
        f"{name} of {some.shape[1]} features takes more than {wanted * some.shape[1]:.0f} samples of each set; "
        f"the smaller has {least}. KID has no such bias and can be had of few."
    )
