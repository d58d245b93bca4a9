"""Exports: a document's pictures, its path and its history as files for others."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from editor.edits.edit import Blend
from editor.formats.atomic_write import atomic_write
from editor.formats.contact_sheet import SIDE as SHEET_SIDE
from editor.formats.contact_sheet import contact_sheet
from editor.formats.credentials import read_ingredient
from editor.formats.export import SUFFIXES, encode, format_of
from editor.formats.layers import LayerStep, layers_of
from editor.formats.openraster import SUFFIX as OPENRASTER
from editor.formats.openraster import write_openraster
from editor.formats.timelapse import SECONDS, encode_timelapse
from editor.formats.timelapse import SIDE as TIMELAPSE_SIDE
from editor.imaging.picture import Picture
from editor.imaging.scaling import scaled_down
from editor.recipes.provenance import Signing
from editor.recipes.recipe import Recipe, named_locally
from editor.store.blobs import Damaged
from editor.store.document_file import SUFFIX as DOCUMENT
from editor.store.document_file import write_document
from editor.store.revisions import Node, Revision
from editor.store.store import Store
from pipelines.errors import InvalidInput

LOST = "The opened picture has content credentials; the file has none, since there is no certificate (--sign-cert)."
UNSIGNED = "The file is not signed: content credentials go into single pictures alone."


class Exports:
    """What leaves the store as files. Errors are those of `Session`."""

    def __init__(self, store: Store, signing: Signing | None = None) -> None:
        """Exports from a store; with `signing`, pictures are signed."""
        self.store, self.signing = store, signing

    def recipe(self, document_id: str, made_with: str, revision_id: str | None = None) -> Recipe:
        """Returns the recipe from the opened picture to a finished revision.

        Args:
            made_with: the software and hardware that ran the models, for humans to read.
            revision_id: the revision; None: the head.

        Raises:
            InvalidInput: there is no edit yet.
        """
        revisions = self._path_to(document_id, revision_id)
        edits = tuple(each.edit for each in revisions if each.edit is not None)
        pictures = [each.picture.digest for each in revisions if each.picture is not None]
        opened = revisions[0].picture
        return Recipe(edits, pictures[0], tuple(pictures[1:]), made_with, None if opened is None else opened.box)

    def write(
        self,
        document_id: str,
        to: Path,
        revision_id: str | None = None,
        *,
        side: int | None = None,
        dpi: float | None = None,
        quality: int | None = None,
        made_with: str | None = None,
    ) -> tuple[str, ...]:
        """Exports a revision to a file, which is complete or not there at all.

        The file's ending decides the format: a picture (.png, .jpg, .webp, .tiff, .avif), every step as a layer (.ora),
        or the document with its whole history (.palimpsest).

        Args:
            to: the file.
            revision_id: a finished revision; None: the head.
            side: the longest side of a picture in pixels, which is scaled down to it; None: the picture's own size.
            dpi: the resolution of a picture in pixels per inch; None: that of the file which was opened, if it had one.
            quality: as in `formats.export.encode`.
            made_with: as in `recipe`, to embed the recipe into a picture; None: do not embed it.

        Returns:
            Sentences about what the file leaves out.

        Raises:
            InvalidInput: there is no such format, it has no such setting, or a value is out of range.
            OSError: the file cannot be written.
        """
        document = self.store.documents.get(document_id)
        revision = revision_id or document.head
        picture = self.store.revisions.finished_picture(document, revision)
        suffix = to.suffix.lower()
        if suffix not in (*SUFFIXES, OPENRASTER, DOCUMENT):
            kinds = ", ".join((*SUFFIXES, OPENRASTER, DOCUMENT))
            raise InvalidInput(f"A document can be saved as {kinds}, not as {suffix or 'a file without an ending'}.")
        if quality is not None and suffix not in SUFFIXES:
            raise InvalidInput(f"A {suffix} file is lossless, so it has no quality setting.")
        if (side is not None or dpi is not None) and suffix not in SUFFIXES:
            raise InvalidInput(
                f"A {suffix} file keeps the document's own size and resolution. To set them, save a picture:"
                f" {', '.join(SUFFIXES)}."
            )
        if suffix == DOCUMENT:
            write_document(self.store, document_id, to)
            return (*self._local_models_note(document_id), *self._unsigned_note())
        with atomic_write(to) as part:
            if suffix == OPENRASTER:
                return (*self._write_layers(document_id, revision, picture, part), *self._unsigned_note())
            return self._write_picture(document_id, revision, picture, part, suffix, side, dpi, quality, made_with)

    def _write_layers(self, document_id: str, revision: str, picture: Picture, to: Path) -> tuple[str, ...]:
        """Writes every step as a layer; returns sentences about what the file leaves out."""
        opened, *steps = self._nodes_to(document_id, revision)
        original = before = self.store.revisions.picture(opened.id)
        layers, notes = list[LayerStep](), list[str]()
        for number, step in enumerate(steps, 1):
            assert step.edit is not None, "only the opened picture has no edit"
            name = step.name or f"{number}. {step.edit['prompt']}".strip()
            blend, after = Blend(**step.edit["blend"]), self.store.revisions.picture(step.id)
            if blend.visible:
                layers.append(LayerStep(name, before, after, blend.opacity))
            elif (hidden := self._hidden_layer(name, step.id)) is not None:
                layers.append(hidden)
            else:
                notes.append(f"The hidden layer “{name}” was left out: its pixels are not stored. Show it, then save.")
            before = after
        metadata = self.store.documents.metadata(document_id)
        write_openraster(layers_of(original, layers, picture.box), picture.pixels(), picture.box, to, metadata.dpi)
        if self.store.documents.icc(document_id) is not None:
            notes.append("OpenRaster files hold no colour profile. Assign the picture's own to the layers yourself.")
        if metadata.author or metadata.copyright:
            notes.append("OpenRaster files hold no author or copyright. Credit them wherever you publish it.")
        return tuple(notes)

    def _hidden_layer(self, name: str, revision: str) -> LayerStep | None:
        """Returns a hidden step as it was when it was last visible; None when that is not stored."""
        try:
            hidden = self.store.revisions.get(revision)
        except Damaged:  # its mask, of which a picture has no need
            return None
        assert hidden.edit is not None, "only the opened picture has no edit"
        step = self.store.revisions.last_visible(hidden.document, hidden.edit)
        if step is None or step.edit is None or step.parent is None or step.picture is None:
            return None
        before = self.store.revisions.picture(step.parent)
        return LayerStep(name, before, step.picture, step.edit.blend.opacity, visible=False)

    def _write_picture(
        self, document_id: str, revision: str, picture: Picture, to: Path, suffix: str, side: int | None,
        dpi: float | None, quality: int | None, made_with: str | None,
    ) -> tuple[str, ...]:  # fmt: skip
        """Writes a picture; returns sentences about what the file leaves out."""
        recipe: str | None = None
        notes: list[str] = []
        if made_with and self.store.revisions.parent(revision) is not None:
            try:
                recipe = self.recipe(document_id, made_with, revision).to_json()
            except Damaged as error:  # the picture itself is intact
                notes.append(f"The recipe was left out: {error}")
        icc, metadata = self.store.documents.icc(document_id), self.store.documents.metadata(document_id)
        if dpi is not None:
            metadata = metadata.printed_at(dpi)
        pixels = picture.pixels()
        if side is not None:
            longest = max(picture.box.width, picture.box.height)
            if side > longest:
                notes.append(f"The picture's longest side has {longest:,} pixels; it was not enlarged to {side:,}.")
            pixels = scaled_down(pixels, side)
        data, more = encode(pixels, format_of(suffix), quality, icc, recipe, metadata)
        data, unsigned = self._signed(data, document_id, revision)  # last: nothing may change after it
        to.write_bytes(data)
        return (*notes, *more, *unsigned)

    def _signed(self, data: bytes, document_id: str, revision: str) -> tuple[bytes, tuple[str, ...]]:
        """Returns the file of a revision, signed where that is set up, and notes about what its credentials lack."""
        stored = self.store.documents.credentials(document_id)
        if self.signing is None:
            return data, () if stored is None else (LOST,)
        opened, *steps = self._nodes_to(document_id, revision)
        box = self.store.revisions.picture(opened.id).box
        created = stored is None and self.store.revisions.picture(opened.id) == Picture.blank(box.width, box.height)
        edits = [step.edit for step in steps if step.edit is not None]
        notes: tuple[str, ...] = ()
        archive = None if stored is None else stored.archive
        if archive is not None:
            try:
                read_ingredient(archive)
            except InvalidInput:
                archive, notes = None, ("The opened picture's content credentials are damaged and were left out.",)
        return self.signing.sign(data, edits, created=created, opened=archive), notes

    def _unsigned_note(self) -> tuple[str, ...]:
        """Returns a note, where exports are signed, that this one is not."""
        return () if self.signing is None else (UNSIGNED,)

    def write_sheet(
        self,
        document_id: str,
        to: Path,
        revision_ids: Sequence[str] = (),
        *,
        side: int = SHEET_SIDE,
        quality: int | None = None,
    ) -> tuple[str, ...]:
        """Exports several revisions as one picture: a contact sheet, with their numbers and prompts.

        Args:
            to: the file, whose ending decides the format: a picture's.
            revision_ids: finished revisions, in order; none: those from the opened picture to the head.
            side: as in `contact_sheet`.
            quality: as in `formats.export.encode`.

        Returns:
            Sentences about what the file leaves out.

        Raises:
            InvalidInput: as in `contact_sheet` and `encode`, or a revision belongs to another document.
            OSError: the file cannot be written.
        """
        document = self.store.documents.get(document_id)
        format = format_of(to.suffix)
        nodes = {node.id: node for node in self.store.revisions.tree(document_id)}
        ids = list(revision_ids) or [node.id for node in self._nodes_to(document_id, document.head)]
        for id in ids:
            self.store.revisions.finished_picture(document, id)
        captions = [
            nodes[id].name or (document.name if (edit := nodes[id].edit) is None else str(edit["prompt"])) for id in ids
        ]
        sheet = contact_sheet(captions, lambda index: self.store.revisions.picture(ids[index]).pixels(), side)
        metadata = replace(self.store.documents.metadata(document_id), dpi=None)
        data, notes = encode(sheet, format, quality, self.store.documents.icc(document_id), None, metadata)
        with atomic_write(to) as part:
            part.write_bytes(data)
        return (*notes, *self._unsigned_note())

    def write_timelapse(
        self,
        document_id: str,
        to: Path,
        revision_id: str | None = None,
        *,
        side: int = TIMELAPSE_SIDE,
        seconds: float = SECONDS,
    ) -> tuple[str, ...]:
        """Exports the steps from the opened picture to a finished revision as a time-lapse, see `encode_timelapse`.

        Args:
            to: the file, whose ending decides the format: .webp or .mp4.
            revision_id: the revision; None: the head.
            side: longest side of the frames, in pixels.
            seconds: how long each step is shown.

        Returns:
            Sentences about what the file leaves out.

        Raises:
            InvalidInput: as in `encode_timelapse`.
            OSError: the file cannot be written.
        """
        pictures = [each.picture for each in self._path_to(document_id, revision_id) if each.picture is not None]
        icc, suffix = self.store.documents.icc(document_id), to.suffix.lower()
        with atomic_write(to) as part:
            encode_timelapse(pictures, part, suffix, side=side, seconds=seconds, icc=icc)
        if icc is not None and suffix == ".mp4":
            note = "MP4 files hold no colour profile, so colours may look different. A .webp keeps it."
            return (note, *self._unsigned_note())
        return self._unsigned_note()

    def _local_models_note(self, document_id: str) -> tuple[str, ...]:
        """Returns a note when a document's history names models by folders of this machine."""
        edits = [node.edit for node in self.store.revisions.tree(document_id) if node.edit is not None]
        names = {each for edit in edits for each in (edit["pipeline"], *(a["name"] for a in edit.get("adapters", ())))}
        local = sorted(name for name in names if named_locally(name))
        return (f"The file contains the paths of models on this machine: {', '.join(local)}.",) if local else ()

    def _path_to(self, document_id: str, revision_id: str | None) -> list[Revision]:
        """Returns the revisions from the opened picture to a finished one of the document, None: to its head."""
        document = self.store.documents.get(document_id)
        if revision_id is not None:
            self.store.revisions.finished_picture(document, revision_id)
        return self.store.revisions.path_to(revision_id or document.head)

    def _nodes_to(self, document_id: str, revision_id: str) -> list[Node]:
        """Returns the nodes from the opened picture to this revision, without the pixels of their edits."""
        nodes = {node.id: node for node in self.store.revisions.tree(document_id)}
        path: list[Node] = []
        current: str | None = revision_id
        while current is not None:
            path.append(nodes[current])
            current = nodes[current].parent
        return path[::-1]
