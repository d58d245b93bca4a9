"""Loading a network of transformers whole, from safetensors alone."""

from pathlib import Path
from typing import Any

import torch

from pipelines.errors import InvalidInput, one_line
from pipelines.exclusive import MODEL_LOCK
from pipelines.hf.hub import silence_loggers
from pipelines.hf.model_files import shapes
from pipelines.machine import best_device
from pipelines.selection.installed import WEIGHTS


def load_network(folder: Path, network: str, title: str) -> Any:
    """Loads a network in float32, onto the device to use.

    Args:
        folder: as transformers saves it.
        network: the name of its class in transformers.
        title: what users call it.

    Raises:
        InvalidInput: it is damaged, or weights are missing.
    """
    shapes(folder / WEIGHTS)
    silence_loggers()
    import transformers

    try:
        with MODEL_LOCK:
            model, info = getattr(transformers, network).from_pretrained(
                folder, local_files_only=True, use_safetensors=True, output_loading_info=True, dtype=torch.float32
            )
    except (OSError, ValueError, TypeError, RuntimeError, AttributeError, LookupError) as error:
        raise InvalidInput(f"{folder} cannot be read as {title} ({one_line(error)[:200]}); get it again.") from error
    if lacking := sorted(info["missing_keys"]):
        raise InvalidInput(f"{folder} lacks {len(lacking)} weights, {lacking[0]} among them; get it again.")
    return model.eval().to(best_device())
