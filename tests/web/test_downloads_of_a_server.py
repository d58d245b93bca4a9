"""A real server and a hub: a download that outlives SIGKILL, and a model that is used without a restart."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import tiny_diffusers
from tests.fake_hub import FakeHub, served
from tests.fakes import until
from tests.server_process import ROOT, Client, ServerProcess, said
from tests.wire import edit_packet

pytestmark = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="/proc says what a process holds")

ONE, LICENCE = "me/one", "openrail++"
NAME = f"hf:{ONE}"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub with a model, which processes ask too."""
    with served(tmp_path, monkeypatch) as fake:
        fake.models = {ONE: Path(tiny_diffusers.save("sd-9", tmp_path / "tiny"))}
        monkeypatch.setenv("HF_ENDPOINT", fake.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
        yield fake


def state_of(client: Client) -> str:
    downloads = said(client.get("models"))["downloads"]
    return str(downloads[0]["state"]) if downloads else ""


def offered(client: Client) -> set[str]:
    return {each["name"] for each in said(client.get("models"))["installed"] if each["offered"]}


def test_a_download_outlives_a_kill_and_its_model_is_used_without_a_restart(hub: FakeHub, tmp_path: Path) -> None:
    hub.hold.clear()
    with ServerProcess(tmp_path / "data", tmp_path / "log") as server:
        client = Client(server.url)
        body = json.dumps({"model": ONE, "licence": LICENCE})
        assert said(client.post("models/download", body))["downloads"][0]["model"] == ONE
        assert hub.held.wait(60)
        until(lambda: any(part.stat().st_size for part in (tmp_path / "home").rglob("*.part")))
        client.http.close()
        assert not server.kill()
        hub.hold.set()
        asked = len(hub.asked_of_cdn)

        server.start()
        client = Client(server.url)
        until(lambda: state_of(client) == "done")  # nobody asked for it again
        assert hub.asked_of_cdn[asked].range, "it began anew"
        assert NAME in offered(client)

        model: dict[str, Any] = until(
            lambda: (now := said(client.get(f"model?pipeline={NAME}"))).get("samplers") and now
        )
        assert model["defaults"]["guidance"] == 7.5
        document = client.opened()
        edit = edit_packet(document["head"], pipeline=NAME, steps=1, guidance=1, prompt="a cat")
        assert client.post(f"documents/{document['document']}/edits", edit).status_code == 200
        until(lambda: not client.state(document["document"])["running"])
        assert client.state(document["document"])["head"] != document["head"], "the model painted nothing"
        assert next(each for each in said(client.get("models"))["installed"] if each["name"] == NAME)["loaded"]

        answer = said(client.post("models/remove", json.dumps({"name": NAME})))
        assert answer["freed"] > 100_000 and NAME not in offered(client)
        edit = edit_packet(document["head"], pipeline=NAME, steps=1, guidance=1, prompt="a dog")
        assert client.post(f"documents/{document['document']}/edits", edit).status_code == 400
        assert not server.maps("libtorch")
        client.http.close()


def test_the_command_line_downloads_adds_and_removes(hub: FakeHub, tmp_path: Path) -> None:
    def command(*words: str, fails: bool = False) -> str:
        ran = subprocess.run(
            [sys.executable, "-W", "error", "app.py", "--data", str(tmp_path / "data"), "models", *words],
            cwd=ROOT, env=os.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert (ran.returncode != 0) == fails, ran.stderr
        return ran.stderr if fails else ran.stdout

    assert f"--licence '{LICENCE}'" in command("download", ONE, fails=True)
    assert "not mit" in command("download", ONE, "--licence", "mit", fails=True)
    assert "has no me/nowhere" in command("download", "me/nowhere", fails=True)
    assert "needs a name" in command("add", fails=True)
    assert LICENCE in command("download", ONE, "--licence", LICENCE)
    assert command("add", str(tmp_path / "tiny")) == f"hf:{tmp_path / 'tiny'}\n"
    listed = command()
    assert NAME in listed and f"hf:{tmp_path / 'tiny'}" in listed
    assert "freed" in command("remove", ONE)
    command("remove", f"hf:{tmp_path / 'tiny'}")
    assert "tiny" not in command() and NAME not in command() and (tmp_path / "tiny").exists()
    assert "cannot be removed" in command("remove", "glide-mini", fails=True)
