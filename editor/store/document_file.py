"""A document as a file of its own: a store that holds nothing else, so that it knows the same migrations."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir

from editor.edits.edit import NOWHERE, Edit
from editor.formats.atomic_write import part_folder, replacing
from editor.formats.images import DAMAGED
from editor.formats.metadata import NOTHING
from editor.imaging.geometry import read_box
from editor.imaging.limits import MAX_PIXELS
from editor.imaging.picture import TILE, places
from editor.store.blobs import Damaged
from editor.store.documents import Document, new_document_id
from editor.store.queue import revision_id
from editor.store.store import FILE, Store
from editor.store.untrusted_file import Budget, copy_rows
from pipelines.errors import InvalidInput

SUFFIX = ".palimpsest"
HEADER = b"SQLite format 3\0"

# what a document's file holds: all that is finished and not deleted, from the opened picture on
_FINISHED = """WITH RECURSIVE kept (id) AS (
    SELECT id FROM revision WHERE document = :id AND parent IS NULL
    UNION ALL
    SELECT r.id FROM revision AS r JOIN kept ON r.parent = kept.id WHERE r.tiles IS NOT NULL AND r.deleted IS NULL)"""


def write_document(store: Store, document: str, to: Path) -> None:
    """The document with its whole history as one file, whole or not at all."""
    with replacing(to) as part, part_folder(to.parent, to.name) as folder:
        with closing(Store(folder)) as other:
            copy_document(store, document, other)
        (folder / FILE).replace(part)


def read_document(store: Store, file: Path) -> Document:
    """A document that `write_document` wrote, as a new one of the store. InvalidInput with a sentence when it is none,
    damaged, or a newer program's; nothing is stored then.
    """
    with file.open("rb") as start:
        if start.read(len(HEADER)) != HEADER:
            raise InvalidInput(f"{file.name} is no document of Palimpsest's.")
    budget = Budget(file.stat().st_size)
    with part_folder(Path(gettempdir()), file.name) as folder:
        try:
            copy_rows(file, folder / FILE, budget)
            other = Store(folder)  # brings it up from an older format
        except (sqlite3.Error, MemoryError, *DAMAGED) as error:
            raise _unreadable(file, error) from None
        with closing(other):
            try:
                held = other.documents.all()
                if len(held) != 1:
                    raise ValueError(f"it holds {len(held)} of them.")
                history = _read(other, held[0].id, budget.decode)
            except (MemoryError, *DAMAGED) as error:
                raise _unreadable(file, error) from None
            return _write(history, other, store)


def copy_document(store: Store, document: str, to: Store) -> Document:
    """A document with its whole history, copied into another store under an id of its own.

    All that it needs is read and checked first. InvalidInput or Damaged when it is not what it should be.
    """
    return _write(_read(store, document, lambda pixels: None), store, to)


def _unreadable(file: Path, error: BaseException) -> InvalidInput:
    why = str(error).rstrip(".") or "it takes more memory than there is"
    if isinstance(error, sqlite3.Error):
        late = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT
        why = "it takes too long to read" if late else f"it is damaged ({why})"
    return InvalidInput(f"{file.name} cannot be opened as a document: {why}.")


@dataclass(frozen=True)
class _History:
    """document: the rows to be, by the names of their columns. named: the digests of all pixels that these need."""

    document: dict[str, object]
    revisions: list[dict[str, object]]
    crops: list[dict[str, object]]
    named: set[str]


def _read(store: Store, document: str, decode: Callable[[int], None]) -> _History:
    """A document's history under ids of its own, each tile, crop and mask checked. decode: called with how many pixels
    were decoded, raises when they are too many.
    """
    old, new = store.documents.get(document), new_document_id()
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
        decode(store.blobs.tiles(digest)[..., 0].size)
    ids: dict[str, str] = {}
    tiles: set[str] = set()
    revisions: list[dict[str, object]] = []
    for id, parent, text, box, packed, created, name in rows:
        edit = None if text is None else store.revisions.edits(text)
        for digest in sorted(_tiles_of(id, box, bytes(packed or b"")) - tiles):
            if store.blobs.tiles(digest).shape[:2] != (TILE, TILE):
                raise Damaged(f"The pixels {digest} are no tile.")
            decode(TILE * TILE)
            tiles.add(digest)
        if edit is not None:
            named.update(_pixels_of(edit))
            decode(edit.mask.alpha.size + sum(patch.pixels[..., 0].size for patch in edit.patches))
        request = store.revisions.picture(id).digest if edit is None else edit.to_json()
        ids[id] = revision_id(new, None if parent is None else ids[parent], request)
        revisions.append(
            {
                "id": ids[id], "document": new, "parent": None if parent is None else ids[parent],
                "edit": None if edit is None else request, "box": json.dumps(json.loads(box)), "tiles": bytes(packed),
                "created": float(created), "name": str(name),
            }
        )  # fmt: skip
    if len({*ids.values()}) < len(ids):
        raise Damaged(f"The history of “{old.name}” is damaged: a state is in it twice.")
    if old.head not in ids or old.tip not in ids:
        raise Damaged(f"The history of “{old.name}” is damaged: what it shows is not in it.")
    metadata = store.documents.metadata(document)
    about: dict[str, object] = {
        "id": new, "name": old.name, "head": ids[old.head], "tip": ids[old.tip], "icc": store.documents.icc(document),
        "metadata": None if metadata == NOTHING else metadata.to_json(),
    }  # fmt: skip
    pasted: list[dict[str, object]] = [
        {"revision": ids[id], "request": request, "crop": crop} for id, request, crop in crops
    ]
    return _History(about, revisions, pasted, named | tiles)


def _write(history: _History, store: Store, to: Store) -> Document:
    """Store a history, with its pixels out of the store that it was read from."""
    bases = {base for digest in history.named if (base := store.blobs.stored(digest).base) is not None}
    about = history.document
    with to.database.transaction() as db:
        for digest in history.named | bases:
            to.blobs.keep(db, {digest: store.blobs.stored(digest)}, {})
        db.run(
            """INSERT INTO document (id, name, head, tip, icc, metadata)
            VALUES (:id, :name, :head, :tip, :icc, :metadata)""",
            **about,
        )
        db.run_many(
            """INSERT INTO revision (id, document, parent, edit, created, box, tiles, name)
            VALUES (:id, :document, :parent, :edit, :created, :box, :tiles, :name)""",
            history.revisions,
        )
        db.run_many("INSERT INTO drawn (revision, request, crop) VALUES (:revision, :request, :crop)", history.crops)
    return Document(*(str(about[each]) for each in ("id", "head", "tip", "name")))


def _tiles_of(id: str, box: str, packed: bytes) -> set[str]:
    """The names of a state's tiles."""
    frame = read_box(json.loads(box))
    whole = frame is not None and not frame.empty and frame.width * frame.height <= MAX_PIXELS
    if frame is None or not whole or len(packed) != 16 * sum(1 for _ in places(frame)):
        raise Damaged(f"The picture of the state {id} is damaged: its tiles do not fill its frame.")
    return {packed[at : at + 16].hex() for at in range(0, len(packed), 16)}


def _pixels_of(edit: Edit) -> set[str]:
    """The names of what an edit holds besides its text."""
    return {edit.mask.digest, *(patch.digest for patch in edit.patches)} - {NOWHERE.digest}
