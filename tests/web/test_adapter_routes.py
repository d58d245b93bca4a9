"""Adapters over the routes and the API: what is listed may be used, and nothing else is opened."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from editor.imaging.geometry import Box
from editor.imaging.raster import Patch
from pipelines.base import Adapter
from tests.samples import noise
from tests.wire import RouteClient, refused


def lora(file: Path, width: int = 8) -> Path:
    """A file with the names of a LoRA's numbers."""
    file.parent.mkdir(parents=True, exist_ok=True)
    layer = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"
    numbers = {"lora_A": (2, width), "lora_B": (8, 2)}
    save_file({f"{layer}.{name}.weight": np.ones(shape, np.float32) for name, shape in numbers.items()}, file)
    return file


@pytest.fixture
def velvet(routes: RouteClient) -> str:
    """A LoRA that the routes list; its name."""
    return str(lora(routes.library.folder / "adapters" / "velvet.safetensors"))


def edit_of(routes: RouteClient, state: dict[str, Any]) -> Any:
    return routes.session.store.revisions.get(routes.state(state)["head"]).edit


REFERENCE = Patch(Box(0, 0, 30, 20), noise(30, 20))


def test_what_is_on_this_machine_is_listed_with_whether_the_model_takes_it(routes: RouteClient, velvet: str) -> None:
    (entry,) = routes.get("adapters", params={"pipeline": "noise"}).json()
    why = entry.pop("why")
    assert entry == {"name": velvet, "title": "velvet", "kind": "lora", "takes": False, "settings": {}}
    assert why.endswith(".")
    refused(routes.get("adapters", params={"pipeline": "nothing"}), 400, "There is no model 'nothing'")


def test_an_edit_has_the_adapters_and_the_reference_that_were_sent(
    routes: RouteClient, state: dict[str, Any], velvet: str
) -> None:
    routes.made(state, adapters=[{"name": velvet, "weight": 0.8}], reference=REFERENCE)
    edit = edit_of(routes, state)
    assert edit.adapters == (Adapter(velvet, 0.8),)
    assert np.array_equal(edit.reference.pixels, REFERENCE.pixels)
    assert routes.noise.requests[-1].adapters == edit.adapters
    head = routes.state(state)["head"]
    shown = routes.get(f"documents/{state['document']}/tree").json()[-1]["edit"]
    assert shown["adapters"] == [{"name": velvet, "weight": 0.8}] and shown["reference"]
    png = routes.get(f"revisions/{head}/reference")
    assert png.status_code == 200 and png.headers["content-type"] == "image/png"
    large = noise(1500, 300)
    routes.made(state, adapters=[], reference=Patch(Box(0, 0, 1500, 300), large), seed=2)
    assert edit_of(routes, state).reference.box == Box(0, 0, 1024, 205) and edit_of(routes, state).adapters == ()
    routes.made(state, seed=3)
    edit = edit_of(routes, state)
    assert edit.adapters == () and edit.reference is None
    refused(routes.get(f"revisions/{routes.state(state)['head']}/reference"), 404, "no reference picture")


def test_only_what_is_listed_is_ever_opened(
    routes: RouteClient, state: dict[str, Any], velvet: str, tmp_path: Path
) -> None:
    elsewhere = lora(tmp_path / "elsewhere.safetensors")
    for name in (str(elsewhere), "/etc/passwd", f"{velvet}/../../elsewhere.safetensors", "owner/model", "x" * 900):
        answer = routes.submit(routes.state(state), adapters=[{"name": name, "weight": 1}])
        refused(answer, 400, "There is no adapter")
    shutil.copy(elsewhere, routes.library.folder / "adapters" / "later.safetensors")
    later = str(routes.library.folder / "adapters" / "later.safetensors")
    routes.made(state, adapters=[{"name": later, "weight": 1}])  # it was laid there while the server ran
    assert edit_of(routes, state).adapters == (Adapter(later, 1.0),)
    Path(later).unlink()
    refused(routes.submit(routes.state(state), adapters=[{"name": later, "weight": 1}]), 400, "There is no adapter")


def test_what_is_wrong_with_adapters_is_a_sentence(routes: RouteClient, state: dict[str, Any], velvet: str) -> None:
    for adapters, words in (
        ("velvet", "must be a list"), ([velvet], "must be a JSON object"), ([{"name": velvet}], "lacks weight"),
        ([{"name": velvet, "weight": 3}], "from 0 to 2"), ([{"name": velvet, "weight": "1"}], "from 0 to 2"),
        ([{"name": 5, "weight": 1}], "must be text"), ([{"name": velvet, "weight": 1, "path": "/"}], "does not know"),
        ([{"name": velvet, "weight": 1}] * 2, "listed twice"),
    ):  # fmt: skip
        refused(routes.submit(routes.state(state), adapters=adapters), 400, words)


def test_an_amended_step_has_the_adapters_that_are_sent_and_keeps_its_own_where_none_are(
    routes: RouteClient, state: dict[str, Any], velvet: str
) -> None:
    routes.made(state, adapters=[{"name": velvet, "weight": 0.8}], reference=REFERENCE)

    def amended(**changes: Any) -> Any:
        head = routes.state(state)["head"]
        answer = routes.post(
            f"documents/{state['document']}/amend/{head}", content=routes.edit_body(routes.state(state), **changes)
        )
        assert answer.status_code == 200, answer.text
        while routes.worker.run_one():
            pass
        return edit_of(routes, state)

    old = amended(prompt="another")  # a client that knows nothing of adapters
    assert old.adapters == (Adapter(velvet, 0.8),) and old.reference is not None
    new = amended(prompt="another", adapters=[{"name": velvet, "weight": 0.3}])
    assert new.adapters == (Adapter(velvet, 0.3),) and new.reference is None
    assert amended(prompt="another", adapters=[]).adapters == ()
