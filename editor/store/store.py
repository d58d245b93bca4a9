"""Store: documents, revisions and pixels in one database.

A revision is a job first (a parent and an edit, committed before any model runs) and gets its picture
later: queue, history and crash recovery are the same rows. Pixels are blobs by digest, written once.
"""

from pathlib import Path

from editor.store.blobs import Blobs
from editor.store.database import Database
from editor.store.documents import Documents
from editor.store.jobs import Jobs
from editor.store.progress import JobProgress
from editor.store.quota import Quota
from editor.store.quotas import Quotas
from editor.store.revisions import Revisions
from editor.store.schema import MIGRATIONS
from editor.store.sign_outs import SignOuts
from editor.store.studies import Studies
from editor.store.workers import Workers

FILE = "palimpsest.db"


class Store:
    """All documents of one database. Safe to share between threads and processes.

    Every method of its parts raises StorageError when the disk or the database refuses; everything stored before stays
    intact. It raises Damaged for pixels that are not those that were stored; everything else stays readable.
    """

    def __init__(self, location: Path | str, quota: Quota = Quota(), create: bool = True) -> None:  # noqa: B008
        """Opens the database.

        Args:
            location: a folder, which holds the SQLite file `palimpsest.db`, or the URL of a PostgreSQL database.
            quota: the most that each owner may have.
            create: whether to create a store that is missing.

        Raises:
            StorageError: the database cannot be used, or is missing and not to be created.
        """
        self.database = Database(location / FILE if isinstance(location, Path) else location, MIGRATIONS, create)
        self.blobs = Blobs(self.database)
        self.quotas = Quotas(self.database, quota)
        self.documents = Documents(self.database, self.blobs, self.quotas)
        self.revisions = Revisions(self.database, self.blobs, self.documents)
        self.jobs = Jobs(self.database, self.blobs, self.documents, self.revisions)
        self.progress = JobProgress(self.database)
        self.sign_outs = SignOuts(self.database)
        self.studies = Studies(self.database)
        self.workers = Workers(self.database)

    def close(self) -> None:
        """Closes the database."""
        self.database.close()
