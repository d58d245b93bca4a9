"""Differential diffusion (Levin & Fried 2023): each pixel is repainted with a strength of its own, the mask's value.

For networks that do not see the mask, whose kept pixels are put back, noised, after each step: here so many of them at
each step as their strength says. A pixel of strength c is let go when a share c of the run is left.
"""

from functools import wraps
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


class SoftMask:
    """Puts latents back to the picture's for a part of a run, the longer the less they are to change.

    Args:
        pipe: a pipeline for one run; its `prepare_latents` is wrapped, to see what that gives.
        change: float32 (K, H, W), 0 to 1, the strength of each pixel; K = N, or 1 for all.
        indices: where in the result of `prepare_latents` the picture's latents and the noise are.
    """

    def __init__(self, pipe: Any, change: Tensor, indices: tuple[int, int]) -> None:
        self._scheduler, self._change = pipe.scheduler, change
        prepare = pipe.prepare_latents

        @wraps(prepare)
        def prepare_and_note(*args: Any, **named: Any) -> Any:
            latents = prepare(*args, **named)
            self._picture, self._noise = (latents[index] for index in indices)
            return latents

        pipe.prepare_latents = prepare_and_note

    def after(self, index: int, total: int, latents: Tensor) -> Tensor:
        """Mixes the latents after a step: as drawn where they are let go, else as the picture's, noised.

        Args:
            index: of the step, from 0.
            total: how many steps the run has.
            latents: (N, C, ...) or (N, tokens, C), as the step left them.

        Returns:
            The latents that the run goes on with, of the same shape.
        """
        left = 1 - (index + 1) / total
        picture = self._picture
        if index + 1 < total:
            level = self._scheduler.timesteps[-(total - index - 1)][None].expand(len(picture))
            if hasattr(self._scheduler, "scale_noise"):  # flow matching
                picture = self._scheduler.scale_noise(picture, level, self._noise)
            else:
                picture = self._scheduler.add_noise(picture, self._noise, level)
        return torch.where(self._strength(latents) > left, latents, picture.to(latents.dtype))

    def _strength(self, latents: Tensor) -> Tensor:
        """The greatest strength of each latent's pixels, of the latents' shape with 1 channel and K images."""
        (count, height, width), change = self._change.shape, self._change[:, None]
        if latents.ndim == 3:  # (N, tokens, C), row by row
            shrunk = round((height * width / latents.shape[1]) ** 0.5)
            return F.max_pool2d(change, shrunk).flatten(1)[..., None].to(latents.device)
        greatest = F.adaptive_max_pool2d(change, latents.shape[-2:])
        return greatest.reshape((count,) + (1,) * (latents.ndim - 3) + greatest.shape[2:]).to(latents.device)
