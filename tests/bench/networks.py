"""How fast GLIDE's networks are at the released size, beside a plain transcription of the paper. Random weights do."""

from collections.abc import Iterator
from functools import partial
from statistics import median

import torch
from torch.utils.flop_counter import FlopCounterMode

from pipelines.base import Request, run
from pipelines.glide.config import PRESETS
from pipelines.glide.pipeline import Glide, prepared
from pipelines.glide.tokenizer import Tokenizer
from pipelines.glide.unet import UNet
from pipelines.machine import fast_type
from tests.measuring import Row, photograph, spread, timed
from tests.plain_glide import plain_unet

FORMS = {"base_inpaint": ("base, guided", 2, (1.5, 2.5)), "upsample_inpaint": ("upsampler", 1, (1.5, 3.2))}


def random_unet(form: str) -> UNet:
    """A network of the released size with weights that mean nothing."""
    with torch.device("meta"):
        network = UNet(PRESETS[form])
    network.to_empty(device="cpu")
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0, 0.02, generator=random)
    return network.eval().requires_grad_(False)


def steps() -> Iterator[Row]:
    """One step of each network, plain and ours in turn."""
    for form in FORMS:
        yield from _step(form)


def _step(form: str) -> Iterator[Row]:
    what, batch, (wanted, wanted_bf16) = FORMS[form]
    side, random, processor = PRESETS[form].size, torch.Generator().manual_seed(1), torch.device("cpu")
    x, known = torch.randn(2, batch, 3, side, side, generator=random)
    low = torch.randn(batch, 3, side // 4, side // 4, generator=random) if "upsample" in form else None
    t, given = torch.full((batch,), 500.0), (known, torch.ones(batch, 1, side, side), low)
    words = torch.randint(50257, (batch, 128), generator=random), torch.ones(batch, 128, dtype=torch.bool)
    with torch.inference_mode():
        runs = {"plain": partial(plain_unet, random_unet(form), x, t, *words, *given)}
        for kind in dict.fromkeys((torch.float32, fast_type(processor))):
            ours = prepared(random_unet(form), processor, kind)
            runs[str(kind)] = partial(ours, x, t, ours.encode(*words), *given)
        seconds: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(4):
            outs = {}
            for name, step in runs.items():
                took, outs[name] = timed(step)
                seconds[name].append(took)
    error = float((outs["torch.float32"] - outs["plain"]).abs().max() / outs["plain"].abs().max())
    plain, ours32, *ours16 = (taken[1:] for taken in seconds.values())  # the first one warms up

    def beside(taken: list[float]) -> str:
        return f"{median(plain) / median(taken):.2f} times as fast: {spread(taken)}"

    yield f"a step of the {what}, released size, plain float32", spread(plain), ""
    yield "the same, ours in float32", f"{beside(ours32)}; largest error {error:.0e}", f"{wanted} times"
    measured = beside(ours16[0]) if ours16 else "this processor has no bfloat16"
    yield "the same, ours in bfloat16", measured, f"{wanted_bf16} times"


def flops_of(form: str, batch: int) -> int:
    """Floating-point operations of one step, without the text, which is encoded once an edit."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        network, side = UNet(PRESETS[form]), PRESETS[form].size
        text = network.encode(torch.zeros(batch, 128, dtype=torch.int64), torch.ones(batch, 128, dtype=torch.bool))
        before = counter.get_total_flops()
        x, low = torch.zeros(batch, 3, side, side), torch.zeros(batch, 3, side // 4, side // 4)
        network(x, torch.zeros(batch), text, x, x[:, :1], low)
    return int(counter.get_total_flops() - before)


class _AnyWords:
    """Stands in for the byte pairs, which are not ours to keep: any prompt is the same tokens."""

    def encode(self, prompt: str) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.arange(128), torch.arange(128) < len(prompt.split())

    def unread(self, prompt: str) -> str:
        return ""


def graphics_card() -> Iterator[Row]:
    """A whole guided edit 64 -> 256 at the released size, compiled, beside what the card multiplies at."""
    if not torch.cuda.is_available():
        yield "a guided edit at the released size on a graphics card", "there is none here", "40 % of its matrix rate"
        return
    a = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)

    def multiply() -> None:
        for _ in range(20):
            a @ a
        torch.cuda.synchronize()

    multiply()
    rate = 20 * 2 * 8192**3 / timed(multiply)[0] / 1e12
    yield f"bfloat16 matrices, {torch.cuda.get_device_name()}", f"{rate:.0f} TFLOP/s", ""
    tokenizer: Tokenizer = _AnyWords()  # type: ignore[assignment]
    glide = Glide(
        "random", {form: lambda form=form: random_unet(form) for form in FORMS}, tokenizer, None, 8, None, True
    )
    image = photograph(256)
    mask = image[..., 0] * 0
    mask[40:216, 40:216] = 255
    for sampler, count, expected in (("ddim", 100, "100 + 27"), ("dpmpp_2m", 20, "20 + 8")):
        request = Request(image, mask, "a red couch", "", 3.0, 0.0, 1.0, count, sampler, (0,))
        warm, _ = timed(lambda request=request: run(glide.inpaint(request)))
        took = [timed(lambda request=request: run(glide.inpaint(request)))[0] for _ in range(5)]
        upsampling = 27 if sampler == "ddim" else 8
        flops = count * flops_of("base_inpaint", 2) + upsampling * flops_of("upsample_inpaint", 1)
        reached = flops / median(took) / 1e12
        memory = torch.cuda.max_memory_allocated() / 1e9
        measured = (
            f"{spread(took)}, {reached:.0f} TFLOP/s ({100 * reached / rate:.0f} %), {memory:.1f} GB; first {warm:.0f} s"
        )
        yield f"a guided edit, {expected} steps, compiled", measured, "40 % of the matrix rate"
