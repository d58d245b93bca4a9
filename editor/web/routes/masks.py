"""Masks: selected in the picture, changed as a whole, or read from a file, before an edit is made."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from editor.edits.edit import NOWHERE
from editor.formats.images import open_mask
from editor.imaging.geometry import Box
from editor.imaging.limits import MAX_EDIT_BYTES
from editor.imaging.raster import Mask
from editor.imaging.selection import connected, edge_aware, softened
from editor.store.blobs import NotFound
from editor.web import large_work
from editor.web.context import AppContext
from editor.web.wire import BoxedFile, mask_of, packet_response, pixels_in, read_body, read_packet, require_keys
from pipelines.errors import InvalidInput

FARTHEST_CHANGE = 256  # pixels by which a mask can be changed at a time


class Masks:
    """Routes about masks. Methods that are not `async` run in Starlette's threads, since they read pixels."""

    def __init__(self, context: AppContext) -> None:
        self.context, self.session = context, context.session

    async def select(self, request: Request) -> Response:
        """POST a packet: selects a region of the picture, see `_select`."""
        body = await read_body(request, MAX_EDIT_BYTES, "The stroke")
        return await large_work.run(
            pixels_in(body), self._select, request, *read_packet(body, ("mask",), "A selection")
        )

    def _select(self, request: Request, fields: dict[str, Any], pictures: dict[str, BoxedFile | None]) -> Response:
        """Selects with the wand everything connected to a point; with the edge tool, the object below a stroke."""
        document, stroke = self.context.document(request), pictures["mask"]
        tool, revision = fields.get("tool"), fields.get("revision")
        if tool not in ("wand", "edge"):
            raise InvalidInput(f"The tool must be wand or edge, not {tool!r}.")
        keys = ("x", "y", "tolerance") if tool == "wand" else ("mask",)
        require_keys(fields, ("tool", "revision", *keys), "A selection")
        if not isinstance(revision, str) or self.session.store.revisions.get(revision).document != document.id:
            raise NotFound(f"The document has no revision {revision!r}.")
        picture = self.session.store.revisions.picture(revision)
        if tool == "wand":
            x, y, tolerance = (fields[key] for key in keys)
            if not all(type(number) is int for number in (x, y, tolerance)) or not 0 <= tolerance <= 255:
                raise InvalidInput("The wand needs x, y and a tolerance from 0 to 255, all of them whole numbers.")
            return _mask_response(connected(picture, x, y, tolerance))
        return _mask_response(edge_aware(picture, NOWHERE if stroke is None else mask_of(stroke)))

    async def change(self, request: Request) -> Response:
        """POST a packet: grows, shrinks or softens (`do`) a mask by so many pixels (`by`)."""
        body = await read_body(request, MAX_EDIT_BYTES, "The mask")
        return await large_work.run(
            pixels_in(body), self._change, request, *read_packet(body, ("mask",), "A change of a mask")
        )

    def _change(self, request: Request, fields: dict[str, Any], pictures: dict[str, BoxedFile | None]) -> Response:
        require_keys(fields, ("do", "by", "mask"), "A change of a mask")
        px, mask = fields["by"], pictures["mask"]
        if type(px) is not int or not 1 <= px <= FARTHEST_CHANGE:
            raise InvalidInput(
                f"A mask can be changed by a whole number of 1 to {FARTHEST_CHANGE} pixels, not by {px!r}."
            )
        frame = self.session.picture(request.path_params["document"]).box
        return _mask_response(
            _transform(NOWHERE if mask is None else mask_of(mask).cut(frame), fields["do"], px, frame)
        )

    async def read(self, request: Request) -> Response:
        """POST a picture file: reads a mask from it, see `_read`."""
        return await large_work.run(None, self._read, request, await read_body(request, MAX_EDIT_BYTES, "The mask"))

    def _read(self, request: Request, data: bytes) -> Response:
        """Returns the file's `size` and how it was read (`reading`, see `open_mask`), and the mask itself if it has the
        picture's size and is not empty.
        """
        frame = self.session.picture(self.context.document(request).id).box
        alpha, reading = open_mask(data)
        fits = alpha.shape == frame.shape and alpha.any()
        fields = {"size": alpha.shape[::-1], "reading": reading}
        return packet_response(fields, "mask", Mask(frame, alpha).cropped() if fits else None)


def _transform(mask: Mask, operation: object, px: int, frame: Box) -> Mask:
    if operation == "grow":
        return mask.grown(px).cut(frame)
    if operation == "shrink":
        return mask.shrunk(px, frame)
    if operation == "soften":
        return softened(mask, px, frame)
    raise InvalidInput(f"The operation must be grow, shrink or soften, not {operation!r}.")


def _mask_response(mask: Mask) -> Response:
    return packet_response({}, "mask", None if mask.bounds.empty else mask.cropped())
