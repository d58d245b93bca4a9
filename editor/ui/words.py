"""Words: what a page has to know of a model, and what that makes of the words in a prompt."""

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

    def model(self, request: Request) -> Response:
        """What the model can be asked: see Pipeline. words: its vocabulary, sorted; null where that is any text."""
        pipeline = self._pipeline(request)
        told = {
            "words": None if pipeline.vocabulary is None else sorted(pipeline.vocabulary),
            "usual": dict(pipeline.usual),
            "samplers": list(pipeline.samplers),
            "refines": pipeline.refines,
            "unheeded": list(pipeline.unheeded),
        }
        return JSONResponse(told, headers=NEVER)

    def _pipeline(self, request: Request) -> Pipeline:
        return self.desk.pipeline(request.query_params.get("pipeline", ""))
