"""Blobs: pixels by the digest of their content, each written once."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from editor.formats.images import DAMAGED, decode_tile, encode_tile
from editor.imaging.picture import Cache, Picture, Place, places, tile_digest
from editor.imaging.raster import Pixels
from editor.store.database import Database, StorageError, Transaction
from editor.store.tile_deltas import added, difference
from pipelines.errors import UserError

TILE_CACHE = 96 * 2**20  # bytes of decoded tiles held: two pictures of 4096 x 4096


class NotFound(UserError, LookupError):
    """No such document, revision or blob; the message is a sentence."""


class Damaged(StorageError):
    """Pixels which are not those that were stored; the message is a sentence."""


class Blob(NamedTuple):
    """A file of pixels as it is stored. base: None for a whole one; else the digest of the tile to which it is added,
    modulo 256, at (x, y).
    """

    data: bytes
    base: str | None = None
    x: int = 0
    y: int = 0


class Blobs:
    """The pixels in a database: tiles, crops, sketches and references as lossless WebP, masks as PNG. tiles:
    digest -> pixels, as `tile`, the latest ones remembered.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tiles = Cache(self.tile, lambda tile: tile.nbytes, TILE_CACHE)

    def file(self, digest: str) -> bytes:
        """The file of a tile, crop, sketch or reference (lossless WebP) or of a mask (PNG)."""
        stored = self.stored(digest)
        return stored.data if stored.base is None else encode_tile(self.tiles(digest))

    def stored(self, digest: str) -> Blob:
        row = self.database.row("SELECT bytes, base, x, y FROM blob WHERE digest = :digest", digest=digest)
        if row is None:
            raise NotFound(f"There are no pixels named {digest!r} here.")
        return Blob(bytes(row[0]), *row[1:])

    def tile(self, digest: str) -> Pixels:
        """The pixels of this name, a tile's or a crop's, from the disk. Damaged when they are not there, or others."""
        try:
            stored = self.stored(digest)
            pixels = decode_tile(stored.data)
            if stored.base is not None:
                if self.stored(stored.base).base is not None:
                    raise ValueError("it is a difference from a difference")
                pixels = added(self.tiles(stored.base), pixels, stored.x, stored.y)
        except (NotFound, *DAMAGED) as error:
            raise Damaged(f"The pixels {digest} are missing or damaged ({error}).") from error
        if tile_digest(pixels) != digest:
            raise Damaged(f"The pixels {digest} are not what was stored: the database was altered or its disk is bad.")
        return pixels

    def encoded(self, picture: Picture, before: Mapping[Place, str]) -> dict[str, Blob]:
        """The files of those fresh tiles which are not stored yet; made outside any transaction, which takes
        a while. before: the tiles that there were in their places.
        """

        def known(digest: str) -> bool:
            return self.database.row("SELECT 1 FROM blob WHERE digest = :digest", digest=digest) is not None

        new = {digest: pixels for digest, pixels in picture.fresh.items() if not known(digest)}
        bases = {digest: before[place] for place, digest in picture.tiles.items() if digest in new and place in before}

        def encoded(digest: str) -> Blob:
            pixels, part, base = new[digest], None, bases.get(digest)
            if base is not None:
                base = self.stored(base).base or base  # a difference is one from a whole tile
                part = difference(self.tiles(base), pixels)
            if part is None:
                return Blob(encode_tile(pixels))
            return Blob(encode_tile(part.pixels), base, part.box.x, part.box.y)

        with ThreadPoolExecutor() as pool:  # Pillow lets go of the interpreter while it encodes
            return dict(zip(new, pool.map(encoded, new), strict=True))

    def keep(self, db: Transaction, blobs: Mapping[str, Blob], fresh: Mapping[str, Pixels]) -> None:
        """Store blobs, and those of the fresh tiles that were stored a moment ago and are gone: others compact."""
        gone = [
            digest
            for digest in fresh.keys() - blobs.keys()
            if not db.run("SELECT 1 FROM blob WHERE digest = :digest", digest=digest)
        ]
        whole = {digest: Blob(encode_tile(fresh[digest])) for digest in gone}
        db.run_many(
            """INSERT INTO blob (digest, bytes, base, x, y) VALUES (:digest, :data, :base, :x, :y)
            ON CONFLICT DO NOTHING""",
            [{"digest": digest, **blob._asdict()} for digest, blob in {**blobs, **whole}.items()],
        )


def packed(picture: Picture) -> bytes:
    """The digests of a picture's tiles, 16 bytes each, row by row."""
    return bytes.fromhex("".join(picture.tiles[place] for place in places(picture.box)))
