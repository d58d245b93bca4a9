"""A small reverse proxy, as people put before a server: under a path or not, and with a `Host` of its choice."""

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Literal

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "host", "accept-encoding"}

Host = Literal["upstream", "name", "whole"]  # nginx's default; its $host, without the port; its $http_host


@contextmanager
def proxy(upstream: str, host: Host = "whole", prefix: str = "", keeps: bool = False) -> Iterator[str]:
    """The address of a proxy for an upstream. prefix: the path that it has it under; keeps: and asks it for."""
    client = httpx.AsyncClient(base_url=upstream, timeout=60)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    async def go(request: Request) -> Response:
        path, asked = request.url.path, request.headers["host"]
        if not path.startswith(prefix + "/"):
            return PlainTextResponse("outside", 404)
        headers = [(name, value) for name, value in request.headers.items() if name not in HOP]
        hosts = {"upstream": upstream.partition("//")[2], "name": asked.partition(":")[0], "whole": asked}
        headers.append(("host", hosts[host]))
        sent = client.build_request(
            request.method, path if keeps else path.removeprefix(prefix),
            params=request.url.query.encode(), headers=headers, content=await request.body(),
        )  # fmt: skip
        got = await client.send(sent, stream=True)
        kept = {name: value for name, value in got.headers.items() if name not in HOP}
        return StreamingResponse(got.aiter_bytes(), got.status_code, kept)

    app = Starlette(routes=[Route("/{path:path}", go, methods=["GET", "HEAD", "POST"])], lifespan=lifespan)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}{prefix}"
        finally:
            server.should_exit = True
            thread.join()
