"""What the families of diffusers' inpainting pipelines differ in, as rows of one table. Imports nothing heavy."""

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import Parameter

NEEDED = ("prompt", "image", "mask_image", "num_inference_steps", "generator", "callback_on_step_end")


@dataclass(frozen=True)
class Family:
    """One of diffusers' classes that repaint a masked area.

    repaints: the class. takes: other classes whose folders hold what it needs. size: side in pixels of the square it
    was trained on, where its network does not say. multiple: what sides it can draw. guidance: the argument that takes
    the guidance scale, "" for none. usual: what to ask for where nobody says. negative: whether it reads a negative
    prompt. refines: whether it has a strength.
    """

    repaints: str
    takes: tuple[str, ...]
    size: int
    multiple: int
    guidance: str
    usual: Mapping[str, float]
    negative: bool = True
    refines: bool = True


def _usual(guidance: float, steps: int) -> dict[str, float]:
    return {"guidance": guidance, "steps": steps}


FAMILIES = (
    Family(
        "StableDiffusionInpaintPipeline",
        ("StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline"),
        512, 8, "guidance_scale", _usual(7.5, 25),
    ),
    Family(
        "StableDiffusionXLInpaintPipeline",
        ("StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline"),
        1024, 8, "guidance_scale", _usual(7.5, 25),
    ),
    Family(
        "StableDiffusion3InpaintPipeline",
        ("StableDiffusion3Pipeline", "StableDiffusion3Img2ImgPipeline"),
        1024, 16, "guidance_scale", _usual(5, 28),
    ),
    # the FLUX.1 networks were distilled: their scale is one more thing they are told, and no negative prompt is asked
    Family("FluxFillPipeline", (), 1024, 16, "guidance_scale", _usual(30, 28), negative=False),
    Family(
        "FluxInpaintPipeline",
        ("FluxPipeline", "FluxImg2ImgPipeline"),
        1024, 16, "guidance_scale", _usual(3.5, 28), negative=False,
    ),
    Family(
        "QwenImageInpaintPipeline",
        ("QwenImagePipeline", "QwenImageImg2ImgPipeline"),
        1024, 16, "true_cfg_scale", _usual(4, 30),
    ),
    Family(
        "ZImageInpaintPipeline",
        ("ZImagePipeline", "ZImageImg2ImgPipeline"),
        1024, 16, "guidance_scale", _usual(5, 28),
    ),
)  # fmt: skip


def family_of(named: str) -> Family | None:
    """The row for a folder whose `model_index.json` names this class."""
    return next((row for row in FAMILIES if named == row.repaints or named in row.takes), None)


def family_by_signature(named: str, arguments: Mapping[str, Parameter]) -> Family:
    """A row for a class that the table does not know, by what its `__call__` takes.

    ValueError with a sentence when it cannot repaint a masked area, or nobody could see and stop its steps.
    """
    if lacking := [name for name in NEEDED if name not in arguments]:
        raise ValueError(
            f"{named} takes no {', '.join(lacking)}: it is no pipeline that repaints a masked area step by step; "
            f"there are {', '.join(row.repaints for row in FAMILIES)}"
        )
    variadic = (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL)
    needed = [
        name
        for name, each in arguments.items()
        if each.default is Parameter.empty and each.kind not in variadic and name not in (*NEEDED, "self")
    ]
    if needed:
        raise ValueError(f"{named} wants {', '.join(needed)} as well, which nothing here can give it")
    guidance = next((name for name in ("guidance_scale", "true_cfg_scale") if name in arguments), "")
    scale = arguments[guidance].default if guidance else 1
    return Family(
        named, (), 1024, 32, guidance, _usual(scale if isinstance(scale, int | float) else 5, 28),
        "negative_prompt" in arguments, "strength" in arguments,
    )  # fmt: skip
