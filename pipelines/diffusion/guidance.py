"""Guidance as algebra: each takes a denoiser and gives one. No sampler knows of text or masks."""

import torch
from torch import Tensor

from pipelines.diffusion.denoiser import Denoised, Denoiser


def guided(both: Denoiser, scale: float) -> Denoiser:
    """Classifier-free guidance (Ho & Salimans 2021, eq. 6; Nichol et al. 2021, eq. 2).

    `both` denoises a doubled batch: the first half with the prompt, the second with the negative or empty one.
    """

    def denoise(x: Tensor, sigma: float) -> Denoised:
        (x0, other), variance = (d := both(x.repeat(2, 1, 1, 1), sigma)).x0.chunk(2), d.variance
        # noise is affine in x0 at a given x, so mixing the guesses is mixing the noises
        return Denoised(other + scale * (x0 - other), None if variance is None else variance[: len(x)])

    return denoise


def clipped(denoise: Denoiser) -> Denoiser:
    """Guesses outside the range of pixels are cut to it (Ho et al. 2020's public code; static thresholding)."""

    def clip(x: Tensor, sigma: float) -> Denoised:
        x0, variance = denoise(x, sigma)
        return Denoised(x0.clamp(-1, 1), variance)

    return clip


def keeping(denoise: Denoiser, known: Tensor, keep: Tensor) -> Denoiser:
    """Known pixels are re-imposed on every guess. known: (B, 3, H, W); keep: (B, 1, H, W), 1 = known."""

    def kept(x: Tensor, sigma: float) -> Denoised:
        x0, variance = denoise(x, sigma)
        return Denoised(torch.lerp(x0, known.expand_as(x0), keep.expand_as(x0)), variance)

    return kept
