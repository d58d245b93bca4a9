"""Models: what a page needs to know of a model, and hints about unknown words in a prompt."""

import asyncio
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from editor.edits.removal import AUTO, candidates
from editor.web.context import AppContext, Loading
from editor.web.wire import NEVER
from pipelines.base import NOT_ASKED

HINT_TIMEOUT = 2.0  # seconds to wait for a hint: the model may be busy


class Models:
    """Routes about models. None waits until a model is loaded, or blocks a thread."""

    def __init__(self, context: AppContext) -> None:
        self.context = context

    async def hint(self, request: Request) -> Response:
        """GET ?pipeline=, ?prompt=: a `hint` about the words that the model does not know, and which are `unknown`.

        The hint is the reason when the model cannot be loaded, and empty while it is loading.
        """
        query, unknown = request.query_params, list[str]()
        name, prompt = query.get("pipeline", ""), query.get("prompt", "")
        try:
            self.context.model(name)
            answer = asyncio.wrap_future(self.context.models.hint(name, prompt))
            hint, unknown = await asyncio.wait_for(answer, HINT_TIMEOUT)
        except (Loading, TimeoutError):
            hint = ""
        except ValueError as error:
            hint = str(error)
        return JSONResponse({"hint": hint, "unknown": unknown}, headers=NEVER)

    async def model(self, request: Request) -> Response:
        """GET ?pipeline=: what a model supports, see `PipelineInfo`; only `loading` while it is loading.

        `words` is its vocabulary, sorted; null when it takes any text. "auto" is loading while any model is that Remove
        may choose, and takes no settings: those of the chosen one apply.
        """
        name = request.query_params.get("pipeline", "")
        if name == AUTO:
            return JSONResponse(self._automatic(), headers=NEVER)
        try:
            pipeline = self.context.model(name)
        except Loading:
            return JSONResponse({"loading": True}, headers=NEVER)
        answer = {
            "words": None if pipeline.vocabulary is None else sorted(pipeline.vocabulary),
            "defaults": dict(pipeline.defaults),
            "live_steps": pipeline.live_steps,
            "samplers": list(pipeline.samplers),
            "supports_strength": pipeline.supports_strength,
            "unsupported": sorted(pipeline.unsupported),
            "host": pipeline.host,
        }
        return JSONResponse(answer, headers=NEVER)

    def adapters(self, request: Request) -> Response:
        """GET ?pipeline=: the adapters on this machine, each with its `name`, `title`, `kind` ("lora", "ip-adapter" or
        "controlnet"), whether the model `takes` it, `why` not, and the `settings` that it was trained for.
        """
        name = request.query_params.get("pipeline", "")
        if name != AUTO:  # which no adapter goes with
            self.context.check_model(name)
        return JSONResponse(self.context.library.adapters(name), headers=NEVER)

    def _automatic(self) -> dict[str, Any]:
        for name in candidates(self.context.names, self.context.default):
            with suppress(ValueError):  # the job itself will fail with the reason
                if self.context.models.info(name) is None:
                    return {"loading": True}
        unsupported = [name for name in NOT_ASKED if name != "seeds"]
        return {
            "words": None, "defaults": {}, "live_steps": 1, "samplers": [], "supports_strength": False,
            "unsupported": unsupported, "host": "",
        }  # fmt: skip
