"""Sizes of GLIDE's networks; those that OpenAI released as rows of a table."""

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class UNetConfig:
    """size: side in pixels of what it draws. width: channels of the first level, `mult` times that at each level, each
    level half the side of the one before. blocks: residual blocks a level. attend: sides at which pixels attend. head:
    channels of one attention head. groups: of each group norm. context: text tokens. inpaint: sees known pixels and
    their mask. upsample: sees a picture of a quarter of its side. predicts: "eps" as the released ones, or "v"."""

    size: int
    width: int
    mult: tuple[int, ...]
    blocks: int
    attend: tuple[int, ...]
    head: int
    groups: int
    vocabulary: int
    context: int
    text_width: int
    text_layers: int
    text_heads: int
    inpaint: bool = False
    upsample: bool = False
    predicts: str = "eps"

    @property
    def channels_in(self) -> int:
        return 3 + 4 * self.inpaint + 3 * self.upsample


@dataclass(frozen=True)
class ClipConfig:
    """size: side of the pictures it sees, cut into patches of `patch` pixels. features: of text and image alike. head:
    channels of one attention head. timesteps: of the schedule whose noise it knows."""

    size: int
    patch: int
    features: int
    head: int
    vocabulary: int
    context: int
    text_heads: int
    text_blocks: int
    image_heads: int
    image_blocks: int
    timesteps: int = 1000


_TEXT: dict[str, Any] = {"vocabulary": 50257, "context": 128, "text_width": 512, "text_layers": 16, "text_heads": 8}
_ADM: dict[str, Any] = {"width": 192, "attend": (32, 16, 8), "head": 64, "groups": 32, **_TEXT}
_BASE = UNetConfig(64, mult=(1, 2, 3, 4), blocks=3, **_ADM)
_UPSAMPLE = UNetConfig(256, mult=(1, 1, 2, 2, 4, 4), blocks=2, upsample=True, **_ADM)
PRESETS = {
    "base": _BASE,
    "base_inpaint": replace(_BASE, inpaint=True),
    "upsample": _UPSAMPLE,
    "upsample_inpaint": replace(_UPSAMPLE, inpaint=True),
}

CLIP = ClipConfig(64, 4, 512, 64, 65536, 77, text_heads=8, text_blocks=12, image_heads=12, image_blocks=12)
