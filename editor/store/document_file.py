"""A document as a file of its own: a store with this document alone, which takes part in the same migrations."""

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from errno import EIO, ENOSPC
from pathlib import Path
from tempfile import gettempdir

from editor.edits.edit import NOWHERE, Edit
from editor.formats.atomic_write import atomic_write, part_folder
from editor.formats.credentials import missing_package, read_ingredient
from editor.formats.images import DAMAGED
from editor.formats.metadata import NOTHING
from editor.imaging.geometry import read_box
from editor.imaging.limits import MAX_CREDENTIALS, MAX_PIXELS
from editor.imaging.picture import TILE, tile_indices
from editor.store.blobs import Damaged
from editor.store.database import DiskFull, StorageError
from editor.store.documents import Document, new_document_id
from editor.store.queue import revision_id
from editor.store.store import FILE, Store
from editor.store.untrusted_file import Budget, copy_rows
from pipelines.errors import InvalidInput
from pipelines.ranking import WORDS

SUFFIX = ".palimpsest"
HEADER = b"SQLite format 3\0"

# the revisions in a document's file: all that are finished and not deleted, from the opened picture on
_FINISHED = """WITH RECURSIVE finished (id) AS (
    SELECT id FROM revision WHERE document = :id AND parent IS NULL
    UNION ALL
    SELECT r.id FROM revision AS r JOIN finished ON r.parent = finished.id
    WHERE r.tiles IS NOT NULL AND r.deleted IS NULL)"""


def write_document(store: Store, document: str, to: Path) -> None:
    """Writes a document with its whole history to one file, which is complete or not there at all."""
    with atomic_write(to) as part, part_folder(to.parent, to.name) as folder:
        try:
            with closing(Store(folder)) as other:
                copy_document(store, document, other)
        except StorageError as error:
            if error.file != folder / FILE:
                raise
            code = ENOSPC if isinstance(error, DiskFull) else EIO  # of the target, which `atomic_write` names
            raise OSError(code, os.strerror(code)) from error
        (folder / FILE).replace(part)


def read_document(store: Store, file: Path, owner: str | None = None) -> Document:
    """Stores the document of a file as a new document.

    Args:
        store: the store to put it into.
        file: a file that `write_document` wrote.
        owner: the user that it belongs to, None for everybody.

    Returns:
        The new document.

    Raises:
        InvalidInput: the file holds no document, is damaged, or comes from a newer program. Nothing is stored then.
    """
    with file.open("rb") as start:
        if start.read(len(HEADER)) != HEADER:
            raise InvalidInput(f"{file.name} is not a Palimpsest document.")
    budget = Budget(file.stat().st_size)
    with part_folder(Path(gettempdir()), file.name) as folder:
        try:
            copy_rows(file, folder / FILE, budget)
            other = Store(folder)  # migrates an older format
        except (sqlite3.Error, MemoryError, *DAMAGED) as error:
            raise _unreadable_file(file, error) from None
        with closing(other):
            try:
                documents = other.documents.all()
                if len(documents) != 1:
                    raise ValueError(f"it holds {len(documents)} documents instead of one.")
                history = _read(other, documents[0].id, budget.decode)
                _check_credentials(history)
            except (MemoryError, *DAMAGED) as error:
                raise _unreadable_file(file, error) from None
            return _write(history, other, store, owner)


def copy_document(store: Store, document: str, to: Store, owner: str | None = None) -> Document:
    """Copies a document with its whole history into another store, under a new id.

    Args:
        store: the store that has the document.
        document: its id.
        to: the store to copy it to, which may be the same one.
        owner: the user that the copy belongs to, None for everybody.

    Returns:
        The copy.

    Raises:
        NotFound: there is no such document.
        Damaged: its pixels or revisions are damaged. Everything is checked before anything is copied.
    """
    return _write(_read(store, document, lambda pixels: None), store, to, owner)


def _unreadable_file(file: Path, error: BaseException) -> InvalidInput:
    reason = str(error).rstrip(".") or "it needs more memory than is available"
    if isinstance(error, sqlite3.Error):
        late = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT
        reason = "it takes too long to read" if late else f"it is damaged ({reason})"
    return InvalidInput(f"{file.name} cannot be opened as a document: {reason}.")


@dataclass(frozen=True)
class _History:
    """A document's history, ready to be stored."""

    document: dict[str, object]  # the new row of `document`, by column
    revisions: list[dict[str, object]]  # the new rows of `revision`, parents before children
    crops: list[dict[str, object]]  # the new rows of `drawn`
    digests: set[str]  # of all pixels that these rows need


def _read(store: Store, document: str, decode: Callable[[int], None]) -> _History:
    """Reads a document's history under new ids, and checks each tile, crop and mask.

    Args:
        store: the store that has the document.
        document: its id.
        decode: called with the number of pixels just decoded; raises when they are too many.
    """
    old, new = store.documents.get(document), new_document_id()
    rows = store.database.rows(
        f"""{_FINISHED} SELECT id, parent, edit, box, tiles, created, name, starred, match, match_word
        FROM revision WHERE id IN (SELECT id FROM finished) ORDER BY seq""",
        id=document,
    )
    crops = store.database.rows(
        f"{_FINISHED} SELECT revision, request, crop FROM drawn WHERE revision IN (SELECT id FROM finished)",
        id=document,
    )
    revision_ids = {row[0] for row in rows}
    crops = [row for row in crops if row[0] in revision_ids]  # a step may have been finished between the two queries
    digests = {str(crop) for _, _, crop in crops}
    for digest in digests:
        decode(store.blobs.tiles(digest)[..., 0].size)
    ids: dict[str, str] = {}
    tiles: set[str] = set()
    revisions: list[dict[str, object]] = []
    for id, parent, text, box, packed, created, name, starred, match, word in rows:
        edit = None if text is None else store.revisions.edits(text)
        for digest in sorted(_tiles_of(id, box, bytes(packed or b"")) - tiles):
            if store.blobs.tiles(digest).shape[:2] != (TILE, TILE):
                raise Damaged(f"The pixels {digest} are not a tile of {TILE} x {TILE}.")
            decode(TILE * TILE)
            tiles.add(digest)
        if edit is not None:
            digests.update(_pixels_of(edit))
            decode(edit.mask.alpha.size + sum(patch.pixels[..., 0].size for patch in edit.patches))
        request = store.revisions.picture(id).digest if edit is None else edit.to_json()
        ids[id] = revision_id(new, None if parent is None else ids[parent], request)
        revisions.append(
            {
                "id": ids[id], "document": new, "parent": None if parent is None else ids[parent],
                "edit": None if edit is None else request, "box": json.dumps(json.loads(box)), "tiles": bytes(packed),
                "created": float(created), "name": str(name), "starred": int(bool(starred)),
                **_match(match, word),
            }
        )  # fmt: skip
    if len({*ids.values()}) < len(ids):
        raise Damaged(f"The history of “{old.name}” is damaged: it contains a step twice.")
    if old.head not in ids or old.tip not in ids:
        raise Damaged(f"The history of “{old.name}” is damaged: the step it shows is missing.")
    metadata, credentials = store.documents.metadata(document), store.documents.credentials(document)
    row: dict[str, object] = {
        "id": new, "name": old.name, "head": ids[old.head], "tip": ids[old.tip], "icc": store.documents.icc(document),
        "metadata": None if metadata == NOTHING else metadata.to_json(),
        "credentials": None if credentials is None else credentials.archive,
        "credentials_checked": int(credentials is not None and credentials.checked),
    }  # fmt: skip
    new_crops: list[dict[str, object]] = [
        {"revision": ids[id], "request": request, "crop": crop} for id, request, crop in crops
    ]
    return _History(row, revisions, new_crops, digests | tiles)


def _write(history: _History, store: Store, to: Store, owner: str | None) -> Document:
    """Stores a history in `to`, with its pixels from `store`, as a document of this owner, and returns that."""
    bases = {base for digest in history.digests if (base := store.blobs.stored(digest).base) is not None}
    row = history.document
    with to.database.transaction() as db:
        size = 0
        for digest in history.digests | bases:
            if not db.run("SELECT 1 FROM blob WHERE digest = :digest", digest=digest):
                size += to.blobs.insert(db, {digest: store.blobs.stored(digest)}, {})
        to.quotas.admit_document(db, owner, size)
        db.run(
            """INSERT INTO document (id, name, head, tip, icc, metadata, credentials, credentials_checked, owner, bytes)
            VALUES (:id, :name, :head, :tip, :icc, :metadata, :credentials, :credentials_checked, :owner, :size)""",
            **row,
            owner=owner,
            size=size,
        )
        db.run_many(
            """INSERT INTO revision
                (id, document, parent, edit, created, box, tiles, name, starred, match, match_word)
            VALUES (:id, :document, :parent, :edit, :created, :box, :tiles, :name, :starred, :match, :match_word)""",
            history.revisions,
        )
        db.run_many("INSERT INTO drawn (revision, request, crop) VALUES (:revision, :request, :crop)", history.crops)
    return Document(*(str(row[each]) for each in ("id", "head", "tip", "name")))


def _check_credentials(history: _History) -> None:
    """Raises ValueError unless the content credentials in a stranger's document are some; marks them as a stranger's.

    Whether they are the opened picture's is unknown without its file. Without the package they are only kept.
    """
    history.document["credentials_checked"] = 0
    archive = history.document["credentials"]
    if not isinstance(archive, bytes):
        return
    if len(archive) > MAX_CREDENTIALS:
        raise ValueError(f"its content credentials have more than {MAX_CREDENTIALS:,} bytes.")
    if not missing_package() and read_ingredient(archive) is None:
        raise ValueError("its content credentials are damaged.")


def _match(probability: float | None, word: str | None) -> dict[str, object]:
    """Returns the columns that say how well a revision shows its prompt; empty ones for what no ranker says."""
    if probability is None or not 0 <= probability <= 1 or word not in ("", *WORDS):
        return {"match": None, "match_word": None}
    return {"match": float(probability), "match_word": word}


def _tiles_of(id: str, box: str, packed: bytes) -> set[str]:
    """Returns the digests of a revision's tiles; raises Damaged when they do not fill its box."""
    frame = read_box(json.loads(box))
    whole = frame is not None and not frame.empty and frame.width * frame.height <= MAX_PIXELS
    if frame is None or not whole or len(packed) != 16 * sum(1 for _ in tile_indices(frame)):
        raise Damaged(f"The picture of revision {id} is damaged: its tiles do not fill its frame.")
    return {packed[start : start + 16].hex() for start in range(0, len(packed), 16)}


def _pixels_of(edit: Edit) -> set[str]:
    """Returns the digests of an edit's mask, sketch and reference."""
    return {edit.mask.digest, *(patch.digest for patch in edit.patches)} - {NOWHERE.digest}
