"""A noised CLIP as a `Scorer`, at no noise."""

import torch
import torch.nn.functional as F

from pipelines.base import Pixels
from pipelines.errors import InvalidInput
from pipelines.evaluation.metrics.estimates import Floats
from pipelines.evaluation.metrics.features import floats
from pipelines.evaluation.metrics.scores import Scorer
from pipelines.glide.clip import Clip
from pipelines.glide.pixels import to_tensor


class ClipScorer:
    """Compares whole pictures with their prompts by a noised CLIP that is told of no noise. See `Scorer`.

    Args:
        clip: both halves.
        size: side in pixels of the pictures that it sees.
    """

    def __init__(self, clip: Clip, size: int) -> None:
        self._clip, self._size = clip, size

    @torch.inference_mode()
    def __call__(self, images: Pixels, prompts: tuple[str, ...]) -> Floats:
        device = next(self._clip.text.parameters()).device
        pairs = [self._clip.tokenizer.encode(prompt) for prompt in prompts]
        tokens, lengths = torch.stack([ids for ids, _ in pairs]), torch.tensor([length for _, length in pairs])
        text = self._clip.text(tokens.to(device), lengths.to(device))
        x = torch.stack([to_tensor(image) for image in images]).to(device)
        small = F.interpolate(x, (self._size, self._size), mode="area")  # as its training pictures were made small
        image = self._clip.image(small, torch.zeros(len(small), dtype=torch.int64, device=device))
        return floats(F.cosine_similarity(image, text))


def shipped_scorer() -> Scorer:
    """Loads the scorer of the drawn world.

    Raises:
        InvalidInput: there is none.
    """
    raise InvalidInput("The CLIP score is left out: no CLIP of the drawn world is shipped yet.")
