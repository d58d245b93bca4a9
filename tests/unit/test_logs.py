"""The log as JSON: an object a line, with what it is about."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from editor.cli.logs import JsonFormatter
from editor.imaging.geometry import Box
from editor.log_fields import about, fields, logged_about
from editor.session import Session
from editor.store.store import Store
from editor.worker import Worker
from tests.fakes import FailingPipeline, loader
from tests.samples import an_edit, disc, noise

ROOT = Path(__file__).parents[2]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is logged, as JSON."""
    written: list[str] = []

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(self.format(record))

    handler = Lines()
    handler.setFormatter(JsonFormatter())
    monkeypatch.setattr(logging.root, "handlers", [handler])
    return written


def test_a_line_is_an_object_whatever_it_holds(lines: list[str]) -> None:
    log = logging.Logger(
        "editor.somewhere"
    )  # of its own: what pytest captures it sends on, which no surrogate survives
    log.handlers = logging.root.handlers[:1]
    try:
        raise ValueError("two\nlines, \u201cquotes\u201d and \ud83d")
    except ValueError:
        log.exception("a %s message\nof two lines", "long")
    (line,) = lines
    entry = json.loads(line)
    assert "\n" not in line and list(entry) == ["time", "level", "logger", "message", "exception"]
    assert entry["level"] == "error" and entry["logger"] == "editor.somewhere"
    assert entry["message"] == "a long message\nof two lines" and "ValueError: two\nlines" in entry["exception"]
    assert entry["time"].endswith("+00:00") and line.encode()  # a lone surrogate too


def test_what_a_line_is_about_is_known_within_a_block(lines: list[str]) -> None:
    with logged_about(job="7f"):
        about(document="3a")
        logging.getLogger("x").warning("inside")
    logging.getLogger("x").warning("outside")
    inside, outside = map(json.loads, lines)
    assert (inside["job"], inside["document"]) == ("7f", "3a") and not {"job", "document"} & outside.keys()
    assert fields() == {}


def test_a_failed_job_is_logged_with_its_ids(store: Store, lines: list[str]) -> None:
    session = Session(store)
    document = session.open(noise(120, 90))
    job = session.submit(document.id, an_edit(disc(Box(20, 20, 40, 30)), pipeline="failing"))
    assert Worker(store, loader(FailingPipeline(at_step=2))).run_one()
    (entry,) = map(json.loads, lines)
    assert (entry["job"], entry["document"]) == (job.id, document.id)
    assert entry["level"] == "error" and "the model ran out of paint" in entry["exception"]


def test_the_command_line_logs_its_errors_and_what_nobody_caught_as_objects(tmp_path: Path) -> None:
    Store(tmp_path).close()
    words = [sys.executable, "app.py", "--log-json", "--data", str(tmp_path), "export", "nothing", "-o", "x.png"]
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    entry = json.loads(ran.stderr)
    assert ran.returncode == 1 and entry["level"] == "error" and "nothing" in entry["message"] and not ran.stdout

    code = """
import threading, warnings
from editor.cli.logs import set_up
set_up(True)
warnings.warn("beware")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise RuntimeError("out of the blue")
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    warning, *faults = map(json.loads, ran.stderr.splitlines())
    assert "beware" in warning["message"] and warning["level"] == "warning"
    assert [each["exception"].splitlines()[-1].split(":")[0] for each in faults] == [
        "ZeroDivisionError",
        "RuntimeError",
    ]
