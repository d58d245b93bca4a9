"""The editor's own routes. Browsers hold ids, the store the truth, and every failure is a sentence in JSON."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from editor.formats.targets import Unwritable
from editor.store.blobs import NotFound
from editor.store.database import StorageError
from editor.store.queue import Moved
from editor.store.quotas import OverQuota
from editor.web.access import Access, Rule
from editor.web.accounts import TooManyUploads
from editor.web.addresses import PREFIX
from editor.web.context import AppContext, Busy, Loading, NotAllowed
from editor.web.failures import failure, fault
from editor.web.modules import modules
from editor.web.routes.adjustments import Adjustments
from editor.web.routes.documents import Documents
from editor.web.routes.edits import Edits
from editor.web.routes.layers import Layers
from editor.web.routes.library import LibraryRoutes
from editor.web.routes.live import Live
from editor.web.routes.masks import Masks
from editor.web.routes.models import Models
from editor.web.routes.pictures import Pictures
from editor.web.routes.pieces import Pieces
from editor.web.state import DocumentStates
from editor.web.threads import writing
from editor.web.users import user_in
from editor.web.wire import NEVER, TooLarge
from pipelines.errors import UserError


def routes(context: AppContext) -> list[Mount]:
    """All that lies under PREFIX: the canvas's modules, and an app which answers for documents and pixels."""
    states = DocumentStates(context)
    documents, edits, masks = Documents(context, states), Edits(context, states), Masks(context)
    pictures, pieces, models = Pictures(context), Pieces(context, states), Models(context)
    adjustments, layers = Adjustments(context), Layers(context, states)
    library, live = LibraryRoutes(context), Live(context, edits)
    access = Access(context)
    app = Starlette(
        routes=[
            *access.ruled(
                Rule.ANYONE,
                [
                    Route("/user", _user),
                    Route("/samples", documents.list_samples),
                    Route("/samples/{name}", documents.sample),
                    Route("/documents", documents.gallery),
                    # whoever knows a digest has seen a picture with the tile
                    Route("/tiles/{digest}", pictures.tile),
                    Route("/hint", models.hint),
                    Route("/model", models.model),
                    Route("/kinds/{version}/{file}", models.kinds),
                    Route("/adapters", models.adapters),
                    Route("/models", library.list_models),
                    Route("/models/look-up", library.look_up),
                ],
            ),
            *access.ruled(
                Rule.ANYONE,
                [
                    Route("/samples/{name}/open", writing(documents.open_sample), methods=["POST"]),
                    Route("/documents", documents.open_file, methods=["POST"]),
                    Route("/blank", writing(documents.blank), methods=["POST"]),
                ],
                uploads=True,
                logged=True,
            ),
            *access.ruled(
                Rule.ANYONE,
                [
                    Route(f"/models/{name}", route, methods=["POST"])
                    for name, route in (
                        ("download", library.download),
                        ("pause", library.pause),
                        ("cancel", library.cancel),
                        ("token", library.set_token),
                        ("key", library.set_key),
                        ("add", library.add),
                        ("remove", library.remove),
                        ("default", library.set_default),
                    )
                ],
                logged=True,
            ),
            *access.ruled(
                Rule.LOOK,
                [
                    Route("/documents/{document}", documents.state),
                    Route("/documents/{document}/thumbnail", documents.thumbnail),
                    Route("/documents/{document}/tree", documents.tree),
                    Route("/documents/{document}/metadata", documents.metadata),
                    Route("/documents/{document}/credentials", documents.credentials),
                    Route("/documents/{document}/plan", edits.plan, methods=["POST"]),
                    Route("/documents/{document}/amend/{revision}", edits.replayed),
                    Route("/documents/{document}/layers", layers.list_layers),
                    Route("/documents/{document}/layers/forecast", layers.forecast, methods=["POST"]),
                    Route("/documents/{document}/adjusted", adjustments.view, methods=["POST"]),
                    Route("/documents/{document}/select", masks.select, methods=["POST"]),
                    Route("/documents/{document}/cut-out", masks.cut_out, methods=["POST"]),
                    Route("/documents/{document}/mask", masks.change, methods=["POST"]),
                    Route("/documents/{document}/mask-file", masks.read, methods=["POST"]),
                    Route("/documents/{document}/picture-file", pieces.read, methods=["POST"]),
                    Route("/revisions/{revision}/manifest", pictures.manifest),
                    Route("/revisions/{revision}/overview", pictures.overview),
                    Route("/revisions/{revision}/mask", pictures.mask),
                    Route("/revisions/{revision}/reference", pictures.reference),
                    Route("/revisions/{revision}/step", pictures.step),
                    Route("/revisions/{revision}/reblended", pictures.reblended),
                    Route("/previews/{revision}/{serial}", pictures.preview),
                ],
            ),
            *access.ruled(
                Rule.LOOK,
                [
                    Route("/revisions/{revision}/recipe", pictures.recipe),
                    Route("/revisions/{revision}/picture.{kind}", pictures.download),
                    Route("/revisions/{revision}/timelapse.{kind}", pictures.timelapse),
                    Route("/documents/{document}/sheet.{kind}", pictures.sheet),
                ],
                logged=True,
            ),
            *access.ruled(
                Rule.LOOK,
                [
                    Route("/documents/{document}/duplicate", writing(documents.duplicate), methods=["POST"]),
                ],
                uploads=True,
                logged=True,
            ),
            *access.ruled(
                Rule.EDIT,
                [
                    Route("/documents/{document}/name", documents.name, methods=["POST"]),
                    Route("/documents/{document}/delete", writing(documents.delete), methods=["POST"]),
                    Route("/documents/{document}/restore", writing(documents.restore), methods=["POST"]),
                    Route("/documents/{document}/undo", writing(documents.undo), methods=["POST"]),
                    Route("/documents/{document}/redo", writing(documents.redo), methods=["POST"]),
                    Route("/documents/{document}/checkout/{revision}", writing(documents.checkout), methods=["POST"]),
                    Route("/documents/{document}/rename/{revision}", documents.rename, methods=["POST"]),
                    Route("/documents/{document}/star/{revision}", writing(documents.star), methods=["POST"]),
                    Route("/documents/{document}/unstar/{revision}", writing(documents.unstar), methods=["POST"]),
                    Route("/documents/{document}/discard/{revision}", writing(documents.discard), methods=["POST"]),
                    Route("/documents/{document}/recover/{revision}", writing(documents.recover), methods=["POST"]),
                    Route("/documents/{document}/edits", edits.submit, methods=["POST"]),
                    Route("/documents/{document}/amend/{revision}", edits.amend, methods=["POST"]),
                    Route("/documents/{document}/reblend/{revision}", edits.reblend, methods=["POST"]),
                    Route("/documents/{document}/layers", layers.rearrange, methods=["POST"]),
                    Route("/documents/{document}/crop", edits.crop, methods=["POST"]),
                    Route("/documents/{document}/again", edits.again, methods=["POST"]),
                    Route("/documents/{document}/queue", edits.queue, methods=["POST"]),
                    Route("/documents/{document}/cancel/{revision}", writing(edits.cancel), methods=["POST"]),
                    Route("/documents/{document}/paste", pieces.paste, methods=["POST"]),
                ],
                logged=True,
            ),
            # nothing of it is stored, and there is one for each letter that is typed
            *access.ruled(Rule.EDIT, [Route("/documents/{document}/live", live.paint, methods=["POST"])]),
            *access.ruled(
                Rule.OWN,
                [
                    Route("/documents/{document}/share", documents.share, methods=["POST"]),
                ],
                logged=True,
            ),
        ],
        exception_handlers={
            404: _nothing,
            NotFound: failure(404),
            Moved: failure(409),
            TooLarge: failure(413),
            Loading: failure(503),
            Busy: failure(503),
            NotAllowed: failure(403),
            TooManyUploads: failure(429),
            OverQuota: failure(429),
            StorageError: failure(507),
            Unwritable: failure(507),
            UserError: failure(400),
            OSError: failure(507),
            Exception: fault,
        },
    )
    return [modules(), Mount(PREFIX, app)]


async def _user(request: Request) -> Response:
    """GET: whether the user `signs_out` here: who was signed in by a proxy does so there, and a program need not."""
    user = user_in(request.scope)
    return JSONResponse({"signs_out": user is not None and user.session is not None}, headers=NEVER)


async def _nothing(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "There is no document and no picture at this address."}, 404, headers=NEVER)
