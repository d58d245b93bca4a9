"""Fetching large files from a real server that breaks off, forgets, refuses and changes its mind."""

import hashlib
import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Thread

import pytest

from pipelines.download import TRIES
from pipelines.glide.digests import record, unchanged
from pipelines.glide.download import FILES, download

CONTENT = Random(0).randbytes(300_000)


class Shelf(ThreadingHTTPServer):
    """One file at any path. cuts: how many bytes the next answers send before the line goes dead."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.content, self.etag = CONTENT, '"first"'
        self.ranges, self.sizes = True, True
        self.announced_too_much = 0
        self.cuts: list[int] = []
        self.statuses: list[int] = []
        self.asked: list[str | None] = []  # the Range of each request
        self.sent = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/file"


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Shelf

    def do_GET(self) -> None:
        shelf, asked = self.server, self.headers["Range"]
        shelf.asked.append(asked)
        self.close_connection = True
        if shelf.statuses:
            self.send_response(shelf.statuses.pop(0))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = 0
        if asked and shelf.ranges and self.headers["If-Range"] in (None, shelf.etag):
            start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
        size = len(shelf.content)
        if start and start >= size:
            self.send_response(416)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size + shelf.announced_too_much}")
        if shelf.sizes:
            self.send_header("Content-Length", str(size - start + shelf.announced_too_much))
        if shelf.etag:
            self.send_header("ETag", shelf.etag)
        self.end_headers()
        body = shelf.content[start:]
        if shelf.cuts:
            body = body[: shelf.cuts.pop(0)]
        shelf.sent += len(body)
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with Shelf() as shelf:
        thread = Thread(target=shelf.serve_forever, args=(0.01,))
        thread.start()
        yield shelf
        shelf.shutdown()
        thread.join()


def fetch(shelf: Shelf, folder: Path) -> Path:
    download(folder, {"base.pt": shelf.url}, pause=0)
    return folder / "base.pt"


def test_a_file_comes_whole_and_is_noted(shelf: Shelf, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = fetch(shelf, tmp_path / "new" / "folder")
    assert file.read_bytes() == CONTENT
    entry = {"sha256": hashlib.sha256(CONTENT).hexdigest(), "bytes": len(CONTENT)}
    assert json.loads((file.parent / "digests.json").read_text()) == {"base.pt": entry}
    assert {path.name for path in file.parent.iterdir()} == {"base.pt", "digests.json"}  # no parts left
    assert "base.pt" in capsys.readouterr().err and shelf.asked == [None]


def test_what_is_there_is_not_asked_for(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "base.pt").write_bytes(b"mine")
    (tmp_path / "upsample.safetensors").write_bytes(b"converted")
    download(tmp_path, {"base.pt": shelf.url, "upsample.pt": shelf.url}, pause=0)
    assert not shelf.asked and (tmp_path / "base.pt").read_bytes() == b"mine"


def test_a_broken_line_goes_on_where_it_broke(shelf: Shelf, tmp_path: Path) -> None:
    shelf.cuts = [100_000, 50_000, 0, 1]
    assert fetch(shelf, tmp_path).read_bytes() == CONTENT
    assert shelf.asked == [None, "bytes=100000-", "bytes=150000-", "bytes=150000-", "bytes=150001-"]
    assert shelf.sent == len(CONTENT)  # no byte twice


def test_another_run_goes_on_where_one_gave_up(shelf: Shelf, tmp_path: Path) -> None:
    shelf.cuts = [1000] * TRIES
    with pytest.raises(ValueError, match=r"broke off 5 times \(5,000 of 300,000 bytes came\)"):
        fetch(shelf, tmp_path)
    assert not (tmp_path / "base.pt").exists()
    assert fetch(shelf, tmp_path).read_bytes() == CONTENT
    assert shelf.asked[-1] == "bytes=5000-" and shelf.sent == len(CONTENT)


@pytest.mark.parametrize("etag", ['"first"', 'W/"weak"', None])
def test_a_server_that_cannot_go_on_begins_again(shelf: Shelf, tmp_path: Path, etag: str | None) -> None:
    shelf.ranges, shelf.etag, shelf.cuts = False, etag, [100_000, 200_000]
    assert fetch(shelf, tmp_path).read_bytes() == CONTENT
    assert shelf.asked == ([None, "bytes=100000-", "bytes=200000-"] if etag == '"first"' else [None] * 3)


def test_a_file_that_changed_on_the_server_begins_again(shelf: Shelf, tmp_path: Path) -> None:
    shelf.cuts = [10_000] * TRIES
    with pytest.raises(ValueError, match="broke off"):
        fetch(shelf, tmp_path)
    shelf.content, shelf.etag = CONTENT[::-1], '"second"'
    assert fetch(shelf, tmp_path).read_bytes() == CONTENT[::-1]


def test_a_part_that_is_already_all_of_it_does_not_stand_in_the_way(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "base.pt.part").write_bytes(CONTENT)
    (tmp_path / "base.pt.etag").write_text(shelf.etag)
    assert fetch(shelf, tmp_path).read_bytes() == CONTENT


def test_a_wrong_size_is_no_file(shelf: Shelf, tmp_path: Path) -> None:
    shelf.announced_too_much = 7
    with pytest.raises(ValueError, match="300,000 of 300,007 bytes came"):
        fetch(shelf, tmp_path)
    assert not (tmp_path / "base.pt").exists()


def test_no_size_is_no_file(shelf: Shelf, tmp_path: Path) -> None:
    shelf.sizes = False
    with pytest.raises(ValueError, match="does not say how large"):
        fetch(shelf, tmp_path)
    assert not (tmp_path / "base.pt").exists()


def test_a_refusal_is_reported_at_once(shelf: Shelf, tmp_path: Path) -> None:
    shelf.statuses = [404]
    with pytest.raises(ValueError, match=r"/file cannot be had: the server answers 404 Not Found"):
        fetch(shelf, tmp_path)
    assert len(shelf.asked) == 1 and not list(tmp_path.iterdir())


def test_a_busy_server_is_asked_again(shelf: Shelf, tmp_path: Path) -> None:
    shelf.statuses = [503, 429]
    assert fetch(shelf, tmp_path).read_bytes() == CONTENT


def test_a_server_that_is_not_there_is_a_sentence(shelf: Shelf, tmp_path: Path) -> None:
    url = shelf.url
    shelf.server_close()
    with pytest.raises(ValueError, match="broke off 5 times"):
        download(tmp_path, {"base.pt": url}, pause=0)


def test_the_released_files_are_where_openai_put_them() -> None:
    assert len(FILES) == 9
    for name, url in FILES.items():
        assert url.startswith("https://") and url.endswith(f"/{name}")


def test_digests_tell_what_changed(tmp_path: Path) -> None:
    file, other = tmp_path / "a", tmp_path / "b"
    assert not unchanged(file)
    file.write_bytes(b"12")
    other.write_bytes(b"3")
    assert record(file) == hashlib.sha256(b"12").hexdigest()
    record(other)
    assert unchanged(file) and unchanged(other)
    for content in (b"13", b"123"):
        file.write_bytes(content)
        assert not unchanged(file) and unchanged(other)
    file.unlink()
    assert not unchanged(file)
    (tmp_path / "digests.json").write_text("{")
    with pytest.raises(ValueError, match=r"digests\.json is damaged"):
        unchanged(other)
