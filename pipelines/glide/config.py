"""Sizes of GLIDE's networks, and of those that it is compared with; what OpenAI released as rows of a table."""

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class UNetConfig:
    """The sizes of a UNet."""

    size: int  # side in pixels of what it draws
    width: int  # channels of the first level
    mult: tuple[int, ...]  # channels of each level, as multiples of `width`; each level has half the side of the last
    blocks: int  # residual blocks a level
    attend: tuple[int, ...]  # sides in pixels of the levels whose pixels attend
    head: int  # channels of one attention head
    groups: int  # of each group norm
    vocabulary: int  # how many tokens there are
    context: int  # tokens of a text
    text_width: int  # channels of the text encoder
    text_layers: int  # its transformer blocks
    text_heads: int  # its attention heads
    inpaint: bool = False  # whether it sees known pixels and their mask
    upsample: bool = False  # whether it sees a picture of a quarter of its side
    predicts: str = "eps"  # "eps" as the released ones, or "v"

    @property
    def channels_in(self) -> int:
        """Channels of its input: the noisy picture and what else it sees."""
        return 3 + 4 * self.inpaint + 3 * self.upsample


@dataclass(frozen=True)
class ClipConfig:
    """The sizes of a noised CLIP."""

    size: int  # side in pixels of the pictures that it sees
    patch: int  # side in pixels of the patches that they are cut into
    features: int  # of text and image alike
    head: int  # channels of one attention head
    vocabulary: int  # how many tokens there are
    context: int  # tokens of a text
    text_heads: int  # attention heads of the text's transformer
    text_blocks: int  # its blocks
    image_heads: int  # attention heads of the image's transformer
    image_blocks: int  # its blocks
    timesteps: int = 1000  # of the schedule whose noise it knows
    hole: bool = False  # whether it sees which pixels are to be painted
    scale: float = 100.0  # what a cosine counts as log-probability


@dataclass(frozen=True)
class ClassifierConfig:
    """The sizes of a classifier."""

    size: int  # side in pixels of what it sees
    width: int  # channels of the first level
    mult: tuple[int, ...]  # channels of each level, as multiples of `width`; each level has half the side of the last
    blocks: int  # residual blocks a level
    head: int  # channels of one head of the pool
    groups: int  # of each group norm
    classes: tuple[str, ...]  # the names of what it tells apart


@dataclass(frozen=True)
class AutoencoderConfig:
    """The sizes of an autoencoder."""

    width: int  # channels of the first level
    mult: tuple[int, ...]  # channels of each level, as multiples of `width`; each level has half the side of the last
    blocks: int  # residual blocks on either side of the codes
    codes: int  # how many there are
    features: int  # of each code

    @property
    def factor(self) -> int:
        """How many pixels of a side share a code."""
        return 2 ** len(self.mult)


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
