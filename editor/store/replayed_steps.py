"""The steps that a change of an earlier one repeats, found in a document's tree."""

from collections.abc import Sequence

from editor.store.queue import QueuedJob, chain
from editor.store.revision_tree import Tree, path_to


def replayed(tree: Tree, jobs: Sequence[QueuedJob], head: str, tip: str, step: str) -> tuple[list[str], str]:
    """Finds the steps that a change of this one repeats.

    They lead to the tip, or to the head when edits wait on the head, since those edits leave the tip's path. On another
    branch they follow its newest steps, as the history draws it, and replace what is shown when all edits are done.

    Args:
        tree: all revisions of the document.
        jobs: its jobs, oldest first.
        head: its head.
        tip: its tip.
        step: the id of the step to change.

    Returns:
        The ids of the steps, the changed one first, and the id of the revision that the last one replaces.
    """
    end = head if head != tip and chain(jobs, head) else tip
    path = path_to(tree, end)
    if step in path:
        return path[: path.index(step) + 1][::-1], end
    newest = {node.parent: id for id, node in tree.items() if node.finished}
    newest |= {tree[id].parent: id for id in path_to(tree, tip)}
    steps = [step]
    while following := newest.get(steps[-1]):
        steps.append(following)
    return steps, [head, *(each.id for each in chain(jobs, head))][-1]
