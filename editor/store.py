"""Store: documents, revisions and pixels in one SQLite file.

A revision is a promise first (a parent and an edit, committed before any model runs) and gets its picture
later: queue, history and crash recovery are the same rows. Pixels are blobs by digest, written once.
"""

import json
import secrets
import sqlite3
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType
from typing import Any

from editor.database import Database
from editor.edit import Applied, Edit
from editor.formats.images import decode_mask, decode_tile, encode_png, encode_tile
from editor.geometry import Box
from editor.picture import Cache, Picture, places, tile_digest
from editor.raster import Pixels

FILE = "palimpsest.db"
TILE_CACHE = 96 * 2**20  # bytes of decoded tiles held: two pictures of 4096 x 4096
EDIT_CACHE = 64 * 2**20  # bytes of edits held, which is to say of their masks
CANCELLED = "Cancelled."  # a cancelled revision's error
LOST = "A step before this one failed."

# Append only: a step, once released, stands in somebody's file.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE blob (digest TEXT PRIMARY KEY, bytes BLOB NOT NULL)",
        """CREATE TABLE document (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, head TEXT NOT NULL, tip TEXT NOT NULL)""",
        # tiles: the digests, 16 bytes each, row by row. lease: until when worker holds it, seconds.
        """CREATE TABLE revision (
            seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL REFERENCES document,
            parent TEXT REFERENCES revision (id), edit TEXT, created REAL NOT NULL,
            worker TEXT, lease REAL, error TEXT,
            box TEXT, tiles BLOB, window TEXT, crop TEXT REFERENCES blob)""",
        "CREATE INDEX promised ON revision (seq) WHERE tiles IS NULL AND error IS NULL",
        "CREATE INDEX of_document ON revision (document)",
    ),
    (
        # request: of what the model was asked, so that the same need not be drawn twice
        "ALTER TABLE revision ADD COLUMN request TEXT",
        "CREATE INDEX of_request ON revision (request) WHERE request IS NOT NULL",
        # follows: the head that this revision takes the place of when it is finished; NULL: its parent, '': none
        "ALTER TABLE revision ADD COLUMN follows TEXT",
        "ALTER TABLE revision ADD COLUMN name TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX of_parent ON revision (parent)",
    ),
)

_PROMISED = "tiles IS NULL AND error IS NULL"
_COLUMNS = "id, document, parent, edit, box, tiles, error, window, crop, created, seq, name"
# a promise on a promise waits for it
_READY = f"{_PROMISED} AND (SELECT tiles FROM revision AS before WHERE before.id = revision.parent) IS NOT NULL"


class NotFound(LookupError):
    """No such document, revision or blob; the message is a sentence."""


@dataclass(frozen=True, eq=False)
class Revision:
    """One state of a document, or the promise of one.

    parent, edit: None for the picture that was opened. picture: None until the promise is kept. error: why it
    was not, a sentence. window, crop: what the model saw, and the digest of what it drew there. created:
    seconds since 1970. seq: order of promising. name: what somebody called it, or ''.
    """

    id: str
    document: str
    parent: str | None
    edit: Edit | None
    picture: Picture | None
    error: str | None
    window: Box | None
    crop: str | None
    created: float
    seq: int
    name: str

    @property
    def promised(self) -> bool:
        """Whether its picture is still to come."""
        return self.picture is None and self.error is None

    @property
    def cancelled(self) -> bool:
        return self.error == CANCELLED


@dataclass(frozen=True)
class Document:
    """Two pointers into a tree of revisions. head: what is seen. tip: where redo leads; head is on the way to
    it.
    """

    id: str
    head: str
    tip: str
    name: str


class Store:
    """The file `palimpsest.db` in a folder; both are made when missing. Safe to share between threads and
    processes.

    Every method raises StorageError when the disk or the file refuses, with everything stored before intact.
    """

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder / FILE, MIGRATIONS)
        self.tiles = Cache(lambda name: decode_tile(self.blob(name)), lambda tile: tile.nbytes, TILE_CACHE)
        self.edits = Cache(self._edit, lambda edit: edit.mask.alpha.nbytes + 4096, EDIT_CACHE)

    def close(self) -> None:
        self.database.close()

    # documents

    def create(self, picture: Picture, name: str) -> Document:
        """A new document which shows `picture`; everything in one COMMIT. Its id cannot be guessed."""
        id = secrets.token_urlsafe(16)
        root = _revision_id(id, None, picture.digest)
        name = name.encode(errors="replace").decode()  # half a character has no bytes
        blobs = self._encoded(picture)
        with self.database.transaction() as db:
            _keep(db, blobs)
            db.execute("INSERT INTO document (id, name, head, tip) VALUES (?, ?, ?, ?)", (id, name, root, root))
            db.execute(
                "INSERT INTO revision (id, document, created, box, tiles) VALUES (?, ?, ?, ?, ?)",
                (root, id, time.time(), json.dumps(picture.box), _packed(picture)),
            )
        return Document(id, root, root, name)

    def document(self, id: str) -> Document:
        row = self.database.row("SELECT id, head, tip, name FROM document WHERE id = ?", id)
        if row is None:
            raise NotFound(f"There is no document {id!r} here: its address is wrong, or it is in another data folder.")
        return Document(*row)

    # Each verb is one statement: a result which came in between two would be lost to redo.

    def undo(self, document: str) -> Document:
        """Head to its parent; nothing when it has none."""
        self.document(document)  # raises when there is none
        with self.database.transaction() as db:
            db.execute(
                """UPDATE document SET head = coalesce((SELECT parent FROM revision WHERE id = head), head)
                WHERE id = ?""",
                (document,),
            )
        return self.document(document)

    def redo(self, document: str) -> Document:
        """Head to the next revision on the way to tip; nothing when it is there."""
        self.document(document)
        with self.database.transaction() as db:
            db.execute(
                """UPDATE document SET head = coalesce((
                    WITH RECURSIVE way (id, parent) AS (
                        SELECT id, parent FROM revision WHERE id = tip
                        UNION ALL
                        SELECT r.id, r.parent FROM revision AS r JOIN way ON r.id = way.parent
                        WHERE way.parent <> head)
                    SELECT id FROM way WHERE parent = head), head)
                WHERE id = ? AND head <> tip""",
                (document,),
            )
        return self.document(document)

    def checkout(self, document: str, revision: str) -> Document:
        """Head and tip to a finished revision of the document."""
        with self.database.transaction() as db:
            db.execute("UPDATE document SET head = ?1, tip = ?1 WHERE id = ?2", (revision, document))
        return self.document(document)

    # revisions

    def revision(self, id: str) -> Revision:
        return self._revision(self._of_revision(_COLUMNS, id))

    def parent(self, id: str) -> str | None:
        """The id of a revision's parent, None for the opened picture; without a look at any pixel."""
        (parent,) = self._of_revision("parent", id)
        return parent if parent is None else str(parent)

    def document_of(self, id: str) -> str:
        """The id of the document a revision belongs to."""
        (document,) = self._of_revision("document", id)
        return str(document)

    def picture(self, id: str) -> Picture:
        """The picture of a finished revision; ValueError while there is none."""
        box, tiles = self._of_revision("box, tiles", id)
        if tiles is None:
            raise ValueError(f"The revision {id!r} has no picture yet: wait until it is finished.")
        return self._picture(box, tiles)

    def pending(self, document: str) -> list[Revision]:
        """The promises of a document which are neither kept nor broken, oldest first."""
        where = f"document = ? AND {_PROMISED} ORDER BY seq"
        rows = self.database.rows(f"SELECT {_COLUMNS} FROM revision WHERE {where}", document)
        return [self._revision(row) for row in rows]

    # promises

    def promise(self, document: str, parent: str, edit: Edit) -> Revision:
        """The revision of this wish on this parent (finished, of this document), promised; committed on
        return.

        The same wish is the same revision: one that had failed or was cancelled is promised anew, one that is
        finished becomes the document's head and tip.
        """
        (revision,) = self.promise_all(document, parent, [edit], None)
        return revision

    def promise_all(self, document: str, parent: str, edits: Sequence[Edit], follows: str | None) -> list[Revision]:
        """The revisions of these wishes, each on the one before, all promised in one COMMIT, as `promise` does.

        follows: the head whose place the last one takes when it is finished, if the head is that still; None:
        each one takes its parent's.
        """
        ids, texts, on = [], [edit.to_json() for edit in edits], parent
        for text in texts:
            ids.append(on := _revision_id(document, on, text))
        masks = {edit.mask.digest: encode_png(edit.mask.alpha) for edit in edits}
        with self.database.transaction() as db:
            _keep(db, masks)
            for id, before, text in zip(ids, [parent, *ids], texts, strict=False):
                takes = follows if follows is None or id == ids[-1] else ""
                db.execute(
                    """INSERT INTO revision (id, document, parent, edit, created, follows) VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT (id) DO UPDATE SET error = NULL, follows = excluded.follows
                    WHERE tiles IS NULL""",
                    (id, document, before, text, time.time(), takes),
                )
            db.execute(
                """UPDATE document SET head = ?1, tip = ?1 WHERE id = ?2 AND head <> ?1
                AND EXISTS (SELECT * FROM revision WHERE id = ?1 AND tiles IS NOT NULL)""",
                (ids[-1], document),
            )
        return [self.revision(id) for id in ids]

    def rename(self, id: str, name: str) -> Revision:
        """Call a revision something."""
        self.document_of(id)  # raises when there is none
        with self.database.transaction() as db:
            db.execute("UPDATE revision SET name = ? WHERE id = ?", (name.encode(errors="replace").decode(), id))
        return self.revision(id)

    def drawn(self, request: str) -> Pixels | None:
        """The crop that a model drew for a request of this digest, if any did."""
        row = self.database.row("SELECT crop FROM revision WHERE request = ? AND crop IS NOT NULL LIMIT 1", request)
        return None if row is None else decode_tile(self.blob(row[0]))

    def way_to(self, id: str) -> list[Revision]:
        """The revisions from the opened picture to this one, both among them."""
        rows = self.database.rows(
            f"""WITH RECURSIVE way (at, before, far) AS (
                SELECT id, parent, 0 FROM revision WHERE id = ?
                UNION ALL
                SELECT r.id, r.parent, way.far + 1 FROM revision AS r JOIN way ON r.id = way.before)
            SELECT {_COLUMNS} FROM way JOIN revision ON id = at ORDER BY far DESC""",
            id,
        )
        return [self._revision(row) for row in rows]

    def claim(self, worker: str, lease: float) -> str | None:
        """The id of the oldest promise nobody works on (or whose lease ran out), from now on this worker's
        for `lease` seconds; None when there is none.
        """
        free = f"{_READY} AND (lease IS NULL OR lease < ?)"
        # a look without the write lock first: an idle worker asks every second
        if self.database.row(f"SELECT 1 FROM revision WHERE {free} LIMIT 1", time.time()) is None:
            return None
        with self.database.transaction() as db:
            now = time.time()
            row = db.execute(f"SELECT id FROM revision WHERE {free} ORDER BY seq LIMIT 1", (now,)).fetchone()
            if row is None:
                return None
            db.execute("UPDATE revision SET worker = ?, lease = ? WHERE id = ?", (worker, now + lease, row[0]))
        return str(row[0])

    def holds(self, id: str, worker: str) -> bool:
        """Whether a promise is still this worker's: not cancelled, not taken over, not finished."""
        where = f"id = ? AND worker = ? AND {_PROMISED}"
        return self.database.row(f"SELECT 1 FROM revision WHERE {where}", id, worker) is not None

    def renew(self, id: str, worker: str, lease: float) -> None:
        """Hold a promise for another `lease` seconds from now; nothing when it is not this worker's."""
        with self.database.transaction() as db:
            db.execute(
                f"UPDATE revision SET lease = ? WHERE id = ? AND worker = ? AND {_PROMISED}",
                (time.time() + lease, id, worker),
            )

    def holders(self) -> list[str]:
        """The workers which hold a promise."""
        where = f"{_PROMISED} AND worker IS NOT NULL"
        return [row[0] for row in self.database.rows(f"SELECT DISTINCT worker FROM revision WHERE {where}")]

    def abandon(self, worker: str) -> None:
        """Free every promise a worker holds, for any other to claim."""
        with self.database.transaction() as db:
            db.execute(f"UPDATE revision SET worker = NULL, lease = NULL WHERE worker = ? AND {_PROMISED}", (worker,))

    def finish(self, id: str, worker: str, applied: Applied) -> bool:
        """Keep a promise: pixels, revision, head and tip in one COMMIT. False, and nothing written, when it
        is no longer this worker's.

        Head moves only if it is still the parent, and takes the tip along; a tip which is still the parent
        moves alone, so that who undid meanwhile finds the result by redo. (A replay's last takes the place of
        the head that was replayed, if that is still the head; those before move nothing.)
        """
        blobs = self._encoded(applied.picture)
        crop = tile_digest(applied.crop)
        blobs[crop] = encode_tile(applied.crop)
        with self.database.transaction() as db:
            where = f"id = ? AND worker = ? AND {_PROMISED}"
            columns = "document, parent, coalesce(follows, parent)"
            row = db.execute(f"SELECT {columns} FROM revision WHERE {where}", (id, worker)).fetchone()
            if row is None:
                return False
            document, parent, follows = row
            _keep(db, blobs)
            box, window = json.dumps(applied.picture.box), json.dumps(applied.window)
            db.execute(
                """UPDATE revision SET box = ?, tiles = ?, window = ?, crop = ?, request = ?, worker = NULL,
                lease = NULL WHERE id = ?""",
                (box, _packed(applied.picture), window, crop, applied.request, id),
            )
            db.execute(
                """UPDATE document SET tip = ?1, head = CASE head WHEN ?2 THEN ?1 ELSE head END
                WHERE id = ?3 AND (head = ?2 OR (tip = ?2 AND ?2 = ?4))""",
                (id, follows, document, parent),
            )
        for digest, pixels in applied.picture.fresh.items():  # the next edit is likely to be near
            self.tiles.add(digest, pixels)
        return True

    def fail(self, id: str, worker: str, error: str) -> bool:
        """Break a promise, with a sentence why. False when it is no longer this worker's."""
        return self._break(
            error.encode(errors="replace").decode(), f"id = ? AND worker = ? AND {_PROMISED}", id, worker
        )

    def cancel(self, id: str) -> Revision:
        """Take a promise back; nothing when it is finished or failed. Whoever works on it notices at its next
        step.
        """
        self.document_of(id)  # raises when there is none
        self._break(CANCELLED, f"id = ? AND {_PROMISED}", id)
        return self.revision(id)

    # pixels

    def blob(self, digest: str) -> bytes:
        """The stored bytes of a tile or crop (lossless WebP) or of a mask (PNG)."""
        row = self.database.row("SELECT bytes FROM blob WHERE digest = ?", digest)
        if row is None:
            raise NotFound(f"There are no pixels named {digest!r} here.")
        return bytes(row[0])

    # inside

    def _break(self, error: str, where: str, *values: str) -> bool:
        """Write the error on a promise, and on those that wait for it that it will not come."""
        with self.database.transaction() as db:
            row = db.execute(f"SELECT id FROM revision WHERE {where}", values).fetchone()
            if row is None:
                return False
            change = "UPDATE revision SET error = ?, worker = NULL, lease = NULL WHERE id = ?"
            db.execute(change, (error, row[0]))
            db.execute(
                f"""WITH RECURSIVE waiting (id) AS (
                    SELECT id FROM revision WHERE parent = ?1 AND {_PROMISED}
                    UNION ALL
                    SELECT r.id FROM revision AS r JOIN waiting ON r.parent = waiting.id
                    WHERE r.tiles IS NULL AND r.error IS NULL)
                UPDATE revision SET error = ?2 WHERE id IN (SELECT id FROM waiting)""",
                (row[0], CANCELLED if error == CANCELLED else LOST),
            )
            return True

    def _of_revision(self, columns: str, id: str) -> Sequence[Any]:
        row: Sequence[Any] | None = self.database.row(f"SELECT {columns} FROM revision WHERE id = ?", id)
        if row is None:
            raise NotFound(f"There is no revision {id!r} here.")
        return row

    def _revision(self, row: Sequence[Any]) -> Revision:
        id, document, parent, edit, box, tiles, error, window, crop, created, seq, name = row
        return Revision(
            id=id,
            document=document,
            parent=parent,
            edit=None if edit is None else self.edits(edit),
            picture=None if tiles is None else self._picture(box, tiles),
            error=error,
            window=None if window is None else Box(*json.loads(window)),
            crop=crop,
            created=created,
            seq=seq,
            name=name,
        )

    def _edit(self, text: str) -> Edit:
        return Edit.from_json(text, lambda digest: decode_mask(self.blob(digest)))

    def _picture(self, box_json: str, packed: bytes) -> Picture:
        box, names = Box(*json.loads(box_json)), packed.hex()
        tiles = {place: names[32 * n : 32 * n + 32] for n, place in enumerate(places(box))}
        return Picture(box, MappingProxyType(tiles), self.tiles)

    def _encoded(self, picture: Picture) -> dict[str, bytes]:
        """The files of those fresh tiles which are not stored yet; made outside any transaction, which takes
        a while.
        """

        def stored(digest: str) -> bool:
            return self.database.row("SELECT 1 FROM blob WHERE digest = ?", digest) is not None

        new = {digest: pixels for digest, pixels in picture.fresh.items() if not stored(digest)}
        with ThreadPoolExecutor() as pool:  # Pillow lets go of the interpreter while it encodes
            return dict(zip(new, pool.map(encode_tile, new.values()), strict=True))


def _revision_id(document: str, parent: str | None, wish: str) -> str:
    return blake2b(json.dumps([document, parent, wish]).encode(), digest_size=16).hexdigest()


def _packed(picture: Picture) -> bytes:
    return bytes.fromhex("".join(picture.tiles[place] for place in places(picture.box)))


def _keep(db: sqlite3.Connection, blobs: dict[str, bytes]) -> None:
    db.executemany("INSERT OR IGNORE INTO blob (digest, bytes) VALUES (?, ?)", blobs.items())
