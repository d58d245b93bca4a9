"""GLIDE as a pipeline: a base model at 64 px, an upsampler to 256, both seeing what is known (Nichol et al. 2021).

Shapes: N images (one a seed), B = 2 N with guidance; S the side of what a model draws.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines.base import Request, Run, Step
from pipelines.diffusion.denoiser import DENOISERS, Denoiser
from pipelines.diffusion.guidance import clipped, guided, keeping
from pipelines.diffusion.samplers import SAMPLERS, Noise, Sampler, Sampling, ddim
from pipelines.diffusion.schedule import SCHEDULES, Sigmas, respaced, sigmas_of
from pipelines.glide.config import PRESETS
from pipelines.glide.pixels import to_images, to_tensor
from pipelines.glide.tokenizer import Tokenizer, words
from pipelines.glide.unet import UNet
from pipelines.glide.weights import load_unet
from pipelines.memory import keep_freed_memory

UPSAMPLE_STEPS = 4
UPSAMPLE_TEMPERATURE = 0.997  # of the upsampler's first noise, as in GLIDE's public notebooks


class Glide:
    """A base and an upsampling UNet, both in their inpainting form, with one tokenizer.

    taught: the words the networks were trained on, lower case; None when that is not known.
    """

    def __init__(
        self, name: str, base: UNet, upsampler: UNet, tokenizer: Tokenizer, taught: frozenset[str] | None
    ) -> None:
        self.name, self.size = name, upsampler.config.size
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._base, self._upsampler = (_prepared(network, self._device) for network in (base, upsampler))
        self._tokenizer, self._taught = tokenizer, taught
        self._base_sigmas = sigmas_of(SCHEDULES["cosine"]())
        self._upsampler_sigmas = sigmas_of(SCHEDULES["linear"]())

    def hint(self, prompt: str) -> str:
        if unread := self._tokenizer.unread(prompt):
            return f"The prompt is longer than {self.name} reads: it stops before “{unread}”."
        strange = [word for word in words(prompt) if self._taught is not None and word not in self._taught]
        if strange:
            quoted = ", ".join(f"“{word}”" for word in strange[:3])
            return f"{self.name} was never taught {quoted}: what it paints there is a guess."
        return ""

    @torch.inference_mode()
    def inpaint(self, request: Request) -> Run:
        if request.image.shape[:2] != (self.size, self.size):
            height, width = request.image.shape[:2]
            raise ValueError(f"{self.name} paints {self.size}x{self.size} pixels, not {width}x{height}")
        if request.sampler not in SAMPLERS:
            raise ValueError(f"there is no sampler {request.sampler!r}; there are {', '.join(SAMPLERS)}")
        count, side = len(request.seeds), self._base.config.size
        if not request.mask.any():
            return np.repeat(request.image[None], count, 0)  # nothing to paint: no model is asked
        known = to_tensor(request.image)[None].to(self._device)  # (1, 3, size, size)
        # any touch of the brush means unknown; GLIDE's own mask is the inverse: 1 = keep
        keep = torch.from_numpy(request.mask == 0)[None, None].float().to(self._device)
        keep_low = 1 - F.max_pool2d(1 - keep, self.size // side)  # known only where all of its pixels are
        known_low = F.avg_pool2d(known, self.size // side)
        total = request.steps + UPSAMPLE_STEPS
        prompts = [request.prompt] + [request.negative_prompt] * (request.guidance != 1)

        # draw at 64 pixels
        noise = Noise(request.seeds, (3, side, side), self._device)
        denoise = self._denoiser(self._base, prompts, self._base_sigmas, known_low, keep_low, None)
        if len(prompts) == 2:
            denoise = guided(denoise, request.guidance)
        denoise = keeping(clipped(denoise), known_low, keep_low)
        sampling = _sampling(SAMPLERS[request.sampler], denoise, self._base_sigmas, request.steps, noise, 1.0)
        small = yield from self._steps(sampling, 0, total, known, keep)
        # the upsampler learned on 8-bit pictures
        low = ((small.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1

        # draw at 256
        noise = Noise(request.seeds, (3, self.size, self.size), self._device)
        denoise = self._denoiser(self._upsampler, [request.prompt], self._upsampler_sigmas, known, keep, low)
        denoise = keeping(clipped(denoise), known, keep)
        sampling = _sampling(ddim, denoise, self._upsampler_sigmas, UPSAMPLE_STEPS, noise, UPSAMPLE_TEMPERATURE)
        return to_images((yield from self._steps(sampling, request.steps, total, known, keep)))

    def _denoiser(
        self, network: UNet, prompts: Sequence[str], sigmas: Sigmas, known: Tensor, keep: Tensor, low: Tensor | None
    ) -> Denoiser:
        """A denoiser of len(prompts) * N images, all of the first prompt first; the text is encoded once, here."""
        encoded = [self._tokenizer.encode(prompt) for prompt in prompts]
        tokens, real = (torch.stack(part).to(self._device) for part in zip(*encoded, strict=True))
        text = network.encode(tokens, real)
        known, keep = (part.expand(len(prompts), -1, -1, -1) for part in (known, keep))

        def predict(x: Tensor, t: Tensor) -> Tensor:
            count = len(x) // len(prompts)
            out = torch.empty(len(x), 6, *x.shape[2:], device=x.device)
            for i in range(count):  # one image at a time, so that it is the same to the bit in any batch
                rows = slice(i, None, count)
                its_low = None if low is None else low[i : i + 1].expand(len(prompts), -1, -1, -1)
                out[rows] = network(x[rows], t[rows], text, known, keep, its_low)
            return out

        return DENOISERS[network.config.predicts](predict, sigmas)

    def _steps(
        self, sampling: Sampling, done: int, total: int, known: Tensor, keep: Tensor
    ) -> Generator[Step, None, Tensor]:
        """Turn a sampler's guesses into steps with previews at full size; returns its last guess."""
        while True:
            try:
                x0 = next(sampling)
            except StopIteration as end:
                return end.value
            done += 1
            shown = F.interpolate(x0, known.shape[2:], mode="bilinear", align_corners=False)
            yield Step(done, total, to_images(torch.lerp(shown, known.expand_as(shown), keep.expand_as(shown))))


def _sampling(
    sampler: Sampler, denoise: Denoiser, sigmas: Sigmas, steps: int, noise: Callable[[], Tensor], temperature: float
) -> Sampling:
    visited = [*(float(sigmas[t]) for t in reversed(respaced(steps))), 0.0]
    return sampler(denoise, noise() * visited[0] * temperature, visited, noise)


def _prepared(network: UNet, device: torch.device) -> UNet:
    """Where and how it runs fastest: bfloat16 where the processor multiplies it, each pixel's channels together."""
    fast = device.type == "cuda" or torch.cpu._is_avx512_bf16_supported()
    kind = torch.bfloat16 if fast else torch.float32
    return network.to(device, kind, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def load_glide_mini(folder: Path) -> Glide:
    """The embedded model: its weights, byte pairs and words lie in `folder`. Raises ValueError with a sentence."""
    keep_freed_memory()
    base, upsampler = (replace(PRESETS[name], inpaint=True) for name in ("mini-base", "mini-upsample"))
    networks = load_unet(base, folder / "base.safetensors"), load_unet(upsampler, folder / "upsample.safetensors")
    tokenizer = Tokenizer(folder / "tokenizer.json", base.context)
    taught = frozenset((folder / "words.txt").read_text().split())
    return Glide("glide-mini", *networks, tokenizer, taught)
