"""A workbench: a session on a store, a worker with fake models, and a document to work on."""

from collections.abc import Sequence
from typing import Any

from editor.edits.edit import Edit
from editor.imaging.picture import Picture
from editor.session import Session
from editor.store.documents import Document
from editor.store.maintenance import check
from editor.store.revisions import Revision
from editor.store.store import Store
from editor.worker import Worker
from pipelines.ranking import Ranker
from tests.fakes import loader


class Workbench:
    """models: fake pipelines. ranker: of all of them. `document` is the one that was opened last."""

    document: Document

    def __init__(self, store: Store, *models: Any, ranker: Ranker | None = None) -> None:
        self.store, self.session, self.models = store, Session(store), models
        self.load = loader(*models)
        self.worker = Worker(store, self.load, rankers=lambda model: ranker)

    def open(self, pixels: Any, name: str = "Untitled", icc: bytes | None = None, edits: Sequence[Edit] = ()) -> str:
        """Opens a picture and makes these edits on it; the document's id."""
        self.document = self.session.open(pixels, name, icc)
        self.do(edits)
        return self.document.id

    def add(self, *edits: Edit) -> list[Revision]:
        """Queues edits, each behind all that wait."""
        return [self.session.submit(self.document.id, each, self.tail) for each in edits]

    def do(self, edits: Sequence[Edit]) -> list[Revision]:
        """Makes edits one after the other, each on what is shown; the finished steps."""
        steps = []
        for edit in edits:
            job = self.session.submit(self.document.id, edit)
            self.finish()
            step = self.store.revisions.get(job.id)
            assert step.picture is not None, step.error
            steps.append(step)
        return steps

    def finish(self) -> int:
        """Runs every job; how often a model was run."""
        before = self._requests()
        while self.worker.run_one():
            pass
        assert self.pending == []
        return self._requests() - before

    def complaints(self) -> list[str]:
        """What is wrong with the store."""
        return [each.complaint for each in check(self.store) if each.complaint]

    @property
    def now(self) -> Document:
        return self.store.documents.get(self.document.id)

    @property
    def picture(self) -> Picture:
        """What is shown."""
        return self.session.picture(self.document.id)

    @property
    def pending(self) -> list[Revision]:
        return self.store.jobs.pending(self.document.id)

    @property
    def tail(self) -> str:
        return self.store.jobs.tail(self.document.id)

    @property
    def waiting(self) -> list[str]:
        """The prompts of the jobs, in the order in which they will run."""
        return [each.edit.prompt for each in self.pending if each.edit]

    @property
    def shown(self) -> list[str]:
        """The prompts of the steps that lead to what is shown."""
        return [each.edit.prompt for each in self.store.revisions.path_to(self.now.head) if each.edit]

    def id_of(self, prompt: str) -> str:
        """The job with this prompt."""
        return next(e.id for e in self.pending if e.edit and e.edit.prompt == prompt)

    def _requests(self) -> int:
        return sum(len(getattr(each, "requests", ())) for each in self.models)
