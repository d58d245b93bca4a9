"""The queue: which jobs wait for which, and where they move when one of those is cancelled or fails, or when an earlier
step is changed.

Every function that writes runs within the caller's transaction.
"""

import json
import time
from collections.abc import Collection, Sequence
from typing import NamedTuple

from editor.imaging.digest import digest_of
from editor.store.blobs import NotFound
from editor.store.database import Transaction
from editor.store.revision_tree import Rows, head_after_replay, steps_of, tree_of
from editor.store.variations import variations_of
from pipelines.errors import InvalidInput

CANCELLED = "Cancelled."  # a cancelled revision's error
LOST = "A step before this one failed."
REPLAYING = "Steps are being replayed. Wait until the replay is finished, or cancel it; then edit again."

PENDING = "tiles IS NULL AND error IS NULL"
HELD = f"id = :id AND worker = :worker AND {PENDING}"  # a job that is still this worker's
ENDED = "error = :error, worker = NULL, lease = NULL"
AFTER = """WITH RECURSIVE later (id) AS (
    SELECT id FROM revision WHERE id = :id
    UNION ALL
    SELECT r.id FROM revision AS r JOIN later ON r.parent = later.id)"""
# the fields of `QueuedJob`
JOB_COLUMNS = "revision.id, parent, edit, follows, remakes, worker IS NOT NULL AND lease >= :now"


class Moved(InvalidInput):
    """The document has changed since the request was made."""


class QueuedJob(NamedTuple):
    """A job that is queued or running."""

    id: str
    parent: str
    edit: str  # as JSON
    # None for an ordinary job. For a step of a replay, which repeats a step because an earlier one was changed: "", or,
    # for the last one, the revision that it replaces
    follows: str | None
    remakes: str | None  # the step that it repeats; None also when an older version queued it
    running: bool  # whether a worker has started it

    @property
    def replaces(self) -> str:
        """The revision that it replaces as the one that is shown."""
        return self.parent if self.follows is None else self.follows


def require_revision(db: Transaction, document: str, revision: str, condition: str) -> None:
    """Checks, in the transaction that builds on them, that a document and its revision still exist.

    Others may discard, cancel and delete at any time.

    Args:
        revision: the revision's id.
        condition: SQL that must be true of the revision.

    Raises:
        NotFound: one of them does not exist, is deleted, or does not meet the condition.
    """
    if not db.run(
        f"""SELECT 1 FROM revision JOIN document ON document.id = document
        WHERE revision.id = :revision AND document = :document AND {condition}
        AND revision.deleted IS NULL AND document.deleted IS NULL""",
        revision=revision,
        document=document,
    ):
        raise NotFound(f"There is no revision {revision!r} any more: it was removed meanwhile.")


def revision_id(document: str, parent: str | None, edit: str) -> str:
    """Returns the id of a revision.

    Args:
        parent: the parent's id; None for an opened picture.
        edit: the edit as canonical JSON; for an opened picture, its digest.
    """
    return digest_of(json.dumps([document, parent, edit]))


def enqueue(
    db: Transaction, document: str, parent: str, edit: str, follows: str | None = None, remakes: str | None = None
) -> str:
    """Queues an edit on a parent, unless it is queued or finished already.

    A job that failed or was cancelled is deleted, with all that waited for it, and queued last like a new one. A queued
    step of a replay remains one.

    Args:
        parent: the parent's id.
        edit: the edit as canonical JSON.
        follows: as in `QueuedJob`.
        remakes: as in `QueuedJob`.

    Returns:
        The revision's id.
    """
    id = revision_id(document, parent, edit)
    if db.run("SELECT 1 FROM revision WHERE id = :id AND error IS NOT NULL", id=id):
        db.run(f"{AFTER} DELETE FROM revision WHERE id IN (SELECT id FROM later)", id=id)
    db.run(
        """INSERT INTO revision (id, document, parent, edit, created, follows, remakes)
        VALUES (:id, :document, :parent, :edit, :now, :follows, :remakes)
        ON CONFLICT (id) DO UPDATE SET deleted = NULL,
        follows = CASE WHEN revision.tiles IS NULL THEN coalesce(excluded.follows, revision.follows)
            ELSE excluded.follows END,
        remakes = coalesce(excluded.remakes, revision.remakes)""",
        id=id,
        document=document,
        parent=parent,
        edit=edit,
        now=time.time(),
        follows=follows,
        remakes=remakes,
    )
    return id


def show(db: Transaction, document: str, id: str, parent: str, follows: str | None) -> None:
    """Moves head and tip to a finished revision where they should, see `Jobs.finish`."""
    if follows is None:
        db.run(
            """UPDATE document SET tip = :id, head = CASE head WHEN :parent THEN :id ELSE head END
            WHERE id = :document AND (head = :parent OR tip = :parent)""",
            id=id,
            document=document,
            parent=parent,
        )
    elif follows:
        ((head, tip),) = db.run("SELECT head, tip FROM document WHERE id = :id", id=document)
        new_head = head_after_replay(tree_of(db.run, document), id, follows, head, tip)
        if new_head is not None:
            db.run("UPDATE document SET head = :head, tip = :tip WHERE id = :id", head=new_head, tip=id, id=document)


def queued_jobs(rows: Rows, document: str) -> list[QueuedJob]:
    """Returns a document's jobs, oldest first, so that each comes after its parent."""
    columns = rows(
        f"SELECT {JOB_COLUMNS} FROM revision WHERE document = :document AND {PENDING} ORDER BY seq",
        document=document,
        now=time.time(),
    )
    return [QueuedJob(*row) for row in columns]


def chain(jobs: Sequence[QueuedJob], head: str) -> list[QueuedJob]:
    """Returns those of a document's jobs, given oldest first, that will be shown one after another from `head` on."""
    steps: list[QueuedJob] = []
    while following := next((each for each in jobs if each.replaces == (steps[-1].id if steps else head)), None):
        steps.append(following)
    return steps


def base(rows: Rows, document: str, jobs: Sequence[QueuedJob], head: str, tip: str) -> str:
    """Returns where `chain` begins: at the head, or at the step of a queued replay that will be shown instead."""
    last = next((each for each in jobs if each.follows and each.follows == each.remakes), None)
    if last is None or last.follows is None:
        return head
    return head_after_replay(tree_of(rows, document), last.id, last.follows, head, tip) or head


def end_job(db: Transaction, document: str, id: str, error: str) -> None:
    """Ends a job without a result.

    Edits that wait for it are queued again, on one of its variations or else on its parent. The steps of a replay end
    together; jobs that wait for them move back to the steps that these repeat.

    Args:
        id: the job's id.
        error: why, a sentence; CANCELLED when the user cancelled it.
    """
    jobs = queued_jobs(db.run, document)
    (job,) = [each for each in jobs if each.id == id]
    if job.follows is None:
        new_ids = {id: _variation(db, job) or job.parent}
    else:
        replay = _replay_of(jobs, job)
        for each in replay:
            reason = CANCELLED if error == CANCELLED else LOST
            db.run(f"UPDATE revision SET {ENDED} WHERE id = :id", id=each.id, error=reason)
        new_ids = _before_replay(db, document, replay)
    db.run(f"UPDATE revision SET {ENDED} WHERE id = :id", id=id, error=error)
    _move_waiting(db, document, jobs, new_ids)


def follow_shown(db: Transaction, document: str, id: str, parent: str, edit: str) -> None:
    """Has edits that wait for an unfinished variation of a finished job wait for this one, if it is shown.

    Of variations the one that is finished first is shown, and that need not be the one that was queued first.

    Args:
        id: the job's id.
        parent: its parent's id.
        edit: its edit as canonical JSON.
    """
    siblings = db.run(
        f"""SELECT revision.id, edit FROM revision JOIN document ON document.id = document
        WHERE parent = :parent AND head = :id AND follows IS NULL AND {PENDING}""",
        parent=parent,
        id=id,
    )
    if others := variations_of(siblings, edit):
        _move_waiting(db, document, queued_jobs(db.run, document), dict.fromkeys(others, id))


def _move_waiting(db: Transaction, document: str, jobs: Sequence[QueuedJob], new_ids: dict[str, str]) -> None:
    """Queues the edits that wait for jobs again.

    Args:
        jobs: the document's jobs, oldest first.
        new_ids: what they wait for from now on, by the ids of what they wait for now.
    """
    later = [each for each in _after(jobs, {*new_ids}) if each.follows is None]
    _end_all(db, later)
    new_ids = _requeue(db, document, later, new_ids)
    for each in jobs:
        if each.follows in new_ids:  # a replay on another branch, queued behind these jobs
            db.run("UPDATE revision SET follows = :now WHERE id = :id", now=new_ids[each.follows], id=each.id)


def replay(db: Transaction, document: str, steps: Sequence[str], follows: str, edits: Sequence[str]) -> list[str]:
    """Queues finished steps again with other edits in their places, and returns their new ids. See `Jobs.replay`.

    Args:
        steps: the ids of the steps, each the parent of the next, of which the last one replaces `follows`.
        edits: as canonical JSON, one for each step.
    """
    jobs, ids = queued_jobs(db.run, document), [str(tree_of(db.run, document)[steps[0]].parent)]
    for text in edits:
        ids.append(revision_id(document, ids[-1], text))
    last = ids.pop(0)
    if ids == [*steps] or any(each.id == ids[-1] and each.follows for each in jobs):  # the same edits, or queued
        return ids
    if any(each.follows is not None for each in jobs):
        raise Moved(REPLAYING)
    waiting = _after(jobs, {steps[-1]}) if follows == steps[-1] else []
    _end_all(db, waiting)
    for text, old in zip(edits, steps, strict=True):
        last = enqueue(db, document, last, text, follows if old == steps[-1] else "", old)
    if db.run("SELECT 1 FROM revision WHERE id = :id AND tiles IS NOT NULL", id=last):  # it was finished before
        show(db, document, last, "", follows)
    _requeue(db, document, waiting, {steps[-1]: last})
    return ids


def reorder(db: Transaction, document: str, order: Sequence[str]) -> list[str]:
    """Queues the last of the jobs in `chain` again in another order.

    Jobs before the first one in `order` stay where they are. Variations stay together, where the first of them is
    listed.

    Args:
        order: the ids of all jobs from some job on to the last, none of them running, in the new order.

    Returns:
        Their new ids.

    Raises:
        InvalidInput: `order` does not list exactly those jobs.
    """
    ((head, tip),) = db.run("SELECT head, tip FROM document WHERE id = :id", id=document)
    jobs = queued_jobs(db.run, document)
    head = base(db.run, document, jobs, head, tip)
    steps = [_with_variations(jobs, each) for each in chain(jobs, head)]
    fixed = [n for n, step in enumerate(steps, 1) if step[0].follows is not None or any(each.running for each in step)]
    first = fixed[-1] if fixed else 0
    while first < len(steps) and not {each.id for each in steps[first]} & {*order}:
        first += 1
    start, rest = [head, *(step[0].id for step in steps)][first], steps[first:]
    position = {each.id: n for n, step in enumerate(rest) for each in step}
    if sorted(order) != sorted(position):
        raise InvalidInput(
            "The new order must list every edit from the first that moves to the last of the queue once, and none that "
            "is running: one was started, cancelled or added meanwhile. Look at the queue again, then move them."
        )
    by_id = {each.id: each for each in jobs}
    groups: dict[int, list[QueuedJob]] = {}
    for id in order:
        groups.setdefault(position[id], []).append(by_id[id])
    moves = list(groups.values())
    while moves and moves[0] == rest[len(groups) - len(moves)]:  # these stay where they are
        start = moves.pop(0)[0].id
    requeue, parent = [], start
    for step in moves:
        requeue += [each._replace(parent=parent) for each in step]
        parent = step[0].id
    requeue += _after(jobs, {each.id for each in requeue})
    _end_all(db, requeue)
    new_ids = _requeue(db, document, requeue, {start: start})
    return [new_ids.get(each.id, each.id) for step in groups.values() for each in step]


def _after(jobs: Sequence[QueuedJob], ids: Collection[str]) -> list[QueuedJob]:
    """Returns the jobs that wait for these, directly or not."""
    ancestors, waiting = set(ids), []
    for each in jobs:
        if each.parent in ancestors and each.id not in ancestors:
            ancestors.add(each.id)
            waiting.append(each)
    return waiting


def _with_variations(jobs: Sequence[QueuedJob], job: QueuedJob) -> list[QueuedJob]:
    """Returns a job and its variations."""
    if job.follows is not None:
        return [job]
    siblings = {each.id: each for each in jobs if each.parent == job.parent and each.follows is None}
    return [siblings[id] for id in variations_of([(each.id, each.edit) for each in siblings.values()], job.edit)]


def _end_all(db: Transaction, jobs: Sequence[QueuedJob]) -> None:
    """Cancels jobs that will be queued elsewhere, and deletes them and all after them from the history."""
    for each in jobs:
        db.run(f"UPDATE revision SET {ENDED} WHERE id = :id", id=each.id, error=CANCELLED)
        db.run(
            f"{AFTER} UPDATE revision SET deleted = :now WHERE id IN (SELECT id FROM later) AND deleted IS NULL",
            id=each.id,
            now=time.time(),
        )


def _requeue(db: Transaction, document: str, jobs: Sequence[QueuedJob], new_ids: dict[str, str]) -> dict[str, str]:
    """Queues ended jobs again.

    Args:
        jobs: the jobs, each after its parent.
        new_ids: the new ids of their parents, by the old ones.

    Returns:
        `new_ids` with the new ids of the jobs themselves.
    """
    new_ids = {**new_ids}
    parents: set[str] = set()
    for each in jobs:
        parent = new_ids[each.parent]
        id = new_ids[each.id] = enqueue(db, document, parent, each.edit)
        if parent not in parents and db.run("SELECT 1 FROM revision WHERE id = :id AND tiles IS NOT NULL", id=id):
            show(db, document, id, parent, None)  # it was finished there before
        parents.add(parent)
    return new_ids


def _variation(db: Transaction, job: QueuedJob) -> str | None:
    """Returns the id of a job's variation that is shown, or will be shown, instead of it."""
    rows = db.run(
        """SELECT revision.id, edit FROM revision JOIN document ON document.id = document
        WHERE parent = :parent AND error IS NULL AND revision.deleted IS NULL AND revision.id <> :id
        AND (revision.id = head OR tiles IS NULL AND follows IS NULL) ORDER BY tiles IS NULL, seq""",
        parent=job.parent,
        id=job.id,
    )
    return next(iter(variations_of(rows, job.edit)), None)


def _replay_of(jobs: Sequence[QueuedJob], job: QueuedJob) -> list[QueuedJob]:
    """Returns the unfinished steps of the replay that a job belongs to, in order."""
    steps = {each.id: each for each in jobs if each.follows is not None}
    replay = [job]
    while replay[0].parent in steps:
        replay.insert(0, steps[replay[0].parent])
    while following := next((each for each in steps.values() if each.parent == replay[-1].id), None):
        replay.append(following)
    return replay


def _before_replay(db: Transaction, document: str, replay: Sequence[QueuedJob]) -> dict[str, str]:
    """Returns where the jobs that wait for the steps of a replay move when it ends without a result, by step.

    From the last step they move to the revision that it was to replace, from any other to the step that it repeats; to
    the parent of the first step when that revision is gone.
    """
    tree, last = tree_of(db.run, document), replay[-1]
    steps = steps_of(tree, last.id) or [(each.id, "") for each in replay]
    old = {**dict(steps), last.id: last.follows or ""}
    exists = "SELECT 1 FROM revision WHERE id = :id AND error IS NULL AND deleted IS NULL"
    fallback = str(tree[steps[0][0]].parent)
    return {new: id if id and db.run(exists, id=id) else fallback for new, id in old.items()}
