"""An untrusted document file, copied value by value into a new database.

An SQLite file can hold more than data: computed columns, wrong indexes, pages that refer to each other in circles. So
its schema must equal ours exactly, its rows are read without its indexes, and only checked values are copied.
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

LONGEST_READING = 60.0  # seconds to read a file, plus the time that its size takes at
SLOWEST = 10 * 2**20  # bytes a second
MOST_DECODED = 2**33  # pixels, those of 64 pictures of the largest size
MOST_ROWS = {"document": 2**10, "revision": 2**16}
MOST_OTHER_ROWS = 2**20  # of each other table
LARGEST_BLOB = 2**28  # bytes of a file of pixels
LARGEST_VALUE = 2**24  # bytes of anything else
LONGEST_TEXT = {"id": 64, "document": 64, "parent": 64, "head": 64, "tip": 64, "request": 128, "name": 1000}
LAST_TIME = 253_402_300_799.0  # seconds since 1970, to the end of the year 9999
LARGEST_NUMBER = 2**53
DIGEST = re.compile("[0-9a-f]{32}")
DIGESTS = {("blob", "digest"), ("blob", "base"), ("revision", "crop"), ("drawn", "crop")}
STEPS_OF_SCHEMA = 10_000  # instructions of SQLite's virtual machine to read the schema, which takes about twenty
STEPS = 100_000  # such instructions between two checks of the time
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
    """A column of a table."""

    name: str
    kind: type
    required: bool  # whether it may not be NULL


class Budget:
    """The bytes, pixels and time that reading a file may take.

    Every method raises ValueError, with the reason as a clause that ends in a full stop, once it is used up.
    """

    def __init__(self, size: int) -> None:
        """Starts the clock for a file of `size` bytes."""
        self.bytes, self.pixels = size, MOST_DECODED
        self._until = time.monotonic() + LONGEST_READING + size / SLOWEST

    @property
    def late(self) -> bool:
        """Whether the time is used up."""
        return time.monotonic() > self._until

    def read(self, values: Sequence[Any]) -> None:
        """Counts the values of a row, which cannot hold more bytes than the file."""
        self.bytes -= sum(len(value) if isinstance(value, str | bytes) else 1 for value in values)
        if self.bytes < 0:
            raise ValueError("its rows have more bytes than the file.")
        self._check_time()

    def decode(self, pixels: int) -> None:
        """Counts decoded pixels."""
        self.pixels -= pixels
        if self.pixels < 0:
            raise ValueError(f"its pictures come to more than {MOST_DECODED:,} pixels.")
        self._check_time()

    def _check_time(self) -> None:
        if self.late:
            raise ValueError("it takes too long to read for a file of its size.")


def copy_rows(file: Path, to: Path, budget: Budget) -> None:
    """Copies all rows of a document file into a new database of the same format, and checks each value.

    Args:
        file: the untrusted file.
        to: the database file to create.
        budget: what reading it may take.

    Raises:
        ValueError: this program did not write the file, its rows do not belong together, or the budget is used up. The
            message is the reason, as a clause that ends in a full stop.
        sqlite3.Error: SQLite cannot read the file.
    """
    url = f"{file.absolute().as_uri()}?mode=ro&immutable=1"
    with (
        closing(sqlite3.connect(url, uri=True)) as theirs,
        closing(sqlite3.connect(to, isolation_level=None)) as ours,
    ):
        for limit, value in LIMITS.items():
            theirs.setlimit(limit, value)
        theirs.text_factory = _text  # the default's error message repeats the text that it cannot decode
        for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON"):
            theirs.execute(f"PRAGMA {pragma}")
        version = int(theirs.execute("PRAGMA user_version").fetchone()[0])
        if version > len(MIGRATIONS):
            raise ValueError(
                f"it was written by a newer Palimpsest (format {version}, this version supports up to "
                f"{len(MIGRATIONS)}); install the newer version."
            )
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = ON"):
            ours.execute(f"PRAGMA {pragma}")
        make_tables(ours, version)
        theirs.set_progress_handler(lambda: True, STEPS_OF_SCHEMA)
        if version < 1 or _tables(theirs) != _tables(ours):
            raise ValueError("it holds more than a document, or was not written by Palimpsest.")
        theirs.set_progress_handler(lambda: budget.late, STEPS)
        ours.execute("BEGIN")
        names = ours.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid").fetchall()
        for (table,) in names:
            try:
                _copy_table(theirs, ours, table, budget)
            except sqlite3.IntegrityError as error:
                raise ValueError(f"its table {table} does not match the others ({error}).") from None
        _check_tree(ours)
        ours.execute("COMMIT")


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ValueError("it holds text that is not UTF-8.") from None


def make_tables(db: sqlite3.Connection, version: int) -> None:
    """Creates the empty tables of a format, 1 or later, as this program did."""
    for migration in MIGRATIONS[:version]:
        for statement in migration:
            db.execute(statement.format(**TYPES["sqlite"]))
    db.execute(f"PRAGMA user_version = {version}")


def _tables(db: sqlite3.Connection) -> list[tuple[str, ...]]:
    """Returns the schema of a file: tables, indexes and the rest, with spaces normalised."""
    rows = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
    return sorted(tuple(re.sub(r"[ \t\r\n]+", " ", str(value)) for value in row) for row in rows)


def _copy_table(theirs: sqlite3.Connection, ours: sqlite3.Connection, table: str, budget: Budget) -> None:
    columns = [
        Column(name, KINDS[kind], bool(required or key))
        for _, name, kind, required, _, key in ours.execute(f'PRAGMA table_info("{table}")')
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
                raise ValueError(f"its table {table} holds an invalid {column.name}.")
        ours.execute(insert, row)


def _fits(table: str, column: Column, value: str | bytes | float | None) -> bool:
    """Tells whether this program could have written a value into a column."""
    if value is None:
        return not column.required
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
    """Raises ValueError unless each document is one tree, parents before children, that begins at an opened picture."""
    owners: dict[str, str] = {}
    roots: set[str] = set()
    rows = db.execute("SELECT id, document, parent, edit IS NULL, tiles IS NULL FROM revision ORDER BY seq")
    for id, document, parent, opened, unfinished in rows:
        if (parent is None) != bool(opened):
            raise ValueError("a step of its history has an edit but no parent, or a parent but no edit.")
        if parent is None:
            if document in roots or unfinished:
                raise ValueError("its document does not begin with exactly one opened picture.")
            roots.add(document)
        elif owners.get(parent) != document:
            raise ValueError("a step of its history comes before its parent, or belongs to another document.")
        owners[id] = document
