"""What others do meanwhile: nothing is built on what is gone, and nothing that was made is lost."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from editor.edits.apply import apply
from editor.formats.images import encode_tile
from editor.imaging.geometry import Box
from editor.store.blobs import NotFound
from editor.store.database import StorageError
from editor.store.documents import Documents
from editor.store.jobs import Jobs
from editor.store.maintenance import check, compact
from editor.store.store import Store
from pipelines.base import run
from tests.fakes import NoisePipeline, loader
from tests.samples import an_edit, disc, noise
from tests.workbench import Workbench

LOAD = loader(NoisePipeline())
STEP = an_edit(disc(Box(30, 40, 50, 40)))
EDIT = an_edit(disc(Box(30, 40, 50, 40)))


@pytest.fixture
def workbench(store: Store) -> Workbench:
    workbench = Workbench(store, NoisePipeline())
    workbench.open(noise(300, 280))
    return workbench


@pytest.mark.parametrize("part, verb", [(Jobs, "submit_together"), (Documents, "checkout")])
@pytest.mark.parametrize("gone", ["discarded", "deleted"])
def test_nothing_is_built_on_what_goes_at_that_moment(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch, part: type, verb: str, gone: str
) -> None:
    step, real = workbench.do([STEP])[0], getattr(part, verb)
    document = workbench.document.id

    def interrupted(self: Any, *given: Any) -> Any:
        monkeypatch.undo()
        workbench.session.discard(step.id) if gone == "discarded" else workbench.session.delete(document)
        return real(self, *given)

    monkeypatch.setattr(part, verb, interrupted)
    verbs: dict[str, Callable[[], Any]] = {
        "submit_together": lambda: workbench.session.submit(document, an_edit(Box(9, 9, 9, 9))),
        "checkout": lambda: workbench.session.checkout(document, step.id),
    }
    with pytest.raises(NotFound):
        verbs[verb]()
    if gone == "deleted":
        assert workbench.session.restore(document).head == step.id
    assert workbench.store.jobs.pending(document) == [] and not workbench.worker.run_one()
    compact(workbench.store)
    assert (
        workbench.session.picture(document).digest
        == workbench.store.revisions.picture(workbench.store.documents.get(document).head).digest
    )


def test_a_cancelled_variation_that_is_compacted_away_takes_no_other_along(workbench: Workbench) -> None:
    first, *others = workbench.session.variations(workbench.document.id, EDIT, 3)
    finish, asked = workbench.store.jobs.finish, []

    def interrupted(id: str, worker: str, *result: Any) -> bool:
        if not asked:
            asked.append(id)
            workbench.session.cancel(first.id)
            compact(workbench.store)
        return finish(id, worker, *result)

    workbench.store.jobs.finish = interrupted  # type: ignore[method-assign, assignment]
    assert workbench.worker.run_one()
    for other in others:
        assert workbench.store.revisions.get(other.id).picture is not None
    with pytest.raises(NotFound):
        workbench.store.revisions.get(first.id)


def test_a_damaged_crop_is_drawn_again(workbench: Workbench) -> None:
    step = workbench.do([STEP])[0]
    row = workbench.store.database.row("SELECT crop FROM drawn WHERE revision = :id", id=step.id)
    assert row is not None
    with workbench.store.database.transaction() as db:
        db.run("UPDATE blob SET bytes = :b WHERE digest = :d", b=encode_tile(noise(64, 64, 5)), d=row[0])
    fresh = Workbench(Store(workbench.store.database.path.parent), NoisePipeline())
    fresh.document = workbench.document
    (again,) = fresh.session.reblend(workbench.document.id, step.id, EDIT.blend.__class__(feather=1))
    assert fresh.worker.run_one() and fresh.store.revisions.get(again.id).picture is not None
    fresh.store.close()


def test_what_another_document_says_was_drawn_is_not_believed(workbench: Workbench, tmp_path: Path) -> None:
    """A file from elsewhere may say that a request gave whatever it likes; it says so of itself alone."""
    step = workbench.do([STEP])[0]
    forged = encode_tile(np.full((64, 64, 3), 7, np.uint8))
    from editor.imaging.picture import tile_digest

    name = tile_digest(np.full((64, 64, 3), 7, np.uint8))
    with workbench.store.database.transaction() as db:
        db.run("INSERT INTO blob (digest, bytes) VALUES (:d, :b)", d=name, b=forged)
        db.run("UPDATE drawn SET crop = :d", d=name)
    other = workbench.session.open(noise(300, 280))
    job = workbench.session.submit(other.id, EDIT)
    assert workbench.worker.run_one()
    assert workbench.store.revisions.picture(job.id) == workbench.store.revisions.picture(
        step.id
    )  # drawn, not taken over


def test_a_store_that_refuses_for_a_moment_loses_no_result(workbench: Workbench) -> None:
    job = workbench.session.submit(workbench.document.id, EDIT)
    finish = workbench.store.jobs.finish

    def refused(*given: Any) -> bool:
        workbench.store.jobs.finish = finish  # type: ignore[method-assign]
        raise StorageError("Another program holds the file.")

    workbench.store.jobs.finish = refused  # type: ignore[method-assign, assignment]
    with pytest.raises(StorageError):
        workbench.worker.run_one()
    assert workbench.store.revisions.get(job.id).pending
    workbench.store.jobs.release(workbench.worker.id)  # its lease is over
    assert workbench.worker.run_one() and workbench.store.revisions.get(job.id).picture is not None


def test_a_step_that_finishes_while_its_document_is_copied(workbench: Workbench, tmp_path: Path) -> None:
    workbench.do([STEP])
    workbench.session.submit(workbench.document.id, an_edit(Box(9, 9, 30, 30)))
    rows, asked = workbench.store.database.rows, []

    def interrupted(sql: str, **values: Any) -> Any:
        found = rows(sql, **values)
        if "SELECT id, parent, edit, box" in sql and not asked:
            asked.append(sql)
            assert workbench.worker.run_one()
        return found

    workbench.store.database.rows = interrupted  # type: ignore[method-assign]
    for states in (2, 3):
        workbench.session.exports.write(workbench.document.id, tmp_path / "room.palimpsest")
        assert (
            len(workbench.store.revisions.tree(workbench.session.open_document(tmp_path / "room.palimpsest").id))
            == states
        )


def test_a_missing_mask_hinders_no_picture(workbench: Workbench, tmp_path: Path) -> None:
    step = workbench.do([replace(STEP, prompt="a vase")])[0]
    assert step.edit is not None
    with workbench.store.database.transaction() as db:
        db.run("UPDATE blob SET bytes = x'' WHERE digest = :d", d=step.edit.mask.digest)
    fresh = Workbench(Store(workbench.store.database.path.parent), NoisePipeline())
    for name in ("a.png", "a.ora"):
        notes = fresh.session.exports.write(workbench.document.id, tmp_path / name, made_with="noise 1")
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
