"""What GLIDE's networks learn: to tell a picture from the noise over it (Nichol et al. 2021, section 2.1)."""

from dataclasses import asdict

import torch
from torch import Tensor

from pipelines.diffusion.loss import hybrid_loss, noise_levels
from pipelines.diffusion.schedule import SCHEDULES, TIMESTEPS, sigmas_of
from pipelines.glide.config import UNetConfig
from pipelines.glide.unet import UNet
from pipelines.glide.weights import widened
from pipelines.training.config import Stage
from pipelines.training.distillation import Teacher
from pipelines.training.trainer import StepNoise


class Denoising:
    """An `Objective`: a UNet of a stage, from pictures, or from a teacher's guesses at them.

    Args:
        stage: the stage.
        config: the sizes of its network.
        device: where it learns.
        teacher: what to learn from instead of the pictures themselves; None for those.
    """

    def __init__(self, stage: Stage, config: UNetConfig, device: torch.device, teacher: Teacher | None = None) -> None:
        torch.manual_seed(stage.seed)
        self.seed, self.config, self.teacher = stage.seed, config, teacher
        self.network = UNet(config).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.sigmas = sigmas_of(SCHEDULES[stage.schedule]())
        self._levels = noise_levels(self.sigmas).to(device)
        self._error = torch.compile(self._loss) if device.type == "cuda" else self._loss

    @property
    def course(self) -> dict[str, object]:
        return {"network": asdict(self.config)}

    def first_weights(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Returns weights to begin from; those of a text-to-image form get an inpainting form's channels, at zero."""
        name = "input_blocks.0.0.weight"
        return state if state[name].shape == self.network.state_dict()[name].shape else widened(state, self.network)

    def loss(self, batch: dict[str, Tensor], noise: StepNoise) -> Tensor:
        """See `Objective`. The batch is that of `dataset.Windows`, or `Crops`."""
        x0 = batch["x0"]  # (B, 3, H, W)
        place = noise.integers(TIMESTEPS if self.teacher is None else len(self.teacher.timesteps))
        t = place if self.teacher is None else self.teacher.timesteps[place]
        eps = noise.normal(*x0.shape[1:])
        if self.teacher is not None:  # its guess is the truth
            sigma = self._levels[t + 1][:, None, None, None]
            at = x0 + sigma * eps
            x0 = self.teacher.guess(at, place, batch)
            eps = (at - x0) / sigma
        return self._error(x0, eps, t, batch)

    def _loss(self, x0: Tensor, eps: Tensor, t: Tensor, batch: dict[str, Tensor]) -> Tensor:
        """Computes the loss of pictures x0 with noise eps at timesteps t, in one function to be compiled as a whole."""
        sigma = self._levels[t + 1][:, None, None, None]
        x = ((x0 + sigma * eps) / (1 + sigma**2).sqrt()).contiguous(memory_format=torch.channels_last)
        text = self.network.encode(batch["tokens"], batch["real"])
        conditions = (batch["x0"], batch["keep"]) if self.config.inpaint else (None, None)
        out = self.network(x, t, text, *conditions, batch.get("low"))
        return hybrid_loss(out, x0, eps, t, batch["weight"], self._levels, self.config.predicts)
