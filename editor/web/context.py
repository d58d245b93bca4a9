"""AppContext: what every route needs."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from starlette.requests import Request

from editor.edits.removal import COPIES, SPREADS, Removers
from editor.models_process import Died, Models
from editor.object_selector import Selection
from editor.session import Session
from editor.store.blobs import NotFound
from editor.store.documents import Document
from editor.store.revisions import Revision
from editor.web.accounts import Accounts
from editor.web.addresses import LOOPBACK, Addresses
from editor.web.ending import Ending
from editor.web.traffic import Traffic
from editor.web.users import current_user
from pipelines.base import Adapter, PipelineInfo
from pipelines.errors import InvalidInput
from pipelines.library import Library
from pipelines.selection.prompt import Prompt

HINT_TIMEOUT = 2.0  # seconds to wait for a hint: the model may be busy
SELECT_LIMIT = 20.0  # seconds for an answer about an object, which takes a fraction of one on an idle machine


class Loading(InvalidInput):
    """The model is still loading."""


class Busy(InvalidInput):
    """The server has too much to do."""


class NotAllowed(InvalidInput):
    """Only the operator may do that."""


# headers that proxies add
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-prefix", "x-real-ip", "via")


@dataclass(frozen=True, eq=False)
class AppContext:
    """What every route needs."""

    session: Session
    models: Models  # the models' process
    library: Library  # the models of this machine, and those that are being fetched
    samples: Path  # a folder of pictures to start from
    addresses: Addresses  # the names of the server
    ending: Ending = field(default_factory=Ending)  # how far it is on its way to its end
    traffic: Traffic = field(default_factory=Traffic)  # the requests that it answers
    accounts: Accounts | None = None  # None: nobody is asked to sign in

    @property
    def names(self) -> Mapping[str, str]:
        """The models to choose from by now, each with its name on the page."""
        return self.library.names()

    @property
    def default(self) -> str:
        """The model to use when a request names none."""
        return self.library.pipeline

    @property
    def list_all_documents(self) -> bool:
        """Whether anybody may list all documents: only when no other machine reaches the server."""
        return self.addresses.local and not self.addresses.public

    @property
    def owner(self) -> str | None:
        """The user whose a document is that the request being answered creates; None for everybody."""
        user = current_user()
        return None if user is None else user.name

    def is_operator(self, request: Request) -> bool:
        """Tells whether a request comes from whoever runs the server, who may change its models.

        Nobody is whom a proxy has signed in. Where only this machine reaches the server, anyone there is, if nobody has
        to sign in. Otherwise it is who asks from this machine by its name there, and no proxy: a proxy's requests all
        come from its own address. Where `--public-host` says that there is a proxy, nobody is.
        """
        if self.owner is not None:
            return False
        if self.list_all_documents and self.accounts is None:
            return True
        host = (request.url.hostname or "").lower()
        address = request.client.host if request.client else ""
        direct = not any(name in request.headers for name in FORWARDED)
        return not self.addresses.public and direct and host in LOOPBACK and address in LOOPBACK

    def check_operator(self, request: Request) -> None:
        """Raises NotAllowed unless a request comes from whoever runs the server."""
        if not self.is_operator(request):
            raise NotAllowed(
                "Only whoever runs this server may change its models: on its own machine, at http://localhost, or by "
                "`python app.py models` there."
            )

    def document(self, request: Request) -> Document:
        """Returns the document in a request's path; raises NotFound when there is none."""
        return self.session.store.documents.get(request.path_params["document"])

    def revision(self, request: Request) -> Revision:
        """Returns the revision in a request's path.

        Raises:
            NotFound: there is no such revision, or it does not belong to the document in the path.
        """
        revision = self.session.store.revisions.get(request.path_params["revision"])
        if request.path_params.get("document", revision.document) != revision.document:
            raise NotFound(f"The document has no revision {revision.id!r}.")
        return revision

    @property
    def listed(self) -> dict[str, str]:
        """The models to show: without OpenCV's inpainting, which stands in for PatchMatch, where that is installed."""
        return {name: shown for name, shown in self.names.items() if name != SPREADS or COPIES not in self.names}

    @property
    def removers(self) -> Removers:
        """What the model that removes is chosen from."""
        return Removers(self.names, self.default, self.models.info)

    def check_model(self, name: object) -> None:
        """Raises InvalidInput unless there is a model of this name to choose."""
        names = [*self.names]
        if name not in names:
            raise InvalidInput(f"There is no model {name!r} here. The models are: {', '.join(names)}.")

    def check_adapters(self, adapters: Sequence[Adapter]) -> None:
        """Raises InvalidInput unless all adapters are on this machine's list: no other file is ever opened."""
        if not adapters:
            return
        names = self.library.adapter_names()
        for adapter in adapters:
            if adapter.name not in names:
                raise InvalidInput(
                    f"There is no adapter {adapter.name[:200]!r} here. Lay its file into the folder adapters in the "
                    "data folder, or start Palimpsest with --adapter and its name."
                )

    async def select(self, revision: str, prompt: Prompt) -> Selection:
        """Asks the models' process where an object is.

        Raises:
            Loading: it does not answer in time: it is being started, or has too much to do.
            InvalidInput: the model or the picture cannot be read.
        """

        async def ask() -> Selection:
            return await asyncio.wait_for(asyncio.wrap_future(self.models.select(revision, prompt)), SELECT_LIMIT)

        try:
            try:
                return await ask()
            except Died:  # its successor is asked
                return await ask()
        except TimeoutError as error:
            raise Loading("The object selector does not answer yet. Try again in a moment.") from error

    async def hint(self, name: str, prompt: str) -> str:
        """Returns what a model says of a prompt, see `Pipeline.hint`.

        Raises:
            TimeoutError: it is busy.
            InvalidInput: it cannot be loaded.
        """
        return await asyncio.wait_for(asyncio.wrap_future(self.models.hint(name, prompt)), HINT_TIMEOUT)

    def model(self, name: str) -> PipelineInfo:
        """Returns the info of a model.

        Raises:
            Loading: the model is still loading.
            InvalidInput: there is no such model, or it cannot be loaded.
        """
        self.check_model(name)
        if (info := self.models.info(name)) is None:
            raise Loading(f"{name} is still loading. Try again in a moment.")
        return info
