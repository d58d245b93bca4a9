"""Documents: opening, listing and renaming them, and moving through their history."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from editor.edits.edit import UNMOVED, Blend
from editor.edits.intents import mode_of
from editor.formats.atomic_write import part_folder
from editor.imaging.limits import MAX_FILE_BYTES, MAX_NAME_BYTES, MAX_SIDE
from editor.store.blobs import NotFound
from editor.store.document_file import HEADER, SUFFIX
from editor.store.documents import Document
from editor.store.revisions import Node
from editor.web import large_work, small_copies
from editor.web.context import AppContext
from editor.web.gate import entry_in
from editor.web.long_polling import BeatPoller
from editor.web.state import DocumentStates
from editor.web.threads import run_in_writer
from editor.web.wire import NEVER, read_body, read_json, require_keys
from pipelines.errors import InvalidInput

MOST_KNOWN = 500  # documents that a browser may ask about
LONG_POLL = 1.0  # seconds that a response waits for news
MOMENT = 0.02  # seconds in which a server hears that a client has hung up
SAMPLE_KINDS = (".png", ".jpg", ".jpeg", ".webp")


class Documents:
    """Routes about documents. Methods that are not `async` run in Starlette's threads, since they use the disk."""

    def __init__(self, context: AppContext, states: DocumentStates) -> None:
        self.states = states
        self.context, self.session, self.beats = context, context.session, BeatPoller(context.session.store)

    # opening

    def list_samples(self, request: Request) -> Response:
        """GET the names and titles of the sample pictures."""
        files = sorted(self._samples().values())
        return JSONResponse([{"name": file.name, "title": _title(file)} for file in files], headers=NEVER)

    def sample(self, request: Request) -> Response:
        """GET a thumbnail of a sample picture."""
        file = self._sample(request)
        image = small_copies.file_thumbnail(file, file.stat().st_mtime_ns)
        return Response(image, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=600"})

    def open_sample(self, request: Request) -> Response:
        """POST: opens a sample picture as a new document."""
        file = self._sample(request)
        return self._opened(request, *self._open(file.read_bytes(), _title(file)))

    def blank(self, request: Request) -> Response:
        """POST ?width=, ?height=, ?name=: creates an empty document, to generate a whole picture from a prompt."""
        query = request.query_params
        sides = [query.get(side, "") for side in ("width", "height")]
        if not all(side.isascii() and side.isdecimal() and 1 <= len(side) <= 9 for side in sides):
            raise InvalidInput(f"Width and height must be whole numbers of pixels, not {' and '.join(sides)}.")
        width, height = map(int, sides)
        if max(width, height) > MAX_SIDE:
            raise InvalidInput(f"A picture can have at most {MAX_SIDE:,} pixels a side, not {width:,} x {height:,}.")
        name = query.get("name", "").strip() or "Untitled"
        document = self.session.blank(width, height, name, self.context.owner)
        return self._opened(request, document, ())

    async def open_file(self, request: Request) -> Response:
        """POST the bytes of a picture or document file, ?name=: opens it as a new document."""
        data = await read_body(request, MAX_FILE_BYTES, "The file")
        name = Path(request.query_params.get("name", "")).stem or "Untitled"
        document, notes = await large_work.run(None, self._open, data, name)
        if await _hung_up(request):  # the user cancelled while it was read
            await run_in_writer(self.session.delete, document.id)
            return Response(status_code=204)
        return await run_in_threadpool(self._opened, request, document, notes)

    def _open(self, data: bytes, name: str) -> tuple[Document, tuple[str, ...]]:
        notes: tuple[str, ...] = ()
        if data.startswith(HEADER):
            with part_folder(Path(gettempdir()), "document") as folder:
                file = folder / f"document{SUFFIX}"
                file.write_bytes(data)
                document = self.session.open_document(file, self.context.owner)
        else:
            document, notes = self.session.open_file(data, name, self.context.owner)
        return document, notes

    def _opened(self, request: Request, document: Document, notes: tuple[str, ...]) -> Response:
        entry_in(request.scope).document = document.id
        return JSONResponse({**self.states.state(document.id), "notes": notes}, headers=NEVER)

    def _samples(self) -> dict[str, Path]:
        folder = self.context.samples
        if not folder.is_dir():
            return {}
        return {file.name: file for file in folder.iterdir() if file.suffix.lower() in SAMPLE_KINDS}

    def _sample(self, request: Request) -> Path:
        name = request.path_params["name"]
        file = self._samples().get(name)  # a name from the list, never a path
        if file is None:
            raise NotFound(f"There is no sample {name!r} here.")
        return file

    # all documents

    def gallery(self, request: Request) -> Response:
        """GET the summaries of all documents, if the client may list them; else only of those in ?known=.

        ?known= holds the ids, separated by commas, of documents that this browser has opened. Who is signed in gets
        the own ones, and of those the ones that may be looked at.
        """
        ids = request.query_params.get("known", "").split(",")
        if self.context.accounts is not None:
            own = self.session.store.documents.summaries_for(self.context.owner, ids[:MOST_KNOWN])
            return JSONResponse([asdict(each) for each in own], headers=NEVER)
        summaries = [
            each
            for each in self.session.store.documents.summaries()
            if self.context.list_all_documents or each.document in ids
        ]
        return JSONResponse([asdict(each) for each in summaries], headers=NEVER)

    async def name(self, request: Request) -> Response:
        """POST a name: renames a document."""
        return await run_in_writer(self._rename_document, request, await _name(request))

    def _rename_document(self, request: Request, name: str) -> Response:
        self.session.rename_document(request.path_params["document"], name or "Untitled")
        return self.states.answer(request)

    def duplicate(self, request: Request) -> Response:
        """POST: copies a document with its history."""
        copy = self.session.duplicate(request.path_params["document"], self.context.owner).id
        entry_in(request.scope).outcome = copy
        return self._entry(copy)

    def delete(self, request: Request) -> Response:
        """POST: deletes a document; it can be restored."""
        document = self.context.document(request)
        entry = self._entry(document.id)
        self.session.delete(document.id)
        return entry

    async def share(self, request: Request) -> Response:
        """POST {shared}: says what others may do who know the document's address: "look", "edit", or "nobody"."""
        fields = read_json(await read_body(request, MAX_NAME_BYTES, "The request"), "The request")
        require_keys(fields, ("shared",), "The request")
        return await run_in_writer(self._share, request, fields["shared"])

    def _share(self, request: Request, shared: object) -> Response:
        self.session.share(self.context.document(request).id, str(shared))
        entry_in(request.scope).outcome = str(shared)
        return self.states.answer(request)

    def restore(self, request: Request) -> Response:
        """POST: restores a deleted document."""
        return self._entry(self.session.restore(request.path_params["document"]).id)

    def _entry(self, id: str) -> Response:
        """Returns the summary of a document."""
        return JSONResponse(asdict(self.session.store.documents.summary(id)), headers=NEVER)

    # one document

    async def state(self, request: Request) -> Response:
        """GET the state of a document, see `DocumentStates`.

        ?watch= holds the ids, separated by commas, of revisions whose status the client asks for. With ?beat=, the beat
        of the last state, the response waits until a job of the document has done another step, for at most LONG_POLL
        seconds, so that the page shows a preview as soon as there is one.
        """
        if (beat := request.query_params.get("beat")) is not None:
            await self.beats.wait(request.path_params["document"], beat, LONG_POLL)
        return await run_in_threadpool(self._state, request)

    def _state(self, request: Request) -> Response:
        watched = request.query_params.get("watch", "")
        return self.states.answer(request, [id for id in watched.split(",") if id])

    def metadata(self, request: Request) -> Response:
        """GET the author, copyright and resolution (`dpi` across and down, or null) of the file that was opened."""
        return JSONResponse(asdict(self.session.store.documents.metadata(self.context.document(request).id)))

    def credentials(self, request: Request) -> Response:
        """GET what the content credentials of the opened file say, `opened`, null without any; and who signs exports.

        `note` is a sentence about credentials that cannot be read; `signer` is null where exports are not signed.
        """
        document, note, signing = self.context.document(request).id, "", self.session.exports.signing
        opened: dict[str, Any] | None = None
        try:
            if (found := self.session.credentials(document)) is not None:
                actions = [each._asdict() for each in found.credentials.actions]
                opened = {**found.credentials._asdict(), "actions": actions, "checked": found.checked}
        except InvalidInput as error:
            note = str(error)
        signer = None if signing is None else signing.signer.name
        return JSONResponse({"opened": opened, "note": note, "signer": signer}, headers=NEVER)

    async def thumbnail(self, request: Request) -> Response:
        """GET a document's picture as a small JPEG."""
        picture = await run_in_threadpool(self.session.picture, request.path_params["document"])
        image = await large_work.run(picture.box.width * picture.box.height, small_copies.thumbnail, picture)
        return Response(image, media_type="image/jpeg", headers={"Cache-Control": "no-cache"})

    def undo(self, request: Request) -> Response:
        """POST: goes back one revision."""
        self.session.undo(request.path_params["document"])
        return self.states.answer(request)

    def redo(self, request: Request) -> Response:
        """POST: goes forward one revision."""
        self.session.redo(request.path_params["document"])
        return self.states.answer(request)

    # its history

    def tree(self, request: Request) -> Response:
        """GET all revisions that are not deleted, parents before children, with their settings and masks' boxes.

        `match` is the word for how well each shows its prompt, "" where only an order is known, null where nothing is;
        `rank` its place among its variations, from 0, the best match.
        """
        nodes = self.session.store.revisions.tree(request.path_params["document"])
        ranks = ranks_of(nodes)
        return JSONResponse([{**node_json(node), "rank": ranks[node.id]} for node in nodes], headers=NEVER)

    def checkout(self, request: Request) -> Response:
        """POST: goes to a finished revision."""
        self.session.checkout(request.path_params["document"], self.context.revision(request).id)
        return self.states.answer(request)

    async def rename(self, request: Request) -> Response:
        """POST a name: names a revision."""
        return await run_in_writer(self._rename_revision, request, await _name(request))

    def _rename_revision(self, request: Request, name: str) -> Response:
        self.session.rename(self.context.revision(request).id, name)
        return self.states.answer(request)

    def star(self, request: Request) -> Response:
        """POST: marks a revision with a star."""
        self.session.store.revisions.star(self.context.revision(request).id, True)
        return self.states.answer(request)

    def unstar(self, request: Request) -> Response:
        """POST: removes a revision's star."""
        self.session.store.revisions.star(self.context.revision(request).id, False)
        return self.states.answer(request)

    def discard(self, request: Request) -> Response:
        """POST: deletes a revision and all after it; they can be recovered."""
        self.session.discard(self.context.revision(request).id)
        return self.states.answer(request)

    def recover(self, request: Request) -> Response:
        """POST: restores a deleted revision and those deleted with it."""
        self.session.recover(self.context.revision(request).id)
        return self.states.answer(request)


async def _hung_up(request: Request) -> bool:
    """Tells whether the client has closed the connection; the body has been read.

    `Request.is_disconnected` does not wait at all, and within Gradio's middleware that is too short to hear of it.
    """
    try:
        async with asyncio.timeout(MOMENT):
            return bool((await request.receive())["type"] == "http.disconnect")
    except TimeoutError:
        return False


async def _name(request: Request) -> str:
    return (await read_body(request, MAX_NAME_BYTES, "The name")).decode(errors="replace").strip()


def _title(file: Path) -> str:
    words = file.stem.replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def ranks_of(nodes: Sequence[Node]) -> dict[str, int]:
    """Returns the place of each revision among its variations, from 0, the best match; the oldest where none is known.

    Args:
        nodes: those of a document, oldest first.
    """
    best_first = sorted(nodes, key=lambda node: (node.match is None, -node.match.probability if node.match else 0.0))
    counts = Counter[str | None]()
    ranks = {}
    for node in best_first:
        ranks[node.id] = counts[node.group]
        counts[node.group] += 1
    return ranks


def node_json(node: Node) -> dict[str, Any]:
    """Returns a revision as the page lists it."""
    summary: dict[str, Any] = {
        "revision": node.id, "parent": node.parent, "name": node.name, "starred": node.starred, "group": node.group,
        "finished": node.finished, "error": node.error, "created": node.created, "edit": None, "mode": None,
        "match": None if node.match is None else node.match.word,
    }  # fmt: skip
    if node.edit is not None:
        names = ("prompt", "negative_prompt", "pipeline", "seed", "steps", "guidance", "strength", "sampler")
        summary["edit"] = {name: node.edit[name] for name in names}
        summary["edit"] |= {
            name: node.edit[name]
            for name in ("painted_as", "adapters", "reference", "clip_guidance")
            if name in node.edit
        }
        summary["edit"]["margins"] = list(node.edit.get("margins", UNMOVED))
        summary["edit"]["adjustment"] = node.edit.get("adjustment")
        summary["edit"]["blend"] = asdict(Blend(**node.edit["blend"]))
        del summary["edit"]["blend"]["visible"]  # who blends a hidden step shows it
        summary["box"] = node.edit["mask"]["box"]
        summary["mode"] = mode_of(node.edit, node.remade)
    return summary
