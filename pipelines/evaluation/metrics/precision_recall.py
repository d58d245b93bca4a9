"""Precision and recall by neighbourhoods (Kynkäänniemi et al. 2019): how many pictures are likely, how many are met."""

from collections.abc import Iterator

import numpy as np
import torch

from pipelines.evaluation.metrics.estimates import (
    ARM,
    FEW_PARTS,
    PARTS,
    REFERENCE,
    Estimate,
    Floats,
    parts,
)

NEIGHBOURS = 3
MANY = 5000  # pictures from which distances are multiplied out, and not subtracted feature by feature
BLOCK = 1024  # pictures whose distances to all others are in memory at once


def precision_recall(some: Floats, reference: Floats) -> tuple[Estimate, Estimate]:
    """Computes which share of each set lies in the other's neighbourhoods.

    Precision is the share of `some` that lie no further from a picture of the reference than its third neighbour in
    the reference does; recall the share of the reference among `some`, likewise (eq. 1 and 2).

    Args:
        some: (N, D), N above NEIGHBOURS.
        reference: (M, D), M likewise.

    Returns:
        Precision and recall, 0 to 1.
    """
    draws = PARTS if max(len(some), len(reference)) < MANY else FEW_PARTS
    pairs = zip(parts(len(some), draws, ARM), parts(len(reference), draws, REFERENCE), strict=True)
    replicates = np.array([_shares(some[part], reference[other]) for part, other in pairs])  # (draws, 2)
    precision, recall = _shares(some, reference)
    return Estimate(precision, replicates[:, 0]), Estimate(recall, replicates[:, 1])


def realism(some: Floats, reference: Floats) -> Floats:
    """Scores single pictures: above 1 lies what is in a neighbourhood of the reference (section 5, eq. 3).

    The half of the reference with the largest neighbourhoods is left out, as there.

    Args:
        some: (N, D).
        reference: (M, D), M above 2 * NEIGHBOURS.

    Returns:
        (N,), above 0; the higher, the more a picture is like one of the reference.
    """
    radii = _radii(reference)
    dense = radii <= radii.median()
    centres = reference[dense.numpy()]
    scores = [(radii[dense] / distances.clamp_min(1e-12)).amax(1) for distances in _blocks(some, centres)]
    return np.asarray(torch.cat(scores).numpy(), np.float64)


def _shares(some: Floats, reference: Floats) -> tuple[float, float]:
    return _share_within(some, reference), _share_within(reference, some)


def _share_within(points: Floats, centres: Floats) -> float:
    """Returns the share of points that lie in a neighbourhood of a centre."""
    radii = _radii(centres)
    within = [(distances <= radii).any(1) for distances in _blocks(points, centres)]
    return float(torch.cat(within).double().mean())


def _radii(centres: Floats) -> torch.Tensor:
    """Returns how far each centre's third neighbour is; (M,)."""
    return torch.cat(
        [distances.kthvalue(NEIGHBOURS + 1).values for distances in _blocks(centres, centres)]  # the first is itself
    )


def _blocks(points: Floats, others: Floats) -> Iterator[torch.Tensor]:
    """Computes the distances of some points at a time to all others; (BLOCK, M) each."""
    # subtracted, the distance of a picture from its double is 0 exactly; multiplied out it is many times as fast
    mode = "donot_use_mm_for_euclid_dist" if len(others) < MANY else "use_mm_for_euclid_dist"
    targets = torch.from_numpy(others)
    for part in torch.from_numpy(points).split(BLOCK):
        yield torch.cdist(part, targets, compute_mode=mode)
