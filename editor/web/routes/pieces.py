"""Pieces: pictures that are placed into a document: read from a file, and laid into its picture as they are."""

import json
from urllib.parse import quote

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from editor.edits import intents
from editor.formats.colours import to_profile
from editor.formats.images import encode_png, read_image
from editor.imaging.limits import MAX_FILE_BYTES
from editor.imaging.scaling import scaled_down
from editor.store.queue import Moved
from editor.web import large_work
from editor.web.context import AppContext
from editor.web.state import DocumentStates
from editor.web.threads import run_in_writer
from editor.web.wire import NEVER, pixels_in, read_body, read_packet, require_keys, strokes_of
from pipelines.errors import InvalidInput

LONGEST = 8192  # pixels of a piece's longest side; browsers hold no more in a canvas with ease


class Pieces:
    """Routes about pieces. Methods that are not `async` run in threads, since they read pixels."""

    def __init__(self, context: AppContext, states: DocumentStates) -> None:
        self.context, self.session, self.states = context, context.session, states

    async def read(self, request: Request) -> Response:
        """POST a picture file: returns its pixels as PNG, see `_read`."""
        return await large_work.run(None, self._read, request, await read_body(request, MAX_FILE_BYTES, "The file"))

    def _read(self, request: Request, data: bytes) -> Response:
        """Returns the pixels, RGBA and upright, at most LONGEST a side, in the colours of the document's own profile.

        The header `Palimpsest-Notes` holds what the file has that they do not keep: JSON of a list of sentences,
        percent-encoded.
        """
        document = self.context.document(request)
        opened = read_image(data)
        pixels, notes = opened.pixels, list(opened.notes)
        if max(pixels.shape) > LONGEST:
            pixels = scaled_down(pixels, LONGEST)
            notes.append(f"It was scaled down to {pixels.shape[1]:,} x {pixels.shape[0]:,} pixels to be placed.")
        pixels = to_profile(pixels, opened.icc, self.session.store.documents.icc(document.id))
        if pixels.shape[2] == 3:
            pixels = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
        headers = {"Palimpsest-Notes": quote(json.dumps(notes)), **NEVER}
        return Response(encode_png(pixels), media_type="image/png", headers=headers)

    async def paste(self, request: Request) -> Response:
        """POST a packet: lays a picture, RGBA in its box, over the last job of the document, without a model."""
        body = await read_body(request, MAX_FILE_BYTES, "The picture")
        return await large_work.run(pixels_in(body), self._paste, request, body, small=run_in_writer)

    def _paste(self, request: Request, body: bytes) -> Response:
        document = self.context.document(request)
        fields, pictures = read_packet(body, ("picture",), "A picture to place")
        require_keys(fields, ("parent", "picture"), "A picture to place")
        parent, picture = fields["parent"], pictures["picture"]
        if picture is None:
            raise InvalidInput("A picture to place needs pixels, not null.")
        edit = intents.paste(strokes_of(picture))
        if isinstance(parent, str) and (jobs := self.session.requested(document.id, edit, 1, parent)):
            return self.states.accepted(request, jobs)
        if not isinstance(parent, str) or parent != self.session.store.jobs.tail(document.id):
            raise Moved(
                "The picture was changed in another tab meanwhile. Look at the new picture, then place yours again."
            )
        job = self.session.submit(document.id, edit, parent)
        self.context.models.wake()
        return self.states.accepted(request, [job])
