"""The audit log: every entry is a line, rotation loses none, and no request waits for it."""

import json
import os
import stat
import time
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from editor.web import audit
from editor.web.audit import AuditLog
from pipelines.errors import InvalidInput
from tests.fakes import PATIENCE, until


def entries(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_an_entry_says_who_did_what_to_which_document(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    log = AuditLog(file)
    log.add("ann\n{", "edit", "abc", 200, "a secret couch")
    log.add(None, "sign-in", None, 401)
    log.close()
    first, second = entries(file)
    assert first.pop("time").endswith("+00:00")
    assert first == {"user": "ann\n{", "action": "edit", "document": "abc", "status": 200}
    assert (second["user"], second["status"]) == (None, 401)
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    more = AuditLog(file, prompts=True)
    more.add("ann", "edit", "abc", 200, "a couch")
    more.close()
    assert entries(file)[2]["prompt"] == "a couch" and len(entries(file)) == 3


def test_a_file_that_is_moved_away_is_followed(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    log = AuditLog(file)
    for number in range(3):
        log.add("ann", str(number), None, 200)
        until(lambda: entries(file))
        file.rename(tmp_path / f"audit.{number}")
    log.add("ann", "3", None, 200)
    log.close()
    found = [
        entry["action"] for name in ("audit.0", "audit.1", "audit.2", file.name) for entry in entries(tmp_path / name)
    ]
    assert found == ["0", "1", "2", "3"]


def test_a_disk_that_does_not_answer_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "WAITING", 50)
    log, stuck, reached = AuditLog(tmp_path / "audit.jsonl"), Event(), Event()
    follow = log._follow_rotation

    def hang() -> None:
        reached.set()
        assert stuck.wait(PATIENCE)
        follow()

    monkeypatch.setattr(log, "_follow_rotation", hang)
    log.add("ann", "first", None, 200)
    assert reached.wait(PATIENCE)
    started = time.monotonic()
    for _ in range(200):
        log.add("ann", "edit", None, 200)
    assert time.monotonic() - started < 5
    stuck.set()
    log.close()
    actions = [entry["action"] for entry in entries(log.file)]
    assert actions.count("edit") == 50 and "150 entries dropped" in actions


def test_a_file_that_cannot_be_written_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be written"):
        AuditLog(tmp_path / "no-folder" / "audit.jsonl")
