"""Removal without a model: OpenCV carries the surroundings into the hole."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from pipelines.base import NOT_ASKED, Pixels, Request, Run, Step, filled

RADIUS = 5  # pixels around each pixel that it is mixed from


class Classical:
    """Telea's fast marching (2004). Reads no words and takes no seed: every image of a request is the same."""

    name = "classical"
    size = 512
    buckets: Sequence[tuple[int, int]] = ()
    largest = 0
    host = ""
    supports_strength = False
    soft = False
    faster_together = False
    vocabulary = None
    defaults: Mapping[str, Any] = {}
    live_steps = 1
    samplers: Sequence[str] = ()
    unsupported: Collection[str] = NOT_ASKED

    def hint(self, prompt: str) -> str:
        return "This pipeline fills from the surroundings and reads no words." if prompt.strip() else ""

    def inpaint(self, request: Request) -> Run:
        request.refuse_adapters(self.name)
        images = filled(request, self._filled)
        yield Step(1, 1, images)
        return images

    def _filled(self, image: Pixels, mask: Pixels) -> Pixels:
        hole = np.where(mask > 0, 255, 0).astype(np.uint8)
        return np.asarray(cv2.inpaint(image, hole, RADIUS, cv2.INPAINT_TELEA), dtype=np.uint8)
