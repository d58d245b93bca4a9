"""A training from its first step or its last checkpoint on, alone or in several processes."""

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import torch
import torch.distributed as distributed
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from pipelines.training.progress import draw_loss
from pipelines.training.trainer import Following, Share, Trainer

SAVE_SECONDS, LOG_STEPS = 120, 10


@contextmanager
def shared() -> Iterator[tuple[Share, torch.device]]:
    """Joins the processes that learn together.

    Yields:
        This process's share and device: as `torchrun` gives them, else everything and the first card, if any.
    """
    cards = torch.cuda.is_available()
    torch.backends.cudnn.benchmark = cards  # every batch has the same shape
    if "WORLD_SIZE" not in os.environ:
        yield Share(), torch.device("cuda" if cards else "cpu")
        return
    device = torch.device(f"cuda:{os.environ['LOCAL_RANK']}" if cards else "cpu")
    if cards:
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if cards else "gloo")
    try:
        yield Share(distributed.get_rank(), distributed.get_world_size()), device
    finally:
        distributed.destroy_process_group()


@dataclass(frozen=True)
class Clock:
    """Says whether the time is up: every process asks at the same step, and all go by the first one's clock."""

    ends: float  # when, in seconds of `monotonic`
    trainer: Trainer

    def over(self) -> bool:
        """Whether the time is up."""
        late = monotonic() > self.ends
        if self.trainer.share.of == 1:
            return late
        flag = torch.tensor(float(late), device=self.trainer.device)
        distributed.broadcast(flag, 0)
        return bool(flag)


def train(trainer: Trainer, folder: Path, dataset: Dataset[dict[str, Tensor]], minutes: float) -> None:
    """Trains for some minutes, going on from folder/state.pt where there is one.

    Leaves there the checkpoint, and the loss as a table and a curve.

    Args:
        trainer: what to train.
        folder: of the stage.
        dataset: the examples.
        minutes: how long.
    """
    share, leads = trainer.share, trainer.share.rank == 0
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint, log = folder / "state.pt", folder / "loss.csv"
    if checkpoint.exists():
        trainer.load(checkpoint)
    if leads and log.exists():  # what was logged after the last checkpoint will be logged again
        rows = [row for row in csv.reader(log.read_text().splitlines()) if int(row[0]) <= trainer.step]
        with log.open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    following = Following(trainer.objective.seed, trainer.pace.batch, trainer.step, share)
    on_card = trainer.device.type == "cuda"
    loader = DataLoader(
        dataset, batch_sampler=following, num_workers=drawing_processes(on_card), prefetch_factor=4, pin_memory=on_card
    )
    start, saved, losses, waited = monotonic(), monotonic(), [], 0.0
    clock, first = Clock(start + 60 * minutes, trainer), trainer.step
    with tqdm(unit=" images", initial=trainer.step * trainer.pace.batch, disable=not leads) as bar:
        batches = iter(loader)
        while True:
            waiting_since = monotonic()
            batch = next(batches)
            waited += monotonic() - waiting_since
            losses.append(trainer.learn(batch))
            bar.update(trainer.pace.batch)
            over, now = clock.over(), monotonic()
            if leads and (over or trainer.step % LOG_STEPS == 0):
                mean = float(torch.stack(losses).mean())
                with log.open("a", newline="") as file:
                    csv.writer(file).writerow([trainer.step, trainer.step * trainer.pace.batch, f"{mean:.5f}"])
                bar.set_postfix(loss=f"{mean:.4f}", refresh=False)
                losses = []
            if leads and (over or now - saved > SAVE_SECONDS):
                trainer.save(checkpoint)
                saved = now
            if over:
                break
    if not leads:
        return
    seconds, images = monotonic() - start, (trainer.step - first) * trainer.pace.batch
    print(
        f"{folder.name}: {images} images, {images / seconds:.1f} a second on {trainer.device}; "
        f"{100 * (1 - waited / seconds):.1f} % of the time learning, the rest waiting for pictures"
    )
    draw_loss(log, folder / "loss.png")


def drawing_processes(on_card: bool) -> int:
    """Returns how many processes draw examples: all processors for a card, half of them beside a network on them."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return max((processors - here if on_card else processors // 2) // here, 1)
