"""Health: tells programs whether the server answers and is ready, whatever name they know it by."""

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from editor.web.addresses import forwarded_prefix
from editor.web.readiness import Readiness
from editor.web.security import HEADERS, OTHER_POLICY
from editor.web.wire import NEVER

PROBES = ALIVE, READY = "/healthz", "/readyz"


class Health:
    """ASGI middleware that answers at two paths by itself: no cookie, no login, no name of the server, no Gradio.

    It stands before what checks those, since a probe knows the server by a container's address or a cluster's name.
    """

    def __init__(self, app: ASGIApp, root_path: str, readiness: Readiness) -> None:
        """Wraps an app.

        Args:
            app: the app.
            root_path: the path of the server; the probes may stand below it or not.
            readiness: tells why the server is not ready.
        """
        self.app, self.root_path, self.readiness = app, root_path, readiness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"].removeprefix(self.root_path or forwarded_prefix(scope))
        if path not in PROBES:
            await self.app(scope, receive, send)
            return
        if scope["method"] not in ("GET", "HEAD"):
            answer = _answer(405, error="Only GET and HEAD are answered here.")
        elif path == ALIVE:
            answer = _answer(200, status="alive")
        elif trouble := await self.readiness.trouble():
            answer = _answer(503, error=trouble)
        else:
            answer = _answer(200, status="ready")
        await answer(scope, receive, send)


def _answer(code: int, **fields: str) -> JSONResponse:
    headers = {**HEADERS, "Content-Security-Policy": OTHER_POLICY, **NEVER}
    return JSONResponse(fields, code, headers=headers)
