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
    """names: peft's for the files that are loaded, what was used last being last."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe
        self.names: dict[Path, str] = {}
        self._loaded = 0

    def put(self, wanted: Mapping[Path, float]) -> None:
        """Have exactly these in force, each by its weight. InvalidInput with a sentence about one that does not fit."""
        for file in wanted:
            self.names[file] = self.names.pop(file, "") or self._load(file)
        for file in list(self.names)[: max(0, len(self.names) - max(MOST_LORAS, len(wanted)))]:
            self._forget(self.names.pop(file))
        if wanted:
            self._pipe.enable_lora()
            self._pipe.set_adapters([self.names[file] for file in wanted], list(wanted.values()))
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
        """How many layers a LoRA was laid beside."""
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
    """Where its networks come to the device one at a time, without that: diffusers would see to it itself, but go on
    with the first card it finds, which need not be the device, nor there; and not at all after a failure."""
    offloaded = bool(getattr(pipe, "_all_hooks", ()))
    if offloaded:
        pipe.remove_all_hooks()
    try:
        yield
    finally:
        if offloaded:
            pipe.enable_model_cpu_offload(device=pipe._offload_device)
