"""What the API's tools need of the document that they are given: `Access` for calls that have no address."""

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

from editor.store.blobs import NotFound
from editor.web.access import Access, Rule
from editor.web.context import AppContext, NotAllowed
from editor.web.users import current_user
from pipelines.errors import UserError

# a tool that is missing here is refused to everybody
RULES = {
    "documents": Rule.ANYONE, "adapters": Rule.ANYONE, "open": Rule.ANYONE, "blank": Rule.ANYONE,
    "describe": Rule.LOOK, "look": Rule.LOOK, "select": Rule.LOOK,
    "undo": Rule.EDIT, "redo": Rule.EDIT, "checkout": Rule.EDIT, "edit": Rule.EDIT, "remove": Rule.EDIT,
    "expand": Rule.EDIT, "crop": Rule.EDIT, "adjust": Rule.EDIT, "layer": Rule.EDIT,
    "share": Rule.OWN,
}  # fmt: skip
UPLOADS = ("open", "blank")
UNLOGGED = ("documents", "adapters", "describe", "look", "select")  # unless they are refused


class ToolAccess:
    """Decides about calls of tools, and logs them."""

    def __init__(self, context: AppContext) -> None:
        self.access, self.accounts = Access(context), context.accounts

    def check(self, tool: Callable[..., Any], values: Sequence[Any]) -> None:
        """Checks that the user may call a tool with these arguments.

        Raises:
            NotFound: the user may not know of the document.
            NotAllowed: the user may only look at it.
            TooManyUploads: the user must wait first.
            OverQuota: the user has as much as one may have.
        """
        if self.accounts is None:
            return
        user, name = current_user(), tool.__name__
        named = dict(zip(signature(tool).parameters, values, strict=False))
        document, status = str(named.get("document", "")), 200
        try:
            if user is None or name not in RULES:
                raise NotAllowed("You are not signed in, so you may not call this tool.")
            if document:
                self.access.check(user, document, RULES[name])
            if name in UPLOADS:
                self.access.admit_upload(user)
        except UserError as error:
            status = 404 if isinstance(error, NotFound) else 403 if isinstance(error, NotAllowed) else 429
            raise
        finally:
            if self.accounts.audit is not None and (status != 200 or name not in UNLOGGED):
                prompt = named.get("prompt")
                self.accounts.audit.add(
                    None if user is None else user.shown, name, document or None, status,
                    prompt if isinstance(prompt, str) else None,
                )  # fmt: skip
