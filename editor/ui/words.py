"""Words: which a model knows, and what it makes of those in a prompt."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from editor.ui.desk import Desk
from editor.ui.packets import NEVER
from pipelines.base import Pipeline


class Words:
    """Both routes run in Starlette's threads: a model may have to be loaded first."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def hint(self, request: Request) -> Response:
        """What the model says about words it never saw, and which these are, or why it cannot be loaded."""
        prompt, unknown = request.query_params.get("prompt", ""), []
        try:
            pipeline = self._pipeline(request)
            hint, unknown = pipeline.hint(prompt), pipeline.unknown(prompt)
        except ValueError as error:
            hint = str(error)
        return JSONResponse({"hint": hint, "unknown": unknown}, headers=NEVER)

    def vocabulary(self, request: Request) -> Response:
        """The words that the model was taught, sorted; null when it was any text."""
        words = self._pipeline(request).vocabulary
        return JSONResponse({"words": None if words is None else sorted(words)}, headers=NEVER)

    def _pipeline(self, request: Request) -> Pipeline:
        return self.desk.pipeline(request.query_params.get("pipeline", ""))
