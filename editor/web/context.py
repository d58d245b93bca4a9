"""AppContext: what every route needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request

from editor.edits.removal import COPIES, SPREADS, Choice, choose_model
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask
from editor.models_process import Models
from editor.session import Session
from editor.store.blobs import NotFound
from editor.store.documents import Document
from editor.store.revisions import Revision
from editor.web.addresses import Addresses
from pipelines.base import PipelineInfo
from pipelines.errors import InvalidInput


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

    @property
    def listed(self) -> dict[str, str]:
        """The models to show: without OpenCV's inpainting, which stands in for PatchMatch, where that is installed."""
        return {name: shown for name, shown in self.names.items() if name != SPREADS or COPIES not in self.names}

    def removal(self, picture: Picture, mask: Mask, kind: Any = None) -> Choice:
        """Chooses the model to remove what is under a mask, see `choose_model`."""
        return choose_model(picture, mask, self.names, self.default, kind)

    def check_model(self, name: object) -> None:
        """Raises InvalidInput unless there is a model of this name to choose."""
        if name not in [*self.names]:
            raise InvalidInput(f"There is no model {name!r} here. The models are: {', '.join(self.names)}.")

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
