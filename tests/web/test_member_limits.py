"""Limits of users over the wire: a sentence, before the file is read; and prompts in the log of who wants them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from editor.formats.images import encode_png
from editor.store.quota import Quota
from editor.web.addresses import PREFIX
from tests.fakes import until
from tests.samples import noise
from tests.web.members import Members, served_members
from tests.wire import edit_packet

# Gradio, its server and its client, leave event loops and sockets to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory, module_where: Path | str) -> Iterator[Members]:
    with served_members(
        tmp_path_factory.mktemp("limits"), module_where, quota=Quota(documents=3, jobs=1, uploads=4), prompts=True
    ) as members:
        yield members


def upload(members: Members, user: str, body: Any) -> Any:
    return members.ask("POST", f"{PREFIX}/documents?name=room.png", user, content=body)


def test_documents_and_uploads_are_refused_with_a_sentence(members: Members) -> None:
    picture = encode_png(noise(20, 20))
    opened = [upload(members, "ann", picture).json()["document"] for _ in range(3)]
    full = upload(members, "ann", picture)
    assert full.status_code == 429 and "Delete one that you no longer need" in full.json()["error"]
    members.ask("POST", f"{PREFIX}/documents/{opened[0]}/delete", "ann")
    often = upload(members, "ann", picture)
    assert often.status_code == 429 and "4 files a minute" in often.json()["error"]
    assert upload(members, "bob", picture).status_code == 200
    for id in opened[1:]:
        assert members.ask("GET", f"{PREFIX}/documents/{id}", "ann").status_code == 200


def test_jobs_are_refused_with_a_sentence_and_those_accepted_are_done(members: Members) -> None:
    document = members.opened("cleo")
    path = f"{PREFIX}/documents/{document.id}/edits"
    refused = members.ask("POST", path, "cleo", content=edit_packet(document.head, variations=2))
    assert refused.status_code == 429 and "at most 1 may" in refused.json()["error"]
    assert members.session.store.documents.get(document.id) == document
    accepted = members.ask("POST", path, "cleo", content=edit_packet(document.head))
    assert accepted.status_code == 200
    until(lambda: members.session.store.documents.get(document.id).head == accepted.json()["jobs"][0]["revision"])


def test_prompts_are_logged_where_that_is_wanted(members: Members) -> None:
    document = members.opened("dora")
    members.ask("POST", f"{PREFIX}/documents/{document.id}/edits", "dora", content=edit_packet(document.head))

    def entries() -> list[dict[str, Any]]:
        lines = members.audit.file.read_text().splitlines()
        return [entry for entry in map(json.loads, lines) if entry["user"] == "dora"]

    (entry,) = until(entries)
    assert entry["prompt"] == "a green couch" and entry["document"] == document.id
