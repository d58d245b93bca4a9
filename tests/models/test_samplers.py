"""Samplers, on a Gaussian whose denoiser, flow and moments are known exactly."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from pipelines.base import run as run_to_its_end
from pipelines.diffusion.denoiser import Denoised, Denoiser
from pipelines.diffusion.guidance import clipped, keeping
from pipelines.diffusion.samplers import SAMPLERS, Noise, Sampler, Sampling, ddim, ddpm, log_variance_bounds
from pipelines.diffusion.schedule import cosine_betas, linear_betas, respaced, sigmas_of

CPU = torch.device("cpu")
MEAN, SPREAD = 0.3, 0.5  # of the Gaussian that stands for the data
FRESH: dict[str, Sampler] = {  # those that draw noise on the way
    "ddpm": ddpm,
    "ddim": partial(ddim, eta=1.0),
    "dpmpp_sde": SAMPLERS["dpmpp_sde"],
}


def gaussian(x: Tensor, sigma: float) -> Denoised:
    """The exact denoiser of N(MEAN, SPREAD^2), and the exact variance of its reverse step, unknown here."""
    share = SPREAD**2 / (SPREAD**2 + sigma**2)
    return Denoised(MEAN + share * (x - MEAN), None)


def run(sampling: Sampling) -> tuple[list[Tensor], Tensor]:
    """What a sampler yields, and what it returns."""
    guesses: list[Tensor] = []
    last = run_to_its_end(sampling, guesses.append)
    return guesses, last


def drawing(like: Tensor, seed: int = 5) -> Callable[[], Tensor]:
    random = torch.Generator().manual_seed(seed)
    return lambda: torch.randn(like.shape, generator=random, dtype=like.dtype)


def never() -> Tensor:
    raise AssertionError("a sampler that needs no noise asked for some")


def karras(steps: int, high: float = 80.0, low: float = 0.002) -> list[float]:
    ramp = np.linspace(high ** (1 / 7), low ** (1 / 7), steps) ** 7
    return [*(float(sigma) for sigma in ramp), 0.0]


def evenly(steps: int, betas: Callable[[], np.ndarray] = cosine_betas) -> list[float]:
    sigmas = sigmas_of(betas())
    return [*(float(sigmas[t]) for t in reversed(respaced(steps))), 0.0]


def moments(sampler: Sampler, sigmas: list[float]) -> tuple[float, float]:
    """How far off the mean and the spread of a sampler's last guess are, relative to the true spread; exact.

    On a Gaussian the guess is linear in all noise drawn: with one image for each draw, in which that draw alone is 1,
    its coefficients are read off. x begins as the data's N(MEAN, SPREAD^2) and the noise over it.
    """
    width = len(sigmas) + 1
    drawn = iter(torch.eye(width, dtype=torch.float64).reshape(width, width, 1, 1, 1)[2:])
    x = torch.full((width, 1, 1, 1), MEAN, dtype=torch.float64)
    x[1] += math.hypot(sigmas[0], SPREAD)
    last = run(sampler(gaussian, x, sigmas, lambda: next(drawn)))[1].flatten()
    spread = float((last[1:] - last[0]).norm())
    # the last guess is made at the lowest noise, not at none
    true_spread = SPREAD**2 / math.hypot(SPREAD, sigmas[-2])
    return (float(last[0]) - MEAN) / true_spread, spread / true_spread - 1


def orders(errors: list[float]) -> list[float]:
    """Of convergence, from errors at ever twice as many steps."""
    return (np.log2(np.abs(errors[:-1])) - np.log2(np.abs(errors[1:]))).tolist()


@pytest.mark.parametrize("name, order", [("ddim", 1), ("heun", 2), ("dpmpp_2m", 2)])
def test_deterministic_samplers_converge_at_their_order(name: str, order: int) -> None:
    x = torch.linspace(-2, 2, 101, dtype=torch.float64)[None, None, None] * 80
    low = 0.002
    # the exact flow of a Gaussian keeps each point's place in the distribution; its last guess is made at `low`
    exact = MEAN + (x - MEAN) * SPREAD**2 / (math.hypot(SPREAD, low) * math.hypot(SPREAD, 80))
    errors = []
    for steps in (40, 80, 160):
        last = run(SAMPLERS[name](gaussian, x, karras(steps, low=low), never))[1]
        errors.append(float((last - exact).abs().max()))
    assert orders(errors) == pytest.approx([order, order], abs=0.15)


@pytest.mark.parametrize("name, order", [("ddpm", 1), ("ddim", 1), ("dpmpp_sde", 2)])
def test_stochastic_samplers_reach_mean_and_variance_at_their_order(name: str, order: int) -> None:
    means, spreads = zip(*(moments(FRESH[name], karras(steps)) for steps in (80, 160, 320)), strict=True)
    assert max(map(abs, means)) < 1e-12
    assert orders(list(spreads)) == pytest.approx([order, order], abs=0.15)
    assert abs(spreads[-1]) < (0.02 if order == 1 else 0.0004)


def test_ddpm_has_the_mean_and_the_variance_of_many_draws() -> None:
    random = torch.Generator().manual_seed(3)
    x = torch.randn(1, 1, 200, 200, generator=random, dtype=torch.float64) * 80
    drawn = run(ddpm(gaussian, x, karras(400), drawing(x)))[1]
    assert float(drawn.mean()) == pytest.approx(MEAN, abs=0.01)
    assert float(drawn.std()) == pytest.approx(SPREAD, rel=0.03)


@pytest.mark.parametrize("betas", [cosine_betas, linear_betas])
@pytest.mark.parametrize("name", ["heun", "dpmpp_2m", "dpmpp_sde"])
def test_second_order_pays_at_few_of_the_released_timesteps(name: str, betas: Callable[[], np.ndarray]) -> None:
    # the cosine schedule's first step leads from sigma 20,000 to 20, and both end in steps long in log sigma
    for steps in (12, 20, 27):
        first = "ddpm" if name in FRESH else "ddim"
        ours, plain = (abs(moments(SAMPLERS[which], evenly(steps, betas))[1]) for which in (name, first))
        assert ours < plain / (1.5 if name == "heun" else 2)  # whose last long step is ddim's


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize(
    "sigmas, twice", [([9.0, 0.0], []), ([9.0, 3.0, 0.0], [3.0]), ([80.0, 79.9, 0.02, 0.01, 0.0], [79.9, 0.01])]
)
def test_samplers_ask_as_often_as_they_say_and_never_without_noise(
    name: str, sigmas: list[float], twice: list[float]
) -> None:
    """twice: where heun asks again; not after the long step to 0.02, of which a network could say nothing there."""
    asked = []

    def denoise(x: Tensor, sigma: float) -> Denoised:
        asked.append(sigma)
        return gaussian(x, sigma)

    x = torch.full((2, 3, 4, 4), 5.0)
    guesses, last = run(SAMPLERS[name](denoise, x, sigmas, drawing(x) if name in FRESH and name != "ddim" else never))
    steps = len(sigmas) - 1
    assert len(guesses) == steps and guesses[-1] is last
    assert sorted(asked) == sorted(sigmas[:-1] + (twice if name == "heun" else []))
    assert torch.equal(guesses[0], gaussian(x, sigmas[0]).x0) and bool(last.isfinite().all())


@pytest.mark.parametrize("name", ["ddim", "heun", "dpmpp_2m"])
@pytest.mark.parametrize("steps", [3, 4, 10])
def test_a_picture_known_from_the_start_is_reached_in_any_number_of_steps(name: str, steps: int) -> None:
    sigmas, asked = evenly(steps, linear_betas), []

    def denoise(x: Tensor, sigma: float) -> Denoised:
        asked.append((x, sigma))
        return Denoised(torch.full_like(x, 0.5), None)

    noise = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    run(SAMPLERS[name](denoise, 0.5 + sigmas[0] * noise, sigmas, never))
    x, sigma = asked[-1]
    if name != "heun":  # whose trapezoid is exact to its order alone
        assert torch.allclose(x, 0.5 + sigma * noise)
    assert float((x - 0.5).abs().mean()) < 3 * sigma


@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers_take_no_steps_and_no_images(name: str) -> None:
    x = torch.ones(1, 3, 4, 4)
    guesses, last = run(SAMPLERS[name](gaussian, x, [0.0], never))
    assert guesses == [] and torch.equal(last, x)
    noise = Noise((), (3, 4, 4), CPU)
    assert run(SAMPLERS[name](clipped(gaussian, 99.0), noise() * 3, [3.0, 1.0, 0.0], noise))[1].shape == (0, 3, 4, 4)


def test_eta_spans_from_no_noise_to_ddpm_with_its_lower_variance() -> None:
    x, sigmas = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 9, [9.0, 3.0, 0.4, 0.0]
    whole, lower = (run(sampler(gaussian, x, sigmas, drawing(x)))[1] for sampler in (FRESH["ddim"], ddpm))
    assert torch.allclose(whole, lower, atol=1e-6)
    # with no guess before it to draw a line through, dpmpp_sde begins as they do
    one = [run(sampler(gaussian, x, [9.0, 3.0, 0.0], drawing(x)))[1] for sampler in FRESH.values()]
    assert torch.allclose(one[0], one[1], atol=1e-6) and torch.allclose(one[0], one[2], atol=1e-6)
    # between the two, the marginals stay: the spread still converges to the data's (section 4.1)
    errors = [moments(partial(ddim, eta=0.5), karras(steps))[1] for steps in (160, 320)]
    assert orders(errors) == pytest.approx([1], abs=0.15)


@pytest.mark.parametrize("v, bound", [(0.0, 0), (1.0, 1)])
def test_learned_variance_reaches_both_bounds(v: float, bound: int) -> None:
    x, here, there = torch.zeros(1, 3, 4, 4, dtype=torch.float64), 2.0, 0.7

    def denoise(x: Tensor, sigma: float) -> Denoised:
        return Denoised(x if sigma == there else torch.zeros_like(x), torch.full_like(x, v))

    # the first guess is nothing, so that what the second is asked of is the step's noise alone
    last = run(ddpm(denoise, x, [here, there, 0.0], lambda: torch.ones_like(x)))[1]
    assert torch.allclose(2 * last.log(), torch.full_like(x, log_variance_bounds(here, there)[bound]), rtol=1e-12)


def test_the_variance_lies_between_its_bounds() -> None:
    for here, there in ((80.0, 60.0), (1.0, 0.5), (0.02, 0.01)):
        lower, upper = log_variance_bounds(here, there)
        assert lower < upper
        # beta of that step and beta tilde, written in abar as in the papers
        abar, before = 1 / (1 + here**2), 1 / (1 + there**2)
        beta = 1 - abar / before
        assert np.exp(upper) == pytest.approx(beta * (1 + there**2))
        assert np.exp(lower) == pytest.approx(beta * (1 - before) / (1 - abar) * (1 + there**2))


def textured(x: Tensor, sigma: float) -> Denoised:
    """Not linear, different at every pixel, with a variance to mix."""
    place = torch.linspace(-1, 1, x[0].numel()).reshape(x[0].shape)
    return Denoised(torch.tanh(x / (1 + sigma) + place), (place + 1).expand_as(x) / 2)


@pytest.mark.parametrize("name", SAMPLERS)
def test_known_pixels_survive_every_sampler(name: str) -> None:
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1)) * 9
    known = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(2)) * 2 - 1
    keep = (torch.arange(8) < 4).float().expand(1, 1, 8, 8)

    def wild(x: Tensor, sigma: float) -> Denoised:
        return Denoised(2 * textured(x, sigma).x0, None)

    both: list[Denoiser] = [keeping(clipped(wild), known, keep), clipped(keeping(wild, known, keep))]
    for denoise in both:
        guesses, _ = run(SAMPLERS[name](denoise, x, [9.0, 3.0, 1.0, 0.1, 0.0], drawing(x)))
        for guess in guesses:
            assert torch.equal(guess[..., :4], known[..., :4]) and float(guess.abs().max()) <= 1


@pytest.mark.parametrize("name", SAMPLERS)
def test_an_image_is_the_same_again_and_in_any_batch(name: str) -> None:
    def drawn(*seeds: int) -> Tensor:
        noise, sigmas = Noise(seeds, (3, 16, 16), CPU), evenly(6)
        return run(SAMPLERS[name](textured, noise() * sigmas[0], sigmas, noise))[1]

    together = drawn(1, 2, 3)
    assert torch.equal(together, drawn(1, 2, 3)) and not torch.equal(together[0], together[1])
    for i, seed in enumerate((1, 2, 3)):
        assert torch.equal(together[i], drawn(seed)[0])


def test_noise_follows_from_its_own_seed_alone() -> None:
    together, alone = Noise((1, 2, 3), (3, 4, 4), CPU), Noise((2,), (3, 4, 4), CPU)
    drawn = [(together(), alone()) for _ in range(3)]
    assert all(torch.equal(three[1], one[0]) for three, one in drawn)
    assert not torch.equal(drawn[0][1], drawn[1][1])
