"""Quota: the most that one owner of documents may have. It needs no database, so that options can be read without."""

from typing import NamedTuple


class Quota(NamedTuple):
    """The most that one owner may have; None for any number."""

    documents: int | None = None  # that are not deleted
    bytes: int | None = None  # stored for these documents
    jobs: int | None = None  # queued and running
    uploads: int | None = None  # a minute
