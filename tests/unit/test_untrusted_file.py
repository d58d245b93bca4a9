"""Documents' files of strangers: what is no document of ours is a sentence, soon, and leaves nothing behind."""

import resource
import sqlite3
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings

from editor.formats.images import encode_tile
from editor.session import Session
from editor.store import untrusted_file
from editor.store.schema import MIGRATIONS
from editor.store.store import FILE, Store
from editor.store.untrusted_file import Budget
from tests.forging import STATEMENTS, Change, Victim, by_json, by_sql, forgeries, honest
from tests.samples import noise
from tests.unit.test_migrations import written

GROWTH = 400 * 2**20  # bytes of memory that all of them together may take


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    victim = Victim(tmp_path_factory.mktemp("victim"))
    yield victim
    victim.close()


def most_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_what_was_not_forged_is_opened(victim: Victim) -> None:
    assert victim.check([])


@settings(max_examples=25)
@given(forgery=forgeries())
def test_a_forged_file_is_a_document_or_a_sentence(victim: Victim, forgery: list[Change]) -> None:
    before = most_memory()
    victim.check(forgery)
    assert most_memory() - before < GROWTH


@pytest.mark.parametrize("statement", STATEMENTS)
def test_what_was_seen_to_work_works_no_more(victim: Victim, statement: str) -> None:
    before = most_memory()
    opened = victim.check([by_sql(statement)])
    assert opened == (statement == "UPDATE document SET head = (SELECT id FROM revision ORDER BY seq LIMIT 1)")
    assert most_memory() - before < GROWTH


ENDED: dict[str, tuple[Change, str]] = {
    "a cycle": (by_sql("UPDATE revision SET parent = id WHERE parent NOT NULL"), "before its parent"),
    "a longer one": (by_sql(STATEMENTS[2]), "does not match the others"),
    "a date without an end": (by_sql("UPDATE revision SET created = 9e999"), "an invalid created"),
    "a date in words": (by_sql("UPDATE revision SET created = 'now'"), "an invalid created"),
    "a name of bytes": (by_sql("UPDATE document SET name = x'00ff'"), "an invalid name"),
    "a name without an end": (by_sql("UPDATE document SET name = hex(zeroblob(1000))"), "an invalid name"),
    "half a character": (by_sql("UPDATE revision SET name = CAST(x'eda080' AS TEXT)"), "text that is not UTF-8"),
    "a profile of words": (by_sql("UPDATE document SET icc = 'wide'"), "an invalid icc"),
    "tiles of words": (by_sql("UPDATE revision SET tiles = 'none'"), "an invalid tiles"),
    "a part beyond its tile": (by_sql("UPDATE blob SET x = 256"), "an invalid x"),
    "a digest of words": (by_sql("UPDATE drawn SET crop = 'crop'"), "an invalid crop"),
    "two beginnings": (by_sql("UPDATE revision SET parent = NULL, edit = NULL"), "one opened picture"),
    "a step without an edit": (by_sql("UPDATE revision SET edit = NULL"), "no parent"),
    "too many documents": (
        by_sql(
            """WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000)
            INSERT INTO document (id, name, head, tip, deleted) SELECT x, '', head, tip, 1 FROM document, n"""
        ),
        "more than 1,024 rows",
    ),
    "a head elsewhere": (by_sql("UPDATE document SET head = 'x'"), "is missing"),
    "a computed column": (by_sql(STATEMENTS[7]), "more than a document"),
    "a million tables": (
        by_sql(
            """WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000000) INSERT INTO
            sqlite_master SELECT 'table', 'more' || x, 'more' || x, 2, 'CREATE TABLE more' || x || ' (x)' FROM n"""
        ),
        "cannot be opened",
    ),
    "a box out of sight": (by_sql("UPDATE revision SET box = '[1e400, 0, 9, 9]'"), "do not fill"),
    "a mask out of sight": (by_json("mask.box", f"[{10**20}, 0, 50, 40]"), "of at most"),
    "numbers without an end": (by_json("guidance", "Infinity"), "must be a number"),
    "more digits than numbers have": (by_json("seed", "9" * 5000), "must be JSON"),
    "lists in lists": (by_json("margins", "[" * 20_000 + "]" * 20_000), "nested too deeply"),
}  # fmt: skip


@pytest.mark.parametrize("what", ENDED)
def test_the_sentence_says_what_is_wrong(session: Session, tmp_path: Path, what: str) -> None:
    file = tmp_path / "room.palimpsest"
    file.write_bytes(honest())
    change, sentence = ENDED[what]
    change(file)
    started, before = time.monotonic(), most_memory()
    with pytest.raises(ValueError, match=sentence):
        session.open_document(file)
    assert time.monotonic() - started < 10 and most_memory() - before < GROWTH
    assert session.store.documents.all() == []


def a_mask_of(side: int) -> bytes:
    """A sound PNG of so many empty rows, one bit a pixel."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    rows = zlib.compress(bytes((side // 8 + 1) * side), 1)
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def a_tile_of(side: int) -> bytes:
    data = encode_tile(noise(2, 2))
    sides = int.from_bytes(data[21:25], "little") >> 28 << 28 | (side - 1) << 14 | (side - 1)
    return data[:21] + sides.to_bytes(4, "little") + data[25:]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: a_mask_of(20_000), "too large: 20,000 x 20,000"),
        (lambda: a_tile_of(16_384), "too large: 16,384 x 16,384"),
        (lambda: a_tile_of(10_000), "too large: 10,000 x 10,000"),
        (lambda: b"RIFF", "not a lossless WebP"),
        (lambda: b"", "not a lossless WebP"),
    ],
    ids=["a mask", "a tile", "a smaller one", "a beginning", "nothing"],
)
def test_pixels_that_unpack_without_an_end(
    session: Session, tmp_path: Path, make: Callable[[], bytes], sentence: str
) -> None:
    file = tmp_path / "room.palimpsest"
    file.write_bytes(honest())
    data = make()
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        masks = data.startswith(b"\x89PNG")
        db.execute("UPDATE blob SET bytes = ? WHERE (hex(bytes) LIKE '89504E47%') = ?", [data, masks])
    before = most_memory()
    with pytest.raises(ValueError, match=sentence):
        session.open_document(file)
    assert most_memory() - before < 100 * 2**20


@pytest.mark.parametrize(
    ("limit", "value", "sentence"),
    [
        ("MOST_DECODED", 3 * 256 * 256, "come to more than 196,608 pixels"),
        ("LONGEST_READING", -(10**6), "too long to read"),
        ("MOST_ROWS", {"revision": 3}, "its table revision has more than 3 rows"),
        ("LARGEST_BLOB", 1000, "too big"),
    ],
)
def test_there_is_an_end_to_what_is_read(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: object, sentence: str
) -> None:
    file = tmp_path / "room.palimpsest"
    file.write_bytes(honest())
    monkeypatch.setattr(untrusted_file, limit, value)
    with pytest.raises(ValueError, match=sentence):
        session.open_document(file)


def test_rows_that_share_their_bytes_are_counted() -> None:
    """A tree of pages may lead to one page many times over."""
    budget = Budget(10_000)
    budget.read([b"x" * 9000, None, "name"])
    with pytest.raises(ValueError, match="more bytes than the file"):
        budget.read([b"x" * 9000])


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
def test_an_honest_file_of_every_format_is_opened(session: Session, tmp_path: Path, version: int) -> None:
    _, pictures = written(tmp_path / "old", version)
    file = (tmp_path / "old" / FILE).rename(tmp_path / "old.palimpsest")
    held = file.read_bytes()
    document = session.open_document(file)
    assert session.picture(document.id) == pictures[1] and document.name == "Room"
    assert session.undo(document.id).head != document.head and session.picture(document.id) == pictures[0]
    assert file.read_bytes() == held


def test_what_the_store_refuses_is_not_laid_on_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from editor.store.database import StorageError

    store = Store(tmp_path / "data")
    session = Session(store)
    (tmp_path / "room.palimpsest").write_bytes(honest())
    refuse: Callable[..., None] = lambda *_: (_ for _ in ()).throw(StorageError("The disk is full."))  # noqa: E731
    monkeypatch.setattr(store.blobs, "insert", refuse)
    with pytest.raises(StorageError, match="The disk is full"):
        session.open_document(tmp_path / "room.palimpsest")
    store.close()
