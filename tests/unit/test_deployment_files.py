"""The files for docker compose and Kubernetes: their form, and that the program takes their commands."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from editor.cli.parser import parser_of
from pipelines.provenance import VERSION

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docs" / "compose.yaml").read_text())
KUBERNETES = yaml.safe_load((ROOT / "docs" / "kubernetes.yaml").read_text())["items"]
ENTRYPOINT = ["--host", "0.0.0.0", "--data", "/data"]  # the Dockerfile's


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for item in KUBERNETES:
        spec = item["spec"]
        if item["kind"] == "Deployment":
            yield item["metadata"]["name"], spec["template"]
        elif item["kind"] == "RayCluster":
            for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"]):
                yield item["metadata"]["name"], group["template"]


def commands() -> dict[str, list[str]]:
    """What the program is started with, by where that stands."""
    found = {f"compose {name}": [*ENTRYPOINT, *COMPOSE["services"][name]["command"]] for name in ("server", "worker")}
    for name, pod in pods():
        for container in pod["spec"]["containers"]:
            words = shlex.split(" ".join(container.get("args", [])))
            if "app.py" in words:
                found[f"kubernetes {name}"] = words[words.index("app.py") + 1 :]
            elif words:
                found[f"kubernetes {name}"] = [*ENTRYPOINT, *words]
    return found


def test_the_entrypoint_is_the_dockerfiles() -> None:
    assert str(["python", "app.py", *ENTRYPOINT]).replace("'", '"') in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("where", commands())
def test_the_program_takes_the_commands(where: str) -> None:
    arguments = parser_of("palimpsest", "glide-mini", Path("data")).parse_args(commands()[where])
    assert arguments.data == "postgresql://palimpsest@database/palimpsest"
    assert arguments.command == ("work" if "work" in where else None)


def test_what_is_mounted_and_selected_is_there() -> None:
    claims = {item["metadata"]["name"] for item in KUBERNETES if item["kind"] == "PersistentVolumeClaim"}
    labels = [pod["metadata"]["labels"] for _, pod in pods() if "metadata" in pod]
    for item in KUBERNETES:
        if item["kind"] == "Deployment":
            assert item["spec"]["selector"]["matchLabels"] == item["spec"]["template"]["metadata"]["labels"]
        if item["kind"] == "Service":
            assert item["spec"]["selector"] in labels
    for _, pod in pods():
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes", [])}
        assert {volume["persistentVolumeClaim"]["claimName"] for volume in volumes.values()} <= claims
        for container in pod["spec"]["containers"]:
            assert {mount["name"] for mount in container.get("volumeMounts", [])} <= {*volumes}
    assert {volume.partition(":")[0] for each in COMPOSE["services"].values() for volume in each["volumes"]} == {
        *COMPOSE["volumes"]
    }


def test_versions_are_those_of_the_package() -> None:
    (cluster,) = (item["spec"] for item in KUBERNETES if item["kind"] == "RayCluster")
    assert f'"ray=={cluster["rayVersion"]}"' in (ROOT / "pyproject.toml").read_text()
    images = {container["image"] for _, pod in pods() for container in pod["spec"]["containers"]}
    assert images == {f"palimpsest:{VERSION}"}
