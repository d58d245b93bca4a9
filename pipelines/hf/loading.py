"""A pipeline of diffusers from its folder or file: checked, then read by diffusers, then put on the device."""

import inspect
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.base import Setup
from pipelines.errors import InvalidInput, one_line
from pipelines.exclusive import MODEL_LOCK
from pipelines.hf.families import Family, family_by_signature, family_of, network_of
from pipelines.hf.hub import from_hub, missing_diffusers, path_of, silence_loggers
from pipelines.hf.model_files import UNUSED, Layout, missing_networks, read_layout, read_model_file
from pipelines.recommended import recommended

if TYPE_CHECKING:
    from pipelines.hf.pipeline import Hf

MOST_AT_ONCE = 8  # images in one run, as many as an edit has variations
INSTALL_TORCHAO = "`pip install torchao==0.18.0`"
QUANTISED = ("fp8", "int8", "int4")


def load_hf(source: str, name: str, setup: Setup, fetch: bool) -> "Hf":
    """Loads a pipeline from a folder, a file or the hub.

    Args:
        source: the canonical name of the folder, the file or the hub's model.
        name: what the pipeline is called here.
        setup: how its networks run.
        fetch: whether to download what the hub has and this machine has not.

    Raises:
        InvalidInput: the model is not there, not whole, no safetensors, or cannot repaint a masked area; or the setup
            cannot be had.
    """
    path = path_of(source, fetch)
    layout = None if path.is_file() else read_layout(path)
    try:
        silence_loggers()
        import torch

        from pipelines.hf.memory import Memory
        from pipelines.hf.pipeline import Hf, native_size
        from pipelines.machine import best_device, fast_type
    except ImportError as error:
        raise InvalidInput(missing_diffusers(source, error)) from error

    device = best_device()
    older = device.type == "mps" or (device.type == "cuda" and not torch.cuda.is_bf16_supported())
    dtype = torch.float16 if older else fast_type(device)
    rounding: dict[str, Any] = {}
    if setup.quantised:
        if layout is None:
            raise InvalidInput(f"{path} is one file, which is read as it is: its folder's weights could be rounded.")
        network = "unet" if "unet" in layout.parts else "transformer"
        rounding["quantization_config"] = quantization_config(setup.quantised, network)
    with MODEL_LOCK:
        if layout is None:
            pipe, family = _from_file(path, dtype, fetch)
        else:
            pipe, family = _from_folder(path, layout, dtype, fetch, **rounding)
    if family.config:
        pipe.transformer.register_to_config(**{**family.config, **pipe.transformer.config})
    config, (setting, value) = {**network_of(pipe).config, **pipe.config}, family.distilled_sign
    if family.distilled and config.get(setting) == value:
        family = replace(family, defaults=family.distilled)
    if row := recommended().get(source):
        family = replace(family, defaults={**family.defaults, **row.settings})
    if dtype != torch.float16 and hasattr(pipe, "vae"):
        pipe.vae.register_to_config(force_upcast=False)  # half precision's range is what some decoders overflow
    if hasattr(pipe, "unet"):  # convolutions run faster so; transformers have none
        pipe.unet.to(memory_format=torch.channels_last)
    if setup.compiled:
        network_of(pipe).compile_repeated_blocks(dynamic=True)
    side = native_size(pipe, family)
    # on a processor one image at a time, so that it is the same to the bit in any batch
    at_once = 1 if device.type == "cpu" else MOST_AT_ONCE
    try:
        memory = Memory(pipe, name, device, side, setup.memory, at_once)
    except torch.OutOfMemoryError as error:
        raise InvalidInput(
            f"{name} finds too little memory on the {device.type}: close what else uses it, start with a slower plan "
            "(--memory offload or sequential), or take a smaller model."
        ) from error
    return Hf(name, pipe, family, memory, setup.adapters)


def _from_folder(folder: Path, layout: Layout, dtype: Any, fetch: bool, **rounding: Any) -> tuple[Any, Family]:
    import diffusers

    family = family_of(layout.class_name)
    kind = class_of(family) if family else getattr(diffusers, layout.class_name, None)
    if not (inspect.isclass(kind) and issubclass(kind, diffusers.DiffusionPipeline)):
        raise InvalidInput(f"{folder} is a {layout.class_name}, which diffusers {diffusers.__version__} does not know.")
    family = family or family_by_signature(layout.class_name, inspect.signature(kind.__call__).parameters)
    how = {"dtype": dtype, "use_safetensors": True, "local_files_only": True}
    prior = None
    if family.prior and not any(part.startswith("prior_") for part in layout.parts):
        subject = f"{folder} draws what another model reads from the words, and the hub's {family.prior}"
        prior = from_hub(family.prior, subject, str(folder), fetch)
    try:
        spares = [*family.spares, *({UNUSED} & inspect.signature(kind.__init__).parameters.keys())]
        parts: dict[str, Any] = {part: None for part in spares if part not in layout.parts}
        parts |= {part: _import_class(reference).from_folder(folder / part) for part, reference in family.parts.items()}
        if prior is not None:
            read = diffusers.DiffusionPipeline.from_pretrained(prior, **how, variant=read_layout(prior).variant)
            parts |= {f"prior_{part}": each for part, each in read.components.items()}
        return kind.from_pretrained(folder, **how, variant=layout.variant, **parts, **rounding), family
    except ImportError as error:  # int4 is not among what torchao itself can do
        raise InvalidInput(f"{folder} cannot be read so without one package more ({one_line(error)[:300]}).") from error
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise InvalidInput(
            f"Diffusers cannot read {folder} as a {family.repaints} ({one_line(error)[:300]}); get it again."
        ) from error


def _from_file(path: Path, dtype: Any, fetch: bool) -> tuple[Any, Family]:
    import diffusers
    import torch

    file = read_model_file(path)
    subject = f"{path} holds numbers alone, and what says how they work together, the small files of {file.settings},"
    settings = from_hub(file.settings, subject, str(path), fetch, weights=False)
    layout = read_layout(settings, weights=False)
    absent = missing_networks(file, layout.parts)
    if missing := [part for part in absent if part not in file.family.spares]:
        raise InvalidInput(
            f"{path} holds no {', '.join(missing)}, as a {layout.class_name} needs: take a file that has all of it, or "
            f"the folder of {file.settings}."
        )
    kind = class_of(file.family)
    # some classes read no files, but are made of the same parts as one that does
    reads = kind if hasattr(kind, "from_single_file") else getattr(diffusers, layout.class_name)
    without = dict.fromkeys(file.family.spares) if absent else {}
    try:
        pipe = reads.from_single_file(str(path), config=str(settings), dtype=dtype, local_files_only=True, **without)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise InvalidInput(
            f"Diffusers cannot read {path} as a {kind.__name__} ({one_line(error)[:300]}); get it again."
        ) from error
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            part.eval()  # T5 comes as for its training, which drops numbers out
        if hasattr(part, "tie_weights"):
            part.tie_weights()  # what stands in two places is once in a file
    return pipe if isinstance(pipe, kind) else kind(**pipe.components), file.family


def quantization_config(numbers: str, network: str) -> Any:
    """What `from_pretrained` takes to round the weights of the large network, and of no other, as it reads them.

    Rounded weights are smaller, a little worse, and on some cards faster.

    Args:
        numbers: one of QUANTISED.
        network: the name of the network's part.

    Raises:
        InvalidInput: there are no such numbers, or torchao, which rounds, is not there or lacks what these need.
    """
    if numbers not in QUANTISED:
        raise InvalidInput(f"Weights can be rounded to {', '.join(QUANTISED)}, not to {numbers!r}.")
    from diffusers import PipelineQuantizationConfig, TorchAoConfig

    try:
        from torchao.quantization import Float8WeightOnlyConfig, Int4WeightOnlyConfig, Int8WeightOnlyConfig
    except ImportError as error:
        raise InvalidInput(f"Rounding weights to {numbers} needs torchao ({error}): {INSTALL_TORCHAO}.") from error
    how = {"fp8": Float8WeightOnlyConfig, "int8": Int8WeightOnlyConfig, "int4": Int4WeightOnlyConfig}[numbers]()
    mapping: dict[str, Any] = {network: TorchAoConfig(how)}
    return PipelineQuantizationConfig(quant_mapping=mapping)


def class_of(family: Family) -> Any:
    """Imports the class of pipeline of a row; None where its module has no such class."""
    return _import_class(f"{family.module}:{family.repaints}")


def _import_class(reference: str) -> Any:
    """Imports a class from MODULE:CLASS; None where the module has no such class."""
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name, None)
