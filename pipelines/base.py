"""The one door between the editor and the models: a request, its steps, and whatever can fulfil it. Numpy only."""

import math
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import InvalidInput

Pixels = NDArray[np.uint8]
# of a Request, by what reads no words and takes no steps: it has one answer
NOT_ASKED = ("prompt", "negative_prompt", "guidance", "clip_guidance", "steps", "seeds")
Yielded = TypeVar("Yielded")
Changed = TypeVar("Changed")
Result = TypeVar("Result")


class Adapter(NamedTuple):
    """A LoRA (Hu et al. 2021), an IP-Adapter (Ye et al. 2023) or a ControlNet (Zhang et al. 2023) for one request."""

    name: str  # a file, a folder or a name on the hub; which kind it is, is read from it
    weight: float  # 0 to 2

    @classmethod
    def from_text(cls, text: str) -> "Adapter":
        """Splits NAME=WEIGHT at the last "=", if a number follows it; else the weight is 1."""
        name, _, weight = text.rpartition("=")
        try:
            return cls(name, float(weight))
        except ValueError:
            return cls(text, 1.0)


class Machine(NamedTuple):
    """What there is to run models on."""

    gpu: str  # the graphics card's name, '' where there is none
    gpu_memory: int  # bytes in all
    memory: int  # bytes in all
    width: int  # bytes of a number of the weights as they run here: 2, or 4 where there is no bfloat16


class Setup(NamedTuple):
    """How networks run on this machine; it changes no request."""

    compiled: bool = False  # by torch.compile, whose first runs take minutes
    memory: str = "auto"  # the plan by which weights of diffusers lie in memory, "auto" for the first that fits
    quantised: str = ""  # to which numbers these weights are rounded: "fp8", "int8", "int4", "" for none
    # returns the names of those that may be added to a model by now; None: any may
    adapters: Callable[[], Collection[str]] | None = None
    keys: Path | None = None  # the file of keys for other servers, see `pipelines.endpoint`


@dataclass(frozen=True, eq=False)
class Request:
    """One job in the pipeline's own pixels: everything that decides the result, and nothing else.

    Raises:
        ValueError: shapes or dtypes are wrong, or a number is out of its range.
    """

    # uint8 (H, W, 3) RGB, or (N, H, W, 3), one for each seed; what lies under the mask is only where to start from when
    # strength is below 1
    image: Pixels
    # uint8 (H, W) or (N, H, W), as the image; 255 = repaint, 0 = keep. Between them: how much of a pixel soft
    # pipelines repaint; others repaint all above 0
    mask: Pixels
    prompt: str | tuple[str, ...]  # what to draw, for all, or for each seed; may be empty
    negative_prompt: str  # what to avoid; may be empty
    guidance: float  # classifier-free guidance scale (Ho & Salimans 2021); 1 = the conditional model alone
    clip_guidance: float  # scale of a noised CLIP's gradient (Nichol et al. 2021, section 2.4), 0 or more; 0 = none
    # 0 to 1, the share of the noise schedule that the image under the mask is put through (SDEdit, Meng et al. 2022);
    # 1 = nothing is left of it. 0 = it stays as it is, which needs no pipeline. Unused where strength is unsupported
    strength: float
    steps: int  # evaluations of the model that draws the picture, at least 1
    sampler: str  # a name the pipeline knows ("dpmpp_2m", "ddim", ...)
    seeds: tuple[int, ...]  # one image each; image i depends on seeds[i] alone
    adapters: tuple[Adapter, ...] = ()  # added to the model in this order
    reference: Pixels | None = None  # uint8 (h, w, 3) RGB, for an IP-Adapter among the adapters

    def __post_init__(self) -> None:
        if self.image.dtype != np.uint8 or self.image.ndim not in (3, 4) or self.image.shape[-1] != 3:
            raise ValueError(f"an image is uint8 (H, W, 3) or (N, H, W, 3), not {self.image.dtype} {self.image.shape}")
        if self.mask.dtype != np.uint8 or self.mask.shape != self.image.shape[:-1]:
            raise ValueError(
                f"a mask is uint8 {self.image.shape[:-1]} like its image, not {self.mask.dtype} {self.mask.shape}"
            )
        if self.image.ndim == 4 and len(self.image) != len(self.seeds):
            raise ValueError(f"{len(self.image)} images need as many seeds, not {len(self.seeds)}")
        if not isinstance(self.prompt, str) and len(self.prompt) != len(self.seeds):
            raise ValueError(f"{len(self.prompt)} prompts need as many seeds, not {len(self.seeds)}")
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

    @property
    def prompts(self) -> tuple[str, ...]:
        """What to draw, for each seed."""
        return (self.prompt,) * len(self.seeds) if isinstance(self.prompt, str) else self.prompt

    def of(self, which: slice) -> "Request":
        """Returns the same request for some of its images alone."""
        prompt = self.prompt if isinstance(self.prompt, str) else one_for_all(self.prompt[which])
        seeds = self.seeds[which]
        if self.image.ndim == 3:
            return replace(self, prompt=prompt, seeds=seeds)
        image, mask = self.image[which], self.mask[which]
        if len(seeds) == 1:
            image, mask = image[0], mask[0]
        return replace(self, image=image, mask=mask, prompt=prompt, seeds=seeds)

    def refuse_adapters(self, name: str) -> None:
        """Refuses adapters and a reference picture, for a pipeline that takes neither.

        Args:
            name: of the pipeline.

        Raises:
            InvalidInput: the request has one of them.
        """
        if self.adapters:
            raise InvalidInput(
                f"{name} takes no adapters ({self.adapters[0].name}): leave them out, or take an hf: model."
            )
        if self.reference is not None:
            raise InvalidInput(
                f"{name} looks at no reference picture: leave it out, or take an hf: model and an IP-Adapter."
            )


def one_for_all(prompts: tuple[str, ...]) -> str | tuple[str, ...]:
    """Returns the prompt that all have in common, or else the prompts as they are."""
    return prompts[0] if len(set(prompts)) == 1 else prompts


def together(requests: Sequence[Request]) -> Request:
    """Joins requests that differ in image, mask, prompt and seed alone into one."""
    first, seeds = requests[0], tuple(seed for each in requests for seed in each.seeds)
    prompt = one_for_all(tuple(prompt for each in requests for prompt in each.prompts))
    if all(np.array_equal(each.image, first.image) and np.array_equal(each.mask, first.mask) for each in requests):
        return replace(first, prompt=prompt, seeds=seeds)
    images, masks = (np.concatenate([getattr(each, name) for each in requests]) for name in ("images", "masks"))
    return replace(first, image=images, mask=masks, prompt=prompt, seeds=seeds)


def filled(request: Request, fill: Callable[[Pixels, Pixels], Pixels]) -> Pixels:
    """Fills the images of a request by a function that takes no seed.

    Args:
        request: with image and mask, for each seed or one for all.
        fill: (image, mask) -> image; called once where the request has one image for all.

    Returns:
        uint8 (N, H, W, 3).
    """
    if request.image.ndim == 3:
        return np.repeat(fill(request.image, request.mask)[None], len(request.seeds), 0)
    return np.stack([fill(*each) for each in zip(request.image, request.mask, strict=True)])


@dataclass(frozen=True, eq=False)
class Step:
    """One denoising step that is done, or a sign of life before the next one is."""

    index: int  # 0 .. total: how many are done
    total: int
    preview: Pixels | None  # uint8 (N, H, W, 3), the model's current estimate of the finished images


Run = Generator[Step, None, Pixels]


class Pipeline(Protocol):
    """Whatever can repaint a masked image."""

    @property
    def name(self) -> str:
        """As in an Edit."""
        ...

    @property
    def host(self) -> str:
        """The server that is sent what is repainted; '' where no pixel leaves this machine."""
        ...

    @property
    def size(self) -> int:
        """Side in pixels of the square image that it draws best."""
        ...

    @property
    def buckets(self) -> Sequence[tuple[int, int]]:
        """(height, width) in pixels of the other images that it draws; requests have this or the square's size."""
        ...

    @property
    def largest(self) -> int:
        """Longest side in pixels of a window, of any shape, that it fills at full size; 0 if it draws `size` and
        `buckets` alone.
        """
        ...

    @property
    def supports_strength(self) -> bool:
        """Whether it starts from what lies under the mask where the strength is below 1."""
        ...

    @property
    def soft(self) -> bool:
        """Whether it repaints a pixel the less, the lower the mask is (differential diffusion, Levin & Fried 2023)."""
        ...

    @property
    def faster_together(self) -> bool:
        """Whether several images take less time in one request than one after another."""
        ...

    @property
    def vocabulary(self) -> frozenset[str] | None:
        """The words it was taught, lower case; None where any text may mean something to it, or none does."""
        ...

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Its best settings, by the names of a Request; what is missing is as with every model."""
        ...

    @property
    def live_steps(self) -> int:
        """Steps it takes in live mode, where it paints anew whenever somebody pauses in typing; 0 where it is too slow,
        or where pixels leave this machine.
        """
        ...

    @property
    def samplers(self) -> Sequence[str]:
        """Names of the samplers that make a difference here; none where it takes no steps."""
        ...

    @property
    def unsupported(self) -> Collection[str]:
        """Names of other settings of a Request that make no difference here."""
        ...

    def hint(self, prompt: str) -> str:
        """A sentence for the user about what of a prompt this pipeline does not read, or ''; see also `wording`."""
        ...

    def inpaint(self, request: Request) -> Run:
        """Fulfils a request. Closing the generator cancels it.

        Pixels that are to stay (mask 0) may come back changed: whoever composes takes the masked ones only.

        Yields:
            Each Step when it is done.

        Returns:
            uint8 (N, H, W, 3), one image a seed.
        """
        ...


@dataclass(frozen=True)
class PipelineInfo:
    """What a pipeline says of itself, so that planning an edit needs no model. Fields as in `Pipeline`."""

    name: str
    host: str
    size: int
    buckets: tuple[tuple[int, int], ...]
    largest: int
    supports_strength: bool
    soft: bool
    faster_together: bool
    vocabulary: frozenset[str] | None
    defaults: Mapping[str, Any]
    live_steps: int
    samplers: tuple[str, ...]
    unsupported: frozenset[str]

    @classmethod
    def of(cls, pipeline: Pipeline) -> "PipelineInfo":
        """Collects what a loaded pipeline says of itself."""
        return cls(
            name=pipeline.name,
            host=pipeline.host,
            size=pipeline.size,
            buckets=tuple(pipeline.buckets),
            largest=pipeline.largest,
            supports_strength=pipeline.supports_strength,
            soft=pipeline.soft,
            faster_together=pipeline.faster_together,
            vocabulary=pipeline.vocabulary,
            defaults=dict(pipeline.defaults),
            live_steps=pipeline.live_steps,
            samplers=tuple(pipeline.samplers),
            unsupported=frozenset(pipeline.unsupported),
        )

    def to_json(self) -> dict[str, Any]:
        """Returns it as JSON holds it: sets as sorted lists."""
        words = None if self.vocabulary is None else sorted(self.vocabulary)
        return {**vars(self), "vocabulary": words, "unsupported": sorted(self.unsupported)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "PipelineInfo":
        """Makes it from what `to_json` returned."""
        words = data["vocabulary"]
        return cls(
            **{
                **data,
                "buckets": tuple((height, width) for height, width in data["buckets"]),
                "vocabulary": None if words is None else frozenset(words),
                "samplers": tuple(data["samplers"]),
                "unsupported": frozenset(data["unsupported"]),
            }
        )


def run(steps: Generator[Yielded, None, Result], each: Callable[[Yielded], object] = lambda step: None) -> Result:
    """Runs a generator to its end and returns its value, which a `for` loop would drop.

    Args:
        steps: the generator.
        each: is called with whatever it yields.
    """
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
    """Maps what a generator yields. Closing the result closes both.

    Args:
        steps: the generator.
        change: makes another of each step.

    Yields:
        What `change` makes of each step.

    Returns:
        What the generator returns.
    """
    with closing(steps):
        while True:
            try:
                step = next(steps)
            except StopIteration as done:
                result: Result = done.value
                return result
            yield change(step)
