"""What a folder must hold to be a pipeline of diffusers. Looks and opens nothing that could run: safetensors alone."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open

from pipelines.errors import InvalidInput

INDEX = "model_index.json"
PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")  # files whose reading runs what is in them
HALF = "fp16"  # the usual mark in the names of files of half precision
VOCABULARIES = ("tokenizer.json", "vocab.json", "vocab.txt", "spiece.model", "tokenizer.model")
WRITE_ANEW = "save it anew by save_pretrained(FOLDER, safe_serialization=True)"


class Layout(NamedTuple):
    """named: the class in the folder's index. parts: those it has, and their classes. variant: the mark in its weights'
    names, None for none.
    """

    named: str
    parts: Mapping[str, str]
    variant: str | None


def read_layout(folder: Path, weights: bool = True) -> Layout:
    """What lies in a folder, checked: every part is there and, if they are looked for, every weight's file whole.

    InvalidInput with a sentence that says what is missing, damaged, or a pickle, which is never read.
    """
    if not folder.is_dir():
        raise InvalidInput(f"There is no folder {folder}; give one with a {INDEX}, or a name on the hub, OWNER/MODEL.")
    index = _json(folder / INDEX, f"{folder} has no {INDEX}: it is no folder of a diffusers pipeline, or half of one")
    named = index.get("_class_name")
    if not isinstance(named, str):
        raise InvalidInput(f"{folder / INDEX} names no class of diffusers, but {named!r}.")
    parts: dict[str, str] = {}
    missing: list[str] = []
    variants: set[str | None] = set()
    for name, entry in index.items():
        if name.startswith("_") or not (isinstance(entry, list) and len(entry) == 2) or entry[1] is None:
            continue  # a setting, or a part that was left out
        library, kind = map(str, entry)
        if (folder / name / f"{library}.py").exists() or (folder / f"{library}.py").exists():
            raise InvalidInput(f"{folder} brings code of its own for its {name}, {library}.py, which is never run.")
        parts[name], part = kind, folder / name
        if kind.endswith("Scheduler"):
            missing += [] if (part / "scheduler_config.json").is_file() else [f"{name}/scheduler_config.json"]
        elif "Tokenizer" in kind:
            missing += [] if any((part / each).is_file() for each in VOCABULARIES) else [f"{name}/{VOCABULARIES[0]}"]
        elif "Processor" in kind or "Extractor" in kind:  # CLIPImageProcessor, ...Fast, ...Pil
            missing += [] if any(part.glob("*processor_config.json")) else [f"{name}/preprocessor_config.json"]
        else:
            missing += [] if (part / "config.json").is_file() else [f"{name}/config.json"]
            lacking, variant = _weights(part) if weights else ([], None)
            missing += [f"{name}/{each}" for each in lacking]
            variants.add(variant)
    if missing:
        raise InvalidInput(f"{folder} lacks {', '.join(missing)}: it is copied or downloaded in part; get the rest.")
    return Layout(named, parts, HALF if variants == {HALF} else None)


def shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the numbers in a file, by their names. InvalidInput when it is damaged, or there in part."""
    try:
        with safe_open(file, "np") as opened:
            return {key: tuple(opened.get_slice(key).get_shape()) for key in opened.keys()}
    except (SafetensorError, OSError) as error:
        raise InvalidInput(f"{file} is damaged or there in part ({error}); get it again.") from error


def _weights(part: Path) -> tuple[list[str], str | None]:
    """The files that are missing of a network's weights, and the mark in the names of the others."""
    files = sorted(part.glob("*.safetensors"))
    plain = [file for file in files if f".{HALF}" not in file.name]
    indices = [file for file in part.glob("*.safetensors.index*.json") if plain == [] or f".{HALF}" not in file.name]
    shards = {shard for index in indices for shard in _json(index, f"{index} is missing")["weight_map"].values()}
    lacking = sorted(shard for shard in shards if not (part / shard).is_file())
    if not files and not shards:
        if pickles := sorted(file.name for file in part.glob("*") if file.suffix in PICKLES):
            raise InvalidInput(
                f"{part} has its weights as a pickle only, {pickles[0]}, which can run code and is never read; "
                f"get its .safetensors, or {WRITE_ANEW}."
            )
        return ["*.safetensors"], None
    for file in plain or files:
        shapes(file)  # where each number lies, and that the file is as long as that
    return lacking, None if plain else HALF


def _json(file: Path, absent: str) -> dict[str, Any]:
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InvalidInput(absent) from None
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{file} cannot be read ({error}); get it again.") from error
    if not isinstance(read, dict):
        raise InvalidInput(f"{file} is not what its name says; get it again.")
    return read
