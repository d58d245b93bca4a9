"""GLIDE as a pipeline: a base model at 64 px, an upsampler to 256, both seeing what is known (Nichol et al. 2021).

Shapes: N images (one a seed), P prompts (2 with guidance, all images of the first before those of the second), S the
side of what a model draws.
"""

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from itertools import count
from textwrap import shorten
from types import MappingProxyType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines.base import Pixels, Request, Run, Step, mapped
from pipelines.calibration import Calibration, Scores, no_calibration
from pipelines.diffusion.denoiser import DENOISERS, LAST, Denoiser
from pipelines.diffusion.guidance import clip_guided, clipped, guided, keeping
from pipelines.diffusion.samplers import SAMPLERS, Noise, Sampling
from pipelines.diffusion.schedule import SCHEDULES, Sigmas, ended, levels_at, respaced, sigmas_of
from pipelines.errors import InvalidInput
from pipelines.exclusive import exclusive
from pipelines.glide.clip import Clip
from pipelines.glide.pixels import eight_bit, to_images, to_tensor
from pipelines.glide.ranking import ClipRanker, clip_scores
from pipelines.glide.tokenizer import Tokenizer
from pipelines.glide.unet import Text, UNet, beside
from pipelines.glide.winograd import with_winograd
from pipelines.machine import fast_type

EDITING, DRAWING = ("base_inpaint", "upsample_inpaint"), ("base", "upsample")
BASE_SIGMAS, UPSAMPLE_SIGMAS = sigmas_of(SCHEDULES["cosine"]()), sigmas_of(SCHEDULES["linear"]())
UPSAMPLE_SPACING = {"ddpm": "fast27", "ddim": "fast27"}  # of the papers' own samplers; others make more of fewer steps
UPSAMPLE_TEMPERATURE = 0.997  # of the upsampler's first noise, as in GLIDE's public notebooks
# up to this strength the upsampler alone draws anew, what is finer than the base sees: in a part of a thing that is
# larger than a window, the base began other things
FINE = 0.2


class Glide:
    """A base and an upsampling UNet with one tokenizer.

    The first pair repaints a mask if it is there, the second draws a whole picture from text.

    Args:
        name: as in an Edit.
        networks: how to load each of the forms `EDITING` and `DRAWING`, at least one pair; called once at most.
        tokenizer: of the prompts.
        vocabulary: the words the networks were trained on, lower case; None when that is not known.
        upsample_steps: as many as the upsampler needs with a sampler of second order.
        clip: how to load the noised CLIP, None where there is none; called once at most.
        compiled: whether the networks run by torch.compile, whose first runs take minutes.
        defaults, live_steps: as in `Pipeline`.
        calibration: reads that of CLIP's scores; None where there is none, and results are not ranked.
    """

    buckets: Sequence[tuple[int, int]] = ()
    largest = 0
    host = ""
    supports_strength = True
    soft = False
    samplers = tuple(SAMPLERS)

    def __init__(
        self,
        name: str,
        networks: Mapping[str, Callable[[], UNet]],
        tokenizer: Tokenizer,
        vocabulary: frozenset[str] | None,
        upsample_steps: int,
        clip: Callable[[], Clip] | None = None,
        compiled: bool = False,
        defaults: Mapping[str, Any] = MappingProxyType({}),
        live_steps: int = 0,
        calibration: Callable[[], Calibration | None] = no_calibration,
    ) -> None:
        self.name, self.defaults, self.live_steps = name, defaults, live_steps
        self._networks, self._clip, self._compiled = networks, clip, compiled
        self._calibration = calibration
        self._tokenizer, self.vocabulary, self._upsample_steps = tokenizer, vocabulary, upsample_steps
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.faster_together = self._device.type == "cuda"
        self._loaded: dict[str, UNet] = {}
        self._loaded_clip: Clip | None = None
        self.unsupported: Collection[str] = () if clip else ("clip_guidance",)
        self.size = self._pair(whole=False)[1].config.size

    def hint(self, prompt: str) -> str:
        if unread := self._tokenizer.unread(prompt):
            return f"The prompt is longer than {self.name} reads: it stops before “{shorten(unread, 60)}”."
        return ""

    def ranker(self) -> ClipRanker | None:
        """Returns what tells how likely results show a prompt; None without CLIP, or where that is not calibrated."""
        calibration = None if self._clip is None else self._calibration()
        if calibration is None:
            return None
        self._ready_clip()  # who asks does so before there is anything to rank
        return ClipRanker(self.match_scores, calibration)

    def match_scores(self, windows: Pixels, holes: Pixels, prompt: str) -> Scores | None:
        """Scores how well finished windows show a prompt, see `clip_scores`; the higher, the better.

        Args:
            windows: uint8 (N, H, W, 3).
            holes: uint8 (N, H, W), 255 = repainted.
            prompt: in the words that it was taught.

        Returns:
            (N,); None without CLIP, and where the prompt is longer than the base or CLIP reads.
        """
        clip = self._ready_clip()
        if clip is None or self._tokenizer.unread(prompt) or clip.tokenizer.unread(prompt):
            return None
        return clip_scores(clip, BASE_SIGMAS, self._pair(whole=False)[0].config.size, windows, holes, prompt)

    @exclusive
    @torch.no_grad()
    def inpaint(self, request: Request) -> Run:
        self._check(request)
        count = len(request.seeds)
        if not request.mask.any() or request.strength == 0:
            return request.images.copy()  # nothing to paint: no model is asked
        base, upsampler = self._pair(whole=bool(request.mask.all()))
        side, sampler = base.config.size, SAMPLERS[request.sampler]
        one = slice(None) if request.image.ndim == 4 else slice(1)  # K of them: N, or one for all
        picture = torch.stack([to_tensor(image) for image in request.images[one]]).to(
            self._device
        )  # (K, 3, size, size)
        # any touch of the brush means unknown; GLIDE's own mask is the inverse: 1 = keep
        keep = torch.from_numpy(request.masks[one] == 0)[:, None].float().to(self._device)  # (K, 1, size, size)
        keep_low = 1 - F.max_pool2d(1 - keep, self.size // side)  # known only where all of its pixels are
        picture_low = F.avg_pool2d(picture, self.size // side)
        levels = _levels(base, BASE_SIGMAS, request.steps, request.strength) if request.strength > FINE else [0.0]
        upsample_spacing = UPSAMPLE_SPACING.get(request.sampler, self._upsample_steps)
        upsample_levels = _levels(
            upsampler, UPSAMPLE_SIGMAS, upsample_spacing, request.strength, least=2
        )  # one is grainy
        total, starts_from_picture = len(levels) + len(upsample_levels) - 2, request.strength < 1
        small = picture_low.expand(count, -1, -1, -1)

        prompts = request.prompts if isinstance(request.prompt, tuple) else [request.prompt]  # one for each, or for all

        # draw at 64 pixels
        if len(levels) > 1:
            # else guidance changes nothing
            apart = request.guidance != 1 and any(prompt != request.negative_prompt for prompt in prompts)
            denoise = self._denoiser(
                base, [(prompt, *[request.negative_prompt] * apart) for prompt in prompts], BASE_SIGMAS, picture_low,
                keep_low, None,
            )  # fmt: skip
            if apart:
                denoise = guided(denoise, request.guidance)
            if request.clip_guidance and (clip := self._ready_clip()):
                similarity = clip.similarity(prompts, BASE_SIGMAS, 1 - keep_low)
                denoise = clip_guided(denoise, similarity, request.clip_guidance)
            denoise = keeping(clipped(denoise), picture_low, keep_low)
            noise = Noise(request.seeds, (3, side, side), self._device)
            x = noise() * levels[0] + starts_from_picture * picture_low
            small = yield from self._steps(sampler(denoise, x, levels, noise), 0, total, picture, keep)

        # draw at 256; the upsampler learned on 8-bit pictures
        denoise = self._denoiser(
            upsampler, [(prompt,) for prompt in prompts], UPSAMPLE_SIGMAS, picture, keep, eight_bit(small)
        )
        denoise = keeping(clipped(denoise), picture, keep)
        noise = Noise(request.seeds, (3, self.size, self.size), self._device)
        x = noise() * upsample_levels[0] * UPSAMPLE_TEMPERATURE + starts_from_picture * picture
        sampling = sampler(denoise, x, upsample_levels, noise)
        return to_images((yield from self._steps(sampling, len(levels) - 1, total, picture, keep)))

    def _check(self, request: Request) -> None:
        """Refuses what cannot be done.

        Raises:
            InvalidInput: a setting of the request is none that this pipeline has.
        """
        request.refuse_adapters(self.name)
        height, width = request.shape
        if (height, width) != (self.size, self.size):
            raise InvalidInput(f"{self.name} paints {self.size}x{self.size} pixels, not {width}x{height}.")
        if request.sampler not in self.samplers:
            raise InvalidInput(f"There is no sampler {request.sampler!r}; there are {', '.join(self.samplers)}.")
        if request.clip_guidance and self._clip is None:
            raise InvalidInput(
                f"{self.name} comes without CLIP: set the CLIP guidance to 0, or add CLIP's files to it."
            )

    def _pair(self, whole: bool) -> tuple[UNet, UNet]:
        """The base and the upsampler for a whole picture from text, or for a part of one."""
        pairs = [pair for pair in ((DRAWING, EDITING) if whole else (EDITING, DRAWING)) if pair[0] in self._networks]
        base, upsampler = (self._network(form) for form in pairs[0])
        return base, upsampler

    def _network(self, form: str) -> UNet:
        if form not in self._loaded:
            self._loaded[form] = prepared(self._networks[form](), self._device, fast_type(self._device))
            if self._compiled:
                network = self._loaded[form]
                network.forward = torch.compile(network.forward, mode="reduce-overhead", fullgraph=True)  # type: ignore[method-assign]
        return self._loaded[form]

    def _ready_clip(self) -> Clip | None:
        if self._loaded_clip is None and self._clip is not None:
            clip = self._clip()
            self._loaded_clip = clip._replace(text=clip.text.to(self._device), image=clip.image.to(self._device))
        return self._loaded_clip

    def _denoiser(
        self,
        network: UNet,
        prompts: Sequence[tuple[str, ...]],
        sigmas: Sigmas,
        picture: Tensor,
        keep: Tensor,
        low: Tensor | None,
    ) -> Denoiser:
        """Makes a denoiser of P N images; the text is encoded once, here.

        Args:
            network: what predicts.
            prompts: P of them for each image, or once for all.
            sigmas: the schedule that the network was trained on.
            picture: (K, 3, S, S), where K = N or 1.
            keep: (K, 1, S, S), 1 = known.
            low: (N, 3, S/4, S/4) for an upsampler, None for a base.
        """
        kinds = len(prompts[0])
        # those of one image at a time, so that they are the same to the bit in any batch
        encoded = {each: self._encoded(network, each) for each in dict.fromkeys(prompts)}

        def predict(x: Tensor, t: Tensor) -> Tensor:
            x, t = (part.unflatten(0, (kinds, -1)) for part in (x, t))  # (P, N, ...)
            images = x.shape[1]
            texts = [encoded[each] for each in (prompts if len(prompts) > 1 else [*prompts] * images)]
            # on a processor one image at a time, likewise
            at_once = images if self._device.type == "cuda" else 1
            parts = []
            for i in range(0, images, at_once):
                its_x, its_t = (part[:, i : i + at_once].flatten(0, 1) for part in (x, t))
                its_low = None if low is None else low[i : i + at_once].repeat(kinds, 1, 1, 1)
                conditions = (part if len(part) == 1 else part[i : i + at_once] for part in (picture, keep))
                picture_keep = (part.expand(at_once, -1, -1, -1).repeat(kinds, 1, 1, 1) for part in conditions)
                its_text = beside(texts[i : i + at_once])
                parts.append(network(its_x, its_t, its_text, *picture_keep, its_low).unflatten(0, (kinds, -1)))
            return torch.cat(parts, 1).flatten(0, 1)

        return DENOISERS[network.config.predicts](predict, sigmas)

    def _encoded(self, network: UNet, prompts: tuple[str, ...]) -> Text:
        tokens = [self._tokenizer.encode(prompt) for prompt in prompts]
        return network.encode(*(torch.stack(part).to(self._device) for part in zip(*tokens, strict=True)))

    def _steps(
        self, sampling: Sampling, done: int, total: int, picture: Tensor, keep: Tensor
    ) -> Generator[Step, None, Tensor]:
        """Turns a sampler's guesses into steps with previews at full size.

        Args:
            sampling: the sampler's run.
            done: how many steps were taken before it.
            total: how many there are in all.
            picture: (K, 3, size, size), where K = N or 1.
            keep: (K, 1, size, size), 1 = known.

        Returns:
            The sampler's last guess.
        """
        index = count(done + 1)

        def step(x0: Tensor) -> Step:
            shown = F.interpolate(x0, picture.shape[2:], mode="bilinear", align_corners=False)
            return Step(
                next(index), total, to_images(torch.lerp(shown, picture.expand_as(shown), keep.expand_as(shown)))
            )

        return (yield from mapped(sampling, step))


def _levels(network: UNet, sigmas: Sigmas, spacing: int | str, strength: float, least: int = 1) -> list[float]:
    """Returns the noise levels of a sampler's steps with a network, descending to 0 (SDEdit, Meng et al. 2022).

    The first is the level at the strength's share of the time, however many steps there are; the steps are that share
    of all too, but not fewer than `least`, if there are as many.
    """
    visited = respaced(spacing)
    if strength < 1:
        fewer = respaced(min(max(round(strength * len(visited)), least), len(visited)))
        visited = sorted({round(strength * t) for t in fewer})
    return levels_at(ended(visited, LAST[network.config.predicts]), sigmas)


def prepared(network: UNet, device: torch.device, kind: torch.dtype) -> UNet:
    """Readies a network to run fastest with numbers of this kind.

    Each pixel's channels are together in memory; in float32 convolutions are `pipelines.glide.winograd`'s.
    """
    network = network.to(device, kind, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return with_winograd(network) if kind == torch.float32 else network
