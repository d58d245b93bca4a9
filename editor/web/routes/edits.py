"""Edits: submitted, planned, changed, reordered and cancelled."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from editor.edits.edit import NOWHERE, Blend
from editor.edits.intents import CompletedEdit, complete
from editor.edits.plan import plan, with_blend
from editor.imaging.geometry import Margins
from editor.imaging.limits import MAX_EDIT_BYTES, MAX_JSON_BYTES
from editor.imaging.raster import Mask
from editor.store.queue import Moved
from editor.store.revisions import Revision
from editor.web import large_work
from editor.web.context import AppContext
from editor.web.state import DocumentStates
from editor.web.threads import in_writer
from editor.web.wire import (
    NEVER,
    exactly,
    mask_of,
    packet_of_masks,
    pixels_in,
    read_body,
    read_box,
    read_json,
    read_packet,
    strokes_of,
)
from pipelines.errors import InvalidInput

BLENDING = ("feather", "edge", "opacity", "colour_match")
ASKING = ("pipeline", "prompt", "negative_prompt", "steps", "guidance", "seed", "strength", "sampler")
# whoever does not change these need not speak of them
OPTIONAL: dict[str, Any] = {"edge": 0, "keep_specks": False, "intent": "fill"}
FIELDS = ("parent", "variations", "margins", "mask", "sketch", *ASKING, *BLENDING, *OPTIONAL)


class EditRequest(NamedTuple):
    """An edit as the page asks for it."""

    intent: str
    mask: Mask
    settings: dict[str, Any]  # what else an Edit says
    keep_specks: bool
    parent: object  # as it was sent
    variations: int


class Edits:
    """Methods which are not `async` run in Starlette's threads, for they touch the disk."""

    def __init__(self, context: AppContext, states: DocumentStates) -> None:
        self.states = states
        self.context, self.session = context, context.session

    async def submit(self, request: Request) -> Response:
        body = await read_body(request, MAX_EDIT_BYTES, "The edit")
        return await large_work.run(pixels_in(body), self._submitted, request, body, small=in_writer)

    def _submitted(self, request: Request, body: bytes) -> Response:
        document = self.context.document(request)
        asked = self._request(body)
        parent = asked.parent
        if isinstance(parent, str):
            edit, _ = self._completed(asked, document.id, parent)
            if again := self.session.requested(document.id, edit, asked.variations, parent):
                return self._accepted(request, again)
        if not isinstance(parent, str) or parent != self.session.store.jobs.tail(document.id):
            raise Moved("The picture was changed in another tab meanwhile. Look at it as it is, then generate again.")
        return self._accepted(request, self.session.variations(document.id, edit, asked.variations, parent))

    async def plan(self, request: Request) -> Response:
        body = await read_body(request, MAX_EDIT_BYTES, "The edit")
        return await large_work.run(pixels_in(body), self._planned, request, body)

    def _planned(self, request: Request, body: bytes) -> Response:
        document = self.context.document(request)
        asked = self._request(body)
        if not isinstance(asked.parent, str):
            raise InvalidInput(f"An edit's parent is the id of a revision, not {asked.parent!r}.")
        frame = self.session.frame(document.id, asked.parent)
        edit, specks = self._completed(asked, document.id, asked.parent)
        planned = plan(edit, frame, self.context.model(asked.settings["pipeline"]))
        regions = [with_blend(edit, part.mask).cut(planned.frame) for part in planned.parts]
        windows = [part.window for part in planned.parts]
        answer = {"windows": windows, "steps": planned.steps, "specks": specks}
        return packet_of_masks(answer, "regions", regions)

    async def amend(self, request: Request) -> Response:
        body = await read_body(request, MAX_EDIT_BYTES, "The edit")
        return await large_work.run(pixels_in(body), self._amended, request, body, small=in_writer)

    def _amended(self, request: Request, body: bytes) -> Response:
        document, step = self.context.document(request), self.context.revision(request)
        edit, _ = self._completed(self._request(body), document.id, step.parent or step.id)
        if step.edit is not None and step.edit.pipeline == edit.pipeline:  # the page cannot speak of it
            edit = replace(
                edit,
                sketch=edit.sketch or step.edit.sketch,
                clip_guidance=step.edit.clip_guidance,
                adapters=step.edit.adapters,
                reference=step.edit.reference,
            )
        return self._accepted(request, self.session.amend(document.id, step.id, edit))

    def replayed(self, request: Request) -> Response:
        """What a change of a step would make again: its place among the steps on its path, `step` of `of`, and of each
        later one the `pipeline` and at most how many `steps` it takes.
        """
        document, step = self.context.document(request), self.context.revision(request)
        first, *later = self.session.replayed(document.id, step.id)
        if first.edit is None:
            raise InvalidInput("The picture that was opened is no step: there is nothing in it to change.")
        edits = [each.edit for each in later if each.edit is not None]
        place = len(self.session.store.revisions.path_to(step.id)) - 1
        plans = self.states.plans(self.session.frame(document.id, step.id), edits)
        return JSONResponse({"step": place, "of": place + len(later), "later": plans}, headers=NEVER)

    async def reblend(self, request: Request) -> Response:
        said = read_json(await read_body(request, MAX_JSON_BYTES, "The blend"), "A blend")
        return await in_writer(self._reblended, request, said)

    def _reblended(self, request: Request, said: dict[str, Any]) -> Response:
        document, step = self.context.document(request), self.context.revision(request)
        exactly(said, BLENDING, "A blend")
        return self._accepted(request, self.session.reblend(document.id, step.id, Blend(**said)))

    async def crop(self, request: Request) -> Response:
        said = read_json(await read_body(request, MAX_JSON_BYTES, "The crop"), "A crop")
        return await in_writer(self._cropped, request, said)

    def _cropped(self, request: Request, said: dict[str, Any]) -> Response:
        document = self.context.document(request)
        exactly(said, ("box",), "A crop")
        box = read_box(said["box"], "A crop's box")
        if self.session.store.jobs.pending(document.id):
            raise Moved("Something is being painted. Wait until it is finished, or cancel it; then crop.")
        if box == self.session.picture(document.id).box:
            raise InvalidInput("The picture is of that size already: there is nothing to cut off.")
        return self._accepted(request, [self.session.crop(document.id, box)])

    async def queue(self, request: Request) -> Response:
        said = read_json(await read_body(request, MAX_JSON_BYTES, "The order"), "An order")
        return await in_writer(self._reordered, request, said)

    def _reordered(self, request: Request, said: dict[str, Any]) -> Response:
        document = self.context.document(request)
        exactly(said, ("order",), "An order")
        order = said["order"]
        if not (isinstance(order, list) and all(isinstance(id, str) for id in order)):
            raise InvalidInput(f"An order is a list of revisions, not {order!r}.")
        return self._accepted(request, self.session.reorder(document.id, order))

    def cancel(self, request: Request) -> Response:
        cancelled = self.session.cancel(self.context.revision(request).id)
        self.context.models.wake()  # what waited for it may be ready
        return self.states.answer(request, [cancelled.id])

    def _accepted(self, request: Request, jobs: Sequence[Revision]) -> Response:
        self.context.models.wake()
        return self.states.accepted(request, jobs)

    def _completed(self, asked: EditRequest, document_id: str, parent: str) -> CompletedEdit:
        """The edit that is asked for on a parent, finished or a job."""
        model = None
        with suppress(ValueError):  # why it cannot be loaded, the run will say
            model = self.context.models.info(asked.settings["pipeline"])
        return complete(
            asked.intent,
            asked.mask,
            asked.settings,
            model,
            lambda: self.session.newest_picture(document_id, parent),
            asked.keep_specks,
        )

    def _request(self, body: bytes) -> EditRequest:
        """What a packet asks for. InvalidInput when something in it is wrong."""
        said, pictures = read_packet(body, ("mask", "sketch"), "An edit")
        said = OPTIONAL | said
        exactly(said, FIELDS, "An edit")
        variations, margins = said["variations"], said["margins"]
        if type(variations) is not int:
            raise InvalidInput(f"The variations must be a whole number, not {variations!r}.")
        if type(said["keep_specks"]) is not bool:
            raise InvalidInput(f"keep_specks must be true or false, not {said['keep_specks']!r}.")
        if not (isinstance(margins, list) and len(margins) == 4):
            raise InvalidInput(f"Margins must be four whole numbers [left, top, right, bottom], not {margins!r}.")
        mask, sketch = pictures["mask"], pictures["sketch"]
        self.context.check_model(said["pipeline"])
        if missing := [name for name in ASKING if said[name] is None and name != "strength"]:
            raise InvalidInput(f"An edit needs a {missing[0].replace('_', ' ')}, not null.")
        settings = {name: said[name] for name in ASKING} | {
            "sketch": None if sketch is None else strokes_of(sketch),
            "margins": Margins(*margins),
            "blend": Blend(**{name: said[name] for name in BLENDING}),
        }
        painted = NOWHERE if mask is None else mask_of(mask)
        return EditRequest(said["intent"], painted, settings, said["keep_specks"], said["parent"], variations)
