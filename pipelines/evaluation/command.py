"""python -m pipelines.evaluation COMMAND: train the judge, measure a pipeline, compare several, repeat experiments.

judge | world | prompts | people | recolour | compare | feature-scale | clip | calibrate
guidance | rerank | arms | adm | all | report
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from pipelines import WEIGHTS, load
from pipelines.base import Pipeline
from pipelines.errors import InvalidInput
from pipelines.evaluation.calibrate import judged_edits, own_folder, own_glide, write_ranking
from pipelines.evaluation.clip_accuracy import write_report as write_accuracy
from pipelines.evaluation.compare import BATCH, TRUE, USUAL, Comparison
from pipelines.evaluation.compare import table as comparison_table
from pipelines.evaluation.experiments.report import write_report as write_experiments
from pipelines.evaluation.experiments.run import add_experiments, run_experiments
from pipelines.evaluation.fills import fill, usual_steps
from pipelines.evaluation.held_out import SCALE_SCENES
from pipelines.evaluation.judge import FEATURE_SCALE, JUDGE, load_judge, train_judge
from pipelines.evaluation.metrics.clip_scorer import load_scorer
from pipelines.evaluation.metrics.features import (
    Extractor,
    Features,
    JudgeExtractor,
    joined,
    load_judge_extractor,
    measure_scale,
    save_scale,
)
from pipelines.evaluation.metrics.inception import load_inception
from pipelines.evaluation.metrics.scores import Scorer
from pipelines.evaluation.people import paint_people
from pipelines.evaluation.prompts import paint_prompts
from pipelines.evaluation.recolour import STRENGTHS, refine
from pipelines.evaluation.recolour import write_report as write_recolourings
from pipelines.evaluation.world import evaluate, write_report
from pipelines.glide.digests import sha256
from pipelines.glide.folder import clip_files, load_clip, read_clip_config
from pipelines.machine import keep_freed_memory
from pipelines.training.dataset import WINDOW

EMBEDDED = WEIGHTS / "glide-mini"
SORTS = ((0.0, False), (0.0, True), (1.0, False))  # of edits: the share of removals, whether pairs are never seen


def arguments() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.evaluation", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    judge = commands.add_parser("judge", help="train the judge, going on from the one there is")
    judge.add_argument("--minutes", type=float, default=5, help="how long (default: %(default)g)")
    scale = commands.add_parser("feature-scale", help="measure what the judge's features are z-scored by, anew")
    scale.add_argument("--windows", type=int, default=5000, help="true ones, to measure it on (default: %(default)d)")
    world = commands.add_parser("world", help="judge a pipeline on held-out edits of the drawn world")
    world.add_argument("--edits", type=int, default=100, help="of each sort (default: %(default)d)")
    prompts = commands.add_parser("prompts", help="paint the paper's prompts, for the eye to judge")
    people = commands.add_parser("people", help="paint prompts as people type them, for the eye to judge")
    people.add_argument("--exact-words", action="store_true", help="give the pipeline the prompts as they are")
    recolour = commands.add_parser("recolour", help="refine things into other colours, at one strength after another")
    recolour.add_argument("--cases", type=int, default=24, help="how many things (default: %(default)d)")
    compare = commands.add_parser("compare", help="FID, KID, precision and others of models and folders of samples")
    compare.add_argument(
        "reference", metavar="REFERENCE", help=f"what to compare with: {TRUE} (windows of the drawn world), or as ARM"
    )
    compare.add_argument("arms", nargs="*", metavar="ARM", help="a model, a folder of PNG and .txt files, or an .npz")
    compare.add_argument(
        "--samples", type=int, metavar="N", help=f"of each arm (default: all that its folders have, {USUAL} of a model)"
    )
    compare.add_argument("--seed", type=int, default=0, help="which edits models are asked for (default: %(default)d)")
    compare.add_argument("--inception", type=Path, metavar="FILE", help="compare by Inception v3, not by the judge")
    clip = commands.add_parser("clip", help="measure how well the noised CLIP of a folder tells captions apart")
    clip.add_argument("--folder", type=Path, default=EMBEDDED, help="where it lies (default: the embedded one)")
    clip.add_argument("--questions", type=int, default=1024, help="(default: %(default)d)")
    calibrate = commands.add_parser(
        "calibrate", help="write ranking.json: what the scores of a model's CLIP mean, as the judge sees its edits"
    )
    calibrate.add_argument("--edits", type=int, default=800, help="half of them to fit (default: %(default)d)")
    add_experiments(commands)
    report = commands.add_parser("report", help="write a page about the experiments from the rows that they left")
    report.add_argument("rows", type=Path, metavar="ROWS", help="the folder that they were written to")
    for command in (world, prompts, people, recolour, compare, calibrate):
        if command is not compare:
            command.add_argument(
                "--pipeline", default="glide-mini", metavar="NAME", help="which (default: %(default)s)"
            )
        command.add_argument("--sampler", default="dpmpp_2m", help="(default: %(default)s)")
        command.add_argument("--steps", type=int, help="of the base model (default: what is usual with it, or 20)")
        command.add_argument("--guidance", type=float, default=2.0, help="(default: %(default)g)")
    for command in commands.choices.values():
        if command in (judge, scale):
            continue
        command.add_argument(
            "-o", "--out", type=Path, required=True, metavar="FOLDER", help="what is written goes there"
        )
    return parser.parse_args()


def main() -> None:
    """Does what the command line says."""
    options = arguments()
    keep_freed_memory()
    try:
        match options.command:
            case "judge":
                train_judge(JUDGE, options.minutes)
            case "feature-scale":
                measure_feature_scale(options.windows)
            case "compare":
                compare(options)
            case "clip":
                clip, size = load_clip(options.folder), read_clip_config(options.folder).size
                print(write_accuracy(options.out, clip, options.questions, size))
            case "guidance" | "rerank" | "arms" | "adm" | "all":
                print(run_experiments(options))
            case "report":
                print(write_experiments(options.rows, options.out))
            case _:
                measure(options)
    except InvalidInput as error:
        raise SystemExit(str(error)) from error


def measure(options: argparse.Namespace) -> None:
    """Measures one pipeline: `world`, `prompts`, `people` and `recolour`."""
    pipeline = load(options.pipeline)
    settings = sampling(options, pipeline)
    match options.command:
        case "prompts":
            paint_prompts(options.out, pipeline, **settings)
        case "people":
            paint_people(options.out, pipeline, options.exact_words, **settings)
        case "recolour":
            cases = list(refine(pipeline, options.cases, STRENGTHS, **settings))
            print(write_recolourings(options.out, cases))
        case "calibrate":
            networks = clip_files(own_folder(options.pipeline))
            judged = judged_edits(own_glide(options.pipeline, pipeline), load_judge(JUDGE), options.edits, **settings)
            print(write_ranking(options.out, judged, networks, {"pipeline": options.pipeline, **settings}))
        case "world":
            judge = load_judge(JUDGE)
            outcomes = [evaluate(pipeline, judge, options.edits, *sort, **settings) for sort in SORTS]
            print(write_report(options.out, *outcomes))


def sampling(options: argparse.Namespace, pipeline: Pipeline) -> dict[str, Any]:
    """Returns sampler, steps and guidance, as in a Request."""
    return {
        "sampler": options.sampler,
        "steps": options.steps or usual_steps(pipeline),
        "guidance": options.guidance,
    }


def compare(options: argparse.Namespace) -> None:
    """Compares models and sets of samples, and prints the table."""
    extractor: Extractor = (
        load_inception(options.inception) if options.inception else load_judge_extractor(JUDGE, FEATURE_SCALE)
    )
    scorer: Scorer | None = None
    try:
        scorer = load_scorer(EMBEDDED)
    except InvalidInput as error:
        print(error, file=sys.stderr)
    comparison = Comparison(
        out=options.out,
        count=options.samples,
        seed=options.seed,
        sampler=options.sampler,
        steps=options.steps,
        guidance=options.guidance,
        extractor=extractor,
        scorer=scorer,
        load=load,
    )
    print(comparison_table(comparison.run(options.reference, options.arms)))


def measure_feature_scale(count: int) -> None:
    """Measures the means and deviations of the judge's features of true windows, and writes them beside its weights."""
    extractor = JudgeExtractor(load_judge(JUDGE), sha256(JUDGE), None)
    parts: list[Features] = []
    for at in tqdm(range(0, count, BATCH), "windows", unit=" batches"):
        edits = [fill(SCALE_SCENES, 0, index, WINDOW) for index in range(at, min(at + BATCH, count))]
        parts.append(extractor(np.stack([edit.image for edit in edits]), np.stack([edit.mask for edit in edits])))
    save_scale(measure_scale(joined(parts)), FEATURE_SCALE, sha256(JUDGE))
