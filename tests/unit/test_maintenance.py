"""The care of a store, on a file and on a PostgreSQL server."""

from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest

from editor.edits.apply import apply
from editor.edits.edit import NOWHERE
from editor.formats.images import encode_tile
from editor.formats.targets import Unwritable
from editor.imaging.geometry import Box, Margins
from editor.imaging.picture import Picture
from editor.imaging.raster import Patch
from editor.session import Session
from editor.store.blobs import NotFound
from editor.store.maintenance import backup, check, compact, size
from editor.store.store import Store
from pipelines.base import run
from tests.fakes import PATIENCE, FailingPipeline, NoisePipeline, loader
from tests.samples import an_edit, cutout, disc, noise, strokes
from tests.unit.test_store import store
from tests.workbench import Workbench

__all__ = ["store"]  # a fixture
LOAD = loader(NoisePipeline(), FailingPipeline(1))
EDITS = [
    an_edit(disc(Box(30, 40, 50, 40))),
    an_edit(NOWHERE, sketch=strokes(Box(100, 100, 60, 50)), strength=0.5),
    an_edit(NOWHERE, margins=Margins(20, 0, 0, 0)),
    an_edit(Box(200, 200, 9, 9), seed=5, reference=Patch(Box(0, 0, 30, 20), noise(30, 20, 8))),
]


@pytest.fixture
def workbench(store: Store) -> Workbench:
    return Workbench(store, NoisePipeline(), FailingPipeline(1))


def test_compacting_takes_what_nothing_reaches_and_nothing_else(workbench: Workbench) -> None:
    session, store = workbench.session, workbench.store
    kept = workbench.open(noise(300, 280), edits=EDITS)
    before = size(store)
    pictures = {state.id: state.picture for state in store.revisions.path_to(session.store.documents.get(kept).head)}

    gone = workbench.open(cutout(290, 300), edits=EDITS)
    session.delete(gone)
    session.discard(workbench.session.submit(kept, an_edit(Box(5, 5, 80, 80), seed=9)).id)
    dropped = session.submit(kept, an_edit(disc(Box(5, 5, 90, 80)), seed=10))
    assert workbench.worker.run_one()
    session.discard(dropped.id)
    cancelled = session.cancel(session.submit(kept, an_edit(disc(Box(7, 5, 31, 30)))).id)
    failed = session.submit(kept, an_edit(disc(Box(7, 5, 33, 30)), pipeline="failing"))
    assert workbench.worker.run_one()
    waiting = session.submit(kept, an_edit(disc(Box(7, 5, 35, 30))))
    assert size(store).bytes > before.bytes

    done = compact(store)
    assert done.revisions == 5 + 1 + 1 + 1 + 1 and done.blobs and done.bytes and done.shrunk
    assert size(store).blobs == before.blobs + 1 and size(store).documents == 1  # the waiting job's mask
    assert workbench.complaints() == []
    for id in (dropped.id, cancelled.id, failed.id):
        with pytest.raises(NotFound):
            store.revisions.get(id)
    with pytest.raises(NotFound):
        session.restore(gone)
    for id, picture in pictures.items():
        assert picture and np.array_equal(store.revisions.picture(id).pixels(), picture.pixels())
    assert workbench.worker.run_one() and store.revisions.get(waiting.id).picture
    assert compact(store)[:3] == (0, 0, 0)


def test_compacting_in_the_midst_of_an_edit_loses_nothing(workbench: Workbench) -> None:
    """What a result is about to share with a branch that goes away is stored again."""
    session, store = workbench.session, workbench.store
    document = session.open(noise(300, 280))
    twin = session.submit(document.id, an_edit(disc(Box(30, 40, 50, 40)), guidance=3))
    assert workbench.worker.run_one()
    session.undo(document.id)
    same = session.submit(document.id, an_edit(disc(Box(30, 40, 50, 40)), guidance=4))  # the same pixels, by this model
    assert store.jobs.claim("w", 60) == [same.id] and same.edit and same.parent
    applied = run(apply(same.edit, store.revisions.picture(same.parent), LOAD))
    assert applied.picture == store.revisions.picture(twin.id)
    encoded = store.blobs.encode_new
    in_between, go_on = Event(), Event()

    def slow(picture: Picture, before: Any) -> dict[str, Any]:
        found = encoded(picture, before)
        in_between.set()
        assert go_on.wait(PATIENCE)
        return found

    store.blobs.encode_new = slow  # type: ignore[method-assign]
    results: list[bool] = []
    thread = Thread(target=lambda: results.append(store.jobs.finish(same.id, "w", applied.picture, applied.crops)))
    thread.start()
    assert in_between.wait(PATIENCE)
    session.discard(twin.id)
    assert compact(store).revisions == 1
    go_on.set()
    thread.join()
    assert results == [True] and workbench.complaints() == []
    assert session.picture(document.id) == applied.picture


def test_what_is_missing_or_altered_is_named(workbench: Workbench) -> None:
    document = workbench.open(noise(300, 280), edits=EDITS)
    assert workbench.complaints() == []
    head = workbench.store.documents.get(document).head
    picture, edit = workbench.store.revisions.picture(head), EDITS[0]
    tiles = list(picture.tiles.values())
    (crop,) = workbench.store.database.row("SELECT crop FROM drawn LIMIT 1") or ()
    with workbench.store.database.transaction() as db:
        db.run("UPDATE blob SET bytes = :b WHERE digest = :d", d=tiles[0], b=encode_tile(noise(256, 256, 3)))
        db.run("UPDATE blob SET bytes = :b WHERE digest = :d", d=edit.mask.digest, b=b"nothing")
        db.run("DELETE FROM blob WHERE digest = :d", d=tiles[1])
        db.run("UPDATE blob SET bytes = :b WHERE digest = :d", d=crop, b=b"RIFF")
    output = "\n".join(workbench.complaints())
    assert len(workbench.complaints()) == 4
    for digest, word in (
        (tiles[0], "is not"),
        (edit.mask.digest, "is not"),
        (tiles[1], "is missing"),
        (crop, "is not"),
    ):
        assert f"{digest} {word}" in output
    assert output.count("belongs to “Untitled”, from revision") == 4


def test_a_check_while_others_edit_misses_nothing(workbench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    workbench.open(noise(300, 280), edits=EDITS[:1])
    rows, asked = workbench.store.database.rows, []

    def slow(sql: str, **values: object) -> Any:
        found = rows(sql, **values)
        asked.append(sql)
        if len(asked) <= 3:  # between two of the check's queries
            with monkeypatch.context() as patch:
                patch.setattr(workbench.store.database, "rows", rows)
                workbench.do([an_edit(disc(Box(30, 40, 50, 40 + len(asked))), seed=len(asked))])
        return found

    monkeypatch.setattr(workbench.store.database, "rows", slow)
    assert workbench.complaints() == []


def test_a_backup_is_the_store_as_it_was(tmp_path: Path) -> None:
    workbench = Workbench(Store(tmp_path / "data"), NoisePipeline(), FailingPipeline(1))
    document = workbench.open(noise(300, 280), edits=EDITS)
    file = tmp_path / "copy" / "palimpsest.db"
    file.parent.mkdir()
    head = workbench.store.documents.get(document).head
    with workbench.store.database.transaction() as db:  # somebody is writing
        db.run("UPDATE document SET name = 'other'")
        backup(workbench.store, file)
    workbench.session.undo(document)
    copy = Session(Store(file.parent))
    assert copy.store.documents.get(document).head == head and copy.store.documents.get(document).name == "Untitled"
    assert list(filter(None, (checked.complaint for checked in check(copy.store)))) == []
    with pytest.raises(ValueError, match="exists already"):
        backup(workbench.store, file)
    with pytest.raises(Unwritable, match=f"no folder {tmp_path / 'none'} to write"):
        backup(workbench.store, tmp_path / "none" / "copy.db")
    assert [each.name for each in file.parent.iterdir() if ".part" in each.name] == []
    copy.store.close()
    workbench.store.close()


def test_a_postgresql_store_names_its_own_tool(postgresql: str, tmp_path: Path) -> None:
    store = Store(postgresql)
    with pytest.raises(ValueError, match="pg_dump"):
        backup(store, tmp_path / "copy")
    store.close()
