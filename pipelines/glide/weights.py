"""Networks to and from files: safetensors, nothing that can run code."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from pipelines.glide.config import UNetConfig
from pipelines.glide.unet import UNet


def load_unet(config: UNetConfig, file: Path) -> UNet:
    """The network of this size with the weights of `file`, float32, ready to draw.

    Raises ValueError with a sentence when the file is missing, damaged, or of another network.
    """
    if not file.is_file():
        raise ValueError(f"the weights {file} are not there; check them out again, or train them with `make train`")
    try:
        state = load_file(file)
    except SafetensorError as error:
        raise ValueError(f"the weights {file} are damaged ({error}); check them out again") from error
    with torch.device("meta"):
        network = UNet(config)
    wanted = network.state_dict()
    for name in sorted(wanted.keys() | state.keys()):
        if name not in state:
            raise ValueError(f"the weights {file} lack {name}: they belong to another network")
        if name not in wanted:
            raise ValueError(f"the weights {file} hold {name}, which this network does not have")
        if state[name].shape != wanted[name].shape:
            shapes = f"{tuple(state[name].shape)}, not {tuple(wanted[name].shape)}"
            raise ValueError(f"the weights {file} hold {name} of shape {shapes}: they belong to another network")
    network.load_state_dict({name: value.float() for name, value in state.items()}, assign=True)
    return network.eval().requires_grad_(False)


def save_unet(state: dict[str, Tensor], file: Path) -> None:
    """A state dict as a bfloat16 safetensors file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: value.to(torch.bfloat16).contiguous() for name, value in state.items()}, file)


def widened(state: dict[str, Tensor], network: UNet) -> dict[str, Tensor]:
    """A text-to-image network's weights for its inpainting form: the known picture's and mask's channels of the first
    convolution begin at zero, so that fine-tuning begins where training ended (Nichol et al. 2021, section 3.2)."""
    name = "input_blocks.0.0.weight"
    wider = torch.zeros_like(network.state_dict()[name])
    if network.config.upsample:  # the low-resolution picture's channels come last
        wider[:, :3], wider[:, -3:] = state[name][:, :3], state[name][:, -3:]
    else:
        wider[:, :3] = state[name]
    return {**state, name: wider}
