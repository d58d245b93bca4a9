"""The verbs for programs, over the wire: by Gradio's client, as curl would, and by MCP."""

import asyncio
import base64
import gc
import json
import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import IncompleteRead
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import gradio as gr
import numpy as np
import pytest
from gradio import processing_utils
from gradio_client import Client
from gradio_client.exceptions import AppError

from editor.edits.edit import Edit
from editor.formats.export import recipe_of
from editor.formats.images import encode_png, read_image
from editor.imaging.geometry import Box
from editor.imaging.raster import Mask
from editor.recipes.recipe import Recipe
from editor.session import Session
from editor.store.store import Store
from editor.web.addresses import PREFIX, Addresses
from editor.web.api import publish
from editor.web.page import start
from editor.web.shown_files import Shown
from editor.worker import Worker
from pipelines import load
from pipelines.base import Adapter, Pipeline
from pipelines.classical import Classical
from pipelines.ranking import Ranker
from tests.conftest import Run
from tests.fakes import (
    PATIENCE,
    FailingPipeline,
    LocalModels,
    NoisePipeline,
    OpinionatedRanker,
    SlowPipeline,
    in_loop,
    loader,
    stop,
    until,
)
from tests.samples import noise
from tests.server_process import free_port
from tests.web.test_adapter_routes import lora
from tests.wire import app_context, edit_packet

# Gradio, its server and its client, leave event loops and sockets to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

GUIDE = Path(__file__).parents[2] / "docs" / "api.md"
TAKEN = "http://127.0.0.1:7860"  # the guide's server


class Served:
    """The editor, served, and Gradio's client of it."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self.session = Session(self.store)
        self.noise, self.slow = NoisePipeline(), SlowPipeline()
        models: list[Pipeline] = [self.noise, self.slow, FailingPipeline(at_step=2), Classical(), load("patchmatch")]
        self.ranker: Ranker | None = None  # of all models' results, for tests that set it
        self.worker = Worker(self.store, loader(*models), rankers=lambda model: self.ranker)
        names = [model.name for model in models]
        self.worker.start()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.models = LocalModels(self.worker)
        self.context = app_context(self.session, self.models, names, folder)
        self.page = start(self.context, "127.0.0.1", port, mcp=True)
        self.client = Client(self.url, verbose=False, httpx_kwargs={"timeout": PATIENCE})

    def close(self) -> None:
        self.client.close()
        self.page.close(verbose=False)
        stop(self.worker, self.slow)
        self.store.close()

    def opened(self, width: int = 160, height: int = 120) -> str:
        """The id of a new document."""
        return self.session.open(noise(width, height)).id

    def ask(self, verb: str, *values: Any, **named: Any) -> Any:
        return self.client.predict(*values, **named, api_name=f"/{verb}")

    def refused(self, verb: str, *values: Any, **named: Any) -> str:
        """The sentence with which a verb is refused."""
        with pytest.raises(AppError) as refusal:
            self.ask(verb, *values, **named)
        return str(refusal.value)

    def get(self, path: str) -> bytes:
        with urlopen(self.url + path, timeout=PATIENCE) as answer:
            return bytes(answer.read())

    def post(self, path: str, body: bytes) -> Any:
        with urlopen(Request(self.url + path, body, {"Content-Type": "application/json"}), timeout=PATIENCE) as answer:
            return json.load(answer)

    def call(self, verb: str, said: object) -> str:
        """The events of a call, as curl shows them."""
        event = self.post(f"/gradio_api/call/v2/{verb}", json.dumps(said).encode())["event_id"]
        return self.get(f"/gradio_api/call/{verb}/{event}").decode()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("api"))
    yield served
    served.close()
    gc.collect()


def base64_of(pixels: Any) -> str:
    return base64.b64encode(encode_png(pixels)).decode()


def test_a_picture_is_opened_edited_and_fetched(served: Served) -> None:
    pixels = noise(160, 120, seed=1)
    opened = served.ask("open", base64_of(pixels), "room")
    assert opened["box"] == [0, 0, 160, 120] and opened["name"] == "room" and not opened["can_undo"]
    assert {"document": opened["document"], "name": "room"} in served.ask("documents")
    served.slow.allow(1)
    job = served.client.submit(
        opened["document"], "noise", [20, 10, 40, 30], model="slow", seed=7, steps=6, api_name="/edit"
    )
    steps = []
    for step in job:
        steps.append(step)
        if step["state"] == "running":
            served.slow.allow(1)  # one more, once this one was reported
    served.slow.forbid()
    running = [(step["of"], step["step"]) for step in steps if step["state"] == "running"]
    assert len(running) > 1 and running == sorted(running) and {of for of, _ in running} == {6}
    done = steps[-1]
    assert job.result() == done and (done["state"], done["step"], done["seed"]) == ("done", 6, 7)
    assert served.session.store.documents.get(opened["document"]).head == done["revision"] == done["revisions"][0]
    result = read_image(served.get(done["picture"])).pixels
    assert np.array_equal(result, served.session.picture(opened["document"]).pixels())
    assert not np.array_equal(result, pixels) and np.array_equal(result[70:], pixels[70:])


def test_the_history_tells_what_was_asked_for_and_is_walked(served: Served) -> None:
    document = served.opened()
    first, edited = served.ask("describe", document), served.ask("edit", document, "a couch", [0, 0, 30, 30], seed=3)
    summary = served.ask("describe", document)
    assert summary["models"][0] == "noise" and [state["revision"] for state in summary["history"]] == [
        first["revision"], edited["revision"],
    ]  # fmt: skip
    edit = {"prompt": "a couch", "seed": 3, "model": "noise", "box": [0, 0, 30, 30], "finished": True}
    assert edit.items() <= summary["history"][1].items()
    assert served.ask("undo", document)["revision"] == first["revision"]
    assert served.ask("redo", document)["revision"] == edited["revision"]
    assert served.ask("checkout", document, first["revision"])["can_undo"] is False


def test_a_layer_is_hidden_faded_and_moved(served: Served) -> None:
    document = served.opened()
    lower, upper = (served.ask("edit", document, "", box, seed=3) for box in ([0, 0, 20, 20], [120, 80, 20, 20]))
    hidden = served.ask("layer", document, lower["revision"], False, 0.5)
    assert (hidden["state"], len(hidden["revisions"])) == ("done", 1)
    entries = {entry["revision"]: entry for entry in served.ask("describe", document)["history"]}
    assert served.ask("describe", document)["revision"] == hidden["revision"]
    below = entries[entries[hidden["revision"]]["parent"]]
    assert (below["visible"], below["opacity"]) == (False, 0.5) and entries[lower["revision"]]["visible"]
    served.ask("layer", document, below["revision"], True, 1.0)
    assert served.ask("describe", document)["revision"] == upper["revision"]
    moved = served.ask("layer", document, lower["revision"], place=2)
    picture = served.session.store.revisions.picture
    assert moved["revision"] != upper["revision"] and picture(moved["revision"]) == picture(upper["revision"])
    same = served.ask("layer", document, moved["revision"])  # nothing to change
    assert same["revisions"] == [moved["revision"]]
    assert "from 1, the lowest, to 2" in served.refused("layer", document=document, revision=same["revision"], place=3)


def test_a_point_a_box_and_a_mask_of_the_same_pixels_are_the_same_place(served: Served) -> None:
    pixels = np.full((60, 80, 3), 40, np.uint8)
    pixels[20:40, 30:60] = 200
    white = np.full((20, 30), 255, np.uint8)
    whole = np.zeros((60, 80), np.uint8)
    whole[20:40, 30:60] = 255
    box = [30, 20, 30, 20]
    places: list[dict[str, Any]] = [
        {"box": box}, {"point": [31, 21]}, {"mask": base64_of(whole)}, {"mask": base64_of(white), "box": box},
        {"point": [35, 25], "box": box, "tolerance": 255},
    ]  # fmt: skip
    document = served.session.open(pixels).id
    head = served.session.store.documents.get(document).head
    made = []
    for place in places:
        served.ask("checkout", document, head)
        made.append(served.ask("remove", document, seed=1, **place)["revision"])
    assert len(set(made)) == 1
    served.ask("checkout", document, head)
    file, summary = served.ask("select", document, point=[31, 21])
    assert summary == {"box": box, "pixels": 600}
    assert read_image(Path(file).read_bytes()).pixels.shape == (20, 30, 3)


def test_a_mask_s_specks_are_left_out_and_reported(served: Served) -> None:
    mask = np.zeros((120, 160), np.uint8)
    mask[10:40, 10:50] = 255
    mask[100, 150] = mask[110, 30] = 200
    document = served.opened()
    for verb, settings in (("edit", {"prompt": "noise", "steps": 1}), ("remove", {})):
        for keep, box, specks in ((False, Box(10, 10, 40, 30), 2), (True, Box(10, 10, 141, 101), 0)):
            done = served.ask(verb, document, mask=base64_of(mask), seed=1, keep_specks=keep, **settings)
            edit = served.session.store.revisions.get(done["revision"]).edit
            assert done["specks"] == specks and edit is not None and edit.mask.box == box
    assert "at most 9 of 255" in served.refused("remove", document, mask=base64_of(np.full((120, 160), 9, np.uint8)))


def test_what_is_removed_takes_its_edge_along(served: Served) -> None:
    pixels = np.full((120, 160, 3), 40, np.uint8)
    pixels[36:84, 46:104], pixels[40:80, 50:100] = 90, 200  # a rim that the point's colour does not reach
    for verb, settings in (("edit", {"prompt": "noise", "steps": 1}), ("remove", {})):
        document = served.session.open(pixels).id
        edit = served.session.store.revisions.get(
            served.ask(verb, document, point=[60, 60], seed=1, **settings)["revision"]
        ).edit
        assert edit is not None
        grows = edit.mask.box.contains(Box(46, 36, 58, 48))
        assert grows if verb == "remove" else edit.mask.box == Box(50, 40, 50, 40)


def test_a_picture_is_widened_cut_and_drawn_from_nothing(served: Served) -> None:
    document = served.ask("blank", 64, 48)["document"]
    assert served.ask("edit", document, "noise", [0, 0, 64, 48], steps=2)["state"] == "done"
    assert served.ask("expand", document, left=16, steps=2)["state"] == "done"
    assert served.ask("describe", document)["box"] == [-16, 0, 80, 48]
    assert served.ask("crop", document, [-16, 8, 20, 30])["state"] == "done"
    assert served.ask("describe", document)["box"] == [-16, 8, 20, 30]


def test_what_is_shown_is_the_part_that_was_asked_for(served: Served) -> None:
    pixels = np.zeros((1500, 2000, 3), np.uint8)
    pixels[:, 1000:] = (250, 0, 0)
    document = served.session.open(pixels).id
    file, summary = served.ask("look", document)
    assert summary["scale"] == 0.512 and read_image(Path(file).read_bytes()).pixels.shape == (768, 1024, 3)
    file, summary = served.ask("look", document, box=[990, 100, 400, 200])
    seen = read_image(Path(file).read_bytes()).pixels
    assert summary["scale"] == 1 and seen.shape == (200, 400, 3)
    assert seen[100, 2].max() < 20 and seen[100, 100, 0] > 240


def test_variations_are_all_reported(served: Served) -> None:
    done = served.ask("edit", served.opened(), "noise", [5, 5, 30, 30], variations=3, seed=2**32 - 1, steps=2)
    seeds = [edit.seed for id in done["revisions"] if (edit := served.session.store.revisions.get(id).edit)]
    assert seeds == [2**32 - 1, 0, 1] and done["revision"] == done["revisions"][0]


def test_where_nothing_is_said_a_model_is_asked_what_is_usual_with_it(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served.noise, "defaults", {"steps": 3, "guidance": 7.5, "sampler": "ddim"})
    document = served.opened()
    for said, asked in (({}, (3, 7.5, "ddim")), ({"guidance": 4, "sampler": "dpmpp_2m"}, (3, 4, "dpmpp_2m"))):
        revision = served.ask("edit", document, "noise", [5, 5, 30, 30], **said)["revision"]
        edit = served.session.store.revisions.get(revision).edit
        assert edit is not None and (edit.steps, edit.guidance, edit.sampler) == asked
    served.ask("expand", document, left=16)
    assert served.noise.requests[-1].steps == 3


def test_cancelling_the_job_cancels_the_edit(served: Served) -> None:
    document = served.opened()
    before = served.session.store.documents.get(document)
    served.slow.started.clear()
    job = served.client.submit(document, "never", [10, 10, 40, 40], model="slow", api_name="/edit")
    assert served.slow.started.wait(PATIENCE)
    job.cancel()
    until(lambda: [state.error for state in served.session.store.revisions.tree(document)] == [None, "Cancelled."])
    served.slow.allow(1)
    assert served.slow.closed.wait(PATIENCE)
    assert served.session.store.documents.get(document) == before


def test_who_hangs_up_cancels_the_edit(served: Served) -> None:
    document = served.opened()
    served.slow.started.clear()
    edit = {"document": document, "prompt": "never", "box": [10, 10, 40, 40], "model": "slow"}
    event = served.post("/gradio_api/call/v2/edit", json.dumps(edit).encode())["event_id"]
    with urlopen(f"{served.url}/gradio_api/call/edit/{event}", timeout=PATIENCE) as stream:
        assert stream.readline() == b"event: generating\n"
        assert served.slow.started.wait(PATIENCE)
    until(lambda: [state.error for state in served.session.store.revisions.tree(document)] == [None, "Cancelled."])
    served.slow.allow(1)
    assert served.slow.closed.wait(PATIENCE)


def test_an_edit_is_waited_for_when_the_one_before_it_is_taken_back(served: Served) -> None:
    document = served.opened()
    served.slow.started.clear()
    first = served.client.submit(document, "never", [10, 10, 40, 40], model="slow", api_name="/edit")
    assert served.slow.started.wait(PATIENCE)
    second = served.client.submit(document, "still", [60, 60, 40, 40], seed=5, api_name="/edit")
    until(lambda: len(served.session.store.jobs.pending(document)) == 2)
    (running, waiting) = served.session.store.jobs.pending(document)
    served.session.cancel(running.id)
    served.slow.allow(1)
    done = second.result(timeout=PATIENCE)
    assert (
        done["state"] == "done" and done["revision"] == served.session.store.documents.get(document).head != waiting.id
    )
    with pytest.raises(AppError, match="Cancelled"):
        first.result(timeout=PATIENCE)


def test_what_is_wrong_is_a_sentence(served: Served) -> None:
    document = served.opened()
    refusals: list[tuple[str, dict[str, Any], str]] = [
        ("describe", {"document": "nope"}, "There is no document 'nope' here"),
        ("describe", {"document": 5}, "The document must be text, not 5."),
        ("edit", {"document": document, "prompt": "x"}, "The whole picture is [0, 0, 160, 120]."),
        ("edit", {"document": document, "prompt": "x", "box": [500, 0, 9, 9]}, "lies outside the picture"),
        ("edit", {"document": document, "prompt": "x", "box": [0, 0, 9]}, "four whole numbers"),
        ("edit", {"document": document, "prompt": "x", "box": "all"}, "The box must be a list of whole numbers"),
        ("edit", {"document": document, "prompt": "x", "box": [0, 0, 9, 9], "model": "dall-e"}, "There is no model"),
        ("edit", {"document": document, "prompt": "x", "box": [0, 0, 9, 9], "steps": 0}, "from 1 to 1,000"),
        ("edit", {"document": document, "prompt": "x", "box": [0, 0, 9, 9], "variations": 9}, "1 to 8 variations"),
        ("edit", {"document": document, "prompt": "x", "box": [0, 0, 9, 9], "model": "failing"}, "ran out of paint"),
        ("remove", {"document": document, "point": [1]}, "The point must be [x, y]"),
        ("remove", {"document": document, "mask": base64_of(noise(5, 5))}, "Send a mask of the same size"),
        ("expand", {"document": document}, "There is nothing to expand"),
        ("crop", {"document": document, "box": [-5, 0, 9, 9]}, "does not lie within the picture"),
        ("checkout", {"document": document, "revision": "nope"}, "There is no revision"),
        ("layer", {"document": document, "revision": "nope", "visible": False}, "is no layer of what is shown"),
        ("layer", {"document": document, "revision": "nope", "visible": 1}, "must be true, false or null"),
        ("look", {"document": document, "revision": served.ask("blank", 9, 9)["revision"]}, "has no revision"),
        ("open", {"data": base64.b64encode(b"no picture").decode()}, "not an image the editor can read"),
        ("blank", {"width": 10**6, "height": 10**6}, "at most"),
    ]
    for verb, said, sentence in refusals:
        assert sentence in served.refused(verb, **said), (verb, said)


def test_no_path_is_read(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "secret.png"
    file.write_bytes(encode_png(noise(8, 8)))
    before = len(served.session.store.documents.all())
    for path in (str(file), f"file://{file}", f"{TAKEN}/secret.png"):
        assert "Paths and URLs are not read" in served.refused("open", path)
        assert "Paths and URLs are not read" in served.refused("remove", served.opened(), mask=path)
        before += 1
    assert len(served.session.store.documents.all()) == before


def test_no_value_has_gradio_ask_an_address_or_look_for_a_path(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a verb takes, Gradio fetches what says that it is a file; each value of each verb is tried."""
    looked: list[Any] = []

    async def look(data: Any, *others: Any, **named: Any) -> Any:
        looked.append(data)
        return data

    monkeypatch.setattr(processing_utils, "async_move_files_to_cache", look)
    meta = {"_type": "gradio.FileData"}
    files = [
        {"path": "http://192.0.2.1/picture.png", "meta": meta}, {"path": str(tmp_path / "secret"), "meta": meta},
        {"path": str(tmp_path / "secret")}, {"path": "x", "meta": "x"},
    ]  # fmt: skip
    for name, verb in json.loads(served.get("/gradio_api/info"))["named_endpoints"].items():
        for parameter in verb["parameters"]:
            if name != "/documents":
                values = {each["parameter_name"]: "x" for each in verb["parameters"]}
                for file in files:
                    for value in (file, [file]):
                        answer = served.call(name.strip("/"), {**values, parameter["parameter_name"]: value})
                        assert "event: error" in answer and "Each value must be text, a number" in answer, answer
    assert looked == []


def test_an_unknown_sampler_is_refused_before_it_is_queued(served: Served) -> None:
    document = served.opened()
    sentence = served.refused("edit", document, prompt="a vase", box=[5, 5, 20, 20], sampler="best")
    assert "noise has no sampler 'best'; it has " in sentence
    assert not served.session.store.jobs.pending(document) and len(served.session.store.revisions.tree(document)) == 1


def test_a_call_that_is_none_is_refused_with_a_sentence(served: Served) -> None:
    stranger = {"data": [], "session_hash": "s"}
    for path, body, status, sentence in [
        ("call/v2/describe", {}, 400, "required argument: document"),
        ("call/v2/describe", {"document": "x", "more": 1}, 400, "`more`"),
        ("call/v2/nothing", {}, 404, "There is no tool 'nothing'"),
        ("call/nothing", {"data": []}, 404, "There is no tool 'nothing'"),
        ("queue/join", {**stranger, "fn_index": 9999}, 404, "There is no tool"),
        ("queue/join", {**stranger, "fn_index": -1}, 404, "There is no tool"),
    ]:
        with pytest.raises(HTTPError) as refusal:
            served.post(f"/gradio_api/{path}", json.dumps(body).encode())
        with refusal.value as answer:
            assert answer.code == status and sentence in json.load(answer)["error"]


def test_what_nobody_called_fills_no_log(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("uvicorn.error").addHandler(caplog.handler)
    for path in ("call/edit/deadbeef", "call/v2/edit/deadbeef", "queue/data?session_hash=nobody"):
        with pytest.raises(IncompleteRead) as cut:
            served.get(f"/gradio_api/{path}")
        assert b"404" in cut.value.partial
    logging.getLogger("uvicorn.error").removeHandler(caplog.handler)
    assert caplog.text == ""


def test_programs_send_no_origin_and_other_sites_are_refused(served: Served) -> None:
    body = json.dumps({"document": "x"}).encode()
    headers = {"Content-Type": "application/json", "Origin": "https://elsewhere.example"}
    with pytest.raises(HTTPError) as refusal:
        urlopen(Request(f"{served.url}/gradio_api/call/v2/describe", body, headers), timeout=PATIENCE)
    with refusal.value as answer:
        assert answer.code == 403


def test_the_api_is_the_verbs_and_nothing_else(served: Served) -> None:
    summary = json.loads(served.get("/gradio_api/info"))
    assert not summary["unnamed_endpoints"] and set(summary["named_endpoints"]) == {
        "/documents", "/open", "/blank", "/describe", "/look", "/select", "/edit", "/remove", "/expand", "/crop",
        "/adjust", "/layer", "/undo", "/redo", "/checkout", "/adapters",
    }  # fmt: skip
    for name, verb in summary["named_endpoints"].items():
        assert verb["description"], name
        assert all(parameter["type"] for parameter in verb["parameters"]), name


def test_adapters_are_listed_and_edits_made_with_them(served: Served) -> None:
    assert served.ask("adapters", "") == []
    typed = str(lora(served.context.library.folder / "adapters" / "typed.safetensors"))
    (entry,) = served.ask("adapters", "")
    assert (entry["name"], entry["kind"]) == (typed, "lora") and entry["why"]
    document, box, picture = served.opened(), [20, 20, 40, 40], base64_of(noise(20, 20))
    done = served.ask("edit", document, "a vase", box=box, adapters=[f"{typed}=0.5"], reference=picture)
    edit = served.session.store.revisions.get(done["revision"]).edit
    assert edit is not None and edit.adapters == (Adapter(typed, 0.5),) and edit.reference is not None
    assert "There is no adapter" in served.refused("edit", document, "a vase", box=box, adapters=["/etc/passwd"])
    assert "not an image" in served.refused("edit", document, "a vase", box=box, reference="AAAA")


def test_documents_are_listed_only_where_no_other_machine_asks(served: Served, tmp_path: Path) -> None:
    with gr.Blocks(analytics_enabled=False) as page:
        publish(app_context(served.session, served.models, ["noise"], tmp_path, Addresses("0.0.0.0")), Shown())
    names = {verb.api_name for verb in page.fns.values()}
    assert "describe" in names and "documents" not in names


def test_the_files_of_old_answers_are_removed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("editor.web.shown_files.FILES", 2)
    folders = []
    for seed in range(4):
        document = served.session.open(noise(20, 20, 100 + seed)).id
        answer = json.loads(served.call("look", {"document": document}).rpartition("data: ")[2])
        folders.append(Path(answer[0]["path"]).exists())
        kept = answer[0]["path"]
    assert all(folders) and Path(kept).exists()
    assert sum(Path(path).exists() for path in served_files(served)) == 2


def served_files(served: Served) -> list[str]:
    """The files that a verb of the server keeps."""
    (look,) = [fn.fn for fn in served.page.fns.values() if fn.api_name == "look"]
    endpoint: Any = look
    return list(endpoint.__wrapped__.__self__.shown.files)


def test_the_readme_s_python_runs(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("room.jpg").write_bytes(encode_png(noise(320, 240)))
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    exec(compile(code.replace(TAKEN, served.url), "api.md", "exec"), {})
    newest = served.session.store.documents.all()[0]
    assert np.array_equal(read_image(Path("out.png").read_bytes()).pixels, served.session.picture(newest.id).pixels())


def test_the_readme_s_curl_runs(served: Served) -> None:
    (block,) = re.findall(r"```\n(curl .*?)```", GUIDE.read_text(), re.DOTALL)
    opening, calling, watching = re.findall(rf"{TAKEN}([^\s\"]+)", block)
    (said,) = re.findall(r"--json '(.*?)'", block)
    document = served.post(opening, encode_png(noise(320, 240)))["document"]
    event = served.post(calling, said.replace("ID", document).encode())["event_id"]
    events = served.get(watching.replace("EVENT", event)).decode()
    (done,) = json.loads(events.rpartition("event: complete\ndata: ")[2])
    assert done["state"] == "done" and served.session.store.documents.get(document).head == done["revision"]


def test_the_verbs_are_tools_of_mcp(served: Served) -> None:
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    document = served.session.open(np.full((120, 160, 3), (10, 90, 200), np.uint8)).id

    async def talk() -> tuple[Any, ...]:
        async with (
            streamable_http_client(f"{served.url}/gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as client,
        ):
            await client.initialize()
            arguments = {"document": document, "prompt": "noise", "box": [5, 5, 50, 40], "seed": 9}
            return (
                (await client.list_tools()).tools,
                await client.call_tool("edit", arguments),
                await client.call_tool("look", {"document": document}),
                await client.call_tool("describe", {"document": "nope"}),
                [
                    await client.call_tool(
                        tool, {**arguments, name: {"path": path, "meta": {"_type": "gradio.FileData"}}}
                    )
                    for path in (__file__, f"{__file__}-nowhere")
                    for tool, name in (("edit", "prompt"), ("edit", "box"), ("edit", "more"), ("look", "document"))
                ],
            )

    with ThreadPoolExecutor() as threads:  # in this one the browser tests' own loop may run
        tools, edited, look, refused, files = threads.submit(asyncio.run, talk()).result()
    assert {"open", "describe", "look", "select", "edit", "remove", "undo"} <= {tool.name for tool in tools}
    (edit,) = [tool for tool in tools if tool.name == "edit"]
    assert edit.description.startswith("Repaint a region") and edit.inputSchema["required"] == ["document", "prompt"]
    assert edit.inputSchema["properties"]["feather"]["description"].startswith("pixels over which")
    head = served.session.store.documents.get(document).head
    assert not edited.isError and head in edited.content[0].text and "'state': 'done'" in edited.content[0].text
    assert look.content[0].type == "image" and look.content[0].mimeType == "image/jpeg"
    seen = read_image(base64.b64decode(look.content[0].data)).pixels.astype(int)
    assert np.abs(seen - served.session.picture(document).pixels()).mean() < 20
    assert refused.isError and "There is no document 'nope'" in refused.content[0].text.replace("\\", "")
    for there, nowhere in zip(files[: len(files) // 2], files[len(files) // 2 :], strict=True):
        assert there.isError and nowhere.isError
        assert there.content[0].text == nowhere.content[0].text.replace("-nowhere", "")  # no file is looked for


async def called_by_mcp(url: str, tool: str, arguments: dict[str, Any]) -> str:
    """The text of a tool's answer."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async with (
        streamable_http_client(f"{url}/gradio_api/mcp/") as (read, write, _),
        ClientSession(read, write) as client,
    ):
        await client.initialize()
        content: Any = (await client.call_tool(tool, arguments)).content[0]
        return str(content.text)


def test_whoever_asks_gets_the_same_edit(served: Served, tmp_path: Path, here: Run) -> None:
    """The page's routes, the API, MCP and the command line, of one picture: each intent is one Edit, to its name."""
    pixels = np.random.default_rng(0).integers(80, 100, (120, 160, 3), np.uint8)  # a photograph's grain
    pixels[40:80, 50:100] = (240, 230, 60)
    mask = np.zeros((120, 160), np.uint8)
    mask[42:78, 52:98] = 255  # within the thing: Remove grows past its edge
    mask[5, 5] = 255  # a speck
    picture, mask_file = tmp_path / "picture.png", tmp_path / "mask.png"
    picture.write_bytes(encode_png(pixels))
    mask_file.write_bytes(encode_png(mask))
    document = served.ask("open", base64.b64encode(picture.read_bytes()).decode())["document"]
    defaults = {"steps": Edit.steps, "guidance": Edit.guidance, "sampler": Edit.sampler, "strength": None}

    def by_page(**said: Any) -> str:
        head = served.session.store.documents.get(document).head
        packet = edit_packet(
            head, mask=Mask(Box(0, 0, 160, 120), mask), **{"pipeline": "classical", **defaults, **said}
        )
        with urlopen(Request(f"{served.url}{PREFIX}/documents/{document}/edits", packet), timeout=PATIENCE) as answer:
            (submitted,) = json.load(answer)["jobs"]
        until(lambda: not served.session.store.revisions.get(submitted["revision"]).pending)
        served.ask("undo", document)
        return str(submitted["edit"])

    def by_api(verb: str, **said: Any) -> str:
        made = served.ask(verb, document, mask=base64_of(mask), **{"model": "classical", **said})
        served.ask("undo", document)
        return digest_at(made["revision"])

    def by_mcp(verb: str, **said: Any) -> str:
        asked = {"document": document, "mask": base64_of(mask), "model": "classical", **said}
        made = in_loop(called_by_mcp(served.url, verb, asked))
        served.ask("undo", document)
        return digest_at(re.findall(r"'revision': '(\w+)'", made)[-1])

    def by_command(*words: object) -> str:
        return by_plain_command("--pipeline", "classical", *words)

    def by_plain_command(*words: object) -> str:
        out = tmp_path / "out.png"
        done = here("edit", picture, "--mask", mask_file, "-o", out, *words)
        assert done.returncode == 0, done.stderr
        (edit,) = Recipe.from_json(recipe_of(out.read_bytes()) or "").steps
        return edit.digest

    def digest_at(revision: str) -> str:
        edit = served.session.store.revisions.get(revision).edit
        assert edit is not None
        return edit.digest

    words = {"prompt": "a lamp", "seed": 7}
    filled = {
        by_page(intent="fill", **words), by_api("edit", **words), by_mcp("edit", **words),
        by_command("--prompt", "a lamp", "--seed", 7),
    }  # fmt: skip
    removed = {
        by_page(intent="remove", **words), by_api("remove", seed=7), by_mcp("remove", seed=7),
        by_command("--remove", "--seed", 7),
    }  # fmt: skip
    refined = {
        by_page(intent="refine", **words), by_api("edit", **words, strength=0.9), by_mcp("edit", **words, strength=0.9),
        by_command("--prompt", "a lamp", "--seed", 7, "--strength", 0.9),
    }  # fmt: skip
    left_open = {
        by_page(intent="remove", **words, pipeline="auto"), by_api("remove", seed=7, model=""),
        by_mcp("remove", seed=7, model=""), by_plain_command("--remove", "--seed", 7),
    }  # fmt: skip
    values = {"exposure": 0.5, "contrast": -0.25, "blur": 1.5}
    curve = [[0.0, 0.1], [0.5, 0.4], [1.0, 1.0]]
    region: dict[str, Any] = {"document": document, "mask": base64_of(mask), "feather": 3}
    said = {**region, **values, "curve": [number for point in curve for number in point]}
    by_verb = served.ask("adjust", **said)["revision"]
    served.ask("undo", document)
    by_tool = re.findall(r"'revision': '(\w+)'", in_loop(called_by_mcp(served.url, "adjust", said)))[-1]
    served.ask("undo", document)
    text = "exposure=0.5,contrast=-0.25,blur=1.5,curve=0:0.1/0.5:0.4/1:1"
    adjusted = {
        by_page(intent="adjust", adjustment={**values, "curve": curve}, feather=3, **words), digest_at(by_verb),
        digest_at(by_tool), by_plain_command("--feather", 3, "--adjust", text),
    }  # fmt: skip
    assert [len(each) for each in (filled, removed, left_open, refined, adjusted)] == [1, 1, 1, 1, 1]
    assert len(filled | removed | left_open | refined | adjusted) == 5
    assert "changes nothing" in served.refused("adjust", document)
    assert "an x and a y" in served.refused("adjust", document, curve=[0, 0, 1])
    assert "a list of numbers or null" in served.refused("adjust", document, curve=["a"])


@pytest.fixture
def ranked(served: Served) -> Iterator[Served]:
    """The same, with results that are ranked."""
    served.ranker = OpinionatedRanker()
    yield served
    served.ranker = None


def test_the_best_of_several_is_the_result_and_the_others_stay(ranked: Served) -> None:
    document = ranked.opened()
    edit = {"document": document, "prompt": "noise", "box": [20, 10, 40, 30], "model": "noise"}
    done = ranked.ask("edit", **edit, seed=40, best_of=4)
    revisions = ranked.session.store.revisions
    found = revisions.matches(done["revision"])
    order = sorted(done["revisions"], key=lambda id: -found[id].probability)
    assert len(order) == 4 and done["revisions"] == order == revisions.variations(done["revision"])
    assert done["matches"] == [found[id].word for id in order]
    assert ranked.session.store.documents.get(document).head == done["revision"] == order[0]
    best = revisions.get(order[0]).edit
    assert best is not None and done["seed"] == best.seed and f"{order[0]}/picture.png" in done["picture"]
    (listed,) = [each for each in ranked.ask("describe", document)["history"] if each["revision"] == order[0]]
    assert listed["match"] == done["matches"][0]
    again = ranked.ask("edit", **{**edit, "box": [90, 60, 40, 30]}, seed=50, variations=3)
    assert len(again["revisions"]) == 3 and again["matches"] == [
        revisions.matches(id)[id].word for id in again["revisions"]
    ]
    single = ranked.ask("edit", **{**edit, "prompt": "a vase"}, seed=60)  # a word that the model does not know
    assert single["matches"] == [""] and single["seed"] == 60
    assert "Use only one of them" in ranked.refused("edit", **edit, variations=2, best_of=2)
    for wrong in (9, 0, -1):
        assert f"The setting best_of must be from 1 to 8, not {wrong}." in ranked.refused("edit", **edit, best_of=wrong)
