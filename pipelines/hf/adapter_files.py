"""What an adapter's name leads to: a LoRA, an IP-Adapter or a ControlNet, as its files tell. Imports nothing heavy."""

import json
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.errors import InvalidInput
from pipelines.hf.hub import INSTALL
from pipelines.hf.model_files import PICKLES, shapes

LORA, IP_ADAPTER, CONTROLNET = "LoRA", "IP-Adapter", "ControlNet"
WEIGHTS = ".safetensors"
ON_HUB = re.compile(r"(\w[\w.-]*/\w[\w.-]*)(?:/(\w[\w./-]*\.safetensors))?")
ENCODER = "image_encoder"  # the folder of what looks at the reference, as IP-Adapters are published
LIKENESS = ("image_proj.", "ip_adapter.", "ip_adapter_proj_model.")
LOW_RANK = ("lora_", ".lora.", ".lokr_")  # of diffusers, peft and kohya; LoKr is a product of Kronecker's instead
# what they raise for files that are another model's
UNFIT = (ValueError, RuntimeError, KeyError, TypeError, AttributeError, IndexError, OSError, NotImplementedError)


class AdapterFile(NamedTuple):
    """kind: one of the three. path: the weights' file; of a ControlNet its folder, whose config.json names a class."""

    kind: str
    path: Path
    named: str = ""


def canonical_adapter(name: str) -> str:
    """One name for one adapter: a path in full, or OWNER/MODEL or OWNER/MODEL/FILE on the hub where there is no such
    path.
    """
    path = Path(name).expanduser()
    return name if _on_hub(name) and not path.exists() else str(path.resolve())


def adapter_file(name: str, fetch: bool) -> AdapterFile:
    """What a canonical name leads to. fetch: download what the hub has and this machine has not.

    InvalidInput with a sentence when it is not there, damaged, a pickle, or none of the three.
    """
    path = _from_hub(*at, fetch) if (at := _on_hub(name)) and not Path(name).exists() else Path(name)
    if path.is_dir():
        named = str(configuration(path).get("_class_name", ""))
        if "ControlNet" in named:
            return AdapterFile(CONTROLNET, path, named)
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
    """The folder of the image encoder that an IP-Adapter was trained with: beside it, or in a sibling of its folder.

    InvalidInput when there is none of the width that it takes.
    """
    places = [file.parent / ENCODER, *sorted(file.parent.parent.glob(f"*/{ENCODER}"))]
    found = [place for place in places if (place / "config.json").is_file()]
    for place in found:
        if _fits(file, configuration(place)):
            return place
    lacking = "the one there is another's" if found else "there is none"
    raise InvalidInput(
        f"{file} needs the image encoder it was trained with, and {lacking}: lay its config.json and model{WEIGHTS} in "
        f"{file.parent / ENCODER}."
    )


def configuration(folder: Path) -> dict[str, Any]:
    """A folder's config.json, {} where it has none. InvalidInput when that cannot be read."""
    try:
        read = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{folder / 'config.json'} cannot be read ({error}); get it again.") from error
    return read if isinstance(read, dict) else {}


@contextmanager
def quietly() -> Iterator[None]:
    """Without diffusers' remarks on what is as it should be: a second LoRA, text encoders that one says nothing of."""
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
    """What an error says, as a part of a sentence."""
    return " ".join(str(error).split())[:200]


def _fits(file: Path, encoder: dict[str, Any]) -> bool:
    """Whether an IP-Adapter looks at vectors as wide as this encoder's: its result, or its last layer but one."""
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
    """A name's OWNER/MODEL and the file in it, or ''."""
    match = ON_HUB.fullmatch(name)
    return None if match is None or match[1].endswith(WEIGHTS) else (match[1], match[2] or "")


def _from_hub(model: str, file: str, fetch: bool) -> Path:
    """The folder or file of a model on the hub, as this machine has it."""
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError
    except ImportError as error:
        raise InvalidInput(f"Adapters need diffusers ({error}): {INSTALL}.") from error
    try:
        path = Path(snapshot_download(model, local_files_only=True)) / file
        if path.is_file() or any(path.glob(f"*{WEIGHTS}")):
            return path
    except LocalEntryNotFoundError:
        pass
    name = f"{model}/{file}".rstrip("/")
    if not fetch:
        raise InvalidInput(
            f"There is no file or folder {name}, and the hub's of that name is not on this machine; "
            f"`python app.py edit ... --adapter {name}` downloads it."
        )
    try:
        if not file:
            return Path(snapshot_download(model, allow_patterns=[f"*{WEIGHTS}", "*.json"], ignore_patterns=["*/*"]))
        path = Path(snapshot_download(model, allow_patterns=[file, f"*{ENCODER}/config.json"])) / file
        if path.is_file() and adapter_file(str(path), False).kind == IP_ADAPTER:
            encoder = encoder_of(path).relative_to(str(path).removesuffix(file)).as_posix()
            snapshot_download(model, allow_patterns=[f"{encoder}/model{WEIGHTS}"])
        return path
    except RepositoryNotFoundError as error:
        raise InvalidInput(
            f"There is no file or folder {name}, and no {model} on the hub that you may read."
        ) from error
    except (HfHubHTTPError, OSError) as error:
        why = str(error).strip().splitlines()[0]
        raise InvalidInput(f"There is no file or folder {name}, and it could not be downloaded ({why}).") from error
