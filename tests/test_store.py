import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from editor.database import Database, StorageError
from editor.edit import Applied, apply
from editor.formats.images import decode_mask, decode_tile
from editor.geometry import Box
from editor.picture import Picture
from editor.store import CANCELLED, FILE, MIGRATIONS, Document, NotFound, Revision, Store
from pipelines.base import run
from tests.fakes import NoisePipeline, loader
from tests.samples import an_edit, disc, noise

LOAD = loader(NoisePipeline())
ROOT = Path(__file__).parent.parent


def opened(store: Store) -> Document:
    return store.create(Picture.from_pixels(noise(300, 280)), "Room")


def claimed(store: Store, document: Document, worker: str = "w", **wishes: object) -> Revision:
    """A promise on the head, claimed."""
    promise = store.promise(document.id, document.head, an_edit(disc(Box(50, 60, 40, 30)), **wishes))
    assert store.claim(worker, 60) == promise.id
    return promise


def applied(store: Store, promise: Revision) -> Applied:
    assert promise.parent and promise.edit
    return run(apply(promise.edit, store.picture(promise.parent), LOAD))


def kept(store: Store, document: Document, **wishes: object) -> Revision:
    promise = claimed(store, document, **wishes)
    assert store.finish(promise.id, "w", applied(store, promise))
    return store.revision(promise.id)


# documents and pixels


def test_a_picture_comes_back_from_the_file(store: Store) -> None:
    plain = noise(600, 300)
    document = store.create(Picture.from_pixels(plain), "Room")
    assert store.document(document.id) == document == Document(document.id, document.head, document.head, "Room")
    again = Store(store.database.path.parent)
    picture = again.picture(again.document(document.id).head)
    assert picture == Picture.from_pixels(plain)
    assert np.array_equal(picture.read(picture.box).pixels, plain)
    again.close()


def test_ids_cannot_be_guessed_and_two_documents_of_one_picture_share_its_tiles(store: Store) -> None:
    a, b = opened(store), opened(store)
    assert a.id != b.id and a.head != b.head and len(a.id) >= 20
    ((blobs,),) = store.database.rows("SELECT count(*) FROM blob")
    assert blobs == len(set(store.picture(a.head).tiles.values()))


def test_tiles_are_served_as_they_lie_in_the_file(store: Store) -> None:
    picture = store.picture(opened(store).head)
    for place, digest in picture.tiles.items():
        assert np.array_equal(decode_tile(store.blob(digest)), picture.tile(place))


@pytest.mark.parametrize("name", ["", "nothing", "'; DROP TABLE blob", "\ud800", "\0", "x" * 100_000])
def test_what_is_not_there_is_a_sentence(store: Store, name: str) -> None:
    for look in (store.document, store.revision, store.picture, store.parent, store.blob, store.cancel):
        with pytest.raises(NotFound, match=r"There (is|are) no"):
            look(name)
    assert store.pending(name) == [] if name.isprintable() else True


def test_a_name_may_be_anything(store: Store) -> None:
    for name in ("", "Küche № 1", "\ud83d", "a\0b"):
        document = store.create(Picture.from_pixels(noise(3, 3)), name)
        assert store.document(document.id) == document


def test_a_revision_holds_what_was_asked_and_what_came(store: Store) -> None:
    document = opened(store)
    root = store.revision(document.head)
    assert (root.parent, root.edit, root.error, root.window, root.crop) == (None, None, None, None, None)
    promise = claimed(store, document, prompt="ein grünes Sofa")
    assert promise.promised and promise.picture is None and promise.parent == document.head
    assert promise.edit == an_edit(disc(Box(50, 60, 40, 30)), prompt="ein grünes Sofa")
    result = applied(store, promise)
    assert store.finish(promise.id, "w", result)
    revision = store.revision(promise.id)
    assert revision.picture == result.picture and not revision.picture.fresh and not revision.promised
    assert revision.window == result.window and revision.edit == promise.edit and revision.crop
    assert np.array_equal(decode_tile(store.blob(revision.crop)), result.crop)
    assert np.array_equal(decode_mask(store.blob(promise.edit.mask.digest)), promise.edit.mask.alpha)
    assert root.seq < revision.seq and abs(revision.created - time.time()) < 60


def test_an_edit_stores_only_what_it_touched(store: Store) -> None:
    document = store.create(Picture.from_pixels(noise(1500, 1500)), "Big")
    ((before,),) = store.database.rows("SELECT count(*) FROM blob")
    kept(store, document)
    ((after,),) = store.database.rows("SELECT count(*) FROM blob")
    assert after - before == 1 + 1 + 1  # a mask, a crop, a tile


def test_what_is_held_in_memory_has_a_bound(store: Store) -> None:
    store.tiles.limit = 3 * 256 * 256 * 3
    store.edits.limit = 20_000
    document = opened(store)
    for seed in range(30):
        kept(store, document, seed=seed)
        document = store.document(document.id)
    store.picture(document.head).read(Box(0, 0, 300, 280))
    assert 0 < store.tiles.held <= store.tiles.limit
    assert 0 < store.edits.held <= store.edits.limit


# promises


def test_the_same_wish_is_the_same_revision(store: Store) -> None:
    document, edit = opened(store), an_edit(Box(5, 5, 9, 9))
    first = store.promise(document.id, document.head, edit)
    assert store.promise(document.id, document.head, edit).id == first.id
    assert [revision.id for revision in store.pending(document.id)] == [first.id]
    other = opened(store)
    assert store.promise(other.id, other.head, edit).id != first.id
    assert store.promise(document.id, document.head, an_edit(Box(5, 5, 9, 9), seed=2)).id != first.id


def test_promises_are_claimed_oldest_first_and_once(store: Store) -> None:
    document = opened(store)
    ids = [store.promise(document.id, document.head, an_edit(Box(5, 5, 9, 9), seed=n)).id for n in range(3)]
    assert [store.claim(worker, 60) for worker in "abca"] == [*ids, None]
    assert sorted(store.holders()) == ["a", "b", "c"]
    assert [revision.id for revision in store.pending(document.id)] == ids


def test_a_lease_that_ran_out_is_anybodys(store: Store) -> None:
    document = opened(store)
    promise = store.promise(document.id, document.head, an_edit(Box(5, 5, 9, 9)))
    assert store.claim("a", -1) == promise.id
    assert store.holds(promise.id, "a")  # late, but nobody took it
    assert store.claim("b", 60) == promise.id
    assert not store.holds(promise.id, "a") and store.holds(promise.id, "b")
    result = applied(store, promise)
    assert not store.finish(promise.id, "a", result) and not store.fail(promise.id, "a", "late")
    assert store.revision(promise.id).promised
    store.renew(promise.id, "a", -1000)  # not a's any more: nothing
    assert store.claim("c", 60) is None
    assert store.finish(promise.id, "b", result)


def test_a_renewed_lease_holds(store: Store) -> None:
    document = opened(store)
    promise = store.promise(document.id, document.head, an_edit(Box(5, 5, 9, 9)))
    store.claim("a", -1)
    store.renew(promise.id, "a", 60)
    assert store.claim("b", 60) is None
    store.abandon("a")
    assert store.holders() == [] and store.claim("b", 60) == promise.id


def test_failed_and_cancelled_are_promised_anew(store: Store) -> None:
    document = opened(store)
    promise = claimed(store, document)
    assert store.fail(promise.id, "w", "RuntimeError: no paint \ud83d")
    failed = store.revision(promise.id)
    assert failed.error == "RuntimeError: no paint ?" and not failed.promised and not failed.cancelled
    assert store.pending(document.id) == [] and store.claim("w", 60) is None
    again = claimed(store, document)
    assert again.id == promise.id and again.promised and again.error is None
    cancelled = store.cancel(promise.id)
    assert cancelled.cancelled and cancelled.error == CANCELLED
    assert not store.holds(promise.id, "w") and not store.finish(promise.id, "w", applied(store, promise))
    assert store.document(document.id) == document
    assert claimed(store, document).id == promise.id


def test_a_finished_wish_is_shown_without_a_run(store: Store) -> None:
    document = opened(store)
    revision = kept(store, document)
    store.undo(document.id)
    kept(store, document, seed=9)
    assert revision.edit
    again = store.promise(document.id, document.head, revision.edit)
    assert again.picture == revision.picture and store.claim("w", 60) is None
    now = store.document(document.id)
    assert now.head == now.tip == revision.id
    assert store.cancel(revision.id).picture == revision.picture  # too late to cancel: nothing


def test_head_moves_only_from_the_parent(store: Store) -> None:
    document = opened(store)
    first, second = claimed(store, document, seed=1), None
    second = claimed(store, document, seed=2)
    assert store.finish(first.id, "w", applied(store, first))
    assert store.finish(second.id, "w", applied(store, second))
    now = store.document(document.id)
    assert (now.head, now.tip) == (first.id, first.id)  # the second is a branch beside it
    assert store.revision(second.id).parent == document.head


def test_who_undid_meanwhile_finds_the_result_by_redo(store: Store) -> None:
    document = opened(store)
    first = kept(store, document)
    running = claimed(store, store.document(document.id), seed=5)
    assert store.undo(document.id).head == document.head
    store.finish(running.id, "w", applied(store, running))
    assert store.document(document.id).head == document.head
    assert store.redo(document.id).head == first.id
    assert store.redo(document.id).head == running.id
    assert store.redo(document.id).head == running.id


# the file


def test_the_file_is_set_to_outlive_a_power_cut(store: Store) -> None:
    values = [store.database.row(f"PRAGMA {name}")[0] for name in ("journal_mode", "synchronous", "foreign_keys")]
    assert values == ["wal", 2, 1]
    assert store.database.connection.isolation_level is None


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    class Interrupted(Exception):
        pass

    with pytest.raises(Interrupted), store.database.transaction() as db:
        db.execute("INSERT INTO blob VALUES ('a', 'b')")
        raise Interrupted
    with pytest.raises(NotFound):
        store.blob("a")
    opened(store)  # and the connection is usable


def test_a_transaction_has_the_file_to_itself_from_its_beginning(store: Store) -> None:
    """Otherwise two workers could both read that a promise is free before either of them takes it."""
    other = Store(store.database.path.parent)
    other.database.rows("PRAGMA busy_timeout = 10")
    with store.database.transaction():
        with pytest.raises(StorageError, match="does not let go"), other.database.transaction():
            pytest.fail("two at once")
    other.close()


def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    Store(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(StorageError, match="written by a newer Palimpsest"):
        Store(tmp_path)
    db = sqlite3.connect(tmp_path / FILE)
    assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
    db.close()


def test_what_is_no_store_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"these are my notes, not a database" * 100)
    with pytest.raises(StorageError, match="damaged or no Palimpsest file"):
        Store(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be used"):
        Store(tmp_path / "file" / "folder")


def test_migrations_run_once_each_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    first = ("CREATE TABLE a (x)", "INSERT INTO a VALUES (1)")
    Database(path, (first,)).close()
    second = ("ALTER TABLE a ADD COLUMN y", "UPDATE a SET y = x + 1")
    for _ in range(2):
        database = Database(path, (first, second))
        assert database.rows("SELECT * FROM a") == [(1, 2)]
        database.close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    first = ("CREATE TABLE a (x)",)
    Database(path, (first,)).close()
    with pytest.raises(StorageError):
        Database(path, (first, ("CREATE TABLE b (x)", "CREATE TABLE b (x)")))
    database = Database(path, (first,))
    assert database.rows("SELECT name FROM sqlite_master") == [("a",)]
    database.close()


def test_several_may_make_the_file_at_once(tmp_path: Path) -> None:
    stores: list[Store] = []
    threads = [Thread(target=lambda: stores.append(Store(tmp_path))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stores) == 6
    document = opened(stores[0])
    for store in stores:
        assert store.document(document.id) == document
        store.close()


# the disk


def full(store: Store, pages: int = 0) -> None:
    """Let the file grow by so many pages and no more."""
    ((used,),) = store.database.rows("PRAGMA page_count")
    store.database.rows(f"PRAGMA max_page_count = {used + pages}")


def room(store: Store) -> None:
    store.database.rows("PRAGMA max_page_count = 1000000")


def test_a_full_disk_is_a_sentence_and_loses_nothing(store: Store) -> None:
    document = opened(store)
    first = kept(store, document)
    promise = claimed(store, store.document(document.id), seed=7)
    before = store.document(document.id)
    full(store)
    with pytest.raises(StorageError, match=r"The disk is full.*try again"):
        store.finish(promise.id, "w", applied(store, promise))
    other = Picture.from_pixels(noise(600, 600, 1))
    with pytest.raises(StorageError, match="The disk is full"):
        store.create(other, "Other")
    assert store.document(document.id) == before
    assert store.picture(first.id) == first.picture
    assert store.revision(promise.id).promised and store.holds(promise.id, "w")
    room(store)
    assert store.finish(promise.id, "w", applied(store, promise))
    assert store.document(document.id).head == promise.id
    assert store.picture(store.create(other, "Other").head) == other


def test_a_disk_that_fills_half_way_through_an_opening(store: Store) -> None:
    full(store, pages=20)  # some tiles fit, not all
    with pytest.raises(StorageError, match="The disk is full"):
        opened(store)
    assert store.database.rows("SELECT count(*) FROM blob") == [(0,)]
    room(store)
    opened(store)


def test_a_real_limit_on_the_files_size(tmp_path: Path) -> None:
    """The system itself stops the file from growing; in a process of its own, as the limit is."""
    code = """
import resource, sys
from pathlib import Path
from editor.database import StorageError
from editor.picture import Picture
from editor.store import Store
from tests.samples import noise
store = Store(Path(sys.argv[1]))
document = store.create(Picture.from_pixels(noise(300, 300)), "first")
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, resource.RLIM_INFINITY))
try:
    store.create(Picture.from_pixels(noise(1500, 1500, 1)), "second")
except StorageError as error:
    print(error)
else:
    sys.exit("the limit was no limit")
assert store.picture(store.document(document.id).head) == Picture.from_pixels(noise(300, 300))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
again = store.create(Picture.from_pixels(noise(1500, 1500, 1)), "second")
assert store.picture(again.head) == Picture.from_pixels(noise(1500, 1500, 1))
store.close()
"""
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "was not saved" in ran.stdout


def test_a_lock_that_another_program_holds_is_a_sentence(store: Store) -> None:
    document = opened(store)
    other = sqlite3.connect(store.database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.database.rows("PRAGMA busy_timeout = 10")
    with pytest.raises(StorageError, match="does not let go"):
        store.undo(document.id)
    assert store.document(document.id) == document  # reading goes on
    other.execute("ROLLBACK")
    other.close()
    store.undo(document.id)
