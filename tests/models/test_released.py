"""What OpenAI released, at a tiny size: finding it, loading it when needed, converting it once."""

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

import app
import pipelines
from pipelines.base import Request, run
from pipelines.calibration import Calibration
from pipelines.glide import download, released
from pipelines.glide import folder as model_folder
from pipelines.glide.clip import Clip, ClipImage, ClipText
from pipelines.glide.config import ClipConfig, UNetConfig
from pipelines.glide.folder import CLIP_HALVES, PAIRS, load_glide
from pipelines.glide.released import convert
from pipelines.glide.tokenizer import Tokenizer
from pipelines.glide.unet import UNet
from tests.models.test_tokenizer import GPT2_MERGES, write_clip, write_gpt2

BASE = UNetConfig(
    16,
    8,
    (1, 2),
    1,
    (8,),
    8,
    4,
    vocabulary=257 + len(GPT2_MERGES),
    context=24,
    text_width=16,
    text_layers=1,
    text_heads=2,
)
UPSAMPLE = replace(BASE, size=64, attend=(), upsample=True)
CONFIGS = {
    "base": BASE,
    "base_inpaint": replace(BASE, inpaint=True),
    "upsample": UPSAMPLE,
    "upsample_inpaint": replace(UPSAMPLE, inpaint=True),
}
CLIP = ClipConfig(16, 4, 12, 8, vocabulary=600, context=16, text_heads=2, text_blocks=1, image_heads=2, image_blocks=1)
MAKERS: dict[str, Callable[[], nn.Module]] = {
    **{name: partial(UNet, config) for name, config in CONFIGS.items()},
    "clip_text_enc": partial(ClipText, CLIP),
    "clip_image_enc": partial(ClipImage, CLIP),
}
convert_tiny = partial(convert, configs=CONFIGS, clip_config=CLIP)


class Recorded(NamedTuple):
    """Stands in for Glide: what it was given."""

    name: str
    networks: Mapping[str, Callable[[], UNet]]
    tokenizer: Tokenizer
    taught: frozenset[str] | None
    upsample_steps: int
    clip: Callable[[], Clip] | None
    compiled: bool
    defaults: Mapping[str, Any]
    live_steps: int
    calibration: Callable[[], Calibration | None]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Recorded]:
    monkeypatch.setattr(model_folder, "Glide", Recorded)
    return partial(load_glide, name="tiny", configs=CONFIGS, clip_config=CLIP)  # type: ignore[return-value]


@cache
def shapes_of(name: str) -> dict[str, torch.Size]:
    return {key: value.shape for key, value in MAKERS[name]().state_dict().items()}


def state_of(name: str, seed: int) -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    return {key: torch.randn(shape, generator=random) for key, shape in shapes_of(name).items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Everything that was released, as it was."""
    for seed, name in enumerate(MAKERS):
        torch.save(state_of(name, seed), tmp_path / f"{name}.pt")
    write_gpt2(tmp_path)
    write_clip(tmp_path)
    return tmp_path


def same(network: nn.Module, state: Mapping[str, torch.Tensor]) -> bool:
    mine = network.state_dict()
    return mine.keys() == state.keys() and all(torch.equal(mine[name], state[name]) for name in state)


# --- loading ---


def test_every_network_is_that_of_its_file(folder: Path, load: Callable[[Path], Recorded]) -> None:
    glide = load(folder)
    assert glide.name == "tiny" and glide.taught is None
    assert glide.networks.keys() == CONFIGS.keys()
    for name, network in glide.networks.items():
        assert network().config == CONFIGS[name] and same(network(), torch.load(folder / f"{name}.pt"))
    assert glide.tokenizer.encode("red")[0].shape == (24,)
    assert glide.clip is not None
    text, image, tokenizer, _ = glide.clip()
    for half, name in ((text, "clip_text_enc"), (image, "clip_image_enc")):
        assert same(half, torch.load(folder / f"{name}.pt"))
    assert tokenizer.encode("red")[0].shape == (16,)


def test_safetensors_come_first(folder: Path, load: Callable[[Path], Recorded]) -> None:
    converted = state_of("base", 99)
    save_file(converted, folder / "base.safetensors")
    assert same(load(folder).networks["base"](), converted)
    (folder / "base.pt").unlink()
    assert same(load(folder).networks["base"](), converted)


def test_one_pair_is_enough_and_half_a_pair_is_none(folder: Path, load: Callable[[Path], Recorded]) -> None:
    for pair, other in (PAIRS, PAIRS[::-1]):
        gone = folder / f"{other[0]}.pt"
        data = gone.read_bytes()
        gone.unlink()
        assert load(folder).networks.keys() == set(pair)
        gone.write_bytes(data)


@pytest.mark.parametrize("name", [*(f"{half}.pt" for half in CLIP_HALVES), "bpe_simple_vocab_16e6.txt.gz"])
def test_clip_is_not_needed(folder: Path, load: Callable[[Path], Recorded], name: str) -> None:
    (folder / name).unlink()
    assert load(folder).clip is None


@pytest.mark.parametrize(
    "gone, sentence",
    [
        (("base.pt", "base_inpaint.pt"), r"lacks base_inpaint and upsample_inpaint \(or base and upsample\); "),
        (("base.pt", "upsample_inpaint.pt"), "lacks base_inpaint and upsample_inpaint"),
        (("vocab.bpe",), "lacks vocab.bpe; "),
        (("encoder.json", "vocab.bpe"), "lacks encoder.json, vocab.bpe; "),
    ],
)
def test_what_is_missing_is_named_with_the_way_to_get_it(
    folder: Path, load: Callable[[Path], Recorded], gone: tuple[str, ...], sentence: str
) -> None:
    for name in gone:
        (folder / name).unlink()
    with pytest.raises(ValueError, match=sentence) as message:
        load(folder)
    assert f"`python app.py convert {folder} --download`" in str(message.value)


def test_no_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="There is no folder"):
        load_glide(tmp_path / "nowhere", "tiny")


def test_a_network_is_read_only_when_it_is_asked_for(folder: Path, load: Callable[[Path], Recorded]) -> None:
    (folder / "base.pt").write_bytes(b"damaged")
    networks = load(folder).networks
    with pytest.raises(ValueError, match=r"base\.pt is damaged"):
        networks["base"]()


def test_byte_pairs_of_another_model_are_reported(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"have 264 tokens, where the networks know 50,257"):
        load_glide(folder, "tiny")


@pytest.mark.parametrize("clip_guidance", [0.0, 1.0])
def test_what_was_loaded_paints(folder: Path, clip_guidance: float) -> None:
    image, mask = np.full((64, 64, 3), 100, np.uint8), np.zeros((64, 64), np.uint8)
    mask[10:30, 10:40] = 255
    glide = load_glide(folder, "tiny", configs=CONFIGS, clip_config=CLIP)
    request = Request(image, mask, "red", "", 2.0, clip_guidance, 1.0, 2, "ddim", (7,))
    (painted,) = run(glide.inpaint(request))
    assert np.array_equal(painted[mask == 0], image[mask == 0]) and (painted[mask > 0] != 100).any()


def test_a_name_with_a_folder_is_one_pipeline_however_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[tuple[Path, str]] = []
    monkeypatch.setattr(model_folder, "load_glide", lambda folder, name, _: loads.append((folder, name)) or object())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    names = ["glide:weights", "glide:./weights/", "glide:~/weights", f"glide:{tmp_path}/weights"]
    assert len({id(pipelines.load(name)) for name in names}) == 1
    assert loads == [(tmp_path / "weights", f"glide:{tmp_path}/weights")]
    with pytest.raises(ValueError, match="there are glide-mini, patchmatch, classical, glide:FOLDER"):
        pipelines.load("glide")


# --- converting ---


def test_converting_keeps_every_number_and_notes_digests(folder: Path) -> None:
    lines = list(convert_tiny(folder))
    digests = json.loads((folder / "digests.json").read_text())
    assert len(lines) == len(MAKERS) and digests.keys() == {
        f"{name}.{end}" for name in MAKERS for end in ("pt", "safetensors")
    }
    for name in MAKERS:
        file = folder / f"{name}.safetensors"
        (line,) = (line for line in lines if line.startswith(f"{file}: "))
        converted, original = load_file(file), torch.load(folder / f"{name}.pt")
        assert converted.keys() == original.keys()
        assert all(torch.equal(converted[key], original[key]) for key in original)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        assert digests[file.name] == {"sha256": digest, "bytes": file.stat().st_size}
        assert digest in line and f"{file.stat().st_size:,}" in line
    assert not list(folder.glob("*part*"))


def test_what_is_converted_is_left_alone_and_what_changed_is_not(folder: Path) -> None:
    list(convert_tiny(folder))
    file, source = folder / "base.safetensors", folder / "base.pt"
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.safetensors")}
    assert all("there already" in line for line in convert_tiny(folder))
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*.safetensors")} == before

    whole = file.read_bytes()
    file.write_bytes(whole[:-4] + b"\0\0\0\0")  # valid, but not what was written
    assert sum("there already" in line for line in convert_tiny(folder)) == len(MAKERS) - 1
    assert file.read_bytes() == whole

    torch.save(state := state_of("base", 99), source)
    assert sum("there already" in line for line in convert_tiny(folder)) == len(MAKERS) - 1
    assert torch.equal(load_file(file)["out.2.bias"], state["out.2.bias"])

    for path in folder.glob("*.pt"):  # as the user may, afterwards
        path.unlink()
    assert not list(convert_tiny(folder))


def test_a_file_that_is_not_what_was_released_leaves_nothing_behind(folder: Path) -> None:
    list(convert_tiny(folder))
    before = (folder / "base.safetensors").read_bytes()
    state = state_of("base", 1)
    del state["out.2.bias"]
    torch.save(state, folder / "base.pt")
    with pytest.raises(ValueError, match=r"base\.pt lack out\.2\.bias"):
        list(convert_tiny(folder))
    assert (folder / "base.safetensors").read_bytes() == before and not list(folder.glob("*part*"))


def test_what_reads_back_otherwise_is_not_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing_disk(state: dict[str, torch.Tensor], file: Path) -> None:
        save_file(state | {"out.2.bias": state["out.2.bias"] + 1}, file)

    monkeypatch.setattr(released, "save_file", failing_disk)
    with pytest.raises(ValueError, match="does not read back"):
        list(convert_tiny(folder))
    assert not list(folder.glob("*.safetensors"))


# --- the command line ---


def run_app(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["app.py", *map(str, arguments)])
    return app.main()


def test_the_command_converts_and_fetches_only_when_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fetched: list[Path] = []
    monkeypatch.setattr(download, "download", fetched.append)
    monkeypatch.setattr(released, "convert", convert_tiny)
    assert run_app(monkeypatch, "convert", folder) == 0 and not fetched
    assert len(capsys.readouterr().out.splitlines()) == len(list(folder.glob("*.safetensors"))) == len(MAKERS)
    assert run_app(monkeypatch, "convert", folder, "--download") == 0 and fetched == [folder]


def test_the_command_line_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, sentence in (
        (("convert", tmp_path), "holds none of base_inpaint.pt"),
        (("--data", tmp_path / "data", "--pipeline", f"glide:{tmp_path}"), "lacks base_inpaint and upsample_inpaint"),
    ):
        assert run_app(monkeypatch, *arguments) == 1
        message = capsys.readouterr().err
        assert message.startswith("palimpsest: ") and sentence in message and len(message.splitlines()) == 1
        assert f"`python app.py convert {tmp_path} --download`" in message
    assert not (tmp_path / "data").exists()
