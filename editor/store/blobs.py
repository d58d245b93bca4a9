"""Blobs: pixels by the digest of their content, each written once."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from editor.edits.edit import Edit
from editor.formats.images import DAMAGED, decode_tile, encode_png, encode_tile
from editor.imaging.picture import Cache, Picture, TileIndex, tile_digest, tile_indices
from editor.imaging.raster import Pixels
from editor.store.database import Database, StorageError, Transaction
from editor.store.tile_deltas import add_difference, difference
from pipelines.errors import UserError

TILE_CACHE = 96 * 2**20  # bytes of decoded tiles in memory: two pictures of 4096 x 4096


class NotFound(UserError, LookupError):
    """There is no such document, revision or blob."""


class Damaged(StorageError):
    """Pixels are missing, or are not those that were stored."""


class Blob(NamedTuple):
    """A file of pixels as it is stored: a whole one, or a difference from a tile."""

    data: bytes  # lossless WebP, or PNG for a mask
    base: str | None = None  # None for a whole file; else the digest of the tile to which it is added, modulo 256
    x: int = 0  # left edge of the difference in the tile, pixels
    y: int = 0  # top edge likewise


class Blobs:
    """The pixels in a database: tiles, crops, sketches and references as lossless WebP, masks as PNG."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tiles = Cache(self.tile, lambda tile: tile.nbytes, TILE_CACHE)  # pixels by digest, as `tile` reads them

    def file(self, digest: str) -> bytes:
        """Returns the file of a tile, crop, sketch or reference (lossless WebP) or of a mask (PNG).

        Raises:
            NotFound: there are no pixels of this digest.
        """
        stored = self.stored(digest)
        return stored.data if stored.base is None else encode_tile(self.tiles(digest))

    def stored(self, digest: str) -> Blob:
        """Returns a file as it is stored, which may be a difference.

        Raises:
            NotFound: there are no pixels of this digest.
        """
        row = self.database.row("SELECT bytes, base, x, y FROM blob WHERE digest = :digest", digest=digest)
        if row is None:
            raise NotFound(f"There are no pixels with the digest {digest!r} here.")
        return Blob(bytes(row[0]), *row[1:])

    def tile(self, digest: str) -> Pixels:
        """Reads a tile or a crop from the database.

        Returns:
            Its pixels, uint8 (H, W, 3 or 4).

        Raises:
            Damaged: they are missing, cannot be decoded, or do not match the digest.
        """
        try:
            stored = self.stored(digest)
            pixels = decode_tile(stored.data)
            if stored.base is not None:
                if self.stored(stored.base).base is not None:
                    raise ValueError("it is a difference from a difference")
                pixels = add_difference(self.tiles(stored.base), pixels, stored.x, stored.y)
        except (NotFound, *DAMAGED) as error:
            raise Damaged(f"The pixels {digest} are missing or damaged ({error}).") from error
        if tile_digest(pixels) != digest:
            raise Damaged(
                f"The pixels {digest} are not what was stored: the database was altered, or its disk is faulty."
            )
        return pixels

    def encode_new(self, picture: Picture, before: Mapping[TileIndex, str]) -> dict[str, Blob]:
        """Encodes those fresh tiles of a picture that are not stored yet. Slow, so call it outside any transaction.

        Args:
            picture: the picture to store.
            before: the digests of the tiles of the picture before it, by tile index.

        Returns:
            The files by digest; a tile that differs little from the one before is stored as the difference.
        """

        def exists(digest: str) -> bool:
            return self.database.row("SELECT 1 FROM blob WHERE digest = :digest", digest=digest) is not None

        new = {digest: pixels for digest, pixels in picture.fresh.items() if not exists(digest)}
        bases = {digest: before[index] for index, digest in picture.tiles.items() if digest in new and index in before}

        def encode(digest: str) -> Blob:
            pixels, delta, base = new[digest], None, bases.get(digest)
            if base is not None:
                base = self.stored(base).base or base  # the base of a difference is always a whole tile
                delta = difference(self.tiles(base), pixels)
            if delta is None:
                return Blob(encode_tile(pixels))
            return Blob(encode_tile(delta.pixels), base, delta.box.x, delta.box.y)

        with ThreadPoolExecutor() as pool:  # Pillow releases the interpreter lock while it encodes
            return dict(zip(new, pool.map(encode, new), strict=True))

    def insert(self, db: Transaction, blobs: Mapping[str, Blob], fresh: Mapping[str, Pixels]) -> int:
        """Stores blobs in a transaction.

        Args:
            db: the transaction.
            blobs: files by digest, as `encode_new` returns them.
            fresh: the picture's fresh tiles, uint8 (H, W, 3 or 4) by digest. Those that are in neither `blobs` nor the
                database are stored too: somebody compacted the store after `encode_new` looked.

        Returns:
            The bytes of these files, those included that the store has meanwhile.
        """
        missing = [
            digest
            for digest in fresh.keys() - blobs.keys()
            if not db.run("SELECT 1 FROM blob WHERE digest = :digest", digest=digest)
        ]
        whole = {digest: Blob(encode_tile(fresh[digest])) for digest in missing}
        db.run_many(
            """INSERT INTO blob (digest, bytes, base, x, y) VALUES (:digest, :data, :base, :x, :y)
            ON CONFLICT DO NOTHING""",
            [{"digest": digest, **blob._asdict()} for digest, blob in {**blobs, **whole}.items()],
        )
        return sum(len(blob.data) for blob in {**blobs, **whole}.values())

    def insert_for(
        self, db: Transaction, document: str, blobs: Mapping[str, Blob], fresh: Mapping[str, Pixels]
    ) -> None:
        """Stores blobs as `insert` does, and counts their bytes as the document's."""
        size = self.insert(db, blobs, fresh)
        db.run("UPDATE document SET bytes = bytes + :size WHERE id = :id", size=size, id=document)


def pack_digests(picture: Picture) -> bytes:
    """Returns the digests of a picture's tiles, 16 bytes each, row by row."""
    return bytes.fromhex("".join(picture.tiles[index] for index in tile_indices(picture.box)))


def pictures_of(edits: Sequence[Edit]) -> dict[str, Blob]:
    """Encodes the masks, sketches and references of edits, by digest."""
    blobs = {edit.mask.digest: Blob(encode_png(edit.mask.alpha)) for edit in edits if edit.mask.alpha.size}
    patches = {patch.digest: patch for edit in edits for patch in edit.patches}
    return blobs | {digest: Blob(encode_tile(patch.pixels)) for digest, patch in patches.items()}
