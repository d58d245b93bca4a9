"""Traffic: the requests that a server is answering; their routes, for who counts, and streams, which it can end."""

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from editor.log_fields import about
from editor.web.addresses import PREFIX, forwarded_prefix
from editor.web.gradio_routes import ROUTES
from editor.web.health import PROBES

POLL_INTERVAL = 0.02  # seconds
OTHER = "other"  # the route of what has none
DOCUMENT = re.compile(rf"{PREFIX}/documents/(\w{{1,64}})", re.ASCII)  # in a path
STREAMS = (b"text/event-stream", b"application/octet-stream")  # Gradio's events, and live mode's packets

Observe = Callable[[str, int, float | None], None]


def ignore_request(route: str, status: int, seconds: float | None) -> None:
    """Does nothing."""


class Traffic:
    """The requests of one server.

    observe: called with each request's route, its parameters in braces, its status, and the seconds until its answer
        was complete, None for a stream. A route never holds what somebody typed.
    """

    def __init__(self) -> None:
        self.observe: Observe = ignore_request
        self._streams: dict[asyncio.Task[Any], asyncio.AbstractEventLoop] = {}
        self._ended = set[asyncio.Task[Any]]()

    @property
    def streams(self) -> int:
        """How many answers are streams that are still open."""
        return len(self._streams)

    def begin_stream(self, task: "asyncio.Task[Any]") -> None:
        """Counts what a request's task answers as a stream."""
        self._streams[task] = asyncio.get_running_loop()

    def end_stream(self, task: "asyncio.Task[Any]") -> bool:
        """Counts it as ended; tells whether `end_streams` ended it."""
        ended = task in self._ended
        self._streams.pop(task, None)
        self._ended.discard(task)
        return ended

    def end_streams(self, grace: float) -> None:
        """Ends all streams; each is complete for who reads it. From any thread.

        Args:
            grace: seconds to wait for them to end by themselves.
        """
        until = time.monotonic() + grace
        while self._streams and time.monotonic() < until:
            time.sleep(POLL_INTERVAL)
        for task, loop in [*self._streams.items()]:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._end, task)

    def _end(self, task: "asyncio.Task[Any]") -> None:
        if task in self._streams:  # it may have ended meanwhile
            self._ended.add(task)
            task.cancel()


class TrafficWatch:
    """ASGI middleware that keeps the account."""

    def __init__(self, app: ASGIApp, traffic: Traffic, routes: Iterable[BaseRoute], root_path: str) -> None:
        """Wraps an app.

        Args:
            app: the app.
            traffic: the account.
            routes: the server's own routes.
            root_path: the path of the server, which a request's path may begin with or not.
        """
        self.app, self.traffic, self.root_path = app, traffic, root_path
        probes = ((path, re.compile(f"^{path}$")) for path in PROBES)
        self.routes = [*_templates(routes), *((route.path, pattern) for route, pattern in ROUTES), *probes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path, root, start = scope["path"], self.root_path or forwarded_prefix(scope), time.monotonic()
        if path.startswith(f"{root}/"):  # /pal is no root of /palimpsest
            path = path.removeprefix(root)
        if document := DOCUMENT.search(path):
            about(document=document[1])
        task = asyncio.current_task()  # of the request: what it answers may be sent by others that it starts
        assert task is not None, "requests run in tasks"
        answer = _Answer(self.traffic, task, send)
        try:
            await self.app(scope, receive, answer)
        except asyncio.CancelledError:
            if not answer.end_stream():
                raise
            task.uncancel()
            if not answer.is_complete:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            answer.end_stream()
            seconds = None if answer.is_stream else time.monotonic() - start
            self.traffic.observe(self._route(path), answer.status, seconds)

    def _route(self, path: str) -> str:
        return next((template for template, pattern in self.routes if pattern.match(path)), OTHER)


class _Answer:
    """A `send` that notes the status, and whether the answer is a stream."""

    def __init__(self, traffic: Traffic, task: "asyncio.Task[Any]", send: Send) -> None:
        self.traffic, self.task, self.send = traffic, task, send
        self.status = 500  # of a request that is not answered at all
        self.is_stream = self.is_complete = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            kinds = [value for name, value in message.get("headers", ()) if name.lower() == b"content-type"]
            sized = any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))
            self.is_stream = not sized and any(kind.startswith(STREAMS) for kind in kinds)
            if self.is_stream:
                self.traffic.begin_stream(self.task)
        elif not message.get("more_body"):
            self.is_complete = True
        await self.send(message)

    def end_stream(self) -> bool:
        return self.is_stream and self.traffic.end_stream(self.task)


def _templates(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[tuple[str, "re.Pattern[str]"]]:
    """Yields the path of each route, its parameters in braces, and what matches the paths that it stands for."""
    for route in routes:
        if isinstance(route, Mount):
            inner = list(_templates(route.routes, prefix + route.path))
            folder = re.sub("/[0-9a-f]{16}$", "", prefix + route.path)  # files at the address of their version
            yield from inner or [(f"{folder}/{{file}}", re.compile(f"{re.escape(prefix + route.path)}/"))]
        elif isinstance(route, Route):
            yield prefix + route.path, re.compile(f"^{re.escape(prefix)}{route.path_regex.pattern.removeprefix('^')}")
