"""Guard: middleware around the whole app, Gradio's routes included.

It accepts a request only if its Host is a name of this server, its Origin this site, its route public and its body
within limits, and adds the security headers to every response.
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

from editor.web.addresses import PREFIX, ROOT_PATH, Addresses, foreign_origin_error, forwarded_prefix
from editor.web.gradio_routes import find_route, has_route
from editor.web.request_bodies import Bodies

INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
FIRST_SCRIPT = (Path(__file__).parents[2] / "assets" / "first.js").read_bytes()  # runs before all others of the page
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # whoever has a document's URL can open it
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
# Gradio compiles its templates in the browser ('unsafe-eval') and sets styles on elements ('unsafe-inline').
# Its inline scripts are allowed one by one, by their hashes, so injected scripts cannot run. The page itself fetches a
# picture that is dropped as a link ('https:'): this server could be sent to any address that way.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'{hashes}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' https:; manifest-src 'self'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
OTHER_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


class Guard:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp, addresses: Addresses, shown: Container[str] = ()) -> None:
        """Wraps an app.

        Args:
            app: the app.
            addresses: the names and the path of this server.
            shown: the paths of the files that Gradio may serve.
        """
        self.app, self.addresses, self.shown = app, addresses, shown
        self.bodies = Bodies(self._check_and_run, self._max_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] == "websocket":  # the app has none
            await send({"type": "websocket.close"})
            return
        self._normalise(scope)
        guarded = _GuardedSend(send)
        try:
            await self.bodies(scope, receive, guarded)
        except Exception:  # raised again below, but Starlette's own response to it would lack the headers
            if not guarded.started:
                message = "The server has an internal error. Your request was not carried out; nothing is lost."
                await JSONResponse({"error": message}, 500)(scope, receive, _GuardedSend(send))
            raise  # to the log

    async def _check_and_run(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope)
        if refusal is None:
            self._name_as_outside(scope)
        await (self.app if refusal is None else refusal)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), _path_in_app(scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if message := self.addresses.refusal(host):
            return _error_response(421, message, headers)
        if origin is not None and not self.addresses.own(origin, host):
            # programs send no Origin; they cannot be tricked by another site as a browser can
            return _error_response(403, foreign_origin_error(origin), headers)
        if scope["path"] == scope["root_path"]:
            query = scope["query_string"].decode("latin-1")
            return RedirectResponse(f"{scope['path']}/" + (f"?{query}" if query else ""))
        if not _is_own_route(path) and find_route(scope["method"], path, self.shown) is None:
            message = "There is nothing at this address. To upload a file, use POST /palimpsest/documents."
            if below := _root_of(path):
                message = (
                    f"There is nothing at this address. If a proxy serves Palimpsest under {below}, start it with"
                    f" --root-path {below}."
                )
            return _error_response(404, message, headers)
        return None

    def _name_as_outside(self, scope: Scope) -> None:
        """Sets `Host` to the name that who asks knows the server by, for the addresses in Gradio's responses.

        A proxy may ask by the name that the server has inside, as nginx does where nothing else is said.
        """
        headers = Headers(scope=scope)
        if not self.addresses.public or "x-forwarded-host" in headers:  # which Gradio reads itself
            return
        pages = [headers[name] for name in ("origin", "referer") if name in headers]
        scheme, host = self.addresses.outside(headers.get("host", ""), pages)
        scope["scheme"] = scheme or scope["scheme"]
        others = [(name, value) for name, value in scope["headers"] if name != b"host"]
        scope["headers"] = [(b"host", host.encode("latin-1")), *others]

    def _max_bytes(self, scope: Scope) -> int | None:
        path = _path_in_app(scope)
        route = None if _is_own_route(path) else find_route(scope["method"], path, self.shown)
        return None if route is None else route.max_bytes

    def _normalise(self, scope: Scope) -> None:
        """Sets a scope's root path and path, which a proxy may pass on with or without the root path.

        Also removes headers with wrong names of this server, which Gradio would copy into its responses.
        """
        root = self.addresses.root_path or forwarded_prefix(scope)
        path = scope["path"]
        has_root = path == root or (path.startswith(root + "/") and _exists(path.removeprefix(root)))
        scope["root_path"] = root
        scope["path"] = path if has_root else root + path
        headers = Headers(scope=scope)
        untrusted = {b"x-gradio-server"}
        if "x-forwarded-host" in headers and self.addresses.refusal(headers["x-forwarded-host"].split(",")[0].strip()):
            untrusted.add(b"x-forwarded-host")
        scope["headers"] = [(name, value) for name, value in scope["headers"] if name not in untrusted]


class _GuardedSend:
    """A `send` that adds the headers; it delays a page until the hashes of its scripts are known."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.page: MutableMapping[str, Any] | None = None  # the delayed start of an HTML response
        self.body = b""
        self.started = False  # whether anything was sent

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            if headers.get("content-type", "").startswith("text/html"):
                if "content-security-policy" not in headers:  # a page that is not Gradio's has a stricter one
                    self.page = message
                    return
            else:
                headers["Content-Security-Policy"] = OTHER_POLICY
        elif message["type"] == "http.response.body" and self.page is not None:
            self.body += message.get("body", b"")
            if message.get("more_body"):
                return
            page = _adapt_page(self.body)
            headers = MutableHeaders(scope=self.page)
            headers["Content-Security-Policy"] = _page_policy(page)
            if "content-length" in headers and self.body:  # a HEAD response has no body
                headers["Content-Length"] = str(len(page))
            await self.send(self.page)
            self.page, message = None, {**message, "body": page}
        self.started = True
        await self.send(message)


def _adapt_page(page: bytes) -> bytes:
    """Adds our script before Gradio's own, and makes absolute URLs relative, since the page must work at any path."""
    first = b'<head><link rel="icon" href="./favicon.ico"><script>' + FIRST_SCRIPT + b"</script>"
    page = page.replace(b"<head>", first, 1)
    return page.replace(b'href="/manifest.json"', b'href="./manifest.json"')


def _page_policy(page: bytes) -> str:
    digests = (hashlib.sha256(script).digest() for script in INLINE_SCRIPT.findall(page) if script)
    return PAGE_POLICY.format(hashes="".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in digests))


def _error_response(status: int, message: str, headers: Headers) -> Response:
    """Returns an error as JSON, or as a page when a browser navigates to it."""
    if "text/html" in headers.get("accept", ""):
        return HTMLResponse(f"<!doctype html><title>Palimpsest</title><p>{escape(message)}</p>", status)
    return JSONResponse({"error": message}, status)


def _path_in_app(scope: Scope) -> str:
    """Returns a request's path below the root path."""
    path: str = scope["path"]
    return path.removeprefix(scope["root_path"])


def _root_of(path: str) -> str:
    """Returns the beginning of a path that ends like a route of this server; "" when none does."""
    if path.startswith((f"{PREFIX}/", "/gradio_api/")):  # a route that there is not, under no proxy's path
        return ""
    parts = path.split("/")
    for count in range(2, len(parts)):
        root = "/".join(parts[:count])
        if ROOT_PATH.fullmatch(root) and _exists(path.removeprefix(root)):
            return root
    return ""


def _is_own_route(path: str) -> bool:
    return path.startswith(PREFIX + "/")


def _exists(path: str) -> bool:
    return _is_own_route(path) or has_route(path)
