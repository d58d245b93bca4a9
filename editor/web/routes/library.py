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

    def look_up(self, request: Request) -> Response:
        """GET ?model=: what the hub says of a model now, or the failure as `kind` and `error`."""
        self.context.check_operator(request)
        model = request.query_params.get("model", "")
        return JSONResponse(self.library.look_up(model, self.context.models.machine()), headers=NEVER)

    async def download(self, request: Request) -> Response:
        """POST `model`, `licence`: queues a download, or goes on with one, if that is the licence that the hub has."""
        fields = await self._fields(request, "model", "licence")
        await run_in_threadpool(self.library.download, fields["model"], fields["licence"])
        return await self._answer(request)

    async def pause(self, request: Request) -> Response:
        """POST `model`: holds a download."""
        fields = await self._fields(request, "model")
        self.library.downloads.pause(fields["model"])
        return await self._answer(request)

    async def cancel(self, request: Request) -> Response:
        """POST `model`: ends a download and deletes what came of it; takes one that has ended off the list."""
        fields = await self._fields(request, "model")
        self.library.downloads.remove(fields["model"])
        return await self._answer(request)

    async def set_token(self, request: Request) -> Response:
        """POST `token`: stores the token of the account on the hub; "" removes it. It is never sent back."""
        fields = await self._fields(request, "token")
        await run_in_threadpool(self.library.store_token, fields["token"])
        return await self._answer(request)

    async def set_key(self, request: Request) -> Response:
        """POST `name`, `key`: keeps the key for the server that a model is on; "" forgets it. It is never sent back."""
        fields = await self._fields(request, "name", "key")
        await run_in_threadpool(self.library.set_key, fields["name"], fields["key"])
        return await self._answer(request)

    async def add(self, request: Request) -> Response:
        """POST `source`: adds a folder or a file of this machine, or a model in the hub's cache; answers its `name`."""
        fields = await self._fields(request, "source")
        name = await run_in_threadpool(self.library.add, fields["source"])
        return await self._answer(request, name=name)

    async def remove(self, request: Request) -> Response:
        """POST `name`: removes a model, unless a job that is not finished has it; answers the bytes `freed`."""
        fields = await self._fields(request, "name")
        freed = await run_in_threadpool(self._remove, fields["name"])
        return await self._answer(request, freed=freed)

    def _remove(self, name: str) -> int:
        freed = self.library.remove(name, self.context.session.store.revisions.models_in_use())
        self.context.models.forget(name)
        return freed

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
