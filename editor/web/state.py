"""Desk: what every answer stands on, and how a document is told of.

The canvas learns of everything by asking for a document's state again and again. A Gradio generator would
stream the same, but it dies with the tab and with the server; a promise in the store outlives both, and
whoever opens the document next, in whatever tab, sees it run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from editor.edits.edit import Edit
from editor.edits.plan import plan
from editor.imaging.geometry import Box
from editor.models_process import Models
from editor.session import Session
from editor.store.blobs import NotFound
from editor.store.documents import Document
from editor.store.jobs import NO_BEAT, RunProgress
from editor.store.revisions import Revision
from editor.web.wire import NEVER
from pipelines.base import PipelineInfo

FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}  # named by content, or by a finished revision


@dataclass(frozen=True, eq=False)
class Desk:
    """names: of the models that may be chosen. samples: a folder of pictures to start from. open_shelf: whether whoever
    asks is shown every document there is.
    """

    session: Session
    models: Models
    names: Sequence[str]
    samples: Path
    open_shelf: bool
    planned: dict[str, int] = field(default_factory=dict)  # the model's steps in those of a replay that waits, by id

    def document(self, request: Request) -> Document:
        """The document a path names."""
        return self.session.store.documents.get(request.path_params["document"])

    def revision(self, request: Request) -> Revision:
        """The revision a path names; if the path names a document too, it must be its own."""
        revision = self.session.store.revisions.get(request.path_params["revision"])
        if request.path_params.get("document", revision.document) != revision.document:
            raise NotFound(f"The document has no revision {revision.id!r}.")
        return revision

    def model(self, name: str) -> PipelineInfo:
        """What one of the models that may be chosen here says of itself. Loading while that is not known yet;
        ValueError when there is none of this name, or it cannot be loaded.
        """
        offered(name, self.names)
        if (info := self.models.info(name)) is None:
            raise Loading(f"{name} is being loaded: ask again in a moment.")
        return info

    def answer(self, request: Request, watched: Sequence[str] = ()) -> Response:
        """The state of the document a path names."""
        return JSONResponse(self.state(self.document(request), watched), headers=NEVER)

    def promised(self, request: Request, promises: Sequence[Revision]) -> Response:
        """The state of the document a path names, and of what was just promised there the names and ids."""
        named = [{"wish": each.edit.digest, "revision": each.id} for each in promises if each.edit is not None]
        state = self.state(self.document(request), [each.id for each in promises])
        return JSONResponse({**state, "promised": named}, headers=NEVER)

    def state(self, document: Document, watched: Sequence[str] = ()) -> dict[str, Any]:
        """All a tab need know of a document; `watched`: ids of revisions whose fate it asks for."""
        # Before the document: what ends meanwhile is told of as ended by the next state, where it is to be seen. The
        # other way round a wish was done and not there, as if the picture had moved on.
        beat = self.session.store.jobs.beats().get(document.id, NO_BEAT)
        progress = self.session.store.jobs.progress(document.id)
        pending = self.session.store.jobs.pending(document.id)
        replay = self._replay(document, pending) if pending else {}
        running = [self._run(revision, progress.get(revision.id)) for revision in pending]
        for run in running:  # said only of a replay's steps: a state is asked for again and again
            run |= {"replay": replay[run["revision"]]} if run["revision"] in replay else {}
        fates = [self._fate(document, id) for id in watched]
        document = self.session.store.documents.get(document.id)
        tip, head = (self.session.store.revisions.get(id) for id in (document.tip, document.head))
        return {
            "document": document.id,
            "name": document.name,
            "head": document.head,
            "tip": document.tip,
            "tail": self.session.store.jobs.tail(document.id),
            "before": head.parent,
            "can_undo": head.parent is not None,
            "can_redo": head.id != tip.id,
            "last_mask": None if tip.edit is None else {"revision": tip.id, "box": tip.edit.mask.box},
            "step": None if head.edit is None else {"revision": head.id, "prompt": head.edit.prompt, "name": head.name},
            "variations": self.session.store.revisions.variations(document.head),
            "running": running,
            "watched": fates,
            "beat": beat,
            "trouble": self.models.trouble,
        }

    def _replay(self, document: Document, pending: Sequence[Revision]) -> dict[str, dict[str, int]]:
        """Of the steps of a replay that wait: the place of each among `of`, from 1, and how many steps a model takes
        for it at most.
        """
        steps = self.session.store.jobs.replaying(document.id)
        waiting = [each for each in pending if each.id in steps]
        if any(each.id not in self.planned for each in waiting):
            self.planned.clear()
            edits = [each.edit for each in waiting if each.edit is not None]
            told = self.plans(self.session.frame(document.id, str(waiting[0].parent)), edits)
            # a model that is still being loaded says more the next time
            self.planned.update(
                (each.id, now["steps"]) for each, now in zip(waiting, told, strict=True) if now["steps"]
            )
        return {
            each.id: {"step": steps.index(each.id) + 1, "of": len(steps), "steps": self.planned.get(each.id, 0)}
            for each in waiting
        }

    def plans(self, frame: Box, edits: Sequence[Edit]) -> list[dict[str, Any]]:
        """Of edits one on the other, the first on a picture at `frame`: the model of each and how many steps it takes,
        none where that cannot be known.
        """
        told = []
        for edit in edits:
            try:
                steps = plan(edit, frame, self.model(edit.pipeline)).steps
            except ValueError:  # why, the run will say
                steps = 0
            told.append({"pipeline": edit.pipeline, "steps": steps})
            frame = frame.moved(edit.margins)
        return told

    def _run(self, revision: Revision, progress: RunProgress | None) -> dict[str, Any]:
        assert revision.parent is not None and revision.edit is not None, "only edits are promised"
        edit = revision.edit
        run = {
            "revision": revision.id, "parent": revision.parent, "wish": edit.digest, "prompt": edit.prompt,
            "pipeline": edit.pipeline, "mask": edit.mask.box, "index": 0, "total": 0, "serial": 0,
        }  # fmt: skip
        if revision.death is not None:
            run["retry"] = f"{revision.death} This edit is tried once more."
        if progress is not None:
            run.update(index=progress.step, total=progress.steps)
            if progress.box is not None:
                run.update(serial=progress.serial, box=progress.box)
        return run

    def _fate(self, document: Document, id: str) -> dict[str, str | None]:
        try:
            revision = self.session.store.revisions.get(id)
        except NotFound:
            revision = None
        if revision is None or revision.document != document.id:  # the store forgets what was taken back
            return {"revision": id, "wish": None, "status": "cancelled", "error": None}
        status = "done" if revision.picture else "waiting" if revision.promised else "failed"
        if revision.cancelled:
            status = "cancelled"
        wish = None if revision.edit is None else revision.edit.digest
        return {"revision": id, "wish": wish, "status": status, "error": revision.error}


class Loading(ValueError):
    """A question about a model that is still being loaded; the message is a sentence."""


def offered(name: str, names: Sequence[str]) -> None:
    """ValueError unless the model of this name is one of those that may be chosen."""
    if name not in names:
        raise ValueError(f"There is no model {name!r} here; there is {', '.join(names)}.")
