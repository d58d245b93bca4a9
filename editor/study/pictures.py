"""The pictures of a study as they are sent: encoded alike, so that nothing but their pixels tells the arms apart."""

from functools import lru_cache

import numpy as np
from PIL import Image

from editor.formats.images import encode_tile
from editor.imaging.raster import Pixels
from editor.study.comparisons import Shown
from editor.study.study import Study, read_picture

PIECES = 6  # a side, into which a spoiled picture is cut
NOISE = 40.0  # levels of 255, standard deviation: a spoiled picture of one colour shows that it is


@lru_cache(maxsize=32)
def encoded(study: Study, shown: Shown) -> bytes:
    """Returns a picture as lossless WebP without metadata, RGB, of its pair's size.

    Raises:
        OSError: its file is gone.
        InvalidInput: its file is not the one that the study was begun with.
    """
    pixels = read_picture(study, shown.pair, shown.arm)
    width, height = study.pairs[shown.pair].size
    if pixels.shape[:2] != (height, width):
        pixels = np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS), np.uint8)
    return encode_tile(spoil(pixels) if shown.spoiled else np.ascontiguousarray(pixels))


def spoil(pixels: Pixels) -> Pixels:
    """Returns a picture that nobody takes for the better one: its pieces in another order, with noise.

    Args:
        pixels: uint8 (H, W, 3).

    Returns:
        uint8 (H, W, 3), always the same for the same size and pixels.
    """
    random = np.random.default_rng(0)
    height, width = (max(1, side // PIECES) for side in pixels.shape[:2])
    rows, columns = pixels.shape[0] // height, pixels.shape[1] // width
    spoiled = pixels.copy()
    for to, source in enumerate(random.permutation(rows * columns)):
        (y, x), (v, u) = divmod(to, columns), divmod(int(source), columns)
        spoiled[y * height : (y + 1) * height, x * width : (x + 1) * width] = pixels[
            v * height : (v + 1) * height, u * width : (u + 1) * width
        ]
    noise = random.normal(0, NOISE, pixels.shape)
    return np.clip(np.rint(spoiled + noise), 0, 255).astype(np.uint8)
