"""The editor's tools as `gr.api` endpoints, which are MCP tools too when the server supports MCP."""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from functools import wraps
from inspect import signature
from typing import Any, get_type_hints

import gradio as gr
from gradio.events import api
from gradio.route_utils import FnIndexInferError
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from editor.web.api_access import ToolAccess
from editor.web.api_adapters import adapters_tool
from editor.web.api_edits import Steps
from editor.web.api_results import Result
from editor.web.api_tools import ApiTools
from editor.web.context import AppContext
from editor.web.shown_files import Shown
from pipelines.errors import InvalidInput, UserError

KINDS: dict[Any, str] = {
    str: "text", int: "a whole number", float: "a number", bool: "true or false", int | None: "a whole number or null",
    float | None: "a number or null", bool | None: "true, false or null",
    list[int]: "a list of whole numbers", list[int] | None: "a list of whole numbers or null",
    list[float] | None: "a list of numbers or null", list[str] | None: "a list of texts or null",
}  # fmt: skip


def publish(context: AppContext, shown: Shown) -> None:
    """Adds the tools to the Blocks that are being built.

    Args:
        context: the app's context.
        shown: collects the pictures in responses, which Gradio may then serve.
    """
    tools = ApiTools(context, shown)
    quick: list[Callable[..., Any]] = [
        tools.open, tools.blank, tools.describe, tools.look, tools.select, tools.undo, tools.redo, tools.checkout,
        adapters_tool(context),
    ]  # fmt: skip
    if context.accounts is not None:
        quick.append(tools.share)
    access = ToolAccess(context)
    for tool in [tools.documents, *quick] if context.list_all_documents or context.accounts is not None else quick:
        api(_endpoint(tool, access), queue=False)
    for slow_tool in (tools.edit, tools.remove, tools.expand, tools.crop, tools.adjust, tools.layer):
        api(_streaming_endpoint(slow_tool, access), concurrency_limit=None)  # the store has the queue


def _endpoint(tool: Callable[..., Any], access: ToolAccess) -> Callable[..., Any]:
    """Wraps a tool: checks its arguments and its user, and sends its error messages to the client."""

    @wraps(tool)
    def answer(*values: Any) -> Any:
        try:
            with access.logged(tool, values) as call:
                call.check()
                return tool(*_check_types(tool, values))
        except (UserError, OSError) as error:
            raise _client_error(error) from error

    return answer


def _streaming_endpoint(tool: Callable[..., Steps], access: ToolAccess) -> Callable[..., Steps]:
    """Wraps a tool that reports its progress, likewise."""

    @wraps(tool)
    async def stream(*values: Any) -> Steps:
        try:
            with access.logged(tool, values) as call:
                await run_in_threadpool(call.check)
                async with aclosing(tool(*_check_types(tool, values))) as steps:
                    async for step in steps:
                        yield step
        except (UserError, OSError) as error:
            raise _client_error(error) from error

    stream.__signature__ = signature(tool).replace(return_annotation=Result)  # type: ignore[attr-defined]
    return stream


def _client_error(error: Exception) -> gr.Error:
    return gr.Error(str(error), print_exception=False)


def _check_types(tool: Callable[..., Any], values: Sequence[Any]) -> Sequence[Any]:
    """Checks a tool's arguments against its type hints, since Gradio accepts any value.

    Returns:
        The values.

    Raises:
        InvalidInput: one of them has another type.
    """
    hints = get_type_hints(tool)
    for name, value in zip(signature(tool).parameters, values, strict=True):
        try:
            TypeAdapter(hints[name]).validate_python(value, strict=True)
        except ValidationError:
            raise InvalidInput(f"The {name} must be {KINDS[hints[name]]}, not {str(value)[:80]}.") from None
    return values


def refuse_objects(page: gr.Blocks) -> None:
    """Makes a page refuse values that are objects before Gradio reads them.

    If an object claims to be a file, Gradio opens the URL or the path in it, whatever the tool takes.
    """
    preprocess = page.preprocess_data

    async def preprocess_plain(block_fn: Any, inputs: list[Any], *others: Any, **named: Any) -> Any:
        for value in inputs:
            elements = value if isinstance(value, list) else [value]
            if any(isinstance(each, dict | list) for each in elements):
                raise _client_error(
                    InvalidInput("Each value must be text, a number, true or false, or a list of numbers.")
                )
        return await preprocess(block_fn, inputs, *others, **named)

    page.preprocess_data = preprocess_plain  # type: ignore[method-assign]


async def _call_error(request: Request, error: Exception) -> Response:
    """Responds to calls with wrong arguments or of an unknown tool, for which Gradio itself only says "500"."""
    path = request.url.path
    tool = path.partition("/call/")[2].removeprefix("v2/").strip("/")
    if isinstance(error, FnIndexInferError) or (isinstance(error, KeyError) and path.endswith(("/join", f"v2/{tool}"))):
        return JSONResponse({"error": f"There is no tool {tool!r} here. /gradio_api/info lists all tools."}, 404)
    if "/call/v2/" not in path:
        raise error
    return JSONResponse(
        {"error": f"{tool!r} was called with the wrong arguments: {str(error).partition(' Please')[0]}"}, 400
    )


# exception handlers for Gradio's app
REFUSALS = {KeyError: _call_error, FnIndexInferError: _call_error, TypeError: _call_error}
