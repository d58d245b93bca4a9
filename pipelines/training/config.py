"""Stages and sizes of training, as rows of two tables (Nichol et al. 2021, sections 3.1 and 3.2, at small sizes)."""

from dataclasses import dataclass, replace
from typing import Any

from pipelines.glide.config import AutoencoderConfig, ClassifierConfig, ClipConfig, UNetConfig
from pipelines.training.labelled import KIND_NAMES


@dataclass(frozen=True)
class Stage:
    """One stage of a training."""

    form: str  # the network that it trains, by the name of its file
    begins_from: str | None  # the stage whose weights it takes over
    schedule: str  # of the noise
    empty: float  # share of empty prompts
    seed: int  # its scenes and noise are its own
    # whether it learns from the network that it begins from, guided, to do in few steps without guidance what that
    # does in more
    distils: bool = False


STAGES = {
    "base": Stage("base", None, "cosine", empty=0.2, seed=1),
    "inpaint": Stage("base_inpaint", "base", "cosine", empty=0.12, seed=2),
    "distil": Stage("base_inpaint", "inpaint", "cosine", empty=0.12, seed=4, distils=True),
    "upsample": Stage("upsample_inpaint", None, "linear", empty=0.12, seed=3),
}
CLIP_SEED, CLASSIFIER_SEED, AUTOENCODER_SEED, SCORER_SEED = 5, 6, 7, 8  # as `Stage.seed`


@dataclass(frozen=True)
class Pace:
    """How fast a network learns."""

    batch: int  # pictures a step
    learning_rate: float  # at its height
    warm_up: int  # steps in which it reaches that
    decay: int  # steps after which it falls with the square root of steps (Karras et al. 2024, section B.1)
    ema: float  # how much of the averaged weights stays at each step
    # noise levels of each picture that a step learns from: where drawing a picture is slower than learning from it,
    # that is two for the price of one
    noises: int = 1


@dataclass(frozen=True)
class Size:
    """How large a model is, and how it is trained."""

    base: UNetConfig
    upsample: UNetConfig
    crop: int  # side in pixels of what the upsampler sees of a window in training, at half the batch
    pace: Pace
    clip: ClipConfig
    clip_pace: Pace
    classifier: ClassifierConfig
    classifier_pace: Pace
    autoencoder: AutoencoderConfig
    autoencoder_pace: Pace
    autoencoder_crop: int  # side in pixels of what it sees of a window in training

    def network(self, form: str) -> UNetConfig:
        """Returns the sizes of one of its networks, by the name of its file."""
        config = self.upsample if form.startswith("upsample") else self.base
        return replace(config, inpaint=form.endswith("_inpaint"))


_TEXT: dict[str, Any] = {"vocabulary": 1024, "context": 24, "text_heads": 4, "predicts": "v"}
_UPSAMPLE: dict[str, Any] = {**_TEXT, "blocks": 1, "attend": (), "text_width": 64, "text_layers": 1, "upsample": True}

# vocabulary and context have room for an end token more than the UNets'
_CLIP = ClipConfig(64, 8, 128, 32, 1025, 25, text_heads=6, text_blocks=3, image_heads=6, image_blocks=4, hole=True)
_CLIP_PACE = Pace(128, 1e-3, warm_up=200, decay=1500, ema=0.998)
_CLASSIFIER = ClassifierConfig(64, 32, (1, 2, 3, 4), 1, head=32, groups=8, classes=KIND_NAMES)
_AUTOENCODER = AutoencoderConfig(32, (1, 2, 4), 2, codes=512, features=64)
# what learns beside the drawing model is the same in both sizes that are trained for real
_BESIDE: dict[str, Any] = {
    "clip": _CLIP, "clip_pace": _CLIP_PACE,
    "classifier": _CLASSIFIER, "classifier_pace": Pace(64, 1e-3, warm_up=200, decay=1500, ema=0.998),
    "autoencoder": _AUTOENCODER, "autoencoder_pace": Pace(32, 1e-3, warm_up=200, decay=1500, ema=0.998),
    "autoencoder_crop": 64,
}  # fmt: skip

SIZES = {
    # the whole recipe in two minutes: blots of the right colour
    "toy": Size(
        UNetConfig(16, 24, (1, 2), 1, (8,), head=24, groups=8, text_width=32, text_layers=1, **_TEXT),
        UNetConfig(64, 16, (1, 2), head=16, groups=4, **{**_UPSAMPLE, "text_width": 16}),
        crop=32, pace=Pace(8, 2e-3, warm_up=20, decay=1000, ema=0.97),
        clip=ClipConfig(16, 4, 16, 8, 1025, 25, text_heads=2, text_blocks=1, image_heads=2, image_blocks=1, hole=True),
        clip_pace=Pace(8, 2e-3, warm_up=20, decay=1000, ema=0.97),
        classifier=ClassifierConfig(16, 16, (1, 2), 1, head=8, groups=4, classes=KIND_NAMES),
        classifier_pace=Pace(8, 2e-3, warm_up=20, decay=1000, ema=0.97),
        autoencoder=AutoencoderConfig(8, (1, 2, 2), 1, codes=32, features=8),
        autoencoder_pace=Pace(4, 2e-3, warm_up=20, decay=1000, ema=0.97), autoencoder_crop=32,
    ),
    # for a processor, in hours
    "mini": Size(
        UNetConfig(64, 32, (1, 1, 3, 4), 1, (16, 8), head=32, groups=8, text_width=128, text_layers=4, **_TEXT),
        UNetConfig(256, 24, (1, 1, 2, 3), head=36, groups=6, **_UPSAMPLE),
        crop=96, pace=Pace(16, 5e-4, warm_up=200, decay=3000, ema=0.999), **_BESIDE,
    ),
    # what is shipped, for a card: 24 million parameters, the most whose file stays under 48 MB
    "large": Size(
        UNetConfig(64, 64, (1, 2, 3, 4), 1, (16, 8), head=32, groups=16, text_width=256, text_layers=6, **_TEXT),
        UNetConfig(256, 32, (1, 1, 2, 4), head=32, groups=8, **_UPSAMPLE),
        crop=128, pace=Pace(256, 5e-4, warm_up=200, decay=4000, ema=0.9995, noises=2), **_BESIDE,
    ),
}  # fmt: skip
