"""What the API's tools need of the document that they are given: `Access` for calls that have no address."""

from asyncio import CancelledError
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from inspect import signature
from typing import Any

from editor.store.blobs import NotFound
from editor.web.access import Access, Rule
from editor.web.context import AppContext, NotAllowed
from editor.web.job_stream import NoResult
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
# what becomes of a call; cancelled: who made it did not wait for the end
DONE, REFUSED, FAILED, CANCELLED = "done", "refused", "failed", "cancelled"
UNLOGGED = ("documents", "adapters", "describe", "look", "select")  # unless they are refused


class ToolAccess:
    """Decides about calls of tools, and logs them."""

    def __init__(self, context: AppContext) -> None:
        self.access, self.accounts = Access(context), context.accounts

    @contextmanager
    def logged(self, tool: Callable[..., Any], values: Sequence[Any]) -> Iterator["ToolCall"]:
        """Yields a call of a tool, and logs it with what has become of it once the block ends."""
        call = ToolCall(self, tool, values)
        outcome = DONE
        try:
            yield call
        except (GeneratorExit, CancelledError):
            outcome = CANCELLED
            raise
        except Exception as error:
            refused = isinstance(error, UserError) and not isinstance(error, (NoResult, OSError))
            outcome = REFUSED if refused else FAILED
            raise
        finally:
            call.log(outcome)


class ToolCall:
    """A call of a tool, by the user of the request that is being answered."""

    def __init__(self, access: ToolAccess, tool: Callable[..., Any], values: Sequence[Any]) -> None:
        self.access, self.accounts = access.access, access.accounts
        self.name, self.user = tool.__name__, current_user()
        self._named = dict(zip(signature(tool).parameters, values, strict=False))
        self._document, self._status = str(self._named.get("document", "")), 200

    def check(self) -> None:
        """Checks that the user may call the tool with these arguments.

        Raises:
            NotFound: the user may not know of the document.
            NotAllowed: the user may only look at it.
            TooManyUploads: the user must wait first.
            OverQuota: the user has as much as one may have.
        """
        if self.accounts is None:
            return
        try:
            if self.user is None or self.name not in RULES:
                raise NotAllowed("You are not signed in, so you may not call this tool.")
            if self._document:
                self.access.check(self.user, self._document, RULES[self.name])
            if self.name in UPLOADS:
                self.access.admit_upload(self.user)
        except UserError as error:
            self._status = 404 if isinstance(error, NotFound) else 403 if isinstance(error, NotAllowed) else 429
            raise

    def log(self, outcome: str) -> None:
        """Adds the call to the audit log, where there is one and the call is one that it has."""
        audit = None if self.accounts is None else self.accounts.audit
        if audit is not None and (self._status != 200 or self.name not in UNLOGGED):
            prompt = self._named.get("prompt")
            audit.add(
                None if self.user is None else self.user.shown, self.name, self._document or None, self._status,
                prompt if isinstance(prompt, str) else None, outcome,
            )  # fmt: skip
