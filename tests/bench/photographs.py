"""How fast diffusers' models edit here, beside diffusers called plainly on the whole picture. Random weights do."""

import gc
from collections.abc import Callable, Iterator
from contextlib import closing
from copy import copy
from dataclasses import replace
from functools import partial, wraps
from statistics import median
from typing import Any

import cv2
import diffusers
import numpy as np
import torch
from PIL import Image
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, T5Config, T5EncoderModel

from editor.edits.apply import apply
from editor.edits.edit import Edit
from editor.edits.plan import affected_region
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask
from pipelines.base import Request, run
from pipelines.hf.families import family_of
from pipelines.hf.hub import silence_loggers
from pipelines.hf.memory import PLANS, Memory
from pipelines.hf.pipeline import Hf, native_size
from pipelines.machine import best_device, fast_type
from tests import tiny_diffusers
from tests.measuring import Row, photograph, spread, timed

STEPS = 4  # as a model takes that was distilled to few
SIDE, HOLE = 2048, 200  # pixels


def random(network: Callable[[], Any]) -> Any:
    """A network of the released size with weights that mean nothing, where and in which numbers it runs."""
    device, numbers = best_device(), fast_type(best_device())
    with torch.device("meta"):
        made = network().to(numbers)
    made = made.to_empty(device=device).eval().requires_grad_(False)
    generator = torch.Generator(device).manual_seed(0)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            # norms leave what they are given as it is, so that numbers stay within their range
            parameter.fill_(1) if "norm" in name and name.endswith("weight") else parameter.normal_(
                0, 0.02, generator=generator
            )
        for name, buffer in made.named_buffers():
            if "position_ids" in name:
                buffer.copy_(torch.arange(buffer.shape[-1])[None])
    return made


def clip(kind: type[nn.Module], width: int, layers: int, heads: int) -> Any:
    tiny = tiny_diffusers.clip().config
    ends = {name: getattr(tiny, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    config = CLIPTextConfig(
        hidden_size=width, intermediate_size=4 * width, num_hidden_layers=layers, num_attention_heads=heads,
        projection_dim=width, vocab_size=49408, **ends,
    )  # fmt: skip
    return random(partial(kind, config))


def vae(channels: int, **config: Any) -> Any:
    return random(
        lambda: diffusers.AutoencoderKL(
            block_out_channels=(128, 256, 512, 512),
            down_block_types=["DownEncoderBlock2D"] * 4,
            layers_per_block=2,
            up_block_types=["UpDecoderBlock2D"] * 4,
            latent_channels=channels,
            sample_size=1024,
            **config,
        )
    )


def stable_diffusion() -> Any:
    """Stable Diffusion 1.5's inpainting model."""
    return diffusers.StableDiffusionInpaintPipeline(
        vae=vae(4), text_encoder=clip(CLIPTextModel, 768, 12, 12), tokenizer=tiny_diffusers.clip_tokenizer(),
        unet=random(lambda: diffusers.UNet2DConditionModel(sample_size=64, in_channels=9, cross_attention_dim=768)),
        scheduler=tiny_diffusers.noise_levels(), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip


def sdxl() -> Any:
    """SDXL's inpainting model."""
    network = partial(
        diffusers.UNet2DConditionModel, sample_size=128, in_channels=9, block_out_channels=(320, 640, 1280),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), cross_attention_dim=2048,
        transformer_layers_per_block=(1, 2, 10), attention_head_dim=(5, 10, 20), use_linear_projection=True,
        addition_embed_type="text_time", addition_time_embed_dim=256, projection_class_embeddings_input_dim=2816,
    )  # fmt: skip
    return diffusers.StableDiffusionXLInpaintPipeline(
        vae=vae(4, scaling_factor=0.13), text_encoder=clip(CLIPTextModel, 768, 12, 12),
        text_encoder_2=clip(CLIPTextModelWithProjection, 1280, 32, 20), tokenizer=tiny_diffusers.clip_tokenizer(),
        tokenizer_2=tiny_diffusers.clip_tokenizer(), unet=random(network), scheduler=tiny_diffusers.noise_levels(),
    )  # fmt: skip


def flux_fill() -> Any:
    """FLUX.1 Fill."""
    t5 = T5Config(vocab_size=32128, d_model=4096, d_kv=64, d_ff=10240, num_layers=24, num_heads=64,
                  feed_forward_proj="gated-gelu")  # fmt: skip
    return diffusers.FluxFillPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True),
        vae=vae(16, **tiny_diffusers.SHIFTED), text_encoder=clip(CLIPTextModel, 768, 12, 12),
        tokenizer=tiny_diffusers.clip_tokenizer(), text_encoder_2=random(partial(T5EncoderModel, t5)),
        tokenizer_2=tiny_diffusers.t5_tokenizer(),
        transformer=random(
            partial(diffusers.FluxTransformer2DModel, in_channels=384, out_channels=64, guidance_embeds=True)
        ),
    )  # fmt: skip


def loaded(pipe: Any, plan: str = "auto") -> Hf:
    """As `load_hf` has it."""
    family = family_of(type(pipe).__name__)
    assert family is not None
    return Hf("hf:it", pipe, family, Memory(pipe, "it", best_device(), native_size(pipe, family), plan, 1))


class Stopwatch:
    """Seconds that a pipeline's own code takes, without what its callbacks do."""

    def __init__(self, pipe: Any) -> None:
        self.seconds, plainly = 0.0, type(pipe).__call__

        @wraps(plainly)  # it is looked at what it takes
        def called(of: Any, *args: Any, callback_on_step_end: Callable[..., Any], **named: Any) -> Any:
            def back(*values: Any) -> Any:
                took, answer = timed(lambda: callback_on_step_end(*values))
                self.seconds -= took
                return answer

            took, drawn = timed(lambda: plainly(of, *args, callback_on_step_end=back, **named))
            self.seconds += took
            return drawn

        self.kind = type(type(pipe).__name__, (type(pipe),), {"__call__": called})


def an_edit(picture: Picture, **edit: Any) -> Edit:
    box = Box(picture.box.width // 2 - HOLE // 2, picture.box.height // 2 - HOLE // 2, HOLE, HOLE)
    disc = np.zeros((HOLE, HOLE), np.uint8)
    cv2.circle(disc, (HOLE // 2, HOLE // 2), HOLE // 2, 255, -1)
    edit = {"prompt": "a red couch", "guidance": 1.0, "steps": STEPS, "sampler": "ddim", "seed": 1, **edit}
    return Edit(Mask(box, disc), pipeline="hf:it", **edit)


def real_size() -> Iterator[Row]:
    """A 200x200 hole in a 2048x2048 picture, by Stable Diffusion 1.5: ours, and plainly on all of it."""
    silence_loggers()
    pipe = stable_diffusion()
    model, plain = loaded(pipe), copy(pipe)
    plain.vae = copy(pipe.vae)
    del plain.vae.encode  # ours, which remembers
    whole = photograph(SIDE)
    picture = Picture.from_pixels(whole)
    edit = an_edit(picture)

    def edited(edit: Edit) -> Picture:
        return run(apply(edit, picture, lambda name: model)).picture

    edited(replace(edit, steps=1, prompt="warm"))  # the first one warms up
    firsts, nexts, again = [], [], []
    for n in range(3):
        first, _ = timed(lambda n=n: edited(replace(edit, prompt=f"couch {n}", mask=shifted(edit.mask, n + 1))))
        firsts.append(first)
        nexts.append(
            timed(lambda n=n: edited(replace(edit, prompt=f"couch {n}", mask=shifted(edit.mask, n + 1), seed=2)))[0]
        )
    outside = affected_region(edit, picture.box).on(picture.box) == 0
    changed = (edited(edit).pixels() != whole).any(2) & outside
    yield f"200x200 hole in 2048x2048, Stable Diffusion 1.5's size, {STEPS} steps", spread(firsts), ""
    yield "pixels changed outside of the region", str(int(changed.sum())), "0"
    ratios = sorted(1 - later / first for first, later in zip(firsts, nexts, strict=True))
    share = ", ".join(f"{ratio:.0%}" for ratio in ratios)
    yield "the next variation, what it takes less than the first (three times)", share, "15 %"
    mask = Image.fromarray(edit.mask.on(picture.box))
    ours = [timed(lambda n=n: edited(replace(edit, steps=1, prompt=f"chair {n}")))[0] for n in range(3)]
    took, _ = timed(  # once, of one step: it takes minutes
        lambda: plain(
            prompt="a red couch", image=Image.fromarray(whole), mask_image=mask, height=SIDE, width=SIDE,
            num_inference_steps=1, guidance_scale=1.0, generator=torch.Generator().manual_seed(1),
        )
    )  # fmt: skip
    yield "the same of 1 step", spread(ours), ""
    yield "diffusers plainly on the whole picture, 1 step", spread([took]), ""
    yield "how many times faster", f"{took / median(ours):.1f}", "3"
    watch = Stopwatch(pipe)
    pipe.__class__ = watch.kind
    for n in range(3):
        watch.seconds = 0.0
        took, _ = timed(lambda n=n: edited(replace(edit, seed=10 + n)))
        again.append((took - watch.seconds) / took)
    yield "our share of that edit", f"{median(again):.1%} ({min(again):.1%} to {max(again):.1%})", "2 %"


def shifted(mask: Mask, by: int) -> Mask:
    return Mask(mask.box._replace(x=mask.box.x + by), mask.alpha)


def tiny_size() -> Iterator[Row]:
    """What our code takes around a model that takes nothing."""
    pipe = tiny_diffusers.MAKERS["sd-9"]()
    pipe.unet.register_to_config(sample_size=64)  # so that it is shown windows of the defaults size
    watch = Stopwatch(pipe)
    pipe.__class__ = watch.kind
    model, picture = loaded(pipe), Picture.from_pixels(photograph(SIDE))
    ours = []
    for n in range(12):
        watch.seconds = 0.0
        took, _ = timed(lambda n=n: run(apply(an_edit(picture, seed=n, steps=8), picture, lambda name: model)))
        ours.append(took - watch.seconds)
    yield "all but diffusers' own code, the same hole, 8 steps of a tiny model", spread(ours[2:]), "60 ms"


def graphics_card() -> Iterator[Row]:
    """Real sizes, plan by plan; where there is a card."""
    if best_device().type != "cuda":
        yield "diffusers' models on a graphics card", "none here", ""
        return
    for what, made in (("SDXL", sdxl), ("FLUX.1 Fill", flux_fill)):
        pipe = made()
        side = 1024
        image, mask = photograph(side), np.zeros((side, side), np.uint8)
        mask[400:600, 400:600] = 255
        for plan in PLANS:
            model = loaded(pipe, plan.name)
            defaults = model.defaults
            request = Request(
                image, mask, "a red couch", "", defaults["guidance"], 0.0, 1.0, int(defaults["steps"]), "own", (1,)
            )
            seconds = []
            torch.cuda.reset_peak_memory_stats()
            for seed in range(3):
                with closing(model.inpaint(replace(request, seeds=(seed,)))) as drawing:
                    seconds.append(timed(lambda drawing=drawing: run(drawing))[0])
            peak = torch.cuda.max_memory_allocated() / 1e9
            yield f"{what}, {int(defaults['steps'])} steps, {plan.name}", f"{spread(seconds[1:])}, {peak:.1f} GB", ""
        del pipe, model
        gc.collect()
        torch.cuda.empty_cache()
