"""LaMa from a TorchScript file: a tiny network of its shape, and files that would do more than draw."""

import gc
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import pipelines
from editor.edits.edit import Edit
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask
from pipelines.added import name_of
from pipelines.base import Adapter, Pixels, Request, Step, run
from pipelines.errors import InvalidInput
from pipelines.lama import Lama, load_lama
from pipelines.torchscript import OPERATORS
from tests.laws import check_edit

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.*` is deprecated:DeprecationWarning")


class Fourier(nn.Module):
    """The spectral half of a fast Fourier convolution (Chi et al. 2020)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(16, 16, 1, bias=False), nn.BatchNorm2d(16)

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        waves = torch.fft.rfftn(x, dim=(-2, -1), norm="ortho")
        parts = torch.stack((waves.real, waves.imag), -1).permute(0, 1, 4, 2, 3).reshape(b, 2 * c, h, w // 2 + 1)
        parts = torch.relu(self.norm(self.conv(parts))).view(b, c, 2, h, w // 2 + 1).permute(0, 1, 3, 4, 2).contiguous()
        return torch.fft.irfftn(torch.complex(parts[..., 0], parts[..., 1]), s=(h, w), dim=(-2, -1), norm="ortho")


class Tiny(nn.Module):
    """LaMa's shape: masked picture and mask in, down, Fourier, up, the known pixels put back."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(4, 8, 3, 2), nn.ReLU(inplace=True))
        self.local, self.wide = nn.Conv2d(8, 8, 3, padding=1, padding_mode="reflect"), Fourier()
        self.last = nn.ConvTranspose2d(8, 3, 3, 2, 1, output_padding=1)

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        x = self.first(torch.cat([image * (1 - mask), mask], 1))
        x = x + torch.relu(self.local(x) + self.wide(x))
        return mask * torch.sigmoid(self.last(x)) + (1 - mask) * image


@pytest.fixture(scope="module")
def network() -> Tiny:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Tiny().eval()


@pytest.fixture(scope="module")
def files(network: Tiny, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The network in each way that TorchScript is made."""
    folder = tmp_path_factory.mktemp("lama")
    examples = torch.rand(1, 3, 64, 64), torch.rand(1, 1, 64, 64)
    made = {"scripted": lambda: torch.jit.script(network), "traced": lambda: torch.jit.trace(network, examples)}
    made["frozen"] = lambda: torch.jit.freeze(torch.jit.script(network))
    for name, make in made.items():
        make().save(folder / f"{name}.pt")
    return {name: folder / f"{name}.pt" for name in made}


@pytest.fixture(scope="module")
def lama(files: dict[str, Path]) -> Lama:
    return load_lama(files["traced"], "lama:traced")


def a_request(height: int = 64, width: int = 64, **changes: Any) -> Request:
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    mask = np.zeros((height, width), np.uint8)
    mask[height // 4 : height // 2, width // 4 :] = 255
    request = Request(
        image=image, mask=mask, prompt="", negative_prompt="", guidance=1.0, clip_guidance=0.0, strength=1.0, steps=20,
        sampler="ddim", seeds=(7,),
    )  # fmt: skip
    return replace(request, **changes)


def drawn_by(network: Tiny, image: Pixels, mask: Pixels) -> Pixels:
    """What the network itself gives for sides of 8's multiples."""
    with torch.inference_mode():
        known = torch.from_numpy(image).permute(2, 0, 1)[None] / 255
        drawn = network(known, torch.from_numpy(mask > 0)[None, None].float())
    return (drawn[0] * 255).round().byte().permute(1, 2, 0).numpy()


def apart(one: Pixels, other: Pixels) -> int:
    return int(np.abs(one.astype(int) - other).max())


# --- what it draws ---


@pytest.mark.parametrize("how", ["scripted", "traced", "frozen"])
def test_the_result_is_the_networks_own(network: Tiny, files: dict[str, Path], how: str) -> None:
    request, pipeline = a_request(), load_lama(files[how], "lama:x")
    (image,) = run(pipeline.inpaint(request))
    assert image.dtype == np.uint8 and image.shape == (64, 64, 3)
    assert apart(image, drawn_by(network, request.image, request.mask)) <= 1  # frozen, its sums round otherwise
    assert np.array_equal(image[request.mask == 0], request.image[request.mask == 0])
    assert apart(image[request.mask > 0], request.image[request.mask > 0]) > 50


@pytest.mark.parametrize("height, width", [(61, 75), (64, 33), (8, 17)])
def test_any_size_is_padded_by_its_mirror_image_and_cut_again(
    network: Tiny, lama: Lama, height: int, width: int
) -> None:
    request = a_request(height, width)
    high, wide = -height % 8, -width % 8
    image = np.pad(request.image, ((0, high), (0, wide), (0, 0)), "symmetric")
    mask = np.pad(request.mask, ((0, high), (0, wide)), "symmetric")
    whole = drawn_by(network, image, mask)
    assert apart(run(lama.inpaint(request))[0], whole[:height, :width]) <= 1


def test_one_step_shows_the_result_and_every_seed_gives_the_same(lama: Lama) -> None:
    steps: list[Step] = []
    images = run(lama.inpaint(a_request(seeds=(1, 2**32 - 1, 3))), steps.append)
    (step,) = steps
    assert isinstance(step, Step) and (step.index, step.total) == (1, 1)
    assert images.shape == (3, 64, 64, 3) and np.array_equal(step.preview, images)
    assert all(np.array_equal(image, images[0]) for image in images)
    deaf: dict[str, Any] = {
        "steps": 3,
        "prompt": "a cat",
        "negative_prompt": "a dog",
        "guidance": 9.0,
        "clip_guidance": 3.0,
    }
    assert {*deaf, "seeds"} == set(lama.unsupported) and lama.samplers == ()
    for _ in range(3):  # nor does it change as PyTorch gets to know it
        assert np.array_equal(run(lama.inpaint(a_request(**deaf, sampler="ddim")))[0], images[0])


def test_any_touch_of_the_brush_is_a_hole(lama: Lama) -> None:
    hard = a_request()
    soft = replace(hard, mask=np.where(hard.mask > 0, 1, 0).astype(np.uint8))
    assert np.array_equal(run(lama.inpaint(hard)), run(lama.inpaint(soft)))


def test_the_editor_keeps_every_pixel_outside_the_region(lama: Lama) -> None:
    picture = Picture.from_pixels(np.random.default_rng(1).integers(0, 256, (90, 110, 3), np.uint8))
    mask = Mask(Box(20, 30, 24, 20), np.full((20, 24), 255, np.uint8))
    applied = check_edit(Edit(mask, seed=4, pipeline="lama:x"), picture, lambda _: lama)
    assert applied.picture != picture


def test_it_says_that_it_reads_no_words_and_takes_no_adapters(lama: Lama) -> None:
    assert "reads no words" in lama.hint("a red cat") and not lama.hint(" ")
    assert lama.vocabulary is None and not lama.supports_strength and lama.size == 512
    with pytest.raises(ValueError, match="takes no adapters"):
        run(lama.inpaint(a_request(adapters=(Adapter("x.safetensors", 1.0),))))


def test_only_a_whole_network_is_added(files: dict[str, Path], tmp_path: Path) -> None:
    for whole in files.values():
        assert name_of(f'"{whole}"') == f"lama:{whole.resolve()}"  # in quotes, as some systems copy a path
        data = whole.read_bytes()
        for damaged in (b"", b"nothing of the kind", data[: len(data) // 2], data[:-30]):
            (part := tmp_path / "part.pt").write_bytes(damaged)
            with pytest.raises(InvalidInput, match=r"torch\.jit\.save"):
                name_of(str(part))
    torch.save({"numbers": torch.zeros(3)}, tmp_path / "numbers.pt")
    with pytest.raises(InvalidInput, match=r"torch\.jit\.save"):
        name_of(str(tmp_path / "numbers.pt"))


def test_it_is_loaded_by_its_name_once(files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(files["traced"].parent)
    loaded = pipelines.load("lama:traced.pt")
    assert loaded is pipelines.load(f"lama:{files['traced']}") and loaded.name == f"lama:{files['traced'].resolve()}"
    assert "lama:FILE" in pipelines.NAMES


# --- files that are none, or more than a network ---


class Saves(nn.Module):
    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        torch.save(image, "SPRUNG")
        return image


class Reads(nn.Module):
    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        if bool(mask.sum() > 0):
            for _ in range(2):
                image = torch.from_file("SPRUNG", True, 30000, dtype=torch.float32)
        return image


class Prints(nn.Module):
    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        print(image.sum())
        return image


class Forks(nn.Module):
    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return torch.jit.wait(torch.jit.fork(torch.relu, image))


class Remembers(nn.Module):
    """It runs when it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 1

    @torch.jit.export
    def __getstate__(self) -> tuple[int, bool]:
        return self.number, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[int, bool]) -> None:
        self.number, self.training = state
        torch.save(torch.zeros(1), "SPRUNG")

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return image


class Hooked(nn.Module):
    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return image


class Draws(nn.Module):
    """No picture, or one of numbers that are none."""

    def __init__(self, small: bool) -> None:
        super().__init__()
        self.small = small

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return image[:, :, ::2] if self.small else image / (image - image)


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[nn.Module], Path]:
    """Save a network as a file. What it does to a file called SPRUNG it would do in this test's folder."""
    monkeypatch.chdir(tmp_path)

    def save(network: nn.Module) -> Path:
        torch.jit.script(network.eval()).save(tmp_path / "network.pt")
        return tmp_path / "network.pt"

    return save


def rewritten(file: Path, change: Callable[[str, bytes], bytes | None], *more: tuple[str, bytes]) -> Path:
    """A copy of an archive; change(name, bytes) gives an entry's bytes, None to leave it out."""
    archive, other = torch._C.PyTorchFileReader(str(file)), file.with_name("other.pt")
    writer = torch._C.PyTorchFileWriter(str(other))
    entries = [(name, archive.get_record(name)) for name in archive.get_all_records()]
    for name, data in [*((name, change(name, data)) for name, data in entries), *more]:
        if data is not None and name not in ("version", "byteorder", ".data/serialization_id"):
            writer.write_record(name, data, len(data))
    writer.write_end_of_file()
    return other


def test_a_network_whose_classes_lay_in_the_program_itself_loads(
    network: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `python convert.py` saves it: such a class is of no module, and its code one file `__torch__.py`."""
    for kind in (Tiny, Fourier):
        monkeypatch.setattr(kind, "__module__", "__main__")
    file = tmp_path / "network.pt"
    torch.jit.trace(network, (torch.rand(1, 3, 64, 64), torch.rand(1, 1, 64, 64))).save(file)
    assert any(name.endswith("code/__torch__.py") for name in zipfile.ZipFile(file).namelist())
    load_lama(file, "lama:x")


def refused(file: Path, sprung: str = "SPRUNG") -> str:
    with pytest.raises(ValueError) as error:
        load_lama(file, "lama:x")
    assert not Path(sprung).exists() and len(str(error.value)) < 500
    return str(error.value)


@pytest.mark.parametrize(
    "network, operator",
    [(Saves, "aten::save"), (Reads, "aten::from_file"), (Prints, "prim::Print"), (Forks, "prim::fork")],
)
def test_what_is_more_than_mathematics_is_named_and_never_run(
    saved: Any, network: type[nn.Module], operator: str
) -> None:
    file = saved(network())
    sentence = refused(file)
    assert f"{file} calls " in sentence and f" {operator}, " in sentence and "more than mathematics" in sentence
    if operator in ("aten::save", "aten::from_file"):
        torch.jit.load(file)(torch.rand(1, 3, 100, 100), torch.ones(1, 1, 100, 100))
        assert Path("SPRUNG").exists()  # it would


def test_no_operator_that_is_allowed_calls_what_is_not_looked_at() -> None:
    assert not {kind for kind in OPERATORS if any(word in kind.lower() for word in ("python", "file", "save", "call"))}


def test_a_file_that_runs_when_it_is_read_is_never_read(saved: Any) -> None:
    file = saved(Remembers())
    assert "would run a program of its own while it is read (code/__torch__/" in refused(file)
    torch.jit.load(file)
    assert Path("SPRUNG").exists()


SPRINGS = b'def spring() -> int:\n  torch.save([1], "SPRUNG")\n  return 1\n'


@pytest.mark.parametrize("comment", [b"", b'# """\n', b"x = 'a'\n", b'x = """a"""\n', b"\\\n"])
def test_a_default_that_runs_when_it_is_read_is_never_read(saved: Any, comment: bytes) -> None:
    """PyTorch reckons out the defaults of arguments as it reads them, by calling whatever they call."""

    def change(name: str, data: bytes) -> bytes:
        if not name.endswith(".py"):
            return data
        name = name.removeprefix("code/").removesuffix(".py").replace("/", ".")
        return comment + SPRINGS + data.replace(b"mask: Tensor", f"mask: Tensor, n: int={name}.spring()".encode())

    file = rewritten(saved(Draws(True)), change)
    assert "would run a program of its own while it is read" in refused(file)
    if not comment:
        torch.jit.load(file)
        assert Path("SPRUNG").exists()


def test_an_argument_with_a_plain_default_is_none_of_them(saved: Any) -> None:
    def change(name: str, data: bytes) -> bytes:
        return data.replace(b"mask: Tensor", b'mask: Tensor, n: List[int]=[-1, 2], m: str="a\\"b"')

    assert load_lama(rewritten(saved(Tiny()), change), "lama:x").name == "lama:x"


def test_hooks_are_not_run(saved: Any) -> None:
    def hook(self: Any, inputs: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        torch.save(inputs[0], "SPRUNG")
        return inputs

    network = Hooked()
    network.register_forward_pre_hook(hook)
    file = saved(network)
    (image,) = run(load_lama(file, "lama:x").inpaint(a_request()))
    assert np.array_equal(image, a_request().image) and not Path("SPRUNG").exists()
    torch.jit.load(file)(torch.rand(1, 3, 8, 8), torch.rand(1, 1, 8, 8))
    assert Path("SPRUNG").exists()


@pytest.mark.parametrize(
    "entry, message",
    [
        ("data.pkl", "os system"),
        ("constants.pkl", "__torch__.torch.classes.a B"),
        ("data.pkl", "__torch__x B"),
        ("traced_inputs.pkl", "builtins eval"),
    ],
)
def test_a_pickle_within_that_asks_for_more_than_tensors_is_refused(
    files: dict[str, Path], tmp_path: Path, entry: str, message: str
) -> None:
    asking = b"\x80\x02c" + message.replace(" ", "\n").encode() + b"\n."
    copy = tmp_path / "copy.pt"
    copy.write_bytes(files["traced"].read_bytes())
    file = rewritten(copy, lambda name, data: asking if name == entry else data)
    assert f"asks for {message!r} ({entry})" in refused(file)


@pytest.mark.parametrize("pickled", [b"", b"\x80\x02", b"\x80\x02cnothing", bytes(100)])
def test_a_damaged_pickle_within_is_a_sentence(saved: Any, pickled: bytes) -> None:
    file = rewritten(saved(Draws(True)), lambda name, data: pickled if name == "data.pkl" else data)
    assert str(file) in refused(file)


@pytest.mark.parametrize(
    "name", ["run.so", "code/run.sh", "code/../x.py", "extra/data", "attributes.pkl", "model.json"]
)
def test_an_entry_that_belongs_to_no_network_is_named(saved: Any, name: str) -> None:
    file = rewritten(saved(Draws(True)), lambda _, data: data, (name, b"x = 1\n"))
    assert f"holds {name!r}, which belongs to no network" in refused(file)


def test_two_entries_of_one_name_are_refused(saved: Any) -> None:
    file = rewritten(saved(Draws(True)), lambda _, data: data, ("DATA.pkl", b"\x80\x02N."))
    assert "two things of one name" in refused(file)


class Trap:
    """Whoever unpickles it makes a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("SPRUNG"),)


def test_what_is_no_torchscript_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pickle.pt").write_bytes(pickle.dumps(Trap()))
    Path("garbage.pt").write_bytes(np.random.default_rng(0).bytes(5000))
    Path("empty.pt").touch()
    with zipfile.ZipFile("zip.pt", "w") as zipped:
        zipped.writestr("a/readme.txt", "nothing")
    torch.save({"weights": torch.zeros(3)}, "weights.pt")
    torch.save(Trap(), "trap.pt")
    for name in ("pickle.pt", "garbage.pt", "empty.pt", "zip.pt"):
        assert f"{name} is no TorchScript, or there in part" in refused(Path(name)) or name == "zip.pt"
    for name in ("zip.pt", "weights.pt", "trap.pt"):
        assert name in refused(Path(name)) and "torch.jit.save" in refused(Path(name))
    assert "There is no file nowhere.pt" in refused(Path("nowhere.pt"))
    assert "There is no file" in refused(tmp_path)


def test_a_file_cut_short_is_a_sentence(files: dict[str, Path], tmp_path: Path) -> None:
    whole = files["traced"].read_bytes()
    for size in (10, len(whole) // 2, len(whole) - 10):
        (tmp_path / "cut.pt").write_bytes(whole[:size])
        assert "there in part" in refused(tmp_path / "cut.pt")


def test_code_that_is_none_is_a_sentence(saved: Any) -> None:
    file = rewritten(saved(Draws(True)), lambda name, data: b"x = \n" if name.endswith(".py") else data)
    assert str(file) in refused(file)
    file = rewritten(saved(Draws(True)), lambda name, data: data.replace(b"torch.slice", b"torch.nonsense"))
    assert "cannot be read as TorchScript" in refused(file)


def test_a_network_that_is_no_lama_says_so_at_the_edit(saved: Any) -> None:
    for network, message in (
        (Draws(True), "gives torch.float32 (1, 3, 32, 64) where a picture was wanted"),
        (Draws(False), "not finite"),
        (nn.Identity(), "cannot fill a picture of 64x64"),
    ):
        pipeline = load_lama(saved(network), "lama:other")
        with pytest.raises(ValueError) as error:
            run(pipeline.inpaint(a_request()))
        assert message in str(error.value) and "lama:other" in str(error.value)


class Hoards(nn.Module):
    """Takes four megabytes a block."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.blocks = blocks

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return image + torch.zeros([self.blocks, 1024, 1024]).mean()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system knows no such limit")
def test_what_takes_too_much_memory_is_a_sentence(saved: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    modest = load_lama(saved(torch.jit.script(Hoards(16))), "lama:modest")
    pipeline = load_lama(saved(torch.jit.script(Hoards(2048))), "lama:hoards")  # more than other tests left to be used
    gc.collect()
    monkeypatch.setattr("pipelines.torchscript.MEMORY", 2**29)
    assert run(modest.inpaint(a_request())).shape == (1, 64, 64, 3)
    with pytest.raises(ValueError, match="lama:hoards cannot fill a picture of 64x64"):
        run(pipeline.inpaint(a_request()))
    monkeypatch.undo()
    larger = load_lama(saved(torch.jit.script(Hoards(256))), "lama:larger")
    assert run(larger.inpaint(a_request())).shape == (1, 64, 64, 3)  # the limit was the run's alone


def test_the_command_line_removes(files: dict[str, Path], tmp_path: Path) -> None:
    """In a process of its own, where a warning would be an error."""
    from PIL import Image

    request = a_request(100, 120)
    Image.fromarray(request.image).save(tmp_path / "picture.png")
    Image.fromarray(request.mask).save(tmp_path / "mask.png")
    root = Path(pipelines.__file__).parent.parent
    command = [sys.executable, "-W", "error", str(root / "app.py"), "edit", "picture.png", "--mask", "mask.png"]
    wanted = ["--pipeline", f"lama:{files['traced']}", "--prompt", "a cat", "-o", "out.png"]
    done = subprocess.run([*command, *wanted], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "reads no words" in done.stderr, done.stderr
    after = np.asarray(Image.open(tmp_path / "out.png"))
    changed = (after != request.image).any(-1)
    assert changed[request.mask > 0].mean() > 0.9 and not changed[:10].any()
