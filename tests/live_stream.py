"""A request to the live route as a server passes it on: what was answered so far can be read, and who asked can go."""

import asyncio
import json
from io import BytesIO
from threading import Thread
from types import TracebackType
from typing import Any, Self

import numpy as np
from PIL import Image

from editor.imaging.geometry import Box
from editor.imaging.raster import Patch
from editor.web.addresses import PREFIX
from tests.fakes import until
from tests.wire import HOST, RouteClient


class LiveStream:
    """A stream of one edit; used as a context, it is closed at the end."""

    def __init__(self, routes: RouteClient, document: str, body: bytes) -> None:
        self.routes, self.document, self.body = routes, document, body
        self.status = 0
        self.received = b""
        self.ended = False
        self._loop, self._gone = asyncio.new_event_loop(), asyncio.Event()
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Goes away, as a page does that wants no more."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._gone.set)
        self._thread.join()

    @property
    def packets(self) -> list[dict[str, Any]]:
        """What was said so far; each picture has its file as `file`."""
        packets, rest = [], self.received
        while rest:
            line, _, rest = rest.partition(b"\n")
            packets.append(json.loads(line))
            if (picture := packets[-1]["picture"]) is not None:
                picture["file"], rest = rest[: picture["bytes"]], rest[picture["bytes"] :]
        return packets

    def reached(self, step: int) -> None:
        """Waits until this step is reported."""
        until(lambda: any(packet["step"] >= step for packet in self.packets))

    def last(self) -> dict[str, Any]:
        """Waits for the end; the last packet."""
        until(lambda: self.ended)
        assert self.status == 200, self.received
        return self.packets[-1]

    def result(self) -> Patch:
        """Waits for the end; the finished picture, RGBA."""
        last = self.last()
        assert last["state"] == "ready", last
        return Patch(Box(*last["picture"]["box"]), np.array(Image.open(BytesIO(last["picture"]["file"]))))

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._ask())
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
            self.ended = True

    async def _ask(self) -> None:
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": self.body, "more_body": False}
            await self._gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
            else:
                self.received += message.get("body", b"")

        host = HOST.removeprefix("http://").encode()
        path = f"{PREFIX}/documents/{self.document}/live"
        await self.routes.http.app(
            {
                "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
                "method": "POST", "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
                "root_path": "",
                "headers": [(b"host", host), (b"content-length", str(len(self.body)).encode())],
                "client": ("127.0.0.1", 5), "server": (host.decode(), 80), "state": {},
            },
            receive,
            send,
        )  # fmt: skip
