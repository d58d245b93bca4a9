"""Networks to and from files: safetensors, or what PyTorch saved; nothing that can run code."""

import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from pipelines.errors import InvalidInput
from pipelines.glide.config import UNetConfig
from pipelines.glide.unet import UNet

Network = TypeVar("Network", bound=nn.Module)

# what torch.load and load_file raise when bytes were changed or cut, found by trial
DAMAGE = (SafetensorError, pickle.UnpicklingError, EOFError, OSError, RuntimeError, ValueError, LookupError, TypeError,
          AttributeError, AssertionError, OverflowError, struct.error)  # fmt: skip


@torch.inference_mode(False)  # inference tensors know no gradients, and CLIP's guidance asks for one
def load_network(make: Callable[[], Network], file: Path) -> Network:
    """Loads a network, float32, ready to draw.

    Memory grows by the size of the weights: the network is made without any, and float32 files are mapped, not copied.

    Args:
        make: makes the network.
        file: its weights, a .safetensors or .pt file.

    Raises:
        InvalidInput: the file is missing, damaged, or not exactly this network's weights.
    """
    state = _read(file)
    with torch.device("meta"), _Unfilled():
        network = make()
    wanted = network.state_dict()
    for name in sorted(wanted.keys() | state.keys()):
        if name not in state:
            raise InvalidInput(f"The weights {file} lack {name}: they belong to another network.")
        if name not in wanted:
            raise InvalidInput(f"The weights {file} hold {name}, which this network does not have.")
        if state[name].shape != wanted[name].shape:
            shapes = f"{tuple(state[name].shape)}, not {tuple(wanted[name].shape)}"
            raise InvalidInput(f"The weights {file} hold {name} of shape {shapes}: they belong to another network.")
        state[name] = state[name].float().contiguous()
        if not torch.stack(state[name].aminmax()).isfinite().all():  # both are NaN if anything is
            raise InvalidInput(f"The weights {file} hold numbers in {name} that are not finite: get them again.")
    network.load_state_dict(state, assign=True)
    return network.eval().requires_grad_(False)


class _Unfilled(TorchFunctionMode):
    """Draws no first weights: for tensors without memory PyTorch would import 800 modules to do so, 2 s and 80 MB."""

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return None if function is nn.init.normal_ else function(*args, **(kwargs or {}))


def _read(file: Path) -> dict[str, Tensor]:
    """Reads a file's tensors by name, and checks that they are dense floating-point numbers."""
    if not file.is_file():
        raise InvalidInput(f"The weights {file} are not there: get them again.")
    try:
        if file.suffix == ".safetensors":
            state = load_file(file)
        else:  # PyTorch maps only the zip files that it has written since 2020
            state = torch.load(file, "cpu", weights_only=True, mmap=zipfile.is_zipfile(file))
    except DAMAGE as error:
        raise InvalidInput(f"{file} is damaged, or holds more than weights: get it again.") from error
    if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
        raise InvalidInput(f"{file} does not hold weights by their names: it belongs to another program.")
    for name, value in state.items():
        if not (
            isinstance(value, Tensor) and value.is_cpu and value.is_floating_point() and value.layout is torch.strided
        ):
            raise InvalidInput(f"The weights {file} hold {name}, which is no array of floating-point numbers.")
    return state


def load_unet(config: UNetConfig, file: Path) -> UNet:
    """Loads the UNet of this size with the weights of `file`: see `load_network`."""
    return load_network(lambda: UNet(config), file)


def save_unet(state: dict[str, Tensor], file: Path) -> None:
    """Writes a state dict as a bfloat16 safetensors file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: value.to(torch.bfloat16).contiguous() for name, value in state.items()}, file)


def widened(state: dict[str, Tensor], network: UNet) -> dict[str, Tensor]:
    """Widens a text-to-image network's weights for its inpainting form (Nichol et al. 2021, section 3.2).

    The channels of the known picture and its mask begin at zero in the first convolution, so that fine-tuning begins
    where training ended.

    Args:
        state: the weights.
        network: of the inpainting form.

    Returns:
        Weights that fit the network.
    """
    name = "input_blocks.0.0.weight"
    wider = torch.zeros_like(network.state_dict()[name])
    if network.config.upsample:  # the low-resolution picture's channels come last
        wider[:, :3], wider[:, -3:] = state[name][:, :3], state[name][:, -3:]
    else:
        wider[:, :3] = state[name]
    return {**state, name: wider}
