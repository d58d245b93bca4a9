"""Who is let in: real requests to a real server, since cookies and redirects are what is tested."""

import json
import logging
import re
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from editor.store.database import StorageError
from editor.web import gate
from editor.web.credentials import LIFETIME, Credentials, read_secret
from editor.web.sign_in import preferred
from editor.web.signed_out import FRESH, SignedOut
from pipelines.errors import InvalidInput
from tests.fakes import in_loop, until
from tests.web.members import BEARER, PROXY_SECRET, TOKEN, Members, by_proxy, served_members

# Gradio, its server and its client, leave event loops and sockets to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

QUICK = 0.05  # seconds that a wrong secret takes in these tests


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Members]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "SLOW", QUICK)
        with served_members(tmp_path_factory.mktemp("gate")) as members:
            yield members


def form(token: str, onward: str = "/") -> dict[str, str]:
    return {"token": token, "next": onward}


def test_a_browser_signs_in_at_the_page_and_stays_signed_in(members: Members) -> None:
    with members.browser() as browser:
        shown = browser.get("/?doc=abc")
        assert shown.status_code == 401 and "<script" not in shown.text and "gradio" not in shown.text.lower()
        assert shown.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
        assert "form-action 'self'" in shown.headers["content-security-policy"]
        (onward,) = re.findall(r'name="next" value="([^"]*)"', shown.text)
        assert onward == "/?doc=abc"
        (action,) = re.findall(r'action="([^"]*)"', shown.text)
        wrong = browser.post(action, data=form("wrong", onward))
        assert wrong.status_code == 401 and 'role="alert"' in wrong.text and not browser.cookies
        signed_in = browser.post(action, data=form(TOKEN, onward))
        assert signed_in.status_code == 303 and signed_in.headers["location"] == "/?doc=abc"
        assert browser.get("/").status_code == 200
        assert browser.get("/palimpsest/documents").json() == []


def test_a_link_with_the_token_signs_in_and_hides_it(members: Members) -> None:
    with members.browser() as browser:
        answer = browser.get(f"/?doc=abc&token={TOKEN}&x=1%202")
        assert answer.status_code == 303 and answer.headers["location"] == "/?doc=abc&x=1+2"
        assert TOKEN not in str(answer.headers) and answer.headers["cache-control"] == "no-store"
        assert browser.get("/").status_code == 200
        assert members.http.get("/?token=wrong").status_code == 401


def test_the_cookie_is_what_it_should_be(members: Members) -> None:
    plain = members.http.get(f"/?token={TOKEN}").headers["set-cookie"]
    assert "HttpOnly" in plain and "SameSite=lax" in plain and "Path=/" in plain and "Secure" not in plain
    assert TOKEN not in plain
    https = members.http.get(f"/?token={TOKEN}", headers={"X-Forwarded-Proto": "https"}).headers["set-cookie"]
    assert "Secure" in https
    members.http.cookies.clear()


def test_another_secret_signs_everybody_out_and_so_does_time(monkeypatch: pytest.MonkeyPatch) -> None:
    from starlette.requests import HTTPConnection

    def let_in(credentials: Credentials, name: str, value: str) -> bool:
        cookie = f"{name}={value}".encode()
        return credentials.user(HTTPConnection({"type": "http", "headers": [(b"cookie", cookie)]})) is not None

    old, new = Credentials(TOKEN), Credentials(TOKEN + "2")
    cookie = old.new_cookie()
    assert let_in(old, old.cookie_name, cookie) and old.cookie_name != new.cookie_name
    assert not let_in(new, new.cookie_name, cookie)
    session, _, mac = cookie.partition("-")
    issued, _, random = session.partition(".")
    assert not let_in(old, old.cookie_name, f"{int(issued) + 1}.{random}-{mac}")
    assert not let_in(old, old.cookie_name, f"{issued}.{random[::-1]}-{mac}")
    assert not let_in(old, old.cookie_name, f"{session}-{mac[:-1]}{'0' if mac[-1] != '0' else '1'}")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + LIFETIME + 1)
    assert not let_in(old, old.cookie_name, cookie)


def signed_in(members: Members) -> httpx.Client:
    browser = members.browser()
    assert browser.post("/palimpsest/sign-in", data=form(TOKEN)).status_code == 303
    return browser


def test_who_signs_out_ends_every_copy_of_the_cookie_and_nobody_else_s(members: Members) -> None:
    with closing(signed_in(members)) as browser, closing(signed_in(members)) as other, members.browser() as thief:
        (cookie,) = browser.cookies.jar
        thief.cookies.set(cookie.name, str(cookie.value))
        assert [each.get("/palimpsest/user").json() for each in (browser, thief)] == [{"signs_out": True}] * 2
        assert thief.get("/").headers["cache-control"] == "no-store"  # the Back button asks the server
        answer = browser.post("/palimpsest/sign-out")
        assert answer.status_code == 200 and answer.headers["clear-site-data"] == '"cache"'
        assert not browser.cookies and "Max-Age=0" in answer.headers["set-cookie"]
        for each in (browser, thief):
            assert each.get("/palimpsest/documents").status_code == 401
            assert "Access token" in each.get("/").text
        assert thief.post("/palimpsest/sign-out").status_code == 401
        assert other.get("/palimpsest/documents").status_code == 200
    until(lambda: '"action": "sign-out", "document": null, "status": 200' in members.audit.file.read_text())


def test_another_site_and_a_mere_link_sign_nobody_out(members: Members) -> None:
    with closing(signed_in(members)) as browser:
        foreign = browser.post("/palimpsest/sign-out", headers={"Origin": "https://evil.example"})
        assert foreign.status_code == 403 and browser.get("/palimpsest/sign-out").status_code in (404, 405)
        assert browser.get("/palimpsest/documents").status_code == 200


def test_other_servers_and_later_ones_know_who_has_signed_out(
    members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_outs = members.store.sign_outs
    other = SignedOut(sign_outs)
    sign_outs.add("1.a", LIFETIME)
    sign_outs.add("1.a", LIFETIME)  # sent twice
    assert not in_loop(other.has("1.a")) and in_loop(SignedOut(sign_outs).has("1.a"))
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + FRESH + 0.1)
    assert in_loop(other.has("1.a")) and not in_loop(other.has("1.b"))

    def away() -> set[str]:
        raise StorageError("The database is away.")

    monkeypatch.setattr(time, "monotonic", lambda: now + 2 * FRESH + 0.2)
    monkeypatch.setattr(sign_outs, "all", away)
    assert in_loop(other.has("1.a")) and not in_loop(other.has("1.b"))
    monkeypatch.undo()
    later = members.store.database.now() + LIFETIME + 1
    monkeypatch.setattr(members.store.database, "now", lambda: later)
    sign_outs.add("2.a", LIFETIME)
    assert "1.a" not in sign_outs.all() and "2.a" in sign_outs.all()  # its cookie has ended by itself


def test_a_program_shows_the_token_as_bearer(members: Members) -> None:
    assert members.http.get("/palimpsest/documents", headers=BEARER).status_code == 200
    wrong = members.http.get("/palimpsest/documents", headers={"Authorization": "Bearer wrong"})
    assert wrong.status_code == 401 and wrong.headers["www-authenticate"] == "Bearer" and wrong.json()["error"]
    nobody = members.http.get("/palimpsest/documents")
    assert nobody.status_code == 401 and "sign in" in nobody.json()["error"]


def test_a_name_is_believed_only_with_the_secret_of_the_proxy(members: Members) -> None:
    def status(headers: dict[str, str] | list[tuple[str, str]]) -> int:
        return members.http.get("/palimpsest/documents", headers=headers).status_code

    secret = {"Palimpsest-Proxy-Secret": PROXY_SECRET}
    assert status(by_proxy("ann")) == 200
    assert status({"X-Forwarded-User": "ann"}) == 401
    assert status({"X-Forwarded-User": "ann", "X-Forwarded-For": "127.0.0.1"}) == 401
    assert status({**by_proxy("ann"), "Palimpsest-Proxy-Secret": "guess"}) == 401
    assert status(secret) == 401 and status({**secret, "X-Forwarded-User": ""}) == 401
    assert status([*by_proxy("ann").items(), ("X-Forwarded-User", "bob")]) == 401
    assert status([*by_proxy("ann").items(), ("Palimpsest-Proxy-Secret", "guess")]) == 401


def test_failures_are_slow_and_logged_without_the_secret(
    members: Members, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(gate, "SLOW", 0.5)
    started = time.monotonic()
    with caplog.at_level(logging.WARNING):
        members.http.get("/", headers={"Authorization": "Bearer a-wrong-guess"})
        members.http.get("/?token=a-wrong-guess")
    assert time.monotonic() - started >= 1
    messages = [record.getMessage() for record in caplog.records if record.name == "editor.web.gate"]
    assert len(messages) == 2 and all("failed" in each for each in messages)
    assert not any("a-wrong-guess" in each or TOKEN in each for each in messages)
    started = time.monotonic()
    assert members.http.get("/palimpsest/documents", headers=BEARER).status_code == 200
    assert time.monotonic() - started < 0.5


@pytest.mark.parametrize(
    "onward",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
     "/\tevil", "/\r\nSet-Cookie: a=b", "evil", ""],
)  # fmt: skip
def test_nobody_is_sent_to_another_site(members: Members, onward: str) -> None:
    answer = members.http.post("/palimpsest/sign-in", data=form(TOKEN, onward))
    assert answer.status_code == 303
    location = answer.headers["location"]
    there = httpx.URL(members.url).join(location)
    assert str(there).startswith(members.url + "/") and not location.startswith(("//", "/\\")), location
    assert "a=b" not in answer.headers.get("set-cookie", "")
    members.http.cookies.clear()


def test_the_page_speaks_the_reader_s_language(members: Members) -> None:
    for language, word in (("de-AT,de;q=0.9", "Anmelden"), ("zh-CN", "登录"), ("fr", "Sign in")):
        headers = {"Accept": "text/html", "Accept-Language": language}
        assert f"<button>{word}</button>" in members.http.get("/", headers=headers).text
    known = {"de": 0, "en": 0, "zh": 0}
    assert preferred("en;q=0.2, de;q=0.7", known) == "de" and preferred("de;q=0, en;q=0.1", known) == "en"
    assert preferred("<script>, ;;,q=", known) == "en"


def test_what_a_page_says_is_escaped(members: Members) -> None:
    answer = members.http.get("/?doc=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", headers={"Accept": "text/html"})
    assert answer.status_code == 401 and "<script" not in answer.text


def test_a_large_form_is_refused(members: Members) -> None:
    assert members.http.post("/palimpsest/sign-in", data=form("x" * 10_000)).status_code == 413


def test_the_log_has_who_signed_in(members: Members) -> None:
    members.http.get(f"/?token={TOKEN}")
    members.http.cookies.clear()
    members.http.get("/?token=wrong-again")

    def entries() -> list[dict[str, object]]:
        return [json.loads(line) for line in members.audit.file.read_text().splitlines()]

    until(lambda: any(entry["status"] == 401 for entry in entries()))
    signed = [(entry["action"], entry["status"]) for entry in entries()]
    assert ("sign-in", 303) in signed and ("sign-in", 401) in signed
    assert {entry["outcome"] for entry in entries() if entry["status"] == 401} == {"from 127.0.0.1"}
    assert TOKEN not in members.audit.file.read_text() and "wrong-again" not in members.audit.file.read_text()


@pytest.mark.parametrize("text", ["short", "", "two words are no secret", "ä" * 20])
def test_a_secret_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "secret"
    file.write_text(text)
    with pytest.raises(InvalidInput, match="secret"):
        read_secret(file, "--token")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_secret(tmp_path / "none", "--token")
    file.write_text(f"{TOKEN}\n")
    assert read_secret(file, "--token") == TOKEN


def test_under_a_path_the_cookie_and_the_addresses_have_it(tmp_path: Path) -> None:
    with served_members(tmp_path, root_path="/pal") as members, members.browser() as browser:
        shown = browser.get("/pal/")
        assert shown.status_code == 401 and 'action="/pal/palimpsest/sign-in"' in shown.text
        answer = browser.post("/pal/palimpsest/sign-in", data=form(TOKEN, "/elsewhere"))
        assert answer.headers["location"] == "/pal/" and "Path=/pal/" in answer.headers["set-cookie"]
        assert browser.get("/pal/palimpsest/documents").status_code == 200
        assert browser.post("/pal/palimpsest/sign-out").status_code == 200 and not browser.cookies
