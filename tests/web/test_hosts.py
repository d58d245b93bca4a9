"""The server answers to its own names only, to its own page only, and under the path that it lies at."""

import socket
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from editor.web.addresses import Addresses
from editor.web.security import Guard

MACHINE = socket.gethostname().lower()


def client(*addresses: Any) -> TestClient:
    async def answer(request: Request) -> Response:
        said = {
            "path": request.scope["path"],
            "url": str(request.url),
            "forwarded": request.headers.get("x-forwarded-host"),
        }
        return JSONResponse(said | {"server": request.headers.get("x-gradio-server")})

    ours = Starlette(routes=[Route("/samples", answer), Route("/samples", answer, methods=["POST"])])
    routes = [Route("/", answer), Route("/config", answer), Mount("/palimpsest", ours)]
    app = Starlette(routes=routes, middleware=[Middleware(Guard, addresses=Addresses(*addresses))])
    return TestClient(app, base_url="http://localhost", follow_redirects=False)


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost", "localhost:7860", "[::1]:7860", "LOCALHOST"])
def test_its_own_names(host: str) -> None:
    assert client("127.0.0.1").get("/", headers={"host": host}).status_code == 200


FOREIGN = ["evil.example:7860", "127.0.0.1.evil.example", "localhost.evil.example", "", "[", "<b>", "a" * 300]


@pytest.mark.parametrize("listens", ["127.0.0.1", "0.0.0.0", "::", "192.168.1.5"])
@pytest.mark.parametrize("host", [*FOREIGN, f"{MACHINE.partition('.')[0]}.evil.example"])
def test_a_foreign_name_that_points_here(host: str, listens: str) -> None:
    """DNS rebinding, whether the server listens on this machine alone or not."""
    answer = client(listens).get("/", headers={"host": host})
    sentence = answer.json()["error"]
    assert answer.status_code == 421 and "-host" in sentence and len(sentence) < 600
    shown = client(listens).get("/", headers={"host": host, "accept": "text/html,*/*"})
    assert shown.status_code == 421 and shown.headers["content-type"].startswith("text/html")
    assert "-host" in shown.text and "<b>" not in shown.text


@pytest.mark.parametrize(
    "host", ["192.168.1.5:7860", "[fe80::1]:7860", "10.0.0.1", MACHINE, f"{MACHINE.partition('.')[0]}.local:7860"]
)
def test_what_is_typed_in_a_local_network(host: str) -> None:
    assert client("0.0.0.0").get("/", headers={"host": host}).status_code == 200
    assert client("127.0.0.1").get("/", headers={"host": host}).status_code == 421


def test_a_public_name_is_known_and_may_write() -> None:
    asked = client("127.0.0.1", ["Editor.Example", "other.example:8080"])
    for host, origin, status in [
        ("editor.example", "https://editor.example", 200),
        ("127.0.0.1:7860", "https://editor.example", 200),  # as nginx has it where nothing is said
        ("other.example", "http://other.example:8080", 200),  # nginx's $host
        ("editor.example", "https://editor.example:8443", 403),
        ("127.0.0.1:7860", "http://other.example", 403),
        ("editor.example", "https://evil.example", 403),
        ("editor.example", "null", 403),
        ("evil.example", "https://editor.example", 421),
    ]:
        answer = asked.post("/palimpsest/samples", headers={"host": host, "origin": origin})
        assert answer.status_code == status, (host, origin)


def test_who_is_refused_hears_which_option_is_missing() -> None:
    headers = {"host": "127.0.0.1:7860", "origin": "http://editor.example:8080"}
    answer = client("127.0.0.1").post("/palimpsest/samples", headers=headers)
    assert answer.status_code == 403 and "--public-host editor.example:8080." in answer.json()["error"]
    answer = client("0.0.0.0").get("/", headers={"host": "editor.example"})
    assert answer.status_code == 421 and "--public-host editor.example;" in answer.json()["error"]


@pytest.mark.parametrize("root", ["", "/pal", "/a/b", "/palimpsest", "/gradio_api"])
@pytest.mark.parametrize("path", ["/", "/config", "/palimpsest/samples"])
def test_a_proxy_keeps_its_path_or_cuts_it_off(root: str, path: str) -> None:
    asked = client("127.0.0.1", (), root)
    for seen in (root + path, path):
        assert asked.get(seen).json()["path"] == root + path
    if root and root != "/palimpsest":
        answer = asked.get(root + "?doc=x")
        assert answer.status_code == 307 and answer.headers["location"] == f"{root}/?doc=x"


def test_names_that_a_proxy_tells_are_believed_if_they_are_known() -> None:
    asked = client("127.0.0.1", ["editor.example"])
    for name, believed in (("editor.example", True), ("evil.example", False), ("evil.example, editor.example", False)):
        said = asked.get("/", headers={"x-forwarded-host": name, "x-gradio-server": "http://evil.example"}).json()
        assert said["server"] is None and said["forwarded"] == (name if believed else None)


def test_a_proxy_says_its_path_itself() -> None:
    asked = client("127.0.0.1")
    for seen in ("/config", "/pal/config"):  # it cuts the path off, or keeps it
        for prefix in ("/pal", "/pal/"):
            assert asked.get(seen, headers={"x-forwarded-prefix": prefix}).json()["path"] == "/pal/config"
    assert asked.get("/pal", headers={"x-forwarded-prefix": "/pal"}).headers["location"] == "/pal/"
    for prefix in ("pal", "//evil.example", "/a b", "http://evil.example", "/pal?x", "/"):
        assert asked.get("/config", headers={"x-forwarded-prefix": prefix}).json()["path"] == "/config"
    answer = client("127.0.0.1", (), "/own").get("/config", headers={"x-forwarded-prefix": "/pal"})
    assert answer.json()["path"] == "/own/config"  # what the operator said


@pytest.mark.parametrize("path", ["/pal/", "/pal/config", "/a/b/palimpsest/samples"])
def test_a_path_that_nobody_said_is_a_sentence(path: str) -> None:
    answer = client("127.0.0.1").get(path)
    root = path.removesuffix("/config").removesuffix("/palimpsest/samples").rstrip("/")
    assert answer.status_code == 404 and answer.json()["error"].endswith(f"start it with --root-path {root}.")


def test_the_addresses_in_answers_are_those_outside() -> None:
    """A proxy asks by the name inside: who asked is known by the page, and otherwise by the option."""
    asked = client("127.0.0.1", ["editor.example", "other.example:8080"])
    inside = {"host": "127.0.0.1:7860"}
    for headers, url in [
        (inside, "http://editor.example/"),
        (inside | {"origin": "https://other.example:8080"}, "https://other.example:8080/"),
        (inside | {"referer": "https://editor.example/?doc=x"}, "https://editor.example/"),
        (inside | {"referer": "https://evil.example/"}, "http://editor.example/"),
        (inside | {"referer": "http://127.0.0.1:7860/"}, "http://127.0.0.1:7860/"),  # no proxy is between
        ({"host": "other.example:8080"}, "http://other.example:8080/"),
    ]:
        assert asked.get("/", headers=headers).json()["url"] == url, headers
    assert client("127.0.0.1").get("/", headers=inside).json()["url"] == "http://127.0.0.1:7860/"


@pytest.mark.parametrize("public", ["", "http://editor.example", "a b", "editor.example/pal", "["])
def test_a_public_name_that_is_none(public: str) -> None:
    with pytest.raises(ValueError, match="--public-host must be a name"):
        Addresses("127.0.0.1", [public])


@pytest.mark.parametrize("root", ["pal", "/pal/", "/", "//", "/a b", "http://x/pal"])
def test_a_root_path_that_is_none(root: str) -> None:
    with pytest.raises(ValueError, match="--root-path must begin with a slash"):
        Addresses("127.0.0.1", (), root)
