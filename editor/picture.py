"""Picture: an immutable map from tile places to the digests of their pixels.

A write makes new tiles where it touches and shares all others with the picture it came from, so that an edit,
an undo or a save costs by what changed. Equal digests are equal pixels: "nothing else was touched" is a
comparison of names.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from threading import Lock
from types import MappingProxyType
from typing import Generic, TypeVar

import numpy as np

from editor.geometry import Box
from editor.raster import Patch, Pixels

TILE = 256  # side in pixels; tile (c, r) covers the plane's [256 c, 256 c + 256) x [256 r, 256 r + 256)

Held = TypeVar("Held")
Place = tuple[int, int]  # (column, row)
Source = Callable[[str], Pixels]  # digest -> uint8 (TILE, TILE, 3), read-only; LookupError when unknown


def tile_digest(pixels: Pixels) -> str:
    """The name of a tile: hex of BLAKE2b (16 bytes) over its raw pixels, uint8 (TILE, TILE, 3)."""
    return blake2b(pixels.data, digest_size=16).hexdigest()


def tile_box(place: Place) -> Box:
    return Box(place[0] * TILE, place[1] * TILE, TILE, TILE)


def places(box: Box) -> Iterator[Place]:
    """The tiles which a box touches, row by row."""
    if not box.empty:
        for row in range(box.y // TILE, (box.bottom - 1) // TILE + 1):
            for column in range(box.x // TILE, (box.right - 1) // TILE + 1):
                yield column, row


@dataclass(frozen=True, eq=False)
class Picture:
    """RGB pixels on `box`, in tiles named by their content. A tile at the edge is zero outside the box.

    tiles: place -> digest, for each place the box touches. source: where the pixels of a digest are found.
    fresh: pixels which are in no source yet, by digest; a picture carries them until somebody keeps them.
    Two pictures are equal when box and tiles are.
    """

    box: Box
    tiles: Mapping[Place, str]
    source: Source
    fresh: Mapping[str, Pixels] = field(default_factory=lambda: MappingProxyType({}))

    @staticmethod
    def from_pixels(pixels: Pixels) -> "Picture":
        """A picture at (0, 0) which lives in memory. pixels: uint8 (H, W, 3); ValueError otherwise or when
        empty.
        """
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
            raise ValueError(
                f"A picture is uint8 (height, width, 3) with at least one pixel, not {pixels.dtype} {pixels.shape}."
            )
        box = Box(0, 0, pixels.shape[1], pixels.shape[0])
        tiles, fresh = {}, {}
        for place in places(box):
            inside = tile_box(place).intersect(box)
            tile = np.zeros((TILE, TILE, 3), np.uint8)
            tile[inside.slices(tile_box(place))] = pixels[inside.slices(box)]
            tiles[place] = digest = tile_digest(tile)
            tile.flags.writeable = False
            fresh[digest] = tile
        return Picture(box, MappingProxyType(tiles), _nowhere, MappingProxyType(fresh))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Picture) and self.box == other.box and self.tiles == other.tiles

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """The name of the whole: hex of BLAKE2b over the box and the tiles' names in the order of their
        places.
        """
        name = blake2b(repr(tuple(self.box)).encode(), digest_size=16)
        for place, digest in sorted(self.tiles.items()):
            name.update(f"{place}{digest}".encode())
        return name.hexdigest()

    def tile(self, place: Place) -> Pixels:
        """The pixels of one tile, uint8 (TILE, TILE, 3), read-only. KeyError where the box has none."""
        digest = self.tiles[place]
        return self.fresh[digest] if digest in self.fresh else self.source(digest)

    def read(self, box: Box) -> Patch:
        """The pixels at `box`; zero where it leaves the picture."""
        pixels = np.zeros((*box.shape, 3), np.uint8)
        for place in places(box.intersect(self.box)):
            shared = tile_box(place).intersect(box)
            pixels[shared.slices(box)] = self.tile(place)[shared.slices(tile_box(place))]
        pixels.flags.writeable = False
        return Patch(box, pixels)

    def write(self, patch: Patch) -> "Picture":
        """A new picture with the patch in it. ValueError when the patch leaves the picture.

        Only touched tiles are new, and of those one whose pixels came out the same keeps its digest.
        """
        if not self.box.contains(patch.box):
            raise ValueError(f"a patch at {patch.box} does not lie within the picture at {self.box}")
        tiles, fresh = dict(self.tiles), dict(self.fresh)
        for place in places(patch.box):
            shared = tile_box(place).intersect(patch.box)
            tile = self.tile(place).copy()
            tile[shared.slices(tile_box(place))] = patch.pixels[shared.slices(patch.box)]
            tile.flags.writeable = False
            digest = tile_digest(tile)
            if digest != tiles[place]:
                tiles[place], fresh[digest] = digest, tile
        if len(fresh) > len(self.fresh):  # what no place names any more need not be carried on
            named = set(tiles.values())
            fresh = {digest: pixels for digest, pixels in fresh.items() if digest in named}
        return Picture(self.box, MappingProxyType(tiles), self.source, MappingProxyType(fresh))


class Cache(Generic[Held]):
    """Values by key, made by `load` when absent; the latest used ones, `limit` bytes at most as `size` counts
    them.

    Safe to share between threads.
    """

    def __init__(self, load: Callable[[str], Held], size: Callable[[Held], int], limit: int) -> None:
        self.load, self.size, self.limit = load, size, limit
        self.held = 0  # bytes
        self._values: OrderedDict[str, Held] = OrderedDict()
        self._lock = Lock()

    def __call__(self, key: str) -> Held:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = self.load(key)
        self.add(key, value)
        return value

    def add(self, key: str, value: Held) -> None:
        with self._lock:
            if key not in self._values:
                self._values[key] = value
                self.held += self.size(value)
            while self.held > self.limit:
                self.held -= self.size(self._values.popitem(last=False)[1])


def _nowhere(digest: str) -> Pixels:
    raise LookupError(f"no tile {digest} in memory")
