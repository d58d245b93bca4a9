"""Stores of every earlier format, with a document in them as that format had it."""

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from editor.formats.images import encode_png, encode_tile
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture, tile_digest
from editor.session import Session
from editor.store.blobs import pack_digests
from editor.store.queue import revision_id
from editor.store.schema import MIGRATIONS
from editor.store.store import FILE, Store
from editor.worker import Worker
from pipelines.base import run
from tests.fakes import NoisePipeline, loader
from tests.samples import an_edit, disc, noise

LOAD = loader(NoisePipeline())
EDIT = an_edit(disc(Box(30, 40, 50, 40)))


def written(folder: Path, version: int) -> tuple[str, list[Picture]]:
    """A store as the program of that format left it: an opened picture, a step, and a job that waits."""
    from editor.edits.apply import apply
    from editor.store.database import TYPES

    folder.mkdir()
    db = sqlite3.connect(folder / FILE)
    for migration in MIGRATIONS[:version]:
        for statement in migration:
            db.execute(statement.format(**TYPES["sqlite"]))
    db.execute(f"PRAGMA user_version = {version}")
    before = Picture.from_pixels(noise(300, 280))
    applied = run(apply(EDIT, before, LOAD))
    pictures = [before, applied.picture]
    root = revision_id("doc", None, before.digest)
    step = revision_id("doc", root, EDIT.to_json())
    waiting = revision_id("doc", step, EDIT.to_json())
    ((request, crop),) = applied.crops.items()
    files = {EDIT.mask.digest: encode_png(EDIT.mask.alpha), tile_digest(crop): encode_tile(crop)}
    files |= {digest: encode_tile(tile) for picture in pictures for digest, tile in picture.fresh.items()}
    db.executemany("INSERT INTO blob (digest, bytes) VALUES (?, ?)", files.items())
    db.execute("INSERT INTO document (id, name, head, tip) VALUES ('doc', 'Room', ?, ?)", [step, step])
    row = "INSERT INTO revision (id, document, parent, edit, created, box, tiles) VALUES (?, 'doc', ?, ?, 1, ?, ?)"
    for id, parent, edit, picture in (
        (root, None, None, before), (step, root, EDIT.to_json(), applied.picture), (waiting, step, EDIT.to_json(), None)
    ):  # fmt: skip
        shown = (None, None) if picture is None else (json.dumps(picture.box), pack_digests(picture))
        db.execute(row, [id, parent, edit, *shown])
    if version <= 2:
        db.execute(
            'UPDATE revision SET "window" = ?, crop = ? WHERE id = ?',
            [json.dumps(applied.windows[0]), tile_digest(crop), step],
        )
    if version == 2:
        db.execute("UPDATE revision SET request = ? WHERE id = ?", [request, step])
    if version >= 3:
        db.execute("INSERT INTO drawn VALUES (?, ?, ?)", [step, request, tile_digest(crop)])
    db.commit()
    db.close()
    return waiting, pictures


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_an_older_store_goes_on_and_is_copied_first(tmp_path: Path, version: int) -> None:
    waiting, pictures = written(tmp_path / "data", version)
    held = (tmp_path / "data" / FILE).read_bytes()
    session = Session(Store(tmp_path / "data"))
    (document,) = session.store.documents.all()
    assert document.name == "Room" and session.picture("doc") == pictures[1]
    assert np.array_equal(session.picture("doc").pixels(), pictures[1].pixels())
    assert [job.id for job in session.store.jobs.pending("doc")] == [waiting]
    assert [node.starred for node in session.store.revisions.tree("doc")] == [False] * 3
    session.store.revisions.star(document.head, True)
    assert [node.starred for node in session.store.revisions.tree("doc")] == [False, True, False]
    assert Worker(session.store, LOAD).run_one() and session.store.documents.get("doc").head == waiting
    session.undo("doc")
    assert session.undo("doc").head != document.head and session.picture("doc") == pictures[0]
    session.store.close()

    copy = tmp_path / "data" / f"{FILE}.v{version}.bak"
    kept = sqlite3.connect(copy)
    assert kept.execute("PRAGMA user_version").fetchone() == (version,)
    assert kept.execute("SELECT count(*) FROM revision").fetchone() == (3,)
    kept.close()
    assert len(held) <= copy.stat().st_size + 4096
