"""3x3 convolutions with a quarter of the multiplications: Winograd's F(4x4, 3x3) (Lavin & Gray 2016).

Tiles of 6x6 pixels are taken to where convolution is a product, multiplied by the filters there, and come back as 4x4.
For processors that multiply nothing faster than float32. Shapes: B batch, C channels in, K out, T tiles.
"""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipelines.glide.unet import ResBlock, UNet

# Where polynomials are evaluated (and at infinity). In float32 these err by a quarter of what the usual 0, 1, -1, 2, -2
# do: by as much as a plain convolution (measured; Barabasz et al. 2020 on why).
POINTS = (0.0, 2 / 3, -2 / 3, 3 / 2, -3 / 2)
TILE, STEP = 6, 4  # pixels of a tile's side, and from tile to tile
LEAST_SIDE, LEAST_CHANNELS = 32, 64  # below that side it takes much memory to save little time
CHUNK = 512  # tiles at a time: what fits the caches (measured on two cores)


@cache
def transforms() -> tuple[Tensor, Tensor, Tensor]:
    """Constructs the transforms (Cook and Toom).

    Returns:
        float64: of the filter (6, 3), the tile (6, 6) and the result (4, 6).
    """
    points = torch.tensor(POINTS, dtype=torch.float64)
    others = [torch.cat([points[:i], points[i + 1 :]]) for i in range(len(points))]
    end = torch.zeros(1, dtype=torch.float64)
    filters = torch.stack(
        [point ** torch.arange(3) / (point - other).prod() for point, other in zip(points, others, strict=True)]
    )
    tiles = torch.stack([*(torch.cat([_coefficients(other), end]) for other in others), _coefficients(points)])
    results = points ** torch.arange(STEP)[:, None]
    # the last point is infinity: there a polynomial is its highest coefficient
    filters = torch.cat([filters, torch.tensor([[0.0, 0.0, 1.0]], dtype=torch.float64)])
    results = torch.cat([results, torch.tensor([[0.0], [0.0], [0.0], [1.0]], dtype=torch.float64)], 1)
    return filters, tiles, results


def _coefficients(roots: Tensor) -> Tensor:
    """The coefficients of the polynomial with these roots, the constant first."""
    product = torch.ones(1, dtype=torch.float64)
    for root in roots:
        product = F.pad(product, (1, 0)) - root * F.pad(product, (0, 1))
    return product


class WinogradConv(nn.Module):
    """What `conv` does (3x3, stride 1, padding 1), on sides that are multiples of 4; takes four times its memory."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        assert conv.kernel_size == (3, 3) and conv.padding == (1, 1) and conv.stride == (1, 1) and conv.groups == 1
        filters, tiles, results = transforms()
        there = torch.einsum("ai,bj,kcij->abck", filters, filters, conv.weight.double())
        kind = conv.weight.dtype
        self.filters = nn.Parameter(there.flatten(0, 1).to(kind).contiguous(), requires_grad=False)  # (36, C, K)
        self.tiles = nn.Parameter(tiles.to(kind), requires_grad=False)
        self.results = nn.Parameter(results.to(kind), requires_grad=False)
        assert conv.bias is not None
        self.bias = conv.bias

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, K, H, W), channels together in memory."""
        batch, channels, height, width = x.shape
        down, across, out = height // STEP, width // STEP, self.filters.shape[2]
        padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))  # (B, H + 2, W + 2, C)
        image, row, pixel, _ = padded.stride()
        result = x.new_empty(batch, down, STEP, across, STEP, out)
        rows = max(CHUNK // (batch * across), 1)
        for first in range(0, down, rows):
            count = min(rows, down - first)
            tiles = padded.as_strided(
                (TILE, TILE, batch, count, across, channels),
                (row, pixel, image, STEP * row, STEP * pixel, 1),
                STEP * first * row,
            )
            there = _both_ways(self.tiles, tiles.reshape(TILE, TILE, -1)).view(TILE * TILE, -1, channels)  # (36, T, C)
            back = _both_ways(self.results, torch.bmm(there, self.filters).view(TILE, TILE, -1))  # (4, 4, T K)
            back = back.view(STEP, STEP, batch, count, across, out)
            result[:, first : first + count] = back.permute(2, 3, 0, 4, 1, 5)
        return result.view(batch, height, width, out).add_(self.bias).permute(0, 3, 1, 2)


def _both_ways(transform: Tensor, tiles: Tensor) -> Tensor:
    """Transforms the columns, then the rows: (a, b) of tiles (b, b, N) -> (a, a, N)."""
    down = transform @ tiles.flatten(1)
    return torch.matmul(transform, down.view(len(transform), *tiles.shape[1:]))


def with_winograd(network: UNet) -> UNet:
    """Exchanges those of a network's convolutions that gain by it, and returns the network.

    They are not the smallest, whose time goes into reading filters, nor the narrowest, whose time goes into the
    transforms.
    """
    side = network.config.size
    for block in network.modules():
        if isinstance(block, ResBlock):
            side = round(side * block.resample)
            for layers in (block.in_layers, block.out_layers):
                conv = layers[-1]
                assert isinstance(conv, nn.Conv2d)
                if side >= LEAST_SIDE and side % STEP == 0 and min(conv.weight.shape[:2]) >= LEAST_CHANNELS:
                    layers[-1] = WinogradConv(conv)
    return network
