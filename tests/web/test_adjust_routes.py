"""The routes of adjustments: the edit, its amendment and the live view before it."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from editor.edits.adjust_window import adjusted_view
from editor.edits.adjustment import Adjustment
from editor.edits.edit import NOWHERE, Blend
from editor.edits.intents import adjust
from editor.imaging.geometry import Box
from editor.imaging.raster import Mask
from tests.samples import disc, noise
from tests.wire import RouteClient, refused, sent

MASK = disc(Box(40, 30, 60, 50))


def request(state: dict[str, Any], **changes: Any) -> bytes:
    said = {
        "revision": state["head"], "adjustment": {"exposure": 0.5}, "feather": 8, "edge": 0, "opacity": 1,
        "seen": [0, 0, 300, 200], "scale": 1, "mask": MASK,
    }  # fmt: skip
    return sent(said | changes)


def seen(routes: RouteClient, state: dict[str, Any], **changes: Any) -> Any:
    return routes.post(f"documents/{state['document']}/adjusted", content=request(state, **changes))


def test_what_is_seen_is_what_is_applied(routes: RouteClient, state: dict[str, Any]) -> None:
    for mask, opacity, scale in ((MASK, 1, 1), (None, 0.5, 1), (MASK, 1, 0.4)):
        answer = seen(routes, state, mask=mask, opacity=opacity, scale=scale)
        edit = adjust(mask or NOWHERE, Adjustment(exposure=0.5), Blend(opacity=opacity))
        view = adjusted_view(edit, routes.session.picture(state["document"]), Box(0, 0, 300, 200), scale)
        assert view is not None and answer.headers["Palimpsest-Box"] == ",".join(map(str, view[0]))
        assert np.array_equal(np.asarray(Image.open(BytesIO(answer.content))), view[1])
        if scale < 1:
            continue
        before = routes.state(state)["head"]
        routes.made(state, intent="adjust", adjustment={"exposure": 0.5}, mask=mask, opacity=opacity)
        after = routes.session.picture(state["document"]).read(view[0]).pixels
        shown = view[1][..., 3] == 255
        assert np.array_equal(view[1][shown][:, :3], after[shown])
        routes.session.checkout(state["document"], before)
    assert routes.state(state)["running"] == [] and not routes.noise.requests


def test_nothing_seen_is_no_picture(routes: RouteClient, state: dict[str, Any]) -> None:
    for box in ([150, 100, 50, 50], [900, 900, 20, 20], [-50, -50, 20, 20]):
        assert seen(routes, state, seen=box).status_code == 204


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"adjustment": {}}, "changes nothing"),
        ({"adjustment": {"glow": 1}}, "does not know: glow"),
        ({"adjustment": None}, "must be a JSON object"),
        ({"adjustment": {"exposure": "1"}}, "exposure must be a number"),
        ({"scale": 0}, "scale must be a number above 0"),
        ({"scale": True}, "scale must be a number above 0"),
        ({"scale": 1.5}, "scale must be a number above 0"),
        ({"seen": [0, 0, 9]}, "four whole numbers"),
        ({"revision": 3}, "id of a revision"),
        ({"more": 1}, "exactly these keys"),
        ({"feather": 99}, "feather must be a whole number from 0 to 64"),
        ({"mask": disc(Box(500, 500, 9, 9))}, "lies outside"),
    ],
)
def test_what_cannot_be_seen_is_a_sentence(
    routes: RouteClient, state: dict[str, Any], change: dict[str, Any], sentence: str
) -> None:
    refused(seen(routes, state, **change), 400, sentence)


def test_of_another_document_nothing_is_seen(routes: RouteClient, state: dict[str, Any]) -> None:
    other = routes.session.open(noise(30, 20), "Other")
    assert seen(routes, state, revision=other.head).status_code in (400, 404)


def test_a_step_is_amended_and_its_values_are_listed(routes: RouteClient, state: dict[str, Any]) -> None:
    document = state["document"]
    values = {"contrast": 0.25, "curve": [[0.0, 0.1], [1.0, 1.0]]}
    step = routes.made(state, intent="adjust", adjustment=values, variations=1)
    routes.made(step, prompt="a lamp")
    body = routes.edit_body(state, intent="adjust", adjustment={"blur": 2}, parent="any")
    routes.post(f"documents/{document}/amend/{step['head']}", content=body)
    while routes.worker.run_one():
        pass
    nodes = routes.get(f"documents/{document}/tree").json()
    edits = {node["revision"]: node for node in nodes if node["edit"]}
    assert edits[step["head"]]["edit"]["adjustment"] == values and edits[step["head"]]["mode"] == "adjust"
    path = [each.edit for each in routes.session.store.revisions.path_to(routes.state(state)["head"]) if each.edit]
    assert [edit.adjustment for edit in path] == [Adjustment(blur=2), None] and path[1].prompt == "a lamp"
    refused(routes.submit(routes.state(state), intent="adjust"), 400, "set at least one value")
    soft = Mask(Box(3, 4, 50, 40), np.full((40, 50), 90, np.uint8))
    routes.made(routes.state(state), intent="adjust", adjustment={"blur": 2}, mask=soft)
    newest = routes.session.store.revisions.get(routes.state(state)["head"]).edit
    assert newest is not None and newest.mask == soft
