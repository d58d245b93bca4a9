"""A server for this machine alone answers to its own names only."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from editor.ui.guard import Guard


def client(local: bool) -> TestClient:
    async def answer(request: Request) -> Response:
        return PlainTextResponse("here")

    app = Starlette(routes=[Route("/", answer)], middleware=[Middleware(Guard, local=local)])
    return TestClient(app, base_url="http://localhost")


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost", "localhost:7860", "[::1]:7860", "LOCALHOST"])
def test_its_own_names(host: str) -> None:
    assert client(local=True).get("/", headers={"host": host}).text == "here"


@pytest.mark.parametrize("host", ["evil.example:7860", "127.0.0.1.evil.example", "localhost.evil.example", ""])
def test_a_foreign_name_that_points_here(host: str) -> None:
    answer = client(local=True).get("/", headers={"host": host})
    assert answer.status_code == 421 and "--host" in answer.json()["error"]
    assert client(local=False).get("/", headers={"host": host}).text == "here"
