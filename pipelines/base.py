"""The one door between the editor and the models: a request, its steps, and whatever can fulfil it. Numpy only."""

import math
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
# of a Request, by what reads no words and takes no steps: it has one answer
NOT_ASKED = ("prompt", "negative_prompt", "guidance", "clip_guidance", "steps", "seeds")
Yielded = TypeVar("Yielded")
Changed = TypeVar("Changed")
Result = TypeVar("Result")


class Adapter(NamedTuple):
    """What is added to a model for one job. name: a file, a folder or a name on the hub; what it is, a LoRA (Hu et al.
    2021), an IP-Adapter (Ye et al. 2023) or a ControlNet (Zhang et al. 2023), is read from it. weight: its share, 0 to
    2.
    """

    name: str
    weight: float


class Setup(NamedTuple):
    """How networks run on this machine; no part of what is asked of them.

    compiled: by torch.compile, whose first runs take minutes. memory: the plan by which weights of diffusers lie in
    memory, "auto" for what fits. quantised: to which numbers these weights are rounded ("fp8", "int8", "int4"), "" for
    none. adapters: names of those that may be added to a model, whatever a request asks for; None: any.
    """

    compiled: bool = False
    memory: str = "auto"
    quantised: str = ""
    adapters: frozenset[str] | None = None


@dataclass(frozen=True, eq=False)
class Request:
    """One job in the pipeline's own pixels: everything that decides the result, and nothing else.

    image: uint8 (H, W, 3) RGB, or (N, H, W, 3), one for each seed; what lies under the mask is no truth, but a start
    where strength is below 1.
    mask: uint8 (H, W) or (N, H, W), as the image; 255 = repaint, 0 = keep. Between them: how much of a pixel is
    repainted, for pipelines that are soft; for others all above 0 is repaint.
    prompt, negative_prompt: what belongs there, and what does not; empty is allowed.
    guidance: classifier-free guidance scale (Ho & Salimans 2021); 1 = the conditional model alone.
    clip_guidance: how much a noised CLIP's opinion counts (Nichol et al. 2021, section 2.4), 0 or more; 0 = not asked.
    strength: 0 to 1, the share of the noising's time that the image under the mask is put through (SDEdit, Meng et al.
    2022); 1 = nothing is left of it. 0 = it stays as it is, which the caller can have without a pipeline. Pipelines
    that draw from the surroundings alone do not look at it.
    steps: how many times the model that draws the picture is asked, at least 1.
    sampler: a name the pipeline knows ("dpmpp_2m", "ddim", ...).
    seeds: one image each; image i depends on seeds[i] alone.
    adapters: what is added to the model, in this order. reference: uint8 (h, w, 3) RGB, a picture that the result is to
    be like, for an IP-Adapter among them; None where there is none.
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
    adapters: tuple[Adapter, ...] = ()
    reference: Pixels | None = None

    def __post_init__(self) -> None:
        if self.image.dtype != np.uint8 or self.image.ndim not in (3, 4) or self.image.shape[-1] != 3:
            raise ValueError(f"an image is uint8 (H, W, 3) or (N, H, W, 3), not {self.image.dtype} {self.image.shape}")
        if self.mask.dtype != np.uint8 or self.mask.shape != self.image.shape[:-1]:
            raise ValueError(
                f"a mask is uint8 {self.image.shape[:-1]} like its image, not {self.mask.dtype} {self.mask.shape}"
            )
        if self.image.ndim == 4 and len(self.image) != len(self.seeds):
            raise ValueError(f"{len(self.image)} images need as many seeds, not {len(self.seeds)}")
        if not (math.isfinite(self.guidance) and math.isfinite(self.clip_guidance)):
            raise ValueError(f"guidance must be a finite number, not {self.guidance} and {self.clip_guidance}")
        if not 0 <= self.strength <= 1:
            raise ValueError(f"strength must be from 0 to 1, not {self.strength}")
        if self.steps < 1:
            raise ValueError(f"steps must be at least 1, not {self.steps}")
        if not self.seeds:
            raise ValueError("a request needs at least one seed")

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of its images."""
        height, width = self.mask.shape[-2:]
        return height, width

    @property
    def images(self) -> Pixels:
        """uint8 (N, H, W, 3), read-only, one for each seed."""
        return np.broadcast_to(self.image, (len(self.seeds), *self.image.shape[-3:]))

    @property
    def masks(self) -> Pixels:
        """uint8 (N, H, W), read-only, one for each seed."""
        return np.broadcast_to(self.mask, (len(self.seeds), *self.mask.shape[-2:]))

    def of(self, which: slice) -> "Request":
        """The same for some of its images alone."""
        if self.image.ndim == 3:
            return replace(self, seeds=self.seeds[which])
        image, mask, seeds = self.image[which], self.mask[which], self.seeds[which]
        return (
            replace(self, image=image, mask=mask, seeds=seeds)
            if len(seeds) > 1
            else replace(self, image=image[0], mask=mask[0], seeds=seeds)
        )

    def refuse_adapters(self, name: str) -> None:
        """ValueError with a sentence when the request asks a pipeline for adapters or a likeness that has none."""
        if self.adapters:
            raise ValueError(
                f"{name} takes no adapters ({self.adapters[0].name}): leave them out, or take a model of hf:"
            )
        if self.reference is not None:
            raise ValueError(
                f"{name} looks at no reference picture: leave it out, or take a model of hf: and an IP-Adapter"
            )


def together(requests: Sequence[Request]) -> Request:
    """One request for the images of several, which differ in image, mask and seed alone."""
    first, seeds = requests[0], tuple(seed for each in requests for seed in each.seeds)
    if all(np.array_equal(each.image, first.image) and np.array_equal(each.mask, first.mask) for each in requests):
        return replace(first, seeds=seeds)
    images, masks = (np.concatenate([getattr(each, name) for each in requests]) for name in ("images", "masks"))
    return replace(first, image=images, mask=masks, seeds=seeds)


def filled(request: Request, fill: Callable[[Pixels, Pixels], Pixels]) -> Pixels:
    """The images of a request to what takes no seed, uint8 (N, H, W, 3). fill: (image, mask) -> image; asked once where
    the request has one image for all.
    """
    if request.image.ndim == 3:
        return np.repeat(fill(request.image, request.mask)[None], len(request.seeds), 0)
    return np.stack([fill(*each) for each in zip(request.image, request.mask, strict=True)])


@dataclass(frozen=True, eq=False)
class Step:
    """One step done. preview: uint8 (N, H, W, 3), the model's present guess of the finished images, or None."""

    index: int  # 1 .. total
    total: int
    preview: Pixels | None


Run = Generator[Step, None, Pixels]


class Pipeline(Protocol):
    """Whatever can repaint a masked image.

    name: as in an Edit. size: side in pixels of the square image it likes best. shapes: (height, width) in pixels of
    the images that it draws as well beside that square; requests come as the square or as one of these.
    refines: whether it begins from what lies under the mask where the strength is below 1. soft: whether it repaints a
    pixel the less, the lower the mask is there (differential diffusion, Levin & Fried 2023). vocabulary: the words it
    was taught, lower case; None where any text may mean something to it, or none does. usual: what it is best asked
    where nobody says otherwise, by the names of a Request; what is missing there is as with every model. samplers:
    names of those that draw differently here; none where it takes no steps. unheeded: names of what else in a Request
    it can do nothing with.
    """

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def shapes(self) -> Sequence[tuple[int, int]]: ...

    @property
    def refines(self) -> bool: ...

    @property
    def soft(self) -> bool: ...

    @property
    def vocabulary(self) -> frozenset[str] | None: ...

    @property
    def usual(self) -> Mapping[str, Any]: ...

    @property
    def samplers(self) -> Sequence[str]: ...

    @property
    def unheeded(self) -> Collection[str]: ...

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


@dataclass(frozen=True)
class PipelineInfo:
    """What a pipeline says of itself, without it: whoever plans an edit or asks for one need not have the model. Fields
    as in `Pipeline`.
    """

    name: str
    size: int
    shapes: tuple[tuple[int, int], ...]
    refines: bool
    soft: bool
    vocabulary: frozenset[str] | None
    usual: Mapping[str, Any]
    samplers: tuple[str, ...]
    unheeded: frozenset[str]

    @classmethod
    def of(cls, pipeline: Pipeline) -> "PipelineInfo":
        return cls(
            name=pipeline.name,
            size=pipeline.size,
            shapes=tuple(pipeline.shapes),
            refines=pipeline.refines,
            soft=pipeline.soft,
            vocabulary=pipeline.vocabulary,
            usual=dict(pipeline.usual),
            samplers=tuple(pipeline.samplers),
            unheeded=frozenset(pipeline.unheeded),
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON holds it: sets sorted."""
        words = None if self.vocabulary is None else sorted(self.vocabulary)
        return {**vars(self), "vocabulary": words, "unheeded": sorted(self.unheeded)}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "PipelineInfo":
        words = said["vocabulary"]
        return cls(
            **{
                **said,
                "shapes": tuple((height, width) for height, width in said["shapes"]),
                "vocabulary": None if words is None else frozenset(words),
                "samplers": tuple(said["samplers"]),
                "unheeded": frozenset(said["unheeded"]),
            }
        )


def run(steps: Generator[Yielded, None, Result], each: Callable[[Yielded], object] = lambda step: None) -> Result:
    """The value that a generator returns, which a `for` loop would drop. each: is called with whatever it yields."""
    called = mapped(steps, each)
    with closing(called):
        while True:
            try:
                next(called)
            except StopIteration as done:
                result: Result = done.value
                return result


def mapped(
    steps: Generator[Yielded, None, Result], change: Callable[[Yielded], Changed]
) -> Generator[Changed, None, Result]:
    """Yields what `change` makes of each step of a generator, and returns what that returns. Closing it closes both."""
    with closing(steps):
        while True:
            try:
                step = next(steps)
            except StopIteration as done:
                result: Result = done.value
                return result
            yield change(step)
