"""Documents' files that somebody forged: an honest one, altered by SQL, in its JSON and byte by byte."""

import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from editor.imaging.geometry import Box
from editor.session import Session
from editor.store.blobs import NotFound
from editor.store.maintenance import compact
from editor.store.store import Store
from editor.worker import Worker
from tests.fakes import NoisePipeline, loader
from tests.samples import an_edit, disc, noise, profile
from tests.wire import RouteClient

LONGEST = 30.0  # seconds that anything about a forged file may take, on a busy machine

TABLES = {
    "blob": ("digest", "bytes", "base", "x", "y"),
    "document": ("id", "name", "head", "tip", "deleted", "icc", "metadata"),
    "revision": (
        "seq", "id", "document", "parent", "edit", "created", "worker", "lease", "error", "box", "tiles", '"window"',
        "crop", "request", "follows", "name", "deleted", "remakes", "deaths", "death",
    ),
    "drawn": ("revision", "request", "crop"),
}  # fmt: skip
VALUES = (
    "NULL", "0", "-1", "1.5", "9e999", "-9e999", "1e300", "9223372036854775807", "-9223372036854775808", "''", "'a'",
    "x''", "x'00'", "x'52494646'", "zeroblob(3000000)", "CAST(x'eda080' AS TEXT)", "CAST(x'610062' AS TEXT)",
    "hex(zeroblob(500000))", "'[0, 0, 1, 1]'", "'[1e400, 0, 1, 1]'", "'[0, 0, 134217728, 1]'", "'{}'",
    """'{"dpi": [NaN, 1e999]}'""", "(SELECT id FROM revision ORDER BY seq LIMIT 1)",
    "(SELECT id FROM revision ORDER BY seq DESC LIMIT 1)", "(SELECT digest FROM blob LIMIT 1 OFFSET 2)",
    "(SELECT tiles FROM revision WHERE tiles NOT NULL LIMIT 1)", "(SELECT edit FROM revision WHERE edit NOT NULL)",
    "(SELECT bytes FROM blob ORDER BY length(bytes) LIMIT 1)", "hex(randomblob(16))",
)  # fmt: skip
STATEMENTS = (
    "UPDATE revision SET parent = id",
    "UPDATE revision SET parent = (SELECT max(id) FROM revision)",
    "UPDATE revision SET parent = (SELECT id FROM revision ORDER BY seq DESC LIMIT 1) WHERE seq = 2",
    "UPDATE revision SET seq = 100 - seq",
    "UPDATE revision SET parent = NULL, edit = NULL",
    "UPDATE document SET head = (SELECT id FROM revision ORDER BY seq LIMIT 1)",
    "ALTER TABLE document ADD COLUMN more TEXT",
    "ALTER TABLE document ADD COLUMN more TEXT AS (hex(zeroblob(300000000))) VIRTUAL",
    "ALTER TABLE document RENAME COLUMN name TO label",
    "ALTER TABLE drawn RENAME TO painted",
    "CREATE TABLE more (x)",
    "CREATE INDEX more ON document (name)",
    "CREATE INDEX more ON document (hex(zeroblob(3000000)))",
    "CREATE VIEW more AS WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT * FROM n",
    "CREATE TRIGGER more AFTER INSERT ON blob BEGIN DELETE FROM document; END",
    "CREATE VIRTUAL TABLE more USING fts5(x)",
    "DROP INDEX of_parent",
    "DROP TABLE drawn",
    "ANALYZE",
    "PRAGMA user_version = 0",
    "PRAGMA user_version = 1",
    "PRAGMA user_version = 2000000000",
    "PRAGMA user_version = -1",
    "UPDATE sqlite_master SET rootpage = 2 WHERE type = 'table'",
    "UPDATE sqlite_master SET rootpage = 3 WHERE type = 'index'",
    "UPDATE sqlite_master SET sql = replace(sql, 'name TEXT', 'name TEXT COLLATE NOCASE')",
    "UPDATE sqlite_master SET sql = replace(sql, 'name TEXT NOT NULL', 'name AS (zeroblob(900000000)) STORED')",
    "INSERT INTO document (id, name, head, tip) SELECT 'x', name, head, tip FROM document",
    "UPDATE blob SET base = digest, x = 0, y = 0",
    "UPDATE blob SET base = (SELECT digest FROM blob LIMIT 1), x = 250, y = 250",
    "UPDATE document SET deleted = 0",
)
WORDS = ("NaN", "Infinity", "-1", "1e400", "1e300", "9" * 4000, "9" * 5000, "[" * 5000 + "]" * 5000, "null", "true",
         "[]", "{}", '""', '"a"', '"\\ud800"', '"\\u0000"', '"' + "x" * 300_000 + '"', "[0, 0, 1, 1]", "0.5",
         '[{"name": "a", "weight": 1e999}]', '[{"name": "../../etc/passwd", "weight": 1}]')  # fmt: skip
KEYS = (
    "mask", "mask.box", "mask.digest", "blend", "blend.feather", "blend.opacity", "prompt", "steps", "seed", "guidance",
    "strength", "pipeline", "sampler", "margins", "sketch", "reference", "adapters", "adjustment", "more",
)  # fmt: skip

Change = Callable[[Path], None]


@cache
def honest() -> bytes:
    """A document with a branch, a name, a profile and what was drawn, as its file."""
    with TemporaryDirectory() as folder:
        session = Session(Store(Path(folder) / "data"))
        worker = Worker(session.store, loader(NoisePipeline()))
        document = session.open(noise(120, 100), "Room", profile())
        for seed in range(3):
            session.submit(document.id, an_edit(disc(Box(30, 40, 50, 40)), seed=seed, steps=1))
            assert worker.run_one()
            if seed == 1:
                session.undo(document.id)
        session.rename(session.store.documents.get(document.id).head, "A branch")
        session.exports.write(document.id, Path(folder) / "room.palimpsest")
        session.store.close()
        return (Path(folder) / "room.palimpsest").read_bytes()


def by_sql(*statements: str) -> Change:
    """What SQLite itself refuses to do is left out."""

    def change(file: Path) -> None:
        with closing(sqlite3.connect(file, isolation_level=None)) as db, suppress(sqlite3.Error):
            db.execute("PRAGMA journal_mode = DELETE")
            db.execute("PRAGMA writable_schema = ON")
            for statement in statements:
                db.execute(statement)

    return change


def by_json(key: str, word: str) -> Change:
    """Say something else in every edit."""

    def change(file: Path) -> None:
        with closing(sqlite3.connect(file, isolation_level=None)) as db, suppress(sqlite3.Error):
            for id, text in db.execute("SELECT id, edit FROM revision WHERE edit NOT NULL").fetchall():
                record = json.loads(text)
                *outer, last = key.split(".")
                inner = record[outer[0]] if outer else record
                inner[last] = "@"
                db.execute("UPDATE revision SET edit = ? WHERE id = ?", [json.dumps(record).replace('"@"', word), id])

    return change


def by_bytes(places: Sequence[tuple[float, int]], length: float) -> Change:
    """Flip bits at places, as shares of the file, and cut it short."""

    def change(file: Path) -> None:
        data = bytearray(file.read_bytes())
        for share, bits in places:
            data[int(share * (len(data) - 1))] ^= bits
        file.write_bytes(data[: int(length * len(data))])

    return change


def _cells(table: str) -> st.SearchStrategy[Change]:
    columns, values, rows = st.sampled_from(TABLES[table]), st.sampled_from(VALUES), st.integers(0, 5)
    one = f"rowid = (SELECT rowid FROM {table} LIMIT 1 OFFSET {{}})"
    update = st.builds(
        lambda column, value, row: by_sql(f"UPDATE {table} SET {column} = {value} WHERE {one.format(row)}"),
        columns, values, rows,
    )  # fmt: skip
    every = st.builds(lambda column, value: by_sql(f"UPDATE {table} SET {column} = {value}"), columns, values)
    delete = st.builds(lambda row: by_sql(f"DELETE FROM {table} WHERE {one.format(row)}"), rows)
    again = st.builds(
        lambda column, value: by_sql(
            f"CREATE TEMP TABLE again AS SELECT * FROM {table} LIMIT 1",
            f"UPDATE again SET {column} = {value}",
            f"INSERT INTO {table} SELECT * FROM again",
        ),
        columns, values,
    )  # fmt: skip
    return update | every | delete | again


def changes() -> st.SearchStrategy[Change]:
    """One thing that a forger may do to a file."""
    cells = st.one_of([_cells(table) for table in TABLES])
    whole = st.sampled_from(STATEMENTS).map(by_sql)
    edits = st.builds(by_json, st.sampled_from(KEYS), st.sampled_from(WORDS))
    places = st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), min_size=1, max_size=8)
    # what SQLite looks at first: the header, and what tables there are
    early = st.lists(st.tuples(st.floats(0, 0.02), st.integers(1, 255)), min_size=1, max_size=3)
    flips = st.builds(by_bytes, places | early, st.just(1.0) | st.floats(0, 1))
    return cells | cells | edits | whole | flips


def forgeries() -> st.SearchStrategy[list[Change]]:
    """All that is done to one file, in order."""
    return st.lists(changes(), min_size=1, max_size=3)


def forge(folder: Path, minutes: float, number: int) -> int:
    """Send forged files for so many minutes; how many. AssertionError, with how it was made, when one did harm."""
    victim, until, sent = Victim(folder), time.monotonic() + 60 * minutes, 0
    profile = settings(max_examples=10**6, database=None, derandomize=False, deadline=None, report_multiple_bugs=False)

    @seed(number)
    @settings(profile, suppress_health_check=list(HealthCheck))
    @given(forgery=forgeries())
    def check(forgery: Sequence[Change]) -> None:
        nonlocal sent
        if time.monotonic() > until:
            raise KeyboardInterrupt  # which is how Hypothesis is ended
        victim.check(forgery)
        sent += 1

    try:
        with suppress(KeyboardInterrupt):
            check()
    finally:
        victim.close()
    return sent


class Victim:
    """A server with a document of somebody else's, to whom forged files are sent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store(folder / "data")
        self.routes = RouteClient(self.store, folder, local=True)
        self.own = self.routes.session.open(noise(90, 60), "Mine")

    def close(self) -> None:
        self.routes.worker.stop()
        self.store.close()

    @property
    def rows(self) -> list[Any]:
        """What there is."""
        queries = (
            "SELECT digest, length(bytes) FROM blob ORDER BY digest", "SELECT * FROM document ORDER BY id",
            "SELECT * FROM revision ORDER BY seq", "SELECT * FROM drawn ORDER BY revision, request",
        )  # fmt: skip
        return [self.store.database.rows(query) for query in queries]

    def check(self, forgery: Sequence[Change]) -> bool:
        """Send it a forged file, see that all is well, and remove what came of it. Whether the file was opened."""
        file = self.folder / "forged.palimpsest"
        file.write_bytes(honest())
        for change in forgery:
            change(file)
        data, before, start = file.read_bytes(), self.rows, time.monotonic()
        try:
            opened = [self.routes.session.open_document(file).id]
        except ValueError as error:
            opened = []
            assert str(error).endswith(".") and len(str(error)) < 2000 and "\n" not in str(error), error
        assert file.read_bytes() == data, "the file was written to"
        answer = self.routes.post("documents?name=forged", content=data)
        if data.startswith(b"SQLite format 3\0"):
            assert (answer.status_code == 200) == bool(opened), answer.text
        if answer.status_code == 200:
            opened.append(answer.json()["document"])
        else:
            assert answer.status_code == 400 and answer.json()["error"], answer.text
        if not opened:
            assert self.rows == before, "something of it was stored"
        shown = [each["document"] for each in self.routes.get("documents").json()]
        assert set(shown) >= {self.own.id, *opened}
        for document in shown:
            self._answers(document)
        assert time.monotonic() - start < LONGEST
        for document in opened:
            self.routes.session.delete(document)
        if opened:
            compact(self.store)
        return bool(opened)

    def _answers(self, document: str) -> None:
        """Whether everybody who has a document can look at it and take it away."""
        for path in ("", "/tree", "/thumbnail"):
            assert self.routes.get(f"documents/{document}{path}").status_code == 200, path
        head = self.routes.get(f"documents/{document}").json()["head"]
        for path in ("manifest", "picture.png", "picture.jpg", "picture.ora", "picture.palimpsest"):
            answer = self.routes.get(f"revisions/{head}/{path}")
            assert answer.status_code == 200, f"{path}: {answer.text}"
        with suppress(NotFound, ValueError):
            self.routes.session.exports.recipe(document, "noise 1")
