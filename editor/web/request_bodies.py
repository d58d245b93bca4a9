"""Bodies: how large one may be, how slowly it may come, and how much of all of them is held at a time.

An answer that is given before its request is over is sent at once, and what still comes is thrown away for a while: a
browser that is sending hears no answer from a server that hangs up.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from weakref import finalize

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

WINDOW = 15.0  # seconds in which the rest of a body comes, or at least
LEAST = 2**16  # bytes of it
MOST_COMING = 64  # bodies under way; one more ends the oldest
MOST_HELD = 2**30  # bytes of all bodies; those of at most
SMALL = 2**20  # bytes are taken even then
LINGER = 30.0  # seconds for which more is thrown away after an early answer, if it does not stop for
PAUSE = 5.0  # seconds

SLOW = "The upload stopped, or came too slowly, so it was given up and nothing was done. Try again."
CROWDED = "Too many uploads were under way, and this was the one that took longest, so it was ended. Try again."
FULL = "The server holds as many uploads as it can. Nothing was done; try again in a minute."


class Bodies:
    """ASGI middleware. most(scope): how many bytes the body of a request may have; None: its route sees to that."""

    def __init__(self, app: ASGIApp, most: Callable[[Scope], int | None]) -> None:
        self.app, self.most = app, most
        self.held = 0  # bytes
        self.coming: dict[_Incoming, None] = {}  # the oldest first

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
            await incoming.answered()
        finally:
            incoming.over()
            if incoming.most is None:
                self.let_go(incoming.size)
            else:  # an event of Gradio's holds the request, and what it sent, until it is done
                finalize(token, self.let_go, incoming.size)  # nothing that knows the scope, or it lived for ever

    def let_go(self, size: int) -> None:
        """What came of a body is held no more."""
        self.held -= size


class _Token:
    """Lives as long as the scope of a request."""


class _Refused(Exception):
    """A body was not taken."""


class _Incoming:
    """A request whose body is under way."""

    def __init__(self, bodies: Bodies, scope: Scope, receive: Receive, send: Send) -> None:
        self.bodies, self.scope, self.wire, self.out = bodies, scope, receive, send
        self.most = bodies.most(scope)
        self.size = 0  # bytes that came
        self.complete = self.began = False  # the body; the answer
        self.refusal: tuple[int, str] | None = None  # a status and a sentence
        self.waiting: asyncio.Timeout | None = None
        self.window: tuple[float, int] = asyncio.get_running_loop().time(), 0  # when it began, and the bytes in it

    async def answered(self) -> None:
        declared = Headers(scope=self.scope).get("content-length", "")
        if self.most is not None and declared.isdecimal() and int(declared) > self.most:
            self.refusal = 413, too_large("The body", int(declared), self.most)
        else:
            try:
                await self.bodies.app(self.scope, self.receive, self.send)
            except Exception:
                if self.refusal is None:
                    raise
        if self.refusal is not None and not self.began:
            (status, sentence), self.refusal = self.refusal, None
            await JSONResponse({"error": sentence}, status)(self.scope, self.receive, self.send)

    def end(self) -> None:
        """Give it up in favour of another."""
        self.over()
        self.refusal = 503, CROWDED
        if self.waiting is not None:
            self.waiting.reschedule(asyncio.get_running_loop().time())

    def over(self) -> None:
        """No more of it is waited for."""
        self.bodies.coming.pop(self, None)

    async def receive(self) -> Message:
        if self.complete:
            return await self.wire()
        if self.refusal is not None:
            raise _Refused
        try:
            async with asyncio.timeout(WINDOW) as self.waiting:
                message = await self.wire()
        except TimeoutError:
            self.refuse(408, SLOW)
        finally:
            self.waiting = None
        self._count(len(message.get("body", b"")))
        if not message.get("more_body"):
            self.complete = True
            self.over()
        elif self._slow():
            self.refuse(408, SLOW)
        return message

    def _count(self, size: int) -> None:
        self.size += size
        self.bodies.held += size
        if self.most is not None and self.size > self.most:
            self.refuse(413, too_large("The body", None, self.most))
        if self.size > SMALL and self.bodies.held > MOST_HELD:
            self.refuse(503, FULL)
        self.window = self.window[0], self.window[1] + size

    def _slow(self) -> bool:
        began, came = self.window
        now = asyncio.get_running_loop().time()
        if now - began < WINDOW:
            return False
        self.window = now, 0
        return came < LEAST

    def refuse(self, status: int, sentence: str) -> None:
        self.refusal = self.refusal or (status, sentence)
        raise _Refused

    async def send(self, message: Message) -> None:
        if self.refusal is not None and not self.began:
            return  # whatever was made of half a body
        if message["type"] == "http.response.start":
            self.began = True
            if not self.complete:
                MutableHeaders(scope=message)["Connection"] = "close"
        elif not self.complete and not message.get("more_body"):
            await self.out({**message, "more_body": True})
            await self._throw_away()
            message = {"type": "http.response.body", "body": b""}
        await self.out(message)

    async def _throw_away(self) -> None:
        self.over()
        self.bodies.let_go(self.size)
        self.size = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while not self.complete:
                    async with asyncio.timeout(PAUSE):
                        self.complete = not (await self.wire()).get("more_body")


def too_large(what: str, size: int | None, most: int) -> str:
    """The sentence of a refusal. size: bytes, where they are known."""
    has = f"has {size / 2**20:,.0f} MB" if size is not None else "is larger than this route takes"
    limit = f"{most / 2**20:,.0f} MB" if most >= 2**20 else f"{most / 2**10:,.0f} KB"
    return f"{what} {has}; at most {limit} are taken."
