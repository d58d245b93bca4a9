"""What a request's body may cost: its size, its slowness, and how many come at a time."""

import asyncio
import gc
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from gradio.utils import LRUCache

from editor.imaging.limits import MAX_FILE_BYTES, MAX_JSON_BYTES
from editor.web import large_work, request_bodies
from editor.web.api_sessions import ENDED, STATES
from editor.web.gradio_routes import LONG
from tests.fakes import PATIENCE, in_loop
from tests.web.test_api import Served, base64_of, until

# Gradio, its server and its client, leave event loops and sockets to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

OPEN = "/palimpsest/documents"
JOIN = "/gradio_api/queue/join"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("bodies"))
    yield served
    served.close()
    gc.collect()


def under_way(served: Served) -> request_bodies.Bodies:
    """What the server knows of bodies."""
    layer: Any = served.page.app.middleware_stack
    while not hasattr(layer, "bodies"):
        layer = layer.app
    found: request_bodies.Bodies = layer.bodies
    return found


class Half:
    """A request whose body is not all sent."""

    def __init__(self, served: Served, path: str, length: int, sent: bytes = b"") -> None:
        self.wire = socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2])), PATIENCE)
        self.wire.settimeout(PATIENCE)
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n"
        self.wire.sendall(head.encode() + sent)

    def answer(self) -> tuple[int, str]:
        answer = http.client.HTTPResponse(self.wire)
        answer.begin()
        body = json.loads(answer.read())
        self.wire.close()
        return answer.status, body["error"]


def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(served: Served) -> None:
    for path, most, words in (
        (OPEN, MAX_FILE_BYTES, "at most 512 MB"),
        (JOIN, LONG, "at most 65 MB"),
        ("/gradio_api/call/v2/edit", LONG, "at most 65 MB"),
        ("/gradio_api/cancel", MAX_JSON_BYTES, "at most 64 KB"),
    ):
        status, sentence = Half(served, path, most + 2**20).answer()
        assert status == 413 and words in sentence, path
    assert under_way(served).held == 0


def test_a_body_that_does_not_say_so_is_refused_as_soon_as_it_is(served: Served) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += 2**16
            yield bytes(2**16)

    for path in ("/gradio_api/cancel", "/palimpsest/documents/x/name"):
        sent = 0
        with httpx.Client(base_url=served.url, timeout=PATIENCE) as client:
            request_bodies.LINGER, before = 0.2, request_bodies.LINGER
            try:
                answer = client.post(path, content=endless())
            finally:
                request_bodies.LINGER = before
        assert answer.status_code == 413 and answer.json()["error"].endswith(".")
    until(lambda: under_way(served).held == 0)


def test_an_early_answer_is_heard_by_who_goes_on_sending(served: Served) -> None:
    """As browsers do: they read nothing before all is sent, unless the server waits for them."""
    size = LONG + 2**20
    half = Half(served, JOIN, size)
    for _ in range(size // 2**20):
        half.wire.sendall(bytes(2**20))
    assert half.answer()[0] == 413


@pytest.mark.parametrize("path", [OPEN, JOIN, "/palimpsest/documents/x/edits"])
def test_a_body_that_stops_is_given_up(served: Served, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_bodies, "WINDOW", 0.3)
    status, sentence = Half(served, path, 1000, b"{").answer()
    assert status == 408 and "stopped" in sentence
    until(lambda: under_way(served).held == 0 and not under_way(served).coming)


def test_a_body_that_trickles_is_given_up(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_bodies, "WINDOW", 0.5)
    half = Half(served, OPEN, 10**6)
    began, ended = time.monotonic(), threading.Event()

    def trickle() -> None:
        while not ended.wait(0.05):
            try:
                half.wire.sendall(b"x")
            except OSError:
                return

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        status, sentence = half.answer()
    finally:
        ended.set()
        thread.join()
    assert status == 408 and "too slow" in sentence and time.monotonic() - began < PATIENCE


def test_of_too_many_half_sent_bodies_the_oldest_is_ended(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_bodies, "MOST_COMING", 4)
    halves = []
    for _ in range(4):
        halves.append(Half(served, OPEN, 10**6, b"x"))
        until(lambda: len(under_way(served).coming) == len(halves))
    assert served.post("/palimpsest/blank?width=8&height=8", b" ")["document"]  # who comes in whole is let in
    status, sentence = halves[0].answer()
    assert status == 503 and "too many uploads" in sentence
    for half in halves[1:]:
        half.wire.close()
    until(lambda: under_way(served).held == 0 and not under_way(served).coming)


def test_what_all_bodies_hold_is_bounded(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_bodies, "MOST_HELD", 3 * 2**20)
    held = Half(served, OPEN, 10**8, bytes(3 * 2**20))
    until(lambda: under_way(served).held == 3 * 2**20)
    status, sentence = Half(served, OPEN, 2 * 2**20, bytes(2 * 2**20)).answer()
    assert status == 503 and "Try again in a minute" in sentence
    assert served.post("/palimpsest/blank?width=8&height=8", b" ")["document"]  # clicks and strokes go on
    held.wire.close()
    until(lambda: under_way(served).held == 0)


def test_a_call_that_waits_counts_until_it_is_done(served: Served) -> None:
    """Gradio keeps its body as long, and that of the last one until the next."""
    document = served.opened()
    served.slow.started.clear()
    mask = "data:image/png;base64," + " " * (2 * 2**20) + base64_of(np.full((120, 160), 255, np.uint8))
    edit = {"document": document, "prompt": "x", "mask": mask, "model": "slow", "steps": 1}
    event = served.post("/gradio_api/call/v2/edit", json.dumps(edit).encode())["event_id"]
    assert served.slow.started.wait(PATIENCE)
    served.call("describe", {"document": document})
    gc.collect()
    assert under_way(served).held > 2 * 2**20
    served.slow.allow(2)
    assert "event: complete" in served.get(f"/gradio_api/call/edit/{event}").decode()
    served.slow.forbid()

    def let_go() -> bool:
        served.call("describe", {"document": document})  # what is done next, on whichever thread
        gc.collect()
        return under_way(served).held < 2**10

    until(let_go)


def test_calls_leave_nothing_behind(served: Served) -> None:
    """0.12 MB each, once."""
    document = served.opened(8, 8)
    queue = served.page._queue
    for _ in range(2):
        for call in range(ENDED // 2 + 40):
            body = {"fn_index": fn_of(served, "describe"), "data": [document], "session_hash": f"s{call}-{_}"}
            served.post(JOIN, json.dumps(body).encode())
    until(lambda: not queue.event_ids_to_events)
    served.ask("describe", document)
    assert len(served.page.app.state_holder.session_data) <= STATES
    assert len(queue.pending_messages_per_session) <= ENDED and len(queue.pending_event_ids_session) <= ENDED


def fn_of(served: Served, verb: str) -> int:
    return next(number for number, fn in served.page.fns.items() if fn.api_name == verb)


def test_a_long_edit_outlives_many_short_calls(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradio forgot by age alone: the newest calls pushed out the one that still ran."""
    monkeypatch.setattr("editor.web.api_sessions.ENDED", 3)
    assert issubclass(type(served.page._queue.pending_messages_per_session), LRUCache)
    served.slow.started.clear()
    document = served.opened()
    job = served.client.submit(document, "slow", [10, 10, 40, 40], model="slow", steps=2, api_name="/edit")
    assert served.slow.started.wait(PATIENCE)
    for _ in range(12):
        served.call("describe", {"document": document})
    served.slow.allow(10)
    assert job.result(timeout=PATIENCE)["state"] == "done"
    served.slow.forbid()


def test_large_pictures_are_worked_on_a_few_at_a_time() -> None:
    together, most, lock = 0, 0, threading.Lock()
    full, gate = threading.Event(), threading.Event()

    def work() -> None:
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
            if together == large_work.AT_ONCE:
                full.set()
        gate.wait(PATIENCE)
        with lock:
            together -= 1

    async def several() -> None:
        large = [asyncio.ensure_future(large_work.run(large_work.LARGE + 1, work)) for _ in range(6)]
        unknown = asyncio.ensure_future(large_work.run(None, work))
        assert await large_work.run(large_work.LARGE, lambda: "small") == "small"  # waits for none of them
        assert await asyncio.to_thread(full.wait, PATIENCE)
        gate.set()
        await asyncio.gather(*large, unknown)

    in_loop(several())
    assert most == large_work.AT_ONCE
