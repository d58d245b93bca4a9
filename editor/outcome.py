"""Outcome: how a claimed job came out, for those who count."""

from collections.abc import Callable
from typing import NamedTuple

DONE, FAILED, CANCELLED, RETURNED = "done", "failed", "cancelled", "returned"  # returned to the queue
REFUSED, FAULT, DAMAGED, STORE = "refused", "fault", "damaged", "store"


class Outcome(NamedTuple):
    """How a job, with its variations, came out."""

    model: str  # the name of its model
    state: str  # DONE, FAILED, CANCELLED or RETURNED
    jobs: int  # it and its variations
    seconds: float  # since it was claimed
    # why it failed: REFUSED, with a sentence by the model; FAULT, by anything else; DAMAGED pixels. STORE: the store
    # refused, and the job is RETURNED. "" otherwise
    error: str = ""


OnOutcome = Callable[[Outcome], None]


def ignore_outcome(outcome: Outcome) -> None:
    """Does nothing."""
