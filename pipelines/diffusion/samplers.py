"""Samplers: generators with one signature. To add one, write it and name it in SAMPLERS.

Args:
    denoise: a Denoiser.
    x: (B, 3, H, W), noise at sigmas[0].
    sigmas: descending, the last is 0.
    noise: gives fresh standard normal noise like x at each call; a sampler that needs none never calls it.

Yields:
    The guess of the clean image at each step, (B, 3, H, W).

Returns:
    The last guess.
"""

import math
from collections.abc import Callable, Generator, Iterable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from pipelines.diffusion.denoiser import Denoiser


class Noise:
    """Standard normal noise in which image i depends on seeds[i] alone, whatever batch it is in.

    It is drawn on the CPU, so that every device starts from the same noise. Each call gives (B, *shape).

    Args:
        seeds: one for each image.
        shape: of one image.
        device: where the noise is needed.
    """

    def __init__(self, seeds: Iterable[int], shape: tuple[int, ...], device: torch.device) -> None:
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._shape, self._device = shape, device

    def __call__(self) -> Tensor:
        noise = torch.empty(len(self._generators), *self._shape)  # (B, *shape), B may be 0
        for image, generator in zip(noise, self._generators, strict=True):
            torch.randn(self._shape, generator=generator, out=image)
        return noise.to(self._device)


Sampling = Generator[Tensor, None, Tensor]
Sampler = Callable[[Denoiser, Tensor, Sequence[float], Callable[[], Tensor]], Sampling]


def ddim(
    denoise: Denoiser, x: Tensor, sigmas: Sequence[float], noise: Callable[[], Tensor], *, eta: float = 0.0
) -> Sampling:
    """Song et al. 2021, eq. 12 and 16, first order.

    eta: fresh noise, from 0, which needs none and is Euler's method on the flow of Karras et al. 2022, to 1, which is
    `ddpm` with the lower of its variances.
    """
    x0 = x
    for here, there in pairwise(sigmas):
        x0 = denoise(x, here).x0
        yield x0
        x = _towards(x0, x, here, there, noise, eta)
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


def heun(denoise: Denoiser, x: Tensor, sigmas: Sequence[float], noise: Callable[[], Tensor]) -> Sampling:
    """Karras et al. 2022, algorithm 1 without churn: second order, two guesses a step but for the last.

    A step longer than the way that is left after it is `ddim`'s: what a network says of so little noise, asked about a
    picture that is further off than that, is noise itself. Few evenly spaced timesteps end in such a step.

    Their sigma(t) = tan t and s(t) = cos t: steps at unit variance along the angle between picture and noise, which is
    near the cosine schedule's own time. With their sigma(t) = t that schedule's first step, from sigma 20,000 to 20 or
    so, would multiply the change between the step's two guesses by hundreds.
    """
    x0 = x
    for here, there in pairwise(sigmas):
        x0 = denoise(x, here).x0
        yield x0
        turn, norm, next_norm = math.atan(there) - math.atan(here), math.hypot(1, here), math.hypot(1, there)
        if math.atan(there) < -turn:
            x = _towards(x0, x, here, there, noise, 0.0)
            continue
        slope = _slope(x, x0, here)
        predicted = (x / norm + turn * slope) * next_norm
        slope = (slope + _slope(predicted, denoise(predicted, there).x0, there)) / 2
        x = (x / norm + turn * slope) * next_norm
    return x0


def _slope(x: Tensor, x0: Tensor, sigma: float) -> Tensor:
    """d/dt of x cos t where sigma = tan t: the v of Salimans & Ho 2022 (section 4)."""
    return ((x - x0) / sigma - sigma * x0) / math.hypot(1, sigma)


def dpmpp_2m(
    denoise: Denoiser, x: Tensor, sigmas: Sequence[float], noise: Callable[[], Tensor], *, eta: float = 0.0
) -> Sampling:
    """DPM-Solver++(2M), Lu et al. 2022b, algorithm 2: `ddim` in which the guess is replaced by that expected half-way
    through the step, counted in lambda = -log sigma, on the line through the last two guesses. Second order.
    eta: as in `ddim`.

    It follows that line no further than half its length, which the paper does not say: evenly spaced timesteps end in
    steps far longer in lambda than those before. After 20 of the cosine schedule a Gaussian's spread is 0.04 % off,
    10 % by the plain form and 8 % by `ddim`.
    """
    x0 = x
    for before, here, there in zip((None, *sigmas), sigmas, sigmas[1:], strict=False):
        last, x0 = x0, denoise(x, here).x0
        yield x0
        ahead = x0
        if before is not None and there > 0:  # the first step has no line yet, the last no middle
            ahead = x0 + min(math.log(here / there) / math.log(before / here), 1) / 2 * (x0 - last)
        x = _towards(ahead, x, here, there, noise, eta)
    return x0


def dpmpp_sde(denoise: Denoiser, x: Tensor, sigmas: Sequence[float], noise: Callable[[], Tensor]) -> Sampling:
    """SDE-DPM-Solver++(2M) of the same paper: the multistep form, one guess a step.

    It has as much noise as `ddpm` with the lower of its variances. On a Gaussian, mean and variance converge at second
    order.
    """
    return dpmpp_2m(denoise, x, sigmas, noise, eta=1.0)


def _towards(x0: Tensor, x: Tensor, here: float, there: float, noise: Callable[[], Tensor], eta: float) -> Tensor:
    """Steps from noise `here` to noise `there` >= 0 as if x0 were the clean image.

    Song et al. 2021, eq. 12 and 16, whose x_t are ours times sqrt(abar).
    """
    share = eta * math.sqrt(1 - (there / here) ** 2)  # of the noise that is drawn afresh
    x = x0 + there / here * math.sqrt(1 - share**2) * (x - x0)
    return x + there * share * noise() if there * share > 0 else x


def log_variance_bounds(here: float, there: float) -> tuple[float, float]:
    """Returns the least and greatest log of the posterior's variance from noise `here` to `there` > 0.

    Lower: Ho et al. 2020, eq. 7; upper: that step's beta (Nichol & Dhariwal 2021, section 3.1); both are those of the
    papers' x_t times 1 + there**2, since here x = x0 + sigma noise.
    """
    gap = here**2 - there**2
    return math.log(there**2 * gap / here**2), math.log((1 + there**2) * gap / (1 + here**2))


SAMPLERS: dict[str, Sampler] = {
    "ddim": ddim,
    "ddpm": ddpm,
    "heun": heun,
    "dpmpp_2m": dpmpp_2m,
    "dpmpp_sde": dpmpp_sde,
}
