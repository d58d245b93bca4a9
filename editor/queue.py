"""The queue: promises that wait for promises, and where they go when one of them is taken away.

Everything here happens within somebody's transaction: all of it or nothing.
"""

import json
import time
from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from editor.database import Transaction

CANCELLED = "Cancelled."  # a cancelled revision's error
LOST = "A step before this one failed."

PROMISED = "tiles IS NULL AND error IS NULL"
BROKEN = "error = :error, worker = NULL, lease = NULL"
AFTER = """WITH RECURSIVE later (id) AS (
    SELECT id FROM revision WHERE id = :id
    UNION ALL
    SELECT r.id FROM revision AS r JOIN later ON r.parent = later.id)"""
# what `Waiting` is made of
WAITING = "revision.id, parent, edit, follows, worker IS NOT NULL AND lease >= :now"


class Waiting(NamedTuple):
    """A promise. wish: its edit's JSON. follows: None, or of a step that is made again because an earlier one was
    changed, whose place it takes, '' for nobody's. held: whether a worker has begun it.
    """

    id: str
    parent: str
    wish: str
    follows: str | None
    held: bool

    @property
    def takes(self) -> str:
        """The state whose place it takes as what is shown."""
        return self.parent if self.follows is None else self.follows


def revision_id(document: str, parent: str | None, wish: str) -> str:
    """The name of a wish on a parent, or of an opened picture by its digest."""
    return blake2b(json.dumps([document, parent, wish]).encode(), digest_size=16).hexdigest()


def alike(wishes: Iterable[Sequence[Any]], wish: str) -> list[str]:
    """The ids of those wishes, (id, its edit's JSON), which differ from this one in their seed alone."""

    def but_for_the_seed(text: str) -> dict[str, Any]:
        return {key: value for key, value in json.loads(text).items() if key != "seed"}

    common = but_for_the_seed(wish)
    return [id for id, text in wishes if but_for_the_seed(text) == common]


def promise(db: Transaction, document: str, parent: str, wish: str, follows: str | None) -> str:
    """The id of a wish on a parent, promised unless it is already, or finished.

    One that was broken is forgotten, with all that waited for it, and comes last like any new one: what takes the
    place of the state before it is what was promised first there.
    """
    id = revision_id(document, parent, wish)
    if db.run("SELECT 1 FROM revision WHERE id = :id AND error IS NOT NULL", id=id):
        db.run(f"{AFTER} DELETE FROM revision WHERE id IN (SELECT id FROM later)", id=id)
    db.run(
        """INSERT INTO revision (id, document, parent, edit, created, follows)
        VALUES (:id, :document, :parent, :wish, :now, :follows)
        ON CONFLICT (id) DO UPDATE SET deleted = NULL, follows = excluded.follows""",
        id=id,
        document=document,
        parent=parent,
        wish=wish,
        now=time.time(),
        follows=follows,
    )
    return id


def show(db: Transaction, document: str, id: str, parent: str, follows: str) -> None:
    """A finished revision in the place that it is to take: see `Store.finish`."""
    db.run(
        """UPDATE document SET tip = :id, head = CASE head WHEN :follows THEN :id ELSE head END
        WHERE id = :document AND (head = :follows OR (tip = :follows AND :follows = :parent))""",
        id=id,
        document=document,
        parent=parent,
        follows=follows,
    )


def chain(promises: Sequence[Waiting], head: str) -> list[Waiting]:
    """Those of a document's promises, given oldest first, which will be shown one after the other from `head` on."""
    found: list[Waiting] = []
    while after := next((each for each in promises if each.takes == (found[-1].id if found else head)), None):
        found.append(after)
    return found


def take_away(db: Transaction, document: str, id: str, error: str) -> None:
    """Break a promise. Steps that were made for what came before are broken with it; wishes that wait for it are
    promised again: on a variation beside it, or else on the state whose place it was to take.
    """
    promises = _waiting(db, document)
    (gone,) = [each for each in promises if each.id == id]
    later = _after(promises, {id})
    db.run(f"UPDATE revision SET {BROKEN} WHERE id = :id", id=id, error=error)
    _clear(db, later, CANCELLED if error == CANCELLED else LOST)
    _again(db, document, later, {id: _variation(db, gone) or _ground(db, gone, gone.parent)})


def reorder(db: Transaction, document: str, head: str, order: Sequence[str]) -> list[str]:
    """Promises that no worker has begun, the last of those that will be shown one after the other from `head` on,
    promised again in another order; their ids now. Those before the first that is named stay where they are; variations
    stay side by side, where the first of them is named.

    ValueError when `order` does not name exactly those.
    """
    promises = _waiting(db, document)
    steps = [_beside(promises, each) for each in chain(promises, head)]
    begun = [n for n, step in enumerate(steps, 1) if step[0].follows is not None or any(each.held for each in step)]
    settled = begun[-1] if begun else 0
    while settled < len(steps) and not {each.id for each in steps[settled]} & {*order}:
        settled += 1
    base, waiting = [head, *(step[0].id for step in steps)][settled], steps[settled:]
    place = {each.id: n for n, step in enumerate(waiting) for each in step}
    if sorted(order) != sorted(place):
        raise ValueError(
            "An order names each wish from the first that moves to the last of the queue once, and none that is begun: "
            "one was begun, taken back or added meanwhile. Look at the queue as it is, then move them again."
        )
    known = {each.id: each for each in promises}
    wanted: dict[int, list[Waiting]] = {}
    for id in order:
        wanted.setdefault(place[id], []).append(known[id])
    moved = list(wanted.values())
    while moved and moved[0] == waiting[len(wanted) - len(moved)]:  # they stay where they are
        base = moved.pop(0)[0].id
    again, on = [], base
    for step in moved:
        again += [each._replace(parent=on) for each in step]
        on = step[0].id
    again += _after(promises, {each.id for each in again})
    _clear(db, again, LOST)
    now = _again(db, document, again, {base: base})
    return [now.get(each.id, each.id) for step in wanted.values() for each in step]


def _waiting(db: Transaction, document: str) -> list[Waiting]:
    """A document's promises, oldest first, which is to say that what each stands on comes before it."""
    rows = db.run(
        f"SELECT {WAITING} FROM revision WHERE document = :document AND {PROMISED} ORDER BY seq",
        document=document,
        now=time.time(),
    )
    return [Waiting(*row) for row in rows]


def _after(promises: Sequence[Waiting], ids: Collection[str]) -> list[Waiting]:
    """The promises that wait for these, at whatever remove."""
    known, found = set(ids), []
    for each in promises:
        if each.parent in known and each.id not in known:
            known.add(each.id)
            found.append(each)
    return found


def _beside(promises: Sequence[Waiting], one: Waiting) -> list[Waiting]:
    """A promise and its variations."""
    if one.follows is not None:
        return [one]
    beside = {each.id: each for each in promises if each.parent == one.parent and each.follows is None}
    return [beside[id] for id in alike([(each.id, each.wish) for each in beside.values()], one.wish)]


def _clear(db: Transaction, promises: Sequence[Waiting], error: str) -> None:
    """Break promises: with this error those that were made for what came before, out of sight those that move."""
    for each in promises:
        moves = each.follows is None
        db.run(f"UPDATE revision SET {BROKEN} WHERE id = :id", id=each.id, error=CANCELLED if moves else error)
        if moves:
            db.run(
                f"{AFTER} UPDATE revision SET deleted = :now WHERE id IN (SELECT id FROM later) AND deleted IS NULL",
                id=each.id,
                now=time.time(),
            )


def _again(db: Transaction, document: str, promises: Sequence[Waiting], stands: dict[str, str]) -> dict[str, str]:
    """Promise cleared wishes again, given with what they stand on before them. stands: where that stands now, which is
    answered with the wishes' own new ids.
    """
    stands = {**stands}
    taken: set[str] = set()
    for each in promises:
        on = stands[each.parent]
        if each.follows is not None:
            stands[each.id] = _ground(db, each, on)
            continue
        id = stands[each.id] = promise(db, document, on, each.wish, None)
        if on not in taken and db.run("SELECT 1 FROM revision WHERE id = :id AND tiles IS NOT NULL", id=id):
            show(db, document, id, on, on)  # it was wished for there before, and is finished
        taken.add(on)
    return stands


def _variation(db: Transaction, gone: Waiting) -> str | None:
    """The variation of a wish that will be shown in its stead, or is."""
    if gone.follows is not None:
        return None
    rows = db.run(
        """SELECT revision.id, edit FROM revision JOIN document ON document.id = document
        WHERE parent = :parent AND error IS NULL AND revision.deleted IS NULL AND revision.id <> :gone
        AND (revision.id = head OR tiles IS NULL AND follows IS NULL) ORDER BY tiles IS NULL, seq""",
        parent=gone.parent,
        gone=gone.id,
    )
    return next(iter(alike(rows, gone.wish)), None)


def _ground(db: Transaction, gone: Waiting, on: str) -> str:
    """What a broken promise was to take the place of, if that is still there; else what it stood on."""
    there = "SELECT 1 FROM revision WHERE id = :id AND error IS NULL AND deleted IS NULL"
    return gone.follows if gone.follows and db.run(there, id=gone.follows) else on
