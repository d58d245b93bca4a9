"""The command line, as a user runs it: each way once in a process of its own, the rest in this one."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageSequence

from editor.cli.parser import arguments as read_options
from editor.formats.images import read_reference
from editor.imaging.geometry import Box
from editor.session import Session
from editor.store.store import Store
from editor.worker import Worker
from pipelines.classical import Classical
from tests.conftest import Run
from tests.fakes import NoisePipeline, loader
from tests.samples import an_edit

ROOT = Path(__file__).parents[2]


def app(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(ROOT / "app.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A picture of 320x300 and a mask of an ellipse in it."""
    picture, mask = tmp_path / "picture.png", tmp_path / "mask.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 320, 3), np.uint8)).save(picture)
    ellipse = cv2.ellipse(np.zeros((300, 320), np.uint8), (150, 140), (60, 40), 0, 0, 360, 255, -1)
    Image.fromarray(ellipse).save(mask)
    return picture, mask


def pixels(file: Path) -> np.ndarray:
    return np.asarray(Image.open(file))


def test_one_edit_repaints_the_mask_and_keeps_the_rest(files: tuple[Path, Path], tmp_path: Path, here: Run) -> None:
    picture, mask = files
    out = tmp_path / "out.png"
    done = app("edit", picture, "--mask", mask, "--pipeline", "classical", "--seed", 3, "-o", out)
    assert done.returncode == 0, done.stderr
    assert str(out) in done.stdout and "seed 3" in done.stdout
    before, after = pixels(picture), pixels(out)
    far = cv2.dilate(pixels(mask), np.ones((41, 41), np.uint8)) == 0
    assert np.array_equal(before[far], after[far])
    assert (before[pixels(mask) > 0] != after[pixels(mask) > 0]).mean() > 0.9
    again = tmp_path / "again.png"
    here("edit", picture, "--mask", mask, "--pipeline", "classical", "--seed", 3, "-o", again)
    assert out.read_bytes() == again.read_bytes()


def test_the_embedded_model_edits(files: tuple[Path, Path], tmp_path: Path) -> None:
    picture, mask = files
    out = tmp_path / "out.png"
    edit = ["--prompt", "a red astronaut", "--steps", 2, "--guidance", 2, "--seed", 1]
    done = app("edit", picture, "--mask", mask, *edit, "-o", out)
    assert done.returncode == 0, done.stderr
    assert "“astronaut”" in done.stderr  # never taught that word, and says so
    assert "Painting" in done.stderr  # the progress bar
    assert (pixels(picture)[pixels(mask) > 0] != pixels(out)[pixels(mask) > 0]).any()


def test_a_stray_pixel_and_a_black_that_is_none_change_no_byte(tmp_path: Path, here: Run) -> None:
    """By the embedded model: a window over all would show it something else."""
    rng, mask = np.random.default_rng(3), np.zeros((600, 900), np.uint8)
    Image.fromarray(rng.integers(0, 256, (600, 900, 3), np.uint8)).save(tmp_path / "room.png")
    mask[50:130, 60:150] = 255
    stray, speck = mask.copy(), mask.copy()
    stray[599, 899], speck[560:563, 850:853] = 1, 255
    masks = {"alone": mask, "stray": stray, "black": np.maximum(mask, 1), "speck": speck}
    edit = ["--prompt", "a clock", "--steps", 1, "--seed", 3]
    results, said = {}, {}
    for name, alpha in masks.items():
        Image.fromarray(alpha).save(tmp_path / f"{name}.png")
        done = here(
            "edit", tmp_path / "room.png", "--mask", tmp_path / f"{name}.png", *edit, "-o", tmp_path / "out.png"
        )
        assert done.returncode == 0, done.stderr
        results[name], said[name] = (tmp_path / "out.png").read_bytes(), done.stderr
    assert len(set(results.values())) == 1
    assert "Ignored 1 speck of at most 16 pixels; --keep-specks keeps it." in said["speck"]
    assert not any("Ignored" in said[name] for name in ("alone", "stray", "black"))
    edit = ["--mask", tmp_path / "speck.png", "--pipeline", "classical", "--keep-specks", "-o", tmp_path / "kept.png"]
    kept = here("edit", tmp_path / "room.png", *edit)
    assert kept.returncode == 0 and "Ignored" not in kept.stderr
    changed = (pixels(tmp_path / "kept.png") != pixels(tmp_path / "room.png")).any(2)
    assert changed[50:130, 60:150].any() and changed[555:570, 845:860].any()


def test_what_is_removed_leaves_no_outline(tmp_path: Path, here: Run) -> None:
    share = cv2.circle(np.zeros((200, 300), np.float32), (150, 100), 40, 1.0, -1)
    share = cv2.GaussianBlur(share, (0, 0), 2)[..., None]
    Image.fromarray(np.rint(share * (220, 40, 30) + (1 - share) * 120).astype(np.uint8)).save(tmp_path / "room.png")
    Image.fromarray((share[..., 0] > 0.5).astype(np.uint8) * np.uint8(255)).save(tmp_path / "mask.png")
    edit = ["edit", tmp_path / "room.png", "--mask", tmp_path / "mask.png", "--pipeline", "classical"]
    left = {}
    for how in ((), ("--remove",), ("--remove", "--grow", "0"), ("--remove", "--grow", "12")):
        done = here(*edit, *how, "-o", tmp_path / "out.png")
        assert done.returncode == 0, done.stderr
        left[how] = np.abs(pixels(tmp_path / "out.png").astype(int) - 120).max()
    assert max(left["--remove",], left["--remove", "--grow", "12"]) <= 6
    assert min(left[()], left["--remove", "--grow", "0"]) > 30


def test_a_picture_is_drawn_from_words_alone(tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    done = app("draw", "--prompt", "a red couch", "--steps", 1, "--seed", 1, "-o", out)
    assert done.returncode == 0, done.stderr
    assert "seed 1" in done.stdout and pixels(out).shape == (256, 256, 3) and pixels(out).std() > 10


def test_a_picture_of_any_size_from_words_alone(tmp_path: Path, here: Run) -> None:
    """Larger than the model's window: first small, then window by window."""
    edit = ["--prompt", "a red couch", "--steps", 1, "--seed", 1]
    done = here("draw", *edit, "--size", "400x130", "-o", tmp_path / "out.webp")
    assert done.returncode == 0, done.stderr
    assert pixels(tmp_path / "out.webp").shape == (130, 400, 3)


def test_a_picture_is_widened_in_variations(files: tuple[Path, Path], tmp_path: Path, here: Run) -> None:
    picture, _ = files
    edit = ["--aspect", "5:3", "--pipeline", "classical", "--seed", 2**32 - 1, "--variations", 2]
    done = here("edit", picture, *edit, "-o", tmp_path / "out.png")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"{tmp_path}/out-1.png (seed 4294967295)", f"{tmp_path}/out-2.png (seed 0)"
    ]  # fmt: skip
    for number in (1, 2):
        after = pixels(tmp_path / f"out-{number}.png")
        assert after.shape == (300, 500, 3) and np.array_equal(after[:, 90:410], pixels(picture))


def test_margins_cut_and_a_sketch_paints(files: tuple[Path, Path], tmp_path: Path, here: Run) -> None:
    picture, _ = files
    strokes = np.zeros((300, 320, 4), np.uint8)
    strokes[100:140, 100:140] = (250, 10, 10, 255)
    Image.fromarray(strokes).save(tmp_path / "strokes.png")
    edit = ["--sketch", tmp_path / "strokes.png", "--strength", 0, "--feather", 0, "--expand=-50,0,0,-20"]
    done = here("edit", picture, *edit, "-o", tmp_path / "out.png")
    assert done.returncode == 0, done.stderr
    after = pixels(tmp_path / "out.png")
    assert after.shape == (280, 270, 3) and (after[101:139, 51:89] == (250, 10, 10)).all()
    assert np.array_equal(after[:80], pixels(picture)[:80, 50:])


def test_a_document_goes_through_the_store(files: tuple[Path, Path], tmp_path: Path, here: Run) -> None:
    """open, history, export, store: what a designer does from a script."""
    data = ["--data", tmp_path / "data"]
    opened = app(*data, "open", files[0])
    assert opened.returncode == 0, opened.stderr
    document, name = opened.stdout.split()
    assert name == "picture"
    assert here(*data, "history").stdout == f"{document}  picture\n"
    output = app(*data, "history", document).stdout
    assert output.endswith("picture  <- shown\n")
    for suffix, run in (("png", app), ("ora", here), ("palimpsest", here)):
        done = run(*data, "export", document, "-o", tmp_path / f"out.{suffix}")
        assert done.returncode == 0 and done.stdout == f"{tmp_path}/out.{suffix}\n", done.stderr
    assert np.array_equal(pixels(tmp_path / "out.png"), pixels(files[0]))
    again = here(*data, "open", tmp_path / "out.palimpsest")
    assert again.stdout.split()[1] == "picture" and again.stdout.split()[0] != document
    for options, name, shape in (
        (["--size", "160", "--dpi", 300], "small.png", (150, 160)),
        (["--size", "50%"], "half.jpg", (150, 160)),
        (["--sheet", "--size", "64"], "sheet.png", None),
    ):
        done = here(*data, "export", document, "-o", tmp_path / name, *options)
        assert done.returncode == 0, done.stderr
        assert shape is None or pixels(tmp_path / name).shape[:2] == shape
    for options, sentence in (
        (["--timelapse"], "There is no step in it"),
        (["--size", "200%"], "'200%' is not a number of pixels"),
        (["--seconds", 1], "--seconds: it is for --timelapse"),
        (["--sheet", "--timelapse"], "Write one at a time"),
        (["--sheet", "--dpi", 300], "--sheet takes no --dpi"),
    ):
        done = here(*data, "export", document, "-o", tmp_path / "none.webp", *options)
        assert done.returncode and sentence in done.stderr and not (tmp_path / "none.webp").exists()
    (tmp_path / "text.png").write_text("no picture")
    several = here(*data, "open", tmp_path / "out.ora", tmp_path / "text.png", tmp_path / "none.png", files[0])
    assert several.returncode == 1 and several.stdout.split()[1:] == ["picture"], "what can be read is opened"
    assert (
        "out.ora: This is an OpenRaster file" in several.stderr and "text.png: This is not an image" in several.stderr
    )
    assert "none.png" in several.stderr and "3 of 4 files could not be opened" in several.stderr
    done = app(*data, "store", "--check", "--compact", "--backup", tmp_path / "copy.db")
    assert done.returncode == 0, done.stderr
    assert "3 documents, 3 revisions" in done.stdout and "Everything is intact." in done.stdout
    assert (tmp_path / "copy.db").exists()
    with sqlite3.connect(tmp_path / "data" / "palimpsest.db") as db:
        db.execute("UPDATE blob SET bytes = x'00'")
    db.close()
    broken = here(*data, "store", "--check")
    assert broken.returncode == 1 and "is not what was stored: it belongs to “picture”" in broken.stdout
    gone = here(*data, "export", "gone", "-o", tmp_path / "gone.png")
    assert gone.returncode == 1 and "There is no document 'gone'" in gone.stderr


def test_a_history_is_walked_and_amended(files: tuple[Path, Path], tmp_path: Path, here: Run) -> None:
    """undo, redo, checkout, name, discard, recover, and a step in the middle that changes."""
    data, store = ["--data", tmp_path / "data"], Store(tmp_path / "data")
    session = Session(store)
    document = session.open(pixels(files[0]), "Room").id
    steps = []
    for x in (40, 200):
        steps.append(session.submit(document, an_edit(Box(x, 50, 40, 40), pipeline="classical", prompt=f"at {x}")).id)
        assert Worker(store, loader(Classical())).run_one()
    store.close()
    done = here(*data, "export", document, "-o", tmp_path / "room.webp", "--timelapse", "--seconds", 0.2)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "room.webp") as image:
        assert len(ImageSequence.all_frames(image)) == 3

    def output(*words: object, run: Run = here) -> list[str]:
        done = run(*data, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    assert [line.endswith("<- shown") for line in output("undo", document, run=app)] == [False, True, False]
    assert [line.endswith("<- shown") for line in output("redo", document)] == [False, False, True]
    assert output("checkout", document, steps[0])[1].endswith("<- shown")
    assert "  First" in output("name", document, steps[0], "First")[1]
    assert len(output("discard", document, steps[1])) == 2 and len(output("recover", document, steps[1])) == 3
    output("checkout", document, steps[1])
    after = output("amend", document, steps[0], "--prompt", "another", "--grow", 5, "--feather", 2, run=app)
    assert [line[32:].strip() for line in after] == [
        "Room", "First", "“at 200” seed 1", "“another” seed 1", "“at 200” seed 1  <- shown",
    ]  # fmt: skip
    store = Store(tmp_path / "data")
    nodes = store.revisions.tree(document)
    changed, again = (store.revisions.get(node.id) for node in nodes[-2:])
    assert changed.edit and changed.edit.mask.box == Box(35, 45, 50, 50) and changed.edit.blend.feather == 2
    assert again.parent == changed.id and again.picture is not None
    store.close()
    [end] = [node for node in nodes if node.name == "First"]
    same = output("amend", document, again.id, "--steps", 7, "--feather", 2)
    assert [line for line in same if line.endswith(" (feather 2, steps 7)  <- shown")] == same[-1:]
    nothing = here(*data, "amend", document, end.id, "--grow", -999)
    assert nothing.returncode == 1 and "Nothing is left of the mask when it shrinks by 999 px" in nothing.stderr
    assert "There is nothing to redo" in here(*data, "redo", document).stderr
    for _ in range(2):
        assert here(*data, "undo", document).stderr == ""
    assert "There is nothing to undo" in here(*data, "undo", document).stderr
    wrong = here(*data, "amend", document, nodes[0].id, "--seed", 3)
    assert wrong.returncode == 1 and "opened picture" in wrong.stderr


def test_layers_are_listed_and_changed(files: tuple[Path, Path], tmp_path: Path, here: Run) -> None:
    data, store = ["--data", tmp_path / "data"], Store(tmp_path / "data")
    session = Session(store)
    document = session.open(pixels(files[0]), "Room").id
    for x, prompt in ((40, "a vase"), (200, "")):
        session.submit(document, an_edit(Box(x, 50, 40, 40), pipeline="classical", prompt=prompt))
        assert Worker(store, loader(Classical())).run_one()
    store.close()

    def layers(*words: object) -> list[list[str]]:
        done = here(*data, "layers", document, *words)
        assert done.returncode == 0, done.stderr
        return [line.split(maxsplit=1) for line in done.stdout.splitlines()]

    (_, upper_line), (lower, lower_line) = layers()
    assert (upper_line.split(), lower_line.split()) == (
        ["2", "100", "%", "Layer", "2"],
        ["1", "100", "%", "“a", "vase”"],
    )
    after = layers(lower, "--hide", "--opacity", 0.25)
    assert after[0][1].split() == upper_line.split() and after[1][1].split() == ["1", "hidden", "“a", "vase”"]
    assert [line.split()[1] for _, line in layers(after[1][0], "--show")] == ["100", "25"]
    assert [line.split()[-1] for _, line in layers(layers()[1][0], "--place", 2)] == ["vase”", "1"]
    for words, sentence in (
        (["--hide"], "Name the layer"),
        ([layers()[0][0], "--place", 3], "from 1, the lowest, to 2"),
    ):
        wrong = here(*data, "layers", document, *words)
        assert wrong.returncode == 1 and sentence in wrong.stderr


def test_a_step_of_a_model_that_is_not_offered_is_refused_in_a_sentence(tmp_path: Path) -> None:
    strange = NoisePipeline()
    strange.name = "lama:/etc/passwd"
    store = Store(tmp_path)
    session = Session(store)
    document = session.open(np.zeros((90, 90, 3), np.uint8)).id
    step = session.submit(document, an_edit(Box(9, 9, 40, 40), pipeline=strange.name)).id
    Worker(store, loader(strange)).run_one()
    store.close()
    refused = app("--data", tmp_path, "amend", document, step, "--prompt", "a vase")
    assert refused.returncode == 1 and refused.stderr.count("is none of those offered here") == 1
    assert "palimpsest: The model lama:/etc/passwd is none" in refused.stderr and "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("typed", "adapter"),
    [
        ("ink.safetensors", ("ink.safetensors", 1.0)),
        ("ink.safetensors=0.5", ("ink.safetensors", 0.5)),
        ("C:\\a=b\\ink.safetensors", ("C:\\a=b\\ink.safetensors", 1.0)),
        ("a=b=.25", ("a=b", 0.25)),
        ("owner/model=2", ("owner/model", 2.0)),
    ],
)
def test_an_adapters_weight_stands_after_the_last_sign(
    typed: str, adapter: tuple[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["app.py", "draw", "--adapter", "first=1", "--adapter", typed, "-o", "out.png"]
    monkeypatch.setattr(sys, "argv", words)
    assert read_options("", ROOT).adapter == [("first", 1.0), adapter]


def test_a_reference_is_made_small_and_opaque(tmp_path: Path) -> None:
    Image.fromarray(np.full((500, 2500, 4), (200, 100, 0, 0), np.uint8)).save(tmp_path / "large.png")
    reference = read_reference((tmp_path / "large.png").read_bytes())
    assert reference.box == Box(0, 0, 1024, 205) and (reference.pixels == 255).all()


@pytest.mark.parametrize(
    "words", [("--expand", "1,2,3"), ("--aspect", "4"), ("--aspect", "0:1"), ("--expand", "a,b,c,d")]
)
def test_numbers_that_are_none_are_a_sentence(files: tuple[Path, Path], words: tuple[str, str], here: Run) -> None:
    done = here("edit", files[0], *words, "-o", "out.png")
    assert done.returncode == 2 and "Traceback" not in done.stderr and words[0] in done.stderr


def test_no_strength_changes_nothing(files: tuple[Path, Path], tmp_path: Path, here: Run) -> None:
    picture, mask = files
    done = here("edit", picture, "--mask", mask, "--strength", 0, "--prompt", "a cat", "-o", tmp_path / "out.png")
    assert done.returncode == 0, done.stderr
    assert np.array_equal(pixels(picture), pixels(tmp_path / "out.png"))


@pytest.mark.parametrize(
    "change, sentence",
    [
        (["--pipeline", "nonsense"], "glide-mini, patchmatch, classical"),
        (["-o", "out.gif"], ".png, .jpg"),
        (["--variations", "9"], "1 to 8"),
        (["--sketch", "small.png"], "same size"),
        (["--aspect", "2:1", "--expand", "1,1,1,1"], "one of them"),
        (["--steps", "0"], "steps"),
        (["--guidance", "nan"], "uidance"),
        (["--strength", "2"], "strength must be a number from 0 to 1, not 2.0"),
        (["--clip-guidance", "31", "--pipeline", "glide-mini"], "clip guidance must be a number from 0 to 30"),
        (["--sampler", "euler", "--pipeline", "glide-mini"], "dpmpp_2m"),
        (["--pipeline", "glide:nowhere"], "nowhere --download"),
        (["--adapter", "ink.safetensors"], "takes no adapters"),
        (["--reference", "small.png"], "no reference picture"),
        (["--seed", "-1"], "seed"),
        (["--mask", "no-such-file.png"], "no-such-file.png"),
        (["--mask", "small.png"], "same size"),
        (["--mask", "text.png"], "image"),
        (["--mask", "empty.png"], "mask"),
        (["--mask", "faint.png"], "at most 9 of 255"),
        (["--remove", "--prompt", "a cat"], "no --prompt"),
        (["--remove", "--grow", "65"], "from 0 to 64 pixels"),
        (["--grow", "5"], "grows to remove"),
        (["--prompt", "a" * 2000], "1,000"),
    ],
)
def test_what_is_wrong_is_a_sentence(
    files: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    here: Run,
    change: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("L", (20, 20), 255).save("small.png")
    Image.new("L", (320, 300), 0).save("empty.png")
    Image.new("L", (320, 300), 9).save("faint.png")
    Path("text.png").write_text("not an image")
    edit = ["--mask", str(files[1]), "--pipeline", "classical", "-o", "out.png", *change]
    done = here("edit", files[0], *edit)
    assert done.returncode == 1
    assert done.stderr.startswith("palimpsest: ") and sentence in done.stderr
    assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 1
    assert not Path("out.png").exists()


def test_the_data_folder_is_named_before_the_command_or_behind_it(
    files: tuple[Path, Path], tmp_path: Path, here: Run
) -> None:
    data = ["--data", tmp_path / "data"]
    document = here("open", *data, files[0]).stdout.split()[0]
    for said in (["history", *data], [*data, "history"], ["--data", tmp_path / "other", "history", *data]):
        assert document in here(*said).stdout


def test_help_is_worth_reading(here: Run) -> None:
    for arguments, words in (
        ((), ("--host", "--port", "--data", "--pipeline", "glide-mini", "edit", "example")),
        (
            ("edit",),
            (
                "PICTURE",
                "--mask",
                "white = repaint",
                "--remove",
                "--keep-specks",
                "--prompt",
                "--seed",
                "--steps",
                "--guidance",
                "--strength",
            ),
        ),
        (("draw",), ("--prompt", "--negative", "--sampler", "--clip-guidance", "--compile")),
        (("export",), ("--revision", ".ora", ".palimpsest", "--no-recipe")),
        (("store",), ("--check", "--compact", "--backup")),
        (("convert",), ("FOLDER", "--download", "safetensors")),
    ):
        done = here(*arguments, "--help")
        assert done.returncode == 0 and all(word in done.stdout for word in words), done.stdout


def test_an_unknown_pipeline_is_reported_before_serving(tmp_path: Path) -> None:
    done = app("--data", tmp_path / "data", "--pipeline", "nonsense")
    assert done.returncode == 1 and "glide-mini, patchmatch, classical" in done.stderr
    assert not (tmp_path / "data").exists()
