"""GLIDE's noised CLIP (Nichol et al. 2021, section 3.3): how well a noisy picture and a text agree.

Two transformers after Radford et al. 2021; the image's knows how noisy its picture is. Parameter names are those of
OpenAI's released files. Shapes: B batch, L tokens or patches, D width, F features.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipelines.diffusion.schedule import Sigmas, timestep_of
from pipelines.glide.config import ClipConfig

MEANS = (122.77093945, 116.74601272, 104.09373519)  # of the channels, in levels of 0 .. 255
STDS = (68.50053285, 66.63215831, 70.32316309)


def initialised(*shape: int, std: float) -> nn.Parameter:
    """Makes a parameter, normally distributed."""
    parameter = nn.Parameter(torch.empty(shape))
    nn.init.normal_(parameter, std=std)
    return parameter


class LayerNorm(nn.Module):
    """Layer normalisation under the released names."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.g = nn.Parameter(torch.ones(width))
        self.b = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, self.g.shape, self.g, self.b)


class Affine(nn.Module):
    """A linear layer under the released names."""

    def __init__(self, width: int, out: int, bias: bool = True) -> None:
        super().__init__()
        self.w = initialised(out, width, std=width**-0.5)
        self.b = nn.Parameter(torch.zeros(out)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.w, self.b)


class Attention(nn.Module):
    """Self-attention of (B, L, D), each token to all, or to those before it."""

    def __init__(self, width: int, head: int, causal: bool) -> None:
        super().__init__()
        self.head, self.causal = head, causal
        self.ln = LayerNorm(width)
        self.f_q, self.f_k, self.f_v = Affine(width, width), Affine(width, width, bias=False), Affine(width, width)
        self.f_c = Affine(width, width)

    def forward(self, x: Tensor) -> Tensor:
        h = self.ln(x)
        q, k, v = (f(h).unflatten(2, (-1, self.head)).transpose(1, 2) for f in (self.f_q, self.f_k, self.f_v))
        h = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)  # (B, heads, L, head)
        return x + self.f_c(h.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    """A token's own two layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.ln = LayerNorm(width)
        self.f_1, self.f_2 = Affine(width, 4 * width), Affine(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.f_2(F.gelu(self.f_1(self.ln(x))))


class Block(nn.Module):
    """A block of a transformer."""

    def __init__(self, width: int, head: int, causal: bool) -> None:
        super().__init__()
        self.f_attn, self.f_mlp = Attention(width, head, causal), Mlp(width)

    def forward(self, x: Tensor) -> Tensor:
        return self.f_mlp(self.f_attn(x))


class Output(nn.Module):
    """One token's state as features."""

    def __init__(self, width: int, features: int) -> None:
        super().__init__()
        self.ln, self.f = LayerNorm(width), Affine(width, features, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.f(self.ln(x))


class Words(nn.Module):
    """Tokens and their positions as vectors."""

    def __init__(self, vocabulary: int, context: int, width: int) -> None:
        super().__init__()
        self.w_voc = initialised(vocabulary, width, std=0.02)
        self.w_pos = initialised(context, width, std=0.01)

    def forward(self, tokens: Tensor) -> Tensor:
        return F.embedding(tokens, self.w_voc) + self.w_pos  # (B, L, D)


class Patches(nn.Module):
    """A picture as a token that says how noisy it is, and one for each of its patches."""

    def __init__(self, config: ClipConfig, width: int) -> None:
        super().__init__()
        patch, channels = config.patch, 3 + config.hole
        self.patch, self.hole = patch, config.hole
        self.w_t = initialised(config.timesteps, width, std=width**-0.5)
        self.w_pos = initialised(1 + (config.size // patch) ** 2, width, std=width**-0.5)
        self.patch_proj = initialised(width, channels, patch, patch, std=(2 / (width * patch**2)) ** 0.5)
        self.ln = LayerNorm(width)

    def forward(self, image: Tensor, t: Tensor, hole: Tensor | None) -> Tensor:
        mean, std = (image.new_tensor(part)[:, None, None] for part in (MEANS, STDS))
        levels = ((image + 1) * 127.5 - mean) / std
        if self.hole:
            seen = torch.ones_like(image[:, :1]) if hole is None else hole.expand(len(image), -1, -1, -1)
            levels = torch.cat([levels, seen], 1)
        patches = F.conv2d(levels, self.patch_proj, stride=self.patch).flatten(2).transpose(1, 2)
        return self.ln(torch.cat([self.w_t[t][:, None], patches], 1) + self.w_pos)


def _transformer(first: nn.Module, width: int, head: int, blocks: int, features: int, causal: bool) -> nn.ModuleDict:
    layers = {f"block_{i}": Block(width, head, causal) for i in range(blocks)}
    return nn.ModuleDict({"input": first, **layers, "output": Output(width, features)})


class ClipText(nn.Module):
    """The text's half. See `forward`."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        width = config.text_heads * config.head
        first = Words(config.vocabulary, config.context, width)
        self.blocks = _transformer(first, width, config.head, config.text_blocks, config.features, causal=True)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Encodes texts.

        Args:
            tokens: int (B, L).
            lengths: int (B,), how many tokens each text has, the end token among them.

        Returns:
            (B, F), not normalised.
        """
        *layers, output = self.blocks.values()
        h = tokens
        for layer in layers:
            h = layer(h)
        return output(h[torch.arange(len(h), device=h.device), lengths - 1])


class ClipImage(nn.Module):
    """The image's half. See `forward`."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        width = config.image_heads * config.head
        first = Patches(config, width)
        self.blocks = _transformer(first, width, config.head, config.image_blocks, config.features, causal=False)

    def forward(self, image: Tensor, t: Tensor, hole: Tensor | None = None) -> Tensor:
        """Encodes noisy pictures.

        Args:
            image: (B, 3, size, size), x_t of unit variance, 8 bits being [-1, 1].
            t: int (B,), timesteps.
            hole: (B or 1, 1, size, size), 1 = to be painted, for a network that sees it; None for the whole picture.

        Returns:
            (B, F), not normalised.
        """
        first, *layers, output = self.blocks.values()
        h = first(image, t, hole)
        for layer in layers:
            h = layer(h)
        return output(h[:, 0])


class TextTokenizer(Protocol):
    """How prompts become tokens."""

    def encode(self, prompt: str) -> tuple[Tensor, int]:
        """Returns int64 (L,), and how many of them the text has, the end token among them."""
        ...

    def unread(self, prompt: str) -> str:
        """Returns the end of a prompt that `encode` cuts off; '' where it cuts nothing off."""
        ...


class Clip(NamedTuple):
    """Both halves, and how prompts become tokens."""

    text: ClipText
    image: ClipImage
    tokenizer: TextTokenizer
    scale: float = 100.0  # what a cosine counts as log-probability

    def similarity(
        self, prompts: Sequence[str], sigmas: Sigmas, hole: Tensor | None = None
    ) -> Callable[[Tensor, float], Tensor]:
        """Makes the similarity of `clip_guided`: the scaled cosine, which stands in for log p(prompt | x).

        Nichol et al. 2021, eq. 3.

        Args:
            prompts: the texts, one for each image or one for all.
            sigmas: the schedule that CLIP was trained on.
            hole: as in `ClipImage.forward`.

        Returns:
            (x, sigma) -> (B,), how well each image agrees with its prompt, where x = x0 + sigma * noise.
        """
        device = next(self.text.parameters()).device
        tokens = [self.tokenizer.encode(prompt) for prompt in prompts]
        with torch.no_grad():  # one at a time, so that it is the same to the bit in any batch
            text = torch.cat(
                [self.text(ids[None].to(device), torch.tensor([length], device=device)) for ids, length in tokens]
            )

        def similarity(x: Tensor, sigma: float) -> Tensor:
            t = round(timestep_of(sigma, sigmas))
            # on a processor one image at a time, likewise
            at_once = 1 if device.type == "cpu" else len(x)
            parts = (x / (1 + sigma**2) ** 0.5).split(at_once)
            holes = [hole] * len(parts) if hole is None or len(hole) == 1 else hole.split(at_once)
            features = [
                self.image(part, torch.full((len(part),), t, device=device), its_hole)
                for part, its_hole in zip(parts, holes, strict=True)
            ]
            return self.scale * F.cosine_similarity(torch.cat(features), text)

        return similarity
