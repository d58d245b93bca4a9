"""CommandContext: what every command needs."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path

from editor.cli.parser import DEFAULT_PIPELINE
from editor.cli.signing_options import read_anchors, read_signing
from editor.recipes.provenance import Signing
from editor.session import Session
from editor.store.store import Store
from pipelines import PIPELINES, load
from pipelines.base import Pipeline, Setup
from pipelines.errors import InvalidInput
from pipelines.hf.clip_files import installed_ranking_model
from pipelines.installed import RANKING, SELECTION
from pipelines.library import Library
from pipelines.models import full_name
from pipelines.provenance import VERSION, made_with
from pipelines.ranking import OwnRanker, Ranker
from pipelines.selection.installed import installed_selection_model, installed_words_model


def _load_by(options: argparse.Namespace, root: Path, home: Path, name: str) -> Pipeline:
    return CommandContext(options, root, home).load(name)


class CommandContext:
    """The options of a command, and the models and the store that they select."""

    def __init__(self, options: argparse.Namespace, root: Path, home: Path) -> None:
        """Resolves the name of the pipeline.

        Args:
            options: the parsed options.
            root: the folder of app.py and assets.
            home: the folder where the user may keep models.toml.

        Raises:
            InvalidInput: there is no pipeline of this name.
        """
        self.options, self.root, self.home = options, root, home
        self.made_with = made_with
        default = home / "models.toml"
        self.models_file: Path | None = options.models or (default if default.exists() else None)  # the user's models
        self.pipeline_chosen: bool = options.pipeline is not None
        options.pipeline = full_name(options.pipeline or DEFAULT_PIPELINE, self.models_file)
        self._typed = {options.pipeline}  # the models that the user named
        folder = options.data if isinstance(options.data, Path) else home / "palimpsest-data"
        self.folder = folder  # of what is neither a document nor a model of the store
        self.library = Library(folder, options.pipeline, self.models_file, [name for name, _ in options.adapter])
        adapters, keys = self.library.adapter_names, self.library.keys_file
        self._setup = Setup(options.compile, options.memory, options.quantise, adapters, keys)
        self._ranker: tuple[Path, Ranker] | None = None  # of photographs, once it is loaded, and its folder

    def typed(self, name: str) -> str:
        """Lets a model be loaded, and downloaded, that the user named otherwise than by --pipeline.

        Returns:
            Its full name.

        Raises:
            InvalidInput: there is none of this name.
        """
        full = full_name(name, self.models_file)
        self._typed.add(full)
        return full

    def load(self, name: str) -> Pipeline:
        """Loads a pipeline, but only one that the user offers.

        A name in a document or a recipe may be a file that somebody else put on this machine.

        Raises:
            InvalidInput: the user does not offer it.
        """
        if name not in self._typed and name not in PIPELINES and name not in self.library.names():
            raise InvalidInput(
                f"The model {name} is none of those offered here. To use it, add it on the page under "
                "Models, name it with --pipeline, or list it in models.toml."
            )
        # a model is downloaded only if the user typed its name, never because a recipe or a document has it
        return load(name, self._setup, fetch=name in self._typed)

    def load_elsewhere(self) -> Callable[[str], Pipeline]:
        """Returns what loads a pipeline on another machine, as `load` would there: it can be sent to that."""
        return partial(_load_by, self.options, self.root, self.home)

    def selection_model(self) -> Path | None:
        """Returns the folder of the model that selects objects; None where none is installed."""
        return installed_selection_model(self._added_selectors)

    def words_model(self) -> Path | None:
        """Returns the folder of the model that selects by words; None where none is installed."""
        return installed_words_model(self._added_selectors)

    @property
    def _added_selectors(self) -> list[Path]:
        """The folders of the selection models that the user added."""
        return [Path(name) for name in self._added(SELECTION)]

    def _added(self, kind: str) -> list[str]:
        """Returns what the user added of a kind, without the beginning of its name."""
        return [name.removeprefix(kind) for name in self.library.added if name.startswith(kind)]

    def ranker(self, pipeline: Pipeline) -> Ranker | None:
        """Finds what tells how well a pipeline's results show their prompt.

        That is a network of its own for one that was taught certain words alone; for any other, the photographic CLIP
        that is installed.

        Raises:
            InvalidInput: its files are damaged.
        """
        if isinstance(pipeline, OwnRanker) and (own := pipeline.ranker()) is not None:
            return own
        folder = installed_ranking_model(self._added(RANKING))
        if pipeline.vocabulary is not None or folder is None:
            return None
        if self._ranker is None or self._ranker[0] != folder:
            from pipelines.hf.clip_ranker import load_clip_ranker  # PyTorch only where something is to be ranked

            self._ranker = folder, load_clip_ranker(folder)
        return self._ranker[1]

    @cached_property
    def anchors(self) -> str:
        """The certificates of trusted issuers, PEM, for the credentials of files; raises InvalidInput for others."""
        return read_anchors(self.options)

    @cached_property
    def signing(self) -> Signing | None:
        """How pictures are signed, None where they are not; raises InvalidInput for a certificate that will not do."""
        return read_signing(self.options, VERSION)

    @contextmanager
    def session(self, create: bool = False) -> Iterator[Session]:
        """Opens the store for the block.

        Args:
            create: whether to create a store that is missing, as commands do that put something into it.

        Yields:
            A session on it.

        Raises:
            StorageError: the store cannot be used, or is missing and not to be created.
        """
        # the models' process signs nothing, so it gets no key
        signing = None if self.options.command in ("work", "models-process") else self.signing
        anchors = self.anchors
        store = Store(self.options.data, self.options.quota, create)
        try:
            yield Session(store, signing, anchors)
        finally:
            store.close()
