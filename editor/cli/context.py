"""What every command stands on: its options, and what these say of models and of the store."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from editor.session import Session
from editor.store.store import Store
from pipelines import PIPELINES, load
from pipelines.base import Pipeline, Setup
from pipelines.errors import InvalidInput
from pipelines.models import full_name, offered
from pipelines.provenance import made_with


class CommandContext:
    """options: what was typed. root: where app.py and assets lie. home: where the user's list of models does.

    InvalidInput when there is no pipeline of the name typed.
    """

    def __init__(self, options: argparse.Namespace, root: Path, home: Path) -> None:
        self.options, self.root = options, root
        self.made_with = made_with
        found = home / "models.toml"
        self.models_file: Path | None = options.models or (found if found.exists() else None)  # the user's own models
        options.pipeline = full_name(options.pipeline, self.models_file)
        adapters = frozenset(name for name, _ in options.adapter)
        self._setup = Setup(options.compile, options.memory, options.quantise, adapters)

    def offered(self) -> dict[str, str]:
        """The names of the models that may be used, and what the page calls each."""
        return offered(self.options.pipeline, self.models_file)

    def load(self, name: str) -> Pipeline:
        """The pipeline of this name, of those alone that the user offers, whatever a document or a recipe says: a name
        may be a file that somebody else put there.
        """
        if name not in (self.options.pipeline, *PIPELINES) and name not in self.offered():
            raise InvalidInput(
                f"The model {name} is none of those offered here. To use it, name it with --pipeline, or list it in "
                "models.toml."
            )
        # a model is downloaded for who typed its name, never because a recipe or a document has it
        return load(name, self._setup, fetch=name == self.options.pipeline)

    @contextmanager
    def session(self) -> Iterator[Session]:
        store = Store(self.options.data)
        try:
            yield Session(store)
        finally:
            store.close()
