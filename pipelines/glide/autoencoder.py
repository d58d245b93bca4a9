"""A small VQ autoencoder, which blurs as DALL-E's does (van den Oord et al. 2017; Ramesh et al. 2021).

Convolutions alone, without norms: what becomes of a pixel follows from the pixels around it, whatever the picture's
size. Shapes: B batch, H W pixels, h w codes, K how many different codes there are, D features of one.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipelines.base import Pixels
from pipelines.errors import InvalidInput
from pipelines.glide.config import AutoencoderConfig
from pipelines.glide.pixels import to_images, to_tensor
from pipelines.glide.sized import load_sized
from pipelines.glide.unet import zeroed


class Residual(nn.Module):
    """(B, C, h, w) -> the same; it begins as the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.into, self.out = nn.Conv2d(channels, channels, 3, padding=1), zeroed(nn.Conv2d(channels, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.out(F.silu(self.into(F.silu(x))))


class Autoencoder(nn.Module):
    """Pictures to codes of a codebook, and back."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        widths = [mult * config.width for mult in config.mult]
        encoder: list[nn.Module] = []
        for before, after in pairwise([3, *widths]):
            encoder += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.SiLU()]
        encoder += [Residual(widths[-1]) for _ in range(config.blocks)]
        self.encoder = nn.Sequential(*encoder, nn.Conv2d(widths[-1], config.features, 1))
        decoder: list[nn.Module] = [nn.Conv2d(config.features, widths[-1], 3, padding=1)]
        decoder += [Residual(widths[-1]) for _ in range(config.blocks)]
        for before, after in pairwise([*reversed(widths), widths[0]]):
            decoder += [nn.SiLU(), nn.Upsample(scale_factor=2), nn.Conv2d(before, after, 3, padding=1)]
        self.decoder = nn.Sequential(*decoder, nn.SiLU(), nn.Conv2d(widths[0], 3, 3, padding=1))
        self.register_buffer("codebook", torch.zeros(config.codes, config.features))

    codebook: Tensor  # (K, D)

    def encode(self, x: Tensor) -> Tensor:
        """Encodes pictures.

        Args:
            x: (B, 3, H, W) in [-1, 1], both sides multiples of the factor.

        Returns:
            (B, D, h, w), each to be replaced by the nearest code.
        """
        return self.encoder(x)

    def nearest(self, features: Tensor) -> Tensor:
        """Finds the nearest code of each of (N, D) features: int64 (N,)."""
        # |z - c|^2 less |z|^2, which is the same for all codes
        return (self.codebook.square().sum(1) - 2 * features @ self.codebook.T).argmin(1)

    def codes(self, features: Tensor) -> Tensor:
        """Finds the nearest codes, in float32 whatever the network computes in.

        Args:
            features: (B, D, h, w), from `encode`.

        Returns:
            int64 (B, h, w)
        """
        with torch.autocast(features.device.type, enabled=False):
            rows = features.float().permute(0, 2, 3, 1)  # (B, h, w, D)
            return self.nearest(rows.flatten(0, 2)).unflatten(0, rows.shape[:3])

    def decode(self, features: Tensor) -> Tensor:
        """Decodes codes, as features (B, D, h, w), to pictures (B, 3, H, W)."""
        return self.decoder(features)

    def quantised(self, features: Tensor) -> Tensor:
        """Puts the nearest codes in the place of (B, D, h, w) features."""
        return self.codebook[self.codes(features)].permute(0, 3, 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Reconstructs pictures, (B, 3, H, W) in about [-1, 1]."""
        return self.decode(self.quantised(self.encode(x)))

    @torch.no_grad()
    def blurred(self, images: Pixels) -> Pixels:
        """Shows pictures as their codes say them, one after another, so that none depends on the others.

        Args:
            images: uint8 (N, H, W, 3).

        Returns:
            The same shape.

        Raises:
            InvalidInput: a side is no multiple of the factor.
        """
        factor, (height, width) = self.config.factor, images.shape[1:3]
        if height % factor or width % factor:
            raise InvalidInput(
                f"The autoencoder takes pictures whose sides are multiples of {factor} pixels, not {width}x{height}."
            )
        device = self.codebook.device
        shown = [to_images(self(to_tensor(image)[None].to(device))) for image in images]
        return np.concatenate(shown) if shown else images.copy()


def load_autoencoder(file: Path) -> Autoencoder:
    """Loads a trained autoencoder: see `load_sized`."""
    return load_sized(Autoencoder, AutoencoderConfig, file)
