"""Inception v3 (Szegedy et al. 2016) as TensorFlow's graph of 2015-12-05 has it, which FID is defined by.

The weights are a user's file: its conversion for PyTorch, under torchvision's names. Where the graph is not as the
paper is, the graph decides: averages leave out the border, and the last block takes a maximum for an average.
"""

import pickle
from collections import OrderedDict
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipelines.base import Pixels
from pipelines.errors import InvalidInput, one_line
from pipelines.evaluation.metrics.features import Features, floats
from pipelines.glide.digests import sha256
from pipelines.machine import best_device

FILE = "pt_inception-2015-12-05-6726825d.pth"
BEGINNING = FILE.removesuffix(".pth").rpartition("-")[2]  # of the file's SHA-256
SIDE = 299  # pixels of what it is shown
CLASSES = 1008
CHANNELS = 7  # of Mixed_6d's first branch, whose 17x17 places sFID compares (Nash et al. 2021; ADM's evaluation)
COUNTER = "num_batches_tracked"  # of a normalisation in training; some files have it

Kernel = int | tuple[int, int]


class Convolution(nn.Module):
    """A convolution, normalised."""

    def __init__(self, into: int, out: int, kernel: Kernel, stride: int = 1, same: bool = True) -> None:
        super().__init__()
        sides = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (sides[0] // 2, sides[1] // 2) if same else 0
        self.conv = nn.Conv2d(into, out, sides, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


class Mixed(nn.Module):
    """Branches side by side, then pooling as the last branch.

    Args:
        into: channels.
        branches: each a row of layers by their names, (out, kernel), which are applied one after another. Layers whose
            names end in a and b are applied to the same, side by side. With `halves`, the last of a row has stride 2.
        pool: "average" or "maximum".
        pooled: channels of a convolution after pooling; 0 for none.
        halves: whether the side is halved.
    """

    def __init__(
        self, into: int, branches: list[dict[str, tuple[int, Kernel]]], pool: str, pooled: int = 0, halves: bool = False
    ) -> None:
        super().__init__()
        self.rows, self.pool, self.halves, self.channels = branches, pool, halves, 0
        for row in branches:
            width = into
            for name, (out, kernel) in row.items():
                last = halves and name == [*row][-1]
                setattr(self, name, Convolution(width, out, kernel, 2 if last else 1, not last))
                width = width if name.endswith("a") else out
            self.channels += sum(row[name][0] for name in _ends(row))
        if pooled:
            self.branch_pool = Convolution(into, pooled, 1)
        self.channels += pooled or into

    def forward(self, x: Tensor) -> Tensor:
        outputs = []
        for row in self.rows:
            ends, h = _ends(row), x
            for name in row:
                if name not in ends:
                    h = getattr(self, name)(h)
            outputs += [getattr(self, name)(h) for name in ends]
        if self.halves:
            return torch.cat([*outputs, F.max_pool2d(x, 3, 2)], 1)
        pooled = (
            F.avg_pool2d(x, 3, 1, 1, count_include_pad=False) if self.pool == "average" else F.max_pool2d(x, 3, 1, 1)
        )
        return torch.cat([*outputs, self.branch_pool(pooled)], 1)


def _ends(row: dict[str, tuple[int, Kernel]]) -> list[str]:
    """Returns the layers of a branch whose outputs leave it."""
    names = [*row]
    return names[-2:] if names[-1].endswith("b") else names[-1:]


def _row(name: str, *layers: tuple[int, Kernel], forked: bool = False) -> dict[str, tuple[int, Kernel]]:
    """Names the layers of a branch: name_1, name_2, ...; the last two name_Na and name_Nb where it is forked."""
    if len(layers) == 1:
        return {name: layers[0]}
    numbers = [str(i + 1) for i in range(len(layers))]
    if forked:
        numbers[-2:] = [f"{len(layers) - 1}a", f"{len(layers) - 1}b"]
    return {f"{name}_{number}": layer for number, layer in zip(numbers, layers, strict=True)}


def _mixed_5(into: int, pooled: int) -> Mixed:
    rows = [
        _row("branch1x1", (64, 1)),
        _row("branch5x5", (48, 1), (64, 5)),
        _row("branch3x3dbl", (64, 1), (96, 3), (96, 3)),
    ]
    return Mixed(into, rows, "average", pooled)


def _mixed_6(width: int) -> Mixed:
    across: Kernel = (1, 7)
    down: Kernel = (7, 1)
    rows = [
        _row("branch1x1", (192, 1)),
        _row("branch7x7", (width, 1), (width, across), (192, down)),
        _row("branch7x7dbl", (width, 1), (width, down), (width, across), (width, down), (192, across)),
    ]
    return Mixed(768, rows, "average", 192)


def _mixed_7(into: int, pool: str) -> Mixed:
    across: Kernel = (1, 3)
    down: Kernel = (3, 1)
    rows = [
        _row("branch1x1", (320, 1)),
        _row("branch3x3", (384, 1), (384, across), (384, down), forked=True),
        _row("branch3x3dbl", (448, 1), (384, 3), (384, across), (384, down), forked=True),
    ]
    return Mixed(into, rows, pool, 192)


class Inception(nn.Module):
    """See `forward`."""

    def __init__(self) -> None:
        super().__init__()
        wide: Kernel = (1, 7)
        high: Kernel = (7, 1)
        halving_6 = [_row("branch3x3", (384, 3)), _row("branch3x3dbl", (64, 1), (96, 3), (96, 3))]
        halving_7 = [
            _row("branch3x3", (192, 1), (320, 3)),
            _row("branch7x7x3", (192, 1), (192, wide), (192, high), (192, 3)),
        ]
        self.blocks = OrderedDict[str, nn.Module](
            Conv2d_1a_3x3=Convolution(3, 32, 3, 2, same=False),
            Conv2d_2a_3x3=Convolution(32, 32, 3, same=False),
            Conv2d_2b_3x3=Convolution(32, 64, 3),
            pool_1=nn.MaxPool2d(3, 2),
            Conv2d_3b_1x1=Convolution(64, 80, 1),
            Conv2d_4a_3x3=Convolution(80, 192, 3, same=False),
            pool_2=nn.MaxPool2d(3, 2),
            Mixed_5b=_mixed_5(192, 32),
            Mixed_5c=_mixed_5(256, 64),
            Mixed_5d=_mixed_5(288, 64),
            Mixed_6a=Mixed(288, halving_6, "maximum", halves=True),
            Mixed_6b=_mixed_6(128),
            Mixed_6c=_mixed_6(160),
            Mixed_6d=_mixed_6(160),
            Mixed_6e=_mixed_6(192),
            Mixed_7a=Mixed(768, halving_7, "maximum", halves=True),
            Mixed_7b=_mixed_7(1280, "average"),
            Mixed_7c=_mixed_7(2048, "maximum"),
        )
        for name, block in self.blocks.items():
            self.add_module(name, block)
        self.fc = nn.Linear(2048, CLASSES)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Looks at pictures.

        Args:
            images: (N, 3, H, W), 0 to 255.

        Returns:
            (N, 2048) of the last average, (N, 2023) of Mixed_6d's first branch, and logits (N, CLASSES) without the
            layer's bias, as the published scores have them.
        """
        x = (resized(images) - 128) / 128
        spatial = x
        for name, block in self.blocks.items():
            if name == "Mixed_6d":
                spatial = block.get_submodule("branch1x1")(x)[:, :CHANNELS]
            x = block(x)
        pooled = x.mean((2, 3))
        places = spatial.permute(0, 2, 3, 1)  # (N, 17, 17, 7), the order of published statistics
        return pooled, places.flatten(1), pooled @ self.fc.weight.T


def resized(images: Tensor) -> Tensor:
    """Resizes (N, 3, H, W) to 299x299 as TensorFlow 1 did: corner to corner, without a half pixel's shift."""
    for axis in (2, 3):
        length = images.shape[axis]
        at = torch.arange(SIDE, device=images.device) * (length / SIDE)
        low = at.long()
        high, share = (low + 1).clamp(max=length - 1), at - low
        share = share[:, None] if axis == 2 else share
        first, second = images.index_select(axis, low), images.index_select(axis, high)
        images = first + (second - first) * share
    return images


class InceptionExtractor:
    """Inception's features as published scores have them: pool3, 7 channels of a 17x17 map, 1008 classes.

    Args:
        network: the network.
        digest: SHA-256 of its weights' file.
    """

    sees_holes = False
    name = "Inception v3"

    def __init__(self, network: Inception, digest: str) -> None:
        self._device = best_device()
        self._network, self.digest = network.to(self._device).eval(), digest

    def check(self, name: str, height: int, width: int) -> None:
        """It resizes whatever it is shown."""

    @torch.inference_mode()
    def __call__(self, images: Pixels, holes: Pixels | None) -> Features:
        x = torch.from_numpy(images.copy()).to(self._device).permute(0, 3, 1, 2).float()
        return Features(*map(floats, self._network(x)))


def load_inception(file: Path) -> InceptionExtractor:
    """Reads Inception from a user's file. Nothing in the file is run, and nothing is downloaded.

    Raises:
        InvalidInput: the file is missing, or is not that file.
    """
    if not file.is_file():
        raise InvalidInput(f"There is no file {file}: --inception takes {FILE}, which you download yourself.")
    digest = sha256(file)
    if not digest.startswith(BEGINNING):
        raise InvalidInput(
            f"{file} is not {FILE}, or is damaged: its SHA-256 begins with {digest[:8]}, not {BEGINNING}. Other "
            "weights of Inception give other numbers, so they are refused."
        )
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError) as error:
        raise InvalidInput(f"{file} holds no weights alone ({one_line(error)[:100]}): get {FILE} again.") from error
    network, state = Inception(), state if isinstance(state, dict) else {}
    own = {name for name in network.state_dict() if not name.endswith(COUNTER)}
    given = {name: value for name, value in state.items() if not name.endswith(COUNTER)}
    wrong = own.symmetric_difference(given) or {
        name for name, value in network.state_dict().items() if name in own and given[name].shape != value.shape
    }
    if wrong:
        raise InvalidInput(f"{file} has not the weights of Inception v3: {sorted(wrong)[0]} is one that differs.")
    network.load_state_dict(given, strict=False)
    return InceptionExtractor(network, digest)
