"""The tree of a document's revisions, and where a replay leaves its head."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

Rows = Callable[..., Sequence[Sequence[Any]]]  # runs a SELECT, within a transaction or outside


class TreeNode(NamedTuple):
    """A revision's position in the tree."""

    parent: str | None
    remakes: str | None  # the step that it repeats, of a step of a replay
    finished: bool  # whether it has a picture and is not deleted


Tree = Mapping[str, TreeNode]  # by id, oldest first


def tree_of(rows: Rows, document: str) -> Tree:
    """Returns the tree of all revisions of a document."""
    columns = "id, parent, remakes, tiles IS NOT NULL AND deleted IS NULL"
    nodes = rows(f"SELECT {columns} FROM revision WHERE document = :id ORDER BY seq", id=document)
    return {id: TreeNode(parent, remakes, bool(finished)) for id, parent, remakes, finished in nodes}


def steps_of(tree: Tree, last: str) -> list[tuple[str, str]]:
    """Returns the ids of a replay's steps up to the last, in order, each with the id of the step that it repeats."""
    steps: list[tuple[str, str]] = []
    id: str | None = last
    while id is not None and id in tree and (old := tree[id].remakes) is not None:
        steps.append((id, old))
        id = None if old not in tree or tree[old].parent == tree[id].parent else tree[id].parent
    return steps[::-1]


def path_to(tree: Tree, id: str) -> list[str]:
    """Returns the ids from this revision back to the opened picture."""
    path: list[str] = []
    current: str | None = id
    while current is not None and current in tree:
        path.append(current)
        current = tree[current].parent
    return path


def head_after_replay(tree: Tree, last: str, follows: str, head: str, tip: str) -> str | None:
    """Returns the head of a document once a replay is finished, whose last step then becomes the tip.

    From a step after the changed one the head moves to the step that repeats it, else to the last step. None: head and
    tip stay, because the document was changed meanwhile.
    """
    steps = steps_of(tree, last)
    if not steps or steps[-1][1] != follows:  # a replay on another branch
        return last if head == follows else None
    if head not in path_to(tree, follows) or follows not in path_to(tree, tip):
        return None
    return {old: new for new, old in steps[1:]}.get(head, last)
