"""Gate: lets in who is signed in, at every route there is. It stands inside the guard, and before the app."""

import asyncio
import logging
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from editor.store.database import StorageError
from editor.web.accounts import Accounts
from editor.web.addresses import PREFIX, Addresses
from editor.web.calls import Calls
from editor.web.credentials import LIFETIME, WrongSecret
from editor.web.sign_in import sign_in_page
from editor.web.signed_out import SignedOut
from editor.web.users import SCOPE_KEY, User, set_current_user
from editor.web.wire import NEVER, TooLarge, read_body

SIGN_IN = f"{PREFIX}/sign-in"
SIGN_OUT = f"{PREFIX}/sign-out"
OPEN = ("/gradio_api/startup-events",)  # which launch() itself requests; it says and does nothing once it is started
# what the client behind MCP asks for before it passes a caller's request on, with the caller's own headers
OWN_REQUESTS = ("/config", "/gradio_api/info", "/gradio_api/queue/data", "/gradio_api/heartbeat/")
OWN_HEADER = "palimpsest-own-request"
ENTRY_KEY = "palimpsest.entry"  # of the audit log's entry in a request's scope
SLOW = 1.0  # seconds that the answer to a wrong secret takes
MAX_FORM = 2**13  # bytes of the sign-in form
SIGN_IN_FIRST = "You are not signed in. Load the page to sign in; programs send the header Authorization: Bearer TOKEN."

NO_SESSION = (
    "You did not sign in at this server's page, so there is nothing to sign out of. A proxy has its own address for it."
)

NO_CALL = "There is no result of a call of yours here: it may be another user's, or too long ago."

log = logging.getLogger(__name__)


@dataclass
class Entry:
    """What the audit log will say of a request; its route fills it in."""

    action: str = ""  # "" for what is not logged unless it is refused
    document: str | None = None
    prompt: str | None = None
    outcome: str | None = None


def entry_in(scope: Scope) -> Entry:
    """Returns the entry of a request, to be filled in."""
    entry = scope.get(ENTRY_KEY)
    return entry if isinstance(entry, Entry) else Entry()


class Gate:
    """ASGI middleware around the whole app."""

    def __init__(
        self,
        app: ASGIApp,
        accounts: Accounts,
        signed_out: SignedOut,
        addresses: Addresses,
        own_secret: str,
        calls: Calls,
    ) -> None:
        """Wraps an app.

        Args:
            app: the app.
            accounts: who is let in.
            signed_out: the browsers that are not let in any more.
            addresses: the path of this server.
            own_secret: by which the client behind MCP shows that it is this server's own, see `OWN_REQUESTS`.
            calls: whose the API's calls are.
        """
        self.app, self.accounts, self.root = app, accounts, addresses.root_path
        self.credentials, self.signed_out, self.own_secret = accounts.credentials, signed_out, own_secret
        self.calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"].removeprefix(self.root)
        if path in OPEN and scope["method"] == "GET":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self._sign_in(request, path)
            user = await self._user(request) if response is None else None
        except WrongSecret as error:
            user, response = None, await self._wrong(request, str(error))
        except TooLarge as error:
            user, response = None, JSONResponse({"error": str(error)}, 413, NEVER)
        if response is None and user is None and not self._is_own(request, path):
            response = self._sign_in_first(request)
        elif response is None and path == SIGN_OUT and request.method == "POST":
            response = await self._sign_out(user)
        elif response is None and user is not None and not self.calls.may_read(request, path, user):
            response = JSONResponse({"error": NO_CALL}, 404, NEVER)
        if response is not None:
            await response(scope, receive, send)
            return
        scope[SCOPE_KEY], scope[ENTRY_KEY] = user, Entry()
        set_current_user(user)
        if user is not None and request.method == "POST":
            send = self.calls.remembering(send, path, user)
        await self.app(scope, receive, _GatedSend(send, self.accounts, user, scope[ENTRY_KEY]))

    async def _user(self, request: Request) -> User | None:
        """Returns who makes a request; raises WrongSecret."""
        user = self.credentials.user(request)
        if user is not None and user.session is not None and await self.signed_out.has(user.session):
            return None
        return user

    async def _sign_out(self, user: User | None) -> Response:
        """Ends the session of a browser that signed in at the page, and so every copy of its cookie."""
        if user is None or user.session is None:
            return JSONResponse({"error": NO_SESSION}, 400, NEVER)
        try:
            await self.signed_out.add(user.session, LIFETIME)
        except StorageError as error:
            return JSONResponse({"error": str(error)}, 507, NEVER)
        self._add("sign-out", user.shown, 200)
        response = JSONResponse({}, headers={**NEVER, "Clear-Site-Data": '"cache"'})
        response.delete_cookie(self.credentials.cookie_name, f"{self.root}/", httponly=True, samesite="lax")
        return response

    async def _sign_in(self, request: Request, path: str) -> Response | None:
        """Answers the sign-in form, and a page with a token in its address; None for any other request."""
        if path == SIGN_IN:
            if request.method != "POST" or not self.credentials.has_token:
                return RedirectResponse(f"{self.root}/", 303, NEVER)
            fields = parse_qs((await read_body(request, MAX_FORM, "The form")).decode(errors="replace"))
            token, onward = (fields.get(name, [""])[0] for name in ("token", "next"))
        elif request.method in ("GET", "HEAD") and self.credentials.has_token and "token" in request.query_params:
            token, onward = request.query_params["token"], _without_token(request)
        else:
            return None
        if not self.credentials.is_token(token):
            return await self._wrong(request, "The token is wrong.", onward)
        self._add("sign-in", "token", 303)
        response = RedirectResponse(self._local(onward), 303, NEVER)
        https = request.url.scheme == "https" or request.headers.get("x-forwarded-proto", "") == "https"
        response.set_cookie(
            self.credentials.cookie_name, self.credentials.new_cookie(), LIFETIME, path=f"{self.root}/", secure=https,
            httponly=True, samesite="lax",
        )  # fmt: skip
        return response

    async def _wrong(self, request: Request, reason: str, onward: str = "") -> Response:
        """Answers to a wrong secret, late."""
        address = request.client.host if request.client else "somewhere"
        log.warning("A sign-in from %s failed. %s", address, reason)
        self._add("sign-in", None, 401, f"from {address}")
        await asyncio.sleep(SLOW)
        if _is_page(request):
            return self._page(request, onward or _without_token(request), True)
        return _refusal(reason)

    def _sign_in_first(self, request: Request) -> Response:
        if _is_page(request):
            return self._page(request, _without_token(request), False)
        return _refusal(SIGN_IN_FIRST)

    def _page(self, request: Request, onward: str, wrong: bool) -> Response:
        languages = request.headers.get("accept-language", "")
        action, onward = self.root + SIGN_IN, self._local(onward)
        return sign_in_page(languages, action, onward, wrong, self.credentials.has_token)

    def _local(self, onward: str) -> str:
        """Returns a path of this server, whatever a form or an address says."""
        path, mark, query = onward.partition("?")
        inside = path.startswith(f"{self.root}/") and "\\" not in path and path.isprintable()
        clean = "/" + path.lstrip("/") if inside else f"{self.root}/"
        return quote(clean, safe="/%~!$&'()*+,;=:@-._") + (mark + quote(query, safe="%&=+,;:@/?-._~") if inside else "")

    def _is_own(self, request: HTTPConnection, path: str) -> bool:
        """Tells whether this server itself asks; see `OWN_REQUESTS`."""
        secret = request.headers.get(OWN_HEADER, "")
        return path.startswith(OWN_REQUESTS) and secrets.compare_digest(secret.encode(), self.own_secret.encode())

    def _add(self, action: str, user: str | None, status: int, outcome: str | None = None) -> None:
        if self.accounts.audit is not None:
            self.accounts.audit.add(user, action, None, status, outcome=outcome)


class _GatedSend:
    """A `send` that adds a request to the audit log once its status is known, and lets no browser keep a page: its Back
    button would show it after its user has signed out.
    """

    def __init__(self, send: Send, accounts: Accounts, user: User | None, entry: Entry) -> None:
        self.send, self.audit, self.user, self.entry = send, accounts.audit, user, entry

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self.audit is not None and self.entry.action:
            user, entry = None if self.user is None else self.user.shown, self.entry
            self.audit.add(user, entry.action, entry.document, message["status"], entry.prompt, entry.outcome)
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith("text/html"):
                headers["Cache-Control"] = "no-store"
        await self.send(message)


def _is_page(request: HTTPConnection) -> bool:
    """Tells whether a browser asks for a page, and not a program or a script of a page."""
    return "text/html" in request.headers.get("accept", "")


def _without_token(request: Request) -> str:
    """Returns the path and query of a request, without the token."""
    fields = [(name, value) for name, value in parse_qsl(request.url.query, True) if name != "token"]
    path: Any = request.scope["path"]
    return f"{path}?{urlencode(fields)}" if fields else str(path)


def _refusal(message: str) -> Response:
    return JSONResponse({"error": message}, 401, {**NEVER, "WWW-Authenticate": "Bearer"})
