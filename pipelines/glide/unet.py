"""GLIDE's UNet: ADM's (Dhariwal & Nichol 2021) with text tokens in its attention (Nichol et al. 2021, section 3).

One class for all four released forms; parameter names are those of OpenAI's files.
Shapes: B batch, C channels, H W pixels, L text tokens, D text width, E time embedding.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipelines.glide.config import UNetConfig
from pipelines.glide.text_encoder import TextEncoder

Layer = TypeVar("Layer", bound=nn.Module)


def timestep_embedding(t: Tensor, width: int) -> Tensor:
    """Returns sinusoids of the timestep, cosines first (Vaswani et al. 2017).

    Args:
        t: (B,), may be fractional.
        width: how many sinusoids.

    Returns:
        (B, width)
    """
    rates = torch.exp(-math.log(10_000) * torch.arange(width // 2, device=t.device) / (width // 2))
    angles = t.float()[:, None] * rates
    return torch.cat([angles.cos(), angles.sin()], 1)


def zeroed(module: Layer) -> Layer:
    """Sets a layer's parameters to zero, so that what the layer is added to begins as the identity."""
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    return module


class Text(NamedTuple):
    """An encoded prompt: all a UNet needs to know of it, the same at every step."""

    keys_values: tuple[tuple[Tensor, Tensor], ...]  # (B, heads, L, head) twice, for each attention in its order
    pooled: Tensor  # (B, E) added to the time embedding


def beside(texts: Sequence[Text]) -> Text:
    """Joins texts of P prompts each: the first of each text, then the second of each, and so on."""
    if len(texts) == 1:
        return texts[0]

    def joined(parts: Sequence[Tensor]) -> Tensor:
        return torch.stack(list(parts), 1).flatten(0, 1)

    pairs = zip(*(text.keys_values for text in texts), strict=True)  # of each attention, the pairs of all texts
    keys_values = tuple((joined([k for k, _ in each]), joined([v for _, v in each])) for each in pairs)
    return Text(keys_values, joined([text.pooled for text in texts]))


class ResBlock(nn.Module):
    """Scale-shift residual block that may halve or double the resolution (`resample` 0.5, 1 or 2)."""

    def __init__(self, channels: int, out: int, embedding: int, groups: int, resample: float = 1) -> None:
        super().__init__()
        self.resample = resample
        self.in_layers = nn.Sequential(
            nn.GroupNorm(groups, channels), nn.SiLU(inplace=True), nn.Conv2d(channels, out, 3, padding=1)
        )
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(embedding, 2 * out))
        self.out_layers = nn.Sequential(
            nn.GroupNorm(groups, out), nn.SiLU(inplace=True), nn.Identity(), zeroed(nn.Conv2d(out, out, 3, padding=1))
        )  # the Identity holds the place of dropout, which the released names count
        self.skip_connection = nn.Identity() if channels == out else nn.Conv2d(channels, out, 1)

    def _resampled(self, x: Tensor) -> Tensor:
        if self.resample == 2:
            return F.interpolate(x, scale_factor=2, mode="nearest")
        return F.avg_pool2d(x, 2) if self.resample == 0.5 else x

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        norm, activation, conv = self.in_layers
        h = conv(self._resampled(activation(norm(x))))  # (B, out, H', W')
        scale, shift = self.emb_layers(embedding)[..., None, None].chunk(2, 1)
        norm, activation, _, conv = self.out_layers
        h = conv(activation(torch.addcmul(shift, norm(h), 1 + scale)))
        return h.add_(self.skip_connection(self._resampled(x)))


class Attention(nn.Module):
    """Pixels attend to the text's tokens and to each other (section 3.1: keys and values are concatenated)."""

    def __init__(self, channels: int, head: int, text: int, groups: int) -> None:
        super().__init__()
        self.heads = channels // head
        self.norm = nn.GroupNorm(groups, channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.encoder_kv = nn.Conv1d(text, 2 * channels, 1)
        self.proj_out = zeroed(nn.Conv1d(channels, channels, 1))

    def project(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Computes the text's keys and values.

        Args:
            states: (B, L, D).

        Returns:
            (B, heads, L, head) each.
        """
        keys, values = self._heads(self.encoder_kv, states, 2)
        return keys, values

    def forward(self, x: Tensor, text: tuple[Tensor, Tensor]) -> Tensor:
        tokens = self.norm(x).flatten(2).transpose(1, 2)  # (B, HW, C): what channels_last memory is already
        q, k, v = self._heads(self.qkv, tokens, 3)
        k, v = (torch.cat(pair, 2) for pair in zip(text, (k, v), strict=True))
        h = F.scaled_dot_product_attention(q, k, v)
        h = F.linear(h.transpose(1, 2).flatten(2), self.proj_out.weight[..., 0], self.proj_out.bias)  # (B, HW, C)
        return x + h.transpose(1, 2).unflatten(2, x.shape[2:])

    def _heads(self, projection: nn.Conv1d, tokens: Tensor, parts: int) -> tuple[Tensor, ...]:
        """(B, T, D) -> parts of (B, heads, T, head); the files keep one head's parts together."""
        projected = F.linear(tokens, projection.weight[..., 0], projection.bias)
        return projected.unflatten(2, (self.heads, -1)).transpose(1, 2).chunk(parts, -1)


class Stage(nn.ModuleList):
    """Layers in a row. `texts` gives the keys and values for each attention in turn."""

    def forward(self, x: Tensor, embedding: Tensor, texts: Iterator[tuple[Tensor, Tensor]]) -> Tensor:
        for layer in self:
            if isinstance(layer, ResBlock):
                x = layer(x, embedding)
            else:
                x = layer(x, next(texts)) if isinstance(layer, Attention) else layer(x)
        return x


class UNet(TextEncoder):
    """x_t, t and text -> noise and variance values. See `forward`."""

    def __init__(self, config: UNetConfig) -> None:
        width, embedding = config.width, 4 * config.width
        super().__init__(
            config.vocabulary, config.context, config.text_width, config.text_layers, config.text_heads, embedding
        )
        self.config = config
        self.time_embed = nn.Sequential(nn.Linear(width, embedding), nn.SiLU(), nn.Linear(embedding, embedding))

        def block(channels: int, out: int, resample: float = 1) -> ResBlock:
            return ResBlock(channels, out, embedding, config.groups, resample)

        def layers(channels: int, out: int, side: int) -> Stage:
            return Stage([block(channels, out), *([attention(out)] if side in config.attend else [])])

        def attention(channels: int) -> Attention:
            return Attention(channels, config.head, config.text_width, config.groups)

        side, channels, skips = config.size, config.mult[0] * width, [config.mult[0] * width]
        self.input_blocks = nn.ModuleList([Stage([nn.Conv2d(config.channels_in, channels, 3, padding=1)])])
        for level, mult in enumerate(config.mult):
            if level:
                self.input_blocks.append(Stage([block(channels, channels, resample=0.5)]))
                skips.append(channels)
                side //= 2
            for _ in range(config.blocks):
                self.input_blocks.append(layers(channels, mult * width, side))
                channels = mult * width
                skips.append(channels)
        self.middle_block = Stage([block(channels, channels), attention(channels), block(channels, channels)])
        self.output_blocks = nn.ModuleList()
        for level, mult in reversed(list(enumerate(config.mult))):
            for _ in range(config.blocks + 1):
                stage = layers(channels + skips.pop(), mult * width, side)
                self.output_blocks.append(stage)
                channels = mult * width
            if level:
                stage.append(block(channels, channels, resample=2))
                side *= 2
        self.out = nn.Sequential(
            nn.GroupNorm(config.groups, channels), nn.SiLU(inplace=True), zeroed(nn.Conv2d(channels, 6, 3, padding=1))
        )

    def encode(self, tokens: Tensor, real: Tensor) -> Text:
        """Encodes prompts.

        Args:
            tokens: int (B, L).
            real: bool (B, L), False where the learned padding stands in.
        """
        states, pooled = self.read(tokens, real)
        attentions = (layer for layer in self.modules() if isinstance(layer, Attention))
        return Text(tuple(layer.project(states) for layer in attentions), pooled)

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        text: Text,
        known: Tensor | None = None,
        keep: Tensor | None = None,
        low: Tensor | None = None,
    ) -> Tensor:
        """Predicts the noise in `x` and where its variance lies.

        Args:
            x: (B, 3, H, W), sqrt(abar) x0 + sqrt(1 - abar) eps.
            t: (B,), timesteps in [0, 1000).
            text: the prompts, from `encode`.
            known: (B, 3, H, W) in [-1, 1], with the known pixels, for an inpainting form; None: nothing is known.
            keep: (B, 1, H, W), 1 = known, likewise.
            low: (B, 3, H/4, W/4) in [-1, 1], for an upsampling form.

        Returns:
            (B, 6, H, W): noise, then the variance's place between its bounds, -1 .. 1.
        """
        first = self.time_embed[0]
        assert isinstance(first, nn.Linear)
        kind = first.weight.dtype
        embedding = self.time_embed(timestep_embedding(t, self.config.width).to(kind)) + text.pooled  # (B, E)
        parts = [x]
        if self.config.inpaint:
            if known is None or keep is None:
                known, keep = torch.zeros_like(x), torch.zeros_like(x[:, :1])
            parts += [known * keep, keep]
        if self.config.upsample:
            assert low is not None, "an upsampling form needs its low-resolution picture"
            parts.append(F.interpolate(low, x.shape[2:], mode="bilinear", align_corners=False))
        h = torch.cat(parts, 1).to(kind, memory_format=torch.channels_last)  # (B, channels_in, H, W)
        skips, texts = [], iter(text.keys_values)
        for stage in self.input_blocks:
            h = stage(h, embedding, texts)
            skips.append(h)
        h = self.middle_block(h, embedding, texts)
        for stage in self.output_blocks:
            h = stage(torch.cat([h, skips.pop()], 1), embedding, texts)
        return self.out(h).float()
