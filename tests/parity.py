"""python -m tests.parity FILE.npz: how far our networks are from numbers of OpenAI's GLIDE, taken at a small size.

The parameters are filled by a formula from their names, so the files hold inputs and outputs alone. Prints the largest
error of each quantity, over the largest magnitude wanted; exits 1 when one is out of bounds.
"""

import json
import math
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipelines.base import run
from pipelines.diffusion.denoiser import from_eps
from pipelines.diffusion.guidance import clipped, guided, keeping
from pipelines.diffusion.samplers import ddim, log_variance_bounds
from pipelines.diffusion.schedule import SCHEDULES, respaced, sigmas_of
from pipelines.glide.clip import ClipImage, ClipText
from pipelines.glide.config import CLIP, ClipConfig, UNetConfig
from pipelines.glide.unet import Text, UNet

FORMS = ("base", "base_inpaint", "upsample", "upsample_inpaint")
BOUNDS = {"gradient": 1e-3, "ddim/sample": 2e-3, "step/pred_xstart": 1e-2}  # x0 is the noise's error times sigma
BOUND = 1e-4  # the rest

Network = TypeVar("Network", bound=nn.Module)


class Found(NamedTuple):
    model: str
    quantity: str
    error: float  # largest, over the largest magnitude wanted

    @property
    def bound(self) -> float:
        return BOUNDS.get(self.quantity, BOUND)


def parity(file: Path) -> Iterator[Found]:
    """The error of every quantity that the file holds."""
    known = np.load(file)
    options = json.loads(str(known["config"]))
    if "n_embd" in options:
        yield from _clip(known, options)
    for form in FORMS:
        if f"{form}/in/x" in known:
            yield from _Form(known, options, form).found()


def filled(network: Network) -> Network:
    """Every parameter by the fixtures' formula, from its name alone."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            values = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(tuple(parameter.shape))
            if parameter.ndim >= 2:
                values *= 0.7 / math.sqrt(np.prod(parameter.shape[1:]))
            else:
                values = 1 + 0.1 * values if name.endswith(("weight", ".g")) else 0.1 * values
            parameter.copy_(torch.from_numpy(values.astype(np.float32)))
    return network.eval().requires_grad_(False)


def unet_config(options: dict[str, Any], form: str) -> UNetConfig:
    """A fixture's own options as a row of ours."""
    return UNetConfig(
        size=options["image_size"],
        width=options["model_channels"],
        mult=tuple(options["channel_mult"]),
        blocks=options["num_res_blocks"],
        attend=tuple(options["attention_resolutions"]),
        head=options["num_head_channels"],
        groups=32,
        vocabulary=options["n_vocab"],
        context=options["text_ctx"],
        text_width=options["xf_width"],
        text_layers=options["xf_layers"],
        text_heads=options["xf_heads"],
        inpaint="inpaint" in form,
        upsample="upsample" in form,
    )


def clip_config(options: dict[str, Any]) -> ClipConfig:
    return ClipConfig(
        size=options["image_size"],
        patch=options["patch_size"],
        features=options["n_embd"],
        head=options["n_head_state"],
        vocabulary=options["n_vocab"],
        context=options["max_text_len"],
        text_heads=options["n_head_text"],
        text_blocks=options["n_xf_blocks_text"],
        image_heads=options["n_head_image"],
        image_blocks=options["n_xf_blocks_image"],
        timesteps=options["n_timesteps"],
    )


class _Form:
    """One of the four UNets beside what is known of it."""

    def __init__(self, known: Any, options: dict[str, Any], form: str) -> None:
        self.known, self.options, self.form = known, options, form
        self.upsample = "upsample" in form
        self.network = filled(UNet(unet_config(options, form)))
        self.sigmas = sigmas_of(SCHEDULES["linear" if self.upsample else "cosine"]())
        self.tokens, self.real = self["in/tokens"].long(), self["in/mask"].bool()

    def __getitem__(self, quantity: str) -> Tensor:
        return torch.from_numpy(self.known[f"{self.form}/{quantity}"])

    def given(self, rows: slice) -> dict[str, Tensor | None]:
        """What the network sees beside x, t and text."""
        names = {"known": "inpaint_image", "keep": "inpaint_mask", "low": "low_res"}
        return {
            ours: self[f"in/{theirs}"][rows] if f"{self.form}/in/{theirs}" in self.known else None
            for ours, theirs in names.items()
        }

    def found(self) -> Iterator[Found]:
        for quantities in (self.forward, self.reverse_step, self.ddim):
            yield from (Found(self.form, name, _error(ours, self[name])) for name, ours in quantities().items())

    def forward(self) -> dict[str, Tensor]:
        text = self.network.encode(self.tokens, self.real)
        return {"out": self.network(self["in/x"], self["in/t"], text, **self.given(slice(None)))}

    def reverse_step(self) -> dict[str, Tensor]:
        if f"{self.form}/step/index" not in self.known:
            return {}
        visited = respaced("fast27" if self.upsample else 100)
        rows = []
        for row, index in enumerate(self["step/index"].tolist()):
            its = slice(row, row + 1)
            text = self.network.encode(self.tokens[its], self.real[its])
            here = float(self.sigmas[visited[index]])
            there = float(self.sigmas[visited[index - 1]]) if index else 0.0
            x = self["in/x"][its].double() * math.hypot(1, here)  # the papers' x_t in units of x0
            x0, v = clipped(from_eps(self._predict(text, its), self.sigmas))(x, here)
            assert v is not None
            mean = (x0 + (there / here) ** 2 * (x - x0)) / math.hypot(1, there)
            if index:
                lower, upper = (bound - math.log1p(there**2) for bound in log_variance_bounds(here, there))
            else:  # the last step's lower bound is that of the step before it, as in the public code
                lower = log_variance_bounds(float(self.sigmas[visited[1]]), here)[0] - math.log1p(here**2)
                upper = math.log(here**2 / (1 + here**2))
            log_variance = lower + v * (upper - lower)
            rows.append((mean, log_variance.exp(), log_variance, x0))
        names = ("mean", "variance", "log_variance", "pred_xstart")
        return {f"step/{name}": torch.cat(part) for name, part in zip(names, zip(*rows, strict=True), strict=True)}

    def ddim(self) -> dict[str, Tensor]:
        if f"{self.form}/ddim/noise" not in self.known:
            return {}
        noise = self["ddim/noise"]
        first = slice(0, len(noise))
        tokens, real, its = self.tokens[first], self.real[first], self.given(first)
        if not self.upsample:  # against an empty prompt
            tokens = torch.cat([tokens, torch.full_like(tokens, self.options["n_vocab"] - 1)])
            real = torch.cat([real, torch.zeros_like(real)])
            its = {name: None if part is None else part.repeat(2, 1, 1, 1) for name, part in its.items()}
        text = self.network.encode(tokens, real)
        denoise = from_eps(lambda x, t: self.network(x.float(), t, text, **its), self.sigmas)
        if not self.upsample:
            denoise = guided(denoise, self.options["guidance_scale"])
        known, keep = (self.given(first)[name] for name in ("known", "keep"))
        if known is not None and keep is not None:
            denoise = keeping(denoise, known, keep)
        steps = self.options["ddim_steps"]
        timesteps = respaced(steps) if steps > 1 else [0]  # where the public code's one step is, ours begins at noise
        visited = [*(float(self.sigmas[t]) for t in reversed(timesteps)), 0.0]
        x = noise * math.hypot(1, visited[0])
        return {"ddim/sample": run(ddim(clipped(denoise), x, visited, lambda: noise))}

    def _predict(self, text: Text, rows: slice) -> Any:
        return lambda x, t: self.network(x.float(), t, text, **self.given(rows)).double()


def _clip(known: Any, options: dict[str, Any]) -> Iterator[Found]:
    config = clip_config(options)
    words, picture = filled(ClipText(config)), filled(ClipImage(config))
    image = torch.from_numpy(known["image"]).requires_grad_()
    text = words(torch.from_numpy(known["tokens"]).long(), torch.from_numpy(known["lengths"]).long())
    features = picture(image, torch.from_numpy(known["t"]).long())
    similarity = F.cosine_similarity(features, text)
    (gradient,) = torch.autograd.grad(options.get("logit_scale", CLIP.scale) * similarity.sum(), image)
    ours = {"text_features": text, "image_features": features, "similarity": similarity, "gradient": gradient}
    for name, value in ours.items():
        yield Found("clip", name, _error(value.detach(), torch.from_numpy(known[name])))


def _error(ours: Tensor, wanted: Tensor) -> float:
    if ours.shape != wanted.shape:
        return float("nan")
    return float((ours - wanted).abs().max() / wanted.abs().max())


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    bad = 0
    print(f"{'model':18}{'quantity':18}{'largest error':>15}{'bound':>10}")
    for file in sys.argv[1:]:
        try:
            entries = list(parity(Path(file)))
        except (OSError, ValueError, KeyError) as error:
            print(f"{file} is no file of this format: {error!r}")
            bad += 1
            continue
        for model, quantity, error in entries:
            bound = Found(model, quantity, error).bound
            bad += not error <= bound  # not a number is out of bounds too
            print(f"{model:18}{quantity:18}{error:15.1e}{bound:10.0e}{'' if error <= bound else '  OUT OF BOUNDS'}")
        if not entries:
            print(f"{file} holds nothing to compare.")
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
