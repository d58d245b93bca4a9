"""Store: documents, revisions and pixels in one database.

A revision is a promise first (a parent and an edit, committed before any model runs) and gets its picture
later: queue, history and crash recovery are the same rows. Pixels are blobs by digest, written once.
"""

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from types import MappingProxyType
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

from editor.edits.edit import Edit
from editor.formats.images import DAMAGED, decode_mask, decode_tile, encode_png, encode_tile
from editor.formats.metadata import NOTHING, Metadata
from editor.imaging.geometry import Box
from editor.imaging.limits import MAX_IMAGES
from editor.imaging.picture import Cache, Picture, Place, places, tile_digest
from editor.imaging.raster import Pixels
from editor.store import queue
from editor.store.blobs import Blob, Blobs, Damaged, NotFound
from editor.store.database import Database, Transaction
from editor.store.queue import AFTER, BROKEN, CANCELLED, PROMISED
from editor.store.queue import revision_id as revision_id
from editor.store.schema import MIGRATIONS

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

FILE = "palimpsest.db"
EDIT_CACHE = 16 * 2**20  # bytes of edits held, which is to say of their masks
NO_BEAT = "-"  # of a document with no job that was begun
DEATHS = 2  # of the model's processes that worked on a job, before it fails
TRUSTED = 4  # leases from now on: one that ends later was written by a clock that is wrong

_COLUMNS = "id, document, parent, edit, box, tiles, error, created, seq, name, deleted, death"
_HELD = f"id = :id AND worker = :worker AND {PROMISED}"
_ENTRIES = """SELECT document.id, document.name, head, max(created),
    count(CASE WHEN parent IS NOT NULL AND tiles IS NOT NULL AND revision.deleted IS NULL THEN 1 END)
FROM document JOIN revision ON document = document.id WHERE document.deleted IS NULL {which}
GROUP BY document.id, document.name, head ORDER BY max(seq) DESC"""
# a promise on a promise waits for it; one behind a replay for all of that, which may yet be broken
_READY = f"""{PROMISED} AND (SELECT tiles FROM revision AS before WHERE before.id = revision.parent) IS NOT NULL
    AND (follows IS NOT NULL OR NOT EXISTS (SELECT 1 FROM revision AS replay WHERE replay.tiles IS NULL
        AND replay.error IS NULL AND replay.follows IS NOT NULL AND replay.document = revision.document
        AND replay.seq < revision.seq))"""


@dataclass(frozen=True, eq=False)
class Revision:
    """One state of a document, or the promise of one.

    parent, edit: None for the picture that was opened. picture: None until the promise is kept. error: why it
    was not, a sentence. created: seconds since 1970. seq: order of promising. name: what somebody called it, or ''.
    deleted: whether it is on its way out. death: how the model's process ended that worked on it last, a sentence; None
    where none died.
    """

    id: str
    document: str
    parent: str | None
    edit: Edit | None
    picture: Picture | None
    error: str | None
    created: float
    seq: int
    name: str
    deleted: bool
    death: str | None

    @property
    def promised(self) -> bool:
        """Whether its picture is still to come."""
        return self.picture is None and self.error is None

    @property
    def cancelled(self) -> bool:
        return self.error == CANCELLED


class RunProgress(NamedTuple):
    """The newest step of a job that a worker has begun. step: 0 to `steps`, 0 while its model is loading. serial: grows
    with each new preview; 0 while there is none. box: where the preview lies.
    """

    step: int
    steps: int
    serial: int
    box: Box | None


class RunPreview(NamedTuple):
    """What a job's picture would be if its model stopped now, a WebP that fills the box."""

    serial: int
    box: Box
    data: bytes


@dataclass(frozen=True)
class Document:
    """Two pointers into a tree of revisions. head: what is seen. tip: where redo leads; head is on the way to
    it.
    """

    id: str
    head: str
    tip: str
    name: str


@dataclass(frozen=True)
class Entry:
    """A document among others. changed: when something was last wished for in it, seconds since 1970. steps: how many
    it has, on all branches.
    """

    document: str
    name: str
    head: str
    changed: float
    steps: int


@dataclass(frozen=True)
class Node:
    """A revision in the history, without its pixels. wish: the edit as its JSON tells of it, None for the picture that
    was opened. The rest as in Revision.
    """

    id: str
    parent: str | None
    wish: Mapping[str, Any] | None
    finished: bool
    error: str | None
    created: float
    name: str


def even_when_full(
    method: Callable[Concatenate["Store", Given], Answer],
) -> Callable[Concatenate["Store", Given], Answer]:
    """A method of Store that a full disk does not keep from being done, see `Database.with_reserve`."""

    @wraps(method)
    def done(store: "Store", /, *given: Given.args, **named: Given.kwargs) -> Answer:
        answer = store.database.with_reserve(partial(method, store, *given, **named))
        store.database.keep_reserve()
        return answer

    return done


class Store:
    """The database at `where`: `palimpsest.db` in a folder, both made when missing, or the address of a PostgreSQL
    database. Safe to share between threads and processes.

    Every method raises StorageError when the disk or the database refuses, with everything stored before intact, and
    Damaged for pixels that are not what they were, with everything else still to be read.
    """

    def __init__(self, where: Path | str) -> None:
        self.database = Database(where / FILE if isinstance(where, Path) else where, MIGRATIONS)
        self.blobs = Blobs(self.database)
        self.edits = Cache(self._edit, _weight, EDIT_CACHE)

    def close(self) -> None:
        self.database.close()

    # documents

    def create(self, picture: Picture, name: str, icc: bytes | None = None, metadata: Metadata = NOTHING) -> Document:
        """A new document which shows `picture`; everything in one COMMIT. Its id cannot be guessed.

        icc: the profile of its colours, None for sRGB. metadata: whose it is, and how large it prints.
        """
        id = new_document_id()
        root = revision_id(id, None, picture.digest)
        name = _storable(name)
        blobs = self.blobs.encoded(picture, {})
        with self.database.transaction() as db:
            self.blobs.keep(db, blobs, picture.fresh)
            db.run(
                """INSERT INTO document (id, name, head, tip, icc, metadata)
                VALUES (:id, :name, :root, :root, :icc, :metadata)""",
                id=id,
                name=name,
                root=root,
                icc=icc,
                metadata=None if metadata == NOTHING else metadata.to_json(),
            )
            db.run(
                """INSERT INTO revision (id, document, created, box, tiles)
                VALUES (:root, :id, :now, :box, :tiles)""",
                root=root,
                id=id,
                now=time.time(),
                box=json.dumps(picture.box),
                tiles=packed(picture),
            )
        return Document(id, root, root, name)

    def document(self, id: str) -> Document:
        row = self.database.row("SELECT id, head, tip, name FROM document WHERE id = :id AND deleted IS NULL", id=id)
        if row is None:
            raise NotFound(f"There is no document {id!r} here: its address is wrong, or it is in another data folder.")
        return Document(*row)

    def icc(self, id: str) -> bytes | None:
        """The profile of a document's colours, None for sRGB."""
        row = self.database.row("SELECT icc FROM document WHERE id = :id", id=id)
        return None if row is None or row[0] is None else bytes(row[0])

    def metadata(self, id: str) -> Metadata:
        """Whose a document's picture is, and how large it prints."""
        row = self.database.row("SELECT metadata FROM document WHERE id = :id", id=id)
        return NOTHING if row is None or row[0] is None else Metadata.from_json(str(row[0]))

    def documents(self) -> list[Document]:
        """All that are not deleted, the one last worked on first."""
        rows = self.database.rows(
            """SELECT id, head, tip, name FROM document WHERE deleted IS NULL
            ORDER BY (SELECT max(seq) FROM revision WHERE document = document.id) DESC"""
        )
        return [Document(*row) for row in rows]

    def gallery(self) -> list[Entry]:
        """What there is to choose from; all that are not deleted, the one last worked on first."""
        return [Entry(*row) for row in self.database.rows(_ENTRIES.format(which=""))]

    def entry(self, id: str) -> Entry:
        """What `gallery` says of one document."""
        self.document(id)  # raises when there is none
        (row,) = self.database.rows(_ENTRIES.format(which="AND document.id = :id"), id=id)
        return Entry(*row)

    def rename_document(self, id: str, name: str) -> Document:
        self.document(id)  # raises when there is none
        with self.database.transaction() as db:
            db.run("UPDATE document SET name = :name WHERE id = :id", name=_storable(name), id=id)
        return self.document(id)

    @even_when_full
    def delete(self, id: str) -> None:
        """Put a document away, its promises cancelled, until it is restored or the store is compacted."""
        self.document(id)
        with self.database.transaction() as db:
            db.run(f"UPDATE revision SET {BROKEN} WHERE document = :id AND {PROMISED}", error=CANCELLED, id=id)
            db.run("UPDATE document SET deleted = :now WHERE id = :id", now=time.time(), id=id)

    def restore(self, id: str) -> Document:
        """Have a deleted document back."""
        with self.database.transaction() as db:
            db.run("UPDATE document SET deleted = NULL WHERE id = :id", id=id)
        return self.document(id)

    # Each verb is one statement: a result which came in between two would be lost to redo.

    @even_when_full
    def undo(self, document: str) -> Document:
        """Head to its parent; nothing when it has none."""
        self.document(document)  # raises when there is none
        with self.database.transaction() as db:
            db.run(
                """UPDATE document SET head = coalesce((SELECT parent FROM revision WHERE id = head), head)
                WHERE id = :id""",
                id=document,
            )
        return self.document(document)

    @even_when_full
    def redo(self, document: str) -> Document:
        """Head to the next revision on the way to tip; nothing when it is there."""
        self.document(document)
        with self.database.transaction() as db:
            db.run(
                """UPDATE document SET head = coalesce((
                    WITH RECURSIVE way (id, parent) AS (
                        SELECT id, parent FROM revision WHERE id = document.tip
                        UNION ALL
                        SELECT r.id, r.parent FROM revision AS r JOIN way ON r.id = way.parent
                        WHERE way.parent <> document.head)
                    SELECT id FROM way WHERE parent = document.head), head)
                WHERE id = :id AND head <> tip""",
                id=document,
            )
        return self.document(document)

    @even_when_full
    def checkout(self, document: str, revision: str) -> Document:
        """Head to a finished revision of the document; tip too, unless the revision is on the path to it."""
        with self.database.transaction() as db:
            _standing(db, document, revision, "tiles IS NOT NULL")
            db.run(
                """UPDATE document SET head = :to, tip = CASE WHEN :to IN (
                    WITH RECURSIVE path (id, parent) AS (
                        SELECT id, parent FROM revision WHERE id = document.tip
                        UNION ALL
                        SELECT r.id, r.parent FROM revision AS r JOIN path ON r.id = path.parent)
                    SELECT id FROM path) THEN tip ELSE :to END
                WHERE id = :id""",
                to=revision,
                id=document,
            )
        return self.document(document)

    # revisions

    def revision(self, id: str) -> Revision:
        return self._revision(self._of_revision(_COLUMNS, id))

    def parent(self, id: str) -> str | None:
        """The id of a revision's parent, None for the opened picture; without a look at any pixel."""
        (parent,) = self._of_revision("parent", id)
        return parent if parent is None else str(parent)

    def document_of(self, id: str) -> str:
        """The id of the document a revision belongs to; NotFound when the revision is deleted too."""
        document, deleted = self._of_revision("document, deleted", id)
        if deleted is not None:
            raise NotFound(f"There is no revision {id!r} any more: it was deleted. Have it back first.")
        return str(document)

    def picture(self, id: str) -> Picture:
        """The picture of a finished revision; ValueError while there is none."""
        box, tiles = self._of_revision("box, tiles", id)
        if tiles is None:
            raise ValueError(f"The revision {id!r} has no picture yet: wait until it is finished.")
        return self._picture(box, tiles)

    def pending(self, document: str) -> list[Revision]:
        """The promises of a document which are neither kept nor broken, oldest first: the order in which a worker keeps
        them, but for variations, which it takes together.
        """
        where = f"document = :document AND {PROMISED} ORDER BY seq"
        rows = self.database.rows(f"SELECT {_COLUMNS} FROM revision WHERE {where}", document=document)
        return [self._revision(row) for row in rows]

    def tail(self, document: str) -> str:
        """The last of the promises that will be shown one after the other from the head on; the head when there is
        none. While a replay waits, from the step that will be shown in the head's stead.
        """
        rows = self.database.rows(  # in one question: a step may be finished between two
            f"""SELECT head, tip, {queue.WAITING} FROM document
            LEFT JOIN revision ON document = document.id AND {PROMISED}
            WHERE document.id = :document AND document.deleted IS NULL ORDER BY seq""",
            document=document,
            now=time.time(),
        )
        if not rows:
            return self.document(document).head  # raises: there is none
        head, tip = str(rows[0][0]), str(rows[0][1])
        promises = [queue.Waiting(*row[2:]) for row in rows if row[2] is not None]
        base = queue.base(self.database.rows, document, promises, head, tip)
        return [base, *(step.id for step in queue.chain(promises, base))][-1]

    def replayed(self, document: str, revision: str) -> list[Revision]:
        """The finished steps that a change of this one makes again, itself first, see `replay`."""
        shown = self.document(document)
        promises = queue.waiting(self.database.rows, document)
        tree = queue.tree_of(self.database.rows, document)
        steps, _ = queue.replayed(tree, promises, shown.head, shown.tip, revision)
        return [self.revision(id) for id in steps]

    def replaying(self, document: str) -> list[str]:
        """The ids of all steps of a replay that waits, those among them that are finished too; none while none does."""
        last = self.database.row(
            f"SELECT id FROM revision WHERE document = :id AND {PROMISED} AND follows <> ''", id=document
        )
        return (
            []
            if last is None
            else [id for id, _ in queue.steps_of(queue.tree_of(self.database.rows, document), last[0])]
        )

    def tree(self, document: str) -> list[Node]:
        """Every revision of a document that is not deleted, parents before children."""
        rows = self.database.rows(
            """SELECT id, parent, edit, tiles IS NOT NULL, error, created, name FROM revision
            WHERE document = :document AND deleted IS NULL ORDER BY seq""",
            document=document,
        )
        return [
            Node(id, parent, None if edit is None else json.loads(edit), bool(finished), error, created, name)
            for id, parent, edit, finished, error, created, name in rows
        ]

    def variations(self, id: str) -> list[str]:
        """The ids of a finished revision and of those beside it whose wish differs in its seed alone, oldest first;
        none of the opened picture.
        """
        parent, edit = self._of_revision("parent, edit", id)
        if edit is None:
            return []
        rows = self.database.rows(
            """SELECT id, edit FROM revision WHERE parent = :parent AND tiles IS NOT NULL AND deleted IS NULL
            ORDER BY seq""",
            parent=parent,
        )
        return queue.alike(rows, edit)

    def way_to(self, id: str, start: str | None = None) -> list[Revision]:
        """The revisions from the opened picture to this one, both among them; from `start` on, if that is one."""
        rows = self.database.rows(
            f"""WITH RECURSIVE way (at, before, far) AS (
                SELECT id, parent, 0 FROM revision WHERE id = :id
                UNION ALL
                SELECT r.id, r.parent, way.far + 1 FROM revision AS r JOIN way ON r.id = way.before
                WHERE way.at <> :start)
            SELECT {_COLUMNS} FROM way JOIN revision ON id = at ORDER BY far DESC""",
            id=id,
            start=start or "",
        )
        return [self._revision(row) for row in rows]

    def rename(self, id: str, name: str) -> Revision:
        """Call a revision something."""
        self.document_of(id)  # raises when there is none
        with self.database.transaction() as db:
            db.run("UPDATE revision SET name = :name WHERE id = :id", name=_storable(name), id=id)
        return self.revision(id)

    @even_when_full
    def discard(self, id: str) -> Document:
        """Put a revision and all that follow it away, promises cancelled; head and tip go before it if they are there.

        ValueError for the picture that was opened.
        """
        document, parent = self.document_of(id), self.parent(id)
        if parent is None:
            raise ValueError("The picture that was opened cannot be taken out of its history: delete the document.")
        with self.database.transaction() as db:
            after = {"id": id, "now": time.time(), "error": CANCELLED, "parent": parent, "document": document}
            db.run(f"{AFTER} UPDATE revision SET {BROKEN} WHERE id IN (SELECT id FROM later) AND {PROMISED}", **after)
            db.run(
                f"{AFTER} UPDATE revision SET deleted = :now WHERE id IN (SELECT id FROM later) AND deleted IS NULL",
                **after,
            )
            for pointer in ("head", "tip"):
                db.run(
                    f"""{AFTER} UPDATE document SET {pointer} = :parent
                    WHERE id = :document AND {pointer} IN (SELECT id FROM later)""",
                    **after,
                )
        return self.document(document)

    def recover(self, id: str) -> Revision:
        """Have back what was discarded with this revision, and the way to it."""
        with self.database.transaction() as db:
            db.run(
                """WITH RECURSIVE way (id, parent) AS (
                    SELECT id, parent FROM revision WHERE id = (SELECT parent FROM revision WHERE id = :id)
                    UNION ALL
                    SELECT r.id, r.parent FROM revision AS r JOIN way ON r.id = way.parent)
                UPDATE revision SET deleted = NULL WHERE id IN (SELECT id FROM way)""",
                id=id,
            )
            db.run(
                f"""{AFTER} UPDATE revision SET deleted = NULL WHERE id IN (SELECT id FROM later)
                AND deleted = (SELECT deleted FROM revision WHERE id = :id)""",
                id=id,
            )
        return self.revision(id)

    # promises

    def promise(self, document: str, parent: str, edit: Edit) -> Revision:
        """The revision of this wish on this parent (finished or promised, of this document), promised; committed on
        return. A promise on a promise waits for it.

        The same wish is the same revision: one that had failed, was cancelled or discarded is promised anew, one that
        is finished becomes the document's head and tip.
        """
        (revision,) = self.promise_beside(document, parent, [edit])
        return revision

    def replay(self, document: str, revision: str, edit: Edit) -> list[Revision]:
        """A finished step with another edit, and each step after it again on top, all promised in one COMMIT; in order.

        The path that is made again leads to the tip; to the head while wishes wait on that. These wait for the last
        step from then on, under other ids. Once that is finished it becomes the tip, and the head goes from a step
        after the changed one to that which was made of it, from any other to the last; nothing moves if the head left
        the path meanwhile. Of another branch, the newest steps are made again, and shown if the head is still the same.

        Moved while another replay waits.
        """
        with self.database.transaction() as db:
            _standing(db, document, revision, "tiles IS NOT NULL")
            self.blobs.keep(db, _pictures_of([edit]), {})
            ids = queue.replay(db, document, revision, edit.to_json())
        return [self.revision(id) for id in ids]

    def promise_beside(self, document: str, parent: str, edits: Sequence[Edit]) -> list[Revision]:
        """The revisions of these wishes, all on one parent, all promised in one COMMIT, as `promise` does: a worker
        takes them together.
        """
        texts = [edit.to_json() for edit in edits]
        with self.database.transaction() as db:
            _standing(db, document, parent, "error IS NULL")
            self.blobs.keep(db, _pictures_of(edits), {})
            ids = [queue.promise(db, document, parent, text) for text in texts]
            for id in ids:
                db.run(
                    """UPDATE document SET head = :id, tip = :id WHERE id = :document AND head <> :id
                    AND EXISTS (SELECT * FROM revision WHERE id = :id AND tiles IS NOT NULL)""",
                    id=id,
                    document=document,
                )
        return [self.revision(id) for id in ids]

    def crop(self, document: str, request: str) -> Pixels | None:
        """The crop that a model drew in this document for a request of this digest, if any did and it is sound."""
        rows = self.database.rows(
            """SELECT drawn.crop FROM drawn JOIN revision ON id = revision
            WHERE drawn.request = :request AND document = :document""",
            request=request,
            document=document,
        )
        for (crop,) in rows:
            try:
                return self.blobs.tile(crop)
            except Damaged:
                continue
        return None

    def claim(self, worker: str, lease: float) -> list[str]:
        """The ids of promises from now on this worker's for `lease` seconds: the oldest that nobody works on (or whose
        lease ran out, or ends later than any worker's could) and, with it, those on the same parent whose wish differs
        in its seed alone, at most MAX_IMAGES; none when there is none.
        """
        free = f"{_READY} AND (lease IS NULL OR lease < :now OR lease > :latest)"
        now = self.database.now()
        clock = {"now": now, "latest": now + TRUSTED * lease}
        # a look without the write lock first: an idle worker asks every second
        if self.database.row(f"SELECT 1 FROM revision WHERE {free} LIMIT 1", **clock) is None:
            return []
        with self.database.transaction() as db:
            first = db.run(f"SELECT parent, edit FROM revision WHERE {free} ORDER BY seq LIMIT 1", **clock)
            if not first:
                return []
            ((parent, edit),) = first
            beside = db.run(
                f"SELECT id, edit FROM revision WHERE {free} AND parent = :parent ORDER BY seq", **clock, parent=parent
            )
            claimed = queue.alike(beside, edit)[:MAX_IMAGES]
            for id in claimed:
                db.run("DELETE FROM progress WHERE revision = :id", id=id)  # of one that died
                db.run("UPDATE revision SET worker = :worker, lease = :until WHERE id = :id",
                       worker=worker, until=now + lease, id=id)  # fmt: skip
        return claimed

    def holds(self, id: str, worker: str) -> bool:
        """Whether a promise is still this worker's: not cancelled, not taken over, not finished."""
        return self.database.row(f"SELECT 1 FROM revision WHERE {_HELD}", id=id, worker=worker) is not None

    def works(self, worker: str) -> bool:
        """Whether any job is this worker's."""
        row = self.database.row(f"SELECT 1 FROM revision WHERE worker = :worker AND {PROMISED} LIMIT 1", worker=worker)
        return row is not None

    def renew(self, worker: str, lease: float) -> None:
        """Hold all promises of this worker for another `lease` seconds from now."""
        until = self.database.now() + lease
        with self.database.transaction() as db:
            db.run(f"UPDATE revision SET lease = :until WHERE worker = :worker AND {PROMISED}",
                   until=until, worker=worker)  # fmt: skip

    def holders(self) -> list[str]:
        """The workers which hold a promise."""
        where = f"{PROMISED} AND worker IS NOT NULL"
        return [row[0] for row in self.database.rows(f"SELECT DISTINCT worker FROM revision WHERE {where}")]

    @even_when_full
    def abandon(self, worker: str) -> None:
        """Free every promise a worker holds, for any other to claim; it has ended, or makes nothing of them."""
        with self.database.transaction() as db:
            _free(db, worker)

    @even_when_full
    def count_death(self, worker: str, reason: str, again: bool) -> None:
        """Free what a worker held whose process died of it, for another try; a second time, or where `again` is not to
        be, the jobs fail. reason: how it ended, a sentence.
        """
        with self.database.transaction() as db:
            held = db.run(
                f"SELECT id, document, deaths FROM revision WHERE worker = :worker AND {PROMISED} ORDER BY seq DESC",
                worker=worker,
            )
            for id, document, deaths in held:  # from the last: what waits for the first moves once
                if again and deaths + 1 < DEATHS:
                    db.run("UPDATE revision SET deaths = deaths + 1, death = :reason WHERE id = :id",
                           reason=reason, id=id)  # fmt: skip
                else:
                    times = " It was tried twice." if deaths else ""
                    queue.take_away(db, document, id, f"{reason}{times}")
            _free(db, worker)

    def report(self, worker: str, steps: Mapping[str, tuple[int, int, RunPreview | None]]) -> None:
        """Say how far a worker's jobs are: (step, steps, preview) by their ids; without a preview, the one before
        stays.
        """
        with self.database.transaction() as db:
            for id, (step, of, preview) in steps.items():
                db.run(
                    f"""INSERT INTO progress (revision, document, worker, step, steps, serial, box, preview)
                    SELECT id, document, worker, :step, :of, :serial, :box, :preview FROM revision WHERE {_HELD}
                    ON CONFLICT (revision) DO UPDATE SET worker = excluded.worker, step = excluded.step,
                    steps = excluded.steps,
                    serial = CASE WHEN excluded.serial > 0 THEN excluded.serial ELSE progress.serial END,
                    box = coalesce(excluded.box, progress.box),
                    preview = coalesce(excluded.preview, progress.preview)""",
                    id=id,
                    worker=worker,
                    step=step,
                    of=of,
                    serial=preview.serial if preview else 0,
                    box=json.dumps(preview.box) if preview else None,
                    preview=preview.data if preview else None,
                )

    def progress(self, document: str) -> dict[str, RunProgress]:
        """How far the jobs of a document are that a worker has begun, by their ids."""
        rows = self.database.rows(  # not what was left by one that died
            """SELECT revision, step, steps, serial, progress.box FROM progress
            JOIN revision ON revision.id = revision AND revision.worker = progress.worker
            WHERE progress.document = :document""",
            document=document,
        )
        return {
            id: RunProgress(step, steps, serial, None if box is None else Box(*json.loads(box)))
            for id, step, steps, serial, box in rows
        }

    def preview(self, id: str) -> bytes | None:
        """The newest preview of a job, a WebP; None where there is none (any more)."""
        row = self.database.row("SELECT preview FROM progress WHERE revision = :id", id=id)
        return None if row is None or row[0] is None else bytes(row[0])

    def beats(self) -> dict[str, str]:
        """Of each document with a job that was begun: a text that is another after each of its steps."""
        beats: dict[str, str] = {}
        for document, id, step, serial in self.database.rows(
            "SELECT document, revision, step, serial FROM progress ORDER BY document, revision"
        ):
            beats[document] = f"{beats.get(document, '')}{id[:8]}.{step}.{serial} "
        return beats

    def finish(self, id: str, worker: str, picture: Picture, crops: Mapping[str, Pixels]) -> bool:
        """Complete a job: pixels, revision, head and tip in one COMMIT. False, and nothing written, when it
        is no longer this worker's.

        picture: its result. crops: what its model generated, uint8 (H, W, 3), by request digest.

        Head moves only if it is still the parent, and takes the tip along; a tip which is still the parent
        moves alone, so that who undid meanwhile finds the result by redo. (The steps of a replay move nothing
        before its last, see `replay`.)
        """
        named = {request: (tile_digest(crop), crop) for request, crop in crops.items()}
        blobs = self.blobs.encoded(picture, self._before(id))
        blobs |= {digest: Blob(encode_tile(crop)) for digest, crop in named.values()}
        with self.database.transaction() as db:
            rows = db.run(f"SELECT document, parent, follows FROM revision WHERE {_HELD}", id=id, worker=worker)
            db.run("DELETE FROM progress WHERE revision = :id AND worker = :worker", id=id, worker=worker)
            if not rows:
                return False
            ((document, parent, follows),) = rows
            self.blobs.keep(db, blobs, picture.fresh)
            db.run(
                """UPDATE revision SET box = :box, tiles = :tiles, worker = NULL, lease = NULL WHERE id = :id""",
                box=json.dumps(picture.box),
                tiles=packed(picture),
                id=id,
            )
            db.run_many(
                """INSERT INTO drawn (revision, request, crop) VALUES (:id, :request, :crop) ON CONFLICT DO NOTHING""",
                [{"id": id, "request": request, "crop": digest} for request, (digest, _) in named.items()],
            )
            queue.show(db, document, id, parent, follows)
        for digest, pixels in picture.fresh.items():  # the next edit is likely to be near
            self.blobs.tiles.add(digest, pixels)
        return True

    @even_when_full
    def fail(self, id: str, worker: str, error: str) -> bool:
        """Break a promise, with a sentence why; what waits for it as in `cancel`. False when it is no longer this
        worker's.
        """
        with self.database.transaction() as db:
            rows = db.run(f"SELECT document FROM revision WHERE {_HELD}", id=id, worker=worker)
            db.run("DELETE FROM progress WHERE revision = :id AND worker = :worker", id=id, worker=worker)
            for (document,) in rows:
                queue.take_away(db, document, id, _storable(error))
        return bool(rows)

    @even_when_full
    def cancel(self, id: str) -> Revision:
        """Take a promise back; nothing when it is finished or failed. Whoever works on it notices at its next step.

        Wishes that wait for it are promised again, under other ids, on a variation beside it or else on the state whose
        place it was to take; the steps of a replay are cancelled together.
        """
        self._of_revision("id", id)  # raises when there is none
        with self.database.transaction() as db:
            # who knows it by the id that it had before it was promised again means the same wish
            rows = db.run(
                f"""SELECT id, document FROM revision WHERE {PROMISED} AND (id = :id OR (document, edit) = (
                    SELECT document, edit FROM revision WHERE id = :id AND deleted IS NOT NULL AND error = :error))
                ORDER BY seq LIMIT 1""",
                id=id,
                error=CANCELLED,
            )
            for now, document in rows:
                queue.take_away(db, document, now, CANCELLED)
        return self.revision(rows[0][0] if rows else id)

    def reorder(self, document: str, order: Sequence[str]) -> list[Revision]:
        """The last promises on the way to `tail`, none of them begun, promised again in another order, under other ids.

        ValueError when `order` does not name exactly those, from some promise to the last.
        """
        self.document(document)  # raises when there is none
        with self.database.transaction() as db:
            ids = queue.reorder(db, document, order)
        return [self.revision(id) for id in ids]

    # inside

    def _of_revision(self, columns: str, id: str) -> Sequence[Any]:
        row = self.database.row(f"SELECT {columns} FROM revision WHERE id = :id", id=id)
        if row is None:
            raise NotFound(f"There is no revision {id!r} here.")
        return row

    def _revision(self, row: Sequence[Any]) -> Revision:
        id, document, parent, edit, box, tiles, error, created, seq, name, deleted, death = row
        return Revision(
            id=id,
            document=document,
            parent=parent,
            edit=None if edit is None else self.edits(edit),
            picture=None if tiles is None else self._picture(box, tiles),
            error=error,
            created=created,
            seq=seq,
            name=name,
            deleted=deleted is not None,
            death=death,
        )

    def _edit(self, text: str) -> Edit:
        def pixels_of(digest: str) -> Pixels:
            data = self.blobs.file(digest)
            return decode_tile(data) if data.startswith(b"RIFF") else decode_mask(data)

        try:
            return Edit.from_json(text, pixels_of)
        except (NotFound, *DAMAGED) as error:
            raise Damaged(f"An edit, or its mask, sketch or reference, cannot be read ({error}).") from error

    def _picture(self, box_json: str, packed: bytes) -> Picture:
        box, names = Box(*json.loads(box_json)), bytes(packed).hex()
        tiles = {place: names[32 * n : 32 * n + 32] for n, place in enumerate(places(box))}
        return Picture(box, MappingProxyType(tiles), self.blobs.tiles)

    def _before(self, id: str) -> Mapping[Place, str]:
        """The tiles of the picture on which a promise is made; none where it is gone or damaged."""
        try:
            parent = self.parent(id)
            return {} if parent is None else self.picture(parent).tiles
        except NotFound:  # it was cancelled, and others compacted the store
            return {}


def _free(db: Transaction, worker: str) -> None:
    """Take from a worker what it holds, and what it said of how far that is."""
    db.run(f"UPDATE revision SET worker = NULL, lease = NULL WHERE worker = :worker AND {PROMISED}", worker=worker)
    db.run("DELETE FROM progress WHERE worker = :worker", worker=worker)


def _standing(db: Transaction, document: str, revision: str, state: str) -> None:
    """NotFound unless both are there still, the revision in this state, in the transaction that builds on them: others
    may discard, cancel and delete.
    """
    if not db.run(
        f"""SELECT 1 FROM revision JOIN document ON document.id = document
        WHERE revision.id = :revision AND document = :document AND {state}
        AND revision.deleted IS NULL AND document.deleted IS NULL""",
        revision=revision,
        document=document,
    ):
        raise NotFound(f"There is no revision {revision!r} any more: it was taken away meanwhile.")


def new_document_id() -> str:
    """One that cannot be guessed, and that no command line takes for an option."""
    return secrets.token_hex(16)


def packed(picture: Picture) -> bytes:
    """The digests of a picture's tiles, 16 bytes each, row by row."""
    return bytes.fromhex("".join(picture.tiles[place] for place in places(picture.box)))


def _pictures_of(edits: Sequence[Edit]) -> dict[str, Blob]:
    """The masks, sketches and references of edits, by digest."""
    blobs = {edit.mask.digest: Blob(encode_png(edit.mask.alpha)) for edit in edits if edit.mask.alpha.size}
    patches = {patch.digest: patch for edit in edits for patch in edit.patches}
    return blobs | {digest: Blob(encode_tile(patch.pixels)) for digest, patch in patches.items()}


def _weight(edit: Edit) -> int:
    """Bytes, more or less."""
    return edit.mask.alpha.nbytes + sum(patch.pixels.nbytes for patch in edit.patches) + 4096


def _storable(text: str) -> str:
    """Without what a database cannot hold: half a character has no bytes, and PostgreSQL takes no zero."""
    return text.encode(errors="replace").decode().replace("\0", "")
