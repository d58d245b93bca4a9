"""Live mode: the pixels of the stored edit, and nothing stored; newer requests and jobs go first, within a step."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from editor.edits.plan import affected_region
from editor.imaging.geometry import Box
from editor.store.store import Store
from editor.web.routes import live
from tests.fakes import RefiningPipeline, SlowPipeline, SoftPipeline, stop, until
from tests.live_stream import LiveStream
from tests.samples import an_edit, disc, noise, strokes
from tests.wire import RouteClient, refused

TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"


class LiveClient(RouteClient):
    """A client, with a worker that runs and a model that waits for leave to take a step."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.slow = SlowPipeline()
        refining, soft = RefiningPipeline(), SoftPipeline((30, 90, 200), loss=2)
        refining.live_steps = soft.live_steps = 2
        soft.name = "differential"
        super().__init__(store, folder, more=[self.slow, refining, soft])
        self.documents = [self.session.open(noise(300, 200, seed)) for seed in range(3)]

    def stream(self, document: int = 0, **settings: Any) -> LiveStream:
        opened = self.documents[document]
        return LiveStream(self, opened.id, self.body(document, **settings))

    def body(self, document: int = 0, **settings: Any) -> bytes:
        head = self.session.store.documents.get(self.documents[document].id).head
        return self.edit_body({"head": head}, **settings)

    def asked(self) -> list[str]:
        """The prompts with which the slow model has taken steps."""
        return [request.prompt for request in self.slow.noise.requests]

    def rows(self) -> dict[str, int]:
        """How many rows each table of the store has."""
        rows = self.session.store.database.rows
        return {name: rows(f"SELECT count(*) FROM {name}")[0][0] for (name,) in rows(TABLES)}


@pytest.fixture
def client(store: Store, tmp_path: Path) -> Iterator[LiveClient]:
    client = LiveClient(store, tmp_path / "none")
    client.worker.start()
    yield client
    stop(client.worker, client.slow)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"intent": "remove", "grow": 5, "opacity": 0.5},
        {"pipeline": "differential", "strength": 0.6, "feather": 20},
        {"pipeline": "differential", "intent": "sketch", "mask": None, "sketch": strokes(Box(250, 150, 90, 80))},
        {"mask": disc(Box(-20, 10, 300, 150)), "colour_match": False, "edge": 4},
        {"pipeline": "flat", "steps": None, "guidance": None, "sampler": None, "variations": 3},
    ],
    ids=["fill", "remove", "refine", "sketch", "several windows", "without steps"],
)
def test_the_pixels_are_those_of_the_stored_edit_and_nothing_is_stored(
    client: LiveClient, settings: dict[str, Any]
) -> None:
    document = client.documents[0]
    before, rows = client.session.picture(document.id), client.rows()
    body = client.body(**settings)
    with LiveStream(client, document.id, body) as stream:
        result = stream.result()
    assert client.rows() == rows and client.session.picture(document.id).digest == before.digest
    assert {packet["state"] for packet in stream.packets[:-1]} <= {"painting"}
    state = client.post(f"documents/{document.id}/edits", content=body).json()
    job = client.session.store.revisions.get(state["jobs"][0]["revision"])
    until(lambda: not client.session.store.jobs.pending(document.id))
    edit, after = job.edit, client.session.store.revisions.picture(job.id)
    assert edit is not None
    region = affected_region(edit, before.box)
    inside = region.on(region.bounds) > 0
    assert result.box == region.bounds
    assert np.array_equal(result.pixels[..., 3] == 255, inside) and set(np.unique(result.pixels[..., 3])) <= {0, 255}
    assert np.array_equal(result.pixels[inside][:, :3], after.read(result.box).pixels[inside])
    assert (after.read(result.box).pixels != before.read(result.box).pixels).any()


def test_previews_show_it_before_it_is_done(client: LiveClient) -> None:
    with client.stream(pipeline="slow", steps=3) as stream:
        client.slow.allow(1)
        stream.reached(1)
        first = stream.packets[0]
        assert (first["state"], first["step"], first["steps"], first["error"]) == ("painting", 1, 3, "")
        assert first["picture"]["file"][8:12] == b"WEBP" and not stream.ended
        client.slow.allow(2)
        assert stream.result().box.contains(Box(40, 30, 60, 50))


def test_a_newer_request_of_a_document_stops_the_older_within_a_step(client: LiveClient) -> None:
    with client.stream(pipeline="slow", prompt="a", steps=9) as older:
        client.slow.allow(1)
        older.reached(1)
        with client.stream(pipeline="slow", prompt="a lamp", steps=1) as newer:
            assert older.last()["state"] == "dropped"
            client.slow.allow(2)  # one to notice, and the newer one's
            newer.result()
    assert client.asked() == ["a", "a lamp"]


def test_those_of_other_documents_wait_for_their_turn(client: LiveClient) -> None:
    with client.stream(0, pipeline="slow", prompt="first", steps=2) as first:
        client.slow.allow(1)
        first.reached(1)
        with client.stream(1, pipeline="slow", prompt="second", steps=1) as second:
            until(lambda: len(client.worker._live._runs) == 2)
            with client.stream(2, pipeline="slow", prompt="third", steps=1) as third:
                until(lambda: len(client.worker._live._runs) == 3)
                client.slow.allow(3)
                for stream in (first, second, third):
                    stream.result()
    assert client.asked() == ["first", "second", "third"]


def test_closing_the_connection_stops_within_a_step(client: LiveClient) -> None:
    with client.stream(pipeline="slow", steps=9) as stream:
        client.slow.allow(1)
        stream.reached(1)
        stream.close()
    client.slow.allow(1)
    assert client.slow.closed.wait(60)
    with client.stream(pipeline="slow", prompt="next", steps=1) as following:
        client.slow.allow(1)
        following.result()
    assert len(client.asked()) == 2 and all(packet["step"] < 2 for packet in stream.packets)


def test_a_job_goes_first_within_a_step_and_then_it_is_painted(client: LiveClient) -> None:
    with client.stream(0, pipeline="slow", prompt="live", steps=2) as stream:
        client.slow.allow(1)
        stream.reached(1)
        job = client.session.submit(client.documents[1].id, an_edit(disc(Box(20, 20, 60, 50))))
        client.models.wake()
        client.slow.allow(1)  # to notice
        until(lambda: not client.session.store.revisions.get(job.id).pending)
        client.slow.allow(2)
        stream.result()
    assert client.asked() == ["live", "live"]


def test_it_waits_while_a_job_runs_or_is_queued(client: LiveClient) -> None:
    edit = an_edit(disc(Box(20, 20, 60, 50)), pipeline="slow", steps=1)
    jobs = [client.session.submit(client.documents[n].id, replace(edit, prompt=f"job {n}")) for n in (1, 2)]
    client.models.wake()
    assert client.slow.started.wait(60)
    with client.stream(0, pipeline="slow", prompt="live", steps=1) as stream:
        until(lambda: client.worker._live._runs)
        client.slow.allow(2)
        until(lambda: not any(client.session.store.revisions.get(job.id).pending for job in jobs))
        client.slow.allow(1)
        stream.result()
    assert client.asked() == ["job 1", "job 2", "live"]


def test_the_steps_of_a_replay_wait_for_it(client: LiveClient) -> None:
    document = client.documents[1].id
    edits = [an_edit(disc(Box(20 + 9 * n, 20, 60, 50)), prompt=f"step {n}") for n in range(2)]
    steps = []
    for edit in edits:
        steps.append(client.session.submit(document, edit).id)
        client.models.wake()
        until(lambda: not client.session.store.revisions.get(steps[-1]).pending)
    client.worker.stop()
    replay = client.session.amend(document, steps[0], replace(edits[0], prompt="another"))
    with client.stream(0, pipeline="slow", prompt="live", steps=2) as stream:
        until(lambda: client.worker._live.waiting)
        client.worker.start()
        client.slow.allow(1)
        stream.reached(1)
        assert all(client.session.store.revisions.get(job.id).pending for job in replay)
        client.slow.allow(1)
        stream.result()
        until(lambda: not any(client.session.store.revisions.get(job.id).pending for job in replay))
    assert client.asked() == ["live"]


def test_a_model_that_breaks_is_a_sentence_and_the_next_request_is_painted(client: LiveClient) -> None:
    with client.stream(pipeline="failing") as stream:
        last = stream.last()
    assert last["state"] == "failed" and last["error"].startswith("The model failed: the model ran out of paint.")
    with client.stream() as stream:
        stream.result()


def test_what_cannot_be_painted_live_is_refused(client: LiveClient) -> None:
    first, second, _ = client.documents

    def asked(**settings: Any) -> Any:
        return client.post(f"documents/{first.id}/live", content=client.body(**settings))

    refused(asked(pipeline="photo"), 400, "photo does not paint live")
    refused(asked(intent="adjust", adjustment={"exposure": 1}), 400, "no model 'none'")
    refused(asked(mask=disc(Box(900, 900, 40, 40))), 400, "outside the picture")
    refused(asked(mask=disc(Box(0, 0, 3000, 1500))), 400, "3,000 x 1,500", "too much for live mode")
    refused(asked(parent=7), 400, "id of a revision")
    refused(asked(parent=second.head), 400, "another document")
    refused(client.post("documents/none/live", content=client.body()), 404)
    refused(client.post(f"documents/{first.id}/live", content=b" " * (live.MAX_BYTES + 1)), 413, "at most 8 MB")
    client.models.loading.add("slow")
    refused(asked(pipeline="slow"), 503, "still loading")
    client.models.loading.clear()
    job = client.session.submit(first.id, an_edit(disc(Box(20, 20, 60, 50)), pipeline="slow"))
    refused(asked(parent=job.id), 409, "still running")
    assert client.worker._live._runs == {} and client.asked() == []


def test_only_a_few_documents_are_painted_at_a_time(client: LiveClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_DOCUMENTS", 1)
    with client.stream(0, pipeline="slow", steps=9) as stream:
        client.slow.allow(1)
        stream.reached(1)
        path = f"documents/{client.documents[1].id}/live"
        refused(client.post(path, content=client.body(1)), 503, "Too many pictures")
        with client.stream(0, prompt="newer") as newer:
            assert stream.last()["state"] == "dropped"
            client.slow.allow(1)  # to notice
            newer.result()
    with client.stream(1) as stream:
        stream.result()
