"""The care of a store: its size, whether its pixels are what was stored, and room given back."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from editor.edits.edit import NOWHERE, sketched
from editor.formats.images import DAMAGED, decode_mask, decode_tile
from editor.imaging.geometry import Box
from editor.imaging.picture import tile_digest
from editor.imaging.raster import Mask, Patch
from editor.store.database import DiskFull
from editor.store.store import Store
from pipelines.errors import InvalidInput

AT_ONCE = 100  # blobs removed together on a full disk


class Size(NamedTuple):
    documents: int
    revisions: int
    blobs: int
    bytes: int  # of the blobs


class Checked(NamedTuple):
    """One blob looked at. complaint: a sentence when it is missing or not what was stored, or ''."""

    done: int
    total: int
    complaint: str


class Compacted(NamedTuple):
    """What was removed for good. shrunk: whether the file is smaller by it."""

    revisions: int
    blobs: int
    bytes: int
    shrunk: bool


def size(store: Store) -> Size:
    count = "SELECT (SELECT count(*) FROM document WHERE deleted IS NULL), (SELECT count(*) FROM revision), count(*)"
    row = store.database.row(f"{count}, coalesce(sum(length(bytes)), 0) FROM blob")
    assert row is not None
    return Size(*(int(value) for value in row))


def compact(store: Store) -> Compacted:
    """Remove what no document reaches: deleted documents, discarded revisions, failed and cancelled jobs, and
    pixels that nothing names any more. Safe while others edit, and on a full disk.
    """
    try:
        gone = [_removed(store)]
    except DiskFull:  # to write down what is removed takes room as well, for a few pixels little of it
        gone = [store.database.with_reserve(lambda: _removed(store, AT_ONCE))]
        while gone[-1].blobs == AT_ONCE:
            gone.append(_removed(store, AT_ONCE))
    revisions, blobs, room = (sum(each[n] for each in gone) for n in range(3))
    return Compacted(revisions, blobs, room, store.database.give_back())


def _removed(store: Store, most: int | None = None) -> Compacted:
    """Remove so many blobs at most, None: all, in one transaction."""
    gone = """(SELECT id FROM revision WHERE deleted IS NOT NULL OR error IS NOT NULL
        OR document IN (SELECT id FROM document WHERE deleted IS NOT NULL))"""
    with store.database.transaction() as db:
        ((revisions,),) = db.run(f"SELECT count(*) FROM {gone} AS gone")
        db.run(f"DELETE FROM drawn WHERE revision IN {gone}")
        db.run(f"DELETE FROM revision WHERE id IN {gone}")
        db.run("DELETE FROM document WHERE deleted IS NOT NULL")
        named = _named(db.run("SELECT edit, tiles FROM revision"))
        named.update(bytes.fromhex(crop) for (crop,) in db.run("SELECT crop FROM drawn"))
        bases = db.run("SELECT digest, base FROM blob WHERE base IS NOT NULL")
        named.update(bytes.fromhex(base) for digest, base in bases if bytes.fromhex(digest) in named)
        idle = [
            (digest, length)
            for digest, length in db.run("SELECT digest, length(bytes) FROM blob ORDER BY base IS NULL")
            if bytes.fromhex(digest) not in named
        ][:most]
        db.run_many("DELETE FROM blob WHERE digest = :digest", [{"digest": digest} for digest, _ in idle])
    return Compacted(revisions, len(idle), sum(length for _, length in idle), False)


def check(store: Store) -> Iterator[Checked]:
    """Look at every blob: whether it is there, and whether its pixels are those of its name."""
    stored = {bytes.fromhex(digest) for (digest,) in store.database.rows("SELECT digest FROM blob")}
    named = _named(store.database.rows("SELECT edit, tiles FROM revision"))
    named.update(bytes.fromhex(crop) for (crop,) in store.database.rows("SELECT crop FROM drawn"))
    everything = sorted(stored | named)
    for done, name in enumerate(everything, 1):
        digest = name.hex()
        wrong = "is missing" if name not in stored else "" if _is_itself(store, digest) else "is not what was stored"
        where = f": {_used_by(store, digest)}" if wrong else ""
        yield Checked(done, len(everything), f"{digest} {wrong}{where}" if wrong else "")


def backup(store: Store, to: Path) -> None:
    """A copy of the store as it is at this moment, while others edit; whole or not at all. InvalidInput for a store in
    PostgreSQL.
    """
    if store.database.path is None:
        raise InvalidInput("A store in PostgreSQL is backed up by pg_dump, which comes with it.")
    if to.exists():
        raise InvalidInput(f"{to} is there already: a backup takes the place of nothing. Choose another name.")
    store.database.copy_to(to)


def _named(rows: Iterable[Sequence[Any]]) -> set[bytes]:
    """The digests which rows of edit and tiles name: of tiles, masks, sketches and references."""
    named: set[bytes] = set()
    for edit, tiles in rows:
        tiles = bytes(tiles or b"")
        named.update(tiles[at : at + 16] for at in range(0, len(tiles), 16))
        stored = json.loads(edit or "{}")
        named.update(bytes.fromhex(stored[key]["digest"]) for key in ("mask", "sketch", "reference") if key in stored)
    named.discard(bytes.fromhex(NOWHERE.digest))  # there is no file of no pixel
    return named


def _is_itself(store: Store, digest: str) -> bool:
    """Whether a blob's pixels have its name, as a tile or crop, as a mask, or as a sketch or a reference."""
    try:
        stored = store.blobs.stored(digest)
        if not stored.data.startswith(b"RIFF"):
            alpha = decode_mask(stored.data)
            return Mask(Box(0, 0, alpha.shape[1], alpha.shape[0]), alpha).digest == digest
        if stored.base is not None:
            store.blobs.tile(digest)  # raises where it is not
            return True
        pixels = decode_tile(stored.data)
    except DAMAGED:
        return False
    box = Box(0, 0, pixels.shape[1], pixels.shape[0])
    return digest in (tile_digest(pixels), Patch(box, pixels).digest, sketched(box, pixels).digest)


def _used_by(store: Store, digest: str) -> str:
    """The first state of a document that a blob belongs to, in words."""
    rows = store.database.rows(
        """SELECT revision.id, edit, tiles, document.name FROM revision JOIN document ON document.id = document
        ORDER BY seq"""
    )
    crops = {row[0] for row in store.database.rows("SELECT revision FROM drawn WHERE crop = :crop", crop=digest)}
    built_on_it = store.database.rows("SELECT digest FROM blob WHERE base = :base", base=digest)
    wanted = {bytes.fromhex(each) for each in (digest, *(row[0] for row in built_on_it))}
    for id, edit, tiles, name in rows:
        if wanted & _named([(edit, tiles)]) or id in crops:
            return f"it belongs to “{name}”, from revision {id} on"
    return "nothing needs it"
