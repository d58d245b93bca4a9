"""Any inpainting pipeline of diffusers as a `Pipeline`: its samplers, its runs and their steps."""

import math
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from functools import cached_property
from inspect import signature
from typing import Any

import diffusers
import numpy as np
import torch
from diffusers.schedulers import KarrasDiffusionSchedulers
from PIL import Image
from torch import Tensor

from pipelines.base import Pixels, Request, Run, Step
from pipelines.callbacks import callback_to_generator
from pipelines.errors import InvalidInput
from pipelines.exclusive import exclusive
from pipelines.hf.adapters import Adapters
from pipelines.hf.caches import Cache, encode_once, memoize
from pipelines.hf.differential import SoftMask
from pipelines.hf.families import Family, network_of
from pipelines.hf.memory import Memory
from pipelines.hf.previews import colours_of, preview, record_guesses

MOST_LIVE_STEPS = 8  # of a model that is distilled; others take seconds for a picture
OWN_SAMPLER = "own"  # the scheduler as the model comes with it
SCHEDULERS: dict[str, tuple[str, dict[str, Any]]] = {
    "dpmpp_2m": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "solver_order": 2}),
    "dpmpp_sde": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++", "solver_order": 2}),
    "heun": ("HeunDiscreteScheduler", {}),
    # these two clip by default, which is for pixels: latents go beyond 1
    "ddim": ("DDIMScheduler", {"clip_sample": False}),
    "ddpm": ("DDPMScheduler", {"clip_sample": False}),
}
SAMPLER_NAMES = (OWN_SAMPLER, *SCHEDULERS)
EXCHANGEABLE = {each.name for each in KarrasDiffusionSchedulers} - {"EDMEulerScheduler"}  # which scales its inputs


class Hf:
    """A loaded pipeline of diffusers as a `Pipeline`. A guidance below 1 is 1 to diffusers.

    Args:
        name: as in an Edit.
        pipe: the pipeline of diffusers.
        family: the row of its family.
        memory: how it lies in memory.
        adapters: returns the names of the adapters that may be added to it by now; None for any.
    """

    host = ""
    largest = 0
    vocabulary = None

    def __init__(
        self,
        name: str,
        pipe: Any,
        family: Family,
        memory: Memory,
        adapters: Callable[[], Collection[str]] | None = None,
    ) -> None:
        self.name, self._pipe, self._family, self._memory = name, pipe, family, memory
        self.size, self.buckets = native_size(pipe, family), family.buckets(native_size(pipe, family))
        self.supports_strength, self.soft, self.unsupported = (
            family.supports_strength,
            _is_soft(pipe, family),
            family.unsupported,
        )
        self.faster_together = memory.device.type != "cpu" and family.mixes
        self.samplers: Sequence[str] = SAMPLER_NAMES
        self.defaults: Mapping[str, Any] = family.defaults
        if not exchangeable(pipe.scheduler):  # its other names mean the same, wherever they come from
            self.samplers, self.defaults = (OWN_SAMPLER,), {**family.defaults, "sampler": OWN_SAMPLER}
        steps = int(family.defaults.get("steps", 0))
        self.live_steps = steps if steps <= MOST_LIVE_STEPS else 0
        self._prompts = Cache()
        if (vae := getattr(pipe, "vae", None)) is not None:
            vae.encode = encode_once(vae.encode, Cache())
        pipe.set_progress_bar_config(disable=True)
        self._adapters = Adapters(pipe, adapters)

    def hint(self, prompt: str) -> str:
        tokenizers = [part for name, part in self._pipe.components.items() if "tokenizer" in name and part]
        if prompt and tokenizers and all(_too_long(tokenizer, prompt) for tokenizer in tokenizers):
            most = max(tokenizer.model_max_length for tokenizer in tokenizers)
            return f"The prompt is longer than the {most} tokens {self.name} reads; the end of it is left out."
        return ""

    @exclusive
    def inpaint(self, request: Request) -> Run:
        self._check(request)
        count = len(request.seeds)
        images = request.images.copy()
        if not request.mask.any() or request.strength == 0:
            return images  # nothing to paint: no model is asked
        finished, runs, shared = 0, 0, self._may_share(request)
        while finished < count:
            at_once = self._memory.at_once if shared else 1
            part = slice(finished, finished + at_once)
            drawing = self._drawing(request.of(part))
            short = False
            try:
                while True:
                    try:
                        step = next(drawing)
                    except StopIteration as done:
                        images[part] = done.value
                        break
                    more = math.ceil((count - finished) / at_once)
                    if step.preview is not None:
                        images[part] = step.preview
                    previews = None if step.preview is None else images.copy()
                    yield Step(runs * step.total + step.index, (runs + more) * step.total, previews)
            except torch.OutOfMemoryError:
                short = True
            finally:
                drawing.close()
            if not short:
                finished, runs = finished + len(request.seeds[part]), runs + 1
            elif not self._memory.take_less(
                len(request.seeds[part])
            ):  # no `except` frame holds the run's tensors any more
                height, width = request.shape
                raise InvalidInput(
                    f"{self.name} finds too little memory for one image of {width}x{height}: close what else uses the "
                    f"{self._memory.device.type}'s memory, or take a smaller model."
                )
        return images

    def _may_share(self, request: Request) -> bool:
        """Whether one run may draw several of a request's images.

        A ControlNet is shown one picture, and hard masks are treated otherwise than soft ones.
        """
        soft = {bool((mask % 255).any()) for mask in request.mask.reshape(-1, *request.shape)}
        mixes = self._family.mixes and not request.adapters and (not self.soft or len(soft) == 1)
        return mixes or request.image.ndim == 3

    def _check(self, request: Request) -> None:
        """Refuses what cannot be done.

        Raises:
            InvalidInput: a setting of the request is none that this pipeline has.
        """
        height, width = request.shape
        if height % self._family.multiple or width % self._family.multiple:
            raise InvalidInput(
                f"{self.name} paints sides of {self._family.multiple} pixels' multiples, not {width}x{height}."
            )
        if request.sampler not in SAMPLER_NAMES:
            raise InvalidInput(f"There is no sampler {request.sampler!r}; there are {', '.join(SAMPLER_NAMES)}.")
        if request.clip_guidance:
            raise InvalidInput(f"{self.name} has no CLIP to guide it: set the CLIP guidance to 0.")
        if request.negative_prompt and not self._family.negative:
            raise InvalidInput(f"{self.name} reads no negative prompt: leave it empty, and say what should be there.")

    def _drawing(self, request: Request) -> Generator[Step, None, Pixels]:
        """Draws n images in one run of diffusers.

        Yields:
            The run's own steps, with n previews.

        Returns:
            uint8 (n, H, W, 3).
        """
        self._adapters.put(request)
        pipe = self._adapters.pipeline()  # its state is that of one run: the networks are shared, the scheduler is not
        pipe.scheduler = scheduler_for(request.sampler, self._pipe.scheduler)
        if hasattr(pipe, "encode_prompt"):
            pipe.encode_prompt = memoize(pipe.encode_prompt, self._prompts, request.adapters)
        guesses, colours = record_guesses(pipe.scheduler), self._colours
        soft_mask = self._soft_mask(pipe, request)
        (height, width), count = request.shape, len(request.seeds)

        def work(push: Callable[[Step], None]) -> Pixels:
            def step_done(run: Any, index: int, timestep: Any, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
                total = max(getattr(run, "_num_timesteps", request.steps), index + 1)
                if soft_mask is not None:
                    tensors["latents"] = soft_mask.after(index, total, tensors["latents"])
                latents = guesses[0] if guesses else tensors["latents"]
                pixels = None if colours is None else preview(pipe, colours, latents, height, width)
                push(Step(index + 1, total, pixels))
                return tensors

            try:
                arguments = self._arguments(pipe, request, all_of_it=soft_mask is not None)
                pictures = pipe(**arguments, callback_on_step_end=step_done).images
            finally:
                pipe.maybe_free_model_hooks()  # which a run does at its end, and one that is stopped does not
            images = np.stack([np.asarray(image.convert("RGB")) for image in pictures])
            if images.shape != (count, height, width, 3):
                raise InvalidInput(f"{self.name} drew {images.shape} where {(count, height, width, 3)} was wanted.")
            return images

        return (yield from callback_to_generator(work))

    def _soft_mask(self, pipe: Any, request: Request) -> SoftMask | None:
        """What makes a request's soft mask count; None where the mask is hard, or the model takes no other."""
        if not self.soft or type(pipe) is not type(self._pipe) or np.isin(request.mask, (0, 255)).all():
            return None
        assert self._family.latents_and_noise is not None  # else it is not soft
        change = torch.from_numpy(request.mask.reshape(-1, *request.shape)).float() / 255
        return SoftMask(pipe, change, self._family.latents_and_noise)

    def _arguments(self, pipe: Any, request: Request, all_of_it: bool) -> dict[str, Any]:
        """What the pipeline is called with: everything once for each image, so that each has a generator of its own.

        Args:
            pipe: the pipeline for this run.
            request: what to draw.
            all_of_it: whether it is to repaint everything, because a `SoftMask` puts back what is to stay.
        """
        count, family = len(request.seeds), self._family
        height, width = request.shape
        # any touch of the brush means unknown
        holes = np.where((request.masks > 0) | all_of_it, np.uint8(255), np.uint8(0))
        arguments: dict[str, Any] = {
            "prompt": [*request.prompts],
            "image": [Image.fromarray(image) for image in request.images],
            "mask_image": [Image.fromarray(hole) for hole in holes],
            "height": height,
            "width": width,
            "num_inference_steps": request.steps,
            # the same noise on every device
            "generator": [torch.Generator().manual_seed(seed) for seed in request.seeds],
            "output_type": "pil",
            # FLUX.1 Kontext's: as it is asked, not as the shape it knows that is nearest
            "max_area": height * width,
            "_auto_resize": False,
        }
        if family.guidance:
            arguments[family.guidance] = request.guidance
        if request.negative_prompt or (family.negative and family.guidance == "true_cfg_scale"):
            arguments["negative_prompt"] = [request.negative_prompt] * count  # without one, that scale means nothing
        if family.supports_strength:
            arguments["strength"] = request.strength
            # so many that one is left of them
            arguments["num_inference_steps"] = max(request.steps, math.ceil(1 / request.strength))
        takes = signature(pipe.__call__).parameters
        return {name: value for name, value in arguments.items() if name in takes} | self._adapters.arguments(request)

    @cached_property
    def _colours(self) -> Tensor | None:
        vae = getattr(self._pipe, "vae", None)
        return None if vae is None else colours_of(vae, self._memory.device)


def native_size(pipe: Any, family: Family) -> int:
    """The side in pixels of the square that the network was trained on, by its configuration or else its family."""
    stated = getattr(network_of(pipe).config, "sample_size", None)
    size = stated * getattr(pipe, "vae_scale_factor", 8) if isinstance(stated, int) else family.size
    return size // family.multiple * family.multiple


def scheduler_for(sampler: str, own: Any) -> Any:
    """Makes a new scheduler for one run.

    Where the model's own cannot be exchanged (flow matching, consistency models), every name means a copy of it.

    Args:
        sampler: one of SAMPLER_NAMES.
        own: the scheduler that the model comes with.
    """
    if sampler == OWN_SAMPLER or not exchangeable(own):
        return type(own).from_config(own.config)
    kind, settings = SCHEDULERS[sampler]
    config = dict(own.config)
    if sampler != "ddpm":  # which alone heeds a variance that the network guesses, as Kandinsky's does
        config.pop("variance_type", None)
    return getattr(diffusers, kind).from_config(config, **settings)


def exchangeable(own: Any) -> bool:
    """Whether another scheduler can take the place of the one that a model comes with."""
    noisy = own.config.get("prediction_type") in ("epsilon", "v_prediction")
    return noisy and type(own).__name__ in EXCHANGEABLE


def _is_soft(pipe: Any, family: Family) -> bool:
    """Whether the network does not see the mask, so that the pipeline puts back after each step what is to stay."""
    config = network_of(pipe).config
    drawn = getattr(config, "out_channels", None) or config.in_channels
    return family.latents_and_noise is not None and config.in_channels in (
        drawn,
        4 * drawn,
    )  # 4: a transformer's tokens of 2 x 2


def _too_long(tokenizer: Any, prompt: str) -> bool:
    return len(tokenizer(prompt, verbose=False).input_ids) > tokenizer.model_max_length
