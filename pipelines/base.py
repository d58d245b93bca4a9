"""The one door between the editor and the models: a request, its steps, and whatever can fulfil it. Numpy only."""

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Request:
    """One job in the pipeline's own pixels: everything that decides the result, and nothing else.

    image: uint8 (H, W, 3) RGB; what lies under the mask is no truth, but a start where strength is below 1.
    mask: uint8 (H, W); 255 = repaint, 0 = keep.
    prompt, negative_prompt: what belongs there, and what does not; empty is allowed.
    guidance: classifier-free guidance scale (Ho & Salimans 2021); 1 = the conditional model alone.
    clip_guidance: how much a noised CLIP's opinion counts (Nichol et al. 2021, section 2.4), 0 or more; 0 = not asked.
    strength: 0 to 1, the share of the noising's time that the image under the mask is put through (SDEdit, Meng et al.
    2022); 1 = nothing is left of it. 0 = it stays as it is, which the caller can have without a pipeline. Pipelines
    that draw from the surroundings alone do not look at it.
    steps: how many times the model that draws the picture is asked, at least 1.
    sampler: a name the pipeline knows ("dpmpp_2m", "ddim", ...).
    seeds: one image each; image i depends on seeds[i] alone.
    """

    image: Pixels
    mask: Pixels
    prompt: str
    negative_prompt: str
    guidance: float
    clip_guidance: float
    strength: float
    steps: int
    sampler: str
    seeds: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.image.dtype != np.uint8 or self.image.ndim != 3 or self.image.shape[2] != 3:
            raise ValueError(f"an image is uint8 (H, W, 3), not {self.image.dtype} {self.image.shape}")
        if self.mask.dtype != np.uint8 or self.mask.shape != self.image.shape[:2]:
            raise ValueError(
                f"a mask is uint8 {self.image.shape[:2]} like its image, not {self.mask.dtype} {self.mask.shape}"
            )
        if not (math.isfinite(self.guidance) and math.isfinite(self.clip_guidance)):
            raise ValueError(f"guidance must be a finite number, not {self.guidance} and {self.clip_guidance}")
        if not 0 <= self.strength <= 1:
            raise ValueError(f"strength must be from 0 to 1, not {self.strength}")
        if self.steps < 1:
            raise ValueError(f"steps must be at least 1, not {self.steps}")
        if not self.seeds:
            raise ValueError("a request needs at least one seed")


@dataclass(frozen=True, eq=False)
class Step:
    """One step done. preview: uint8 (N, H, W, 3), the model's present guess of the finished images, or None."""

    index: int  # 1 .. total
    total: int
    preview: Pixels | None


Run = Generator[Step, None, Pixels]


class Pipeline(Protocol):
    """Whatever can repaint a masked image.

    name: as in an Edit. size: side in pixels of the square image it likes best; requests come at this size.
    refines: whether it begins from what lies under the mask where the strength is below 1. vocabulary: the words it was
    taught, lower case; None where any text may mean something to it, or none does.
    """

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def refines(self) -> bool: ...

    @property
    def vocabulary(self) -> frozenset[str] | None: ...

    def hint(self, prompt: str) -> str:
        """A sentence for the user about words this pipeline cannot honour, or ''."""
        ...

    def unknown(self, prompt: str) -> list[str]:
        """The words of a prompt that are not in its vocabulary, lower case, in their order and once each."""
        ...

    def inpaint(self, request: Request) -> Run:
        """Yield each Step and return uint8 (N, H, W, 3), one image a seed. Closing the generator cancels it.

        Kept pixels (mask 0) may come back changed: whoever composes takes the masked ones only.
        """
        ...


def run(generator: Generator[Any, None, Result]) -> Result:
    """The value a generator returns, its steps ignored: a `for` loop would drop it."""
    while True:
        try:
            next(generator)
        except StopIteration as done:
            result: Result = done.value
            return result
