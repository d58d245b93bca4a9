"""Where a model's files are on this machine: in a folder or a file, or in the cache of the Hugging Face hub."""

import re
import warnings
from pathlib import Path

from tqdm import tqdm

from pipelines.download import shown_in
from pipelines.errors import InvalidInput
from pipelines.hf.model_files import read_layout
from pipelines.hf.repository import Unavailable, download, look_up, pipeline_files, snapshot

ON_HUB = re.compile(r"\w[\w.-]*/\w[\w.-]*")
INSTALL = "`pip install -r requirements.txt`"


def canonical(name: str) -> str:
    """Returns one name for one model: its full path, or OWNER/MODEL on the hub where there is no such folder."""
    path = Path(name).expanduser()
    on_hub = ON_HUB.fullmatch(name) and path.suffix not in (".safetensors", ".pt") and not path.exists()
    return name if on_hub else str(path.resolve())


def path_of(name: str, fetch: bool) -> Path:
    """Finds the folder or file of a model.

    Once a model is on this machine, the network is never asked for it again.

    Args:
        name: a canonical name.
        fetch: whether to download what the hub has and this machine has not.

    Raises:
        InvalidInput: the hub's model is not on this machine, and may not or cannot be downloaded.
    """
    if not ON_HUB.fullmatch(name):
        return Path(name)
    return from_hub(name, f"there is no folder {name}, and the hub's model of that name", name, fetch)


def torchscript_of(name: str) -> Path:
    """Finds the TorchScript file of a canonical name: a path, or the only one of a model in the hub's cache.

    Raises:
        InvalidInput: the hub's model is not on this machine.
    """
    if not ON_HUB.fullmatch(name):
        return Path(name)
    folder = snapshot(name)
    file = next(iter(sorted(folder.glob("*.pt"))), None) if folder else None
    if file is None:
        raise InvalidInput(f"{name} is not on this machine; `python app.py models download {name}` downloads it.")
    return file


def from_hub(model: str, subject: str, name: str, fetch: bool, weights: bool = True) -> Path:
    """Finds the folder in which a model of the hub lies on this machine, or downloads it.

    Args:
        model: OWNER/MODEL.
        subject: how a sentence begins that says that the model is not there.
        name: what the user types after `hf:` to have the model downloaded.
        fetch: whether to download what is not on this machine.
        weights: whether the weights are needed, not only the small files that say how networks work together.

    Raises:
        InvalidInput: the model is not on this machine, and may not or cannot be downloaded, or diffusers is not there.
    """
    try:
        silence_loggers()
    except ImportError as error:
        raise InvalidInput(missing_diffusers(name, error)) from error
    cached = snapshot(model)
    try:
        if cached is not None:
            read_layout(cached, weights)
            return cached
        missing = None
    except InvalidInput as error:
        missing = error
    if not fetch:
        raise InvalidInput(
            f"{subject} is not on this machine, or only in part; `python app.py --pipeline hf:{name}` downloads it."
        ) from missing
    try:
        repository = look_up(model)
        with tqdm(desc=model, unit="B", unit_scale=True) as bar:
            return download(repository, pipeline_files(repository, weights), shown_in(bar))
    except Unavailable as error:
        raise InvalidInput(f"{subject} could not be downloaded. {error}") from error


def missing_diffusers(name: str, error: ImportError) -> str:
    """The sentence for a user who has not installed what these models need."""
    return f"hf:{name} needs diffusers ({error}): {INSTALL}."


def silence_loggers() -> None:
    """Silences diffusers and transformers: they raise their errors, and the sentences are ours.

    To be called before diffusers is imported, which remarks on packages that it can do without.

    Raises:
        ImportError: diffusers or transformers is not there.
    """
    from transformers.utils import logging

    warnings.filterwarnings(
        "ignore", category=FutureWarning, module="diffusers|transformers"
    )  # of their own use of themselves
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    import diffusers

    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
