"""The study's server: a page on which people compare pictures, and nothing else. The editor is not in it.

Whoever has the study's link may answer. Results and closing are the operator's, on the command line.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from editor.imaging.limits import MAX_NAME_BYTES
from editor.store.blobs import NotFound
from editor.store.database import StorageError
from editor.store.store import Store
from editor.store.studies import UNDONE, Answer, Closed
from editor.study.comparisons import CHOICES, MATCH, Comparison, plan
from editor.study.pictures import encoded
from editor.study.study import Study
from editor.web.addresses import PREFIX, Addresses, name_for_others
from editor.web.failures import failure, fault
from editor.web.modules import MODULES, modules
from editor.web.plain_page import plain_page
from editor.web.security import Guard
from editor.web.threads import run_in_writer
from editor.web.wire import NEVER, TooLarge, read_body, read_json, require_keys
from pipelines.errors import InvalidInput, UserError

TOKEN = re.compile(r"[0-9a-f]{32}")  # a rater's, and an answer's
MIN_MILLISECONDS = 700  # between both pictures and an answer; who is faster has not looked
MAX_MILLISECONDS = 2**31 - 1  # what the database holds; 25 days
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# relative, as the whole page: a proxy may have it under any path
HEAD = f"""<link rel="icon" href="../../{MODULES}icon.svg">
<link rel="stylesheet" href="../../{MODULES}canvas.css">
<link rel="stylesheet" href="../../{MODULES}study/study.css">
<script type="module" src="../../{MODULES}study/study.js"></script>"""

log = logging.getLogger(__name__)


class StudyRoutes:
    """Routes of one study."""

    def __init__(self, store: Store, study: Study) -> None:
        self.store, self.study = store, study

    def page(self, request: Request) -> Response:
        """GET: the page, the same for everybody."""
        self._check(request)
        return plain_page("en", "Palimpsest", HEAD, '<div class="palimpsest study"></div>', POLICY)

    def state(self, request: Request) -> Response:
        """GET: the person's `comparisons` in order, the numbers of those `answered`, whether the study is `closed`, and
        the least and most `milliseconds` of an answer.

        A comparison has its `question`, the `prompt` where that is asked about, and the tokens of its `pictures`, left
        and right. Nothing says which are checks.
        """
        comparisons, rater = self._plan(request), request.path_params["rater"]
        answered = sorted(answer.comparison for answer in self.store.studies.answers(self.study.id, rater))
        state = {
            "comparisons": [self._shown(comparison) for comparison in comparisons],
            "answered": answered,
            "closed": self.store.studies.closed(self.study.id),
            "milliseconds": [MIN_MILLISECONDS, MAX_MILLISECONDS],
        }
        return JSONResponse(state, headers=NEVER)

    def _shown(self, comparison: Comparison) -> dict[str, Any]:
        prompt = self.study.pairs[comparison.pair].prompt if comparison.question == MATCH else None
        return {"question": comparison.question, "prompt": prompt, "pictures": comparison.tokens}

    def picture(self, request: Request) -> Response:
        """GET: a picture of the person's plan, by its token."""
        token = request.path_params["picture"]
        for comparison in self._plan(request):
            for name, shown in zip(comparison.tokens, (comparison.left, comparison.right), strict=True):
                if name == token:
                    try:
                        data = encoded(self.study, shown)
                    except (OSError, UserError) as error:  # whose sentence has the file's name
                        log.error("%s", error)
                        raise InvalidInput(
                            "A picture of this study cannot be read any more. Tell whoever sent you the link."
                        ) from None
                    return Response(data, media_type="image/webp", headers=NEVER)
        raise NotFound("There is no such picture.")

    async def answer(self, request: Request) -> Response:
        """POST {token, comparison, choice, milliseconds}: stores an answer; the same token once more changes nothing.

        `choice` is "left", "right", "tie" or "undone", `milliseconds` the time since both pictures were shown.
        """
        fields = read_json(await read_body(request, MAX_NAME_BYTES, "An answer"), "An answer")
        await run_in_writer(self._add, request, fields)
        return JSONResponse({}, headers=NEVER)

    def _add(self, request: Request, fields: Mapping[str, Any]) -> None:
        self.store.studies.add(self._answer(request, fields))

    def _answer(self, request: Request, fields: Mapping[str, Any]) -> Answer:
        comparisons, rater = self._plan(request), request.path_params["rater"]
        require_keys(fields, ("token", "comparison", "choice", "milliseconds"), "An answer")
        token, number, choice, milliseconds = (
            fields[name] for name in ("token", "comparison", "choice", "milliseconds")
        )
        if not (isinstance(token, str) and TOKEN.fullmatch(token)):
            raise InvalidInput("An answer's token must have 32 hexadecimal digits.")
        if not (type(number) is int and 0 <= number < len(comparisons)):
            raise InvalidInput(f"An answer's comparison must be a number from 0 to {len(comparisons) - 1}.")
        if choice not in (*CHOICES, UNDONE):
            raise InvalidInput(f"An answer's choice must be one of {', '.join((*CHOICES, UNDONE))}.")
        least = 0 if choice == UNDONE else MIN_MILLISECONDS
        if not (type(milliseconds) is int and least <= milliseconds <= MAX_MILLISECONDS):
            raise InvalidInput(
                f"An answer's milliseconds must be a whole number from {least} to {MAX_MILLISECONDS}. Look at both"
                " pictures first."
            )
        each = comparisons[number]
        left_arm = each.left.arm
        return Answer(
            token, self.study.id, rater, number, each.question, each.kind, each.pair, left_arm, each.expected, choice,
            milliseconds,
        )  # fmt: skip

    def _plan(self, request: Request) -> tuple[Comparison, ...]:
        """Returns the plan of the person in the path; raises NotFound for a token that no page makes."""
        self._check(request)
        if not TOKEN.fullmatch(rater := request.path_params["rater"]):
            raise NotFound("There is nobody of this name. Open the study's link again.")
        return plan(self.study, rater)

    def _check(self, request: Request) -> None:
        if request.path_params["study"] != self.study.id:
            raise NotFound("There is no such study. Open the whole link that you were sent.")


def study_app(store: Store, study: Study, addresses: Addresses) -> Starlette:
    """Returns the app that serves a study."""
    routes = StudyRoutes(store, study)
    app = Starlette(
        routes=[
            Route("/study/{study}", routes.page),
            Route("/study/{study}/{rater}", routes.state),
            Route("/study/{study}/{rater}/pictures/{picture}", routes.picture),
            Route("/study/{study}/{rater}/answers", routes.answer, methods=["POST"]),
        ],
        exception_handlers={
            404: _nothing,
            NotFound: failure(404),
            Closed: failure(409),
            TooLarge: failure(413),
            StorageError: failure(507),
            UserError: failure(400),
            OSError: failure(507),
            Exception: fault,
        },
    )
    return Starlette(
        routes=[modules(), Mount(PREFIX, app)],
        middleware=[Middleware(Guard, addresses=addresses)],
        exception_handlers={404: _nothing},
    )


async def _nothing(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "There is nothing here. Open the whole link of the study."}, 404, headers=NEVER)


def link(study: Study, addresses: Addresses, host: str, port: int) -> str:
    """Returns the link of a study, which is all that a person needs to answer, on another machine too."""
    host = name_for_others(host)
    public = next(iter(sorted(addresses.public)), "")
    site = f"https://{public}" if public else f"http://{f'[{host}]' if ':' in host else host}:{port}"
    return f"{site}{addresses.root_path}{PREFIX}/study/{study.id}"


def serve_study(store: Store, study: Study, addresses: Addresses, host: str, port: int) -> None:
    """Serves a study until it is interrupted."""
    uvicorn.run(
        study_app(store, study, addresses), host=host, port=port, lifespan="off", log_level="warning",
        server_header=False, access_log=False,
    )  # fmt: skip
