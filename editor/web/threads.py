"""Threads for what waits its turn to write, so that nobody who reads waits for one of those."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from starlette.requests import Request
from starlette.responses import Response

Result = TypeVar("Result")
Given = ParamSpec("Given")

# Starlette's own threads read. The database takes one writer at a time, however many threads there are.
WRITERS = ThreadPoolExecutor(8, "writer")


async def in_writer(function: Callable[Given, Result], *values: Given.args, **options: Given.kwargs) -> Result:
    """What a function returns that may write to the store, which is done even if nobody waits for it any more."""
    call = partial(function, *values, **options)
    return await asyncio.shield(asyncio.get_running_loop().run_in_executor(WRITERS, call))


def writing(route: Callable[[Request], Response]) -> Callable[[Request], "asyncio.Future[Response]"]:
    """A route that writes to the store."""

    async def answer(request: Request) -> Response:
        return await in_writer(route, request)

    return answer  # type: ignore[return-value]
