"""How diffusers' pipelines run here: memory plans, what is not worked out twice, soft masks, rounding, compiling."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import app
from editor.formats.export import recipe_of
from editor.recipes.recipe import Recipe
from pipelines.base import Adapter, Setup, run
from pipelines.exclusive import MODEL_LOCK
from pipelines.hf import memory
from pipelines.hf.caches import MOST, Cache, memoize
from pipelines.hf.loading import load_hf
from pipelines.hf.memory import PLANS, Weights, bytes_needed
from tests import tiny_adapters
from tests.models.test_hf import (
    SIDE,
    a_request,
    again,
    apart,
    network_of,
    saved,
    small,
    steps_of,
    tiny,
    with_a_plain_decoder,
)

__all__ = ["saved", "small", "tiny"]  # fixtures
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
HELD = ("sd-4", "sdxl-4", "sd3", "flux", "qwen-image", "z-image")  # whose networks do not see the mask
PLAN = pytest.mark.parametrize("plan", [each.name for each in PLANS])


@pytest.fixture
def fresh(saved: Any) -> Any:
    """(name, plan) -> a pipeline that nobody else has, loaded as a user loads it."""
    return lambda name, plan="auto": load_hf(str(saved(name)), name, Setup(memory=plan), False)


@contextmanager
def runs_of(*networks: nn.Module) -> Iterator[list[int]]:
    """How many inputs each run of the networks had, in order."""
    inputs: list[int] = []

    def ran(network: nn.Module, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        inputs.append(len(next(each for each in (*args, *named.values()) if isinstance(each, torch.Tensor))))

    hooks = [network.register_forward_pre_hook(ran, with_kwargs=True) for network in networks]
    try:
        yield inputs
    finally:
        for hook in hooks:
            hook.remove()


# --- memory ---


@pytest.mark.parametrize(
    "name", ["sd-9", "flux-fill", *(pytest.param(each, marks=pytest.mark.proof) for each in ("sdxl-4", "kandinsky"))]
)
def test_every_plan_draws_the_same(tiny: Any, fresh: Any, name: str) -> None:
    """Decoding in tiles changes a picture, where it lies does not."""
    drawn = {}
    for plan in PLANS:
        pipeline = fresh(name, plan.name)
        drawn[plan.name] = run(pipeline.inpaint(a_request(seeds=(1, 2))))
        begun = pipeline.inpaint(a_request(steps=3))
        next(begun)
        begun.close()  # stopped in the midst of it, the plan still holds
        steps, images = steps_of(pipeline, a_request(seeds=(1, 2)))
        assert np.array_equal(images, drawn[plan.name]) and all(step.preview is not None for step in steps)
    assert np.array_equal(drawn["whole"], run(tiny(name).inpaint(a_request(seeds=(1, 2)))))
    assert np.abs(drawn["offload"].astype(int) - drawn["tiled"]).max() <= 2
    assert np.abs(drawn["sequential"].astype(int) - drawn["tiled"]).max() <= 2
    assert apart(drawn["tiled"], drawn["whole"]) < 30


@pytest.mark.parametrize("name", ["sd-9", "kandinsky"])
def test_networks_that_are_offloaded_leave_the_device_when_a_run_is_stopped(
    fresh: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = fresh(name, "offload")
    left, move = [], nn.Module.to

    def to(network: nn.Module, *args: Any, **how: Any) -> Any:
        if "cpu" in (*map(str, args), str(how.get("device"))):  # the device is called cpu:0
            left.append(network)
        return move(network, *args, **how)

    monkeypatch.setattr(nn.Module, "to", to)
    begun = pipeline.inpaint(a_request(steps=3))
    next(begun)
    left.clear()
    begun.close()
    assert network_of(pipeline) in left and pipeline._pipe.vae in left


def test_the_plan_is_the_first_that_fits(fresh: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    caplog.set_level(logging.INFO)
    pipe = fresh("sd-9")._pipe
    weights, card = memory.weights_of(pipe), torch.device("meta")
    monkeypatch.setattr(memory.Memory, "_put", lambda self, plan: setattr(self, "plan", plan))
    wants = [bytes_needed(plan, weights, SIDE, 4) for plan in PLANS]
    assert wants == sorted(wants, reverse=True) and weights.layer < weights.network < weights.all
    for free, expected in ((wants[0], 0), (wants[0] - 1, 1), (wants[1] - 1, 2), (wants[2] - 1, 3), (0, 3)):
        monkeypatch.setattr(memory, "free_bytes", lambda device, free=free: free)
        assert memory.Memory(pipe, "it", card, SIDE, "auto", 1).plan is PLANS[expected]
        assert PLANS[expected].description in caplog.messages[-1] and "it: 0.0 GB of float32" in caplog.messages[-1]
        assert memory.Memory(pipe, "it", torch.device("cpu"), SIDE, "auto", 1).plan in PLANS[:2]
        assert memory.Memory(pipe, "it", card, SIDE, "offload", 1).plan is PLANS[2]


def test_weights_are_counted_in_bytes() -> None:
    pipe: Any = type("Pipe", (), {"components": {"a": nn.Linear(3, 5), "b": nn.Sequential(nn.Linear(2, 2)), "c": None}})
    assert memory.weights_of(pipe) == Weights(80 + 24, 80, 80)
    pipe.components["b"]._supports_group_offloading = False  # it stays beside whatever layer is there
    assert memory.weights_of(pipe) == Weights(80 + 24, 80, 80 + 24)


@pytest.mark.parametrize(("card", "free", "made_each_time"), [("cuda", 208, 0), ("cuda", 207, 1), ("mps", 207, 0)])
def test_a_second_copy_of_the_weights_is_made_where_there_is_room(
    card: str, free: int, made_each_time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid: dict[str, Any] = {}
    pipe = SimpleNamespace(
        components={"a": nn.Linear(3, 5), "b": nn.Linear(2, 2)},
        remove_all_hooks=lambda: None, to=lambda device: None,
        enable_group_offload=lambda device, **how: laid.update(how),
    )  # fmt: skip
    monkeypatch.setattr(memory, "free_bytes", lambda device: free if device.type == "cpu" else 0)
    PLANS[-1].put(pipe, torch.device(card))
    assert (laid["use_stream"], laid["low_cpu_mem_usage"]) == (card == "cuda", bool(made_each_time))


@pytest.mark.parametrize("name", ["sd-9", "kandinsky"])
def test_a_run_that_finds_too_little_memory_goes_on_in_the_next_plan(fresh: Any, name: str, caplog: Any) -> None:
    expected = run(fresh(name, "sequential").inpaint(a_request()))
    pipeline, tried = fresh(name, "whole"), []

    def allocate(*_: Any) -> None:
        if pipeline._memory.plan.name not in tried:
            tried.append(pipeline._memory.plan.name)
            if len(tried) < 4:
                raise torch.OutOfMemoryError("CUDA out of memory")

    hook = network_of(pipeline).register_forward_pre_hook(allocate)
    try:
        assert (
            apart(run(pipeline.inpaint(a_request())), expected) < 1
        )  # the picture was coded before it was done in tiles
        assert tried == [plan.name for plan in PLANS]
        plans = [message.split("--memory ")[1] for message in caplog.messages if "From now on" in message]
        assert plans == ["tiled.", "offload.", "sequential."]
        run(pipeline.inpaint(a_request()))  # and stays there
        assert pipeline._memory.plan is PLANS[-1]
    finally:
        hook.remove()


def test_a_plan_of_no_name_is_refused(fresh: Any) -> None:
    with pytest.raises(ValueError, match="no memory plan 'huge'; there are auto, whole, tiled, offload, sequential"):
        fresh("sd-9", "huge")


def test_no_step_is_taken_while_a_model_is_read(saved: Any, tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the meantime the whole process makes its tensors in the numbers of that model."""
    kind, read = type(tiny("sd-9")._pipe), []

    def reading(*args: Any, **how: Any) -> Any:
        read.append(MODEL_LOCK.locked())
        return found(*args, **how)

    found = kind.from_pretrained
    monkeypatch.setattr(kind, "from_pretrained", reading)
    load_hf(str(saved("sd-9")), "it", Setup(), False)
    assert read == [True] and not MODEL_LOCK.locked()


# --- what is not worked out twice ---


@pytest.mark.parametrize("name", ["sd-9", "sdxl-4", "flux-fill", "qwen-image", "z-image"])
def test_a_prompt_and_a_picture_that_were_seen_are_not_read_again(fresh: Any, tiny: Any, name: str) -> None:
    pipeline = fresh(name)
    expected = run(tiny(name).inpaint(a_request(seeds=(1, 2, 3))))
    pipe = pipeline._pipe
    readers = [part for name, part in pipe.components.items() if name.startswith("text_encoder") and part]
    assert pipeline._colours is not None  # which codes a picture of its own
    with runs_of(*readers) as read, runs_of(pipe.vae.encoder) as coded:
        assert np.array_equal(run(pipeline.inpaint(a_request(seeds=(1,))))[0], expected[0])
        first, pictures = len(read), len(coded)
        assert first and pictures
        assert np.array_equal(run(pipeline.inpaint(a_request(seeds=(2,), steps=2)))[0], expected[1])
        assert len(read) == first and len(coded) == pictures  # a variation
        run(pipeline.inpaint(a_request(prompt="a blue dog")))
        assert len(read) > first and len(coded) == pictures  # other words on the same picture
        read.clear()
        run(pipeline.inpaint(a_request(image=255 - a_request().image)))
        assert not read and len(coded) > pictures
        seen = len(coded)
        together = run(again(pipeline, 3).inpaint(a_request(seeds=(1, 2, 3))))
        assert len(coded) == seen  # beside others too
        assert apart(together, expected) < 1
    assert set(coded) == {1}  # in a batch all are the same picture


def test_what_cannot_be_compared_is_asked_each_time() -> None:
    asked: list[object] = []
    reads = memoize(lambda words, **named: asked.append(words), Cache(), None)
    reads(["a"], image=np.ones(3)), reads(["a"], image=np.ones(3))
    assert len(asked) == 1
    reads(["a"], image=np.zeros(3)), reads(["a"], image=np.ones(3, np.float32)), reads(("b",)), reads(["b"])
    assert len(asked) == 4
    reads(object()), reads(asked.append)
    assert len(asked) == 6
    memoize(lambda words: asked.append(words), Cache(), "other")(["b"])
    assert len(asked) == 7


def test_a_cache_forgets_what_was_not_asked_for_longest() -> None:
    cache, made = Cache(), []
    for key in (*range(MOST), 0, MOST, 0, 1):
        cache.get(key, lambda key=key: made.append(key))
    assert made == [*range(MOST + 1), 1]


# --- soft masks ---


@pytest.mark.parametrize("name", HELD)
def test_a_mask_of_a_half_everywhere_is_a_strength_of_a_half(tiny: Any, name: str) -> None:
    pipeline = tiny(name)
    assert pipeline.soft
    everywhere = np.full((SIDE, SIDE), 255, np.uint8)
    half = a_request(mask=everywhere, strength=0.5, steps=4, sampler="ddim")
    soft = a_request(mask=np.full_like(everywhere, 127), steps=4, sampler="ddim")
    expected = run(pipeline.inpaint(half))
    assert (
        apart(run(pipeline.inpaint(soft)), expected) < 0.5 < apart(run(pipeline.inpaint(a_request(steps=4))), expected)
    )


@pytest.mark.parametrize("name", HELD)
def test_the_softer_the_mask_the_less_is_repainted(tiny: Any, name: str) -> None:
    pipeline = again(tiny(name), 1, with_a_plain_decoder(tiny(name)._pipe))  # whose pixels are those of one latent
    mask = np.repeat(np.repeat(np.array([[0, 60, 120, 255]], np.uint8), 16, 1), SIDE, 0)
    steps, (image,) = steps_of(pipeline, a_request(mask=mask, steps=8, sampler="ddim"))
    kept = run(pipeline.inpaint(a_request(mask=np.where(mask == 255, mask, np.uint8(0)), steps=8, sampler="ddim")))[0]
    changed = [apart(image[:, x : x + 16], kept[:, x : x + 16]) for x in (0, 16, 32)]
    assert changed[0] == 0 < changed[1] < changed[2]
    assert steps[-1].preview is not None and steps[-1].index == steps[-1].total == 8


def test_where_the_network_sees_the_mask_any_touch_of_it_is_unknown(tiny: Any) -> None:
    for name in ("sd-9", "sdxl-9", "flux-fill"):
        assert not tiny(name).soft
        soft = np.where(a_request().mask > 0, np.uint8(9), np.uint8(0))
        assert np.array_equal(run(tiny(name).inpaint(a_request(mask=soft))), run(tiny(name).inpaint(a_request())))


# --- compiled, rounded ---


def test_compiling_is_of_the_blocks_that_repeat(saved: Any, tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    monkeypatch.setattr(nn.Module, "compile", lambda self, **how: compiled.append(type(self).__name__))
    pipeline = load_hf(str(saved("flux-fill")), "it", Setup(compiled=True), False)
    assert sorted(set(compiled)) == sorted(cast(Any, type(network_of(tiny("flux-fill"))))._repeated_blocks)
    assert np.array_equal(run(pipeline.inpaint(a_request())), run(tiny("flux-fill").inpaint(a_request())))


def test_rounding_needs_its_library_and_known_numbers(saved: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="rounded to fp8, int8, int4, not to 'int3'"):
        load_hf(str(saved("sd-9")), "it", Setup(quantised="int3"), False)
    monkeypatch.setitem(sys.modules, "torchao.quantization", None)
    with pytest.raises(ValueError, match=r"needs torchao .*pip install torchao"):
        load_hf(str(saved("sd-9")), "it", Setup(quantised="fp8"), False)


@pytest.mark.skipif(find_spec("torchao") is None, reason="torchao is not installed: who rounds weights installs it")
@pytest.mark.parametrize("name", ["sd-9", "flux-fill"])
@pytest.mark.parametrize("numbers", ["fp8", "int8"])
def test_rounded_weights_take_less_and_draw_almost_the_same(saved: Any, tiny: Any, name: str, numbers: str) -> None:
    rounded = load_hf(str(saved(name)), "it", Setup(quantised=numbers), False)
    assert 0 < apart(run(rounded.inpaint(a_request())), run(tiny(name).inpaint(a_request()))) < 3
    assert memory.weights_of(rounded._pipe).all < memory.weights_of(tiny(name)._pipe).all


def test_a_card_that_others_filled_meanwhile_is_left_for_the_next_plan(
    fresh: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe, put = fresh("sd-9")._pipe, memory.Memory._put

    def full(self: memory.Memory, plan: memory.Plan) -> None:
        if plan.name in ("whole", "tiled"):
            raise torch.OutOfMemoryError("CUDA out of memory")
        put(self, plan)

    monkeypatch.setattr(memory.Memory, "_put", full)
    processor = torch.device("cpu")
    assert memory.Memory(pipe, "it", processor, SIDE, "auto", 1).plan.name == "offload"
    with pytest.raises(torch.OutOfMemoryError):
        memory.Memory(pipe, "it", processor, SIDE, "whole", 1)


# --- adapters, by the door that a user takes ---


@pytest.mark.parametrize("plan", ["whole", "offload", "sequential"])
@pytest.mark.parametrize("name", ["sd-4", pytest.param("sdxl-4", marks=pytest.mark.proof)])
def test_adapters_are_in_force_for_the_request_that_names_them(
    fresh: Any, tmp_path: Path, name: str, plan: str
) -> None:
    pipeline = fresh(name, plan)
    pipe = pipeline._pipe
    ink = tiny_adapters.lora(pipe.text_encoder, tmp_path / "ink.safetensors", "peft", "text_encoder", ("q_proj",))
    like = tiny_adapters.ip_adapter(pipe.unet, tmp_path / "like" / "like.safetensors")
    control = tiny_adapters.controlnet(pipe.unet, tmp_path / "control", "ControlNetModel")
    plain = run(pipeline.inpaint(a_request()))
    asked = {
        "words": a_request(adapters=(Adapter(str(ink), 1.0),)),  # which were read before, without it
        "picture": a_request(adapters=(Adapter(str(like), 1.0),), reference=255 - a_request().image),
        "hole": a_request(adapters=(Adapter(str(control), 1.0),)),
    }
    for request in (*asked.values(), *asked.values()):
        steps, images = steps_of(pipeline, request)
        assert apart(images, plain) > 0.05 and all(step.preview is not None for step in steps)
        begun = pipeline.inpaint(request)
        next(begun)
        begun.close()
        assert np.array_equal(run(pipeline.inpaint(a_request())), plain)


def test_a_lora_that_does_not_fit_leaves_networks_offloaded(fresh: Any, tiny: Any, tmp_path: Path) -> None:
    pipeline = fresh("sd-4", "offload")
    device = pipeline._pipe._execution_device  # as the hooks say, with a number
    ink = tiny_adapters.lora(network_of(tiny("sdxl-4")), tmp_path / "ink.safetensors", "peft", "unet")
    with pytest.raises(ValueError, match="another model's LoRA"):
        run(pipeline.inpaint(a_request(adapters=(Adapter(str(ink), 1.0),))))
    assert pipeline._pipe._execution_device == device
    assert np.array_equal(run(pipeline.inpaint(a_request())), run(fresh("sd-4", "tiled").inpaint(a_request())))


@pytest.mark.parametrize("loads", ["load_lora_weights", "load_ip_adapter"])
def test_an_adapter_that_finds_no_memory_is_not_called_another_models(
    fresh: Any, tmp_path: Path, loads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = fresh("sd-4", "whole")
    unet, read = pipeline._pipe.unet, getattr(type(pipeline._pipe), loads)
    file = tiny_adapters.lora(unet, tmp_path / "ink.safetensors", "peft", "unet")
    reference = None
    if loads == "load_ip_adapter":
        file, reference = (
            tiny_adapters.ip_adapter(unet, tmp_path / "like" / "like.safetensors"),
            255 - a_request().image,
        )

    def full(pipe: Any, *args: Any, **how: Any) -> None:
        read(pipe, *args, **how)
        if pipeline._memory.plan.name == "whole":
            raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(type(pipeline._pipe), loads, full)
    drawn = run(pipeline.inpaint(a_request(adapters=(Adapter(str(file), 1.0),), reference=reference)))
    assert pipeline._memory.plan.name == "tiled" and apart(drawn, run(pipeline.inpaint(a_request()))) > 0.05


def test_an_edit_by_command_line_takes_adapters(
    saved: Any, tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ink = tiny_adapters.lora(network_of(tiny("sd-4")), tmp_path / "ink.safetensors", "peft", "unet")
    Image.fromarray(a_request().image).save(tmp_path / "in.png")
    Image.fromarray(a_request().mask).save(tmp_path / "mask.png")
    drawn = {}
    for adapter in ([], ["--adapter", f"{ink}=0.5"], ["--adapter", f"{ink}=1.5"]):
        out = tmp_path / f"{len(drawn)}.png"
        words = ["edit", tmp_path / "in.png", "--mask", tmp_path / "mask.png", "--pipeline", f"hf:{saved('sd-4')}",
                 "--steps", "2", "--seed", "1", *adapter, "-o", out]  # fmt: skip
        monkeypatch.setattr(sys, "argv", ["app.py", *map(str, words)])
        assert app.main() == 0
        drawn[out] = np.asarray(Image.open(out))
        edit = Recipe.from_json(recipe_of(out.read_bytes()) or "").steps[0]
        assert [(each.name, each.weight) for each in edit.adapters] == [
            (ink.name, float(a.split("=")[1])) for a in adapter[1:]
        ]
    plain, little, much = drawn.values()
    assert 0 < apart(little, plain) < apart(much, plain)
