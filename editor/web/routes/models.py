"""Models: what a page has to know of one, and what that makes of the words in a prompt."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from editor.web.context import AppContext, Loading
from editor.web.wire import NEVER

PATIENCE = 2.0  # seconds for a hint: the model may be busy otherwise


class Models:
    """Neither route waits until a model is loaded, nor holds a thread."""

    def __init__(self, context: AppContext) -> None:
        self.context = context

    async def hint(self, request: Request) -> Response:
        """What the model says about words it never saw, and which these are, or why it cannot be loaded. Nothing while
        it is being loaded.
        """
        asked, unknown = request.query_params, list[str]()
        name, prompt = asked.get("pipeline", ""), asked.get("prompt", "")
        try:
            self.context.model(name)
            heard = asyncio.wrap_future(self.context.models.hint(name, prompt))
            hint, unknown = await asyncio.wait_for(heard, PATIENCE)
        except (Loading, TimeoutError):
            hint = ""
        except ValueError as error:
            hint = str(error)
        return JSONResponse({"hint": hint, "unknown": unknown}, headers=NEVER)

    async def model(self, request: Request) -> Response:
        """What the model can be asked: see Pipeline. words: its vocabulary, sorted; null where that is any text. Only
        `loading` while it is being loaded.
        """
        try:
            pipeline = self.context.model(request.query_params.get("pipeline", ""))
        except Loading:
            return JSONResponse({"loading": True}, headers=NEVER)
        answer = {
            "words": None if pipeline.vocabulary is None else sorted(pipeline.vocabulary),
            "defaults": dict(pipeline.defaults),
            "samplers": list(pipeline.samplers),
            "supports_strength": pipeline.supports_strength,
            "unsupported": sorted(pipeline.unsupported),
        }
        return JSONResponse(answer, headers=NEVER)
