"""Features that pictures are compared by, and the judge as what extracts them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from pipelines.base import Pixels
from pipelines.errors import InvalidInput
from pipelines.evaluation.judge import SIDE, Judge, judge_input, load_judge
from pipelines.evaluation.metrics.estimates import Floats
from pipelines.glide.digests import sha256
from pipelines.machine import best_device

TENSORS = ("pooled_mean", "pooled_std", "spatial_mean", "spatial_std")  # of a scale's file
CHANNELS = 8  # of the judge's map that keep their place, as ADM keeps 7 of Inception's


class Features(NamedTuple):
    """What an extractor sees in N pictures."""

    pooled: Floats  # (N, D), of a picture as a whole
    spatial: Floats  # (N, S), of parts of it, each in its place
    logits: Floats  # (N, K), of its classes


def joined(parts: Sequence[Features]) -> Features:
    """Joins the features of batches into those of all their pictures."""
    return Features(*(np.concatenate(each) for each in zip(*parts, strict=True)))


class Extractor(Protocol):
    """A network that pictures are compared by."""

    @property
    def name(self) -> str:
        """In words, for a table."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides its features, in hexadecimal: those with one digest can be compared."""
        ...

    @property
    def sees_holes(self) -> bool:
        """Whether it looks at a hole more than at what is around it."""
        ...

    def check(self, name: str, height: int, width: int) -> None:
        """Refuses pictures of a size that it cannot look at.

        Raises:
            InvalidInput: the size is wrong; the message names the set.
        """
        ...

    def __call__(self, images: Pixels, holes: Pixels | None) -> Features:
        """Extracts the features of pictures.

        Args:
            images: uint8 (N, H, W, 3).
            holes: uint8 (N, H, W), 255 = the hole; None where a picture is all of it.
        """
        ...


class Scale(NamedTuple):
    """Means and standard deviations of features of true windows: features are z-scored by them.

    Raw, a few of the judge's features of large variance decide a distance alone.
    """

    pooled: tuple[Floats, Floats]  # (D,) each
    spatial: tuple[Floats, Floats]  # (S,) each

    def __call__(self, features: Features) -> Features:
        pooled, spatial = (
            (each - mean) / std for each, (mean, std) in zip(features[:2], (self.pooled, self.spatial), strict=True)
        )
        return Features(pooled, spatial, features.logits)


class JudgeExtractor:
    """The judge's features, z-scored where there is a scale: 128, and 8 channels of its 4x4 map.

    Args:
        judge: the network.
        digest: SHA-256 of its weights and the scale.
        scale: by which they are z-scored; None only to measure one.
    """

    sees_holes = True

    def __init__(self, judge: Judge, digest: str, scale: Scale | None) -> None:
        self._device = best_device()
        self._judge, self.digest, self._scale = judge.to(self._device), digest, scale
        self.name = "the judge's features"

    def check(self, name: str, height: int, width: int) -> None:
        if height != width or height % SIDE:
            raise InvalidInput(
                f"The judge looks at squares of {SIDE}, {2 * SIDE}, ... pixels, and the pictures of {name} are "
                f"{width}x{height}: enlarge them, or compare by --inception FILE."
            )

    @torch.inference_mode()
    def __call__(self, images: Pixels, holes: Pixels | None) -> Features:
        if holes is None:
            holes = np.full(images.shape[:3], 255, np.uint8)
        x = torch.stack([judge_input(*pair) for pair in zip(images, holes, strict=True)]).to(self._device)
        h = self._judge.map(x)  # (N, 256, 4, 4)
        pooled = self._judge.pooled(h, x)
        features = Features(*map(floats, (pooled, h[:, :CHANNELS].flatten(1), self._judge.kind(pooled))))
        return self._scale(features) if self._scale else features


def floats(x: Tensor) -> Floats:
    """Turns a tensor into an array of float64."""
    return x.double().cpu().numpy()


def measure_scale(features: Features) -> Scale:
    """Measures the scale of features of true windows."""
    pooled, spatial = ((each.mean(0), each.std(0, ddof=1)) for each in features[:2])
    return Scale(pooled, spatial)


def save_scale(scale: Scale, file: Path, judge: str) -> None:
    """Writes a scale, in float32, with the SHA-256 of the judge whose features it is of."""
    arrays = [*scale.pooled, *scale.spatial]
    tensors = {name: torch.from_numpy(each).float() for name, each in zip(TENSORS, arrays, strict=True)}
    save_file(tensors, file, {"judge": judge})


def load_judge_extractor(judge: Path, scale: Path) -> JudgeExtractor:
    """Loads a judge and the scale of its features.

    Args:
        judge: its weights.
        scale: as `save_scale` wrote it.

    Raises:
        InvalidInput: the scale is missing or damaged, or of another judge.
    """
    again, digest = "measure it again: python -m pipelines.evaluation feature-scale", sha256(judge)
    try:
        with safe_open(scale, "np") as stored:
            of = (stored.metadata() or {}).get("judge")
            arrays = [stored.get_tensor(name).astype(np.float64) for name in TENSORS]
    except (OSError, SafetensorError) as error:
        raise InvalidInput(f"The scale of the judge's features, {scale}, cannot be read ({error}): {again}.") from error
    if of != digest:
        raise InvalidInput(f"The scale {scale} is of another judge than {judge}: {again}.")
    both = hashlib.sha256(f"{digest} {sha256(scale)}".encode()).hexdigest()
    return JudgeExtractor(load_judge(judge), both, Scale((arrays[0], arrays[1]), (arrays[2], arrays[3])))
