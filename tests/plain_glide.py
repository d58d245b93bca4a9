"""GLIDE's UNet transcribed plainly from the paper: what the fast one is measured against, and held equal to.

No attention kernel, no cached text, PyTorch's own memory layout: the text transformer runs at every step.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines.glide.unet import Attention, ResBlock, UNet, timestep_embedding


def plain_unet(
    network: UNet,
    x: Tensor,
    t: Tensor,
    tokens: Tensor,
    real: Tensor,
    known: Tensor | None = None,
    keep: Tensor | None = None,
    low: Tensor | None = None,
) -> Tensor:
    """What `network` answers, by its parameters alone; arguments as its `encode` and `forward` take them."""
    text, pooled = _text(network, tokens, real)  # (B, D, L), (B, E)
    embedding = network.time_embed(timestep_embedding(t, network.config.width)) + pooled
    if known is not None and keep is not None:
        x = torch.cat([x, known * keep, keep], 1)
    if low is not None:
        x = torch.cat([x, F.interpolate(low, x.shape[2:], mode="bilinear", align_corners=False)], 1)
    skips = []
    for stage in network.input_blocks:
        x = _stage(stage, x, embedding, text)
        skips.append(x)
    x = _stage(network.middle_block, x, embedding, text)
    for stage in network.output_blocks:
        x = _stage(stage, torch.cat([x, skips.pop()], 1), embedding, text)
    return network.out(x)


def _attended(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """(..., channels, pixels), (..., channels, tokens) twice -> like q."""
    weights = torch.softmax(torch.einsum("...cp,...ct->...pt", q, k) / q.shape[-2] ** 0.5, -1)
    return torch.einsum("...pt,...ct->...cp", weights, v)


def _text(network: UNet, tokens: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
    x = network.token_embedding(tokens) + network.positional_embedding
    x = torch.where(real[..., None], x, network.padding_embedding)
    blocks: Any = network.transformer.resblocks
    for block in blocks:
        qkv = block.attn.c_qkv(block.ln_1(x)).unflatten(2, (block.attn.heads, -1)).permute(0, 2, 3, 1)
        h = _attended(*qkv.chunk(3, 2)).flatten(1, 2).transpose(1, 2)
        x = x + block.attn.c_proj(h)
        x = x + block.mlp.c_proj(F.gelu(block.mlp.c_fc(block.ln_2(x))))
    x = network.final_ln(x)
    return x.transpose(1, 2), network.transformer_proj(x[:, -1])


def _stage(stage: Any, x: Tensor, embedding: Tensor, text: Tensor) -> Tensor:
    for layer in stage:
        if isinstance(layer, ResBlock):
            x = _res_block(layer, x, embedding)
        else:
            x = _attention(layer, x, text) if isinstance(layer, Attention) else layer(x)
    return x


def _res_block(block: ResBlock, x: Tensor, embedding: Tensor) -> Tensor:
    def resampled(x: Tensor) -> Tensor:
        if block.resample == 2:
            return F.interpolate(x, scale_factor=2, mode="nearest")
        return F.avg_pool2d(x, 2) if block.resample == 0.5 else x

    norm, _, conv = block.in_layers
    h = conv(resampled(F.silu(norm(x))))
    norm, _, _, conv = block.out_layers
    scale, shift = block.emb_layers[1](F.silu(embedding))[..., None, None].chunk(2, 1)
    h = conv(F.silu(norm(h) * (1 + scale) + shift))
    return block.skip_connection(resampled(x)) + h


def _attention(layer: Attention, x: Tensor, text: Tensor) -> Tensor:
    batch, channels = x.shape[:2]
    qkv = layer.qkv(layer.norm(x).flatten(2)).reshape(batch * layer.heads, -1, x[0, 0].numel())
    kv = layer.encoder_kv(text).reshape(batch * layer.heads, -1, text.shape[2])
    (q, k, v), (text_k, text_v) = qkv.chunk(3, 1), kv.chunk(2, 1)
    h = _attended(q, torch.cat([text_k, k], 2), torch.cat([text_v, v], 2))
    return x + layer.proj_out(h.reshape(batch, channels, -1)).reshape(x.shape)
