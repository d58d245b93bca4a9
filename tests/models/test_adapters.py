"""LoRAs, IP-Adapters and ControlNets on tiny pipelines of diffusers, through its own calls: the laws, the refusals."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from inspect import signature
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from pipelines.base import Adapter, Pixels, Request
from pipelines.hf import adapter_files
from pipelines.hf.adapter_files import adapter_file, canonical_adapter
from pipelines.hf.hub import silence_loggers

silence_loggers()


from pipelines.hf.adapters import Adapters  # noqa: E402
from pipelines.hf.families import family_of, network_of  # noqa: E402
from pipelines.hf.loading import class_of  # noqa: E402
from tests import tiny_adapters, tiny_diffusers  # noqa: E402
from tests.fake_hub import COMMIT, FakeHub, served  # noqa: E402
from tests.models import test_hf  # noqa: E402
from tests.models.test_hf import apart  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
SIDE = tiny_diffusers.SIDE
FAMILIES = ("sd-9", "sdxl-4", "flux")
CONTROLNETS = {"sd-9": "ControlNetModel", "sdxl-4": "ControlNetModel", "flux": "FluxControlNetModel"}
HEADS = {"num_layers": 1, "attention_head_dim": 16, "num_attention_heads": 2}


@pytest.fixture(scope="module", autouse=True)
def alone() -> Iterator[None]:
    """Networks as tiny as these wait for each other in several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def made(name: str) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        pipe = tiny_diffusers.MAKERS[name]()
    row = family_of(type(pipe).__name__)
    assert row is not None
    kind = class_of(row)
    pipe = pipe if type(pipe) is kind else kind(**pipe.components)
    pipe.set_progress_bar_config(disable=True)
    return pipe


class Tiny:
    """A tiny pipeline with adapters for it, drawn with as whoever serves requests does."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder, self.pipe = name, folder, made(name)
        network = network_of(self.pipe)
        self.part = "unet" if hasattr(self.pipe, "unet") else "transformer"
        self.lora, self.other = (
            tiny_adapters.lora(network, folder / f"{which}.safetensors", "peft", self.part, layers, seed)
            for which, layers, seed in (("lora", ("to_q", "to_v"), 1), ("other", ("to_k",), 2))
        )
        self.likeness = tiny_adapters.ip_adapter(network, folder / "likeness" / "likeness.safetensors")
        if name in CONTROLNETS:
            seen = network_of(made("sd-4")) if name == "sd-9" else network  # theirs see no mask themselves
            how = HEADS | {"num_single_layers": 1} if name == "flux" else {}
            self.control = tiny_adapters.controlnet(seen, folder / "control", CONTROLNETS[name], **how)
        self.adapters = Adapters(self.pipe)
        self.plain = self.draw()

    def draw(self, *added: tuple[Path, float], **changes: Any) -> Pixels:
        """uint8 (N, SIDE, SIDE, 3), with these adapters."""
        request = a_request(adapters=tuple(Adapter(str(file), weight) for file, weight in added), **changes)
        self.adapters.put(request)
        pipe, count = self.adapters.pipeline(), len(request.seeds)
        pipe.scheduler = type(self.pipe.scheduler).from_config(self.pipe.scheduler.config)
        arguments = {
            "prompt": [request.prompt] * count, "image": [Image.fromarray(request.image)] * count,
            "mask_image": [Image.fromarray(request.mask)] * count, "height": SIDE, "width": SIDE,
            "num_inference_steps": request.steps, "guidance_scale": request.guidance, "strength": request.strength,
            "generator": [torch.Generator().manual_seed(seed) for seed in request.seeds],
        } | self.adapters.arguments(request)  # fmt: skip
        takes = signature(pipe.__call__).parameters
        drawn = pipe(**{name: value for name, value in arguments.items() if name in takes}).images
        return np.stack([np.asarray(image) for image in drawn])

    def refused(self, *added: tuple[Path, float], **changes: Any) -> str:
        with pytest.raises(ValueError) as error:
            self.draw(*added, **changes)
        assert np.array_equal(self.draw(), self.plain)  # no trace
        return str(error.value)


def a_request(**changes: Any) -> Request:
    return test_hf.a_request(**{"steps": 1, "sampler": "own", **changes})


REFERENCE = np.random.default_rng(5).integers(0, 256, (40, 50, 3), np.uint8)


@pytest.fixture(scope="module", params=FAMILIES)
def tiny(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    yield Tiny(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def sd(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return Tiny("sd-9", tmp_path_factory.mktemp("sd"))


# --- LoRA ---


def test_a_lora_counts_by_its_weight_and_leaves_no_trace(tiny: Tiny) -> None:
    none, some, more = (tiny.draw((tiny.lora, weight)) for weight in (0.0, 0.05, 1.0))
    assert np.array_equal(none, tiny.plain)
    assert 0 < apart(some, tiny.plain) < apart(more, tiny.plain)
    assert np.array_equal(tiny.draw(), tiny.plain)
    assert np.array_equal(tiny.draw((tiny.lora, 1.0)), more)  # and back


def test_two_loras_count_together_in_any_order(tiny: Tiny) -> None:
    both = tiny.draw((tiny.lora, 0.5), (tiny.other, 0.7))
    assert np.abs(both.astype(int) - tiny.draw((tiny.other, 0.7), (tiny.lora, 0.5))).max() <= 2  # sums round
    for alone in (tiny.draw((tiny.lora, 0.5)), tiny.draw((tiny.other, 0.7)), tiny.plain):
        assert not np.array_equal(both, alone)
    assert np.array_equal(tiny.draw((tiny.lora, 0.5), (tiny.other, 0.0)), tiny.draw((tiny.lora, 0.5)))


def test_a_lora_is_what_its_matrices_say(sd: Tiny) -> None:
    """The network with up @ down added to its weights draws the same."""
    summed = made("sd-9")
    numbers = load_file(sd.lora)
    with torch.no_grad():
        for name, number in numbers.items():
            if name.endswith("lora_A.weight"):
                layer = summed.unet.get_submodule(name.removeprefix("unet.").removesuffix(".lora_A.weight"))
                layer.weight += 0.3 * numbers[name.replace("lora_A", "lora_B")] @ number
    ours = sd.draw((sd.lora, 0.3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sd, "adapters", Adapters(summed))
        theirs = sd.draw()
    assert apart(ours, sd.plain) > 0.1 and np.abs(ours.astype(int) - theirs).max() <= 1


@pytest.mark.parametrize("style", ["diffusers", "kohya"])
def test_older_names_mean_the_same(sd: Tiny, style: str, tmp_path: Path) -> None:
    network = network_of(made("sd-9"))
    file = tiny_adapters.lora(network, tmp_path / "old.safetensors", style, "unet", ("to_q", "to_v"), 1)
    assert np.abs(sd.draw((file, 0.8)).astype(int) - sd.draw((sd.lora, 0.8))).max() <= 1


def test_a_lora_may_be_for_the_words_too(sd: Tiny, tmp_path: Path) -> None:
    encoder = made("sd-9").text_encoder
    words = tiny_adapters.lora(
        encoder, tmp_path / "words.safetensors", "peft", "text_encoder.text_model", ("q_proj",), 3
    )
    drawn = sd.draw((words, 2.0))
    assert not np.array_equal(drawn, sd.plain)
    assert not np.array_equal(sd.draw((words, 2.0), (sd.lora, 0.5)), sd.draw((sd.lora, 0.5)))
    assert np.array_equal(sd.draw(), sd.plain)


def test_files_are_read_once(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    added = [(tiny.lora, 1.0), (tiny.likeness, 1.0)]
    tiny.draw(*added, reference=REFERENCE)
    for loader in ("load_lora_weights", "load_ip_adapter"):
        monkeypatch.setattr(type(tiny.pipe), loader, lambda *_, **__: pytest.fail("read again"))
    tiny.draw((tiny.lora, 0.4), (tiny.likeness, 0.3), reference=255 - REFERENCE, seeds=(9,))
    tiny.draw()
    tiny.draw(*added, reference=REFERENCE)


def test_the_loras_used_last_are_kept(sd: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.hf.loras.MOST_LORAS", 2)
    third = Path(shutil.copy(sd.lora, tmp_path / "third.safetensors"))
    sd.draw((sd.lora, 1.0))
    sd.draw((sd.other, 1.0))
    assert np.array_equal(sd.draw((third, 1.0)), sd.draw((sd.lora, 1.0)))
    assert set(sd.adapters._loras.names) == {third, sd.lora}
    assert len(sd.draw((sd.lora, 1.0), (third, 0.5), (sd.other, 1.0))) and len(sd.adapters._loras.names) == 3


# --- IP-Adapter ---


def test_the_reference_decides_by_the_weight(tiny: Tiny) -> None:
    like = tiny.draw((tiny.likeness, 1.0), reference=REFERENCE)
    assert apart(like, tiny.draw((tiny.likeness, 1.0), reference=255 - REFERENCE)) > 0.01
    assert 0 < apart(tiny.draw((tiny.likeness, 0.05), reference=REFERENCE), tiny.plain) < apart(like, tiny.plain)
    assert np.array_equal(tiny.draw((tiny.likeness, 0.0), reference=REFERENCE), tiny.plain)
    assert np.array_equal(tiny.draw(), tiny.plain)
    assert np.array_equal(tiny.draw((tiny.likeness, 1.0), reference=REFERENCE), like)


def test_a_lora_and_a_likeness_go_together(tiny: Tiny) -> None:
    both = tiny.draw((tiny.lora, 0.5), (tiny.likeness, 0.5), reference=REFERENCE)
    assert not np.array_equal(both, tiny.draw((tiny.likeness, 0.5), reference=REFERENCE))
    assert not np.array_equal(both, tiny.draw((tiny.lora, 0.5)))
    assert np.array_equal(tiny.draw(), tiny.plain)


def test_an_image_is_the_same_alone_and_beside_others(tiny: Tiny) -> None:
    added = [(tiny.lora, 0.5), (tiny.likeness, 0.5)]
    two = tiny.draw(*added, reference=REFERENCE, seeds=(8, 7))
    assert np.abs(two[1].astype(int) - tiny.draw(*added, reference=REFERENCE)[0]).max() <= 2
    assert apart(two[0], two[1]) > 0.5


def test_the_image_encoder_of_its_width_is_found(sd: Tiny, tmp_path: Path) -> None:
    sd.draw((sd.likeness, 1.0), reference=REFERENCE)  # what fails after it leaves no trace of it either
    file = tiny_adapters.ip_adapter(sd.pipe.unet, tmp_path / "models" / "ip.safetensors", encoder=False)
    assert "there is none: lay its config.json" in sd.refused((file, 1.0), reference=REFERENCE)
    tiny_adapters.image_encoder(tmp_path / "models" / "image_encoder", looks=12)
    assert "another's" in sd.refused((file, 1.0), reference=REFERENCE)
    tiny_adapters.image_encoder(tmp_path / "others" / "image_encoder")
    drawn = sd.draw((file, 1.0), reference=REFERENCE)
    assert np.array_equal(drawn, sd.draw((sd.likeness, 1.0), reference=REFERENCE))


def test_what_a_likeness_needs_is_said(sd: Tiny, tmp_path: Path) -> None:
    assert "needs a reference picture" in sd.refused((sd.likeness, 1.0))
    assert "Only an IP-Adapter looks" in sd.refused((sd.lora, 1.0), reference=REFERENCE)
    twin = Path(shutil.copytree(sd.likeness.parent, tmp_path / "twin")) / sd.likeness.name
    assert "One IP-Adapter at a time" in sd.refused((sd.likeness, 1.0), (twin, 1.0), reference=REFERENCE)


# --- ControlNet ---


@pytest.mark.parametrize("tiny", CONTROLNETS, indirect=True)
def test_a_controlnet_counts_by_its_weight_and_leaves_no_trace(tiny: Tiny) -> None:
    whole, less = (tiny.draw((tiny.control, weight)) for weight in (1.0, 0.02))
    assert 0 < apart(less, tiny.plain) < apart(whole, tiny.plain)
    assert np.array_equal(tiny.draw((tiny.control, 0.0)), tiny.plain) and np.array_equal(tiny.draw(), tiny.plain)
    assert np.array_equal(tiny.draw((tiny.control, 1.0)), whole)
    both = tiny.draw((tiny.control, 1.0), (tiny.lora, 0.5))
    assert not np.array_equal(both, whole) and not np.array_equal(both, tiny.draw((tiny.lora, 0.5)))
    two = tiny.draw((tiny.control, 1.0), seeds=(8, 7))
    assert np.abs(two[1].astype(int) - whole[0]).max() <= 2
    if tiny.name == "flux":
        message = tiny.refused((tiny.control, 1.0), (tiny.likeness, 1.0), reference=REFERENCE)
        assert "no IP-Adapter beside a ControlNet" in message
    else:
        like = tiny.draw((tiny.control, 1.0), (tiny.likeness, 1.0), reference=REFERENCE)
        assert not np.array_equal(like, whole)


@pytest.mark.parametrize("tiny", CONTROLNETS, indirect=True)
def test_a_controlnet_sees_what_is_kept_and_nothing_of_the_hole(tiny: Tiny) -> None:
    whole, image = tiny.draw((tiny.control, 1.0)), a_request().image
    hidden, kept = image.copy(), image.copy()
    hidden[20:40, 20:50] = 77
    kept[:8] = 77
    shown = []
    for each in (image, hidden, kept):
        request = a_request(image=each, adapters=(Adapter(str(tiny.control), 1.0),))
        tiny.adapters.put(request)
        shown.append(np.asarray(tiny.adapters.arguments(request)["control_image"]))
    assert np.array_equal(shown[0], shown[1]) and not np.array_equal(shown[0], shown[2])
    inside = np.s_[:, 20:44, 20:52]  # where the network that draws sees nothing of the picture
    assert not np.array_equal(whole[inside], tiny.draw((tiny.control, 1.0), image=kept)[inside])
    if tiny.name == "sd-9":
        assert shown[0].shape == (1, 3, SIDE, SIDE)
        assert (shown[0][0, :, 16:48, 16:56] == -1).all() and shown[0].max() <= 1 and (shown[0] < 0).mean() < 0.4


@pytest.mark.parametrize("name", ["sd3", "qwen-image"])
def test_a_controlnet_that_knows_the_mask_draws_from_nothing(name: str, tmp_path: Path) -> None:
    pipe = made(name)
    kind, how = {
        "sd3": ("SD3ControlNetModel", {"num_extra_conditioning_channels": 1, "load_weights_from_transformer": False}),
        "qwen-image": ("QwenImageControlNetModel", HEADS | {"extra_condition_channels": 4}),
    }[name]
    control = tiny_adapters.controlnet(pipe.transformer, tmp_path / "control", kind, **how)
    adapters, drawn = Adapters(pipe), []
    request = a_request(adapters=(Adapter(str(control), 1.0),))
    for _ in range(2):
        adapters.put(request)
        ready = adapters.pipeline()
        images = ready(
            prompt=["a red cat"], height=SIDE, width=SIDE, num_inference_steps=2,
            generator=[torch.Generator().manual_seed(7)], **adapters.arguments(request),
        ).images  # fmt: skip
        drawn.append(np.asarray(images[0]))
    assert np.array_equal(drawn[0], drawn[1]) and drawn[0].std() > 1
    with pytest.raises(ValueError, match="set the strength to 1"):
        adapters.put(replace(request, strength=0.5))


def test_another_models_controlnet_is_refused(sd: Tiny, tmp_path: Path) -> None:
    xl = tiny_adapters.controlnet(network_of(made("sdxl-4")), tmp_path / "xl", "ControlNetModel")
    assert "another model's ControlNet: its cross_attention_dim is" in sd.refused((xl, 1.0))
    copied = Path(shutil.copytree(sd.control, tmp_path / "copied"))
    tiny_adapters.set_config(copied, _class_name="FluxControlNetModel")
    assert "is a FluxControlNetModel, StableDiffusionInpaintPipeline takes ControlNetModel" in sd.refused((copied, 1.0))
    tiny_adapters.set_config(copied, _class_name="ControlNetModel")
    assert "One ControlNet at a time" in sd.refused((sd.control, 1.0), (copied, 1.0))
    (copied / "diffusion_pytorch_model.safetensors").unlink()
    assert "cannot be read as a ControlNetModel" in sd.refused((copied, 1.0))


# --- what fits, and what is none ---


def test_another_models_adapters_are_refused_and_leave_no_trace(tiny: Tiny, sd: Tiny, tmp_path: Path) -> None:
    other = network_of(made("sdxl-4" if tiny.name != "sdxl-4" else "sd-4"))
    likeness = tiny_adapters.ip_adapter(other, tmp_path / "ip" / "ip.safetensors")
    assert "another model's IP-Adapter" in tiny.refused((likeness, 1.0), reference=REFERENCE)
    assert len(tiny.draw((tiny.likeness, 1.0), reference=REFERENCE))  # its own still does
    if tiny.name != "flux":
        stranger = tiny_adapters.lora(other, tmp_path / "a.safetensors", "peft", "unet")
        assert "another model's LoRA" in tiny.refused((stranger, 1.0))
    stranger = tmp_path / "b.safetensors"
    save_file({f"{tiny.part}.nowhere.to_q.lora_{which}.weight": torch.ones(2, 2) for which in "AB"}, stranger)
    assert "another model's LoRA" in tiny.refused((stranger, 1.0))
    assert len(tiny.draw((tiny.lora, 1.0)))
    assert np.array_equal(tiny.draw(), tiny.plain)


def test_a_pipeline_that_takes_none_says_so(sd: Tiny) -> None:
    adapters = Adapters(SimpleNamespace(unet=None, components={}))
    for file, kind in ((sd.lora, "LoRA"), (sd.likeness, "IP-Adapter"), (sd.control, "ControlNet")):
        reference = REFERENCE if kind == "IP-Adapter" else None
        with pytest.raises(ValueError, match=f"SimpleNamespace takes no {kind}"):
            adapters.put(a_request(adapters=(Adapter(str(file), 1.0),), reference=reference))


def test_only_those_that_are_offered_are_read(sd: Tiny, tmp_path: Path) -> None:
    """Whatever a document names: of what is not offered it is not said whether it is there."""
    offered = Adapters(SimpleNamespace(unet=None, components={}), lambda: frozenset({str(sd.lora)}))
    name: Path | str
    for name in (sd.lora, sd.lora.parent / "." / sd.lora.name):
        with pytest.raises(ValueError, match="SimpleNamespace takes no LoRA"):  # it was read
            offered.put(a_request(adapters=(Adapter(str(name), 1.0),)))
    for name in (sd.control, tmp_path / "nowhere.safetensors", "owner/model"):
        with pytest.raises(ValueError, match="none of those offered here"):
            offered.put(a_request(adapters=(Adapter(str(name), 1.0),)))


def test_what_replaces_layers_is_refused(sd: Tiny, tmp_path: Path) -> None:
    file = tmp_path / "control-lora.safetensors"
    save_file(load_file(sd.lora) | {"transformer.x_embedder.lora_A.weight": torch.ones(2, 8)}, file)
    assert "replaces layers" in sd.refused((file, 1.0))


def test_files_that_are_no_adapters_are_refused_by_a_sentence(sd: Tiny, tmp_path: Path) -> None:
    def refused(path: Path) -> str:
        with pytest.raises(ValueError) as error:
            adapter_file(str(path), False)
        return str(error.value)

    assert "There is no file or folder" in refused(tmp_path / "nothing.safetensors")
    for name in ("a.bin", "a.pt", "a.ckpt"):
        (tmp_path / name).write_bytes(b"\x80\x04.")
        assert "is a pickle, which can run code and is never read" in refused(tmp_path / name)
    assert "holds no adapter's .safetensors: only a.bin, a pickle" in refused(tmp_path)
    half = tmp_path / "half.safetensors"
    half.write_bytes(sd.lora.read_bytes()[:-9])
    assert "damaged or there in part" in refused(half)
    save_file({"weight": torch.ones(2)}, half)
    assert "is no LoRA, IP-Adapter or ControlNet" in refused(half)
    save_file({"control_model.input": torch.ones(2)}, half)
    assert "without its config.json" in refused(half)
    save_file({"image_proj.proj.weight": torch.ones(2), "ip_adapter.1.to_k_lora.down.weight": torch.ones(2)}, half)
    assert "a face's description" in refused(half)
    (tmp_path / "picture.png").write_bytes(b"")
    assert "is no .safetensors" in refused(tmp_path / "picture.png")
    assert "holds 2 files of weights (lora.safetensors, other.safetensors): name one" in refused(sd.folder)
    assert adapter_file(str(sd.likeness.parent), False).path == sd.likeness  # a folder with one
    (sd.control / "config.json").rename(tmp_path / "config.json")
    (tmp_path / "config.json").write_text("{")
    assert "config.json cannot be read" in refused(tmp_path)
    (tmp_path / "config.json").write_text('{"_class_name": "ControlNetModel"}')


# --- names ---


def test_a_relative_name_is_made_one_in_full(sd: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sd.folder.parent)
    assert canonical_adapter(f"{sd.folder.name}/lora.safetensors") == str(sd.lora.resolve())
    assert canonical_adapter(f"{sd.folder.name}/control") == str((sd.folder / "control").resolve())
    for on_hub in ("owner/model", "owner/model/models/ip.safetensors"):
        assert canonical_adapter(on_hub) == on_hub
    assert canonical_adapter("loras/gone.safetensors") == str(Path("loras/gone.safetensors").resolve())


def test_the_hub_is_asked_only_by_who_typed_the_name(sd: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = tmp_path / "repository" / "models"
    repository.mkdir(parents=True)
    shutil.copy(sd.likeness, repository / "ip.safetensors")
    shutil.copytree(sd.likeness.parent / "image_encoder", repository / "image_encoder")
    (repository / "other.safetensors").write_bytes(b"x" * 2000)
    with served(tmp_path, monkeypatch) as hub:
        hub.models["owner/model"] = repository.parent
        check_adapter_of_hub(sd, hub, tmp_path)


def check_adapter_of_hub(sd: Any, hub: FakeHub, tmp_path: Path) -> None:
    name = "owner/model/models/ip.safetensors"
    with pytest.raises(ValueError, match=f"--adapter {name}` downloads it"):
        adapter_file(name, False)
    found = adapter_file(name, True)
    cache = tmp_path / "hub" / "models--owner--model" / "snapshots" / COMMIT
    assert found == (adapter_files.IP_ADAPTER, cache / "models" / "ip.safetensors", "")
    assert adapter_files.encoder_of(found.path) == cache / "models" / "image_encoder"
    assert not (cache / "models" / "other.safetensors").exists()
    asked = len(hub.asked)
    assert adapter_file(name, True) == adapter_file(name, False) == found
    assert len(hub.asked) == asked  # from the cache ever after
    drawn = sd.draw((Path(name), 1.0), reference=REFERENCE)
    assert np.array_equal(drawn, sd.draw((sd.likeness, 1.0), reference=REFERENCE))
