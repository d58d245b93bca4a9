"""The file and the server that a store lies in."""

import sqlite3
import subprocess
import sys
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import event

from editor.imaging.picture import Picture
from editor.store.blobs import NotFound
from editor.store.database import Database, StorageError
from editor.store.schema import MIGRATIONS
from editor.store.store import FILE, Store
from tests.samples import noise
from tests.unit.test_store import applied, claimed, kept, opened

ROOT = Path(__file__).parents[2]

# the file


def test_the_file_is_set_to_outlive_a_power_cut(store: Store) -> None:
    values = [store.database.row(f"PRAGMA {name}")[0] for name in ("journal_mode", "synchronous", "foreign_keys")]
    assert values == ["wal", 2, 1]


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    class Interrupted(Exception):
        pass

    with pytest.raises(Interrupted), store.database.transaction() as db:
        db.run("INSERT INTO blob (digest, bytes) VALUES ('a', 'b')")
        raise Interrupted
    with pytest.raises(NotFound):
        store.blobs.file("a")
    opened(store)  # and the connection is usable


def test_a_transaction_has_the_file_to_itself_from_its_beginning(store: Store) -> None:
    """Otherwise two workers could both read that a job is free before either of them takes it."""
    other = Store(store.database.path.parent)
    impatient(other)
    with store.database.transaction():
        with pytest.raises(StorageError, match="does not release it"), other.database.transaction():
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
    with pytest.raises(StorageError, match="damaged or not a Palimpsest file"):
        Store(tmp_path)
    (tmp_path / "file").write_text("")
    for none in (tmp_path / "file", tmp_path / "file" / "folder"):
        with pytest.raises(StorageError, match=r"is not a folder.* Choose a folder with --data"):
            Store(none)


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
    for round in range(20):
        stores: list[Store] = []
        ready = Barrier(6)

        def start(folder: Path, stores: list[Store] = stores, ready: Barrier = ready) -> None:
            ready.wait()
            stores.append(Store(folder))

        threads = [Thread(target=start, args=(tmp_path / str(round),)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(stores) == 6
        document = opened(stores[0])
        for store in stores:
            assert store.documents.get(document.id) == document
            store.close()


def test_a_file_that_another_is_making_is_waited_for(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # as it holds the file while it switches its journal
    stores: list[Store] = []
    thread = Thread(target=lambda: stores.append(Store(tmp_path)))
    thread.start()
    thread.join(0.3)
    assert thread.is_alive(), "did not wait"
    other.execute("ROLLBACK")
    other.close()
    thread.join()
    assert len(stores) == 1
    stores[0].close()


# the disk


def full(store: Store, pages: int = 0) -> None:
    """Let the file grow by so many pages and no more."""
    ((used,),) = store.database.rows("PRAGMA page_count")
    limit(store, used + pages)


def room(store: Store) -> None:
    limit(store, 1_000_000)


def limit(store: Store, pages: int) -> None:
    """The limit is each connection's own, so all begin anew."""

    def limited(connection: sqlite3.Connection, record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(store.database.writing, "connect", limited)
    store.database.writing.dispose()


def impatient(store: Store) -> None:
    """It waits for no other program."""
    event.listen(store.database.writing, "connect", lambda opened, _: opened.execute("PRAGMA busy_timeout = 10"))
    store.database.writing.dispose()


def test_a_full_disk_is_a_sentence_and_loses_nothing(store: Store) -> None:
    document = opened(store)
    first = kept(store, document)
    job = claimed(store, store.documents.get(document.id), seed=7)
    before = store.documents.get(document.id)
    full(store)
    with pytest.raises(StorageError, match=r"The disk is full.*try again"):
        store.jobs.finish(job.id, "w", *applied(store, job))
    other = Picture.from_pixels(noise(600, 600, 1))
    with pytest.raises(StorageError, match="The disk is full"):
        store.documents.create(other, "Other")
    assert store.documents.get(document.id) == before
    assert store.revisions.picture(first.id) == first.picture
    assert store.revisions.get(job.id).pending and store.jobs.holds(job.id, "w")
    room(store)
    assert store.jobs.finish(job.id, "w", *applied(store, job))
    assert store.documents.get(document.id).head == job.id
    assert store.revisions.picture(store.documents.create(other, "Other").head) == other


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
from editor.store.database import StorageError
from editor.imaging.picture import Picture
from editor.store.store import Store
from tests.samples import noise
store = Store(Path(sys.argv[1]))
document = store.documents.create(Picture.from_pixels(noise(300, 300)), "first")
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, resource.RLIM_INFINITY))
try:
    store.documents.create(Picture.from_pixels(noise(1500, 1500, 1)), "second")
except StorageError as error:
    print(error)
else:
    sys.exit("the limit was no limit")
assert store.revisions.picture(store.documents.get(document.id).head) == Picture.from_pixels(noise(300, 300))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
again = store.documents.create(Picture.from_pixels(noise(1500, 1500, 1)), "second")
assert store.revisions.picture(again.head) == Picture.from_pixels(noise(1500, 1500, 1))
store.close()
"""
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "was not saved" in ran.stdout


def test_a_lock_that_another_program_holds_is_a_sentence(store: Store) -> None:
    document = opened(store)
    other = sqlite3.connect(store.database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    impatient(store)
    with pytest.raises(StorageError, match="does not release it"):
        store.documents.undo(document.id)
    assert store.documents.get(document.id) == document  # reading goes on
    other.execute("ROLLBACK")
    other.close()
    store.documents.undo(document.id)
