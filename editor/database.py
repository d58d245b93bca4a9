"""Database: one SQLite file with its lock, its transactions, migrations, and its complaints as sentences."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any


class StorageError(OSError):
    """The disk or the file refused; the message is a sentence. What was stored before is untouched."""


class Database:
    """An SQLite file, made with its folder when missing and brought to the newest of `migrations`.

    migrations: append only, each a tuple of statements. A file which has seen more of them than there are was
    written by a newer program and is refused. One connection, one lock: safe to share between threads, and
    with processes. Every method raises StorageError for whatever SQLite or the disk refuses.
    """

    def __init__(self, path: Path, migrations: tuple[tuple[str, ...], ...]) -> None:
        self.path = path
        self._lock = RLock()
        with self._plainly():
            path.parent.mkdir(parents=True, exist_ok=True)
            # isolation_level None: every BEGIN is ours. timeout: seconds to wait for another process's write.
            self.connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            with self._plainly():
                self.connection.execute("PRAGMA journal_mode = WAL")
                self.connection.execute("PRAGMA synchronous = FULL")  # what is committed outlives a power cut
                self.connection.execute("PRAGMA foreign_keys = ON")
            self._migrate(migrations)
        except StorageError:
            self.connection.close()
            raise

    def close(self) -> None:
        with self._lock:
            self.connection.close()

    def rows(self, sql: str, *values: object) -> list[Any]:
        """All rows of a SELECT."""
        with self._lock, self._plainly():
            return self.connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> Any:
        """The first row of a SELECT, or None."""
        with self._lock, self._plainly():
            try:
                return self.connection.execute(sql, values).fetchone()
            except UnicodeEncodeError:  # half a character, out of some address: it names nothing
                return None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """BEGIN IMMEDIATE ... COMMIT, or ROLLBACK and raise."""
        with self._lock, self._plainly():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            finally:
                # SQLite itself has ended some that fail, of a full disk for one
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")

    def _migrate(self, migrations: tuple[tuple[str, ...], ...]) -> None:
        """One transaction a migration, its mark within; the mark is read within too, as two processes may
        start at once.
        """
        while True:
            with self.transaction() as db:
                (version,) = db.execute("PRAGMA user_version").fetchone()
                if version > len(migrations):
                    raise StorageError(
                        f"{self.path} was written by a newer Palimpsest (format {version}, this one knows "
                        f"{len(migrations)}): install the newer one, or choose another data folder."
                    )
                if version == len(migrations):
                    return
                for statement in migrations[version]:
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {version + 1}")

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        try:
            yield
        except StorageError:
            raise
        except (sqlite3.Error, OSError) as error:
            raise StorageError(self._sentence(error)) from error

    def _sentence(self, error: Exception) -> str:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the lower byte is the kind
        folder = self.path.parent
        if code == sqlite3.SQLITE_FULL:
            return (
                "The disk is full: this was not saved; what was saved before is all there. "
                f"Make room in {folder} and try again."
            )
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return (
                f"{self.path} is damaged or no Palimpsest file ({error}): move it away, or choose another data folder."
            )
        if code == sqlite3.SQLITE_BUSY:
            return f"Another program holds {self.path} and does not let go: close it and try again."
        return (
            f"The data folder {folder} cannot be used ({error}): this was not saved. "
            "Check that it is there, writable, and has room."
        )
