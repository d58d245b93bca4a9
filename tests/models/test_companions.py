"""The networks that are trained beside GLIDE's own: each a stage that goes on to the bit, and a file to be loaded."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import default_collate

from pipelines import WEIGHTS
from pipelines.diffusion.denoiser import Denoised
from pipelines.diffusion.guidance import classifier_guided
from pipelines.evaluation.held_out import JUDGE_SCENES
from pipelines.glide.autoencoder import load_autoencoder
from pipelines.glide.classifier import NoisyClassifier, load_classifier
from pipelines.glide.folder import BYTE_PAIRS, WORDS, load_clip
from pipelines.glide.pipeline import BASE_SIGMAS
from pipelines.glide.sized import save_sized
from pipelines.training import reconstruction
from pipelines.training.classification import Classification
from pipelines.training.companions import COMPANIONS
from pipelines.training.config import SIZES, STAGES
from pipelines.training.dataset import HELD_OUT, example
from pipelines.training.labelled import KIND_NAMES, NOTHING, SORTS, Labelled, labelled
from pipelines.training.trainer import SCENES, Following, Trainer
from tests.models.conftest import Train

CPU, TOY = torch.device("cpu"), SIZES["toy"]
BESIDE = ("classifier", "autoencoder")  # what this project's own model does without


def trainer_of(stage: str) -> Trainer:
    companion = COMPANIONS[stage]
    pace = replace(companion.pace(TOY), batch=2)
    return Trainer(companion.objective(companion.config(TOY), companion.seed, CPU), pace, CPU)


@pytest.mark.parametrize("stage", BESIDE)
def test_a_stage_goes_on_to_the_bit(stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconstruction, "DEAD", 2.0)  # so that some codes begin anew at every step
    dataset = COMPANIONS[stage].dataset(TOY, tmp_path)
    batches = [default_collate([dataset[2 * i], dataset[2 * i + 1]]) for i in range(5)]
    straight = trainer_of(stage)
    losses = [float(straight.learn(batch)) for batch in batches]
    first = trainer_of(stage)
    resumed = [float(first.learn(batch)) for batch in batches[:2]]
    first.save(tmp_path / "state.pt")
    second = trainer_of(stage)
    second.load(tmp_path / "state.pt")
    assert losses == resumed + [float(second.learn(batch)) for batch in batches[2:]]
    for name, value in straight.network.state_dict().items():
        assert torch.equal(value, second.network.state_dict()[name]), name
        assert torch.equal(straight.ema[name], second.ema[name]), name


@pytest.mark.parametrize(("stage", "load"), [("classifier", load_classifier), ("autoencoder", load_autoencoder)])
def test_a_stage_leaves_a_network_that_is_what_it_learned(
    stage: str, load: Callable[[Path], torch.nn.Module], tmp_path: Path, trained: Train
) -> None:
    course = (stage, "--size", "toy", "--minutes", 0, "--out", tmp_path)
    for step in (1, 2):  # the second time it goes on
        assert f"{stage}: " in trained(*course)
        state = torch.load(tmp_path / stage / "state.pt", weights_only=True)
        assert state["step"] == step
    network = load(tmp_path / f"{stage}.safetensors")
    assert network.config == COMPANIONS[stage].config(TOY)
    for name, value in network.state_dict().items():
        ema = state["ema"][name if stage == "classifier" else f"autoencoder.{name}"]
        assert torch.equal(value, ema.to(torch.bfloat16).float()), name
    assert not (tmp_path / "tokenizer.json").exists()  # it reads no words
    assert (tmp_path / stage / "loss.png").exists()


def test_the_clip_stage_leaves_a_clip_with_its_words(tmp_path: Path, trained: Train) -> None:
    assert "clip: " in trained("clip", "--size", "toy", "--minutes", 0, "--out", tmp_path)
    clip, ema = load_clip(tmp_path), torch.load(tmp_path / "clip" / "state.pt", weights_only=True)["ema"]
    for half, network in (("text", clip.text), ("image", clip.image)):
        for name, value in network.state_dict().items():
            assert torch.equal(value, ema[f"{half}.{name}"].to(torch.bfloat16).float()), name
    assert clip.scale == pytest.approx(float(ema["log_scale"].exp()), abs=1e-3)
    for name in (BYTE_PAIRS, WORDS):
        assert (tmp_path / name).read_bytes() == (WEIGHTS / "glide-mini" / name).read_bytes()


def test_none_learns_from_anothers_scenes_nor_the_judges() -> None:
    seeds = [companion.seed for companion in COMPANIONS.values()] + [stage.seed for stage in STAGES.values()]
    assert len({*seeds}) == len(seeds)
    for companion in COMPANIONS.values():
        last = next(iter(Following(companion.seed, 256, 10_000_000)))[-1]
        assert last < (companion.seed + 1) * SCENES < HELD_OUT < JUDGE_SCENES


def test_the_wide_world_is_refused(tmp_path: Path, trained: Train) -> None:
    (tmp_path / "world.txt").write_text("wide\n")
    for stage in BESIDE:
        assert "of which" in trained(stage, "--size", "toy", "--minutes", 0, "--out", tmp_path)
        assert not (tmp_path / stage).exists()


@pytest.mark.parametrize("stage", COMPANIONS)
def test_dry_run_says_what_would_be_trained(stage: str, tmp_path: Path, trained: Train) -> None:
    said = json.loads(trained(stage, "--out", tmp_path / "x", "--batch", 3, "--dry-run"))
    assert said["pace"]["batch"] == 3 and said["network"] and not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda weights, sizes: weights.unlink(), "weights .* are not there"),
        (lambda weights, sizes: weights.write_bytes(weights.read_bytes()[:-9]), "is damaged"),
        (lambda weights, sizes: sizes.unlink(), "sizes .* are not there"),
        (lambda weights, sizes: sizes.write_text("{"), "cannot be read"),
        (lambda weights, sizes: sizes.write_text("[1]"), "cannot be read"),
        (lambda weights, sizes: sizes.write_text('{"depth": 3}'), "cannot be read"),
        (lambda weights, sizes: changed(sizes, width=24), "belong to another network"),
        (lambda weights, sizes: changed(sizes, width="wide"), "No network can have the sizes"),
        (lambda weights, sizes: changed(sizes, groups=0), "No network can have the sizes"),
        (lambda weights, sizes: changed(sizes, mult=7), "No network can have the sizes"),
    ],
)
def test_what_cannot_be_loaded_is_a_sentence(
    spoil: Callable[[Path, Path], object], sentence: str, tmp_path: Path
) -> None:
    weights = tmp_path / "classifier.safetensors"
    save_sized(TOY.classifier, NoisyClassifier(TOY.classifier).state_dict(), weights)
    assert load_classifier(weights).config == TOY.classifier
    spoil(weights, weights.with_suffix(".json"))
    with pytest.raises(ValueError, match=sentence):
        load_classifier(weights)


def changed(sizes: Path, **values: object) -> None:
    sizes.write_text(json.dumps({**json.loads(sizes.read_text()), **values}))


# --- the classifier ---


def test_pictures_are_named_after_what_they_show() -> None:
    assert len(KIND_NAMES) == 109
    for seed in range(40):
        window, shown = labelled(seed, 16, "stranger"), example(seed, 16, 0.0, hole="stranger")
        assert np.array_equal(window.image, shown.image)
        if shown.thing is not None:
            assert window.kind == shown.thing.kind
        picture, shown = labelled(seed, 16, "picture"), example(seed, 16, 0.0, hole="picture")
        assert np.array_equal(picture.image, shown.image)
        assert picture.kind in {NOTHING, *(thing.kind for thing in shown.scene.all())}
        bare, gone = labelled(seed, 16, "bare"), example(seed, 16, 1.0, hole="thing")
        assert np.array_equal(bare.image, gone.image) and bare.kind == NOTHING


def test_every_sort_of_picture_comes_as_often_as_said() -> None:
    assert sum(SORTS.values()) == pytest.approx(1)
    kinds = [labelled(seed, 8).kind for seed in range(400)]
    assert 0.5 * SORTS["bare"] < kinds.count(NOTHING) / 400 < 2 * SORTS["bare"]
    assert len({*kinds}) > 60
    first, again = Labelled(16)[3], Labelled(16)[3]
    assert torch.equal(first["x0"], again["x0"]) and first["kind"] == again["kind"]


def test_a_whole_picture_is_named_after_its_larger_things_more_often() -> None:
    hits, by_chance = 0.0, 0.0
    for seed in range(150):
        shown = example(seed, 8, 0.0, hole="picture")
        x, y, side = shown.window
        areas = {
            thing.kind: thing.width * thing.height
            for thing in shown.scene.all()
            if 0 < thing.x + thing.width / 2 - x < side and 0 < thing.y + thing.height / 2 - y < side
        }
        if len(areas) > 1:
            hits += labelled(seed, 8, "picture").kind == max(areas, key=areas.__getitem__)
            by_chance += 1 / len(areas)
    assert hits > 1.5 * by_chance


class Learned(NamedTuple):
    """A tiny classifier and the eight pictures that it learned."""

    network: NoisyClassifier
    batch: dict[str, Tensor]
    losses: tuple[float, float]  # at first and at last, under the same noise


@pytest.fixture(scope="module")
def learned() -> Learned:
    objective = Classification(replace(TOY.classifier, width=8, groups=4), 6, CPU)
    trainer = Trainer(objective, replace(TOY.classifier_pace, learning_rate=8e-3, warm_up=10), CPU)
    batch = default_collate([Labelled(16)[i] for i in range(8)])
    assert len(batch["kind"].unique()) > 4

    def loss() -> float:
        trainer.step = 0  # the noise follows from it
        return float(np.mean([float(trainer.learn(batch)) for _ in range(5)]))

    first = loss()
    for _ in range(100):
        trainer.learn(batch)
    last = loss()
    return Learned(objective.network.requires_grad_(False), batch, (first, last))


def test_a_classifier_learns(learned: Learned) -> None:
    first, last = learned.losses
    assert abs(first - np.log(len(KIND_NAMES))) < 0.7 and last < 0.6 * first
    right = learned.network(learned.batch["x0"], torch.zeros(8)).argmax(1) == learned.batch["kind"]
    assert int(right.sum()) >= 5  # by chance none; which are wrong depends on the number of threads


def test_its_gradient_leads_to_the_kind(learned: Learned) -> None:
    """A guess that it moved is likelier to be of the kind asked for; the further, the more."""
    x0, asked = learned.batch["x0"], learned.batch["kind"].roll(3)
    log_probability = learned.network.log_probability(asked, BASE_SIGMAS)
    for t in (200, 500, 800):
        sigma = float(BASE_SIGMAS[t])
        x, gains = x0 + sigma * torch.randn(x0.shape, generator=torch.Generator().manual_seed(1)), []
        for scale in (0.0, 0.01, 0.05):
            moved = classifier_guided(lambda x, sigma: Denoised(x, None), log_probability, scale)(x, sigma).x0
            logits = learned.network(moved / (1 + sigma**2) ** 0.5, torch.full((8,), float(t)))
            gains.append(float(logits.log_softmax(1).gather(1, asked[:, None]).mean()))
        assert gains == sorted(gains) and gains[1] > gains[0] + 1e-4
