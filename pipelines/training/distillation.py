"""A student that draws in a few steps of one run each what its teacher draws in more of two."""

import numpy as np
import torch
from torch import Tensor

from pipelines.diffusion.denoiser import LAST
from pipelines.diffusion.schedule import Sigmas, ended, respaced
from pipelines.glide.unet import UNet

STEPS = 8  # of the student, by `ddim` without guidance
SUBSTEPS = 2  # of the teacher in each of them
GUIDANCE = 2.0  # of the teacher


class Teacher:
    """A trained inpainting network, guided: both distillations of Meng et al. 2023 (sections 3.1 and 3.2) at once.

    Args:
        network: predicts v; its weights stay as they are.
        sigmas: of its schedule.
    """

    def __init__(self, network: UNet, sigmas: Sigmas) -> None:
        self.network = network.eval().requires_grad_(False)
        device = next(network.parameters()).device
        self._predict = torch.compile(self.network.forward) if device.type == "cuda" else self.network.forward
        timesteps = np.array(ended(respaced(STEPS), LAST["v"]), float)
        self.timesteps = torch.from_numpy(timesteps).long().to(device)  # that the student visits, ascending
        before = np.concatenate([timesteps[:1], timesteps[:-1]])
        # each of its steps cut into equal parts of time; below the first there is no noise, and one step does
        shares = np.arange(SUBSTEPS + 1)[:, None] / SUBSTEPS
        times = timesteps + shares * (before - timesteps)
        levels = np.exp(np.interp(times, np.arange(len(sigmas)), np.log(sigmas)))
        levels[1:, 0] = 0.0
        self._times = torch.from_numpy(times).float().to(device)  # (SUBSTEPS + 1, STEPS)
        self._levels = torch.from_numpy(levels).float().to(device)

    @torch.no_grad()
    def guess(self, x: Tensor, place: Tensor, batch: dict[str, Tensor]) -> Tensor:
        """Returns the x0 that takes a single step of `ddim` to where the teacher's smaller ones end.

        Salimans & Ho 2022, algorithm 2.

        Args:
            x: (B, 3, H, W), x0 + sigma * noise.
            place: int (B,), which of the student's timesteps it is at.
            batch: with tokens, real, x0 and keep, as in `dataset.Windows`.

        Returns:
            (B, 3, H, W)
        """
        none = torch.zeros_like(batch["tokens"]), torch.zeros_like(batch["real"])  # an empty prompt
        prompts = zip((batch["tokens"], batch["real"]), none, strict=True)
        text = self.network.encode(*(torch.cat(both) for both in prompts))
        picture, keep = batch["x0"], batch["keep"]
        first, at = x, self._levels[0, place][:, None, None, None]
        for k in range(SUBSTEPS):
            here, there = (self._levels[i, place][:, None, None, None] for i in (k, k + 1))
            scale = (1 + here**2).sqrt()
            scaled, *conditions = (value.repeat(2, 1, 1, 1) for value in (x / scale, picture, keep))
            v, other = self._predict(scaled, self._times[k, place].repeat(2), text, *conditions)[:, :3].chunk(2)
            # x0 is affine in v at a given x, so mixing the one is mixing the other
            x0 = x / scale**2 - here / scale * (other + GUIDANCE * (v - other))
            x0 = torch.lerp(x0.clamp(-1, 1), picture, keep)
            x = torch.where(here > 0, x0 + there / here.clamp(min=1e-9) * (x - x0), x)
        share = there / at
        return (x - share * first) / (1 - share)
