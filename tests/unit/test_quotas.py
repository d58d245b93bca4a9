"""What one owner may have: nothing beyond it, nothing less, whoever asks at once, and nothing acknowledged is lost."""

import argparse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from editor.cli.accounts_options import quota
from editor.imaging.geometry import Box
from editor.session import Session
from editor.store.quota import Quota
from editor.store.quotas import OverQuota
from editor.store.store import Store
from editor.worker import Worker
from tests.fakes import NoisePipeline, loader
from tests.samples import an_edit, disc, noise

EDITS = [an_edit(disc(Box(3 + n, 4, 20, 20))) for n in range(8)]


SessionOf = Callable[[Quota], Session]


@pytest.fixture
def session_of(where: Path | str) -> Iterator[SessionOf]:
    """Opens sessions of one store, each with its limits."""
    stores = []

    def opened(limits: Quota) -> Session:
        stores.append(Store(where, limits))
        return Session(stores[-1])

    yield opened
    for store in stores:
        store.close()


def test_each_owner_has_as_many_documents_as_one_may(session_of: SessionOf) -> None:
    session = session_of(Quota(documents=2))
    first = session.open(noise(30, 20), owner="ann")
    session.blank(30, 20, owner="ann")
    for attempt in (
        lambda: session.open(noise(30, 20, seed=1), owner="ann"),
        lambda: session.blank(9, 9, owner="ann"),
        lambda: session.duplicate(first.id, "ann"),
        lambda: session.store.quotas.check_document("ann"),
    ):
        with pytest.raises(OverQuota, match="Delete one"):
            attempt()
    assert len(session.store.documents.all()) == 2
    assert session.duplicate(first.id, "bob") and session.blank(9, 9)  # of others, and of everybody
    session.delete(first.id)
    assert session.blank(9, 9, owner="ann")


def test_many_at_once_get_no_more_than_one_may(session_of: SessionOf) -> None:
    session = session_of(Quota(documents=3, jobs=4))

    def open_one(seed: int) -> None:
        with suppress(OverQuota):
            session.open(noise(20, 20, seed=seed), owner="ann")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(open_one, range(12)))
    documents = session.store.documents.all()
    assert len(documents) == 3

    def submit(number: int) -> str | None:
        with suppress(OverQuota):
            document = documents[number % 3]
            return session.submit(document.id, an_edit(disc(Box(0, 0, 20, 20)), seed=number)).id
        return None

    with ThreadPoolExecutor(8) as threads:
        accepted = [id for id in threads.map(submit, range(12)) if id is not None]
    pending = [job.id for document in documents for job in session.store.jobs.pending(document.id)]
    assert len(accepted) == 4 and sorted(accepted) == sorted(pending)


def test_jobs_that_were_accepted_are_done_and_make_room(session_of: SessionOf) -> None:
    session = session_of(Quota(jobs=2))
    document = session.open(noise(60, 50), owner="ann")
    first, second = (session.submit(document.id, edit) for edit in EDITS[:2])
    with pytest.raises(OverQuota, match="Wait until some are"):
        session.submit(document.id, EDITS[2])
    with pytest.raises(OverQuota):
        session.variations(document.id, EDITS[3], 4)
    assert session.submit(document.id, EDITS[0]).id == first.id  # the same request once more
    worker = Worker(session.store, loader(NoisePipeline()))
    while worker.run_one():
        pass
    assert all(session.store.revisions.get(each.id).picture is not None for each in (first, second))
    third = session.submit(document.id, EDITS[2])
    assert third.pending and session.cancel(third.id).cancelled


def test_a_request_that_is_sent_again_is_no_further_job(session_of: SessionOf) -> None:
    """Not even where more wait than one may have now."""
    before, session = session_of(Quota()), session_of(Quota(jobs=1))
    document = before.open(noise(60, 50))
    jobs = [before.submit(document.id, edit, document.head).id for edit in EDITS[:2]]
    assert [session.submit(document.id, edit, document.head).id for edit in EDITS[:2]] == jobs
    with pytest.raises(OverQuota):
        session.submit(document.id, EDITS[2], document.head)


def test_a_replay_beyond_the_quota_changes_nothing(session_of: SessionOf) -> None:
    session = session_of(Quota(jobs=2))
    document, worker = session.open(noise(60, 50), owner="ann"), Worker(session.store, loader(NoisePipeline()))
    steps = []
    for edit in EDITS[:3]:
        steps.append(session.submit(document.id, edit))
        while worker.run_one():
            pass
    before = session.store.documents.get(document.id)
    with pytest.raises(OverQuota):
        session.amend(document.id, steps[0].id, EDITS[5])
    assert session.store.documents.get(document.id) == before
    assert not session.store.jobs.pending(document.id)
    assert len(session.amend(document.id, steps[1].id, EDITS[5])) == 2


def test_bytes_count_what_is_stored_and_nothing_twice(session_of: SessionOf) -> None:
    session = session_of(Quota())

    def used() -> int:
        row = session.store.database.row("SELECT sum(bytes) FROM document")
        assert row is not None
        return int(row[0])

    def stored() -> int:
        row = session.store.database.row("SELECT sum(length(bytes)) FROM blob")
        assert row is not None
        return int(row[0])

    document = session.open(noise(300, 200), owner="ann")
    assert used() == stored() > 0
    before = used()
    session.duplicate(document.id, "ann")
    session.open(noise(300, 200), owner="ann")
    assert used() == stored() == before
    session.submit(document.id, EDITS[0])
    worker = Worker(session.store, loader(NoisePipeline()))
    while worker.run_one():
        pass
    assert used() == stored() > before


def test_without_room_nothing_is_opened_or_queued(session_of: SessionOf) -> None:
    free = session_of(Quota())
    document = free.open(noise(300, 200), owner="ann")
    row = free.store.database.row("SELECT sum(bytes) FROM document")
    assert row is not None
    session = session_of(Quota(bytes=int(row[0]) + 10))
    blobs = session.store.database.rows("SELECT count(*) FROM blob")
    with pytest.raises(OverQuota, match="Delete documents"):
        session.open(noise(300, 200, seed=5), owner="ann")
    assert session.store.database.rows("SELECT count(*) FROM blob") == blobs
    with pytest.raises(OverQuota, match="leaves no room"):
        session.submit(document.id, EDITS[0])
    assert session.open(noise(9, 9), owner="bob")
    session.delete(document.id)
    assert session.open(noise(9, 9, seed=2), owner="ann")


def test_the_option_is_read() -> None:
    assert quota("documents=200,bytes=20GB,jobs=50,uploads=60") == Quota(200, 20 * 10**9, 50, 60)
    assert quota("bytes=5") == Quota(bytes=5) and quota(" bytes = 3mb") == Quota(bytes=3_000_000)
    for wrong in ("", "documents", "documents=-1", "documents=5GB", "people=3", "jobs=1,jobs=2", "bytes=1.5GB"):
        with pytest.raises(argparse.ArgumentTypeError, match="is no limit"):
            quota(wrong)
