"""What is measured of painted windows besides what the judge says; and how sure a share is."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from pipelines.base import Pixels


def seam(image: Pixels, mask: Pixels, truth: Pixels) -> float:
    """Measures how much steeper a picture is across its hole's edge than the true one: 1 = as steep.

    Steps below one level of 255 count as one: nobody sees less.

    Args:
        image: (S, S, 3), a window.
        mask: (S, S), its hole.
        truth: (S, S, 3), the true window.
    """
    return max(_across(image, mask), 1.0) / max(_across(truth, mask), 1.0)


def _across(image: Pixels, mask: Pixels) -> float:
    """Mean absolute difference of the neighbours, down and across, of which one is in the hole."""
    steps = [
        np.abs(np.diff(image.astype(np.int16), axis=axis))[np.diff((mask > 0).astype(np.int8), axis=axis) != 0]
        for axis in (0, 1)
    ]
    crossed = np.concatenate(steps)
    return float(crossed.mean()) if crossed.size else 0.0  # a hole that is the whole window has no edge


def composed(answer: Pixels, mask: Pixels, original: Pixels) -> Pixels:
    """Lays the answer into the hole of what was there."""
    return np.where(mask[..., None] > 0, answer, original)


def drift(image: Pixels, mask: Pixels, original: Pixels) -> int:
    """Counts the bytes outside the hole that are not what they were."""
    return int((image != original)[mask == 0].sum())


def frechet(some: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Computes the squared Fréchet distance of the Gaussians with the features' means and covariances.

    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) (Heusel et al. 2017, eq. 6). It depends on N where that is not far
    above D.

    Args:
        some: (N, D), features.
        others: (N, D), features.
    """
    means, covariances = zip(*((each.mean(0), np.cov(each, rowvar=False)) for each in (some, others)), strict=True)
    # C1 C2 has the eigenvalues of the symmetric R C2 R, R = C1^(1/2); few samples leave some of them at 0 or just below
    values, vectors = np.linalg.eigh(covariances[0])
    root = vectors * np.sqrt(values.clip(min=0)) @ vectors.T
    crossed = np.linalg.eigvalsh(root @ covariances[1] @ root).clip(min=0)
    apart = means[0] - means[1]
    distance = apart @ apart + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * np.sqrt(crossed).sum()
    return max(float(distance), 0.0)


def half_width(share: float, count: int) -> float:
    """Half of the 95 % interval of a share that was seen in `count` cases (Wilson 1927)."""
    z = 1.96
    return z / (1 + z * z / count) * sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
