"""The trainer resumes to the bit, survives SIGKILL, and sees windows as the editor makes them."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from editor.edits.windows import context_window as editors_window
from editor.imaging.geometry import Box
from pipelines.base import Request, run
from pipelines.diffusion.denoiser import LAST, from_v
from pipelines.diffusion.guidance import clipped, guided, keeping
from pipelines.diffusion.schedule import SCHEDULES, Sigmas, ended, respaced, sigmas_of
from pipelines.glide.config import PRESETS
from pipelines.glide.folder import load_glide
from pipelines.glide.tokenizer import Tokenizer, mini_tokenizer
from pipelines.glide.unet import UNet
from pipelines.machine import fast_type
from pipelines.training import distillation
from pipelines.training.command import SAMPLED, make_tokenizer
from pipelines.training.config import SIZES, STAGES
from pipelines.training.dataset import HELD_OUT, HOLES, Alternating, Crops, Windows, example, without_hidden
from pipelines.training.denoising import Denoising
from pipelines.training.distillation import GUIDANCE, Teacher
from pipelines.training.folder import Pictures, captioned, opened
from pipelines.training.masks import ROOM_AROUND, context_window, painted, strokes
from pipelines.training.scenes.layout import draw_scene, held_out_pair, make
from pipelines.training.scenes.things import KINDS
from pipelines.training.trainer import SCENES, Following, Share, Trainer
from tests.models.conftest import Train
from tests.models.test_released import CONFIGS
from tests.models.test_tokenizer import write_gpt2

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    file = tmp_path_factory.mktemp("byte-pairs") / "tokenizer.json"
    make_tokenizer(file, 512)
    return mini_tokenizer(file, 24)


INPAINT, TOY = STAGES["inpaint"], SIZES["toy"]
TINY = replace(TOY.network("base_inpaint"), width=16, groups=4, head=8, text_width=16, vocabulary=512)
PACE = replace(TOY.pace, batch=2)
QUICK = replace(TOY.pace, batch=4, learning_rate=4e-3, warm_up=5)


def windows(tokenizer: Tokenizer) -> Windows:
    return Windows(example, tokenizer, TINY.size, INPAINT.empty)


def batch_of(dataset: Windows, indices: Iterable[int]) -> dict[str, torch.Tensor]:
    return dict(torch.utils.data.default_collate([dataset[i] for i in indices]))


@given(
    hole=st.tuples(st.integers(0, 3000), st.integers(0, 3000), st.integers(1, 2000), st.integers(1, 2000)),
    frame=st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
    size=st.sampled_from([64, 256, 512]),
)
def test_training_sees_the_windows_that_the_editor_makes(
    hole: tuple[int, int, int, int], frame: tuple[int, int], size: int
) -> None:
    box = Box(*hole).intersect(Box(0, 0, *frame))
    if box.empty:
        return
    window = editors_window(box, Box(0, 0, *frame), size)
    assert context_window((box.x, box.y, box.width, box.height), frame, size) == (window.x, window.y, window.width)
    assert window.width == window.height


@pytest.mark.parametrize("hole", ["thing", "part"])
@pytest.mark.parametrize("seed", range(30))
def test_the_hole_hides_the_thing(seed: int, hole: str) -> None:
    """What is left to see must not give away what was there: the scene with and without it agree outside the hole."""
    asked = example(HELD_OUT + seed, 64, 0.5, hole=hole)
    assert asked.image.shape == (64, 64, 3) and set(np.unique(asked.mask)) <= {0, 255} and asked.mask.any()
    if asked.thing is not None:
        kept, gone = asked.mask == 0, asked.scene.without(asked.thing).render(*asked.window, 64)
        assert np.array_equal(asked.image[kept], gone[kept])
        there = asked.scene.render(*asked.window, 64)
        assert np.array_equal(asked.image, there if asked.prompt else gone)
        assert not np.array_equal(there, gone)


def test_nothing_unnamed_is_hidden_altogether() -> None:
    """Nobody can know of what lies wholly under the mask: unless it is asked for, it is not in the picture."""
    cup, cat = make("mug", Random(0), 400, 300), make("cat", Random(0), 520, 400)
    couch = replace(make("couch", Random(0), 500, 400, plain=True), bears=(cup,))
    lamp = make("floor lamp", Random(0), 900, 400)
    scene = replace(draw_scene(0, "study"), things=(couch, cat, lamp))
    over = (couch.x - 5, couch.y - 60, couch.width + 10, couch.height + 70)
    assert without_hidden(scene, couch, over).things == (couch, lamp)
    assert without_hidden(scene, cat, over).things == (cat, lamp)
    assert without_hidden(scene, cup, over).things == (couch, lamp)
    assert without_hidden(scene, None, over).things == (lamp,)
    assert without_hidden(scene, couch, (0, 0, 10, 10)) == scene


def test_every_sort_of_hole_is_as_it_says() -> None:
    seen = set()
    for seed in range(400):
        asked = example(HELD_OUT + seed, 32, 0.12)
        seen.add(asked.hole)
        assert (asked.thing is None) == (asked.hole in ("picture", "surface"))
        if asked.hole in ("correction", "surface", "picture"):  # what is shown is what there is
            assert np.array_equal(asked.image, asked.scene.render(*asked.window, 32))
        if asked.hole == "correction":
            assert asked.prompt
        if asked.hole == "dressed":
            assert KINDS[asked.thing.kind].face and asked.thing.parts
            assert not asked.prompt or any(word in asked.prompt for word in ("wearing", "with", "ing "))
        if asked.hole == "picture":
            assert asked.mask.all()
        else:
            assert asked.mask.any()
    assert seen == set(HOLES)


def test_bare_holes_hide_little() -> None:
    """Where the prompt names wall or sky, or nothing, wall or sky is what the hole shows."""
    spoilt = 0
    for seed in range(150):
        asked = example(HELD_OUT + seed, 32, 0.12, hole="surface")
        empty = replace(asked.scene, things=()).render(*asked.window, 32)
        frame = asked.mask.astype(bool) & (asked.image != empty).any(2)
        spoilt += frame.sum() > 0.4 * asked.mask.astype(bool).sum()
    assert spoilt < 15


def test_pairs_kept_from_training_come_on_request_only() -> None:
    named = 0
    for seed in range(120):
        for unseen in (False, True):
            asked = example(HELD_OUT + seed, 16, 0.0, hole="thing", unseen=unseen)
            if asked.thing is not None:
                held_out = held_out_pair(asked.thing.kind, asked.thing.colour)
                assert held_out <= unseen
                able = any(held_out_pair(asked.thing.kind, colour) for colour in KINDS[asked.thing.kind].colours)
                assert held_out == (able and unseen)
                named += held_out
    assert named > 40


def test_holes_fill_their_windows_as_in_use() -> None:
    shares = []
    for seed in range(300):
        asked = example(HELD_OUT + seed, 32, 0.1, hole="thing")
        rows, columns = np.nonzero(asked.mask)
        shares.append(max(np.ptp(rows), np.ptp(columns)) / 32)
    assert np.percentile(shares, 90) > 0.7  # at most 1 / ROOM_AROUND, give or take a border
    assert np.percentile(shares, 10) < 0.5 < 1 / ROOM_AROUND
    assert 0.08 < np.mean([not example(HELD_OUT + seed, 16, 0.12).prompt for seed in range(400)]) < 0.22


def test_masks_cover_the_thing() -> None:
    thing = np.zeros((64, 64), bool)
    thing[20:45, 10:50] = np.random.default_rng(0).random((25, 40)) < 0.3
    for seed in range(60):
        mask = painted((0.0, 0.0, 50.0, 30.0), thing, (0.0, 0.0, 64.0), 64, Random(seed))
        assert (mask[thing] == 255).all() and set(np.unique(mask)) == {0, 255}
        assert painted((8.0, 8.0, 30.0, 30.0), None, (0.0, 0.0, 64.0), 64, Random(seed)).any()
        inside = strokes((8.0, 8.0, 40.0, 40.0), (0.0, 0.0, 64.0), 64, Random(seed))
        assert inside.any() and not inside[:, 60:].any() and inside.mean() < 0.5 * 255


def test_examples_follow_from_their_index(tokenizer: Tokenizer) -> None:
    for dataset in (Windows(example, tokenizer, 64, 0.12), Crops(example, tokenizer, 32, 0.12, 0.125)):
        first, again = dataset[5 * SCENES + 7], dataset[5 * SCENES + 7]
        for name, value in first.items():
            assert torch.equal(value, again[name]), name
        assert float(first["x0"].min()) >= -1 and float(first["x0"].max()) <= 1


def test_stages_share_no_scenes_and_never_meet_the_held_out() -> None:
    first = {name: next(iter(Following(stage.seed, 256, 0)))[0] for name, stage in STAGES.items()}
    assert len(set(first.values())) == len(STAGES)
    for stage in STAGES.values():
        last = next(iter(Following(stage.seed, 256, 10_000_000)))[-1]
        assert last < (stage.seed + 1) * SCENES <= SAMPLED < HELD_OUT


@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 100))
def test_shares_of_a_batch_are_the_batch(of: int, each: int, step: int) -> None:
    batch = of * each
    (whole,) = (next(iter(Following(3, batch, step))),)
    parts = [next(iter(Following(3, batch, step, Share(rank, of)))) for rank in range(of)]
    assert sorted(index for part in parts for index in part) == whole and all(len(part) == each for part in parts)
    rows = torch.arange(batch)
    assert all(
        [whole[i] for i in Share(rank, of).among(rows).tolist()] == part for rank, part in enumerate(parts)
    )  # noise and picture belong together


def test_resuming_is_exact(tokenizer: Tokenizer, tmp_path: Path) -> None:
    dataset = windows(tokenizer)

    def learn(trainer: Trainer, steps: int) -> list[float]:
        batches = iter(Following(INPAINT.seed, PACE.batch, trainer.step))
        return [float(trainer.learn(batch_of(dataset, next(batches)))) for _ in range(steps)]

    straight = Trainer(Denoising(INPAINT, TINY, CPU), PACE, CPU)
    losses = learn(straight, 6)
    first = Trainer(Denoising(INPAINT, TINY, CPU), PACE, CPU)
    resumed_losses = learn(first, 3)
    first.save(tmp_path / "state.pt")
    second = Trainer(Denoising(INPAINT, TINY, CPU), PACE, CPU)
    second.load(tmp_path / "state.pt")
    resumed_losses += learn(second, 3)
    assert losses == resumed_losses
    for name, value in straight.ema.items():
        assert torch.equal(value, second.ema[name]), name
    for name, value in straight.network.state_dict().items():
        assert torch.equal(value, second.network.state_dict()[name]), name


def test_another_training_is_not_gone_on_with(tmp_path: Path) -> None:
    Trainer(Denoising(INPAINT, TINY, CPU), PACE, CPU).save(tmp_path / "state.pt")
    with pytest.raises(ValueError, match="another pace"):
        Trainer(Denoising(INPAINT, TINY, CPU), replace(PACE, batch=3), CPU).load(tmp_path / "state.pt")
    with pytest.raises(ValueError, match="another network"):
        Trainer(Denoising(INPAINT, replace(TINY, width=32), CPU), PACE, CPU).load(tmp_path / "state.pt")


COMMAND = [sys.executable, "-m", "pipelines.training"]
ALONE = os.environ | {"OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def recipe(trained: Train, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, str]]:
    """The folder of a model that went through every stage, and what each said. Nobody changes it."""
    folder = tmp_path_factory.mktemp("recipe")
    course = ("--size", "toy", "--minutes", 0.003, "--out", folder)
    return folder, {stage: trained(stage, *course) for stage in STAGES}


def left_of_the_loss(trainer: Trainer, batch: dict[str, torch.Tensor], steps: int) -> float:
    """Its share after so many steps: of the same examples under the same noise as at first, so that chance has none."""
    losses = [float(trainer.learn(batch)) for _ in range(steps)]
    trainer.step = 0  # the noise follows from it
    return float(np.mean([float(trainer.learn(batch)) for _ in range(6)]) / np.mean(losses[:6]))


def test_a_stage_learns(tokenizer: Tokenizer) -> None:
    batch = batch_of(windows(tokenizer), range(4))
    assert left_of_the_loss(Trainer(Denoising(INPAINT, TINY, CPU), QUICK, CPU), batch, 20) < 0.8


@pytest.mark.proof
@pytest.mark.filterwarnings("ignore:The .grad attribute")  # of torch itself, while it traces
def test_a_compiled_network_learns_the_same(tokenizer: Tokenizer) -> None:
    """As on a card, in one graph; by the back end that compiles nothing, since the real one takes minutes here."""
    batches = [batch_of(windows(tokenizer), range(first, first + 2)) for first in (0, 2)]
    compilable = Denoising(INPAINT, TINY, CPU)
    compilable._error = torch.compile(compilable._loss, backend="aot_eager", fullgraph=True)
    plain, compiled = (Trainer(each, PACE, CPU) for each in (Denoising(INPAINT, TINY, CPU), compilable))
    for batch in batches:
        assert float(compiled.learn(batch)) == pytest.approx(float(plain.learn(batch)), rel=1e-4)


@pytest.mark.proof
def test_processes_learn_together_what_one_learns_alone(tmp_path: Path, trained: Train) -> None:
    """Two real processes under torchrun and this one: the same weights but for rounding."""
    course = ["base", "--size", "toy", "--batch", "4", "--minutes", "0", "--out"]
    assert "% of the time" in trained(*course, tmp_path / "alone")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    begun = [*launch, "-m", "pipelines.training", *course, str(tmp_path / "together")]
    subprocess.run(begun, check=True, env=ALONE, capture_output=True)
    alone, together = (
        torch.load(tmp_path / name / "base" / "state.pt", weights_only=True) for name in ("alone", "together")
    )
    assert alone["step"] == together["step"] == 1
    for name, value in alone["network"].items():
        assert torch.allclose(value, together["network"][name], atol=2e-4), name
    moments = ({k: v["exp_avg"] for k, v in state["optimizer"]["state"].items()} for state in (alone, together))
    rounding = 2e-2 if fast_type(CPU) == torch.bfloat16 else 1e-3
    for mine, theirs in zip(*(one.values() for one in moments), strict=True):
        assert float((mine - theirs).norm()) <= rounding * float(theirs.norm()) + 1e-6


def test_a_killed_training_goes_on(tmp_path: Path, trained: Train) -> None:
    """A real process killed with SIGKILL; the same command again goes on from its last checkpoint."""
    course = ["upsample", "--size", "toy", "--out", str(tmp_path), "--minutes"]
    trained(*course, 0.005)
    state, batch = tmp_path / "upsample" / "state.pt", TOY.pace.batch // 2
    first = torch.load(state, weights_only=True)["step"]
    with subprocess.Popen([*COMMAND, *course, "5"], env=ALONE, stderr=subprocess.PIPE, text=True) as killed:
        assert killed.stderr is not None
        try:
            seen = ""
            # it is at work once its bar has moved on
            while max(map(int, re.findall(r"(\d+) images \[", seen)), default=0) < (first + 2) * batch:
                part = killed.stderr.read(1)
                assert part, f"the training ended by itself: {seen}"
                seen = (seen + part)[-200:]
        finally:
            os.kill(killed.pid, signal.SIGKILL)
    assert torch.load(state, weights_only=True)["step"] == first
    trained(*course, 0.005)
    assert torch.load(state, weights_only=True)["step"] > first
    assert (tmp_path / "upsample_inpaint.safetensors").exists()


def test_the_whole_recipe_makes_a_model_that_paints(recipe: tuple[Path, Mapping[str, str]]) -> None:
    """Every stage leaves its weights, a curve and samples; the folder is then a pipeline like any other."""
    folder, message = recipe
    for stage in STAGES:
        assert re.search(rf"{stage}: \d+ images, .* a second on .*; .* % of the time learning", message[stage])
        for name in ("loss.png", "samples.png"):
            with Image.open(folder / stage / name) as picture:
                assert min(picture.size) > 200 and len(set(picture.convert("L").get_flattened_data())) > 20
    glide = load_glide(folder, "toy")
    assert glide.size == 64 and glide.vocabulary is not None
    assert "couch" in glide.vocabulary and "astronaut" not in glide.vocabulary
    image, mask = np.full((64, 64, 3), 100, np.uint8), np.zeros((64, 64), np.uint8)
    mask[10:30, 10:40] = 255
    (painted_over,) = run(glide.inpaint(Request(image, mask, "a red couch", "", 2.0, 0.0, 1.0, 2, "ddim", (7,))))
    assert np.array_equal(painted_over[mask == 0], image[mask == 0]) and (painted_over[mask > 0] != 100).any()


def test_inpainting_wants_its_base(tmp_path: Path, trained: Train) -> None:
    assert "train that first" in trained("inpaint", "--size", "toy", "--out", tmp_path, "--minutes", 0.01)


def test_dry_run_says_what_would_be_trained(tmp_path: Path, trained: Train) -> None:
    assert '"batch": 16' in trained("base", "--out", tmp_path / "x", "--dry-run")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("size", SIZES)
def test_sizes_are_within_what_is_shipped(size: str) -> None:
    for form in ("base_inpaint", "upsample_inpaint"):
        with torch.device("meta"):
            count = sum(value.numel() for value in UNet(SIZES[size].network(form)).parameters())
        assert 2 * count < 48e6, f"{form}: {2 * count} bytes as bfloat16"
    row = SIZES[size]
    assert row.upsample.size == 4 * row.base.size and row.crop % 4 == 0


# --- few steps ---


def a_teacher() -> Teacher:
    """With weights that say something: those of a new network are silent."""
    network = UNet(TINY)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        for value in network.parameters():
            torch.nn.init.normal_(value, std=0.1)
    return Teacher(network, sigmas_of(SCHEDULES["cosine"]()))


def test_one_step_of_the_student_ends_where_the_teachers_end(tokenizer: Tokenizer) -> None:
    """Followed by `ddim` and `guided` themselves, as an edit would."""
    teacher, sigmas = a_teacher(), sigmas_of(SCHEDULES["cosine"]())
    batch = batch_of(windows(tokenizer), range(2))
    tokens, real = (none.expand(2, -1) for none in tokenizer.encode(""))
    text = teacher.network.encode(torch.cat([batch["tokens"], tokens]), torch.cat([batch["real"], real]))

    def predict(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return teacher.network(x, t, text, batch["x0"].repeat(2, 1, 1, 1), batch["keep"].repeat(2, 1, 1, 1))

    denoise = keeping(clipped(guided(from_v(predict, sigmas), GUIDANCE)), batch["x0"], batch["keep"])
    visited = ended(respaced(distillation.STEPS), LAST["v"])
    for place in (0, 1, 4, 7):
        here = float(sigmas[visited[place]])
        there = float(sigmas[visited[place - 1]]) if place else 0.0
        x = batch["x0"] + here * torch.randn(batch["x0"].shape, generator=torch.Generator().manual_seed(place))
        guess = teacher.guess(x, torch.full((2,), place), batch)
        between = sigma_between(sigmas, visited[place], visited[place - 1]) if place else None
        levels = [here, *([between] if between else []), there]
        landed = x
        for a, b in pairwise(levels):
            x0 = denoise(landed, a).x0
            landed = x0 + b / a * (landed - x0)
        ours = guess + there / here * (x - guess)
        assert torch.allclose(ours, landed, rtol=1e-3, atol=1e-3 * max(here, 1))


def sigma_between(sigmas: Sigmas, t: int, before: int) -> float:
    return float(np.exp(np.interp((t + before) / 2, np.arange(len(sigmas)), np.log(sigmas))))


def test_a_student_learns_from_its_teacher(tokenizer: Tokenizer) -> None:
    batch, teacher = batch_of(windows(tokenizer), range(4)), a_teacher()
    before = {name: value.clone() for name, value in teacher.network.state_dict().items()}
    student = Trainer(Denoising(STAGES["distil"], TINY, CPU, teacher), QUICK, CPU)
    student.begin_from(teacher.network.state_dict())
    assert left_of_the_loss(student, batch, 30) < 0.9
    assert all(torch.equal(value, before[name]) for name, value in teacher.network.state_dict().items())


# --- somebody's own pictures ---


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Three pictures: one with transparency, one lying on its side as cameras leave it, one small."""
    folder, random = tmp_path / "pictures", np.random.default_rng(0)
    folder.mkdir()
    for name, size in (("glass.png", (120, 90)), ("tall.jpg", (200, 100)), ("small.webp", (64, 64))):
        pixels = random.integers(0, 255, (size[1] // 10, size[0] // 10, 3), np.uint8)
        picture = Image.fromarray(pixels).resize(size)
        if name == "glass.png":
            picture.putalpha(Image.linear_gradient("L").resize(size))
        exif = Image.Exif()
        exif[0x0112] = 6  # turned by a quarter
        options: dict[str, Any] = {"exif": exif} if name == "tall.jpg" else {}
        picture.save(folder / name, **options)
        (folder / name).with_suffix(".txt").write_text(f"a {name.split('.')[0]}\n  zeppelin ")
    return folder


def test_own_pictures_are_read_as_people_see_them(pictures: Path) -> None:
    found = captioned(pictures)
    assert [one.caption for one in found] == ["a glass zeppelin", "a small zeppelin", "a tall zeppelin"]
    assert opened(pictures / "tall.jpg").size == (100, 200)
    top = np.asarray(opened(pictures / "glass.png"))[0]
    assert (top >= 254).all()  # what is transparent is white


def test_windows_of_own_pictures_lie_within_them_and_show_their_hole(pictures: Path) -> None:
    source, prompts = Pictures(captioned(pictures)), set()
    for seed in range(200):
        part = source(seed, 32, 0.2, 0.4 if seed % 2 else 1.0)
        assert part.image.shape == (32, 32, 3) and part.mask.any() and set(np.unique(part.mask)) <= {0, 255}
        again = source(seed, 32, 0.2, 0.4 if seed % 2 else 1.0)
        assert np.array_equal(part.image, again.image) and np.array_equal(part.mask, again.mask)
        prompts.add(part.prompt)
    assert prompts == {"", *(one.caption for one in captioned(pictures))}


def test_what_is_learned_alternates_with_what_is_known(pictures: Path) -> None:
    own = Pictures(captioned(pictures))
    both = Alternating(example, own)
    for seed in (10, 11):
        expected = own(seed, 16, 0.0, 1.0) if seed % 2 else example(seed, 16, 1.0, 1.0)
        got = both(seed, 16, 1.0, 1.0)  # what no prompt means is learned from the drawn world alone
        assert np.array_equal(got.image, expected.image) and got.prompt == expected.prompt


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda folder: (folder / "small.txt").unlink(), r"a caption each.*1 of its pictures \(small\.webp\)"),
        (lambda folder: [file.unlink() for file in folder.iterdir()], "it has none"),
        (lambda folder: (folder / "tall.jpg").write_bytes(b"no picture"), r"tall\.jpg cannot be read"),
        (lambda folder: Image.new("RGB", (40, 90)).save(folder / "tall.jpg"), "40x90 pixels: too small"),
        (lambda folder: folder.rename(folder.with_name("elsewhere")), "There is no folder"),
    ],
)
def test_a_folder_that_cannot_be_learned_from_is_a_sentence(
    pictures: Path, spoil: Callable[[Path], object], sentence: str, trained: Train
) -> None:
    spoil(pictures)
    with pytest.raises(ValueError, match=sentence):
        captioned(pictures)
    assert re.search(sentence, trained("inpaint", "--data", pictures, "--out", pictures / "out"))


def test_fine_tuning_leaves_a_model_with_its_new_words(
    pictures: Path, tmp_path: Path, trained: Train, recipe: tuple[Path, Mapping[str, str]]
) -> None:
    """From a model trained here: the rest of it is taken over, the rest of the folder is left as it was."""
    begun, tuned = recipe[0], tmp_path / "tuned"
    before = {file.name: file.read_bytes() for file in begun.iterdir() if file.is_file()}
    course = ("inpaint", "--size", "toy", "--data", pictures, "--begin", begun, "--out", tuned, "--minutes", 0)
    assert "% of the time" in trained(*course) and "% of the time" in trained(*course)  # and goes on
    assert {file.name: file.read_bytes() for file in begun.iterdir() if file.is_file()} == before
    glide = load_glide(tuned, "tuned")
    assert glide.vocabulary is not None
    assert "zeppelin" in glide.vocabulary and "astronaut" not in glide.vocabulary
    assert (tuned / "upsample_inpaint.safetensors").read_bytes() == before["upsample_inpaint.safetensors"]
    assert (tuned / "base_inpaint.safetensors").read_bytes() != before["base_inpaint.safetensors"]
    assert torch.load(tuned / "inpaint" / "state.pt", weights_only=True)["step"] == 2


def test_fine_tuning_begins_from_openais_files_too(
    pictures: Path, tmp_path: Path, trained: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a tiny size: the folder then holds everything that the editor needs."""
    (tmp_path / "released").mkdir()
    write_gpt2(tmp_path / "released")
    for name, config in CONFIGS.items():
        monkeypatch.setitem(PRESETS, name, config)
        torch.save(UNet(config).state_dict(), tmp_path / "released" / f"{name}.pt")
    for stage in ("inpaint", "upsample"):
        begun = ("--size", "toy", "--begin", tmp_path / "released", "--data", pictures)
        assert "% of the time" in trained(stage, *begun, "--minutes", 0.001, "--out", tmp_path / "tuned")
    glide = load_glide(tmp_path / "tuned", "tuned")
    image = np.full((64, 64, 3), 100, np.uint8)
    run(glide.inpaint(Request(image, image[..., 0], "a zeppelin", "", 1.0, 0.0, 1.0, 1, "ddim", (7,))))
