"""The direction of imports, by three rules."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Every module a file imports, anywhere in it, in full; `from a import b` counts as a and a.b."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT).parts[: -node.level] if node.level else ()
            name = ".".join([*package, *([node.module] if node.module else [])])
            yield name
            yield from (f"{name}.{alias.name}" for alias in node.names)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("path", files("pipelines"), ids=lambda path: str(path.relative_to(ROOT)))
def test_pipelines_know_nothing_of_the_editor(path: Path) -> None:
    assert not [name for name in imported(path) for top in ("editor", "app", "gradio") if within(name, top)]


@pytest.mark.parametrize("path", files("editor"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_editor_knows_of_pipelines_only_their_door(path: Path) -> None:
    names = {name for name in imported(path) if within(name, "pipelines")}
    assert not {name for name in names if not within(name, "pipelines.base")}
    assert not [name for name in imported(path) if within(name, "torch") or within(name, "app")]


def test_the_core_loads_neither_torch_nor_gradio() -> None:
    code = (
        "import sys, editor.session, editor.worker\n"
        "heavy = {'torch', 'gradio'} & sys.modules.keys()\n"
        "assert not heavy, f'{heavy} came along'\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    "path",
    [path for path in files("editor") if "ui" not in path.relative_to(ROOT).parts],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_the_core_knows_nothing_of_its_screen(path: Path) -> None:
    assert not [name for name in imported(path) if within(name, "gradio") or within(name, "editor.ui")]
