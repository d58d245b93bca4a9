"""The editor's tools for programs. Clients are shown their docstrings.

They take text and numbers; none reads a path or a URL that a client sends.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from gradio.data_classes import FileData

from editor.edits.adjustment import Adjustment
from editor.edits.edit import NOWHERE, Blend, Edit
from editor.edits.intents import adjust
from editor.formats.images import encode_png
from editor.imaging.geometry import Margins
from editor.imaging.raster import Mask
from editor.store.revisions import Revision
from editor.web import large_work, small_copies
from editor.web.api_adapters import adapter_settings
from editor.web.api_edits import ApiEdits, Steps
from editor.web.api_results import Result, history_entry, picture_url, summary
from editor.web.context import AppContext
from editor.web.regions import clip_box, find_object, read_base64, read_region
from editor.web.shown_files import Shown
from editor.web.wire import read_box
from pipelines.errors import InvalidInput

LOOK_SIZE = 1024  # pixels of the longest side of a picture that `look` returns


class ApiTools:
    """The tools. Each raises InvalidInput, LookupError or OSError with a message for the client."""

    def __init__(self, context: AppContext, shown: Shown) -> None:
        self.context, self.session, self.shown = context, context.session, shown
        self._edits = ApiEdits(context)

    def documents(self) -> list[dict[str, str]]:
        """List the documents, the most recently edited first: `document` (its id, for the other tools) and `name`."""
        store = self.session.store
        if self.context.accounts is not None:
            own = store.documents.summaries_for(self.context.owner, ())
            return [{"document": each.document, "name": each.name} for each in own]
        return [{"document": each.id, "name": each.name} for each in store.documents.all()]

    def share(self, document: str, shared: str) -> Result:
        """Say what others may do with a document of yours who know its id.

        Parameters:
            document: its id
            shared: look (they may look, export and duplicate), edit, or nobody
        Returns:
            as `describe`, without history and models
        """
        return summary(self.context, self.session.share(document, shared))

    def open(self, data: str, name: str = "Untitled") -> Result:
        """Open a picture as a new document. For files of more than 64 MB, and for documents with their history
        (.palimpsest), POST their bytes to /palimpsest/documents?name=NAME instead, which returns the `document` too.

        Parameters:
            data: the bytes of a PNG, JPEG, WebP, TIFF or other picture file in base64; not a path or a URL
            name: what to call the document
        Returns:
            as `describe`, without history and models, and `notes`: what the file has that the document does not keep
        """
        picture = read_base64("picture", data)
        document, notes = large_work.wait(None, self.session.open_file, picture, name, self.context.owner)
        return {**summary(self.context, document), "notes": list(notes)}

    def blank(self, width: int, height: int, name: str = "Untitled") -> Result:
        """Create an empty document, to generate a whole picture from a prompt with `edit` and its whole box.

        Parameters:
            width: pixels
            height: pixels
            name: what to call the document
        Returns:
            as `describe`, without history and models
        """
        return summary(self.context, self.session.blank(width, height, name, self.context.owner))

    def describe(self, document: str) -> Result:
        """Describe a document.

        Parameters:
            document: its id
        Returns:
            `box` of the picture [x, y, width, height]: x and y are 0 until it is expanded or cropped at the left or
            top; `revision` that is shown; `picture`: its URL on this server, a PNG; `can_undo`, `can_redo`; `history`:
            every revision, parents before children; `models`: the names of all models, the default first
        """
        shown = self.session.store.documents.get(document)
        history = [history_entry(node) for node in self.session.store.revisions.tree(document)]
        models = sorted(self.context.listed, key=lambda name: name != self.context.default)
        return {**summary(self.context, shown), "history": history, "models": models}

    def look(self, document: str, revision: str = "", box: list[int] | None = None) -> tuple[FileData, Result]:
        """Look at the picture, or a part of it, at most 1,024 pixels wide and high.

        Parameters:
            document: its id
            revision: a finished revision of its history; empty: the one that is shown
            box: which part, [x, y, width, height]; null: all
        Returns:
            a JPEG, the `box` that it shows, its `scale` (pixels of the JPEG per pixel of the picture) and `picture`:
            the URL of the whole picture on this server, a PNG
        """
        shown = self._revision(document, revision)
        picture = self.session.store.revisions.picture(shown)
        part = picture.box if box is None else clip_box(box, picture)
        scale = round(min(1, LOOK_SIZE / max(part.width, part.height)), 4)
        result = {"box": list(part), "scale": scale, **picture_url(self.context, shown)}
        image = large_work.wait(part.width * part.height, small_copies.part, picture, part, LOOK_SIZE)
        return self.shown.add("picture.jpg", image), result

    def select(
        self, document: str, box: list[int] | None = None, point: list[int] | None = None, tolerance: int = 24,
        whole_object: bool = False, words: str = "",
    ) -> tuple[FileData, Result]:  # fmt: skip
        """Preview which pixels `edit` and `remove` would repaint for a box, a point or words. Nothing is changed.

        Parameters:
            document: its id
            box: [x, y, width, height]; with a point: only inside it
            point: [x, y]: everything connected to it in a similar colour
            tolerance: by how much a colour may differ from the point's, 0 to 255 in each channel
            whole_object: select the object at the point, or in the box, by the object selector that is installed
            words: select what these name, such as "the dog", by CLIPSeg if it is installed; without a box and a point
        Returns:
            the mask as a PNG, white where it repaints, the `box` that it fills (send both to `edit`) and how many
            `pixels` it has
        """
        if whole_object or words:
            mask = find_object(self.context, document, box, point, words)
        else:
            mask = read_region(self.session.picture(document), box, point, tolerance, "")
        result = {"box": list(mask.box), "pixels": int(np.count_nonzero(mask.alpha))}
        return self.shown.add("mask.png", encode_png(mask.alpha)), result

    def edit(
        self, document: str, prompt: str, box: list[int] | None = None, point: list[int] | None = None, mask: str = "",
        tolerance: int = 24, negative_prompt: str = "", model: str = "", steps: int | None = None,
        guidance: float | None = None, seed: int | None = None, strength: float = Edit.strength, variations: int = 1,
        sampler: str = "", clip_guidance: float = Edit.clip_guidance, feather: int = Blend.feather,
        edge: int = Blend.edge, opacity: float = Blend.opacity, colour_match: bool = Blend.colour_match,
        keep_specks: bool = False, adapters: list[str] | None = None, reference: str = "", exact_words: bool = False,
        best_of: int = 1,
    ) -> Steps:  # fmt: skip
        """Repaint a region of the picture from a prompt; every other pixel stays the same. Give a box, a point or a
        mask. Waits for the model and reports its progress; cancelling the call cancels the edit.

        Parameters:
            document: its id
            prompt: what to add; empty: fill the region to match its surroundings
            box: the region as [x, y, width, height]
            point: [x, y]: the region is everything connected to it in a similar colour (inside the box, if there is
                one)
            mask: a picture file in base64, as large as the box or else the picture: white is repainted, black stays; in
                a picture with strokes on transparency, the strokes are repainted
            tolerance: by how much a colour may differ from the point's, 0 to 255 in each channel
            negative_prompt: what should not appear
            model: its name, as `describe` lists them; empty: the default
            steps: denoising steps, 1 to 1,000; more is finer and slower; null: the model's default
            guidance: how closely to follow the prompt, 0 to 30; null: the model's default
            seed: 0 to 4,294,967,295, the same seed gives the same pixels; null: a random one
            strength: 1: ignore what is there now; lower: stay closer to it
            variations: 1 to 8 results, each with its own seed
            sampler: dpmpp_2m, dpmpp_sde, heun, ddim, ddpm, own (the model's own sampler); empty: the model's default
            clip_guidance: weight of CLIP guidance, 0 to 30, for models with CLIP
            feather: pixels over which the result fades out around the region, 0 to 64
            edge: pixels by which the result extends beyond the region before it fades, -64 to 64
            opacity: of the result, 0 to 1
            colour_match: whether to match the result's colours to its surroundings
            keep_specks: whether to repaint specks too: spots of at most 16 pixels far from the rest of the mask
            adapters: names that the tool `adapters` lists, each alone or as NAME=WEIGHT, 0 to 2; null: none
            reference: a picture file in base64 for an IP-Adapter to imitate; empty: none
            exact_words: whether the model is given the prompt as it is; else in the words that it was taught
            best_of: 1 to 8 seeds to try: the best match with the prompt is the result, the others stay its variations
        Returns:
            repeatedly `state` (waiting, running, done), `step` of `of`, `seconds`; when done also the new `revision`,
            its URL as a PNG (`picture`) and its `seed`; all `revisions` if there are variations, the best match with
            the prompt first where that is known, and how well each of them matches (`matches`: "likely", "unsure",
            "unlikely", "" for not known); a `hint` when the model does not paint a word, the prompt that it was given
            (`painted_as`, "" for yours), and how many `specks` of the mask were left out
        """
        settings = {
            "prompt": prompt, "negative_prompt": negative_prompt, "steps": steps, "guidance": guidance,
            "strength": strength, "sampler": sampler or None, "clip_guidance": clip_guidance,
            "blend": Blend(feather, edge, opacity, colour_match), "exact_words": exact_words,
            **adapter_settings(self.context, adapters, reference),
        }  # fmt: skip
        region = partial(self._read_region, document, box, point, tolerance, mask)
        edit = partial(self._edits.edit, "fill", document, region, model, seed, settings, variations, keep_specks)
        return edit(best_of=best_of)

    def remove(
        self, document: str, box: list[int] | None = None, point: list[int] | None = None, mask: str = "",
        tolerance: int = 24, model: str = "", seed: int | None = None, feather: int = Blend.feather,
        keep_specks: bool = False, grow: int | None = None,
    ) -> Steps:  # fmt: skip
        """Remove what is in a region and fill it from its surroundings. Give a box, a point or a mask; waits as `edit`
        does. Where the region ends at an object's edge, the soft rim of the object is removed too, up to 16 pixels
        beyond the region, or `grow` pixels.

        Parameters:
            document: its id
            box: the region as [x, y, width, height]
            point: [x, y]: the region is everything connected to it in a similar colour (inside the box, if there is
                one)
            mask: a picture file in base64, as large as the box or else the picture: white is removed, black stays; in a
                picture with strokes on transparency, the strokes are removed
            tolerance: by how much a colour may differ from the point's, 0 to 255 in each channel
            model: its name, as `describe` lists them; empty: by the picture, LaMa or PatchMatch for a photograph, the
                embedded model for a drawing
            seed: 0 to 4,294,967,295, the same seed gives the same pixels; null: a random one
            feather: pixels over which the result fades out around the region, 0 to 64
            keep_specks: whether to repaint specks too: spots of at most 16 pixels far from the rest of the mask
            grow: pixels by which the region grows first, 0 to 64; null: as far as the edge of the object needs
        Returns:
            as `edit`; `model`: which one removed it
        """
        region = partial(self._read_region, document, box, point, tolerance, mask)
        settings = {"blend": Blend(feather)}
        return self._edits.edit("remove", document, region, model, seed, settings, keep_specks=keep_specks, grow=grow)

    def expand(
        self, document: str, left: int = 0, top: int = 0, right: int = 0, bottom: int = 0, prompt: str = "",
        negative_prompt: str = "", model: str = "", steps: int | None = None, guidance: float | None = None,
        seed: int | None = None,
    ) -> Steps:  # fmt: skip
        """Make the picture larger and generate the new area; waits as `edit` does.

        Parameters:
            document: its id
            left: pixels to add at the left
            top: pixels to add at the top
            right: pixels to add at the right
            bottom: pixels to add at the bottom
            prompt: what to add there; empty: continue the picture
            negative_prompt: what should not appear
            model: its name, as `describe` lists them; empty: the default
            steps: denoising steps, 1 to 1,000; more is finer and slower; null: the model's default
            guidance: how closely to follow the prompt, 0 to 30; null: the model's default
            seed: 0 to 4,294,967,295, the same seed gives the same pixels; null: a random one
        Returns:
            as `edit`
        """
        margins = Margins(left, top, right, bottom)
        if min(margins) < 0:
            raise InvalidInput(
                f"The picture can only grow, by 0 pixels or more a side, not {min(margins)}. To shrink it, use `crop`."
            )
        if not any(margins):
            raise InvalidInput("There is nothing to expand: set left, top, right or bottom to a number of pixels.")
        settings = {
            "prompt": prompt, "negative_prompt": negative_prompt, "steps": steps, "guidance": guidance,
            "margins": margins,
        }  # fmt: skip
        return self._edits.edit("expand", document, lambda: NOWHERE, model, seed, settings)

    def crop(self, document: str, box: list[int]) -> Steps:
        """Crop the picture to a box; waits as `edit` does, although no model runs.

        Parameters:
            document: its id
            box: the part to keep, [x, y, width, height]
        Returns:
            as `edit`
        """
        part = read_box(box, "The box")
        return self._edits.stream(lambda: [self.session.crop(document, part)])

    def adjust(
        self, document: str, box: list[int] | None = None, point: list[int] | None = None, mask: str = "",
        tolerance: int = 24, exposure: float = 0.0, contrast: float = 0.0, saturation: float = 0.0,
        temperature: float = 0.0, sharpness: float = 0.0, blur: float = 0.0, curve: list[float] | None = None,
        feather: int = Blend.feather, edge: int = Blend.edge, opacity: float = Blend.opacity,
    ) -> Steps:  # fmt: skip
        """Adjust colours in a region, or in the whole picture if none is given; waits as `edit` does. No model runs.

        Parameters:
            document: its id
            box: the region as [x, y, width, height]
            point: [x, y]: the region is everything connected to it in a similar colour, as for `edit`
            mask: a picture file in base64, as for `edit`; grey is adjusted in part
            tolerance: by how much a colour may differ from the point's, 0 to 255 in each channel
            exposure: stops, -3 (darker) to 3 (brighter)
            contrast: -1 to 1
            saturation: -1 (grey) to 1
            temperature: -1 (colder) to 1 (warmer)
            sharpness: 0 to 1
            blur: radius in pixels, 0 to 64
            curve: a tone curve as x1, y1, x2, y2, ...: 2 to 16 points from 0 to 1, x rising; null: none
            feather: pixels over which the adjustment fades out around the region, 0 to 64
            edge: pixels by which it extends beyond the region before it fades, -64 to 64
            opacity: of the adjustment, 0 to 1
        Returns:
            as `crop`
        """
        if len(curve := curve or []) % 2:
            raise InvalidInput(f"The curve must list an x and a y for each point, but has {len(curve)} numbers.")
        points = tuple(zip(curve[::2], curve[1::2], strict=True))
        values = Adjustment(exposure, contrast, saturation, temperature, sharpness, blur, points)

        def submit() -> Sequence[Revision]:
            whole = box is None and point is None and not mask
            region = NOWHERE if whole else self._read_region(document, box, point, tolerance, mask)
            edit, tail = adjust(region, values, Blend(feather, edge, opacity)), self.session.store.jobs.tail(document)
            return [self.session.submit(document, edit, tail)]

        return self._edits.stream(submit)

    def layer(
        self, document: str, revision: str, visible: bool | None = None, opacity: float | None = None,
        place: int | None = None,
    ) -> Steps:  # fmt: skip
        """Hide, show, fade or move a layer; waits as `edit` does. Every step from the opened picture to the revision
        that is shown is a layer. The result is a new branch; `checkout` leads back to the old one. A model runs only
        for steps that saw what changes. Layers that overlap cannot change places.

        Parameters:
            document: its id
            revision: the layer's step, as `describe` lists it
            visible: whether it is to be seen; null: as it is
            opacity: 0 to 1; null: as it is
            place: which layer it is to be, from 1, the lowest; null: as it is
        Returns:
            as `edit`, without seed, hint and specks
        """

        def submit() -> Sequence[Revision]:
            return self.session.layers.change(document, revision, visible, opacity, place)[-1:]

        return self._edits.stream(submit)

    def undo(self, document: str) -> Result:
        """Go back to the previous revision; nothing is lost, `redo` goes forward again.

        Parameters:
            document: its id
        Returns:
            as `describe`, without history and models
        """
        return summary(self.context, self.session.undo(document))

    def redo(self, document: str) -> Result:
        """Go forward to the revision that `undo` left.

        Parameters:
            document: its id
        Returns:
            as `describe`, without history and models
        """
        return summary(self.context, self.session.redo(document))

    def checkout(self, document: str, revision: str) -> Result:
        """Go to any finished revision of the history, on any branch; the next edit is made on it. If it lies on the
        path to the latest revision, `redo` still leads there.

        Parameters:
            document: its id
            revision: the revision's id, as `describe` lists it
        Returns:
            as `describe`, without history and models
        """
        return summary(self.context, self.session.checkout(document, revision))

    def _read_region(
        self, document: str, box: list[int] | None, point: list[int] | None, tolerance: int, mask: str
    ) -> Mask:
        return read_region(self.session.picture(document), box, point, tolerance, mask)

    def _revision(self, document: str, revision: str) -> str:
        """Returns the id of a revision after checking that it is this document's; "" stands for the head."""
        shown = revision or self.session.store.documents.get(document).head
        if self.session.store.revisions.get(shown).document != document:
            raise InvalidInput(f"The document {document!r} has no revision {shown!r}.")
        return shown
