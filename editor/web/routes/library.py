"""The library: which models there are, which could be had, and what the operator changes about them."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from editor.web.context import AppContext
from editor.web.wire import NEVER, read_body, read_json
from pipelines.errors import InvalidInput

MAX_BYTES = 10_000  # of a request's body


class LibraryRoutes:
    """Routes about the library."""

    def __init__(self, context: AppContext) -> None:
        self.context, self.library = context, context.library

    def list_models(self, request: Request) -> Response:
        """GET: `installed`, `recommended`, `downloads`, `defaults`, `machine`, `token`, `may_change`."""
        return JSONResponse(self._listing(request), headers=NEVER)

    async def set_default(self, request: Request) -> Response:
        """POST `intent`, `name`: sets the model to begin with; "" for the one that the program chooses."""
        fields = await self._fields(request, "intent", "name")
        self.library.set_default(fields["intent"], fields["name"])
        return await self._answer(request)

    async def _fields(self, request: Request, *names: str) -> dict[str, str]:
        """Reads the body: an object of texts.

        Raises:
            InvalidInput: it is none, or whoever asks may change nothing.
        """
        self.context.check_operator(request)
        fields = read_json(await read_body(request, MAX_BYTES, "The request"), "The request")
        for name in names:
            if not isinstance(fields.get(name), str):
                raise InvalidInput(f"The request must have a text {name!r}, not {fields.get(name)!r}.")
        return fields

    async def _answer(self, request: Request, **fields: Any) -> Response:
        return JSONResponse({**await run_in_threadpool(self._listing, request), **fields}, headers=NEVER)

    def _listing(self, request: Request) -> dict[str, Any]:
        models = self.context.models
        return {
            **self.library.listing(models.machine(), models.loaded),
            "may_change": self.context.is_operator(request),
        }
