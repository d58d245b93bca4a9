"""A stranger's document file, read value by value into a database of our own making.

An SQLite file is more than data: tables may compute, indexes lie, pages lead in circles. So its tables must be ours to
the word, its rows are read without its indexes, and only values that were looked at cross over.
"""

import math
import re
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from editor.imaging.limits import MAX_EDIT_JSON
from editor.imaging.picture import TILE
from editor.store.database import TYPES
from editor.store.schema import MIGRATIONS

LONGEST_READING = 60.0  # seconds, and one more for each
SLOWEST = 10 * 2**20  # bytes of the file
MOST_DECODED = 2**33  # pixels: of 64 pictures of the largest size
MOST_ROWS = {"document": 2**10, "revision": 2**16}  # those of other tables:
MOST_OTHER_ROWS = 2**20
LARGEST_BLOB = 2**28  # bytes of a file of pixels
LARGEST_VALUE = 2**24  # bytes of anything else
LONGEST_TEXT = {"id": 64, "document": 64, "parent": 64, "head": 64, "tip": 64, "request": 128, "name": 1000}
LAST_TIME = 253_402_300_799.0  # seconds since 1970, to the end of the year 9999
LARGEST_NUMBER = 2**53
DIGEST = re.compile("[0-9a-f]{32}")
DIGESTS = {("blob", "digest"), ("blob", "base"), ("revision", "crop"), ("drawn", "crop")}
STEPS_OF_SCHEMA = 10_000  # of SQLite's machine, to read what tables there are: some twenty
STEPS = 100_000  # of it, between two looks at the clock
KINDS = {"TEXT": str, "BLOB": bytes, "REAL": float, "INTEGER": int, "BIGINT": int}
LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: LARGEST_VALUE,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 10_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 100,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 20,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
}


class Column(NamedTuple):
    name: str
    kind: type
    needed: bool


class Budget:
    """What it may cost to read a file of so many bytes. Every method raises ValueError with a sentence beyond that."""

    def __init__(self, size: int) -> None:
        self.bytes, self.pixels = size, MOST_DECODED
        self._until = time.monotonic() + LONGEST_READING + size / SLOWEST

    @property
    def late(self) -> bool:
        return time.monotonic() > self._until

    def read(self, values: Sequence[Any]) -> None:
        """Of the values of a row: a file holds each byte once."""
        self.bytes -= sum(len(value) if isinstance(value, str | bytes) else 1 for value in values)
        if self.bytes < 0:
            raise ValueError("its rows come to more than the file has bytes.")
        self._in_time()

    def decode(self, pixels: int) -> None:
        self.pixels -= pixels
        if self.pixels < 0:
            raise ValueError(f"its pictures come to more than {MOST_DECODED:,} pixels.")
        self._in_time()

    def _in_time(self) -> None:
        if self.late:
            raise ValueError("it takes too long to read: a file of its size is read in less.")


def copy_rows(file: Path, to: Path, budget: Budget) -> None:
    """Make a store of the file's format at `to`, with all its rows, each value checked by its type and length.

    ValueError or sqlite3.Error, whose message is what is wrong, for a file that this program did not make or whose rows
    do not belong together.
    """
    address = f"{file.absolute().as_uri()}?mode=ro&immutable=1"
    with (
        closing(sqlite3.connect(address, uri=True)) as theirs,
        closing(sqlite3.connect(to, isolation_level=None)) as ours,
    ):
        for limit, most in LIMITS.items():
            theirs.setlimit(limit, most)
        theirs.text_factory = _text  # sqlite3's own repeats in its sentence what it cannot decode
        for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON"):
            theirs.execute(f"PRAGMA {pragma}")
        version = int(theirs.execute("PRAGMA user_version").fetchone()[0])
        if version > len(MIGRATIONS):
            raise ValueError(
                f"it was written by a newer Palimpsest (format {version}, this one knows {len(MIGRATIONS)}): install "
                "the newer one."
            )
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = ON"):
            ours.execute(f"PRAGMA {pragma}")
        make_tables(ours, version)
        theirs.set_progress_handler(lambda: True, STEPS_OF_SCHEMA)
        if version < 1 or _tables(theirs) != _tables(ours):
            raise ValueError("it holds more than a document, or was not made by Palimpsest.")
        theirs.set_progress_handler(lambda: budget.late, STEPS)
        ours.execute("BEGIN")
        names = ours.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid").fetchall()
        for (table,) in names:
            try:
                _copy_table(theirs, ours, table, budget)
            except sqlite3.IntegrityError as error:
                raise ValueError(f"its table {table} does not belong to the others ({error}).") from None
        _check_tree(ours)
        ours.execute("COMMIT")


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ValueError("it holds text that is not UTF-8.") from None


def make_tables(db: sqlite3.Connection, version: int) -> None:
    """The empty tables of a format, from 1 on, as this program would have made them."""
    for migration in MIGRATIONS[:version]:
        for statement in migration:
            db.execute(statement.format(**TYPES["sqlite"]))
    db.execute(f"PRAGMA user_version = {version}")


def _tables(db: sqlite3.Connection) -> list[tuple[str, ...]]:
    """All that a file says it has: tables, indexes and the rest, as it was written but for spaces."""
    rows = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
    return sorted(tuple(re.sub(r"[ \t\r\n]+", " ", str(value)) for value in row) for row in rows)


def _copy_table(theirs: sqlite3.Connection, ours: sqlite3.Connection, table: str, budget: Budget) -> None:
    columns = [
        Column(name, KINDS[kind], bool(needed or key))
        for _, name, kind, needed, _, key in ours.execute(f'PRAGMA table_info("{table}")')
    ]
    names = ", ".join(f'"{column.name}"' for column in columns)
    insert = f'INSERT INTO "{table}" ({names}) VALUES ({", ".join("?" * len(columns))})'
    theirs.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_BLOB if table == "blob" else LARGEST_VALUE)
    most = MOST_ROWS.get(table, MOST_OTHER_ROWS)
    for count, row in enumerate(theirs.execute(f'SELECT {names} FROM "{table}" NOT INDEXED'), 1):
        if count > most:
            raise ValueError(f"its table {table} has more than {most:,} rows.")
        budget.read(row)
        for column, value in zip(columns, row, strict=True):
            if not _fits(table, column, value):
                raise ValueError(f"its table {table} holds what is no {column.name}.")
        ours.execute(insert, row)


def _fits(table: str, column: Column, value: str | bytes | float | None) -> bool:
    """Whether a value is one that this program could have written there."""
    if value is None:
        return not column.needed
    if isinstance(value, str):
        if (table, column.name) in DIGESTS:
            return DIGEST.fullmatch(value) is not None
        return column.kind is str and len(value) <= LONGEST_TEXT.get(column.name, MAX_EDIT_JSON) and "\0" not in value
    if isinstance(value, bytes):
        return column.kind is bytes
    if column.kind not in (int, float) or (column.kind is int and not isinstance(value, int)):
        return False
    if column.name in ("x", "y"):
        return 0 <= value < TILE
    if column.name in ("created", "deleted"):
        return 0 <= value <= LAST_TIME
    return math.isfinite(value) and abs(value) <= LARGEST_NUMBER


def _check_tree(db: sqlite3.Connection) -> None:
    """ValueError unless every document is one tree, parents before children, from a picture that was opened."""
    owners: dict[str, str] = {}
    roots: set[str] = set()
    rows = db.execute("SELECT id, document, parent, edit IS NULL, tiles IS NULL FROM revision ORDER BY seq")
    for id, document, parent, opened, unfinished in rows:
        if (parent is None) != bool(opened):
            raise ValueError("a state of its history has no parent and an edit, or a parent and none.")
        if parent is None:
            if document in roots or unfinished:
                raise ValueError("a document in it does not begin with one opened picture.")
            roots.add(document)
        elif owners.get(parent) != document:
            raise ValueError("a state of its history comes before its parent, or is another document's.")
        owners[id] = document
