"""The judge: a small network that names the kind and the colour of what stands in a hole.

It is trained apart from the model it judges, on rooms of its own, and the model never sees it.
"""

from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm import tqdm

from pipelines.evaluation.rooms.edits import HELD_OUT, Example, example
from pipelines.evaluation.rooms.palette import COLOURS
from pipelines.evaluation.rooms.things import KINDS
from pipelines.glide.pixels import to_tensor

SIDE = 64
JUDGE_ROOMS = 2 * HELD_OUT  # from this seed on; apart from the rooms trained on, and from those of the evaluation
NOTHING = "nothing"
KIND_NAMES = (*KINDS, NOTHING)
COLOUR_NAMES = (*COLOURS,)


class Verdict(NamedTuple):
    kind: str
    colour: str  # of no meaning where the kind is "nothing"


class Judge(nn.Module):
    """A window (3 channels) and its hole (1) -> logits of kind and colour."""

    def __init__(self) -> None:
        super().__init__()
        widths = (4, 32, 64, 96, 128)
        layers: list[nn.Module] = []
        for into, out in pairwise(widths):
            layers += [nn.Conv2d(into, out, 3, padding=1), nn.GroupNorm(8, out), nn.SiLU(), nn.MaxPool2d(2)]
        self.features = nn.Sequential(*layers, nn.Conv2d(128, 128, 3, padding=1), nn.SiLU())
        self.kind = nn.Linear(256, len(KIND_NAMES))
        self.colour = nn.Linear(256, len(COLOUR_NAMES))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.features(x)  # (B, 128, 4, 4)
        pooled = torch.cat([h.mean((2, 3)), h.amax((2, 3))], 1)
        return self.kind(pooled), self.colour(pooled)

    @torch.inference_mode()
    def verdict(self, image: NDArray[np.uint8], mask: NDArray[np.uint8]) -> Verdict:
        """What stands in the hole of a window. image: uint8 (S, S, 3); mask: uint8 (S, S), 255 = the hole; S = 64 k."""
        kind, colour = self(_seen(image, mask)[None])
        return Verdict(KIND_NAMES[int(kind.argmax())], COLOUR_NAMES[int(colour.argmax())])


def _seen(image: NDArray[np.uint8], mask: NDArray[np.uint8]) -> Tensor:
    pixels = torch.cat([to_tensor(image), torch.from_numpy(mask.copy())[None].float() / 127.5 - 1])  # (4, S, S)
    return F.avg_pool2d(pixels, image.shape[0] // SIDE)


def whole(seed: int, size: int, empty: float) -> Example:
    """The example of a seed or of the first after it whose hole holds the whole thing, unhidden by nearer things."""
    while True:
        found = example(seed, size, empty)
        thing = found.thing
        nearer = found.room.things[found.room.things.index(thing) + 1 :]
        hidden = any(
            other.x < thing.x + thing.width and thing.x < other.x + other.width
            and other.y < thing.y + thing.height and thing.y < other.y + other.height
            for other in nearer
        )  # fmt: skip
        if not hidden and not found.correction:
            return found
        seed += 1 << 20  # far from the seeds of other examples


def train_judge(file: Path, minutes: float) -> None:
    """Train the judge in `file` for some minutes more, or a new one, and write it there."""
    torch.manual_seed(0)
    judge, seen = Judge(), 0
    if file.exists():
        judge.load_state_dict(load_file(file))
        with safe_open(file, "pt") as stored:  # it goes on with rooms it has not seen
            seen = int(stored.metadata()["windows"])
    optimizer = torch.optim.AdamW(judge.parameters(), 2e-3)
    ends, batch = monotonic() + 60 * minutes, 32
    with tqdm(unit=" windows", initial=seen) as bar:
        while (left := (ends - monotonic()) / (60 * minutes)) > 0:
            for group in optimizer.param_groups:
                group["lr"] = 2e-3 * min(1.0, left * 2)
            examples = [whole(JUDGE_ROOMS + seen + i, SIDE, 0.15) for i in range(batch)]
            kinds = torch.tensor([KIND_NAMES.index(e.thing.kind if e.prompt else NOTHING) for e in examples])
            colours = torch.tensor([COLOUR_NAMES.index(e.thing.colour) for e in examples])
            kind, colour = judge(torch.stack([_seen(e.image, e.mask) for e in examples]))
            there = kinds != KIND_NAMES.index(NOTHING)
            loss = F.cross_entropy(kind, kinds) + F.cross_entropy(colour[there], colours[there])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            seen += batch
            bar.update(batch)
            bar.set_postfix(loss=f"{float(loss.detach()):.3f}", refresh=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(judge.state_dict(), file, {"windows": str(seen)})


def load_judge(file: Path) -> Judge:
    judge = Judge()
    judge.load_state_dict(load_file(file))
    return judge.eval()
