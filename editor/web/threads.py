"""Threads for requests that write, which wait for each other, so that requests that read do not wait for them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from starlette.requests import Request
from starlette.responses import Response

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")

# Requests that read use Starlette's threads. The database has one writer at a time, however many threads there are.
WRITERS = ThreadPoolExecutor(8, "writer")


async def run_in_writer(
    function: Callable[Arguments, Result], *values: Arguments.args, **options: Arguments.kwargs
) -> Result:
    """Runs a function that may write to the store in a thread of WRITERS, and returns its result.

    The function runs to its end even if the caller is cancelled.
    """
    call = partial(copy_context().run, partial(function, *values, **options))  # which knows the request's user
    return await asyncio.shield(asyncio.get_running_loop().run_in_executor(WRITERS, call))


def writing(route: Callable[[Request], Response]) -> Callable[[Request], "asyncio.Future[Response]"]:
    """Wraps a route that writes to the store, so that it runs in a thread of WRITERS."""

    async def respond(request: Request) -> Response:
        return await run_in_writer(route, request)

    return respond  # type: ignore[return-value]
