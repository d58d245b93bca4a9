"""The direction of imports."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


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


# of each part of the editor, which others it may import; an edit is the value that a store keeps
PARTS = {
    "imaging": set(),
    "edits": {"imaging"},
    "formats": {"imaging"},
    "store": {"imaging", "formats", "edits.edit"},
    "recipes": {"imaging", "formats", "edits"},
    "study": {"imaging", "formats", "store"},
    "exports": {"imaging", "edits.edit", "formats", "store", "recipes"},
    "layers": {"imaging", "edits", "store"},
    "session": {"imaging", "formats", "edits", "store", "recipes", "exports", "layers"},
    "live": {"imaging", "edits", "formats", "store"},
    "ranking": {"imaging", "edits"},
    "outcome": set(),
    "log_fields": set(),
    "batching": {"imaging", "edits", "store"},
    "complaints": {"store"},
    "run_reports": {"imaging", "edits", "store", "complaints"},
    "worker": {
        "imaging",
        "edits",
        "store",
        "live",
        "ranking",
        "outcome",
        "log_fields",
        "batching",
        "complaints",
        "run_reports",
    },
    "picture_reader": {"imaging"},
    "object_selector": {"imaging", "store", "picture_reader"},
    "process_watch": {"store"},
    "futures": set(),
    "models_process": {"store", "live", "object_selector", "process_watch", "outcome", "futures"},
    "models_program": {"store", "live", "worker", "object_selector", "ranking", "outcome", "complaints"},
    "crew": {"models_process"},
    "metrics": {"models_process", "outcome"},
    "web": {
        "imaging",
        "formats",
        "edits",
        "store",
        "study",
        "recipes",
        "layers",
        "session",
        "live",
        "worker",
        "models_process",
        "object_selector",
        "outcome",
        "log_fields",
        "metrics",
    },
    "cli": {
        "imaging",
        "formats",
        "edits",
        "store",
        "exports",
        "study",
        "recipes",
        "layers",
        "session",
        "worker",
        "models_process",
        "models_program",
        "crew",
        "object_selector",
        "picture_reader",
        "log_fields",
        "ranking",
        "metrics",
        "web",
    },
}


def modules() -> dict[str, Path]:
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in files("editor", "pipelines")}
    return {name.removesuffix(".__init__"): path for name, path in names.items()} | {"app": ROOT / "app.py"}


@pytest.mark.parametrize("path", files("editor"), ids=lambda path: str(path.relative_to(ROOT)))
def test_each_part_of_the_editor_imports_only_those_below_it(path: Path) -> None:
    part = path.relative_to(ROOT / "editor").parts[0].removesuffix(".py")
    if part == "__init__":
        return
    allowed = {f"editor.{name}" for name in {part, *PARTS[part]}}
    names = {name for name in imported(path) if name.startswith("editor.")} & modules().keys()
    assert not {name for name in names if not any(within(name, each) for each in allowed)}


def test_no_import_goes_round_in_a_circle() -> None:
    known = modules()
    graph: dict[str, set[str]] = {}
    for name, path in known.items():
        names = set(imported(path)) & known.keys()
        # `from a import b` runs a and then b, a module: only what a does itself counts
        graph[name] = {one for one in names if one != name and not any(within(other, one) for other in names - {one})}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names them


@pytest.mark.parametrize("path", files("pipelines"), ids=lambda path: str(path.relative_to(ROOT)))
def test_pipelines_know_nothing_of_the_editor(path: Path) -> None:
    assert not [name for name in imported(path) for top in ("editor", "app", "gradio") if within(name, top)]


# what is said to models, of which they know nothing, and of what they made
PURE = ("pipelines.selection.prompt", "pipelines.wording.resolve", "pipelines.ranking")


@pytest.mark.parametrize("path", files("editor"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_editor_knows_of_pipelines_only_their_door(path: Path) -> None:
    doors = ["pipelines"] if "cli" in path.parts else ["pipelines.base", "pipelines.errors", *PURE]
    doors += ["pipelines.library"] if "web" in path.parts else []  # whose panel lists and changes the models
    names = {name for name in imported(path) if within(name, "pipelines")}
    assert not {name for name in names if not any(within(name, door) for door in doors)}
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
    [path for path in files("editor") if "web" not in path.parts],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_only_the_web_knows_of_gradio(path: Path) -> None:
    assert not [name for name in imported(path) for web in ("gradio", "starlette") if within(name, web)]
