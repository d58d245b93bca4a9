"""How a pipeline lies in memory: plans from the fastest to the most frugal, and which of them a machine can carry."""

import gc
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from pipelines.errors import InvalidInput

log = logging.getLogger(__name__)

CHANNELS, TENSORS = 128, 8  # a decoder's widest layer at full size, and how many of it live at once: an estimate
TILES = 4  # by how much decoding in tiles makes that less
LOCKED = 2  # as many bytes PyTorch may lock for a tensor: it rounds up to powers of two


@dataclass(frozen=True)
class Weights:
    """How large a pipeline is, in bytes."""

    all: int  # every network
    network: int  # the largest
    layer: int  # the largest layer, or network that diffusers does not take apart into layers


@dataclass(frozen=True)
class Plan:
    """A way for the weights to lie in memory."""

    name: str  # as typed
    description: str
    tiled: bool  # whether pictures are coded and decoded in tiles, one after another, by a decoder that can
    weight_bytes: Callable[[Weights], int]  # the bytes of weights that are on the device at a time
    put: Callable[[Any, torch.device], object]  # sets a pipeline up so


def _whole(pipe: Any, device: torch.device) -> None:
    pipe.remove_all_hooks()
    pipe.to(device)


def _by_layers(pipe: Any, device: torch.device) -> None:
    """Offloads a pipeline by layers.

    A card fetches the next layer while this one computes, from page-locked memory: from a copy of all weights, or,
    where the machine has no room for that, from a copy of the layer that is made each time, which is slower.
    """
    pipe.remove_all_hooks()
    pipe.to("cpu")
    streamed = device.type == "cuda"
    pipe.enable_group_offload(
        device, offload_type="leaf_level", use_stream=streamed, exclude_modules=_undivided(pipe),
        low_cpu_mem_usage=streamed and free_bytes(torch.device("cpu")) < LOCKED * weights_of(pipe).all,
    )  # fmt: skip


PLANS = (
    Plan("whole", "everything stays on it", False, lambda weights: weights.all, _whole),
    Plan(
        "tiled", "everything stays on it, and pictures are decoded in tiles where the decoder can", True,
        lambda weights: weights.all, _whole,
    ),
    Plan(
        "offload", "one network at a time is on it, the others wait in the machine's memory", True,
        lambda weights: weights.network, lambda pipe, device: pipe.enable_model_cpu_offload(device=device),
    ),
    Plan(
        "sequential", "one layer at a time is on it, the others wait in the machine's memory", True,
        lambda weights: weights.layer, _by_layers,
    ),
)  # fmt: skip
AUTO = "auto"
NAMES = (AUTO, *(plan.name for plan in PLANS))


class Memory:
    """What a pipeline takes of a device's memory: the plan it lies in, and how many images it draws in one run.

    Args:
        pipe: the pipeline of diffusers.
        name: what it is called in the log.
        device: where it is to run.
        side: of the square that it draws, in pixels.
        plan: a name, or AUTO for the first of the plans that fits into what is free.
        at_once: the most images in one run.

    Raises:
        InvalidInput: there is no plan of this name.
        torch.OutOfMemoryError: the plan does not fit, nor any that may be tried after it.
    """

    def __init__(self, pipe: Any, name: str, device: torch.device, side: int, plan: str, at_once: int) -> None:
        if plan not in NAMES:
            raise InvalidInput(f"There is no memory plan {plan!r}; there are {', '.join(NAMES)}.")
        self.at_once, self.device, self._pipe, self._name = at_once, device, pipe, name
        weights, free = weights_of(pipe), free_bytes(device)
        if device.type == "cpu":  # they lie there already
            free += weights.all
        plans = PLANS[:2] if device.type == "cpu" else PLANS  # from a processor there is nowhere to move to
        fitting = (each for each in plans if bytes_needed(each, weights, side, pipe.dtype.itemsize) <= free)
        chosen = (each for each in PLANS if each.name == plan)
        self.plan = next(fitting, plans[-1]) if plan == AUTO else next(chosen)
        try:
            self._put(self.plan)
        except torch.OutOfMemoryError:  # others took what was free
            if plan != AUTO or not self.take_less(1):
                raise
        log.info(
            f"{name}: {weights.all / 1e9:.1f} GB of {str(pipe.dtype).removeprefix('torch.')} on "
            f"{_device_name(device)} with {free / 1e9:.1f} GB free: {self.plan.description}."
        )

    def take_less(self, tried: int) -> bool:
        """Goes on with half as many images in one run, or, after a run of one, with the next plan.

        Args:
            tried: how many images the run had that found too little memory.

        Returns:
            Whether there was anything to save; if not, all is as before.
        """
        _release_cache(self.device)
        if tried > 1:
            self.at_once = tried // 2
            return True
        for plan in PLANS[PLANS.index(self.plan) + 1 :]:
            with suppress(torch.OutOfMemoryError):
                self._put(plan)
                log.warning(
                    f"{self._name} found too little memory. From now on {plan.description}: --memory {plan.name}."
                )
                return True
        return False

    def _put(self, plan: Plan) -> None:
        self.plan = plan
        plan.put(self._pipe, self.device)
        vae = getattr(self._pipe, "vae", None)
        for saving in ("tiling", "slicing"):  # each decoder has the methods, and raises for what it cannot
            if plan.tiled and hasattr(vae, f"use_{saving}"):
                getattr(vae, f"enable_{saving}")()


def weights_of(pipe: Any) -> Weights:
    """Measures a pipeline's networks."""
    networks = {name: part for name, part in pipe.components.items() if isinstance(part, nn.Module)}
    undivided = _undivided(pipe)
    layers = [layer for name, network in networks.items() if name not in undivided for layer in network.modules()]
    layer = max((_bytes(each, recurse=False) for each in layers), default=0)
    sizes = {name: _bytes(network) for name, network in networks.items()}
    return Weights(sum(sizes.values()), max(sizes.values()), layer + sum(sizes[name] for name in undivided))


def _undivided(pipe: Any) -> list[str]:
    """The names of the parts that diffusers does not move to a device by layers."""
    return [name for name, part in pipe.components.items() if not getattr(part, "_supports_group_offloading", True)]


def bytes_needed(plan: Plan, weights: Weights, side: int, width: int) -> int:
    """Estimates the bytes that a plan takes for one image: the weights, and what the decoder works in.

    Args:
        plan: the plan.
        weights: how large the pipeline is.
        side: of the image, which is square, in pixels.
        width: of a number, in bytes.
    """
    working = side * side * CHANNELS * width * TENSORS
    return plan.weight_bytes(weights) + (working // TILES if plan.tiled else working)


def free_bytes(device: torch.device) -> int:
    """The free bytes of a device, as its driver says; for a processor, the machine's memory that nobody uses."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    import psutil  # comes with accelerate

    return int(psutil.virtual_memory().available)


def _release_cache(device: torch.device) -> None:
    gc.collect()
    if device.type in ("cuda", "mps"):
        getattr(torch, device.type).empty_cache()


def _bytes(network: nn.Module, recurse: bool = True) -> int:
    return sum(map(_tensor_bytes, [*network.parameters(recurse), *network.buffers(recurse)]))


def _tensor_bytes(tensor: torch.Tensor) -> int:
    if hasattr(tensor, "__tensor_flatten__"):  # of rounded numbers, and what they are to be multiplied by
        return sum(_tensor_bytes(getattr(tensor, name)) for name in tensor.__tensor_flatten__()[0])
    return tensor.numel() * tensor.element_size()


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return "the processor" if device.type == "cpu" else "the graphics card"
