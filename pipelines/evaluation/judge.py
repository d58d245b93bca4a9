"""The judge: a network that names the kind and the colour of what stands in a hole.

It is trained apart from the model it judges, on scenes of its own, and the model never sees it.
"""

import sys
from itertools import pairwise
from math import cos, pi
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from pipelines import WEIGHTS
from pipelines.evaluation.edits import names_colour, thing_of, whole
from pipelines.evaluation.held_out import JUDGE_SCENES
from pipelines.glide.pixels import to_tensor
from pipelines.machine import best_device
from pipelines.training.dataset import Example
from pipelines.training.labelled import KIND_NAMES, NOTHING
from pipelines.training.loop import drawing_processes
from pipelines.training.scenes.palette import COLOURS

JUDGE = WEIGHTS / "judge" / "judge.safetensors"  # the shipped one's weights
FEATURE_SCALE = JUDGE.with_name("feature_scale.safetensors")  # of its features, as `compare` z-scores them
SIDE = 128  # pixels of what it is shown: half of what a model paints
COLOUR_NAMES = (*COLOURS,)
WIDTHS = (48, 96, 192, 256, 256)
FEATURES = 128
UNSEEN = 10  # one scene in so many shows a thing in a colour that the model's training holds out: it is judged too
BATCH = 64
LEARNING_RATE = 2e-3


class Verdict(NamedTuple):
    """What the judge sees in a hole."""

    kind: str
    colour: str  # of no meaning where the kind is "nothing"


def right_colour(edit: Example, verdict: Verdict) -> bool:
    """Whether the colour is the thing's; true as well where the prompt leaves the colour open or names nothing."""
    return not names_colour(edit) or verdict.colour == thing_of(edit).colour


def shows_thing(edit: Example, verdict: Verdict) -> bool:
    """Whether what stands in the hole is of the kind, and of the colour if that is named, that the prompt asks for."""
    return verdict.kind == thing_of(edit).kind and right_colour(edit, verdict)


class Residual(nn.Module):
    """(B, C, H, W) -> the same; it begins as nothing added (Goyal et al. 2017, section 5.1)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.into, self.norm = nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(8, width)
        self.out, self.last = nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(8, width)
        nn.init.zeros_(self.last.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.silu(x + self.last(self.out(F.silu(self.norm(self.into(x))))))


class Judge(nn.Module):
    """A window (3 channels) and its hole (1), float (B, 4, 128, 128) in [-1, 1] -> logits of kind and colour."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.PixelUnshuffle(2), nn.Conv2d(16, WIDTHS[0], 3, padding=1)]
        layers += [nn.GroupNorm(8, WIDTHS[0]), nn.SiLU(), nn.MaxPool2d(2)]
        for level, (into, out) in enumerate(pairwise(WIDTHS)):
            layers += [nn.Conv2d(into, out, 3, padding=1), nn.GroupNorm(8, out), nn.SiLU()]
            layers += [nn.MaxPool2d(2)] if level < len(WIDTHS) - 2 else []
            layers += [Residual(out)] if level else []
        self.body = nn.Sequential(*layers)
        self.narrow = nn.Linear(2 * WIDTHS[-1], FEATURES)
        self.kind = nn.Linear(FEATURES, len(KIND_NAMES))
        self.colour = nn.Linear(FEATURES, len(COLOUR_NAMES))

    def features(self, x: Tensor) -> Tensor:
        """Returns what is to be seen, in the hole above all, as features.

        Args:
            x: float (B, 4, 128, 128) in [-1, 1].

        Returns:
            (B, FEATURES)
        """
        return self.pooled(self.map(x), x)

    def map(self, x: Tensor) -> Tensor:
        """Returns what is to be seen in each of 4x4 parts of a window.

        Args:
            x: as for `features`.

        Returns:
            (B, 256, 4, 4)
        """
        return self.body(x.contiguous(memory_format=torch.channels_last))

    def pooled(self, h: Tensor, x: Tensor) -> Tensor:
        """Makes the features of a `map` h of windows x."""
        hole = F.adaptive_avg_pool2d(x[:, 3:] + 1, (h.shape[2], h.shape[3])) + 1e-3
        mean = (h * hole).sum((2, 3)) / hole.sum((2, 3))
        return F.silu(self.narrow(torch.cat([mean, h.amax((2, 3))], 1)))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.features(x)
        return self.kind(features), self.colour(features)

    @torch.inference_mode()
    def look(self, image: NDArray[np.uint8], mask: NDArray[np.uint8]) -> tuple[Verdict, NDArray[np.float32]]:
        """Names what stands in the hole of a window.

        Args:
            image: uint8 (S, S, 3), S = 128 k.
            mask: uint8 (S, S), 255 = the hole.

        Returns:
            The verdict, and the features (FEATURES,) that it follows from.
        """
        features = self.features(judge_input(image, mask)[None])
        kind, colour = (int(head(features).argmax()) for head in (self.kind, self.colour))
        return Verdict(KIND_NAMES[kind], COLOUR_NAMES[colour]), features[0].numpy()


def judge_input(image: NDArray[np.uint8], mask: NDArray[np.uint8]) -> Tensor:
    """Returns what the judge is shown: float (4, 128, 128)."""
    pixels = torch.cat([to_tensor(image), torch.from_numpy(mask.copy())[None].float() / 127.5 - 1])  # (4, S, S)
    return F.avg_pool2d(pixels, image.shape[0] // SIDE)


def _softened(edit: Example, random: np.random.Generator) -> NDArray[np.uint8]:
    """Draws a window as a model might paint its hole: half of them a little blurred or noisy there."""
    if random.random() < 0.5:
        return edit.image
    small = Image.fromarray(edit.image)
    if random.random() < 0.3:
        side = round(SIDE * random.uniform(0.4, 0.9))
        small = small.resize((side, side), Image.Resampling.BOX).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    else:
        small = small.filter(ImageFilter.GaussianBlur(random.uniform(0.4, 2.0)))
    noisy = np.asarray(small) + random.normal(0, random.uniform(0, 8), edit.image.shape)
    noisy = np.clip(noisy, 0, 255).round().astype(np.uint8)
    return np.where(edit.mask[..., None] > 0, noisy, edit.image)


class Batches(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Batches from scene `first` on: what is shown, (BATCH, 4, 128, 128), the right kinds and colours, int (BATCH,)."""

    def __getitem__(self, first: int) -> tuple[Tensor, Tensor, Tensor]:
        edits = [whole(JUDGE_SCENES + i, SIDE, 0.12, i % UNSEEN == 0) for i in range(first, first + BATCH)]
        kinds = torch.tensor([KIND_NAMES.index(thing_of(one).kind if one.prompt else NOTHING) for one in edits])
        colours = torch.tensor([COLOUR_NAMES.index(thing_of(one).colour) for one in edits])
        random = np.random.default_rng(first)
        return torch.stack([judge_input(_softened(one, random), one.mask) for one in edits]), kinds, colours


SAVE_STEPS = 200  # a training that is cut short keeps what it learned until then


def train_judge(file: Path, minutes: float) -> None:
    """Trains a judge and writes it, in bfloat16.

    Args:
        file: the judge that it goes on with, or where a new one is to be.
        minutes: how long.
    """
    torch.manual_seed(0)
    device = best_device()
    # the stubs know no memory_format
    judge, done = Judge().to(device, memory_format=torch.channels_last), 0  # type: ignore[call-overload]
    if file.exists():
        judge.load_state_dict(load_file(file))
        with safe_open(file, "pt") as stored:  # it goes on with scenes it has not seen
            done = int(stored.metadata()["windows"])
    optimizer = torch.optim.AdamW(judge.parameters(), LEARNING_RATE)
    following = range(done, sys.maxsize, BATCH)
    batches = iter(DataLoader(Batches(), None, sampler=following, num_workers=drawing_processes(device.type == "cuda")))
    start, correct, step = monotonic(), 0.0, 0
    with tqdm(unit=" windows", initial=done) as bar:
        while (spent := (monotonic() - start) / (60 * minutes)) < 1:
            for group in optimizer.param_groups:
                group["lr"] = LEARNING_RATE * min(1, (step + 1) / 200) * (1 + cos(pi * spent)) / 2
            x, kinds, colours = (each.to(device) for each in next(batches))
            kind, colour = judge(x)
            there = kinds != KIND_NAMES.index(NOTHING)
            loss = F.cross_entropy(kind, kinds) + F.cross_entropy(colour[there], colours[there])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            done, step = done + BATCH, step + 1
            correct += (float((kind.argmax(1) == kinds).float().mean()) - correct) / min(step, 100)
            bar.update(BATCH)
            bar.set_postfix(loss=f"{float(loss.detach()):.3f}", kind=f"{correct:.3f}", refresh=False)
            if step % SAVE_STEPS == 0:
                _save(judge, done, file)
    _save(judge, done, file)


def _save(judge: Judge, windows: int, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    state = {name: weight.to("cpu", torch.bfloat16).contiguous() for name, weight in judge.state_dict().items()}
    save_file(state, file, {"windows": str(windows)})


def load_judge(file: Path) -> Judge:
    """Loads a trained judge."""
    judge = Judge()
    judge.load_state_dict(load_file(file))
    return judge.eval()
