"""Gradio's routes: the few that the page and the published API need. Whatever else Gradio has is not there."""

import re
from collections.abc import Container
from typing import NamedTuple

from starlette.routing import compile_path

from editor.imaging.limits import MAX_BASE64_BYTES, MAX_JSON_BYTES

FILE = "/gradio_api/file="
LONG = MAX_BASE64_BYTES + 2**20  # with one in base64


class Way(NamedTuple):
    """Methods, an address with its parameters in braces, and how many bytes a body may have."""

    methods: tuple[str, ...]
    path: str
    most: int = MAX_JSON_BYTES

    @property
    def pattern(self) -> re.Pattern[str]:
        return compile_path(self.path)[0]


PAGE = [
    Way(("GET", "HEAD"), "/"),
    *(Way(("GET",), path) for path in (
        "/assets/{path:path}", "/static/{path:path}", "/theme.css", "/favicon.ico", "/manifest.json", "/pwa_icon",
        "/robots.txt",
    )),
]  # fmt: skip
API = [
    Way(("GET",), "/config"),
    Way(("GET",), "/gradio_api/info"),
    Way(("GET",), "/gradio_api/openapi.json"),
    Way(("GET",), "/gradio_api/startup-events"),  # what launching asks
    Way(("GET",), "/gradio_api/heartbeat/{session_hash}"),
    Way(("POST",), "/gradio_api/queue/join", LONG),
    Way(("GET",), "/gradio_api/queue/data"),
    Way(("POST",), "/gradio_api/call/{api_name}", LONG),
    Way(("POST",), "/gradio_api/call/v2/{api_name}", LONG),
    Way(("GET",), "/gradio_api/call/{api_name}/{event_id}"),
    Way(("GET",), "/gradio_api/call/v2/{api_name}/{event_id}"),
    Way(("POST",), "/gradio_api/cancel"),
    Way(("GET", "HEAD"), FILE + "{path_or_url:path}"),  # of pictures in answers alone, see `permitted`
]
MCP = [
    Way(("GET", "POST", "DELETE"), "/gradio_api/mcp/", LONG),
    Way(("GET", "POST", "DELETE"), "/gradio_api/mcp", LONG),
]
WAYS = [(way, way.pattern) for way in (*PAGE, *API, *MCP)]


def permitted(method: str, path: str, shown: Container[str]) -> Way | None:
    """The way that a request takes, or None where there is none. shown: the files that may be fetched."""
    if path.startswith(FILE) and path.removeprefix(FILE) not in shown:
        return None
    return next((way for way, pattern in WAYS if method in way.methods and pattern.match(path)), None)


def there(path: str) -> bool:
    """Whether there is anything at a path, by whatever method."""
    return any(pattern.match(path) for _, pattern in WAYS)
