"""The list of models: what is found where, what is said of it, and the user's own names."""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

import app
import pipelines
from editor.cli import server
from editor.cli.context import CommandContext
from editor.cli.parser import parser_of
from editor.cli.stop_signals import StopSignals
from editor.formats.export import recipe_of
from editor.recipes.recipe import Recipe
from editor.web.context import AppContext
from pipelines.installed import Model, described
from pipelines.models import full_name, installed, listed, listing


def a_pipeline(folder: Path, named: str = "StableDiffusionXLInpaintPipeline", card: str = "") -> Path:
    """A folder as diffusers has it, with a network of 1,000 numbers of half precision."""
    (folder / "unet").mkdir(parents=True)
    (folder / "unet" / "config.json").write_text("{}")
    save_file({"a": np.zeros((10, 100), np.float16)}, folder / "unet" / "diffusion_pytorch_model.safetensors")
    index = {"_class_name": named, "unet": ["diffusers", "UNet2DConditionModel"], "safety_checker": [None, None]}
    (folder / "model_index.json").write_text(json.dumps(index))
    if card:
        (folder / "README.md").write_text(card)
    return folder


def in_cache(hub: Path, name: str, **how: Any) -> Path:
    """The same in the hub's cache, its files in `blobs` and linked to."""
    model = hub / f"models--{name.replace('/', '--')}"
    folder = a_pipeline(model / "snapshots" / "0123", **how)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text("0123")
    (model / "blobs").mkdir()
    for number, file in enumerate(sorted(folder.rglob("*.*"))):
        if file.is_file():
            blob = model / "blobs" / str(number)
            file.rename(blob)
            file.symlink_to(blob)
    return folder


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Hugging Face cache, empty."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def toml(tmp_path: Path) -> Any:
    def write(text: str) -> Path:
        (tmp_path / "models.toml").write_text(text)
        return tmp_path / "models.toml"

    return write


def by_name(file: Path | None = None) -> dict[str, Model]:
    return {model.name: model for model in installed(file)}


# --- what is found ---


def test_the_embedded_models_are_there_and_whole() -> None:
    found = by_name()
    ours = set(pipelines.PIPELINES) - {"classical"}  # which only stands in for PatchMatch
    assert next(iter(found)) == "glide-mini" and ours <= set(found) and "classical" not in found
    assert all(found[name].offered and not found[name].trouble for name in ours)
    assert {found[name].licence for name in ours} == {"Apache-2.0"}
    folder = pipelines.WEIGHTS / "glide-mini"
    assert found["glide-mini"].place == folder
    assert found["glide-mini"].size == sum(file.stat().st_size for file in folder.iterdir())
    assert found["glide-mini"].needs.startswith("no GPU")
    for name, model in found.items():
        assert model.pipeline == name and pipelines.in_full(name) == name  # whatever is listed has a name that loads


def test_the_cache_is_listed_with_its_licence_size_and_memory(hub: Path) -> None:
    card = "---\ntags:\n- art\nlicense: openrail++\n---\n# license: none\n"
    folder = in_cache(hub, "me/photo", card=card)
    in_cache(hub, "me/text", named="FluxPipeline", card="---\nlicense: other\nlicense_name: 'flux-1'\n---\n")
    in_cache(hub, "me/film", named="WanPipeline")
    in_cache(hub, "me/new", named="NewInpaintPipeline")
    (hub / "models--me--language" / "snapshots" / "0").mkdir(parents=True)
    (hub / "datasets--me--pictures").mkdir()
    found = by_name()
    assert [name for name in found if name.startswith("hf:")] == [
        "hf:me/film",
        "hf:me/new",
        "hf:me/photo",
        "hf:me/text",
    ]
    photo = found["hf:me/photo"]
    assert photo.pipeline == photo.name and photo.place == folder and photo.licence == "openrail++"
    assert photo.size == sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    assert photo.needs.startswith("a GPU, or patience")
    assert "2.0 kB of memory for its weights, 4.0 kB where there is no bfloat16" in photo.needs
    assert photo.good_for == "photographs at 1024 pixels" and photo.offered and not photo.trouble
    assert found["hf:me/text"].licence == "flux-1" and "made for whole pictures" in found["hf:me/text"].good_for
    assert not found["hf:me/film"].offered and "WanPipeline" in found["hf:me/film"].good_for
    assert found["hf:me/new"].offered and found["hf:me/new"].licence == "not stated there"


@pytest.mark.parametrize("lost", ["unet/config.json", "unet/diffusion_pytorch_model.safetensors"])
def test_what_is_there_in_part_says_what_it_lacks_and_is_not_offered(hub: Path, lost: str) -> None:
    (in_cache(hub, "me/photo") / lost).unlink()
    model = by_name()["hf:me/photo"]
    assert "lacks unet/" in model.trouble and not model.offered
    assert "lacks unet/" in listing([model]).replace("\n", " ")


def test_of_two_precisions_the_full_one_counts(hub: Path) -> None:
    folder = in_cache(hub, "me/photo")
    file = folder / "unet" / "diffusion_pytorch_model.safetensors"
    shutil.copy(file, file.with_name("diffusion_pytorch_model.fp16.safetensors"))
    assert "2.0 kB of memory" in by_name()["hf:me/photo"].needs


def test_without_the_hubs_package_its_cache_is_no_matter(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_cache(hub, "me/photo")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert not [name for name in by_name() if name.startswith("hf:")]


# --- the user's TOML ---


def test_a_toml_names_models_and_says_what_it_knows_better(tmp_path: Path, toml: Any) -> None:
    folder = a_pipeline(tmp_path / "sdxl")
    (tmp_path / "big-lama.pt").write_bytes(bytes(3000))
    file = toml(
        f"[photo]\npipeline = 'hf:{folder}'\ngood_for = 'kitchens'\nlicence = 'mine'\nneeds = '8 GB'\n"
        "[beside]\npipeline = 'hf:sdxl'\n[eraser]\npipeline = 'lama:big-lama.pt'\n[quick]\npipeline = 'classical'\n"
    )
    found = by_name(file)
    photo = found["photo"]
    assert photo.pipeline == f"hf:{folder}" and (photo.good_for, photo.licence, photo.needs) == (
        "kitchens",
        "mine",
        "8 GB",
    )
    assert found["beside"].pipeline == photo.pipeline and "photographs" in found["beside"].good_for
    eraser = found["eraser"]
    assert eraser.pipeline == f"lama:{tmp_path / 'big-lama.pt'}" and eraser.size == 3000 and not eraser.trouble
    assert "reads no words" in eraser.good_for and "no GPU" in eraser.needs
    assert found["quick"].pipeline == "classical" and "removing specks" in found["quick"].good_for


def test_a_folder_with_an_index_alone_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text('{"_class_name": "StableDiffusionInpaintPipeline"}')
    found = described("photo", f"hf:{tmp_path}")
    assert "no weights" in found.trouble and not found.offered


def test_a_single_file_is_listed_too(tmp_path: Path, toml: Any) -> None:
    save_file({"a": np.zeros((10, 100), np.float16)}, tmp_path / "photo.safetensors")
    photo = by_name(toml("[photo]\npipeline = 'hf:photo.safetensors'\n"))["photo"]
    assert photo.place == tmp_path / "photo.safetensors" and photo.size == photo.place.stat().st_size
    assert "2.0 kB of memory" in photo.needs and photo.offered and not photo.trouble


def test_a_model_that_the_toml_names_is_listed_once(hub: Path, toml: Any) -> None:
    in_cache(hub, "me/photo")
    found = by_name(toml("[photo]\npipeline = 'hf:me/photo'\n"))
    assert found["photo"].pipeline == "hf:me/photo" and "hf:me/photo" not in found and not found["photo"].trouble


def test_what_the_toml_names_and_is_not_there_is_reported(toml: Any) -> None:
    found = by_name(
        toml(
            "[a]\npipeline='hf:me/gone'\n[b]\npipeline='lama:gone.pt'\n[c]\npipeline='glide:gone'\n[d]\npipeline='hf:gone'"
        )
    )
    assert "not on this machine" in found["a"].trouble and "there is no file" in found["b"].trouble
    assert "lacks base_inpaint and upsample_inpaint" in found["c"].trouble and "no folder" in found["d"].trouble


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("[photo]\n", "[photo] in FILE says no pipeline"),
        ("[photo]\npipeline = 3\n", "pipeline of [photo] in FILE must be text, not 3"),
        ("[photo]\npipeline = 'hf:a/b'\ngpus = 'two'\n", "gpus of [photo] in FILE must be a number, not 'two'"),
        ("[photo]\npipeline = 'hf:a/b'\ngpus = true\n", "gpus of [photo] in FILE must be a number, not True"),
        ("[photo]\npipeline = 'hf:a/b'\ngpus = 0\n", "The gpus of [photo] in FILE must be above 0, and at most 64"),
        ("[photo]\npipeline = 'hf:a/b'\ngpus = 65\n", "must be above 0, and at most 64, not 65"),
        ("[photo]\npipeline = 'hf:a/b'\nnode = 3\n", "node of [photo] in FILE must be text, not 3"),
        ("[photo]\npipeline = 'hf:a/b'\ngood_for = ['x']\n", "good_for of [photo] in FILE must be text"),
        ("[photo]\npipeline = 'hf:a/b'\nadapters = []\n", "[photo] in FILE has a 'adapters', which means nothing here"),
        ("[photo]\npipeline = 'sdxl'\n", "pipeline of [photo] in FILE: There is no pipeline named 'sdxl'"),
        ("[classical]\npipeline = 'hf:a/b'\n", "[classical] in FILE needs another name"),
        ("['hf:a/b']\npipeline = 'classical'\n", "[hf:a/b] in FILE needs another name"),
        ("['']\npipeline = 'classical'\n", "[] in FILE needs another name"),
        ("photo = 'hf:a/b'\n", "photo in FILE is 'hf:a/b'; give a model as [photo]"),
        ("[photo\n", "FILE is no TOML: "),
        ("[photo]\npipeline = 'hf:a/b'\n[photo]\n", "FILE is no TOML: "),
    ],
)
def test_what_is_wrong_in_the_toml_is_a_sentence_with_its_key(toml: Any, text: str, sentence: str) -> None:
    file = toml(text)
    with pytest.raises(ValueError) as error:
        listed(file)
    assert sentence.replace("FILE", str(file)) in str(error.value)


def test_a_toml_that_is_not_there_or_not_text_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    for name, sentence in (("gone.toml", "cannot be read: No such file"), ("bytes.toml", "is no TOML")):
        with pytest.raises(ValueError, match=sentence):
            listed(tmp_path / name)


def test_a_name_of_the_users_stands_for_the_whole_one(toml: Any) -> None:
    file = toml("[photo]\npipeline = 'hf:me/photo'\n")
    assert full_name("photo", file) == "hf:me/photo"
    for name in ("classical", "hf:me/other", "lama:x.pt", "glide:x"):
        assert full_name(name, file) == full_name(name, None) == name
    with pytest.raises(
        ValueError, match=r"no pipeline named 'foto'; there are glide-mini, .*lama:FILE, openai:URL#MODEL, photo.$"
    ):
        full_name("foto", file)
    toml("[broken\n")
    assert full_name("classical", file) == "classical"  # it is not asked


# --- what is printed, what is chosen from ---


def test_what_is_printed_fits_and_holds_every_fact(hub: Path) -> None:
    in_cache(hub, "me/photo", card="---\nlicense: mit\n---\n")
    models = installed(None)
    printed = listing([*models, replace(models[0], name="odd", good_for="a\x1b[31mred\nline " + "many words " * 30)])
    assert "\x1b" not in printed and all(len(line) <= 100 or "/" in line for line in printed.splitlines())
    assert len(printed.split("\n\n")) == len(models) + 1
    for model in models:
        block = next(block for block in printed.split("\n\n") if block.splitlines()[0] == model.name)
        words = " ".join(block.split())
        assert all(" ".join(fact.split()) in words for fact in (model.licence, model.needs, model.good_for))
        assert model.place is None or str(model.place) in words


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Serve with these options, but for the server; what the page would be given to choose from, and what it shows."""

    def serve(tmp_path: Path, **options: Any) -> tuple[list[str], dict[str, str]]:
        given: list[Any] = []

        class Page:
            local_url = ""

            def close(self, verbose: bool) -> None:
                pass

        class NoModels:
            def __init__(self, *_: Any, **__: Any) -> None:
                pass

            start = stop = info = __init__

        def start(context: AppContext, *_: Any) -> Page:
            given.extend((list(context.names), context.names))
            return Page()

        monkeypatch.setattr("editor.web.page.start", start)
        monkeypatch.setattr(server, "check", lambda *_: None)
        monkeypatch.setattr(server, "ModelsProcess", NoModels)
        monkeypatch.setattr(StopSignals, "__init__", lambda _: None)
        monkeypatch.setattr(StopSignals, "wait", lambda _: False)
        words = ["--pipeline", "classical", "--data", str(tmp_path / "data")]
        parsed = parser_of("palimpsest", "", tmp_path).parse_args(words)
        vars(parsed).update(options)
        server.serve(CommandContext(parsed, tmp_path, tmp_path))
        return given[0], given[1]

    return serve


def test_the_page_offers_what_is_complete_by_its_whole_name(hub: Path, toml: Any, tmp_path: Path, served: Any) -> None:
    in_cache(hub, "me/photo")
    in_cache(hub, "me/film", named="WanPipeline")
    (in_cache(hub, "me/half") / "unet" / "config.json").unlink()
    a_pipeline(tmp_path / "sdxl")
    file = toml("[photo]\npipeline='hf:sdxl'\n[gone]\npipeline='lama:gone.pt'\n[quick]\npipeline='classical'\n")
    names, called = served(tmp_path, models=file)
    assert names == ["glide-mini", "patchmatch", "classical", f"hf:{tmp_path}/sdxl", "hf:me/photo"]
    assert called[f"hf:{tmp_path}/sdxl"] == "photo" and called["classical"] == "quick"
    assert served(tmp_path) == (names, called)


def test_the_page_shows_the_users_names() -> None:
    """In a process of its own: Gradio leaves event loops behind."""
    code = (
        "from editor.web.i18n import translations\n"
        "from editor.web.page import build\n"
        "page = build({'classical': 'classical', 'hf:me/photo': 'photo'}, 'classical', translations())\n"
        "print(*[each.choices for each in page.blocks.values() if getattr(each, 'elem_id', '') == 'pipeline'])\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=app.HERE, capture_output=True, text=True, timeout=300)
    assert ran.stdout.strip() == "[('classical', 'classical'), ('photo', 'hf:me/photo')]", ran.stderr


def test_what_is_loaded_waits_for_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    ready = pipelines.load("classical")
    reading, read = Event(), Event()

    def slow(compiled: bool) -> Any:
        reading.set()
        assert read.wait(60)
        return ready

    monkeypatch.setitem(pipelines.PIPELINES, "slow", slow)
    monkeypatch.setattr(pipelines, "_loaded", dict(pipelines._loaded))
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(pipelines.load, "slow")
        try:
            assert reading.wait(60)
            assert threads.submit(pipelines.load, "classical").result(60) is ready
        finally:
            read.set()
        assert first.result(60) is ready


# --- the command line ---


def run_app(hub: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(Path(app.__file__)), *map(str, words)]
    environment = {"PATH": "/usr/bin:/bin", "HF_HUB_CACHE": str(hub), "HOME": str(hub.parent)}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)


def test_the_command_lists_in_words_and_as_json(hub: Path, toml: Any) -> None:
    folder = in_cache(hub, "me/photo")
    file = toml("[eraser]\npipeline = 'lama:gone.pt'\n")
    done = run_app(hub, "models", "--models", file)
    assert done.returncode == 0 and not done.stderr, done.stderr
    blocks = {block.splitlines()[0]: block for block in done.stdout.strip().split("\n\n")}
    assert {"glide-mini", "patchmatch", "eraser", "hf:me/photo"} <= set(blocks) and "classical" not in blocks
    assert str(folder) in blocks["hf:me/photo"] and "there is no file" in blocks["eraser"]
    done = run_app(hub, "--models", file, "models", "--json")
    found = {model["name"]: model for model in json.loads(done.stdout)}
    assert found["eraser"]["trouble"] and found["hf:me/photo"]["place"] == str(folder)


def test_an_edit_by_the_users_name_stores_the_whole_one(
    toml: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(np.full((60, 60, 3), 90, np.uint8)).save(tmp_path / "picture.png")
    Image.fromarray(np.pad(np.full((20, 20), 255, np.uint8), 20)).save(tmp_path / "mask.png")
    monkeypatch.chdir(tmp_path)
    words = [
        "edit",
        "picture.png",
        "--mask",
        "mask.png",
        "-o",
        "out.png",
        "--models",
        str(toml("[q]\npipeline='classical'")),
    ]
    monkeypatch.setattr(sys, "argv", ["app.py", *words, "--pipeline", "q"])
    assert app.main() == 0, capsys.readouterr().err
    recipe = Recipe.from_json(recipe_of((tmp_path / "out.png").read_bytes()) or "")
    assert [edit.pipeline for edit in recipe.steps] == ["classical"]
    monkeypatch.setattr(sys, "argv", ["app.py", *words, "--pipeline", "p"])
    assert app.main() == 1 and "no pipeline named 'p'" in capsys.readouterr().err
