"""A model hub on this machine: a server that lists and redirects, and another, as a CDN, that has the bytes."""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import pytest
from huggingface_hub import constants

from pipelines import download

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 1000  # bytes from which a file is stored apart, by its SHA-256


class Asked(NamedTuple):
    """A request that came."""

    path: str
    range: str | None
    authorization: str | None


class FakeHub:
    """Serves the folders in `models`, by OWNER/MODEL.

    tokens: those that are valid. gated: models that need one. private: models that are not there for others.
    """

    def __init__(self) -> None:
        self.models: dict[str, Path] = {}
        self.tokens: set[str] = set()
        self.gated: set[str] = set()
        self.private: set[str] = set()
        self.licence = "openrail++"
        self.statuses: list[int] = []  # of the next answers, before any that is right
        self.cuts: list[int] = []  # bytes of the next large files after which the connection ends
        self.flipped = 0  # large files whose next answers have a wrong byte
        self.ranges = True  # whether it can begin in the middle of a file
        self.hold = Event()  # cleared: large files stop in their middle until it is set
        self.hold.set()
        self.held = Event()  # a large file waits in its middle
        self.asked: list[Asked] = []
        self.asked_of_cdn: list[Asked] = []
        self._servers = [self._serve(_Hub), self._serve(_Cdn)]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._servers[0].server_port}"

    @property
    def cdn(self) -> str:
        return f"http://localhost:{self._servers[1].server_port}"  # another host than the hub's

    def stop(self) -> None:
        self.hold.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _serve(self, handler: type["_Answer"]) -> ThreadingHTTPServer:
        server = ThreadingHTTPServer(("127.0.0.1", 0), type(handler.__name__, (handler,), {"hub": self}))
        server.daemon_threads = True
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return server


class _Answer(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def note(self, asked: list[Asked]) -> None:
        asked.append(Asked(self.path, self.headers["Range"], self.headers["Authorization"]))
        self.close_connection = True

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


class _Hub(_Answer):
    def do_GET(self) -> None:
        hub, path = self.hub, unquote(urlsplit(self.path).path)
        self.note(hub.asked)
        if hub.statuses:
            return self.answer(hub.statuses.pop(0))
        token = (self.headers["Authorization"] or "").removeprefix("Bearer ")
        if token and token not in hub.tokens:
            return self.answer(401, X_Error_Message="Invalid credentials in Authorization header")
        if path == "/api/whoami-v2":
            return self.answer(200, b'{"type": "user", "name": "me", "orgs": []}') if token else self.answer(401)
        listed = re.fullmatch(r"/api/models/([\w.-]+/[\w.-]+)", path)
        file = re.fullmatch(rf"/([\w.-]+/[\w.-]+)/resolve/{COMMIT}/(.+)", path)
        match = listed or file
        if match is None or (model := match[1]) not in hub.models or (model in hub.private and not token):
            return self.answer(401 if not token else 404, X_Error_Code="RepoNotFound")
        if listed:
            return self.answer(200, json.dumps(self.listing(model)).encode(), Content_Type="application/json")
        if model in hub.gated and not token:
            return self.answer(401, X_Error_Code="GatedRepo")
        assert file is not None
        content = hub.models[model] / file[2]
        if not content.is_file():
            return self.answer(404, X_Error_Code="EntryNotFound")
        if content.stat().st_size >= LARGE:
            return self.answer(302, Location=f"{hub.cdn}/{model}/{file[2]}")
        return self.answer(200, content.read_bytes())

    def listing(self, model: str) -> dict[str, object]:
        folder = self.hub.models[model]
        siblings = []
        for file in sorted(each for each in folder.rglob("*") if each.is_file()):
            data = file.read_bytes()
            git = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            entry: dict[str, object] = {
                "rfilename": file.relative_to(folder).as_posix(), "size": len(data), "blobId": git,
            }  # fmt: skip
            if len(data) >= LARGE:
                entry["lfs"] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "pointerSize": 130}
            siblings.append(entry)
        gate: object = "auto" if model in self.hub.gated else False
        return {
            "id": model, "sha": COMMIT, "gated": gate, "private": False, "tags": [], "downloads": 0, "likes": 0,
            "siblings": siblings, "cardData": {"license": self.hub.licence},
        }  # fmt: skip


class _Cdn(_Answer):
    def do_GET(self) -> None:
        hub = self.hub
        self.note(hub.asked_of_cdn)
        _, owner, name, *rest = unquote(urlsplit(self.path).path).split("/")
        data = bytearray((hub.models[f"{owner}/{name}"] / "/".join(rest)).read_bytes())
        if hub.flipped:
            hub.flipped -= 1
            data[len(data) // 2] ^= 1
        start = 0
        if hub.ranges and (asked := re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")):
            start = int(asked[1])
            if start >= len(data):
                return self.answer(416)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("Connection", "close")
        self.end_headers()
        body = bytes(data[start:])
        if hub.cuts:
            body = body[: hub.cuts.pop(0)]
        if not hub.hold.is_set():
            self.wfile.write(body[: len(body) // 2])
            body = body[len(body) // 2 :]
            hub.held.set()
            hub.hold.wait(60)
        try:
            self.wfile.write(body)
        except ConnectionError:
            return None
        return None


@contextmanager
def served(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub, its cache in a folder, for as long as the context lasts; downloads do not pause between their tries."""
    hub = FakeHub()
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder / "hub"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(folder / "token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(download.fetch, "__kwdefaults__", {**download.fetch.__kwdefaults__, "pause": 0.0})
    yield hub
    hub.stop()
