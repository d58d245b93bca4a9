"""From what a user named to a folder on this machine."""

import re
import warnings
from pathlib import Path

from pipelines.errors import InvalidInput
from pipelines.hf.model_files import read_layout

ON_HUB = re.compile(r"\w[\w.-]*/\w[\w.-]*")
SETTINGS = ("*.json", "*.txt", "*.model")  # what says the sizes of a model's networks and the words it reads
INSTALL = "`pip install -r requirements.txt`"


def canonical(named: str) -> str:
    """One name for one model: a path in full, or OWNER/MODEL on the hub where there is no such folder."""
    path = Path(named).expanduser()
    on_hub = ON_HUB.fullmatch(named) and path.suffix != ".safetensors" and not path.exists()
    return named if on_hub else str(path.resolve())


def path_of(named: str, fetch: bool) -> Path:
    """The folder or file of a canonical name. fetch: download what the hub has and this machine has not.

    Once here, a model is never asked for over the network again. InvalidInput with a sentence when it is not to be had.
    """
    if not ON_HUB.fullmatch(named):
        return Path(named)
    return from_hub(named, f"there is no folder {named}, and the hub's model of that name", named, fetch)


def from_hub(model: str, wanted: str, typed: str, fetch: bool, weights: bool = True) -> Path:
    """The folder in which a model of the hub lies on this machine. wanted: how a sentence begins that says it is not
    there. typed: the name that brings it about. weights: whether the networks are needed as well.
    """
    try:
        silence_loggers()
        from diffusers import DiffusionPipeline
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError
    except ImportError as error:
        raise InvalidInput(lacking_diffusers(typed, error)) from error
    try:
        cached = Path(snapshot_download(model, local_files_only=True))
        read_layout(cached, weights)
        return cached
    except (LocalEntryNotFoundError, ValueError) as error:
        if not fetch:
            raise InvalidInput(
                f"{wanted} is not on this machine, or only in part; `python app.py --pipeline hf:{typed}` downloads it."
            ) from error
    try:
        if weights:
            return Path(DiffusionPipeline.download(model, use_safetensors=True))
        return Path(snapshot_download(model, allow_patterns=list(SETTINGS)))
    except RepositoryNotFoundError as error:
        raise InvalidInput(f"{wanted} is not there either, or you may not read {model}.") from error
    except (HfHubHTTPError, OSError, ValueError) as error:
        why = str(error).strip().splitlines()[0]
        raise InvalidInput(f"{wanted} could not be downloaded ({why}).") from error


def lacking_diffusers(named: str, error: ImportError) -> str:
    """The sentence for who has not installed what these models need."""
    return f"hf:{named} needs diffusers ({error}): {INSTALL}."


def silence_loggers() -> None:
    """Diffusers and transformers tell of errors alone from here on: they raise those, and the sentences are ours.

    Before diffusers is imported, which tells of packages that it can do without. ImportError where they are not there.
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
