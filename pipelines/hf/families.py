"""What the families of diffusers' inpainting pipelines differ in, as rows of one table. Imports nothing heavy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from inspect import Parameter
from typing import Any

from pipelines.errors import InvalidInput

# width and height in sixteenths of the square's side: those that SDXL was trained on (Podell et al. 2023, appendix I)
# and that its successors kept, as 1152x896 ... 1536x640 beside 1024x1024
BUCKETS = ((18, 14), (19, 13), (21, 12), (24, 10))
NEEDED = ("prompt", "image", "mask_image", "num_inference_steps", "generator", "callback_on_step_end")


@dataclass(frozen=True)
class Family:
    """One of diffusers' classes that repaint a masked area."""

    repaints: str  # the name of the class
    takes: tuple[str, ...]  # other classes whose folders hold what it needs
    size: int  # side in pixels of the square it was trained on, where its network does not say
    multiple: int  # width and height are multiples of this
    guidance: str  # the argument that takes the guidance scale, "" for none
    defaults: Mapping[str, Any]  # as in `Pipeline`
    negative: bool = True  # whether it reads a negative prompt
    supports_strength: bool = True
    # the defaults of networks that were distilled to few steps and no guidance
    distilled: Mapping[str, float] = field(default_factory=dict)
    # the setting, of the folder or the network, that says whether a network is distilled, and its value then
    distilled_sign: tuple[str, object] = ("is_distilled", True)
    module: str = "diffusers"  # where the class is
    prior: str = ""  # the hub's model with the parts class_name `prior_...`, for a folder without them
    # those with a class of ours, MODULE:CLASS, because diffusers' own needs more packages
    parts: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, object] = field(default_factory=dict)  # what its network's configuration may lack
    files: tuple[str, ...] = ()  # what diffusers calls the single files that hold it
    spares: tuple[str, ...] = ()  # parts that it can draw without, which many of those files lack
    # where in the result of its `prepare_latents` the picture's latents and the noise are, for a network that does
    # not see the mask; None where that is not known
    latents_and_noise: tuple[int, int] | None = (2, 1)
    bucketed: bool = True  # whether it was trained on pictures that are not square, too
    mixes: bool = True  # whether one run takes another picture and mask for each image

    @property
    def unsupported(self) -> tuple[str, ...]:
        """Names of the settings of a Request that make no difference to it."""
        deaf = not self.guidance or self.defaults is self.distilled
        return (*["negative_prompt"] * (not self.negative), *["guidance"] * deaf, "clip_guidance")

    def buckets(self, size: int) -> tuple[tuple[int, int], ...]:
        """(height, width) of what it draws beside the square of this side, as many pixels lying and standing."""
        if not self.bucketed:
            return ()
        lying = [[round(size * part / 16 / self.multiple) * self.multiple for part in each] for each in BUCKETS]
        both = ((height, width) for long, short in lying for height, width in ((short, long), (long, short)))
        return tuple(dict.fromkeys(each for each in both if each != (size, size)))


def _defaults(guidance: float, steps: int) -> dict[str, float]:
    return {"guidance": guidance, "steps": steps}


FAMILIES = (
    Family(
        "StableDiffusionInpaintPipeline",
        ("StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline"),
        512, 8, "guidance_scale", _defaults(7.5, 25), bucketed=False,
        files=("v1", "v2", "inpainting", "inpainting_v2"),
    ),
    Family(
        "StableDiffusionXLInpaintPipeline",
        ("StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline"),
        1024, 8, "guidance_scale", _defaults(7.5, 25),
        files=("xl_base", "xl_inpaint"),
    ),
    Family(
        "StableDiffusion3",
        ("StableDiffusion3InpaintPipeline", "StableDiffusion3Pipeline", "StableDiffusion3Img2ImgPipeline"),
        1024, 16, "guidance_scale", _defaults(5, 28), module="pipelines.hf.family_classes",
        files=("sd3", "sd35_medium", "sd35_large"), spares=("text_encoder_3", "tokenizer_3"),
    ),
    # the FLUX.1 networks were distilled: their scale is one more input, and no negative prompt is asked
    Family(
        "FluxFillPipeline", (), 1024, 16, "guidance_scale", _defaults(30, 28), negative=False, files=("flux-fill",)
    ),
    Family(
        "FluxInpaintPipeline",
        ("FluxPipeline", "FluxImg2ImgPipeline"),
        1024, 16, "guidance_scale", _defaults(3.5, 28), negative=False, files=("flux-dev", "flux-schnell"),
        distilled=_defaults(1, 4), distilled_sign=("guidance_embeds", False),
    ),
    Family(
        "FluxKontextInpaintPipeline", ("FluxKontextPipeline",), 1024, 16, "guidance_scale", _defaults(2.5, 28),
        negative=False, latents_and_noise=(1, 6),
    ),
    # its negative prompt is always empty; its step-distilled networks heed no guidance at all
    Family(
        "Flux2KleinInpaintPipeline", ("Flux2KleinPipeline",), 1024, 16, "guidance_scale", _defaults(4, 50),
        negative=False, distilled=_defaults(1, 4),
    ),
    Family(
        "QwenImageInpaintPipeline",
        ("QwenImagePipeline", "QwenImageImg2ImgPipeline"),
        1024, 16, "true_cfg_scale", _defaults(4, 30),
    ),
    Family(
        "QwenImageEditInpaintPipeline", ("QwenImageEditPipeline",), 1024, 32, "true_cfg_scale", _defaults(4, 50),
        parts={"processor": "pipelines.hf.family_classes:QwenProcessor"}, bucketed=False,
    ),
    Family(
        "ZImageInpaintPipeline",
        ("ZImagePipeline", "ZImageImg2ImgPipeline"),
        1024, 16, "guidance_scale", _defaults(5, 28),
    ),
    Family(
        "ChromaInpaintPipeline",
        ("ChromaPipeline", "ChromaImg2ImgPipeline"),
        1024, 16, "guidance_scale", _defaults(3, 40), config={"guidance_embeds": False},
    ),
    # draws from the surroundings alone
    Family(
        "KandinskyV22",
        ("KandinskyV22InpaintCombinedPipeline", "KandinskyV22InpaintPipeline"),
        768, 64, "guidance_scale", _defaults(4, 50),
        supports_strength=False, module="pipelines.hf.family_classes", prior="kandinsky-community/kandinsky-2-2-prior",
        latents_and_noise=None, bucketed=False, mixes=False,
    ),
)  # fmt: skip


def family_of(class_name: str) -> Family | None:
    """The row for a folder whose `model_index.json` names this class; None where there is none."""
    return next((row for row in FAMILIES if class_name == row.repaints or class_name in row.takes), None)


def family_by_signature(class_name: str, arguments: Mapping[str, Parameter]) -> Family:
    """Makes a row for a class that the table does not have.

    Args:
        class_name: the name of the class.
        arguments: what its `__call__` takes.

    Raises:
        InvalidInput: the class cannot repaint a masked area, or nobody could see and stop its steps.
    """
    if lacking := [name for name in NEEDED if name not in arguments]:
        raise InvalidInput(
            f"{class_name} takes no {', '.join(lacking)}: it is no pipeline that repaints a masked area step by step; "
            f"there are {', '.join(row.repaints for row in FAMILIES)}."
        )
    variadic = (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL)
    needed = [
        name
        for name, each in arguments.items()
        if each.default is Parameter.empty and each.kind not in variadic and name not in (*NEEDED, "self")
    ]
    if needed:
        raise InvalidInput(f"{class_name} wants {', '.join(needed)} as well, which nothing here can give it.")
    guidance = next((name for name in ("guidance_scale", "true_cfg_scale") if name in arguments), "")
    scale = arguments[guidance].default if guidance else 1
    return Family(
        class_name, (), 1024, 32, guidance, _defaults(scale if isinstance(scale, int | float) else 5, 28),
        "negative_prompt" in arguments, "strength" in arguments, latents_and_noise=None, bucketed=False, mixes=False,
    )  # fmt: skip


def network_of(pipe: Any) -> Any:
    """The large network of a pipeline, which draws: its UNet or transformer; None where it has neither."""
    return getattr(pipe, "unet", None) or getattr(pipe, "transformer", None)
