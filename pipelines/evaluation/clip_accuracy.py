"""How well a noised CLIP tells captions apart, at one level of noise after another (Nichol et al. 2021, section 3.3).

Shapes: N pairs of window and caption; S side of what CLIP sees.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from pipelines.diffusion.loss import noise_levels
from pipelines.diffusion.schedule import SCHEDULES, sigmas_of
from pipelines.evaluation.held_out import CLIP_SCENES
from pipelines.evaluation.measures import half_width
from pipelines.evaluation.plot import Line, chart
from pipelines.glide.clip import Clip
from pipelines.glide.pixels import to_tensor
from pipelines.training.contrastive import fitting
from pipelines.training.dataset import example
from pipelines.training.pairs import (
    COLOUR_IDS,
    KIND_IDS,
    SORTS,
    changed_caption,
    changed_colour,
    changed_kind,
    named_colour,
)
from pipelines.training.scenes.captions import caption
from pipelines.training.scenes.worlds import FAMILIAR

TIMES = (0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 950)
GROUP = 64  # captions of which the right one is to be found
AT_ONCE = 32  # pictures
WANTED = {"right of 64": 0.6, "colour": 0.95, "kind, familiar": 0.95, "kind, other": 0.8}


class Question(NamedTuple):
    """A window, its caption, and the captions that are held against that."""

    image: Tensor  # (3, S, S) in [-1, 1]
    hole: Tensor  # (1, S, S), 1 = painted over
    truth: str
    colour: str | None  # the caption with another colour; None where it names none
    kind: str | None  # the caption of another kind of thing, None where there is none
    familiar: bool  # whether its kind is one of those drawn far more often
    kind_id: int
    colour_id: int
    named_id: int  # the colour if the caption names it; -1


@dataclass(frozen=True)
class Accuracy:
    """Shares of right answers at a timestep, and of how many questions; by the names of `WANTED`."""

    timestep: int
    shares: dict[str, float]
    counts: dict[str, int]


def questions(count: int, size: int) -> list[Question]:
    """Draws held-out questions, one after another from the first, of any kind of thing as often."""
    found: list[Question] = []
    seed = CLIP_SCENES
    sorts = [sort for sort in SORTS if sort not in ("picture", "surface")]
    while len(found) < count:
        random = Random(seed)
        shown = example(seed, size, 0.0, hole=random.choices(sorts, [SORTS[sort] for sort in sorts])[0])
        seed += 1
        thing, scene = shown.thing, shown.scene
        if thing is None:
            continue
        words = random.getrandbits(32)
        truth = caption(thing, scene, Random(words))
        found.append(
            Question(
                to_tensor(shown.image),
                torch.from_numpy(shown.mask > 127)[None].float(),
                truth,
                changed_caption(thing, scene, words, changed_colour),
                changed_caption(thing, scene, words, changed_kind),
                thing.kind in FAMILIAR,
                KIND_IDS[thing.kind],
                COLOUR_IDS[thing.colour],
                named_colour(thing, truth),
            )
        )
    return found


@torch.no_grad()
def text_features(clip: Clip, prompts: Sequence[str]) -> Tensor:
    """Encodes prompts: (N, F), of length 1."""
    tokens, lengths = zip(*(clip.tokenizer.encode(prompt) for prompt in prompts), strict=True)
    return F.normalize(clip.text(torch.stack(tokens), torch.tensor(lengths)), dim=-1)


@torch.no_grad()
def image_features(clip: Clip, asked: Sequence[Question], timestep: int) -> Tensor:
    """Encodes the windows under the noise of a timestep, that of window i from seed i: (N, F), of length 1."""
    sigma = float(noise_levels(sigmas_of(SCHEDULES["cosine"]()))[timestep + 1])
    parts = []
    for first in range(0, len(asked), AT_ONCE):
        some = asked[first : first + AT_ONCE]
        images, holes = (torch.stack(each) for each in zip(*((q.image, q.hole) for q in some), strict=True))
        noise = [
            torch.randn(images.shape[1:], generator=torch.Generator().manual_seed(first + i)) for i in range(len(some))
        ]
        x = (images + sigma * torch.stack(noise)) / (1 + sigma**2) ** 0.5
        parts.append(clip.image(x, torch.full((len(some),), timestep), holes))
    return F.normalize(torch.cat(parts), dim=-1)


def accuracy(clip: Clip, asked: Sequence[Question], timestep: int) -> Accuracy:
    """Asks all questions at one level of noise.

    Args:
        clip: the CLIP.
        asked: the questions.
        timestep: of the noise.
    """
    images, truths = image_features(clip, asked, timestep), text_features(clip, [q.truth for q in asked])
    mine = (images * truths).sum(1)
    answers = {"right of 64": right_of_group(images, truths, asked)}
    for name, wrongs, which in (
        ("colour", [q.colour for q in asked], [True] * len(asked)),
        ("kind, familiar", [q.kind for q in asked], [q.familiar for q in asked]),
        ("kind, other", [q.kind for q in asked], [not q.familiar for q in asked]),
    ):
        rows = [i for i, wrong in enumerate(wrongs) if wrong is not None and which[i]]
        others = text_features(clip, [wrongs[i] or "" for i in rows]) if rows else truths[:0]
        answers[name] = (mine[rows] > (images[rows] * others).sum(1)).numpy()
    shares = {name: float(right.mean()) if len(right) else float("nan") for name, right in answers.items()}
    return Accuracy(timestep, shares, {name: len(right) for name, right in answers.items()})


def right_of_group(images: Tensor, truths: Tensor, asked: Sequence[Question]) -> NDArray[np.bool_]:
    """Tells for each picture of each whole group of 64 whether its own caption is the most like it.

    Captions of others that are true of it too are no candidates.
    """
    right = []
    for first in range(0, len(asked) - GROUP + 1, GROUP):
        group = slice(first, first + GROUP)
        columns = zip(*((q.kind_id, q.colour_id, q.named_id) for q in asked[group]), strict=True)
        ids = dict(zip(("kind", "colour", "named"), map(torch.tensor, columns), strict=True))
        likeness = (images[group] @ truths[group].T).masked_fill(fitting(ids), float("-inf"))
        right.append(likeness.argmax(1) == torch.arange(GROUP))
    return torch.cat(right).numpy() if right else np.zeros(0, bool)


def write_report(folder: Path, clip: Clip, count: int, size: int) -> str:
    """Measures a CLIP; writes clip.json, clip.svg and clip.md into a folder, and returns the last.

    Args:
        folder: where they go.
        clip: the CLIP.
        count: of the questions; whole groups of 64 are asked for the first row.
        size: S.
    """
    folder.mkdir(parents=True, exist_ok=True)
    asked = questions(count, size)
    measured = [accuracy(clip, asked, timestep) for timestep in TIMES]
    (folder / "clip.json").write_text(json.dumps([asdict(each) for each in measured], indent=1) + "\n")
    lines = [
        Line(name, [(each.timestep, 100 * each.shares[name], 100 * half(each, name)) for each in measured])
        for name in WANTED
    ]
    (folder / "clip.svg").write_text(chart(lines, "timestep of the noise", "right answers in %"))
    rows = ["| at the timestep | " + " | ".join(WANTED) + " |", "|---" * (len(WANTED) + 1) + "|"]
    for each in measured:
        cells = [f"{100 * each.shares[name]:.1f} ± {100 * half(each, name):.1f} %" for name in WANTED]
        rows.append(f"| {each.timestep} | " + " | ".join(cells) + " |")
    wanted = " | ".join(f"{100 * share:.0f} %" for share in WANTED.values())
    rows += [f"| wanted at 0 | {wanted} |", f"| questions | {' | '.join(str(measured[0].counts[n]) for n in WANTED)} |"]
    table = "\n".join(rows) + "\n"
    (folder / "clip.md").write_text(table)
    return table


def half(each: Accuracy, name: str) -> float:
    """Half of the 95 % interval of a share."""
    return half_width(each.shares[name], each.counts[name]) if each.counts[name] else 0.0
