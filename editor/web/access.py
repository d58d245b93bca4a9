"""Access: what a user may do with a document. Every route and every tool of the API has a rule, and asks here.

A document without an owner is everybody's who knows its address. Any other its owner may do everything with, and others
what it is shared to: nothing, looking, or editing. To who may not even look there is no such document.
"""

from collections.abc import Sequence
from enum import Enum

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from editor.store.blobs import NotFound
from editor.store.documents import EDIT, NOBODY
from editor.web.context import AppContext, NotAllowed
from editor.web.gate import entry_in
from editor.web.users import User, user_in

ONLY_LOOK = (
    "This document is somebody else's, who lets you look at it and not change it. Ask its owner to share it for "
    "editing, or duplicate it and change your copy."
)
ONLY_OWNER = "Only the owner of a document says who else may look at it or edit it."


class Rule(Enum):
    """What a request needs of the document that it names."""

    ANYONE = "anyone"  # it names none: whoever is signed in
    LOOK = "look"
    EDIT = "edit"
    OWN = "own"


class Access:
    """Decides about requests."""

    def __init__(self, context: AppContext) -> None:
        self.context, self.store = context, context.session.store

    def check(self, user: User | None, document: str, rule: Rule) -> None:
        """Checks that a user may do something with a document.

        Raises:
            NotFound: the user may not know of it.
            NotAllowed: the user may only look at it.
        """
        if self.context.accounts is None or rule is Rule.ANYONE:
            return
        sharing = self.store.documents.sharing(document)
        if sharing is None:  # the route itself says so
            return
        if user is not None and (sharing.owner is None or sharing.owner == user.name):
            return
        if user is None or sharing.shared == NOBODY:
            raise NotFound(f"There is no document {document!r} here. Its address is wrong, or it is not shared to you.")
        if rule is Rule.OWN:
            raise NotAllowed(ONLY_OWNER)
        if rule is Rule.EDIT and sharing.shared != EDIT:
            raise NotAllowed(ONLY_LOOK)

    def admit_upload(self, user: User | None) -> None:
        """Counts an upload, and checks that its user may have another document, before the upload is read.

        Raises:
            TooManyUploads: the user must wait first.
            OverQuota: the user has as much as one may have.
        """
        if self.context.accounts is not None and user is not None:
            self.context.accounts.uploads.admit(user)
            self.store.quotas.check_document(user.name)

    def document_of(self, revision: str) -> str | None:
        """Returns the id of a revision's document, deleted or not; None when there is no such revision."""
        try:
            return str(self.store.revisions.columns("document", revision)[0])
        except NotFound:
            return None

    def ruled(
        self, rule: Rule, routes: Sequence[Route], uploads: bool = False, logged: bool = False
    ) -> Sequence[Route]:
        """Returns routes that keep a rule; without accounts the routes as they are.

        Args:
            rule: what they need of the document, or the revision, in their path.
            routes: the routes.
            uploads: whether they count as uploads.
            logged: whether the audit log has them even when they are not refused.
        """
        if self.context.accounts is None:
            return routes

        def checked(route: Route) -> Route:
            check = Middleware(_Ruled, access=self, rule=rule, path=route.path, uploads=uploads, logged=logged)
            return Route(route.path, route.endpoint, methods=_methods(route), name=route.name, middleware=[check])

        return [checked(route) for route in routes]


class _Ruled:
    """ASGI middleware around one route."""

    def __init__(self, app: ASGIApp, access: Access, rule: Rule, path: str, uploads: bool, logged: bool) -> None:
        self.app, self.access, self.rule, self.path = app, access, rule, path
        self.uploads, self.logged = uploads, logged

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, user, entry = scope["path_params"], user_in(scope), entry_in(scope)
        action = f"{scope['method']} {self.path}"
        entry.action = action if self.logged else ""
        try:
            entry.document = await run_in_threadpool(self._check, path, user)
        except (NotFound, NotAllowed):
            entry.action, entry.document = action, path.get("document", path.get("revision"))
            raise
        await self.app(scope, receive, send)

    def _check(self, path: dict[str, str], user: User | None) -> str | None:
        document = path.get("document")
        if document is not None:
            self.access.check(user, document, self.rule)
        if "revision" in path and (of := self.access.document_of(path["revision"])) is not None:
            self.access.check(user, of, self.rule)
            document = document or of
        if self.uploads:
            self.access.admit_upload(user)
        return document


def _methods(route: Route) -> list[str]:
    return sorted(route.methods or ()) or ["GET"]
