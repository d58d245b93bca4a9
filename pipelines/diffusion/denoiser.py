"""A denoiser is a callable (x, sigma) -> its guess of the clean image; a network becomes one here.

x is x0 + sigma * noise throughout (Karras et al. 2022); the networks' own scaling stays inside `from_eps` and `from_v`.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from pipelines.diffusion.schedule import Sigmas, timestep_of


class Denoised(NamedTuple):
    x0: Tensor  # (B, 3, H, W) in about [-1, 1]
    variance: Tensor | None  # like x0, 0 = the lower bound of the posterior's log-variance, 1 = the upper


Denoiser = Callable[[Tensor, float], Denoised]


Network = Callable[[Tensor, Tensor], Tensor]  # (x_t, t) -> its prediction and variance values, (B, 6, H, W)


def from_eps(network: Network, sigmas: Sigmas) -> Denoiser:
    """The denoiser within a network that predicts the noise (Ho et al. 2020), trained on the schedule `sigmas`."""

    def denoise(x: Tensor, sigma: float) -> Denoised:
        eps, variance = _asked(network, sigmas, x, sigma)
        return Denoised(x - sigma * eps, (variance + 1) / 2)

    return denoise


def from_v(network: Network, sigmas: Sigmas) -> Denoiser:
    """The denoiser within a network that predicts v = (eps - sigma x0) / sqrt(1 + sigma^2) (Salimans & Ho 2022,
    section 4), which is the noise where there is little and the picture where there is much."""

    def denoise(x: Tensor, sigma: float) -> Denoised:
        v, variance = _asked(network, sigmas, x, sigma)
        return Denoised(x / (1 + sigma**2) - sigma / (1 + sigma**2) ** 0.5 * v, (variance + 1) / 2)

    return denoise


def _asked(network: Network, sigmas: Sigmas, x: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
    """The network's two answers; x is scaled to unit variance, and sigma named by its place in the schedule."""
    t = timestep_of(sigma, sigmas)
    prediction, variance = network(x / (1 + sigma**2) ** 0.5, torch.full((len(x),), t, device=x.device)).chunk(2, 1)
    return prediction, variance


DENOISERS: dict[str, Callable[[Network, Sigmas], Denoiser]] = {"eps": from_eps, "v": from_v}

# where sampling with each ends, as a timestep. Below that the weights of its loss, min(5 sigma^2, 1), leave v untaught
# (Hang et al. 2023), and what noise there is would stay in the picture
LAST = {"eps": 0, "v": 20}
