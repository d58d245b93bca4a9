"""What a network is trained on: the hybrid loss of Nichol & Dhariwal 2021 (eq. 16), with min-SNR weights."""

import math

import numpy as np
import torch
from torch import Tensor

from pipelines.diffusion.schedule import Sigmas

MIN_SNR = 5.0  # Hang et al. 2023, section 3.4


def noise_levels(sigmas: Sigmas) -> Tensor:
    """Returns float (T + 1,): 0, the noise level of a finished picture, then each timestep's."""
    return torch.from_numpy(np.concatenate([[0.0], sigmas])).float()


def hybrid_loss(
    out: Tensor, x0: Tensor, eps: Tensor, t: Tensor, weight: Tensor, levels: Tensor, predicts: str
) -> Tensor:
    """Computes the batch's mean of the prediction's squared error and of the bound that trains the variance.

    Args:
        out: (B, 6, H, W), the network's answer to x0 + sigma * eps scaled to unit variance, at the timesteps.
        x0: (B, 3, H, W), the pictures.
        eps: (B, 3, H, W), the noise.
        t: int (B,), the timesteps.
        weight: (B, 1, H, W), how much each pixel counts.
        levels: `noise_levels` of the schedule.
        predicts: "eps" or "v", as in `DENOISERS`.

    Returns:
        A scalar.
    """
    prediction, variance = out.chunk(2, 1)
    # nothing comes before the first timestep: its bounds are those of the second, as in Ho et al. 2020's public code
    here, there = (levels[t.clamp(min=1) + i][:, None, None, None] for i in (1, 0))
    sigma = levels[t + 1][:, None, None, None]
    weight = weight / weight.mean((1, 2, 3), keepdim=True)
    target = eps if predicts == "eps" else (eps - sigma * x0) / (1 + sigma**2).sqrt()
    error = prediction - target
    simple = (MIN_SNR * sigma**2).clamp(max=1) * error**2  # min(SNR, 5) / SNR
    # how far off the picture is by that error: times sigma for the noise, times sigma / sqrt(1 + sigma^2) for v
    off = sigma if predicts == "eps" else sigma / (1 + sigma**2).sqrt()
    x0_hat = (x0 - off * error.detach()).clamp(-1, 1)
    bound = _bound((variance + 1) / 2, x0, x0_hat, here, there, (t == 0)[:, None, None, None])
    return (weight * (simple + bound)).mean()


def _bound(v: Tensor, x0: Tensor, x0_hat: Tensor, here: Tensor, there: Tensor, last: Tensor) -> Tensor:
    """The variational bound of one reverse step in bits per value, (B, 3, H, W).

    KL from the true posterior to the model's (Ho et al. 2020, eq. 5; Nichol & Dhariwal 2021, section 3.1), and at the
    last step the likelihood of the 8-bit picture.
    """
    gap = here**2 - there**2
    lower = (there**2 * gap / here**2).log()
    upper = ((1 + there**2) * gap / (1 + here**2)).log()
    log_variance = v * upper + (1 - v) * lower
    # both means mix x and x0 alike, so they differ by their x0's alone; the last mean is x0 itself
    difference = torch.where(last, 1.0, gap / here**2) * (x0 - x0_hat)
    kl = 0.5 * (log_variance - lower + (lower - log_variance).exp() - 1 + difference**2 * (-log_variance).exp())
    half = 1 / 255  # of a pixel's level, in [-1, 1]
    spread = (-0.5 * log_variance).exp()
    above, below = _normal_cdf((difference + half) * spread), _normal_cdf((difference - half) * spread)
    inside = torch.where(x0 > 0.999, 1 - below, torch.where(x0 < -0.999, above, above - below))
    return torch.where(last, -inside.clamp(min=1e-12).log(), kl) / math.log(2)


def _normal_cdf(x: Tensor) -> Tensor:
    return 0.5 * (1 + torch.erf(x / math.sqrt(2)))
