"""Guard: the security headers of every answer, and the refusal of whatever another site asks for, reads too."""

import base64
import hashlib
import re
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1")
INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # a document's address is its key
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
# Gradio compiles its templates in the browser ('unsafe-eval') and sets styles on elements ('unsafe-inline').
# Its inline scripts are allowed one by one, by their hashes: markup smuggled into the page cannot run.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'{hashes}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
OTHER_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


class Guard:
    """ASGI middleware around the whole app, Gradio's routes included."""

    def __init__(self, app: ASGIApp, local: bool = False) -> None:
        """local: only this machine is served, so a request must call it by one of its own names. A foreign name that
        points here is how another site's page would get around the browser's rule of same origin (DNS rebinding).
        """
        self.app, self.local = app, local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif self.local and _hostname(Headers(scope=scope)) not in LOOPBACK:
            sentence = "Palimpsest was started for this machine alone. To serve others, start it with --host 0.0.0.0."
            await JSONResponse({"error": sentence}, 421)(scope, receive, _Guarded(send))
        elif _foreign(Headers(scope=scope)):
            sentence = "Another site asked for this, so it was not done. Open the editor itself and try again."
            await JSONResponse({"error": sentence}, 403)(scope, receive, _Guarded(send))
        else:
            guarded = _Guarded(send)
            try:
                await self.app(scope, receive, guarded)
            except Exception:  # and on it goes: but Starlette's answer would come from outside, without the headers
                if not guarded.began:
                    sentence = "The server made a mistake. What was asked for was not done, and nothing is lost."
                    await JSONResponse({"error": sentence}, 500)(scope, receive, _Guarded(send))
                raise  # to the log


class _Guarded:
    """A `send` that adds the headers; it holds a page back until its scripts are known."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.page: MutableMapping[str, Any] | None = None  # the held back start of an HTML answer
        self.body = b""
        self.began = False  # something was sent

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            if headers.get("content-type", "").startswith("text/html"):
                self.page = message
                return
            headers["Content-Security-Policy"] = OTHER_POLICY
        elif message["type"] == "http.response.body" and self.page is not None:
            self.body += message.get("body", b"")
            if message.get("more_body"):
                return
            MutableHeaders(scope=self.page)["Content-Security-Policy"] = _page_policy(self.body)
            await self.send(self.page)
            self.page, message = None, {**message, "body": self.body}
        self.began = True
        await self.send(message)


def _page_policy(page: bytes) -> str:
    digests = (hashlib.sha256(script).digest() for script in INLINE_SCRIPT.findall(page) if script)
    return PAGE_POLICY.format(hashes="".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in digests))


def _hostname(headers: Headers) -> str | None:
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname
    except ValueError:  # such as a bracket that nothing closes
        return None


def _foreign(headers: Headers) -> bool:
    """Whether a browser says that another site's page asks. Programs send no Origin, and are not tricked."""
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2] != headers.get("host")
