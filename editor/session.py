"""Session: the editor's commands. Each reads or writes a few rows of the store; none runs a model."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from editor.edits import intents
from editor.edits.edit import NO_MODEL, Blend, Edit
from editor.edits.plan import edit_region
from editor.exports import Exports
from editor.formats.credentials import Credentials, ingredient_of, missing_package, read_ingredient
from editor.formats.images import read_image
from editor.formats.metadata import NOTHING, Metadata
from editor.imaging.geometry import Box
from editor.imaging.limits import MAX_NAME, MAX_PIXELS
from editor.imaging.picture import Picture
from editor.imaging.raster import Pixels
from editor.layers import Layers
from editor.recipes.provenance import Signing
from editor.store.document_file import copy_document, read_document
from editor.store.documents import Document
from editor.store.queue import revision_id
from editor.store.revisions import Revision
from editor.store.store import Store
from pipelines.errors import InvalidInput

UNCHECKED = "They came with a document's file, and could not be checked with the picture that was opened."


class OpenedDocument(NamedTuple):
    """A file that was opened as a new document."""

    document: Document
    notes: tuple[str, ...]  # sentences about what the file has that the document does not keep


class DocumentCredentials(NamedTuple):
    """What the content credentials say of the file that a document began with."""

    credentials: Credentials
    checked: bool  # with that file, here; False: a document's file says so

    @property
    def sentences(self) -> tuple[str, ...]:
        """What they come to, in plain words."""
        return (self.credentials.sentence, *(() if self.checked else (UNCHECKED,)))


class Session:
    """What a user can do. All state is in the store, so that two tabs, a reload and a restart see the same.

    Methods raise NotFound for an id that does not exist, InvalidInput for an edit that cannot be made, and StorageError
    when the disk or the database refuses. The message is meant for the user; the document stays unchanged.
    """

    def __init__(self, store: Store, signing: Signing | None = None, anchors: str = "") -> None:
        """Works on a store.

        Args:
            store: the store.
            signing: how exports are signed; None: they are not.
            anchors: the certificates of trusted issuers, PEM, for the content credentials of opened files.
        """
        self.store, self.anchors = store, anchors
        self.exports = Exports(store, signing)
        self.layers = Layers(store)
        store.database.keep_reserve()

    def open_file(self, data: bytes, name: str = "Untitled", owner: str | None = None) -> OpenedDocument:
        """Creates a document from a picture file, and keeps its profile, metadata and content credentials.

        Args:
            data: the file.
            name: what to call the document.
            owner: the user that it belongs to, None for everybody.

        Raises:
            InvalidInput: as in `read_image`.
        """
        opened, ingredient = read_image(data), ingredient_of(data, self.anchors)
        document = self.open(opened.pixels, name, opened.icc, opened.metadata, ingredient.archive, owner)
        return OpenedDocument(document, (*opened.notes, *ingredient.notes))

    def credentials(self, document_id: str) -> DocumentCredentials | None:
        """Reads the content credentials of the file that a document began with; None where it had none.

        Raises:
            InvalidInput: they are damaged, or the package is missing.
        """
        stored = self.store.documents.credentials(document_id)
        if stored is None:
            return None
        if missing := missing_package():
            raise InvalidInput(f"The opened picture has content credentials. {missing}")
        credentials = read_ingredient(stored.archive)
        return None if credentials is None else DocumentCredentials(credentials, stored.checked)

    def open(
        self,
        pixels: Pixels,
        name: str = "Untitled",
        icc: bytes | None = None,
        metadata: Metadata = NOTHING,
        credentials: bytes | None = None,
        owner: str | None = None,
    ) -> Document:
        """Creates a document from a picture.

        Args:
            pixels: uint8 (H, W, 3) RGB or (H, W, 4) with straight alpha.
            name: what to call the document.
            icc: the picture's colour profile, None for sRGB.
            metadata: the picture's author, copyright and print size.
            credentials: the content credentials of its file, see `ingredient_of`.
            owner: the user that it belongs to, None for everybody; below as well.
        """
        pictured = Picture.from_pixels(pixels)
        return self.store.documents.create(pictured, name[:MAX_NAME], icc, metadata, credentials, owner)

    def open_document(self, file: Path, owner: str | None = None) -> Document:
        """Creates a document, with its history, from a .palimpsest file that `Exports.write` wrote."""
        return read_document(self.store, file, owner)

    def blank(self, width: int, height: int, name: str = "Untitled", owner: str | None = None) -> Document:
        """Creates an empty document, to generate a whole picture from a prompt."""
        if width * height > MAX_PIXELS:
            raise InvalidInput(f"A picture can have at most {MAX_PIXELS:,} pixels, not {width:,} x {height:,}.")
        return self.store.documents.create(Picture.blank(width, height), name[:MAX_NAME], owner=owner)

    def picture(self, document_id: str) -> Picture:
        """Returns the picture that a document shows: that of its head."""
        return self.store.revisions.picture(self.store.documents.get(document_id).head)

    def submit(self, document_id: str, edit: Edit, parent: str | None = None) -> Revision:
        """Queues an edit; durable on return.

        The same edit on the same parent is the same revision: queued again if it failed or was cancelled; revision at
        once, without running a model, if it is finished.

        Args:
            edit: the edit.
            parent: the revision to edit, finished or a job, see `Jobs.tail`; None: the head.
        """
        document = self.store.documents.get(document_id)
        parent = document.head if parent is None else parent
        edit_region(edit, self.frame(document_id, parent))  # raises when the edit changes nothing
        return self.store.jobs.submit(document_id, parent, edit)

    def variations(self, document_id: str, edit: Edit, count: int, parent: str | None = None) -> list[Revision]:
        """Queues an edit `count` times (1 to 8) on one parent, with seeds from its own on; otherwise as `submit`."""
        edits = intents.variations(edit, count)
        document = self.store.documents.get(document_id)
        parent = document.head if parent is None else parent  # the same for all, even if a job is finished meanwhile
        edit_region(edit, self.frame(document_id, parent))
        return self.store.jobs.submit_together(document_id, parent, edits)

    def requested(self, document_id: str, edit: Edit, count: int, parent: str) -> list[Revision]:
        """Returns these variations if they are queued, running or revision already, else an empty list.

        A client that sends the same request again did not get the first response.
        """
        ids = [revision_id(document_id, parent, each.to_json()) for each in intents.variations(edit, count)]
        current = {
            self.store.documents.get(document_id).head,
            *(each.id for each in self.store.jobs.pending(document_id)),
        }
        return [self.store.revisions.get(id) for id in ids] if current & {*ids} else []

    def crop(self, document_id: str, box: Box) -> Revision:
        """Queues a crop of the picture to a box; as `submit`, but no model runs."""
        return self.submit(document_id, intents.crop(self.picture(document_id).box, box))

    def amend(self, document_id: str, revision_id: str, edit: Edit) -> list[Revision]:
        """Changes a finished step and replays those after it, with the edits that wait for the last, see `Jobs.replay`.

        The old branch stays, and head and tip move only when all steps are finished. A crop that was generated before
        for the same request is pasted without running the model.

        Args:
            revision_id: the id of the step to change.
            edit: the edit to make instead.

        Returns:
            The jobs of the steps, in order.

        Raises:
            InvalidInput: the revision is the opened picture, or a later step does not fit after the change.
            Moved: another replay has not ended yet.
        """
        document = self.store.documents.get(document_id)
        self.store.revisions.finished_picture(document, revision_id)
        step = self.store.revisions.get(revision_id)
        if step.parent is None:
            raise InvalidInput("The opened picture is not an edit, so it has no settings to change.")
        later = [each.edit for each in self.replayed(document_id, revision_id)[1:] if each.edit is not None]
        frame = self.store.revisions.finished_picture(document, step.parent).box
        edit_region(edit, frame)
        for before, after in zip([edit, *later], later, strict=False):
            frame = frame.moved(before.margins)
            try:
                edit_region(after, frame)
            except ValueError as error:
                raise InvalidInput(
                    f"After this change a later step (“{after.prompt}”) does not fit: {error}"
                ) from error
        return self.store.jobs.replay(document_id, revision_id, edit)

    def again(self, document_id: str, seed: int) -> Revision:
        """Queues the newest job once more, or else the step on show, with another seed; durable on return.

        What it replaces stays beside it as its variation. Steps after the one on show are not repeated.

        Args:
            seed: the other seed, 0 to 2**32 - 1.

        Raises:
            InvalidInput: the opened picture, a crop, an adjustment or a pasted picture is shown, which no model made.
        """
        newest = self.store.revisions.get(self.store.jobs.tail(document_id))
        if newest.edit is None or newest.parent is None or newest.edit.pipeline == NO_MODEL:
            raise InvalidInput(
                "No model made what is shown. Mask something and generate first; then generate it again."
            )
        edit = replace(newest.edit, seed=seed)
        if newest.pending:
            return self.store.jobs.submit(document_id, newest.parent, edit)
        return self.store.jobs.replay(document_id, newest.id, edit, later=False)[0]

    def replayed(self, document_id: str, revision_id: str) -> list[Revision]:
        """Returns the steps that `amend` of a finished step would repeat, itself first."""
        self.store.revisions.finished_picture(self.store.documents.get(document_id), revision_id)
        return self.store.jobs.replayed(document_id, revision_id)

    def reblend(self, document_id: str, revision_id: str, blend: Blend) -> list[Revision]:
        """Changes how a finished step's result is blended into the picture; as `amend`, but its model does not run."""
        edit = self.store.revisions.get(revision_id).edit
        if edit is None:
            raise InvalidInput("The opened picture is not an edit, so it has no blend to change.")
        return self.amend(document_id, revision_id, replace(edit, blend=blend))

    def rename(self, revision_id: str, name: str) -> Revision:
        """Names a revision; "" removes its name."""
        return self.store.revisions.rename(revision_id, name[:MAX_NAME])

    def discard(self, revision_id: str) -> Document:
        """Deletes a step and all after it from the history; `recover` restores them."""
        return self.store.revisions.discard(revision_id)

    def recover(self, revision_id: str) -> Revision:
        """Restores a deleted step and those deleted with it."""
        return self.store.revisions.recover(revision_id)

    def duplicate(self, document_id: str, owner: str | None = None) -> Document:
        """Copies a document with its whole history."""
        copy = copy_document(self.store, document_id, self.store, owner)
        return self.rename_document(copy.id, f"{copy.name[: MAX_NAME - 5]} copy")

    def rename_document(self, document_id: str, name: str) -> Document:
        """Renames a document."""
        return self.store.documents.rename(document_id, name[:MAX_NAME])

    def share(self, document_id: str, shared: str) -> Document:
        """Says what others than its owner may do with a document: look, edit or nobody."""
        return self.store.documents.share(document_id, shared)

    def delete(self, document_id: str) -> None:
        """Deletes a document; `restore` restores it until the store is compacted."""
        self.store.documents.delete(document_id)

    def restore(self, document_id: str) -> Document:
        """Restores a deleted document."""
        return self.store.documents.restore(document_id)

    def undo(self, document_id: str) -> Document:
        """Shows the previous revision; does nothing when there is none."""
        return self.store.documents.undo(document_id)

    def redo(self, document_id: str) -> Document:
        """Shows the next revision on the path to the tip; does nothing when the tip is shown."""
        return self.store.documents.redo(document_id)

    def can_undo(self, document_id: str) -> bool:
        """Tells whether `undo` would change anything."""
        return self.store.revisions.parent(self.store.documents.get(document_id).head) is not None

    def can_redo(self, document_id: str) -> bool:
        """Tells whether `redo` would change anything."""
        document = self.store.documents.get(document_id)
        return document.head != document.tip

    def checkout(self, document_id: str, revision_id: str) -> Document:
        """Shows any finished revision of a document, which becomes the tip unless it is on the path to the tip."""
        self.store.revisions.finished_picture(self.store.documents.get(document_id), revision_id)
        return self.store.documents.checkout(document_id, revision_id)

    def cancel(self, revision_id: str) -> Revision:
        """Cancels a job, see `Jobs.cancel`; a running model stops after its current step."""
        return self.store.jobs.cancel(revision_id)

    def reorder(self, document_id: str, order: Sequence[str]) -> list[Revision]:
        """Queues waiting edits again in another order, each on the one before, under new ids.

        Edits before those in `order`, and running ones, stay where they are. Variations stay together, where the first
        of them is listed.

        Args:
            order: the ids of all jobs from the first that moves to the last, in the new order.

        Returns:
            The jobs, in this order.

        Raises:
            InvalidInput: `order` does not list exactly those, or an edit would have nothing to change.
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

    def frame(self, document_id: str, revision_id: str) -> Box:
        """Returns the box of a revision's picture, finished or still a job, on which an edit of it is planned.

        Raises:
            InvalidInput: the revision belongs to another document, or it or a job before it failed.
        """
        document = self.store.documents.get(document_id)
        self.store.revisions.check_document(revision_id, document)
        revision, margins = self.store.revisions.get(revision_id), []
        while revision.picture is None:
            if revision.error is not None:
                raise InvalidInput(
                    f"The step before this one has no result ({revision.error}) Look at the picture as it is now, then "
                    "generate again."
                )
            assert revision.edit is not None and revision.parent is not None, "only edits are jobs"
            margins.append(revision.edit.margins)
            revision = self.store.revisions.get(revision.parent)
        box = revision.picture.box
        for each in reversed(margins):
            box = box.moved(each)
        return box

    def newest_picture(self, document_id: str, revision_id: str) -> Picture:
        """Returns the picture of a revision of this document; while it is a job, of its newest finished ancestor."""
        document = self.store.documents.get(document_id)
        self.store.revisions.check_document(revision_id, document)
        revision = self.store.revisions.get(revision_id)
        while revision.picture is None:
            assert revision.parent is not None, "only edits are jobs"
            revision = self.store.revisions.get(revision.parent)
        return revision.picture
