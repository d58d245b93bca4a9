"""What a run would give if it stopped now, without the decoder: a linear map from latents to colours.

Shapes: C latent channels at h x w, an f-th of the picture's sides.
"""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines.base import Pixels

SIDE = 128  # of the picture that the map is fitted on: 16 x 16 pairs with most decoders, for 5 or 17 unknowns a colour


@torch.no_grad()
def colours_of(vae: Any, device: torch.device) -> Tensor | None:
    """Fits a linear map from latents to colours.

    Least squares over a picture of blots in all colours, and what the decoder makes of its latents.

    Args:
        vae: the decoder.
        device: where it runs.

    Returns:
        float32 (C + 1, 3), on the CPU: what the C latents, and a 1, are to be multiplied by to be colours in [-1, 1].
        None where the decoder's result is beyond the range of its numbers.
    """
    random = torch.Generator().manual_seed(0)
    blots = torch.zeros(1, 3, SIDE, SIDE)
    for cells in (2, 4, 8, 16, 32):
        blots += F.interpolate(torch.randn(1, 3, cells, cells, generator=random), (SIDE, SIDE), mode="bicubic")
    film = any(each.ndim == 5 for each in vae.parameters())  # made for films: a picture is one of a frame
    picture = torch.tanh(blots).to(device, vae.dtype)
    encoding = vae.encode(picture.unsqueeze(2) if film else picture)
    scale: Callable[[Tensor], Tensor]
    if hasattr(encoding, "latent_dist"):
        latents = encoding.latent_dist.mode()
        result, scale = vae.decode(latents, return_dict=False)[0], partial(_scaled, vae)
    else:  # Kandinsky's: drawn as they are, and between the vectors that its decoder was trained to choose from
        latents, scale = encoding.latents, Tensor.float
        result = vae.decode(latents, force_not_quantize=True, return_dict=False)[0]
    if film:
        latents, result = latents.squeeze(2), result.squeeze(2)
    targets = F.adaptive_avg_pool2d(result.float(), latents.shape[2:])
    if not targets.isfinite().all():
        return None
    inputs = _with_one(scale(latents.float())).flatten(2)[0].T.cpu()  # (h w, C + 1)
    return torch.linalg.lstsq(inputs, targets.flatten(2)[0].T.cpu(), driver="gelsd").solution


def preview(pipe: Any, colours: Tensor, latents: Tensor, height: int, width: int) -> Pixels | None:
    """Turns the latents of an unfinished run into pictures.

    Args:
        pipe: the pipeline that draws them.
        colours: the map of `colours_of`.
        latents: (N, C, h, w), or as the pipeline packs them.
        height: of the pictures, in pixels.
        width: of the pictures, in pixels.

    Returns:
        uint8 (N, height, width, 3); None where the form of the latents is unknown.
    """
    if latents.ndim == 3 and hasattr(pipe, "_unpack_latents"):  # a transformer's tokens of 2 x 2
        latents = pipe._unpack_latents(latents, height, width, pipe.vae_scale_factor)
    elif latents.ndim == 3 and hasattr(pipe, "_unpatchify_latents"):  # FLUX.2's of 2 x 2, each number as it varies
        norm = pipe.vae.bn
        whole = latents * (norm.running_var + norm.eps).sqrt().to(latents) + norm.running_mean.to(latents)
        rows = height // (2 * pipe.vae_scale_factor)
        latents = pipe._unpatchify_latents(whole.permute(0, 2, 1).unflatten(2, (rows, -1)))
    if latents.ndim == 5 and latents.shape[2] == 1:
        latents = latents.squeeze(2)
    if latents.ndim != 4 or latents.shape[1] + 1 != len(colours):
        return None
    small = torch.einsum("nchw,cd->ndhw", _with_one(latents.float()), colours.to(latents.device))
    shown = F.interpolate(small, (height, width), mode="bilinear", align_corners=False)
    return (shown.nan_to_num().clamp(-1, 1) * 127.5 + 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def record_guesses(scheduler: Any) -> list[Tensor]:
    """Wraps a scheduler's `step`, to have its guess of the finished latents.

    Returns:
        A list whose one item is, after each step, the guess. It is empty where the scheduler makes none: then the
        latents that the run goes on with must do.
    """
    guesses: list[Tensor] = []
    step = scheduler.step

    @wraps(step)  # pipelines look at what it takes
    def step_and_record(model_output: Tensor, timestep: Any, sample: Tensor, *args: Any, **kwargs: Any) -> Any:
        result = step(model_output, timestep, sample, *args, **kwargs)
        guesses.clear()
        if isinstance(result, tuple) and len(result) > 1:
            guesses.append(result[1])
        elif getattr(scheduler.config, "algorithm_type", "").endswith("dpmsolver++"):
            guesses.append(scheduler.model_outputs[-1])
        elif type(scheduler).__name__ == "FlowMatchEulerDiscreteScheduler":  # x = (1 - sigma) x0 + sigma noise
            guesses.append(sample - scheduler.sigmas[scheduler.step_index - 1] * model_output)
        return result

    scheduler.step = step_and_record
    return guesses


def _scaled(vae: Any, latents: Tensor) -> Tensor:
    """Scales latents of the encoder to those that networks draw, (N, C, h, w)."""
    config = vae.config
    if getattr(config, "latents_mean", None) and getattr(config, "latents_std", None):
        mean, std = (torch.tensor(each, device=latents.device)[:, None, None] for each in
                     (config.latents_mean, config.latents_std))  # fmt: skip
        return (latents - mean) / std * getattr(config, "scaling_factor", 1.0)
    return (latents - (getattr(config, "shift_factor", None) or 0)) * getattr(config, "scaling_factor", 1.0)


def _with_one(latents: Tensor) -> Tensor:
    return torch.cat([latents, torch.ones_like(latents[:, :1])], 1)
