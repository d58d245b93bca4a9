"""What the command line says of files, stores and databases that are not what it needs."""

from contextlib import closing
from pathlib import Path

import pytest

from editor.complaints import Complaints
from editor.session import Session
from editor.store.database import StorageError
from editor.store.store import Store
from editor.web.listening import check
from tests.conftest import Run
from tests.postgres import Server
from tests.samples import noise

NO_FILE, FOLDER = "There is no such file. Give ", "This is a folder. Give "


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["open", "none.png"], f"none.png: {NO_FILE}a picture or a .palimpsest file."),
        (["open", "none.palimpsest"], f"none.palimpsest: {NO_FILE}a picture or a .palimpsest file."),
        (["open", "folder"], f"folder: {FOLDER}a picture or a .palimpsest file."),
        (["credentials", "none.png"], f"none.png: {NO_FILE}a picture or a .palimpsest file."),
        (["credentials", "folder"], f"folder: {FOLDER}a picture or a .palimpsest file."),
        (["run", "none.json", "folder", "-o", "out"], f"none.json: {NO_FILE}a file that `recipe` wrote"),
        (["run", "folder", "folder", "-o", "out"], f"folder: {FOLDER}a file that `recipe` wrote"),
        (
            ["run", "broken.json", "folder", "-o", "out"],
            "broken.json: This is not a recipe: its JSON is broken",
        ),
        (["draw", "--prompts", "none.txt", "-o", "out"], f"none.txt: {NO_FILE}a text file with a prompt a line."),
        (["edit", "none.png", "--adjust", "exposure=1", "-o", "x.png"], f"none.png: {NO_FILE}one that is there."),
        (
            ["edit", "a.png", "--adjust", "exposure=1", "-o", "folder.png"],
            "folder.png is a folder. Choose",
        ),
    ],
)
def test_a_wrong_path_says_what_to_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: Run, words: list[str], sentence: str
) -> None:
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("folder.png").mkdir()
    Path("broken.json").write_text("[\n")
    Image.fromarray(noise(30, 30)).save("a.png")
    done = here("--data", tmp_path / "data", *words)
    assert done.returncode == 1 and sentence in done.stderr, done.stderr
    assert "Errno" not in done.stderr and not Path("out").exists()


@pytest.mark.parametrize("words", [["store", "--backup", ""], ["export", "x", "-o", ""], ["--data", "", "store"]])
def test_an_empty_path_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: Run, words: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    done = here("--data", tmp_path / "data", *words)
    assert done.returncode == 2 and "a name is expected, and this is empty" in done.stderr
    assert not [*tmp_path.iterdir()]


READING = {
    "store": ["store", "--check"],
    "backup": ["store", "--backup", "b.db"],
    "compact": ["store", "--compact"],
    "cluster": ["cluster"],
    "history": ["history"],
    "export": ["export", "x", "-o", "x.png"],
    "undo": ["undo", "x"],
    "recipe": ["recipe", "x", "-o", "r.json"],
    "layers": ["layers", "x"],
    "studies": ["study"],
    "results": ["study", "results"],
}


@pytest.mark.parametrize("what", READING)
def test_what_only_reads_a_store_makes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: Run, what: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = here("--data", "none", *READING[what])
    assert done.returncode == 1 and done.stderr.startswith("palimpsest: There is no store in none. Check --data;")
    assert not [*tmp_path.iterdir()]


def test_a_database_without_a_store_is_left_alone(postgresql: str, here: Run) -> None:
    done = here("--data", postgresql, "store", "--check")
    assert done.returncode == 1 and "There is no store in postgresql" in done.stderr
    with pytest.raises(StorageError, match="There is no store in"):  # the first look made none
        Store(postgresql, create=False)
    Store(postgresql).close()
    Store(postgresql, create=False).close()


def test_the_wrong_part_of_a_databases_url_is_named(
    postgresql_server: Server, postgresql: str, here: Run, caplog: pytest.LogCaptureFixture
) -> None:
    folder, name = postgresql_server.folder, postgresql.split("?")[0].rpartition("/")[2]
    for url, sentence in (
        ("postgresql://tests:secret@no.such.host.invalid/x", "There is no machine no.such.host.invalid."),
        ("postgresql://tests:secret@127.0.0.1:1/x", "No PostgreSQL server answers at 127.0.0.1, port 1."),
        (f"postgresql://tests:secret@/nothing?host={folder}", f"at {folder} has no database nothing."),
        (f"postgresql://nobody:secret@/{name}?host={folder}", f"at {folder} has no role nobody."),
        (f"postgresql://tests:secret@/{name}?host={folder}/none", f"No PostgreSQL server answers at {folder}/none."),
    ):
        done = here("--data", url, "history")
        assert done.returncode == 1 and sentence in done.stderr and "--data" in done.stderr, done.stderr
        for unwanted in ("secret", "Errno", "psycopg", "The log", "saved before"):
            assert unwanted not in done.stderr + caplog.text, unwanted


def test_an_outage_is_logged_once_and_not_for_users(
    postgresql_server: Server, postgresql: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What users read points at the log, so it may not be what the log says."""
    from editor.worker import Worker
    from tests.fakes import NoisePipeline, loader

    store = Store(postgresql)
    document = Session(store).open(noise(30, 30))
    worker = Worker(store, loader(NoisePipeline()), idle=0.001)
    seen: list[str] = []
    worker._awake.wait = lambda seconds: seen.append(worker.trouble or "") or (len(seen) > 20 and worker.leave())  # type: ignore
    postgresql_server.kill()
    try:
        worker.work()
        worker._renew()
    finally:
        postgresql_server.start()
    assert len(seen) > 20 and all("cannot be used at the moment" in each for each in seen)
    assert len([each for each in caplog.records if "cannot be used" in each.message]) == 1
    assert "whoever runs it" not in caplog.text
    assert store.documents.get(document.id) == document
    store.close()


def test_a_reason_that_goes_on_is_logged_once_in_a_while(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("editor.complaints.time.monotonic", lambda: now[0])
    complaints = Complaints()
    for _ in range(240):  # a minute of a worker that looks four times a second
        complaints.add(StorageError("The disk is full."))
        now[0] += 0.25
    assert 5 <= len(caplog.records) <= 7
    complaints.add(StorageError("Another reason."))
    assert caplog.records[-1].message == "Another reason."


def test_all_parts_of_a_process_say_one_reason_once(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    from editor.models_program import _logged
    from editor.run_reports import RunReports
    from editor.worker import Worker
    from tests.fakes import NoisePipeline, loader

    store = Store(tmp_path)
    worker = Worker(store, loader(NoisePipeline()))
    refusal = StorageError(f"The disk of {tmp_path} is full.")

    def refuse(*_: object) -> None:
        raise refusal

    store.jobs.renew = store.progress.report = refuse  # type: ignore[method-assign, assignment]
    worker._renew()
    _logged(refuse)
    with closing(RunReports(store, worker.id, {})) as reports:
        reports._write({})
    assert [each.message for each in caplog.records] == [str(refusal)]
    store.close()


def test_the_port_that_is_advised_fits_the_option(tmp_path: Path, here: Run) -> None:
    done = here("--data", tmp_path, "--metrics", "--metrics-port", "99999", "work")
    assert done.returncode == 1 and "such as --metrics-port 9464." in done.stderr
    with pytest.raises(OSError, match=r"such as --port 7860\."):
        check("127.0.0.1", 99999)
