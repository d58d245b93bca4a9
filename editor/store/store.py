"""Store: documents, revisions and pixels in one database.

A revision is a job first (a parent and an edit, committed before any model runs) and gets its picture
later: queue, history and crash recovery are the same rows. Pixels are blobs by digest, written once.
"""

from pathlib import Path

from editor.store.blobs import Blobs
from editor.store.database import Database
from editor.store.documents import Documents
from editor.store.jobs import Jobs
from editor.store.revisions import Revisions
from editor.store.schema import MIGRATIONS

FILE = "palimpsest.db"


class Store:
    """The database at `where`: `palimpsest.db` in a folder, both made when missing, or the address of a PostgreSQL
    database. Safe to share between threads and processes.

    Every method of its parts raises StorageError when the disk or the database refuses, with everything stored before
    intact, and Damaged for pixels that are not what they were, with everything else still to be read.
    """

    def __init__(self, where: Path | str) -> None:
        self.database = Database(where / FILE if isinstance(where, Path) else where, MIGRATIONS)
        self.blobs = Blobs(self.database)
        self.documents = Documents(self.database, self.blobs)
        self.revisions = Revisions(self.database, self.blobs, self.documents)
        self.jobs = Jobs(self.database, self.blobs, self.documents, self.revisions)

    def close(self) -> None:
        self.database.close()
