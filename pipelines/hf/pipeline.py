"""Any inpainting pipeline of diffusers as a pipeline of ours."""

import gc
import math
from collections.abc import Callable, Generator, Sequence
from copy import copy
from functools import cached_property
from inspect import signature
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pipelines.base import Pixels, Request, Run, Step
from pipelines.hf.families import Family
from pipelines.hf.previews import colours_of, preview, watched
from pipelines.hf.samplers import NAMES, scheduler_for
from pipelines.hf.steps import pulled


class Hf:
    """A loaded pipeline of diffusers with the row of its family.

    at_once: how many images are drawn in one run, as long as memory allows; halved for good when it does not. usual:
    what to ask for where nobody says. A guidance below 1 is 1 to diffusers.
    """

    vocabulary = None

    def __init__(self, name: str, pipe: Any, family: Family, at_once: int) -> None:
        self.name, self._pipe, self._family, self._at_once = name, pipe, family, at_once
        self.size, self.refines, self.usual = _native_size(pipe, family), family.refines, family.usual
        self._takes = signature(pipe.__call__).parameters
        pipe.set_progress_bar_config(disable=True)

    def hint(self, prompt: str) -> str:
        tokenizers = [part for name, part in self._pipe.components.items() if name.startswith("tokenizer") and part]
        if prompt and tokenizers and all(_too_long(tokenizer, prompt) for tokenizer in tokenizers):
            most = max(tokenizer.model_max_length for tokenizer in tokenizers)
            return f"The prompt is longer than the {most} tokens {self.name} reads; the end of it is left out."
        return ""

    def unknown(self, prompt: str) -> list[str]:
        return []

    def inpaint(self, request: Request) -> Run:
        self._check(request)
        count = len(request.seeds)
        images = np.repeat(request.image[None], count, 0)
        if not request.mask.any() or request.strength == 0:
            return images  # nothing to paint: no model is asked
        finished, runs = 0, 0
        while finished < count:
            part = slice(finished, finished + self._at_once)
            drawing = self._drawing(request, request.seeds[part])
            short = False
            try:
                while True:
                    try:
                        shown = next(drawing)
                    except StopIteration as done:
                        images[part] = done.value
                        break
                    more = math.ceil((count - finished) / self._at_once)
                    if shown.preview is not None:
                        images[part] = shown.preview
                    previews = None if shown.preview is None else images.copy()
                    yield Step(runs * shown.total + shown.index, (runs + more) * shown.total, previews)
            except torch.OutOfMemoryError:
                short = True
            finally:
                drawing.close()
            if short:  # outside of `except`, where the error's frames would still hold the tensors
                self._less_at_once(len(request.seeds[part]), request)
            else:
                finished, runs = finished + len(request.seeds[part]), runs + 1
        return images

    def _check(self, request: Request) -> None:
        """ValueError with a sentence about what cannot be done."""
        height, width = request.image.shape[:2]
        if height % self._family.multiple or width % self._family.multiple:
            raise ValueError(
                f"{self.name} paints sides of {self._family.multiple} pixels' multiples, not {width}x{height}"
            )
        if request.sampler not in NAMES:
            raise ValueError(f"there is no sampler {request.sampler!r}; there are {', '.join(NAMES)}")
        if request.clip_guidance:
            raise ValueError(f"{self.name} has no CLIP to guide it: set the CLIP guidance to 0")
        if request.negative_prompt and not self._family.negative:
            raise ValueError(f"{self.name} reads no negative prompt: leave it empty, and say what should be there")

    def _less_at_once(self, tried: int, request: Request) -> None:
        """Half as many images in a run from now on. ValueError when that was one."""
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if tried == 1:
            height, width = request.image.shape[:2]
            raise ValueError(
                f"{self.name} finds too little memory for one image of {width}x{height}: close what else uses the "
                f"{self._pipe.device.type}'s memory, or take a smaller model"
            )
        self._at_once = tried // 2

    def _drawing(self, request: Request, seeds: Sequence[int]) -> Generator[Step, None, Pixels]:
        """One run of diffusers for n of the seeds: its own steps, with n previews; returns uint8 (n, H, W, 3)."""
        pipe = copy(self._pipe)  # its state is that of one run: the networks are shared, the scheduler is not
        pipe.scheduler = scheduler_for(request.sampler, self._pipe.scheduler)
        guesses, colours = watched(pipe.scheduler), self._colours
        height, width = request.image.shape[:2]

        def work(push: Callable[[Step], None]) -> Pixels:
            def step_done(run: Any, index: int, timestep: Any, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
                total = max(getattr(run, "_num_timesteps", request.steps), index + 1)
                latents = guesses[0] if guesses else tensors["latents"]
                shown = None if colours is None else preview(pipe, colours, latents, height, width)
                push(Step(index + 1, total, shown))
                return tensors

            drawn = pipe(**self._arguments(request, seeds), callback_on_step_end=step_done).images
            images = np.stack([np.asarray(image.convert("RGB")) for image in drawn])
            if images.shape != (len(seeds), height, width, 3):
                raise ValueError(f"{self.name} drew {images.shape} where {(len(seeds), height, width, 3)} was wanted")
            return images

        return pulled(work)

    def _arguments(self, request: Request, seeds: Sequence[int]) -> dict[str, Any]:
        """What the pipeline is called with: everything once for each image, so that each has a generator of its own."""
        count, family = len(seeds), self._family
        height, width = request.image.shape[:2]
        # any touch of the brush means unknown
        mask = Image.fromarray(np.where(request.mask > 0, np.uint8(255), np.uint8(0)))
        arguments: dict[str, Any] = {
            "prompt": [request.prompt] * count,
            "image": [Image.fromarray(request.image)] * count,
            "mask_image": [mask] * count,
            "height": height,
            "width": width,
            "num_inference_steps": request.steps,
            # the same noise on every device
            "generator": [torch.Generator().manual_seed(seed) for seed in seeds],
            "output_type": "pil",
        }
        if family.guidance:
            arguments[family.guidance] = request.guidance
        if request.negative_prompt or (family.negative and family.guidance == "true_cfg_scale"):
            arguments["negative_prompt"] = [request.negative_prompt] * count  # without one, that scale means nothing
        if family.refines:
            arguments["strength"] = request.strength
            # so many that one is left of them
            arguments["num_inference_steps"] = max(request.steps, math.ceil(1 / request.strength))
        return {name: value for name, value in arguments.items() if name in self._takes}

    @cached_property
    def _colours(self) -> Tensor | None:
        vae = getattr(self._pipe, "vae", None)
        return None if vae is None else colours_of(vae)


def _native_size(pipe: Any, family: Family) -> int:
    """The side of the square that the network was trained on, as far as it says."""
    network = getattr(pipe, "unet", None) or getattr(pipe, "transformer", None)
    stated = getattr(getattr(network, "config", None), "sample_size", None)
    size = stated * getattr(pipe, "vae_scale_factor", 8) if isinstance(stated, int) else family.size
    return size // family.multiple * family.multiple


def _too_long(tokenizer: Any, prompt: str) -> bool:
    return len(tokenizer(prompt, verbose=False).input_ids) > tokenizer.model_max_length
