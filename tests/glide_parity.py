"""OpenAI's GLIDE at a small size: how its parameters were filled, for the numbers in tests/data."""

import json
import zlib
from math import sqrt
from typing import Any

import numpy as np
import torch

from pipelines.glide.config import UNetConfig
from pipelines.glide.unet import UNet

FORMS = ("base", "base_inpaint", "upsample", "upsample_inpaint")


def config_of(stored: str, form: str) -> UNetConfig:
    """The fixture's own options as a row of ours."""
    options: dict[str, Any] = json.loads(stored)
    return UNetConfig(
        size=options["image_size"],
        width=options["model_channels"],
        mult=tuple(options["channel_mult"]),
        blocks=options["num_res_blocks"],
        attend=tuple(options["attention_resolutions"]),
        head=options["num_head_channels"],
        groups=32,
        vocabulary=options["n_vocab"],
        context=options["text_ctx"],
        text_width=options["xf_width"],
        text_layers=options["xf_layers"],
        text_heads=options["xf_heads"],
        inpaint="inpaint" in form,
        upsample="upsample" in form,
    )


def filled(network: UNet) -> UNet:
    """Every parameter by the fixtures' formula, from its name alone."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            values = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(tuple(parameter.shape))
            if parameter.ndim >= 2:
                values *= 0.7 / sqrt(np.prod(parameter.shape[1:]))
            else:
                values = 1 + 0.1 * values if name.endswith("weight") else 0.1 * values
            parameter.copy_(torch.from_numpy(values.astype(np.float32)))
    return network.eval().requires_grad_(False)
