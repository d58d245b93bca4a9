"""Documents: opening, listing and naming them, and walking their history."""

from dataclasses import asdict
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from editor.edits.edit import UNMOVED, Blend
from editor.formats.atomic_write import part_folder
from editor.formats.images import read_image
from editor.imaging.limits import MAX_FILE_BYTES, MAX_NAME_BYTES, MAX_SIDE
from editor.store.blobs import NotFound
from editor.store.document_file import HEADER, SUFFIX
from editor.store.revisions import Node
from editor.web import large_work, small_copies
from editor.web.context import AppContext
from editor.web.long_polling import Beats
from editor.web.state import DocumentStates
from editor.web.threads import in_writer
from editor.web.wire import NEVER, read_body
from pipelines.errors import InvalidInput

HELD = 1.0  # seconds an answer waits for something new to tell
SAMPLE_KINDS = (".png", ".jpg", ".jpeg", ".webp")


class Documents:
    """Methods which are not `async` run in Starlette's threads, for they touch the disk."""

    def __init__(self, context: AppContext, states: DocumentStates) -> None:
        self.states = states
        self.context, self.session, self.beats = context, context.session, Beats(context.session.store)

    # opening

    def list_samples(self, request: Request) -> Response:
        files = sorted(self._samples().values())
        return JSONResponse([{"name": file.name, "title": _title(file)} for file in files], headers=NEVER)

    def sample(self, request: Request) -> Response:
        file = self._sample(request)
        image = small_copies.file_thumbnail(file, file.stat().st_mtime_ns)
        return Response(image, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=600"})

    def open_sample(self, request: Request) -> Response:
        file = self._sample(request)
        return self._opened(file.read_bytes(), _title(file))

    def blank(self, request: Request) -> Response:
        """?width=, ?height=: of a picture from words alone; ?name=."""
        asked = request.query_params
        sides = [asked.get(side, "") for side in ("width", "height")]
        if not all(side.isascii() and side.isdecimal() and 1 <= len(side) <= 9 for side in sides):
            raise InvalidInput(f"A picture's width and height are whole numbers of pixels, not {' and '.join(sides)}.")
        width, height = map(int, sides)
        if max(width, height) > MAX_SIDE:
            raise InvalidInput(f"A picture has at most {MAX_SIDE:,} pixels a side, not {width:,} x {height:,}.")
        document = self.session.blank(width, height, asked.get("name", "").strip() or "Untitled")
        return JSONResponse({**self.states.state(document), "notes": ()}, headers=NEVER)

    async def open_file(self, request: Request) -> Response:
        data = await read_body(request, MAX_FILE_BYTES, "The file")
        name = Path(request.query_params.get("name", "")).stem or "Untitled"
        return await large_work.run(None, self._opened, data, name)

    def _opened(self, data: bytes, name: str) -> Response:
        notes: tuple[str, ...] = ()
        if data.startswith(HEADER):
            with part_folder(Path(gettempdir()), "document") as folder:
                file = folder / f"document{SUFFIX}"
                file.write_bytes(data)
                document = self.session.open_document(file)
        else:
            opened = read_image(data)
            document, notes = self.session.open(opened.pixels, name, opened.icc, opened.metadata), opened.notes
        return JSONResponse({**self.states.state(document), "notes": notes}, headers=NEVER)

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

    # all of them

    def gallery(self, request: Request) -> Response:
        """All documents that may be shown, see `Desk`; ?known=: ids, by commas, of documents that this browser has."""
        known = request.query_params.get("known", "").split(",")
        shown = [
            each
            for each in self.session.store.documents.summaries()
            if self.context.list_all_documents or each.document in known
        ]
        return JSONResponse([asdict(each) for each in shown], headers=NEVER)

    async def name(self, request: Request) -> Response:
        return await in_writer(self._named, request, await _name(request))

    def _named(self, request: Request, name: str) -> Response:
        self.session.rename_document(request.path_params["document"], name or "Untitled")
        return self.states.answer(request)

    def duplicate(self, request: Request) -> Response:
        return self._entry(self.session.duplicate(request.path_params["document"]).id)

    def delete(self, request: Request) -> Response:
        document = self.context.document(request)
        entry = self._entry(document.id)
        self.session.delete(document.id)
        return entry

    def restore(self, request: Request) -> Response:
        return self._entry(self.session.restore(request.path_params["document"]).id)

    def _entry(self, id: str) -> Response:
        """What the gallery says of one."""
        return JSONResponse(asdict(self.session.store.documents.summary(id)), headers=NEVER)

    # one of them

    async def state(self, request: Request) -> Response:
        """?watch=: revisions, by commas, whose status is wanted too. ?beat=: of the state seen last; the answer is held
        until another step of the document's run is done, for at most HELD seconds: a preview is shown as soon as it is
        there.
        """
        if (beat := request.query_params.get("beat")) is not None:
            await self.beats.wait(request.path_params["document"], beat, HELD)
        return await run_in_threadpool(self._state, request)

    def _state(self, request: Request) -> Response:
        watched = request.query_params.get("watch", "")
        return self.states.answer(request, [id for id in watched.split(",") if id])

    async def thumbnail(self, request: Request) -> Response:
        picture = await run_in_threadpool(self.session.picture, request.path_params["document"])
        image = await large_work.run(picture.box.width * picture.box.height, small_copies.thumbnail, picture)
        return Response(image, media_type="image/jpeg", headers={"Cache-Control": "no-cache"})

    def undo(self, request: Request) -> Response:
        self.session.undo(request.path_params["document"])
        return self.states.answer(request)

    def redo(self, request: Request) -> Response:
        self.session.redo(request.path_params["document"])
        return self.states.answer(request)

    # its history

    def tree(self, request: Request) -> Response:
        """Every state that is not discarded, parents before children: what was names for there, and the mask's box."""
        nodes = self.session.store.revisions.tree(request.path_params["document"])
        return JSONResponse([_node_json(node) for node in nodes], headers=NEVER)

    def checkout(self, request: Request) -> Response:
        self.session.checkout(request.path_params["document"], self.context.revision(request).id)
        return self.states.answer(request)

    async def rename(self, request: Request) -> Response:
        return await in_writer(self._renamed, request, await _name(request))

    def _renamed(self, request: Request, name: str) -> Response:
        self.session.rename(self.context.revision(request).id, name)
        return self.states.answer(request)

    def discard(self, request: Request) -> Response:
        self.session.discard(self.context.revision(request).id)
        return self.states.answer(request)

    def recover(self, request: Request) -> Response:
        self.session.recover(self.context.revision(request).id)
        return self.states.answer(request)


async def _name(request: Request) -> str:
    return (await read_body(request, MAX_NAME_BYTES, "The name")).decode(errors="replace").strip()


def _title(file: Path) -> str:
    words = file.stem.replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def _node_json(node: Node) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "revision": node.id, "parent": node.parent, "name": node.name, "finished": node.finished, "error": node.error,
        "created": node.created, "edit": None,
    }  # fmt: skip
    if node.edit is not None:
        names = ("prompt", "negative_prompt", "pipeline", "seed", "steps", "guidance", "strength", "sampler")
        summary["edit"] = {name: node.edit[name] for name in names}
        summary["edit"]["margins"] = list(node.edit.get("margins", UNMOVED))
        summary["edit"]["blend"] = asdict(Blend(**node.edit["blend"]))
        summary["box"] = node.edit["mask"]["box"]
    return summary
