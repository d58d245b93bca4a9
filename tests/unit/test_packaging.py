"""The wheel: what `pip install .` gives is the whole editor, from any folder."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from pipelines.provenance import VERSION

ROOT = Path(__file__).parents[2]
PARTS = ("editor", "pipelines", "assets")
FILES = ("app.py", "pyproject.toml", "requirements.txt", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built of a copy: setuptools leaves files where it builds."""
    folder = tmp_path_factory.mktemp("wheel")
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.pyi", "*.pyc"))
    for file in FILES:
        shutil.copy(ROOT / file, folder / file)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet", "-w", "out", "."]
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert built.returncode == 0, built.stderr
    (built_wheel,) = (folder / "out").glob("*.whl")
    return built_wheel


def test_the_wheel_holds_all_that_runs(wheel: Path) -> None:
    assert wheel.name.startswith(f"palimpsest_editor-{VERSION}-")
    there = {path.relative_to(ROOT).as_posix() for part in PARTS for path in (ROOT / part).rglob("*") if path.is_file()}
    wanted = {path for path in there if "__pycache__" not in path and not path.startswith("assets/readme/")}
    wanted = {path for path in wanted if not path.endswith((".pyi", ".pyc"))}
    held = set(ZipFile(wheel).namelist())
    assert wanted <= held, sorted(wanted - held)
    others = {path for path in held - wanted - {"app.py"} if ".dist-info/" not in path}
    assert not others, sorted(others)


def test_installed_it_runs_from_any_folder_and_keeps_pictures_where_a_users_lie(wheel: Path, tmp_path: Path) -> None:
    site, here = tmp_path / "site", tmp_path / "here"
    here.mkdir()
    with ZipFile(wheel) as archive:
        archive.extractall(site)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)).save(here / "room.png")
    environment = os.environ | {"PYTHONPATH": str(site), "XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}

    def palimpsest(*words: str) -> str:
        call = "import sys; from app import main; sys.argv[0] = 'palimpsest'; sys.exit(main())"  # as the script does
        command = [sys.executable, "-W", "error", "-c", call, *words]
        ran = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, timeout=300)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    assert palimpsest("--help").startswith("usage: palimpsest ")
    assert f"{site}/assets/weights/glide-mini" in palimpsest("models")
    assert "room" in palimpsest("open", "room.png") and "room" in palimpsest("history")
    assert [file.name for file in (tmp_path / "data" / "palimpsest").iterdir()] == ["palimpsest-data"]
    assert sorted(file.name for file in here.iterdir()) == ["room.png"]


def test_the_lock_has_every_requirement_at_its_version() -> None:
    pinned = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.]+)", (ROOT / "requirements.txt").read_text(), re.M)
    pinned += re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.]+)", (ROOT / "requirements-dev.txt").read_text(), re.M)
    locked = dict(re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.]+)", (ROOT / "requirements.lock").read_text(), re.M))
    assert len(pinned) > 20 and {name.lower(): locked.get(name.lower()) for name, _ in pinned} == {
        name.lower(): version for name, version in pinned
    }


def test_the_images_of_docker_hold_what_the_wheel_holds() -> None:
    """What a Dockerfile copies, .dockerignore lets through, and the editor needs."""
    copied = set(
        re.findall(r"[\w.-]+", " ".join(re.findall(r"^COPY (.*) \S+$", (ROOT / "Dockerfile").read_text(), re.M)))
    )
    let_through = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.M))
    assert copied == let_through and {*PARTS, "app.py", "requirements.txt", "requirements.lock"} <= copied
    assert all((ROOT / each).exists() for each in copied)
