"""Layers: the steps of what a document shows, listed, rearranged, and what a rearrangement would do."""

import json
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from editor.edits.intents import mode_of
from editor.edits.previews import encode_preview
from editor.formats.layers import changed_box
from editor.imaging.limits import MAX_JSON_BYTES
from editor.imaging.raster import Mask, Patch
from editor.layers import LayerSettings
from editor.web import large_work
from editor.web.context import AppContext
from editor.web.routes.documents import node_json
from editor.web.state import DocumentStates
from editor.web.threads import run_in_writer
from editor.web.wire import NEVER, read_body, read_json, require_keys
from pipelines.errors import InvalidInput


class Layers:
    """Routes about layers. Methods that are not `async` run in threads, since they use the disk."""

    def __init__(self, context: AppContext, states: DocumentStates) -> None:
        self.context, self.session, self.states = context, context.session, states

    def list_layers(self, request: Request) -> Response:
        """GET the layers of what a document shows, the lowest first: as in the history, and for each whether it is
        `visible`, its `opacity`, whether it is `fixed` because it changes the picture's size, and the ids of those that
        it `overlaps`; and the `opened` picture below them.
        """
        document = self.context.document(request)
        layers = self.session.layers.of(document.id)
        nodes = {node.id: node for node in self.session.store.revisions.tree(document.id)}
        opened = nodes[layers[0].step.parent or ""] if layers else nodes[document.head]
        entries = []
        for layer in layers:
            node, edit = nodes[layer.step.id], layer.edit
            entries.append({
                **node_json(node), "visible": edit.blend.visible, "opacity": edit.blend.opacity, "fixed": layer.fixed,
                "overlaps": [other.step.id for other in layers if other is not layer and layer.overlaps(other)],
            })  # fmt: skip
            if node.edit is not None:  # what it did, whether it is hidden or not
                entries[-1]["mode"] = mode_of({**node.edit, "blend": {}})
        return JSONResponse({"layers": entries, "opened": node_json(opened)}, headers=NEVER)

    async def rearrange(self, request: Request) -> Response:
        """POST all layers, the lowest first, each with `revision`, `visible` and `opacity`: queues them like this."""
        return await run_in_writer(self._rearrange, request, await _arrangement(request))

    def _rearrange(self, request: Request, arrangement: list[LayerSettings]) -> Response:
        jobs = self.session.layers.rearrange(self.context.document(request).id, arrangement)
        self.context.models.wake()
        return self.states.accepted(request, jobs)

    async def forecast(self, request: Request) -> Response:
        """POST the same: previews it; see `_forecast`."""
        arrangement = await _arrangement(request)
        picture = await run_in_threadpool(self.session.picture, self.context.document(request).id)
        return await large_work.run(picture.box.width * picture.box.height, self._forecast, request, arrangement)

    def _forecast(self, request: Request, arrangement: list[LayerSettings]) -> Response:
        """Returns a preview, to be drawn over what is shown, as WebP; 204 when nothing changes.

        The header `Palimpsest-Box` says where it lies, and `Palimpsest-Runs` is a JSON list of the steps that a model
        must repeat, each with its `pipeline` and how many `steps` it takes at most, 0 while that is unknown.
        """
        document = self.context.document(request)
        forecast = self.session.layers.forecast(document.id, arrangement, self.context.model)
        headers = {"Palimpsest-Runs": json.dumps([run._asdict() for run in forecast.runs]), **NEVER}
        before, after = self.session.picture(document.id), forecast.picture
        box = changed_box(before, after).intersect(after.box)
        if box.empty:
            return Response(status_code=204, headers=headers)
        old, new = (np.dstack([each.read(box).pixels, each.opacity(box)]) for each in (before, after))
        region = Mask(box, (old != new).any(axis=2).astype(np.uint8) * np.uint8(255))
        headers["Palimpsest-Box"] = ",".join(map(str, region.bounds))
        return Response(encode_preview(Patch(box, new), region), media_type="image/webp", headers=headers)


async def _arrangement(request: Request) -> list[LayerSettings]:
    """Reads the layers in a request's body.

    Raises:
        InvalidInput: they are no such list.
    """
    fields = read_json(await read_body(request, MAX_JSON_BYTES, "The list of layers"), "A list of layers")
    require_keys(fields, ("layers",), "A list of layers")
    layers = fields["layers"]
    if not (isinstance(layers, list) and all(isinstance(each, dict) for each in layers)):
        raise InvalidInput(f"The layers must be a list of objects, not {str(layers)[:80]}.")
    return [_settings(each) for each in layers]


def _settings(entry: dict[str, Any]) -> LayerSettings:
    require_keys(entry, LayerSettings._fields, "A layer")
    if not isinstance(entry["revision"], str):
        raise InvalidInput(f"A layer's revision must be the id of a step, not {entry['revision']!r}.")
    return LayerSettings(**entry)
