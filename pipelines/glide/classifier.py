"""ADM's classifier of noisy pictures (Dhariwal & Nichol 2021, section 4 and appendix), whose gradient guides.

The UNet's way down and an attention pool (Radford et al. 2021, section 2.4). What attention the released classifiers
have between their residual blocks is left out. Shapes: B batch, C channels, H W pixels, E time embedding, K classes.
"""

from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipelines.diffusion.schedule import Sigmas, timestep_of
from pipelines.glide.config import ClassifierConfig
from pipelines.glide.sized import load_sized
from pipelines.glide.unet import ResBlock, timestep_embedding


class AttentionPool(nn.Module):
    """One token, the mean of all pixels, attends to them and to itself."""

    def __init__(self, channels: int, side: int, head: int, out: int) -> None:
        super().__init__()
        self.heads = channels // head
        self.place = nn.Parameter(torch.randn(1 + side**2, channels) / channels**0.5)
        self.q, self.kv = nn.Linear(channels, channels), nn.Linear(channels, 2 * channels)
        self.out = nn.Linear(channels, out)

    def forward(self, x: Tensor) -> Tensor:
        pixels = x.flatten(2).transpose(1, 2)  # (B, HW, C)
        tokens = torch.cat([pixels.mean(1, keepdim=True), pixels], 1) + self.place
        q, k, v = (
            part.unflatten(2, (self.heads, -1)).transpose(1, 2)  # (B, heads, 1 or 1 + HW, head)
            for part in (self.q(tokens[:, :1]), *self.kv(tokens).chunk(2, 2))
        )
        return self.out(F.scaled_dot_product_attention(q, k, v).flatten(1))  # (B, out)


class NoisyClassifier(nn.Module):
    """x_t and t -> what the picture under the noise may be. See `forward`."""

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        width, embedding = config.width, 4 * config.width
        self.config = config
        self.time_embed = nn.Sequential(nn.Linear(width, embedding), nn.SiLU(), nn.Linear(embedding, embedding))
        channels, side = config.mult[0] * width, config.size
        self.first = nn.Conv2d(3, channels, 3, padding=1)
        self.blocks = nn.ModuleList()
        for level, mult in enumerate(config.mult):
            if level:
                self.blocks.append(ResBlock(channels, channels, embedding, config.groups, resample=0.5))
                side //= 2
            for _ in range(config.blocks):
                self.blocks.append(ResBlock(channels, mult * width, embedding, config.groups))
                channels = mult * width
        self.norm = nn.GroupNorm(config.groups, channels)
        self.pool = AttentionPool(channels, side, config.head, len(config.classes))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Classifies noisy pictures.

        Args:
            x: (B, 3, H, W), sqrt(abar) x0 + sqrt(1 - abar) eps.
            t: (B,), timesteps in [0, 1000), may be fractional.

        Returns:
            (B, K), logits.
        """
        embedding = self.time_embed(timestep_embedding(t, self.config.width))  # (B, E)
        h = self.first(x)
        for block in self.blocks:
            h = block(h, embedding)  # (B, C, H', W')
        return self.pool(F.silu(self.norm(h)))

    def log_probability(self, y: Tensor, sigmas: Sigmas) -> Callable[[Tensor, float], Tensor]:
        """Makes the log p(y | x) of `classifier_guided`.

        Args:
            y: int (B,), the class that each image should have.
            sigmas: the schedule that this was trained on.

        Returns:
            (x, sigma) -> (B,), where x = x0 + sigma * noise.
        """

        def log_probability(x: Tensor, sigma: float) -> Tensor:
            t = torch.full((len(x),), timestep_of(sigma, sigmas), device=x.device)
            logits = self(x / (1 + sigma**2) ** 0.5, t)
            return -F.cross_entropy(logits, y.to(x.device), reduction="none")

        return log_probability


def load_classifier(file: Path) -> NoisyClassifier:
    """Loads a trained classifier: see `load_sized`."""
    return load_sized(NoisyClassifier, ClassifierConfig, file)
