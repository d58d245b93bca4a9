"""Picture: an immutable map from tile tile_indices to the digests of their pixels.

A write makes new tiles where it touches and shares all others with the picture it came from, so that an edit,
an undo or a save costs by what changed. Equal digests are equal pixels: "nothing else was touched" is a
comparison of names.
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

Held = TypeVar("Held")
TileIndex = tuple[int, int]  # (column, row)
Source = Callable[[str], Pixels]  # digest -> a tile's pixels, read-only; LookupError when unknown


def tile_digest(pixels: Pixels) -> str:
    """The name of a tile: hex of BLAKE2b (16 bytes) over its raw pixels, uint8 (TILE, TILE, 3 or 4)."""
    return digest_of(pixels.data)


def tile_box(place: TileIndex) -> Box:
    return Box(place[0] * TILE, place[1] * TILE, TILE, TILE)


def tile_indices(box: Box) -> Iterator[TileIndex]:
    """The tiles which a box touches, row by row."""
    if not box.empty:
        for row in range(box.y // TILE, (box.bottom - 1) // TILE + 1):
            for column in range(box.x // TILE, (box.right - 1) // TILE + 1):
                yield column, row


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels on `box`, in tiles named by their content. A transparent pixel is one that nothing is known of.

    A tile is uint8 (TILE, TILE, 3) RGB where the picture is opaque, and (TILE, TILE, 4) with straight alpha where any
    pixel of it is not; at the edge it is zero outside the box.

    tiles: place -> digest, for each place the box touches. source: where the pixels of a digest are found.
    fresh: pixels which are in no source yet, by digest; a picture carries them until somebody keeps them.
    Two pictures are equal when box and tiles are.
    """

    box: Box
    tiles: Mapping[TileIndex, str]
    source: Source
    fresh: Mapping[str, Pixels] = field(default_factory=lambda: MappingProxyType({}))

    @staticmethod
    def from_pixels(pixels: Pixels) -> "Picture":
        """A picture at (0, 0) which lives in memory. pixels: uint8 (H, W, 3) or (H, W, 4), straight alpha; ValueError
        otherwise or when empty.
        """
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (3, 4) or 0 in pixels.shape:
            raise InvalidInput(
                "A picture is uint8 (height, width, 3 or 4) with at least one pixel, "
                f"not {pixels.dtype} {pixels.shape}."
            )
        box = Box(0, 0, pixels.shape[1], pixels.shape[0])
        tiles, fresh = {}, {}
        for place in tile_indices(box):
            inside = tile_box(place).intersect(box)
            tile = np.zeros((TILE, TILE, pixels.shape[2]), np.uint8)
            tile[inside.slices(tile_box(place))] = pixels[inside.slices(box)]
            tile = _canonical(tile, inside.slices(tile_box(place)))
            tiles[place] = digest = tile_digest(tile)
            fresh[digest] = tile
        return Picture(box, MappingProxyType(tiles), _nowhere, MappingProxyType(fresh))

    @staticmethod
    def blank(width: int, height: int) -> "Picture":
        """A picture at (0, 0) of which nothing is known. ValueError when it has no pixel."""
        if width < 1 or height < 1:
            raise InvalidInput(f"A picture has at least one pixel, not {width} x {height}.")
        nothing = np.zeros((TILE, TILE, 4), np.uint8)
        nothing.flags.writeable = False
        box, digest = Box(0, 0, width, height), tile_digest(nothing)
        tiles = dict.fromkeys(tile_indices(box), digest)
        return Picture(box, MappingProxyType(tiles), _nowhere, MappingProxyType({digest: nothing}))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Picture) and self.box == other.box and self.tiles == other.tiles

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """The name of the whole: hex of BLAKE2b over the box and the tiles' names in the order of their
        tile_indices.
        """
        tiles = (f"{place}{name}" for place, name in sorted(self.tiles.items()))
        return digest_of(repr(tuple(self.box)), *tiles)

    def tile(self, place: TileIndex) -> Pixels:
        """The pixels of one tile, read-only. KeyError where the box has none."""
        name = self.tiles[place]
        return self.fresh[name] if name in self.fresh else self.source(name)

    def read(self, box: Box) -> Patch:
        """The colours at `box`, RGB; zero where it leaves the picture."""
        pixels = np.zeros((*box.shape, 3), np.uint8)
        for place in tile_indices(box.intersect(self.box)):
            shared = tile_box(place).intersect(box)
            pixels[shared.slices(box)] = self.tile(place)[shared.slices(tile_box(place))][..., :3]
        pixels.flags.writeable = False
        return Patch(box, pixels)

    def opacity(self, box: Box) -> Pixels:
        """The alpha at `box`, uint8 (H, W): 255 where a pixel is known, 0 where it is transparent or outside."""
        alpha = np.zeros(box.shape, np.uint8)
        for place in tile_indices(box.intersect(self.box)):
            shared = tile_box(place).intersect(box).intersect(self.box)
            tile = self.tile(place)[shared.slices(tile_box(place))]
            alpha[shared.slices(box)] = tile[..., 3] if tile.shape[2] == 4 else 255
        return alpha

    def pixels(self) -> Pixels:
        """All of it: uint8 (H, W, 3), or (H, W, 4) with straight alpha when any pixel is not opaque."""
        colours = self.read(self.box).pixels
        if all(self.tile(place).shape[2] == 3 for place in self.tiles):
            return colours
        return np.dstack([colours, self.opacity(self.box)])

    def write(self, patch: Patch) -> "Picture":
        """A new picture with the patch in it, RGB being opaque. ValueError when the patch leaves the picture.

        Only touched tiles are new, and of those one whose pixels came out the same keeps its digest.
        """
        if not self.box.contains(patch.box):
            raise ValueError(f"a patch at {patch.box} does not lie within the picture at {self.box}")
        new = {}
        for place in tile_indices(patch.box):
            here, inside = tile_box(place), tile_box(place).intersect(self.box)
            shared = here.intersect(patch.box)
            tile, pixels = self.tile(place), patch.pixels[shared.slices(patch.box)]
            if tile.shape[2] == 4 or pixels.shape[2] == 4:
                tile, pixels = _with_alpha(tile, inside.slices(here)), _with_alpha(pixels, ...)
            else:
                tile = tile.copy()
            tile[shared.slices(here)] = pixels
            new[place] = _canonical(tile, inside.slices(here))
        return self._with(self.box, dict(self.tiles), new)

    def reframed(self, box: Box) -> "Picture":
        """The same pixels on another box: what is outside it is gone, what is new in it transparent. ValueError when
        it has no pixel.
        """
        if box.empty:
            raise InvalidInput(f"A picture has at least one pixel, not {box.width} x {box.height}.")
        tiles, new = {}, {}
        for place in tile_indices(box):
            here = tile_box(place)
            inside, before = here.intersect(box), here.intersect(self.box)
            if inside == before:
                tiles[place] = self.tiles[place]
                continue
            tile, shared = np.zeros((TILE, TILE, 4), np.uint8), inside.intersect(before)
            if not shared.empty:
                whole = _with_alpha(self.tile(place), before.slices(here))
                tile[shared.slices(here)] = whole[shared.slices(here)]
            new[place] = _canonical(tile, inside.slices(here))
        return self._with(box, tiles, new)

    def _with(self, box: Box, tiles: dict[TileIndex, str], new: Mapping[TileIndex, Pixels]) -> "Picture":
        fresh = dict(self.fresh)
        for place, tile in new.items():
            digest = tile_digest(tile)
            if digest != self.tiles.get(place):
                fresh[digest] = tile
            tiles[place] = digest
        named = set(tiles.values())  # what no place names any more need not be carried on
        fresh = {digest: pixels for digest, pixels in fresh.items() if digest in named}
        return Picture(box, MappingProxyType(tiles), self.source, MappingProxyType(fresh))


Inside = tuple[slice, slice]  # rows and columns


def _with_alpha(pixels: Pixels, inside: Inside | EllipsisType) -> Pixels:
    """A copy with four channels; RGB is opaque `inside`."""
    if pixels.shape[2] == 4:
        return pixels.copy()
    alpha = np.zeros((*pixels.shape[:2], 1), np.uint8)
    alpha[inside] = 255
    return np.concatenate([pixels, alpha], axis=2)


def _canonical(tile: Pixels, inside: Inside) -> Pixels:
    """The one form of a tile, read-only: three channels when it is opaque `inside` the picture."""
    if tile.shape[2] == 4 and (tile[inside][..., 3] == 255).all():
        tile = np.ascontiguousarray(tile[..., :3])
    tile.flags.writeable = False
    return tile


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
