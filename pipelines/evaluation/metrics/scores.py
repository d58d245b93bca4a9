"""Scores of pictures that need no others beside them: the Inception score and the CLIP score."""

from collections.abc import Mapping
from math import ceil
from typing import Protocol

import numpy as np

from pipelines.base import Pixels
from pipelines.evaluation.metrics.estimates import ARM, SPLIT, Estimate, Floats, bootstrap_weights

SPLIT_SIZE = 5000  # pictures of an Inception score at most; of more it is the mean over parts (as ADM's evaluation)


class Scorer(Protocol):
    """Says how well pictures agree with their prompts."""

    @property
    def networks(self) -> Mapping[str, str]:
        """SHA-256 of the files that decide the score, by their names."""
        ...

    def unread(self, prompt: str) -> str:
        """Returns the end of a prompt that is longer than is read of it; '' where all is read."""
        ...

    def __call__(self, images: Pixels, holes: Pixels | None, prompts: tuple[str, ...]) -> Floats:
        """Compares each picture with its own prompt.

        Args:
            images: uint8 (N, S, S, 3).
            holes: uint8 (N, S, S), 255 = the hole that the prompt is about; None where that is the whole picture.
            prompts: N of them.

        Returns:
            (N,), cosines of their features.
        """
        ...


def inception_score(logits: Floats) -> Estimate:
    """Computes exp E KL(p(y|x) || p(y)) (Salimans et al. 2016, section 4), 1 to K.

    It needs no reference and sees no copying; it grows with N, so compare sets of one size alone. The parts of a large
    set have one size, give or take a picture: a small last one would count as much as the others, and far too low.

    Args:
        logits: (N, K), of the classes.
    """
    parts = np.array_split(logits, ceil(len(logits) / SPLIT_SIZE))
    values = np.mean([_part_scores(part, SPLIT + number) for number, part in enumerate(parts)], 0)
    return Estimate(float(values[0]), values[1:])


def _part_scores(logits: Floats, stream: int) -> Floats:
    """Computes the score of a part and of its bootstraps; (1 + R,)."""
    likely = logits - logits.max(1, keepdims=True)
    likely -= np.log(np.exp(likely).sum(1, keepdims=True))  # log p(y|x)
    classes = np.exp(likely)
    weights = bootstrap_weights(len(logits), stream) / len(logits)
    marginal = weights @ classes  # (1 + R, K), p(y)
    sharp = weights @ (classes * likely).sum(1)  # (1 + R,), E -H(y|x)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.where(marginal > 0, marginal * np.log(marginal), 0.0).sum(1)  # -H(y)
    return np.exp(sharp - spread)


def clip_score(cosines: Floats) -> Estimate:
    """Computes 100 times the mean cosine of pictures and their prompts (Hessel et al. 2021; Nichol et al. 2021, 4.1).

    Args:
        cosines: (N,), as a `Scorer` gives them.
    """
    weights = bootstrap_weights(len(cosines), ARM) / len(cosines)
    values = 100 * weights @ cosines
    return Estimate(float(values[0]), values[1:])
