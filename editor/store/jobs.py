"""Jobs: revisions whose picture is still to come. Submitted, claimed by workers, followed, finished or not."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from editor.edits.edit import Edit
from editor.formats.images import encode_png, encode_tile
from editor.imaging.geometry import Box
from editor.imaging.limits import MAX_IMAGES
from editor.imaging.picture import Picture, Place, tile_digest
from editor.imaging.raster import Pixels
from editor.store import queue
from editor.store.blobs import Blob, Blobs, NotFound, packed
from editor.store.database import Database, Transaction, even_when_full, storable
from editor.store.documents import Documents
from editor.store.queue import CANCELLED, PENDING, require_revision
from editor.store.revisions import COLUMNS, Revision, Revisions

NO_BEAT = "-"  # of a document with no job that was begun
DEATHS = 2  # of the model's processes that worked on a job, before it fails
TRUSTED = 4  # leases from now on: one that ends later was written by a clock that is wrong

_HELD = f"id = :id AND worker = :worker AND {PENDING}"
# a job whose parent is a job waits for it; one behind a replay for all of that, which may yet fail
_READY = f"""{PENDING} AND (SELECT tiles FROM revision AS before WHERE before.id = revision.parent) IS NOT NULL
    AND (follows IS NOT NULL OR NOT EXISTS (SELECT 1 FROM revision AS replay WHERE replay.tiles IS NULL
        AND replay.error IS NULL AND replay.follows IS NOT NULL AND replay.document = revision.document
        AND replay.seq < revision.seq))"""


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


class Jobs:
    """Raises NotFound for a document or a revision that is not there."""

    def __init__(self, database: Database, blobs: Blobs, documents: Documents, revisions: Revisions) -> None:
        self.database, self.blobs = database, blobs
        self.documents, self.revisions = documents, revisions

    def submit(self, document: str, parent: str, edit: Edit) -> Revision:
        """Queue an edit on a revision of this document, finished or a job itself; committed on return. A job whose
        parent is a job waits for it.

        The same edit on the same parent is the same revision: one that had failed, was cancelled or discarded is queued
        again, one that is finished becomes the document's head and tip.
        """
        (revision,) = self.submit_together(document, parent, [edit])
        return revision

    def submit_together(self, document: str, parent: str, edits: Sequence[Edit]) -> list[Revision]:
        """Queue edits on one parent in one COMMIT, each as `submit` does: a worker takes them together."""
        texts = [edit.to_json() for edit in edits]
        with self.database.transaction() as db:
            require_revision(db, document, parent, "error IS NULL")
            self.blobs.keep(db, _pictures_of(edits), {})
            ids = [queue.enqueue(db, document, parent, text) for text in texts]
            for id in ids:
                db.run(
                    """UPDATE document SET head = :id, tip = :id WHERE id = :document AND head <> :id
                    AND EXISTS (SELECT * FROM revision WHERE id = :id AND tiles IS NOT NULL)""",
                    id=id,
                    document=document,
                )
        return [self.revisions.get(id) for id in ids]

    def replay(self, document: str, revision: str, edit: Edit) -> list[Revision]:
        """A finished step with another edit, and each step after it again on top, all queued in one COMMIT; in order.

        The path that is made again leads to the tip; to the head while jobs wait on that. These wait for the last
        step from then on, under other ids. Once that is finished it becomes the tip, and the head goes from a step
        after the changed one to that which was made of it, from any other to the last; nothing moves if the head left
        the path meanwhile. Of another branch, the newest steps are made again, and shown if the head is still the same.

        Moved while another replay waits.
        """
        with self.database.transaction() as db:
            require_revision(db, document, revision, "tiles IS NOT NULL")
            self.blobs.keep(db, _pictures_of([edit]), {})
            ids = queue.replay(db, document, revision, edit.to_json())
        return [self.revisions.get(id) for id in ids]

    def pending(self, document: str) -> list[Revision]:
        """The jobs of a document that are queued or running, oldest first: the order in which a worker runs
        them, but for variations, which it takes together.
        """
        self.documents.get(document)  # raises when there is none
        where = f"document = :document AND {PENDING} ORDER BY seq"
        rows = self.database.rows(f"SELECT {COLUMNS} FROM revision WHERE {where}", document=document)
        return [self.revisions.of_row(row) for row in rows]

    def tail(self, document: str) -> str:
        """The last of the jobs that will be shown one after the other from the head on; the head when there is
        none. While a replay waits, from the step that will be shown in the head's stead.
        """
        rows = self.database.rows(  # in one question: a step may be finished between two
            f"""SELECT head, tip, {queue.JOB_COLUMNS} FROM document
            LEFT JOIN revision ON document = document.id AND {PENDING}
            WHERE document.id = :document AND document.deleted IS NULL ORDER BY seq""",
            document=document,
            now=time.time(),
        )
        if not rows:
            return self.documents.get(document).head  # raises: there is none
        head, tip = str(rows[0][0]), str(rows[0][1])
        queued = [queue.QueuedJob(*row[2:]) for row in rows if row[2] is not None]
        base = queue.base(self.database.rows, document, queued, head, tip)
        return [base, *(step.id for step in queue.chain(queued, base))][-1]

    def replayed(self, document: str, revision: str) -> list[Revision]:
        """The finished steps that a change of this one makes again, itself first, see `replay`."""
        shown = self.documents.get(document)
        queued = queue.queued_jobs(self.database.rows, document)
        tree = queue.tree_of(self.database.rows, document)
        steps, _ = queue.replayed(tree, queued, shown.head, shown.tip, revision)
        return [self.revisions.get(id) for id in steps]

    def replaying(self, document: str) -> list[str]:
        """The ids of all steps of a replay that waits, those among them that are finished too; none while none does."""
        last = self.database.row(
            f"SELECT id FROM revision WHERE document = :id AND {PENDING} AND follows <> ''", id=document
        )
        return (
            []
            if last is None
            else [id for id, _ in queue.steps_of(queue.tree_of(self.database.rows, document), last[0])]
        )

    def claim(self, worker: str, lease: float) -> list[str]:
        """The ids of jobs from now on this worker's for `lease` seconds: the oldest that nobody works on (or whose
        lease ran out, or ends later than any worker's could) and, with it, those on the same parent whose edit differs
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
            claimed = queue.variations_of(beside, edit)[:MAX_IMAGES]
            for id in claimed:
                db.run("DELETE FROM progress WHERE revision = :id", id=id)  # of one that died
                db.run("UPDATE revision SET worker = :worker, lease = :until WHERE id = :id",
                       worker=worker, until=now + lease, id=id)  # fmt: skip
        return claimed

    def holds(self, id: str, worker: str) -> bool:
        """Whether a job is still this worker's: not cancelled, not taken over, not finished."""
        return self.database.row(f"SELECT 1 FROM revision WHERE {_HELD}", id=id, worker=worker) is not None

    def has_any(self, worker: str) -> bool:
        """Whether any job is this worker's."""
        row = self.database.row(f"SELECT 1 FROM revision WHERE worker = :worker AND {PENDING} LIMIT 1", worker=worker)
        return row is not None

    def renew(self, worker: str, lease: float) -> None:
        """Hold all jobs of this worker for another `lease` seconds from now."""
        until = self.database.now() + lease
        with self.database.transaction() as db:
            db.run(f"UPDATE revision SET lease = :until WHERE worker = :worker AND {PENDING}",
                   until=until, worker=worker)  # fmt: skip

    def holders(self) -> list[str]:
        """The workers which hold a job."""
        where = f"{PENDING} AND worker IS NOT NULL"
        return [row[0] for row in self.database.rows(f"SELECT DISTINCT worker FROM revision WHERE {where}")]

    @even_when_full
    def release(self, worker: str) -> None:
        """Free every job a worker holds, for any other to claim: it has ended, or cannot run them."""
        with self.database.transaction() as db:
            _free(db, worker)

    @even_when_full
    def count_death(self, worker: str, reason: str, again: bool) -> None:
        """Free what a worker held whose process died of it, for another try; a second time, or where `again` is not to
        be, the jobs fail. reason: how it ended, a sentence.
        """
        with self.database.transaction() as db:
            held = db.run(
                f"SELECT id, document, deaths FROM revision WHERE worker = :worker AND {PENDING} ORDER BY seq DESC",
                worker=worker,
            )
            for id, document, deaths in held:  # from the last: what waits for the first moves once
                if again and deaths + 1 < DEATHS:
                    db.run("UPDATE revision SET deaths = deaths + 1, death = :reason WHERE id = :id",
                           reason=reason, id=id)  # fmt: skip
                else:
                    times = " It was tried twice." if deaths else ""
                    queue.end_job(db, document, id, f"{reason}{times}")
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
        """Let a job fail, with a sentence why; what waits for it as in `cancel`. False when it is no longer this
        worker's.
        """
        with self.database.transaction() as db:
            rows = db.run(f"SELECT document FROM revision WHERE {_HELD}", id=id, worker=worker)
            db.run("DELETE FROM progress WHERE revision = :id AND worker = :worker", id=id, worker=worker)
            for (document,) in rows:
                queue.end_job(db, document, id, storable(error))
        return bool(rows)

    @even_when_full
    def cancel(self, id: str) -> Revision:
        """Cancel a job; does nothing when it is done or failed. A worker that runs it notices at its next step.

        Edits that wait for it are queued again, under other ids, on a variation beside it or else on the revision whose
        place it was to take; the steps of a replay are cancelled together.
        """
        self.revisions.columns("id", id)  # raises when there is none
        with self.database.transaction() as db:
            # whoever knows it by the id it had before it was queued again means the same edit
            rows = db.run(
                f"""SELECT id, document FROM revision WHERE {PENDING} AND (id = :id OR (document, edit) = (
                    SELECT document, edit FROM revision WHERE id = :id AND deleted IS NOT NULL AND error = :error))
                ORDER BY seq LIMIT 1""",
                id=id,
                error=CANCELLED,
            )
            for now, document in rows:
                queue.end_job(db, document, now, CANCELLED)
        return self.revisions.get(rows[0][0] if rows else id)

    def reorder(self, document: str, order: Sequence[str]) -> list[Revision]:
        """The last jobs on the way to `tail`, none of them begun, queued again in another order, under other ids.

        InvalidInput when `order` does not name exactly those, from some job to the last.
        """
        self.documents.get(document)  # raises when there is none
        with self.database.transaction() as db:
            ids = queue.reorder(db, document, order)
        return [self.revisions.get(id) for id in ids]

    def _before(self, id: str) -> Mapping[Place, str]:
        """The tiles of the picture that a job changes; none where it is gone or damaged."""
        try:
            parent = self.revisions.parent(id)
            return {} if parent is None else self.revisions.picture(parent).tiles
        except NotFound:  # it was cancelled, and others compacted the store
            return {}


def _free(db: Transaction, worker: str) -> None:
    """Take from a worker what it holds, and what it said of how far that is."""
    db.run(f"UPDATE revision SET worker = NULL, lease = NULL WHERE worker = :worker AND {PENDING}", worker=worker)
    db.run("DELETE FROM progress WHERE worker = :worker", worker=worker)


def _pictures_of(edits: Sequence[Edit]) -> dict[str, Blob]:
    """The masks, sketches and references of edits, by digest."""
    blobs = {edit.mask.digest: Blob(encode_png(edit.mask.alpha)) for edit in edits if edit.mask.alpha.size}
    patches = {patch.digest: patch for edit in edits for patch in edit.patches}
    return blobs | {digest: Blob(encode_tile(patch.pixels)) for digest, patch in patches.items()}
