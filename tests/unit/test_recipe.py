"""Recipes: written from a document, followed on other pictures, checked on the same."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from editor.edits.edit import NOWHERE, Edit
from editor.formats.images import encode_png, read_image
from editor.imaging.geometry import Box, Margins
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask, Pixels
from editor.recipes.batch import RECORD, pictures_in, results_of, run_on
from editor.recipes.recipe import Recipe
from editor.recipes.replay import difference, replay
from editor.recipes.scaling import made_on, scaled_recipe
from editor.session import Session
from editor.store.store import Store
from editor.worker import Worker
from pipelines.base import Adapter, run
from pipelines.models import located
from tests.conftest import Run
from tests.fakes import HeedfulPipeline, NoisePipeline, RefiningPipeline, loader
from tests.samples import an_edit, disc, edit_requests, noise, strokes

ROOT = Path(__file__).parents[2]
HERE = "noise 1"
LOAD = loader(HeedfulPipeline(), NoisePipeline(), RefiningPipeline(), NoisePipeline(size=96, name="wide"))
STEPS = [
    an_edit(disc(Box(30, 30, 40, 40)), pipeline="heedful"),
    an_edit(NOWHERE, pipeline="heedful", margins=Margins(right=20), seed=2),
    an_edit(NOWHERE, pipeline="heedful", sketch=strokes(Box(60, 20, 30, 30)), strength=0.5, seed=3),
    an_edit(NOWHERE, pipeline="none", margins=Margins(-9, -3, 0, 0)),
]


def made(steps: list[Edit], picture: Picture) -> tuple[Recipe, Picture]:
    """The recipe of some steps on a picture, and what came of it."""
    draft = Recipe(tuple(steps), picture.digest, ("",) * len(steps), HERE, picture.box)
    after = run(replay(draft, picture, LOAD))
    return replace(draft, after=tuple(each.digest for each in after)), after[-1]


@settings(max_examples=25)
@given(st.lists(edit_requests(), min_size=1, max_size=4))
def test_a_recipe_comes_back_from_its_text(steps: list[Edit]) -> None:
    recipe = Recipe(tuple(steps), "before", tuple("abcd"[: len(steps)]), HERE)
    back = Recipe.from_json(recipe.to_json())
    assert back == recipe and back.to_json() == recipe.to_json() and back.digest == recipe.digest


def test_a_documents_recipe_makes_the_same_again(session: Session) -> None:
    document = session.open(noise(120, 100))
    worker = Worker(session.store, LOAD)
    for edit in STEPS:
        session.submit(document.id, edit)
        assert worker.run_one()
    shown = session.picture(document.id)
    recipe = Recipe.from_json(session.exports.recipe(document.id, HERE).to_json())
    assert recipe.steps == tuple(STEPS)
    assert run(replay(recipe, Picture.from_pixels(noise(120, 100)), LOAD))[-1] == shown
    assert shown.box == Box(9, 3, 131, 97)

    session.undo(document.id)  # what is shown is what is written
    assert session.exports.recipe(document.id, HERE).steps == tuple(STEPS[:-1])


def test_a_document_with_no_step_has_no_recipe(session: Session) -> None:
    with pytest.raises(ValueError, match="no step in it"):
        session.exports.recipe(session.open(noise(20, 20)).id, HERE)


def test_a_recipe_on_another_picture_is_the_edits_on_it() -> None:
    recipe, _ = made(STEPS, Picture.from_pixels(noise(120, 100)))
    other = Picture.from_pixels(noise(200, 150, 3))
    after = run(replay(recipe, other, LOAD))
    assert [picture.box for picture in after] == [
        Box(0, 0, 200, 150), Box(0, 0, 220, 150), Box(0, 0, 220, 150), Box(9, 3, 211, 147)
    ]  # fmt: skip
    small = Picture.from_pixels(noise(20, 20))
    with pytest.raises(ValueError, match="Step 1 of 4: The mask lies outside the picture"):
        run(replay(recipe, small, LOAD))


# a picture of another size


@settings(max_examples=30)
@given(st.lists(edit_requests(), min_size=1, max_size=3))
def test_scaled_to_its_own_size_a_recipe_is_itself(steps: list[Edit]) -> None:
    recipe = Recipe(tuple(steps), "before", tuple("abc"[: len(steps)]), HERE, Box(0, 0, 330, 270))
    assert scaled_recipe(recipe, Box(0, 0, 330, 270)) is recipe
    unsaid = replace(recipe, frame=None)  # by a Palimpsest that did not say
    assert scaled_recipe(unsaid, Box(0, 0, 33, 27)) is unsaid
    assert Recipe.from_json(recipe.to_json()) == recipe and Recipe.from_json(unsaid.to_json()) == unsaid


@pytest.mark.parametrize(("width", "height"), [(60, 50), (240, 200), (90, 200), (1000, 830), (121, 99)])
def test_a_mask_keeps_its_share_and_its_place(width: int, height: int) -> None:
    frame, now = Box(0, 0, 120, 100), Box(0, 0, width, height)
    soft = Mask(Box(30, 20, 40, 50), disc(Box(0, 0, 40, 50)).alpha // 2)
    steps = [
        an_edit(soft),
        an_edit(NOWHERE, margins=Margins(-12, 10, 24, 0)),
        an_edit(NOWHERE, sketch=strokes(soft.box)),
    ]
    placed = scaled_recipe(Recipe(tuple(steps), "before", ("", "", ""), HERE, frame), now)
    across, down = width / 120, height / 100
    sketch = placed.steps[2].sketch
    assert sketch is not None

    def share(pixels: Pixels, box: Box) -> tuple[float, float, float]:
        y, x = np.indices(box.shape)
        weight = pixels.astype(float)
        middle = [(weight * (n + 0.5)).sum() / weight.sum() for n in (x, y)]
        return weight.sum() / 255, middle[0] + box.x, middle[1] + box.y

    for before, after in (
        ((soft.alpha, soft.box), (placed.steps[0].mask.alpha, placed.steps[0].mask.box)),
        (
            (strokes(soft.box).pixels[..., 3], soft.box),
            (placed.steps[2].sketch.pixels[..., 3], placed.steps[2].sketch.box),
        ),
    ):
        (area, x, y), (area_now, x_now, y_now) = share(*before), share(*after)
        assert area_now / (width * height) == pytest.approx(area / 12_000, rel=0.06)
        assert abs(x_now - x * across) <= 0.5 + across / 2 and abs(y_now - y * down) <= 0.5 + down / 2
    after_margins = now.moved(placed.steps[1].margins)
    assert after_margins == Box(
        round(12 * across),
        round(-10 * down),
        round(144 * across) - round(12 * across),
        round(100 * down) - round(-10 * down),
    )
    assert placed.steps[0].blend.feather == min(64, round(8 * (across * down) ** 0.5))


def test_a_recipe_on_another_size_is_scaled_and_says_so(tmp_path: Path) -> None:
    recipe, _ = made(STEPS, Picture.from_pixels(noise(120, 100)))
    (tmp_path / "large.png").write_bytes(encode_png(noise(240, 200)))
    (tmp_path / "wide.png").write_bytes(encode_png(noise(240, 100)))
    large, wide = tmp_path / "large.png", tmp_path / "wide.png"
    out = tmp_path / "out.png"
    assert run(run_on(recipe, large, out, LOAD)) == (
        "The recipe was made on 120 x 100 pixels, this picture has 240 x 200. It was scaled by 2.",
    )
    assert run(run_on(recipe, large, out, LOAD)) is None  # it is there
    twice = scaled_recipe(recipe, Box(0, 0, 240, 200))
    wanted = run(replay(twice, Picture.from_pixels(noise(240, 200)), LOAD))[-1]
    assert wanted.box.shape == (2 * 97, 2 * 131)
    assert np.array_equal(read_image(out.read_bytes()).pixels, wanted.pixels())
    (note,) = run(run_on(recipe, large, out, LOAD, scale=False)) or ()
    assert note.endswith("Its pixel coordinates stay the same, counted from the upper left.")
    (note,) = run(run_on(recipe, wide, out, LOAD)) or ()
    assert note.endswith("another aspect ratio. It was scaled by 2 across and 1 down.")


def test_a_picture_tells_the_size_that_its_older_recipe_began_from() -> None:
    picture = Picture.from_pixels(noise(120, 100))
    recipe, result = made(STEPS, picture)
    older = replace(recipe, frame=None)
    assert made_on(older, result.box.width, result.box.height) == recipe
    assert made_on(recipe, 7, 7) is recipe


# no folder of this machine in what is written for others


@pytest.mark.parametrize(
    ("name", "public"),
    [
        ("hf:/home/me/models/sdxl", "hf:sdxl"), ("hf:OWNER/MODEL", "hf:OWNER/MODEL"), ("glide:runs/mine", "glide:mine"),
        ("lama:C:\\models\\big-lama.pt", "lama:big-lama.pt"), ("hf:~/sdxl", "hf:sdxl"), ("classical", "classical"),
    ],
)  # fmt: skip
def test_a_written_recipe_names_models_without_their_folders(name: str, public: str) -> None:
    adapters = (Adapter("/home/me/loras/brush.safetensors", 0.5), Adapter("OWNER/M/f.safetensors", 1))
    edit = an_edit(disc(Box(30, 30, 40, 40)), pipeline=name, adapters=adapters)
    recipe = Recipe((edit,), "before", ("after",), HERE, Box(0, 0, 120, 100))
    text = recipe.to_json()
    assert "/home/me" not in text and "C:" not in text and "~" not in text and "runs" not in text
    (step,) = Recipe.from_json(text).steps
    assert step.pipeline == public
    assert [each.name for each in step.adapters] == ["brush.safetensors", "OWNER/M/f.safetensors"]


def test_a_recipes_models_are_found_by_their_names(tmp_path: Path) -> None:
    mine = tmp_path / "models" / "mine"
    mine.mkdir(parents=True)
    here = ["classical", f"glide:{tmp_path}/other", f"glide:{mine}"]
    for name in ("glide:mine", "glide:/gone/mine", "glide:C:\\gone\\mine", f"glide:{mine}"):
        assert located(name, here, "--pipeline") == f"glide:{mine}"
    for name in ("classical", "hf:OWNER/MODEL"):
        assert located(name, here, "--pipeline") == name
    with pytest.raises(ValueError, match=r"needs hf:mine, .*--pipeline hf:/folder/mine, or list it in models\.toml"):
        located("hf:mine", here, "--pipeline")
    assert located("brush.safetensors", ["/here/brush.safetensors"], "--adapter") == "/here/brush.safetensors"
    assert located("OWNER/M/f.safetensors", [], "--adapter") == "OWNER/M/f.safetensors"
    with pytest.raises(ValueError, match=r"--adapter /folder/brush\.safetensors$"):
        located("brush.safetensors", [], "--adapter")


# verify


def test_the_same_is_identical_and_any_pixel_that_is_not_is_reported() -> None:
    picture = Picture.from_pixels(noise(120, 100))
    recipe, result = made(STEPS, picture)
    after = run(replay(recipe, picture, LOAD))
    assert difference(recipe, picture, after, result.pixels(), HERE) == ""
    touched = result.pixels().copy()
    touched[7, 11] ^= 1
    assert "1 pixels of the file differ, first at 11, 7" in difference(recipe, picture, after, touched, HERE)
    cut = result.pixels()[:, 1:]
    assert "is 130x97 pixels, the recipe makes 131x97" in difference(recipe, picture, after, cut, HERE)
    other = Picture.from_pixels(noise(120, 100, 1))
    output = difference(recipe, other, run(replay(recipe, other, LOAD)), result.pixels(), HERE)
    assert "not the one that the recipe was made on" in output


def test_the_first_step_that_differs_is_named_with_the_reason() -> None:
    picture = Picture.from_pixels(noise(120, 100))
    recipe, result = made(STEPS, picture)
    changed = replace(recipe, steps=(*STEPS[:2], replace(STEPS[2], seed=99), STEPS[3]))
    after = run(replay(changed, picture, LOAD))
    output = difference(changed, picture, after, result.pixels(), HERE)
    assert (
        output.startswith("Step 3 of 4 (“a green couch”, heedful) has a different result") and "was changed" in output
    )
    output = difference(changed, picture, after, result.pixels(), "noise 2")
    assert "made with noise 1, this is noise 2" in output


# what is no recipe


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"palimpsest": 2}, "format 2, but this Palimpsest only reads 1"),
        ({"steps": None}, "its steps must be a list"),
        ({"steps": []}, "no step in it"),
        ({"after": ["x"]}, "4 steps must have as many results, not 1"),
        ({"masks": {}}, "damaged: its pixels .* cannot be read"),
        ({"masks": 3}, "its masks must be a dict"),
        ({"steps": [{"seed": 1}]}, "lacks mask"),
    ],
)
def test_what_is_damaged_is_a_sentence(change: dict[str, object], sentence: str) -> None:
    recipe, _ = made(STEPS, Picture.from_pixels(noise(120, 100)))
    with pytest.raises(ValueError, match=sentence):
        Recipe.from_json(json.dumps(json.loads(recipe.to_json()) | change))


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", "{"])
def test_what_is_no_recipe_is_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="This is not a recipe"):
        Recipe.from_json(text)


def test_an_altered_mask_is_reported() -> None:
    recipe, _ = made(STEPS, Picture.from_pixels(noise(120, 100)))
    record = json.loads(recipe.to_json())
    (digest,) = record["masks"]
    other = replace(recipe, steps=(an_edit(disc(Box(30, 30, 40, 40)).shrunk(3)), *STEPS[1:]))
    record["masks"][digest] = json.loads(other.to_json())["masks"].popitem()[1]
    with pytest.raises(ValueError, match=r"damaged|fill"):
        Recipe.from_json(json.dumps(record))


# a row of files


def test_a_folder_is_gone_through_once_and_goes_on(tmp_path: Path) -> None:
    recipe, _ = made(STEPS, Picture.from_pixels(noise(120, 100)))
    files = []
    for n in range(3):
        files.append(tmp_path / f"{n}.png")
        files[-1].write_bytes(encode_png(noise(120, 100, n)))
    out = tmp_path / "out"
    out.mkdir()
    pipeline = HeedfulPipeline()
    load = loader(pipeline)
    results = results_of(files, out)
    for file in files[:2]:
        assert run(run_on(recipe, file, results[file], load)) == ()
    runs = len(pipeline.requests)
    halted = run_on(recipe, files[2], results[files[2]], load)
    next(halted)
    halted.close()  # the power went
    assert not results[files[2]].exists() and len(pipeline.requests) == runs + 1
    assert [run(run_on(recipe, file, results[file], load)) for file in files] == [None, None, ()]
    assert len(pipeline.requests) == runs + 1 + runs // 2
    for n, file in enumerate(files):
        wanted = run(replay(recipe, Picture.from_pixels(noise(120, 100, n)), LOAD))[-1].pixels()
        assert np.array_equal(read_image(results[file].read_bytes()).pixels, wanted)

    # another picture under the same name, or another recipe, is made anew
    files[0].write_bytes(encode_png(noise(120, 100, 7)))
    assert run(run_on(recipe, files[0], results[files[0]], load)) == ()
    shorter, _ = made(STEPS[:1], Picture.from_pixels(noise(120, 100)))
    assert run(run_on(shorter, files[1], results[files[1]], load)) == ()
    (out / RECORD).write_text("{")
    assert run(run_on(shorter, files[1], results[files[1]], load)) == ()


def test_pictures_are_those_named_and_those_in_folders_each_once(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("b.png", "a.JPG", ".DS_Store", "._a.JPG", "Thumbs.db", "notes.txt", "c.jfif", "d.apng", "f.heic"):
        (folder / name).write_bytes(b"")
    for name in ("by-content", "by-content.bak"):
        (folder / name).write_bytes(encode_png(noise(9, 9)))
    (folder / "more").mkdir()
    out = tmp_path / "out"
    named = [folder, folder / "b.png", folder / ".." / "photos" / "a.JPG"]
    found = pictures_in(named, out)
    assert sorted(file.name for file in found.pictures) == [
        "a.JPG", "b.png", "by-content", "by-content.bak", "c.jfif", "d.apng", "f.heic",
    ]  # fmt: skip
    assert found.skipped == [
        f"{folder / 'more'} is a folder. To include its pictures, list it too.",
        f"{folder / 'notes.txt'} is not a picture.",
    ]
    assert [file.name for file in pictures_in([folder / "notes.txt"], out).pictures] == ["notes.txt"]  # it is meant
    with pytest.raises(ValueError, match=r"There is no picture in .*more"):
        pictures_in([folder / "more"], out)
    with pytest.raises(ValueError, match=r"There is no picture .*gone\.png"):
        pictures_in([folder / "gone.png"], out)
    with pytest.raises(ValueError, match="another folder for -o"):
        pictures_in([folder], folder)


def test_what_was_lost_in_reading_is_reported(tmp_path: Path) -> None:
    recipe, _ = made(STEPS[:1], Picture.from_pixels(noise(120, 100)))
    Image.new("CMYK", (120, 100)).save(tmp_path / "print.jpg")
    assert run(run_on(recipe, tmp_path / "print.jpg", tmp_path / "out.png", LOAD)) == (
        "CMYK colours were converted to RGB.",
    )


def test_results_do_not_take_the_place_of_anything(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="same name"):
        results_of([tmp_path / "a" / "x.png", tmp_path / "b" / "x.jpg"], tmp_path)
    with pytest.raises(ValueError, match="replace"):
        results_of([tmp_path / "x.png"], tmp_path)


def test_recipe_run_and_verify_from_the_command_line(tmp_path: Path, here: Run) -> None:
    data = ["--data", tmp_path / "data"]

    def app(*words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "app.py"), *map(str, [*data, *words])]
        return subprocess.run(command, capture_output=True, text=True)

    from pipelines.classical import Classical

    session = Session(Store(tmp_path / "data"))
    document = session.open(noise(120, 100))
    session.submit(document.id, an_edit(disc(Box(30, 30, 40, 40)), pipeline="classical", prompt=""))
    assert Worker(session.store, loader(Classical())).run_one()
    shown = session.picture(document.id).pixels()
    session.store.close()
    pictures, recipe = tmp_path / "pictures", tmp_path / "recipe.json"
    pictures.mkdir()
    (pictures / "same.png").write_bytes(encode_png(noise(120, 100)))
    (pictures / "not.png").write_bytes(b"no picture")

    ran = app("recipe", document.id, "-o", recipe)
    assert ran.returncode == 0 and "1 steps" in ran.stdout, ran.stderr
    ran = app("run", recipe, pictures, "-o", tmp_path / "out")
    assert ran.returncode == 1 and "not.png: This is not an image" in ran.stderr and "1 of 2" in ran.stderr
    result = tmp_path / "out" / "same.png"
    assert np.array_equal(read_image(result.read_bytes()).pixels, shown)
    ran = app("verify", recipe, pictures / "same.png", result)
    assert ran.returncode == 0 and ran.stdout == "identical: 1 steps\n", ran.stderr
    ran = here(*data, "verify", recipe, pictures / "same.png", pictures / "same.png")
    assert ran.returncode == 1 and "pixels of the file differ" in ran.stderr
