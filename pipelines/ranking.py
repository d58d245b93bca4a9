"""Ranking: how likely finished pictures show what their prompt says. Nothing heavy; the networks are elsewhere."""

from collections.abc import Collection
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pipelines.base import Pixels
from pipelines.wording.resolve import TOKEN, resolve

WORDS = LIKELY, UNSURE, UNLIKELY = ("likely", "unsure", "unlikely")

Probabilities = NDArray[np.float64]  # (N,), each 0 to 1


class Match(NamedTuple):
    """How well a picture shows its prompt."""

    probability: float  # 0 to 1; orders the results of one edit, and is shown to nobody
    word: str  # one of WORDS, "" where the network is not calibrated


class Ranker(Protocol):
    """Whatever can tell how likely pictures show a prompt."""

    @property
    def photographs(self) -> bool:
        """Whether it knows photographs; else drawings alone."""
        ...

    def probabilities(self, windows: Pixels, holes: Pixels, prompt: str) -> Probabilities | None:
        """Returns how likely each window shows what the prompt says; it depends on that window alone.

        Args:
            windows: uint8 (N, H, W, 3), finished.
            holes: uint8 (N, H, W), 255 = repainted.
            prompt: in the words of the model that painted them, not empty.

        Returns:
            (N,), or None where it cannot say.
        """
        ...

    def word(self, probability: float) -> str:
        """Returns the word for a probability, see `Match`."""
        ...


@runtime_checkable
class OwnRanker(Protocol):
    """A pipeline that can judge its results by a network of its own."""

    def ranker(self) -> Ranker | None:
        """Returns what judges them; None where that is missing, or not calibrated."""
        ...


def matches_of(ranker: Ranker, windows: Pixels, holes: Pixels, prompt: str) -> list[Match] | None:
    """Returns how well each window shows the prompt, arguments as of `Ranker.probabilities`; None where unknown."""
    found = ranker.probabilities(windows, holes, prompt)
    return None if found is None else [Match(float(each), ranker.word(float(each))) for each in found]


def best_first(matches: list[Match] | None, count: int) -> list[int]:
    """Returns the indices of results from the likeliest on; as they are where nothing is known, or two are equal."""
    return sorted(range(count), key=lambda n: -matches[n].probability if matches else 0)


def rankable(prompt: str, painted_as: str, vocabulary: Collection[str] | None) -> str:
    """Returns the words by which results can be judged, those that the model was given; "" where nothing can be said.

    Nothing can be said of an empty prompt; nor, by a model with a vocabulary, of words outside it, of a prompt that
    lost a thing on the way to the model's words, and of one that removes something.

    Args:
        prompt: as it was typed.
        painted_as: as the model was given it, "" for as it was typed.
        vocabulary: the words that the model was taught, lower case; None where any may mean something to it.
    """
    words = " ".join((painted_as or prompt).split())
    if not words or vocabulary is None:
        return words
    wording = resolve(prompt, vocabulary)
    if wording.removes or wording.unknown or wording.things_left_out:
        return ""
    tokens = [token for token in TOKEN.findall(words.lower()) if token[0].isalnum()]
    return words if all(token in vocabulary for token in tokens) else ""
