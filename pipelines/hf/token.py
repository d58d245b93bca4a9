"""The token of the user's account on the Hugging Face hub, where the hub's own library keeps it."""

import os
import re
from pathlib import Path

from pipelines.errors import InvalidInput
from pipelines.hf.repository import Unavailable, asking
from pipelines.whole_file import write_whole


def has_token() -> bool:
    """Tells whether there is a token, from the environment or stored."""
    from huggingface_hub import get_token

    return get_token() is not None


def store_token(token: str) -> None:
    """Stores a token that the hub accepts, readable by this user alone; '' removes the one that is stored.

    Raises:
        Unavailable: the hub refuses it, or does not answer.
        InvalidInput: it is no token, or the environment has another, which wins.
    """
    from huggingface_hub import HfApi, constants

    file, token = Path(constants.HF_TOKEN_PATH), token.strip()
    if os.environ.get("HF_TOKEN"):
        raise InvalidInput("The token comes from HF_TOKEN in the server's environment: change it there.")
    if not token:
        file.unlink(missing_ok=True)
        return
    if not re.fullmatch(r"[\w.-]{1,500}", token, re.ASCII):
        raise Unavailable("That is no token of the hub: those are letters, digits, dots, - and _ alone.", "token")
    with asking("the account of this token"):
        HfApi(token=token).whoami()
    write_whole(file, token, 0o600)
