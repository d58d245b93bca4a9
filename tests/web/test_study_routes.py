"""What the study's server tells, and whom: nothing of the arms, and nothing to who has not the link."""

import asyncio
import io
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image, PngImagePlugin
from starlette.testclient import TestClient

from editor.formats.images import decode_tile, encode_png
from editor.imaging.limits import MAX_NAME_BYTES
from editor.store.store import Store
from editor.study.comparisons import plan
from editor.web.addresses import Addresses
from editor.web.modules import MODULES
from editor.web.study import MIN_MILLISECONDS, link, study_app
from tests.study_folders import begun, picture, write_folders

HOST = "http://palimpsest.test"
RATER, OTHER = "0123456789abcdef" * 2, "f" * 32


class Visitor:
    """Who has the study's link."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folders = store, write_folders(folder, 24)
        for arm, each in enumerate(self.folders):  # what tells the arms apart, if it is sent
            notes = PngImagePlugin.PngInfo()
            notes.add_text("made by", ("base", "lora")[arm])
            Image.fromarray(picture(0, arm)).save(each / "000.png", pnginfo=notes, compress_level=9 * arm)
        self.study = begun(store, self.folders)
        app = study_app(store, self.study, Addresses("palimpsest.test"))
        self.http = TestClient(app, base_url=HOST, raise_server_exceptions=False)
        self.path = f"/palimpsest/study/{self.study.id}"

    def get(self, path: str = "") -> Any:
        return self.http.get(self.path + path)

    def state(self, rater: str = RATER) -> dict[str, Any]:
        state: dict[str, Any] = self.get(f"/{rater}").json()
        return state

    def answer(self, rater: str = RATER, **changes: Any) -> Any:
        body = {"token": "a" * 32, "comparison": 0, "choice": "left", "milliseconds": 1200} | changes
        return self.http.post(f"{self.path}/{rater}/answers", content=json.dumps(body))


@pytest.fixture
def visitor(store: Store, tmp_path: Path) -> Iterator[Visitor]:
    yield Visitor(store, tmp_path)


# what is sent


def test_the_page_allows_its_own_scripts_alone(visitor: Visitor) -> None:
    page = visitor.get()
    policy = page.headers["content-security-policy"]
    assert page.status_code == 200 and "script-src 'self';" in policy and "unsafe" not in policy
    assert "<script>" not in page.text and page.headers["x-content-type-options"] == "nosniff"
    for file in ("canvas.css", "study/study.css", "study/study.js", "icon.svg"):
        assert f'"../../{MODULES}{file}"' in page.text
        assert visitor.http.get(f"/{MODULES}{file}").status_code == 200


def test_a_person_sees_the_plan_without_what_is_behind_it(visitor: Visitor) -> None:
    state = visitor.state()
    comparisons = plan(visitor.study, RATER)
    assert state["milliseconds"] == [MIN_MILLISECONDS, 2**31 - 1]
    assert state["answered"] == [] and state["closed"] is False and len(state["comparisons"]) == len(comparisons)
    for shown, comparison in zip(state["comparisons"], comparisons, strict=True):
        asked = visitor.study.pairs[comparison.pair].prompt if comparison.question == "match" else None
        assert shown == {"question": comparison.question, "prompt": asked, "pictures": [*comparison.tokens]}


def test_nothing_that_is_sent_tells_the_arms_apart(visitor: Visitor) -> None:
    """Neither names nor files nor kinds, nor the answers' heads; and each picture is pixels of the same size alone."""
    answers = [visitor.get(), visitor.get(f"/{RATER}"), visitor.answer(), visitor.answer(choice="no")]
    first = next(each for each in plan(visitor.study, RATER) if each.pair == 0 and each.kind == "pair")
    pictures = {
        shown.arm: visitor.get(f"/{RATER}/pictures/{token}")
        for token, shown in zip(first.tokens, (first.left, first.right), strict=True)
    }
    secrets = (
        "base",
        "lora",
        ".png",
        str(visitor.folders[0].parent),
        visitor.study.secret,
        "check",
        "repeat",
        "spoiled",
    )
    for answer in (*answers, *pictures.values()):
        sent = f"{answer.headers}{answer.content.decode('latin-1')}".lower()
        assert not [word for word in secrets if word in sent.replace("base-uri", "")], answer.url
    heads = [{**answer.headers, "content-length": ""} for answer in pictures.values()]
    assert heads[0] == heads[1] and heads[0]["content-type"] == "image/webp"
    for arm, answer in pictures.items():
        image = Image.open(io.BytesIO(answer.content))
        assert image.size == (48, 48) and not {"exif", "xmp", "icc_profile"} & image.info.keys()
        assert (decode_tile(answer.content) == picture(0, arm)).all()


def test_another_person_cannot_have_ones_pictures(visitor: Visitor) -> None:
    (token, _), *_ = (each["pictures"] for each in visitor.state()["comparisons"])
    assert visitor.get(f"/{RATER}/pictures/{token}").status_code == 200
    assert visitor.get(f"/{OTHER}/pictures/{token}").status_code == 404


def test_a_picture_that_is_gone_is_no_reason_to_name_its_file(visitor: Visitor) -> None:
    comparison = next(n for n, each in enumerate(plan(visitor.study, RATER)) if each.pair == 3 and each.kind == "pair")
    tokens = visitor.state()["comparisons"][comparison]["pictures"]
    for spoil in (lambda file: file.write_bytes(encode_png(picture(9, 0))), lambda file: file.unlink()):
        for folder in visitor.folders:
            spoil(folder / "003.png")
        for token in tokens:
            answer = visitor.get(f"/{RATER}/pictures/{token}")
            assert answer.status_code == 400 and "cannot be read any more" in answer.json()["error"]


# who may


@pytest.mark.parametrize(
    "path",
    ["", "/", "/palimpsest", "/palimpsest/study", "/palimpsest/study/", "/palimpsest/study/none",
     "/palimpsest/documents", "/gradio_api/info", "/config", "/palimpsest/study/none/" + RATER, "/palimpsest/canvas/"],
)  # fmt: skip
def test_without_the_link_there_is_nothing(visitor: Visitor, path: str) -> None:
    answer = visitor.http.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"].startswith(("There is nothing", "There is no such study. Open the whole link"))
    assert visitor.study.id not in answer.text


@pytest.mark.parametrize("rater", ["x", "F" * 32, "0" * 31, "0" * 33, "%00" * 8, "..%2f..", "é" * 32])
def test_only_a_token_as_the_page_makes_them_is_a_person(visitor: Visitor, rater: str) -> None:
    assert visitor.get(f"/{rater}").status_code == 404
    assert visitor.answer(rater).status_code == 404


def test_a_foreign_name_or_site_is_refused(visitor: Visitor) -> None:
    assert visitor.http.get(visitor.path, headers={"Host": "evil.example"}).status_code == 421
    body = json.dumps({"token": "a" * 32, "comparison": 0, "choice": "left", "milliseconds": 1200})
    foreign = {"Origin": "https://evil.example"}
    answer = visitor.http.post(f"{visitor.path}/{RATER}/answers", content=body, headers=foreign)
    assert answer.status_code == 403 and visitor.state()["answered"] == []


def test_results_and_closing_are_not_on_the_web(visitor: Visitor) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        for end in ("results", "close", f"{RATER}/results", f"{RATER}/close"):
            assert visitor.http.request(method, f"{visitor.path}/{end}").status_code in (404, 405)
    assert not visitor.state()["closed"]


# answers


def test_answers_are_counted_once_and_taken_back(visitor: Visitor) -> None:
    for _ in range(2):
        assert visitor.answer().status_code == 200
    assert visitor.answer(token="b" * 32, choice="right").status_code == 200  # from another tab: the first one stands
    assert visitor.answer(token="c" * 32, comparison=1, choice="tie").status_code == 200
    assert visitor.answer(OTHER, token="d" * 32, comparison=5).status_code == 200
    assert visitor.state()["answered"] == [0, 1] and visitor.state(OTHER)["answered"] == [5]
    assert visitor.answer(token="e" * 32, comparison=1, choice="undone", milliseconds=0).status_code == 200
    assert visitor.state()["answered"] == [0]
    first, second = plan(visitor.study, RATER)[0], plan(visitor.study, OTHER)[5]
    stored = visitor.store.studies.answers(visitor.study.id)
    assert [(a.rater, a.pair, a.left_arm, a.kind, a.expected, a.choice) for a in stored] == [
        (RATER, first.pair, first.left.arm, first.kind, first.expected, "left"),
        (OTHER, second.pair, second.left.arm, second.kind, second.expected, "left"),
    ]


TOKEN_ERROR = "An answer's token must have 32 hexadecimal digits."
COMPARISON_ERROR = "An answer's comparison must be a number from 0 to 61."
CHOICE_ERROR = "An answer's choice must be one of left, right, tie, undone."
TIME_ERROR = "An answer's milliseconds must be a whole number from 700 to 2147483647. Look at both pictures first."
KEYS_ERROR = "An answer must have exactly these keys: choice, comparison, milliseconds, token."


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        *(({"token": token}, TOKEN_ERROR) for token in ("short", 5, "A" * 32)),
        *(({"comparison": number}, COMPARISON_ERROR) for number in (-1, 62, 10**6, "0", True, 0.0)),
        *(({"choice": choice}, CHOICE_ERROR) for choice in ("both", None, ["left"])),
        *(({"milliseconds": time}, TIME_ERROR) for time in (MIN_MILLISECONDS - 1, -1, 1e3, 2**31, None, "1200", True)),
        ({"milliseconds": -1, "choice": "undone"}, TIME_ERROR.replace("700", "0")),
        ({"more": 1}, KEYS_ERROR),
    ],
    ids=str,
)
def test_a_malformed_answer_gets_a_sentence_and_is_not_stored(
    visitor: Visitor, changes: dict[str, Any], sentence: str
) -> None:
    answer = visitor.answer(**changes)
    assert (answer.status_code, answer.json()) == (400, {"error": sentence})
    assert visitor.store.studies.answers(visitor.study.id) == []


def test_the_longest_look_is_an_answer(visitor: Visitor) -> None:
    assert visitor.answer(milliseconds=2**31 - 1).status_code == 200


def test_no_plan_is_made_where_it_would_hold_up_everybody(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan of a large study takes a moment: all requests wait for the event loop's thread."""

    def planned(*values: Any) -> Any:
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        return plan(*values)

    monkeypatch.setattr("editor.web.study.plan", planned)
    token = visitor.state()["comparisons"][0]["pictures"][0]
    assert visitor.get(f"/{RATER}/pictures/{token}").status_code == visitor.answer().status_code == 200


def test_a_state_does_not_read_the_whole_study_again(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitor.store.studies, "get", lambda id: pytest.fail("All pairs of the study were read."))
    assert visitor.state()["closed"] is False


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"\xff", b"[" * 3000, b'{"token": "' + b"a" * 32 + b'"}'])
def test_a_body_that_is_no_answer_gets_a_sentence(visitor: Visitor, body: bytes) -> None:
    answer = visitor.http.post(f"{visitor.path}/{RATER}/answers", content=body)
    sentence = KEYS_ERROR if body.startswith(b"{") else "An answer must begin with a line of JSON: an object."
    assert (answer.status_code, answer.json()) == (400, {"error": sentence})


def test_a_large_body_is_refused(visitor: Visitor) -> None:
    assert visitor.http.post(f"{visitor.path}/{RATER}/answers", content=b" " * (MAX_NAME_BYTES + 1)).status_code == 413


def test_a_closed_study_says_so(visitor: Visitor) -> None:
    visitor.answer()
    visitor.store.studies.close(visitor.study.id)
    assert visitor.state()["closed"] is True
    late = visitor.answer(token="b" * 32, comparison=1)
    assert late.status_code == 409 and "closed" in late.json()["error"]
    assert visitor.answer().status_code == 200  # it has this one


# the link


@pytest.mark.parametrize(
    ("addresses", "host", "expected"),
    [
        (Addresses(), "127.0.0.1", "http://127.0.0.1:7860/palimpsest/study/"),
        (Addresses("::1"), "::1", "http://[::1]:7860/palimpsest/study/"),
        (Addresses(public=["study.example"], root_path="/p"), "127.0.0.1", "https://study.example/p/palimpsest/study/"),
    ],
)
def test_the_link_is_where_people_reach_the_study(
    visitor: Visitor, addresses: Addresses, host: str, expected: str
) -> None:
    assert link(visitor.study, addresses, host, 7860) == expected + visitor.study.id
    assert len(visitor.study.id) == 32


@pytest.mark.parametrize("connected", [True, False])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "0:0:0::0"])
def test_a_server_for_all_has_a_link_that_others_can_open(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, host: str, connected: bool
) -> None:
    """It names this machine, as the server itself accepts, and no stand-in for all of its addresses."""

    class Route:
        def __init__(self, family: int, kind: int) -> None:
            assert kind == socket.SOCK_DGRAM  # which sends nothing to connect
            self.own = "fd00::20" if family == socket.AF_INET6 else "192.168.1.20"

        def __enter__(self) -> "Route":
            return self

        def __exit__(self, *error: object) -> None: ...

        def connect(self, address: tuple[str, int]) -> None:
            if not connected:
                raise OSError("Network is unreachable")

        def getsockname(self) -> tuple[str, int]:
            return self.own, 1

    monkeypatch.setattr("editor.web.addresses.socket.gethostname", lambda: "Studio")
    addresses = Addresses(host)
    monkeypatch.setattr("editor.web.addresses.socket.socket", Route)
    there = urlsplit(link(visitor.study, addresses, host, 7860))
    own = "fd00::20" if ":" in host else "192.168.1.20"
    assert there.hostname == (own if connected else "studio") and there.port == 7860
    assert addresses.refusal(there.netloc) is None
    assert link(visitor.study, Addresses(host, ["study.example"]), host, 7860).startswith("https://study.example/")
