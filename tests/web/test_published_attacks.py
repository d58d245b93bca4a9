"""Each class of attack that was published against Gradio's servers, by somebody who is signed in and by nobody.

The gate lets the one in and not the other; what the guard refuses, it refuses of both.
"""

import html
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gradio.utils
import httpx
import pytest
from gradio_client import Client

from editor.formats.images import encode_png
from editor.web.addresses import PREFIX
from tests.fakes import PATIENCE
from tests.samples import noise
from tests.web.members import TOKEN, Members, by_proxy, served_members
from tests.web.test_api import base64_of

# Gradio, its server and its client, leave event loops and sockets to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

SECRET = "the-secret-of-this-machine"
USERS = pytest.mark.parametrize("user", [None, "ann"])


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Members]:
    with served_members(tmp_path_factory.mktemp("attacks")) as members:
        yield members


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret.txt"
    file.write_text(SECRET)
    return file


class Listener:
    """An address of which nobody may hear: counts who connects."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.visits = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:  # closed
                return
            self.visits += 1
            connection.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    with socket.create_connection(listener.socket.getsockname()):  # so that the thread sees the end
        pass
    listener.socket.close()


@USERS
def test_no_path_reads_a_file_of_this_machine(members: Members, user: str | None, secret: Path) -> None:
    """Traversal by /file=, /static, /assets, and the canvas's own files."""
    inside = Path(gradio.utils.get_upload_folder()) / "theirs.txt"
    inside.parent.mkdir(parents=True, exist_ok=True)
    inside.write_text(SECRET)
    try:
        for path in (
            f"/gradio_api/file={secret}", f"/file={secret}", f"/gradio_api/file=/{secret}",
            f"/gradio_api/file={inside}",
            f"/static/..%2f..%2f..{secret}", f"/assets/../../../..{secret}", f"/gradio_api/file/{secret}",
            f"{PREFIX}/samples/..%2f{secret.name}", f"/gradio_api/file=C:\\..\\{secret}",
            "/gradio_api/file=~/.ssh/id_rsa",
            f"/gradio_api/component_server?path={secret}", f"/gradio_api/stream/x/x/{secret}",
            f"/gradio_api/custom_component/x/client/type/..%2f..%2f..{secret}",
        ):  # fmt: skip
            line = http.client.HTTPConnection(members.url.removeprefix("http://"), timeout=PATIENCE)
            line.request("GET", path, headers={} if user is None else by_proxy(user))
            answer = line.getresponse()
            assert answer.status in (400, 401, 403, 404, 405, 422), path
            assert SECRET.encode() not in answer.read()
            line.close()
    finally:
        inside.unlink()


@USERS
def test_no_input_makes_the_server_ask_another(members: Members, user: str | None, listener: Listener) -> None:
    """SSRF by URLs in inputs, by /proxy=, by file= and by headers that name this server."""
    members.ask("GET", f"/gradio_api/proxy={listener.url}/x", user)
    members.ask("GET", f"/proxy={listener.url}/x", user)
    members.ask("GET", f"/gradio_api/file={listener.url}/x", user)
    members.ask("GET", "/config", user, headers={"X-Gradio-Server": listener.url})
    members.ask("GET", "/", user, headers={"X-Forwarded-Host": listener.url.removeprefix("http://")})
    file = {"path": f"{listener.url}/x.png", "url": f"{listener.url}/x.png", "meta": {"_type": "gradio.FileData"}}
    for value in (f"{listener.url}/x.png", file, [file], {"image": file}):
        for tool in ("open", "describe", "edit", "look"):
            body = {"data": [value] * 24, "session_hash": "x"}
            members.ask("POST", f"/gradio_api/call/{tool}", user, json=body)
            members.ask("POST", f"/gradio_api/call/v2/{tool}", user, json={"document": value, "data": value})
            members.ask("POST", "/gradio_api/queue/join", user, json={**body, "fn_index": 0})
    for path in ("documents", "models/look-up"):
        members.ask("POST", f"{PREFIX}/{path}", user, content=listener.url.encode())
        members.ask("GET", f"{PREFIX}/{path}?model={listener.url}", user)
    assert listener.visits == 0


@pytest.mark.parametrize(
    "origin", ["null", "http://evil.example", "http://localhost:1", "http://127.0.0.1:1", "file://"]
)
def test_a_page_of_another_origin_may_nothing_even_with_the_cookie(members: Members, origin: str) -> None:
    """CORS and null origins, and cookies that other ports of this machine are sent too."""
    with httpx.Client(base_url=members.url, timeout=PATIENCE) as browser:
        browser.get(f"/?token={TOKEN}")
        assert browser.get(f"{PREFIX}/documents").status_code == 200
        for method, path in (
            ("GET", "/config"), ("GET", f"{PREFIX}/documents"), ("POST", f"{PREFIX}/blank?width=9&height=9"),
            ("POST", "/gradio_api/queue/join"), ("GET", "/gradio_api/info"),
        ):  # fmt: skip
            answer = browser.request(method, path, headers={"Origin": origin})
            assert answer.status_code == 403 and "came from another site" in answer.json()["error"], (method, path)
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
            assert answer.headers.get("access-control-allow-origin") != "*"


def test_a_name_that_leads_here_is_no_name_of_this_server(members: Members) -> None:
    """DNS rebinding: the cookie and the token do not help."""
    for headers in ({"Host": "evil.example"}, {"Host": "evil.example", "Origin": "http://evil.example"}):
        assert members.http.get("/", headers={**by_proxy("ann"), **headers}).status_code == 421


@USERS
def test_no_address_leads_to_another_site(members: Members, user: str | None) -> None:
    """Open redirects: by the path, by file=, by next."""
    for path in ("//evil.example", "/%2f%2fevil.example", "//evil.example/%2e%2e", "/\\evil.example", "/https://evil.example",
                 "/gradio_api/file=https://evil.example", "/login?next=//evil.example", "/logout?next=//evil.example",
                 f"//evil.example/?token={TOKEN}", f"{PREFIX}/sign-in?next=//evil.example"):  # fmt: skip
        line = http.client.HTTPConnection(members.url.removeprefix("http://"), timeout=PATIENCE)
        line.request("GET", path, headers={} if user is None else by_proxy(user))
        answer = line.getresponse()
        answer.read()
        line.close()
        location = answer.getheader("Location", "/")
        assert str(httpx.URL(members.url).join(location)).startswith(members.url + "/"), (path, location)


@USERS
def test_what_is_uploaded_is_never_served_as_a_page(members: Members, user: str | None) -> None:
    """Stored XSS by HTML and SVG files, and by names."""
    script = b"<script>alert(1)</script>"
    for name, data in (("x.html", script), ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg'>" + script + b"</svg>")):
        for path in ("/gradio_api/upload", "/upload"):
            answer = members.ask("POST", path, user, files={"files": (name, data, "text/html")})
            assert answer.status_code in (401, 404)
        opened = members.ask("POST", f"{PREFIX}/documents?name={name}", user, content=data)
        assert opened.status_code in (400, 401)
    if user is None:
        return
    opened = members.ask("POST", f"{PREFIX}/documents?name=%3Cscript%3E.png", user, content=encode_png(noise(20, 20)))
    state = opened.json()
    for path in ("picture.png", "recipe", "overview", "manifest"):
        answer = members.ask("GET", f"{PREFIX}/revisions/{state['head']}/{path}?name=%3Cscript%3E.html", user)
        assert "html" not in answer.headers["content-type"] and answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        if "content-disposition" in answer.headers:
            assert answer.headers["content-disposition"].startswith("attachment;")


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(members: Members) -> None:
    with httpx.Client(base_url=members.url, timeout=PATIENCE) as browser:
        cookie = browser.get(f"/?token={TOKEN}").headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=lax" in cookie and "domain=" not in cookie
        for path in ("/", "/config", f"{PREFIX}/documents", "/gradio_api/info"):
            answer = browser.get(path)
            value = next(iter(browser.cookies.values()))
            assert value not in answer.text and TOKEN not in answer.text, path


def test_many_who_load_the_page_at_once_get_their_own_answers(members: Members) -> None:
    """Races in what Gradio keeps of a configuration: a root of one request was once sent to another."""

    def load(number: int) -> bool:
        user, root = f"user{number}", f"http://127.0.0.1:{members.url.rpartition(':')[2]}"
        config = members.ask("GET", "/config", user, headers={"X-Forwarded-Host": f"evil{number}.example"}).json()
        gallery = members.ask("GET", f"{PREFIX}/documents", user).json()
        return (
            config["root"] == root and {each["name"] for each in gallery} <= {user} and "evil" not in json.dumps(config)
        )

    for number in range(4):
        members.session.open(noise(9, 9), f"user{number}", owner=f"user{number}")
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(load, [number % 4 for number in range(40)]))


def test_each_call_has_its_own_caller(members: Members) -> None:
    """Calls of many users at once, in Gradio's queue and beside it: none has another's rights."""

    def call(number: int) -> tuple[Any, Any]:
        user = f"caller{number}"
        client = Client(members.url, verbose=False, headers=by_proxy(user), httpx_kwargs={"timeout": PATIENCE})
        try:
            document = client.predict(base64_of(noise(40, 30, seed=number)), user, api_name="/open")["document"]
            done = client.predict(document, "couch", [0, 0, 9, 9], api_name="/edit")
            return user, (members.session.store.documents.sharing(document), done["state"])
        finally:
            client.close()

    with ThreadPoolExecutor(4) as threads:
        for user, (sharing, state) in threads.map(call, range(6)):
            assert sharing == (user, "look") and state == "done"


def test_the_sign_in_page_says_nothing_that_was_sent_unescaped(members: Members) -> None:
    evil = '/"><img src=x onerror=alert(1)>'
    answer = members.http.post(
        f"{PREFIX}/sign-in", data={"token": "wrong", "next": evil}, headers={"Accept": "text/html"}
    )
    assert evil not in html.unescape(answer.text.replace("&quot;", "")) and "<img" not in answer.text
