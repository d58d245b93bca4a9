"""Batching: which jobs on other pictures a model draws in one request with a job, where that takes less time."""

from collections.abc import Callable, Sequence

from editor.edits.edit import NO_MODEL, Edit
from editor.edits.plan import plan
from editor.imaging.limits import MAX_IMAGES
from editor.store.revisions import Revision
from editor.store.store import Store
from pipelines.base import Pipeline

WAITED = 0.5  # seconds after which a job waits because every worker is busy: a free one looks for jobs more often
SETTINGS = (
    "pipeline", "negative_prompt", "guidance", "clip_guidance", "strength", "steps", "sampler", "adapters",
)  # fmt: skip


def batchable(
    store: Store, first: Sequence[Revision], pipelines: Callable[[str], Pipeline], lease: float
) -> list[list[str]]:
    """Finds jobs that wait anyway, and differ from a job only in picture, mask, prompt and seed.

    Args:
        store: where the jobs are.
        first: the job and its variations.
        pipelines: returns the pipeline of a name; its errors pass through.
        lease: the seconds of a worker's lease.

    Returns:
        The ids of jobs with their variations, in their turn; with the first at most MAX_IMAGES jobs.
    """
    edit, room = first[0].edit, MAX_IMAGES - len(first)
    assert edit is not None, "only edits are jobs"
    if not (room and _asks_a_model(edit) and first[0].death is None):
        return []
    pipeline = pipelines(edit.pipeline)
    if not pipeline.faster_together or (shape := _one_shape(store, first[0], pipeline)) is None:
        return []
    found = []
    for group in store.jobs.others_waiting(lease, WAITED):
        if len(group) > room:
            continue
        other = store.revisions.get(group[0])
        if _alike(edit, other.edit) and _one_shape(store, other, pipeline) == shape:
            found.append(group)
            room -= len(group)
    return found


def _asks_a_model(edit: Edit) -> bool:
    return edit.pipeline != NO_MODEL and edit.adjustment is None and edit.blend.visible


def _alike(one: Edit, other: Edit | None) -> bool:
    assert other is not None, "only edits are jobs"
    same = all(getattr(one, name) == getattr(other, name) for name in SETTINGS)
    return same and one.reference is None and other.reference is None and _asks_a_model(other)


def _one_shape(store: Store, job: Revision, pipeline: Pipeline) -> tuple[int, int] | None:
    """Returns the (height, width) in pixels of the one image that an edit has the model draw; None if it is not one."""
    assert job.edit is not None and job.parent is not None, "only edits are jobs"
    parts = plan(job.edit, store.revisions.picture(job.parent).box, pipeline).parts
    return parts[0].shape if len(parts) == 1 and parts[0].at_once and not parts[0].details else None
