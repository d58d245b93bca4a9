"""Quotas: how much each owner of documents may have, checked in the transaction that adds to it."""

from collections.abc import Iterator
from contextlib import contextmanager

from editor.store.database import Database, Transaction
from editor.store.queue import PENDING
from editor.store.quota import Quota
from pipelines.errors import InvalidInput

_OWNED = "deleted IS NULL AND coalesce(owner, '') = :owner"


class OverQuota(InvalidInput):
    """An owner has as much as one may have."""


class Quotas:
    """Checks of a store's quota. Documents without an owner count as those of one more owner."""

    def __init__(self, database: Database, quota: Quota) -> None:
        self.database, self.quota = database, quota

    def check_document(self, owner: str | None) -> None:
        """Raises OverQuota when an owner can have no further document, before anything is read or stored."""
        if self.quota.documents is not None or self.quota.bytes is not None:
            with self.database.transaction() as db:
                self.admit_document(db, owner, 1)

    def admit_document(self, db: Transaction, owner: str | None, size: int) -> None:
        """Raises OverQuota unless an owner may have one more document, of so many bytes."""
        if self.quota.documents is not None:
            ((count,),) = db.run(f"SELECT count(*) FROM document WHERE {_OWNED}", owner=owner or "")
            if count >= self.quota.documents:
                raise OverQuota(
                    f"You have {count:,} documents, and may have {self.quota.documents:,}. Delete one that you no "
                    "longer need, then try again."
                )
        self._admit_bytes(db, owner or "", size)

    @contextmanager
    def jobs(self, db: Transaction, document: str) -> Iterator[None]:
        """Checks what the block queues on a document.

        Raises:
            OverQuota: its owner has more jobs than one may have, or no room for the results. The transaction is to be
                rolled back then, so that nothing is queued.
        """
        if self.quota.jobs is None and self.quota.bytes is None:
            yield
            return
        ((owner,),) = db.run("SELECT coalesce(owner, '') FROM document WHERE id = :id", id=document) or [("",)]
        before = self._pending(db, owner)
        yield
        count = self._pending(db, owner)
        if count <= before:  # a request that was sent again, or steps that were finished before
            return
        if self.quota.jobs is not None and count > self.quota.jobs:
            raise OverQuota(
                f"{before:,} of your edits wait already, and at most {self.quota.jobs:,} may. Wait until some are "
                "finished, or cancel some; then try again."
            )
        self._admit_bytes(db, owner, 1)

    def _pending(self, db: Transaction, owner: str) -> int:
        ((count,),) = db.run(
            f"""SELECT count(*) FROM revision WHERE {PENDING}
            AND document IN (SELECT id FROM document WHERE {_OWNED})""",
            owner=owner,
        )
        return int(count)

    def _admit_bytes(self, db: Transaction, owner: str, size: int) -> None:
        if self.quota.bytes is None:
            return
        ((used,),) = db.run(f"SELECT coalesce(sum(bytes), 0) FROM document WHERE {_OWNED}", owner=owner)
        if used + size > self.quota.bytes:
            raise OverQuota(
                f"Your documents take {used / 10**6:,.0f} MB, and may take {self.quota.bytes / 10**6:,.0f} MB, which "
                "leaves no room for this. Delete documents that you no longer need, then try again."
            )
