"""Pictures: the pixels of revisions, as tiles, small copies, previews and files to download."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from functools import partial
from mimetypes import guess_type
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from urllib.parse import quote

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from editor.edits.apply import laid_in
from editor.edits.edit import Blend
from editor.edits.plan import affected_region, edit_region
from editor.edits.previews import encode_preview
from editor.formats.atomic_write import part_folder
from editor.formats.file_names import safe_name
from editor.formats.images import encode_png
from editor.formats.targets import Unwritable
from editor.imaging.raster import Patch
from editor.store.blobs import NotFound
from editor.web import large_work, small_copies
from editor.web.context import AppContext
from editor.web.state import FOREVER
from editor.web.wire import NEVER
from pipelines.errors import InvalidInput


class Pictures:
    """Routes about pictures. Methods that are not `async` run in Starlette's threads, since they use the disk."""

    def __init__(self, context: AppContext) -> None:
        self.context, self.session = context, context.session

    def manifest(self, request: Request) -> Response:
        """GET the box of a revision and its tiles, [column, row, digest]."""
        picture = self.session.store.revisions.picture(request.path_params["revision"])
        tiles = [[*index, digest] for index, digest in picture.tiles.items()]
        return JSONResponse({"box": picture.box, "tiles": tiles}, headers=FOREVER)

    async def overview(self, request: Request) -> Response:
        """GET a whole revision as a JPEG of limited size."""
        picture = await run_in_threadpool(self.session.store.revisions.picture, request.path_params["revision"])
        image = await large_work.run(picture.box.width * picture.box.height, small_copies.overview, picture)
        return Response(image, media_type="image/jpeg", headers=FOREVER)

    def tile(self, request: Request) -> Response:
        """GET a tile, lossless WebP."""
        data = self.session.store.blobs.file(request.path_params["digest"])
        return Response(data, media_type="image/webp", headers=FOREVER)

    def mask(self, request: Request) -> Response:
        """GET the mask of a revision's edit, PNG."""
        edit = self.context.revision(request).edit
        if edit is None or edit.mask.box.empty:
            raise NotFound("This step has no mask.")
        return Response(encode_png(edit.mask.alpha), media_type="image/png", headers=FOREVER)

    def reference(self, request: Request) -> Response:
        """GET the reference picture of a revision's edit, PNG."""
        edit = self.context.revision(request).edit
        if edit is None or edit.reference is None:
            raise NotFound("This step has no reference picture.")
        return Response(encode_png(edit.reference.pixels), media_type="image/png", headers=FOREVER)

    def step(self, request: Request) -> Response:
        """GET a small picture of a step for the history: what it repainted and the surroundings; else the whole."""
        revision = self.context.revision(request)
        picture = self.session.store.revisions.picture(revision.id)
        box = picture.box
        if revision.edit is not None and revision.parent is not None:
            box = edit_region(revision.edit, self.session.store.revisions.picture(revision.parent).box).bounds
        return Response(small_copies.step(picture, box), media_type="image/jpeg", headers=FOREVER)

    def preview(self, request: Request) -> Response:
        """GET the newest preview of a job, whichever serial the URL has, since older ones are gone; 204 when it has
        none any more.
        """
        data = self.session.store.progress.preview(request.path_params["revision"])
        if data is None:
            self.session.store.revisions.document_of(request.path_params["revision"])  # raises when there is none
            return Response(status_code=204, headers=NEVER)
        return Response(data, media_type="image/webp", headers=NEVER)

    def reblended(self, request: Request) -> Response:
        """GET a preview of a step with another blend; values that the query lacks stay as they are.

        No model runs, and nothing is stored. The header `Palimpsest-Box` says where the preview lies.
        """
        revision = self.context.revision(request)
        if revision.edit is None or revision.parent is None:
            raise InvalidInput("The opened picture is not an edit, so it has no blend to change.")
        blend = _blend(replace(revision.edit.blend, visible=True), request.query_params)
        edit = replace(revision.edit, blend=blend)
        before, store = self.session.store.revisions.picture(revision.parent), self.session.store
        after = laid_in(edit, before, self.context.model, partial(store.revisions.crop, revision.document))
        # the page draws it over the step as it is, so it must cover what the old blend changed too
        region = affected_region(edit, before.box).joined(affected_region(revision.edit, before.box))
        if region.box.empty:
            raise InvalidInput("This step only cropped the picture, so it has no blend to change.")
        box = region.bounds
        preview = Patch(box, np.dstack([after.read(box).pixels, after.opacity(box)]))
        headers = {"Palimpsest-Box": ",".join(map(str, box)), **NEVER}
        return Response(encode_preview(preview, region), media_type="image/webp", headers=headers)

    # files to download

    async def download(self, request: Request) -> Response:
        """GET a revision as a file, see `_download`."""
        picture = await run_in_threadpool(self.session.store.revisions.picture, request.path_params["revision"])
        return await large_work.run(picture.box.width * picture.box.height, self._download, request)

    def _download(self, request: Request) -> Response:
        """Exports a revision in any format of `Exports.write`.

        The query may have `side` and `dpi`, for a picture, `quality`, for lossy formats, `recipe=no`, to leave the
        recipe out of the file, and a `name` for the file.
        """
        revision, query = self.context.revision(request), request.query_params
        made_with = None if query.get("recipe") == "no" else self.context.models.made_with()
        export = partial(
            self.session.exports.write, revision.document, revision_id=revision.id, side=_whole(query, "side"),
            dpi=_number(query, "dpi"), quality=_whole(query, "quality"), made_with=made_with,
        )  # fmt: skip
        return self._exported(request, revision.document, export)

    async def sheet(self, request: Request) -> Response:
        """GET a contact sheet, see `_sheet`."""
        return await large_work.run(None, self._sheet, request)

    def _sheet(self, request: Request) -> Response:
        """Exports a contact sheet of the revisions in ?revisions=, ids separated by commas.

        Without them, of those from the opened picture to the one that is shown. The query may have `side`, `quality`
        and `name`, as for a picture.
        """
        document, query = self.context.document(request).id, request.query_params
        ids = [id for id in query.get("revisions", "").split(",") if id]
        options: dict[str, Any] = {
            name: value for name in ("side", "quality") if (value := _whole(query, name)) is not None
        }
        return self._exported(
            request, document, partial(self.session.exports.write_sheet, document, revision_ids=ids, **options)
        )

    async def timelapse(self, request: Request) -> Response:
        """GET a time-lapse, see `_timelapse`."""
        return await large_work.run(None, self._timelapse, request)

    def _timelapse(self, request: Request) -> Response:
        """Exports the steps to a revision as a time-lapse. The query may have `side`, `seconds` and `name`."""
        revision, query = self.context.revision(request), request.query_params
        options: dict[str, Any] = {"side": _whole(query, "side"), "seconds": _number(query, "seconds")}
        options = {name: value for name, value in options.items() if value is not None}
        export = partial(self.session.exports.write_timelapse, revision.document, revision_id=revision.id, **options)
        return self._exported(request, revision.document, export)

    def _exported(self, request: Request, document: str, export: Callable[..., object]) -> Response:
        """Returns the file that `export` writes to the path it is given as `to`."""
        suffix = f".{request.path_params['kind']}"
        with part_folder(Path(gettempdir()), "download") as folder:
            file = folder / f"picture{suffix}"
            try:
                export(to=file)
            except Unwritable:  # the name of a temporary file is nobody's business
                raise Unwritable(
                    "The file was not written: the server's disk for temporary files is full or refuses. Ask whoever "
                    "runs the server to make room there."
                ) from None
            data = file.read_bytes()
        return self._attachment(
            document, suffix, data, guess_type(file.name)[0] or "application/octet-stream", request.query_params
        )

    def recipe(self, request: Request) -> Response:
        """GET the recipe of a revision, to be applied to another picture."""
        revision = self.context.revision(request)
        recipe = self.session.exports.recipe(revision.document, self.context.models.made_with(), revision.id)
        return self._attachment(revision.document, ".json", recipe.to_json().encode(), "application/json", {})

    def _attachment(
        self, document: str, suffix: str, data: bytes, media_type: str, query: Mapping[str, str]
    ) -> Response:
        """Returns a file to download, called `name` in the query, or as the document."""
        name = safe_name(query.get("name") or self.session.store.documents.get(document).name)
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name + suffix, safe='')}", **NEVER}
        return Response(data, media_type=media_type, headers=headers)


def _whole(query: Mapping[str, str], name: str) -> int | None:
    """Returns a whole number in a query, None when it has none of this name; raises InvalidInput for other text."""
    text = query.get(name)
    if text is not None and not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise InvalidInput(f"The {name} must be a whole number, not {text[:80]!r}.")
    return None if text is None else int(text)


def _number(query: Mapping[str, str], name: str) -> float | None:
    """Returns a number in a query, likewise."""
    text = query.get(name)
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f"The {name} must be a number, not {text[:80]!r}.") from None


def _blend(blend: Blend, query: Mapping[str, str]) -> Blend:
    """Returns a blend with the values in a query; `Blend` raises InvalidInput for values that it does not allow."""
    values: dict[str, Any] = {}
    for field in fields(Blend):
        if field.name in query:
            try:
                values[field.name] = json.loads(query[field.name])
            except (ValueError, RecursionError):
                values[field.name] = query[field.name]
    return replace(blend, **values)
