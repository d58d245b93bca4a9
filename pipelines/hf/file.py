"""A whole model in one `.safetensors` file, by its authors' names for its numbers: which it is, and what it lacks."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pipelines.errors import InvalidInput
from pipelines.hf.families import FAMILIES, Family
from pipelines.hf.folder import PICKLES, shapes

# how the names of a part's numbers begin, by its class or by its name
BEGINNINGS: dict[str, tuple[str, ...]] = {
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


class Shaped(NamedTuple):
    """As much of a tensor as tells what it is of."""

    shape: tuple[int, ...]


class ModelFile(NamedTuple):
    """numbers: the names in it. family: what it is for. settings: the hub's model with the same networks."""

    path: Path
    numbers: frozenset[str]
    family: Family
    settings: str


def read_model_file(path: Path) -> ModelFile:
    """What a file holds, by its names alone: no number is read.

    InvalidInput with a sentence when it is no safetensors, damaged, or no model that diffusers knows and that repaints.
    ImportError where there is no diffusers.
    """
    if path.suffix in PICKLES:
        raise InvalidInput(f"{path} is a pickle, which can run code and is never read; get it as .safetensors.")
    if path.suffix != ".safetensors":
        raise InvalidInput(
            f"{path} is no .safetensors; give such a file, a folder of a diffusers pipeline, or OWNER/MODEL."
        )
    numbers = shapes(path)
    from diffusers.loaders.single_file_utils import DIFFUSERS_DEFAULT_PIPELINE_PATHS, infer_diffusers_model_type

    try:
        kind = infer_diffusers_model_type({name: Shaped(shape) for name, shape in numbers.items()})
    except (IndexError, KeyError, NameError, TypeError, ValueError):  # of what it has only met in part
        kind = ""
    family = next((row for row in FAMILIES if kind in row.files), None)
    drawing = tuple(each for part, starts in BEGINNINGS.items() if part in DRAWING for each in starts)
    if family is None or not any(name.startswith(drawing) for name in numbers):  # unknown is "v1" to diffusers
        known = ", ".join(each for row in FAMILIES for each in row.files)
        raise InvalidInput(f"{path} is no model of one file that can repaint here; those are {known}.")
    return ModelFile(
        path, frozenset(numbers), family, DIFFUSERS_DEFAULT_PIPELINE_PATHS[kind]["pretrained_model_name_or_path"]
    )


def lacking(file: ModelFile, parts: Mapping[str, str]) -> list[str]:
    """Which of a pipeline's networks are not in a file. parts: names and classes, as its folder has them."""
    networks = {part: kind for part, kind in parts.items() if not any(word in kind for word in NO_NETWORKS)}
    return [
        part
        for part, kind in networks.items()
        if not any(name.startswith(BEGINNINGS.get(kind) or BEGINNINGS.get(part, ("?",))) for name in file.numbers)
    ]
