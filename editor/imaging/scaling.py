"""Scaling of pictures for people to look at, with a filter that neither blurs nor makes jagged edges."""

import numpy as np
from PIL import Image

from editor.imaging.raster import Pixels
from pipelines.errors import InvalidInput


def scaled_size(width: int, height: int, side: int) -> tuple[int, int]:
    """Returns the width and height that a picture is scaled down to, so that no side is longer than `side`.

    Raises:
        InvalidInput: `side` is less than 1.
    """
    if side < 1:
        raise InvalidInput(f"The longest side must have at least 1 pixel, not {side}.")
    longest = max(width, height)
    if side >= longest:
        return width, height
    return max(1, (2 * width * side + longest) // (2 * longest)), max(1, (2 * height * side + longest) // (2 * longest))


def scaled_down(pixels: Pixels, side: int) -> Pixels:
    """Scales a picture down until no side is longer than `side`, by Lanczos's filter; returns a smaller one as it is.

    Args:
        pixels: uint8 (H, W, 3), or (H, W, 4) with straight alpha: a transparent pixel's colour does not count.
        side: in pixels.

    Raises:
        InvalidInput: `side` is less than 1.
    """
    height, width = pixels.shape[:2]
    size = scaled_size(width, height, side)
    if size == (width, height):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS), dtype=np.uint8)
