"""Words: which a model knows, and what it makes of those in a prompt."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from editor.ui.desk import Desk
from editor.ui.packets import NEVER


class Words:
    """Both run in Starlette's threads: a model may have to be loaded first."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def hint(self, request: Request) -> Response:
        """What the model says about words it never saw, or why it cannot be loaded."""
        name = request.query_params.get("pipeline", "")
        try:
            hint = self.desk.load(name).hint(request.query_params.get("prompt", "")) if name in self.desk.names else ""
        except ValueError as error:
            hint = str(error)
        return JSONResponse({"hint": hint}, headers=NEVER)
