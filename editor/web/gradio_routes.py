"""Gradio's routes: the few that the page and the published API need. All others are refused."""

import re
from collections.abc import Container
from typing import NamedTuple

from starlette.routing import compile_path

from editor.imaging.limits import MAX_BASE64_BYTES, MAX_JSON_BYTES

FILE = "/gradio_api/file="
LONG = MAX_BASE64_BYTES + 2**20  # bytes of a body with a picture in base64


class GradioRoute(NamedTuple):
    """A route that requests may use."""

    methods: tuple[str, ...]
    path: str  # with its parameters in braces
    max_bytes: int = MAX_JSON_BYTES  # of a request's body

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches the paths of this route."""
        return compile_path(self.path)[0]


PAGE = [
    GradioRoute(("GET", "HEAD"), "/"),
    *(GradioRoute(("GET",), path) for path in (
        "/assets/{path:path}", "/static/{path:path}", "/theme.css", "/favicon.ico", "/manifest.json", "/pwa_icon",
        "/robots.txt",
    )),
]  # fmt: skip
API = [
    GradioRoute(("GET",), "/config"),
    GradioRoute(("GET",), "/gradio_api/info"),
    GradioRoute(("GET",), "/gradio_api/openapi.json"),
    GradioRoute(("GET",), "/gradio_api/startup-events"),  # requested by launch()
    GradioRoute(("GET",), "/gradio_api/heartbeat/{session_hash}"),
    GradioRoute(("POST",), "/gradio_api/queue/join", LONG),
    GradioRoute(("GET",), "/gradio_api/queue/data"),
    GradioRoute(("POST",), "/gradio_api/call/{api_name}", LONG),
    GradioRoute(("POST",), "/gradio_api/call/v2/{api_name}", LONG),
    GradioRoute(("GET",), "/gradio_api/call/{api_name}/{event_id}"),
    GradioRoute(("GET",), "/gradio_api/call/v2/{api_name}/{event_id}"),
    GradioRoute(("POST",), "/gradio_api/cancel"),
    GradioRoute(("GET", "HEAD"), FILE + "{path_or_url:path}"),  # only pictures in responses, see `find_route`
]
MCP = [
    GradioRoute(("GET", "POST", "DELETE"), "/gradio_api/mcp/", LONG),
    GradioRoute(("GET", "POST", "DELETE"), "/gradio_api/mcp", LONG),
]
ROUTES = [(route, route.pattern) for route in (*PAGE, *API, *MCP)]


def find_route(method: str, path: str, files: Container[str]) -> GradioRoute | None:
    """Returns the route of a request, or None when there is none.

    Args:
        method: the request's method.
        path: its path.
        files: the paths of the files that may be fetched.
    """
    if path.startswith(FILE) and path.removeprefix(FILE) not in files:
        return None
    return next((route for route, pattern in ROUTES if method in route.methods and pattern.match(path)), None)


def has_route(path: str) -> bool:
    """Tells whether any method has a route at this path."""
    return any(pattern.match(path) for _, pattern in ROUTES)
