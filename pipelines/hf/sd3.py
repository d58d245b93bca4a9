"""Stable Diffusion 3's inpainting, which diffusers 0.42 decodes without the shift that its latents were coded with."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from diffusers import StableDiffusion3InpaintPipeline
from torch import Tensor


class StableDiffusion3(StableDiffusion3InpaintPipeline):
    """Diffusers' pipeline; the shift is added after the last step, which is nowhere seen but in the result."""

    @wraps(StableDiffusion3InpaintPipeline.__call__)
    def __call__(self, *args: Any, callback_on_step_end: Callable[..., dict[str, Tensor]], **kwargs: Any) -> Any:
        def step_done(run: Any, index: int, timestep: Any, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
            tensors = callback_on_step_end(run, index, timestep, tensors)
            if index + 1 == self.num_timesteps:
                config = self.vae.config
                tensors["latents"] = tensors["latents"] + config.shift_factor * config.scaling_factor
            return tensors

        return super().__call__(*args, callback_on_step_end=step_done, **kwargs)
