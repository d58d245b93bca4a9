"""ADM's experiments with a small GLIDE (Dhariwal & Nichol 2021): its arms as data, and the samples of each.

A noise-aware classifier guides the base model towards a kind, over an empty prompt or one that names the kind. Sample i
of every arm has the same seed and asks for the same kind, so that arms are compared pair by pair.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines import WEIGHTS
from pipelines.base import Pixels, run
from pipelines.diffusion.denoiser import DENOISERS, LAST, Denoised, Denoiser
from pipelines.diffusion.guidance import classifier_guided, clipped, keeping
from pipelines.diffusion.samplers import SAMPLERS, Noise
from pipelines.diffusion.schedule import Sigmas, ended, levels_at, respaced
from pipelines.errors import InvalidInput
from pipelines.evaluation.edits import thing_of, whole
from pipelines.evaluation.fills import Sample, complete
from pipelines.evaluation.held_out import ADM_SCENES, ADM_TRUTH_SCENES
from pipelines.evaluation.sample_sets import SampleFolder
from pipelines.glide.classifier import NoisyClassifier, load_classifier
from pipelines.glide.digests import sha256
from pipelines.glide.folder import folder_tokenizer, read_configs
from pipelines.glide.pipeline import BASE_SIGMAS, EDITING, UPSAMPLE_SIGMAS, UPSAMPLE_TEMPERATURE, prepared
from pipelines.glide.pixels import eight_bit, to_images, to_tensor
from pipelines.glide.tokenizer import Tokenizer
from pipelines.glide.unet import UNet
from pipelines.glide.weights import load_unet
from pipelines.machine import best_device, fast_type
from pipelines.training.dataset import example
from pipelines.training.labelled import KIND_NAMES
from pipelines.training.scenes.things import KINDS
from pipelines.training.scenes.words import with_article

SCALES = (0.0, 0.5, 1.0, 2.0, 4.0, 7.0, 10.0)
LEAST_ACCURACY = 0.6  # of a classifier that guides, in true windows without noise; chance is below 0.01
UPSAMPLE_STEPS = 2  # of `dpmpp_2m`, as the embedded model's own


@dataclass(frozen=True)
class AdmArm:
    """One way to draw samples."""

    named: bool  # whether the prompt names the kind; else it is empty
    scale: float  # of the classifier's gradient
    sampler: str = "dpmpp_2m"
    steps: int = 8
    learned_variance: bool = True  # else the lower bound of the posterior's; of `ddpm` alone
    # "small": as the base model draws, "enlarged" to the upsampler's size, or "upsampled"
    finish: str = "small"
    # "picture": a whole one, of which nothing is known; or a held-out "window" with a hole for a thing, in which no
    # prompt means that nothing is to be there
    place: str = "picture"

    @property
    def name(self) -> str:
        """What to call it, and its folder."""
        variance = "" if self.learned_variance else "-lower"
        prompt = "kind" if self.named else "empty"
        return f"{self.place}-{prompt}-{self.sampler}{self.steps}{variance}-{self.finish}-s{self.scale:g}"


@dataclass(frozen=True)
class Experiment:
    """Arms that are compared with each other."""

    arms: tuple[AdmArm, ...]
    samples: int  # of each


def experiments() -> dict[str, Experiment]:
    """Returns ADM's experiments at our scale, by name; an arm may be in several.

    scales: sections 4.3 and 4.4, tables 4 and 5. steps: table 5's last rows, each sampler with scales of its own, since
    the best one moves; 250 steps with three scales alone, for they take thirty times as long as 8. variance: the
    learned one against the lower bound (Nichol & Dhariwal 2021, figure 8). stack: table 5's ADM, -U, -G and -G+U.
    windows: the scales once more where the judge is at home, with one thing in the middle of what is known.
    """
    few = [AdmArm(True, scale, "ddim", 25) for scale in SCALES] + [AdmArm(True, scale) for scale in SCALES]
    many = [AdmArm(True, scale, "ddpm", 250) for scale in (0.0, 1.0, 4.0)]
    variance = [AdmArm(True, 0.0, "ddpm", steps, learned) for steps in (250, 25) for learned in (True, False)]
    stack = [AdmArm(True, scale, finish=finish) for scale in (0.0, 2.0) for finish in ("enlarged", "upsampled")]
    prompts = (False, True)
    return {
        "scales": Experiment(tuple(AdmArm(named, scale) for named in prompts for scale in SCALES), 500),
        "steps": Experiment((*few, *many), 200),
        "variance": Experiment(tuple(variance), 200),
        "stack": Experiment(tuple(stack), 200),
        "windows": Experiment(
            tuple(AdmArm(named, scale, finish="upsampled", place="window") for named in prompts for scale in SCALES),
            200,
        ),
    }


def arms() -> tuple[AdmArm, ...]:
    """Returns every arm once."""
    return tuple(dict.fromkeys(arm for experiment in experiments().values() for arm in experiment.arms))


@dataclass(frozen=True)
class Stack:
    """The networks of all arms."""

    base: UNet
    upsampler: UNet
    tokenizer: Tokenizer
    classifier: NoisyClassifier  # of `labelled.KIND_NAMES`, at the base's size
    device: torch.device
    digests: Mapping[str, str]  # SHA-256 of each file of weights
    classifier_digest: str  # of the classifier's


def load_stack(classifier_file: Path, folder: Path = WEIGHTS / "glide-mini") -> Stack:
    """Loads a folder's base and upsampler, and a classifier.

    Args:
        classifier_file: the classifier's weights.
        folder: a model that this project trained.

    Raises:
        InvalidInput: something is missing or damaged, or the classifier is of other pictures or kinds.
    """
    configs, device = read_configs(folder), best_device()
    files = [folder / f"{form}.safetensors" for form in EDITING]
    base, upsampler = (
        prepared(load_unet(configs[form], file), device, fast_type(device))
        for form, file in zip(EDITING, files, strict=True)
    )
    classifier = load_classifier(classifier_file).to(device)
    if classifier.config.size != base.config.size or classifier.config.classes != KIND_NAMES:
        raise InvalidInput(
            f"The classifier {classifier_file} knows other kinds than the drawn world's, or pictures of another size "
            f"than {base.config.size} pixels: train it with `python -m pipelines.training classifier`."
        )
    digests = {file.name: sha256(file) for file in (*files, classifier_file)}
    tokenizer = folder_tokenizer(folder, base.config)
    return Stack(base, upsampler, tokenizer, classifier, device, digests, digests[classifier_file.name])


class Task(NamedTuple):
    """What sample i of an arm is to show, and where."""

    kind: str
    known: Pixels  # (S, S, 3), of the upsampler's size
    hole: Pixels  # (S, S), 255 = to be painted

    @property
    def text(self) -> str:
        """The kind as people say it."""
        return with_article(self.kind)


def task(arm: AdmArm, i: int, size: int) -> Task:
    """Returns the task of sample i: for whole pictures the kinds in turn, for windows those of held-out scenes.

    Args:
        arm: the arm.
        i: which sample.
        size: side in pixels of what the upsampler draws.
    """
    if arm.place == "picture":
        blank = np.zeros((size, size, 3), np.uint8)
        return Task([*KINDS][i % len(KINDS)], blank, np.full((size, size), 255, np.uint8))
    edit = whole(ADM_SCENES + i, size, 0.0)
    return Task(thing_of(edit).kind, np.where(edit.mask[..., None] > 0, np.uint8(0), edit.image), edit.mask)


@torch.no_grad()
def sample(arm: AdmArm, stack: Stack, i: int) -> Pixels:
    """Draws sample i of an arm, with seed i: uint8 (S, S, 3)."""
    base, upsampler, device = stack.base, stack.upsampler, stack.device
    job = task(arm, i, upsampler.config.size)
    known = to_tensor(job.known)[None].to(device)  # (1, 3, S, S)
    keep = torch.from_numpy(job.hole == 0)[None, None].float().to(device)
    ratio = upsampler.config.size // base.config.size
    known_low, keep_low = F.avg_pool2d(known, ratio), 1 - F.max_pool2d(1 - keep, ratio)
    prompt = job.text if arm.named else ""

    kind = torch.tensor([KIND_NAMES.index(job.kind)])
    denoise = _denoiser(base, stack, prompt, BASE_SIGMAS, known_low, keep_low, None)
    denoise = classifier_guided(denoise, stack.classifier.log_probability(kind, BASE_SIGMAS), arm.scale)
    denoise = keeping(clipped(denoise), known_low, keep_low)
    if not arm.learned_variance:
        denoise = _at_lower_bound(denoise)
    levels = _levels(base, BASE_SIGMAS, arm.steps)
    noise = Noise([i], (3, base.config.size, base.config.size), device)
    x0 = run(SAMPLERS[arm.sampler](denoise, noise() * levels[0], levels, noise))
    if arm.finish == "enlarged":
        x0 = F.interpolate(x0, known.shape[2:], mode="bilinear", align_corners=False)
    if arm.finish == "upsampled":
        denoise = _denoiser(upsampler, stack, prompt, UPSAMPLE_SIGMAS, known, keep, eight_bit(x0))
        denoise = keeping(clipped(denoise), known, keep)
        levels = _levels(upsampler, UPSAMPLE_SIGMAS, UPSAMPLE_STEPS)
        noise = Noise([i], (3, upsampler.config.size, upsampler.config.size), device)
        x = noise() * levels[0] * UPSAMPLE_TEMPERATURE
        x0 = run(SAMPLERS["dpmpp_2m"](denoise, x, levels, noise))
    return to_images(x0)[0]


def _denoiser(
    network: UNet, stack: Stack, prompt: str, sigmas: Sigmas, known: Tensor, keep: Tensor, low: Tensor | None
) -> Denoiser:
    """Makes the denoiser of one picture with a prompt."""
    text = network.encode(*(part[None].to(stack.device) for part in stack.tokenizer.encode(prompt)))
    return DENOISERS[network.config.predicts](lambda x, t: network(x, t, text, known, keep, low), sigmas)


def _at_lower_bound(denoise: Denoiser) -> Denoiser:
    """Leaves out what a network says of the variance, so that `ddpm` takes the least."""
    return lambda x, sigma: Denoised(denoise(x, sigma).x0, None)


def _levels(network: UNet, sigmas: Sigmas, steps: int) -> list[float]:
    return levels_at(ended(respaced(steps), LAST[network.config.predicts]), sigmas)


def draw_arm(arm: AdmArm, stack: Stack, folder: Path, count: int) -> SampleFolder:
    """Draws the samples of an arm that a folder lacks, see `complete`; prompts are kinds as people say them.

    Args:
        arm: the arm.
        stack: the networks.
        folder: of this arm alone.
        count: samples in all; seeds 0 to count - 1.

    Raises:
        InvalidInput: the folder holds samples of other settings or weights.
    """

    def make(i: int) -> Sample:
        job = task(arm, i, stack.upsampler.config.size)
        return Sample(sample(arm, stack, i), job.hole if arm.place == "window" else None, job.text)

    return complete(folder, {**asdict(arm), "weights": dict(stack.digests)}, count, make)


def draw_truth(place: str, folder: Path, size: int, count: int) -> SampleFolder:
    """Draws true pictures or windows of held-out scenes, to compare the arms' with.

    Args:
        place: as of an arm.
        folder: of these alone.
        size: side in pixels: that of the arm's samples.
        count: how many.

    Raises:
        InvalidInput: the folder holds others.
    """

    def make(i: int) -> Sample:
        if place == "picture":
            shown = example(ADM_TRUTH_SCENES + i, size, 0.0, hole="picture")
            return Sample(shown.image, None, shown.prompt)
        edit = whole(ADM_TRUTH_SCENES + i, size, 0.0)
        return Sample(edit.image, edit.mask, edit.prompt)

    return complete(folder, {"model": "truth", "place": place, "size": size, "first": ADM_TRUTH_SCENES}, count, make)


@torch.no_grad()
def accuracy(classifier: NoisyClassifier, timestep: int, count: int) -> float:
    """Measures how often a classifier names the whole thing that a held-out window was laid around, under noise.

    Args:
        classifier: of `labelled.KIND_NAMES`.
        timestep: how much noise, as a timestep of the base's schedule; 0 is next to none.
        count: how many windows.

    Returns:
        A share.
    """
    device, size = next(classifier.parameters()).device, classifier.config.size
    sigma, right = float(BASE_SIGMAS[timestep]), 0
    for i in range(count):
        edit = whole(ADM_SCENES + i, size, 0.0)
        x = to_tensor(edit.image)[None].to(device) + sigma * Noise([i], (3, size, size), device)()
        logits = classifier(x / (1 + sigma**2) ** 0.5, torch.full((1,), float(timestep), device=device))
        right += KIND_NAMES[int(logits.argmax())] == thing_of(edit).kind
    return right / count


def accuracy_to_guide(classifier: NoisyClassifier, count: int) -> float:
    """Measures a classifier, so that no hours are spent on the arms of one whose gradient cannot say much.

    Returns:
        The share of so many held-out windows without noise that it names right.

    Raises:
        InvalidInput: that is below `LEAST_ACCURACY`.
    """
    if (share := accuracy(classifier, 0, count)) < LEAST_ACCURACY:
        raise InvalidInput(
            f"The classifier names {100 * share:.0f} % of {count} true windows right, where {100 * LEAST_ACCURACY:.0f} "
            "% are the least to guide by: train it further with `python -m pipelines.training classifier`."
        )
    return share
