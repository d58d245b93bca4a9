"""Turns: which jobs are free, and in which order workers take them.

Every function that writes runs within the caller's transaction. clock holds the time: `now` in seconds since the epoch,
and `latest`, when the last valid lease could end.
"""

from collections.abc import Iterable, Mapping, Sequence

from editor.imaging.limits import MAX_IMAGES
from editor.store.database import Transaction
from editor.store.queue import PENDING
from editor.store.revision_tree import Rows
from editor.store.variations import variations_of

BACKGROUND_FOR = 60.0  # seconds for which the steps of a replay are background jobs; then they wait in turn
MOST_LOOKED_AT = 32  # jobs that may run beside another, of a queue that may be long

# a job waits for its parent if that is a job; one behind a replay waits for the whole replay, which may still fail
_READY = f"""{PENDING} AND (SELECT tiles FROM revision AS before WHERE before.id = revision.parent) IS NOT NULL
    AND (follows IS NOT NULL OR NOT EXISTS (SELECT 1 FROM revision AS replay WHERE replay.tiles IS NULL
        AND replay.error IS NULL AND replay.follows IS NOT NULL AND replay.document = revision.document
        AND replay.seq < revision.seq))"""
# a job is free when no worker has it, or when its lease ran out or ends later than any valid lease could
_FREE = f"{_READY} AND (lease IS NULL OR lease < :now OR lease > :latest)"
# other jobs come first: many steps are queued at once, and nobody sits before each
_BACKGROUND = f"follows IS NOT NULL AND created > :now - {BACKGROUND_FOR}"
# then by when a document's owner (without one: the document) was served last, then the document
_SERVED = "(SELECT turn.served FROM document AS turn WHERE turn.id = revision.document)"
_OWNER = "(SELECT owner FROM document WHERE document.id = revision.document)"
_OWNER_SERVED = f"(SELECT max(turn.served) FROM document AS turn WHERE turn.owner = {_OWNER})"
_TURN = f"{_BACKGROUND}, coalesce({_OWNER_SERVED}, {_SERVED}), {_SERVED}, seq"


def free(background: bool) -> str:
    """Returns a condition on free jobs, in SQL. background: whether background jobs count."""
    return _FREE if background else f"{_FREE} AND NOT ({_BACKGROUND})"


def first_free(db: Transaction, clock: Mapping[str, float], background: bool) -> list[str]:
    """Returns the job whose turn it is, with its variations, at most MAX_IMAGES; an empty list when none is free.

    background: whether it may be a background job.
    """
    first = db.run(f"SELECT parent, edit FROM revision WHERE {free(background)} ORDER BY {_TURN} LIMIT 1", **clock)
    return [id for parent, edit in first for id in _with_variations(db.run, parent, edit, clock)]


def others_waiting(rows: Rows, clock: Mapping[str, float], seconds: float) -> list[list[str]]:
    """Returns free jobs that no worker took for so many seconds, in their turn, each with its variations.

    A job of which a process of models died is none of them: what that was is not to become the fault of others.
    """
    found = rows(
        f"""SELECT id, parent, edit FROM revision WHERE {_FREE} AND deaths = 0 AND created < :now - :seconds
        ORDER BY {_TURN} LIMIT {MOST_LOOKED_AT}""",
        **clock,
        seconds=seconds,
    )
    groups: dict[str, list[str]] = {}  # by their jobs
    for id, parent, edit in found:
        if id not in groups:
            group = _with_variations(rows, parent, edit, clock)
            groups |= dict.fromkeys(group, group)
    return list({group[0]: group for group in groups.values()}.values())


def take(db: Transaction, jobs: Iterable[str], worker: str, until: float, clock: Mapping[str, float]) -> list[str]:
    """Gives jobs to a worker.

    Args:
        jobs: their ids.
        worker: the worker's id.
        until: when its lease ends.
        clock: the time.

    Returns:
        The ids of those that were free.
    """
    taken = []
    for id in jobs:
        if not (free := db.run(f"SELECT document FROM revision WHERE {_FREE} AND id = :id", **clock, id=id)):
            continue
        db.run("UPDATE document SET served = :now WHERE id = :document", now=clock["now"], document=free[0][0])
        db.run("DELETE FROM progress WHERE revision = :id", id=id)  # left by a worker that died
        db.run("UPDATE revision SET worker = :worker, lease = :until WHERE id = :id", worker=worker, until=until, id=id)
        taken.append(id)
    return taken


def _with_variations(rows: Rows, parent: str, edit: str, clock: Mapping[str, float]) -> list[str]:
    siblings: Sequence[Sequence[str]] = rows(
        f"SELECT id, edit FROM revision WHERE {_FREE} AND parent = :parent ORDER BY seq", **clock, parent=parent
    )
    return variations_of(siblings, edit)[:MAX_IMAGES]
