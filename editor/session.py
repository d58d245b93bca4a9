"""Session: the editor's verbs. Every one is a few rows in the store; none runs a model."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from editor.edits import intents
from editor.edits.edit import Blend, Edit
from editor.edits.plan import edit_region
from editor.formats.atomic_write import replacing
from editor.formats.export import SUFFIXES, encode, format_of
from editor.formats.layers import layers_of
from editor.formats.metadata import NOTHING, Metadata
from editor.formats.openraster import SUFFIX as OPENRASTER
from editor.formats.openraster import write_openraster
from editor.imaging.geometry import Box
from editor.imaging.limits import MAX_NAME, MAX_PIXELS
from editor.imaging.picture import Picture
from editor.imaging.raster import Pixels
from editor.recipes.recipe import Recipe, named_locally
from editor.store.blobs import Damaged
from editor.store.document_file import SUFFIX as DOCUMENT
from editor.store.document_file import copy_document, read_document, write_document
from editor.store.documents import Document
from editor.store.queue import revision_id
from editor.store.revisions import Node, Revision
from editor.store.store import Store
from pipelines.errors import InvalidInput


class Session:
    """What a user can do. It keeps no state of its own: two tabs, a reload and a restart all see the store's.

    Methods raise NotFound for an id that is not there, InvalidInput for an edit that cannot be made, StorageError
    when the disk refuses; the message is a sentence for the user, and the document is as it was.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        store.database.keep_reserve()

    def open(
        self, pixels: Pixels, name: str = "Untitled", icc: bytes | None = None, metadata: Metadata = NOTHING
    ) -> Document:
        """A new document of a picture. pixels: uint8 (H, W, 3) RGB or (H, W, 4) with straight alpha. icc: the profile
        of its colours, None for sRGB. metadata: whose it is, and how large it prints.
        """
        return self.store.documents.create(Picture.from_pixels(pixels), name[:MAX_NAME], icc, metadata)

    def open_document(self, file: Path) -> Document:
        """A document with its history, as `export` wrote it to a file that ends in .palimpsest; a new one each time."""
        return read_document(self.store, file)

    def blank(self, width: int, height: int, name: str = "Untitled") -> Document:
        """A new document of which nothing is known yet: the start of a picture from words alone."""
        if width * height > MAX_PIXELS:
            raise InvalidInput(f"A picture has at most {MAX_PIXELS:,} pixels, not {width:,} x {height:,}.")
        return self.store.documents.create(Picture.blank(width, height), name[:MAX_NAME])

    def picture(self, document_id: str) -> Picture:
        """What the document shows now: the picture at its head."""
        return self.store.revisions.picture(self.store.documents.get(document_id).head)

    def submit(self, document_id: str, edit: Edit, parent: str | None = None) -> Revision:
        """Queue an edit on `parent` (a revision of the document, finished or a job, see `tail`; None: its
        head). Durable on return.

        The same edit on the same parent is the same revision: queued again if it failed or was cancelled;
        shown at once, with no model run, if it is finished.
        """
        document = self.store.documents.get(document_id)
        parent = document.head if parent is None else parent
        edit_region(edit, self.frame(document_id, parent))  # raises when there is nothing to do
        return self.store.jobs.submit(document_id, parent, edit)

    def variations(self, document_id: str, edit: Edit, count: int, parent: str | None = None) -> list[Revision]:
        """Queue an edit so many times (1 to 8) with seeds from its own on, side by side; as `submit`."""
        edits = intents.variations(edit, count)
        document = self.store.documents.get(document_id)
        parent = document.head if parent is None else parent  # one for all, whatever is finished meanwhile
        edit_region(edit, self.frame(document_id, parent))
        return self.store.jobs.submit_together(document_id, parent, edits)

    def requested(self, document_id: str, edit: Edit, count: int, parent: str) -> list[Revision]:
        """These variations, if they were asked for already and wait or are shown: who does so again had no answer."""
        ids = [revision_id(document_id, parent, each.to_json()) for each in intents.variations(edit, count)]
        there = {
            self.store.documents.get(document_id).head,
            *(each.id for each in self.store.jobs.pending(document_id)),
        }
        return [self.store.revisions.get(id) for id in ids] if there & {*ids} else []

    def crop(self, document_id: str, box: Box) -> Revision:
        """Keep this part of the picture alone; as `submit`, with no model run."""
        return self.submit(document_id, intents.crop(self.picture(document_id).box, box))

    def amend(self, document_id: str, revision_id: str, edit: Edit) -> list[Revision]:
        """Change any finished step, and make those after it again on top of that, as `Jobs.replay` says; edits that
        wait for the last of them follow. Returns the jobs of the steps, in order.

        The old branch stays, and nothing moves before all are finished. A step whose request is one that was drawn
        before is pasted: no model runs. Moved while another replay waits.
        """
        document = self.store.documents.get(document_id)
        self._finished(document, revision_id)
        step = self.store.revisions.get(revision_id)
        if step.parent is None:
            raise InvalidInput("The picture that was opened is no step: there is nothing in it to change.")
        later = [each.edit for each in self.replayed(document_id, revision_id)[1:] if each.edit is not None]
        frame = self._finished(document, step.parent).box
        edit_region(edit, frame)
        for before, after in zip([edit, *later], later, strict=False):
            frame = frame.moved(before.margins)
            try:
                edit_region(after, frame)
            except ValueError as error:
                raise InvalidInput(f"A later step (“{after.prompt}”) does not fit then: {error}") from error
        return self.store.jobs.replay(document_id, revision_id, edit)

    def replayed(self, document_id: str, revision_id: str) -> list[Revision]:
        """The steps that `amend` of a finished one makes again, itself first."""
        self._finished(self.store.documents.get(document_id), revision_id)
        return self.store.jobs.replayed(document_id, revision_id)

    def reblend(self, document_id: str, revision_id: str, blend: Blend) -> list[Revision]:
        """Lay a finished step's result into the picture otherwise, without a run of its model; as `amend`."""
        edit = self.store.revisions.get(revision_id).edit
        if edit is None:
            raise InvalidInput("The picture that was opened is no step: there is nothing in it to blend.")
        return self.amend(document_id, revision_id, replace(edit, blend=blend))

    def recipe(self, document_id: str, made_with: str, revision_id: str | None = None) -> Recipe:
        """The way from the opened picture to a finished revision (None: what is shown). made_with: what runs the models
        here, in words.

        InvalidInput when nothing was done yet.
        """
        states = self._way(document_id, revision_id)
        edits = tuple(state.edit for state in states if state.edit is not None)
        pictures = [state.picture.digest for state in states if state.picture is not None]
        opened = states[0].picture
        return Recipe(edits, pictures[0], tuple(pictures[1:]), made_with, None if opened is None else opened.box)

    def export(
        self,
        document_id: str,
        to: Path,
        revision_id: str | None = None,
        *,
        quality: int | None = None,
        made_with: str | None = None,
    ) -> tuple[str, ...]:
        """Write a finished revision (None: what is shown) to a file of the kind that its ending names, whole or not at
        all.

        A picture (.png, .jpg, .webp, .tiff, .avif), every step of it as a layer (.ora), or the document itself with
        all its history (.palimpsest). quality: as in `saving.encode`. made_with: as in `recipe`, for a picture that
        holds its recipe; None for one that does not. Returns sentences on what the file does not hold. OSError where
        it cannot be written.
        """
        document = self.store.documents.get(document_id)
        shown = revision_id or document.head
        picture = self._finished(document, shown)
        notes: tuple[str, ...] = ()
        suffix = to.suffix.lower()
        if suffix not in (*SUFFIXES, OPENRASTER, DOCUMENT):
            kinds = ", ".join((*SUFFIXES, OPENRASTER, DOCUMENT))
            raise InvalidInput(f"A file is saved as {kinds}, not as {suffix or 'one without an ending'}.")
        if quality is not None and suffix not in SUFFIXES:
            raise InvalidInput(f"A file that ends in {suffix} loses nothing: it has no quality.")
        if suffix == DOCUMENT:
            write_document(self.store, document_id, to)
            return self._folders_in(document_id)
        with replacing(to) as part:
            if suffix == OPENRASTER:
                opened, *steps = self._nodes_to(document_id, shown)
                layers = layers_of(
                    self.store.revisions.picture(opened.id),
                    [
                        (_title(number, step), self.store.revisions.picture(step.id))
                        for number, step in enumerate(steps, 1)
                    ],
                )
                metadata = self.store.documents.metadata(document_id)
                write_openraster(layers, picture.pixels(), picture.box, part, metadata.dpi)
                if self.store.documents.icc(document_id) is not None:
                    notes = ("OpenRaster holds no colour profile: give the layers the picture's own after opening.",)
                if metadata.author or metadata.copyright:
                    notes = (*notes, "OpenRaster holds no author and no copyright: name them where the picture goes.")
            else:
                recipe = None
                if made_with and self.store.revisions.parent(shown) is not None:
                    try:
                        recipe = self.recipe(document_id, made_with, shown).to_json()
                    except Damaged as error:  # the picture itself is sound
                        notes = (f"Its recipe is not in it: {error}",)
                icc, metadata = self.store.documents.icc(document_id), self.store.documents.metadata(document_id)
                data, more = encode(picture.pixels(), format_of(suffix), quality, icc, recipe, metadata)
                notes = (*notes, *more)
                part.write_bytes(data)
        return notes

    def _folders_in(self, document_id: str) -> tuple[str, ...]:
        """A sentence where a document names folders of this machine: its history holds models by their full names."""
        edits = [node.edit for node in self.store.revisions.tree(document_id) if node.edit is not None]
        names = {each for edit in edits for each in (edit["pipeline"], *(a["name"] for a in edit.get("adapters", ())))}
        local = sorted(name for name in names if named_locally(name))
        return (f"The file says where models lie on this machine: {', '.join(local)}.",) if local else ()

    def rename(self, revision_id: str, name: str) -> Revision:
        """Call a revision something; '' takes its name away."""
        return self.store.revisions.rename(revision_id, name[:MAX_NAME])

    def discard(self, revision_id: str) -> Document:
        """Take a step and all that was made on it out of the history; `recover` has them back."""
        return self.store.revisions.discard(revision_id)

    def recover(self, revision_id: str) -> Revision:
        return self.store.revisions.recover(revision_id)

    def duplicate(self, document_id: str) -> Document:
        """A copy of a document with all its history."""
        copied = copy_document(self.store, document_id, self.store)
        return self.rename_document(copied.id, f"{copied.name[: MAX_NAME - 5]} copy")

    def rename_document(self, document_id: str, name: str) -> Document:
        return self.store.documents.rename(document_id, name[:MAX_NAME])

    def delete(self, document_id: str) -> None:
        """Put a document away; `restore` has it back, until the store is compacted."""
        self.store.documents.delete(document_id)

    def restore(self, document_id: str) -> Document:
        return self.store.documents.restore(document_id)

    def undo(self, document_id: str) -> Document:
        """Show the state before; the document unchanged when there is none."""
        return self.store.documents.undo(document_id)

    def redo(self, document_id: str) -> Document:
        """Show the state after, on the way to the tip; the document unchanged when it is there."""
        return self.store.documents.redo(document_id)

    def can_undo(self, document_id: str) -> bool:
        return self.store.revisions.parent(self.store.documents.get(document_id).head) is not None

    def can_redo(self, document_id: str) -> bool:
        document = self.store.documents.get(document_id)
        return document.head != document.tip

    def checkout(self, document_id: str, revision_id: str) -> Document:
        """Show any finished revision of the document. Redo leads to it, or on as before if it is on the path there."""
        self._finished(self.store.documents.get(document_id), revision_id)
        return self.store.documents.checkout(document_id, revision_id)

    def cancel(self, revision_id: str) -> Revision:
        """Cancel a job: its run stops within a step, the document stays as it is. Does nothing when it is done. Edits
        that wait for it are queued again on its parent, under other ids. The steps of a replay are cancelled together.
        """
        return self.store.jobs.cancel(revision_id)

    def reorder(self, document_id: str, order: Sequence[str]) -> list[Revision]:
        """Queue waiting edits again in another order, each on the one before, under other ids. order: all from the
        first that moves to `tail`; those before it, and any that a worker has begun, stay where they are. Variations
        stay side by side, where the first of them is named.

        InvalidInput when `order` does not name exactly those, or an edit would find nothing to paint.
        """
        self.store.documents.get(document_id)  # raises when there is none
        pending = {each.id: each for each in self.store.jobs.pending(document_id)}
        waiting = [pending[id] for id in order if id in pending]
        if waiting:
            first = min(waiting, key=lambda each: each.seq)
            assert first.parent is not None, "only edits are jobs"
            frame, frames = self.frame(document_id, first.parent), {}
            for each in waiting:
                assert each.edit is not None
                if each.parent not in frames:  # the first of its variations
                    frames[each.parent] = frame
                    frame = frame.moved(each.edit.margins)
                edit_region(each.edit, frames[each.parent])
        return self.store.jobs.reorder(document_id, order)

    def _way(self, document_id: str, revision_id: str | None) -> list[Revision]:
        """The states from the opened picture to a finished revision of the document, None: to its head."""
        document = self.store.documents.get(document_id)
        if revision_id is not None:
            self._finished(document, revision_id)
        return self.store.revisions.path_to(revision_id or document.head)

    def _nodes_to(self, document_id: str, revision_id: str) -> list[Node]:
        """The states from the opened picture to this one, without what their edits hold."""
        nodes = {node.id: node for node in self.store.revisions.tree(document_id)}
        way: list[Node] = []
        at: str | None = revision_id
        while at is not None:
            way.append(nodes[at])
            at = nodes[at].parent
        return way[::-1]

    def frame(self, document_id: str, revision_id: str) -> Box:
        """Where the picture of a revision of this document lies, finished or not: what an edit of it is planned on."""
        document = self.store.documents.get(document_id)
        if self.store.revisions.document_of(revision_id) != document.id:
            raise InvalidInput(f"The revision {revision_id!r} belongs to another document than {document.name!r}.")
        state, margins = self.store.revisions.get(revision_id), []
        while state.picture is None:
            if state.error is not None:
                raise InvalidInput(
                    f"The step before this one has no result ({state.error}) Look at the picture as it is now, then "
                    "generate again."
                )
            assert state.edit is not None and state.parent is not None, "only edits are jobs"
            margins.append(state.edit.margins)
            state = self.store.revisions.get(state.parent)
        box = state.picture.box
        for each in reversed(margins):
            box = box.moved(each)
        return box

    def newest_picture(self, document_id: str, revision_id: str) -> Picture:
        """The picture of a revision of this document; while it is a job, of its newest ancestor that is finished."""
        document = self.store.documents.get(document_id)
        if self.store.revisions.document_of(revision_id) != document.id:
            raise InvalidInput(f"The revision {revision_id!r} belongs to another document than {document.name!r}.")
        state = self.store.revisions.get(revision_id)
        while state.picture is None:
            assert state.parent is not None, "only edits are jobs"
            state = self.store.revisions.get(state.parent)
        return state.picture

    def _finished(self, document: Document, revision_id: str) -> Picture:
        """The picture of a finished revision of this document."""
        if self.store.revisions.document_of(revision_id) != document.id:
            raise InvalidInput(f"The revision {revision_id!r} belongs to another document than {document.name!r}.")
        return self.store.revisions.picture(revision_id)


def _title(number: int, step: Node) -> str:
    """What a step is called in a list: its name, else its number and prompt."""
    prompt = "" if step.edit is None else step.edit["prompt"]
    return step.name or f"{number}. {prompt}".strip()
