"""The state of a document, as tabs poll it.

The canvas polls a document's state. A Gradio generator could stream the same, but it ends with the tab and with the
server; a job in the store outlives both, and any tab that opens the document later shows its progress.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from editor.edits.edit import Edit
from editor.edits.plan import plan
from editor.imaging.geometry import Box
from editor.store.blobs import NotFound
from editor.store.documents import EDIT
from editor.store.progress import RunProgress
from editor.store.revisions import Revision
from editor.store.variations import group_of
from editor.web.context import AppContext, Loading
from editor.web.wire import NEVER

FOREVER = {
    "Cache-Control": "private, max-age=31536000, immutable"
}  # for URLs with a digest or a finished revision's id


class DocumentStates:
    """The states of documents, as JSON."""

    def __init__(self, context: AppContext) -> None:
        self.context, self.session = context, context.session
        self.model_steps: dict[str, int] = {}  # how many steps the model takes, by the ids of a queued replay's jobs

    def answer(self, request: Request, watched: Sequence[str] = ()) -> Response:
        """Returns the state of the document in the request's path.

        Args:
            request: the request.
            watched: ids of revisions whose status the client asks for.
        """
        return JSONResponse(self.state(request.path_params["document"], watched), headers=NEVER)

    def accepted(self, request: Request, jobs: Sequence[Revision]) -> Response:
        """Returns the state of the document in the request's path, with the digests and ids of the jobs just queued."""
        ids = [{"edit": each.edit.digest, "revision": each.id} for each in jobs if each.edit is not None]
        state = self.state(request.path_params["document"], [each.id for each in jobs])
        return JSONResponse({**state, "jobs": ids}, headers=NEVER)

    def state(self, id: str, watched: Sequence[str] = ()) -> dict[str, Any]:
        """Returns what a tab needs to know of a document. Tabs ask often: each query of the store counts.

        Args:
            id: the document's id.
            watched: ids of revisions whose status the client asks for.

        Raises:
            NotFound: there is no such document.
        """
        # Reads the jobs before the document: a job that ends in between is reported as done by the next state, which
        # shows its result. In the other order it would be reported as done before its result is shown.
        progress, beat = self.session.store.progress.with_beat(id)
        pending = self.session.store.jobs.pending(id)
        replay = self._replay(id, pending) if pending else {}
        running = [self._run(revision, progress.get(revision.id)) for revision in pending]
        for run in running:  # only for steps of a replay, since states are polled often
            run |= {"replay": replay[run["revision"]]} if run["revision"] in replay else {}
        statuses = [self._status(id, each) for each in watched]
        document, revisions = self.session.store.documents.get(id), self.session.store.revisions
        head = revisions.get(document.head)
        tip = head if document.tip == document.head else revisions.get(document.tip)
        matches = revisions.variation_matches(head)
        return {
            "document": document.id,
            "name": document.name,
            "head": document.head,
            "tip": document.tip,
            "tail": self.session.store.jobs.tail(id),
            "before": head.parent,
            "can_undo": head.parent is not None,
            "can_redo": head.id != tip.id,
            "last_mask": None if tip.edit is None else {"revision": tip.id, "box": tip.edit.mask.box},
            "step": None if head.edit is None else {"revision": head.id, "prompt": head.edit.prompt, "name": head.name},
            "variations": list(matches),
            "matches": {each: match.word for each, match in matches.items() if match is not None},
            "running": running,
            "watched": statuses,
            "beat": beat,
            "trouble": self.context.models.trouble,
            **self._sharing(id),
        }

    def _sharing(self, document: str) -> dict[str, str]:
        """Returns what the user `may` do with a document (look, edit or own) and what it is `shared` to; nothing where
        nobody signs in.
        """
        sharing = self.session.store.documents.sharing(document) if self.context.accounts is not None else None
        if sharing is None:
            return {}
        if sharing.owner is None:  # everybody's: there is nobody who could decide
            return {"may": EDIT}
        if sharing.owner == self.context.owner:
            return {"may": "own", "shared": sharing.shared}
        return {"may": sharing.shared}

    def _replay(self, document: str, pending: Sequence[Revision]) -> dict[str, dict[str, int]]:
        """Returns, for each queued step of a replay, its position `step` among `of`, from 1, and how many `steps` the
        model takes for it, see `plans`.
        """
        steps = self.session.store.jobs.replaying(document)
        waiting = [each for each in pending if each.id in steps]
        model_steps = self.model_steps
        if any(each.id not in model_steps for each in waiting):
            edits = [each.edit for each in waiting if each.edit is not None]
            plans = self.plans(self.session.frame(document, str(waiting[0].parent)), edits)
            model_steps = {each.id: plan["steps"] for each, plan in zip(waiting, plans, strict=True)}
            if not any(self._loading(edit.pipeline) for edit in edits):  # else a later call knows better
                self.model_steps = model_steps
        return {
            each.id: {"step": steps.index(each.id) + 1, "of": len(steps), "steps": model_steps[each.id]}
            for each in waiting
        }

    def _loading(self, model: str) -> bool:
        with suppress(ValueError):
            return self.context.models.info(model) is None
        return False

    def plans(self, frame: Box, edits: Sequence[Edit]) -> list[dict[str, Any]]:
        """Plans edits that follow each other.

        Args:
            frame: the box of the picture that the first edit is made on.
            edits: the edits, in order.

        Returns:
            For each edit its model (`pipeline`) and how many `steps` the model takes: while it is still loading those
            of one window, and 0 for a crop or a model that cannot be loaded.
        """
        plans = []
        for edit in edits:
            try:
                steps = plan(edit, frame, self.context.model(edit.pipeline)).steps
            except Loading:
                steps = edit.steps
            except ValueError:  # the job itself will fail with the reason
                steps = 0
            plans.append({"pipeline": edit.pipeline, "steps": steps})
            frame = frame.moved(edit.margins)
        return plans

    def _run(self, revision: Revision, progress: RunProgress | None) -> dict[str, Any]:
        assert revision.parent is not None and revision.edit is not None, "only edits are jobs"
        edit = revision.edit
        run = {
            "revision": revision.id, "parent": revision.parent, "edit": edit.digest, "prompt": edit.prompt,
            "pipeline": edit.pipeline, "mask": edit.mask.box, "index": 0, "total": 0, "serial": 0,
            "group": group_of(revision.parent, edit.to_json()),
        }  # fmt: skip
        if revision.death is not None:
            run["retry"] = f"{revision.death} This edit is tried once more."
        if progress is not None:
            run.update(index=progress.step, total=progress.steps)
            if progress.box is not None:
                run.update(serial=progress.serial, box=progress.box)
        return run

    def _status(self, document: str, id: str) -> dict[str, str | None]:
        try:
            revision = self.session.store.revisions.get(id)
        except NotFound:
            revision = None
        if revision is None or revision.document != document:  # the store deletes cancelled jobs
            return {"revision": id, "edit": None, "status": "cancelled", "error": None}
        status = "done" if revision.picture else "waiting" if revision.pending else "failed"
        if revision.cancelled:
            status = "cancelled"
        edit = None if revision.edit is None else revision.edit.digest
        return {"revision": id, "edit": edit, "status": status, "error": revision.error}
