"""What a folder or a file must hold to be a model of diffusers.

Opens nothing that could run, safetensors alone, and of those only the headers.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open

from pipelines.errors import InvalidInput
from pipelines.hf.families import FAMILIES, Family

INDEX = "model_index.json"
PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")  # files whose reading runs what is in them
HALF = "fp16"  # the usual mark in the names of files of half precision
VOCABULARIES = ("tokenizer.json", "vocab.json", "vocab.txt", "spiece.model", "tokenizer.model")
UNUSED = "safety_checker"  # a part that nothing here asks for, and that need not be there
WRITE_ANEW = "save it anew by save_pretrained(FOLDER, safe_serialization=True)"
# how the names of a part's tensors begin, by its class or by its name
PREFIXES: dict[str, tuple[str, ...]] = {
    "UNet2DConditionModel": ("model.diffusion_model.",),
    "FluxTransformer2DModel": ("model.diffusion_model.double_blocks.", "double_blocks."),
    "SD3Transformer2DModel": ("model.diffusion_model.joint_blocks.", "joint_blocks."),
    "AutoencoderKL": ("first_stage_model.", "vae."),
    "T5EncoderModel": ("text_encoders.t5xxl.",),
    "text_encoder": ("cond_stage_model.", "conditioner.embedders.0.", "text_encoders.clip_l."),
    "text_encoder_2": ("conditioner.embedders.1.", "text_encoders.clip_g."),
}
DRAWING = ("UNet2DConditionModel", "FluxTransformer2DModel", "SD3Transformer2DModel")
NO_NETWORKS = ("Tokenizer", "Scheduler", "Processor", "Extractor", "SafetyChecker")  # the last of which nobody asks


class Layout(NamedTuple):
    """What a folder of a pipeline holds."""

    class_name: str  # the pipeline's class, as the folder's index names it
    parts: Mapping[str, str]  # the name of each part that it has, and the part's class
    variant: str | None  # the mark in the names of its weights' files, None for none


def read_layout(folder: Path, weights: bool = True) -> Layout:
    """Reads what lies in a folder, and checks that every part of it is there.

    Args:
        folder: a pipeline as diffusers saves it.
        weights: whether to check as well that every file of weights is whole.

    Raises:
        InvalidInput: something is missing, damaged, or a pickle, which is never read.
    """
    if not folder.is_dir():
        raise InvalidInput(f"There is no folder {folder}; give one with a {INDEX}, or a name on the hub, OWNER/MODEL.")
    index = _json(folder / INDEX, f"{folder} has no {INDEX}: it is no folder of a diffusers pipeline, or half of one")
    class_name = index.get("_class_name")
    if not isinstance(class_name, str):
        raise InvalidInput(f"{folder / INDEX} names no class of diffusers, but {class_name!r}.")
    parts: dict[str, str] = {}
    missing: list[str] = []
    variants: set[str | None] = set()
    for name, entry in index.items():
        if name.startswith("_") or not (isinstance(entry, list) and len(entry) == 2) or entry[1] is None:
            continue  # a setting, or a part that was left out
        if name == UNUSED and not (folder / name).exists():
            continue
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
    return Layout(class_name, parts, HALF if variants == {HALF} else None)


def shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """Reads the shapes of the tensors in a safetensors file, by their names, from its header alone.

    Raises:
        InvalidInput: the file is damaged, or there in part.
    """
    try:
        with safe_open(file, "np") as opened:
            return {key: tuple(opened.get_slice(key).get_shape()) for key in opened.keys()}
    except (SafetensorError, OSError) as error:
        raise InvalidInput(f"{file} is damaged or there in part ({error}); get it again.") from error


class Shaped(NamedTuple):
    """As much of a tensor as tells which model's it is."""

    shape: tuple[int, ...]


class ModelFile(NamedTuple):
    """A whole model in one file."""

    path: Path
    tensors: frozenset[str]  # their names
    family: Family  # the pipelines that it is for
    settings: str  # the hub's model with the same networks, whose small files say how they work together


def read_model_file(path: Path) -> ModelFile:
    """Finds out which model a `.safetensors` file holds, by the names of its tensors alone.

    Raises:
        InvalidInput: the file is no safetensors, damaged, or no model that diffusers knows and that repaints.
        ImportError: there is no diffusers.
    """
    if path.suffix in PICKLES:
        raise InvalidInput(f"{path} is a pickle, which can run code and is never read; get it as .safetensors.")
    if path.suffix != ".safetensors":
        raise InvalidInput(
            f"{path} is no .safetensors; give such a file, a folder of a diffusers pipeline, or OWNER/MODEL."
        )
    tensors = shapes(path)
    from diffusers.loaders.single_file_utils import DIFFUSERS_DEFAULT_PIPELINE_PATHS, infer_diffusers_model_type

    try:
        kind = infer_diffusers_model_type({name: Shaped(shape) for name, shape in tensors.items()})
    except (IndexError, KeyError, NameError, TypeError, ValueError):  # of what it has only met in part
        kind = ""
    family = next((row for row in FAMILIES if kind in row.files), None)
    if family is None or not draws(tensors):  # unknown is "v1" to diffusers
        raise no_model(path)
    return ModelFile(
        path, frozenset(tensors), family, DIFFUSERS_DEFAULT_PIPELINE_PATHS[kind]["pretrained_model_name_or_path"]
    )


def draws(tensors: Iterable[str]) -> bool:
    """Tells whether one of a file's tensors, by their names, is of a network that draws in a file of a whole model."""
    drawing = tuple(each for part in DRAWING for each in PREFIXES[part])
    return any(name.startswith(drawing) for name in tensors)


def no_model(path: Path) -> InvalidInput:
    """The error for a file that holds something else."""
    kinds = ", ".join(each for row in FAMILIES for each in row.files)
    return InvalidInput(f"{path} is no model of one file that can repaint here; those are {kinds}.")


def missing_networks(file: ModelFile, parts: Mapping[str, str]) -> list[str]:
    """The names of a pipeline's networks that are not in a file.

    Args:
        file: the file.
        parts: the names and classes of the pipeline's parts, as its folder has them.
    """
    networks = {part: kind for part, kind in parts.items() if not any(word in kind for word in NO_NETWORKS)}
    return [
        part
        for part, kind in networks.items()
        if not any(name.startswith(PREFIXES.get(kind) or PREFIXES.get(part, ("?",))) for name in file.tensors)
    ]


def _weights(part: Path) -> tuple[list[str], str | None]:
    """Checks the files of a network's weights.

    Returns:
        The names of those that are missing, and the mark in the names of the others.
    """
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
