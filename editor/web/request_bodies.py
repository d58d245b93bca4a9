"""Request bodies: limits on the size and the speed of each, and on the memory of all of them.

A response that is ready before its request has ended is sent at once, and the rest of the body is read and thrown away
for a while: a browser that is still sending does not see the response of a server that closes the connection.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from weakref import finalize

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

WINDOW = 15.0  # seconds within which a body must end, or bring at least
MIN_BYTES = 2**16  # bytes
MOST_COMING = 64  # bodies being received; one more ends the oldest
MOST_HELD = 2**30  # bytes of all bodies in memory, beyond which only small ones are accepted, of at most
SMALL = 2**20  # bytes
LINGER = 30.0  # seconds for which a body is thrown away after an early response, unless nothing comes for
PAUSE = 5.0  # seconds

SLOW = "The upload stopped or was too slow, so it was ended and nothing was done. Try again."
CROWDED = "There were too many uploads at once. This one had taken the longest, so it was ended. Try again."
FULL = "The server is busy with too many uploads. Nothing was done. Try again in a minute."


class Bodies:
    """ASGI middleware that limits request bodies."""

    def __init__(self, app: ASGIApp, max_bytes: Callable[[Scope], int | None]) -> None:
        """Wraps an app.

        Args:
            app: the app.
            max_bytes: returns how many bytes the body of a request may have; None when its route checks that.
        """
        self.app, self.max_bytes = app, max_bytes
        self.held = 0  # bytes of all bodies in memory
        self.coming: dict[_Incoming, None] = {}  # the bodies being received, the oldest first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
            await self.app(scope, receive, send)  # polls, nearly always
            return
        incoming = _Incoming(self, scope, receive, send)
        scope["palimpsest.body"] = token = _Token()
        self.coming[incoming] = None
        if len(self.coming) > MOST_COMING:
            next(iter(self.coming)).end()
        try:
            await incoming.run()
        finally:
            incoming.finish()
            if incoming.max_bytes is None:
                self.release(incoming.size)
            else:  # Gradio's event keeps the request and its body until it has ended
                # the callback must not refer to the scope, which would then never be freed
                finalize(token, self.release, incoming.size)

    def release(self, size: int) -> None:
        """Counts so many bytes of a body as freed."""
        self.held -= size


class _Token:
    """Lives as long as the scope of a request."""


class _Refused(Exception):
    """A body was refused."""


class _Incoming:
    """A request whose body is being received."""

    def __init__(self, bodies: Bodies, scope: Scope, receive: Receive, send: Send) -> None:
        self.bodies, self.scope, self.server_receive, self.server_send = bodies, scope, receive, send
        self.max_bytes = bodies.max_bytes(scope)
        self.size = 0  # bytes received
        self.complete = False  # whether the whole body was received
        self.response_started = False
        self.refusal: tuple[int, str] | None = None  # a status and an error message
        self.timeout: asyncio.Timeout | None = None  # of the message being received
        self.window: tuple[float, int] = asyncio.get_running_loop().time(), 0  # its start, and the bytes received in it

    async def run(self) -> None:
        """Runs the app on the request, and responds with the error if its body is refused."""
        declared = Headers(scope=self.scope).get("content-length", "")
        if self.max_bytes is not None and declared.isdecimal() and int(declared) > self.max_bytes:
            self.refusal = 413, too_large("The body", int(declared), self.max_bytes)
        else:
            try:
                await self.bodies.app(self.scope, self.receive, self.send)
            except Exception:
                if self.refusal is None:
                    raise
        if self.refusal is not None and not self.response_started:
            (status, message), self.refusal = self.refusal, None
            await JSONResponse({"error": message}, status)(self.scope, self.receive, self.send)

    def end(self) -> None:
        """Ends it in favour of another request."""
        self.finish()
        self.refusal = 503, CROWDED
        if self.timeout is not None:
            self.timeout.reschedule(asyncio.get_running_loop().time())

    def finish(self) -> None:
        """Removes it from the bodies being received."""
        self.bodies.coming.pop(self, None)

    async def receive(self) -> Message:
        """Receives a message for the app.

        Raises:
            _Refused: the body is too large or too slow, or there are too many.
        """
        if self.complete:
            return await self.server_receive()
        if self.refusal is not None:
            raise _Refused
        try:
            async with asyncio.timeout(WINDOW) as self.timeout:
                message = await self.server_receive()
        except TimeoutError:
            self.refuse(408, SLOW)
        finally:
            self.timeout = None
        self._count(len(message.get("body", b"")))
        if not message.get("more_body"):
            self.complete = True
            self.finish()
        elif self._slow():
            self.refuse(408, SLOW)
        return message

    def _count(self, size: int) -> None:
        self.size += size
        self.bodies.held += size
        if self.max_bytes is not None and self.size > self.max_bytes:
            self.refuse(413, too_large("The body", None, self.max_bytes))
        if self.size > SMALL and self.bodies.held > MOST_HELD:
            self.refuse(503, FULL)
        self.window = self.window[0], self.window[1] + size

    def _slow(self) -> bool:
        start, size = self.window
        now = asyncio.get_running_loop().time()
        if now - start < WINDOW:
            return False
        self.window = now, 0
        return size < MIN_BYTES

    def refuse(self, status: int, message: str) -> None:
        """Refuses the body; an earlier refusal stands."""
        self.refusal = self.refusal or (status, message)
        raise _Refused

    async def send(self, message: Message) -> None:
        """Sends a message of the app, and throws the rest of the body away after an early response."""
        if self.refusal is not None and not self.response_started:
            return  # the app's response to part of a body
        if message["type"] == "http.response.start":
            self.response_started = True
            if not self.complete:
                MutableHeaders(scope=message)["Connection"] = "close"
        elif not self.complete and not message.get("more_body"):
            await self.server_send({**message, "more_body": True})
            await self._throw_away()
            message = {"type": "http.response.body", "body": b""}
        await self.server_send(message)

    async def _throw_away(self) -> None:
        self.finish()
        self.bodies.release(self.size)
        self.size = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while not self.complete:
                    async with asyncio.timeout(PAUSE):
                        self.complete = not (await self.server_receive()).get("more_body")


def too_large(subject: str, size: int | None, limit: int) -> str:
    """Returns the error message for a body that is too large.

    Args:
        subject: what the body is, such as "The file".
        size: its bytes, None when unknown.
        limit: bytes.
    """
    excess = f"has {size / 2**20:,.0f} MB" if size is not None else "is too large"
    maximum = f"{limit / 2**20:,.0f} MB" if limit >= 2**20 else f"{limit / 2**10:,.0f} KB"
    return f"{subject} {excess}; at most {maximum} are accepted."
