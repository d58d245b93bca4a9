"""A network in training: its averaged weights, its optimizer, its step; everything random follows from the step."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import torch
import torch.distributed as distributed
from torch import Tensor, nn
from torch.utils.data import Sampler

from pipelines.errors import InvalidInput
from pipelines.machine import fast_type
from pipelines.training.config import Pace

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


@dataclass(frozen=True)
class StepNoise:
    """The random numbers of one step, for this process's rows of it: those that one process alone would draw."""

    generator: torch.Generator
    rows: tuple[int, int]  # pictures of the whole batch, noise levels of each
    share: Share

    def integers(self, limit: int) -> Tensor:
        """Returns int64 (B,), 0 to limit - 1."""
        whole = torch.randint(limit, self.rows, generator=self.generator, device=self.generator.device)
        return self.share.among(whole).flatten()

    def normal(self, *shape: int) -> Tensor:
        """Returns (B, *shape), each of unit variance."""
        whole = torch.randn((*self.rows, *shape), generator=self.generator, device=self.generator.device)
        return self.share.among(whole).flatten(0, 1)


class Objective(Protocol):
    """What a network learns."""

    seed: int  # of its noise and scenes

    @property
    def network(self) -> nn.Module:
        """What learns it, on the device where it learns."""
        ...

    @property
    def course(self) -> Mapping[str, object]:
        """What must stay the same for a training to go on, as JSON holds it."""
        ...

    def loss(self, batch: dict[str, Tensor], noise: StepNoise) -> Tensor:
        """Computes the loss, a scalar, of a batch in which row i is of picture i // pace.noises."""
        ...


class Trainer:
    """All the state of a training.

    Args:
        objective: what it learns; its network is on the device.
        pace: how fast it learns; its batch is that of all processes together.
        device: where it learns.
        share: which of several processes this is.
    """

    def __init__(self, objective: Objective, pace: Pace, device: torch.device, share: Share = Share()) -> None:
        self.objective, self.network, self.pace = objective, objective.network, pace
        self.device, self.share, self.step = device, share, 0
        self.ema = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(),
            pace.learning_rate,
            betas=(0.9, 0.99),
            weight_decay=0.0,
            fused=device.type == "cuda",
        )

    def begin_from(self, state: dict[str, Tensor]) -> None:
        """Takes over averaged weights."""
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
        return {**self.objective.course, "pace": asdict(self.pace)}

    def learn(self, batch: dict[str, Tensor]) -> Tensor:
        """Takes one step on this process's share of a batch, in which row i is the i-th of its pictures.

        Returns:
            The loss, a scalar.
        """
        pace = self.pace
        batch = {
            name: value.to(self.device, non_blocking=True).repeat_interleave(pace.noises, 0)
            for name, value in batch.items()
        }
        generator = torch.Generator(self.device).manual_seed(self.objective.seed * 2**32 + self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = pace.learning_rate * min(
                (self.step + 1) / pace.warm_up, (pace.decay / max(self.step, pace.decay)) ** 0.5
            )
        with self._fast():
            loss = self.objective.loss(batch, StepNoise(generator, (pace.batch, pace.noises), self.share))
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
