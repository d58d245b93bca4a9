"""What an uploader writes loads nothing that the operator does not offer: no file is opened, no address is reached."""

import argparse
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from editor.cli.context import CommandContext
from editor.edits.edit import Edit
from editor.imaging.geometry import Box
from editor.session import Session
from editor.store.quota import Quota
from editor.store.store import Store
from editor.worker import Worker
from tests.samples import an_edit, disc, noise

NAMES = ("glide:{0}", "lama:{0}/model.pt", "hf:{0}", "hf:a-stranger/model", "openai:{1}/v1#model", "{0}/model.pt")


class Watch:
    """What this process opens and whom it connects to."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.on = str(folder), False
        self.opened: list[str] = []
        self.reached: list[object] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event in ("open", "os.listdir", "os.scandir") and str(arguments[0]).startswith(self.folder):
            self.opened.append(str(arguments[0]))
        if event in ("socket.connect", "socket.getaddrinfo"):
            self.reached.append(arguments)

    @property
    def quiet(self) -> bool:
        return not self.opened and not self.reached


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    """A folder of which no catalogue tells."""
    folder = tmp_path / "strange"
    folder.mkdir()
    for name in ("model.pt", "model_index.json", "config.json", "lora.safetensors"):
        (folder / name).write_bytes(b"secret")
    return folder


@pytest.fixture
def watch(strange: Path) -> Iterator[Watch]:
    watch = Watch(strange)
    yield watch
    watch.on = False


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], Any]:
    options = {"compile": False, "memory": "auto", "quantise": "", "pipeline": "classical", "adapter": []}
    options |= {"data": tmp_path / "data", "models": None, "quota": Quota()}
    return CommandContext(argparse.Namespace(**options), tmp_path, tmp_path).load


def uploaded(session: Session, folder: Path, edit: Edit) -> str:
    """The id of a document that came as a file, in which a step has this edit."""
    other = Session(Store(folder / "theirs"))
    document = other.open(noise(60, 50))
    other.submit(document.id, replace(edit, pipeline="classical", adapters=()))
    worker = Worker(other.store, CommandContext(
        argparse.Namespace(compile=False, memory="auto", quantise="", pipeline="classical", adapter=[],
                           data=folder / "theirs", models=None, quota=Quota()), folder, folder).load)  # fmt: skip
    while worker.run_one():
        pass
    head = other.store.documents.get(document.id).head
    with other.store.database.transaction() as db:
        db.run("UPDATE revision SET edit = :edit WHERE id = :id", edit=edit.to_json(), id=head)
    file = folder / "room.palimpsest"
    other.exports.write(document.id, file)
    assert sqlite3.connect(file).execute("SELECT count(*) FROM revision").fetchone() == (2,)
    return session.open_document(file).id


@pytest.mark.parametrize("name", NAMES)
def test_a_document_s_model_loads_only_if_it_is_offered(
    tmp_path: Path, strange: Path, watch: Watch, load: Callable[[str], Any], name: str
) -> None:
    session = Session(Store(tmp_path / "data"))
    model = name.format(strange, "http://127.0.0.1:9")
    edit = an_edit(disc(Box(10, 10, 20, 20)), pipeline=model)
    document = uploaded(session, tmp_path, edit)
    worker = Worker(session.store, load)
    head = session.store.documents.get(document).head
    watch.on = True
    session.amend(document, head, replace(edit, seed=7))  # and as a recipe would have it
    while worker.run_one():
        pass
    recipe = session.exports.recipe(document, "tests")  # which keeps the name as text
    watch.on = False
    failed = session.store.database.row("SELECT error FROM revision WHERE error IS NOT NULL")
    assert failed is not None and "none of those offered here" in failed[0]
    assert recipe.steps and watch.quiet, (watch.opened, watch.reached)
