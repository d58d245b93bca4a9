"""Masks: made from what the picture shows, and changed as a whole, before an edit is made."""

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
from editor.web.wire import Placed, exactly, mask_of, packet, pixels_in, read_body, read_packet
from pipelines.errors import InvalidInput

FARTHEST_CHANGE = 256  # pixels


class Masks:
    """Methods which are not `async` run in Starlette's threads, for they read pixels."""

    def __init__(self, context: AppContext) -> None:
        self.context, self.session = context, context.session

    async def select(self, request: Request) -> Response:
        body = await read_body(request, MAX_EDIT_BYTES, "The stroke")
        return await large_work.run(
            pixels_in(body), self._selected, request, *read_packet(body, ("mask",), "A selection")
        )

    def _selected(self, request: Request, said: dict[str, Any], pictures: dict[str, Placed | None]) -> Response:
        """With the wand, what hangs together with a point; by the edge, what a stroke lies on."""
        document, stroke = self.context.document(request), pictures["mask"]
        tool, revision = said.get("tool"), said.get("revision")
        if tool not in ("wand", "edge"):
            raise InvalidInput(f"The tool is wand or edge, not {tool!r}.")
        keys = ("x", "y", "tolerance") if tool == "wand" else ("mask",)
        exactly(said, ("tool", "revision", *keys), "A selection")
        if not isinstance(revision, str) or self.session.store.revisions.get(revision).document != document.id:
            raise NotFound(f"The document has no revision {revision!r}.")
        picture = self.session.store.revisions.picture(revision)
        if tool == "wand":
            x, y, tolerance = (said[key] for key in keys)
            if not all(type(number) is int for number in (x, y, tolerance)) or not 0 <= tolerance <= 255:
                raise InvalidInput("A wand needs x, y and a tolerance from 0 to 255, all of them whole numbers.")
            return _answer(connected(picture, x, y, tolerance))
        return _answer(edge_aware(picture, NOWHERE if stroke is None else mask_of(stroke)))

    async def change(self, request: Request) -> Response:
        body = await read_body(request, MAX_EDIT_BYTES, "The mask")
        return await large_work.run(
            pixels_in(body), self._changed, request, *read_packet(body, ("mask",), "A change of a mask")
        )

    def _changed(self, request: Request, said: dict[str, Any], pictures: dict[str, Placed | None]) -> Response:
        exactly(said, ("do", "by", "mask"), "A change of a mask")
        px, mask = said["by"], pictures["mask"]
        if type(px) is not int or not 1 <= px <= FARTHEST_CHANGE:
            raise InvalidInput(f"A mask is changed by 1 to {FARTHEST_CHANGE} pixels, a whole number, not {px!r}.")
        frame = self.session.picture(request.path_params["document"]).box
        return _answer(_changed(NOWHERE if mask is None else mask_of(mask).cut(frame), said["do"], px, frame))

    async def read(self, request: Request) -> Response:
        """A mask that somebody has as a picture file, which is the body."""
        return await large_work.run(None, self._read, request, await read_body(request, MAX_EDIT_BYTES, "The mask"))

    def _read(self, request: Request, data: bytes) -> Response:
        """`size` of the file and the `reading`, see `open_mask`; with the mask, where it is as large as the picture."""
        frame = self.session.picture(self.context.document(request).id).box
        alpha, reading = open_mask(data)
        fits = alpha.shape == frame.shape and alpha.any()
        head = {"size": alpha.shape[::-1], "reading": reading}
        return packet(head, "mask", Mask(frame, alpha).cropped() if fits else None)


def _changed(mask: Mask, verb: object, px: int, frame: Box) -> Mask:
    if verb == "grow":
        return mask.grown(px).cut(frame)
    if verb == "shrink":
        return mask.shrunk(px, frame)
    if verb == "soften":
        return softened(mask, px, frame)
    raise InvalidInput(f"A mask can grow, shrink or soften, not {verb!r}.")


def _answer(mask: Mask) -> Response:
    return packet({}, "mask", None if mask.bounds.empty else mask.cropped())
