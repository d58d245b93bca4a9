"""Companions: jobs on other pictures that a model draws in one request with a job, where that takes less time."""

from collections.abc import Sequence

from editor.edits.edit import Edit
from editor.edits.plan import plan
from editor.imaging.limits import MAX_IMAGES
from editor.store.revisions import Revision
from editor.store.store import Store
from pipelines.base import Pipeline

WAITED = 0.5  # seconds after which a job waits because every worker is busy: a free one looks for jobs more often
SETTINGS = (
    "pipeline", "negative_prompt", "guidance", "clip_guidance", "strength", "steps", "sampler", "adapters",
)  # fmt: skip


def companions(store: Store, first: Sequence[Revision], pipeline: Pipeline, lease: float) -> list[list[str]]:
    """Finds jobs that wait anyway, and differ from a job only in picture, mask, prompt and seed.

    Args:
        store: where the jobs are.
        first: the job and its variations.
        pipeline: the one that draws them.
        lease: the seconds of a worker's lease.

    Returns:
        The ids of jobs with their variations, in their turn; with the first at most MAX_IMAGES jobs.
    """
    if not pipeline.faster_together or first[0].death is not None:
        return []
    shape, room = _one_shape(store, first[0], pipeline), MAX_IMAGES - len(first)
    found: list[list[str]] = []
    if shape is None:
        return found
    for group in store.jobs.others_waiting(lease, WAITED):
        if len(group) > room:
            continue
        other = store.revisions.get(group[0])
        if _alike(first[0].edit, other.edit) and _one_shape(store, other, pipeline) == shape:
            found.append(group)
            room -= len(group)
    return found


def _alike(one: Edit | None, other: Edit | None) -> bool:
    assert one is not None and other is not None, "only edits are jobs"
    return all(getattr(one, name) == getattr(other, name) for name in SETTINGS)


def _one_shape(store: Store, job: Revision, pipeline: Pipeline) -> tuple[int, int] | None:
    """Returns the (height, width) in pixels of the one image that an edit has the model draw; None if it is not one."""
    edit = job.edit
    assert edit is not None and job.parent is not None, "only edits are jobs"
    if edit.adjustment is not None or edit.pastes or edit.reference is not None:
        return None
    parts = plan(edit, store.revisions.picture(job.parent).box, pipeline).parts
    return parts[0].shape if len(parts) == 1 and parts[0].at_once and not parts[0].details else None
