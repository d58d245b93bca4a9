"""How far a set of pictures is from another, as distances of their features: FID, sFID, KID, FID at infinity."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pipelines.evaluation.metrics.estimates import (
    ARM,
    FEW_PARTS,
    PARTS,
    REFERENCE,
    SHARE,
    Estimate,
    Floats,
    bootstrap_weights,
    parts,
)

WIDE = 512  # features from which one Fréchet distance takes seconds
BLOCK = 1024  # rows of a kernel's matrix that are in memory at once
SIZES = np.linspace(0.4, 1, 10)  # shares of the pictures, that a distance is extrapolated from
SUBSETS = 5  # of each size below 1, of which the mean is taken: which pictures are in one adds noise of its own
FEWEST_A_FEATURE = 3.5  # pictures a feature for that: with fewer, the least of a part's parts has fewer than features


class Gaussian(NamedTuple):
    """A Gaussian of D dimensions."""

    mean: Floats  # (D,)
    root: Floats  # (R, D), any with root' root = the covariance


def gaussian_of(features: Floats) -> Gaussian:
    """Fits a Gaussian to features (N, D), N >= 2; its covariance is the unbiased one."""
    mean = features.mean(0)
    centred = (features - mean) / np.sqrt(len(features) - 1)
    return Gaussian(mean, np.linalg.qr(centred, mode="r"))  # type: ignore[arg-type]  # of this mode the stubs know less


def gaussian_from(mean: Floats, covariance: Floats) -> Gaussian:
    """Takes a Gaussian from a mean (D,) and a covariance (D, D), whose least eigenvalues may have rounded below 0."""
    values, vectors = np.linalg.eigh(covariance)
    return Gaussian(mean, np.sqrt(values.clip(min=0))[:, None] * vectors.T)


def frechet(some: Gaussian, others: Gaussian) -> float:
    """Computes the squared Fréchet distance of two Gaussians (Dowson & Landau 1982; Heusel et al. 2017, eq. 6).

    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)). With Ci = Ri' Ri the last trace is the sum of the singular values of
    R1 R2', which keeps the digits that a root of an eigenvalue near 0 loses.
    """
    apart = some.mean - others.mean
    crossed = np.linalg.svd(some.root @ others.root.T, compute_uv=False).sum()
    distance = apart @ apart + np.square(some.root).sum() + np.square(others.root).sum() - 2 * crossed
    return max(float(distance), 0.0)


def frechet_distance(some: Floats, reference: Floats | Gaussian) -> Estimate:
    """Computes the FID (of maps: sFID) of features.

    It is too large by a share that falls with 1 / N: compare sets of one size alone.

    Args:
        some: (N, D), N > D.
        reference: (M, D), or the Gaussian of a set that is large enough to have no error of its own.
    """
    draws = PARTS if some.shape[1] < WIDE else FEW_PARTS
    replicates = [frechet(gaussian_of(part), _gaussian(other)) for part, other in _drawn(some, reference, draws)]
    return Estimate(frechet(gaussian_of(some), _gaussian(reference)), np.array(replicates))


def _gaussian(reference: Floats | Gaussian) -> Gaussian:
    return reference if isinstance(reference, Gaussian) else gaussian_of(reference)


def _drawn(
    some: Floats, reference: Floats | Gaussian, draws: int, share: float = SHARE, stream: int = ARM
) -> Iterator[tuple[Floats, Floats | Gaussian]]:
    """Draws parts of both sets, the reference's from the next stream; a Gaussian stays whole."""
    chosen = parts(len(some), draws, stream, share)
    if isinstance(reference, Gaussian):
        yield from ((some[part], reference) for part in chosen)
        return
    for part, other in zip(chosen, parts(len(reference), draws, stream + 1, share), strict=True):
        yield some[part], reference[other]


def frechet_at_infinity(some: Floats, reference: Floats | Gaussian) -> Estimate:
    """Extrapolates the FID to sets without end: where FID_N meets the axis over 1 / N (Chong & Forsyth 2020, eq. 5).

    Both sets shrink by the same share, so that both biases are in proportion to 1 / N. A reference that is a Gaussian
    has none and stays.

    Args:
        some: (N, D), N >= FEWEST_A_FEATURE * D.
        reference: (M, D), M likewise, or a Gaussian.
    """
    draws = (PARTS if some.shape[1] < WIDE else FEW_PARTS) // 5
    replicates = [_intercept(*pair) for pair in _drawn(some, reference, draws)]
    return Estimate(_intercept(some, reference), np.array(replicates))


def _intercept(some: Floats, reference: Floats | Gaussian) -> float:
    distances = []
    for number, share in enumerate(SIZES):
        draws = SUBSETS if some.shape[1] < WIDE and share < 1 else 1  # of a whole set there is one
        pairs = _drawn(some, reference, draws, share, 2 * number)
        distances.append(np.mean([frechet(gaussian_of(part), _gaussian(other)) for part, other in pairs]))
    _, intercept = np.polyfit(1 / SIZES, distances, 1)
    return float(intercept)


def kernel_distance(some: Floats, reference: Floats) -> Estimate:
    """Computes the KID: the unbiased squared MMD with k(x, y) = (x y / D + 1)^3 (Binkowski et al. 2018, section 4).

    A picture that a bootstrap draws twice is not compared with itself: each replicate is unbiased as well.

    Args:
        some: (N, D), N >= 2.
        reference: (M, D), M >= 2.
    """
    draws, others = bootstrap_weights(len(some), ARM), bootstrap_weights(len(reference), REFERENCE)
    crossed = _summed(some, reference, draws, others) / (draws.sum(1) * others.sum(1))
    values = _among(some, draws) + _among(reference, others) - 2 * crossed
    return Estimate(float(values[0]), values[1:])


def _among(points: Floats, weights: Floats) -> Floats:
    """Averages the kernel over pairs of unlike points, for each row of weights; (R,)."""
    alike = np.square(weights) @ _kernel(np.square(points).sum(1), points.shape[1])
    pairs = np.square(weights.sum(1)) - np.square(weights).sum(1)
    return (_summed(points, points, weights, weights) - alike) / pairs


def _summed(some: Floats, others: Floats, weights: Floats, other_weights: Floats) -> Floats:
    """Sums w_i v_j k(x_i, y_j) over all pairs, for each row of weights (R, N) and (R, M); (R,)."""
    total = np.zeros(len(weights))
    for at in range(0, len(some), BLOCK):
        kernel = _kernel(some[at : at + BLOCK] @ others.T, some.shape[1])  # (BLOCK, M)
        total += np.einsum("rb,rb->r", weights[:, at : at + BLOCK], other_weights @ kernel.T)
    return total


def _kernel(products: Floats, features: int) -> Floats:
    return (products / features + 1) ** 3
