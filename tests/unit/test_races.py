"""What others do meanwhile: nothing is built on what is gone, and nothing that was made is lost."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from editor.edits.apply import apply
from editor.formats.images import encode_tile
from editor.imaging.geometry import Box
from editor.session import Session
from editor.store.blobs import NotFound
from editor.store.database import StorageError
from editor.store.documents import Document, Documents
from editor.store.jobs import Jobs
from editor.store.maintenance import check, compact
from editor.store.revisions import Revision
from editor.store.store import Store
from editor.worker import Worker
from pipelines.base import run
from tests.fakes import NoisePipeline, loader
from tests.samples import an_edit, disc, noise

LOAD = loader(NoisePipeline())
EDIT = an_edit(disc(Box(30, 40, 50, 40)))


class Desk:
    def __init__(self, store: Store) -> None:
        self.store, self.session, self.worker = store, Session(store), Worker(store, LOAD)
        self.document: Document = self.session.open(noise(300, 280))

    def done(self, **edit: Any) -> Revision:
        step = self.session.submit(self.document.id, an_edit(disc(Box(30, 40, 50, 40)), **edit))
        assert self.worker.run_one()
        return step


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


@pytest.mark.parametrize("part, verb", [(Jobs, "submit_together"), (Documents, "checkout")])
@pytest.mark.parametrize("gone", ["discarded", "deleted"])
def test_nothing_is_built_on_what_goes_at_that_moment(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, part: type, verb: str, gone: str
) -> None:
    step, real = desk.done(), getattr(part, verb)
    document = desk.document.id

    def interrupted(self: Any, *given: Any) -> Any:
        monkeypatch.undo()
        desk.session.discard(step.id) if gone == "discarded" else desk.session.delete(document)
        return real(self, *given)

    monkeypatch.setattr(part, verb, interrupted)
    verbs: dict[str, Callable[[], Any]] = {
        "submit_together": lambda: desk.session.submit(document, an_edit(Box(9, 9, 9, 9))),
        "checkout": lambda: desk.session.checkout(document, step.id),
    }
    with pytest.raises(NotFound):
        verbs[verb]()
    if gone == "deleted":
        assert desk.session.restore(document).head == step.id
    assert desk.store.jobs.pending(document) == [] and not desk.worker.run_one()
    compact(desk.store)
    assert (
        desk.session.picture(document).digest
        == desk.store.revisions.picture(desk.session.store.documents.get(document).head).digest
    )


def test_a_cancelled_variation_that_is_compacted_away_takes_no_other_along(desk: Desk) -> None:
    first, *others = desk.session.variations(desk.document.id, EDIT, 3)
    finish, asked = desk.store.jobs.finish, []

    def interrupted(id: str, worker: str, *result: Any) -> bool:
        if not asked:
            asked.append(id)
            desk.session.cancel(first.id)
            compact(desk.store)
        return finish(id, worker, *result)

    desk.store.jobs.finish = interrupted  # type: ignore[method-assign]
    assert desk.worker.run_one()
    for other in others:
        assert desk.store.revisions.get(other.id).picture is not None
    with pytest.raises(NotFound):
        desk.store.revisions.get(first.id)


def test_a_damaged_crop_is_drawn_again(desk: Desk) -> None:
    step = desk.done()
    row = desk.store.database.row("SELECT crop FROM drawn WHERE revision = :id", id=step.id)
    assert row is not None
    with desk.store.database.transaction() as db:
        db.run("UPDATE blob SET bytes = :b WHERE digest = :d", b=encode_tile(noise(64, 64, 5)), d=row[0])
    fresh = Desk(Store(desk.store.database.path.parent))  # type: ignore[union-attr]
    fresh.document = desk.document
    (again,) = fresh.session.reblend(desk.document.id, step.id, EDIT.blend.__class__(feather=1))
    assert fresh.worker.run_one() and fresh.store.revisions.get(again.id).picture is not None
    fresh.store.close()


def test_what_another_document_says_was_drawn_is_not_believed(desk: Desk, tmp_path: Path) -> None:
    """A file from elsewhere may say that a request gave whatever it likes; it says so of itself alone."""
    step = desk.done()
    forged = encode_tile(np.full((64, 64, 3), 7, np.uint8))
    from editor.imaging.picture import tile_digest

    name = tile_digest(np.full((64, 64, 3), 7, np.uint8))
    with desk.store.database.transaction() as db:
        db.run("INSERT INTO blob (digest, bytes) VALUES (:d, :b)", d=name, b=forged)
        db.run("UPDATE drawn SET crop = :d", d=name)
    other = desk.session.open(noise(300, 280))
    job = desk.session.submit(other.id, EDIT)
    assert desk.worker.run_one()
    assert desk.store.revisions.picture(job.id) == desk.store.revisions.picture(step.id)  # drawn, not taken over


def test_a_store_that_refuses_for_a_moment_loses_no_result(desk: Desk) -> None:
    job = desk.session.submit(desk.document.id, EDIT)
    finish = desk.store.jobs.finish

    def refused(*given: Any) -> bool:
        desk.store.jobs.finish = finish  # type: ignore[method-assign]
        raise StorageError("Another program holds the file.")

    desk.store.jobs.finish = refused  # type: ignore[method-assign]
    with pytest.raises(StorageError):
        desk.worker.run_one()
    assert desk.store.revisions.get(job.id).pending
    desk.store.jobs.release(desk.worker.id)  # its lease is over
    assert desk.worker.run_one() and desk.store.revisions.get(job.id).picture is not None


def test_a_step_that_finishes_while_its_document_is_copied(desk: Desk, tmp_path: Path) -> None:
    desk.done()
    desk.session.submit(desk.document.id, an_edit(Box(9, 9, 30, 30)))
    rows, asked = desk.store.database.rows, []

    def interrupted(sql: str, **values: Any) -> Any:
        found = rows(sql, **values)
        if "SELECT id, parent, edit, box" in sql and not asked:
            asked.append(sql)
            assert desk.worker.run_one()
        return found

    desk.store.database.rows = interrupted  # type: ignore[method-assign]
    for states in (2, 3):
        desk.session.export(desk.document.id, tmp_path / "room.palimpsest")
        assert (
            len(desk.session.store.revisions.tree(desk.session.open_document(tmp_path / "room.palimpsest").id))
            == states
        )


def test_a_missing_mask_hinders_no_picture(desk: Desk, tmp_path: Path) -> None:
    step = desk.done(prompt="a vase")
    assert step.edit is not None
    with desk.store.database.transaction() as db:
        db.run("UPDATE blob SET bytes = x'' WHERE digest = :d", d=step.edit.mask.digest)
    fresh = Desk(Store(desk.store.database.path.parent))  # type: ignore[union-attr]
    for name in ("a.png", "a.ora"):
        notes = fresh.session.export(desk.document.id, tmp_path / name, made_with="noise 1")
        assert (tmp_path / name).stat().st_size > 0
        assert name == "a.ora" or "The recipe was left out" in notes[0]
    output = [each.complaint for each in check(fresh.store) if each.complaint]
    assert len(output) == 1 and step.edit.mask.digest in output[0]
    fresh.store.close()


def test_an_alpha_that_changes_where_nothing_should_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from editor.edits.inpaint_window import InpaintWindow
    from editor.imaging.picture import Picture
    from editor.imaging.raster import Patch, Pixels
    from tests.samples import cutout

    real = InpaintWindow.composed

    def opaque(self: InpaintWindow, generated: Pixels, picture: Picture) -> Patch:
        patch = real(self, generated, picture)
        return Patch(patch.box, patch.pixels[..., :3].copy())

    monkeypatch.setattr(InpaintWindow, "composed", opaque)
    with pytest.raises(AssertionError, match="a kept pixel was changed"):
        run(apply(an_edit(disc(Box(170, 160, 50, 40))), Picture.from_pixels(cutout(300, 280)), LOAD))
