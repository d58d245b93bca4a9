"""Diffusers' inpainting pipelines as ours, on tiny ones with random weights: the laws, and what is refused."""

import argparse
import json
import pickle
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from copy import copy, deepcopy
from dataclasses import replace
from functools import cache
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.models.autoencoders.vae import DecoderOutput
from diffusers.models.autoencoders.vq_model import VQEncoderOutput
from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_inpaint
from PIL import Image
from safetensors.torch import load_file

import app
import pipelines
from editor.cli import context
from editor.edits.edit import Edit
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask
from pipelines import machine
from pipelines.base import Pixels, Request, Setup, Step, run, together
from pipelines.hf import families, hub
from pipelines.hf.loading import load_hf
from pipelines.hf.memory import Memory
from pipelines.hf.pipeline import SAMPLER_NAMES, Hf, scheduler_for
from pipelines.hf.previews import record_guesses
from tests import tiny_diffusers
from tests.fake_hub import FakeHub, served
from tests.laws import check_edit

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:`FluxPosEmbed` is deprecated:FutureWarning"),  # by who uses it, diffusers itself
]
EACH = pytest.mark.parametrize("name", tiny_diffusers.MAKERS)
SIDE = tiny_diffusers.SIDE


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """The families whose networks say no size are tried at a small one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(families, "FAMILIES", tuple(replace(row, size=SIDE) for row in families.FAMILIES))
        patch.setattr(machine, "fast_type", lambda device: torch.float32)  # in which small numbers are fast and exact
        # which draws as many pixels as this says, whatever it is asked for
        at_full_size = pipeline_qwenimage_edit_inpaint.calculate_dimensions
        patch.setattr(
            pipeline_qwenimage_edit_inpaint, "calculate_dimensions", lambda _, ratio: at_full_size(SIDE * SIDE, ratio)
        )
        yield


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return cache(lambda name: tiny_diffusers.save(name, tmp_path_factory.mktemp(name)))


@pytest.fixture(scope="module")
def tiny(saved: Any, small: None) -> Any:
    """name -> the pipeline, loaded as a user loads it."""
    return lambda name: pipelines.load(f"hf:{saved(name)}")


@pytest.fixture
def folder(saved: Any, tmp_path: Path) -> Path:
    """A copy of a whole folder, to spoil."""
    return Path(shutil.copytree(saved("sd-9"), tmp_path / "model"))


def a_request(**changes: Any) -> Request:
    blots = np.kron(np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[16:48, 16:56] = 255
    request = Request(
        image=blots, mask=mask, prompt="a red cat", negative_prompt="", guidance=3.0, clip_guidance=0.0, strength=1.0,
        steps=2, sampler="ddim", seeds=(7,),
    )  # fmt: skip
    return replace(request, **changes)


def steps_of(pipeline: Hf, request: Request) -> tuple[list[Step], Pixels]:
    steps: list[Step] = []
    images = run(pipeline.inpaint(request), steps.append)
    return steps, images


def again(pipeline: Hf, at_once: int, pipe: Any = None) -> Hf:
    """The same networks, or another pipeline's in their place, that draw so many images in one run."""
    pipe = pipe or pipeline._pipe
    memory = Memory(pipe, pipeline.name, machine.best_device(), SIDE, "whole", at_once)
    return Hf(pipeline.name, pipe, pipeline._family, memory)


def apart(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def helpers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "callbacks"]


def network_of(pipeline: Hf) -> torch.nn.Module:
    return families.network_of(pipeline._pipe)


# --- the laws ---


@EACH
def test_the_same_seed_gives_the_same_pixels_alone_and_beside_others(tiny: Any, name: str) -> None:
    pipeline, seeds = tiny(name), (3, 2**32 - 1)
    together = run(pipeline.inpaint(a_request(seeds=seeds)))
    assert together.dtype == np.uint8 and together.shape == (2, SIDE, SIDE, 3)
    assert np.array_equal(together[1], run(pipeline.inpaint(a_request(seeds=seeds[1:])))[0])
    assert apart(together[0], together[1]) > 1
    # what a graphics card does: all in one run, where sums may round otherwise
    batched = run(again(pipeline, 2).inpaint(a_request(seeds=seeds)))
    assert np.abs(batched.astype(int) - together).max() <= 2
    assert not helpers()


@EACH
def test_windows_side_by_side_come_out_as_each_alone(tiny: Any, name: str) -> None:
    pipeline, one = tiny(name), a_request(seeds=(3,))
    mask = np.where(np.arange(SIDE)[:, None] < SIDE // 2, one.mask, np.uint8(120 if pipeline.soft else 0))
    other = replace(one, image=one.image[::-1].copy(), mask=mask, prompt="a blue dog", seeds=(9,))
    both, alone = together([one, other]), [run(pipeline.inpaint(each))[0] for each in (one, other)]
    assert np.array_equal(run(pipeline.inpaint(both)), alone)
    batched = run(again(pipeline, 2).inpaint(both))  # all in one run, where sums may round otherwise
    assert np.abs(batched.astype(int) - alone).max() <= 2


@EACH
def test_closing_cancels_at_once_and_leaves_no_thread(tiny: Any, name: str) -> None:
    pipeline, runs = tiny(name), []
    hook = network_of(pipeline).register_forward_hook(lambda *_: runs.append(1))
    drawing = pipeline.inpaint(a_request(steps=20, seeds=(1, 2)))
    try:
        next(drawing)
        next(drawing)
        assert len(helpers()) == 1
        asked = len(runs)
    finally:
        drawing.close()
        hook.remove()
    assert asked in (2, 4) and len(runs) == asked and not helpers()  # not once more; 4 with two for the guidance
    assert run(pipeline.inpaint(a_request())).shape == (1, SIDE, SIDE, 3)


@EACH
def test_each_step_shows_every_image(tiny: Any, name: str) -> None:
    steps, images = steps_of(tiny(name), a_request(steps=3, seeds=(7, 8)))
    assert [(step.index, step.total) for step in steps] == [(n, 6) for n in range(1, 7)]
    shown = [step.preview for step in steps if step.preview is not None]
    assert all(each.dtype == np.uint8 and each.shape == images.shape for each in shown) and len(shown) == 6
    assert np.array_equal(shown[0][1], a_request().image)  # not begun
    assert np.array_equal(shown[3][0], images[0])  # finished


def with_a_plain_decoder(pipe: Any) -> Any:
    """A copy whose decoder is linear, cells of 8 x 8 in the colour of a latent: what a preview shows of it is exact."""
    pipe, vae = copy(pipe), deepcopy(pipe.vae)
    film, channels = hasattr(vae.config, "z_dim"), pipe.vae.config.get("z_dim") or vae.config.latent_channels
    colours = torch.randn(channels, 3, generator=torch.Generator().manual_seed(3))
    colours *= 0.03 * vae.config.get("scaling_factor", 0.7)  # so that nothing is beyond white or black
    colours = colours.to(machine.best_device())

    def encode(picture: torch.Tensor) -> Any:
        means = torch.nn.functional.avg_pool2d(picture[:, :, 0] if film else picture, 8)
        latents = torch.einsum("nchw,dc->ndhw", means, colours) * 50
        places = torch.arange(latents[0].numel(), device=latents.device).view(latents.shape[1:])
        latents = latents + 0.3 * torch.sin(places * places * 0.7)  # in all directions, not only those of three colours
        latents = latents.unsqueeze(2) if film else latents
        if hasattr(pipe, "movq"):
            return VQEncoderOutput(latents)
        found = argparse.Namespace(mode=lambda: latents, sample=lambda generator: latents)
        return argparse.Namespace(latent_dist=found)

    def decode(latents: torch.Tensor, return_dict: bool = True, **_: Any) -> Any:
        seen = torch.einsum("nchw,cd->ndhw", latents[:, :, 0] if film else latents, colours) + 0.1
        seen = torch.nn.functional.interpolate(seen, scale_factor=8)
        return DecoderOutput(seen) if return_dict else (seen.unsqueeze(2) if film else seen,)

    vae.encode, vae.decode = encode, decode
    setattr(pipe, "movq" if hasattr(pipe, "movq") else "vae", vae)
    return pipe


def smooth(image: Pixels) -> Pixels:
    """A result of the plain decoder as a preview of it would be."""
    colours = torch.from_numpy(image[::8, ::8].copy()).permute(2, 0, 1)[None].float()
    shown = torch.nn.functional.interpolate(colours, (SIDE, SIDE), mode="bilinear", align_corners=False)
    return shown[0].permute(1, 2, 0).round().byte().numpy()


INSIDE = np.s_[20:44, 20:44]  # of the mask, where nothing is known and put back afterwards


@pytest.mark.parametrize(
    ("name", "sampler"),
    [
        *((name, "own") for name in tiny_diffusers.MAKERS),
        *((name, sampler) for name in ("sd-9", "sdxl-4") for sampler in ("ddim", "dpmpp_2m", "heun")),
    ],
)
def test_previews_come_nearer_and_the_last_is_the_result(tiny: Any, name: str, sampler: str) -> None:
    pipeline = again(tiny(name), 1, with_a_plain_decoder(tiny(name)._pipe))
    steps, (image,) = steps_of(pipeline, a_request(steps=4, strength=0.8, sampler=sampler))
    shown = [step.preview[0] for step in steps if step.preview is not None]
    distances = [apart(preview[INSIDE], smooth(image)[INSIDE]) for preview in shown]
    assert len(distances) == len(steps) >= 3
    assert distances[-1] < 0.5 and distances[-1] < distances[0] * 0.6


@EACH
def test_the_editor_keeps_every_pixel_outside_the_region(tiny: Any, name: str) -> None:
    picture = Picture.from_pixels(np.random.default_rng(1).integers(0, 256, (90, 110, 3), np.uint8))
    mask = Mask(Box(20, 30, 24, 20), np.full((20, 24), 255, np.uint8))
    edit = Edit(mask, prompt="a red cat", seed=4, steps=2, pipeline="tiny")
    applied = check_edit(edit, picture, lambda _: tiny(name))
    assert applied.picture != picture


@EACH
def test_nothing_to_paint_is_the_picture_itself(tiny: Any, name: str) -> None:
    nothing = np.zeros((SIDE, SIDE), np.uint8)
    for request in (a_request(mask=nothing, seeds=(1, 2)), a_request(strength=0.0, seeds=(1, 2))):
        steps, images = steps_of(tiny(name), request)
        assert not steps and np.array_equal(images, np.stack([request.image] * 2))


@EACH
def test_a_low_strength_begins_from_what_is_there(tiny: Any, name: str) -> None:
    pipeline = tiny(name)
    if not pipeline.supports_strength:  # it draws from the surroundings alone
        assert np.array_equal(run(pipeline.inpaint(a_request(strength=0.01))), run(pipeline.inpaint(a_request())))
        return
    other = a_request().image[::-1].copy()
    near = a_request(strength=0.01, steps=4)  # one step of the last noise, though 1 % of 4 steps is none
    steps, images = steps_of(pipeline, near)
    assert len(steps) == 1
    changed = run(pipeline.inpaint(replace(near, image=other)))
    assert apart(images, changed) > 0.3  # what lies under the mask has a say


@EACH
def test_words_decide(tiny: Any, name: str) -> None:
    pipeline, drawn = tiny(name), run(tiny(name).inpaint(a_request()))
    assert not np.array_equal(drawn, run(pipeline.inpaint(a_request(prompt="snow"))))
    assert not np.array_equal(drawn, run(pipeline.inpaint(a_request(guidance=9.0))))
    assert "guidance" not in pipeline.unsupported
    if "negative_prompt" not in pipeline.unsupported:
        assert not np.array_equal(drawn, run(pipeline.inpaint(a_request(negative_prompt="blue"))))
    else:
        with pytest.raises(ValueError, match="no negative prompt"):
            run(pipeline.inpaint(a_request(negative_prompt="blue")))


def test_a_model_that_finds_no_memory_says_so_when_it_is_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("pipelines.hf.memory.Memory._put", full)
    with pytest.raises(ValueError, match=r"finds too little memory on the .*: close what else uses it"):
        pipelines.load(f"hf:{folder}")


# --- samplers ---


@pytest.mark.parametrize("name", ["sd-4", "sdxl-9"])
@pytest.mark.parametrize("sampler", SAMPLER_NAMES)
def test_every_sampler_draws(tiny: Any, name: str, sampler: str) -> None:
    steps, images = steps_of(tiny(name), a_request(sampler=sampler, steps=4, seeds=(1,)))
    assert steps[-1].index == steps[-1].total == len(steps) and images[0].std() > 1
    assert np.array_equal(images, run(tiny(name).inpaint(a_request(sampler=sampler, steps=4, seeds=(1,)))))


def test_a_samplers_name_is_a_scheduler_where_they_can_be_exchanged(tiny: Any) -> None:
    came, flow = tiny("sd-9")._pipe.scheduler, tiny("flux-fill")._pipe.scheduler
    kinds = [type(scheduler_for(name, came)).__name__ for name in SAMPLER_NAMES]
    assert kinds == [
        "PNDMScheduler", "DPMSolverMultistepScheduler", "DPMSolverMultistepScheduler", "HeunDiscreteScheduler",
        "DDIMScheduler", "DDPMScheduler",
    ]  # fmt: skip
    assert all(scheduler_for(name, came).config.beta_schedule == "scaled_linear" for name in SAMPLER_NAMES)
    assert scheduler_for("dpmpp_sde", came).config.algorithm_type == "sde-dpmsolver++"
    assert all(type(scheduler_for(name, flow)) is type(flow) for name in SAMPLER_NAMES)
    assert not any(
        scheduler_for(name, came).config.get("clip_sample") for name in SAMPLER_NAMES
    )  # latents are no pixels
    assert scheduler_for("own", came) is not came  # a run's state is its own
    assert tiny("sd-9").samplers == SAMPLER_NAMES and "sampler" not in tiny("sd-9").defaults
    assert tiny("flux-fill").samplers == ("own",) and tiny("flux-fill").defaults["sampler"] == "own"
    with pytest.raises(ValueError, match="no sampler 'eulr'; there are own, dpmpp_2m"):
        run(tiny("sd-9").inpaint(a_request(sampler="eulr")))


@pytest.mark.parametrize("sampler", ["dpmpp_2m", "dpmpp_sde", "heun", "ddim", "ddpm", "flow"])
def test_a_step_that_knows_the_answer_shows_it(tiny: Any, sampler: str) -> None:
    """However noisy the latents are still, the guess is what the network takes for the finished ones."""
    came = tiny("sd3" if sampler == "flow" else "sd-9")._pipe.scheduler
    scheduler = scheduler_for("own" if sampler == "flow" else sampler, came)
    guesses = record_guesses(scheduler)
    scheduler.set_timesteps(6)
    random = torch.Generator().manual_seed(0)
    answer, sample = (torch.randn(1, 4, 8, 8, generator=random) for _ in range(2))
    sample = sample * scheduler.init_noise_sigma if sampler != "flow" else sample
    for number, t in enumerate(scheduler.timesteps):
        if sampler in ("heun", "flow"):
            predicted = (sample - answer) / scheduler.sigmas[number]
        else:
            kept = scheduler.alphas_cumprod[int(t)]
            predicted = (sample - kept.sqrt() * answer) / (1 - kept).sqrt()
        sample = scheduler.step(predicted, t, sample, return_dict=False)[0]
        assert len(guesses) == 1 and torch.allclose(guesses[0], answer, atol=1e-3)


# --- memory ---


def test_variations_halve_when_memory_runs_out_and_stay_so(tiny: Any) -> None:
    whole = tiny("sd-4")
    pipeline, batches = again(whole, 8), []

    def allocate(network: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        images = len(inputs[0]) // 2  # twice, for the guidance
        batches.append(images)
        if images > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")

    hook = network_of(pipeline).register_forward_pre_hook(allocate)
    try:
        steps, images = steps_of(pipeline, a_request(seeds=(1, 2, 3, 4, 5)))
        assert batches == [5, 2, 2, 2, 2, 1, 1]
        assert [(step.index, step.total) for step in steps] == [(n, 6) for n in range(1, 7)]
        for n, image in enumerate(images, 1):
            assert np.abs(image.astype(int) - run(whole.inpaint(a_request(seeds=(n,))))[0]).max() <= 2
        batches.clear()
        run(pipeline.inpaint(a_request(seeds=(1, 2, 3))))
        assert batches == [2, 2, 1, 1]
    finally:
        hook.remove()
    assert not helpers()


def test_too_little_memory_for_one_image_is_said(saved: Any) -> None:
    def allocate(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    pipeline = load_hf(str(saved("sd-9")), "hf:alone", Setup(), False)  # it will lie in memory otherwise afterwards
    hook = network_of(pipeline).register_forward_pre_hook(allocate)
    try:
        with pytest.raises(ValueError, match="too little memory for one image of 64x64"):
            run(pipeline.inpaint(a_request()))
    finally:
        hook.remove()


# --- requests that cannot be fulfilled ---


def test_a_request_that_cannot_be_fulfilled_is_refused_by_a_sentence(tiny: Any) -> None:
    for request, message in (
        (a_request(clip_guidance=1.0), "no CLIP to guide it"),
        (a_request(image=np.zeros((60, 64, 3), np.uint8), mask=np.full((60, 64), 255, np.uint8)), "not 64x60"),
    ):
        with pytest.raises(ValueError, match=message):
            run(tiny("sd-9").inpaint(request))


def test_a_prompt_longer_than_every_text_encoder_reads_is_said(tiny: Any) -> None:
    long = "a red cat " * 40
    assert "longer than the 77 tokens" in tiny("sd-9").hint(long) and "77 tokens" in tiny("sdxl-4").hint(long)
    assert not tiny("flux").hint(long)  # T5 reads on
    assert not tiny("sd-9").hint("a red cat") and not tiny("sd-9").hint("")
    assert tiny("sd-9").vocabulary is None


# --- what a folder must hold ---


def refused(folder: Path) -> str:
    with pytest.raises(ValueError) as error:
        load_hf(str(folder), "hf:model", Setup(), False)
    return str(error.value)


@pytest.mark.parametrize(
    "part",
    [
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/config.json",
        "text_encoder/model.safetensors",
        "tokenizer/tokenizer.json",
        "scheduler/scheduler_config.json",
        "model_index.json",
    ],
)
def test_what_is_missing_is_named(folder: Path, part: str) -> None:
    (folder / part).unlink()
    message = refused(folder)
    assert ("*.safetensors" if part.endswith(".safetensors") else part.split("/")[-1]) in message
    assert part.split("/")[0] in message and str(folder) in message


def test_a_missing_part_and_a_missing_shard_are_named(folder: Path, tmp_path: Path) -> None:
    shutil.rmtree(folder / "vae")
    assert "lacks vae/config.json, vae/*.safetensors" in refused(folder)
    sharded = tiny_diffusers.save("sd-9", tmp_path / "sharded", max_shard_size="60KB")
    shards = sorted((sharded / "unet").glob("*-of-*.safetensors"))
    assert len(shards) > 1
    load_hf(str(sharded), "hf:sharded", Setup(), False)
    shards[1].unlink()
    assert f"lacks unet/{shards[1].name}" in refused(sharded)


@pytest.mark.parametrize("damage", ["cut", "pointer"])
def test_a_half_downloaded_file_is_named(folder: Path, damage: str) -> None:
    file = folder / "unet" / "diffusion_pytorch_model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if damage == "cut" else b"version https://git-lfs.github.com/spec/v1\n")
    assert f"{file} is damaged or there in part" in refused(folder)


def test_other_weights_than_the_network_wants_are_refused(folder: Path, saved: Any) -> None:
    shutil.copy(saved("sd-4") / "unet" / "diffusion_pytorch_model.safetensors", folder / "unet")
    assert "cannot read" in refused(folder)


class Trap:
    """Whoever unpickles it makes a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


@pytest.mark.parametrize("name", ["diffusion_pytorch_model.bin", "model.ckpt", "weights.pt"])
def test_a_pickle_is_refused_and_never_read(folder: Path, tmp_path: Path, name: str) -> None:
    sprung = tmp_path / "sprung"
    trap = pickle.dumps(Trap(sprung))
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    (weights.with_name(name)).write_bytes(trap)
    load_hf(str(folder), "hf:beside", Setup(), False)  # beside safetensors it is nobody's business
    weights.unlink()
    message = refused(folder)
    assert name in message and "never read" in message and not sprung.exists()
    pickle.loads(trap)
    assert sprung.exists()  # the trap works


def test_code_in_the_folder_is_never_run(folder: Path, tmp_path: Path) -> None:
    sprung, index = tmp_path / "sprung", json.loads((folder / "model_index.json").read_text())
    (folder / "unet" / "mine.py").write_text(f"open({str(sprung)!r}, 'w')\nclass Net: pass\n")
    (folder / "model_index.json").write_text(json.dumps({**index, "unet": ["mine", "Net"]}))
    assert "mine.py, which is never run" in refused(folder)
    (folder / "model_index.json").write_text(json.dumps({**index, "_class_name": ["mine", "Net"]}))
    assert "names no class" in refused(folder) and not sprung.exists()


@pytest.mark.parametrize("index", ["{", "[]", "null"])
def test_an_index_that_is_none_is_refused(folder: Path, index: str) -> None:
    (folder / "model_index.json").write_text(index)
    assert "model_index.json" in refused(folder)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert f"There is no folder {tmp_path / 'nowhere'}" in refused(tmp_path / "nowhere")


def test_half_precision_files_are_found_by_their_mark(tmp_path: Path) -> None:
    marked = tiny_diffusers.save("sd-9", tmp_path, variant="fp16")
    assert (marked / "unet" / "diffusion_pytorch_model.fp16.safetensors").is_file()
    assert run(load_hf(str(marked), "hf:marked", Setup(), False).inpaint(a_request(steps=1))).std() > 1


# --- classes ---


def test_a_folder_that_draws_from_text_repaints_too(tiny: Any) -> None:
    names = {name: type(tiny(name)._pipe).__name__ for name in tiny_diffusers.MAKERS}
    assert names == {
        "sd-9": "StableDiffusionInpaintPipeline",
        "sdxl-9": "StableDiffusionXLInpaintPipeline",
        "flux-fill": "FluxFillPipeline",
        "qwen-image": "QwenImageInpaintPipeline",
        "z-image": "ZImageInpaintPipeline",
        "sd-4": "StableDiffusionInpaintPipeline",
        "sdxl-4": "StableDiffusionXLInpaintPipeline",
        "sd3": "StableDiffusion3",
        "flux": "FluxInpaintPipeline",
        "flux-kontext": "FluxKontextInpaintPipeline",
        "flux2-klein": "Flux2KleinInpaintPipeline",
        "qwen-image-edit": "QwenImageEditInpaintPipeline",
        "chroma": "ChromaInpaintPipeline",
        "kandinsky": "KandinskyV22",
    }


def test_every_row_is_aclass_of_diffusers_that_takes_what_the_row_says() -> None:
    import diffusers

    for row in families.FAMILIES:
        kind = getattr(import_module(row.module), row.repaints)
        arguments = signature(kind.__call__).parameters
        found = families.family_by_signature(row.repaints, arguments)
        assert row.guidance in arguments and row.supports_strength == found.supports_strength
        assert found.negative or not row.negative
        assert all(issubclass(getattr(diffusers, name), diffusers.DiffusionPipeline) for name in row.takes)
        defaults: dict[str, Any] = {**row.defaults}
        assert Edit(Mask(Box(0, 0, 1, 1), np.full((1, 1), 255, np.uint8)), seed=0, pipeline="x", **defaults)


def test_an_unknown_class_works_by_its_signature(saved: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    by_row = load_hf(str(saved("sd-9")), "hf:known", Setup(), False)
    known = run(by_row.inpaint(a_request(strength=0.5, negative_prompt="blue")))
    monkeypatch.setattr(families, "FAMILIES", ())
    unknown = load_hf(str(saved("sd-9")), "hf:unknown", Setup(), False)
    assert unknown.size == SIDE and unknown.defaults == {"guidance": 7.5, "steps": 28}
    assert np.array_equal(run(unknown.inpaint(a_request(strength=0.5, negative_prompt="blue"))), known)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("DDPMPipeline", "takes no prompt, image, mask_image"),
        ("KandinskyV22Pipeline", "takes no prompt"),
        ("NoSuchPipeline", "does not know"),
        ("UNet2DModel", "does not know"),
    ],
)
def test_a_class_that_cannot_repaint_is_refused(folder: Path, named: str, message: str) -> None:
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps({**index, "_class_name": named}))
    assert message in refused(folder) and named in refused(folder)


def test_weights_are_those_of_the_file(saved: Any, tiny: Any) -> None:
    file = load_file(saved("sd-9") / "unet" / "diffusion_pytorch_model.safetensors")
    mine = network_of(tiny("sd-9")).state_dict()
    assert mine.keys() == file.keys() and all(torch.equal(mine[name], file[name]) for name in file)


# --- names ---


@pytest.fixture
def fake_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub, and an empty cache."""
    with served(tmp_path, monkeypatch) as fake:
        yield fake


def test_a_hub_name_is_read_from_the_cache_alone(saved: Any, fake_hub: FakeHub, tmp_path: Path) -> None:
    message = "not on this machine, or only in part; `python app.py --pipeline hf:me/tiny` downloads it"
    with pytest.raises(ValueError, match=message):
        load_hf("me/tiny", "hf:me/tiny", Setup(), False)
    model = tmp_path / "hub" / "models--me--tiny"
    snapshot = Path(shutil.copytree(saved("sd-9"), model / "snapshots" / "0123"))
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text("0123")
    assert load_hf("me/tiny", "hf:me/tiny", Setup(), True).size == SIDE
    (snapshot / "unet" / "config.json").unlink()
    with pytest.raises(ValueError, match=message):
        load_hf("me/tiny", "hf:me/tiny", Setup(), False)
    assert not fake_hub.asked


def test_a_hub_name_is_downloaded_for_who_typed_it(saved: Any, fake_hub: FakeHub) -> None:
    with pytest.raises(ValueError, match=r"could not be downloaded\. The hub has no me/tiny"):
        load_hf("me/tiny", "hf:me/tiny", Setup(), True)
    fake_hub.models["me/tiny"] = saved("sd-9")
    assert load_hf("me/tiny", "hf:me/tiny", Setup(), True).name == "hf:me/tiny"


def test_only_the_name_on_the_command_line_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}
    monkeypatch.setattr(context, "load", lambda name, compiled, fetch: asked.update({name: fetch}))
    options: dict[str, Any] = {"compile": False, "memory": "auto", "quantise": "", "pipeline": "hf:me/tiny"}
    options |= {"adapter": [], "data": tmp_path}
    load = context.CommandContext(argparse.Namespace(**options, models=None), Path(), Path()).load
    load("hf:me/tiny")
    load("classical")
    with pytest.raises(ValueError, match="none of those offered here"):
        load("hf:of-a/recipe")
    assert asked == {"hf:me/tiny": True, "classical": False}


def test_one_pipeline_however_its_folder_is_written(saved: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = saved("sd-9")
    monkeypatch.chdir(folder.parent)
    names = (f"hf:{folder}", f"hf:{folder}/", f"hf:{folder.name}", f"hf:../{folder.parent.name}/{folder.name}")
    assert len({id(pipelines.load(name)) for name in names}) == 1
    assert hub.canonical("owner/model.v1-5") == "owner/model.v1-5"  # no such folder
    assert "hf:NAME-OR-FOLDER" in pipelines.NAMES


def test_without_diffusers_a_sentence_says_what_to_install(saved: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = saved("sd-9")
    monkeypatch.setitem(sys.modules, "diffusers", None)
    for name in (str(folder), "me/tiny"):
        with pytest.raises(ValueError, match=r"needs diffusers .*: `pip install -r requirements\.txt"):
            load_hf(name, "hf:x", Setup(), False)


# --- the command line ---


def edit_by_app(
    folder: str, files: Path, *more: str, python: tuple[str, ...] = ("-W", "error")
) -> subprocess.CompletedProcess[str]:
    root = Path(app.__file__).parent
    command = [sys.executable, *python, str(root / "app.py"), "edit", str(files / "picture.png")]
    wanted = ["--mask", str(files / "mask.png"), "--pipeline", f"hf:{folder}", "-o", str(files / "out.png"), *more]
    return subprocess.run([*command, *wanted], capture_output=True, text=True, timeout=300)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (80, 96, 3), np.uint8)).save(tmp_path / "picture.png")
    Image.fromarray(np.pad(np.full((20, 24), 255, np.uint8), ((30, 30), (40, 32)))).save(tmp_path / "mask.png")
    return tmp_path


def test_the_command_line_says_what_is_wrong(folder: Path, files: Path) -> None:
    (folder / "unet" / "diffusion_pytorch_model.safetensors").rename(folder / "unet" / "model.bin")
    done = edit_by_app(str(folder), files)
    assert done.returncode == 1 and not (files / "out.png").exists()
    assert done.stderr.startswith("palimpsest: ") and "never read" in done.stderr and "Traceback" not in done.stderr


def test_the_command_line_tells_nothing_that_is_not_ours(saved: Any, files: Path) -> None:
    """Of packages that could be there, of what is read, of what will be named otherwise: Chroma has all of it."""
    done = edit_by_app(str(saved("chroma")), files, "--steps", "1", "--prompt", "a red cat", python=())
    assert done.returncode == 0, done.stderr
    ours = ("Painting:", f"hf:{saved('chroma')}")  # the progress, and what a pipeline says of itself
    assert not [
        line for line in done.stderr.replace("\r", "\n").splitlines() if line.strip() and not line.startswith(ours)
    ]


def test_the_command_line_edits_as_the_model_is_best_asked(
    saved: Any, files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []
    inpaint = Hf.inpaint
    monkeypatch.setattr(Hf, "inpaint", lambda self, request: asked.append(request) or inpaint(self, request))
    words = ["edit", str(files / "picture.png"), "--mask", str(files / "mask.png"), "--prompt", "a red cat"]
    for more, guidance, steps in (([], 7.5, 25), (["--guidance", "2", "--steps", "2"], 2, 2)):
        out = files / f"out{steps}.png"
        monkeypatch.setattr(
            sys, "argv", ["app.py", *words, "--pipeline", f"hf:{saved('sd-9')}", "-o", str(out), "--seed", "1", *more]
        )
        assert app.main() == 0, capsys.readouterr().err
        assert (asked[-1].guidance, asked[-1].steps) == (guidance, steps)
        before, after, mask = (np.asarray(Image.open(files / name)) for name in ("picture.png", out.name, "mask.png"))
        changed = (before != after).any(-1)
        assert changed[mask > 0].mean() > 0.5 and not changed[:15].any()


def test_nothing_heavy_is_imported_before_it_is_asked_for(folder: Path) -> None:
    (folder / "vae" / "config.json").unlink()
    code = (
        "import sys, app, pipelines\n"
        "try:\n"
        f"    pipelines.load('hf:{folder}')\n"
        "except ValueError as error:\n"
        "    assert 'vae/config.json' in str(error)\n"
        "heavy = {'torch', 'diffusers', 'transformers'} & sys.modules.keys()\n"
        "assert not heavy, f'{heavy} came along'\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=Path(app.__file__).parent, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
