"""Wishes: what is to be repainted, asked for, changed and taken back."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from editor.edit import NOWHERE, Blend, Edit
from editor.geometry import Margins
from editor.ui.desk import Desk, Moved
from editor.ui.packets import exactly, mask_of, read_body, read_packet, strokes_of

LARGEST_WISH = 64 * 2**20  # bytes of a wish with its pictures
BLENDING = ("feather", "edge", "opacity", "colour_match")
ASKING = ("pipeline", "prompt", "negative_prompt", "steps", "guidance", "seed", "strength", "sampler")
WISH = ("parent", "variations", "margins", "mask", "sketch", *ASKING, *BLENDING)


class Wishes:
    """Methods which are not `async` run in Starlette's threads, for they touch the disk."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.session = desk, desk.session

    async def submit(self, request: Request) -> Response:
        body = await read_body(request, LARGEST_WISH, "The wish")
        return await run_in_threadpool(self._submitted, request, body)

    def _submitted(self, request: Request, body: bytes) -> Response:
        document = self.desk.document(request)
        edit, parent, variations = self._wish(body)
        if parent != document.head:
            raise Moved("The picture was changed in another tab meanwhile. Look at it as it is, then generate again.")
        promises = self.session.variations(document.id, edit, variations, parent)
        self.desk.worker.wake()
        return self.desk.promised(request, promises)

    def cancel(self, request: Request) -> Response:
        return self.desk.answer(request, [self.session.cancel(self.desk.revision(request).id)])

    def _wish(self, body: bytes) -> tuple[Edit, object, int]:
        """The edit, the parent it names and how many variations from a packet. ValueError when something in it is
        wrong.
        """
        said, pictures = read_packet(body, ("mask", "sketch"), "A wish")
        said = {"edge": 0} | said  # whoever does not move it need not speak of it
        exactly(said, WISH, "A wish")
        variations, margins = said["variations"], said["margins"]
        if type(variations) is not int:
            raise ValueError(f"The variations must be a whole number, not {variations!r}.")
        if not (isinstance(margins, list) and len(margins) == 4):
            raise ValueError(f"Margins must be four whole numbers [left, top, right, bottom], not {margins!r}.")
        mask, sketch = pictures["mask"], pictures["sketch"]
        edit = Edit(
            NOWHERE if mask is None else mask_of(mask),
            sketch=None if sketch is None else strokes_of(sketch),
            margins=Margins(*margins),
            blend=Blend(**{name: said[name] for name in BLENDING}),
            **{name: said[name] for name in ASKING},
        )
        if edit.pipeline not in self.desk.names:
            names = ", ".join(self.desk.names)
            raise ValueError(f"There is no model {edit.pipeline!r} here; there is {names}.")
        return edit, said["parent"], variations
