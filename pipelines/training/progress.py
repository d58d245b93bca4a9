"""How a training goes, as pictures: the loss's curve, and what the averaged weights draw."""

import csv
import textwrap
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.utils.data import Dataset, default_collate

from pipelines.base import run
from pipelines.diffusion.denoiser import DENOISERS, LAST
from pipelines.diffusion.guidance import clipped, guided, keeping
from pipelines.diffusion.samplers import Noise, ddim, dpmpp_2m
from pipelines.diffusion.schedule import Sigmas, ended, levels_at, respaced
from pipelines.glide.pixels import to_images
from pipelines.glide.tokenizer import Tokenizer
from pipelines.glide.unet import UNet
from pipelines.training import distillation

EXAMPLES, STEPS, GUIDANCE = 6, 12, 2.0
CELL = 128  # pixels of one picture on a sheet
INK, GRID, LINE = (40, 40, 40), (225, 225, 225), (30, 90, 200)


def draw_loss(log: Path, file: Path) -> None:
    """Draws the curve of a loss.csv (step, images, loss) over the images, both axes logarithmic."""
    rows = [(int(row[1]), float(row[2])) for row in csv.reader(log.read_text().splitlines())]
    width, height, edge = 800, 440, 64
    page = Image.new("RGB", (width, height), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    counts, losses = (np.array(column, float) for column in zip(*rows, strict=True))
    x, y = np.log(counts), np.log(np.maximum(losses, 1e-6))
    # one batch's loss says little: the line is their running mean
    share = max(len(y) // 30, 1)
    smooth = np.convolve(np.pad(y, (share, share), "edge"), np.full(2 * share + 1, 1 / (2 * share + 1)), "valid")

    def at(i: int, values: np.ndarray) -> tuple[float, float]:  # type: ignore[type-arg]
        across = (x[i] - x[0]) / max(x[-1] - x[0], 1e-9)
        up = (values[i] - y.min()) / max(float(np.ptp(y)), 1e-9)
        return edge + across * (width - edge - 20), height - edge + 14 - up * (height - edge - 20)

    for k in range(5):
        level = height - edge + 14 - k / 4 * (height - edge - 20)
        draw.line((edge, level, width - 20, level), GRID)
        value = float(np.exp(y.min() + k / 4 * np.ptp(y)))
        draw.text((8, level - 7), f"{value:.4f}", INK, font)
    for i in range(len(y)):
        px, py = at(i, y)
        draw.ellipse((px - 1, py - 1, px + 1, py + 1), (190, 205, 235))
    draw.line([at(i, smooth) for i in range(len(y))] * (len(y) > 1), LINE, 2)
    draw.text((edge, height - 34), f"{counts[0]:,.0f} images", INK, font)
    draw.text((width - 20, height - 34), f"{counts[-1]:,.0f} images", INK, font, anchor="ra")
    draw.text((width / 2, height - 34), "loss, both axes logarithmic", INK, font, anchor="ma")
    page.save(file)


@torch.no_grad()
def draw_samples(
    network: UNet,
    sigmas: Sigmas,
    dataset: Dataset[dict[str, Tensor]],
    first: int,
    tokenizer: Tokenizer,
    file: Path,
    distilled: bool,
) -> None:
    """Draws a sheet of what the network gets, what it draws and what is true.

    Args:
        network: the network.
        sigmas: the schedule that it was trained on.
        dataset: the examples.
        first: the index of the first of them on the sheet.
        tokenizer: of their prompts.
        file: where the sheet goes.
        distilled: whether the network draws in few steps without guidance.
    """
    guidance, steps, sampler = (1.0, distillation.STEPS, ddim) if distilled else (GUIDANCE, STEPS, dpmpp_2m)
    device = next(network.parameters()).device
    examples = [dataset[first + i] for i in range(EXAMPLES)]
    batch = {name: value.to(device) for name, value in default_collate(examples).items()}
    nothing = tokenizer.encode("")
    tokens, real = (
        torch.cat([batch[name], none.to(device).expand_as(batch[name])])
        for name, none in zip(("tokens", "real"), nothing, strict=True)
    )
    text, x0, keep = network.encode(tokens, real), batch["x0"], batch["keep"]
    inpaint, low = network.config.inpaint, batch.get("low")

    def predict(x: Tensor, t: Tensor) -> Tensor:
        conditions = (x0.repeat(2, 1, 1, 1), keep.repeat(2, 1, 1, 1)) if inpaint else (None, None)
        return network(x, t, text, *conditions, None if low is None else low.repeat(2, 1, 1, 1))

    denoise = clipped(guided(DENOISERS[network.config.predicts](predict, sigmas), guidance))
    if inpaint:
        denoise = keeping(denoise, x0, keep)
    levels = levels_at(ended(respaced(steps), LAST[network.config.predicts]), sigmas)
    noise = Noise(range(EXAMPLES), tuple(x0.shape[1:]), device)
    results = run(sampler(denoise, noise() * levels[0], levels, noise))

    inputs = x0 * keep if inpaint else torch.zeros_like(x0)
    if low is not None:
        small = torch.nn.functional.interpolate(low, x0.shape[2:], mode="bilinear")
        inputs = torch.lerp(small, x0, keep)
    page = Image.new("RGB", (3 * CELL + 300, EXAMPLES * (CELL + 6)), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(14)
    for i, row in enumerate(zip(*map(to_images, (inputs, results, x0)), strict=True)):
        for k, pixels in enumerate(row):
            cell = Image.fromarray(pixels).resize((CELL, CELL), Image.Resampling.BICUBIC)
            page.paste(cell, (k * (CELL + 3), i * (CELL + 6)))
        prompt = tokenizer.decode(examples[i]["tokens"], examples[i]["real"])
        says = "\n".join(textwrap.wrap(f"“{prompt}”" if prompt else "(empty)", 36))
        draw.text((3 * CELL + 18, i * (CELL + 6) + 4), says, INK, font)
    draw.text((3 * CELL + 18, EXAMPLES * (CELL + 6) - 24), "given, drawn, true", LINE, font)
    page.save(file)
