"""GLIDE's text transformer (Nichol et al. 2021, section 3.1). Parameter names are those of OpenAI's released files.

Shapes: B batch, L tokens, D width, N heads.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Encoded(NamedTuple):
    """A prompt as the transformer reads it."""

    states: Tensor  # (B, L, D) every token
    pooled: Tensor  # (B, E) the last token projected, added to the time embedding


class SelfAttention(nn.Module):
    """Each token attends to all."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.c_qkv = nn.Linear(width, 3 * width)
        self.c_proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        # the released weights keep q, k and v of one head together
        q, k, v = self.c_qkv(x).unflatten(2, (self.heads, -1)).transpose(1, 2).chunk(3, -1)  # (B, N, L, D/N)
        return self.c_proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))  # (B, L, D)


class Mlp(nn.Module):
    """A token's own two layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width)
        self.c_proj = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.c_proj(F.gelu(self.c_fc(x)))


class Block(nn.Module):
    """A block of the transformer."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attn = SelfAttention(width, heads)
        self.ln_1 = nn.LayerNorm(width)
        self.mlp = Mlp(width)
        self.ln_2 = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    """Blocks that see every token from every token: no causal mask, no padding mask."""

    def __init__(self, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList(Block(width, heads) for _ in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        for block in self.resblocks:
            x = block(x)
        return x


class TextEncoder(nn.Module):
    """Turns token ids into `Encoded`. The base class of the UNet, since the released files have both in one."""

    def __init__(self, vocabulary: int, context: int, width: int, layers: int, heads: int, embedding: int) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.positional_embedding = nn.Parameter(torch.empty(context, width))
        self.padding_embedding = nn.Parameter(torch.empty(context, width))
        self.transformer = Transformer(width, layers, heads)
        self.final_ln = nn.LayerNorm(width)
        self.transformer_proj = nn.Linear(width, embedding)
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        nn.init.normal_(self.positional_embedding, std=0.01)
        nn.init.normal_(self.padding_embedding, std=0.02)

    def read(self, tokens: Tensor, real: Tensor) -> Encoded:
        """Reads prompts.

        Args:
            tokens: int (B, L).
            real: bool (B, L), False where the learned padding stands in.
        """
        x = self.token_embedding(tokens) + self.positional_embedding  # (B, L, D)
        x = torch.where(real[..., None], x, self.padding_embedding.to(x.dtype))
        x = self.final_ln(self.transformer(x))
        return Encoded(x, self.transformer_proj(x[:, -1]))
