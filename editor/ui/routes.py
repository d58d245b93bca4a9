"""The editor's own routes. Browsers hold ids, the store the truth, and every failure is a sentence in JSON.

The canvas learns of everything by asking for a document's state again and again. A Gradio generator would
stream the same, but it dies with the tab and with the server; a promise in the store outlives both, and
whoever opens the document next, in whatever tab, sees it run.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from mimetypes import guess_type
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from editor.blobs import NotFound
from editor.document_file import HEADER, SUFFIX
from editor.edit import Blend, Edit
from editor.formats.images import encode_png, read_image, read_mask
from editor.geometry import Box
from editor.raster import Mask
from editor.session import Session
from editor.store import Document, Node, Revision
from editor.ui import display
from editor.worker import Worker
from pipelines.base import Pipeline

PREFIX = "/palimpsest"
MODULES = Path(__file__).parents[2] / "assets" / "canvas"
LARGEST_FILE = 512 * 2**20  # bytes of a picture that is opened
LONGEST_REQUEST = 2**12  # bytes of a name
LARGEST_WISH = 64 * 2**20  # bytes of a wish with its mask
SAMPLE_KINDS = (".png", ".jpg", ".jpeg", ".webp")
FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}  # named by content, or by a finished revision
NEVER = {"Cache-Control": "no-store"}


class TooLarge(ValueError):
    """More bytes than the route takes."""


class Moved(ValueError):
    """The document shows another revision than the one the wish was made on."""


def routes(
    session: Session, worker: Worker, names: Sequence[str], load: Callable[[str], Pipeline], samples: Path,
    made_with: Callable[[], str],
) -> list[Mount]:  # fmt: skip
    """All that lies under PREFIX: the canvas's modules, and an app which answers for documents and pixels.

    made_with: what runs the models here, in words, for the recipes in downloaded files.
    """
    desk = _Desk(session, worker, names, load, samples, made_with)
    app = Starlette(
        routes=[
            Route("/samples", desk.list_samples),
            Route("/samples/{name}", desk.sample),
            Route("/samples/{name}/open", desk.open_sample, methods=["POST"]),
            Route("/documents", desk.open_file, methods=["POST"]),
            Route("/documents/{document}", desk.state),
            Route("/documents/{document}/thumbnail", desk.thumbnail),
            Route("/documents/{document}/edits", desk.submit, methods=["POST"]),
            Route("/documents/{document}/undo", desk.undo, methods=["POST"]),
            Route("/documents/{document}/redo", desk.redo, methods=["POST"]),
            Route("/documents/{document}/cancel/{revision}", desk.cancel, methods=["POST"]),
            Route("/documents/{document}/tree", desk.tree),
            Route("/documents/{document}/checkout/{revision}", desk.checkout, methods=["POST"]),
            Route("/documents/{document}/rename/{revision}", desk.rename, methods=["POST"]),
            Route("/documents/{document}/discard/{revision}", desk.discard, methods=["POST"]),
            Route("/documents/{document}/recover/{revision}", desk.recover, methods=["POST"]),
            Route("/revisions/{revision}/manifest", desk.manifest),
            Route("/revisions/{revision}/overview", desk.overview),
            Route("/revisions/{revision}/mask", desk.mask),
            Route("/revisions/{revision}/step", desk.step),
            Route("/revisions/{revision}/picture.{kind}", desk.download),
            Route("/tiles/{digest}", desk.tile),
            Route("/previews/{revision}/{serial}", desk.preview),
            Route("/hint", desk.hint),
        ],
        exception_handlers={
            404: _nothing,
            NotFound: _told(404),
            Moved: _told(409),
            TooLarge: _told(413),
            ValueError: _told(400),
            OSError: _told(507),
        },
    )
    return [Mount(f"{PREFIX}/canvas", _Modules(directory=MODULES)), Mount(PREFIX, app)]


class _Modules(StaticFiles):
    """Files a browser asks about each time: after an update, old and new modules must not meet."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        response = super().file_response(*arguments, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response


class _Desk:
    """The answers. Methods which are not `async` run in Starlette's threads, for they touch the disk."""

    def __init__(
        self,
        session: Session,
        worker: Worker,
        names: Sequence[str],
        load: Callable[[str], Pipeline],
        samples: Path,
        made_with: Callable[[], str],
    ) -> None:
        self.session, self.worker, self.names, self.load, self.samples = session, worker, names, load, samples
        self.made_with = made_with

    # opening

    def list_samples(self, request: Request) -> Response:
        files = sorted(self._samples().values())
        return JSONResponse([{"name": file.name, "title": _title(file)} for file in files], headers=NEVER)

    def sample(self, request: Request) -> Response:
        file = self._sample(request)
        image = display.file_thumbnail(file, file.stat().st_mtime_ns)
        return Response(image, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=600"})

    def open_sample(self, request: Request) -> Response:
        file = self._sample(request)
        return self._opened(file.read_bytes(), _title(file))

    async def open_file(self, request: Request) -> Response:
        data = await _body(request, LARGEST_FILE, "The file")
        name = Path(request.query_params.get("name", "")).stem or "Untitled"
        return await run_in_threadpool(self._opened, data, name)

    def _opened(self, data: bytes, name: str) -> Response:
        notes: tuple[str, ...] = ()
        if data.startswith(HEADER):
            with TemporaryDirectory() as folder:
                file = Path(folder) / f"document{SUFFIX}"
                file.write_bytes(data)
                document = self.session.open_document(file)
        else:
            opened = read_image(data)
            document, notes = self.session.open(opened.pixels, name, opened.icc), opened.notes
        return JSONResponse({**self._state(document, None), "notes": notes}, headers=NEVER)

    def _samples(self) -> dict[str, Path]:
        if not self.samples.is_dir():
            return {}
        return {file.name: file for file in self.samples.iterdir() if file.suffix.lower() in SAMPLE_KINDS}

    def _sample(self, request: Request) -> Path:
        name = request.path_params["name"]
        file = self._samples().get(name)  # a name from the list, never a path
        if file is None:
            raise NotFound(f"There is no sample {name!r} here.")
        return file

    # a document

    def state(self, request: Request) -> Response:
        watched = request.query_params.get("watch")
        return self._answer(request, self.session.revision(watched) if watched else None)

    def undo(self, request: Request) -> Response:
        self.session.undo(request.path_params["document"])
        return self._answer(request)

    def redo(self, request: Request) -> Response:
        self.session.redo(request.path_params["document"])
        return self._answer(request)

    def cancel(self, request: Request) -> Response:
        self._revision(request)
        return self._answer(request, self.session.cancel(request.path_params["revision"]))

    def tree(self, request: Request) -> Response:
        """Every state that is not discarded, parents before children: what was wished for there, and the mask's box."""
        nodes = self.session.tree(request.path_params["document"])
        return JSONResponse([_told_of(node) for node in nodes], headers=NEVER)

    def checkout(self, request: Request) -> Response:
        self.session.checkout(request.path_params["document"], self._revision(request).id)
        return self._answer(request)

    async def rename(self, request: Request) -> Response:
        name = (await _body(request, LONGEST_REQUEST, "The name")).decode(errors="replace").strip()
        return await run_in_threadpool(self._renamed, request, name)

    def _renamed(self, request: Request, name: str) -> Response:
        self.session.rename(self._revision(request).id, name)
        return self._answer(request)

    def discard(self, request: Request) -> Response:
        self.session.discard(self._revision(request).id)
        return self._answer(request)

    def recover(self, request: Request) -> Response:
        self.session.recover(self._revision(request).id)
        return self._answer(request)

    async def submit(self, request: Request) -> Response:
        body = await _body(request, LARGEST_WISH, "The mask")
        return await run_in_threadpool(self._submitted, request, body)

    def _submitted(self, request: Request, body: bytes) -> Response:
        document = self.session.document(request.path_params["document"])
        edit, parent, variations = _wish(body)
        if edit.pipeline not in self.names:
            raise ValueError(f"There is no model {edit.pipeline!r} here; there is {', '.join(self.names)}.")
        if parent != document.head:
            raise Moved("The picture was changed in another tab meanwhile. Look at it as it is, then generate again.")
        promises = self.session.variations(document.id, edit, variations, parent)
        self.worker.wake()
        return self._answer(request, promises[-1])  # they are kept in their order

    def thumbnail(self, request: Request) -> Response:
        picture = self.session.picture(request.path_params["document"])
        return Response(display.thumbnail(picture), media_type="image/jpeg", headers={"Cache-Control": "no-cache"})

    def _revision(self, request: Request) -> Revision:
        """The revision a path names; if the path names a document too, it must be its own."""
        revision = self.session.revision(request.path_params["revision"])
        if request.path_params.get("document", revision.document) != revision.document:
            raise NotFound(f"The document has no revision {revision.id!r}.")
        return revision

    def _answer(self, request: Request, watched: Revision | None = None) -> Response:
        document = self.session.document(request.path_params["document"])
        return JSONResponse(self._state(document, watched), headers=NEVER)

    def _state(self, document: Document, watched: Revision | None) -> dict[str, Any]:
        """All a tab need know of a document; `watched`: a revision whose fate it asks for."""
        tip = self.session.revision(document.tip)
        return {
            "document": document.id,
            "name": document.name,
            "head": document.head,
            "tip": document.tip,
            "can_undo": self.session.can_undo(document.id),
            "can_redo": self.session.can_redo(document.id),
            "last_mask": None if tip.edit is None else {"revision": tip.id, "box": tip.edit.mask.box},
            "variations": self.session.variations_of(document.head),
            "running": [self._run(revision) for revision in self.session.pending(document.id)],
            "watched": None if watched is None else _fate(watched),
            "trouble": self.worker.trouble,
        }

    def _run(self, revision: Revision) -> dict[str, Any]:
        assert revision.parent is not None and revision.edit is not None, "only edits are promised"
        run = {"revision": revision.id, "mask": revision.edit.mask.box, "index": 0, "total": 0, "serial": 0}
        progress = self.worker.progress(revision.id)
        if progress is None:
            return run
        run.update(index=progress.index, total=progress.total)
        if progress.preview is not None:
            changing = display.may_change(revision.edit, self.session.store.picture(revision.parent))
            run.update(serial=progress.serial, box=display.preview_box(progress.preview, changing))
        return run

    # pixels

    def manifest(self, request: Request) -> Response:
        picture = self.session.store.picture(request.path_params["revision"])
        tiles = [[*place, digest] for place, digest in picture.tiles.items()]
        return JSONResponse({"box": picture.box, "tiles": tiles}, headers=FOREVER)

    def overview(self, request: Request) -> Response:
        picture = self.session.store.picture(request.path_params["revision"])
        return Response(display.overview(picture), media_type="image/jpeg", headers=FOREVER)

    def tile(self, request: Request) -> Response:
        data = self.session.store.blobs.file(request.path_params["digest"])
        return Response(data, media_type="image/webp", headers=FOREVER)

    def mask(self, request: Request) -> Response:
        edit = self._revision(request).edit
        if edit is None:
            raise NotFound("The picture as it was opened has no mask.")
        return Response(encode_png(edit.mask.alpha), media_type="image/png", headers=FOREVER)

    def step(self, request: Request) -> Response:
        """A small picture of what a step made, for the history: its mask's surroundings; all of the opened picture."""
        revision = self._revision(request)
        picture = self.session.store.picture(revision.id)
        box = picture.box if revision.edit is None else revision.edit.mask.bounds
        return Response(display.step(picture, box), media_type="image/jpeg", headers=FOREVER)

    def download(self, request: Request) -> Response:
        """A revision as a file of any kind that `Session.export` writes. quality: of what loses something. recipe=no:
        without the way that led there.
        """
        revision = self._revision(request)
        suffix, asked = f".{request.path_params['kind']}", request.query_params
        quality = asked.get("quality")
        if quality is not None and not quality.isdecimal():
            raise ValueError(f"The quality must be a whole number from 1 to 100, not {quality!r}.")
        with TemporaryDirectory() as folder:
            file = Path(folder) / f"picture{suffix}"
            self.session.export(
                revision.document, file, revision.id,
                quality=None if quality is None else int(quality),
                made_with=None if asked.get("recipe") == "no" else self.made_with(),
            )  # fmt: skip
            data = file.read_bytes()
        name = quote(self.session.document(revision.document).name + suffix, safe="")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", **NEVER}
        return Response(data, media_type=guess_type(file.name)[0] or "application/octet-stream", headers=headers)

    def preview(self, request: Request) -> Response:
        """The newest preview of a run, whichever was asked for: the older ones are gone. 204 when all are."""
        revision = self._revision(request)
        progress = self.worker.progress(revision.id)
        if progress is None or progress.preview is None or revision.parent is None or revision.edit is None:
            return Response(status_code=204, headers=NEVER)
        changing = display.may_change(revision.edit, self.session.store.picture(revision.parent))
        return Response(display.encode_preview(progress.preview, changing), media_type="image/webp", headers=NEVER)

    def hint(self, request: Request) -> Response:
        """What the model says about words it never saw, or why it cannot be loaded."""
        name = request.query_params.get("pipeline", "")
        try:
            hint = self.load(name).hint(request.query_params.get("prompt", "")) if name in self.names else ""
        except ValueError as error:
            hint = str(error)
        return JSONResponse({"hint": hint}, headers=NEVER)


def _wish(body: bytes) -> tuple[Edit, str, int]:
    """The edit, its parent and how many variations from a line of JSON, then a mask's PNG. ValueError when either is
    wrong.
    """
    line, _, png = body.partition(b"\n")
    try:
        wish = json.loads(line)
    except ValueError:  # not JSON, or not UTF-8
        raise ValueError("A wish must begin with a line of JSON.") from None
    wanted = {
        "box",
        "parent",
        "pipeline",
        "prompt",
        "negative_prompt",
        "steps",
        "guidance",
        "seed",
        "strength",
        "feather",
        "opacity",
        "variations",
    }
    if not isinstance(wish, dict) or wish.keys() != wanted:
        raise ValueError(f"A wish must say {', '.join(sorted(wanted))}, and nothing else.")
    box, parent, variations = wish.pop("box"), wish.pop("parent"), wish.pop("variations")
    if type(variations) is not int:
        raise ValueError(f"The variations must be a whole number, not {variations!r}.")
    blend = Blend(feather=wish.pop("feather"), opacity=wish.pop("opacity"))
    if not (isinstance(box, list) and len(box) == 4 and all(type(n) is int for n in box)):
        raise ValueError(f"A mask's box must be four whole numbers [x, y, width, height], not {box!r}.")
    alpha = read_mask(png)
    if alpha.shape != Box(*box).shape:
        raise ValueError(f"The mask has {alpha.shape[1]} x {alpha.shape[0]} pixels, its box {box[2]} x {box[3]}.")
    return Edit(Mask(Box(*box), alpha), blend=blend, **wish), parent, variations


def _told_of(node: Node) -> dict[str, Any]:
    told: dict[str, Any] = {
        "revision": node.id, "parent": node.parent, "name": node.name, "finished": node.finished, "error": node.error,
        "created": node.created, "wish": None,
    }  # fmt: skip
    if node.wish is not None:
        wished = ("prompt", "negative_prompt", "pipeline", "seed", "steps", "guidance", "strength")
        told["wish"] = {name: node.wish[name] for name in wished}
        told["box"] = node.wish["mask"]["box"]
    return told


def _fate(revision: Revision) -> dict[str, str | None]:
    status = "done" if revision.picture else "waiting" if revision.promised else "failed"
    if revision.cancelled:
        status = "cancelled"
    return {"revision": revision.id, "status": status, "error": revision.error}


def _title(file: Path) -> str:
    words = file.stem.replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


async def _body(request: Request, limit: int, what: str) -> bytes:
    """The whole body. TooLarge beyond `limit` bytes, once all is read: browsers hear no answer before."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size <= limit:
            parts.append(part)
    if size > limit:
        raise TooLarge(f"{what} has {size / 2**20:,.0f} MB; at most {limit / 2**20:,.0f} MB are taken.")
    return b"".join(parts)


async def _nothing(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "There is no document and no picture at this address."}, 404, headers=NEVER)


def _told(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    """A handler which answers with the error's own sentence."""

    async def answer(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, status, headers=NEVER)

    return answer
