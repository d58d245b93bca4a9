import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from editor.edits.apply import apply
from editor.formats.images import decode_mask, decode_tile, encode_tile
from editor.imaging.geometry import Box
from editor.imaging.limits import MAX_IMAGES
from editor.imaging.picture import Picture
from editor.imaging.raster import Pixels
from editor.store.blobs import Damaged, NotFound
from editor.store.documents import Document
from editor.store.queue import CANCELLED
from editor.store.revisions import Revision
from editor.store.store import Store
from pipelines.base import run
from tests.fakes import NoisePipeline, loader
from tests.samples import an_edit, disc, noise

LOAD = loader(NoisePipeline())
ROOT = Path(__file__).parents[2]


def opened(store: Store) -> Document:
    return store.documents.create(Picture.from_pixels(noise(300, 280)), "Room")


def claimed(store: Store, document: Document, worker: str = "w", **settings: object) -> Revision:
    """A job on the head, claimed."""
    job = store.jobs.submit(document.id, document.head, an_edit(disc(Box(50, 60, 40, 30)), **settings))
    assert store.jobs.claim(worker, 60) == [job.id]
    return job


def applied(store: Store, job: Revision) -> tuple[Picture, Mapping[str, Pixels]]:
    """The picture and the crops that its model generates."""
    assert job.parent and job.edit
    result = run(apply(job.edit, store.revisions.picture(job.parent), LOAD))
    return result.picture, result.crops


def kept(store: Store, document: Document, **settings: Any) -> Revision:
    job = claimed(store, document, **settings)
    assert store.jobs.finish(job.id, "w", *applied(store, job))
    return store.revisions.get(job.id)


# documents and pixels


def test_a_picture_comes_back_from_the_file(store: Store, where: Path | str) -> None:
    plain = noise(600, 300)
    document = store.documents.create(Picture.from_pixels(plain), "Room")
    assert store.documents.get(document.id) == document == Document(document.id, document.head, document.head, "Room")
    again = Store(where)
    picture = again.revisions.picture(again.documents.get(document.id).head)
    assert picture == Picture.from_pixels(plain)
    assert np.array_equal(picture.read(picture.box).pixels, plain)
    again.close()


def test_ids_cannot_be_guessed_and_two_documents_of_one_picture_share_its_tiles(store: Store) -> None:
    a, b = opened(store), opened(store)
    assert a.id != b.id and a.head != b.head and len(a.id) >= 20
    ((blobs,),) = store.database.rows("SELECT count(*) FROM blob")
    assert blobs == len(set(store.revisions.picture(a.head).tiles.values()))


def test_tiles_are_served_as_they_lie_in_the_file(store: Store) -> None:
    picture = store.revisions.picture(opened(store).head)
    for place, digest in picture.tiles.items():
        assert np.array_equal(decode_tile(store.blobs.file(digest)), picture.tile(place))


@pytest.mark.parametrize("name", ["", "nothing", "'; DROP TABLE blob", "\ud800", "\0", "x" * 100_000])
def test_what_is_not_there_is_a_sentence(store: Store, name: str) -> None:
    for look in (
        store.documents.get,
        store.revisions.get,
        store.revisions.picture,
        store.revisions.parent,
        store.blobs.file,
        store.revisions.tree,
        store.jobs.cancel,
    ):
        with pytest.raises(NotFound, match=r"There (is|are) no"):
            look(name)
    assert store.jobs.pending(name) == []


def test_a_name_may_be_anything(store: Store) -> None:
    for name in ("", "Küche № 1", "\ud83d", "a\0b"):
        document = store.documents.create(Picture.from_pixels(noise(3, 3)), name)
        assert store.documents.get(document.id) == document
        assert document.name == name.replace("\0", "").replace("\ud83d", "?")


def test_a_revision_holds_what_was_asked_and_what_came(store: Store) -> None:
    document = opened(store)
    root = store.revisions.get(document.head)
    assert (root.parent, root.edit, root.error) == (None, None, None)
    job = claimed(store, document, prompt="ein grünes Sofa")
    assert job.pending and job.picture is None and job.parent == document.head
    assert job.edit == an_edit(disc(Box(50, 60, 40, 30)), prompt="ein grünes Sofa")
    picture, crops = applied(store, job)
    assert store.jobs.finish(job.id, "w", picture, crops)
    revision = store.revisions.get(job.id)
    assert revision.picture == picture and not revision.picture.fresh and not revision.pending
    assert revision.edit == job.edit
    ((request, crop),) = crops.items()
    assert np.array_equal(store.revisions.crop(document.id, request), crop)
    assert store.revisions.crop(document.id, "another") is None and store.revisions.crop("another", request) is None
    assert np.array_equal(decode_mask(store.blobs.file(job.edit.mask.digest)), job.edit.mask.alpha)
    assert root.seq < revision.seq and abs(revision.created - time.time()) < 60


def test_an_edit_stores_only_what_it_touched(store: Store) -> None:
    document = store.documents.create(Picture.from_pixels(noise(1500, 1500)), "Big")
    ((before,),) = store.database.rows("SELECT count(*) FROM blob")
    kept(store, document)
    ((after,),) = store.database.rows("SELECT count(*) FROM blob")
    assert after - before == 1 + 1 + 1  # a mask, a crop, a tile


def test_what_is_held_in_memory_has_a_bound(store: Store) -> None:
    store.blobs.tiles.limit = 3 * 256 * 256 * 3
    store.revisions.edits.limit = 20_000
    document = opened(store)
    for seed in range(30):
        kept(store, document, seed=seed)
        document = store.documents.get(document.id)
    store.revisions.picture(document.head).read(Box(0, 0, 300, 280))
    assert 0 < store.blobs.tiles.held <= store.blobs.tiles.limit
    assert 0 < store.revisions.edits.held <= store.revisions.edits.limit


@pytest.fixture
def store(where: Path | str) -> Iterator[Store]:
    store = Store(where)
    yield store
    store.close()


# jobs


def test_the_same_edit_is_the_same_revision(store: Store) -> None:
    document, edit = opened(store), an_edit(Box(5, 5, 9, 9))
    first = store.jobs.submit(document.id, document.head, edit)
    assert store.jobs.submit(document.id, document.head, edit).id == first.id
    assert [revision.id for revision in store.jobs.pending(document.id)] == [first.id]
    other = opened(store)
    assert store.jobs.submit(other.id, other.head, edit).id != first.id
    assert store.jobs.submit(document.id, document.head, an_edit(Box(5, 5, 9, 9), seed=2)).id != first.id


def test_jobs_are_claimed_oldest_first_and_once(store: Store) -> None:
    document = opened(store)
    ids = [store.jobs.submit(document.id, document.head, an_edit(Box(5, 5, 9, 9), steps=n)).id for n in (1, 2, 3)]
    assert [store.jobs.claim(worker, 60) for worker in "abca"] == [[ids[0]], [ids[1]], [ids[2]], []]
    assert sorted(store.jobs.holders()) == ["a", "b", "c"]
    assert [revision.id for revision in store.jobs.pending(document.id)] == ids


def test_a_lease_that_ran_out_is_anybodys(store: Store) -> None:
    document = opened(store)
    job = store.jobs.submit(document.id, document.head, an_edit(Box(5, 5, 9, 9)))
    assert store.jobs.claim("a", -1) == [job.id]
    assert store.jobs.holds(job.id, "a")  # late, but nobody took it
    assert store.jobs.claim("b", 60) == [job.id]
    assert not store.jobs.holds(job.id, "a") and store.jobs.holds(job.id, "b")
    picture, crops = applied(store, job)
    assert not store.jobs.finish(job.id, "a", picture, crops) and not store.jobs.fail(job.id, "a", "late")
    assert store.revisions.get(job.id).pending
    store.jobs.renew("a", -1000)  # not a's any more: nothing
    assert store.jobs.claim("c", 60) == []
    assert store.jobs.finish(job.id, "b", picture, crops)


def test_a_renewed_lease_holds(store: Store) -> None:
    document = opened(store)
    job = store.jobs.submit(document.id, document.head, an_edit(Box(5, 5, 9, 9)))
    store.jobs.claim("a", -1)
    store.jobs.renew("a", 60)
    assert store.jobs.claim("b", 60) == []
    store.jobs.release("a")
    assert store.jobs.holders() == [] and store.jobs.claim("b", 60) == [job.id]


def test_variations_are_claimed_together(store: Store) -> None:
    document, other = opened(store), opened(store)
    first = kept(store, document)

    def submitted(on: str, **settings: object) -> str:
        return store.jobs.submit(document.id, on, an_edit(Box(5, 5, 9, 9), **settings)).id

    ids = [submitted(document.head, seed=seed) for seed in range(10)]
    submitted(first.id, seed=11)  # on another picture
    submitted(document.head, seed=12, prompt="another")
    theirs = store.jobs.submit(other.id, other.head, an_edit(Box(5, 5, 9, 9), seed=13))
    assert store.jobs.claim("other", 60) == [theirs.id]  # its turn: a worker has just worked for this document
    assert store.jobs.claim("a", 60) == ids[:MAX_IMAGES]
    assert store.jobs.claim("b", 60) == ids[MAX_IMAGES:]
    assert [len(store.jobs.claim(worker, 60)) for worker in "cde"] == [1, 1, 0]


def test_failed_and_cancelled_are_queued_anew(store: Store) -> None:
    document = opened(store)
    job = claimed(store, document)
    assert store.jobs.fail(job.id, "w", "RuntimeError: no paint \ud83d")
    failed = store.revisions.get(job.id)
    assert failed.error == "RuntimeError: no paint ?" and not failed.pending and not failed.cancelled
    assert store.jobs.pending(document.id) == [] and store.jobs.claim("w", 60) == []
    again = claimed(store, document)
    assert again.id == job.id and again.pending and again.error is None
    cancelled = store.jobs.cancel(job.id)
    assert cancelled.cancelled and cancelled.error == CANCELLED
    assert not store.jobs.holds(job.id, "w") and not store.jobs.finish(job.id, "w", *applied(store, job))
    assert store.documents.get(document.id) == document
    assert claimed(store, document).id == job.id


def test_a_finished_edit_is_shown_without_a_run(store: Store) -> None:
    document = opened(store)
    revision = kept(store, document)
    store.documents.undo(document.id)
    kept(store, document, seed=9)
    assert revision.edit
    again = store.jobs.submit(document.id, document.head, revision.edit)
    assert again.picture == revision.picture and store.jobs.claim("w", 60) == []
    now = store.documents.get(document.id)
    assert now.head == now.tip == revision.id
    assert store.jobs.cancel(revision.id).picture == revision.picture  # too late to cancel: nothing


def test_head_moves_only_from_the_parent(store: Store) -> None:
    document = opened(store)
    first, second = claimed(store, document, seed=1), None
    second = claimed(store, document, seed=2)
    assert store.jobs.finish(first.id, "w", *applied(store, first))
    assert store.jobs.finish(second.id, "w", *applied(store, second))
    now = store.documents.get(document.id)
    assert (now.head, now.tip) == (first.id, first.id)  # the second is a branch beside it
    assert store.revisions.get(second.id).parent == document.head


def test_who_undid_meanwhile_finds_the_result_by_redo(store: Store) -> None:
    document = opened(store)
    first = kept(store, document)
    running = claimed(store, store.documents.get(document.id), seed=5)
    assert store.documents.undo(document.id).head == document.head
    store.jobs.finish(running.id, "w", *applied(store, running))
    assert store.documents.get(document.id).head == document.head
    assert store.documents.redo(document.id).head == first.id
    assert store.documents.redo(document.id).head == running.id
    assert store.documents.redo(document.id).head == running.id


# taking away, and having back


def branch(store: Store, document: Document, count: int) -> list[Revision]:
    """So many finished steps, one on the other."""
    return [kept(store, store.documents.get(document.id), seed=seed) for seed in range(count)]


def test_a_discarded_branch_is_gone_and_comes_back_whole(store: Store) -> None:
    document = opened(store)
    a, b, c = branch(store, document, 3)
    waiting = store.jobs.submit(document.id, c.id, an_edit(Box(5, 5, 9, 9)))
    store.documents.undo(document.id)
    before = [node.id for node in store.revisions.tree(document.id)]
    now = store.revisions.discard(b.id)
    assert (now.head, now.tip) == (a.id, a.id)
    assert [node.id for node in store.revisions.tree(document.id)] == [document.head, a.id]
    assert store.jobs.pending(document.id) == [] and store.jobs.claim("w", 60) == []
    with pytest.raises(NotFound, match="was deleted"):
        store.revisions.document_of(c.id)
    store.revisions.recover(b.id)
    assert [node.id for node in store.revisions.tree(document.id)] == before
    assert store.documents.get(document.id) == now and store.revisions.picture(c.id) == c.picture
    assert store.revisions.get(waiting.id).cancelled
    with pytest.raises(ValueError, match="cannot be deleted"):
        store.revisions.discard(document.head)


def test_what_was_discarded_earlier_stays_away(store: Store) -> None:
    document = opened(store)
    a, b, c = branch(store, document, 3)
    store.revisions.discard(c.id)
    store.revisions.discard(a.id)
    store.revisions.recover(a.id)
    assert [node.id for node in store.revisions.tree(document.id)] == [document.head, a.id, b.id]
    assert c.edit
    assert store.jobs.submit(document.id, b.id, c.edit).picture == c.picture  # the same edit has it back
    assert store.documents.get(document.id).head == c.id and not store.revisions.get(c.id).deleted


def test_a_deleted_document_is_gone_and_comes_back(store: Store) -> None:
    document, other = opened(store), opened(store)
    assert [each.id for each in store.documents.all()] == [other.id, document.id]
    job = store.jobs.submit(document.id, document.head, an_edit(Box(5, 5, 9, 9)))
    assert [each.id for each in store.documents.all()] == [document.id, other.id]  # the last that was worked on
    store.documents.delete(document.id)
    assert store.documents.all() == [other] and store.jobs.claim("w", 60) == []
    with pytest.raises(NotFound, match="There is no document"):
        store.documents.get(document.id)
    assert store.documents.restore(document.id) == document
    assert store.revisions.get(job.id).cancelled


def test_the_tree_tells_all_but_the_pixels(store: Store) -> None:
    document = opened(store)
    (a,) = branch(store, document, 1)
    store.revisions.rename(a.id, "green")
    failed = claimed(store, document, seed=9)
    store.jobs.fail(failed.id, "w", "no paint")
    root, step, broken = store.revisions.tree(document.id)
    assert (root.id, root.parent, root.edit, root.finished) == (document.head, None, None, True)
    assert (step.id, step.parent, step.name, step.finished) == (a.id, document.head, "green", True)
    assert step.edit and step.edit["prompt"] == "a green couch"
    assert (broken.finished, broken.error) == (False, "no paint")
    assert (root.group, step.group == broken.group) == (None, True)  # they differ in their seed
    again = store.jobs.replay(document.id, a.id, an_edit(Box(5, 5, 9, 9), prompt="another"))[0]
    remake = next(node for node in store.revisions.tree(document.id) if node.id == again.id)
    assert (remake.remade, step.remade) == (step.edit, None) and remake.group != step.group


def test_a_star_stays_until_it_is_removed(store: Store) -> None:
    document = opened(store)
    a, b = branch(store, document, 2)

    def starred() -> list[str]:
        return [node.id for node in store.revisions.tree(document.id) if node.starred]

    assert starred() == []
    for id in (a.id, document.head):
        store.revisions.star(id, True)
        store.revisions.star(id, True)
    assert starred() == [document.head, a.id]
    store.revisions.discard(a.id)
    with pytest.raises(NotFound, match="Restore it first"):
        store.revisions.star(a.id, False)
    store.revisions.recover(a.id)
    assert starred() == [document.head, a.id]
    store.revisions.star(document.head, False)
    store.revisions.star(b.id, False)
    assert starred() == [a.id]


def test_pixels_that_were_altered_are_named_and_the_rest_opens(store: Store, where: Path | str) -> None:
    document, other = opened(store), store.documents.create(Picture.from_pixels(noise(99, 99, 8)), "Other")
    a, b = branch(store, document, 2)
    assert a.picture and b.picture and b.edit
    (changed,) = {
        b.picture.tiles[place] for place in b.picture.tiles if b.picture.tiles[place] != a.picture.tiles[place]
    }
    with store.database.transaction() as db:
        db.run(
            "UPDATE blob SET bytes = :bytes WHERE digest = :digest", digest=changed, bytes=encode_tile(noise(256, 256))
        )
        db.run("UPDATE blob SET bytes = :bytes WHERE digest = :digest", digest=b.edit.mask.digest, bytes=b"no file")
    again = Store(where)  # nothing in memory
    with pytest.raises(Damaged, match=changed):
        again.revisions.picture(b.id).read(Box(0, 0, 300, 280))
    with pytest.raises(Damaged, match="mask, sketch or reference"):
        again.revisions.get(b.id)
    for revision in (document.head, other.head):
        picture = again.revisions.picture(revision)
        picture.read(picture.box)
    again.close()
