"""Noise schedules: how much noise there is at each of 1,000 timesteps, and which of them a sampler visits."""

import numpy as np
from numpy.typing import NDArray

TIMESTEPS = 1000
Sigmas = NDArray[np.float64]


def linear_betas() -> Sigmas:
    """Ho et al. 2020, section 4: from 1e-4 to 0.02."""
    return np.linspace(1e-4, 0.02, TIMESTEPS)


def cosine_betas() -> Sigmas:
    """Nichol & Dhariwal 2021, eq. 17: abar follows a squared cosine; beta is cut at 0.999."""
    abar = np.cos((np.arange(TIMESTEPS + 1) / TIMESTEPS + 0.008) / 1.008 * np.pi / 2) ** 2
    return np.minimum(1 - abar[1:] / abar[:-1], 0.999)


SCHEDULES = {"linear": linear_betas, "cosine": cosine_betas}


def sigmas_of(betas: Sigmas) -> Sigmas:
    """Noise over signal at each timestep, sqrt((1 - abar) / abar), ascending (Karras et al. 2022 write it sigma)."""
    abar = np.cumprod(1 - betas)
    return np.sqrt((1 - abar) / abar)


def respaced(steps: int) -> list[int]:
    """`steps` timesteps evenly over all of them, ascending; first and last are always visited (Nichol & Dhariwal 2021,
    section 4). More steps than there are timesteps give all of them."""
    steps = min(steps, TIMESTEPS)
    if steps == 1:
        return [TIMESTEPS - 1]
    stride, at, visited = (TIMESTEPS - 1) / (steps - 1), 0.0, []
    for _ in range(steps):  # adding up, rounding errors and all, visits what the released models were run on
        visited.append(round(at))
        at += stride
    return visited
