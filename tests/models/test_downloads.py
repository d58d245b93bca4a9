"""The list of downloads: one at a time, held, taken up again after a restart, and cancelled with what came of them."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.downloads import DONE, FAILED, PAUSED, QUEUED, RUNNING, Download, Downloads
from pipelines.hf.repository import cache_folder, snapshot
from tests import tiny_diffusers
from tests.fake_hub import FakeHub, served

ONE, TWO = "me/one", "me/two"
LICENCE = "openrail++"  # as the fake hub has it


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(tiny_diffusers.save("sd-9", tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def hub(tmp_path: Path, saved: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub with two models, and an empty cache."""
    with served(tmp_path, monkeypatch) as fake:
        fake.models = {ONE: saved, TWO: saved}
        yield fake


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Downloads]]:
    started: list[Downloads] = []

    def begin(**options: Any) -> Downloads:
        downloads = Downloads(tmp_path / "data" / "downloads.json", **options)
        downloads.start()
        started.append(downloads)
        return downloads

    yield begin
    for each in started:
        each.stop()


def of(downloads: Downloads, model: str) -> Download | None:
    return next((each for each in downloads.all() if each.model == model), None)


def wait(condition: Callable[[], Any], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)


def wait_for(downloads: Downloads, model: str, state: str) -> Download:
    wait(lambda: (each := of(downloads, model)) and each.state == state)
    found = of(downloads, model)
    assert found is not None
    return found


def test_downloads_come_one_after_another(hub: FakeHub, start: Any) -> None:
    hub.hold.clear()
    came: list[str] = []
    downloads = start(finished=came.append)
    downloads.add(ONE, LICENCE)
    downloads.add(TWO, LICENCE)
    assert hub.held.wait(30)
    wait(lambda: (of(downloads, ONE) or Download(ONE)).done > 0)
    one = wait_for(downloads, ONE, RUNNING)
    assert 0 < one.done < one.total and one.licence == "openrail++"
    assert downloads.add(TWO, LICENCE).state == QUEUED and len(downloads.all()) == 2  # asked for twice
    hub.hold.set()
    for model in (ONE, TWO):
        done = wait_for(downloads, model, DONE)
        assert done.done == done.total and not done.speed and done.seconds_left is None
    wait(lambda: len(came) == 2)
    assert came == [ONE, TWO] and snapshot(TWO) is not None


def test_a_download_is_held_and_goes_on_from_there(hub: FakeHub, start: Any) -> None:
    hub.hold.clear()
    downloads = start()
    downloads.add(ONE, LICENCE)
    assert hub.held.wait(30)
    downloads.pause(ONE)
    assert of(downloads, ONE).state == PAUSED
    downloads.add(TWO, LICENCE)
    hub.hold.set()
    wait_for(downloads, TWO, DONE)  # one that is held holds no other
    assert of(downloads, ONE).state == PAUSED and snapshot(ONE) is None
    before = len(hub.asked_of_cdn)
    downloads.add(ONE, LICENCE)
    wait_for(downloads, ONE, DONE)
    assert hub.asked_of_cdn[before].range


def test_a_restart_goes_on(hub: FakeHub, start: Any) -> None:
    hub.hold.clear()
    downloads = start()
    downloads.add(ONE, LICENCE)
    downloads.add(TWO, LICENCE)
    assert hub.held.wait(30)
    downloads.pause(TWO)
    downloads.stop()
    hub.hold.set()
    downloads._thread.join(30)
    downloads = start()
    wait_for(downloads, ONE, DONE)
    assert of(downloads, TWO).state == PAUSED


def test_a_cancelled_download_leaves_nothing(hub: FakeHub, start: Any) -> None:
    hub.hold.clear()
    downloads = start()
    downloads.add(ONE, LICENCE)
    assert hub.held.wait(30)
    begun = time.monotonic()
    downloads.remove(ONE)
    assert not downloads.all() and time.monotonic() - begun < 1
    hub.hold.set()
    wait(lambda: not cache_folder(ONE).exists())
    downloads.add(ONE, LICENCE)
    wait_for(downloads, ONE, DONE)
    downloads.remove(ONE)  # off the list: the model itself stays
    assert snapshot(ONE) is not None and not downloads.all()


def test_a_failure_is_a_sentence_of_its_kind_and_can_be_tried_again(hub: FakeHub, start: Any) -> None:
    hub.gated.add(ONE)
    downloads = start()
    downloads.add(ONE, LICENCE)
    downloads.add("me/nowhere", LICENCE)
    failed = wait_for(downloads, ONE, FAILED)
    assert failed.kind == "gated" and "is gated" in failed.error
    assert wait_for(downloads, "me/nowhere", FAILED).kind == "missing"
    hub.gated.clear()
    assert not downloads.add(ONE, LICENCE).error
    wait_for(downloads, ONE, DONE)
    for name in ("nonsense", "../../etc", "a/b/c", "me/one.safetensors/x", "http://me/one"):
        with pytest.raises(ValueError, match="is no name on the hub"):
            downloads.add(name, LICENCE)


def test_a_damaged_note_is_an_empty_list(hub: FakeHub, start: Any, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for text in ("{", "[1]", '[{"model": 1, "nonsense": 2}]', "{}"):
        (tmp_path / "data" / "downloads.json").write_text(text)
        assert start().all() == []
