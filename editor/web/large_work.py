"""Large work: what takes memory by the pixels of a picture is done for a few large ones at a time; the others wait, and
hold no thread that small ones need.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool

LARGE = 2**24  # pixels: 64 MB, and several times that while it is worked on
AT_ONCE = 2  # a picture of the largest size takes about 1.2 GB

T = TypeVar("T")
POOL = ThreadPoolExecutor(AT_ONCE, "large-work")


async def run(
    pixels: int | None, work: Callable[..., T], *arguments: Any, small: Callable[..., Awaitable[T]] = run_in_threadpool
) -> T:
    """What a function answers, run in a thread. pixels: of the pictures it works on; None: nobody knows yet. small:
    runs it where they are few.
    """
    if pixels is not None and pixels <= LARGE:
        return await small(work, *arguments)
    return await asyncio.get_running_loop().run_in_executor(POOL, work, *arguments)


def wait(pixels: int | None, work: Callable[..., T], *arguments: Any) -> T:
    """The same, for who is in a thread already."""
    if pixels is not None and pixels <= LARGE:
        return work(*arguments)
    return POOL.submit(work, *arguments).result()
