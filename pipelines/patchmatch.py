"""Removal without a model: PatchMatch (Barnes et al. 2009) fills a hole with patches from around it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from pipelines.base import NOT_ASKED, Pixels, Request, Run, Step
from pipelines.errors import InvalidInput
from pipelines.exclusive import exclusive

RADIUS = 3  # pixels on each side of a patch's middle
RIM = 3  # pixels around the hole that are not copied from: they are mixed with what is removed
# The library finds no patches where the hole is much longer than the window is high: its small scales lose them.
LEAST_SIDE, LEAST_SHARE = 32, 0.5


def load_patchmatch() -> "PatchMatch":
    """Loads the library.

    Raises:
        InvalidInput: it is not there, or not for this machine.
    """
    try:
        import patchmatch
    except ImportError as error:
        raise InvalidInput(f"PatchMatch is not installed ({error}): `pip install -r requirements.txt`.") from error
    if not patchmatch.patchmatch_available:
        raise InvalidInput("PatchMatch has no library for this machine. The model `classical` needs none.")
    return PatchMatch(patchmatch)


class PatchMatch:
    """Reads no words; another seed finds other patches.

    Args:
        library: the module `patchmatch`.
    """

    name = "patchmatch"
    size = 512
    buckets: Sequence[tuple[int, int]] = ()
    largest = 1600  # above it a window takes too long, as nothing stops the library once it has begun
    host = ""
    supports_strength = False
    soft = False
    faster_together = False
    vocabulary = None
    defaults: Mapping[str, Any] = {}
    live_steps = 1
    samplers: Sequence[str] = ()
    unsupported: Collection[str] = tuple(name for name in NOT_ASKED if name != "seeds")

    def __init__(self, library: Any) -> None:
        self._library = library

    def hint(self, prompt: str) -> str:
        return "PatchMatch fills from the surroundings and reads no words." if prompt.strip() else ""

    @exclusive  # its seed is one for the whole process
    def inpaint(self, request: Request) -> Run:
        request.refuse_adapters(self.name)
        images = request.images.copy()
        for number, (image, mask, seed) in enumerate(zip(request.images, request.masks, request.seeds, strict=True), 1):
            images[number - 1] = self._filled(image, mask, seed)
            yield Step(number, len(images), images.copy())
        return images

    def _filled(self, image: Pixels, mask: Pixels, seed: int) -> Pixels:
        """Fills the hole of one picture.

        Args:
            image: uint8 (H, W, 3).
            mask: uint8 (H, W), above 0 = hole.
            seed: where its search starts.

        Returns:
            uint8 (H, W, 3).

        Raises:
            InvalidInput: there is nothing but hole.
        """
        hole = np.where(mask > 0, np.uint8(255), np.uint8(0))
        if hole.all():
            raise InvalidInput(
                "There is nothing to fill from: PatchMatch fills a hole with what is around it. Leave some of the "
                "picture unmasked."
            )
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * RIM + 1, 2 * RIM + 1))
        wider = cv2.dilate(hole, disc)
        if not wider.all():
            hole = wider
        _, _, *extent = cv2.boundingRect(hole)
        sides = [_padding(side, max(LEAST_SIDE, int(LEAST_SHARE * max(extent)))) for side in hole.shape]
        padded = np.pad(image, (*sides, (0, 0)), "symmetric")
        self._library.set_random_seed(seed)
        result = self._library.inpaint(padded, np.pad(hole, sides, "symmetric"), patch_size=RADIUS)
        (top, _), (left, _) = sides
        height, width = hole.shape
        return np.ascontiguousarray(result[top : top + height, left : left + width], dtype=np.uint8)


def _padding(side: int, least: int) -> tuple[int, int]:
    """Returns how many pixels to add on both ends of a side."""
    missing = max(0, least - side)
    return missing // 2, missing - missing // 2
