"""Live mode: an edit is painted while somebody types or sketches, and nothing of it is stored."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from editor.edits.plan import plan
from editor.live import PAINTING, LiveReport, LiveRequest, check_size
from editor.store.queue import Moved
from editor.web import large_work
from editor.web.context import AppContext, Busy
from editor.web.routes.edits import Edits
from editor.web.wire import NEVER, packet, pixels_in, read_body
from pipelines.errors import InvalidInput

MAX_BYTES = 2**23  # of a request's body: a mask and a sketch as large as may be painted live, and a reference
MOST_DOCUMENTS = 8  # that are painted live at a time


class Live:
    """The route of live mode."""

    def __init__(self, context: AppContext, edits: Edits) -> None:
        """Prepares for requests.

        Args:
            context: what every route needs.
            edits: reads the packets of edits.
        """
        self.context, self.session, self.edits = context, context.session, edits
        self.streams: Counter[str] = Counter()  # how many are open, by document

    async def paint(self, request: Request) -> Response:
        """POST the packet of an edit, as to submit it: streams how it is painted, as packets one after another.

        Each has a `state`, which is "painting" until the last packet's: "ready", "dropped" (for a newer request of the
        document) or "failed" with an `error`. Further `step` of `steps`, and a `picture` or null, transparent where
        nothing changes; when "ready" its pixels are those of the step that the same packet makes if it is submitted.
        Nothing is stored, jobs go first, and closing the connection cancels.
        """
        body = await read_body(request, MAX_BYTES, "The edit")
        live = await large_work.run(pixels_in(body), self._read, request, body)
        if live.document not in self.streams and len(self.streams) >= MOST_DOCUMENTS:
            raise Busy("Too many pictures are being painted live. Try again in a moment, or press Generate.")
        return StreamingResponse(self._packets(live), media_type="application/octet-stream", headers=NEVER)

    def _read(self, request: Request, body: bytes) -> LiveRequest:
        document = self.context.document(request)
        edit_request = self.edits.parse(body)
        parent = edit_request.parent
        if not isinstance(parent, str):
            raise InvalidInput(f"An edit's parent must be the id of a revision, not {parent!r}.")
        frame = self.session.frame(document.id, parent)
        if self.session.store.revisions.get(parent).pending:
            raise Moved("An edit of this picture is still running. Paint live again when it is finished.")
        edit, _ = self.edits.complete(edit_request, document.id, parent)
        model = self.context.model(edit.pipeline)
        if not model.live_steps:
            raise InvalidInput(f"{model.name} does not paint live. Press Generate, or choose another model.")
        check_size(edit)
        plan(edit, frame, model)  # raises when the edit changes nothing, or the model cannot make it
        return LiveRequest(document.id, parent, edit)

    async def _packets(self, live: LiveRequest) -> AsyncIterator[bytes]:
        loop, news = asyncio.get_running_loop(), asyncio.Event()
        report = LiveReport(PAINTING)  # the newest: one that nobody has read gives way

        def take(heard: LiveReport) -> None:
            nonlocal report
            report = heard
            news.set()

        def hear(heard: LiveReport) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(take, heard)

        self.streams[live.document] += 1
        drop = self.context.models.paint_live(live, hear)
        try:
            while report.state == PAINTING:
                await news.wait()
                news.clear()
                yield _packet(report)
        finally:
            drop()
            self.streams[live.document] -= 1
            self.streams += Counter()  # leaves out those at 0


def _packet(report: LiveReport) -> bytes:
    picture = None if report.box is None else {"box": report.box, "bytes": len(report.file)}
    fields = {
        "state": report.state, "step": report.step, "steps": report.steps, "error": report.error, "picture": picture,
    }  # fmt: skip
    return packet(fields, [report.file])
