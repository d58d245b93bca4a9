"""Downloading from a hub: what is chosen, what each of its answers means, and that nothing half or wrong is kept."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
from huggingface_hub import constants, snapshot_download
from safetensors.numpy import save_file

import pipelines
from pipelines.base import Setup
from pipelines.download import Stopped
from pipelines.hf import repository
from pipelines.hf.loading import load_hf
from pipelines.hf.repository import Unavailable, cache_folder, download, look_up, pipeline_files, snapshot
from pipelines.installed import cached
from tests import tiny_diffusers
from tests.fake_hub import COMMIT, FakeHub, served

ROOT = Path(__file__).parents[2]
MODEL = "me/tiny"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub, and an empty cache."""
    with served(tmp_path, monkeypatch) as fake:
        yield fake


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny inpainting pipeline, with what else repositories hold."""
    folder = tiny_diffusers.save("sd-9", tmp_path_factory.mktemp("tiny"))
    (folder / "README.md").write_text("---\nlicense: openrail++\n---\n")
    (folder / "example.png").write_bytes(b"\x89PNG" * 500)
    (folder / "safety_checker").mkdir(exist_ok=True)
    (folder / "safety_checker" / "model.safetensors").write_bytes(b"x" * 5000)
    (folder / "v1-5.ckpt").write_bytes(b"x" * 5000)
    return folder


def weights_of(folder: Path, part: str, *names: str) -> None:
    (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / part / "config.json").write_text("{}")
    for name in names:
        save_file({"a": np.zeros(400, np.float16)}, folder / part / name)


def a_repository(folder: Path, *parts: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    index: dict[str, Any] = {part: ["diffusers", "Network"] for part in parts}
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "StableDiffusionInpaintPipeline", **index}))
    return folder


def fetched(model: str = MODEL, **options: Any) -> Path:
    found = look_up(model)
    return download(found, pipeline_files(found), **options)


def blobs() -> list[str]:
    return sorted(file.name for file in (cache_folder(MODEL) / "blobs").iterdir())


def test_a_downloaded_model_loads_then_without_a_network(hub: FakeHub, saved: Path) -> None:
    hub.models[MODEL] = saved
    load_hf(MODEL, f"hf:{MODEL}", Setup(), True)
    hub.stop()
    assert load_hf(MODEL, f"hf:{MODEL}", Setup(), False).name == f"hf:{MODEL}"
    assert [model.name for model in cached()] == [f"hf:{MODEL}"] and not cached()[0].trouble
    folder = snapshot(MODEL)
    assert folder is not None
    there = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert not {name for name in there if name.startswith(("safety_checker", "example", "v1-5"))}
    assert {"model_index.json", "README.md", "unet/config.json"} <= there
    for name in there:
        assert (folder / name).read_bytes() == (saved / name).read_bytes()


def test_the_hubs_own_library_reads_what_came(hub: FakeHub, saved: Path) -> None:
    hub.models[MODEL] = saved
    folder = fetched()
    assert Path(snapshot_download(MODEL, local_files_only=True)) == folder and folder.name == COMMIT


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        ({"unet": ["diffusion_pytorch_model.fp16.safetensors"]}, "fp16"),  # half precision alone
        ({"unet": ["diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors"]}, "fp16"),
        ({"unet": ["diffusion_pytorch_model.safetensors"]}, ""),
        (
            {
                "unet": ["diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors"],
                "vae": ["diffusion_pytorch_model.safetensors"],
            },
            "",
        ),  # one precision for all
        ({"unet": ["diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.non_ema.safetensors"]}, ""),
    ],
)
def test_one_precision_is_taken_for_all_networks(
    hub: FakeHub, tmp_path: Path, files: dict[str, list[str]], chosen: str
) -> None:
    hub.models[MODEL] = a_repository(tmp_path / "repository", *files)
    for part, names in files.items():
        weights_of(hub.models[MODEL], part, *names)
    names = [file.path for file in pipeline_files(look_up(MODEL)) if file.path.endswith(".safetensors")]
    assert len(names) == len(files)
    assert all((".fp16." in name) == bool(chosen) and "ema" not in name for name in names)


def test_shards_come_with_the_index_of_their_precision(hub: FakeHub, tmp_path: Path) -> None:
    folder = hub.models[MODEL] = a_repository(tmp_path / "repository", "unet")
    shards = [f"diffusion_pytorch_model-0000{n}-of-00002" for n in (1, 2)]
    weights_of(folder, "unet", *(f"{shard}.safetensors" for shard in shards))
    (folder / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text("{}")
    (folder / "unet" / "diffusion_pytorch_model.safetensors.index.fp16.json").write_text("{}")
    names = {file.path for file in pipeline_files(look_up(MODEL))}
    assert "unet/diffusion_pytorch_model.safetensors.index.json" in names
    assert not [name for name in names if "fp16" in name] and len([n for n in names if "-of-" in n]) == 2


@pytest.mark.parametrize(
    ("spoil", "kind", "message"),
    [
        (lambda hub: hub.models.clear(), "missing", "has no me/tiny, or only for those"),
        (lambda hub: hub.gated.add(MODEL), "gated", f"{MODEL} is gated: accept its terms at http"),
        (lambda hub: hub.private.add(MODEL), "missing", "or only for those whom its owner lets in"),
        (lambda hub: hub.statuses.extend([503] * 9), "busy", "answers 503: it is busy"),
        (lambda hub: hub.stop(), "offline", "cannot be reached"),
        (lambda hub: Path(constants.HF_TOKEN_PATH).write_text("wrong"), "token", "refuses the token"),
        (lambda hub: setattr(hub, "flipped", 9), "damaged", "wrong bytes twice"),
        (lambda hub: hub.cuts.extend([10] * 19), "offline", "broke off 5 times"),
    ],
    ids=["missing", "gated", "private", "busy", "unreachable", "bad-token", "damaged", "cut"],
)
def test_each_answer_of_the_hub_is_told_apart(hub: FakeHub, saved: Path, spoil: Any, kind: str, message: str) -> None:
    hub.models[MODEL] = saved
    spoil(hub)
    with pytest.raises(Unavailable, match=message) as raised:
        fetched()
    assert raised.value.kind == kind
    assert not (cache_folder(MODEL) / "refs").exists() and snapshot(MODEL) is None
    with pytest.raises(ValueError, match=r"hub's model of that name could not be downloaded\. .+"):
        load_hf(MODEL, f"hf:{MODEL}", Setup(), True)


def test_without_a_network_by_wish_nothing_is_asked(hub: FakeHub, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.models[MODEL] = saved
    found = look_up(MODEL)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    asked = len(hub.asked)
    for ask in (lambda: look_up(MODEL), lambda: download(found, found.files[:1])):
        with pytest.raises(Unavailable, match="HF_HUB_OFFLINE is set") as raised:
            ask()
        assert raised.value.kind == "offline"
    assert len(hub.asked) == asked


def test_a_token_opens_a_gate_and_reaches_no_other_host(hub: FakeHub, saved: Path) -> None:
    hub.models[MODEL], hub.tokens = saved, {"mine"}
    hub.gated.add(MODEL)
    Path(constants.HF_TOKEN_PATH).write_text("mine")
    assert look_up(MODEL).gated and look_up(MODEL).licence == "openrail++"
    fetched()
    assert {asked.authorization for asked in hub.asked} == {"Bearer mine"}
    assert hub.asked_of_cdn and not [asked for asked in hub.asked_of_cdn if asked.authorization]


def test_a_cut_download_goes_on_where_it_broke(hub: FakeHub, saved: Path) -> None:
    hub.models[MODEL] = saved
    hub.cuts = [700, 300]
    seen: list[tuple[int, int]] = []
    folder = fetched(progress=lambda done, total: seen.append((done, total)))
    ranges = [asked.range for asked in hub.asked_of_cdn]
    assert ranges[:3] == [None, "bytes=700-", "bytes=1000-"]
    assert seen[-1][0] == seen[-1][1] == sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    assert all(one[0] <= two[0] for one, two in pairwise(seen))
    before = len(hub.asked)
    fetched()
    assert len(hub.asked) == before + 1  # the list alone: all is there


def test_a_server_that_knows_no_ranges_begins_again(hub: FakeHub, saved: Path) -> None:
    hub.models[MODEL] = saved
    hub.cuts, hub.ranges = [700], False
    assert pipelines.hf.model_files.read_layout(fetched()).class_name == "StableDiffusionInpaintPipeline"


def test_a_wrong_byte_is_fetched_again(hub: FakeHub, saved: Path) -> None:
    hub.models[MODEL] = saved
    hub.flipped = 1
    folder = fetched()
    for file in folder.rglob("*"):
        if file.is_file():
            assert file.read_bytes() == (saved / file.relative_to(folder)).read_bytes()


def test_a_download_stops_when_told_and_goes_on_later(hub: FakeHub, saved: Path) -> None:
    hub.models[MODEL] = saved
    hub.hold.clear()
    stop, raised = Event(), list[BaseException]()

    def run() -> None:
        try:
            fetched(stop=stop)
        except BaseException as error:
            raised.append(error)

    thread = Thread(target=run)
    thread.start()
    assert hub.held.wait(30)
    stop.set()
    hub.hold.set()
    thread.join(30)
    assert isinstance(raised[0], Stopped)
    (part,) = [name for name in blobs() if name.endswith(".part")]
    assert snapshot(MODEL) is None
    fetched()
    assert part not in blobs() and any(asked.range for asked in hub.asked_of_cdn)


def test_a_killed_download_goes_on(hub: FakeHub, saved: Path) -> None:
    hub.models[MODEL] = saved
    hub.hold.clear()
    code = (
        "from pipelines.hf.repository import *; import pipelines.hf.repository as r;"
        f"found = r.look_up({MODEL!r}); r.download(found, r.pipeline_files(found))"
    )
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HUB_CACHE": constants.HF_HUB_CACHE}
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment)
    assert hub.held.wait(60)
    while not any(file.stat().st_size for file in (cache_folder(MODEL) / "blobs").glob("*.part")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    hub.hold.set()
    before = len(hub.asked_of_cdn)
    fetched()
    assert hub.asked_of_cdn[before].range  # not from its beginning
    assert not [name for name in blobs() if name.endswith(".part")]


def test_a_disk_without_room_is_left_alone(hub: FakeHub, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.models[MODEL] = saved
    found = look_up(MODEL)
    files = pipeline_files(found)
    usage = type("Usage", (), {"free": repository.SPARE + 10})
    monkeypatch.setattr(repository.shutil, "disk_usage", lambda _: usage)
    asked = len(hub.asked)
    with pytest.raises(Unavailable, match=r"needs 0\.2 GB on the disk .+ which has 0\.2 GB free") as raised:
        download(found, files)
    assert raised.value.kind == "full" and len(hub.asked) == asked


def test_what_cannot_be_used_is_refused_before_it_comes(hub: FakeHub, tmp_path: Path) -> None:
    plain = hub.models["me/plain"] = tmp_path / "plain"
    plain.mkdir()
    (plain / "weights.safetensors").write_bytes(b"x" * 2000)
    pickled = hub.models["me/pickled"] = a_repository(tmp_path / "pickled", "unet")
    weights_of(pickled, "unet")
    (pickled / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"x" * 2000)
    mixed = hub.models["me/mixed"] = a_repository(tmp_path / "mixed", "unet", "vae")
    weights_of(mixed, "unet", "diffusion_pytorch_model.fp16.safetensors")
    weights_of(mixed, "vae", "diffusion_pytorch_model.safetensors")
    for name, message in (
        ("plain", "has no model_index.json"),
        ("pickled", "weights of its unet as pickles only"),
        ("mixed", "no single precision for all of its networks: unet has only fp16"),
    ):
        with pytest.raises(Unavailable, match=message) as raised:
            fetched(f"me/{name}")
        assert raised.value.kind == "unusable"
    assert not hub.asked_of_cdn
