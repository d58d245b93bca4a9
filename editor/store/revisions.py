"""Revisions: the steps of documents, each a parent and an edit, with the picture once it is finished."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from editor.edits.edit import Edit
from editor.formats.images import DAMAGED, decode_mask, decode_tile
from editor.imaging.geometry import Box
from editor.imaging.picture import Cache, Picture, tile_indices
from editor.imaging.raster import Pixels
from editor.store.blobs import Blobs, Damaged, NotFound
from editor.store.database import Database, Transaction, storable
from editor.store.documents import Document, Documents
from editor.store.full_disk import even_when_full
from editor.store.queue import AFTER, CANCELLED, ENDED, PENDING
from editor.store.variations import group_of, variations_of
from pipelines.errors import InvalidInput
from pipelines.ranking import Match

EDIT_CACHE = 16 * 2**20  # bytes of edits in memory, nearly all of them masks
# of variations; those of which nothing is known come last
BEST_FIRST = "match IS NULL, match DESC, seq"
COLUMNS = "id, document, parent, edit, box, tiles, error, created, seq, name, deleted, death"


@dataclass(frozen=True, eq=False)
class Revision:
    """One step of a document, or the job that will make it."""

    id: str
    document: str  # the document's id
    parent: str | None  # the parent's id; None for the opened picture
    edit: Edit | None  # None for the opened picture
    picture: Picture | None  # None until the job is done
    error: str | None  # why it failed, a sentence
    created: float  # seconds since 1970
    seq: int  # grows in the order of queueing
    name: str  # given by the user, or ""
    deleted: bool
    death: str | None  # how the last model process that worked on it died, a sentence; None when none died

    @property
    def pending(self) -> bool:
        """Whether it is queued or running."""
        return self.picture is None and self.error is None

    @property
    def cancelled(self) -> bool:
        """Whether its job was cancelled."""
        return self.error == CANCELLED


@dataclass(frozen=True)
class Node:
    """A revision in the history, without its pixels; fields without a comment are those of `Revision`."""

    id: str
    parent: str | None
    edit: Mapping[str, Any] | None  # parsed from its JSON
    remade: Mapping[str, Any] | None  # the edit of the step that this one repeats, of a step of a replay
    group: str | None  # the same for all variations of an edit on one parent; None for the opened picture
    finished: bool
    error: str | None
    created: float
    name: str
    starred: bool  # marked by the user
    match: Match | None  # how well it shows its prompt; None where that is not known


class Revisions:
    """The revisions of a store.

    Methods raise NotFound when there is no such revision.
    """

    def __init__(self, database: Database, blobs: Blobs, documents: Documents) -> None:
        self.database, self.blobs, self.documents = database, blobs, documents
        self.edits = Cache(self._edit, _weight, EDIT_CACHE)

    def get(self, id: str) -> Revision:
        """Returns a revision, deleted or not."""
        return self.of_row(self.columns(COLUMNS, id))

    def parent(self, id: str) -> str | None:
        """Returns the id of a revision's parent, None for the opened picture, without reading any pixel."""
        (parent,) = self.columns("parent", id)
        return parent if parent is None else str(parent)

    def document_of(self, id: str) -> str:
        """Returns the id of a revision's document; raises NotFound also when the revision is deleted."""
        document, deleted = self.columns("document, deleted", id)
        if deleted is not None:
            raise NotFound(f"There is no revision {id!r} any more: it was deleted. Restore it first.")
        return str(document)

    def models_in_use(self) -> set[str]:
        """Returns the names of the models and adapters of all queued and running jobs."""
        edits = [json.loads(text) for (text,) in self.database.rows(f"SELECT edit FROM revision WHERE {PENDING}")]
        return {each["pipeline"] for each in edits} | {a["name"] for each in edits for a in each.get("adapters", ())}

    def picture(self, id: str) -> Picture:
        """Returns the picture of a finished revision.

        Raises:
            InvalidInput: the revision is a job, or failed.
        """
        box, tiles = self.columns("box, tiles", id)
        if tiles is None:
            raise InvalidInput(f"The revision {id!r} has no picture yet. Wait until it is finished.")
        return self._picture(box, tiles)

    def check_document(self, id: str, document: Document) -> None:
        """Raises InvalidInput when a revision belongs to another document."""
        if self.document_of(id) != document.id:
            raise InvalidInput(f"The revision {id!r} belongs to another document than {document.name!r}.")

    def finished_picture(self, document: Document, id: str) -> Picture:
        """Returns the picture of a finished revision of this document."""
        self.check_document(id, document)
        return self.picture(id)

    def tree(self, document: str) -> list[Node]:
        """Returns all revisions of a document that are not deleted, parents before children."""
        self.documents.get(document)  # raises when there is none
        rows = self.database.rows(
            """SELECT step.id, step.parent, step.edit, old.edit, step.tiles IS NOT NULL, step.error, step.created,
                step.name, step.starred, step.match, step.match_word
            FROM revision AS step LEFT JOIN revision AS old ON old.id = step.remakes
            WHERE step.document = :document AND step.deleted IS NULL ORDER BY step.seq""",
            document=document,
        )
        return [
            Node(
                id=id,
                parent=parent,
                edit=None if edit is None else json.loads(edit),
                remade=None if remade is None else json.loads(remade),
                group=None if edit is None else group_of(parent, edit),
                finished=bool(finished),
                error=error,
                created=created,
                name=name,
                starred=bool(starred),
                match=None if match is None else Match(match, word),
            )
            for id, parent, edit, remade, finished, error, created, name, starred, match, word in rows
        ]

    def variations(self, id: str) -> list[str]:
        """Returns the ids of a revision's finished variations, itself among them, best first, else oldest first.

        Variations have the same parent and differ only in their seed. The opened picture has none.
        """
        return list(self.variation_matches(self.get(id)))

    def variation_matches(self, revision: Revision) -> dict[str, Match | None]:
        """Returns how well a revision's variations show their prompt, by their ids; None where that is not known."""
        if revision.edit is None:
            return {}
        rows = self.database.rows(
            f"""SELECT id, edit, match, match_word FROM revision
            WHERE parent = :parent AND tiles IS NOT NULL AND deleted IS NULL ORDER BY {BEST_FIRST}""",
            parent=revision.parent,
        )
        matches = {id: None if match is None else Match(match, word) for id, _, match, word in rows}
        return {id: matches[id] for id in variations_of(((id, text) for id, text, *_ in rows), revision.edit.to_json())}

    def matches(self, id: str) -> dict[str, Match]:
        """Returns how well a revision and its variations show their prompt, where that is known, by their ids."""
        return {each: match for each, match in self.variation_matches(self.get(id)).items() if match is not None}

    def store_match(self, id: str, match: Match) -> None:
        """Stores how well a revision shows its prompt, maybe before its job is done; none has to exist."""
        with self.database.transaction() as db:
            store_match(db, id, match)

    def last_visible(self, document: str, edit: Edit) -> Revision | None:
        """Returns the newest finished step with this edit, whatever its blend, that is not hidden; None if none is.

        Steps with the same blend, but for its visibility, are preferred.
        """
        wanted = json.loads(edit.to_json())
        wanted["blend"].pop("visible", None)
        found = None
        for id, text in self.database.rows(
            """SELECT id, edit FROM revision WHERE document = :document AND edit IS NOT NULL AND tiles IS NOT NULL
            ORDER BY seq DESC""",
            document=document,
        ):
            record = json.loads(text)
            if "visible" in record["blend"] or {**record, "blend": None} != {**wanted, "blend": None}:
                continue
            found = found or id
            if record == wanted:
                return self.get(id)
        return None if found is None else self.get(found)

    def path_to(self, id: str, start: str | None = None) -> list[Revision]:
        """Returns the revisions on the path from the opened picture to this one, both included.

        Args:
            id: where the path ends.
            start: where it begins, if it leads through this revision; None: at the opened picture.
        """
        rows = self.database.rows(
            f"""WITH RECURSIVE path (step, before, distance) AS (
                SELECT id, parent, 0 FROM revision WHERE id = :id
                UNION ALL
                SELECT r.id, r.parent, path.distance + 1 FROM revision AS r JOIN path ON r.id = path.before
                WHERE path.step <> :start)
            SELECT {COLUMNS} FROM path JOIN revision ON id = step ORDER BY distance DESC""",
            id=id,
            start=start or "",
        )
        return [self.of_row(row) for row in rows]

    def rename(self, id: str, name: str) -> Revision:
        """Names a revision and returns it."""
        self.document_of(id)  # raises when there is none
        with self.database.transaction() as db:
            db.run("UPDATE revision SET name = :name WHERE id = :id", name=storable(name), id=id)
        return self.get(id)

    def star(self, id: str, starred: bool) -> None:
        """Marks a revision with a star, or removes it."""
        self.document_of(id)  # raises when there is none
        with self.database.transaction() as db:
            db.run("UPDATE revision SET starred = :starred WHERE id = :id", starred=int(starred), id=id)

    @even_when_full
    def discard(self, id: str) -> Document:
        """Deletes a revision and all after it, and cancels their jobs; head and tip among them move to its parent.

        Returns:
            The document as it is now.

        Raises:
            InvalidInput: it is the opened picture.
        """
        document, parent = self.document_of(id), self.parent(id)
        if parent is None:
            raise InvalidInput("The opened picture cannot be deleted from its history. Delete the document instead.")
        with self.database.transaction() as db:
            values = {"id": id, "now": time.time(), "error": CANCELLED, "parent": parent, "document": document}
            db.run(f"{AFTER} UPDATE revision SET {ENDED} WHERE id IN (SELECT id FROM later) AND {PENDING}", **values)
            db.run(
                f"{AFTER} UPDATE revision SET deleted = :now WHERE id IN (SELECT id FROM later) AND deleted IS NULL",
                **values,
            )
            for pointer in ("head", "tip"):
                db.run(
                    f"""{AFTER} UPDATE document SET {pointer} = :parent
                    WHERE id = :document AND {pointer} IN (SELECT id FROM later)""",
                    **values,
                )
        return self.documents.get(document)

    def recover(self, id: str) -> Revision:
        """Restores a deleted revision, those deleted together with it, and the path to it."""
        with self.database.transaction() as db:
            db.run(
                """WITH RECURSIVE path (id, parent) AS (
                    SELECT id, parent FROM revision WHERE id = (SELECT parent FROM revision WHERE id = :id)
                    UNION ALL
                    SELECT r.id, r.parent FROM revision AS r JOIN path ON r.id = path.parent)
                UPDATE revision SET deleted = NULL WHERE id IN (SELECT id FROM path)""",
                id=id,
            )
            db.run(
                f"""{AFTER} UPDATE revision SET deleted = NULL WHERE id IN (SELECT id FROM later)
                AND deleted = (SELECT deleted FROM revision WHERE id = :id)""",
                id=id,
            )
        return self.get(id)

    def crop(self, document: str, request: str) -> Pixels | None:
        """Returns a crop that a model generated in this document.

        Args:
            document: the document's id.
            request: the digest of the request to the model.

        Returns:
            Its pixels, uint8 (H, W, 3); None when there is none, or it is damaged.
        """
        rows = self.database.rows(
            """SELECT drawn.crop FROM drawn JOIN revision ON id = revision
            WHERE drawn.request = :request AND document = :document""",
            request=request,
            document=document,
        )
        for (crop,) in rows:
            try:
                return self.blobs.tile(crop)
            except Damaged:
                continue
        return None

    def columns(self, columns: str, id: str) -> Sequence[Any]:
        """Returns the values of some columns, given as SQL, of a revision."""
        row = self.database.row(f"SELECT {columns} FROM revision WHERE id = :id", id=id)
        if row is None:
            raise NotFound(f"There is no revision {id!r} here.")
        return row

    def of_row(self, row: Sequence[Any]) -> Revision:
        """Returns the revision of a row of COLUMNS."""
        id, document, parent, edit, box, tiles, error, created, seq, name, deleted, death = row
        return Revision(
            id=id,
            document=document,
            parent=parent,
            edit=None if edit is None else self.edits(edit),
            picture=None if tiles is None else self._picture(box, tiles),
            error=error,
            created=created,
            seq=seq,
            name=name,
            deleted=deleted is not None,
            death=death,
        )

    def _edit(self, text: str) -> Edit:
        def pixels_of(digest: str) -> Pixels:
            data = self.blobs.file(digest)
            return decode_tile(data) if data.startswith(b"RIFF") else decode_mask(data)

        try:
            return Edit.from_json(text, pixels_of)
        except (NotFound, *DAMAGED) as error:
            raise Damaged(f"An edit, or its mask, sketch or reference, cannot be read ({error}).") from error

    def _picture(self, box_json: str, packed: bytes) -> Picture:
        box, names = Box(*json.loads(box_json)), bytes(packed).hex()
        tiles = {index: names[32 * n : 32 * n + 32] for n, index in enumerate(tile_indices(box))}
        return Picture(box, MappingProxyType(tiles), self.blobs.tiles)


def store_match(db: Transaction, id: str, match: Match | None) -> None:
    """Stores how well a revision shows its prompt; None, for not known yet, changes nothing."""
    if match is not None:
        db.run("UPDATE revision SET match = :match, match_word = :word WHERE id = :id",
               match=match.probability, word=match.word, id=id)  # fmt: skip


def _weight(edit: Edit) -> int:
    """Returns roughly how many bytes an edit takes."""
    return edit.mask.alpha.nbytes + sum(patch.pixels.nbytes for patch in edit.patches) + 4096
