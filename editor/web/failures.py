"""Failures of the own routes: every one is a sentence in JSON."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from editor.web.wire import NEVER


def failure(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Returns a handler which answers with the error's own sentence."""

    async def answer(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, status, headers=NEVER)

    return answer


async def fault(request: Request, error: Exception) -> Response:
    """Answers to what no one foresaw; Starlette raises it again, for the log."""
    sentence = "Palimpsest failed at this: its log has the details. Everything that was saved is still there."
    return JSONResponse({"error": sentence}, 500, headers=NEVER)
