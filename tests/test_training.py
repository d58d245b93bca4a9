"""The trainer resumes to the bit, survives SIGKILL, and sees windows as the editor makes them."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from editor.edit import context_window as editors_window
from editor.geometry import Box
from pipelines.glide import config
from pipelines.glide.config import PRESETS
from pipelines.glide.tokenizer import Tokenizer, mini_tokenizer
from pipelines.training.__main__ import make_tokenizer
from pipelines.training.config import STAGES, Stage
from pipelines.training.dataset import HELD_OUT, HOLES, Crops, Windows, example, without_hidden
from pipelines.training.masks import ROOM_AROUND, context_window, painted, strokes
from pipelines.training.scenes.layout import draw_scene, held_out_pair, make
from pipelines.training.scenes.things import KINDS
from pipelines.training.trainer import ROOMS, Following, Trainer

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    file = tmp_path_factory.mktemp("byte-pairs") / "tokenizer.json"
    make_tokenizer(file, 512)
    return mini_tokenizer(file, 24)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The inpainting stage at toy size."""
    small = replace(PRESETS["mini-base"], size=16, width=16, mult=(1, 2), attend=(8,), text_width=16, text_layers=1,
                    head=16)  # fmt: skip
    monkeypatch.setitem(config.PRESETS, "toy", small)
    return replace(STAGES["inpaint"], network="toy", pixels=16, batch=2)


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
    window = editors_window(box, size).shifted_into(Box(0, 0, *frame))
    assert context_window(tuple(box), frame, size) == (window.x, window.y, window.width)
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
    for dataset in (Windows(tokenizer, 64, 0.12, 2**62), Crops(tokenizer, 32, 0.12, 2**62)):
        first, again = dataset[5 * ROOMS + 7], dataset[5 * ROOMS + 7]
        for name, value in first.items():
            assert torch.equal(value, again[name]), name
        assert float(first["x0"].min()) >= -1 and float(first["x0"].max()) <= 1


def test_stages_share_no_rooms_and_never_meet_the_held_out() -> None:
    first = {name: next(iter(Following(stage, 0)))[0] for name, stage in STAGES.items()}
    assert len(set(first.values())) == len(STAGES)
    for stage in STAGES.values():
        assert next(iter(Following(stage, 10_000_000)))[-1] < first_of_next(stage) <= HELD_OUT


def first_of_next(stage: Stage) -> int:
    return (stage.seed + 1) * ROOMS


def test_resuming_is_exact(toy: Stage, tokenizer: Tokenizer, tmp_path: Path) -> None:
    dataset = Windows(tokenizer, toy.pixels, toy.empty, 2**62)

    def learn(trainer: Trainer, steps: int) -> list[float]:
        batches = iter(Following(toy, trainer.step))
        return [
            trainer.learn(torch.utils.data.default_collate([dataset[i] for i in next(batches)])) for _ in range(steps)
        ]

    straight = Trainer(toy, CPU)
    losses = learn(straight, 6)
    first = Trainer(toy, CPU)
    resumed_losses = learn(first, 3)
    first.save(tmp_path / "state.pt")
    second = Trainer(toy, CPU)
    second.load(tmp_path / "state.pt")
    resumed_losses += learn(second, 3)
    assert losses == resumed_losses
    for name, value in straight.ema.items():
        assert torch.equal(value, second.ema[name]), name
    for name, value in straight.network.state_dict().items():
        assert torch.equal(value, second.network.state_dict()[name]), name


def test_a_stage_learns(toy: Stage, tokenizer: Tokenizer) -> None:
    dataset = Windows(tokenizer, toy.pixels, toy.empty, 2**62)
    batch = torch.utils.data.default_collate([dataset[i] for i in range(8)])
    trainer = Trainer(replace(toy, warm_up=10, learning_rate=2e-3), CPU)
    losses = [trainer.learn(batch) for _ in range(60)]
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:10])


def test_a_killed_training_goes_on(tmp_path: Path) -> None:
    """A real process killed with SIGKILL; the same command again goes on from its last checkpoint."""
    command = [sys.executable, "-m", "pipelines.training", "upsample", "--out", str(tmp_path), "--minutes"]
    environment, batch = os.environ | {"OMP_NUM_THREADS": "1"}, STAGES["upsample"].batch
    subprocess.run([*command, "0.02"], check=True, env=environment, capture_output=True)
    state = tmp_path / "upsample" / "state.pt"
    first = torch.load(state, weights_only=True)["step"]
    with subprocess.Popen([*command, "5"], env=environment, stderr=subprocess.PIPE, text=True) as killed:
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
    subprocess.run([*command, "0.02"], check=True, env=environment, capture_output=True)
    assert torch.load(state, weights_only=True)["step"] > first
    assert (tmp_path / "upsample" / "upsample.safetensors").exists()


def test_inpainting_wants_its_base(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pipelines.training",
        "inpaint",
        "--out",
        str(tmp_path),
        "--minutes",
        "0.01",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0 and "train that first" in done.stderr


def test_dry_run_says_what_would_be_trained(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipelines.training", "base", "--out", str(tmp_path / "x"), "--dry-run"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert '"batch"' in done.stdout and not (tmp_path / "x").exists()
