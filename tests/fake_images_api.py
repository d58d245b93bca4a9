"""A server on this machine that speaks OpenAI's images API, and refuses or misbehaves as it is told."""

import base64
import json
import time
from collections.abc import Callable
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Event, Thread
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from editor.imaging.raster import Pixels

PATIENCE = 60.0  # seconds after which a test that waits for it is broken


class Asked(NamedTuple):
    """A request that came."""

    path: str
    authorization: str | None
    fields: dict[str, str]
    files: dict[str, Pixels]  # uint8 (H, W, 4)


class Reply(NamedTuple):
    """What it answers in place of a picture."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    pause: float = 0.0  # seconds after each byte of the body


def refusal(status: int, message: str, code: str = "", **headers: str) -> Reply:
    """A refusal as the hosted service writes it."""
    body = json.dumps({"error": {"message": message, "code": code or None, "type": "invalid_request_error"}})
    return Reply(status, body.encode(), tuple((name.replace("_", "-"), value) for name, value in headers.items()))


class FakeImagesApi:
    """Paints the hole of each picture in one colour, and changes all the rest too, as such services do.

    Attributes:
        asked: what came, in order.
        replies: of the next requests, before any that is right; a function takes the request.
        key: without it nothing is drawn; '' for none.
        hold: cleared, it draws nothing until it is set.
        held: a request waits for that.
        cut: the client ended a connection before its answer was written.
    """

    def __init__(self, colour: tuple[int, int, int] = (10, 200, 30)) -> None:
        self.colour = colour
        self.asked: list[Asked] = []
        self.replies: list[Reply | Callable[[Asked], Reply]] = []
        self.key = ""
        self.by_url = ""  # "{url}/...": where it says that a picture lies
        self.last = b""  # the picture there
        self.hold, self.held, self.cut = Event(), Event(), Event()
        self.hold.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": self}))
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def name(self, model: str = "painter", sizes: str = "") -> str:
        """What is typed after --pipeline."""
        return f"openai:{self.url}/v1#{model}{sizes}"

    def stop(self) -> None:
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()

    def picture(self, asked: Asked) -> bytes:
        """A PNG of the size that was asked for."""
        width, height = map(int, asked.fields["size"].split("x"))
        image, mask = asked.files["image"], asked.files["mask"]
        assert image.shape == mask.shape == (height, width, 4)
        drawn = 255 - image[..., :3]
        drawn[mask[..., 3] == 0] = self.colour
        return png(drawn)

    def reply(self, asked: Asked) -> Reply:
        if self.replies:
            scripted = self.replies.pop(0)
            return scripted(asked) if callable(scripted) else scripted
        if self.key and asked.authorization != f"Bearer {self.key}":
            shown = (asked.authorization or "").removeprefix("Bearer ")
            return refusal(401, f"Incorrect API key provided: {shown}.", "invalid_api_key")
        if asked.path == "/v1/drawn.png":
            return Reply(200, self.last)
        if asked.path != "/v1/images/edits":
            return refusal(404, "Not found.")
        if self.by_url:
            self.last = self.picture(asked)
            return answer(url=self.by_url.format(url=self.url))
        return answer(b64_json=base64.b64encode(self.picture(asked)).decode())


def answer(**entry: str) -> Reply:
    return Reply(200, json.dumps({"created": 1, "data": [entry]}).encode())


def png(pixels: Pixels) -> bytes:
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


class _Handler(BaseHTTPRequestHandler):
    api: FakeImagesApi
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve({}, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        fields, files = dict[str, str](), dict[str, Pixels]()
        name: Any
        data: Any
        for part in message_from_bytes(kind + body, policy=HTTP).iter_parts():  # type: ignore[attr-defined]
            name, data = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
            if part.get_filename():
                files[name] = np.asarray(Image.open(BytesIO(data)))
            else:
                fields[name] = data.decode()
        self._serve(fields, files)

    def _serve(self, fields: dict[str, str], files: dict[str, Any]) -> None:
        asked = Asked(self.path, self.headers["Authorization"], fields, files)
        self.api.asked.append(asked)
        self.close_connection = True
        if not self.api.hold.is_set():
            self.api.held.set()
            self.connection.settimeout(0.01)
            while not self.api.hold.is_set():  # until it may draw, or nobody waits any more
                try:
                    if self.connection.recv(1) == b"":
                        self.api.cut.set()
                        return
                except TimeoutError:
                    continue
            self.connection.settimeout(PATIENCE)
        reply = self.api.reply(asked)
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        if not {"Content-Length", "Connection"} & dict(reply.headers).keys():
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        try:
            if not reply.pause:
                self.wfile.write(reply.body)
                return
            for byte in reply.body:
                self.wfile.write(bytes([byte]))
                time.sleep(reply.pause)
        except ConnectionError:
            self.api.cut.set()

    def log_message(self, *_: object) -> None: ...
