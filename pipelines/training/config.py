"""The stages of training, as rows of a table (Nichol et al. 2021, sections 3.1 and 3.2, at a small size)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """network: a row of the glide presets. inpaint: in its inpainting form. begins_from: the stage whose weights it
    takes over. schedule: of the noise. pixels: side of one example. empty: share of empty prompts. batch: images a
    step.
    learning_rate: at its height, reached in `warm_up` steps, falling with the square root of steps after `decay`
    (Karras et al. 2024, section B.1). ema: how much of the averaged weights each step keeps."""

    network: str
    inpaint: bool
    begins_from: str | None
    schedule: str
    pixels: int
    empty: float
    batch: int
    learning_rate: float
    seed: int
    warm_up: int = 200
    decay: int = 3000
    ema: float = 0.999


STAGES = {
    "base": Stage("mini-base", False, None, "cosine", 64, empty=0.2, batch=16, learning_rate=5e-4, seed=1),
    "inpaint": Stage("mini-base", True, "base", "cosine", 64, empty=0.12, batch=16, learning_rate=5e-4, seed=2),
    "upsample": Stage("mini-upsample", True, None, "linear", 96, empty=0.12, batch=8, learning_rate=5e-4, seed=3),
}
