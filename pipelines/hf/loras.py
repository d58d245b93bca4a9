"""LoRAs on a loaded pipeline of diffusers: layers of low rank beside the network's own (Hu et al. 2021)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pipelines.errors import InvalidInput
from pipelines.hf.adapter_files import UNFIT, error_text, quietly
from pipelines.hf.hub import INSTALL
from pipelines.hf.model_files import shapes

MOST_LORAS = 8  # kept loaded, as many as an edit may name
CONTROL_LORA = ("x_embedder.lora", "norm_q.weight", "norm_k.weight", "norm_added_q.weight", "norm_added_k.weight")


class Loras:
    """The LoRAs of one pipeline.

    Attributes:
        names: peft's name of each file that is loaded, the one used last being last.
    """

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe
        self.names: dict[Path, str] = {}
        self._loaded = 0

    def put(self, weights: Mapping[Path, float]) -> None:
        """Puts exactly these in force.

        Args:
            weights: the weight of each file.

        Raises:
            InvalidInput: a file does not fit the pipeline.
        """
        for file in weights:
            self.names[file] = self.names.pop(file, "") or self._load(file)
        for file in list(self.names)[: max(0, len(self.names) - max(MOST_LORAS, len(weights)))]:
            self._forget(self.names.pop(file))
        if weights:
            self._pipe.enable_lora()
            self._pipe.set_adapters([self.names[file] for file in weights], list(weights.values()))
        elif self.names:
            self._pipe.disable_lora()

    def _load(self, file: Path) -> str:
        kind = type(self._pipe).__name__
        if not hasattr(self._pipe, "load_lora_weights"):
            raise InvalidInput(f"{kind} takes no LoRA: leave {file.name} out, or take another model.")
        if find_spec("peft") is None:
            raise InvalidInput(f"A LoRA needs the package peft: {INSTALL}.")
        if any(mark in key for key in shapes(file) for mark in CONTROL_LORA):
            raise InvalidInput(f"{file} replaces layers of the model instead of adding to them: take a plain LoRA.")
        self._loaded += 1
        name = f"lora{self._loaded}"
        try:
            with quietly(), _unhooked(self._pipe):
                self._pipe.load_lora_weights(
                    str(file.parent), weight_name=file.name, adapter_name=name, use_safetensors=True,
                    local_files_only=True,
                )  # fmt: skip
        except UNFIT as error:
            self._forget(name)
            if isinstance(error, torch.OutOfMemoryError):  # which says nothing of the file
                raise
            raise InvalidInput(
                f"{file} does not fit {kind}: it is another model's LoRA ({error_text(error)})."
            ) from error
        if not self._layers(name):
            self._forget(name)
            raise InvalidInput(f"{file} fits none of the layers of {kind}: it is another model's LoRA.")
        return name

    def _layers(self, name: str) -> int:
        """Counts the layers that a LoRA is added to."""
        parts = (part for part in self._pipe.components.values() if isinstance(part, nn.Module))
        return sum(
            name in module._modules
            for part in parts
            for where, module in part.named_modules()
            if where.endswith((".lora_A", ".lora_embedding_A", ".lokr_w1", ".lokr_w1_a"))
        )

    def _forget(self, name: str) -> None:
        with quietly():
            self._pipe.delete_adapters(name)


@contextmanager
def _unhooked(pipe: Any) -> Iterator[None]:
    """Takes a pipeline's offload hooks off for a while, where its networks come to the device one at a time.

    Diffusers does so itself, but puts them back for the first card that it finds, which need not be the device, nor be
    there; and after a failure it does not put them back at all.
    """
    offloaded = bool(getattr(pipe, "_all_hooks", ()))
    if offloaded:
        pipe.remove_all_hooks()
    try:
        yield
    finally:
        if offloaded:
            pipe.enable_model_cpu_offload(device=pipe._offload_device)
