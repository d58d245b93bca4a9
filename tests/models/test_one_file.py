"""Models of one `.safetensors` file, with their settings from the hub's cache, and Kandinsky's two halves."""

import pickle
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from diffusers.loaders.single_file_model import SINGLE_FILE_LOADABLE_CLASSES
from safetensors.torch import load_file, save_file

import pipelines
from pipelines.base import Setup, run
from pipelines.hf import hub
from pipelines.hf.loading import load_hf
from pipelines.hf.model_files import read_layout
from tests import one_file, tiny_diffusers
from tests.fake_hub import FakeHub, served
from tests.models.test_hf import a_request

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
SETTINGS = {
    "sd-4": "stable-diffusion-v1-5/stable-diffusion-v1-5",
    "sd-9": "stable-diffusion-v1-5/stable-diffusion-inpainting",
    "sdxl-4": "stabilityai/stable-diffusion-xl-base-1.0",
    "sdxl-9": "diffusers/stable-diffusion-xl-1.0-inpainting-0.1",
}
PRIOR = "kandinsky-community/kandinsky-2-2-prior"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return cache(lambda name: tiny_diffusers.save(name, tmp_path_factory.mktemp(name)))


@pytest.fixture(autouse=True)
def fake_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """A hub, and an empty cache."""
    with served(tmp_path, monkeypatch) as fake:
        yield fake


@pytest.fixture
def lay(tmp_path: Path) -> Any:
    """Lay what belongs to a folder into the hub's cache, under a model's name: its small files, or all of it."""

    def laid(model: str, folder: Path, whole: bool = False) -> Path:
        place = tmp_path / "hub" / f"models--{model.replace('/', '--')}"
        (place / "refs").mkdir(parents=True)
        (place / "refs" / "main").write_text("0123")
        left_out = None if whole else shutil.ignore_patterns("*.safetensors")
        return Path(shutil.copytree(folder, place / "snapshots" / "0123", ignore=left_out))

    return laid


def refused(path: Path, fetch: bool = False) -> str:
    with pytest.raises(ValueError) as error:
        load_hf(str(path), "hf:model", Setup(), fetch)
    return str(error.value)


def alike(file: Path, folder: Path) -> bool:
    """Whether a file draws the same pixels as a folder. Its name is the one that a user types."""
    one: Any
    other: Any
    one, other = (pipelines.load(f"hf:{path}") for path in (file, folder))
    assert type(one._pipe) is type(other._pipe) and one.size == other.size
    request = a_request(negative_prompt="blue" if one._family.negative else "", strength=0.9)
    for name, part in one._pipe.components.items():
        if isinstance(part, torch.nn.Module):
            same = other._pipe.components[name].state_dict()
            if any(not torch.equal(value, same[key]) for key, value in part.state_dict().items()):
                return False
    # the same numbers, which some processors add up in another order where they lie otherwise in memory
    drawn, wanted = run(one.inpaint(request)), run(other.inpaint(request))
    return bool(np.abs(drawn.astype(int) - wanted).max() <= 1)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_file_draws_the_same_pixels_as_the_folder_it_was_made_from(
    saved: Any, lay: Any, tmp_path: Path, fake_hub: FakeHub, name: str
) -> None:
    file = one_file.stable_diffusion(saved(name), tmp_path / "model.safetensors")
    message = refused(file)
    assert f"the small files of {SETTINGS[name]}, is not on this machine, or only in part" in message
    assert f"`python app.py --pipeline hf:{file}` downloads it" in message
    lay(SETTINGS[name], saved(name))
    assert alike(file, saved(name)) and not fake_hub.asked
    with pytest.raises(ValueError, match="is one file, which is read as it is"):
        load_hf(str(file), "hf:model", Setup(quantised="fp8"), False)


def test_stable_diffusion_3_draws_without_t5(lay: Any, tmp_path: Path) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        # so many layers that it is known by them; the others are known by a width that is no tiny one
        pipe = tiny_diffusers.sd3(layers=38, heads=2, text_encoder_3=None, tokenizer_3=None)
        pipe.save_pretrained(tmp_path / "folder")
        pipe.register_modules(text_encoder_3=tiny_diffusers.t5(), tokenizer_3=tiny_diffusers.t5_tokenizer())
        pipe.save_pretrained(tmp_path / "whole")
    lay("stabilityai/stable-diffusion-3.5-large", tmp_path / "whole")
    assert alike(one_file.sd3(tmp_path / "folder", tmp_path / "model.safetensors"), tmp_path / "folder")


def test_flux_wants_a_file_that_holds_everything(
    saved: Any, lay: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay("black-forest-labs/FLUX.1-dev", saved("flux"))
    whole = one_file.flux(saved("flux"), tmp_path / "whole.safetensors")
    start = "model.diffusion_model."
    alone = {name.removeprefix(start): each for name, each in load_file(whole).items() if name.startswith(start)}
    save_file(alone, tmp_path / "alone.safetensors")
    message = refused(tmp_path / "alone.safetensors")
    assert "holds no text_encoder, text_encoder_2, vae, as a FluxPipeline needs" in message
    # diffusers' own mapping knows the network at its full width alone
    ours = {name: each for name, each in alone.items() if name in one_file.part(saved("flux"), "transformer")}
    mapping: Any = SINGLE_FILE_LOADABLE_CLASSES["FluxTransformer2DModel"]
    monkeypatch.setitem(mapping, "checkpoint_mapping_fn", lambda checkpoint, **_: dict(ours))
    assert alike(whole, saved("flux"))


def test_settings_are_fetched_for_who_typed_the_name_and_nothing_else(
    saved: Any, tmp_path: Path, fake_hub: FakeHub
) -> None:
    file = one_file.stable_diffusion(saved("sd-9"), tmp_path / "model.safetensors")
    refused(file)
    assert not fake_hub.asked
    assert "could not be downloaded. The hub has no" in refused(file, fetch=True)
    fake_hub.models[SETTINGS["sd-9"]] = saved("sd-9")
    pipelines.load(f"hf:{file}", fetch=True)
    assert alike(file, saved("sd-9"))
    assert not [asked for asked in fake_hub.asked if "safetensors" in asked.path]


def test_settings_that_are_there_in_part_are_none(saved: Any, lay: Any, tmp_path: Path) -> None:
    file = one_file.stable_diffusion(saved("sd-9"), tmp_path / "model.safetensors")
    (lay(SETTINGS["sd-9"], saved("sd-9")) / "vae" / "config.json").unlink()
    assert "not on this machine, or only in part" in refused(file)


def test_what_a_file_lacks_is_named(saved: Any, lay: Any, tmp_path: Path) -> None:
    lay(SETTINGS["sd-9"], saved("sd-9"))
    numbers = load_file(one_file.stable_diffusion(saved("sd-9"), tmp_path / "whole.safetensors"))
    for part, start in (("vae", "first_stage_model."), ("text_encoder", "cond_stage_model.")):
        file = tmp_path / f"{part}.safetensors"
        save_file({name: each for name, each in numbers.items() if not name.startswith(start)}, file)
        assert f"holds no {part}, as a StableDiffusionInpaintPipeline needs" in refused(file)


@pytest.mark.parametrize(
    "numbers",
    [
        {"lora_unet_down.lora_down.weight": (4, 4)},  # an adapter
        {"decoder.conv_in.weight": (4, 4)},  # a decoder alone
        {"model.diffusion_model.patchify_proj.weight": (4, 4)},  # a model of films
        {"joint_blocks.0.context_block.adaLN_modulation.1.bias": (9216,)},  # half of one
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, numbers: dict[str, tuple[int, ...]]) -> None:
    file = tmp_path / "model.safetensors"
    save_file({name: torch.zeros(shape) for name, shape in numbers.items()}, file)
    assert "is no model of one file that can repaint here; those are v1, v2, inpainting" in refused(file)


def test_damaged_files_and_pickles_are_refused(saved: Any, tmp_path: Path) -> None:
    file = one_file.stable_diffusion(saved("sd-9"), tmp_path / "model.safetensors")
    whole = file.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"version https://git-lfs.github.com/spec/v1\n"):
        file.write_bytes(damaged)
        assert f"{file} is damaged or there in part" in refused(file)
    (tmp_path / "model.ckpt").write_bytes(pickle.dumps({"state_dict": {}}))
    assert "is a pickle, which can run code and is never read" in refused(tmp_path / "model.ckpt")
    (tmp_path / "model.gguf").touch()
    assert "is no .safetensors" in refused(tmp_path / "model.gguf")


def test_a_file_is_never_taken_for_a_name_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert hub.canonical("models/sd.safetensors") == str(tmp_path / "models" / "sd.safetensors")
    assert "There is no folder" in refused(tmp_path / "models" / "sd.safetensors")


# --- what a folder says of itself ---


def test_kandinskys_decoder_takes_its_prior_from_the_hub(
    saved: Any, lay: Any, tmp_path: Path, fake_hub: FakeHub
) -> None:
    whole = diffusers.KandinskyV22InpaintCombinedPipeline.from_pretrained(saved("kandinsky"))
    whole.decoder_pipe.save_pretrained(tmp_path / "decoder")
    whole.prior_pipe.save_pretrained(tmp_path / "prior")
    assert read_layout(tmp_path / "decoder").class_name == "KandinskyV22InpaintPipeline"
    message = refused(tmp_path / "decoder")
    assert f"{PRIOR} is not on this machine" in message and f"hf:{tmp_path / 'decoder'}` downloads it" in message
    lay(PRIOR, tmp_path / "prior", whole=True)
    assert alike(tmp_path / "decoder", saved("kandinsky")) and not fake_hub.asked


def test_kandinsky_draws_with_the_sampler_it_is_asked_for(saved: Any) -> None:
    pipeline = pipelines.load(f"hf:{saved('kandinsky')}")
    samplers = ("own", "ddim", "dpmpp_2m", "dpmpp_sde")
    drawn = {run(pipeline.inpaint(a_request(sampler=sampler, steps=3))).tobytes() for sampler in samplers}
    assert len(drawn) == len(samplers)
    with pytest.raises(ValueError, match="cannot draw with the sampler heun: take own, dpmpp_2m"):
        run(pipeline.inpaint(a_request(sampler="heun")))


@pytest.mark.parametrize(
    ("name", "file", "before", "after"),
    [
        ("flux2-klein", "model_index.json", '"is_distilled": false', '"is_distilled": true'),
        ("flux", "transformer/config.json", '"guidance_embeds": true', '"guidance_embeds": false'),
    ],
)
def test_a_network_that_was_distilled_is_asked_for_less(
    saved: Any, tmp_path: Path, name: str, file: str, before: str, after: str
) -> None:
    plain = pipelines.load(f"hf:{saved(name)}")
    folder = Path(shutil.copytree(saved(name), tmp_path / "distilled"))
    message = (folder / file).read_text()
    assert before in message
    (folder / file).write_text(message.replace(before, after))
    for weights in folder.glob("transformer/*.safetensors") if name == "flux" else ():
        save_file({name: each for name, each in load_file(weights).items() if "guidance_embedder" not in name}, weights)
    distilled = pipelines.load(f"hf:{folder}")
    assert plain.defaults["steps"] > 4 == distilled.defaults["steps"] and distilled.defaults["guidance"] == 1
    assert plain.live_steps == 0 and distilled.live_steps == 4
