"""Adjustments: what is seen of one, before it is an edit."""

import math

from starlette.requests import Request
from starlette.responses import Response

from editor.edits.adjust_window import adjusted_view
from editor.edits.edit import NOWHERE, Blend, Edit, read_adjustment
from editor.edits.intents import adjust
from editor.formats.images import encode_png
from editor.imaging.geometry import Box
from editor.imaging.limits import MAX_EDIT_BYTES
from editor.web import large_work
from editor.web.context import AppContext
from editor.web.wire import NEVER, mask_of, read_body, read_box, read_packet, require_keys
from pipelines.errors import InvalidInput

KEYS = ("revision", "adjustment", "feather", "edge", "opacity", "seen", "scale", "mask")
MOST_SEEN = 2**22  # pixels of a view; a larger one is made smaller


class Adjustments:
    """The route of the page's live view of an adjustment."""

    def __init__(self, context: AppContext) -> None:
        self.context, self.session = context, context.session

    async def view(self, request: Request) -> Response:
        """POST a packet: shows what is `seen` of an adjusted revision, `scale` pixels for each of its own.

        A PNG, transparent where the picture stays; the header `Palimpsest-Box` says where it lies. 204 when nothing of
        what is seen changes. Nothing is stored.
        """
        body = await read_body(request, MAX_EDIT_BYTES, "The adjustment")
        fields, pictures = read_packet(body, ("mask",), "An adjustment")
        require_keys(fields, KEYS, "An adjustment")
        revision, scale = fields["revision"], fields["scale"]
        if not isinstance(revision, str):
            raise InvalidInput(f"An adjustment's revision must be the id of a revision, not {revision!r}.")
        if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 < scale <= 1:
            raise InvalidInput(f"The scale must be a number above 0, at most 1, not {scale!r}.")
        seen = read_box(fields["seen"], "What is seen")
        blend = Blend(**{name: fields[name] for name in ("feather", "edge", "opacity")})
        mask = NOWHERE if pictures["mask"] is None else mask_of(pictures["mask"])
        edit = adjust(mask, read_adjustment(fields["adjustment"]), blend)
        pixels = seen.width * seen.height
        return await large_work.run(pixels, self._view, request, revision, edit, seen, float(scale))

    def _view(self, request: Request, revision: str, edit: Edit, seen: Box, scale: float) -> Response:
        picture = self.session.newest_picture(self.context.document(request).id, revision)
        seen = seen.intersect(picture.box)
        if not seen.empty:
            scale = min(scale, math.sqrt(MOST_SEEN / (seen.width * seen.height)))
        view = adjusted_view(edit, picture, seen, scale)
        if view is None:
            return Response(status_code=204, headers=NEVER)
        box, pixels = view
        headers = {"Palimpsest-Box": ",".join(map(str, box)), **NEVER}
        return Response(encode_png(pixels), media_type="image/png", headers=headers)
