"""Guidance as algebra: each takes a denoiser and gives one. No sampler knows of text or masks.

Any may wrap any other; the innermost acts first. Read from the inside, the usual order is guided, clip_guided or
classifier_guided, clipped, keeping: what moves a guess, then what bounds it, then what is known. The variance passes
through all of them.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from pipelines.diffusion.denoiser import Denoised, Denoiser

GUIDED_BELOW = 10.0  # noise level above which a picture's share of the variance is under 1 % (data of deviation 1)


def guided(both: Denoiser, scale: float) -> Denoiser:
    """Adds classifier-free guidance (Ho & Salimans 2021, eq. 6; Nichol et al. 2021, eq. 2).

    Args:
        both: denoises a doubled batch, the first half with the prompt, the second with the negative or empty one.
        scale: of the guidance; 1 leaves the guess with the prompt as it is.

    Returns:
        A denoiser of the batch itself.
    """

    def denoise(x: Tensor, sigma: float) -> Denoised:
        (x0, other), variance = (d := both(x.repeat(2, 1, 1, 1), sigma)).x0.chunk(2), d.variance
        # noise is affine in x0 at a given x, so mixing the guesses is mixing the noises
        return Denoised(other + scale * (x0 - other), None if variance is None else variance[: len(x)])

    return denoise


def classifier_guided(denoise: Denoiser, log_probability: Callable[[Tensor, float], Tensor], scale: float) -> Denoiser:
    """Adds classifier guidance, towards pictures of which y is true (Dhariwal & Nichol 2021, eq. 13-14, algorithm 2).

    By Tweedie's formula x0 = x + sigma^2 grad log p(x), so p(x) p(y | x)^scale adds scale * sigma^2 grad log p(y | x).
    The gradient is taken under torch.no_grad too, but not under torch.inference_mode. Above GUIDED_BELOW there is none:
    x says hardly anything of y there, so that what a network says is its error, and sigma^2 makes it a picture's worth.

    Args:
        denoise: the denoiser to guide.
        log_probability: (x, sigma) -> (B,), log p(y | x) up to a constant, differentiable in x, float32, which is
            x0 + sigma * noise; each value must follow from its own image alone.
        scale: 1 gives the posterior, more exaggerates, 0 changes nothing.
    """
    if scale == 0:
        return denoise

    def steered(x: Tensor, sigma: float) -> Denoised:
        x0, variance = denoise(x, sigma)
        if sigma > GUIDED_BELOW:
            return Denoised(x0, variance)
        with torch.enable_grad():
            at = x.detach().float().requires_grad_()
            (gradient,) = torch.autograd.grad(log_probability(at, sigma).sum(), at)
        return Denoised(x0 + scale * sigma**2 * gradient.to(x0.dtype), variance)

    return steered


def clip_guided(denoise: Denoiser, similarity: Callable[[Tensor, float], Tensor], scale: float) -> Denoiser:
    """Adds CLIP guidance (Nichol et al. 2021, section 2.4).

    Args:
        denoise: the denoiser to guide.
        similarity: (x, sigma) -> (B,), the noised CLIP's dot product of image and text, which takes the place of
            log p(y | x) in `classifier_guided`.
        scale: as there.
    """
    return classifier_guided(denoise, similarity, scale)


def clipped(denoise: Denoiser, percentile: float | None = None) -> Denoiser:
    """Brings guesses outside the range of pixels back into it.

    Args:
        denoise: the denoiser whose guesses they are.
        percentile: None to cut them (static thresholding; Ho et al. 2020's public code). Else in (0, 100], such as
            99.5: an image in which that share of |x0| reaches beyond 1 is cut there and divided by it (dynamic
            thresholding; Saharia et al. 2022, section 2.3), which dims known pixels too unless `keeping` comes after.
    """

    def clip(x: Tensor, sigma: float) -> Denoised:
        x0, variance = denoise(x, sigma)
        if percentile is None or len(x0) == 0:  # no images have no percentile
            return Denoised(x0.clamp(-1, 1), variance)
        reach = x0.abs().flatten(1).quantile(percentile / 100, 1).clamp(min=1)[:, None, None, None]
        return Denoised(x0.clamp(-reach, reach) / reach, variance)

    return clip


def keeping(denoise: Denoiser, picture: Tensor, keep: Tensor) -> Denoiser:
    """Puts the known pixels back into every guess.

    Args:
        denoise: the denoiser whose guesses they are.
        picture: (B, 3, H, W), with the known pixels.
        keep: (B, 1, H, W), 1 = known.
    """

    def denoise_and_keep(x: Tensor, sigma: float) -> Denoised:
        x0, variance = denoise(x, sigma)
        return Denoised(torch.lerp(x0, picture.expand_as(x0), keep.expand_as(x0)), variance)

    return denoise_and_keep
