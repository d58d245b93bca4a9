"""make fuzz: malformed requests against every route of a real server, Gradio's included.

None of our own routes may answer with a server error; the server must still answer and paint afterwards, in the memory
that it had. The same seed makes the same requests.
"""

import argparse
import http.client
import inspect
import json
import random
import re
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from editor.formats.images import encode_png
from editor.imaging.geometry import Box
from editor.web.addresses import PREFIX
from editor.web.server import routes
from tests.forging import forge
from tests.samples import disc, noise, strokes
from tests.server_process import Client, ServerProcess, said
from tests.wire import edit_packet, sent

PATIENCE = 60.0  # seconds for an answer
PAINTING = 120.0  # seconds for an edit of the last check, on a busy machine
CHECK = 100  # requests between two looks at the server
HELD = 20  # connections left open in the middle of a request, until the next look
ROOM = 400.0  # MB by which the server may grow once it is warm: its caches may hold 112, and Gradio's sessions some

MASK = disc(Box(40, 30, 60, 50))
ALPHA, PIXELS = encode_png(MASK.alpha), encode_png(noise(90, 60))
NUMBERS = [0, -1, 1, 3, 255, 2**31, -(2**31), 2**63, 2**64, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf")]
TEXTS = [
    "", " ", "\0", "\ud800", "a\udfff", "\u202e", "ﷺ" * 50, "x" * 10_000, "../../etc/passwd", "/etc/passwd",
    "file:///etc/passwd", "lama:/etc/passwd", "hf:../..", "glide:/", "%00", "' OR 1=1--", "<script>", "1e400", "²",
]  # fmt: skip
DEEP: Any = json.loads("[" * 300 + "]" * 300)
VALUES: list[Any] = [
    None, True, False, *NUMBERS, *TEXTS, [], {}, DEEP, [0] * 5, [None] * 4, ["1"] * 4, [2**63] * 4, [0, 0, -5, -5],
    {"box": [0, 0, 1, 1]}, {"box": [0, 0, 2**24, 2**24], "bytes": 1}, {"bytes": -1, "box": None},
]  # fmt: skip
# as they stand in an address; dots are for whoever joins them to a folder
PATHS = [
    "..", "%2e%2e", "..%2f..%2f..%2fetc%2fpasswd", "..%5c..", "....//", "%00", "%ff", "%ED%A0%80", "x" * 5000, "-1",
    "9" * 400, "%F0%9F%8E%A8", "%0d%0aSet-Cookie:a=b", "'%20OR%201=1--", "%25s", "~", ".", "%2F", "",
]  # fmt: skip
QUERIES = [
    "watch", "beat", "known", "name", "width", "height", "quality", "recipe", "feather", "edge", "opacity",
    "colour_match", "prompt", "pipeline", "__theme", "view", "session_hash",
]  # fmt: skip
HEADERS = [
    "Content-Type: multipart/form-data", "Content-Type: multipart/form-data; boundary=x", "Content-Type: \xff",
    "Content-Encoding: gzip", "Transfer-Encoding: nonsense", "Range: bytes=9-1", "If-None-Match: *", "Cookie: a=\xff",
    "Accept: nothing/at-all", "Expect: 100-continue", "X-Forwarded-Host: evil.test", "X-Forwarded-Proto: gopher",
    "Origin: http://[", "Host: [", "Authorization: Basic !", "Upgrade: websocket", "Accept-Encoding: \0",
]  # fmt: skip
GRADIO = [
    "/", "/config", "/theme.css", "/login", "/logout", "/info", "/static/{x}", "/assets/{x}", "/svelte/{x}",
    "/gradio_api/info", "/gradio_api/queue/join", "/gradio_api/queue/data", "/gradio_api/queue/status",
    "/gradio_api/upload", "/gradio_api/upload_progress", "/gradio_api/file={x}", "/gradio_api/file/{x}",
    "/gradio_api/component_server", "/gradio_api/cancel", "/gradio_api/reset", "/gradio_api/heartbeat/{x}",
    "/gradio_api/call/{api}", "/gradio_api/call/v2/{api}", "/gradio_api/call/{api}/{x}", "/gradio_api/run/{api}",
    "/gradio_api/api/{api}", "/gradio_api/stream/{x}/{x}/{x}/{x}", "/gradio_api/custom_component/{x}/{x}/{x}/{x}",
    "/gradio_api/startup-events", "/gradio_api/proxy=http://127.0.0.1:1/", "/manifest.json", "/robots.txt",
    "/monitoring", "/mcp", "/gradio_api/mcp/{x}", "/{x}",
]  # fmt: skip


class Route(NamedTuple):
    """A method and an address, its parameters in braces."""

    method: str
    path: str


def own_routes() -> list[Route]:
    """The editor's own, as its table of routes is written down."""
    lines = re.findall(r'Route\("([^"]+)",[^\n]*?(?:methods=\["(\w+)"\])?\),\n', inspect.getsource(routes))
    return [*(Route(method or "GET", PREFIX + path) for path, method in lines), Route("GET", f"{PREFIX}/canvas/{{x}}")]


class Campaign:
    """One server and what it is asked. counts: of the answers. complaints: sentences."""

    def __init__(self, server: ServerProcess, seed: int) -> None:
        self.server, self.chance = server, random.Random(seed)
        self.own = own_routes()
        self.apis = ["describe", "open", "blank", "look", "select", "undo", "redo", "checkout", "edit", "remove",
                     "expand", "crop", "documents", "nothing"]  # fmt: skip
        self.client = Client(server.url, PATIENCE)
        self.documents: list[str] = []
        self.state: dict[str, Any] = {}  # of the document that requests are about
        self.digests = ["0" * 32]
        self.held: list[socket.socket] = []
        self.counts: Counter[str] = Counter()
        self.complaints: list[str] = []
        self.warm = self.most = 0.0  # MB: when it was warm, and at most since
        # what comes up as a picture or a document; forged documents are sent by `forge`
        self.files: list[Callable[[], bytes]] = [lambda: PIXELS, self._document_file]

    def run(self, requests: int | None, minutes: float = 0) -> None:
        """Ask so many times, or for some minutes."""
        self._open()
        self._paint("glide-mini")  # which is part of being warm
        ends, asked = time.monotonic() + 60 * minutes, 0
        while asked < requests if requests is not None else time.monotonic() < ends:
            if asked % CHECK == 0 and not self._look():
                return
            self._once()
            asked += 1
        if self._look():
            self._paint("classical")
            self._paint("glide-mini")
        self.counts["requests"] = asked

    # one request

    def _once(self) -> None:
        own = self.chance.random() < 0.7
        route = self.chance.choice(self.own) if own else Route(*self._gradio())
        path, body = self._path(route), self._body(route) if own else self._gradio_body()
        method = route.method if self.chance.random() < 0.95 else self.chance.choice(["PUT", "DELETE", "HEAD", "X"])
        request, cut = self._request(method, path, body)
        try:
            answer = self._ask(method, request, cut)
        except (OSError, http.client.HTTPException) as error:
            # it may hang up on what is no HTTP, or on a body that it need not read
            self.counts["hung up"] += 1
            if isinstance(error, TimeoutError):
                self._complain(f"no answer in {PATIENCE:.0f} s", request)
            return
        if answer is None:
            self.counts["left in the middle"] += 1
            return
        self.note(*answer, own, request)

    def note(self, status: int, text: bytes, own: bool, request: bytes) -> None:
        """Count an answer, and complain of it if it is none that a route of ours, or any, may give."""
        self.counts[f"{'own' if own else 'Gradio'} {status // 100}xx"] += 1
        if status >= 500 and own and not (status in (503, 507) and _sentence(text)):
            self._complain(f"{status} {text[:200]!r}", request)
        if b"Traceback (most recent" in text or b"root:x:0" in text:
            self._complain(f"it tells {text[:200]!r}", request)

    def _path(self, route: Route) -> str:
        """An address of the route, most of its parameters real ones, and a query."""
        real = {
            "document": [self.state["document"], *self.documents[-3:]],
            "revision": [self.state["head"], self.state["tail"], self.state["tip"]],
            "name": ["living-room.png", "table.png"], "digest": self.digests, "serial": ["0", "1"],
            "kind": ["png", "jpg", "ora", "palimpsest"], "api": self.apis, "x": ["x", "1", "index.js"],
        }  # fmt: skip

        def filled(name: re.Match[str]) -> str:
            return self.chance.choice(PATHS if self.chance.random() < 0.15 else real[name[1]])

        path = re.sub(r"\{(\w+)\}", filled, route.path)
        if self.chance.random() < 0.05:
            path = path.replace("/", self.chance.choice(["//", "/./", "/../", "%2f"]), self.chance.randint(1, 3))
        query: list[tuple[str, str]] = []
        if route.path.endswith("/blank"):
            query = [("width", self._size()), ("height", self._size())]
        for _ in range(self.chance.choice([0, 0, 1, 3])):
            query.append((self.chance.choice(QUERIES), str(self.chance.choice(VALUES + TEXTS))))
        words = urlencode(query, errors="surrogatepass")[:20_000]
        return f"{path}?{words}" if words else path

    def _size(self) -> str:
        return str(self.chance.choice([8, 90, 300, *VALUES]))

    def _body(self, route: Route) -> bytes:
        """What the route takes, with something wrong in it; or right, now and then."""
        if route.method != "POST":
            return b""
        verb, head = [part for part in route.path.split("/") if "{" not in part][-1], self.state
        fields: dict[str, dict[str, Any]] = {
            "reblend": {"feather": 8, "edge": 0, "opacity": 1, "colour_match": True}, "crop": {"box": [0, 0, 50, 40]},
            "queue": {"order": [each["revision"] for each in head["running"]]},
            "select": self.chance.choice([
                {"tool": "wand", "revision": head["head"], "x": 9, "y": 9, "tolerance": 9},
                {"tool": "edge", "revision": head["head"], "mask": MASK},
            ]),
            "mask": {"do": self.chance.choice(["grow", "shrink", "soften"]), "by": 3, "mask": MASK},
        }  # fmt: skip
        if verb in ("edits", "plan", "amend"):
            sketch = strokes(Box(20, 20, 40, 40)) if self.chance.random() < 0.2 else None
            body = edit_packet(
                self.chance.choice([head["tail"], head["head"]]), seed=self.chance.getrandbits(32), steps=2,
                pipeline=self.chance.choice(["classical", "glide-mini"]), sketch=sketch,
            )  # fmt: skip
        elif verb in fields:
            body = sent(fields[verb])
        elif verb == "mask-file":
            body = ALPHA
        else:
            body = self.chance.choice([*self.files, lambda: b"A name"])()
        return self._spoilt(body)

    def _spoilt(self, body: bytes) -> bytes:
        """With a wrong value in its JSON, or wrong bytes; as it is, in one of ten."""
        kind = self.chance.random()
        if kind < 0.1:
            return body
        line, newline, rest = body.partition(b"\n")
        if kind < 0.6 and line.startswith(b"{"):
            values = json.loads(line)
            for _ in range(self.chance.choice([1, 1, 2])):
                self._spoil(values)
            return json.dumps(values).encode() + newline + rest
        if kind < 0.7:
            return self.chance.choice([b"", b"\n", b"[" * 10_000, b'{"a":' * 10_000, b"null\n", b"1" * 5000, b"\xff"])
        spoilt = bytearray(body or b"\0")
        for _ in range(self.chance.choice([1, 1, 5, 50])):
            at = self.chance.randrange(len(spoilt)) if spoilt else 0
            match self.chance.randrange(4):
                case 0:
                    spoilt[at : at + 1] = bytes([self.chance.randrange(256)])
                case 1:
                    del spoilt[at : at + self.chance.choice([1, 4, 100])]
                case 2:
                    spoilt[at:at] = spoilt[at : at + 40] * self.chance.choice([1, 3])
                case 3:
                    del spoilt[self.chance.choice([at, len(spoilt) - 1]) :]
        return bytes(spoilt)

    def _spoil(self, values: dict[str, Any]) -> None:
        """Put something else into one of its places, take one away, or add one."""
        if not values:
            values["x"] = self._value()
            return
        name = self.chance.choice(list(values))
        value = values[name]
        if isinstance(value, dict) and self.chance.random() < 0.7:
            self._spoil(value)
        elif isinstance(value, list) and value and self.chance.random() < 0.7:
            value[self.chance.randrange(len(value))] = self._value()
        elif self.chance.random() < 0.8:
            values[name] = self._value()
        elif self.chance.random() < 0.5:
            del values[name]
        else:
            values[str(self.chance.choice(TEXTS))] = self._value()

    def _value(self) -> Any:
        """One of VALUES, to be spoilt itself."""
        return deepcopy(self.chance.choice(VALUES))

    def _gradio(self) -> tuple[str, str]:
        return self.chance.choice(["GET", "POST", "POST"]), self.chance.choice(GRADIO)

    def _gradio_body(self) -> bytes:
        document = self.state["document"]
        values = [document, *(self.chance.choice([document, None, *VALUES]) for _ in range(self.chance.randrange(8)))]
        body: dict[str, Any] = {
            "data": values, "fn_index": self.chance.choice([0, 1, 30, -1]), "session_hash": "x", "event_id": "x",
            "component_id": 1, "fn_name": "read", "document": document, "trigger_id": None,
        }  # fmt: skip
        return self._spoilt(json.dumps(body).encode())

    def _document_file(self) -> bytes:
        """The document as a file with its history."""
        return self.client.get(f"revisions/{self.state['head']}/picture.palimpsest").content

    # on the wire

    def _request(self, method: str, path: str, body: bytes) -> tuple[bytes, bool]:
        """The request's bytes, and whether they end in its middle, without waiting for an answer."""
        chunked = self.chance.random() < 0.1
        said, length = [], len(body)
        if self.chance.random() < 0.05:
            length = self.chance.choice([0, -1, length + 1, 2**40, 10**30, max(0, length - 1)])
        if self.chance.random() < 0.15:
            said.append(self.chance.choice(HEADERS))
        if not any(line.startswith("Host:") for line in said):
            said.append(f"Host: {self.server.url.removeprefix('http://')}")
        if not any(line.startswith("Content-Type") for line in said):
            said.append("Content-Type: application/json")
        if chunked:
            said.append("Transfer-Encoding: chunked")
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        else:
            said.append(f"Content-Length: {length}")
        head = "\r\n".join([f"{method} {path} HTTP/1.1", *said, "Connection: close", "", ""]).encode(
            "latin-1", "replace"
        )
        request, kind = head + body, self.chance.random()
        if kind < 0.05:  # cut somewhere
            return request[: self.chance.randrange(len(request))], True
        return request, length > len(body) and not chunked

    def _ask(self, method: str, request: bytes, cut: bool) -> tuple[int, bytes] | None:
        """Status and text of the answer; None for a request that ends in its middle, or an answer that never ends."""
        host, _, port = self.server.url.removeprefix("http://").partition(":")
        line = socket.create_connection((host, int(port)), PATIENCE)
        if cut:
            line.sendall(request)
            self.held.append(line)
            if len(self.held) > HELD or self.chance.random() < 0.5:
                self.held.pop(0).close()
            return None
        with line:
            try:
                line.sendall(request)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it answers before all is read, and that is what to read now
            answer = http.client.HTTPResponse(line, method=method)
            answer.begin()
            if "event-stream" in (answer.getheader("content-type") or ""):
                return None
            return answer.status, answer.read()

    # what must hold

    def _look(self) -> bool:
        """Whether it is still there; and what it takes of memory."""
        for line in self.held:
            line.close()
        self.held.clear()
        if not self.server.running:
            self.complaints.append(f"The server died: {self.server.log.read_text()[-1000:]}")
            return False
        if self.client.http.get("/").status_code != 200:
            self.complaints.append("The page does not answer any more.")
        self._cancel_all()
        if self.client.get(f"documents/{self.state['document']}").status_code == 404:  # it was deleted, as asked
            self._open()
        self.state = self.client.state(self.state["document"])
        manifest = self.client.get(f"revisions/{self.state['head']}/manifest").json()
        self.digests = [tile[2] for tile in manifest["tiles"][:3]]
        used, _ = self.server.memory()
        self.warm, self.most = self.warm or used, max(self.most, used)
        if used > self.warm + ROOM:
            self.complaints.append(f"The server grew from {self.warm:.0f} to {used:.0f} MB.")
            return False
        return True

    def _open(self) -> None:
        self.state = self.client.opened()
        self.documents.append(self.state["document"])

    def _cancel_all(self) -> None:
        """What was asked for by chance, it may be with a thousand steps."""
        listed = self.client.get("documents", params={"known": ",".join(self.documents)}).json()
        for document in {each["document"] for each in listed}:
            for job in self.client.state(document)["running"]:
                self.client.post(f"documents/{document}/cancel/{job['revision']}")

    def _paint(self, pipeline: str) -> None:
        """See to it that an edit is still made."""
        self._cancel_all()
        state = self.client.opened()
        seed = self.chance.getrandbits(32)
        posted = said(
            self.client.post(
                f"documents/{state['document']}/edits",
                edit_packet(state["tail"], pipeline=pipeline, steps=2, seed=seed),
            )
        )
        job, ends = posted["jobs"][0]["revision"], time.monotonic() + PAINTING
        while (state := self.client.state(state["document"], watch=job))["running"] and time.monotonic() < ends:
            time.sleep(0.02)
        if state["watched"][0]["status"] != "done":
            self.complaints.append(
                f"It does not paint with {pipeline} any more: {state['watched']}, {state['trouble']}."
            )

    def _complain(self, what: str, request: bytes) -> None:
        self.complaints.append(f"{what}, to {request[:300]!r}")


def _sentence(text: bytes) -> bool:
    try:
        values = json.loads(text)
    except ValueError:
        return False
    return isinstance(values, dict) and str(values.get("error", "")).endswith(".")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minutes", type=float, nargs="?", default=5)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with ServerProcess(folder / "data", folder / "log") as server:
            campaign = Campaign(server, options.seed)
            campaign.run(None, options.minutes * 2 / 3)
    with tempfile.TemporaryDirectory() as name:  # every check looks at all documents: not at those of the requests too
        campaign.counts["forged documents"] = forge(Path(name), options.minutes / 3, options.seed)
    if not campaign.counts["forged documents"]:
        campaign.complaints.append("No forged document was sent.")
    print(", ".join(f"{count} {what}" for what, count in sorted(campaign.counts.items())))
    print(f"memory: {campaign.warm:.0f} MB when it was warm, {campaign.most:.0f} MB at most")
    print("\n".join(campaign.complaints) or "Nothing broke.")
    return 1 if campaign.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
