"""Maintenance of a store: its size, checks of its pixels, compaction and backup."""

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
from editor.store.queue import PENDING
from editor.store.store import Store
from pipelines.errors import InvalidInput

BATCH = 100  # blobs removed per transaction on a full disk


class Size(NamedTuple):
    """How much a store holds."""

    documents: int  # that are not deleted
    revisions: int  # deleted ones too
    blobs: int
    bytes: int  # of the blobs


class BlobCheck(NamedTuple):
    """The check of one blob."""

    done: int  # blobs checked so far, this one included
    total: int  # blobs to check
    complaint: str  # what is wrong with this one: it is missing, or not what was stored; "" when it is sound


class QueuedModel(NamedTuple):
    """The jobs of one model that are queued or running."""

    model: str  # its name, as the edits have it
    queued: int
    running: int
    oldest: float | None  # when the first of those that are queued was submitted, in seconds since 1970


class CompactionResult(NamedTuple):
    """What a compaction removed for good."""

    revisions: int
    blobs: int
    bytes: int  # of the blobs
    shrunk: bool  # whether the database file became smaller


def size(store: Store) -> Size:
    """Returns how much a store holds."""
    count = "SELECT (SELECT count(*) FROM document WHERE deleted IS NULL), (SELECT count(*) FROM revision), count(*)"
    row = store.database.row(f"{count}, coalesce(sum(length(bytes)), 0) FROM blob")
    assert row is not None
    return Size(*(int(value) for value in row))


def bytes_on_disk(store: Store) -> int:
    """Returns how many bytes the database takes, without reading it."""
    if store.database.path is None:
        ((size,),) = store.database.rows("SELECT pg_database_size(current_database())")
        return int(size)
    path = store.database.path
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def queued_models(store: Store) -> list[QueuedModel]:
    """Returns the queued and running jobs by their models."""
    now, models = store.database.now(), dict[str, QueuedModel]()
    for edit, created, running in store.database.rows(
        f"SELECT edit, created, worker IS NOT NULL AND lease >= :now FROM revision WHERE {PENDING}", now=now
    ):
        name = json.loads(edit)["pipeline"]
        model = models.get(name, QueuedModel(name, 0, 0, None))
        if running:
            models[name] = model._replace(running=model.running + 1)
        else:
            oldest = created if model.oldest is None else min(created, model.oldest)
            models[name] = model._replace(queued=model.queued + 1, oldest=oldest)
    return [*models.values()]


def compact(store: Store) -> CompactionResult:
    """Removes deleted documents and revisions, failed and cancelled jobs, and pixels that nothing refers to any more.

    Safe while others edit, and on a full disk.
    """
    try:
        results = [_remove_unused(store)]
    except DiskFull:  # deleting takes room for the log too, so delete a few blobs at a time
        results = [store.database.with_reserve(lambda: _remove_unused(store, BATCH))]
        while results[-1].blobs == BATCH:
            results.append(_remove_unused(store, BATCH))
    revisions, blobs, size = (sum(each[n] for each in results) for n in range(3))
    return CompactionResult(revisions, blobs, size, store.database.shrink())


def _remove_unused(store: Store, limit: int | None = None) -> CompactionResult:
    """Removes at most `limit` blobs, None for all, in one transaction."""
    unused = """(SELECT id FROM revision WHERE deleted IS NOT NULL OR error IS NOT NULL
        OR document IN (SELECT id FROM document WHERE deleted IS NOT NULL))"""
    with store.database.transaction() as db:
        ((revisions,),) = db.run(f"SELECT count(*) FROM {unused} AS unused")
        db.run(f"DELETE FROM drawn WHERE revision IN {unused}")
        db.run(f"DELETE FROM revision WHERE id IN {unused}")
        db.run("DELETE FROM document WHERE deleted IS NOT NULL")
        digests = _digests_in(db.run("SELECT edit, tiles FROM revision"))
        digests.update(bytes.fromhex(crop) for (crop,) in db.run("SELECT crop FROM drawn"))
        bases = db.run("SELECT digest, base FROM blob WHERE base IS NOT NULL")
        digests.update(bytes.fromhex(base) for digest, base in bases if bytes.fromhex(digest) in digests)
        unreferenced = [
            (digest, length)
            for digest, length in db.run("SELECT digest, length(bytes) FROM blob ORDER BY base IS NULL")
            if bytes.fromhex(digest) not in digests
        ][:limit]
        db.run_many("DELETE FROM blob WHERE digest = :digest", [{"digest": digest} for digest, _ in unreferenced])
    return CompactionResult(revisions, len(unreferenced), sum(length for _, length in unreferenced), False)


def check(store: Store) -> Iterator[BlobCheck]:
    """Checks that every blob is there and that its pixels match its digest. Others may edit meanwhile.

    Yields:
        The check of each blob, as it is done.
    """
    digests = _digests_in(store.database.rows("SELECT edit, tiles FROM revision"))
    digests.update(bytes.fromhex(crop) for (crop,) in store.database.rows("SELECT crop FROM drawn"))
    # last, since a job that ends in between stores its blobs before anything refers to them
    stored = {bytes.fromhex(digest) for (digest,) in store.database.rows("SELECT digest FROM blob")}
    everything = sorted(stored | digests)
    for done, key in enumerate(everything, 1):
        digest = key.hex()
        problem = "is missing" if key not in stored else "" if _is_intact(store, digest) else "is not what was stored"
        yield BlobCheck(done, len(everything), f"{digest} {problem}: {_used_by(store, digest)}" if problem else "")


def backup(store: Store, to: Path) -> None:
    """Copies the store as it is at this moment to a file, while others edit.

    Args:
        store: a store in SQLite.
        to: the file to create; it is complete or not there at all.

    Raises:
        InvalidInput: the file exists already, or the store is in PostgreSQL.
        OSError: the file cannot be written.
    """
    if store.database.path is None:
        raise InvalidInput("This store is in PostgreSQL. Back it up with pg_dump, which comes with PostgreSQL.")
    if to.exists():
        raise InvalidInput(f"{to} exists already, and a backup replaces no file. Choose another name.")
    store.database.copy_to(to)


def rewrite_version(store: Store) -> None:
    """Writes to the store the version of its tables that it has, to see that it can be written.

    Raises:
        StorageError: it cannot.
    """
    with store.database.transaction() as db:
        if store.database.path is None:
            db.run("UPDATE palimpsest SET version = version")
        else:
            ((version,),) = db.run("PRAGMA user_version")
            db.run(f"PRAGMA user_version = {version}")  # a page of the file, changed or not


def _digests_in(rows: Iterable[Sequence[Any]]) -> set[bytes]:
    """Returns the digests of all tiles, masks, sketches and references in rows of (edit, tiles)."""
    digests: set[bytes] = set()
    for edit, tiles in rows:
        tiles = bytes(tiles or b"")
        digests.update(tiles[start : start + 16] for start in range(0, len(tiles), 16))
        stored = json.loads(edit or "{}")
        digests.update(bytes.fromhex(stored[key]["digest"]) for key in ("mask", "sketch", "reference") if key in stored)
    digests.discard(bytes.fromhex(NOWHERE.digest))  # an empty mask has no file
    return digests


def _is_intact(store: Store, digest: str) -> bool:
    """Tells whether a blob's pixels match its digest, as a tile or crop, a mask, a sketch or a reference."""
    try:
        stored = store.blobs.stored(digest)
        if not stored.data.startswith(b"RIFF"):
            alpha = decode_mask(stored.data)
            return Mask(Box(0, 0, alpha.shape[1], alpha.shape[0]), alpha).digest == digest
        if stored.base is not None:
            store.blobs.tile(digest)  # raises Damaged when they do not match
            return True
        pixels = decode_tile(stored.data)
    except DAMAGED:
        return False
    box = Box(0, 0, pixels.shape[1], pixels.shape[0])
    return digest in (tile_digest(pixels), Patch(box, pixels).digest, sketched(box, pixels).digest)


def _used_by(store: Store, digest: str) -> str:
    """Describes the first revision that a blob belongs to."""
    rows = store.database.rows(
        """SELECT revision.id, edit, tiles, document.name FROM revision JOIN document ON document.id = document
        ORDER BY seq"""
    )
    crops = {row[0] for row in store.database.rows("SELECT revision FROM drawn WHERE crop = :crop", crop=digest)}
    deltas = store.database.rows("SELECT digest FROM blob WHERE base = :base", base=digest)
    dependents = {bytes.fromhex(each) for each in (digest, *(row[0] for row in deltas))}
    for id, edit, tiles, name in rows:
        if dependents & _digests_in([(edit, tiles)]) or id in crops:
            return f"it belongs to “{name}”, from revision {id} on"
    return "nothing needs it"
