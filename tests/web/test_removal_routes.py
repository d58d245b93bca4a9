"""Remove by the picture: what is planned is queued, on each kind of picture, and what is said otherwise counts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from editor.edits.removal import AUTO
from editor.imaging.geometry import Box
from editor.imaging.raster import Pixels
from editor.store.store import Store
from pipelines.errors import InvalidInput
from tests.fakes import FlatPipeline, NoisePipeline
from tests.samples import disc, noise
from tests.wire import RouteClient, unpacked_all


@pytest.fixture
def removing(store: Store, tmp_path: Path) -> Iterator[RouteClient]:
    """With stand-ins for PatchMatch and the embedded model, which has defaults of its own."""
    draws = FlatPipeline((9, 9, 9), name="glide-mini")
    draws.defaults = {"steps": 8}
    routes = RouteClient(store, tmp_path / "none", more=[draws, NoisePipeline(name="patchmatch")])
    yield routes
    routes.worker.stop()


def fields() -> Pixels:
    pixels = np.full((200, 300, 3), 90, np.uint8)
    for n in range(0, 300, 50):
        pixels[:, n : n + 50] = (n % 256, 255 - n % 200, 60)
    return pixels


def planned(routes: RouteClient, state: dict[str, Any], **settings: Any) -> dict[str, Any]:
    body = routes.edit_body(state, intent="remove", pipeline=AUTO, steps=None, guidance=None, sampler=None, **settings)
    said, _ = unpacked_all(routes.post(f"documents/{state['document']}/plan", content=body), "regions")
    return {name: said[name] for name in ("model", "kind", "why")}


def queued(routes: RouteClient, state: dict[str, Any], **settings: Any) -> Any:
    answer = routes.submit(state, intent="remove", pipeline=AUTO, steps=None, guidance=None, sampler=None, **settings)
    assert answer.status_code == 200, answer.text
    (job,) = answer.json()["jobs"]
    return routes.session.store.revisions.get(job["revision"]).edit


@pytest.mark.parametrize(
    ("pixels", "said", "expected"),
    [
        (fields(), {}, ("glide-mini", "drawing", "drawing")),
        (noise(300, 200), {}, ("patchmatch", "photograph", "photograph")),
        (fields(), {"kind": "photograph"}, ("patchmatch", "photograph", "photograph")),
        (noise(300, 200), {"kind": "drawing"}, ("patchmatch", "drawing", "texture")),
    ],
)
def test_what_is_planned_is_queued_by_its_own_name_and_defaults(
    removing: RouteClient, pixels: Pixels, said: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    state = removing.state({"document": removing.session.open(pixels).id})
    for n in range(3):  # on what the steps before have left
        mask = disc(Box(40 + 70 * n, 60, 30, 30))
        assert planned(removing, state, mask=mask, **said) == dict(zip(("model", "kind", "why"), expected, strict=True))
        edit = queued(removing, state, mask=mask, **said)
        assert edit.pipeline == expected[0] and edit.steps == (8 if expected[0] == "glide-mini" else 20)
        while removing.worker.run_one():
            pass
        state = removing.state(state)


def test_only_remove_may_leave_the_model_to_the_picture(removing: RouteClient, state: dict[str, Any]) -> None:
    for intent in ("fill", "refine", "expand", "sketch"):
        answer = removing.submit(state, intent=intent, pipeline=AUTO)
        assert answer.status_code == 400 and "There is no model 'auto'" in answer.json()["error"]
    answer = removing.submit(state, intent="remove", pipeline=AUTO, kind="painting")
    assert answer.status_code == 400 and "a drawing or a photograph" in answer.json()["error"]


def test_the_page_waits_for_every_model_that_may_be_chosen(removing: RouteClient) -> None:
    models: Any = removing.models
    ask = lambda: removing.get("model", params={"pipeline": AUTO}).json()  # noqa: E731
    for name in ("glide-mini", "patchmatch"):
        models.loading.add(name)
        assert ask() == {"loading": True}
        models.loading.discard(name)
    models.loading.add("noise")
    said = ask()
    assert said["samplers"] == [] and "steps" in said["unsupported"] and "seeds" not in said["unsupported"]


def test_every_plan_tells_the_kind_of_the_picture(routes: RouteClient) -> None:
    for pixels, kind in ((fields(), "drawing"), (noise(300, 200), "photograph")):
        state = routes.state({"document": routes.session.open(pixels).id})
        body = routes.edit_body(state)
        said, _ = unpacked_all(routes.post(f"documents/{state['document']}/plan", content=body), "regions")
        assert (said["model"], said["kind"], said["why"]) == ("noise", kind, "")


class Damaged(FlatPipeline):
    @property
    def largest(self) -> int:  # type: ignore[override]
        raise InvalidInput("The file is damaged.")


def test_a_file_of_lama_that_cannot_be_loaded_is_not_chosen(store: Store, tmp_path: Path) -> None:
    whole, damaged = NoisePipeline(name="lama:/whole.pt"), Damaged((1, 1, 1), name="lama:/damaged.pt")
    for others, expected in (([whole], "lama:/whole.pt"), ([], "patchmatch")):
        routes = RouteClient(store, tmp_path / "none", more=[damaged, *others, NoisePipeline(name="patchmatch")])
        try:
            state = routes.state({"document": routes.session.open(noise(300, 200)).id})
            assert planned(routes, state, mask=disc(Box(40, 60, 30, 30)))["model"] == expected
        finally:
            routes.worker.stop()
