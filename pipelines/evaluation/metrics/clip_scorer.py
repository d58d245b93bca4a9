"""A noised CLIP as a `Scorer`, at no noise."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from pipelines.base import Pixels
from pipelines.errors import InvalidInput
from pipelines.evaluation.metrics.estimates import Floats
from pipelines.glide.clip import Clip
from pipelines.glide.digests import named
from pipelines.glide.folder import CLIP_SIZES, clip_files, load_clip, read_clip_config
from pipelines.glide.pipeline import BASE_SIGMAS
from pipelines.glide.ranking import clip_scores


class ClipScorer:
    """Compares pictures with their prompts by a noised CLIP. See `Scorer`.

    Args:
        clip: both halves.
        size: side in pixels of the pictures that it sees.
        networks: the SHA-256 of its files, by their names; none of a CLIP that is in memory alone.
    """

    def __init__(self, clip: Clip, size: int, networks: Mapping[str, str] = MappingProxyType({})) -> None:
        self._clip, self._size, self.networks = clip, size, networks

    def unread(self, prompt: str) -> str:
        return self._clip.tokenizer.unread(prompt)

    def __call__(self, images: Pixels, holes: Pixels | None, prompts: tuple[str, ...]) -> Floats:
        if holes is None:
            holes = np.full(images.shape[:3], 255, np.uint8)
        cosines = np.empty(len(images))
        for prompt in dict.fromkeys(prompts):  # each is encoded once
            own = [at for at, other in enumerate(prompts) if other == prompt]
            scores = clip_scores(self._clip, BASE_SIGMAS, self._size, images[own], holes[own], prompt)
            cosines[own] = scores / self._clip.scale
        return cosines


def load_scorer(folder: Path) -> ClipScorer:
    """Loads the scorer of a folder with a noised CLIP of the drawn world.

    Raises:
        InvalidInput: it has none, or it is damaged.
    """
    if not (folder / CLIP_SIZES).is_file():
        raise InvalidInput(
            f"{folder} has no CLIP of the drawn world: train it with `python -m pipelines.training clip`, and put its "
            "files there."
        )
    return ClipScorer(load_clip(folder), read_clip_config(folder).size, named(clip_files(folder)))
