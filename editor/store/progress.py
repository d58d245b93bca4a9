"""How far running jobs are, as their workers report it."""

import json
from collections.abc import Mapping
from typing import NamedTuple

from editor.imaging.geometry import Box
from editor.store.database import Database
from editor.store.queue import HELD

NO_BEAT = "-"  # the beat of a document without a running job


class RunProgress(NamedTuple):
    """The newest step of a running job."""

    step: int  # 0 to `steps`, 0 while its model is loading
    steps: int
    serial: int  # grows with each new preview; 0 while there is none
    box: Box | None  # where the preview lies


class RunPreview(NamedTuple):
    """A preview of a job's result, as it would be if the model stopped now."""

    serial: int  # grows with each new preview, from 1
    box: Box  # where it lies
    data: bytes  # a WebP as large as the box


class JobProgress:
    """The newest step of each running job in a store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def report(self, worker: str, steps: Mapping[str, tuple[int, int, RunPreview | None]]) -> None:
        """Stores the progress of a worker's jobs.

        Args:
            worker: the worker's id.
            steps: (step, steps, preview) by the jobs' ids; without a preview the last one stays.
        """
        with self.database.transaction() as db:
            for id, (step, count, preview) in steps.items():
                db.run(
                    f"""INSERT INTO progress (revision, document, worker, step, steps, serial, box, preview)
                    SELECT id, document, worker, :step, :count, :serial, :box, :preview FROM revision WHERE {HELD}
                    ON CONFLICT (revision) DO UPDATE SET worker = excluded.worker, step = excluded.step,
                    steps = excluded.steps,
                    serial = CASE WHEN excluded.serial > 0 THEN excluded.serial ELSE progress.serial END,
                    box = coalesce(excluded.box, progress.box),
                    preview = coalesce(excluded.preview, progress.preview)""",
                    id=id,
                    worker=worker,
                    step=step,
                    count=count,
                    serial=preview.serial if preview else 0,
                    box=json.dumps(preview.box) if preview else None,
                    preview=preview.data if preview else None,
                )

    def of(self, document: str) -> dict[str, RunProgress]:
        """Returns the progress of a document's running jobs, by their ids."""
        return self.with_beat(document)[0]

    def with_beat(self, document: str) -> tuple[dict[str, RunProgress], str]:
        """Returns what `of` does, and the document's beat, see `beats`."""
        rows = self.database.rows(
            """SELECT revision, step, steps, serial, progress.box, revision.worker = progress.worker FROM progress
            LEFT JOIN revision ON revision.id = revision WHERE progress.document = :document ORDER BY revision""",
            document=document,
        )
        progress = {
            id: RunProgress(step, steps, serial, None if box is None else Box(*json.loads(box)))
            for id, step, steps, serial, box, held in rows
            if held  # not the progress of workers that died
        }
        return progress, "".join(_beat(id, step, serial) for id, step, _, serial, *_ in rows) or NO_BEAT

    def preview(self, id: str) -> bytes | None:
        """Returns the newest preview of a job, a WebP; None when there is none, or none any more."""
        row = self.database.row("SELECT preview FROM progress WHERE revision = :id", id=id)
        return None if row is None or row[0] is None else bytes(row[0])

    def beats(self) -> dict[str, str]:
        """Returns, for each document with a running job, a text that changes with each step of its jobs."""
        beats: dict[str, str] = {}
        for document, id, step, serial in self.database.rows(
            "SELECT document, revision, step, serial FROM progress ORDER BY document, revision"
        ):
            beats[document] = beats.get(document, "") + _beat(id, step, serial)
        return beats


def _beat(id: str, step: int, serial: int) -> str:
    return f"{id[:8]}.{step}.{serial} "
