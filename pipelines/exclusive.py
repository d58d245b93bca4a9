"""One model at a time in this process: no step of one while another takes a step or is loaded."""

from collections.abc import Callable
from contextlib import closing
from functools import wraps
from threading import Lock
from typing import Any

from pipelines.base import Pixels, Request, Run

# While diffusers and transformers load a model, they set for the whole process of which number type tensors are made.
MODEL_LOCK = Lock()


def exclusive(inpaint: Callable[[Any, Request], Run]) -> Callable[[Any, Request], Run]:
    """Wraps a pipeline's `inpaint` to hold MODEL_LOCK for as long as each step takes."""

    @wraps(inpaint)
    def steps(pipeline: Any, request: Request) -> Run:
        with closing(inpaint(pipeline, request)) as run:
            while True:
                try:
                    with MODEL_LOCK:
                        step = next(run)
                except StopIteration as done:
                    images: Pixels = done.value
                    return images
                yield step

    return steps
