"""Models: what a page needs to know of a model, and hints about unknown words in a prompt."""

from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from editor.edits.removal import AUTO
from editor.imaging.limits import MAX_PROMPT
from editor.store.blobs import NotFound
from editor.web.context import AppContext, Loading
from editor.web.wire import ALWAYS, NEVER
from pipelines.base import NOT_ASKED
from pipelines.wording.resolve import Wording, resolve

KINDS_TYPES = {".json": "application/json", ".webp": "image/webp"}


class Models:
    """Routes about models. None waits until a model is loaded, or blocks a thread."""

    def __init__(self, context: AppContext) -> None:
        self.context = context

    async def hint(self, request: Request) -> Response:
        """GET ?pipeline=, ?prompt=: a `hint` about what the model does not read of it, and its `wording`: the `prompt`
        that the model is given instead, "" for itself, the words `left_out`, each `unknown` word with what is
        `near`, and whether it `removes` something, which is another mode.

        The hint is the reason when the model cannot be loaded, and empty while it is loading.
        """
        query = request.query_params
        name, prompt = query.get("pipeline", ""), query.get("prompt", "")[:MAX_PROMPT]
        wording = Wording(prompt)
        try:
            wording = resolve(prompt, self.context.model(name).vocabulary)
            hint = await self.context.hint(name, wording.prompt)
        except (Loading, TimeoutError):
            hint = ""
        except ValueError as error:
            hint = str(error)
        answer = {
            "prompt": wording.prompt if wording.prompt != prompt else "", "left_out": wording.left_out,
            "unknown": [unknown._asdict() for unknown in wording.unknown], "removes": wording.removes,
        }  # fmt: skip
        return JSONResponse({"hint": hint, "wording": answer}, headers=NEVER)

    async def model(self, request: Request) -> Response:
        """GET ?pipeline=: what a model supports, see `PipelineInfo`; only `loading` while it is loading.

        `words` is its vocabulary, sorted; null when it takes any text. `kinds` is the version of its list of what it
        paints, see `kinds`; empty when it has none. "auto" is loading while any model is that Remove may choose, and
        takes no settings: those of the chosen one apply.
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
            "kinds": self.context.library.kinds_version(name),
            "defaults": dict(pipeline.defaults),
            "live_steps": pipeline.live_steps,
            "samplers": list(pipeline.samplers),
            "supports_strength": pipeline.supports_strength,
            "unsupported": sorted(pipeline.unsupported),
            "host": pipeline.host,
        }
        return JSONResponse(answer, headers=NEVER)

    def kinds(self, request: Request) -> Response:
        """GET ?pipeline=: of what a model paints, in this version, the list or the pictures."""
        name = request.query_params.get("pipeline", "")
        self.context.check_model(name)
        file = self.context.library.kinds_file(name, request.path_params["version"], request.path_params["file"])
        if file is None:
            raise NotFound(f"{name} has no such list of what it paints. Load the page again.")
        return FileResponse(file, headers=ALWAYS, media_type=KINDS_TYPES[file.suffix])

    def adapters(self, request: Request) -> Response:
        """GET ?pipeline=: the adapters on this machine, each with its `name`, `title`, `kind` ("lora", "ip-adapter" or
        "controlnet"), whether the model `takes` it, `why` not, and the `settings` that it was trained for.
        """
        name = request.query_params.get("pipeline", "")
        if name != AUTO:  # which no adapter goes with
            self.context.check_model(name)
        return JSONResponse(self.context.library.adapters(name), headers=NEVER)

    def _automatic(self) -> dict[str, Any]:
        for name in self.context.removers.candidates():
            with suppress(ValueError):  # the job itself will fail with the reason
                if self.context.models.info(name) is None:
                    return {"loading": True}
        unsupported = [name for name in NOT_ASKED if name != "seeds"]
        return {
            "words": None, "kinds": "", "defaults": {}, "live_steps": 1, "samplers": [], "supports_strength": False,
            "unsupported": unsupported, "host": "",
        }  # fmt: skip
