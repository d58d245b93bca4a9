"""Which ControlNets that inpaint go with which pipelines of diffusers, as rows of one table. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Any

# of the networks' configurations, what a ControlNet's has in common with its model's
SAME = ("cross_attention_dim", "block_out_channels", "joint_attention_dim", "num_attention_heads")


@dataclass(frozen=True)
class Control:
    """How a kind of ControlNet that inpaints is used."""

    on: str  # the class of pipeline that it is added to
    network: str  # the ControlNet's own class
    by: str  # the class of pipeline that has both
    # what it is shown under the mask in a picture of 0 to 1; None where it is given the mask beside the picture
    hole: float | None
    mode: int | None = None  # the number of inpainting among the tasks of a network of several; None where it has one


CONTROLS = (
    Control("StableDiffusionInpaintPipeline", "ControlNetModel", "StableDiffusionControlNetInpaintPipeline", -1),
    Control("StableDiffusionXLInpaintPipeline", "ControlNetModel", "StableDiffusionXLControlNetInpaintPipeline", 1),
    Control(
        "StableDiffusionXLInpaintPipeline", "ControlNetUnionModel",
        "StableDiffusionXLControlNetUnionInpaintPipeline", 0, mode=7,
    ),
    Control("FluxInpaintPipeline", "FluxControlNetModel", "FluxControlNetInpaintPipeline", 0),
    Control(
        "StableDiffusion3InpaintPipeline", "SD3ControlNetModel",
        "StableDiffusion3ControlNetInpaintingPipeline", None,
    ),
    Control("QwenImageInpaintPipeline", "QwenImageControlNetModel", "QwenImageControlNetInpaintPipeline", None),
)  # fmt: skip


def as_list(value: Any) -> list[Any]:
    """A setting of a configuration as a list, whether it is one or a single value."""
    return list(value) if isinstance(value, list | tuple) else [value]
