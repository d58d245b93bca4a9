from typing import Any

import numpy as np
import pytest

from editor.edits.edit import Edit
from editor.formats.images import read_image
from editor.imaging.geometry import Box
from editor.imaging.limits import MAX_NAME
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask
from editor.session import Session
from editor.store.blobs import NotFound
from editor.store.documents import Document
from editor.store.revisions import Revision
from editor.store.store import Store
from editor.worker import Worker
from tests.fakes import NoisePipeline, loader
from tests.laws import check_edit, check_kept
from tests.samples import an_edit, disc, noise
from tests.unit.test_formats import file

LOAD = loader(NoisePipeline())


@pytest.fixture
def document(session: Session) -> Document:
    return session.open(noise(300, 280), "Room")


def done(session: Session, worker: Worker, document: Document, edit: Edit | None = None) -> Revision:
    """An edit on the head, submitted and kept, with the laws checked."""
    before = session.picture(document.id)
    edit = edit or an_edit(disc(Box(50, 60, 40, 30)))
    job = session.submit(document.id, edit)
    assert job.pending and session.store.documents.get(document.id).head == job.parent
    assert worker.run_one()
    revision = session.store.revisions.get(job.id)
    assert revision.picture == check_edit(edit, before, LOAD).picture
    assert session.picture(document.id) == revision.picture
    return revision


def test_a_picture_is_opened_as_it_is(session: Session, document: Document) -> None:
    assert session.picture(document.id) == Picture.from_pixels(noise(300, 280))
    assert session.store.documents.get(document.id).name == "Room"
    assert len(session.open(noise(3, 3), "x" * 1000).name) == MAX_NAME
    assert session.open(noise(3, 3)).name == "Untitled"
    with pytest.raises(ValueError, match="at least one pixel"):
        session.open(np.zeros((0, 5, 3), np.uint8))


def test_an_edit_from_end_to_end(session: Session, worker: Worker, document: Document) -> None:
    revision = done(session, worker, document)
    now = session.store.documents.get(document.id)
    assert (now.head, now.tip) == (revision.id, revision.id)
    assert session.store.jobs.pending(document.id) == []
    assert revision.parent and revision.edit
    before, after = session.store.revisions.get(revision.parent).picture, revision.picture
    assert before and after
    check_kept(revision.edit, before, after)


def test_undo_and_redo_walk_the_path(session: Session, worker: Worker, document: Document) -> None:
    ids = [document.head]
    for seed in range(4):
        edit = an_edit(Box(10 + 30 * seed, 40, 25, 25), seed=seed)
        ids.append(done(session, worker, document, edit).id)
    pictures = [session.store.revisions.get(id).picture for id in ids]
    for n in (3, 2, 1, 0, 0, 0):
        moved = session.undo(document.id)
        assert (moved.head, moved.tip) == (ids[n], ids[4])
        assert session.picture(document.id) == pictures[n]
        assert session.can_undo(document.id) == (n > 0) and session.can_redo(document.id)
    for n in (1, 2, 3, 4, 4, 4):
        assert session.redo(document.id).head == ids[n]
        assert session.picture(document.id) == pictures[n]
        assert session.can_redo(document.id) == (n < 4) and session.can_undo(document.id)


def test_nothing_to_undo_or_redo_changes_nothing(session: Session, document: Document) -> None:
    assert session.undo(document.id) == session.redo(document.id) == document
    assert not session.can_undo(document.id) and not session.can_redo(document.id)


def test_an_edit_after_undo_is_a_branch_and_nothing_is_lost(
    session: Session, worker: Worker, document: Document
) -> None:
    first = done(session, worker, document)
    session.undo(document.id)
    second = done(session, worker, document, an_edit(Box(9, 9, 9, 9)))
    assert session.store.documents.get(document.id) == Document(document.id, second.id, second.id, "Room")
    assert session.undo(document.id).head == document.head
    assert session.redo(document.id).head == second.id
    moved = session.checkout(document.id, first.id)
    assert (moved.head, moved.tip) == (first.id, first.id)
    assert session.picture(document.id) == first.picture


def test_an_edit_may_be_asked_for_on_an_earlier_state(session: Session, worker: Worker, document: Document) -> None:
    first = done(session, worker, document)
    edit = an_edit(Box(200, 200, 20, 20))
    beside = session.submit(document.id, edit, parent=document.head)
    assert worker.run_one()
    assert session.store.documents.get(document.id).head == first.id
    result = check_edit(edit, Picture.from_pixels(noise(300, 280)), LOAD).picture
    assert session.store.revisions.get(beside.id).picture == result


def test_the_same_edit_again_is_there_at_once(session: Session, worker: Worker, document: Document) -> None:
    first = done(session, worker, document)
    assert first.edit
    session.undo(document.id)
    again = session.submit(document.id, first.edit)
    assert again.id == first.id and again.picture == first.picture
    assert session.store.documents.get(document.id).head == first.id and not worker.run_one()


def test_cancelled_before_it_began(session: Session, worker: Worker, document: Document) -> None:
    job = session.submit(document.id, an_edit(Box(9, 9, 9, 9)))
    assert session.cancel(job.id).cancelled
    assert session.store.jobs.pending(document.id) == [] and not worker.run_one()
    assert session.store.documents.get(document.id) == document
    assert session.picture(document.id).digest == Picture.from_pixels(noise(300, 280)).digest
    again = session.submit(document.id, an_edit(Box(9, 9, 9, 9)))
    assert again.id == job.id and again.pending and worker.run_one()
    assert session.cancel(job.id).picture is not None  # finished: nothing to cancel


def test_jobs_wait_oldest_first(session: Session, document: Document) -> None:
    ids = [session.submit(document.id, an_edit(Box(9, 9, 9, 9), seed=n)).id for n in range(3)]
    assert [revision.id for revision in session.store.jobs.pending(document.id)] == ids
    assert session.store.jobs.pending(session.open(noise(3, 3)).id) == []


def test_kept_pixels_of_a_lossy_file_do_not_decay(session: Session, worker: Worker) -> None:
    """A JPEG is decoded once; ten edits later every pixel outside them is what the decoder gave."""
    from PIL import Image

    jpeg = file(Image.fromarray(noise(300, 280)), "JPEG")
    pixels = read_image(jpeg).pixels
    document = session.open(pixels)
    for n in range(10):
        done(session, worker, document, an_edit(Box(20 + n, 20, 30, 30), seed=n))
    kept = np.ones(pixels.shape[:2], bool)
    kept[Box(20, 20, 39, 30).padded(8).slices(Box(0, 0, 300, 280))] = False
    after = session.picture(document.id).read(Box(0, 0, 300, 280)).pixels
    assert np.array_equal(after[kept], pixels[kept]) and not np.array_equal(after, pixels)


def test_the_truth_is_on_disk(session: Session, worker: Worker, document: Document) -> None:
    """Another process, another tab, after a restart: the same document, pixels and jobs."""
    revision = done(session, worker, document)
    waiting = session.submit(document.id, an_edit(Box(9, 9, 9, 9)))
    other = Session(Store(session.store.database.path.parent))
    assert other.store.documents.get(document.id) == session.store.documents.get(document.id)
    assert other.picture(document.id) == revision.picture
    assert [job.id for job in other.store.jobs.pending(document.id)] == [waiting.id]
    other.undo(document.id)
    assert session.store.documents.get(document.id).head == document.head
    other.store.close()


# what cannot be


@pytest.mark.parametrize("box", [Box(300, 0, 9, 9), Box(0, 280, 9, 9), Box(-9, 0, 9, 9), Box(5000, 5000, 1, 1)])
def test_a_mask_outside_the_picture(session: Session, document: Document, box: Box) -> None:
    with pytest.raises(ValueError, match="The mask lies outside the picture"):
        session.submit(document.id, an_edit(box))
    assert session.store.jobs.pending(document.id) == [] and session.store.documents.get(document.id) == document


def test_a_mask_whose_painted_part_lies_outside(session: Session, document: Document) -> None:
    corners = np.zeros((400, 400), np.uint8)
    corners[399, 0] = corners[0, 399] = 255
    with pytest.raises(ValueError, match="The mask lies outside the picture"):
        session.submit(document.id, an_edit(Mask(Box(0, 0, 400, 400), corners)))


@pytest.mark.parametrize("verb", ["picture", "undo", "redo", "can_undo", "can_redo"])
@pytest.mark.parametrize("id", ["gone", "", "\ud800"])
def test_a_document_that_is_not_there(session: Session, verb: str, id: str) -> None:
    with pytest.raises(NotFound, match="There is no document"):
        getattr(session, verb)(id)


def test_a_revision_that_is_not_there(session: Session, document: Document) -> None:
    calls: list[Any] = [
        lambda: session.store.revisions.get("gone"),
        lambda: session.cancel("gone"),
        lambda: session.checkout(document.id, "gone"),
        lambda: session.submit(document.id, an_edit(Box(1, 1, 1, 1)), parent="gone"),
    ]
    for call in calls:
        with pytest.raises(NotFound, match="There is no revision 'gone'"):
            call()
    with pytest.raises(NotFound, match="There is no document"):
        session.submit("gone", an_edit(Box(1, 1, 1, 1)))
    with pytest.raises(NotFound, match="There is no document"):
        session.checkout("gone", document.head)


def test_a_revision_of_another_document(session: Session, document: Document) -> None:
    other = session.open(noise(300, 280, 1))
    with pytest.raises(ValueError, match="belongs to another document than 'Room'"):
        session.checkout(document.id, other.head)
    with pytest.raises(ValueError, match="belongs to another document"):
        session.submit(document.id, an_edit(Box(1, 1, 1, 1)), parent=other.head)


def test_a_revision_that_is_not_finished(session: Session, document: Document) -> None:
    job = session.submit(document.id, an_edit(Box(1, 1, 1, 1)))
    with pytest.raises(ValueError, match="has no picture yet"):
        session.checkout(document.id, job.id)
    assert session.store.documents.get(document.id) == document
