"""Networks from files: exactly theirs or a sentence, and no more memory than they need."""

import gzip
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from pipelines.glide.clip import ClipImage, ClipText
from pipelines.glide.config import CLIP, PRESETS, UNetConfig
from pipelines.glide.unet import UNet
from pipelines.glide.weights import load_unet, save_unet

ROOT = Path(__file__).parents[2]
RELEASED = json.loads(gzip.decompress((ROOT / "tests" / "data" / "released_parameters.json.gz").read_bytes()))
TINY = UNetConfig(16, 8, (1, 2), 1, (8,), 8, 4, vocabulary=512, context=24, text_width=16, text_layers=1, text_heads=2)
LARGE = replace(TINY, width=160, mult=(1, 2, 3), attend=(8, 4), groups=32, text_width=256, text_layers=2)

State = dict[str, torch.Tensor]
SAVE: dict[str, Callable[..., object]] = {
    "tiny.safetensors": save_file,
    "tiny.pt": torch.save,
    "old.pt": partial(torch.save, _use_new_zipfile_serialization=False),
}


@pytest.fixture
def state() -> State:
    """Random numbers for every parameter, zeroed ones too."""
    random = torch.Generator().manual_seed(0)
    return {name: torch.randn(value.shape, generator=random) for name, value in UNet(TINY).state_dict().items()}


@pytest.mark.parametrize("name", SAVE)
def test_weights_come_back_as_they_were(state: State, name: str, tmp_path: Path) -> None:
    SAVE[name](state, tmp_path / name)
    with torch.inference_mode():
        loaded = load_unet(TINY, tmp_path / name)
    assert not loaded.training
    for name, value in loaded.named_parameters():
        assert torch.equal(value, state[name]) and value.dtype == torch.float32, name
        assert not value.requires_grad and not value.is_inference(), name


@pytest.mark.parametrize("name", SAVE)
def test_half_precision_and_odd_strides_come_back_as_plain_float32(state: State, name: str, tmp_path: Path) -> None:
    half = {name: value.bfloat16() for name, value in state.items()}
    if name.endswith(".pt"):
        half["out.2.weight"] = half["out.2.weight"].to(memory_format=torch.channels_last)
    SAVE[name](half, file := tmp_path / name)
    for name, value in load_unet(TINY, file).named_parameters():
        assert torch.equal(value, half[name].float()) and value.dtype == torch.float32 and value.is_contiguous(), name


def test_the_embedded_models_files_are_bfloat16(state: State, tmp_path: Path) -> None:
    file = tmp_path / "folder" / "tiny.safetensors"
    save_unet(state, file)
    assert file.stat().st_size < 3 * sum(value.numel() for value in state.values())
    for name, value in load_unet(TINY, file).state_dict().items():
        assert torch.equal(value, state[name].bfloat16().float()), name


@pytest.mark.parametrize("name", SAVE)
def test_weights_that_do_not_fit_are_named(state: State, name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    with pytest.raises(ValueError, match=rf"{name} are not there"):
        load_unet(TINY, file)
    broken = state["out.2.weight"].clone()
    broken[0, 0, 0, 0] = torch.nan
    endless = state["out.2.weight"].clone()
    endless[-1, -1, -1, -1] = -torch.inf
    for change, sentence in (
        (lambda s: s.pop("out.2.bias"), "lack out.2.bias"),
        (lambda s: s.update(extra=torch.zeros(1)), "hold extra"),
        (lambda s: s.update({"out.2.bias": torch.zeros(3)}), r"out.2.bias of shape \(3,\), not \(6,\)"),
        (lambda s: s.update({"out.2.bias": torch.zeros(6, dtype=torch.int64)}), "out.2.bias, which is no array"),
        (lambda s: s.update({"out.2.weight": broken}), "out.2.weight that are not finite"),
        (lambda s: s.update({"out.2.weight": endless}), "out.2.weight that are not finite"),
    ):
        changed = dict(state)
        change(changed)
        SAVE[name](changed, file)
        with pytest.raises(ValueError, match=sentence):
            load_unet(TINY, file)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")  # PyTorch's own, of a changed byte
@pytest.mark.parametrize("name", SAVE)
def test_damaged_files_are_a_sentence(state: State, name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    SAVE[name](state, file)
    whole = file.read_bytes()
    random = Random(0)
    cut = [whole[: random.randrange(len(whole))] for _ in range(20)]
    changed = [whole[:place] + bytes([255 - whole[place]]) + whole[place + 1 :] for place in range(0, 1000, 25)]
    for damaged in (b"", b"not weights at all, but text", whole[8:], *cut, *changed):
        file.write_bytes(damaged)
        try:
            load_unet(TINY, file)
        except ValueError as error:
            sentence = str(error)
            assert name in sentence and "\n" not in sentence
        else:
            assert damaged in changed  # a byte of a number, or of what nobody reads


class Code:
    """What a malicious file holds: a call."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return exec, (f"open({str(self.file)!r}, 'w').close()",)


def test_code_in_a_file_is_not_run(state: State, tmp_path: Path) -> None:
    file, proof = tmp_path / "tiny.pt", tmp_path / "proof"
    for content in (Code(proof), state | {"extra": Code(proof)}):
        torch.save(content, file)
        with pytest.raises(ValueError, match="holds more than weights"):
            load_unet(TINY, file)
        file.write_bytes(pickle.dumps(content, protocol=2))
        with pytest.raises(ValueError, match="holds more than weights"):
            load_unet(TINY, file)
    assert not proof.exists()


@pytest.mark.parametrize("content", [[1, 2], {1: 2}, {"step": 1}, {"weights": {}}, {"x": torch.zeros(2).to_sparse()}])
def test_what_is_no_table_of_weights_is_a_sentence(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "tiny.pt")
    with pytest.raises(
        ValueError, match=r"tiny\.pt (does not hold weights by|hold (step|weights|x), which is no array)"
    ):
        load_unet(TINY, tmp_path / "tiny.pt")


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="peak memory is read from Linux's /proc")
def test_memory_peaks_near_the_weights_own_size(state: State, tmp_path: Path) -> None:
    with torch.device("meta"):
        wanted = UNet(LARGE).state_dict()
    large = {name: torch.ones(value.shape) for name, value in wanted.items()}
    for name in ("tiny.safetensors", "tiny.pt"):
        SAVE[name](state, tmp_path / name)
        SAVE[name](large, tmp_path / name.replace("tiny", "large"))
    # not ru_maxrss, which a new process takes over from the one that started it; "5" begins a new peak
    measure = f"""
import re, sys
from pathlib import Path
from pipelines.glide.config import UNetConfig
from pipelines.glide.weights import load_unet

def size(what):
    return int(re.search(what + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

for ending in (".safetensors", ".pt"):
    load_unet({TINY}, Path("tiny" + ending))  # what PyTorch itself loads when first asked
    Path("/proc/self/clear_refs").write_text("5")
    before = size("VmRSS")
    network = load_unet({LARGE}, Path("large" + ending))
    print((size("VmHWM") - before) / Path("large" + ending).stat().st_size)
    del network
assert "sympy" not in sys.modules  # one of 800 that come along when PyTorch draws random numbers without memory
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", measure]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    grown = [float(line) for line in ran.stdout.split()]
    assert len(grown) == 2 and all(0.9 < ratio < 1.35 for ratio in grown), grown


@pytest.mark.parametrize("name", RELEASED)
def test_the_released_forms_have_the_released_parameters(name: str) -> None:
    make: dict[str, Callable[[], nn.Module]] = {
        "clip_text_enc": partial(ClipText, CLIP),
        "clip_image_enc": partial(ClipImage, CLIP),
    }
    with torch.device("meta"):
        network: nn.Module = make[name]() if name in make else UNet(PRESETS[name])
    assert {name: list(value.shape) for name, value in network.state_dict().items()} == RELEASED[name]
