"""Ranking by a GLIDE's own noised CLIP, which sees finished windows without noise, as small as the base draws them."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines.base import Pixels
from pipelines.calibration import Calibration, Scores
from pipelines.diffusion.schedule import Sigmas
from pipelines.glide.clip import Clip
from pipelines.glide.pixels import to_tensor
from pipelines.ranking import Probabilities


class ClipRanker:
    """Ranks windows of the world that a CLIP was trained on; of photographs it can say nothing.

    Args:
        scores: returns (N,) scores, or None where there are none; arguments as of `Ranker.probabilities`.
        calibration: of these scores.
    """

    photographs = False

    def __init__(self, scores: Callable[[Pixels, Pixels, str], Scores | None], calibration: Calibration) -> None:
        self._scores, self._calibration = scores, calibration

    def probabilities(self, windows: Pixels, holes: Pixels, prompt: str) -> Probabilities | None:
        scores = self._scores(windows, holes, prompt)
        return None if scores is None else self._calibration.probabilities(scores)

    def word(self, probability: float) -> str:
        return self._calibration.word(probability)


@torch.inference_mode()
def clip_scores(clip: Clip, sigmas: Sigmas, side: int, windows: Pixels, holes: Pixels, prompt: str) -> Scores:
    """Computes the scaled cosine of each window with a prompt, at t = 0 (Nichol et al. 2021, eq. 3).

    Args:
        clip: both halves.
        sigmas: the schedule that it was trained on.
        side: of the pictures that it sees, in pixels.
        windows: uint8 (N, H, W, 3).
        holes: uint8 (N, H, W), 255 = repainted; a pixel of CLIP's is, where any of its pixels is.
        prompt: the text.

    Returns:
        float64 (N,), each of its window alone.
    """
    device = next(clip.image.parameters()).device
    images = torch.stack([to_tensor(window) for window in windows]).to(device)  # (N, 3, H, W)
    repainted = torch.from_numpy(holes > 0)[:, None].float().to(device)  # (N, 1, H, W)
    x: Tensor = F.adaptive_avg_pool2d(images, side)  # (N, 3, side, side)
    hole: Tensor = F.adaptive_max_pool2d(repainted, side)  # (N, 1, side, side)
    least = float(sigmas[0])  # the noise of t = 0, of which none is added
    scores: Scores = clip.similarity([prompt], sigmas, hole)(x, least).double().cpu().numpy()
    return scores
