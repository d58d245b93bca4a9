"""The routes of the library: what they list, what they fetch, and what the operator alone may change."""

import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from huggingface_hub import constants
from safetensors.numpy import save_file
from starlette.applications import Starlette
from starlette.testclient import TestClient

from editor.session import Session
from editor.store.store import Store
from editor.web.addresses import PREFIX, Addresses
from editor.web.server import routes as routes_of
from editor.worker import Worker
from pipelines.hf.repository import cache_folder
from tests import tiny_diffusers
from tests.fake_hub import COMMIT, FakeHub, served
from tests.fakes import LocalModels, NoisePipeline, loader, until
from tests.samples import noise
from tests.wire import RouteClient, app_context, refused

ONE, GATED, LORA = "me/one", "me/gated", "ByteDance/SDXL-Lightning"
LICENCE = "openrail++"  # as the fake hub has it
CHANGES = ("download", "pause", "cancel", "token", "add", "remove", "default")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(tiny_diffusers.save("sd-9", tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def hub(tmp_path: Path, saved: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with served(tmp_path, monkeypatch) as fake:
        fake.models = {ONE: saved, GATED: saved}
        fake.gated = {GATED}
        yield fake


@pytest.fixture
def local(hub: FakeHub, store: Store, tmp_path: Path) -> Iterator[RouteClient]:
    """A client on the server's own machine, with a hub to ask."""
    client = RouteClient(store, tmp_path / "none", local=True)
    client.library.downloads.start()
    yield client
    client.library.downloads.stop()
    client.worker.stop()


def listing(client: RouteClient) -> dict[str, Any]:
    answer = client.get("models")
    assert answer.status_code == 200, answer.text
    listed: dict[str, Any] = answer.json()
    return listed


def download_of(client: RouteClient, model: str) -> dict[str, Any]:
    return next((each for each in listing(client)["downloads"] if each["model"] == model), {})


def fetched(client: RouteClient, model: str) -> dict[str, Any]:
    """How a download ended."""
    assert client.post("models/download", json={"model": model, "licence": LICENCE}).status_code == 200
    until(lambda: download_of(client, model).get("state") in ("done", "failed"))
    return download_of(client, model)


def installed(client: RouteClient, name: str) -> dict[str, Any]:
    return next((each for each in listing(client)["installed"] if each["name"] == name), {})


def size_of(folder: Path) -> int:
    return sum(each.lstat().st_size for each in folder.rglob("*") if each.is_file() and not each.is_symlink())


def test_all_that_a_page_shows_is_listed(local: RouteClient) -> None:
    listed = listing(local)
    assert listed.keys() == {
        "installed", "recommended", "downloads", "defaults", "machine", "token", "token_url", "may_change",
    }  # fmt: skip
    names = ["noise", "flat", "refining", "failing", "photo", "damaged"]
    assert [model["name"] for model in listed["installed"]] == names
    assert listed["defaults"] == {"fill": "noise", "remove": "", "refine": "noise"}
    assert listed["machine"]["memory"] == 8_000_000_000 and listed["machine"]["disk"] > 0
    assert listed["may_change"] is True and listed["token"] is False
    assert sum(each["best"] for each in listed["recommended"]) == 2


def test_a_default_is_kept(local: RouteClient, store: Store, tmp_path: Path) -> None:
    answer = local.post("models/default", json={"intent": "fill", "name": "flat"}).json()
    assert answer["defaults"] == {"fill": "flat", "remove": "", "refine": "noise"}
    refused(local.post("models/default", json={"intent": "fill", "name": "nowhere"}), 400, "no model 'nowhere'")
    refused(local.post("models/default", json={"intent": "crop", "name": "flat"}), 400, "crop")
    again = RouteClient(store, tmp_path / "none", local=True)
    assert listing(again)["defaults"]["fill"] == "flat"


def test_what_the_hub_says_is_shown_before_a_download_and_leaves_no_trace(local: RouteClient, hub: FakeHub) -> None:
    found = local.get(f"models/look-up?model={ONE}").json()
    assert {key: found[key] for key in ("licence", "commercial", "gated", "installed", "fits")} == {
        "licence": LICENCE, "commercial": True, "gated": False, "installed": False, "fits": "whole",
    }  # fmt: skip
    assert found["size"] > 100_000 and found["url"] == f"{hub.url}/{ONE}" and "kind" not in found
    assert not cache_folder(ONE).exists()
    gated = local.get(f"models/look-up?model={GATED}").json()
    assert gated["gated"] and gated["licence"] == LICENCE and gated["kind"] == "gated"  # read without a token


def test_a_download_needs_the_licence_that_the_hub_has_by_now(local: RouteClient, hub: FakeHub) -> None:
    answer = local.post("models/download", json={"model": ONE, "licence": "mit"})
    refused(answer, 400, "openrail++", "not mit")
    assert listing(local)["downloads"] == [] and not hub.asked_of_cdn
    hub.hold.clear()
    local.post("models/download", json={"model": ONE, "licence": LICENCE})
    assert hub.held.wait(30)
    local.post("models/pause", json={"model": ONE})
    hub.licence = "nobody-may-1.0"
    hub.hold.set()
    refused(local.post("models/download", json={"model": ONE, "licence": "mit"}), 400, "nobody-may-1.0")
    ended = fetched(local, ONE)
    assert ended["state"] == "failed" and ended["kind"] == "licence" and "nobody-may-1.0" in ended["error"]


def test_a_model_that_came_may_be_chosen_at_once(local: RouteClient, hub: FakeHub) -> None:
    refused(local.post("models/default", json={"intent": "fill", "name": f"hf:{ONE}"}), 400, "no model")
    ended = fetched(local, ONE)
    assert ended["state"] == "done" and ended["done"] == ended["total"] and ended["name"] == f"hf:{ONE}"
    model = installed(local, f"hf:{ONE}")
    assert model["offered"] and model["removable"] and model["title"] == ONE and model["use"] == "fill"
    assert local.post("models/default", json={"intent": "fill", "name": f"hf:{ONE}"}).json()["defaults"]["fill"] == (
        f"hf:{ONE}"
    )


def test_a_download_is_held_resumed_and_cancelled(local: RouteClient, hub: FakeHub) -> None:
    hub.hold.clear()
    local.post("models/download", json={"model": ONE, "licence": LICENCE})
    assert hub.held.wait(30)
    assert local.post("models/pause", json={"model": ONE}).json()["downloads"][0]["state"] == "paused"
    hub.hold.set()
    asked = len(hub.asked_of_cdn)
    assert fetched(local, ONE)["state"] == "done" and hub.asked_of_cdn[asked].range
    assert local.post("models/cancel", json={"model": ONE}).json()["downloads"] == []
    assert installed(local, f"hf:{ONE}")  # off the list alone
    local.post("models/remove", json={"name": f"hf:{ONE}"})
    hub.hold.clear()
    hub.held.clear()
    local.post("models/download", json={"model": ONE, "licence": LICENCE})
    assert hub.held.wait(30)
    assert local.post("models/cancel", json={"model": ONE}).json()["downloads"] == []
    hub.hold.set()
    until(lambda: not cache_folder(ONE).exists())


def gate(hub: FakeHub) -> None:
    hub.gated.add(ONE)


def bad_token(hub: FakeHub) -> None:
    Path(constants.HF_TOKEN_PATH).write_text("hf_old")


def overload(hub: FakeHub) -> None:
    hub.statuses = [503] * 20


@pytest.mark.parametrize(
    "model, spoil, kind, words",
    [
        (ONE, gate, "gated", "is gated"),
        ("me/nowhere", lambda hub: None, "missing", "has no me/nowhere"),
        (ONE, lambda hub: hub.private.add(ONE), "missing", "only for those whom its owner lets in"),
        (ONE, bad_token, "token", "refuses the token"),
        (ONE, overload, "busy", "is busy"),
        (ONE, lambda hub: hub.stop(), "offline", "cannot be reached"),
        ("nonsense", lambda hub: None, "missing", "no name on the hub"),
    ],
)
def test_each_failure_of_the_hub_has_its_kind_and_a_sentence(
    local: RouteClient, hub: FakeHub, model: str, spoil: Callable[[FakeHub], object], kind: str, words: str
) -> None:
    spoil(hub)
    found = local.get("models/look-up", params={"model": model}).json()
    assert found["kind"] == kind and words in found["error"] and found["error"].endswith(".")
    if kind != "gated":  # which is found out by the first file
        refused(local.post("models/download", json={"model": model, "licence": LICENCE}), 400, words)
    else:
        failed = fetched(local, model)
        assert failed["kind"] == kind and words in failed["error"]


def test_a_token_is_stored_for_this_user_alone_and_reaches_no_other_host(local: RouteClient, hub: FakeHub) -> None:
    secret = "hf_SecretOfThisTest"
    hub.tokens.add(secret)
    assert fetched(local, GATED)["kind"] == "gated"
    answers = [local.post("models/token", json={"token": f" {secret}\n"})]
    file = Path(constants.HF_TOKEN_PATH)
    assert answers[0].json()["token"] is True and file.read_text() == secret
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    refused(local.post("models/token", json={"token": "hf_wrong"}), 400, "refuses the token")
    refused(local.post("models/token", json={"token": "two words"}), 400, "no token of the hub")
    assert file.read_text() == secret
    assert fetched(local, GATED)["state"] == "done"
    assert any(each.authorization == f"Bearer {secret}" for each in hub.asked)
    assert hub.asked_of_cdn and all(each.authorization is None for each in hub.asked_of_cdn)
    answers += [local.get("models"), local.get(f"models/look-up?model={GATED}")]
    assert not any(secret in each.text for each in answers)
    assert local.post("models/token", json={"token": ""}).json()["token"] is False and not file.exists()


def test_a_token_of_the_environment_is_not_overruled(local: RouteClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_Other")
    refused(local.post("models/token", json={"token": "hf_Mine"}), 400, "environment")
    assert not Path(constants.HF_TOKEN_PATH).exists() and listing(local)["token"] is True


def test_folders_and_files_are_added_and_taken_off_again(local: RouteClient, saved: Path, tmp_path: Path) -> None:
    before = local.library.names()
    folder, lora = tmp_path / "models" / "mine", tmp_path / "models" / "style.safetensors"
    shutil.copytree(saved, folder)
    save_file({"unet.attn.to_q.lora_A.weight": np.ones((4, 32), np.float32)}, lora)
    places = {str(folder): (f"hf:{folder}", "fill", True), str(lora): (str(lora), "adapter", False)}
    for source, (name, use, offered) in places.items():
        answer = local.post("models/add", json={"source": source})
        assert answer.status_code == 200 and answer.json()["name"] == name, answer.text
        model = installed(local, name)
        assert (model["use"], model["offered"], model["removable"]) == (use, offered, True)
        assert model["size"] > 0 and not model["trouble"]
    assert local.library.names() == before | {f"hf:{folder}": "mine"}
    local.post("models/add", json={"source": str(folder)})  # once more
    assert len(local.library.added) == 2
    for name, _, _ in places.values():
        assert local.post("models/remove", json={"name": name}).json()["freed"] == 0
        assert not installed(local, name)
    assert (folder / "model_index.json").exists() and lora.exists() and local.library.names() == before


@pytest.mark.parametrize("content", ["nothing", "pickle", "text", "cut", "part", "empty"])
def test_what_is_no_model_is_refused(local: RouteClient, tmp_path: Path, saved: Path, content: str) -> None:
    place = tmp_path / "thing.safetensors"
    if content == "pickle":
        place = place.with_suffix(".ckpt")
        place.write_bytes(b"cos\nsystem\n(S'touch /tmp/never'\ntR.")
    elif content == "text":
        place.write_text("this is no model")
    elif content == "cut":
        weights = next((saved / "unet").glob("*.safetensors")).read_bytes()
        place.write_bytes(weights[: len(weights) // 2])
    elif content == "part":  # whole, but a network alone
        shutil.copy(next((saved / "unet").glob("*.safetensors")), place)
    elif content == "empty":
        place = tmp_path / "folder"
        place.mkdir()
    refused(local.post("models/add", json={"source": str(place)}), 400, str(place))
    refused(local.post("models/add", json={"source": "me/nowhere"}), 400, "not on this machine")
    refused(local.post("models/add", json={"source": ""}), 400, "no folder")
    assert not local.library.added


def test_removing_frees_what_it_says_unless_an_edit_needs_it(local: RouteClient, hub: FakeHub) -> None:
    name = f"hf:{ONE}"
    fetched(local, ONE)
    local.post("models/default", json={"intent": "refine", "name": name})
    document = local.session.open(noise(90, 60), "Mine")
    job = local.submit({"document": document.id, "head": document.head}).json()["running"][0]["revision"]
    with local.session.store.database.transaction() as db:  # as if it had been chosen
        db.run("UPDATE revision SET edit = replace(edit, '\"noise\"', :name) WHERE id = :id", name=f'"{name}"', id=job)
    refused(local.post("models/remove", json={"name": name}), 400, "is in use")
    assert cache_folder(ONE).exists() and installed(local, name)
    local.post(f"documents/{document.id}/cancel/{job}")
    size = size_of(cache_folder(ONE))
    answer = local.post("models/remove", json={"name": name}).json()
    assert size // 2 < answer["freed"] <= size and not cache_folder(ONE).exists()
    assert answer["defaults"]["refine"] == "noise" and name not in [each["name"] for each in answer["installed"]]
    assert name in local.models.forgotten and answer["downloads"] == []
    refused(local.post("models/remove", json={"name": name}), 400, "cannot be removed")
    refused(local.post("models/remove", json={"name": "noise"}), 400, "cannot be removed")


def test_an_adapter_of_the_table_is_fetched_alone_and_never_offered_as_a_model(
    local: RouteClient, hub: FakeHub, tmp_path: Path
) -> None:
    folder = tmp_path / "lightning"
    folder.mkdir()
    for file in ("sdxl_lightning_4step_lora.safetensors", "sdxl_lightning_8step_lora.safetensors"):
        (folder / file).write_bytes(os.urandom(2000))
    hub.models[LORA] = folder
    assert fetched(local, LORA)["state"] == "done"
    name = f"{LORA}/sdxl_lightning_4step_lora.safetensors"
    assert installed(local, name)["use"] == "adapter" and name not in local.library.names()
    assert not installed(local, f"{LORA}/sdxl_lightning_8step_lora.safetensors")
    assert next(each for each in listing(local)["recommended"] if each["id"] == LORA)["installed"]
    assert local.post("models/remove", json={"name": name}).json()["freed"] == 2000 + len(COMMIT)


def test_nobody_but_the_operator_changes_anything(hub: FakeHub, store: Store, tmp_path: Path) -> None:
    stranger = RouteClient(store, tmp_path / "none")
    assert listing(stranger)["may_change"] is False
    bodies = {
        "model": ONE,
        "licence": LICENCE,
        "token": "hf_x",
        "source": str(tmp_path),
        "name": "noise",
        "intent": "fill",
    }
    for change in CHANGES:
        refused(stranger.post(f"models/{change}", json=bodies), 403, "Only whoever runs this server")
    refused(stranger.get(f"models/look-up?model={ONE}"), 403, "Only whoever runs this server")
    assert not hub.asked and not stranger.library.added and not stranger.library.downloads.all()


@pytest.mark.parametrize(
    "address, base, headers, public, allowed",
    [
        ("127.0.0.1", "http://127.0.0.1:7860", {}, (), True),
        ("::1", "http://localhost:7860", {}, (), True),
        ("10.0.0.7", "http://127.0.0.1:7860", {}, (), False),
        ("127.0.0.1", "http://192.168.1.5:7860", {}, (), False),  # a proxy on this machine
        ("127.0.0.1", "http://127.0.0.1:7860", {"X-Forwarded-For": "127.0.0.1"}, (), False),
        ("127.0.0.1", "http://127.0.0.1:7860", {"Forwarded": "for=127.0.0.1"}, (), False),
        ("127.0.0.1", "http://127.0.0.1:7860", {}, ("editor.example",), False),
    ],
)
def test_on_an_open_server_the_operator_is_who_asks_from_its_own_machine(
    store: Store,
    tmp_path: Path,
    address: str,
    base: str,
    headers: dict[str, str],
    public: tuple[str, ...],
    allowed: bool,
) -> None:
    worker = Worker(store, loader(NoisePipeline()))
    addresses = Addresses("0.0.0.0", public)
    context = app_context(Session(store), LocalModels(worker), ["noise"], tmp_path / "none", addresses)
    client = TestClient(Starlette(routes=routes_of(context)), base_url=base, client=(address, 5000))
    answer = client.post(f"{PREFIX}/models/default", json={"intent": "fill", "name": ""}, headers=headers)
    assert answer.status_code == (200 if allowed else 403), answer.text
    assert client.get(f"{PREFIX}/models", headers=headers).json()["may_change"] is allowed


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"model": 1}', json.dumps({"model": "x" * 20_000}).encode()])
def test_a_malformed_request_is_a_sentence(local: RouteClient, body: bytes) -> None:
    for change in CHANGES:
        answer = local.post(f"models/{change}", content=body)
        assert answer.status_code in (400, 413) and answer.json()["error"].endswith("."), f"{change}: {answer.text}"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"added": 3, "defaults": []}', '{"added": [1, null], "defaults": {"fill": 2}}']
)
def test_a_damaged_note_decides_nothing(local: RouteClient, text: str) -> None:
    local.library.folder.mkdir(parents=True, exist_ok=True)
    (local.library.folder / "models.json").write_text(text)
    local.library.changed()
    assert listing(local)["defaults"] == {"fill": "noise", "remove": "", "refine": "noise"}
    assert local.post("models/default", json={"intent": "fill", "name": "flat"}).json()["defaults"]["fill"] == "flat"
