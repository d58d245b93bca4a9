"""The routes of layers: what they list, what a rearrangement would do, and that it is done."""

import json
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from editor.imaging.geometry import Box
from tests.samples import disc, noise
from tests.wire import RouteClient, refused

PLACES = [Box(20, 20, 30, 30), Box(200, 120, 30, 30), Box(205, 130, 30, 30)]
NAMES = ["a vase", "", "a dog"]


@pytest.fixture
def document(routes: RouteClient) -> str:
    opened = routes.session.open(np.full((200, 300, 3), (90, 120, 200), np.uint8), "Living room")
    state = {"document": opened.id, "head": opened.head}
    for seed, (place, prompt) in enumerate(zip(PLACES, NAMES, strict=True)):
        state = routes.made(state, mask=disc(place), prompt=prompt, seed=seed)
    return opened.id


def layers_of(routes: RouteClient, document: str) -> list[dict[str, Any]]:
    layers: list[dict[str, Any]] = routes.get(f"documents/{document}/layers").json()["layers"]
    return layers


def body(layers: list[dict[str, Any]]) -> dict[str, Any]:
    keys = ("revision", "visible", "opacity")
    return {"content": json.dumps({"layers": [{key: each[key] for key in keys} for each in layers]})}


def test_layers_are_the_steps_to_what_is_shown(routes: RouteClient, document: str) -> None:
    answer = routes.get(f"documents/{document}/layers").json()
    vase, lower, dog = answer["layers"]
    assert [each["edit"]["prompt"] for each in answer["layers"]] == NAMES
    assert answer["opened"]["parent"] is None and answer["opened"]["revision"] == vase["parent"]
    assert all(each["visible"] and each["opacity"] == 1 and not each["fixed"] for each in answer["layers"])
    assert (vase["overlaps"], lower["overlaps"], dog["overlaps"]) == ([], [dog["revision"]], [lower["revision"]])
    empty = routes.session.open(noise(30, 20))
    answer = routes.get(f"documents/{empty.id}/layers").json()
    assert answer["layers"] == [] and answer["opened"]["revision"] == empty.head


def test_a_forecast_is_what_is_done_then(routes: RouteClient, document: str) -> None:
    before = routes.session.picture(document).pixels().astype(int)
    layers = layers_of(routes, document)
    address = f"documents/{document}/layers"
    answer = routes.post(f"{address}/forecast", **body(layers))
    assert answer.status_code == 204 and answer.headers["palimpsest-runs"] == "[]"
    layers[0]["visible"] = False
    answer = routes.post(f"{address}/forecast", **body(layers))
    assert answer.headers["palimpsest-runs"] == "[]"
    box = Box(*map(int, answer.headers["palimpsest-box"].split(",")))
    seen = np.asarray(Image.open(BytesIO(answer.content)).convert("RGBA")).astype(int)
    assert routes.state({"document": document})["running"] == []
    state = routes.post(address, **body(layers)).json()
    assert [run["replay"]["of"] for run in state["running"]] == [3, 3, 3]
    assert len(state["jobs"]) == 3
    while routes.worker.run_one():
        pass
    after, place = routes.session.picture(document).pixels().astype(int), box.slices(Box(0, 0, 300, 200))
    drawn = before.copy()
    drawn[place] = np.where(seen[..., 3:] > 127, seen[..., :3], drawn[place])
    assert np.abs(before - after).max() > 80 > 8 > np.abs(drawn - after).max()  # it is a lossy file
    hidden = layers_of(routes, document)[0]
    assert not hidden["visible"] and hidden["mode"] == "fill"  # what it did, not that it is hidden
    tree = {node["revision"]: node for node in routes.get(f"documents/{document}/tree").json()}
    assert tree[hidden["revision"]]["mode"] == "hidden"


def test_a_hidden_step_that_is_blended_is_shown(routes: RouteClient, document: str) -> None:
    layers = layers_of(routes, document)
    layers[0]["visible"] = False
    routes.post(f"documents/{document}/layers", **body(layers))
    while routes.worker.run_one():
        pass
    hidden = layers_of(routes, document)[0]
    preview = routes.get(f"revisions/{hidden['revision']}/reblended", params=hidden["edit"]["blend"])
    colours = np.asarray(Image.open(BytesIO(preview.content)).convert("RGB")).astype(int)
    assert np.abs(colours - (90, 120, 200)).max() > 80
    address = f"documents/{document}/reblend/{hidden['revision']}"
    assert routes.post(address, content=json.dumps(hidden["edit"]["blend"])).status_code == 200
    while routes.worker.run_one():
        pass
    assert layers_of(routes, document)[0]["visible"]


def test_what_a_model_must_repeat_is_said_beforehand(routes: RouteClient, document: str) -> None:
    layers = layers_of(routes, document)
    layers[1]["opacity"] = 0.5
    address = f"documents/{document}/layers/forecast"
    assert json.loads(routes.post(address, **body(layers)).headers["palimpsest-runs"]) == [
        {"pipeline": "noise", "steps": 3}
    ]
    routes.models.loading.add("noise")
    assert (
        json.loads(routes.post(address, **body(layers)).headers["palimpsest-runs"])
        == [{"pipeline": "noise", "steps": 0}] * 2
    )


@pytest.mark.parametrize("verb", ["layers", "layers/forecast"])
def test_what_cannot_be_rearranged_is_a_sentence(routes: RouteClient, document: str, verb: str) -> None:
    layers, address = layers_of(routes, document), f"documents/{document}/{verb}"
    refused(routes.post(address, **body([layers[n] for n in (0, 2, 1)])), 400, "Layer 2 and “a dog” overlap")
    refused(routes.post(address, **body(layers[1:])), 409, "changed meanwhile")
    refused(routes.post(address, **body([{**layers[0], "opacity": 2}, *layers[1:]])), 400, "opacity")
    refused(routes.post(address, **body([{**layers[0], "visible": 1}, *layers[1:]])), 400, "visibility")
    refused(routes.post(address, **body([{**layers[0], "revision": 1}, *layers[1:]])), 400, "id of a step")
    for wrong in ("[]", '{"layers": {}}', '{"layers": [1]}', '{"layers": [{}]}', '{"order": []}'):
        refused(routes.post(address, content=wrong), 400)
    refused(routes.post(f"documents/none/{verb}", **body(layers)), 404)
    assert layers_of(routes, document) == layers
