"""The editor's tools as `gr.api` endpoints, which are tools of MCP too where the server speaks that."""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from functools import wraps
from inspect import signature
from typing import Any, get_type_hints

import gradio as gr
from gradio.events import api
from gradio.route_utils import FnIndexInferError
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from editor.web.api_tools import Answer, ApiTools, Steps
from editor.web.context import AppContext
from editor.web.shown_files import Shown
from pipelines.errors import InvalidInput, UserError

KINDS: dict[Any, str] = {
    str: "text", int: "a whole number", float: "a number", bool: "true or false", int | None: "a whole number or null",
    float | None: "a number or null",
    list[int]: "a list of whole numbers", list[int] | None: "a list of whole numbers or null",
}  # fmt: skip


def publish(context: AppContext, shown: Shown) -> None:
    """Add the tools to the Blocks that are being built. shown: what the pictures in answers are added to."""
    tools = ApiTools(context, shown)
    answered: list[Callable[..., Any]] = [
        tools.open, tools.blank, tools.describe, tools.look, tools.select, tools.undo, tools.redo, tools.checkout,
    ]  # fmt: skip
    for verb in [tools.documents, *answered] if context.list_all_documents else answered:
        api(_answering(verb), queue=False)
    for waits in (tools.edit, tools.remove, tools.expand, tools.crop):
        api(_waiting(waits), concurrency_limit=None)  # the store has the queue


def _answering(verb: Callable[..., Any]) -> Callable[..., Any]:
    """A verb as an endpoint: what is wrong is a sentence for its client."""

    @wraps(verb)
    def answered(*values: Any) -> Any:
        try:
            return verb(*_checked(verb, values))
        except (UserError, OSError) as error:
            raise _sentence(error) from error

    return answered


def _waiting(verb: Callable[..., Steps]) -> Callable[..., Steps]:
    """A verb that tells of its steps as an endpoint, likewise."""

    @wraps(verb)
    async def waited(*values: Any) -> Steps:
        try:
            async with aclosing(verb(*_checked(verb, values))) as steps:
                async for step in steps:
                    yield step
        except (UserError, OSError) as error:
            raise _sentence(error) from error

    waited.__signature__ = signature(verb).replace(return_annotation=Answer)  # type: ignore[attr-defined]
    return waited


def _sentence(error: Exception) -> gr.Error:
    return gr.Error(str(error), print_exception=False)


def _checked(verb: Callable[..., Any], values: Sequence[Any]) -> Sequence[Any]:
    """InvalidInput when a value is not of the kind that the verb says: Gradio takes whatever is sent."""
    hints = get_type_hints(verb)
    for name, value in zip(signature(verb).parameters, values, strict=True):
        try:
            TypeAdapter(hints[name]).validate_python(value, strict=True)
        except ValidationError:
            raise InvalidInput(f"The {name} must be {KINDS[hints[name]]}, not {str(value)[:80]}.") from None
    return values


def refuse_objects(page: gr.Blocks) -> None:
    """Have a page refuse values that are objects before Gradio looks at them: where one says that it is a file, Gradio
    asks an address of the stranger's choice, or looks for a path, whatever the verb takes.
    """
    preprocess = page.preprocess_data

    async def preprocess_plain(block_fn: Any, inputs: list[Any], *others: Any, **named: Any) -> Any:
        for value in inputs:
            within = value if isinstance(value, list) else [value]
            if any(isinstance(each, dict | list) for each in within):
                raise _sentence(InvalidInput("A value is text, a number, true or false, or a list of numbers."))
        return await preprocess(block_fn, inputs, *others, **named)

    page.preprocess_data = preprocess_plain  # type: ignore[method-assign]


async def _unfit(request: Request, error: Exception) -> Response:
    """Gradio raises for values that are not a verb's, and for a verb that is none, and says no more than "500"."""
    path = request.url.path
    verb = path.partition("/call/")[2].removeprefix("v2/").strip("/")
    if isinstance(error, FnIndexInferError) or (isinstance(error, KeyError) and path.endswith(("/join", f"v2/{verb}"))):
        return JSONResponse({"error": f"There is no verb {verb!r} here: /gradio_api/info lists them."}, 404)
    if "/call/v2/" not in path:
        raise error
    return JSONResponse(
        {"error": f"{verb!r} was called with other values than it takes: {str(error).partition(' Please')[0]}"}, 400
    )


REFUSALS = {KeyError: _unfit, FnIndexInferError: _unfit, TypeError: _unfit}  # exception handlers for Gradio's app
