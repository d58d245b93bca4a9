"""Masks: selected in the picture, changed as a whole, or read from a file, before an edit is made."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from editor.edits.edit import NOWHERE
from editor.formats.export import encode, format_of
from editor.formats.images import open_mask
from editor.imaging.geometry import Box
from editor.imaging.limits import MAX_EDIT_BYTES
from editor.imaging.object_edges import object_mask, outline
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask
from editor.imaging.selection import alike, connected, cut_out, edge_aware, smoothed, softened, without_holes
from editor.object_selector import Selection
from editor.store.blobs import NotFound
from editor.web import large_work
from editor.web.context import AppContext
from editor.web.wire import NEVER, BoxedFile, mask_of, packet_response, pixels_in, read_body, read_packet, require_keys
from pipelines.errors import InvalidInput
from pipelines.selection.prompt import read_prompt, read_words

FARTHEST_CHANGE = 256  # pixels by which a mask can be changed at a time
SMOOTHEST = 32  # pixels over which the wand's selection can be smoothed


class Masks:
    """Routes about masks. Methods that are not `async` run in Starlette's threads, since they read pixels."""

    def __init__(self, context: AppContext) -> None:
        self.context, self.session = context, context.session

    async def select(self, request: Request) -> Response:
        """POST a packet: selects a region of the picture, see `_select`."""
        body = await read_body(request, MAX_EDIT_BYTES, "The stroke")
        fields, pictures = read_packet(body, ("mask",), "A selection")
        if fields.get("tool") == "object":
            return await self._select_object(request, fields)
        if fields.get("tool") == "words":
            return await self._select_by_words(request, fields)
        pixels = pixels_in(body) if fields.get("contiguous", True) else None  # else the whole picture is read
        return await large_work.run(pixels, self._select, request, fields, pictures)

    def _select(self, request: Request, fields: dict[str, Any], pictures: dict[str, BoxedFile | None]) -> Response:
        """Selects with the wand what is like a point, connected to it or everywhere; with the edge tool, the object
        below a stroke.
        """
        tool, stroke = fields.get("tool"), pictures["mask"]
        if tool not in ("wand", "edge"):
            raise InvalidInput(f"The tool must be wand, edge, object or words, not {tool!r}.")
        keys = ("x", "y", "tolerance", "contiguous", "smoothing") if tool == "wand" else ("mask",)
        require_keys(fields, ("tool", "revision", *keys), "A selection")
        picture = self._picture(request, fields["revision"])
        if tool == "wand":
            x, y, tolerance, contiguous, smoothing = (fields[key] for key in keys)
            if not all(type(number) is int for number in (x, y, tolerance)) or not 0 <= tolerance <= 255:
                raise InvalidInput("The wand needs x, y and a tolerance from 0 to 255, all of them whole numbers.")
            if type(contiguous) is not bool:
                raise InvalidInput(f"Whether the wand is contiguous must be true or false, not {contiguous!r}.")
            if type(smoothing) is not int or not 0 <= smoothing <= SMOOTHEST:
                raise InvalidInput(f"The smoothing must be a whole number from 0 to {SMOOTHEST}, not {smoothing!r}.")
            selection = (connected if contiguous else alike)(picture, x, y, tolerance)
            return _mask_response(smoothed(selection, smoothing, picture.box))
        return _mask_response(edge_aware(picture, NOWHERE if stroke is None else mask_of(stroke)))

    async def _select_object(self, request: Request, fields: dict[str, Any]) -> Response:
        """Selects the object at `points`, each [x, y, whether it lies on the object], or in a `box`, or in both.

        Without any it begins to read the picture. The answer is a packet of: `state`: "none" (no model
        is installed), "reading" (the picture) or "ready"; `words`: whether `_select_by_words` has a model; and either
        the `mask`, to the pixel, or, if only a `look` is asked for, the object's coarse outline: closed `lines`, each
        [x0, y0, x1, y1, ...].
        """
        require_keys(fields, ("tool", "revision", "points", "box", "look"), "A selection")
        if type(fields["look"]) is not bool:
            raise InvalidInput(f"Whether only to look must be true or false, not {fields['look']!r}.")
        prompt = read_prompt(fields["points"], fields["box"])
        picture = await run_in_threadpool(self._picture, request, fields["revision"])
        selection = await self.context.select(fields["revision"], prompt)
        answer: dict[str, Any] = {"state": selection.state, "words": selection.words, "lines": []}
        if fields["look"] and selection.logits is not None:
            answer["lines"] = await run_in_threadpool(outline, selection.logits, picture.box)
            return packet_response(answer, "mask", None)
        return packet_response(answer, "mask", await _object_mask(picture, selection))

    async def _select_by_words(self, request: Request, fields: dict[str, Any]) -> Response:
        """Selects what `words` name. The answer is a packet of `state`, as for `_select_object`, and the `mask`."""
        require_keys(fields, ("tool", "revision", "words"), "A selection")
        prompt = read_words(fields["words"])
        picture = await run_in_threadpool(self._picture, request, fields["revision"])
        selection = await self.context.select(fields["revision"], prompt)
        return packet_response({"state": selection.state}, "mask", await _object_mask(picture, selection))

    async def cut_out(self, request: Request) -> Response:
        """POST a packet: returns the part of the picture under a mask as PNG, see `_cut_out`."""
        body = await read_body(request, MAX_EDIT_BYTES, "The mask")
        return await large_work.run(
            pixels_in(body), self._cut_out, request, *read_packet(body, ("mask",), "A part to copy")
        )

    def _cut_out(self, request: Request, fields: dict[str, Any], pictures: dict[str, BoxedFile | None]) -> Response:
        require_keys(fields, ("revision", "mask"), "A part to copy")
        picture, mask = self._picture(request, fields["revision"]), pictures["mask"]
        pixels = cut_out(picture, NOWHERE if mask is None else mask_of(mask))
        profile = self.session.store.documents.icc(request.path_params["document"])
        return Response(encode(pixels, format_of(".png"), icc=profile).data, media_type="image/png", headers=NEVER)

    def _picture(self, request: Request, revision: object) -> Picture:
        """Returns the picture of a revision of the request's document."""
        document = self.context.document(request)
        if not isinstance(revision, str) or self.session.store.revisions.get(revision).document != document.id:
            raise NotFound(f"The document has no revision {revision!r}.")
        return self.session.store.revisions.picture(revision)

    async def change(self, request: Request) -> Response:
        """POST a packet: grows, shrinks or softens (`do`) a mask by so many pixels (`by`), or fills its holes."""
        body = await read_body(request, MAX_EDIT_BYTES, "The mask")
        return await large_work.run(
            pixels_in(body), self._change, request, *read_packet(body, ("mask",), "A change of a mask")
        )

    def _change(self, request: Request, fields: dict[str, Any], pictures: dict[str, BoxedFile | None]) -> Response:
        operation, px, file = fields.get("do"), fields.get("by"), pictures["mask"]
        require_keys(fields, ("do", "mask") if operation == "holes" else ("do", "by", "mask"), "A change of a mask")
        frame = self.session.picture(request.path_params["document"]).box
        mask = NOWHERE if file is None else mask_of(file).cut(frame)
        if operation == "holes":
            return _mask_response(without_holes(mask))
        if type(px) is not int or not 1 <= px <= FARTHEST_CHANGE:
            raise InvalidInput(
                f"A mask can be changed by a whole number of 1 to {FARTHEST_CHANGE} pixels, not by {px!r}."
            )
        return _mask_response(_transform(mask, operation, px, frame))

    async def read(self, request: Request) -> Response:
        """POST a picture file, ?by=: reads a mask from it, see `_read`."""
        return await large_work.run(None, self._read, request, await read_body(request, MAX_EDIT_BYTES, "The mask"))

    def _read(self, request: Request, data: bytes) -> Response:
        """Returns the file's `size` and how it was read (`reading`, see `open_mask`), and the mask itself if it has the
        picture's size and is not empty.
        """
        frame = self.session.picture(self.context.document(request).id).box
        alpha, reading = open_mask(data, by=request.query_params.get("by", ""))
        fits = alpha.shape == frame.shape and alpha.any()
        fields = {"size": alpha.shape[::-1], "reading": reading}
        return packet_response(fields, "mask", Mask(frame, alpha).cropped() if fits else None)


async def _object_mask(picture: Picture, selection: Selection) -> Mask | None:
    """Returns what was found, to the pixel; None where nothing was, or nothing was asked."""
    if selection.logits is None:
        return None
    pixels = picture.box.width * picture.box.height
    mask = await large_work.run(pixels, object_mask, picture, selection.logits)
    return None if mask.bounds.empty else mask


def _transform(mask: Mask, operation: object, px: int, frame: Box) -> Mask:
    if operation == "grow":
        return mask.grown(px).cut(frame)
    if operation == "shrink":
        return mask.shrunk(px, frame)
    if operation == "soften":
        return softened(mask, px, frame)
    raise InvalidInput(f"The operation must be grow, shrink, soften or holes, not {operation!r}.")


def _mask_response(mask: Mask) -> Response:
    return packet_response({}, "mask", None if mask.bounds.empty else mask.cropped())
