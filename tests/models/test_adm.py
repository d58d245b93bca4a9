"""ADM's arms: each sample follows from its seed and its arm alone, and the classifier leads it to the kind."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pipelines import WEIGHTS
from pipelines.base import Pixels, run
from pipelines.diffusion.denoiser import LAST, from_v
from pipelines.diffusion.guidance import clipped
from pipelines.diffusion.samplers import SAMPLERS, Noise
from pipelines.diffusion.schedule import ended, levels_at, respaced
from pipelines.errors import InvalidInput
from pipelines.evaluation.edits import thing_of, whole
from pipelines.evaluation.experiments import adm, adm_arms
from pipelines.evaluation.experiments.adm import ASKED, Adm
from pipelines.evaluation.experiments.adm_arms import (
    SCALES,
    AdmArm,
    Experiment,
    Stack,
    accuracy,
    accuracy_to_guide,
    arms,
    draw_arm,
    draw_truth,
    experiments,
    load_stack,
    task,
)
from pipelines.evaluation.experiments.arms import Number, Row, measured
from pipelines.evaluation.experiments.sections.adm import adm_section, experiment_claims
from pipelines.evaluation.experiments.verdicts import FAILS, HOLDS, UNDECIDED
from pipelines.evaluation.held_out import ADM_SCENES
from pipelines.evaluation.judge import SIDE, Judge
from pipelines.evaluation.metrics.features import JudgeExtractor
from pipelines.glide.classifier import NoisyClassifier
from pipelines.glide.folder import BYTE_PAIRS, write_config
from pipelines.glide.pipeline import BASE_SIGMAS
from pipelines.glide.pixels import to_images, to_tensor
from pipelines.glide.sized import save_sized
from pipelines.glide.unet import UNet
from pipelines.glide.weights import save_unet
from pipelines.training.config import SIZES
from pipelines.training.labelled import KIND_NAMES

TOY, CPU = SIZES["toy"], torch.device("cpu")
QUICK = AdmArm(named=True, scale=4.0, steps=3)
PICTURES = 4


def filled(network: torch.nn.Module, seed: int, std: float = 0.08) -> torch.nn.Module:
    """Gives a network weights that say something: those of a new one are silent."""
    generator = torch.Generator().manual_seed(seed)
    for value in network.parameters():
        torch.nn.init.normal_(value, std=std, generator=generator)
    return network


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny GLIDE and a tiny classifier."""
    folder = tmp_path_factory.mktemp("model")
    for seed, form in enumerate(("base_inpaint", "upsample_inpaint")):
        config = TOY.network(form)
        save_unet(filled(UNet(config), seed).state_dict(), folder / f"{form}.safetensors")
        write_config(folder, form, config)
    shutil.copyfile(WEIGHTS / "glide-mini" / BYTE_PAIRS, folder / BYTE_PAIRS)
    classifier = filled(NoisyClassifier(TOY.classifier), 3, std=0.4)
    save_sized(TOY.classifier, classifier.state_dict(), folder / "classifier.safetensors")
    return folder


@pytest.fixture(scope="module")
def stack(model: Path) -> Stack:
    return load_stack(model / "classifier.safetensors", model)


def shown(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_arms_are_told_apart_by_their_names() -> None:
    assert len({arm.name for arm in arms()}) == len(arms()) > 30
    for experiment in experiments().values():
        assert experiment.samples >= 200 and {*experiment.arms} <= {*arms()}
        assert len({*experiment.arms}) == len(experiment.arms)
    for arm in arms():
        assert arm.learned_variance or arm.sampler == "ddpm"
        assert arm.sampler in SAMPLERS


def test_every_arm_asks_for_the_same() -> None:
    """Sample i of each, so that they are compared pair by pair; in windows for what is truly there."""
    kinds = [task(arm, 7, 64).kind for arm in arms() if arm.place == "picture"]
    assert len({*kinds}) == 1
    assert len({task(QUICK, i, 64).kind for i in range(108)}) == 108
    for i in range(3):
        job, edit = task(replace(QUICK, place="window"), i, 64), whole(ADM_SCENES + i, 64, 0.0)
        assert job.kind == thing_of(edit).kind and job.text.endswith(job.kind)
        assert np.array_equal(job.known[job.hole == 0], edit.image[edit.mask == 0])
        assert not job.known[job.hole > 0].any()


def test_scale_zero_is_the_unguided_sample_to_the_bit(stack: Stack) -> None:
    """That of the base model alone, which knows nothing of the picture."""
    text = stack.base.encode(*(part[None] for part in stack.tokenizer.encode(task(QUICK, 5, 64).text)))
    denoise = clipped(from_v(lambda x, t: stack.base(x, t, text), BASE_SIGMAS))
    levels = levels_at(ended(respaced(3), LAST["v"]), BASE_SIGMAS)
    noise = Noise([5], (3, 16, 16), CPU)
    with torch.no_grad():
        unguided = to_images(run(SAMPLERS["dpmpp_2m"](denoise, noise() * levels[0], levels, noise)))[0]
    assert np.ptp(unguided.astype(int)) > 20
    assert np.array_equal(adm_arms.sample(replace(QUICK, scale=0.0), stack, 5), unguided)
    assert not np.array_equal(adm_arms.sample(QUICK, stack, 5), unguided)


def log_probability(stack: Stack, image: Pixels, kind: str) -> float:
    log_p = stack.classifier.log_probability(torch.tensor([KIND_NAMES.index(kind)]), BASE_SIGMAS)
    return float(log_p(to_tensor(image)[None], float(BASE_SIGMAS[0])))


@pytest.mark.parametrize("named", [False, True])
def test_the_kind_becomes_likelier_with_the_scale(stack: Stack, named: bool) -> None:
    means = []
    for scale in (0.0, 20.0, 100.0):
        arm = replace(QUICK, named=named, scale=scale, steps=6)
        samples = [(adm_arms.sample(arm, stack, i), task(arm, i, 64).kind) for i in range(6)]
        means.append(np.mean([log_probability(stack, *each) for each in samples]))
    assert means == sorted(means) and means[-1] > means[0] + 0.02


def test_samples_differ_by_seed_and_prompt(stack: Stack) -> None:
    arm = replace(QUICK, scale=0.0)
    assert not np.array_equal(adm_arms.sample(arm, stack, 0), adm_arms.sample(arm, stack, 1))
    assert not np.array_equal(adm_arms.sample(arm, stack, 0), adm_arms.sample(replace(arm, named=False), stack, 0))


def test_the_learned_variance_is_that_of_ddpm_alone(stack: Stack) -> None:
    for sampler, same in (("ddpm", False), ("ddim", True)):
        learned, lower = (
            adm_arms.sample(replace(QUICK, sampler=sampler, learned_variance=learned), stack, 0)
            for learned in (True, False)
        )
        assert np.array_equal(learned, lower) == same


def test_the_stack_is_the_base_enlarged_or_upsampled(stack: Stack) -> None:
    small, enlarged, upsampled = (
        adm_arms.sample(replace(QUICK, finish=finish), stack, 0) for finish in ("small", "enlarged", "upsampled")
    )
    assert small.shape == (16, 16, 3) and enlarged.shape == upsampled.shape == (64, 64, 3)
    box = np.asarray(Image.fromarray(enlarged).resize((16, 16), Image.Resampling.BOX), int)
    assert np.corrcoef(box.ravel(), small.ravel())[0, 1] > 0.9
    assert not np.array_equal(enlarged, upsampled)


def test_what_is_known_of_a_window_stays(stack: Stack, tmp_path: Path) -> None:
    arm = replace(QUICK, place="window", finish="upsampled")
    draw_arm(arm, stack, tmp_path, 2)
    for i in range(2):
        job = task(arm, i, 64)
        with Image.open(tmp_path / f"0000{i}.png") as image, Image.open(tmp_path / "holes" / f"0000{i}.png") as hole:
            pixels, mask = np.asarray(image), np.asarray(hole)
        assert np.array_equal(mask, job.hole) and 0 < (mask > 0).mean() < 1
        assert np.array_equal(pixels[mask == 0], job.known[mask == 0])
        assert (tmp_path / f"0000{i}.txt").read_text() == job.text + "\n"


def test_an_interrupted_arm_leaves_the_same_samples(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted in the midst of a sample, and while its picture is written; then gone on with, to more samples."""
    straight, interrupted = tmp_path / "straight", tmp_path / "interrupted"
    draw_arm(QUICK, stack, straight, PICTURES)
    assert len(shown(straight)) == 2 * PICTURES + 1  # a picture and a text each, and the settings
    save, seen = Image.Image.save, iter([*"abc"])

    def broken(image: Image.Image, file: Path, form: str) -> None:
        save(image, file, form)
        if next(seen, "") == "c":
            file.write_bytes(file.read_bytes()[:20])
            raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", broken)
    with pytest.raises(KeyboardInterrupt):
        draw_arm(QUICK, stack, interrupted, PICTURES)
    assert not (interrupted / "00002.png").exists() and (interrupted / "00001.png").exists()
    monkeypatch.undo()
    (interrupted / "00000.png").unlink()
    before = (interrupted / "00001.png").stat().st_mtime_ns
    draw_arm(QUICK, stack, interrupted, PICTURES)
    assert (interrupted / "00001.png").stat().st_mtime_ns == before
    assert shown(interrupted) == shown(straight)


def test_a_folder_holds_one_arm_alone(stack: Stack, tmp_path: Path) -> None:
    draw_arm(QUICK, stack, tmp_path, 1)
    settings = json.loads((tmp_path / "settings.json").read_text())
    assert settings["scale"] == 4.0 and len(settings["weights"]["base_inpaint.safetensors"]) == 64
    for arm, other in (
        (replace(QUICK, scale=2.0), stack),
        (QUICK, replace(stack, digests={**stack.digests, "classifier.safetensors": "0" * 64})),
    ):
        with pytest.raises(InvalidInput, match="samples made otherwise"):
            draw_arm(arm, other, tmp_path, 2)
    assert not (tmp_path / "00001.png").exists()


@pytest.mark.parametrize("place", ["picture", "window"])
def test_true_ones_are_left_like_samples(place: str, tmp_path: Path) -> None:
    draw_truth(place, tmp_path, 16, 2)
    holes = {f"holes/0000{i}.png" for i in range(2)} if place == "window" else set()
    assert {*shown(tmp_path)} == {"00000.png", "00000.txt", "00001.png", "00001.txt", "settings.json"} | holes
    with Image.open(tmp_path / "00001.png") as image:
        assert image.size == (16, 16)
    with pytest.raises(InvalidInput, match=r"samples made otherwise \(size 16, now 32\)"):
        draw_truth(place, tmp_path, 32, 2)


@pytest.mark.parametrize("changes", [{"size": 32}, {"classes": KIND_NAMES[1:]}])
def test_a_classifier_of_something_else_is_refused(model: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    config = replace(TOY.classifier, **changes)
    save_sized(config, NoisyClassifier(config).state_dict(), tmp_path / "classifier.safetensors")
    with pytest.raises(InvalidInput, match="knows other kinds than the drawn world's, or pictures of another size"):
        load_stack(tmp_path / "classifier.safetensors", model)


@pytest.fixture
def always() -> Iterator[NoisyClassifier]:
    """A classifier that says one kind of whatever it sees: the first window's."""
    classifier = NoisyClassifier(TOY.classifier)
    torch.nn.init.zeros_(classifier.pool.out.weight)
    kind = thing_of(whole(ADM_SCENES, 16, 0.0)).kind
    classifier.pool.out.bias.data = torch.nn.functional.one_hot(
        torch.tensor(KIND_NAMES.index(kind)), len(KIND_NAMES)
    ).float()
    yield classifier


def test_accuracy_is_the_share_of_windows_named_right(always: NoisyClassifier) -> None:
    kinds = [thing_of(whole(ADM_SCENES + i, 16, 0.0)).kind for i in range(30)]
    for timestep in (0, 900):
        assert accuracy(always, timestep, 1) == 1.0
        assert accuracy(always, timestep, 30) == pytest.approx(kinds.count(kinds[0]) / 30)
    assert accuracy_to_guide(always, 1) == 1.0
    with pytest.raises(InvalidInput, match="of 30 true windows right, where 60 % are the least"):
        accuracy_to_guide(always, 30)


# --- rows, and what is said of them ---


def test_an_arm_is_measured_by_the_asked_kinds(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a judge that always sees a chair: right of as many as ask for one."""
    arms = (replace(QUICK, steps=2), replace(QUICK, steps=2, place="window", finish="upsampled"))
    monkeypatch.setattr(
        adm, "experiments", lambda: {"scales": Experiment(arms, 500), "stack": Experiment(arms[:1], 10)}
    )
    torch.manual_seed(0)
    judge = Judge().eval()
    torch.nn.init.zeros_(judge.kind.weight)
    chair = KIND_NAMES.index("chair")
    judge.kind.bias.data = torch.nn.functional.one_hot(torch.tensor(chair), len(KIND_NAMES)).float()
    ours = Adm(tmp_path, stack, 0.7, "m", "w", JudgeExtractor(judge, "0", None), most=11)
    rows = measured(tmp_path, ours.arms())
    assert [(row.settings["experiment"], row.settings["samples"]) for row in rows] == [
        ("scales", 11),
        ("scales", 11),
        ("stack", 10),
    ]
    for row, arm in zip(rows, (*arms, arms[0]), strict=True):
        count = row.settings["samples"]
        chairs = sum(task(arm, i, 64).kind == "chair" for i in range(count))
        assert row.values[ASKED].value == chairs / count and {"KID", "precision", "recall"} <= row.values.keys()
    assert rows[0].values["KID"] != rows[1].values["KID"]
    folders = {folder.name for folder in (tmp_path / "samples").iterdir()}
    assert folders == {arms[0].name, arms[1].name, "true-pictures-16", "true-windows-64"}


def test_small_pictures_are_enlarged_for_the_judge() -> None:
    small = np.random.default_rng(0).integers(0, 255, (2, 16, 16, 3)).astype(np.uint8)
    large = adm.enlarged(small)
    assert large.shape == (2, SIDE, SIDE, 3) and np.ptp(large) > 100
    assert adm.enlarged(large) is large


def a_row(arm: AdmArm, experiment: str, **values: float) -> Row:
    numbers = {"KID": 0.1, "precision": 0.5, "recall": 0.5, ASKED: 0.5, **values}
    settings = {"experiment": experiment, **asdict(arm), "samples": 200, "accuracy": 0.7}
    return Row(f"{experiment}-{arm.name}", settings, {}, 1.0, {name: Number(n, 0.02) for name, n in numbers.items()})


def verdicts(name: str, rows: list[Row]) -> list[str]:
    return [claim.verdict for claim in experiment_claims(name, rows)]


def test_verdicts_of_the_scales() -> None:
    def curve(name: str, values: tuple[float, ...]) -> list[Row]:
        rows = zip((0.0, 1.0, 10.0), values, strict=True)
        return [a_row(AdmArm(True, scale), "scales", **{name: value}) for scale, value in rows]

    nothing = [UNDECIDED] * 4
    assert verdicts("scales", curve(ASKED, (0.5, 0.5, 0.5))) == nothing
    assert verdicts("scales", curve(ASKED, (0.2, 0.5, 0.9))) == [HOLDS, *nothing[1:]]
    assert verdicts("scales", curve("precision", (0.9, 0.5, 0.2))) == [UNDECIDED, FAILS, *nothing[2:]]
    assert verdicts("scales", curve("recall", (0.9, 0.5, 0.2))) == [*nothing[:2], HOLDS, UNDECIDED]
    assert verdicts("scales", curve("KID", (0.3, 0.1, 0.2))) == [*nothing[:3], HOLDS]
    assert verdicts("scales", curve("KID", (0.1, 0.2, 0.3))) == [*nothing[:3], FAILS]


def test_verdicts_of_steps_variance_and_stack() -> None:
    def steps(few: float, many: float) -> list[Row]:
        """The scales at which KID is least."""
        samplers = (("ddim", 25, few), ("ddpm", 250, many))
        return [
            a_row(AdmArm(True, scale, sampler, count), "steps", KID=0.1 if scale == best else 0.2)
            for sampler, count, best in samplers
            for scale in (0.0, 1.0, 4.0)
        ]

    assert [*map(lambda two: verdicts("steps", steps(*two))[0], ((4, 1), (1, 1), (0, 4)))] == [HOLDS, UNDECIDED, FAILS]
    variance = [
        a_row(AdmArm(True, 0.0, "ddpm", 25, learned), "variance", KID=0.1 + 0.1 * (not learned))
        for learned in (True, False)
    ]
    assert verdicts("variance", variance) == [HOLDS] and verdicts("variance", variance[:1]) == []
    stack = [
        a_row(AdmArm(True, scale, finish=finish), "stack", KID=0.1 * (3 - (scale > 0) - (finish == "upsampled")))
        for scale in (0.0, 2.0)
        for finish in ("enlarged", "upsampled")
    ]
    assert verdicts("stack", stack) == [HOLDS] * 3


def test_the_section_has_a_chart_for_each_scale_sweep(tmp_path: Path) -> None:
    for name in ("scales", "variance"):
        for arm in experiments()[name].arms:
            row = a_row(arm, name)
            numbers = {key: number._asdict() for key, number in row.values.items()}
            (tmp_path / f"{row.arm}.json").write_text(json.dumps({**row._asdict(), "values": numbers}))
    text = "\n".join(adm_section(tmp_path, tmp_path))
    assert "names 70 % of true windows" in text
    assert {file.name for file in tmp_path.glob("*.svg")} == {"adm-scales-KID.svg", "adm-scales-asked-kind.svg"}
    assert text.count("| no prompt, scale") == len(SCALES) and "lower bound" in text
