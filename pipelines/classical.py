"""Removal without a model: OpenCV carries the surroundings into the hole."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from pipelines.base import NOT_ASKED, Request, Run, Step

RADIUS = 5  # pixels around each pixel that it is mixed from


class Classical:
    """Telea's fast marching (2004). Reads no words and takes no seed: every image of a request is the same."""

    name = "classical"
    size = 512
    shapes: Sequence[tuple[int, int]] = ()
    refines = False
    soft = False
    vocabulary = None
    usual: Mapping[str, Any] = {}
    samplers: Sequence[str] = ()
    unheeded: Collection[str] = NOT_ASKED

    def hint(self, prompt: str) -> str:
        return "This pipeline fills from the surroundings and reads no words." if prompt.strip() else ""

    def unknown(self, prompt: str) -> list[str]:
        return []

    def inpaint(self, request: Request) -> Run:
        request.refuse_adapters(self.name)
        hole = np.where(request.mask > 0, 255, 0).astype(np.uint8)
        filled = cv2.inpaint(request.image, hole, RADIUS, cv2.INPAINT_TELEA)
        images = np.repeat(filled[None], len(request.seeds), 0).astype(np.uint8)
        yield Step(1, 1, images)
        return images
