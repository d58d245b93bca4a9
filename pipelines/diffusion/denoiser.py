"""A denoiser is a callable (x, sigma) -> its guess of the clean image; a network becomes one here.

x is x0 + sigma * noise throughout (Karras et al. 2022); the networks' own scaling stays inside `from_eps` and `from_v`.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from pipelines.diffusion.schedule import Sigmas, timestep_of


class Denoised(NamedTuple):
    """A denoiser's answer."""

    x0: Tensor  # (B, 3, H, W) in about [-1, 1]
    variance: Tensor | None  # like x0, 0 = the lower bound of the posterior's log-variance, 1 = the upper


Denoiser = Callable[[Tensor, float], Denoised]


Network = Callable[[Tensor, Tensor], Tensor]  # (x_t, t) -> its prediction and variance values, (B, 6, H, W)


def from_eps(network: Network, sigmas: Sigmas) -> Denoiser:
    """Makes the denoiser of a network that predicts the noise (Ho et al. 2020).

    Args:
        network: the network.
        sigmas: the schedule that it was trained on.
    """

    def denoise(x: Tensor, sigma: float) -> Denoised:
        eps, variance = _predict(network, sigmas, x, sigma)
        return Denoised(x - sigma * eps, (variance + 1) / 2)

    return denoise


def from_v(network: Network, sigmas: Sigmas) -> Denoiser:
    """Makes the denoiser of a network that predicts v = (eps - sigma x0) / sqrt(1 + sigma^2).

    That is the noise where there is little of it, and the picture where there is much (Salimans & Ho 2022, section 4).

    Args:
        network: the network.
        sigmas: the schedule that it was trained on.
    """

    def denoise(x: Tensor, sigma: float) -> Denoised:
        v, variance = _predict(network, sigmas, x, sigma)
        return Denoised(x / (1 + sigma**2) - sigma / (1 + sigma**2) ** 0.5 * v, (variance + 1) / 2)

    return denoise


def _predict(network: Network, sigmas: Sigmas, x: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
    """Runs the network on x, scaled to unit variance, and on sigma as a timestep of the schedule.

    Returns:
        The prediction and the variance values, (B, 3, H, W) each.
    """
    t = timestep_of(sigma, sigmas)
    prediction, variance = network(x / (1 + sigma**2) ** 0.5, torch.full((len(x),), t, device=x.device)).chunk(2, 1)
    return prediction, variance


DENOISERS: dict[str, Callable[[Network, Sigmas], Denoiser]] = {"eps": from_eps, "v": from_v}

# where sampling with each ends, as a timestep. Below that the weights of its loss, min(5 sigma^2, 1), leave v untrained
# (Hang et al. 2023), and what noise there is would stay in the picture
LAST = {"eps": 0, "v": 20}
