"""Convolution with fewer multiplications: the same function, wherever it is used."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from pipelines.glide.config import UNetConfig
from pipelines.glide.unet import UNet
from pipelines.glide.winograd import LEAST_SIDE, WinogradConv, with_winograd
from tests.parity import filled
from tests.plain_glide import plain_unet

# wide and large enough for Winograd's way at its first two levels
WIDE = UNetConfig(2 * LEAST_SIDE, 64, (1, 1, 2), 1, (16,), 32, 32, 300, 12, 64, 1, 4, inpaint=True)


@pytest.mark.parametrize("height, width", [(4, 4), (8, 12), (64, 32), (4, 400)])
@pytest.mark.parametrize("batch, channels, out", [(1, 3, 5), (2, 6, 2)])
def test_it_is_a_convolution(batch: int, channels: int, out: int, height: int, width: int) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(channels, out, 3, padding=1).double()
    x = torch.randn(batch, channels, height, width, dtype=torch.float64)
    with torch.no_grad():
        wanted = conv(x)
        for layout in (torch.contiguous_format, torch.channels_last):
            ours = WinogradConv(conv)(x.contiguous(memory_format=layout))
            assert float((ours - wanted).abs().max()) < 1e-12


def test_it_errs_hardly_more_than_a_plain_one() -> None:
    random = torch.Generator().manual_seed(1)
    conv = nn.Conv2d(192, 64, 3, padding=1)
    with torch.no_grad():
        conv.weight.normal_(0, (9 * 192) ** -0.5, generator=random)
        x = torch.randn(1, 192, 32, 32, generator=random)
        wanted = conv.double()(x.double())
        plain, ours = conv.float()(x), WinogradConv(conv)(x)
    errors = [float((out - wanted).std() / wanted.std()) for out in (plain, ours)]
    # a plain one errs by 2e-7 to 5e-7, as the machine sums
    assert errors[1] < 10 * errors[0] and errors[1] < 2e-6


def test_a_network_stays_the_same_function() -> None:
    """And both ways are what the paper's plain transcription answers."""
    random = torch.Generator().manual_seed(2)
    network = filled(UNet(WIDE))
    x, known = torch.randn(2, 2, 3, 64, 64, generator=random)
    keep = (torch.rand(2, 1, 64, 64, generator=random) > 0.5).float()
    t, tokens = torch.tensor([3.0, 870.0]), torch.randint(300, (2, 12), generator=random)
    real = torch.arange(12) < torch.tensor([[5], [12]])
    with torch.no_grad():
        wanted = plain_unet(network, x, t, tokens, real, known, keep)
        text = network.encode(tokens, real)
        ours = network(x, t, text, known, keep)
        fast = with_winograd(network)(x, t, text, known, keep)
    swapped = [module for module in network.modules() if isinstance(module, WinogradConv)]
    assert len(swapped) == 18  # every 3x3 of both large levels' residual blocks
    for out in (ours, fast):
        assert float((out - wanted).abs().max() / wanted.abs().max()) < 1e-5


@pytest.mark.proof
def test_it_can_be_compiled() -> None:
    network = with_winograd(filled(UNet(WIDE)))
    x, t = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(3)), torch.tensor([500.0])
    with torch.no_grad():
        text = network.encode(torch.arange(12)[None], torch.ones(1, 12, dtype=torch.bool))
        one_graph = torch.compile(network.forward, backend="eager", fullgraph=True)
        assert torch.equal(one_graph(x, t, text), network(x, t, text))


def test_small_and_narrow_networks_stay_as_they_are() -> None:
    for config in (replace(WIDE, size=16, attend=()), replace(WIDE, width=32, mult=(1, 1), attend=())):
        network = with_winograd(filled(UNet(config)))
        assert not any(isinstance(module, WinogradConv) for module in network.modules())
