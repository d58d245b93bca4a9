"""What a stranger may try over the wire, at every route there is: the table of routes itself is walked.

What a page may do with text is in tests/browser/test_security.py.
"""

import gc
import http.client
import json
import re
import resource
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import gradio.utils
import httpx
import pytest
from starlette.routing import Mount

from editor.formats.images import encode_png
from editor.imaging.geometry import Box
from editor.imaging.limits import MAX_EDIT_BYTES
from editor.store.store import Store
from editor.web.addresses import PREFIX
from editor.web.modules import CANVAS, MODULES
from tests.fakes import PATIENCE
from tests.samples import disc, noise
from tests.web.test_api import Served
from tests.wire import RouteClient, sent

# Gradio, its server and its client, leave event loops and sockets to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

SECRET = "the-secret-of-this-machine"


class Way(NamedTuple):
    """A method and an address, its parameters in braces."""

    method: str
    path: str


def ways(routes: Any) -> Iterator[Way]:
    """Every way in, Gradio's own included."""
    for route in routes:
        router = getattr(route, "original_router", None)  # how FastAPI keeps an included router
        if router is not None:
            yield from ways(router.routes)
        elif isinstance(route, Mount):
            yield from (Way(way.method, route.path + way.path) for way in ways(route.routes or ()))
            yield from (Way(method, f"{route.path}/nothing") for method in ("GET", "POST"))
        else:
            yield from (Way(method, route.path) for method in route.methods or ("GET", "POST"))


def plain(headers: Any) -> dict[str, str]:
    """Without what tells of a packed body: it is unpacked."""
    return {name: value for name, value in headers.items() if name not in ("content-encoding", "content-length")}


class Stranger:
    """Who asks, what there is, and what must not come out."""

    def __init__(self, folder: Path) -> None:
        self.secret = folder / "secret.txt"
        self.secret.write_text(SECRET)
        (folder / "living-room.png").write_bytes(encode_png(noise(90, 60)))
        self.served = Served(folder / "data")
        limits = httpx.Limits(max_keepalive_connections=0)  # after an answer of 500 a server hangs up
        self.client = httpx.Client(base_url=self.served.url, timeout=30, limits=limits)
        self.session = self.served.session
        self.mine, self.other = self.session.open(noise(90, 60), "Mine"), self.session.open(noise(90, 60), "Theirs")
        self.filled = {
            "document": self.mine.id, "revision": self.mine.head, "kind": "png", "name": "living-room.png",
            "digest": next(iter(self.session.picture(self.mine.id).tiles.values())), "serial": "1",
            "api_name": "describe",
        }  # fmt: skip

    @property
    def ways(self) -> list[Way]:
        return sorted(set(ways(self.served.page.app.routes)))

    @property
    def own(self) -> list[Way]:
        return [way for way in self.ways if way.path.startswith(PREFIX)]

    def at(self, way: Way) -> str:
        return re.sub(r"\{(\w+)(?::path)?\}", lambda name: self.filled.get(name[1], "x"), way.path)

    def ask(self, way: Way, **options: Any) -> Any:
        """The answer to a request; of one that goes on for ever, its beginning."""
        with self.client.stream(way.method, self.at(way), timeout=PATIENCE, **options) as answer:
            endless = "event-stream" in answer.headers.get("content-type", "")
            content = b"" if endless else answer.read()
            return httpx.Response(answer.status_code, headers=plain(answer.headers), content=content)

    def plainly(self, path: str) -> tuple[int, bytes]:
        """GET a path as it is written: other clients tidy it up first."""
        line = http.client.HTTPConnection(self.served.url.removeprefix("http://"), timeout=PATIENCE)
        line.request("GET", path)
        answer = line.getresponse()
        status, body = answer.status, answer.read()
        line.close()
        return status, body

    @property
    def all_there_is(self) -> Any:
        """What every document is, to see that nothing changed."""
        return [
            (
                each.document,
                each.name,
                each.head,
                [node.id for node in self.session.store.revisions.tree(each.document)],
            )
            for each in self.session.store.documents.summaries()
        ]


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    stranger = Stranger(tmp_path_factory.mktemp("security"))
    yield stranger
    stranger.client.close()
    stranger.served.close()
    gc.collect()


def test_the_whole_table_is_walked(stranger: Stranger) -> None:
    assert len(stranger.own) > 35
    gradio = {way.path for way in stranger.ways if not way.path.startswith(PREFIX)}
    assert {
        "/",
        "/config",
        "/gradio_api/queue/join",
        "/gradio_api/file={path_or_url:path}",
        "/gradio_api/upload",
    } <= gradio


# --- headers


def summary(answer: Any) -> list[str]:
    """What is wrong with an answer's headers."""
    headers = answer.headers
    wanted = {
        "x-content-type-options": "nosniff", "referrer-policy": "same-origin", "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
    }  # fmt: skip
    wrong = [f"{name}: {headers.get(name)}" for name, value in wanted.items() if headers.get(name) != value]
    policy = dict(part.strip().partition(" ")[::2] for part in headers.get("content-security-policy", "").split(";"))
    if policy.get("default-src") != "'none'" or policy.get("frame-ancestors") != "'none'":
        wrong.append(f"the policy is {policy}")
    html = headers.get("content-type", "").startswith("text/html")
    sources = policy.get("script-src", "").split()
    if any(source not in ("'self'", "'unsafe-eval'") and not source.startswith("'sha256-") for source in sources):
        wrong.append(f"scripts may come from {sources}")
    if sources and not html:
        wrong.append("what is no page may run scripts")
    return wrong


@pytest.mark.parametrize("origin", [None, "own", "http://evil.test"])
def test_every_answer_has_the_headers(stranger: Stranger, origin: str | None) -> None:
    headers = {} if origin is None else {"Origin": stranger.served.url if origin == "own" else origin}
    for way in stranger.ways:
        answer = stranger.ask(way, headers=headers, params={"width": "8", "height": "8"})
        assert not summary(answer), f"{way} {answer.status_code}: {summary(answer)}"


@pytest.mark.parametrize("way", [Way("GET", "/nowhere"), Way("PUT", "/"), Way("DELETE", f"{PREFIX}/documents")])
def test_what_is_not_there_has_them_too(stranger: Stranger, way: Way) -> None:
    answer = stranger.ask(way)
    assert answer.status_code in (404, 405) and not summary(answer)


def test_an_answer_to_what_breaks_gradio_has_them_too(stranger: Stranger) -> None:
    """Infinity in JSON is none of ours: Gradio fails to say that it is wrong."""
    answer = httpx.post(f"{stranger.served.url}/gradio_api/queue/join", content=b'{"data": 1e400}')
    assert answer.status_code >= 400 and not summary(answer) and "Traceback" not in answer.text


def test_the_page_and_what_it_is_made_of(stranger: Stranger) -> None:
    page = stranger.ask(Way("GET", "/"))
    assert page.headers["content-type"].startswith("text/html") and not summary(page)
    assert "sha256-" in page.headers["content-security-policy"]
    assert "connect-src 'self' https:;" in page.headers["content-security-policy"]  # for pictures dropped as links
    asked = set(re.findall(r'(?:src|href)="\.?/?((?:assets|static|palimpsest)/[^"]+)"', page.text))
    own = {f"{MODULES}{file.relative_to(CANVAS)}" for file in CANVAS.rglob("*") if file.is_file()}
    assert len(asked) > 1 and len(own) > 30
    for path in asked | own:
        answer = stranger.ask(Way("GET", f"/{path}"))
        assert answer.status_code == 200 and not summary(answer), path


# --- other sites

FOREIGN = ["http://evil.test", "null", "https://127.0.0.1", "http://127.0.0.1:1", "http://[", ""]


def test_no_site_but_its_own_writes(stranger: Stranger) -> None:
    before, posts = (
        stranger.all_there_is,
        [way for way in stranger.ways if way.method not in ("GET", "HEAD", "OPTIONS")],
    )
    assert any("queue/join" in way.path for way in posts) and sum(way in stranger.own for way in posts) > 15
    for way in posts:
        for origin in FOREIGN:
            answer = stranger.ask(way, headers={"Origin": origin}, params={"width": "8", "height": "8"})
            assert answer.status_code == 403 and "another site" in answer.text, f"{way} from {origin}"
    assert stranger.all_there_is == before


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1:1"])
def test_no_other_server_of_this_machine_reads(stranger: Stranger, origin: str) -> None:
    """Gradio tells browsers that these may."""
    for way in stranger.ways:
        answer = stranger.ask(way, headers={"Origin": origin})
        assert answer.status_code == 403 and stranger.mine.id not in answer.text, way


@pytest.mark.parametrize("host", ["evil.test", "[", "", "127.0.0.1.evil.test", "localhost.evil.test:7860"])
def test_nor_under_another_name(stranger: Stranger, host: str) -> None:
    for way in stranger.ways:
        answer = stranger.ask(way, headers={"Host": host})
        assert answer.status_code in (400, 421) and not summary(answer), f"{way} {answer.status_code}"
        assert stranger.mine.id not in answer.text


@pytest.mark.parametrize("own", [True, False])
def test_the_page_itself_and_programs_do(stranger: Stranger, own: bool) -> None:
    headers = {"Origin": stranger.served.url} if own else {}
    for way in stranger.ways:
        assert "another site" not in stranger.ask(way, headers=headers).text, way


# --- documents of others


def test_ids_cannot_be_guessed(stranger: Stranger) -> None:
    """Of the same pixels and name too: whoever has the picture has not the document."""
    again = [stranger.session.open(noise(90, 60), "Mine") for _ in range(3)]
    ids = [id for each in (stranger.mine, *again) for id in (each.id, each.head)]
    assert len(set(ids)) == len(ids)
    assert min(len(bytes.fromhex(id)) for id in ids) >= 16


def test_all_documents_are_listed_on_the_open_shelf_alone(store: Store, tmp_path: Path) -> None:
    closed, open_ = RouteClient(store, tmp_path), RouteClient(store, tmp_path, local=True)
    mine, other = (closed.session.open(noise(90, 60), name) for name in ("Mine", "Theirs"))
    assert closed.get("documents").json() == closed.get(f"documents?known={other.id[:-1]},%,*,").json() == []
    assert [each["document"] for each in closed.get(f"documents?known={mine.id}").json()] == [mine.id]
    assert {each["document"] for each in open_.get("documents").json()} == {mine.id, other.id}


def test_a_revision_of_another_document_is_refused_wherever_both_are_named(stranger: Stranger) -> None:
    before = stranger.all_there_is
    both = [way for way in stranger.own if "{document}" in way.path and "{revision}" in way.path]
    assert {way.path.split("/")[4] for way in both} >= {
        "checkout", "rename", "discard", "recover", "amend", "reblend", "cancel",
    }  # fmt: skip
    for way in both:
        path = way.path.replace("{document}", stranger.mine.id).replace("{revision}", stranger.other.head)
        answer = stranger.client.request(way.method, path, content=b"{}\n")
        assert answer.status_code == 404, way
        assert way.method == "HEAD" or "no revision" in answer.json()["error"], way
    assert stranger.all_there_is == before


def test_nor_is_it_taken_in_a_body(stranger: Stranger, store: Store, tmp_path: Path) -> None:
    routes = RouteClient(store, tmp_path)
    mine, other = (routes.post("blank?width=90&height=90").json() for _ in range(2))
    submitted = routes.submit(other).json()["running"][0]["revision"]
    mask = disc(Box(40, 30, 20, 20))
    for revision in (other["head"], submitted):
        asked = {
            "edits": routes.edit_body(mine, parent=revision), "plan": routes.edit_body(mine, parent=revision),
            "select": sent({"tool": "edge", "revision": revision, "mask": mask}),
            "cut-out": sent({"revision": revision, "mask": mask}),
            "queue": json.dumps({"order": [revision]}).encode(),
        }  # fmt: skip
        for verb, body in asked.items():
            answer = routes.post(f"documents/{mine['document']}/{verb}", content=body)
            assert answer.status_code in (400, 404, 409), f"{verb}: {answer.text}"
    point = {"x": 1, "y": 1, "tolerance": 1, "contiguous": True, "smoothing": 0}
    wand = sent({"tool": "wand", "revision": other["head"], **point})
    assert routes.post(f"documents/{mine['document']}/select", content=wand).status_code == 404
    state = routes.state(mine) | {"watched": []}
    summary = routes.get(f"documents/{mine['document']}?watch={submitted},{other['head']}").json()
    assert [each["status"] for each in summary["watched"]] == ["cancelled", "cancelled"]  # as of what is not there
    assert summary | {"watched": []} == state and not state["running"]
    assert [each.id for each in routes.session.store.jobs.pending(other["document"])] == [submitted]


# --- files of this machine


GRADIO = {
    "GET": {
        "/", "/assets/{path:path}", "/static/{path:path}", "/theme.css", "/favicon.ico", "/manifest.json", "/pwa_icon",
        "/robots.txt", "/config", "/gradio_api/info", "/gradio_api/openapi.json", "/gradio_api/startup-events",
        "/gradio_api/heartbeat/{session_hash}", "/gradio_api/queue/data", "/gradio_api/call/{api_name}/{event_id}",
        "/gradio_api/call/v2/{api_name}/{event_id}",
    },
    "HEAD": {"/"},
    "POST": {
        "/gradio_api/queue/join", "/gradio_api/call/{api_name}", "/gradio_api/call/v2/{api_name}", "/gradio_api/cancel",
    },
}  # fmt: skip


def test_of_gradio_s_routes_these_are_there_and_no_other(stranger: Stranger) -> None:
    """Whatever Gradio adds: what takes files, paths and addresses of other servers is not there."""
    there: dict[str, set[str]] = {}
    for way in stranger.ways:
        if way not in stranger.own and "There is nothing at this address" not in stranger.ask(way).text:
            there.setdefault(way.method, set()).add(way.path)
    assert there.pop("HEAD") >= GRADIO["HEAD"]  # the answer to another would have no text
    assert there == {method: paths for method, paths in GRADIO.items() if method != "HEAD"}


def test_what_is_not_there_does_nothing_however_it_is_asked_for(stranger: Stranger) -> None:
    upload = {"files": ("evil.pt", b"evil", "application/octet-stream")}
    kept = Path(gradio.utils.get_upload_folder())
    before = {file for file in kept.rglob("*") if file.is_file()}
    for path in ("/gradio_api/upload", "/gradio_api/upload/", "/gradio_api//upload", "/gradio_api/%75pload"):
        answer = stranger.client.post(path, files=upload, params={"upload_id": "x"})
        assert answer.status_code == 404 and "/palimpsest/documents" in answer.json()["error"], path
    assert {file for file in kept.rglob("*") if file.is_file()} == before


def test_gradio_serves_the_files_of_answers_and_no_other(stranger: Stranger) -> None:
    file, _ = stranger.served.client.predict(stranger.mine.id, api_name="/look")
    said = stranger.served.call("look", {"document": stranger.mine.id})
    path = json.loads(said.rpartition("data: ")[2])[0]["path"]
    assert stranger.client.get(f"/gradio_api/file={path}").content == Path(file).read_bytes()
    assert stranger.client.head(f"/gradio_api/file={path}").status_code == 200
    beside = Path(path).with_name("of another Gradio.jpg")
    beside.write_bytes(Path(path).read_bytes())
    try:
        for other in (beside, f"{path}/../{beside.name}", f"/{path}", f"{stranger.served.url}/favicon.ico", ""):
            for method in ("GET", "HEAD"):
                assert stranger.client.request(method, f"/gradio_api/file={other}").status_code == 404, other
    finally:
        beside.unlink()


def test_no_endpoint_of_gradio_reads_a_file(stranger: Stranger) -> None:
    path, client = str(stranger.secret), stranger.client
    named = client.get("/gradio_api/info").json()["named_endpoints"]
    inputs = {name: len(endpoint["parameters"]) for name, endpoint in named.items()}
    assert len(inputs) > 10
    values: list[Any] = [
        path, f"file://{path}", {"path": path}, {"path": path, "meta": {"_type": "gradio.FileData"}},
        {"url": f"file://{path}", "path": path, "meta": {"_type": "gradio.FileData"}}, [{"path": path}],
        {"files": [{"path": path, "meta": {"_type": "gradio.FileData"}}]},
    ]  # fmt: skip
    for value in values:
        for name, count in inputs.items():
            data = [value] * count
            said = [client.post(f"/gradio_api/{way}{name}", json={"data": data}).text for way in ("run", "api")]
            event = client.post(f"/gradio_api/call{name}", json={"data": data}).json().get("event_id")
            said.append(client.get(f"/gradio_api/call{name}/{event}").text)
            assert not any(leaked(each) for each in said), (name, value)
        for number in range(len(client.get("/config").json()["dependencies"])):
            body = {"data": [value] * 30, "fn_index": number, "session_hash": "stranger"}
            assert not leaked(client.post("/gradio_api/queue/join", json=body).text)
            assert not leaked(client.post("/gradio_api/run/predict", json=body).text)
        body = {"data": value, "component_id": 1, "fn_name": "read", "session_hash": "stranger"}
        assert not leaked(client.post("/gradio_api/component_server", json=body).text)
    kept = [file for file in Path(gradio.utils.get_upload_folder()).rglob("*") if file.is_file()]
    assert not any(SECRET.encode() in file.read_bytes() for file in kept)


def leaked(text: str) -> bool:
    return SECRET in text or "dGhlLXNlY3JldC" in text  # in base64


DOTS = ["..", "%2e%2e", ".%2e", "..%00", "....//..", "..%5c..", "%252e%252e", "..;"]


@pytest.mark.parametrize("dots", DOTS)
def test_no_path_leads_out_of_a_folder(stranger: Stranger, dots: str) -> None:
    folders = [
        f"/{MODULES}", f"/{MODULES}locales/", f"{PREFIX}/samples/", "/static/", "/assets/", "/svelte/",
        "/gradio_api/file=", "/gradio_api/file/", "/gradio_api/custom_component/1/client/html/",
    ]  # fmt: skip
    targets = ["etc/passwd", "pyproject.toml", "editor/web/security.py", stranger.secret.name, "app.py"]
    for folder in folders:
        for target in targets:
            for depth in (1, 2, 3, 8):
                for slash in ("/", "%2f"):
                    climb = slash.join([*[dots] * depth, target.replace("/", slash)])
                    status, body = stranger.plainly(folder + climb)
                    assert status in (400, 403, 404, 405, 422), (folder + climb, status)
                    assert b"root:" not in body and b"[tool.ruff]" not in body and SECRET.encode() not in body


def test_no_absolute_path_is_served(stranger: Stranger) -> None:
    for target in ("/etc/passwd", str(stranger.secret), str(Path(__file__)), f"file://{stranger.secret}"):
        for path in (target, quote(target, safe=""), "/" + target):
            for folder in (f"/{MODULES}", f"{PREFIX}/samples/", "/static/", "/assets/", "/gradio_api/file="):
                status, body = stranger.plainly(folder + path)
                assert status in (400, 403, 404, 405, 422), (folder + path, status)
                assert SECRET.encode() not in body


def test_the_page_tells_of_no_folder(stranger: Stranger) -> None:
    here = str(Path(__file__).parents[2])
    for path in ("/", "/config", "/gradio_api/info", "/gradio_api/openapi.json", f"{PREFIX}/samples"):
        text = stranger.client.get(path).text
        assert here not in text and str(stranger.secret.parent) not in text, path


# --- bodies that lie, and bodies without end

PACKETS = ("edits", "plan", "amend/{revision}", "select", "mask", "cut-out")


def packet(verb: str, document: Any, summary: Any, files: bytes, **said: Any) -> bytes:
    """A packet for a verb which tells this of its mask, with these bytes after it."""
    edit = {
        "parent": document.head, "pipeline": "noise", "prompt": "", "negative_prompt": "", "steps": 3, "guidance": 3,
        "seed": 1, "strength": 1, "sampler": "dpmpp_2m", "feather": 8, "edge": 0, "opacity": 1, "colour_match": True,
        "variations": 1, "margins": [0, 0, 0, 0], "sketch": None,
    }  # fmt: skip
    others = {"select": {"tool": "edge", "revision": document.head}, "mask": {"do": "grow", "by": 3}}
    others["cut-out"] = {"revision": document.head}
    line = json.dumps(others.get(verb, edit) | {"mask": summary} | said, allow_nan=True).encode()
    return line + b"\n" + files


FILE = encode_png(disc(Box(0, 0, 30, 20)).alpha)
HUGE = 2**63
LIES: dict[str, tuple[Any, bytes]] = {
    "fewer bytes": ({"box": [0, 0, 30, 20], "bytes": 5}, FILE),
    "more bytes": ({"box": [0, 0, 30, 20], "bytes": len(FILE) + 1}, FILE),
    "far more bytes": ({"box": [0, 0, 30, 20], "bytes": HUGE}, FILE),
    "no bytes": ({"box": [0, 0, 30, 20], "bytes": 0}, b""),
    "less than none": ({"box": [0, 0, 30, 20], "bytes": -1}, FILE),
    "half a byte": ({"box": [0, 0, 30, 20], "bytes": 0.5}, FILE),
    "true bytes": ({"box": [0, 0, 30, 20], "bytes": True}, FILE),
    "infinite bytes": ({"box": [0, 0, 30, 20], "bytes": float("inf")}, FILE),
    "another box": ({"box": [0, 0, 20, 30], "bytes": len(FILE)}, FILE),
    "a box beyond the far end": ({"box": [2**24 + 1, 0, 30, 20], "bytes": len(FILE)}, FILE),
    "a box inside out": ({"box": [0, 0, -30, -20], "bytes": len(FILE)}, FILE),
    "a box without end": ({"box": [0, 0, HUGE, HUGE], "bytes": len(FILE)}, FILE),
    "something after it": ({"box": [0, 0, 30, 20], "bytes": len(FILE)}, FILE + b"more"),
    "no picture": ({"box": [0, 0, 30, 20], "bytes": 9}, b"\x89PNG\r\n\x1a\n0"),
    "a page": ({"box": [0, 0, 30, 20], "bytes": 15}, b"<html>hi</html>"),
}


def refused(answer: Any, *statuses: int) -> None:
    """With a sentence."""
    assert answer.status_code in statuses, answer.text[:300]
    sentence = answer.json()["error"]
    assert sentence.endswith(".") and len(sentence) < 1000 and "Traceback" not in sentence


@pytest.mark.parametrize("lie", LIES)
def test_a_packet_that_lies_is_refused(stranger: Stranger, lie: str) -> None:
    before, mine = stranger.all_there_is, stranger.mine
    for verb in PACKETS:
        address = f"{PREFIX}/documents/{mine.id}/{verb.format(revision=mine.head)}"
        refused(stranger.client.post(address, content=packet(verb, mine, *LIES[lie])), 400)
    assert stranger.all_there_is == before and not stranger.session.store.jobs.pending(mine.id)


BODIES = [
    b"", b"\n", b"\xff\xfe\n", b"[" * 100_000, b'{"a":' * 100_000, b"null\n", b"[]\n", b"{}\n", b"\x89PNG\r\n\x1a\n",
    b'{"box": [0, 0, 1e400, 1]}\n', b'{"order": [[]]}\n', b'{"mask": {"box": null, "bytes": null}}\n', b"1" * 10_000,
]  # fmt: skip


def test_no_body_breaks_a_route(stranger: Stranger) -> None:
    for way in stranger.own:
        if way.method != "POST" or way.path.endswith(("/delete", "/duplicate", "/name", "/open")):
            continue  # what these do needs no body, or takes any
        for body in BODIES:
            answer = stranger.ask(way, content=body)
            assert answer.status_code < 500, (way, body[:40], answer.text)
            if answer.status_code >= 400 and "canvas" not in way.path:
                refused(answer, 400, 404, 409, 413)


STRANGE = ["%00", "%ff", "..", "x" * 3000, "%F0%9F%8E%A8", "-1", "9" * 400, "'%20OR%201=1--", "%0d%0aSet-Cookie:a=b"]


def test_no_address_breaks_a_route(stranger: Stranger) -> None:
    for way in stranger.own:
        for strange in STRANGE:
            path = re.sub(r"\{\w+(?::path)?\}", strange, way.path)
            answer = stranger.client.request(way.method, path, params={"watch": "\0", "quality": "²", "feather": "NaN"})
            assert answer.status_code < 500, (way, strange, answer.text)
            assert "set-cookie" not in answer.headers


def peak() -> int:
    """Bytes of memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def bomb(width: int, height: int, colour: int = 0) -> bytes:
    """A PNG of one bit (or RGBA, colour=6) a pixel, all of them 0: small, whatever its size says."""
    row = 1 + (width + 7) // 8 if colour == 0 else 1 + 4 * width
    packer = zlib.compressobj(9)
    data = b"".join([packer.compress(bytes(row)) for _ in range(height)]) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1 if colour == 0 else 8, colour, 0, 0, 0)

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


ROOM = 256 * 2**20  # bytes by which a refusal may grow the process


@pytest.mark.parametrize("size", [(60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_unopened(stranger: Stranger, size: tuple[int, int]) -> None:
    width, height = size
    data = bytearray(bomb(8, 8))
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    before, mine = peak(), stranger.mine
    refused(stranger.client.post(f"{PREFIX}/documents", content=bytes(data)), 400)
    for verb in PACKETS:
        address = f"{PREFIX}/documents/{mine.id}/{verb.format(revision=mine.head)}"
        summary = {"box": [0, 0, 30, 20], "bytes": len(data)}
        refused(stranger.client.post(address, content=packet(verb, mine, summary, bytes(data))), 400)
    assert peak() - before < ROOM


def test_a_small_file_that_unpacks_to_much_costs_no_more_than_it_says(stranger: Stranger) -> None:
    """A mask of 120 megapixels for a box of 30 x 20 is refused before it is unpacked."""
    data, mine, before = bomb(11_000, 11_000), stranger.mine, peak()
    assert len(data) < 100_000
    for verb in PACKETS:
        address = f"{PREFIX}/documents/{mine.id}/{verb.format(revision=mine.head)}"
        summary = {"box": [0, 0, 30, 20], "bytes": len(data)}
        refused(stranger.client.post(address, content=packet(verb, mine, summary, data)), 400)
    sketch = {"box": [0, 0, 30, 20], "bytes": len(data)}
    body = packet("edits", mine, None, data, sketch=sketch)
    refused(stranger.client.post(f"{PREFIX}/documents/{mine.id}/edits", content=body), 400)
    assert peak() - before < ROOM


def test_a_body_beyond_the_limit_is_a_sentence_and_held_by_nobody(stranger: Stranger) -> None:
    size, mine, before = MAX_EDIT_BYTES + 2**20, stranger.mine, peak()

    def endless() -> Iterator[bytes]:
        for _ in range(4 * size // 2**16):  # 260 MB, with no length said before
            yield bytes(2**16)

    for way in stranger.own:
        if way.method == "POST" and way.path.endswith(("edits", "plan", "{document}/mask", "select", "cut-out")):
            answer = stranger.client.post(stranger.at(way), content=endless())
            refused(answer, 413)
            assert "64 MB" in answer.json()["error"]
    exact = stranger.client.post(f"{PREFIX}/documents/{mine.id}/edits", content=bytes(size))
    refused(exact, 413)
    assert "65 MB" in exact.json()["error"]
    for verb in ("crop", "queue", f"reblend/{mine.head}", "name"):
        refused(stranger.client.post(f"{PREFIX}/documents/{mine.id}/{verb}", content=bytes(2**20)), 413)
    assert peak() - before < ROOM
    assert stranger.client.get(f"{PREFIX}/documents/{mine.id}").status_code == 200


def test_modules_of_another_version_are_not_served_nor_kept(stranger: Stranger) -> None:
    assert "immutable" in stranger.ask(Way("GET", f"/{MODULES}app/editor.js")).headers["cache-control"]
    other = stranger.ask(Way("GET", f"/palimpsest/canvas/{'0' * 16}/app/editor.js"))
    assert other.status_code == 404 and "immutable" not in other.headers.get("cache-control", "")
