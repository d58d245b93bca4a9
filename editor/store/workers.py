"""Workers that serve no page, as they report themselves: who works for the servers of a store."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from editor.store.database import Database
from editor.store.queue import PENDING

REPORT_INTERVAL = 5.0  # seconds between two reports of a worker
LOOK_INTERVAL = 1.0  # seconds between two looks whether there is a worker
SILENT_AFTER = 20.0  # seconds without a report after which a worker counts as gone


@dataclass(frozen=True)
class WorkerRow:
    """A worker that was seen a moment ago."""

    id: str
    place: str  # the host that it runs on
    machine: str  # what its models run on, in words
    models: tuple[str, ...]  # in its memory
    job: str | None  # the id of a revision that it works on

    @property
    def pid(self) -> str:
        """The number of its process on its own machine."""
        return self.id.split("/")[-3]


class JobCounts(NamedTuple):
    """How many jobs there are."""

    running: int
    waiting: int


class Workers:
    """The workers of a store."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._looked, self._there = -inf, False  # when `any` looked last, by the monotonic clock, and what it saw

    def report(self, id: str, place: str, machine: str, models: Iterable[str]) -> None:
        """Says that a worker is there.

        Args:
            id: the worker's id.
            place: the host that it runs on.
            machine: what its models run on, in words.
            models: the names of those in its memory.
        """
        with self.database.transaction() as db:
            db.run(
                """INSERT INTO worker (id, seen, place, machine, models) VALUES (:id, :now, :place, :machine, :models)
                ON CONFLICT (id) DO UPDATE SET seen = excluded.seen, place = excluded.place,
                machine = excluded.machine, models = excluded.models""",
                id=id, now=self.database.now(), place=place, machine=machine, models=json.dumps([*models]),
            )  # fmt: skip
            db.run("DELETE FROM worker WHERE seen < :long_ago", long_ago=self.database.now() - 100 * SILENT_AFTER)

    def leave(self, id: str) -> None:
        """Says that a worker has ended."""
        with self.database.transaction() as db:
            db.run("DELETE FROM worker WHERE id = :id", id=id)

    def all(self) -> list[WorkerRow]:
        """Returns those that were seen lately, by place and id."""
        rows = self.database.rows(
            f"""SELECT worker.id, place, machine, models, MIN(job.id) FROM worker
            LEFT JOIN (SELECT id, worker FROM revision WHERE {PENDING}) AS job ON job.worker = worker.id
            WHERE seen > :since GROUP BY worker.id, place, machine, models ORDER BY place, worker.id""",
            since=self.database.now() - SILENT_AFTER,
        )
        return [
            WorkerRow(id, place, machine, tuple(json.loads(models)), job) for id, place, machine, models, job in rows
        ]

    def any(self) -> bool:
        """Tells whether there is one, or was a moment ago: every tab of every document asks."""
        if time.monotonic() > self._looked + LOOK_INTERVAL:
            since = self.database.now() - SILENT_AFTER
            self._there = self.database.row("SELECT 1 FROM worker WHERE seen > :since LIMIT 1", since=since) is not None
            self._looked = time.monotonic()
        return self._there

    def jobs(self) -> JobCounts:
        """Counts the jobs that a worker has, by a lease that is not over, and the others."""
        row = self.database.row(
            f"""SELECT COUNT(CASE WHEN worker IS NOT NULL AND lease >= :now THEN 1 END), COUNT(*)
            FROM revision WHERE {PENDING}""",
            now=self.database.now(),
        )
        running, all_of_them = row or (0, 0)
        return JobCounts(running, all_of_them - running)
