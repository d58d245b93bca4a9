"""What a VQ autoencoder learns: to say a picture in few codes (van den Oord et al. 2017).

Shapes: N features of D numbers, K codes.
"""

from dataclasses import asdict, dataclass

import torch
import torch.distributed as distributed
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset

from pipelines.glide.autoencoder import Autoencoder
from pipelines.glide.config import AutoencoderConfig
from pipelines.glide.pixels import to_tensor
from pipelines.training.dataset import WINDOW, example
from pipelines.training.trainer import Share, StepNoise

COMMITMENT = 0.25  # weight of the features' distance to their codes (equation 3)
STAYS = 0.99  # how much of the codes' means stays at each step (appendix A.1)
DEAD = 0.05  # a code that stands for less than this share of what it would if all stood for as much begins anew


class LearningAutoencoder(nn.Module):
    """An autoencoder, how much each of its codes stands for, and the sum of that."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.autoencoder = Autoencoder(config)
        self.register_buffer("shares", torch.zeros(config.codes))
        self.register_buffer("sums", torch.zeros(config.codes, config.features))

    shares: Tensor  # (K,), of all features
    sums: Tensor  # (K, D), each code times its share

    @torch.no_grad()
    def learn_codes(self, features: Tensor, candidates: Tensor) -> None:
        """Moves each code towards the mean of the features that it is the nearest of (appendix A.1).

        A code that hardly any feature needs begins anew as one of the features (Dhariwal et al. 2020, section 3.1): at
        first that is all of them.

        Args:
            features: (N, D), of a whole batch.
            candidates: int64 (K,), which feature each code would begin anew as.
        """
        codebook, even = self.autoencoder.codebook, 1 / len(self.shares)
        dead = self.shares < DEAD * even
        codebook[dead] = features[candidates][dead]
        self.shares[dead], self.sums[dead] = even, even * codebook[dead]
        nearest = self.autoencoder.nearest(features)
        shares = torch.bincount(nearest, minlength=len(self.shares)) / len(features)
        sums = torch.zeros_like(self.sums).index_add_(0, nearest, features) / len(features)
        self.shares.lerp_(shares, 1 - STAYS)
        self.sums.lerp_(sums, 1 - STAYS)
        codebook.copy_(self.sums / self.shares[:, None])


class Reconstruction:
    """An `Objective`: an autoencoder and its codebook.

    Args:
        config: its sizes.
        seed: of its codes' beginnings and its scenes.
        device: where it learns.
    """

    def __init__(self, config: AutoencoderConfig, seed: int, device: torch.device) -> None:
        torch.manual_seed(seed)
        self.seed, self.config = seed, config
        self.network = LearningAutoencoder(config).to(device)

    @property
    def course(self) -> dict[str, object]:
        return {"network": asdict(self.config)}

    def loss(self, batch: dict[str, Tensor], noise: StepNoise) -> Tensor:
        """See `Objective`. The batch is that of `Crops`."""
        x0, autoencoder = batch["x0"], self.network.autoencoder
        features = autoencoder.encode(x0)  # (B, D, h, w)
        with torch.autocast(x0.device.type, enabled=False):
            rows = whole_batch(features.detach().float(), noise.share).permute(0, 2, 3, 1).flatten(0, 2)
            generator = noise.generator
            candidates = torch.randint(len(rows), (self.config.codes,), generator=generator, device=generator.device)
            self.network.learn_codes(rows, candidates)
        codes = autoencoder.quantised(features)
        # the codes' gradient goes to the features as it is: their nearest neighbour has none
        reconstructed = autoencoder.decode(features + (codes - features).detach())
        return F.mse_loss(reconstructed.float(), x0) + COMMITMENT * F.mse_loss(features.float(), codes)


def whole_batch(part: Tensor, share: Share) -> Tensor:
    """Gathers every process's rows of a batch, in the order in which one process alone would have them."""
    if share.of == 1:
        return part
    parts = [torch.empty_like(part) for _ in range(share.of)]
    distributed.all_gather(parts, part.contiguous())
    return torch.stack(parts, 1).flatten(0, 1)


@dataclass(frozen=True)
class Crops(Dataset[dict[str, Tensor]]):
    """Crops of windows at full size, as tensors: x0 (3, size, size) in [-1, 1]."""

    size: int  # side of a crop in pixels

    def __len__(self) -> int:
        return 2**62

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {"x0": to_tensor(example(index, self.size, 0.0, self.size / WINDOW).image)}
