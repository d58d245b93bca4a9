"""Several programs on one store: real processes, on a file and on a PostgreSQL server."""

import subprocess
import sys
from pathlib import Path

import pytest

from editor.imaging.geometry import Box
from editor.session import Session
from editor.store.database import StorageError
from editor.store.store import Store
from editor.worker import Worker
from tests.fakes import NoisePipeline, loader
from tests.postgres import Server
from tests.samples import an_edit, disc, noise

ROOT = Path(__file__).parents[2]

# a program which keeps jobs until there are none, and says what its model was asked
WORKER = """
import sys
from pathlib import Path
from editor.store.store import Store
from editor.worker import Worker
from tests.fakes import NoisePipeline, loader
where = sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1])
pipeline = NoisePipeline(delay=0.01)
held = []
def load(name):  # whoever holds the first waits until another holds one too
    if not held:
        held.append(name)
        print("holds", flush=True)
        sys.stdin.readline()
    return loader(pipeline)(name)
worker = Worker(Store(where), load)
print("ready", flush=True)
sys.stdin.readline()
while worker.run_one():
    pass
print(*[f"{request.prompt}:{seed}" for request in pipeline.requests for seed in request.seeds])
"""


def test_two_programs_on_one_store_do_nothing_twice(where: Path | str) -> None:
    session = Session(Store(where))
    document = session.open(noise(300, 280))
    edits = [an_edit(disc(Box(30, 40, 50, 40)), prompt=f"edit {n // 3}", seed=n) for n in range(30)]
    jobs = [session.submit(document.id, edit) for edit in edits]
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(where)],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for program in programs:
        assert program.stdout and program.stdout.readline() == "ready\n"
    ran = []
    for output in ("holds\n", None):
        for program in programs:
            assert program.stdin
            program.stdin.write("go\n")
            program.stdin.flush()
        for program in programs:
            assert program.stdout and (output is None or program.stdout.readline() == output)
    for program in programs:
        output, _ = program.communicate(timeout=120)
        ran.append(output.split("\n")[0].split(" edit ") if output.strip() else [])
        assert program.returncode == 0
    assert all(ran), "one of them did everything"
    done = [each.removeprefix("edit ") for part in ran for each in part]
    assert sorted(done) == sorted(f"{n // 3}:{n}" for n in range(30))

    # as one program alone would have made them
    alone = Session(Store(Path(str(where)) / "alone" if isinstance(where, Path) else where))
    again = alone.open(noise(300, 280))
    worker = Worker(alone.store, loader(NoisePipeline()))
    for edit, job in zip(edits, jobs, strict=True):
        made = alone.submit(again.id, edit, again.head)
        while worker.run_one():
            pass
        assert alone.store.revisions.get(made.id).picture == session.store.revisions.get(job.id).picture
    assert session.store.jobs.pending(document.id) == []
    session.store.close()
    alone.store.close()


def test_a_server_that_died_and_is_back_has_lost_nothing(postgresql_server: Server, postgresql: str) -> None:
    session = Session(Store(postgresql))
    document = session.open(noise(300, 280))
    job = session.submit(document.id, an_edit(disc(Box(30, 40, 50, 40))))
    worker = Worker(session.store, loader(NoisePipeline()))
    postgresql_server.kill()
    try:
        with pytest.raises(StorageError, match=r"cannot be used .* check that its server runs") as raised:
            worker.run_one()
        assert "127.0.0.1" not in str(raised.value) and "postgres" not in str(raised.value)  # users read it too
        with pytest.raises(StorageError, match="cannot be used"):
            session.undo(document.id)
    finally:
        postgresql_server.start()
    assert session.store.documents.get(document.id) == document
    assert worker.run_one()
    assert session.store.documents.get(document.id).head == job.id
    session.store.close()


@pytest.mark.parametrize("first", ["reading", "writing"])
def test_a_server_that_was_restarted_is_reached_at_once(postgresql_server: Server, postgresql: str, first: str) -> None:
    store = Store(postgresql)
    document = Session(store).open(noise(30, 28))
    postgresql_server.kill()
    postgresql_server.start()
    if first == "reading":
        assert store.documents.get(document.id) == document
    with store.database.transaction() as db:
        db.run("UPDATE document SET name = 'Hall' WHERE id = :id", id=document.id)
    assert store.documents.get(document.id).name == "Hall"
    store.close()


@pytest.mark.parametrize("address", ["postgresql://nobody:secret@127.0.0.1:1/none", "mysql://x", "nonsense", ""])
def test_an_address_that_leads_nowhere_is_a_sentence(address: str) -> None:
    with pytest.raises(StorageError) as output:
        Store(address)
    assert "secret" not in str(output.value)
    assert ("not a database URL" in str(output.value)) == (not address.startswith("postgresql"))
