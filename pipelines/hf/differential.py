"""Differential diffusion (Levin & Fried 2023): each pixel is repainted with a strength of its own, the mask's value.

For networks that do not see the mask, whose kept pixels are put back, noised, after each step: here so many of them at
each step as their strength says. A pixel of strength c is let go when a share c of the run is left.
"""

from functools import wraps
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


class Held:
    """Latents that are held to the picture's for a part of a run, the longer the less they are to change.

    change: float32 (K, H, W), 0 to 1, the strength of each pixel; K = N, or 1 for all. pipe: a pipeline for one run;
    what its `prepare_latents` gives is seen here. places: where in that the picture's latents and the noise stand.
    """

    def __init__(self, pipe: Any, change: Tensor, places: tuple[int, int]) -> None:
        self._scheduler, self._change = pipe.scheduler, change
        prepare = pipe.prepare_latents

        @wraps(prepare)
        def seen(*args: Any, **named: Any) -> Any:
            prepared = prepare(*args, **named)
            self._picture, self._noise = (prepared[place] for place in places)
            return prepared

        pipe.prepare_latents = seen

    def after(self, index: int, total: int, latents: Tensor) -> Tensor:
        """Latents after step `index`, from 0, of `total`: as drawn where they are let go, else as the picture's."""
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
        """(K, 1, ..., 1) over the batch and the channels: the greatest strength of a latent's pixels."""
        (count, height, width), change = self._change.shape, self._change[:, None]
        if latents.ndim == 3:  # (N, tokens, C), row by row
            shrunk = round((height * width / latents.shape[1]) ** 0.5)
            return F.max_pool2d(change, shrunk).flatten(1)[..., None].to(latents.device)
        greatest = F.adaptive_max_pool2d(change, latents.shape[-2:])
        return greatest.reshape((count,) + (1,) * (latents.ndim - 3) + greatest.shape[2:]).to(latents.device)
