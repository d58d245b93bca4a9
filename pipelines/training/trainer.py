"""A network in training: its averaged weights, its optimizer, its step; everything random follows from the step."""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as distributed
from torch import Tensor
from torch.utils.data import Sampler

from pipelines.diffusion.loss import hybrid_loss, noise_levels
from pipelines.diffusion.schedule import SCHEDULES, TIMESTEPS, sigmas_of
from pipelines.errors import InvalidInput
from pipelines.glide.config import UNetConfig
from pipelines.glide.unet import UNet
from pipelines.glide.weights import widened
from pipelines.machine import fast_type
from pipelines.training.config import Pace, Stage
from pipelines.training.distillation import Teacher

SCENES = 1 << 32  # each stage has this many scenes of its own


@dataclass(frozen=True)
class Share:
    """One of several processes that learn together, as `torchrun` starts them; or the only one.

    Each learns from its own part of every batch.
    """

    rank: int = 0  # its number
    of: int = 1  # how many there are

    def among(self, whole: Tensor) -> Tensor:
        """Returns this process's rows of a whole batch."""
        return whole[self.rank :: self.of]


class Trainer:
    """All the state of a stage.

    Args:
        stage: the stage.
        config: the sizes of its network.
        pace: how fast it learns; its batch is that of all processes together.
        device: where it learns.
        share: which of several processes this is.
        teacher: what to learn from instead of the pictures themselves; None for those.
    """

    def __init__(
        self,
        stage: Stage,
        config: UNetConfig,
        pace: Pace,
        device: torch.device,
        share: Share = Share(),
        teacher: Teacher | None = None,
    ) -> None:
        torch.manual_seed(stage.seed)
        self.stage, self.config, self.pace = stage, config, pace
        self.device, self.share, self.teacher, self.step = device, share, teacher, 0
        self.network = UNet(config).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema = {name: value.clone() for name, value in self.network.state_dict().items()}
        on_card = device.type == "cuda"
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), pace.learning_rate, betas=(0.9, 0.99), weight_decay=0.0, fused=on_card
        )
        self.sigmas = sigmas_of(SCHEDULES[stage.schedule]())
        self._levels = noise_levels(self.sigmas).to(device)
        self._error = torch.compile(self._loss) if on_card else self._loss

    def begin_from(self, state: dict[str, Tensor]) -> None:
        """Takes over averaged weights; those of a text-to-image form get an inpainting form's channels, at zero."""
        name = "input_blocks.0.0.weight"
        if state[name].shape != self.network.state_dict()[name].shape:
            state = widened(state, self.network)
        self.network.load_state_dict(state)
        self.ema = {name: value.clone() for name, value in self.network.state_dict().items()}

    def save(self, file: Path) -> None:
        """Writes everything needed to go on, whole or not at all."""
        state = {
            "step": self.step,
            "course": self._course(),
            "network": self.network.state_dict(),
            "ema": self.ema,
            "optimizer": self.optimizer.state_dict(),
        }
        part = file.with_suffix(".part")
        with part.open("wb") as out:
            torch.save(state, out)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)

    def load(self, file: Path) -> None:
        """Goes on from a checkpoint.

        Raises:
            InvalidInput: it is another training's.
        """
        state = torch.load(file, map_location=self.device, weights_only=True)
        for name, value in self._course().items():
            if state["course"][name] != value:
                raise InvalidInput(
                    f"{file} was trained with another {name} ({state['course'][name]}, not {value}): "
                    "go on as it was begun, or begin anew in another --out."
                )
        self.step, self.ema = state["step"], state["ema"]
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])

    def _course(self) -> dict[str, object]:
        """Returns what must stay the same for a training to go on."""
        return {"network": asdict(self.config), "pace": asdict(self.pace)}

    def learn(self, batch: dict[str, Tensor]) -> Tensor:
        """Takes one step on this process's share of a batch, in which row i is the i-th of its pictures.

        Returns:
            The loss, a scalar.
        """
        pace, whole = self.pace, (self.pace.batch, self.pace.noises)
        batch = {
            name: value.to(self.device, non_blocking=True).repeat_interleave(pace.noises, 0)
            for name, value in batch.items()
        }
        random = torch.Generator(self.device).manual_seed(self.stage.seed * 2**32 + self.step)
        x0 = batch["x0"]  # (B, 3, H, W)
        options: dict[str, Any] = {"generator": random, "device": self.device}
        times = TIMESTEPS if self.teacher is None else len(self.teacher.timesteps)
        place = self.share.among(torch.randint(times, whole, **options)).flatten()
        t = place if self.teacher is None else self.teacher.timesteps[place]
        eps = self.share.among(torch.randn((*whole, *x0.shape[1:]), **options)).flatten(0, 1)
        for group in self.optimizer.param_groups:
            group["lr"] = pace.learning_rate * min(
                (self.step + 1) / pace.warm_up, (pace.decay / max(self.step, pace.decay)) ** 0.5
            )
        with self._fast():
            if self.teacher is not None:  # its guess is the truth
                sigma = self._levels[t + 1][:, None, None, None]
                at = x0 + sigma * eps
                x0 = self.teacher.guess(at, place, batch)
                eps = (at - x0) / sigma
            loss = self._error(x0, eps, t, batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.share.of > 1:
            self._agree()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        keep = min(pace.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            now = self.network.state_dict()
            torch._foreach_lerp_(list(self.ema.values()), [now[name] for name in self.ema], 1 - keep)
        self.step += 1
        return loss.detach()

    def _fast(self) -> torch.autocast:
        kind = fast_type(self.device)
        return torch.autocast(self.device.type, torch.bfloat16, enabled=kind == torch.bfloat16)

    def _loss(self, x0: Tensor, eps: Tensor, t: Tensor, batch: dict[str, Tensor]) -> Tensor:
        """Computes the loss of pictures x0 with noise eps at timesteps t, in one function to be compiled as a whole."""
        sigma = self._levels[t + 1][:, None, None, None]
        x = ((x0 + sigma * eps) / (1 + sigma**2).sqrt()).contiguous(memory_format=torch.channels_last)
        text = self.network.encode(batch["tokens"], batch["real"])
        conditions = (batch["x0"], batch["keep"]) if self.config.inpaint else (None, None)
        out = self.network(x, t, text, *conditions, batch.get("low"))
        return hybrid_loss(out, x0, eps, t, batch["weight"], self._levels, self.config.predicts)

    def _agree(self) -> None:
        """Gives every process the mean of all gradients, as if one had seen the whole batch."""
        gradients = [parameter.grad for parameter in self.network.parameters() if parameter.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        flat /= self.share.of
        for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))


class Following(Sampler[list[int]]):
    """This process's batches from `step` on, for ever: a step's scenes follow from the step alone."""

    def __init__(self, seed: int, batch: int, step: int, share: Share = Share()) -> None:
        self.seed, self.batch, self.step, self.share = seed, batch, step, share

    def __iter__(self) -> Iterator[list[int]]:
        step = self.step
        while True:
            first = self.seed * SCENES + step * self.batch
            yield list(range(first + self.share.rank, first + self.batch, self.share.of))
            step += 1
