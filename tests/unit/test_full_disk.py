"""A disk with no byte left: a file system of its own in memory, filled, in a process that alone sees it."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOUNT = 'mount -t tmpfs -o size=20m tmpfs "$0" && exec "$@"'


def on_a_small_disk(folder: Path, *command: object) -> subprocess.CompletedProcess[str]:
    """Run a command that finds a disk of 20 MB at the folder."""
    mount = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", MOUNT, folder, *command]
    return subprocess.run([str(each) for each in mount], cwd=ROOT, capture_output=True, text=True, timeout=300)


@cache
def mountable(folder: Path) -> bool:
    try:
        return on_a_small_disk(folder, "true").returncode == 0
    except OSError:
        return False


# what each test begins with: a store that has filled the disk with pictures, and other files the rest of it
FILLED = """
import os, sys
from pathlib import Path
import pytest
from editor.store.database import DiskFull
from editor.imaging.geometry import Box
from editor.session import Session
from editor.store.store import Store
from editor.store.maintenance import check, compact
from tests.samples import an_edit, disc, noise

def fill():
    with open(folder / "others", "ab", 0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(os.urandom(size))
            except OSError:
                pass

def opened(count):
    return [session.open(noise(300, 300, n)) for n in range(count)]

folder = Path(sys.argv[1])
session = Session(Store(folder / "data"))
documents = opened(20)
job = session.submit(documents[0].id, an_edit(disc(Box(30, 40, 50, 40))))
with pytest.raises(DiskFull, match="Delete documents .* store --compact") as refused:
    documents += [session.open(noise(300, 300, n)) for n in range(20, 1000)]
fill()
with pytest.raises(DiskFull):
    session.open(noise(300, 300, 1000))
"""

PEOPLE = {
    "cancel, undo and delete": """
session.cancel(job.id)
assert session.store.revisions.get(job.id).cancelled
session.undo(documents[0].id)
for document in documents[:10]:
    session.delete(document.id)
assert not {each.document for each in session.store.documents.summaries()} & {each.id for each in documents[:10]}
""",
    "do so after a restart": """
session.store.close()
fill()
session = Session(Store(folder / "data"))
session.cancel(job.id)
session.delete(documents[1].id)
""",
    "work on after compacting": """
for document in documents[:10]:
    session.delete(document.id)
compact(session.store)
for n, document in enumerate(opened(10)):
    assert (session.picture(document.id).pixels() == noise(300, 300, n)).all()
assert not [each.complaint for each in check(session.store) if each.complaint]
""",
    "compact what was deleted before": """
for document in documents[:19]:
    session.delete(document.id)
fill()
gone = compact(session.store)
assert gone.revisions == 20 and gone.blobs >= 19 * 4
opened(8)
assert not [each.complaint for each in check(session.store) if each.complaint]
""",
    "delete again when it is full again": """
for document in documents[:10]:
    session.delete(document.id)
compact(session.store)
with pytest.raises(DiskFull):
    opened(1000)
fill()
for document in session.store.documents.all()[-5:]:
    session.delete(document.id)
""",
}


@pytest.mark.parametrize("what", PEOPLE)
def test_on_a_full_disk_people_can(tmp_path: Path, what: str) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if not mountable(disk):
        pytest.skip("no file system may be mounted here (unshare --user --mount)")
    ran = on_a_small_disk(disk, sys.executable, "-c", FILLED + PEOPLE[what], disk)
    assert ran.returncode == 0, ran.stderr
