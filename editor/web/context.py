"""AppContext: what every answer stands on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request

from editor.models_process import Models
from editor.session import Session
from editor.store.blobs import NotFound
from editor.store.documents import Document
from editor.store.revisions import Revision
from editor.web.addresses import Addresses
from pipelines.base import PipelineInfo
from pipelines.errors import InvalidInput


class Loading(InvalidInput):
    """A question about a model that is still being loaded; the message is a sentence."""


@dataclass(frozen=True, eq=False)
class AppContext:
    session: Session
    models: Models  # what answers for them
    names: Mapping[str, str]  # of the models that may be chosen, and what the page calls each
    default: str  # the one that is taken where none is named
    samples: Path  # a folder of pictures to start from
    addresses: Addresses  # by which the server is called

    @property
    def list_all_documents(self) -> bool:
        """Whether whoever asks is shown every document there is: only this machine reaches the server."""
        return self.addresses.local and not self.addresses.public

    def document(self, request: Request) -> Document:
        """The document a path names."""
        return self.session.store.documents.get(request.path_params["document"])

    def revision(self, request: Request) -> Revision:
        """The revision a path names; if the path names a document too, it must be its own."""
        revision = self.session.store.revisions.get(request.path_params["revision"])
        if request.path_params.get("document", revision.document) != revision.document:
            raise NotFound(f"The document has no revision {revision.id!r}.")
        return revision

    def check_model(self, name: object) -> None:
        """InvalidInput unless the model of this name is one of those that may be chosen."""
        if name not in [*self.names]:
            raise InvalidInput(f"There is no model {name!r} here; there is {', '.join(self.names)}.")

    def model(self, name: str) -> PipelineInfo:
        """What one of the models that may be chosen here says of itself. Loading while that is not known yet;
        InvalidInput when there is none of this name, or it cannot be loaded.
        """
        self.check_model(name)
        if (info := self.models.info(name)) is None:
            raise Loading(f"{name} is being loaded: ask again in a moment.")
        return info
