"""One model at a time: each step of a model that runs on PyTorch is taken under the process's lock."""

from typing import Any

from pipelines.base import Request, Run, Step, run
from pipelines.exclusive import MODEL_LOCK, exclusive
from pipelines.glide.pipeline import Glide
from pipelines.hf.pipeline import Hf
from pipelines.lama import Lama
from tests.fakes import NoisePipeline
from tests.models.test_hf import a_request


class Looking(NoisePipeline):
    def __init__(self) -> None:
        super().__init__()
        self.held: list[bool] = []
        self.ended = False

    @exclusive
    def inpaint(self, request: Request) -> Run:
        try:
            self.held.append(MODEL_LOCK.locked())
            images = yield from super().inpaint(request)
            self.held.append(MODEL_LOCK.locked())
            return images
        finally:
            self.ended = True


def test_a_step_is_taken_under_the_lock_and_between_steps_others_have_it() -> None:
    pipeline, between = Looking(), []
    images = run(pipeline.inpaint(a_request(seeds=(1, 2))), lambda step: between.append(MODEL_LOCK.locked()))
    assert pipeline.held == [True, True] and between and not any(between)
    assert images.shape[0] == 2 and not MODEL_LOCK.locked()


def test_closing_it_closes_the_model() -> None:
    pipeline = Looking()
    steps = pipeline.inpaint(a_request())
    assert isinstance(next(steps), Step)
    steps.close()
    assert pipeline.ended and not MODEL_LOCK.locked()


def test_every_pipeline_that_runs_on_pytorch_is_exclusive() -> None:
    def wrapped(kind: Any) -> bool:
        return kind.inpaint.__code__ is Looking.inpaint.__code__

    assert wrapped(Glide) and wrapped(Hf) and wrapped(Lama)
