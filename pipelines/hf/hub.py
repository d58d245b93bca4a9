"""From what a user named to a folder on this machine."""

import re
from pathlib import Path

from pipelines.hf.folder import read_layout

ON_HUB = re.compile(r"\w[\w.-]*/\w[\w.-]*")
INSTALL = "pip install -r requirements-hf.txt"


def canonical(named: str) -> str:
    """One name for one model: a folder's path in full, or OWNER/MODEL on the hub where there is no such folder."""
    path = Path(named).expanduser()
    return named if ON_HUB.fullmatch(named) and not path.exists() else str(path.resolve())


def folder_of(named: str, fetch: bool) -> Path:
    """The folder of a canonical name. fetch: download what the hub has and this machine has not.

    Once here, a model is never asked for over the network again. ValueError with a sentence when it is not to be had.
    """
    if not ON_HUB.fullmatch(named):
        return Path(named)
    try:
        from diffusers import DiffusionPipeline
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError
    except ImportError as error:
        raise ValueError(lacking_diffusers(named, error)) from error
    try:
        cached = Path(snapshot_download(named, local_files_only=True))
        read_layout(cached)
        return cached
    except (LocalEntryNotFoundError, ValueError) as error:
        if not fetch:
            raise ValueError(
                f"there is no folder {named}, and the hub's model of that name is not on this machine, or only in part;"
                f" `python app.py --pipeline hf:{named}` downloads it"
            ) from error
    try:
        return Path(DiffusionPipeline.download(named, use_safetensors=True))
    except RepositoryNotFoundError as error:
        raise ValueError(f"there is no folder {named}, and no model {named} on the hub that you may read") from error
    except (HfHubHTTPError, OSError, ValueError) as error:
        why = str(error).strip().splitlines()[0]
        raise ValueError(f"there is no folder {named}, and {named} could not be downloaded ({why})") from error


def lacking_diffusers(named: str, error: ImportError) -> str:
    """The sentence for who has not installed what these models need."""
    return f"hf:{named} needs diffusers ({error}): {INSTALL}"
