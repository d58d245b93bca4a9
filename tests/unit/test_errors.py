"""Errors that are meant for people are sentences, wherever they are raised."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import editor
import pipelines
from pipelines.errors import InvalidInput, UserError, described

ROOT = Path(__file__).parents[2]
FILES = sorted(path for folder in ("editor", "pipelines") for path in (ROOT / folder).rglob("*.py"))


def user_errors() -> set[str]:
    """The names of all errors that are meant for people."""
    for package in (editor, pipelines):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.startswith(("editor.", "pipelines.errors")):
                importlib.import_module(found.name)

    def below(kind: type) -> Iterator[str]:
        yield kind.__name__
        for each in kind.__subclasses__():
            yield from below(each)

    return {*below(UserError)}


NAMES = user_errors()


def text_of(node: ast.expr) -> str | None:
    """The literal text of a message, ~ where something is put into it; None where it is no literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "~" for part in node.values)  # type: ignore[misc]
    return None


def messages(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMES and node.args:
            if (text := text_of(node.args[0])) is not None:
                yield node.lineno, text


def test_there_are_errors_to_look_at() -> None:
    assert {"InvalidInput", "NotFound", "StorageError", "Moved", "TooLarge", "Loading"} <= NAMES
    assert sum(len([*messages(path)]) for path in FILES) > 250


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_error_for_people_is_a_sentence(path: Path) -> None:
    for line, text in messages(path):
        assert not text[0].islower() or "_" in text.split()[0], f"line {line} begins in small letters: {text}"
        # what stands last may bring its own full stop, or be an address to be copied
        assert text.endswith((".", "?", "~", "...")), f"line {line} has no full stop: {text}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_name_of_an_exception_gets_into_a_message(path: Path) -> None:
    assert "type(error).__name__" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (InvalidInput("There is no sampler 'x'."), "There is no sampler 'x'."),
        (KeyError("unet"), "The model failed: 'unet'. The log has the details."),
        (
            RuntimeError("CUDA error:\n  no kernel."),
            "The model failed: CUDA error: no kernel. The log has the details.",
        ),
        (MemoryError(), "The model failed. The log has the details."),
    ],
)
def test_any_error_can_be_shown(error: Exception, sentence: str) -> None:
    assert described(error, "The model") == sentence
