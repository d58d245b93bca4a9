"""Jobs: revisions without a picture yet. They are submitted, claimed by workers, and then done, failed or cancelled."""

import json
import time
from collections.abc import Mapping, Sequence

from editor.edits.edit import Edit
from editor.formats.images import encode_tile
from editor.imaging.picture import Picture, TileIndex, tile_digest
from editor.imaging.raster import Pixels
from editor.store import queue, revision_tree, turns
from editor.store.blobs import Blob, Blobs, NotFound, pack_digests, pictures_of
from editor.store.database import Database, Transaction, storable
from editor.store.documents import Documents
from editor.store.full_disk import even_when_full
from editor.store.queue import CANCELLED, HELD, PENDING, Moved, require_revision
from editor.store.replayed_steps import replayed
from editor.store.revisions import COLUMNS, Revision, Revisions, store_match
from pipelines.ranking import Match

MAX_DEATHS = 2  # model processes that die working on a job, before it fails
TRUSTED_LEASES = 4  # a lease that ends more than so many leases from now was written by a wrong clock


class Jobs:
    """The queue of jobs in a store.

    Methods raise NotFound when there is no such document or revision.
    """

    def __init__(self, database: Database, blobs: Blobs, documents: Documents, revisions: Revisions) -> None:
        self.database, self.blobs = database, blobs
        self.documents, self.revisions = documents, revisions

    def submit(self, document: str, parent: str, edit: Edit) -> Revision:
        """Queues an edit; committed on return.

        The same edit on the same parent is the same revision: one that failed, was cancelled or deleted is queued
        again, one that is finished becomes the document's head and tip.

        Args:
            document: the document's id.
            parent: the id of the revision to edit. The job waits for it when it is a job itself.
            edit: the edit.

        Returns:
            The job, or the finished revision.
        """
        (revision,) = self.submit_together(document, parent, [edit])
        return revision

    def submit_together(self, document: str, parent: str, edits: Sequence[Edit]) -> list[Revision]:
        """Queues edits on one parent in one commit, each as `submit` does, so that a worker can claim them together."""
        texts = [edit.to_json() for edit in edits]
        with self.database.transaction() as db, self.documents.quotas.jobs(db, document):
            require_revision(db, document, parent, "error IS NULL")
            self.blobs.insert_for(db, document, pictures_of(edits), {})
            ids = [queue.enqueue(db, document, parent, text) for text in texts]
            for id in ids:
                db.run(
                    """UPDATE document SET head = :id, tip = :id WHERE id = :document AND head <> :id
                    AND EXISTS (SELECT * FROM revision WHERE id = :id AND tiles IS NOT NULL)""",
                    id=id,
                    document=document,
                )
        return [self.revisions.get(id) for id in ids]

    def replay(self, document: str, revision: str, edit: Edit, later: bool = True) -> list[Revision]:
        """Repeats a finished step with another edit, and then each step after it, all queued in one commit.

        The steps are those on the path to the tip, or to the head while jobs wait on the head; those jobs then wait for
        the last step of the replay, under new ids. Once that step is finished it becomes the tip. The head moves from a
        step after the changed one to the step that repeats it, from any other step on the path to the last one, and
        stays if it left the path meanwhile. On another branch the newest steps are repeated, and shown if the head is
        still the same.

        Args:
            document: the document's id.
            revision: the id of the step to change.
            edit: the edit to make instead.
            later: whether the steps after it are repeated too; False: the changed step becomes the tip.

        Returns:
            The steps of the replay, in order.

        Raises:
            Moved: another replay has not ended yet.
        """
        with self.database.transaction() as db, self.documents.quotas.jobs(db, document):
            require_revision(db, document, revision, "tiles IS NOT NULL")
            self.blobs.insert_for(db, document, pictures_of([edit]), {})
            steps, follows = [revision], revision
            if later:
                ((head, tip),) = db.run("SELECT head, tip FROM document WHERE id = :id", id=document)
                tree, queued = revision_tree.tree_of(db.run, document), queue.queued_jobs(db.run, document)
                steps, follows = replayed(tree, queued, head, tip, revision)
            texts = {id: text for id, text in db.run("SELECT id, edit FROM revision WHERE document = :id", id=document)}
            ids = queue.replay(db, document, steps, follows, [edit.to_json(), *(texts[id] for id in steps[1:])])
        return [self.revisions.get(id) for id in ids]

    def rearrange(self, document: str, steps: Sequence[str], edits: Sequence[tuple[str, Edit]]) -> list[Revision]:
        """Repeats the last steps before the head with other edits in their places, all queued in one commit.

        Jobs that wait on the head then wait for the last step of the replay, which becomes head and tip once it is
        finished: steps that were undone are not repeated. A step has the name of the one that its edit was of.

        Args:
            document: the document's id.
            steps: the ids of the steps, each the parent of the next, the last one the head.
            edits: the edits, as many as steps, each with the id of the step among these that it was of, maybe changed
                in its blend.

        Returns:
            The steps of the replay, in order.

        Raises:
            Moved: the head is another by now, or another replay has not ended yet.
        """
        with self.database.transaction() as db, self.documents.quotas.jobs(db, document):
            require_revision(db, document, steps[-1], "tiles IS NOT NULL")
            if not db.run("SELECT 1 FROM document WHERE id = :id AND head = :head", id=document, head=steps[-1]):
                raise Moved("The picture was changed in another tab meanwhile. Look at its layers again.")
            ids = queue.replay(db, document, steps, steps[-1], [edit.to_json() for _, edit in edits])
            for id, (origin, _) in zip(ids, edits, strict=True):
                db.run(
                    """UPDATE revision SET name = (SELECT name FROM revision WHERE id = :origin)
                    WHERE id = :id AND name = ''""",
                    id=id,
                    origin=origin,
                )
        return [self.revisions.get(id) for id in ids]

    def pending(self, document: str) -> list[Revision]:
        """Returns the queued and running jobs of a document, oldest first; none where there is no such document.

        A worker runs them in this order, except for variations, which it claims together.
        """
        where = f"document = :document AND {PENDING} ORDER BY seq"
        rows = self.database.rows(f"SELECT {COLUMNS} FROM revision WHERE {where}", document=document)
        return [self.revisions.of_row(row) for row in rows]

    def tail(self, document: str) -> str:
        """Returns the id of the last of the jobs that will be shown one after another, starting at the head.

        That is the head itself when there are none. While a replay is queued, the jobs start at the step that will be
        shown instead of the head.
        """
        rows = self.database.rows(  # one query, since a step may be finished between two
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
        """Returns the finished steps that a change of this one repeats, itself first, see `replay`."""
        shown = self.documents.get(document)
        queued = queue.queued_jobs(self.database.rows, document)
        tree = revision_tree.tree_of(self.database.rows, document)
        steps, _ = replayed(tree, queued, shown.head, shown.tip, revision)
        return [self.revisions.get(id) for id in steps]

    def replaying(self, document: str) -> list[str]:
        """Returns the ids of all steps of the queued replay, finished ones too; an empty list when there is none."""
        where = f"document = :id AND {PENDING} AND follows <> ''"
        last = self.database.row(f"SELECT id FROM revision WHERE {where}", id=document)
        if last is None:
            return []
        return [id for id, _ in revision_tree.steps_of(revision_tree.tree_of(self.database.rows, document), last[0])]

    def claim(self, worker: str, lease: float, background: bool = True) -> list[str]:
        """Claims the free job whose turn it is, so that nobody waits for all of another's.

        Owners of documents take turns, and so do the documents of each; one without an owner has turns of its own.
        Other jobs come before background ones, the steps of a replay, for a while.

        Args:
            worker: the worker's id.
            lease: seconds until the claim ends, unless it is renewed.
            background: whether it may be a background job.

        Returns:
            The ids of the job and of those on the same parent that differ only in their seed, at most MAX_IMAGES; an
            empty list when no job is free.
        """
        if not self.has_free(lease, background):  # without the write lock, since an idle worker asks every second
            return []
        clock = self._clock(lease)
        with self.database.transaction() as db:
            return turns.take(db, turns.first_free(db, clock, background), worker, clock["now"] + lease, clock)

    def claim_these(self, jobs: Sequence[str], worker: str, lease: float) -> list[str]:
        """Claims those of these jobs that are free, and returns their ids."""
        clock = self._clock(lease)
        with self.database.transaction() as db:
            return turns.take(db, jobs, worker, clock["now"] + lease, clock)

    def others_waiting(self, lease: float, seconds: float) -> list[list[str]]:
        """Returns free jobs that no worker took for so many seconds, see `turns.others_waiting`."""
        return turns.others_waiting(self.database.rows, self._clock(lease), seconds)

    def has_free(self, lease: float, background: bool = True) -> bool:
        """Tells whether there is a job that `claim` would return."""
        where = f"{turns.free(background)} LIMIT 1"
        return self.database.row(f"SELECT 1 FROM revision WHERE {where}", **self._clock(lease)) is not None

    def _clock(self, lease: float) -> dict[str, float]:
        now = self.database.now()
        return {"now": now, "latest": now + TRUSTED_LEASES * lease}

    def holds(self, id: str, worker: str) -> bool:
        """Tells whether a worker still has a job: it is neither cancelled, nor another worker's, nor finished."""
        return self.database.row(f"SELECT 1 FROM revision WHERE {HELD}", id=id, worker=worker) is not None

    def has_any(self, worker: str) -> bool:
        """Tells whether a worker has any job."""
        row = self.database.row(f"SELECT 1 FROM revision WHERE worker = :worker AND {PENDING} LIMIT 1", worker=worker)
        return row is not None

    def renew(self, worker: str, lease: float) -> None:
        """Extends the leases of all jobs of a worker to `lease` seconds from now."""
        until = self.database.now() + lease
        with self.database.transaction() as db:
            db.run(f"UPDATE revision SET lease = :until WHERE worker = :worker AND {PENDING}",
                   until=until, worker=worker)  # fmt: skip

    def holders(self) -> list[str]:
        """Returns the ids of the workers that have a job."""
        where = f"{PENDING} AND worker IS NOT NULL"
        return [row[0] for row in self.database.rows(f"SELECT DISTINCT worker FROM revision WHERE {where}")]

    @even_when_full
    def release(self, worker: str) -> None:
        """Frees all jobs of a worker that has ended or cannot run them, for any other to claim."""
        with self.database.transaction() as db:
            _free(db, worker)

    @even_when_full
    def count_death(self, worker: str, reason: str, again: bool) -> list[tuple[str, bool]]:
        """Frees the jobs of a worker whose process died, for another try; a second time they fail.

        Args:
            worker: the worker's id.
            reason: how its process ended, a sentence.
            again: whether to try them again; False: they fail at once.

        Returns:
            The model of each of them, and whether it failed.
        """
        counted = []
        with self.database.transaction() as db:
            jobs = db.run(
                f"""SELECT id, document, deaths, edit FROM revision
                WHERE worker = :worker AND {PENDING} ORDER BY seq DESC""",
                worker=worker,
            )
            for id, document, deaths, edit in jobs:  # the last first: those that wait for the first move only once
                failed = not again or deaths + 1 >= MAX_DEATHS
                counted.append((json.loads(edit)["pipeline"], failed))
                if not failed:
                    db.run("UPDATE revision SET deaths = deaths + 1, death = :reason WHERE id = :id",
                           reason=reason, id=id)  # fmt: skip
                else:
                    times = " It was tried twice." if deaths else ""
                    queue.end_job(db, document, id, f"{reason}{times}")
            _free(db, worker)
        return counted

    def finish(
        self, id: str, worker: str, picture: Picture, crops: Mapping[str, Pixels], match: Match | None = None
    ) -> bool:
        """Completes a job: stores pixels, revision, head and tip in one commit.

        Head moves only if it is still the parent, and moves the tip too; a tip that is still the parent moves alone, so
        that redo leads to the result if the user has undone a step meanwhile. Of a replay, only the last step moves
        anything, see `replay`. Of variations the one that is finished first is shown, and edits that wait for another
        then wait for this one.

        Args:
            id: the job's id.
            worker: the worker's id.
            picture: the result.
            crops: what the model generated, uint8 (H, W, 3), by request digest.
            match: how well the result shows its prompt; None where that is not known.

        Returns:
            False, with nothing stored, when the worker no longer has the job.
        """
        crops_by_request = {request: (tile_digest(crop), crop) for request, crop in crops.items()}
        blobs = self.blobs.encode_new(picture, self._before(id))
        blobs |= {digest: Blob(encode_tile(crop)) for digest, crop in crops_by_request.values()}
        with self.database.transaction() as db:
            rows = db.run(f"SELECT document, parent, follows, edit FROM revision WHERE {HELD}", id=id, worker=worker)
            db.run("DELETE FROM progress WHERE revision = :id AND worker = :worker", id=id, worker=worker)
            if not rows:
                return False
            ((document, parent, follows, edit),) = rows
            self.blobs.insert_for(db, document, blobs, picture.fresh)
            db.run("UPDATE revision SET box = :box, tiles = :tiles, worker = NULL, lease = NULL WHERE id = :id",
                   box=json.dumps(picture.box), tiles=pack_digests(picture), id=id)  # fmt: skip
            store_match(db, id, match)
            db.run_many(
                """INSERT INTO drawn (revision, request, crop) VALUES (:id, :request, :crop) ON CONFLICT DO NOTHING""",
                [{"id": id, "request": request, "crop": digest} for request, (digest, _) in crops_by_request.items()],
            )
            queue.show(db, document, id, parent, follows)
            if follows is None:
                queue.follow_shown(db, document, id, parent, edit)
        for digest, pixels in picture.fresh.items():  # the next edit is likely to be nearby
            self.blobs.tiles.add(digest, pixels)
        return True

    @even_when_full
    def fail(self, id: str, worker: str, error: str) -> bool:
        """Marks a job as failed. Jobs that wait for it are queued again as in `cancel`.

        Args:
            id: the job's id.
            worker: the worker's id.
            error: why, a sentence.

        Returns:
            False when the worker no longer has the job.
        """
        with self.database.transaction() as db:
            rows = db.run(f"SELECT document FROM revision WHERE {HELD}", id=id, worker=worker)
            db.run("DELETE FROM progress WHERE revision = :id AND worker = :worker", id=id, worker=worker)
            for (document,) in rows:
                queue.end_job(db, document, id, storable(error))
        return bool(rows)

    @even_when_full
    def cancel(self, id: str) -> Revision:
        """Cancels a job; does nothing when it is done or failed. A worker that runs it notices at its next step.

        Edits that wait for it are queued again, under new ids, on one of its variations, or else on the revision that
        it would have replaced. The steps of a replay are cancelled together.

        Args:
            id: the job's id, also one that it had before it was queued again.

        Returns:
            The revision as it is now.
        """
        self.revisions.columns("id", id)  # raises when there is none
        with self.database.transaction() as db:
            # a client may still use the id that the job had before it was queued again
            rows = db.run(
                f"""SELECT id, document FROM revision WHERE {PENDING} AND (id = :id OR (document, edit) = (
                    SELECT document, edit FROM revision WHERE id = :id AND deleted IS NOT NULL AND error = :error))
                ORDER BY seq LIMIT 1""",
                id=id,
                error=CANCELLED,
            )
            for current, document in rows:
                queue.end_job(db, document, current, CANCELLED)
        return self.revisions.get(rows[0][0] if rows else id)

    def reorder(self, document: str, order: Sequence[str]) -> list[Revision]:
        """Queues the last jobs on the path to `tail` again in another order, under new ids.

        Args:
            document: the document's id.
            order: the ids of the jobs from some job on to the last, none of them running, in the order to run them.

        Returns:
            The jobs, in this order.

        Raises:
            InvalidInput: `order` does not list exactly those jobs.
        """
        self.documents.get(document)  # raises when there is none
        with self.database.transaction() as db:
            ids = queue.reorder(db, document, order)
        return [self.revisions.get(id) for id in ids]

    def _before(self, id: str) -> Mapping[TileIndex, str]:
        """Returns the tiles of the picture that a job changes; an empty map when its revision is gone."""
        try:
            parent = self.revisions.parent(id)
            return {} if parent is None else self.revisions.picture(parent).tiles
        except NotFound:  # the job was cancelled, and the store was compacted
            return {}


def _free(db: Transaction, worker: str) -> None:
    """Frees all jobs of a worker and deletes their progress."""
    db.run(f"UPDATE revision SET worker = NULL, lease = NULL WHERE worker = :worker AND {PENDING}", worker=worker)
    db.run("DELETE FROM progress WHERE worker = :worker", worker=worker)
