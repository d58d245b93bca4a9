"""The routes that ask for something: plans, changes of earlier steps, the queue; and those that make masks."""

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from editor.edits.edit import Blend
from editor.edits.plan import affected_region, plan
from editor.formats.images import read_image
from editor.imaging.edge_growth import grown_past_edge
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask, Patch
from editor.imaging.selection import alike, connected, cut_out, edge_aware, smoothed, softened, without_holes
from editor.recipes.recipe import Recipe
from editor.store.store import Store
from tests.samples import an_edit, disc, filled, noise, strokes
from tests.wire import RouteClient, refused, sent, unpacked, unpacked_all


def test_an_edit_holds_a_sketch_and_margins(routes: RouteClient, state: dict[str, Any]) -> None:
    sketch = strokes(Box(20, 30, 50, 40))
    settings: dict[str, Any] = {
        "mask": None,
        "sketch": sketch,
        "strength": 0.6,
        "margins": [10, 0, 0, 20],
        "colour_match": False,
    }
    [run] = routes.submit(state, **settings, sampler="ddim", edge=3).json()["running"]
    edit = routes.session.store.revisions.get(run["revision"]).edit
    assert edit is not None and edit.sketch == sketch and edit.margins == (10, 0, 0, 20) and edit.mask.bounds.empty
    assert (edit.sampler, edit.strength) == ("ddim", 0.6) and edit.blend == Blend(8, 3, 1, False)
    routes.worker.run_one()
    assert routes.session.picture(state["document"]).box == (-10, 0, 310, 220)


def test_a_refined_step_keeps_what_an_edit_cannot_name(routes: RouteClient, state: dict[str, Any]) -> None:
    reference = Patch(Box(0, 0, 9, 7), noise(9, 7))
    step = an_edit(disc(Box(30, 40, 50, 40)), adapters=(("ink", 0.5),), reference=reference)
    document = state["document"]
    routes.session.submit(document, step)
    routes.worker.run_one()
    first = routes.session.store.documents.get(document).head
    refused(routes.submit(state, adapters=[{"name": "ink", "weight": 1}]), 400, "There is no adapter 'ink'")
    for pipeline, kept in (("noise", step), ("flat", None)):
        body = routes.edit_body(state, prompt="other", parent="any", pipeline=pipeline)
        [run] = routes.post(f"documents/{document}/amend/{first}", content=body).json()["running"][-1:]
        edit = routes.session.store.revisions.get(run["revision"]).edit
        assert edit is not None and edit.prompt == "other"
        assert edit.adapters == (kept.adapters if kept else ()) and edit.reference == (kept.reference if kept else None)
        refused(
            routes.post(f"documents/{document}/amend/{first}", content=routes.edit_body(state)), 409, "being replayed"
        )
        routes.post(f"documents/{document}/cancel/{run['revision']}")


def test_a_change_of_a_sketched_step_keeps_the_sketch(routes: RouteClient, state: dict[str, Any]) -> None:
    sketch = Patch(Box(40, 40, 9, 7), np.dstack([noise(9, 7), np.full((7, 9), 255, np.uint8)]))
    document = state["document"]
    step = routes.session.submit(document, an_edit(disc(Box(30, 40, 50, 40)), sketch=sketch))
    routes.worker.run_one()
    routes.post(f"documents/{document}/amend/{step.id}", content=routes.edit_body(state, prompt="other"))
    (again,) = routes.session.store.jobs.pending(document)
    assert again.edit and again.edit.sketch == sketch


def test_who_had_no_answer_asks_again_and_gets_the_same(routes: RouteClient, state: dict[str, Any]) -> None:
    first = routes.submit(state, variations=2).json()
    assert routes.submit(state, variations=2).json()["jobs"] == first["jobs"]
    while routes.worker.run_one():
        pass
    now = routes.state(state)
    assert routes.submit(state, variations=2).status_code == 200 and routes.state(state)["head"] == now["head"]
    refused(routes.submit(state, variations=2, prompt="another"), 409, "another tab")


def test_what_a_change_would_replay_is_said_and_each_step_of_it_counted(
    routes: RouteClient, state: dict[str, Any]
) -> None:
    document = state["document"]
    models = ["noise", "flat", "damaged", "noise"]
    for i, pipeline in enumerate(models):
        routes.submit(
            routes.state(state), prompt=f"step {i}", steps=4, parent=routes.state(state)["tail"], pipeline=pipeline
        )
        while routes.worker.run_one():
            pass
    steps = [node for node in routes.session.store.revisions.tree(document) if node.finished][
        1:
    ]  # the damaged model made none
    summary = routes.get(f"documents/{document}/amend/{steps[0].id}").json()
    assert summary == {
        "step": 1,
        "of": 3,
        "later": [{"pipeline": "flat", "steps": 4}, {"pipeline": "noise", "steps": 4}],
    }
    refused(routes.get(f"documents/{document}/amend/{state['head']}"), 400, "opened picture")
    routes.post(f"documents/{document}/amend/{steps[0].id}", content=routes.edit_body(state, prompt="other", steps=5))
    for n in range(3):
        running = routes.state(state)["running"]
        places = [{"step": i + 1, "of": 3, "steps": 5 if i == 0 else 4} for i in range(n, 3)]
        assert [run["replay"] for run in running] == places
        assert routes.worker.run_one()
    routes.submit(routes.state(state))
    assert [run["replay"] for run in routes.state(state)["running"] if "replay" in run] == []


def test_edits_form_a_queue(routes: RouteClient, state: dict[str, Any]) -> None:
    document = state["document"]
    assert state["tail"] == state["head"] and state["step"] is None
    first = routes.submit(state, prompt="one", variations=2).json()
    assert first["tail"] == first["running"][0]["revision"] and first["head"] == state["head"]
    refused(routes.submit(state, prompt="two"), 409, "another tab")
    second = routes.submit(state, prompt="two", parent=first["tail"]).json()
    third = routes.submit(state, prompt="three", parent=second["tail"]).json()
    assert [run["prompt"] for run in third["running"]] == ["one", "one", "two", "three"]
    assert {run["pipeline"] for run in third["running"]} == {"noise"}
    parents = [run["parent"] for run in third["running"]]
    assert parents[:2] == [state["head"]] * 2 and parents[2] == first["tail"] and parents[3] == second["tail"]
    names = {run["prompt"]: run["edit"] for run in third["running"][1:]}

    waiting = [run["revision"] for run in third["running"]]
    moved = routes.post(
        f"documents/{document}/queue", content=json.dumps({"order": [waiting[n] for n in (3, 0, 1, 2)]})
    )
    assert [run["prompt"] for run in moved.json()["running"]] == ["three", "one", "one", "two"]
    assert all(run["edit"] == names[run["prompt"]] for run in moved.json()["running"] if run["prompt"] != "one")
    assert [summary["edit"] for summary in moved.json()["jobs"]] == [run["edit"] for run in moved.json()["running"]]

    gone = moved.json()["running"][0]["revision"]
    after = routes.post(f"documents/{document}/cancel/{gone}").json()
    assert [run["prompt"] for run in after["running"]] == ["one", "one", "two"]
    assert after["watched"][0]["status"] == "cancelled" and after["watched"][0]["edit"] == names["three"]
    while routes.worker.run_one():
        pass
    done = routes.state(state)
    assert done["step"] == {"revision": done["head"], "prompt": "two", "name": ""} and done["tail"] == done["head"]


@pytest.mark.parametrize(
    "order", [b"", b"[]", b"{}", b'{"order": 3}', b'{"order": [3]}', b'{"order": ["x"]}', b"{" * 9]
)
def test_a_wrong_order_is_a_sentence(routes: RouteClient, state: dict[str, Any], order: bytes) -> None:
    routes.submit(state)
    refused(routes.post(f"documents/{state['document']}/queue", content=order), 400, "rder")
    assert len(routes.session.store.jobs.pending(state["document"])) == 1


def test_a_plan_tells_what_an_edit_comes_to(routes: RouteClient, state: dict[str, Any]) -> None:
    def planned(**settings: Any) -> tuple[dict[str, Any], list[Mask]]:
        body = routes.edit_body(state, **settings)
        return unpacked_all(routes.post(f"documents/{state['document']}/plan", content=body), "regions")

    said, regions = planned()
    [run] = routes.submit(state).json()["running"]
    edit = routes.session.store.revisions.get(run["revision"]).edit
    assert edit is not None
    picture = routes.session.picture(state["document"])
    true = plan(edit, picture.box, routes.noise)
    seen = {"model": "noise", "kind": "photograph", "why": "", "sent": None}
    assert said == {"windows": [list(part.window) for part in true.parts], "steps": 3, "specks": 0, **seen}
    assert regions == [affected_region(edit, picture.box)]
    far = filled(Box(20, 20, 10, 10)).joined(filled(Box(280, 150, 10, 10)))
    said, regions = planned(mask=far, feather=2)
    assert len(said["windows"]) == 2 and [each.box for each in regions] == [(18, 18, 14, 14), (278, 148, 14, 14)]
    assert planned(pipeline="refining", mask=filled(Box(20, 20, 200, 90)))[0]["steps"] == 3 + 18
    # on a job that widens the picture, and on one on that; nothing was drawn yet
    routes.post(f"documents/{state['document']}/cancel/{run['revision']}")
    wide = routes.submit(state, mask=None, margins=[0, 0, 100, 0]).json()["tail"]
    _, (only,) = planned(parent=wide, mask=filled(Box(350, 10, 20, 20)))
    assert only.box == (342, 2, 36, 36)
    wider = routes.submit(state, parent=wide, mask=None, margins=[0, 0, 100, 0], seed=9).json()["tail"]
    assert planned(parent=wider, mask=filled(Box(450, 10, 20, 20)))[1]
    cropped = {"windows": [], "steps": 0, "specks": 0, **seen}
    assert planned(mask=None, margins=[-10, 0, 0, 0]) == (cropped, [])
    assert routes.noise.requests == []


def test_a_plan_of_nothing_is_a_sentence(routes: RouteClient, state: dict[str, Any]) -> None:
    other = routes.session.open(noise(20, 20))
    [run] = routes.submit(state).json()["running"]
    routes.post(f"documents/{state['document']}/cancel/{run['revision']}")
    for edit in ({"parent": None}, {"parent": other.head}, {"parent": run["revision"]}, {"pipeline": "damaged"},
                 {"mask": None}, {"mask": filled(Box(900, 0, 9, 9))}, {"steps": 0}):  # fmt: skip
        refused(routes.post(f"documents/{state['document']}/plan", content=routes.edit_body(state, **edit)), 400)
    refused(routes.post(f"documents/{state['document']}/plan", content=routes.edit_body(state, parent="gone")), 404)


def test_the_steps_of_a_replay_are_counted_while_its_model_loads(routes: RouteClient, state: dict[str, Any]) -> None:
    """At least those of one window each, and those of all windows once the model is known."""
    document, first = state["document"], routes.made(state)["head"]
    strips = filled(Box(0, 0, 20, 200)).joined(filled(Box(280, 0, 20, 200)))
    for steps in (5, 7):
        routes.made(state, mask=strips, steps=steps)
    known = routes.get(f"documents/{document}/amend/{first}").json()["later"]
    assert [each["steps"] for each in known] == [40, 56]  # eight windows
    routes.models.loading.add("noise")
    later = routes.get(f"documents/{document}/amend/{first}").json()["later"]
    assert [each["steps"] for each in later] == [5, 7]
    body = routes.edit_body(routes.state(state), mask=disc(Box(40, 30, 60, 50)), seed=9)
    routes.post(f"documents/{document}/amend/{first}", content=body)
    counted = [run["replay"]["steps"] for run in routes.state(state)["running"]]
    assert counted == [3, 5, 7]
    routes.models.loading.clear()
    counted = [run["replay"]["steps"] for run in routes.state(state)["running"]]
    assert counted[1:] == [each["steps"] for each in known]


def test_what_remove_grows_is_planned_and_queued_alike(routes: RouteClient, state: dict[str, Any]) -> None:
    """As a new step and in place of an earlier one, whatever the feather: the plan shows the mask that is stored."""
    mask, document, first = disc(Box(40, 30, 60, 50)), state["document"], routes.made(state)["head"]
    picture = routes.session.picture(document)
    for grow, grown in ((None, grown_past_edge(picture, mask)), (0, mask), (9, mask.grown(9))):
        body = routes.edit_body(routes.state(state), mask=mask, intent="remove", grow=grow, feather=20)
        _, (region,) = unpacked_all(routes.post(f"documents/{document}/plan", content=body), "regions")
        assert region == grown.cropped()
        for route in ("edits", f"amend/{first}"):
            [run] = routes.post(f"documents/{document}/{route}", content=body).json()["running"]
            edit = routes.session.store.revisions.get(run["revision"]).edit
            assert edit is not None and (edit.mask == region or (route != "edits" and grow is None))
            routes.post(f"documents/{document}/cancel/{run['revision']}")
    refused(routes.submit(routes.state(state), intent="remove", grow=99), 400, "from 0 to 64 pixels")
    refused(routes.submit(routes.state(state), grow=9), 400, "grows to remove")


def test_a_mask_is_cleaned_and_its_specks_are_reported(routes: RouteClient, state: dict[str, Any]) -> None:
    """What is planned is what is queued, as a new step or in place of an earlier one."""
    thing = disc(Box(40, 30, 60, 50))
    dirty = thing.joined(filled(Box(200, 150, 2, 2))).joined(filled(Box(280, 190, 3, 1)))
    dirty = Mask(Box(0, 0, 300, 200), np.maximum(dirty.on(Box(0, 0, 300, 200)), 15))  # its black is not black
    document, first = state["document"], routes.made(state)["head"]
    for keep, mask, specks in (
        (False, thing, 2),
        (True, Mask(dirty.box, np.where(dirty.alpha > 15, dirty.alpha, np.uint8(0))), 0),
    ):
        options: dict[str, Any] = {"keep_specks": True} if keep else {}
        body = routes.edit_body(routes.state(state), mask=dirty, seed=7, **options)
        said, regions = unpacked_all(routes.post(f"documents/{document}/plan", content=body), "regions")
        assert said["specks"] == specks
        for route in ("edits", f"amend/{first}"):
            answer = routes.post(f"documents/{document}/{route}", content=body)
            [run] = answer.json()["running"]
            edit = routes.session.store.revisions.get(run["revision"]).edit
            assert edit is not None and edit.mask == mask.cropped()
            whole = regions[0]
            for each in regions[1:]:
                whole = whole.joined(each)
            assert whole == affected_region(edit, routes.session.picture(document).box)
            routes.post(f"documents/{document}/cancel/{run['revision']}")
    faint = Mask(dirty.box, np.full(dirty.box.shape, 9, np.uint8))
    refused(routes.submit(routes.state(state), mask=faint), 400, "at most 9 of 255")
    refused(routes.submit(routes.state(state), keep_specks=1), 400, "keep_specks must be true or false")
    for intent in ("erase", ["fill"], None):
        refused(
            routes.submit(routes.state(state), intent=intent),
            400,
            f"There is no intent {intent!r}; choose one of fill,",
        )
    refused(routes.submit(routes.state(state), sampler="none"), 400, "noise has no sampler 'none'")


def test_a_mask_grows_past_an_edge_for_remove_alone(routes: RouteClient) -> None:
    """On what is shown, on jobs that have no pixels yet, and in place of an earlier step."""
    pixels = np.full((200, 300, 3), 90, np.uint8)
    found = disc(Box(100, 50, 90, 90))
    pixels[found.grown(3).on(Box(0, 0, 300, 200)) > 0] = (200, 170, 120)  # more than was selected
    pixels[found.on(Box(0, 0, 300, 200)) > 0] = (250, 240, 200)
    document = routes.session.open(pixels).id
    picture = routes.session.picture(document)
    grown = grown_past_edge(picture, found)
    assert np.count_nonzero(grown.alpha) > np.count_nonzero(found.grown(2).alpha)

    def asked(answer: Any) -> Mask:
        assert answer.status_code == 200, answer.text
        edit = routes.session.store.revisions.get(answer.json()["running"][-1]["revision"]).edit
        assert edit is not None
        return edit.mask

    now = routes.state({"document": document})
    body = routes.edit_body(now, mask=found, intent="remove", feather=0)
    _, (only,) = unpacked_all(routes.post(f"documents/{document}/plan", content=body), "regions")
    assert only.bounds == grown.bounds
    assert asked(routes.submit(now, mask=filled(Box(5, 5, 20, 20)), prompt="first")) == filled(Box(5, 5, 20, 20))
    for intent, mask in (("fill", found), ("remove", grown)):
        now = routes.state({"document": document})
        assert asked(routes.submit(now, mask=found, intent=intent, parent=now["tail"])) == mask
    while routes.worker.run_one():
        pass
    first = routes.session.store.revisions.tree(document)[1].id
    amended = routes.post(
        f"documents/{document}/amend/{first}", content=routes.edit_body(now, mask=found, intent="remove", seed=9)
    )
    edit = routes.session.store.revisions.get(amended.json()["jobs"][0]["revision"]).edit
    assert edit is not None and edit.mask == grown


def test_an_earlier_step_is_changed_and_the_later_follow(routes: RouteClient, state: dict[str, Any]) -> None:
    document, first = state["document"], routes.made(state, prompt="one")["head"]
    before = routes.made(state, prompt="two", mask=filled(Box(200, 120, 50, 50)))
    changed = routes.post(
        f"documents/{document}/amend/{first}", content=routes.edit_body(state, prompt="other", parent="any")
    )
    assert [run["prompt"] for run in changed.json()["running"]] == ["other", "two"]
    while routes.worker.run_one():
        pass
    after = routes.state(state)
    assert after["head"] != before["head"] and after["step"]["prompt"] == "two"
    refused(
        routes.post(f"documents/{document}/amend/{state['head']}", content=routes.edit_body(state)),
        400,
        "opened picture",
    )
    refused(routes.post(f"documents/{document}/amend/gone", content=routes.edit_body(state)), 404)


OTHER = {"feather": 30, "edge": 4, "opacity": 0.5, "colour_match": False}


def test_a_step_is_laid_in_otherwise_with_no_model_run(routes: RouteClient) -> None:
    smooth = np.repeat(np.linspace(20, 120, 300).astype(np.uint8)[None, :, None], 200, 0).repeat(3, 2)
    document = routes.session.open(smooth).id
    step = routes.made({"document": document}, pipeline="flat", colour_match=False)["head"]
    seen, runs = routes.session.picture(document), len(routes.flat.requests)
    answer = routes.get(f"revisions/{step}/reblended?feather=30&edge=4&opacity=0.5&colour_match=false")
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/webp"
    box = Box(*map(int, answer.headers["palimpsest-box"].split(",")))
    assert box == Box(40 - 34, 0, 60 + 68, 30 + 50 + 34)  # mask, edge and feather, to the end of the picture
    assert (
        routes.session.picture(document) == seen and len(routes.session.store.revisions.tree(document)) == 2
    )  # nothing was kept

    made = routes.post(f"documents/{document}/reblend/{step}", content=json.dumps(OTHER))
    assert len(made.json()["running"]) == 1
    while routes.worker.run_one():
        pass
    assert len(routes.flat.requests) == runs
    true, before = (picture.read(box).pixels.astype(int) for picture in (routes.session.picture(document), seen))
    shown = np.asarray(Image.open(BytesIO(answer.content)).convert("RGBA")).astype(int)
    there = shown[..., 3] == 255
    assert np.array_equal(before[~there], true[~there])
    assert np.abs(shown[..., :3] - true)[there].mean() < 3 < np.abs(shown[..., :3] - before)[there].mean()


def test_a_narrower_blend_covers_what_the_wider_one_changed(routes: RouteClient, state: dict[str, Any]) -> None:
    """The picture beneath it is that of the step as it is."""
    step = routes.made(state, feather=20)["head"]
    answer = routes.get(f"revisions/{step}/reblended?feather=0")
    assert answer.headers["palimpsest-box"] == "20,10,100,90"
    assert routes.get(f"revisions/{step}/reblended").headers["palimpsest-box"] == "20,10,100,90"


@pytest.mark.parametrize(
    "query", ["feather=1000", "feather=x", "feather=1.5", "opacity=nan", "opacity=NaN", "edge=", "colour_match=maybe"]
)
def test_a_wrong_blend_is_a_sentence(routes: RouteClient, state: dict[str, Any], query: str) -> None:
    step = routes.made(state)["head"]
    refused(routes.get(f"revisions/{step}/reblended?{query}"), 400)
    name, _, value = query.partition("=")
    refused(
        routes.post(f"documents/{state['document']}/reblend/{step}", content=json.dumps({**OTHER, name: value})), 400
    )


def test_nothing_to_blend_is_a_sentence(routes: RouteClient, state: dict[str, Any]) -> None:
    refused(routes.get(f"revisions/{state['head']}/reblended"), 400, "opened picture")
    refused(routes.get("revisions/gone/reblended"), 404)
    [run] = routes.submit(state).json()["running"]
    refused(routes.get(f"revisions/{run['revision']}/reblended"), 400, "not stored")  # not finished
    routes.post(f"documents/{state['document']}/cancel/{run['revision']}")
    routes.post(f"documents/{state['document']}/crop", content=b'{"box": [0, 0, 100, 100]}')
    routes.worker.run_one()
    refused(routes.get(f"revisions/{routes.state(state)['head']}/reblended"), 400, "no blend to change")
    refused(routes.post(f"documents/{state['document']}/reblend/{state['head']}", content=json.dumps(OTHER)), 400)
    refused(
        routes.post(f"documents/{state['document']}/reblend/{state['head']}", content=b"{}"), 400, "must have exactly"
    )


def test_a_crop(routes: RouteClient, state: dict[str, Any]) -> None:
    crop = f"documents/{state['document']}/crop"
    for body in (b"", b"{}", b'{"box": 1}', b'{"box": [0, 0, 300, 200]}', b'{"box": [-9, 0, 60, 60]}',
                 b'{"box": [0, 0, 0, 9]}', b'{"box": [0, 0, 1e99, 9]}', b'{"box": [0, 0, 9, 9], "by": 1}'):  # fmt: skip
        refused(routes.post(crop, content=body), 400)
    [run] = routes.submit(state).json()["running"]
    refused(routes.post(crop, content=b'{"box": [10, 20, 100, 90]}'), 409, "still running")
    routes.post(f"documents/{state['document']}/cancel/{run['revision']}")
    assert routes.post(crop, content=b'{"box": [10, 20, 100, 90]}').status_code == 200
    routes.worker.run_one()
    assert routes.session.picture(state["document"]).box == (10, 20, 100, 90)


def test_a_recipe_goes_out_as_a_file(routes: RouteClient, state: dict[str, Any]) -> None:
    step = routes.made(state)["head"]
    answer = routes.get(f"revisions/{step}/recipe")
    assert "attachment" in answer.headers["content-disposition"] and "Living%20room" in str(answer.headers)
    recipe = Recipe.from_json(answer.text)
    assert recipe == routes.session.exports.recipe(state["document"], "noise 1", step)
    refused(routes.get(f"revisions/{state['head']}/recipe"), 400, "no step")


# masks


@pytest.fixture
def shapes(routes: RouteClient) -> tuple[str, str, Picture]:
    """A document of a disc on noise, its head and its picture."""
    pixels = noise(300, 200) // 3
    pixels[disc(Box(100, 50, 90, 90)).on(Box(0, 0, 300, 200)) > 0] = (250, 240, 200)
    document = routes.session.open(pixels)
    return document.id, document.head, routes.session.picture(document.id)


def test_selecting(routes: RouteClient, shapes: tuple[str, str, Picture]) -> None:
    document, head, picture = shapes
    wand = {"revision": head, "tool": "wand", "x": 140, "y": 90, "tolerance": 0, "contiguous": True, "smoothing": 0}
    answer = routes.post(f"documents/{document}/select", content=sent(wand))
    assert unpacked(answer, "mask") == ({}, connected(picture, 140, 90, 0))
    everywhere = wand | {"x": 3, "y": 3, "tolerance": 60, "contiguous": False}
    answer = routes.post(f"documents/{document}/select", content=sent(everywhere))
    assert unpacked(answer, "mask") == ({}, alike(picture, 3, 3, 60))
    answer = routes.post(f"documents/{document}/select", content=sent(everywhere | {"smoothing": 3}))
    assert unpacked(answer, "mask") == ({}, smoothed(alike(picture, 3, 3, 60), 3, picture.box))
    stroke = filled(Box(130, 80, 20, 20))
    edge = {"revision": head, "tool": "edge", "mask": stroke}
    answer = routes.post(f"documents/{document}/select", content=sent(edge))
    assert unpacked(answer, "mask") == ({}, edge_aware(picture, stroke))


@pytest.mark.parametrize(
    "wrong",
    [
        {"x": 300}, {"x": -1}, {"x": 1.5}, {"x": "1"}, {"x": 2**70}, {"tolerance": 256}, {"tolerance": -1},
        {"tool": "hammer"}, {"tool": "edge"}, {"tool": ["wand"]}, {"revision": None}, {"revision": 3}, {"glow": 1},
        {"mask": None}, {"contiguous": 1}, {"contiguous": None}, {"smoothing": 33}, {"smoothing": -1},
        {"smoothing": 1.5},
    ],
)  # fmt: skip
def test_a_wrong_selection_is_a_sentence(
    routes: RouteClient, shapes: tuple[str, str, Picture], wrong: dict[str, Any]
) -> None:
    document, head, _ = shapes
    wand = {"revision": head, "tool": "wand", "x": 140, "y": 90, "tolerance": 0, "contiguous": True, "smoothing": 0}
    said = wand | wrong
    answer = routes.post(f"documents/{document}/select", content=sent(said))
    refused(answer, 404 if "revision" in wrong else 400)
    for stroke in (None, filled(Box(900, 900, 9, 9)), Mask(Box(0, 0, 9, 9), np.zeros((9, 9), np.uint8))):
        said = {"revision": head, "tool": "edge", "mask": stroke}
        refused(routes.post(f"documents/{document}/select", content=sent(said)), 400, "stroke")


def test_nothing_is_selected_in_another_document(routes: RouteClient, shapes: tuple[str, str, Picture]) -> None:
    other = routes.session.open(noise(20, 20))
    said = {"revision": other.head, "tool": "wand", "x": 1, "y": 1, "tolerance": 0, "contiguous": True, "smoothing": 0}
    refused(routes.post(f"documents/{shapes[0]}/select", content=sent(said)), 404)
    said = {"revision": other.head, "mask": filled(Box(0, 0, 9, 9))}
    refused(routes.post(f"documents/{shapes[0]}/cut-out", content=sent(said)), 404)


def test_a_part_of_the_picture_is_cut_out_along_the_mask(routes: RouteClient, shapes: tuple[str, str, Picture]) -> None:
    document, head, picture = shapes
    mask = softened(disc(Box(80, 40, 90, 90)), 9, picture.box)
    answer = routes.post(f"documents/{document}/cut-out", content=sent({"revision": head, "mask": mask}))
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/png"
    assert np.array_equal(read_image(answer.content).pixels, cut_out(picture, mask))
    for wrong in ({"mask": None}, {"mask": filled(Box(900, 900, 9, 9))}, {"glow": 1}):
        said = {"revision": head, "mask": mask} | wrong
        refused(routes.post(f"documents/{document}/cut-out", content=sent(said)), 400)
    for revision in (None, 3, "none"):
        said = {"revision": revision, "mask": mask}
        refused(routes.post(f"documents/{document}/cut-out", content=sent(said)), 404)


def test_a_cut_out_has_the_pictures_own_colours(routes: RouteClient) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    document = routes.session.store.documents.create(Picture.from_pixels(noise(40, 30)), "wide", icc=profile)
    said = {"revision": document.head, "mask": filled(Box(0, 0, 9, 9))}
    answer = routes.post(f"documents/{document.id}/cut-out", content=sent(said))
    assert Image.open(BytesIO(answer.content)).info["icc_profile"] == profile


VERBS: dict[str, Callable[[Mask, Box], Mask]] = {
    "grow": lambda mask, frame: mask.grown(9).cut(frame),
    "shrink": lambda mask, frame: mask.shrunk(9, frame),
    "soften": lambda mask, frame: softened(mask, 9, frame),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_mask_is_changed(routes: RouteClient, shapes: tuple[str, str, Picture], verb: str) -> None:
    document, _, picture = shapes
    for mask in (disc(Box(40, 30, 60, 50)), filled(Box(-20, -20, 60, 60)), filled(Box(0, 0, 300, 200))):
        answer = routes.post(f"documents/{document}/mask", content=sent({"do": verb, "by": 9, "mask": mask}))
        assert unpacked(answer, "mask") == ({}, VERBS[verb](mask.cut(picture.box), picture.box).cropped())
    for mask in (None, filled(Box(900, 900, 60, 60))):
        answer = routes.post(f"documents/{document}/mask", content=sent({"do": verb, "by": 9, "mask": mask}))
        assert unpacked(answer, "mask") == ({}, None)


def test_a_masks_holes_are_filled(routes: RouteClient, shapes: tuple[str, str, Picture]) -> None:
    document, _, picture = shapes
    ring = softened(disc(Box(40, 30, 90, 80)).without(disc(Box(60, 50, 40, 30))), 5, picture.box)
    answer = routes.post(f"documents/{document}/mask", content=sent({"do": "holes", "mask": ring}))
    assert unpacked(answer, "mask") == ({}, without_holes(ring).cropped())
    answer = routes.post(f"documents/{document}/mask", content=sent({"do": "holes", "mask": None}))
    assert unpacked(answer, "mask") == ({}, None)
    refused(routes.post(f"documents/{document}/mask", content=sent({"do": "holes", "by": 3, "mask": ring})), 400)


@pytest.mark.parametrize("wrong", [{"do": "burn"}, {"do": []}, {"by": 0}, {"by": 257}, {"by": 1.5}, {"by": None}])
def test_a_wrong_change_is_a_sentence(
    routes: RouteClient, shapes: tuple[str, str, Picture], wrong: dict[str, Any]
) -> None:
    said = {"do": "grow", "by": 9, "mask": disc(Box(40, 30, 60, 50))} | wrong
    refused(routes.post(f"documents/{shapes[0]}/mask", content=sent(said)), 400)


PNG = sent({"mask": filled(Box(0, 0, 5, 5))}).partition(b"\n")[2]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\n", b"[]\n", b"\xff\n", b"null\n", b'{"mask"\n', b"[" * 100_000 + b"\n",
        b'{"mask": {"box": [0, 0, 5, 5], "bytes": 9999}}\n' + PNG,
        b'{"mask": {"box": [0, 0, 5, 5], "bytes": 0}}\n' + PNG,
        b'{"mask": {"box": [0, 0, 5, 5], "bytes": true}}\n' + PNG,
        b'{"mask": {"box": [0, 0, 5, 5], "bytes": -1}}\n' + PNG,
        b'{"mask": {"box": [0, 0, 5, 5], "bytes": %d}}\n' % len(PNG) + PNG + b"more",
        b'{"mask": {"box": [0, 0, 5, 5], "bytes": %d, "file": "x"}}\n' % len(PNG) + PNG,
        b'{"mask": {"box": [0, 0, 5, %d], "bytes": %d}}\n' % (2**80, len(PNG)) + PNG,
        b'{"mask": {"box": {}, "bytes": %d}}\n' % len(PNG) + PNG,
        b'{"mask": "all"}\n' + PNG,
        b'{"mask": null}\n' + PNG,
    ],
)  # fmt: skip
def test_a_damaged_packet_is_a_sentence(routes: RouteClient, state: dict[str, Any], body: bytes) -> None:
    for verb in ("edits", "plan", "select", "mask", "cut-out", f"amend/{state['head']}"):
        refused(routes.post(f"documents/{state['document']}/{verb}", content=body), 400)
    assert routes.session.store.jobs.pending(state["document"]) == []


@pytest.mark.parametrize(
    "verb",
    ["plan", "amend/none", "reblend/none", "crop", "queue", "select", "mask", "cut-out", "name", "duplicate", "delete"],
)
def test_nothing_is_asked_of_a_document_that_is_not_there(
    routes: RouteClient, state: dict[str, Any], verb: str
) -> None:
    bodies = {
        "crop": b'{"box": [0, 0, 9, 9]}', "queue": b'{"order": []}', "reblend/none": json.dumps(OTHER).encode(),
        "select": sent({"revision": state["head"], "tool": "edge", "mask": disc(Box(40, 30, 60, 50))}),
        "cut-out": sent({"revision": state["head"], "mask": disc(Box(40, 30, 60, 50))}),
        "mask": sent({"do": "grow", "by": 9, "mask": disc(Box(40, 30, 60, 50))}),
    }  # fmt: skip
    refused(routes.post(f"documents/none/{verb}", content=bodies.get(verb, routes.edit_body(state))), 404)


# documents


def test_documents_are_listed_named_copied_and_put_away(routes: RouteClient, state: dict[str, Any]) -> None:
    document = state["document"]
    head = routes.made(state)["head"]
    blank = routes.post("blank?width=40&height=30&name=%20Sky%20").json()
    assert (blank["name"], routes.session.picture(blank["document"])) == ("Sky", Picture.blank(40, 30))
    known = f"documents?known={document},{blank['document']},gone"
    first, second = routes.get(known).json()
    assert [first["name"], second["name"]] == ["Sky", "Living room"]
    assert second.keys() == {"document", "name", "head", "changed", "steps"}
    assert (second["document"], second["head"], second["steps"]) == (document, head, 1)
    assert routes.get("documents").json() == []
    assert [each["document"] for each in routes.get(f"documents?known={document}").json()] == [document]

    assert routes.post(f"documents/{document}/name", content=" Küche ".encode()).json()["name"] == "Küche"
    copy = routes.post(f"documents/{document}/duplicate").json()
    assert copy["document"] != document and "Küche" in copy["name"] and copy["steps"] == 1
    assert routes.session.picture(copy["document"]) == routes.session.picture(document)
    away = routes.post(f"documents/{document}/delete").json()
    assert away["document"] == document and away["name"] == "Küche"
    assert [each["document"] for each in routes.get(known).json()] == [blank["document"]]
    assert routes.post(f"documents/{document}/restore").json() == away
    assert len(routes.get(known).json()) == 2


def test_an_open_shelf_shows_all(store: Store, tmp_path: Path) -> None:
    routes = RouteClient(store, tmp_path, local=True)
    for name in ("one", "two"):
        routes.session.open(noise(20, 20), name)
    assert [each["name"] for each in routes.get("documents").json()] == ["two", "one"]


@pytest.mark.parametrize("query", ["", "width=40", "width=0&height=9", "width=x&height=9", "width=-1&height=-1",
                                   "width=99999&height=2", "width=32000&height=32000", "width=1e3&height=9",
                                   "width=%C2%B2&height=9"])  # fmt: skip
def test_no_blank_picture_of_no_size(routes: RouteClient, query: str) -> None:
    refused(routes.post(f"blank?{query}"), 400)


def test_fates_are_reported_of_all_that_are_watched(routes: RouteClient, state: dict[str, Any]) -> None:
    runs = [each["revision"] for each in routes.submit(state, variations=2).json()["jobs"]]
    routes.post(f"documents/{state['document']}/cancel/{runs[1]}")
    routes.worker.run_one()
    summary = routes.get(f"documents/{state['document']}?watch={','.join(runs)}").json()["watched"]
    assert [(fate["revision"], fate["status"]) for fate in summary] == [(runs[0], "done"), (runs[1], "cancelled")]
    # what the store has forgotten, or another document's, hides nothing of this one
    other = routes.session.open(noise(20, 20)).head
    summary = routes.get(f"documents/{state['document']}?watch=gone,{other}").json()["watched"]
    assert [(fate["revision"], fate["status"]) for fate in summary] == [("gone", "cancelled"), (other, "cancelled")]


def test_variations_are_one_group_and_nothing_else_is(routes: RouteClient, state: dict[str, Any]) -> None:
    first = routes.submit(state, variations=3).json()
    sets = [first["running"]]
    for said in ({"steps": 4}, {"mask": filled(Box(5, 5, 20, 20))}, {}):  # the last another parent's
        parent = routes.state(state)["tail"]
        running = routes.submit(state, parent=parent, **said).json()["running"]
        known = {run["revision"] for each in sets for run in each}
        sets.append([run for run in running if run["revision"] not in known])
    groups = [{run["group"] for run in each} for each in sets]
    assert [len(each) for each in sets] == [3, 1, 1, 1] and all(len(each) == 1 for each in groups)
    assert len(set().union(*groups)) == 4
