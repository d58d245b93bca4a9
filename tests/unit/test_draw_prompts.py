"""Folders of samples from a file of prompts, and studies of the models that draw them."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import editor.web.study
from editor.formats.export import recipe_of
from editor.recipes.recipe import Recipe
from editor.study.study import Study
from pipelines import WEIGHTS
from tests.conftest import Run

ROOT = Path(__file__).parents[2]
PROMPTS = ["a red couch", "a green tree", "a cat"]
STEPS = ("--steps", 1)


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    file = tmp_path / "prompts.txt"
    file.write_text("\ufeffa red  couch\n\n a green tree\r\na cat", "utf-8", newline="")
    return file


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_each_line_becomes_a_picture_and_its_prompt(prompts: Path, tmp_path: Path, here: Run) -> None:
    folder = tmp_path / "few"
    done = here("draw", "--prompts", prompts, *STEPS, "--seed", 7, "-o", folder)
    assert done.returncode == 0 and str(folder) in done.stdout
    assert sorted(contents(folder)) == [f"000{n}.{ending}" for n in (1, 2, 3) for ending in ("png", "txt")]
    for n, prompt in enumerate(PROMPTS):
        file = folder / f"000{n + 1}.png"
        assert file.with_suffix(".txt").read_text() == prompt + "\n"
        edit = Recipe.from_json(recipe_of(file.read_bytes()) or "").steps[0]
        assert (edit.prompt, edit.seed, edit.steps) == (prompt, 7 + n, 1)
    # the same as one by one
    here("draw", "--prompt", PROMPTS[1], *STEPS, "--seed", 8, "-o", tmp_path / "one.png")
    with Image.open(tmp_path / "one.png") as one, Image.open(folder / "0002.png") as other:
        assert np.array_equal(np.asarray(one), np.asarray(other))


def test_what_was_killed_goes_on_to_the_same_bytes(prompts: Path, tmp_path: Path, here: Run) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    here("draw", "--prompts", prompts, *STEPS, "-o", whole)
    command = [
        sys.executable,
        str(ROOT / "app.py"),
        "draw",
        "--prompts",
        str(prompts),
        *map(str, STEPS),
        "-o",
        str(killed),
    ]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not (killed / "0001.png").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    first = (killed / "0001.png").stat().st_mtime_ns
    here("draw", "--prompts", prompts, *STEPS, "-o", killed)
    assert contents(killed).items() >= contents(whole).items()  # an unfinished file may be left
    assert (killed / "0001.png").stat().st_mtime_ns == first


def test_other_settings_never_mix_with_what_is_there(prompts: Path, tmp_path: Path, here: Run) -> None:
    folder = tmp_path / "few"
    here("draw", "--prompts", prompts, *STEPS, "-o", folder)
    before = contents(folder)
    for changed in (("--steps", 2), (*STEPS, "--seed", 1), (*STEPS, "--guidance", 3)):
        assert (
            "0001.png was drawn with another prompt, model or setting"
            in here("draw", "--prompts", prompts, *changed, "-o", folder).stderr
        )
    prompts.write_text("a red couch\na blue tree\na cat\n")
    assert "0002.png was drawn with another" in here("draw", "--prompts", prompts, *STEPS, "-o", folder).stderr
    Image.new("RGB", (9, 9)).save(folder / "0001.png")
    assert "0001.png was drawn with another" in here("draw", "--prompts", prompts, *STEPS, "-o", folder).stderr
    assert contents(folder).items() >= {name: before[name] for name in before if name != "0001.png"}.items()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"\n \n", "has 0 prompts"),
        (b"\xff\xfe\x00", "is no text in UTF-8"),
        (None, "prompts.txt: There is no such file. Give"),
    ],
)
def test_files_without_prompts_get_a_sentence(text: bytes | None, sentence: str, tmp_path: Path, here: Run) -> None:
    file = tmp_path / "prompts.txt"
    if text is not None:
        file.write_bytes(text)
    assert sentence in here("draw", "--prompts", file, "-o", tmp_path / "out").stderr
    assert not (tmp_path / "out").exists()


def test_a_file_that_the_system_refuses_is_named(tmp_path: Path, here: Run) -> None:
    done = here("edit", tmp_path / "none.png", "--mask", tmp_path / "m.png", "-o", tmp_path / "out.png")
    assert done.returncode == 1 and done.stderr.startswith(f"palimpsest: {tmp_path / 'none.png'}: There is no")


def test_options_of_a_single_picture_are_refused(prompts: Path, tmp_path: Path, here: Run) -> None:
    for more in (("--prompt", "a dog"), ("--variations", 2), ("--best-of", 2), ("--no-recipe",)):
        assert "one picture of each line" in here("draw", "--prompts", prompts, *more, "-o", tmp_path / "out").stderr


def test_a_study_compares_models_that_draw_its_prompts(
    prompts: Path, tmp_path: Path, here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Study] = []
    monkeypatch.setattr(editor.web.study, "serve_study", lambda store, study, *rest: served.append(study))
    prompts.write_text("a red couch\n")
    (tmp_path / "other").symlink_to(WEIGHTS / "glide-mini")
    other, data = f"glide:{tmp_path / 'other'}", ("--data", tmp_path / "data")
    done = here("study", "glide-mini", other, "--prompts", prompts, *data)
    assert "1 pair, of which each person compares 1" in done.stdout, done.stderr
    (study,) = served
    folders = sorted((tmp_path / "data" / "study-samples").iterdir())
    assert len(folders) == 2 and folders[0].name.startswith("glide-mini-") and folders[1].name.startswith("glide-tmp")
    before = [contents(folder) for folder in folders]
    here("study", "glide-mini", other, "--prompts", prompts, *data)
    assert served[1].id == study.id and [contents(folder) for folder in folders] == before
    # a folder may be compared with a model
    here("study", folders[1], "glide-mini", "--prompts", prompts, "--name", "mixed", *data)
    assert len(served) == 3 and len(served[2].pairs) == 1
    # what cannot be is said before anything is drawn
    prompts.write_text("a cat\n")
    for words, sentence in (
        (("glide-mini", "no-such-model"), "no-such-model"),
        (folders, "which have their own prompts: leave --prompts out"),
        (("glide-mini", "glide-mini"), "glide-mini is named twice"),
    ):
        refused = here("study", *words, "--prompts", prompts, *data)
        assert refused.returncode and sentence in refused.stderr
    assert "is named twice" in here("study", folders[0], folders[0], *data).stderr
    assert sorted((tmp_path / "data" / "study-samples").iterdir()) == folders and len(served) == 3
