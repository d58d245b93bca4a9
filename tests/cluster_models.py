"""Fake models for the nodes of a cluster: they import what is here, and no more."""

import os
import time

from pipelines.base import Pipeline, Request, Run, Step
from pipelines.errors import InvalidInput
from tests.fakes import NoisePipeline, OpinionatedRanker


class Dying(NoisePipeline):
    """Ends its process after a step."""

    def inpaint(self, request: Request) -> Run:
        steps = super().inpaint(request)
        yield next(steps)
        os._exit(3)


class Fussy(NoisePipeline):
    """Changes what it is given, as some libraries do, and then refuses it."""

    def inpaint(self, request: Request) -> Run:
        request.image[:] = 0
        request.mask[:] = 0
        yield Step(1, request.steps, None)
        raise InvalidInput("This picture is too blue. Take another.")


class Noting(NoisePipeline):
    """Notes each step that it begins, and its end, in the file that its prompt names; a step takes a moment."""

    def inpaint(self, request: Request) -> Run:
        with open(request.prompts[0], "ab", buffering=0) as notes:
            try:
                for index in range(1, request.steps + 1):
                    notes.write(b"%d" % index)
                    time.sleep(0.02)
                    yield Step(index, request.steps, None)
                return request.images
            finally:
                notes.write(b".")


class Ranked(NoisePipeline):
    """Has a ranker of its own."""

    def ranker(self) -> OpinionatedRanker:
        return OpinionatedRanker(False)


def load_fake(name: str) -> Pipeline:
    """What each node loads."""
    if name == "missing":
        raise InvalidInput("There is no model named missing here.")
    kinds = {"dying": Dying, "fussy": Fussy, "noting": Noting, "ranked": Ranked}
    made = kinds.get(name, NoisePipeline)(delay=0.05 if name == "slow" else 0.0, name=name)
    return made  # type: ignore[return-value]
