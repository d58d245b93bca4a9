"""A process killed while it writes a file leaves nothing that stays. Real processes, real SIGKILL."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from editor.formats.atomic_write import PART, atomic_write, part_folder
from editor.session import Session
from editor.store.maintenance import backup, check
from editor.store.schema import MIGRATIONS
from editor.store.store import FILE, Store
from tests.samples import noise
from tests.unit.test_migrations import written

ROOT = Path(__file__).parents[2]

# says when it is in the midst of it, and stays there: SQLite's copy is made, and not yet in its place
HALTED = """
import sys, time
from pathlib import Path
folder = Path(sys.argv[1])
from editor.session import Session
from editor.store.store import Store
from editor.store.maintenance import backup

def halt(*_):
    print("in the midst", flush=True)
    time.sleep(600)

def begun():
    # only now, so that what comes before is done as ever
    Path.replace = halt

"""
DOINGS = {
    "a backup": """
session = Session(Store(folder / "data"))
begun()
backup(session.store, folder / "copy.db")
""",
    "an export": """
session = Session(Store(folder / "data"))
begun()
session.exports.write(session.store.documents.all()[0].id, folder / "room.png")
""",
    "a document's file": """
session = Session(Store(folder / "data"))
begun()
session.exports.write(session.store.documents.all()[0].id, folder / "room.palimpsest")
""",
    "a migration": """
begun()
Store(folder / "old")
""",
}


def parts(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if PART in each.name or each.name.endswith(".part")]


@pytest.mark.parametrize("what", DOINGS)
def test_the_next_one_sweeps_up(tmp_path: Path, what: str) -> None:
    session = Session(Store(tmp_path / "data"))
    document = session.open(noise(300, 280))
    written(tmp_path / "old", len(MIGRATIONS) - 1)
    session.store.close()
    command = [sys.executable, "-c", HALTED + DOINGS[what], str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None and program.stdout.readline() == b"in the midst\n"
        held = parts(tmp_path)
        try:
            assert held, "nothing is unfinished"
            session = Session(Store(tmp_path / "data"))
            backup(session.store, tmp_path / "beside.db")
            assert parts(tmp_path) == held, "what a living process writes was swept away"
        finally:
            program.kill()
    assert program.returncode == -9 and parts(tmp_path) == held
    old = Session(Store(tmp_path / "old"))
    backup(session.store, tmp_path / "again.db")
    assert parts(tmp_path) == []
    assert not (tmp_path / "copy.db").exists() and not (tmp_path / "room.png").exists()
    assert not [each for each in check(session.store) if each.complaint]
    assert session.picture(document.id).pixels().shape == (280, 300, 3) and len(old.store.documents.all()) == 1
    with closing(sqlite3.connect(tmp_path / "old" / f"{FILE}.v{len(MIGRATIONS) - 1}.bak")) as kept:
        assert kept.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert kept.execute("SELECT count(*) FROM revision").fetchone() == (3,)
    session.store.close()
    old.store.close()


def test_what_two_write_at_once_is_not_swept(tmp_path: Path) -> None:
    with (
        atomic_write(tmp_path / "a") as first,
        part_folder(tmp_path, "b") as folder,
        atomic_write(tmp_path / "a") as second,
    ):
        first.write_text("first")
        second.write_text("second")
        assert folder.is_dir()
    assert (tmp_path / "a").read_text() == "first" and [each.name for each in tmp_path.iterdir()] == ["a"]


def test_nothing_of_others_is_swept(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").touch()
    (tmp_path / f".link{PART}").symlink_to(elsewhere)
    (tmp_path / f".file{PART}").touch()
    (tmp_path / "copy.db.part").touch()
    with atomic_write(tmp_path / "a") as part:
        part.touch()
    assert (elsewhere / "mine").exists() and (tmp_path / f".file{PART}").exists()
    assert (tmp_path / "copy.db.part").exists() and (tmp_path / f".link{PART}").is_symlink()
