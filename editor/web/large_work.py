"""Large work: work whose memory grows with a picture's pixels runs for a few large pictures at a time.

The others wait without a thread that small pictures need.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool

LARGE = 2**24  # pixels: 64 MB, and several times that during the work
AT_ONCE = 2  # a picture of the largest size takes about 1.2 GB

T = TypeVar("T")
POOL = ThreadPoolExecutor(AT_ONCE, "large-work")


async def run(
    pixels: int | None, work: Callable[..., T], *arguments: Any, small: Callable[..., Awaitable[T]] = run_in_threadpool
) -> T:
    """Runs a function in a thread.

    Args:
        pixels: how many pixels it works on; None when that is not known yet, so that it counts as large.
        work: the function.
        *arguments: its arguments.
        small: runs it when the pixels are at most LARGE.

    Returns:
        The function's result.
    """
    if pixels is not None and pixels <= LARGE:
        return await small(work, *arguments)
    call = partial(copy_context().run, work, *arguments)  # which knows the request's user
    return await asyncio.get_running_loop().run_in_executor(POOL, call)


def wait(pixels: int | None, work: Callable[..., T], *arguments: Any) -> T:
    """Does the same as `run`, for callers that are in a thread already."""
    if pixels is not None and pixels <= LARGE:
        return work(*arguments)
    return POOL.submit(copy_context().run, work, *arguments).result()
