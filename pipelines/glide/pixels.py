"""Pixels to tensors and back: uint8 HWC outside the networks, float CHW in [-1, 1] inside; rounded, never truncated."""

import torch
from torch import Tensor

from pipelines.base import Pixels


def to_tensor(image: Pixels) -> Tensor:
    """Turns uint8 (H, W, 3) into float (3, H, W) in [-1, 1]."""
    return torch.from_numpy(image.copy()).permute(2, 0, 1).float() / 127.5 - 1


def eight_bit(x: Tensor) -> Tensor:
    """Rounds to the nearest values of [-1, 1] that 8 bits can say."""
    return ((x.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1


def to_images(x: Tensor) -> Pixels:
    """Turns float (N, 3, H, W) into uint8 (N, H, W, 3); the inverse of `to_tensor`, cut to its range."""
    return ((x.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
