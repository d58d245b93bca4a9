"""Tells drawings from photographs, by how much of a picture lies in fields of one colour.

A drawing has fields of one colour; a photograph has grain, and what compression makes even is small. The ground of a
product's photograph is a field of one colour too, so the most frequent colour does not count.
"""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from editor.imaging.picture import Cache, Picture, TileIndex, tile_box

Kind = Literal["drawing", "photograph"]

# the side in pixels of a square of one colour. JPEG makes squares of 8 even, and a larger one crosses two of them
EVEN = 9
# the share of pixels in such squares above which a picture is a drawing; `tests/unit/test_picture_kind.py` measures it
LEAST_EVEN = 0.04
MOST_TILES = 64  # that are looked at: 4 megapixels
STRIDE = 4  # pixels between two that are counted


def kind_of(picture: Picture) -> Kind:
    """Tells what a picture is; one that is transparent everywhere is a drawing. Remembered by the picture's digest."""
    try:
        return _known(picture.digest)
    except LookupError:
        kind: Kind = "drawing" if _even_share(picture) > LEAST_EVEN else "photograph"
        _known.add(picture.digest, kind)
        return kind


def _unknown(digest: str) -> Kind:
    raise LookupError(digest)


_known: Cache[Kind] = Cache(_unknown, size=lambda kind: 1, limit=1024)


def _even_share(picture: Picture) -> float:
    """Returns the share of opaque pixels in even squares, 0 to 1, of those that have not the most frequent colour.

    It is 1 where there are no others. Of a large picture MOST_TILES tiles are looked at, the same ones each time.
    """
    tiles = sorted(picture.tiles)
    if len(tiles) > MOST_TILES:
        tiles = [tiles[n] for n in np.random.default_rng(0).permutation(len(tiles))[:MOST_TILES]]
    colours, evens = zip(*(_sampled(picture, tile) for tile in tiles), strict=True)
    colour, even = np.concatenate(colours), np.concatenate(evens)
    values, counts = np.unique(colour[even], return_counts=True)
    if len(values):
        other = colour != values[counts.argmax()]
        even = even[other]
    return float(even.mean()) if len(even) else 1.0


def _sampled(picture: Picture, tile: TileIndex) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
    """Returns of every STRIDEth opaque pixel of a tile, row by row, its colour, uint32 (N,), and whether it is even."""
    pixels = picture.tile(tile)[tile_box(tile).intersect(picture.box).slices(tile_box(tile))]
    colours, square = pixels[..., :3], np.ones((EVEN, EVEN), np.uint8)
    even = (cv2.dilate(colours, square) == cv2.erode(colours, square))[::STRIDE, ::STRIDE].all(2)
    few = pixels[::STRIDE, ::STRIDE]
    opaque = few[..., 3] == 255 if few.shape[2] == 4 else np.ones(few.shape[:2], bool)
    packed = few[..., :3].astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    return packed[opaque], even[opaque]
