"""Guard: what stands around the whole app, Gradio's routes included. It has a request pass only under a name of this
server's, from this site, to a route that is meant for others, with a body within bounds; and it adds the security
headers to every answer.
"""

import base64
import hashlib
import re
from collections.abc import Container, MutableMapping
from html import escape
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from editor.web.addresses import Addresses, foreign
from editor.web.gradio_routes import permitted, there
from editor.web.request_bodies import Bodies
from editor.web.server import PREFIX

INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
FIRST_SCRIPT = (Path(__file__).parents[2] / "assets" / "first.js").read_bytes()  # of the page
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
    """ASGI middleware around the whole app. shown: the files that Gradio may serve."""

    def __init__(self, app: ASGIApp, addresses: Addresses, shown: Container[str] = ()) -> None:
        self.app, self.addresses, self.shown = app, addresses, shown
        self.bodies = Bodies(self._let_in, self._most)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] == "websocket":  # there is none
            await send({"type": "websocket.close"})
            return
        self._place(scope)
        guarded = _Guarded(send)
        try:
            await self.bodies(scope, receive, guarded)
        except Exception:  # and on it goes: but Starlette's answer would come from outside, without the headers
            if not guarded.began:
                sentence = "The server made a mistake. What was asked for was not done, and nothing is lost."
                await JSONResponse({"error": sentence}, 500)(scope, receive, _Guarded(send))
            raise  # to the log

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope)
        await (self.app if refusal is None else refusal)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), _route(scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if sentence := self.addresses.refusal(host):
            return _refused(421, sentence, headers)
        if origin is not None and not self.addresses.own(origin, host):
            return _refused(403, foreign(origin), headers)  # programs send no Origin, and are not tricked
        if scope["path"] == self.addresses.root_path:
            query = scope["query_string"].decode("latin-1")
            return RedirectResponse(f"{scope['path']}/" + (f"?{query}" if query else ""))
        if not _ours(path) and permitted(scope["method"], path, self.shown) is None:
            return _refused(404, "There is nothing here. Files go to POST /palimpsest/documents.", headers)
        return None

    def _most(self, scope: Scope) -> int | None:
        path = _route(scope)
        way = None if _ours(path) else permitted(scope["method"], path, self.shown)
        return None if way is None else way.most

    def _place(self, scope: Scope) -> None:
        """Write into a scope where the app lies: a proxy before it keeps that path or cuts it off. And take out names
        of this server that are none: Gradio would write them into what it tells others.
        """
        root = self.addresses.root_path
        path = scope["path"]
        kept = path == root or (path.startswith(root + "/") and _known(path.removeprefix(root)))
        scope["root_path"] = root
        scope["path"] = path if kept else root + path
        headers = Headers(scope=scope)
        false = {b"x-gradio-server"}
        if "x-forwarded-host" in headers and self.addresses.refusal(headers["x-forwarded-host"].split(",")[0].strip()):
            false.add(b"x-forwarded-host")
        scope["headers"] = [(name, value) for name, value in scope["headers"] if name not in false]


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
            page = _completed(self.body)
            headers = MutableHeaders(scope=self.page)
            headers["Content-Security-Policy"] = _page_policy(page)
            if "content-length" in headers and self.body:  # of HEAD, the page is not known
                headers["Content-Length"] = str(len(page))
            await self.send(self.page)
            self.page, message = None, {**message, "body": page}
        self.began = True
        await self.send(message)


def _completed(page: bytes) -> bytes:
    """Gradio's page, which must work under any path: with our script before its own, and no address from the top."""
    first = b'<head><link rel="icon" href="./favicon.ico"><script>' + FIRST_SCRIPT + b"</script>"
    page = page.replace(b"<head>", first, 1)
    return page.replace(b'href="/manifest.json"', b'href="./manifest.json"')


def _page_policy(page: bytes) -> str:
    digests = (hashlib.sha256(script).digest() for script in INLINE_SCRIPT.findall(page) if script)
    return PAGE_POLICY.format(hashes="".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in digests))


def _refused(status: int, sentence: str, headers: Headers) -> Response:
    """In JSON; for who typed an address, as a page."""
    if "text/html" in headers.get("accept", ""):
        return HTMLResponse(f"<!doctype html><title>Palimpsest</title><p>{escape(sentence)}</p>", status)
    return JSONResponse({"error": sentence}, status)


def _route(scope: Scope) -> str:
    """The path under the one that the app lies at."""
    path: str = scope["path"]
    return path.removeprefix(scope["root_path"])


def _ours(path: str) -> bool:
    return path.startswith(PREFIX + "/")


def _known(path: str) -> bool:
    return _ours(path) or there(path)
