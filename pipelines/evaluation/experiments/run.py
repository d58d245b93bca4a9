"""Runs the papers' experiments: what the command line names becomes arms, rows and a page."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from pipelines import in_full, load
from pipelines.base import Pipeline
from pipelines.calibration import FILE as CALIBRATION
from pipelines.errors import InvalidInput
from pipelines.evaluation.calibrate import own_folder, own_glide
from pipelines.evaluation.experiments.adm import Adm
from pipelines.evaluation.experiments.adm_arms import accuracy_to_guide, load_stack
from pipelines.evaluation.experiments.arms import Arm, measured
from pipelines.evaluation.experiments.guidance import OWN, SECOND, Frontier
from pipelines.evaluation.experiments.margins import Margins, Model
from pipelines.evaluation.experiments.report import write_report
from pipelines.evaluation.experiments.reranking import Reranking
from pipelines.evaluation.fills import usual_steps, weights_digest
from pipelines.evaluation.judge import FEATURE_SCALE, JUDGE, Judge, load_judge
from pipelines.evaluation.metrics.clip_scorer import load_scorer
from pipelines.evaluation.metrics.features import JudgeExtractor, load_judge_extractor
from pipelines.evaluation.metrics.measured import check_count
from pipelines.evaluation.metrics.scores import Scorer
from pipelines.glide.autoencoder import load_autoencoder
from pipelines.glide.digests import sha256
from pipelines.ranking import Ranker

USUAL = 500  # samples of an arm
WINDOWS = 500  # true ones, on which a classifier that is to guide shows what it knows
ALL = "all"


class Bench(NamedTuple):
    """What all experiments of a run share."""

    out: Path
    folder: Path  # of the model
    model: Model
    sampler: str  # as in a Request
    judge: Judge
    extractor: JudgeExtractor
    scorer: Scorer  # the model's own CLIP


def add_experiments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds a command for each experiment, and one for all, to those of a parser."""
    for name, words in {
        "guidance": "experiment: CLIP guidance against classifier-free guidance",
        "rerank": "experiment: the best of N by the model's CLIP",
        "arms": "experiment: DALL-E's three arms, by which a stronger model's lead shrinks",
        "adm": "experiment: a classifier's guidance, few steps, learned variance, the stack",
        ALL: "all experiments",
    }.items():
        parser = commands.add_parser(name, help=words)
        if name in ("guidance", "adm", ALL):
            parser.add_argument(
                "--samples", type=int, help="of each arm (default: 500; of `adm` at most, and 200 where arms are slow)"
            )
        if name in ("rerank", "arms", ALL):
            parser.add_argument("--prompts", type=int, default=100, help="of each arm (default: %(default)d)")
        if name in ("guidance", ALL):
            parser.add_argument("--second", type=Path, metavar="FOLDER", help="another CLIP, to score as well")
        if name in ("arms", ALL):
            parser.add_argument("--weak", required=True, metavar="NAME", help="the weaker model")
            parser.add_argument("--autoencoder", type=Path, required=True, metavar="FILE", help="which blurs")
        if name in ("adm", ALL):
            parser.add_argument("--classifier", type=Path, required=True, metavar="FILE", help="what guides")
        parser.add_argument("--pipeline", default="glide-mini", metavar="NAME", help="which (default: %(default)s)")
        parser.add_argument("--sampler", default="dpmpp_2m", help="(default: %(default)s; `adm` has its own)")
        parser.add_argument("--steps", type=int, help="of the base model (default: what is usual with it, or 20)")


def run_experiments(options: argparse.Namespace) -> str:
    """Measures the arms of an experiment, or of all, that have no row yet.

    Returns:
        The page about all rows there are, which lies in the folder of the rows.

    Raises:
        InvalidInput: something is missing or does not fit.
    """
    for option in ("samples", "prompts"):
        if (count := getattr(options, option, None)) is not None:
            check_count(f"--{option}", count)
    bench = _bench(options)
    names = list(EXPERIMENTS) if options.command == ALL else [options.command]
    arms = {name: EXPERIMENTS[name](options, bench) for name in names}  # what is missing is said before hours
    for name in names:
        measured(bench.out / name, arms[name])
    return write_report(bench.out, bench.out)


def _bench(options: argparse.Namespace) -> Bench:
    pipeline, folder = own_glide(options.pipeline, load(options.pipeline)), own_folder(options.pipeline)
    extractor = load_judge_extractor(JUDGE, FEATURE_SCALE)
    model = _model(options.pipeline, pipeline, options.steps)
    return Bench(options.out, folder, model, options.sampler, load_judge(JUDGE), extractor, load_scorer(folder))


def _model(name: str, pipeline: Pipeline, steps: int | None) -> Model:
    return Model(pipeline, weights_digest(in_full(name)), steps or usual_steps(pipeline))


def _ranking(bench: Bench) -> tuple[Ranker, str]:
    """Returns what ranks a model's samples, and the SHA-256 of its calibration.

    Raises:
        InvalidInput: the model has no calibrated CLIP.
    """
    ranker = own_glide(bench.model.pipeline.name, bench.model.pipeline).ranker()
    if ranker is None:
        raise InvalidInput(
            f"{bench.model.pipeline.name} has no ranking: write it with `python -m pipelines.evaluation calibrate -o "
            f"{bench.folder}`."
        )
    return ranker, sha256(bench.folder / CALIBRATION)


def _guidance(options: argparse.Namespace, bench: Bench) -> Iterator[Arm]:
    scorers: dict[str, Scorer] = {OWN: bench.scorer}
    if options.second:
        scorers[SECOND] = load_scorer(options.second)
    model = bench.model
    return Frontier(
        bench.out / "guidance", model.pipeline, model.weights, bench.judge, bench.extractor, scorers,
        options.samples or USUAL, bench.sampler, model.steps,
    ).arms()  # fmt: skip


def _rerank(options: argparse.Namespace, bench: Bench) -> Iterator[Arm]:
    model = bench.model
    return Reranking(
        model.pipeline, model.weights, bench.judge, *_ranking(bench), options.prompts, bench.sampler, model.steps
    ).arms()


def _arms(options: argparse.Namespace, bench: Bench) -> Iterator[Arm]:
    weak = _model(options.weak, load(options.weak), None)
    blurred, digest = load_autoencoder(options.autoencoder).blurred, sha256(options.autoencoder)
    return Margins(
        bench.out / "arms", bench.model, weak, blurred, digest, bench.judge, bench.extractor, *_ranking(bench),
        options.prompts, bench.sampler,
    ).arms()  # fmt: skip


def _adm(options: argparse.Namespace, bench: Bench) -> Iterator[Arm]:
    stack, model = load_stack(options.classifier, bench.folder), bench.model
    accuracy = accuracy_to_guide(stack.classifier, WINDOWS)
    return Adm(
        bench.out / "adm", stack, accuracy, model.pipeline.name, model.weights, bench.extractor, options.samples
    ).arms()


EXPERIMENTS: dict[str, Callable[[argparse.Namespace, Bench], Iterator[Arm]]] = {
    "guidance": _guidance,
    "rerank": _rerank,
    "arms": _arms,
    "adm": _adm,
}
