"""A small noise-aware classifier, trained here, draws the class that is asked for."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines.diffusion.denoiser import Denoised
from pipelines.diffusion.guidance import classifier_guided, clipped
from pipelines.diffusion.samplers import SAMPLERS, Noise
from pipelines.diffusion.schedule import TIMESTEPS, cosine_betas, respaced, sigmas_of
from pipelines.glide.classifier import NoisyClassifier
from pipelines.glide.config import ClassifierConfig

SIDE, DRAWN = 8, 100
SIGMAS = sigmas_of(cosine_betas())


def pictures() -> tuple[Tensor, Tensor]:
    """Three kinds of picture in two colourings each, (6, 3, SIDE, SIDE) in [-1, 1], and the kind of each."""
    y, x = torch.meshgrid(*[torch.linspace(-1, 1, SIDE)] * 2, indexing="ij")
    kinds = [(inside.float() * 2 - 1) for inside in (x > 0, y > 0, x**2 + y**2 < 0.6)]
    colours = torch.tensor([[0.9, 0.2, -0.3], [-0.8, 0.4, 0.6]])[:, :, None, None]
    return torch.cat([kind * colours for kind in kinds]), torch.arange(3).repeat_interleave(2)


PICTURES, KINDS = pictures()


def any_picture(x: Tensor, sigma: float) -> Denoised:
    """The exact denoiser of one of PICTURES, each as likely: their mean, weighted by how well each explains x."""
    distance = ((x[:, None] - PICTURES) ** 2).flatten(2).sum(2)  # (B, 6)
    return Denoised(torch.einsum("bk,kchw->bchw", (-distance / (2 * sigma**2)).softmax(1), PICTURES), None)


@pytest.fixture(scope="module")
def classifier() -> NoisyClassifier:
    """Trained as in Dhariwal & Nichol 2021: on pictures noised to a random timestep."""
    random = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = NoisyClassifier(
            ClassifierConfig(SIDE, 16, (1, 2), 1, head=8, groups=4, classes=("a half", "the other", "a disc"))
        )
    steps, table = 100, torch.from_numpy(SIGMAS).float()
    optimizer = torch.optim.AdamW(network.parameters(), 4e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, steps)
    for _ in range(steps):
        which = torch.randint(len(PICTURES), (64,), generator=random)
        t = torch.randint(TIMESTEPS, (64,), generator=random)
        sigma = table[t][:, None, None, None]
        x = PICTURES[which] + sigma * torch.randn(64, 3, SIDE, SIDE, generator=random)
        loss = F.cross_entropy(network(x / (1 + sigma**2).sqrt(), t), KINDS[which])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.requires_grad_(False)


def drawn(classifier: NoisyClassifier, asked: Tensor, scale: float) -> Tensor:
    """The kind of picture that each of DRAWN images, of which `asked` was asked, came out as."""
    visited = [*(float(SIGMAS[t]) for t in reversed(respaced(20))), 0.0]
    noise = Noise(range(DRAWN), (3, SIDE, SIDE), torch.device("cpu"))
    denoise = classifier_guided(any_picture, classifier.log_probability(asked, SIGMAS), scale)
    with torch.no_grad():
        *_, last = SAMPLERS["dpmpp_sde"](clipped(denoise), noise() * visited[0], visited, noise)
    distance = ((last[:, None] - PICTURES) ** 2).flatten(2).mean(2)
    assert float(distance.min(1).values.max()) < 0.01  # each is one of the pictures
    return KINDS[distance.argmin(1)]


def test_guidance_by_a_trained_classifier_draws_the_class_asked_for(classifier: NoisyClassifier) -> None:
    asked = torch.arange(DRAWN) % 3
    unguided = float((drawn(classifier, asked, 0.0) == asked).float().mean())
    assert unguided == pytest.approx(1 / 3, abs=0.15)
    assert float((drawn(classifier, asked, 8.0) == asked).float().mean()) >= 0.95


def test_log_probability_speaks_in_sigma_and_the_network_in_timesteps(classifier: NoisyClassifier) -> None:
    x, t = torch.randn(6, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(2)), 600  # x_t, of about unit variance
    sigma = float(SIGMAS[t])
    ours = classifier.log_probability(KINDS, SIGMAS)(x * (1 + sigma**2) ** 0.5, sigma)
    its = classifier(x, torch.full((6,), float(t))).log_softmax(1)
    assert torch.allclose(ours, its[torch.arange(6), KINDS], atol=1e-5)


def test_log_probability_sums_to_one_and_knows_how_much_it_can_know(classifier: NoisyClassifier) -> None:
    noise = torch.randn(len(PICTURES), 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    for sigma, right in ((0.1, 1.0), (float(SIGMAS[-1]), 1 / 3)):
        x = PICTURES + sigma * noise
        each = torch.stack([classifier.log_probability(torch.full_like(KINDS, k), SIGMAS)(x, sigma) for k in range(3)])
        assert each.shape == (3, len(PICTURES)) and torch.allclose(each.exp().sum(0), torch.ones(len(PICTURES)))
        assert float(each.gather(0, KINDS[None]).exp().mean()) == pytest.approx(right, abs=0.1)
