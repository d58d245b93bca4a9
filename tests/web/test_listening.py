"""Where the server cannot listen, it says what is wrong and what to do."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from editor.web.listening import check

ROOT = Path(__file__).parents[2]


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of 127.0.0.1 that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


def refused(host: str, port: int) -> str:
    with pytest.raises(OSError) as refusal:
        check(host, port)
    return str(refusal.value)


@pytest.mark.parametrize("port", [0, -1, 65536, 99999, 10**12])
def test_a_port_that_is_none(port: int) -> None:
    assert refused("127.0.0.1", port) == (
        f"The port must be a number from 1 to 65535, not {port}. Choose another, such as --port 7860."
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost", "127.0.0.2"])
def test_a_port_that_is_taken(host: str, taken: int) -> None:
    sentence = refused(host, taken)
    assert f"Port {taken} is in use" in sentence and f"--port {taken + 1}" in sentence


@pytest.mark.parametrize("host", ["203.0.113.7", "2001:db8::7"])
def test_an_address_of_another_machine(host: str) -> None:
    assert "--host must be one of its own" in refused(host, 7860)


@pytest.mark.parametrize("host", ["no such name", "a..b", "x" * 300])
def test_a_name_that_is_none(host: str) -> None:
    assert "--host must be an IP address or a name of this machine" in refused(host, 7860)


def test_a_port_without_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    def bind(self: socket.socket, address: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "socket", type("Bound", (socket.socket,), {"bind": bind}))
    assert "below 1024 need privileges" in refused("127.0.0.1", 80)


def test_the_command_line_says_it_and_no_more(tmp_path: Path, taken: int) -> None:
    for options, sentence in ((("--port", "99999"), "1 to 65535"), (("--port", str(taken)), "is in use")):
        words = [sys.executable, "app.py", "--data", str(tmp_path), "--pipeline", "classical", *options]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 1 and sentence in done.stderr and "Traceback" not in done.stderr
        assert done.stderr.startswith("palimpsest: ") and done.stdout == ""
