"""A store in PostgreSQL is backed up and restored with PostgreSQL's own programs, in the midst of work."""

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from editor.imaging.geometry import Box
from editor.store.store import FILE, Store
from editor.worker import Worker
from pipelines.classical import Classical
from tests.fakes import NoisePipeline, until
from tests.postgres import Server
from tests.samples import an_edit, disc, noise
from tests.unit.test_earlier_files import DOCUMENT, WAITS, written
from tests.workbench import Workbench

HOLE = disc(Box(30, 40, 50, 40))


def restored(server: Server, url: str) -> str:
    """The address of a new database, with what another one held a moment ago."""
    name, file = urlsplit(url).path[1:], server.folder / "backup"
    server.run("pg_dump", "-h", server.folder, "-U", "tests", "--format=custom", f"--file={file}", name)
    copy = server.database(f"{name}_restored")
    server.run("pg_restore", "-h", server.folder, "-U", "tests", "--exit-on-error", f"--dbname={name}_restored", file)
    return copy


def test_a_restored_store_goes_on_where_it_was(postgresql_server: Server, postgresql: str, here: Any) -> None:
    bench = Workbench(Store(postgresql), NoisePipeline())
    document = bench.open(noise(300, 280), edits=[an_edit(HOLE)])
    running, *queued = bench.add(*(an_edit(HOLE, prompt=f"a couch {n}", seed=n) for n in range(3)))
    assert bench.store.jobs.claim("the server that was", 1.0) == [running.id]
    bench.store.progress.report("the server that was", {running.id: (3, 20, None)})

    again = Workbench(Store(restored(postgresql_server, postgresql)), NoisePipeline())
    again.document = again.store.documents.get(document)
    assert "damaged" not in (ran := here("--data", again.store.database.engine.url.render_as_string(), "store",
                                         "--check")).stdout and ran.returncode == 0, ran  # fmt: skip
    assert again.complaints() == [] and again.now == bench.now
    assert [each.id for each in again.pending] == [running.id, *(each.id for each in queued)]
    for side in (bench, again):  # the running job too, once its lease is over
        until(lambda side=side: side.worker.run_one())
        side.finish()
    assert again.picture.digest == bench.picture.digest and again.now.head == bench.now.head == queued[-1].id
    bench.store.close()
    again.store.close()


def test_an_upgrade_loses_no_job_that_was_running(tmp_path: Path) -> None:
    """The old version's server was killed in the midst of it; see also test_migrations, for every earlier format."""
    db = sqlite3.connect(written(FILE, tmp_path / FILE))
    db.execute("UPDATE revision SET worker = 'boot/4026531836/123/456/old', lease = 1 WHERE id = ?", [WAITS])
    db.commit()
    db.close()
    store = Store(tmp_path)
    assert Worker(store, lambda name: Classical()).run_one()
    assert store.documents.get(DOCUMENT).head == WAITS
    store.close()
