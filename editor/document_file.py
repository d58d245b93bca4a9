"""A document as a file of its own: a store that holds nothing else, so that it knows the same migrations."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from editor.blobs import Damaged
from editor.edit import NOWHERE, Edit
from editor.formats.images import DAMAGED, MAX_PIXELS
from editor.formats.metadata import NOTHING
from editor.geometry import Box
from editor.picture import TILE, places
from editor.store import FILE, Document, Store, new_document_id, revision_id

SUFFIX = ".palimpsest"
HEADER = b"SQLite format 3\0"

# what a document's file holds: all that is finished and not deleted, from the opened picture on
_FINISHED = """WITH RECURSIVE kept (id) AS (
    SELECT id FROM revision WHERE document = :id AND parent IS NULL
    UNION ALL
    SELECT r.id FROM revision AS r JOIN kept ON r.parent = kept.id WHERE r.tiles IS NOT NULL AND r.deleted IS NULL)"""


def write_document(store: Store, document: str, to: Path) -> None:
    """The document with its whole history as one file, whole or not at all."""
    with TemporaryDirectory(dir=to.parent, prefix=f".{to.name}") as folder:
        with closing(Store(Path(folder))) as other:
            copy_document(store, document, other)
        (Path(folder) / FILE).replace(to)


def read_document(store: Store, file: Path) -> Document:
    """A document that `write_document` wrote, as a new one of the store. ValueError with a sentence when it is none,
    damaged, or a newer program's; nothing is stored then.
    """
    with file.open("rb") as start:
        if start.read(len(HEADER)) != HEADER:
            raise ValueError(f"{file.name} is no document of Palimpsest's.")
    with TemporaryDirectory() as folder:  # the file itself is not touched, were it to be migrated
        copy = Path(folder) / FILE
        shutil.copyfile(file, copy)
        try:
            _plain_tables(copy)
            with closing(Store(Path(folder))) as other:
                held = other.documents()
                if len(held) != 1:
                    raise ValueError(f"it holds {len(held)} of them.")
                return copy_document(other, held[0].id, store)
        except (sqlite3.Error, *DAMAGED) as error:
            raise ValueError(f"{file.name} cannot be opened as a document: {error}") from None


def copy_document(store: Store, document: str, to: Store) -> Document:
    """A document with its whole history, copied into another store under an id of its own.

    All that it needs is read and checked first. ValueError or Damaged with a sentence when it is not what it should be.
    """
    old, new = store.document(document), new_document_id()
    rows = store.database.rows(
        f"""{_FINISHED} SELECT id, parent, edit, box, tiles, created, name FROM revision
        WHERE id IN (SELECT id FROM kept) ORDER BY seq""",
        id=document,
    )
    crops = store.database.rows(
        f"{_FINISHED} SELECT revision, request, crop FROM drawn WHERE revision IN (SELECT id FROM kept)", id=document
    )
    known = {row[0] for row in rows}
    crops = [row for row in crops if row[0] in known]  # a step may have been finished between the two questions
    named = {str(crop) for _, _, crop in crops}
    for digest in named:
        store.blobs.tiles(digest)
    ids: dict[str, str] = {}
    revisions: list[dict[str, object]] = []
    for id, parent, text, box, tiles, created, name in rows:
        edit = None if text is None else store.edits(text)
        digests = _tiles_of(store, id, box, bytes(tiles or b""))
        named.update(digests)
        if edit is not None:
            named.update(_pixels_of(edit))
        wish = store.picture(id).digest if edit is None else edit.to_json()
        ids[id] = revision_id(new, None if parent is None else ids[parent], wish)
        revisions.append(
            {
                "id": ids[id], "document": new, "parent": None if parent is None else ids[parent],
                "edit": None if edit is None else wish, "box": json.dumps(json.loads(box)), "tiles": bytes(tiles),
                "created": float(created), "name": str(name),
            }
        )  # fmt: skip
    try:
        head, tip = ids[old.head], ids[old.tip]
    except KeyError:
        raise Damaged(f"The history of “{old.name}” is damaged: what it shows is not in it.") from None
    bases = {base for digest in named if (base := store.blobs.stored(digest).base) is not None}
    with to.database.transaction() as db:
        for digest in named | bases:
            to.blobs.keep(db, {digest: store.blobs.stored(digest)}, {})
        metadata = store.metadata(document)
        db.run(
            """INSERT INTO document (id, name, head, tip, icc, metadata)
            VALUES (:id, :name, :head, :tip, :icc, :metadata)""",
            id=new,
            name=old.name,
            head=head,
            tip=tip,
            icc=store.icc(document),
            metadata=None if metadata == NOTHING else metadata.to_json(),
        )
        db.run_many(
            """INSERT INTO revision (id, document, parent, edit, created, box, tiles, name)
            VALUES (:id, :document, :parent, :edit, :created, :box, :tiles, :name)""",
            revisions,
        )
        db.run_many(
            "INSERT INTO drawn (revision, request, crop) VALUES (:revision, :request, :crop)",
            [{"revision": ids[id], "request": request, "crop": crop} for id, request, crop in crops],
        )
    return Document(new, head, tip, old.name)


def _tiles_of(store: Store, id: str, box: str, packed: bytes) -> set[str]:
    """The names of a state's tiles, each looked at."""
    frame = Box(*json.loads(box))
    whole = frame.width > 0 and frame.height > 0 and frame.width * frame.height <= MAX_PIXELS
    if not whole or len(packed) != 16 * sum(1 for _ in places(frame)):
        raise Damaged(f"The picture of the state {id} is damaged: its tiles do not fill {frame}.")
    names = set(store.picture(id).tiles.values())
    for name in names:
        if store.blobs.tiles(name).shape[:2] != (TILE, TILE):
            raise Damaged(f"The pixels {name} are no tile.")
    return names


def _pixels_of(edit: Edit) -> set[str]:
    """The names of what an edit holds besides its text."""
    return {edit.mask.digest, *(patch.digest for patch in edit.patches)} - {NOWHERE.digest}


def _plain_tables(file: Path) -> None:
    """A file of somebody else's may hold programs as well, which run as it is read: triggers and views."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as db:
        if db.execute("SELECT 1 FROM sqlite_master WHERE type NOT IN ('table', 'index')").fetchone():
            raise ValueError("it holds more than a document, and was not made by Palimpsest.")
