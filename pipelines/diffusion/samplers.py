"""Samplers: generators with one signature, which yield their guess of the clean image at each step, return the last.

denoise: a Denoiser. x: (B, 3, H, W), noise at sigmas[0]. sigmas: descending, the last is 0. noise: gives fresh standard
normal noise like x at each call; a sampler that needs none never asks. To add one, write it and name it in SAMPLERS.
"""

import math
from collections.abc import Callable, Generator, Iterable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from pipelines.diffusion.denoiser import Denoiser


class Noise:
    """Standard normal noise in which image i depends on seeds[i] alone, whatever batch it rides in.

    Drawn on the CPU, so that every device starts from the same noise.
    """

    def __init__(self, seeds: Iterable[int], shape: tuple[int, ...], device: torch.device) -> None:
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._shape, self._device = shape, device

    def __call__(self) -> Tensor:
        drawn = [torch.randn(self._shape, generator=generator) for generator in self._generators]
        return torch.stack(drawn).to(self._device)  # (B, *shape)


Sampling = Generator[Tensor, None, Tensor]
Sampler = Callable[[Denoiser, Tensor, Sequence[float], Callable[[], Tensor]], Sampling]


def ddim(denoise: Denoiser, x: Tensor, sigmas: Sequence[float], noise: Callable[[], Tensor]) -> Sampling:
    """Song et al. 2021 with eta 0 (eq. 12): in these units, Euler's method on the flow of Karras et al. 2022."""
    x0 = x
    for here, there in pairwise(sigmas):
        x0 = denoise(x, here).x0
        yield x0
        x = x0 + (there / here) * (x - x0)
    return x0


def ddpm(denoise: Denoiser, x: Tensor, sigmas: Sequence[float], noise: Callable[[], Tensor]) -> Sampling:
    """Ho et al. 2020 with the learned variance of Nichol & Dhariwal 2021 (eq. 15), both written in sigma."""
    x0 = x
    for here, there in pairwise(sigmas):
        x0, v = denoise(x, here)
        yield x0
        x = x0 + (there / here) ** 2 * (x - x0)
        if there > 0:
            lower, upper = log_variance_bounds(here, there)
            log_variance = lower if v is None else lower + v * (upper - lower)
            x = x + torch.as_tensor(0.5 * log_variance, device=x.device).exp() * noise()
    return x0


def log_variance_bounds(here: float, there: float) -> tuple[float, float]:
    """Log of the posterior's variance at least and at most, from noise `here` to `there` > 0, for x = x0 + sigma noise.

    Lower: Ho et al. 2020, eq. 7; upper: that step's beta (Nichol & Dhariwal 2021, section 3.1); both are those of the
    papers' x_t times 1 + there**2.
    """
    gap = here**2 - there**2
    return math.log(there**2 * gap / here**2), math.log((1 + there**2) * gap / (1 + here**2))


SAMPLERS: dict[str, Sampler] = {"ddim": ddim, "ddpm": ddpm}
