"""The noise algebra, on a Gaussian whose denoiser is known exactly, and against the schedules GLIDE was run on."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from pipelines.diffusion.denoiser import DENOISERS, Denoised, Denoiser
from pipelines.diffusion.guidance import clipped, guided, keeping
from pipelines.diffusion.loss import hybrid_loss
from pipelines.diffusion.samplers import SAMPLERS, Noise, ddim, ddpm, log_variance_bounds
from pipelines.diffusion.schedule import TIMESTEPS, cosine_betas, linear_betas, respaced, sigmas_of

DATA = Path(__file__).parent / "data"
CPU = torch.device("cpu")
MEAN, SPREAD = 0.3, 0.5  # of the Gaussian that stands for the data


def gaussian(x: Tensor, sigma: float) -> Denoised:
    """The exact denoiser of N(MEAN, SPREAD^2), and the exact variance of its reverse step, unknown here."""
    share = SPREAD**2 / (SPREAD**2 + sigma**2)
    return Denoised(MEAN + share * (x - MEAN), None)


def sampled(sampler: str, denoise: Denoiser, x: Tensor, sigmas: list[float]) -> Tensor:
    random = torch.Generator().manual_seed(5)
    steps = SAMPLERS[sampler](denoise, x, sigmas, lambda: torch.randn(x.shape, generator=random, dtype=x.dtype))
    seen = 0
    while True:
        try:
            next(steps)
            seen += 1
        except StopIteration as end:
            assert seen == len(sigmas) - 1
            return end.value


def karras(steps: int, high: float = 80.0, low: float = 0.002) -> list[float]:
    ramp = np.linspace(high ** (1 / 7), low ** (1 / 7), steps) ** 7
    return [*(float(sigma) for sigma in ramp), 0.0]


def test_schedules_are_those_of_the_released_models() -> None:
    known = np.load(DATA / "schedules.npz")
    np.testing.assert_array_equal(linear_betas(), known["betas/linear"])
    np.testing.assert_array_equal(cosine_betas(), known["betas/squaredcos_cap_v2"])
    for steps in (25, 27, 50, 100, 250):
        assert respaced(steps) == known[f"timesteps/{steps}"].tolist()


@pytest.mark.parametrize("steps", [1, 2, 3, 20, 999, 1000, 5000])
def test_respaced_steps_ascend_and_begin_at_pure_noise(steps: int) -> None:
    visited = respaced(steps)
    assert visited == sorted(set(visited)) and visited[-1] == TIMESTEPS - 1
    assert len(visited) == min(steps, TIMESTEPS)


def test_ddim_converges_at_first_order() -> None:
    x = torch.linspace(-2, 2, 101, dtype=torch.float64)[None, None, None] * 80
    # the exact flow of a Gaussian keeps each point's place in the distribution
    exact = MEAN + (x - MEAN) * SPREAD / (SPREAD**2 + 80.0**2) ** 0.5
    errors = [float((sampled("ddim", gaussian, x, karras(n)) - exact).abs().max()) for n in (40, 80, 160)]
    orders = np.log2(errors[:-1]) - np.log2(errors[1:])
    assert orders == pytest.approx([1, 1], abs=0.15)


def test_ddpm_has_the_mean_and_the_variance() -> None:
    random = torch.Generator().manual_seed(3)
    x = torch.randn(1, 1, 300, 300, generator=random, dtype=torch.float64) * 80
    # the exact denoiser's x0 is uncertain by this much, which the posterior's variance must carry
    drawn = sampled("ddpm", gaussian, x, karras(400))
    assert float(drawn.mean()) == pytest.approx(MEAN, abs=0.01)
    assert float(drawn.std()) == pytest.approx(SPREAD, rel=0.02)


def test_the_variance_lies_between_its_bounds() -> None:
    for here, there in ((80.0, 60.0), (1.0, 0.5), (0.02, 0.01)):
        lower, upper = log_variance_bounds(here, there)
        assert lower < upper
        # beta of that step and beta tilde, written in abar as in the papers
        abar, before = 1 / (1 + here**2), 1 / (1 + there**2)
        beta = 1 - abar / before
        assert np.exp(upper) == pytest.approx(beta * (1 + there**2))
        assert np.exp(lower) == pytest.approx(beta * (1 - before) / (1 - abar) * (1 + there**2))


def test_guidance_mixes_the_noises() -> None:
    x = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    targets = torch.cat([torch.full_like(x, 0.5), torch.full_like(x, -0.1)])

    def both(doubled: Tensor, sigma: float) -> Denoised:
        assert torch.equal(doubled[:2], doubled[2:])
        return Denoised(targets, torch.arange(4.0)[:, None, None, None].expand_as(doubled))

    for scale, wanted in ((0.0, -0.1), (1.0, 0.5), (3.0, 1.7)):
        x0, variance = guided(both, scale)(x, 2.0)
        assert torch.allclose(x0, torch.full_like(x, wanted))
        assert variance is not None and variance[:, 0, 0, 0].tolist() == [0, 1]  # the prompt's half


def test_known_pixels_and_range_hold_in_either_order() -> None:
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1)) * 9
    known = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(2)) * 2 - 1
    keep = (torch.arange(8) < 4).float().expand(1, 1, 8, 8)

    def wild(x: Tensor, sigma: float) -> Denoised:
        return Denoised(x, None)

    for denoise in (keeping(clipped(wild), known, keep), clipped(keeping(wild, known, keep))):
        x0 = denoise(x, 1.0).x0
        assert torch.equal(x0[..., :4], known[..., :4]) and float(x0.abs().max()) <= 1
        for sampler in (ddim, ddpm):
            steps = sampler(denoise, x, [3.0, 1.0, 0.1, 0.0], lambda: torch.zeros_like(x))
            assert all(torch.equal(guess[..., :4], known[..., :4]) for guess in steps)


def test_noise_follows_from_its_own_seed_alone() -> None:
    together, alone = Noise((1, 2, 3), (3, 4, 4), CPU), Noise((2,), (3, 4, 4), CPU)
    for _ in range(3):
        assert torch.equal(together()[1], alone()[0])


@pytest.mark.parametrize("predicts", ["eps", "v"])
@pytest.mark.parametrize("t", [0, 1, 300, 600])
def test_the_loss_is_least_at_the_truth(t: int, predicts: str) -> None:
    random = torch.Generator().manual_seed(t)
    sigmas = sigmas_of(cosine_betas())
    x0 = torch.rand(1, 3, 8, 8, generator=random) * 1.8 - 0.9
    eps = torch.randn(1, 3, 8, 8, generator=random)
    weight = torch.ones(1, 1, 8, 8)

    sigma = sigmas[t]
    truth = eps if predicts == "eps" else (eps - sigma * x0) / (1 + sigma**2) ** 0.5

    def loss(predicted: Tensor, v: float) -> float:
        out = torch.cat([predicted, torch.full_like(eps, v)], 1)
        return float(hybrid_loss(out, x0, eps, torch.tensor([t]), weight, sigmas, predicts))

    # a perfect guess has no variance beyond the posterior's own, which is the lower bound
    assert 0 <= loss(truth, -1.0) < loss(truth, 0.0) < loss(truth, 1.0)
    assert loss(truth, -1.0) < loss(truth + 0.1, -1.0)


@pytest.mark.parametrize("predicts", DENOISERS)
@pytest.mark.parametrize("t", [5, 500, 950])
def test_a_denoiser_undoes_what_its_network_predicts(t: int, predicts: str) -> None:
    random = torch.Generator().manual_seed(t)
    sigmas = sigmas_of(cosine_betas())
    x0, eps = (torch.randn(1, 3, 4, 4, generator=random, dtype=torch.float64) for _ in range(2))
    sigma = float(sigmas[t])
    truth = eps if predicts == "eps" else (eps - sigma * x0) / (1 + sigma**2) ** 0.5

    def network(x: Tensor, at: Tensor) -> Tensor:
        assert float(at) == pytest.approx(t) and float(x.std()) < 2
        return torch.cat([truth, torch.zeros_like(truth)], 1)

    guess = DENOISERS[predicts](network, sigmas)(x0 + sigma * eps, sigma)
    assert torch.allclose(guess.x0, x0) and guess.variance is not None and float(guess.variance.mean()) == 0.5


def test_the_loss_weighs_pixels() -> None:
    random = torch.Generator().manual_seed(0)
    x0, eps = torch.rand(2, 1, 3, 8, 8, generator=random)
    out = torch.zeros(1, 6, 8, 8)
    left = (torch.arange(8) < 4).float().expand(1, 1, 8, 8)
    out[..., :4] = torch.cat([eps, -torch.ones_like(eps)], 1)[..., :4]  # right on the left half alone
    t, sigmas = torch.tensor([500]), sigmas_of(cosine_betas())
    assert float(hybrid_loss(out, x0, eps, t, left, sigmas, "eps")) < 0.01
    assert float(hybrid_loss(out, x0, eps, t, 1 - left, sigmas, "eps")) > 0.1
