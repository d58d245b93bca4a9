"""Schedules, against those that GLIDE was run on; denoisers and their loss, against the noise that was put in."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from pipelines.diffusion.denoiser import DENOISERS
from pipelines.diffusion.loss import hybrid_loss, noise_levels
from pipelines.diffusion.schedule import TIMESTEPS, cosine_betas, ended, linear_betas, respaced, sigmas_of

DATA = Path(__file__).parents[1] / "data"


def test_schedules_are_those_of_the_released_models() -> None:
    known = np.load(DATA / "schedules.npz")
    np.testing.assert_array_equal(linear_betas(), known["betas/linear"])
    np.testing.assert_array_equal(cosine_betas(), known["betas/squaredcos_cap_v2"])


def test_every_spacing_is_that_of_the_released_models() -> None:
    known = np.load(DATA / "schedules.npz")
    spacings = [key.removeprefix("timesteps/") for key in known if key.startswith("timesteps/")]
    assert {"100", "ddim50", "10,10,3,2,2", "fast27"} <= set(spacings)
    for spacing in spacings:
        assert respaced(spacing) == known[f"timesteps/{spacing}"].tolist()
        if spacing.isdigit():
            assert respaced(int(spacing)) == respaced(spacing)


@pytest.mark.parametrize("steps", [1, 2, 3, 20, 999, 1000, 5000])
def test_respaced_steps_ascend_and_begin_at_pure_noise(steps: int) -> None:
    visited = respaced(steps)
    assert visited == sorted(set(visited)) and visited[-1] == TIMESTEPS - 1
    assert len(visited) == min(steps, TIMESTEPS)


@pytest.mark.parametrize("steps", [2, 8, 100, 980, 1000])
def test_steps_that_end_early_begin_as_the_others(steps: int) -> None:
    visited = ended(respaced(steps), 20)
    assert visited == sorted(set(visited)) and (visited[0], visited[-1]) == (20, TIMESTEPS - 1)
    assert len(visited) == min(steps, TIMESTEPS - 20)
    assert ended(respaced(steps), 0) == respaced(steps) and ended(respaced(1), 20) == respaced(1)


@pytest.mark.parametrize("spacing", ["334,333,333", "7,1,90", "1,2", "500,2"])
def test_each_section_has_its_own_steps(spacing: str) -> None:
    visited, counts = respaced(spacing), [int(count) for count in spacing.split(",")]
    # sections differ by one timestep at most, the longer ones first
    ends = np.cumsum([len(part) for part in np.array_split(np.arange(TIMESTEPS), len(counts))])
    assert np.histogram(visited, [0, *ends])[0].tolist() == counts
    assert visited == sorted(set(visited)) and visited[0] == 0


IMPOSSIBLE = [0, -3, "10,0", "10,-1", "", "10,", "many", "2.5", "600,10", "10,501", "fast28", "fast27,10"]


@pytest.mark.parametrize("spacing", [*IMPOSSIBLE, "ddim", "ddim0", "ddim1", "ddim300", "ddim25,25"])
def test_a_spacing_that_cannot_be_is_refused_with_a_sentence(spacing: int | str) -> None:
    with pytest.raises(ValueError, match=r".{20,}") as refused:
        respaced(spacing)
    assert str(spacing) in str(refused.value)


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
        return float(hybrid_loss(out, x0, eps, torch.tensor([t]), weight, noise_levels(sigmas), predicts))

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
    assert float(hybrid_loss(out, x0, eps, t, left, noise_levels(sigmas), "eps")) < 0.01
    assert float(hybrid_loss(out, x0, eps, t, 1 - left, noise_levels(sigmas), "eps")) > 0.1
