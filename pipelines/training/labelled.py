"""What the noise-aware classifier learns from: pictures, and the kind of thing that each shows."""

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from pipelines.glide.pixels import to_tensor
from pipelines.training.dataset import Example, example
from pipelines.training.scenes.things import KINDS

NOTHING = "nothing"
KIND_NAMES = (*KINDS, NOTHING)
# windows around a thing of any kind teach what each looks like; but what it guides are whole pictures, in which things
# are small and many: there it learns how likely each kind is to be one of them. "bare" is a window around nothing
SORTS = {"stranger": 0.5, "picture": 0.4, "bare": 0.1}


class Label(NamedTuple):
    """A picture and what it shows."""

    image: NDArray[np.uint8]  # (size, size, 3)
    kind: str  # one of KIND_NAMES


def labelled(seed: int, size: int, sort: str | None = None) -> Label:
    """Draws a picture and names what it shows.

    A window is named after the thing that it was laid around, a whole picture after any one of its things: the larger,
    the more often.

    Args:
        seed: of the scene.
        size: side in pixels.
        sort: one of SORTS; None for any.
    """
    random = Random(~seed)
    sort = sort or random.choices(list(SORTS), list(SORTS.values()))[0]
    if sort == "bare":
        return Label(example(seed, size, 1.0, hole="thing").image, NOTHING)
    shown = example(seed, size, 0.0, hole=sort)
    return Label(shown.image, _any_thing(shown, random) if shown.thing is None else shown.thing.kind)


def _any_thing(shown: Example, random: Random) -> str:
    """Returns the kind of a thing whose middle a window shows, chosen by their areas."""
    x, y, side = shown.window
    things = [
        thing
        for thing in shown.scene.all()
        if 0 < thing.x + thing.width / 2 - x < side and 0 < thing.y + thing.height / 2 - y < side
    ]
    areas = [thing.width * thing.height for thing in things]
    return random.choices(things, areas)[0].kind if things else NOTHING


@dataclass(frozen=True)
class Labelled(Dataset[dict[str, Tensor]]):
    """Such pictures as tensors: x0 (3, size, size) in [-1, 1], kind int64 (), its place in KIND_NAMES."""

    size: int  # side of a picture in pixels

    def __len__(self) -> int:
        return 2**62

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        shown = labelled(index, self.size)
        return {"x0": to_tensor(shown.image), "kind": torch.tensor(KIND_NAMES.index(shown.kind))}
