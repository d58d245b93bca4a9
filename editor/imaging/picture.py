"""Picture: an immutable map from tile indices to the digests of their pixels.

A write makes new tiles only where it changes pixels and shares all others with the picture it came from, so that the
cost of an edit, an undo or a save scales with the change. Equal digests mean equal pixels, so comparing digests is
enough to check that nothing else changed.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from types import EllipsisType, MappingProxyType
from typing import Generic, TypeVar

import numpy as np

from editor.imaging.digest import digest_of
from editor.imaging.geometry import Box
from editor.imaging.raster import Patch, Pixels
from pipelines.errors import InvalidInput

TILE = 256  # side in pixels; tile (c, r) covers the plane's [256 c, 256 c + 256) x [256 r, 256 r + 256)

Value = TypeVar("Value")
TileIndex = tuple[int, int]  # (column, row)
Source = Callable[[str], Pixels]  # returns a tile's pixels, read-only, by digest; raises LookupError when unknown


def tile_digest(pixels: Pixels) -> str:
    """Returns the digest of a tile: hex BLAKE2b (16 bytes) of its raw pixels, uint8 (TILE, TILE, 3 or 4)."""
    return digest_of(pixels.data)


def tile_box(index: TileIndex) -> Box:
    """Returns the box of a tile on the plane."""
    return Box(index[0] * TILE, index[1] * TILE, TILE, TILE)


def tile_indices(box: Box) -> Iterator[TileIndex]:
    """Yields the indices of the tiles that a box touches, row by row."""
    if not box.empty:
        for row in range(box.y // TILE, (box.bottom - 1) // TILE + 1):
            for column in range(box.x // TILE, (box.right - 1) // TILE + 1):
                yield column, row


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels on a box, in tiles. A transparent pixel is an unknown one. Pictures with equal box and tiles are equal.

    A tile is uint8 (TILE, TILE, 3) RGB if all its pixels are opaque, else (TILE, TILE, 4) with straight alpha; outside
    the box it is zero.
    """

    box: Box
    tiles: Mapping[TileIndex, str]  # the digest of each tile that the box touches
    source: Source  # where the pixels of a digest come from
    # pixels that no source has yet, by digest; a picture carries them until they are stored
    fresh: Mapping[str, Pixels] = field(default_factory=lambda: MappingProxyType({}))

    @staticmethod
    def from_pixels(pixels: Pixels) -> "Picture":
        """Makes a picture at (0, 0) in memory.

        Args:
            pixels: uint8 (H, W, 3) RGB or (H, W, 4) with straight alpha, not empty.

        Raises:
            InvalidInput: the array has another type or shape, or is empty.
        """
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (3, 4) or 0 in pixels.shape:
            raise InvalidInput(
                "A picture must be uint8 (height, width, 3 or 4) with at least one pixel, "
                f"not {pixels.dtype} {pixels.shape}."
            )
        box = Box(0, 0, pixels.shape[1], pixels.shape[0])
        tiles, fresh = {}, {}
        for index in tile_indices(box):
            inside = tile_box(index).intersect(box)
            tile = np.zeros((TILE, TILE, pixels.shape[2]), np.uint8)
            tile[inside.slices(tile_box(index))] = pixels[inside.slices(box)]
            tile = _canonical(tile, inside.slices(tile_box(index)))
            tiles[index] = digest = tile_digest(tile)
            fresh[digest] = tile
        return Picture(box, MappingProxyType(tiles), _no_source, MappingProxyType(fresh))

    @staticmethod
    def blank(width: int, height: int) -> "Picture":
        """Makes a transparent picture at (0, 0); raises InvalidInput when it would have no pixel."""
        if width < 1 or height < 1:
            raise InvalidInput(f"A picture must have at least one pixel, not {width} x {height}.")
        transparent = np.zeros((TILE, TILE, 4), np.uint8)
        transparent.flags.writeable = False
        box, digest = Box(0, 0, width, height), tile_digest(transparent)
        tiles = dict.fromkeys(tile_indices(box), digest)
        return Picture(box, MappingProxyType(tiles), _no_source, MappingProxyType({digest: transparent}))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Picture) and self.box == other.box and self.tiles == other.tiles

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """Hex BLAKE2b of the box and the tiles' digests, in the order of their indices."""
        tiles = (f"{index}{digest}" for index, digest in sorted(self.tiles.items()))
        return digest_of(repr(tuple(self.box)), *tiles)

    def tile(self, index: TileIndex) -> Pixels:
        """Returns the pixels of a tile, read-only; raises KeyError when the box does not touch it."""
        digest = self.tiles[index]
        return self.fresh[digest] if digest in self.fresh else self.source(digest)

    def read(self, box: Box) -> Patch:
        """Returns the colours on a box, RGB; zero outside the picture."""
        pixels = np.zeros((*box.shape, 3), np.uint8)
        for index in tile_indices(box.intersect(self.box)):
            shared = tile_box(index).intersect(box)
            pixels[shared.slices(box)] = self.tile(index)[shared.slices(tile_box(index))][..., :3]
        pixels.flags.writeable = False
        return Patch(box, pixels)

    def opacity(self, box: Box) -> Pixels:
        """Returns the alpha on a box, uint8 (H, W): 255 for a known pixel, 0 for a transparent one and outside."""
        alpha = np.zeros(box.shape, np.uint8)
        for index in tile_indices(box.intersect(self.box)):
            shared = tile_box(index).intersect(box).intersect(self.box)
            tile = self.tile(index)[shared.slices(tile_box(index))]
            alpha[shared.slices(box)] = tile[..., 3] if tile.shape[2] == 4 else 255
        return alpha

    def pixels(self) -> Pixels:
        """Returns all pixels: uint8 (H, W, 3), or (H, W, 4) with straight alpha when any pixel is not opaque."""
        colours = self.read(self.box).pixels
        if all(self.tile(index).shape[2] == 3 for index in self.tiles):
            return colours
        return np.dstack([colours, self.opacity(self.box)])

    def write(self, patch: Patch) -> "Picture":
        """Returns a new picture with a patch in it; an RGB patch is opaque.

        Only tiles that the patch touches are new, and one whose pixels stay the same keeps its digest.

        Raises:
            ValueError: a part of the patch lies outside the picture.
        """
        if not self.box.contains(patch.box):
            raise ValueError(f"a patch at {patch.box} does not lie within the picture at {self.box}")
        new = {}
        for index in tile_indices(patch.box):
            here, inside = tile_box(index), tile_box(index).intersect(self.box)
            shared = here.intersect(patch.box)
            tile, pixels = self.tile(index), patch.pixels[shared.slices(patch.box)]
            if tile.shape[2] == 4 or pixels.shape[2] == 4:
                tile, pixels = _with_alpha(tile, inside.slices(here)), _with_alpha(pixels, ...)
            else:
                tile = tile.copy()
            tile[shared.slices(here)] = pixels
            new[index] = _canonical(tile, inside.slices(here))
        return self._with(self.box, dict(self.tiles), new)

    def reframed(self, box: Box) -> "Picture":
        """Returns the same pixels on another box: cut off outside it, transparent where it is new.

        Raises:
            InvalidInput: the box is empty.
        """
        if box.empty:
            raise InvalidInput(f"A picture must have at least one pixel, not {box.width} x {box.height}.")
        tiles, new = {}, {}
        for index in tile_indices(box):
            here = tile_box(index)
            inside, before = here.intersect(box), here.intersect(self.box)
            if inside == before:
                tiles[index] = self.tiles[index]
                continue
            tile, shared = np.zeros((TILE, TILE, 4), np.uint8), inside.intersect(before)
            if not shared.empty:
                whole = _with_alpha(self.tile(index), before.slices(here))
                tile[shared.slices(here)] = whole[shared.slices(here)]
            new[index] = _canonical(tile, inside.slices(here))
        return self._with(box, tiles, new)

    def _with(self, box: Box, tiles: dict[TileIndex, str], new: Mapping[TileIndex, Pixels]) -> "Picture":
        fresh = dict(self.fresh)
        for index, tile in new.items():
            digest = tile_digest(tile)
            if digest != self.tiles.get(index):
                fresh[digest] = tile
            tiles[index] = digest
        digests = set(tiles.values())  # drops the pixels that no tile uses any more
        fresh = {digest: pixels for digest, pixels in fresh.items() if digest in digests}
        return Picture(box, MappingProxyType(tiles), self.source, MappingProxyType(fresh))


Inside = tuple[slice, slice]  # rows and columns


def _with_alpha(pixels: Pixels, inside: Inside | EllipsisType) -> Pixels:
    """Returns a copy with four channels; RGB is opaque `inside`."""
    if pixels.shape[2] == 4:
        return pixels.copy()
    alpha = np.zeros((*pixels.shape[:2], 1), np.uint8)
    alpha[inside] = 255
    return np.concatenate([pixels, alpha], axis=2)


def _canonical(tile: Pixels, inside: Inside) -> Pixels:
    """Returns the canonical form of a tile, read-only: three channels when it is opaque `inside` the picture."""
    if tile.shape[2] == 4 and (tile[inside][..., 3] == 255).all():
        tile = np.ascontiguousarray(tile[..., :3])
    tile.flags.writeable = False
    return tile


class Cache(Generic[Value]):
    """A cache of the most recently used values. Safe to share between threads."""

    def __init__(self, load: Callable[[str], Value], size: Callable[[Value], int], limit: int) -> None:
        """Makes an empty cache.

        Args:
            load: returns the value of a key that is not in the cache.
            size: returns how many bytes a value takes.
            limit: bytes of all values at most.
        """
        self.load, self.size, self.limit = load, size, limit
        self.held = 0  # bytes in the cache
        self._values: OrderedDict[str, Value] = OrderedDict()
        self._lock = Lock()

    def __call__(self, key: str) -> Value:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = self.load(key)
        self.add(key, value)
        return value

    def add(self, key: str, value: Value) -> None:
        """Adds a value, and removes the least recently used ones beyond the limit."""
        with self._lock:
            if key not in self._values:
                self._values[key] = value
                self.held += self.size(value)
            while self.held > self.limit:
                self.held -= self.size(self._values.popitem(last=False)[1])


def _no_source(digest: str) -> Pixels:
    raise LookupError(f"no tile {digest} in memory")
