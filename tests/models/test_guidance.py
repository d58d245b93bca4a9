"""Guidance, held against algebra: exact posteriors, and what wrappers around wrappers must come to."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pipelines import load
from pipelines.base import Request, run
from pipelines.diffusion.denoiser import Denoised, Denoiser
from pipelines.diffusion.guidance import GUIDED_BELOW, classifier_guided, clip_guided, clipped, guided, keeping

MEAN, SPREAD = 0.3, 0.5  # of the Gaussian that stands for the data
SHAPE = (2, 3, 4, 4)


def values(seed: int, scale: float = 1.0) -> Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed)) * scale


def gaussian(mean: Tensor | float, spread: float) -> Denoiser:
    """The exact denoiser of N(mean, spread^2)."""

    def denoise(x: Tensor, sigma: float) -> Denoised:
        return Denoised(mean + spread**2 / (spread**2 + sigma**2) * (x - mean), torch.zeros_like(x))

    return denoise


def seen(y: Tensor, blur: float) -> Callable[[Tensor, float], Tensor]:
    """log p(y | x) of seeing y = x0 + blur * noise, when x0 is `gaussian`'s."""

    def log_probability(x: Tensor, sigma: float) -> Tensor:
        x0 = gaussian(MEAN, SPREAD)(x, sigma).x0
        unsure = SPREAD**2 * sigma**2 / (SPREAD**2 + sigma**2) + blur**2
        return -((y - x0) ** 2).flatten(1).sum(1) / (2 * unsure)

    return log_probability


def never(x: Tensor, sigma: float) -> Tensor:
    raise AssertionError("a gradient was asked for")


def test_guidance_mixes_the_noises() -> None:
    x = values(0)
    targets = torch.cat([torch.full_like(x, 0.5), torch.full_like(x, -0.1)])

    def both(doubled: Tensor, sigma: float) -> Denoised:
        assert torch.equal(doubled[:2], doubled[2:])
        return Denoised(targets, torch.arange(4.0)[:, None, None, None].expand_as(doubled))

    for scale, wanted in ((0.0, -0.1), (1.0, 0.5), (3.0, 1.7)):
        x0, variance = guided(both, scale)(x, 2.0)
        assert torch.allclose(x0, torch.full_like(x, wanted))
        assert variance is not None and variance[:, 0, 0, 0].tolist() == [0, 1]  # the prompt's half


@pytest.mark.parametrize("sigma", [0.01, 0.5, 3.0, GUIDED_BELOW])
@pytest.mark.parametrize("guide", [classifier_guided, clip_guided])
def test_a_gradient_makes_the_posterior(
    guide: Callable[[Denoiser, Callable[[Tensor, float], Tensor], float], Denoiser], sigma: float
) -> None:
    # a Gaussian seen through Gaussian noise is a Gaussian again, whose denoiser is as exact; each image saw another y
    y, x, blur = values(1), values(2, sigma) + values(3), 0.4
    gain = SPREAD**2 / (SPREAD**2 + blur**2)
    exact = gaussian(MEAN + gain * (y - MEAN), (SPREAD**2 * (1 - gain)) ** 0.5)(x, sigma).x0
    with torch.no_grad():
        x0, variance = guide(gaussian(MEAN, SPREAD), seen(y, blur), 1.0)(x, sigma)
    assert torch.allclose(x0, exact, atol=1e-4) and not x0.requires_grad
    assert variance is not None and torch.equal(variance, torch.zeros_like(x))
    plain = gaussian(MEAN, SPREAD)(x, sigma).x0
    twice = guide(gaussian(MEAN, SPREAD), seen(y, blur), 2.0)(x, sigma).x0
    assert torch.allclose(twice - plain, 2 * (exact - plain), atol=1e-4)


def test_a_gradient_leaves_its_input_and_the_other_images_alone() -> None:
    x = values(4)
    before = x.clone()
    guide = classifier_guided(gaussian(MEAN, SPREAD), seen(values(5), 0.4), 3.0)
    together = guide(x, 1.0).x0
    assert torch.equal(x, before) and not x.requires_grad and x.grad is None
    other = torch.cat([x[:1], x[1:] + 100])
    assert torch.equal(guide(other, 1.0).x0[0], together[0])


@pytest.mark.parametrize("guide", [classifier_guided, clip_guided])
def test_where_there_is_only_noise_nothing_guides(guide: Callable[..., Denoiser]) -> None:
    x, sigma = values(2, 20_000.0), 20_000.0
    assert torch.equal(guide(gaussian(MEAN, SPREAD), never, 1.0)(x, sigma).x0, gaussian(MEAN, SPREAD)(x, sigma).x0)


def test_a_little_of_the_embedded_clip_changes_a_little() -> None:
    """What a network makes of pure noise, times its variance, once spoilt the first step at any scale."""
    picture, mask = np.full((256, 256, 3), 128, np.uint8), np.zeros((256, 256), np.uint8)
    mask[64:192, 64:192] = 255
    painter = load("glide-mini")

    def painted(scale: float) -> Any:
        request = Request(picture, mask, "a red couch", "", 1.0, scale, 1.0, 4, "dpmpp_2m", (3,))
        return run(painter.inpaint(request)).astype(int)

    none, little, more = (painted(scale) for scale in (0.0, 0.01, 8.0))
    assert np.abs(little - none).mean() < 0.5 < np.abs(more - none).mean()


@pytest.mark.parametrize("guide", [classifier_guided, clip_guided])
def test_no_scale_is_no_guidance(guide: Callable[..., Denoiser]) -> None:
    denoise = gaussian(MEAN, SPREAD)
    assert guide(denoise, never, 0.0) is denoise


def test_a_gradient_comes_in_the_guess_s_own_precision() -> None:
    x = values(6).double()
    x0 = classifier_guided(gaussian(MEAN, SPREAD), seen(values(7), 0.4), 1.0)(x, 1.0).x0
    assert x0.dtype == torch.float64


def test_a_percentile_scales_only_images_that_reach_beyond_the_range() -> None:
    guess = torch.cat([values(8)[:1].clamp(-0.9, 0.9), torch.linspace(-4, 4, 48).reshape(1, *SHAPE[1:])])
    x0, variance = clipped(lambda x, sigma: Denoised(guess, x), 75.0)(guess, 1.0)
    assert torch.equal(x0[0], guess[0]) and variance is guess
    # |x0| is even between 0 and 4: three quarters of it lie below 3
    assert torch.allclose(x0[1], (guess[1] / 3).clamp(-1, 1), atol=0.02)
    assert float(x0.abs().max()) == 1
    static = clipped(lambda x, sigma: Denoised(guess, None))(guess, 1.0).x0
    assert torch.equal(static, guess.clamp(-1, 1))
    alone = clipped(lambda x, sigma: Denoised(guess[1:], None), 75.0)(guess[1:], 1.0).x0
    assert torch.equal(alone[0], x0[1])


@pytest.mark.parametrize("percentile", [None, 90.0])
@pytest.mark.parametrize("order", list(permutations(("steer", "clip", "keep"))), ids="-".join)
def test_guidance_composes_in_every_order(order: tuple[str, ...], percentile: float | None) -> None:
    x, known, sigma, scale = values(9, 3.0), values(10).clamp(-1, 1), 2.0, 0.3
    keep = (torch.arange(4) < 2).float().expand(2, 1, 4, 4)
    prompted, other, direction = values(11, 2.0), values(12, 2.0), values(13)
    place = torch.rand(SHAPE, generator=torch.Generator().manual_seed(14))
    batches = []

    def both(doubled: Tensor, sigma: float) -> Denoised:
        return Denoised(torch.cat([prompted, other]), torch.cat([place, 1 - place]))

    def similarity(x: Tensor, sigma: float) -> Tensor:
        batches.append(x.detach().clone())
        return (direction * x).flatten(1).sum(1)

    def threshold(x0: Tensor) -> Tensor:
        if percentile is None:
            return x0.clamp(-1, 1)
        reach = [max(1.0, float(image.abs().quantile(percentile / 100))) for image in x0]
        return torch.stack([image.clamp(-s, s) / s for image, s in zip(x0, reach, strict=True)])

    wrap: dict[str, Callable[[Denoiser], Denoiser]] = {
        "steer": lambda inner: clip_guided(inner, similarity, scale),
        "clip": lambda inner: clipped(inner, percentile),
        "keep": lambda inner: keeping(inner, known, keep),
    }
    algebra: dict[str, Callable[[Tensor], Tensor]] = {
        "steer": lambda x0: x0 + scale * sigma**2 * direction,
        "clip": threshold,
        "keep": lambda x0: torch.where(keep > 0, known, x0),
    }
    denoise, expected = guided(both, 3.0), other + 3 * (prompted - other)
    for name in order:
        denoise, expected = wrap[name](denoise), algebra[name](expected)
    with torch.no_grad():
        x0, variance = denoise(x, sigma)

    assert torch.allclose(x0, expected, atol=1e-5)
    assert variance is not None and torch.equal(variance, place)
    assert len(batches) == 1 and torch.equal(batches[0], x)  # the images themselves, not the doubled batch
    if order[-1] == "keep" or (order[1:] == ("keep", "clip") and percentile is None):
        assert torch.equal(x0[..., :2], known[..., :2])
    if "clip" in order[-2:] and order[-1] != "steer":
        assert float(x0.abs().max()) <= 1


def test_guided_steers_each_half_when_the_gradient_lies_within() -> None:
    # the gradient then sees the doubled batch, and the same push on both halves is that push on their mix
    x, direction = values(15), values(16)
    targets = torch.cat([values(17), values(18)])

    def similarity(doubled: Tensor, sigma: float) -> Tensor:
        return (direction.repeat(2, 1, 1, 1) * doubled).flatten(1).sum(1)

    def both(doubled: Tensor, sigma: float) -> Denoised:
        return Denoised(targets, None)

    within = guided(clip_guided(both, similarity, 0.5), 3.0)(x, 1.0).x0
    around = clip_guided(guided(both, 3.0), lambda x, sigma: (direction * x).flatten(1).sum(1), 0.5)(x, 1.0).x0
    assert torch.allclose(within, around, atol=1e-5)
