"""What an adapter's name leads to: a LoRA, an IP-Adapter or a ControlNet, as its files tell. Imports nothing heavy."""

import json
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.errors import InvalidInput, one_line
from pipelines.hf.model_files import PICKLES, shapes
from pipelines.hf.repository import Unavailable, download, look_up, snapshot

LORA, IP_ADAPTER, CONTROLNET = "LoRA", "IP-Adapter", "ControlNet"
WEIGHTS = ".safetensors"
ON_HUB = re.compile(r"(\w[\w.-]*/\w[\w.-]*)(?:/(\w[\w./-]*\.safetensors))?")
ENCODER = "image_encoder"  # the folder of what looks at the reference, as IP-Adapters are published
LIKENESS = ("image_proj.", "ip_adapter.", "ip_adapter_proj_model.")
LOW_RANK = ("lora_", ".lora.", ".lokr_")  # of diffusers, peft and kohya; LoKr is a product of Kronecker's instead
# what diffusers and its like raise for files that are another model's
UNFIT = (ValueError, RuntimeError, KeyError, TypeError, AttributeError, IndexError, OSError, NotImplementedError)


class AdapterFile(NamedTuple):
    """An adapter on this machine."""

    kind: str  # LORA, IP_ADAPTER or CONTROLNET
    path: Path  # the file of weights; of a ControlNet its folder
    class_name: str = ""  # of a ControlNet: the class in its config.json


def canonical_adapter(name: str) -> str:
    """Returns one name for one adapter, however it is written.

    That is a full path, or OWNER/MODEL or OWNER/MODEL/FILE on the hub where there is no such path.
    """
    path = Path(name).expanduser()
    return name if _on_hub(name) and not path.exists() else str(path.resolve())


def adapter_file(name: str, fetch: bool) -> AdapterFile:
    """Finds out what kind of adapter a name leads to.

    Args:
        name: a canonical name, see `canonical_adapter`.
        fetch: whether to download what the hub has and this machine has not.

    Raises:
        InvalidInput: the adapter is not there, damaged, a pickle, or none of the three kinds.
    """
    path = _from_hub(*at, fetch) if (at := _on_hub(name)) and not Path(name).exists() else Path(name)
    if path.is_dir():
        class_name = str(configuration(path).get("_class_name", ""))
        if "ControlNet" in class_name:
            return AdapterFile(CONTROLNET, path, class_name)
        path = _only_file(path)
    if path.suffix in PICKLES:
        raise InvalidInput(f"{path} is a pickle, which can run code and is never read; get it as {WEIGHTS}.")
    if not path.is_file():
        raise InvalidInput(f"There is no file or folder {path}; an adapter is one, or OWNER/MODEL on the hub.")
    if path.suffix != WEIGHTS:
        raise InvalidInput(f"{path} is no {WEIGHTS}, which an adapter comes as.")
    keys = shapes(path).keys()
    if any(key.startswith(LIKENESS) for key in keys):
        if any("_lora." in key for key in keys):
            raise InvalidInput(
                f"{path} wants a face's description, which nothing here can make: take another IP-Adapter."
            )
        return AdapterFile(IP_ADAPTER, path)
    if any(mark in key for key in keys for mark in LOW_RANK):
        return AdapterFile(LORA, path)
    if any(key.startswith(("control_model.", "controlnet_")) for key in keys):
        raise InvalidInput(f"{path} is a ControlNet without its config.json: give the folder that has both.")
    raise InvalidInput(f"{path} is no LoRA, IP-Adapter or ControlNet, by the names of its numbers.")


def encoder_of(file: Path) -> Path:
    """Finds the folder of the image encoder that an IP-Adapter was trained with.

    It lies beside the adapter's file, or in a sibling of its folder.

    Raises:
        InvalidInput: there is no encoder of the width that the adapter takes.
    """
    places = [file.parent / ENCODER, *sorted(file.parent.parent.glob(f"*/{ENCODER}"))]
    encoders = [place for place in places if (place / "config.json").is_file()]
    for place in encoders:
        if _fits(file, configuration(place)):
            return place
    lacking = "the one there is another's" if encoders else "there is none"
    raise InvalidInput(
        f"{file} needs the image encoder it was trained with, and {lacking}: lay its config.json and model{WEIGHTS} in "
        f"{file.parent / ENCODER}."
    )


def configuration(folder: Path) -> dict[str, Any]:
    """Reads a folder's config.json.

    Returns:
        Its contents, {} where there is none.

    Raises:
        InvalidInput: it cannot be read.
    """
    try:
        read = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{folder / 'config.json'} cannot be read ({error}); get it again.") from error
    return read if isinstance(read, dict) else {}


@contextmanager
def quietly() -> Iterator[None]:
    """Silences diffusers for a while, which remarks on what is as it should be.

    Such as a second LoRA, or a LoRA without weights for the text encoders.
    """
    import diffusers

    logging = diffusers.utils.logging
    before = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(before)


def error_text(error: BaseException) -> str:
    """The message of an error on one line, at most 200 characters, to be part of a sentence."""
    return one_line(error)[:200]


def _fits(file: Path, encoder: dict[str, Any]) -> bool:
    """Whether an IP-Adapter takes vectors as wide as this encoder's result, or as its last layer but one."""
    for key, shape in shapes(file).items():
        match key.partition(".")[2]:
            case "proj.weight":
                return bool(encoder.get("projection_dim") == shape[-1])
            case "proj.0.weight" | "proj_in.weight":
                return bool(encoder.get("hidden_size") == shape[-1])
    return True  # another layout, which says nothing of it


def _only_file(folder: Path) -> Path:
    files = sorted(folder.glob(f"*{WEIGHTS}"))
    if not files:
        pickles = sorted(each.name for each in folder.iterdir() if each.suffix in PICKLES)
        why = f"only {pickles[0]}, a pickle, which can run code and is never read" if pickles else "none of its own"
        raise InvalidInput(f"{folder} holds no adapter's {WEIGHTS}: {why}; name a file.")
    if len(files) > 1:
        names = ", ".join(file.name for file in files[:8])
        raise InvalidInput(f"{folder} holds {len(files)} files of weights ({names}): name one of them.")
    return files[0]


def _on_hub(name: str) -> tuple[str, str] | None:
    """Splits a name on the hub into OWNER/MODEL and the file in it, '' for none; None for any other name."""
    match = ON_HUB.fullmatch(name)
    return None if match is None or match[1].endswith(WEIGHTS) else (match[1], match[2] or "")


def _from_hub(model: str, file: str, fetch: bool) -> Path:
    """Finds the folder or file of a model on the hub in this machine's cache, or downloads it."""
    cached = snapshot(model)
    if cached is not None and ((path := cached / file).is_file() or any(path.glob(f"*{WEIGHTS}"))):
        return path
    name = f"{model}/{file}".rstrip("/")
    if not fetch:
        raise InvalidInput(
            f"There is no file or folder {name}, and the hub's of that name is not on this machine; "
            f"`python app.py edit ... --adapter {name}` downloads it."
        )
    try:
        repository = look_up(model)
        if not file:
            top = [each for each in repository.files if "/" not in each.path and each.path.endswith((WEIGHTS, ".json"))]
            return download(repository, top)
        wanted = [
            each for each in repository.files if each.path == file or each.path.endswith(f"{ENCODER}/config.json")
        ]
        if not repository.named(file):
            raise Unavailable(f"The hub's {model} has no {file}.", "missing")
        path = download(repository, wanted) / file
        if adapter_file(str(path), False).kind == IP_ADAPTER:
            encoder = encoder_of(path).relative_to(str(path).removesuffix(file)).as_posix()
            download(repository, repository.named(f"{encoder}/model{WEIGHTS}"))
        return path
    except Unavailable as error:
        raise InvalidInput(f"There is no file or folder {name}, and it could not be downloaded. {error}") from error
