"""Networks beside GLIDE's own, each trained from nothing by a stage of its name: a row of a table each."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from pipelines.glide.config import ClipConfig
from pipelines.glide.folder import BYTE_PAIRS, CLIP_HALVES, CLIP_SIZES, WORDS
from pipelines.glide.sized import save_sized
from pipelines.glide.tokenizer import EndedTokenizer, mini_tokenizer
from pipelines.glide.weights import save_unet
from pipelines.training.classification import Classification
from pipelines.training.config import AUTOENCODER_SEED, CLASSIFIER_SEED, CLIP_SEED, SCORER_SEED, Pace, Size
from pipelines.training.contrastive import MOST_SCALE, Contrastive
from pipelines.training.labelled import Labelled
from pipelines.training.pairs import Pairs
from pipelines.training.reconstruction import Crops, Reconstruction
from pipelines.training.trainer import Objective


@dataclass(frozen=True)
class Companion:
    """How such a network is trained and written. `Any` is its sizes."""

    config: Callable[[Size], Any]
    pace: Callable[[Size], Pace]
    seed: int  # its scenes and noise are its own
    objective: Callable[[Any, int, torch.device], Objective]  # of its sizes, its seed and the device
    dataset: Callable[[Size, Path], Dataset[dict[str, Tensor]]]  # of a size and the folder
    save: Callable[[Any, Mapping[str, Tensor], Path], None]  # its sizes and averaged weights into the folder
    begins_with: tuple[str, ...] = ()  # files of the embedded model that a new folder has too


def pairs(size: Size, out: Path) -> Pairs:
    """Returns windows and captions in a folder's byte pairs."""
    return Pairs(EndedTokenizer(mini_tokenizer(out / BYTE_PAIRS, size.clip.context - 1)), size.clip.size)


def save_clip(config: ClipConfig, ema: Mapping[str, Tensor], out: Path) -> None:
    """Writes both halves of a CLIP and their sizes as files of a folder."""
    for half, name in zip(("text", "image"), CLIP_HALVES, strict=True):
        save_unet(part_of(ema, half), out / f"{name}.safetensors")
    scale = min(float(ema["log_scale"].exp()), MOST_SCALE)
    (out / CLIP_SIZES).write_text(json.dumps(asdict(replace(config, scale=round(scale, 3))), indent=1) + "\n")


def save_classifier(config: Any, ema: Mapping[str, Tensor], out: Path) -> None:
    """Writes a classifier, its sizes and the names of its classes as files of a folder."""
    save_sized(config, ema, out / "classifier.safetensors")


def save_autoencoder(config: Any, ema: Mapping[str, Tensor], out: Path) -> None:
    """Writes an autoencoder and its sizes as files of a folder."""
    save_sized(config, part_of(ema, "autoencoder"), out / "autoencoder.safetensors")


def part_of(state: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """Returns the weights of a part of a network, under the part's own names."""
    return {key.removeprefix(f"{name}."): value for key, value in state.items() if key.startswith(f"{name}.")}


COMPANIONS = {
    "clip": Companion(
        lambda size: size.clip, lambda size: size.clip_pace, CLIP_SEED, Contrastive, pairs, save_clip,
        begins_with=(BYTE_PAIRS, WORDS),
    ),
    # another CLIP, to score what the noised one guided or ranked: of other scenes, and without noise
    "scorer": Companion(
        lambda size: size.clip, lambda size: size.clip_pace, SCORER_SEED, partial(Contrastive, noised=False), pairs,
        save_clip, begins_with=(BYTE_PAIRS, WORDS),
    ),
    "classifier": Companion(
        lambda size: size.classifier, lambda size: size.classifier_pace, CLASSIFIER_SEED,
        Classification, lambda size, out: Labelled(size.classifier.size), save_classifier,
    ),
    "autoencoder": Companion(
        lambda size: size.autoencoder, lambda size: size.autoencoder_pace, AUTOENCODER_SEED,
        Reconstruction, lambda size, out: Crops(size.autoencoder_crop), save_autoencoder,
    ),
}  # fmt: skip
