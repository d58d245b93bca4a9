"""How each connection to an SQLite file is set up."""

import sqlite3
import time

LOCK_TIMEOUT = 30  # seconds to wait for another process's write, in PostgreSQL too


def set_up(connection: sqlite3.Connection, record: object) -> None:
    """Has a new connection write ahead, and commit so that a power cut loses nothing."""
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")  # a commit survives a power cut
    connection.execute("PRAGMA foreign_keys = ON")
    # some builds overwrite all deleted data with zeros, which a full disk has no room to log
    connection.execute("PRAGMA secure_delete = FAST")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switches to write-ahead logging, so that reads do not wait for a write.

    The first connection to a new file switches it. Meanwhile SQLite refuses the others at once, without its usual
    timeout, because each would wait for a lock that the other holds; hence the loop.
    """
    until = time.monotonic() + LOCK_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
