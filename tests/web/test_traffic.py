"""What a server is answering: counted by route, and streams that end cleanly when it ends."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from editor.store.store import Store
from editor.web.modules import MODULES
from editor.web.traffic import OTHER, Traffic, TrafficWatch
from tests.fakes import in_loop, until
from tests.wire import RouteClient

CLOSED: list[str] = []


async def plain(request: Request) -> Response:
    return PlainTextResponse("yes", 201)


async def endless(request: Request) -> Response:
    async def events() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"data: 1\n\n"
                await asyncio.sleep(0.01)
        finally:
            CLOSED.append("events")

    return StreamingResponse(events(), media_type="text/event-stream")


async def broken(request: Request) -> Response:
    raise RuntimeError("nobody foresaw this")


ROUTES = [Mount("/palimpsest", routes=[
    Route("/documents/{document}", plain), Route("/documents/{document}/live", endless), Route("/hint", broken),
])]  # fmt: skip


@pytest.fixture
def seen() -> list[tuple[str, int, bool]]:
    return []


@pytest.fixture
def traffic(seen: list[tuple[str, int, bool]]) -> Traffic:
    traffic = Traffic()
    traffic.observe = lambda route, status, seconds: seen.append((route, status, seconds is not None))
    return traffic


def served(traffic: Traffic) -> Starlette:
    watch = Middleware(TrafficWatch, traffic=traffic, routes=ROUTES, root_path="/pal")
    return Starlette(routes=[*ROUTES, Mount("/pal", routes=ROUTES)], middleware=[watch])


def test_requests_are_counted_by_route_and_never_by_what_was_typed(
    traffic: Traffic, seen: list[tuple[str, int, bool]]
) -> None:
    client = TestClient(served(traffic), raise_server_exceptions=False)
    for path in ("/palimpsest/documents/3f0", "/pal/palimpsest/documents/secret", "/palimpsest/hint", "/a/secret"):
        client.get(path)
    assert seen == [
        ("/palimpsest/documents/{document}", 201, True), ("/palimpsest/documents/{document}", 201, True),
        ("/palimpsest/hint", 500, True), (OTHER, 404, True),
    ]  # fmt: skip
    assert traffic.streams == 0


def test_every_route_of_the_server_has_a_name_of_its_own(store: Store, tmp_path: Any) -> None:
    from editor.web.server import routes
    from tests.wire import app_context

    client = RouteClient(store, tmp_path / "none")
    own = routes(app_context(client.session, client.models, ["noise"], tmp_path / "none"))
    watch = TrafficWatch(served(Traffic()), Traffic(), own, "")
    assert watch._route(f"/{MODULES}app/main.js") == "/palimpsest/canvas/{file}"
    assert watch._route("/palimpsest/tiles/ab") == "/palimpsest/tiles/{digest}"
    assert watch._route("/gradio_api/call/look/7") == "/gradio_api/call/{api_name}/{event_id}"
    assert watch._route("/") == "/" and watch._route("/palimpsest/nowhere") == OTHER
    assert len(watch.routes) > 80 and all(path.startswith("/") for path, _ in watch.routes)


def test_a_stream_is_complete_for_who_reads_it_when_the_server_ends(
    traffic: Traffic, seen: list[tuple[str, int, bool]]
) -> None:
    CLOSED.clear()
    sent: list[Any] = []

    async def ask() -> None:
        async def receive() -> dict[str, Any]:
            if not asked:
                asked.append(True)
                return {"type": "http.request", "body": b"", "more_body": False}
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Any) -> None:
            sent.append(message)

        asked: list[bool] = []
        scope = {
            "type": "http", "method": "GET", "path": "/palimpsest/documents/3f0/live", "query_string": b"",
            "root_path": "", "headers": [], "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
        }  # fmt: skip
        request = asyncio.ensure_future(served(traffic)(scope, receive, send))
        while len(sent) < 3:
            await asyncio.sleep(0.001)
        assert traffic.streams == 1 and not request.done()
        await asyncio.to_thread(traffic.end_streams, 0.0)
        await asyncio.wait_for(request, 60)  # raises nothing

    in_loop(ask())
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert [message.get("more_body") for message in sent[1:-1]] == [True] * (len(sent) - 2)
    assert CLOSED == ["events"] and traffic.streams == 0
    assert seen == [("/palimpsest/documents/{document}/live", 200, False)]


def test_whoever_cancels_a_request_otherwise_is_heeded(traffic: Traffic) -> None:
    async def ask() -> None:
        async def send(message: Any) -> None:
            started.set()

        async def receive() -> dict[str, Any]:
            await asyncio.Event().wait()
            raise AssertionError

        started = asyncio.Event()
        scope = {"type": "http", "method": "GET", "path": "/palimpsest/documents/3f0/live", "query_string": b"",
                 "root_path": "", "headers": [], "asgi": {"version": "3.0", "spec_version": "2.3"}}  # fmt: skip
        request = asyncio.ensure_future(served(traffic)(scope, receive, send))
        await started.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request

    in_loop(ask())
    until(lambda: traffic.streams == 0)
