"""AppContext: what every route needs."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request

from editor.models_process import Died, Models
from editor.object_selector import Selection
from editor.session import Session
from editor.store.blobs import NotFound
from editor.store.documents import Document
from editor.store.revisions import Revision
from editor.web.addresses import Addresses
from pipelines.base import PipelineInfo
from pipelines.errors import InvalidInput
from pipelines.selection.prompt import Prompt

SELECT_LIMIT = 20.0  # seconds for an answer about an object, which takes a fraction of one on an idle machine


class Loading(InvalidInput):
    """The model is still loading."""


@dataclass(frozen=True, eq=False)
class AppContext:
    """What every route needs."""

    session: Session
    models: Models  # the models' process
    names: Mapping[str, str]  # the models to choose from, each with its name on the page
    default: str  # the model to use when a request names none
    samples: Path  # a folder of pictures to start from
    addresses: Addresses  # the names of the server

    @property
    def list_all_documents(self) -> bool:
        """Whether anybody may list all documents: only when no other machine reaches the server."""
        return self.addresses.local and not self.addresses.public

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

    def check_model(self, name: object) -> None:
        """Raises InvalidInput unless there is a model of this name to choose."""
        if name not in [*self.names]:
            raise InvalidInput(f"There is no model {name!r} here. The models are: {', '.join(self.names)}.")

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
