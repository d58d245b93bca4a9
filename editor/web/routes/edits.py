"""Edits: submitted, planned, changed, reordered and cancelled."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from editor.edits.edit import NOWHERE, Blend, read_adapters, read_adjustment
from editor.edits.intents import CompletedEdit, complete
from editor.edits.plan import plan, with_blend
from editor.edits.removal import AUTO, Choice
from editor.formats.images import read_reference
from editor.imaging.geometry import Margins
from editor.imaging.limits import MAX_EDIT_BYTES, MAX_JSON_BYTES
from editor.imaging.picture_kind import kind_of
from editor.imaging.raster import Mask
from editor.store.queue import Moved
from editor.store.revisions import Revision
from editor.web import large_work
from editor.web.context import AppContext
from editor.web.gate import entry_in
from editor.web.state import DocumentStates
from editor.web.threads import run_in_writer
from editor.web.wire import (
    NEVER,
    mask_of,
    masks_packet_response,
    pixels_in,
    read_body,
    read_box,
    read_json,
    read_packet,
    require_keys,
    strokes_of,
)
from pipelines.errors import InvalidInput

BLENDING = ("feather", "edge", "opacity", "colour_match")
SETTINGS = ("pipeline", "prompt", "negative_prompt", "steps", "guidance", "seed", "strength", "sampler")
# keys that a request may leave out, with their defaults
OPTIONAL: dict[str, Any] = {
    "edge": 0, "keep_specks": False, "intent": "fill", "grow": None, "adjustment": None, "kind": None, "adapters": None,
    "reference": None, "exact_words": False, "clip_guidance": None,
}  # fmt: skip
MODEL_DEFAULTS = ("strength", "steps", "guidance", "sampler")  # null stands for the model's, or the intent's
FIELDS = ("parent", "variations", "margins", "mask", "sketch", *SETTINGS, *BLENDING, *OPTIONAL)


class EditRequest(NamedTuple):
    """An edit as the page requests it."""

    intent: str  # such as "fill", see `edits/intents.py`
    mask: Mask
    settings: dict[str, Any]  # all other fields of the `Edit`
    keep_specks: bool  # whether to repaint specks of the mask too
    grow: Any  # by how many pixels the mask of Remove grows, see `complete`; as the client sent it
    kind: Any  # what the picture is, for `Removers.choose`, None for what is seen of it; as the client sent it
    parent: object  # as the client sent it
    variations: int  # how many results


class Edits:
    """Routes about edits. Methods that are not `async` run in Starlette's threads, since they use the disk."""

    def __init__(self, context: AppContext, states: DocumentStates) -> None:
        self.states = states
        self.context, self.session = context, context.session

    async def submit(self, request: Request) -> Response:
        """POST a packet: queues an edit on the last job of the document."""
        body = await read_body(request, MAX_EDIT_BYTES, "The edit")
        return await large_work.run(pixels_in(body), self._submit, request, body, small=run_in_writer)

    def _submit(self, request: Request, body: bytes) -> Response:
        document = self.context.document(request)
        edit_request = self.parse(body)
        parent = edit_request.parent
        if isinstance(parent, str):
            edit, _ = self.complete(edit_request, document.id, parent)
            if jobs := self.session.requested(document.id, edit, edit_request.variations, parent):
                return self._jobs_response(request, jobs)
        if not isinstance(parent, str) or parent != self.session.store.jobs.tail(document.id):
            raise Moved(
                "The picture was changed in another tab meanwhile. Look at the new picture, then generate again."
            )
        return self._jobs_response(request, self.session.variations(document.id, edit, edit_request.variations, parent))

    async def plan(self, request: Request) -> Response:
        """POST a packet: plans an edit: its `windows`, `steps`, `specks` and the masks of its `regions`: where it may
        change the picture, or for Remove what is removed, without the pixels over which the result fades. Further its
        `model`, the `kind` of the picture, and `why` that model is taken, if it is chosen by the picture, else "".
        `sent`: to which `host` one result sends how many `pixels`, null where the model runs here.
        """
        body = await read_body(request, MAX_EDIT_BYTES, "The edit")
        return await large_work.run(pixels_in(body), self._plan, request, body)

    def _plan(self, request: Request, body: bytes) -> Response:
        document = self.context.document(request)
        edit_request = self.parse(body)
        parent = edit_request.parent
        if not isinstance(parent, str):
            raise InvalidInput(f"An edit's parent must be the id of a revision, not {parent!r}.")
        frame = self.session.frame(document.id, parent)
        edit_request, choice = self._resolved(edit_request, document.id, parent)
        edit, specks = self.complete(edit_request, document.id, parent)
        model = self.context.model(edit_request.settings["pipeline"])
        edit_plan = plan(edit, frame, model)
        removes = edit_request.intent == "remove"
        regions = [
            part.mask if removes else with_blend(edit, part.mask).cut(edit_plan.frame) for part in edit_plan.parts
        ]
        windows = [part.window for part in edit_plan.parts]
        kind = choice.kind if choice else kind_of(self.session.newest_picture(document.id, parent))
        fields = {
            "windows": windows, "steps": edit_plan.steps, "specks": specks,
            "model": edit_request.settings["pipeline"], "kind": kind, "why": choice.why if choice else "",
            "sent": {"host": model.host, "pixels": edit_plan.pixels} if model.host else None,
        }  # fmt: skip
        return masks_packet_response(fields, "regions", regions)

    async def amend(self, request: Request) -> Response:
        """POST a packet: changes a step and replays those after it."""
        body = await read_body(request, MAX_EDIT_BYTES, "The edit")
        return await large_work.run(pixels_in(body), self._amend, request, body, small=run_in_writer)

    def _amend(self, request: Request, body: bytes) -> Response:
        document, step = self.context.document(request), self.context.revision(request)
        edit_request = self.parse(body)
        edit, _ = self.complete(edit_request, document.id, step.parent or step.id)
        if step.edit is not None and step.edit.pipeline == edit.pipeline:  # keep what the page cannot send
            edit = replace(edit, sketch=edit.sketch or step.edit.sketch)
            if "clip_guidance" not in edit_request.settings:
                edit = replace(edit, clip_guidance=step.edit.clip_guidance)
            if "adapters" not in edit_request.settings:  # a client that knows of none
                edit = replace(edit, adapters=step.edit.adapters, reference=step.edit.reference)
        return self._jobs_response(request, self.session.amend(document.id, step.id, edit))

    def replayed(self, request: Request) -> Response:
        """GET what a change of a step would replay: its position among the steps on its path, `step` of `of`, and for
        each `later` one the `pipeline` and the most `steps` that it takes.
        """
        document, step = self.context.document(request), self.context.revision(request)
        first, *later = self.session.replayed(document.id, step.id)
        if first.edit is None:
            raise InvalidInput("The opened picture is not an edit, so it has no settings to change.")
        edits = [each.edit for each in later if each.edit is not None]
        position = len(self.session.store.revisions.path_to(step.id)) - 1
        plans = self.states.plans(self.session.frame(document.id, step.id), edits)
        return JSONResponse({"step": position, "of": position + len(later), "later": plans}, headers=NEVER)

    async def reblend(self, request: Request) -> Response:
        """POST a blend: changes the blend of a step and replays those after it."""
        fields = read_json(await read_body(request, MAX_JSON_BYTES, "The blend"), "A blend")
        return await run_in_writer(self._reblend, request, fields)

    def _reblend(self, request: Request, fields: dict[str, Any]) -> Response:
        document, step = self.context.document(request), self.context.revision(request)
        require_keys(fields, BLENDING, "A blend")
        return self._jobs_response(request, self.session.reblend(document.id, step.id, Blend(**fields)))

    async def crop(self, request: Request) -> Response:
        """POST a box: crops the picture."""
        fields = read_json(await read_body(request, MAX_JSON_BYTES, "The crop"), "A crop")
        return await run_in_writer(self._crop, request, fields)

    def _crop(self, request: Request, fields: dict[str, Any]) -> Response:
        document = self.context.document(request)
        require_keys(fields, ("box",), "A crop")
        box = read_box(fields["box"], "A crop's box")
        if self.session.store.jobs.pending(document.id):
            raise Moved("An edit is still running. Wait until it is finished, or cancel it; then crop.")
        if box == self.session.picture(document.id).box:
            raise InvalidInput("The picture has this size already, so there is nothing to crop.")
        return self._jobs_response(request, [self.session.crop(document.id, box)])

    async def again(self, request: Request) -> Response:
        """POST a seed: queues the newest job, or the step on show, once more with it."""
        fields = read_json(await read_body(request, MAX_JSON_BYTES, "The seed"), "Another try")
        return await run_in_writer(self._again, request, fields)

    def _again(self, request: Request, fields: dict[str, Any]) -> Response:
        document = self.context.document(request)
        require_keys(fields, ("seed",), "Another try")
        return self._jobs_response(request, [self.session.again(document.id, fields["seed"])])

    async def queue(self, request: Request) -> Response:
        """POST the ids of jobs: queues them in this order."""
        fields = read_json(await read_body(request, MAX_JSON_BYTES, "The order"), "An order")
        return await run_in_writer(self._reorder, request, fields)

    def _reorder(self, request: Request, fields: dict[str, Any]) -> Response:
        document = self.context.document(request)
        require_keys(fields, ("order",), "An order")
        order = fields["order"]
        if not (isinstance(order, list) and all(isinstance(id, str) for id in order)):
            raise InvalidInput(f"The order must be a list of the ids of revisions, not {order!r}.")
        return self._jobs_response(request, self.session.reorder(document.id, order))

    def cancel(self, request: Request) -> Response:
        """POST: cancels a job."""
        cancelled = self.session.cancel(self.context.revision(request).id)
        self.context.models.wake()  # jobs that waited for it may be ready
        return self.states.answer(request, [cancelled.id])

    def _jobs_response(self, request: Request, jobs: Sequence[Revision]) -> Response:
        self.context.models.wake()
        entry_in(request.scope).prompt = next((job.edit.prompt for job in jobs if job.edit is not None), None)
        return self.states.accepted(request, jobs)

    def complete(self, edit_request: EditRequest, document_id: str, parent: str) -> CompletedEdit:
        """Completes the edit of a request on its parent, which is finished or a job."""
        edit_request, _ = self._resolved(edit_request, document_id, parent)
        model = None
        with suppress(ValueError):  # if the model cannot be loaded, the job itself will fail with the reason
            model = self.context.models.info(edit_request.settings["pipeline"])
        return complete(
            edit_request.intent,
            edit_request.mask,
            edit_request.settings,
            model,
            lambda: self.session.newest_picture(document_id, parent),
            edit_request.keep_specks,
            edit_request.grow,
        )

    def _resolved(self, edit_request: EditRequest, document_id: str, parent: str) -> tuple[EditRequest, Choice | None]:
        """Puts a model into a request that leaves it to the picture, and returns the choice too, if there was one."""
        if edit_request.settings["pipeline"] != AUTO:
            return edit_request, None
        choice = self.context.removers.choose(
            self.session.newest_picture(document_id, parent), edit_request.mask, edit_request.kind
        )
        return edit_request._replace(settings={**edit_request.settings, "pipeline": choice.model}), choice

    def parse(self, body: bytes) -> EditRequest:
        """Parses the packet of an edit.

        Raises:
            InvalidInput: something in it is wrong.
        """
        fields, pictures = read_packet(body, ("mask", "sketch", "reference"), "An edit")
        fields = OPTIONAL | fields
        require_keys(fields, FIELDS, "An edit")
        variations, margins = fields["variations"], fields["margins"]
        if type(variations) is not int:
            raise InvalidInput(f"The variations must be a whole number, not {variations!r}.")
        for name in ("keep_specks", "exact_words"):
            if type(fields[name]) is not bool:
                raise InvalidInput(f"{name} must be true or false, not {fields[name]!r}.")
        if not (isinstance(margins, list) and len(margins) == 4):
            raise InvalidInput(f"Margins must be four whole numbers [left, top, right, bottom], not {margins!r}.")
        mask, sketch = pictures["mask"], pictures["sketch"]
        if fields["pipeline"] != AUTO or fields["intent"] != "remove":
            self.context.check_model(fields["pipeline"])
        if missing := [name for name in SETTINGS if fields[name] is None and name not in MODEL_DEFAULTS]:
            raise InvalidInput(f"An edit needs a {missing[0].replace('_', ' ')}, not null.")
        settings = {name: fields[name] for name in SETTINGS} | {
            "exact_words": fields["exact_words"],
            "sketch": None if sketch is None else strokes_of(sketch),
            "margins": Margins(*margins),
            "blend": Blend(**{name: fields[name] for name in BLENDING}),
            "adjustment": None if fields["adjustment"] is None else read_adjustment(fields["adjustment"]),
        }
        if fields["clip_guidance"] is not None:
            settings["clip_guidance"] = fields["clip_guidance"]
        if fields["adapters"] is not None:
            settings["adapters"] = read_adapters(fields["adapters"])
            self.context.check_adapters(settings["adapters"])
        if (reference := pictures["reference"]) is not None:
            settings["reference"] = read_reference(reference[1])
        return EditRequest(
            fields["intent"],
            NOWHERE if mask is None else mask_of(mask),
            settings,
            fields["keep_specks"],
            fields["grow"],
            fields["kind"],
            fields["parent"],
            variations,
        )
