"""The server is killed in mid-run, and a new one on the same folder goes on where it was. Real processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from editor.imaging.geometry import Box
from editor.session import Session
from editor.store.store import Store
from editor.worker import Worker
from tests.fakes import NoisePipeline, loader
from tests.samples import an_edit, disc, noise

ROOT = Path(__file__).parents[2]

# a server whose one edit would take ten minutes; it says when it is in the midst of it
SLOW = """
import sys, time
from pathlib import Path
from editor.store.store import Store
from editor.worker import Worker
from tests.fakes import NoisePipeline, loader
store = Store(Path(sys.argv[1]))
worker = Worker(store, loader(NoisePipeline(delay=0.05)))
worker.start()
while True:
    for (id,) in store.database.rows("SELECT id FROM revision WHERE worker IS NOT NULL"):
        document = store.revisions.document_of(id)
        progress = store.progress.of(document).get(id)
        if progress and progress.step >= 3:
            print("in the midst", flush=True)
    time.sleep(0.005)
"""

# the next one, not slow: it takes up what is there, once, and without waiting
NEXT = """
import sys
from pathlib import Path
from editor.store.store import Store
from editor.worker import Worker
from tests.fakes import NoisePipeline, loader
worker = Worker(Store(Path(sys.argv[1])), loader(NoisePipeline()))
print(worker.run_one(), worker.run_one())
"""

EDIT = an_edit(disc(Box(100, 90, 70, 50)), steps=1000, seed=77)


def undisturbed(folder: Path) -> str:
    """The digest of the picture which the same edit gives when nothing happens."""
    session = Session(Store(folder))
    document = session.open(noise(300, 280))
    session.submit(document.id, EDIT)
    assert Worker(session.store, loader(NoisePipeline())).run_one()
    digest = session.picture(document.id).digest
    session.store.close()
    return digest


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="without /proc a lease is waited for")
def test_a_killed_server_is_taken_up_at_once(tmp_path: Path) -> None:
    session = Session(Store(tmp_path / "data"))
    document = session.open(noise(300, 280))
    before = session.picture(document.id)
    job = session.submit(document.id, EDIT)
    folder = str(tmp_path / "data")

    with subprocess.Popen([sys.executable, "-c", SLOW, folder], cwd=ROOT, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None and server.stdout.readline() == b"in the midst\n"
        server.kill()
    assert server.returncode == -9

    # nothing is lost, nothing is half done
    assert session.store.documents.get(document.id) == document
    assert session.picture(document.id) == before
    assert [revision.id for revision in session.store.jobs.pending(document.id)] == [job.id]

    ran = subprocess.run([sys.executable, "-c", NEXT, folder], cwd=ROOT, capture_output=True, text=True)
    assert (ran.stdout, ran.returncode) == ("True False\n", 0), ran.stderr

    assert session.store.documents.get(document.id).head == job.id
    assert session.picture(document.id).digest == undisturbed(tmp_path / "other")
    assert session.store.database.row("PRAGMA integrity_check") == ("ok",)
    session.store.close()
