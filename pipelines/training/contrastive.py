"""What a CLIP learns: which text belongs to which picture, noisy or not (Radford et al. 2021; Nichol et al. 2021, 3.3).

Shapes: N texts and as many pictures, each at V noise levels, R = N V rows; F features; W wrong captions of a picture.
"""

from dataclasses import asdict
from math import log

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipelines.diffusion.loss import noise_levels
from pipelines.diffusion.schedule import SCHEDULES, TIMESTEPS, sigmas_of
from pipelines.glide.clip import ClipImage, ClipText
from pipelines.glide.config import ClipConfig
from pipelines.training.pairs import ANY_COLOUR, NO_KIND
from pipelines.training.trainer import StepNoise

CLEARER = 400  # timesteps before this one come twice as often: what a picture shows is to be seen there
FIRST_SCALE, MOST_SCALE = 1 / 0.07, 100.0


class ClipPair(nn.Module):
    """Both halves, and the logarithm of the scale of their cosines."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        self.text, self.image = ClipText(config), ClipImage(config)
        self.log_scale = nn.Parameter(torch.tensor(log(FIRST_SCALE)))

    @property
    def scale(self) -> Tensor:
        """At most 100, as Radford et al. 2021 clip it."""
        return self.log_scale.exp().clamp(max=MOST_SCALE)


class Contrastive:
    """An `Objective`: both halves of a CLIP.

    Args:
        config: their sizes.
        seed: of its noise and scenes.
        device: where it learns.
        noised: whether it learns at all noise levels; else at the least, t = 0, alone.
    """

    def __init__(self, config: ClipConfig, seed: int, device: torch.device, noised: bool = True) -> None:
        torch.manual_seed(seed)
        self.seed, self.config, self._noised = seed, config, noised
        self.network = ClipPair(config).to(device)
        self._levels = noise_levels(sigmas_of(SCHEDULES["cosine"]())).to(device)

    @property
    def course(self) -> dict[str, object]:
        return {"network": asdict(self.config)}

    def loss(self, batch: dict[str, Tensor], noise: StepNoise) -> Tensor:
        """See `Objective`. The batch is that of `pairs.Pairs`."""
        x0 = batch["x0"]
        place = noise.integers(TIMESTEPS + CLEARER if self._noised else 1)
        t = torch.where(place < TIMESTEPS, place, place - TIMESTEPS)
        sigma = self._levels[t + 1][:, None, None, None]
        x = (x0 + sigma * noise.normal(*x0.shape[1:])) / (1 + sigma**2).sqrt()
        images = F.normalize(self.network.image(x, t, batch["hole"]).float(), dim=-1)  # (R, F)
        per_picture = {name: value[:: noise.rows[1]] for name, value in batch.items()}
        tokens, lengths = per_picture["tokens"], per_picture["lengths"]  # (N, 1 + W, L), (N, 1 + W)
        features = self.network.text(tokens.flatten(0, 1), lengths.flatten())
        texts = F.normalize(features.float(), dim=-1).unflatten(0, lengths.shape)  # (N, 1 + W, F)
        return contrastive_loss(images, texts, self.network.scale, fitting(per_picture), per_picture["there"])


def fitting(batch: dict[str, Tensor]) -> Tensor:
    """Tells which captions are true of other pictures too: bool (N, N), row = picture, column = caption.

    So is one of a thing of the same kind, unless it names another colour; then a picture is not held against it.
    """
    kind, colour, named = batch["kind"], batch["colour"], batch["named"]
    same_kind = (kind[:, None] == kind) & (kind != NO_KIND)
    same_colour = (named == ANY_COLOUR) | (colour[:, None] == named)
    return same_kind & same_colour & ~torch.eye(len(kind), dtype=torch.bool, device=kind.device)


def contrastive_loss(images: Tensor, texts: Tensor, scale: Tensor, fits: Tensor, there: Tensor) -> Tensor:
    """Computes the symmetric cross entropy of Radford et al. 2021, figure 3, with wrong captions of each picture.

    Args:
        images: (N V, F), of length 1; row i is of picture i // V.
        texts: (N, 1 + W, F), of length 1, the true caption first.
        scale: of the cosines, a scalar.
        fits: bool (N, N), which other captions (columns) are true of which picture; they count on neither side.
        there: bool (N, W), which wrong captions there are.

    Returns:
        The loss, a scalar.
    """
    levels, own = len(images) // len(texts), torch.arange(len(texts), device=images.device)
    never = float("-inf")
    logits = (scale * images @ texts[:, 0].T).unflatten(0, (-1, levels))  # (N, V, N)
    logits = logits.masked_fill(fits[:, None], never)
    wrong = scale * torch.einsum("nvf,nwf->nvw", images.unflatten(0, (-1, levels)), texts[:, 1:])
    wrong = wrong.masked_fill(~there[:, None], never)
    of_images = F.cross_entropy(torch.cat([logits, wrong], -1).flatten(0, 1), own.repeat_interleave(levels))
    # each caption among the pictures at one noise level: (V, captions, pictures)
    of_texts = F.cross_entropy(logits.permute(1, 2, 0).flatten(0, 1), own.repeat(levels))
    return (of_images + of_texts) / 2
