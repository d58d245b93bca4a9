"""One stage of training, resumed exactly: everything random follows from (stage's seed, step)."""

import csv
import os
from dataclasses import replace
from pathlib import Path
from time import monotonic

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler
from tqdm import tqdm

from pipelines.diffusion.loss import hybrid_loss
from pipelines.diffusion.schedule import SCHEDULES, TIMESTEPS, sigmas_of
from pipelines.glide.config import PRESETS
from pipelines.glide.tokenizer import Tokenizer
from pipelines.glide.unet import UNet
from pipelines.glide.weights import save_unet, widened
from pipelines.machine import fast_type
from pipelines.training.config import Stage
from pipelines.training.dataset import Crops, Windows

ROOMS = 1 << 32  # each stage has this many rooms of its own
SAVE_SECONDS = 120


class Trainer:
    """All the state of a stage: network, averaged weights, optimizer, step."""

    def __init__(self, stage: Stage, device: torch.device) -> None:
        torch.manual_seed(stage.seed)
        self.stage, self.device, self.step = stage, device, 0
        config = replace(PRESETS[stage.network], inpaint=stage.inpaint)
        self.network = UNet(config).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), stage.learning_rate, betas=(0.9, 0.99), weight_decay=0.0
        )
        self.sigmas = sigmas_of(SCHEDULES[stage.schedule]())

    def begin_from(self, state: dict[str, Tensor]) -> None:
        """Take over another stage's averaged weights; new channels begin at zero."""
        self.network.load_state_dict(widened(state, self.network))
        self.ema = {name: value.clone() for name, value in self.network.state_dict().items()}

    def save(self, file: Path) -> None:
        """Everything needed to go on, written whole or not at all."""
        state = {
            "step": self.step,
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
        state = torch.load(file, map_location=self.device, weights_only=True)
        self.step, self.ema = state["step"], state["ema"]
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])

    def learn(self, batch: dict[str, Tensor]) -> float:
        """One step on one batch; returns its loss."""
        stage = self.stage
        batch = {name: value.to(self.device) for name, value in batch.items()}
        random = torch.Generator().manual_seed(stage.seed * 2**32 + self.step)
        x0 = batch["x0"]  # (B, 3, H, W)
        t = torch.randint(TIMESTEPS, (len(x0),), generator=random).to(self.device)
        eps = torch.randn(x0.shape, generator=random).to(self.device)
        sigma = torch.from_numpy(self.sigmas).float().to(self.device)[t][:, None, None, None]
        x = (x0 + sigma * eps) / (1 + sigma**2).sqrt()
        for group in self.optimizer.param_groups:
            group["lr"] = stage.learning_rate * min(
                (self.step + 1) / stage.warm_up, (stage.decay / max(self.step, stage.decay)) ** 0.5
            )
        kind = fast_type(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=kind == torch.bfloat16):
            text = self.network.encode(batch["tokens"], batch["real"])
            known = (x0, batch["keep"]) if stage.inpaint else (None, None)
            out = self.network(x.contiguous(memory_format=torch.channels_last), t, text, *known, batch.get("low"))
        loss = hybrid_loss(out, x0, eps, t, batch["weight"], self.sigmas, self.network.config.predicts)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        keep = min(stage.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            now = self.network.state_dict()
            torch._foreach_lerp_(list(self.ema.values()), [now[name] for name in self.ema], 1 - keep)
        self.step += 1
        return float(loss.detach())


class Following(Sampler[list[int]]):
    """The batches from `step` on, for ever: a step's rooms follow from the step alone."""

    def __init__(self, stage: Stage, step: int) -> None:
        self.stage, self.step = stage, step

    def __iter__(self):  # type: ignore[no-untyped-def]
        step = self.step
        while True:
            first = self.stage.seed * ROOMS + step * self.stage.batch
            yield list(range(first, first + self.stage.batch))
            step += 1


def train(stage: Stage, name: str, out: Path, tokenizer: Tokenizer, minutes: float, device: torch.device) -> None:
    """Train a stage for some minutes, going on from what lies in `out`; the same command again goes on from there."""
    trainer, folder = Trainer(stage, device), out / name
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint, log = folder / "state.pt", folder / "loss.csv"
    if checkpoint.exists():
        trainer.load(checkpoint)
    elif stage.begins_from:
        before = out / stage.begins_from / "state.pt"
        if not before.exists():
            raise SystemExit(f"{name} begins from {stage.begins_from}: train that first, into the same --out {out}")
        trainer.begin_from(torch.load(before, map_location=device, weights_only=True)["ema"])
    if log.exists():  # what was logged after the last checkpoint will be logged again
        rows = [row for row in csv.reader(log.open()) if int(row[0]) <= trainer.step]
        with log.open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    dataset = (Crops if "upsample" in stage.network else Windows)(tokenizer, stage.pixels, stage.empty, 2**62)
    workers = max((os.cpu_count() or 2) // 2, 1)
    loader = DataLoader(dataset, batch_sampler=Following(stage, trainer.step), num_workers=workers, prefetch_factor=4)
    ends, saved, losses = monotonic() + 60 * minutes, monotonic(), []
    with log.open("a", newline="") as file, tqdm(unit=" images", initial=trainer.step * stage.batch) as bar:
        for batch in loader:
            losses.append(trainer.learn(batch))
            bar.update(stage.batch)
            if trainer.step % 50 == 0:
                mean = sum(losses) / len(losses)
                csv.writer(file).writerow([trainer.step, trainer.step * stage.batch, f"{mean:.5f}"])
                file.flush()
                bar.set_postfix(loss=f"{mean:.4f}", refresh=False)
                losses = []
            now = monotonic()
            if now > ends or now - saved > SAVE_SECONDS:
                trainer.save(checkpoint)
                saved = now
            if now > ends:
                break
    save_unet(trainer.ema, folder / f"{name}.safetensors")
