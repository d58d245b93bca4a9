"""The editor's tools for programs. Their docstrings are what clients are shown.

They take text and numbers; none reads a path or an address that a client names.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import Any

import numpy as np
from gradio.data_classes import FileData

from editor.edits.edit import NOWHERE, Blend, Edit
from editor.edits.intents import complete
from editor.formats.images import encode_png, read_image
from editor.imaging.geometry import Margins
from editor.imaging.raster import Mask
from editor.store.documents import Document
from editor.store.revisions import Node, Revision
from editor.web import large_work, small_copies
from editor.web.context import AppContext
from editor.web.job_stream import POLL_INTERVAL, JobStream
from editor.web.regions import place, read_base64, within
from editor.web.routes.models import PATIENCE
from editor.web.shown_files import Shown
from editor.web.wire import read_box
from pipelines.base import PipelineInfo
from pipelines.errors import InvalidInput

SEEN = 1024  # pixels of the longest side of what `look` shows

Answer = dict[str, Any]
Steps = AsyncGenerator[Answer, None]


class ApiTools:
    """Each raises InvalidInput, LookupError or OSError with a sentence."""

    def __init__(self, context: AppContext, shown: Shown) -> None:
        self.context, self.session, self.shown = context, context.session, shown
        self.job_stream = JobStream(context.session, context.models)

    def documents(self) -> list[dict[str, str]]:
        """List the documents, the one last worked on first: `document` (its id, for the other verbs) and `name`."""
        return [{"document": each.id, "name": each.name} for each in self.session.store.documents.all()]

    def open(self, data: str, name: str = "Untitled") -> Answer:
        """Open a picture as a new document. Files of more than 64 MB, and documents with their history (.palimpsest):
        POST their bytes to /palimpsest/documents?name=NAME instead, which answers with the `document` too.

        Parameters:
            data: the bytes of a PNG, JPEG, WebP, TIFF or other picture file in base64; no path, no address
            name: what to call the document
        Returns:
            as `describe`, without history and models, and `notes`: what the file held that the document does not
        """
        opened = large_work.wait(None, read_image, read_base64("picture", data))
        document = self.session.open(opened.pixels, name, opened.icc, opened.metadata)
        return {**self._summary(document), "notes": list(opened.notes)}

    def blank(self, width: int, height: int, name: str = "Untitled") -> Answer:
        """Make an empty document, to draw a whole picture from words with `edit` and its whole box.

        Parameters:
            width: pixels
            height: pixels
            name: what to call the document
        Returns:
            as `describe`, without history and models
        """
        return self._summary(self.session.blank(width, height, name))

    def describe(self, document: str) -> Answer:
        """Tell what there is to know of a document.

        Parameters:
            document: its id
        Returns:
            `box` of the picture [x, y, width, height]: x and y are 0 until it is widened or cut at the left or top;
            `revision` that is shown; `picture`: where it lies as a PNG on this server; `can_undo`, `can_redo`;
            `history`: every state, a parent before its children; `models` that there are, the usual one first
        """
        shown = self.session.store.documents.get(document)
        history = [_state(node) for node in self.session.store.revisions.tree(document)]
        models = sorted(self.context.names, key=lambda name: name != self.context.default)
        return {**self._summary(shown), "history": history, "models": models}

    def look(self, document: str, revision: str = "", box: list[int] | None = None) -> tuple[FileData, Answer]:
        """See the picture, or a part of it, at most 1,024 pixels wide and high.

        Parameters:
            document: its id
            revision: a finished state of its history; empty: the one that is shown
            box: which part, [x, y, width, height]; null: all
        Returns:
            a JPEG, and with it the `box` that it shows, its `scale` (pixels of the JPEG for one of the picture) and
            `picture`: where the whole picture lies as a PNG on this server
        """
        shown = self._revision(document, revision)
        picture = self.session.store.revisions.picture(shown)
        seen = picture.box if box is None else within(box, picture)
        scale = round(min(1, SEEN / max(seen.width, seen.height)), 4)
        answer = {"box": list(seen), "scale": scale, **self._address(shown)}
        image = large_work.wait(seen.width * seen.height, small_copies.part, picture, seen, SEEN)
        return self.shown.add("picture.jpg", image), answer

    def select(
        self, document: str, box: list[int] | None = None, point: list[int] | None = None, tolerance: int = 24
    ) -> tuple[FileData, Answer]:
        """See which pixels a box or a point would have repainted in `edit` and `remove`; nothing is changed.

        Parameters:
            document: its id
            box: [x, y, width, height]; with a point: only within it
            point: [x, y]: what is connected to it and coloured like it
            tolerance: by how much a colour may differ from the point's, 0 to 255 in each channel
        Returns:
            the mask as a PNG, white where it repaints, and with it the `box` that it fills and how many `pixels` it has
        """
        mask = place(self.session.picture(document), box, point, tolerance, "")
        answer = {"box": list(mask.box), "pixels": int(np.count_nonzero(mask.alpha))}
        return self.shown.add("mask.png", encode_png(mask.alpha)), answer

    def edit(
        self, document: str, prompt: str, box: list[int] | None = None, point: list[int] | None = None, mask: str = "",
        tolerance: int = 24, negative_prompt: str = "", model: str = "", steps: int | None = None,
        guidance: float | None = None, seed: int | None = None, strength: float = Edit.strength, variations: int = 1,
        sampler: str = "", clip_guidance: float = Edit.clip_guidance, feather: int = Blend.feather,
        edge: int = Blend.edge, opacity: float = Blend.opacity, colour_match: bool = Blend.colour_match,
        keep_specks: bool = False,
    ) -> Steps:  # fmt: skip
        """Repaint a place in the picture so that it shows what the prompt says; every other pixel stays the same. Give
        a box, a point or a mask. Waits for the model and tells of its steps meanwhile; to cancel the call cancels the
        edit.

        Parameters:
            document: its id
            prompt: what belongs there; empty: fill it from what is around it
            box: the place as [x, y, width, height]
            point: [x, y]: the place is what is connected to it and coloured like it (within the box, if there is one)
            mask: a picture file in base64, as large as the box or else the picture: white is repainted, black stays;
                of strokes on a transparent picture, the strokes
            tolerance: by how much a colour may differ from the point's, 0 to 255 in each channel
            negative_prompt: what should not appear
            model: its name, as `describe` lists them; empty: the usual one
            steps: how often the model is asked, 1 to 1,000; more is finer and slower; null: the model's usual
            guidance: how firmly the words are followed, 0 to 30; null: the model's usual
            seed: 0 to 4,294,967,295, the same seed gives the same pixels; null: a new one
            strength: 1: from nothing; less: the nearer to what is there
            variations: 1 to 8 results, of as many seeds
            sampler: dpmpp_2m, dpmpp_sde, heun, ddim, ddpm, own (as the model comes with it); empty: the model's usual
            clip_guidance: how much CLIP's opinion counts, 0 to 30, where the model has one
            feather: pixels over which the result fades out around the place, 0 to 64
            edge: pixels by which it reaches over the place before that, -64 to 64
            opacity: its share, 0 to 1
            colour_match: whether its colours are moved to meet those around
            keep_specks: whether to repaint specks too: spots of at most 16 pixels far from the rest of the mask
        Returns:
            again and again `state` (waiting, running, done), `step` of `of`, `seconds`; with done also the `revision`
            that was made and where it lies as a PNG (`picture`), all `revisions` if there are variations, the `seed`,
            a `hint` where the model does not know a word, and how many `specks` of the mask were left out
        """
        settings = {
            "prompt": prompt, "negative_prompt": negative_prompt, "steps": steps, "guidance": guidance,
            "strength": strength, "sampler": sampler or None, "clip_guidance": clip_guidance,
            "blend": Blend(feather, edge, opacity, colour_match),
        }  # fmt: skip
        painted = partial(self._place, document, box, point, tolerance, mask)
        return self._completed("fill", document, painted, model, seed, settings, variations, keep_specks)

    def remove(
        self, document: str, box: list[int] | None = None, point: list[int] | None = None, mask: str = "",
        tolerance: int = 24, model: str = "", seed: int | None = None, feather: int = Blend.feather,
        keep_specks: bool = False,
    ) -> Steps:  # fmt: skip
        """Have what is in a place give way to what is around it. Give a box, a point or a mask; waits as `edit` does.
        Where its boundary lies on a thing's edge, the soft rim of that goes too, up to 16 pixels beyond the place.

        Parameters:
            document: its id
            box: the place as [x, y, width, height]
            point: [x, y]: the place is what is connected to it and coloured like it (within the box, if there is one)
            mask: a picture file in base64, as large as the box or else the picture: white goes, black stays; of
                strokes on a transparent picture, the strokes
            tolerance: by how much a colour may differ from the point's, 0 to 255 in each channel
            model: its name, as `describe` lists them; empty: the usual one; `classical` is quick
            seed: 0 to 4,294,967,295, the same seed gives the same pixels; null: a new one
            feather: pixels over which the result fades out around the place, 0 to 64
            keep_specks: whether to repaint specks too: spots of at most 16 pixels far from the rest of the mask
        Returns:
            as `edit`
        """
        painted = partial(self._place, document, box, point, tolerance, mask)
        return self._completed(
            "remove", document, painted, model, seed, {"blend": Blend(feather)}, keep_specks=keep_specks
        )

    def expand(
        self, document: str, left: int = 0, top: int = 0, right: int = 0, bottom: int = 0, prompt: str = "",
        negative_prompt: str = "", model: str = "", steps: int | None = None, guidance: float | None = None,
        seed: int | None = None,
    ) -> Steps:  # fmt: skip
        """Make the picture larger and paint what is new; waits as `edit` does.

        Parameters:
            document: its id
            left: pixels more at the left
            top: pixels more at the top
            right: pixels more at the right
            bottom: pixels more at the bottom
            prompt: what belongs there; empty: what goes on from the picture
            negative_prompt: what should not appear
            model: its name, as `describe` lists them; empty: the usual one
            steps: how often the model is asked, 1 to 1,000; more is finer and slower; null: the model's usual
            guidance: how firmly the words are followed, 0 to 30; null: the model's usual
            seed: 0 to 4,294,967,295, the same seed gives the same pixels; null: a new one
        Returns:
            as `edit`
        """
        margins = Margins(left, top, right, bottom)
        if min(margins) < 0:
            raise InvalidInput(
                f"The picture is made larger by 0 pixels or more a side, not {min(margins)}: `crop` cuts."
            )
        if not any(margins):
            raise InvalidInput("Say by how many pixels: at the left, top, right or bottom.")
        settings = {
            "prompt": prompt, "negative_prompt": negative_prompt, "steps": steps, "guidance": guidance,
            "margins": margins,
        }  # fmt: skip
        return self._completed("expand", document, lambda: NOWHERE, model, seed, settings)

    def crop(self, document: str, box: list[int]) -> Steps:
        """Keep a part of the picture alone; waits as `edit` does, though no model runs.

        Parameters:
            document: its id
            box: what is kept, [x, y, width, height]
        Returns:
            as `edit`
        """
        part = read_box(box, "The box")
        return self._finished(lambda: [self.session.crop(document, part)])

    def undo(self, document: str) -> Answer:
        """Show the state before; nothing is lost, `redo` shows the later one again.

        Parameters:
            document: its id
        Returns:
            as `describe`, without history and models
        """
        return self._summary(self.session.undo(document))

    def redo(self, document: str) -> Answer:
        """Show the state after, on the way that `undo` came back.

        Parameters:
            document: its id
        Returns:
            as `describe`, without history and models
        """
        return self._summary(self.session.redo(document))

    def checkout(self, document: str, revision: str) -> Answer:
        """Show any finished state of the history, on whatever branch; the next edit is made on it. On the way to the
        latest state, `redo` leads on to that as before.

        Parameters:
            document: its id
            revision: the state's id, as `describe` has it
        Returns:
            as `describe`, without history and models
        """
        return self._summary(self.session.checkout(document, revision))

    def _place(self, document: str, box: list[int] | None, point: list[int] | None, tolerance: int, mask: str) -> Mask:
        return place(self.session.picture(document), box, point, tolerance, mask)

    async def _completed(
        self, intent: str, document: str, mask: Callable[[], Mask], model: str, seed: int | None, settings: Answer,
        variations: int = 1, keep_specks: bool = False,
    ) -> Steps:  # fmt: skip
        """Queue an edit at the end, and wait for it. What is None in `settings` is the model's default."""
        name = model or self.context.default
        self.context.check_model(name)
        first = secrets.randbelow(2**32) if seed is None else seed
        more: Answer = {"seed": first, "hint": ""}
        info = await self._info(name)
        request = {**settings, "seed": first, "pipeline": name}

        def submit() -> Sequence[Revision]:
            shown = partial(self.session.picture, document)
            edit, more["specks"] = complete(intent, mask(), request, info, shown, keep_specks)
            return self.session.variations(document, edit, variations, self.session.store.jobs.tail(document))

        async with aclosing(self._finished(submit)) as steps:
            async for step in steps:
                if step["state"] == "done":
                    with suppress(ValueError, TimeoutError):
                        heard = asyncio.wrap_future(self.context.models.hint(name, settings.get("prompt", "")))
                        more["hint"], _ = await asyncio.wait_for(heard, PATIENCE)
                    step |= more
                yield step

    async def _info(self, name: str) -> PipelineInfo:
        """What a model says of itself, once it is loaded, which may take as long as the edit."""
        while (info := self.context.models.info(name)) is None:
            await asyncio.sleep(POLL_INTERVAL)
        return info

    async def _finished(self, submit: Callable[[], Sequence[Revision]]) -> Steps:
        async with aclosing(self.job_stream.results(submit)) as steps:
            async for step in steps:
                if step["state"] == "done":
                    step |= self._address(step["revisions"][0])
                yield step

    def _summary(self, document: Document) -> Answer:
        id = document.id
        return {
            "document": id,
            "name": document.name,
            "box": list(self.session.store.revisions.picture(document.head).box),
            **self._address(document.head),
            "can_undo": self.session.can_undo(id),
            "can_redo": self.session.can_redo(id),
        }

    def _revision(self, document: str, revision: str) -> str:
        """The id of a revision of this document, its head where none is named."""
        shown = revision or self.session.store.documents.get(document).head
        if self.session.store.revisions.get(shown).document != document:
            raise InvalidInput(f"The document {document!r} has no revision {shown!r}.")
        return shown

    def _address(self, revision: str) -> Answer:
        return {
            "revision": revision,
            "picture": f"{self.context.addresses.root_path}/palimpsest/revisions/{revision}/picture.png",
        }


def _state(node: Node) -> Answer:
    """A state in the history."""
    answer: Answer = {
        "revision": node.id, "parent": node.parent, "name": node.name, "finished": node.finished, "error": node.error,
    }  # fmt: skip
    if node.edit is not None:
        names = ("prompt", "negative_prompt", "seed", "steps", "guidance", "strength")
        answer |= {name: node.edit[name] for name in names}
        answer |= {"model": node.edit["pipeline"], "box": node.edit["mask"]["box"]}
    return answer
