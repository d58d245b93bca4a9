"""The pages' own files, ES modules and styles: where they lie, and the address that they are served at."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from editor.web.wire import ALWAYS

CANVAS = Path(__file__).parents[2] / "assets" / "canvas"


def _version() -> str:
    """Returns a digest of all files."""
    digest = sha256()
    for file in sorted(file for file in CANVAS.rglob("*") if file.is_file()):
        digest.update(f"{file.relative_to(CANVAS).as_posix()} {file.stat().st_size}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


# relative to the page, where CANVAS is served: another address after each update, so that browsers need not ask whether
# a file has changed, and old and new modules never meet
MODULES = f"palimpsest/canvas/{_version()}/"


class _Modules(StaticFiles):
    """Files at an address of their version, see `MODULES`."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        response = super().file_response(*arguments, **options)
        response.headers.update(ALWAYS)
        return response


def modules() -> Mount:
    """Returns the route of all files in CANVAS."""
    return Mount(f"/{MODULES}".rstrip("/"), _Modules(directory=CANVAS))
