"""The queue: jobs that wait for others, and where they go when one of those is cancelled or fails, or when an earlier
step is changed.

Everything here happens within somebody's transaction: all of it or nothing.
"""

import json
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from editor.imaging.digest import digest_of
from editor.store.blobs import NotFound
from editor.store.database import Transaction
from pipelines.errors import InvalidInput

CANCELLED = "Cancelled."  # a cancelled revision's error
LOST = "A step before this one failed."
REPLAYING = "Steps are being replayed. Wait until that is finished, or cancel it; then edit again."

PENDING = "tiles IS NULL AND error IS NULL"
ENDED = "error = :error, worker = NULL, lease = NULL"
AFTER = """WITH RECURSIVE later (id) AS (
    SELECT id FROM revision WHERE id = :id
    UNION ALL
    SELECT r.id FROM revision AS r JOIN later ON r.parent = later.id)"""
# what `QueuedJob` is made of
JOB_COLUMNS = "revision.id, parent, edit, follows, remakes, worker IS NOT NULL AND lease >= :now"

Rows = Callable[..., Sequence[Sequence[Any]]]  # asks a database, in a transaction or outside of one


class Moved(InvalidInput):
    """The document is not as it was when the request was made."""


class QueuedJob(NamedTuple):
    """A job that is queued or running."""

    id: str
    parent: str
    edit: str  # as JSON
    # None; of a step of a replay, which is made again because an earlier one was changed, "", or, of the last one, the
    # revision whose place it takes
    follows: str | None
    remakes: str | None  # the step that it is made again from; None also where an older version queued it
    running: bool  # whether a worker has begun it

    @property
    def takes(self) -> str:
        """The revision whose place it takes as what is shown."""
        return self.parent if self.follows is None else self.follows


class Place(NamedTuple):
    """Where a revision stands in the tree. finished: whether it can be shown."""

    parent: str | None
    remakes: str | None
    finished: bool


Tree = Mapping[str, Place]  # by id, oldest first


def require_revision(db: Transaction, document: str, revision: str, state: str) -> None:
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
        raise NotFound(f"There is no revision {revision!r} any more: it was removed meanwhile.")


def revision_id(document: str, parent: str | None, edit: str) -> str:
    """The name of an edit on a parent, or of an opened picture by its digest."""
    return digest_of(json.dumps([document, parent, edit]))


@lru_cache(1024)
def variation_group(edit: str) -> str:
    """The name of the variations that an edit's JSON is one of: those on the same parent that differ in their seed
    alone.
    """
    return digest_of(json.dumps({key: value for key, value in json.loads(edit).items() if key != "seed"}))


def variations_of(edits: Iterable[Sequence[Any]], edit: str) -> list[str]:
    """The ids of those, (id, its edit's JSON), which are variations of this one."""
    group = variation_group(edit)
    return [id for id, text in edits if variation_group(text) == group]


def enqueue(
    db: Transaction, document: str, parent: str, edit: str, follows: str | None = None, remakes: str | None = None
) -> str:
    """The id of an edit on a parent, queued unless it is already, or finished.

    One that failed or was cancelled is forgotten, with all that waited for it, and is queued last like any new one. A
    step of a replay that waits stays one.
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
    """A finished revision in the place that it is to take: see `Store.finish`."""
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
        to = _landing(tree_of(db.run, document), id, follows, head, tip)
        if to is not None:
            db.run("UPDATE document SET head = :head, tip = :tip WHERE id = :id", head=to, tip=id, id=document)


def queued_jobs(rows: Rows, document: str) -> list[QueuedJob]:
    """A document's jobs, oldest first, which is to say that what each stands on comes before it."""
    found = rows(
        f"SELECT {JOB_COLUMNS} FROM revision WHERE document = :document AND {PENDING} ORDER BY seq",
        document=document,
        now=time.time(),
    )
    return [QueuedJob(*row) for row in found]


def chain(jobs: Sequence[QueuedJob], head: str) -> list[QueuedJob]:
    """Those of a document's jobs, given oldest first, which will be shown one after the other from `head` on."""
    found: list[QueuedJob] = []
    while after := next((each for each in jobs if each.takes == (found[-1].id if found else head)), None):
        found.append(after)
    return found


def base(rows: Rows, document: str, jobs: Sequence[QueuedJob], head: str, tip: str) -> str:
    """What `chain` begins from: the head, or the step of a replay that waits which will be shown in its stead."""
    last = next((each for each in jobs if each.follows and each.follows == each.remakes), None)
    if last is None or last.follows is None:
        return head
    return _landing(tree_of(rows, document), last.id, last.follows, head, tip) or head


def end_job(db: Transaction, document: str, id: str, error: str) -> None:
    """End a job without a result. Edits that wait for it are queued again, on a variation beside it or else on its
    parent. The steps of a replay end together; what waits for them goes back to the steps they were made again from.

    Args:
        error: why, a sentence; CANCELLED where the user cancelled it.
    """
    jobs = queued_jobs(db.run, document)
    (gone,) = [each for each in jobs if each.id == id]
    if gone.follows is None:
        stands = {id: _variation(db, gone) or gone.parent}
    else:
        replay = _replay_of(jobs, gone)
        for each in replay:
            why = CANCELLED if error == CANCELLED else LOST
            db.run(f"UPDATE revision SET {ENDED} WHERE id = :id", id=each.id, error=why)
        stands = _before_replay(db, document, replay)
    db.run(f"UPDATE revision SET {ENDED} WHERE id = :id", id=id, error=error)
    later = [each for each in _after(jobs, {*stands}) if each.follows is None]
    _end_all(db, later)
    stands = _requeue(db, document, later, stands)
    for each in jobs:
        if each.follows in stands:  # it waits behind them with a change on another branch
            db.run("UPDATE revision SET follows = :now WHERE id = :id", now=stands[each.follows], id=each.id)


def replay(db: Transaction, document: str, step: str, edit: str) -> list[str]:
    """A finished step with another edit, and those after it again on top, queued; their ids. See `Store.replay`."""
    ((head, tip),) = db.run("SELECT head, tip FROM document WHERE id = :id", id=document)
    jobs, tree = queued_jobs(db.run, document), tree_of(db.run, document)
    steps, follows = replayed(tree, jobs, head, tip, step)
    stored = {id: text for id, text in db.run("SELECT id, edit FROM revision WHERE document = :id", id=document)}
    edits = [edit, *(stored[id] for id in steps[1:])]
    ids = [str(tree[step].parent)]
    for text in edits:
        ids.append(revision_id(document, ids[-1], text))
    on, *ids = ids
    if ids == steps or any(each.id == ids[-1] and each.follows for each in jobs):  # nothing new is asked for
        return ids
    if any(each.follows is not None for each in jobs):
        raise Moved(REPLAYING)
    behind = _after(jobs, {steps[-1]}) if follows == steps[-1] else []
    _end_all(db, behind)
    for text, old in zip(edits, steps, strict=True):
        on = enqueue(db, document, on, text, follows if old == steps[-1] else "", old)
    if db.run("SELECT 1 FROM revision WHERE id = :id AND tiles IS NOT NULL", id=on):  # it was made before
        show(db, document, on, "", follows)
    _requeue(db, document, behind, {steps[-1]: on})
    return ids


def replayed(tree: Tree, jobs: Sequence[QueuedJob], head: str, tip: str, step: str) -> tuple[list[str], str]:
    """The steps that a change of this one makes again, itself first, and the revision whose place the last one takes.

    They lead to the tip; to the head where edits wait on that, for these leave the steps after it aside. On another
    branch they lead straight on, as the history draws it, and take the place of what is shown when all edits are done.
    """
    end = head if head != tip and chain(jobs, head) else tip
    path = _path(tree, end)
    if step in path:
        return path[: path.index(step) + 1][::-1], end
    newest = {place.parent: id for id, place in tree.items() if place.finished}
    newest |= {tree[id].parent: id for id in _path(tree, tip)}
    steps = [step]
    while after := newest.get(steps[-1]):
        steps.append(after)
    return steps, [head, *(each.id for each in chain(jobs, head))][-1]


def tree_of(rows: Rows, document: str) -> Tree:
    """Where every revision of a document stands."""
    columns = "id, parent, remakes, tiles IS NOT NULL AND deleted IS NULL"
    found = rows(f"SELECT {columns} FROM revision WHERE document = :id ORDER BY seq", id=document)
    return {id: Place(parent, remakes, bool(finished)) for id, parent, remakes, finished in found}


def steps_of(tree: Tree, last: str) -> list[tuple[str, str]]:
    """The steps of a replay up to its last, each with the one that it is made again from, in order."""
    found: list[tuple[str, str]] = []
    at: str | None = last
    while at is not None and at in tree and (old := tree[at].remakes) is not None:
        found.append((at, old))
        at = None if old not in tree or tree[old].parent == tree[at].parent else tree[at].parent
    return found[::-1]


def reorder(db: Transaction, document: str, order: Sequence[str]) -> list[str]:
    """Jobs that no worker has begun, the last of those that will be shown one after the other from the head on,
    queued again in another order; their ids now. Those before the first that is named stay where they are; variations
    stay side by side, where the first of them is named.

    InvalidInput when `order` does not name exactly those.
    """
    ((head, tip),) = db.run("SELECT head, tip FROM document WHERE id = :id", id=document)
    jobs = queued_jobs(db.run, document)
    head = base(db.run, document, jobs, head, tip)
    steps = [_with_variations(jobs, each) for each in chain(jobs, head)]
    begun = [n for n, step in enumerate(steps, 1) if step[0].follows is not None or any(each.running for each in step)]
    settled = begun[-1] if begun else 0
    while settled < len(steps) and not {each.id for each in steps[settled]} & {*order}:
        settled += 1
    start, rest = [head, *(step[0].id for step in steps)][settled], steps[settled:]
    place = {each.id: n for n, step in enumerate(rest) for each in step}
    if sorted(order) != sorted(place):
        raise InvalidInput(
            "An order names each edit from the first that moves to the last of the queue once, and none that is begun: "
            "one was begun, taken back or added meanwhile. Look at the queue as it is, then move them again."
        )
    known = {each.id: each for each in jobs}
    wanted: dict[int, list[QueuedJob]] = {}
    for id in order:
        wanted.setdefault(place[id], []).append(known[id])
    moved = list(wanted.values())
    while moved and moved[0] == rest[len(wanted) - len(moved)]:  # they stay where they are
        start = moved.pop(0)[0].id
    again, on = [], start
    for step in moved:
        again += [each._replace(parent=on) for each in step]
        on = step[0].id
    again += _after(jobs, {each.id for each in again})
    _end_all(db, again)
    now = _requeue(db, document, again, {start: start})
    return [now.get(each.id, each.id) for step in wanted.values() for each in step]


def _after(jobs: Sequence[QueuedJob], ids: Collection[str]) -> list[QueuedJob]:
    """The jobs that wait for these, directly or not."""
    known, found = set(ids), []
    for each in jobs:
        if each.parent in known and each.id not in known:
            known.add(each.id)
            found.append(each)
    return found


def _with_variations(jobs: Sequence[QueuedJob], one: QueuedJob) -> list[QueuedJob]:
    """A job and its variations."""
    if one.follows is not None:
        return [one]
    beside = {each.id: each for each in jobs if each.parent == one.parent and each.follows is None}
    return [beside[id] for id in variations_of([(each.id, each.edit) for each in beside.values()], one.edit)]


def _end_all(db: Transaction, jobs: Sequence[QueuedJob]) -> None:
    """End jobs that move, out of sight with all that followed them."""
    for each in jobs:
        db.run(f"UPDATE revision SET {ENDED} WHERE id = :id", id=each.id, error=CANCELLED)
        db.run(
            f"{AFTER} UPDATE revision SET deleted = :now WHERE id IN (SELECT id FROM later) AND deleted IS NULL",
            id=each.id,
            now=time.time(),
        )


def _requeue(db: Transaction, document: str, jobs: Sequence[QueuedJob], stands: dict[str, str]) -> dict[str, str]:
    """Queue ended edits again, given with what they stand on before them. stands: where that stands now, which is
    answered with the edits' own new ids.
    """
    stands = {**stands}
    taken: set[str] = set()
    for each in jobs:
        on = stands[each.parent]
        id = stands[each.id] = enqueue(db, document, on, each.edit)
        if on not in taken and db.run("SELECT 1 FROM revision WHERE id = :id AND tiles IS NOT NULL", id=id):
            show(db, document, id, on, None)  # it was made there before
        taken.add(on)
    return stands


def _variation(db: Transaction, gone: QueuedJob) -> str | None:
    """The variation of an edit that will be shown in its stead, or is."""
    rows = db.run(
        """SELECT revision.id, edit FROM revision JOIN document ON document.id = document
        WHERE parent = :parent AND error IS NULL AND revision.deleted IS NULL AND revision.id <> :gone
        AND (revision.id = head OR tiles IS NULL AND follows IS NULL) ORDER BY tiles IS NULL, seq""",
        parent=gone.parent,
        gone=gone.id,
    )
    return next(iter(variations_of(rows, gone.edit)), None)


def _path(tree: Tree, id: str) -> list[str]:
    """The revisions from this one back to the opened picture."""
    found: list[str] = []
    at: str | None = id
    while at is not None and at in tree:
        found.append(at)
        at = tree[at].parent
    return found


def _landing(tree: Tree, last: str, follows: str, head: str, tip: str) -> str | None:
    """What a document shows once a replay is finished, whose last step then becomes the tip: for a step after the
    changed one that which was made of it, else the last. None: nothing moves, for the document was changed meanwhile.
    """
    steps = steps_of(tree, last)
    if not steps or steps[-1][1] != follows:  # of another branch
        return last if head == follows else None
    if head not in _path(tree, follows) or follows not in _path(tree, tip):
        return None
    return {old: new for new, old in steps[1:]}.get(head, last)


def _replay_of(jobs: Sequence[QueuedJob], one: QueuedJob) -> list[QueuedJob]:
    """The steps of a replay that wait with this one, in order."""
    steps = {each.id: each for each in jobs if each.follows is not None}
    found = [one]
    while found[0].parent in steps:
        found.insert(0, steps[found[0].parent])
    while after := next((each for each in steps.values() if each.parent == found[-1].id), None):
        found.append(after)
    return found


def _before_replay(db: Transaction, document: str, replay: Sequence[QueuedJob]) -> dict[str, str]:
    """Where what stands on the steps of a replay goes when that ends: to what the last was to take the place of, to
    what each other was made again from; where that is not there any more, to what the first one stood on.
    """
    tree, last = tree_of(db.run, document), replay[-1]
    steps = steps_of(tree, last.id) or [(each.id, "") for each in replay]
    old = {**dict(steps), last.id: last.follows or ""}
    there = "SELECT 1 FROM revision WHERE id = :id AND error IS NULL AND deleted IS NULL"
    ground = str(tree[steps[0][0]].parent)
    return {new: id if id and db.run(there, id=id) else ground for new, id in old.items()}
