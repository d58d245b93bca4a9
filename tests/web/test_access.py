"""What each may do with whose document, at every route there is: the table of routes itself is walked.

A route that is not in RULES fails here: whoever adds one says what it needs.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from editor.formats.images import encode_png
from editor.store.documents import Document
from editor.web.addresses import PREFIX
from editor.web.api_access import RULES as TOOL_RULES
from editor.web.modules import MODULES
from tests.fakes import PATIENCE, in_loop, until
from tests.samples import noise
from tests.web.members import BEARER, TOKEN, Members, by_proxy, served_members
from tests.web.test_api import base64_of
from tests.web.test_security import Way, ways
from tests.wire import edit_packet

# Gradio, its server and its client, leave event loops and sockets to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

ANYONE = """GET user | GET samples | GET samples/{name} | GET documents | GET tiles/{digest} | GET hint | GET model
    | GET kinds/{version}/{file} | GET adapters | GET models | GET models/look-up | POST samples/{name}/open
    | POST documents | POST blank | POST models/download | POST models/pause | POST models/cancel | POST models/token
    | POST models/key | POST models/add | POST models/remove | POST models/default"""
LOOK = """GET documents/{document} | GET documents/{document}/thumbnail | GET documents/{document}/tree
    | GET documents/{document}/credentials
    | GET documents/{document}/metadata | POST documents/{document}/plan | GET documents/{document}/amend/{revision}
    | GET documents/{document}/layers | POST documents/{document}/layers/forecast | POST documents/{document}/adjusted
    | POST documents/{document}/select | POST documents/{document}/cut-out | POST documents/{document}/mask
    | POST documents/{document}/mask-file | POST documents/{document}/picture-file
    | POST documents/{document}/duplicate | GET documents/{document}/sheet.{kind}
    | GET revisions/{revision}/manifest | GET revisions/{revision}/overview | GET revisions/{revision}/mask
    | GET revisions/{revision}/reference | GET revisions/{revision}/step | GET revisions/{revision}/reblended
    | GET revisions/{revision}/recipe | GET revisions/{revision}/picture.{kind}
    | GET revisions/{revision}/timelapse.{kind} | GET previews/{revision}/{serial}"""
EDIT = " | ".join(
    f"POST documents/{{document}}/{each}"
    for each in (
        "name", "delete", "restore", "undo", "redo", "checkout/{revision}", "rename/{revision}", "star/{revision}",
        "unstar/{revision}", "discard/{revision}", "recover/{revision}", "edits", "live", "amend/{revision}",
        "reblend/{revision}", "layers", "crop", "again", "queue", "cancel/{revision}", "paste",
    )
)  # fmt: skip
OWN = "POST documents/{document}/share"


def named(text: str) -> set[Way]:
    """The ways in a list."""
    parts = [each.split() for each in text.split("|")]
    return {Way(method, f"{PREFIX}/{path}") for method, path in parts}


RULES = {
    way: rule
    for rule, text in {"anyone": ANYONE, "look": LOOK, "edit": EDIT, "own": OWN}.items()
    for way in named(text)
}


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory, module_where: Path | str) -> Iterator[Members]:
    with served_members(tmp_path_factory.mktemp("access"), module_where, mcp=True) as members:
        yield members


def at(way: Way, document: Document) -> str:
    filled = {"document": document.id, "revision": document.head, "kind": "png", "serial": "1"}
    return re.sub(r"\{(\w+)(?::path)?\}", lambda name: filled.get(name[1], "x"), way.path)


def own_ways(members: Members) -> set[Way]:
    """All ways in of the editor itself, without those of the canvas's files and of addresses that do not exist."""
    found = {way for way in ways(members.page.app.routes) if way.path.startswith(PREFIX) and way.method != "HEAD"}
    return {way for way in found if MODULES not in way.path and not way.path.endswith("/nothing")}


def status(members: Members, way: Way, document: Document, user: str | None) -> int:
    return members.ask(way.method, at(way, document), user).status_code


def test_every_route_has_a_rule(members: Members) -> None:
    assert own_ways(members) == RULES.keys()
    assert {rule for way, rule in RULES.items() if "{document}" in way.path or "{revision}" in way.path} == {
        "look", "edit", "own",
    }  # fmt: skip


def test_nobody_gets_in_anywhere(members: Members) -> None:
    document = members.opened("ann")
    everything = {way for way in ways(members.page.app.routes) if way.method != "HEAD"}
    opened = set()
    for way in everything:
        answer = members.ask(way.method, at(way, document))
        if answer.status_code not in (401, 404, 303):
            opened.add((way.method, way.path, answer.status_code))
        if way.path.startswith(PREFIX):
            assert answer.status_code == 401, way
    assert opened == {("GET", "/gradio_api/startup-events", 200)}
    for path in ("/", "/config", "/gradio_api/info", "/gradio_api/queue/data?session_hash=x", f"/{MODULES}canvas.css"):
        assert members.ask("GET", path).status_code == 401, path
    for path in ("/gradio_api/queue/join", "/gradio_api/call/describe", "/gradio_api/mcp/", "/gradio_api/cancel"):
        assert members.ask("POST", path, json={}).status_code == 401, path


def test_only_who_signed_in_at_the_page_signs_out(members: Members) -> None:
    """The gate itself answers that, so it is not among the routes."""
    way = f"{PREFIX}/sign-out"
    assert members.ask("POST", way).status_code == 401
    assert members.ask("POST", way, "ann").status_code == 400  # a proxy has signed her in
    refused = members.http.post(way, headers=BEARER)
    assert refused.status_code == 400 and "nothing to sign out of" in refused.json()["error"]
    for headers in (by_proxy("ann"), BEARER):
        assert members.http.get(f"{PREFIX}/user", headers=headers).json() == {"signs_out": False}
    with members.browser() as browser:
        browser.get(f"/?token={TOKEN}")
        assert browser.post(way).status_code == 200
    assert members.ask("GET", f"{PREFIX}/documents", "ann").status_code == 200


@pytest.mark.parametrize("way", sorted(way for way, rule in RULES.items() if rule != "anyone"), ids=" ".join)
def test_each_may_do_what_the_rule_says(members: Members, way: Way) -> None:
    rule = RULES[way]
    hidden, shown, lent = (members.opened("ann", shared) for shared in ("nobody", "look", "edit"))
    before = [members.session.store.documents.get(each.id) for each in (hidden, shown)]
    assert status(members, way, hidden, None) == 401
    assert status(members, way, hidden, "bob") == 404
    owner = status(members, way, members.opened("ann"), "ann")
    assert owner not in (401, 403) and (owner != 404 or way.path.endswith(("/mask", "/reference")))
    assert status(members, way, shown, "bob") == (owner if rule == "look" else 403)
    assert status(members, way, lent, "bob") == (403 if rule == "own" else owner)
    assert [members.session.store.documents.get(each.id) for each in (hidden, shown)] == before
    assert status(members, way, members.opened(None, "nobody"), "bob") == (400 if rule == "own" else owner)


def test_the_sentence_says_what_may_not_be(members: Members) -> None:
    hidden, shown = members.opened("ann", "nobody"), members.opened("ann", "look")
    gone = members.ask("GET", f"{PREFIX}/documents/{hidden.id}", "bob")
    assert "not shared to you" in gone.json()["error"]
    refused = members.ask("POST", f"{PREFIX}/documents/{shown.id}/undo", "bob")
    assert refused.status_code == 403 and "lets you look at it" in refused.json()["error"]


def test_what_is_deleted_is_no_more_open_than_before(members: Members) -> None:
    document = members.opened("ann", "nobody")
    members.session.delete(document.id)
    assert members.ask("POST", f"{PREFIX}/documents/{document.id}/restore", "bob").status_code == 404
    assert members.session.store.documents.sharing(document.id) == ("ann", "nobody")
    assert members.ask("GET", f"{PREFIX}/revisions/{document.head}/manifest", "bob").status_code == 404
    assert members.ask("POST", f"{PREFIX}/documents/{document.id}/restore", "ann").status_code == 200


def test_a_revision_of_another_s_document_is_no_way_around(members: Members) -> None:
    """The document in the path is bob's own, the revision in the path or in the body is not."""
    mine, theirs = members.opened("bob"), members.opened("ann", "nobody")
    checked_out = members.ask("POST", f"{PREFIX}/documents/{mine.id}/checkout/{theirs.head}", "bob")
    assert checked_out.status_code == 404
    for path, body in (
        ("edits", edit_packet(theirs.head)),
        ("plan", edit_packet(theirs.head)),
        ("select", json.dumps({"tool": "words", "revision": theirs.head, "words": "x"}).encode()),
        ("cut-out", json.dumps({"revision": theirs.head, "mask": None}).encode() + b"\n"),
    ):
        answer = members.ask("POST", f"{PREFIX}/documents/{mine.id}/{path}", "bob", content=body)
        assert answer.status_code in (400, 404, 409), (path, answer.text)
    sheet = members.ask("GET", f"{PREFIX}/documents/{mine.id}/sheet.png?revisions={theirs.head}", "bob")
    assert sheet.status_code in (400, 404)
    watched = members.ask("GET", f"{PREFIX}/documents/{mine.id}?watch={theirs.head}", "bob").json()["watched"]
    assert watched == [{"revision": theirs.head, "edit": None, "status": "cancelled", "error": None}]


def test_what_one_opens_is_one_s_own(members: Members) -> None:
    opened = members.ask("POST", f"{PREFIX}/documents?name=room.png", "cleo", content=encode_png(noise(30, 20))).json()
    blank = members.ask("POST", f"{PREFIX}/blank?width=30&height=20", "cleo").json()
    copy = members.ask("POST", f"{PREFIX}/documents/{members.opened('ann').id}/duplicate", "cleo").json()
    file = members.ask("GET", f"{PREFIX}/revisions/{opened['head']}/picture.palimpsest", "cleo").content
    again = members.ask("POST", f"{PREFIX}/documents", "cleo", content=file).json()
    ids = {opened["document"], blank["document"], copy["document"], again["document"]}
    assert {members.session.store.documents.sharing(id) for id in ids} == {("cleo", "look")}
    assert opened["may"] == "own" and opened["shared"] == "look"
    members.opened("ann", "edit")
    shown, hidden = members.opened("ann"), members.opened("ann", "nobody")
    everybody_s = members.opened(None)
    gallery = members.ask("GET", f"{PREFIX}/documents", "cleo").json()
    assert {each["document"] for each in gallery} == ids
    known = ",".join([shown.id, hidden.id, everybody_s.id, "nothing", "'"])
    gallery = members.ask("GET", f"{PREFIX}/documents?known={known}", "cleo").json()
    assert {each["document"] for each in gallery} == {*ids, shown.id, everybody_s.id}


def test_the_owner_shares_and_takes_it_back(members: Members) -> None:
    document = members.opened("ann")

    def share(user: str, shared: object) -> int:
        path = f"{PREFIX}/documents/{document.id}/share"
        return members.ask("POST", path, user, content=json.dumps({"shared": shared})).status_code

    def may(user: str) -> str | None:
        answer = members.ask("GET", f"{PREFIX}/documents/{document.id}", user)
        return answer.json()["may"] if answer.status_code == 200 else None

    assert may("ann") == "own" and may("bob") == "look"
    assert share("ann", "edit") == 200 and may("bob") == "edit" and share("bob", "nobody") == 403
    assert share("ann", "nobody") == 200 and may("bob") is None
    assert share("ann", "everyone") == 400 and share("ann", None) == 400 and may("bob") is None


def test_with_the_token_there_is_one_user(members: Members) -> None:
    opened = members.http.post(f"{PREFIX}/blank?width=30&height=20", headers=BEARER).json()
    gallery = members.http.get(f"{PREFIX}/documents", headers=BEARER).json()
    assert opened["document"] in {each["document"] for each in gallery} and opened["may"] == "edit"
    assert members.session.store.documents.sharing(opened["document"]) == (None, "look")
    owned = members.opened("ann", "nobody")
    assert members.http.get(f"{PREFIX}/documents/{owned.id}", headers=BEARER).status_code == 404


def test_whom_a_proxy_names_is_no_operator(members: Members) -> None:
    assert not members.ask("GET", f"{PREFIX}/models", "ann").json()["may_change"]
    refused = members.ask("POST", f"{PREFIX}/models/remove", "ann", content=b'{"name": "noise"}')
    assert refused.status_code == 403
    assert members.http.get(f"{PREFIX}/models", headers=BEARER).json()["may_change"]


def client(members: Members, user: str) -> Client:
    """Gradio's client of a user."""
    return Client(members.url, verbose=False, headers=by_proxy(user), httpx_kwargs={"timeout": PATIENCE})


ARGUMENTS: dict[str, list[Any]] = {
    "checkout": ["x"], "layer": ["x"], "edit": ["a couch", [0, 0, 9, 9]], "remove": [[0, 0, 9, 9]], "expand": [8],
    "crop": [[0, 0, 9, 9]], "select": [[0, 0, 9, 9]], "share": ["edit"],
}  # fmt: skip


def test_the_tools_keep_the_same_rules(members: Members) -> None:
    ann, bob = client(members, "ann"), client(members, "bob")
    try:
        tools = {name.strip("/") for name in ann.view_api(return_format="dict", print_info=False)["named_endpoints"]}
        assert tools == TOOL_RULES.keys()
        hidden, shown = members.opened("ann", "nobody"), members.opened("ann", "look")
        before = [members.session.store.documents.get(each.id) for each in (hidden, shown)]
        for tool, rule in TOOL_RULES.items():
            if rule.value == "anyone":
                continue
            values = ARGUMENTS.get(tool, [])
            with pytest.raises(AppError, match="There is no document"):
                bob.predict(hidden.id, *values, api_name=f"/{tool}")
            if rule.value == "look":
                assert bob.predict(shown.id, *values, api_name=f"/{tool}")
            else:
                with pytest.raises(AppError, match=r"lets you look|Only the owner"):
                    bob.predict(shown.id, *values, api_name=f"/{tool}")
        assert [members.session.store.documents.get(each.id) for each in (hidden, shown)] == before
        assert ann.predict(hidden.id, "couch", [0, 0, 30, 30], api_name="/edit")["state"] == "done"
        assert ann.predict(hidden.id, api_name="/undo")["document"] == hidden.id
        ann.predict(shown.id, "edit", api_name="/share")
        assert bob.predict(shown.id, "couch", [0, 0, 30, 30], api_name="/edit")["state"] == "done"
        opened = bob.predict(base64_of(noise(30, 20)), "room", api_name="/open")["document"]
        assert members.session.store.documents.sharing(opened) == ("bob", "look")
        assert {each["document"] for each in bob.predict(api_name="/documents")} >= {opened}
        assert hidden.id not in {each["document"] for each in bob.predict(api_name="/documents")}
    finally:
        ann.close()
        bob.close()


async def called_by_mcp(members: Members, user: str, tool: str, arguments: dict[str, Any]) -> str:
    import httpx
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async with (
        httpx.AsyncClient(headers=by_proxy(user), timeout=PATIENCE, follow_redirects=True) as http,
        streamable_http_client(f"{members.url}/gradio_api/mcp/", http_client=http) as (read, write, _),
        ClientSession(read, write) as client,
    ):
        await client.initialize()
        content: Any = (await client.call_tool(tool, arguments)).content[0]
        return str(content.text)


def test_mcp_keeps_the_same_rules(members: Members) -> None:
    hidden = members.opened("ann", "nobody")
    for tool, arguments in (("describe", {}), ("edit", {"prompt": "a couch", "box": [0, 0, 30, 30]})):
        refused = in_loop(called_by_mcp(members, "bob", tool, {"document": hidden.id, **arguments}))
        assert "There is no document" in refused, refused
        assert hidden.id in in_loop(called_by_mcp(members, "ann", tool, {"document": hidden.id, **arguments})) or (
            tool == "edit"
        )
    assert members.session.store.documents.get(hidden.id).head != hidden.head


def test_the_log_says_who_did_what(members: Members) -> None:
    document = members.opened("ann")
    members.ask("POST", f"{PREFIX}/documents/{document.id}/edits", "dora", content=edit_packet(document.head))
    members.session.share(document.id, "edit")
    members.ask("POST", f"{PREFIX}/documents/{document.id}/edits", "dora", content=edit_packet(document.head))
    members.ask("GET", f"{PREFIX}/revisions/{document.head}/picture.png", "dora")
    members.ask("GET", f"{PREFIX}/documents/{document.id}", "dora")  # only looked at

    def entries() -> list[dict[str, Any]]:
        lines = members.audit.file.read_text().splitlines()
        return [entry for entry in map(json.loads, lines) if entry["user"] == "dora"]

    until(lambda: len(entries()) >= 3)
    assert [(each["action"], each["status"], each["document"]) for each in entries()] == [
        ("POST /documents/{document}/edits", 403, document.id),
        ("POST /documents/{document}/edits", 200, document.id),
        ("GET /revisions/{revision}/picture.{kind}", 200, document.id),
    ]  # fmt: skip
    assert all({*each} == {"time", "user", "action", "document", "status"} for each in entries())
    assert "a green couch" not in members.audit.file.read_text()


def test_the_log_says_whose_each_new_document_is(members: Members) -> None:
    """Whichever way it came."""

    def made(path: str, **more: Any) -> str:
        answer = members.ask("POST", f"{PREFIX}{path}", "ann", **more).json()
        return str(answer.get("document") or answer["id"])

    blank = made("/blank?width=64&height=64")
    opened = made("/documents?name=Room", content=encode_png(noise(64, 64)))
    copy = made(f"/documents/{opened}/duplicate")

    def entries() -> list[tuple[str, str | None]]:
        lines = map(json.loads, members.audit.file.read_text().splitlines())
        return [(each["document"], each.get("outcome")) for each in lines if each["document"] in (blank, opened)]

    until(lambda: entries() == [(blank, None), (opened, None), (opened, copy)])


def test_the_log_says_what_others_may_do_now(members: Members) -> None:
    document = members.opened("ann", "look")
    for shared in ("edit", "everything"):
        members.ask("POST", f"{PREFIX}/documents/{document.id}/share", "ann", json={"shared": shared})

    def entries() -> list[dict[str, Any]]:
        lines = members.audit.file.read_text().splitlines()
        return [each for each in map(json.loads, lines) if each["document"] == document.id]

    until(lambda: len(entries()) == 2)
    assert [(each["status"], each.get("outcome")) for each in entries()] == [(200, "edit"), (400, None)]


def test_the_log_says_what_became_of_a_tool_s_call(members: Members) -> None:
    document = members.opened(None, "edit")
    hidden = members.opened("ann", "nobody")
    box, secret = [0, 0, 30, 30], "a couch that nobody may read of"
    eve = client(members, "eve")
    try:
        eve.predict(document.id, secret, box, api_name="/edit")
        eve.predict(document.id, api_name="/undo")
        eve.predict(document.id, api_name="/describe")  # only looked at
        for values, tool in (
            ((document.id, secret, [0, 0, 0, 0]), "edit"),
            ((document.id, "no-such-revision"), "checkout"),
            ((hidden.id,), "describe"),
        ):
            with pytest.raises(AppError):
                eve.predict(*values, api_name=f"/{tool}")
        with pytest.raises(AppError):
            eve.predict(document.id, secret, box, model="failing", api_name="/edit")
        call = eve.submit(document.id, secret, box, model="slow", steps=200, api_name="/edit")
        until(lambda: members.session.store.jobs.pending(document.id))
        call.cancel()
    finally:
        eve.close()

    def entries() -> list[dict[str, Any]]:
        lines = members.audit.file.read_text().splitlines()
        return [entry for entry in map(json.loads, lines) if entry["user"] == "eve"]

    until(lambda: len(entries()) >= 7)
    assert [(each["action"], each["status"], each["outcome"]) for each in entries()] == [
        ("edit", 200, "done"),
        ("undo", 200, "done"),
        ("edit", 200, "refused"),
        ("checkout", 200, "refused"),
        ("describe", 404, "refused"),
        ("edit", 200, "failed"),
        ("edit", 200, "cancelled"),
    ]  # fmt: skip
    assert secret not in members.audit.file.read_text()
