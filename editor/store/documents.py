"""Documents: what they are called, and which revision of each is shown."""

import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from editor.formats.metadata import NOTHING, Metadata
from editor.imaging.picture import Picture
from editor.store.blobs import Blobs, NotFound, pack_digests
from editor.store.database import Database, storable
from editor.store.full_disk import even_when_full
from editor.store.queue import CANCELLED, ENDED, PENDING, require_revision, revision_id
from editor.store.quotas import Quotas
from pipelines.errors import InvalidInput

NOBODY, LOOK, EDIT = SHARED = ("nobody", "look", "edit")  # what others may do with a document who know its address

_SUMMARIES = """SELECT document.id, document.name, head, max(created),
    count(CASE WHEN parent IS NOT NULL AND tiles IS NOT NULL AND revision.deleted IS NULL THEN 1 END)
    FROM document JOIN revision ON document = document.id WHERE document.deleted IS NULL {which}
    GROUP BY document.id, document.name, head ORDER BY max(seq) DESC"""


@dataclass(frozen=True)
class Document:
    """A document: two pointers into a tree of revisions."""

    id: str
    head: str  # the revision that is shown
    tip: str  # the revision where redo leads; head is on the path to it
    name: str


class StoredCredentials(NamedTuple):
    """The content credentials of the file that a document began with."""

    archive: bytes  # see `formats.credentials.ingredient_of`
    checked: bool  # whether they were checked with that file here; False: they came with a document's file


class Sharing(NamedTuple):
    """Whose a document is, and what others may do with it."""

    owner: str | None  # None: everybody's
    shared: str  # one of SHARED


@dataclass(frozen=True)
class DocumentSummary:
    """A document as the list of documents shows it."""

    document: str  # its id
    name: str
    head: str  # the revision that is shown
    changed: float  # when it was last edited, seconds since 1970
    steps: int  # how many finished steps it has, on all branches


class Documents:
    """The documents of a store.

    Every method that takes a document's id raises NotFound when there is no such document or it is deleted.
    """

    def __init__(self, database: Database, blobs: Blobs, quotas: Quotas) -> None:
        self.database, self.blobs, self.quotas = database, blobs, quotas

    def create(
        self,
        picture: Picture,
        name: str,
        icc: bytes | None = None,
        metadata: Metadata = NOTHING,
        credentials: bytes | None = None,
        owner: str | None = None,
    ) -> Document:
        """Creates a document that shows a picture, in one commit.

        Args:
            picture: the picture it starts from.
            name: what to call it.
            icc: the picture's colour profile, None for sRGB.
            metadata: the picture's author, copyright and print size.
            credentials: the content credentials of its file, an archive of `ingredient_of`.
            owner: the user that it belongs to, None for everybody.

        Returns:
            The new document; its id cannot be guessed.

        Raises:
            OverQuota: the owner has as much as one may have.
        """
        id = new_document_id()
        root = revision_id(id, None, picture.digest)
        name = storable(name)
        blobs = self.blobs.encode_new(picture, {})
        with self.database.transaction() as db:
            size = self.blobs.insert(db, blobs, picture.fresh)
            self.quotas.admit_document(db, owner, size)
            db.run(
                """INSERT INTO document
                (id, name, head, tip, icc, metadata, credentials, credentials_checked, owner, bytes)
                VALUES (:id, :name, :root, :root, :icc, :metadata, :credentials, :checked, :owner, :size)""",
                id=id,
                name=name,
                root=root,
                icc=icc,
                metadata=None if metadata == NOTHING else metadata.to_json(),
                credentials=credentials,
                checked=int(credentials is not None),
                owner=owner,
                size=size,
            )
            db.run(
                """INSERT INTO revision (id, document, created, box, tiles)
                VALUES (:root, :id, :now, :box, :tiles)""",
                root=root,
                id=id,
                now=time.time(),
                box=json.dumps(picture.box),
                tiles=pack_digests(picture),
            )
        return Document(id, root, root, name)

    def get(self, id: str) -> Document:
        """Returns a document."""
        row = self.database.row("SELECT id, head, tip, name FROM document WHERE id = :id AND deleted IS NULL", id=id)
        if row is None:
            raise NotFound(f"There is no document {id!r} here. Its address is wrong, or it is in another data folder.")
        return Document(*row)

    def icc(self, id: str) -> bytes | None:
        """Returns a document's colour profile, None for sRGB."""
        row = self.database.row("SELECT icc FROM document WHERE id = :id", id=id)
        return None if row is None or row[0] is None else bytes(row[0])

    def metadata(self, id: str) -> Metadata:
        """Returns the author, copyright and print size of a document's picture."""
        row = self.database.row("SELECT metadata FROM document WHERE id = :id", id=id)
        return NOTHING if row is None or row[0] is None else Metadata.from_json(str(row[0]))

    def credentials(self, id: str) -> StoredCredentials | None:
        """Returns the content credentials of the file that a document began with, None where it had none."""
        row = self.database.row("SELECT credentials, credentials_checked FROM document WHERE id = :id", id=id)
        return None if row is None or row[0] is None else StoredCredentials(bytes(row[0]), bool(row[1]))

    def all(self) -> list[Document]:
        """Returns all documents that are not deleted, the most recently edited first."""
        rows = self.database.rows(
            """SELECT id, head, tip, name FROM document WHERE deleted IS NULL
            ORDER BY (SELECT max(seq) FROM revision WHERE document = document.id) DESC"""
        )
        return [Document(*row) for row in rows]

    def summaries(self) -> list[DocumentSummary]:
        """Returns the summaries of all documents that are not deleted, the most recently edited first."""
        return [DocumentSummary(*row) for row in self.database.rows(_SUMMARIES.format(which=""))]

    def summaries_for(self, user: str | None, known: Sequence[str]) -> list[DocumentSummary]:
        """Returns the summaries of a user's own documents, and of those known ones that the user may look at.

        Args:
            user: the user's name; None for one without a name, whose documents are everybody's.
            known: ids of other documents.
        """
        names = {f"known{n}": id for n, id in enumerate(known)}
        listed = f"document.id IN ({', '.join(f':{name}' for name in names)})" if names else "1 = 0"
        which = f"""AND (coalesce(owner, '') = :user OR {listed} AND (owner IS NULL OR shared <> 'nobody'))"""
        rows = self.database.rows(_SUMMARIES.format(which=which), user=user or "", **names)
        return [DocumentSummary(*row) for row in rows]

    def summary(self, id: str) -> DocumentSummary:
        """Returns the summary of one document."""
        self.get(id)  # raises when there is none
        (row,) = self.database.rows(_SUMMARIES.format(which="AND document.id = :id"), id=id)
        return DocumentSummary(*row)

    def rename(self, id: str, name: str) -> Document:
        """Renames a document and returns it."""
        self.get(id)  # raises when there is none
        with self.database.transaction() as db:
            db.run("UPDATE document SET name = :name WHERE id = :id", name=storable(name), id=id)
        return self.get(id)

    def sharing(self, id: str) -> Sharing | None:
        """Returns whose a document is, deleted or not; None when there is none."""
        row = self.database.row("SELECT owner, shared FROM document WHERE id = :id", id=id)
        return None if row is None else Sharing(*row)

    def share(self, id: str, shared: str) -> Document:
        """Says what others than its owner may do with a document, one of SHARED, and returns it."""
        if shared not in SHARED:
            raise InvalidInput(f"A document is shared to {', '.join(SHARED[:-1])} or {SHARED[-1]}, not {shared!r}.")
        self.get(id)
        with self.database.transaction() as db:
            db.run("UPDATE document SET shared = :shared WHERE id = :id", shared=shared, id=id)
        return self.get(id)

    @even_when_full
    def delete(self, id: str) -> None:
        """Deletes a document and cancels its jobs. It can be restored until the store is compacted."""
        self.get(id)
        with self.database.transaction() as db:
            db.run(f"UPDATE revision SET {ENDED} WHERE document = :id AND {PENDING}", error=CANCELLED, id=id)
            db.run("UPDATE document SET deleted = :now WHERE id = :id", now=time.time(), id=id)

    def restore(self, id: str) -> Document:
        """Restores a deleted document and returns it."""
        with self.database.transaction() as db:
            db.run("UPDATE document SET deleted = NULL WHERE id = :id", id=id)
        return self.get(id)

    @even_when_full
    def undo(self, document: str) -> Document:
        """Moves head to its parent; does nothing when it has none."""
        self.get(document)  # raises when there is none
        with self.database.transaction() as db:
            db.run(
                """UPDATE document SET head = coalesce((SELECT parent FROM revision WHERE id = head), head)
                WHERE id = :id""",
                id=document,
            )
        return self.get(document)

    @even_when_full
    def redo(self, document: str) -> Document:
        """Moves head to the next revision on the path to tip; does nothing when it is there."""
        self.get(document)
        with self.database.transaction() as db:
            db.run(
                """UPDATE document SET head = coalesce((
                    WITH RECURSIVE path (id, parent) AS (
                        SELECT id, parent FROM revision WHERE id = document.tip
                        UNION ALL
                        SELECT r.id, r.parent FROM revision AS r JOIN path ON r.id = path.parent
                        WHERE path.parent <> document.head)
                    SELECT id FROM path WHERE parent = document.head), head)
                WHERE id = :id AND head <> tip""",
                id=document,
            )
        return self.get(document)

    @even_when_full
    def checkout(self, document: str, revision: str) -> Document:
        """Moves head to a finished revision of the document; tip too, unless the revision is on the path to it.

        Raises:
            NotFound: the document has no such finished revision.
        """
        with self.database.transaction() as db:
            require_revision(db, document, revision, "tiles IS NOT NULL")
            db.run(
                """UPDATE document SET head = :to, tip = CASE WHEN :to IN (
                    WITH RECURSIVE path (id, parent) AS (
                        SELECT id, parent FROM revision WHERE id = document.tip
                        UNION ALL
                        SELECT r.id, r.parent FROM revision AS r JOIN path ON r.id = path.parent)
                    SELECT id FROM path) THEN tip ELSE :to END
                WHERE id = :id""",
                to=revision,
                id=document,
            )
        return self.get(document)


def new_document_id() -> str:
    """Returns an id that cannot be guessed, and that no command line takes for an option."""
    return secrets.token_hex(16)
