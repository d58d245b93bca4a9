"""What a noise-aware classifier learns: to name what is under the noise (Dhariwal & Nichol 2021, section 4)."""

from dataclasses import asdict

import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines.diffusion.loss import noise_levels
from pipelines.diffusion.schedule import SCHEDULES, TIMESTEPS, sigmas_of
from pipelines.glide.classifier import NoisyClassifier
from pipelines.glide.config import ClassifierConfig
from pipelines.training.trainer import StepNoise


class Classification:
    """An `Objective`: a classifier of pictures at every noise level, each as often.

    Args:
        config: its sizes.
        seed: of its noise and scenes.
        device: where it learns.
    """

    def __init__(self, config: ClassifierConfig, seed: int, device: torch.device) -> None:
        torch.manual_seed(seed)
        self.seed, self.config = seed, config
        self.network = NoisyClassifier(config).to(device)
        self._levels = noise_levels(sigmas_of(SCHEDULES["cosine"]())).to(device)

    @property
    def course(self) -> dict[str, object]:
        return {"network": asdict(self.config)}

    def loss(self, batch: dict[str, Tensor], noise: StepNoise) -> Tensor:
        """See `Objective`. The batch is that of `labelled.Labelled`."""
        x0, t = batch["x0"], noise.integers(TIMESTEPS)
        sigma = self._levels[t + 1][:, None, None, None]
        x = (x0 + sigma * noise.normal(*x0.shape[1:])) / (1 + sigma**2).sqrt()
        return F.cross_entropy(self.network(x, t).float(), batch["kind"])
