"""python -m pipelines.evaluation judge | world | prompts | people | recolour | calibrate | clip: measure models."""

import argparse
from pathlib import Path

from pipelines import WEIGHTS, load
from pipelines.errors import InvalidInput
from pipelines.evaluation.calibrate import judged_edits, write_ranking
from pipelines.evaluation.clip_accuracy import write_report as write_accuracy
from pipelines.evaluation.judge import load_judge, train_judge
from pipelines.evaluation.people import paint_people
from pipelines.evaluation.prompts import paint_prompts
from pipelines.evaluation.recolour import STRENGTHS, refine
from pipelines.evaluation.recolour import write_report as write_recolourings
from pipelines.evaluation.world import evaluate, write_report
from pipelines.glide.folder import load_clip, read_clip_config
from pipelines.glide.pipeline import Glide
from pipelines.machine import keep_freed_memory

JUDGE = WEIGHTS / "judge" / "judge.safetensors"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m pipelines.evaluation", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    judge = commands.add_parser("judge", help="train the judge, going on from the one there is")
    judge.add_argument("--minutes", type=float, default=5, help="how long (default: %(default)g)")
    world = commands.add_parser("world", help="judge a pipeline on held-out edits of the drawn world")
    world.add_argument("--edits", type=int, default=100, help="of each sort (default: %(default)d)")
    prompts = commands.add_parser("prompts", help="paint the paper's prompts, for the eye to judge")
    people = commands.add_parser("people", help="paint prompts as people type them, for the eye to judge")
    people.add_argument("--exact-words", action="store_true", help="give the pipeline the prompts as they are")
    recolour = commands.add_parser("recolour", help="refine things into other colours, at one strength after another")
    recolour.add_argument("--cases", type=int, default=24, help="how many things (default: %(default)d)")
    calibrate = commands.add_parser(
        "calibrate", help="write ranking.json: what the scores of a model's CLIP mean, as the judge sees its edits"
    )
    calibrate.add_argument("--edits", type=int, default=800, help="half of them to fit (default: %(default)d)")
    clip = commands.add_parser("clip", help="measure how well the noised CLIP of a folder tells captions apart")
    clip.add_argument(
        "--folder", type=Path, default=WEIGHTS / "glide-mini", help="where it lies (default: the embedded one)"
    )
    clip.add_argument("--questions", type=int, default=1024, help="(default: %(default)d)")
    for command in (world, prompts, people, recolour, calibrate):
        command.add_argument("--pipeline", default="glide-mini", metavar="NAME", help="which (default: %(default)s)")
        command.add_argument("--sampler", default="dpmpp_2m", help="(default: %(default)s)")
        command.add_argument("--steps", type=int, help="of the base model (default: what is usual with it, or 20)")
        command.add_argument("--guidance", type=float, default=2.0, help="(default: %(default)g)")
    for command in (world, prompts, people, recolour, calibrate, clip):
        command.add_argument(
            "-o", "--out", type=Path, required=True, metavar="FOLDER", help="what is written goes there"
        )
    options = parser.parse_args()
    keep_freed_memory()
    if options.command == "judge":
        train_judge(JUDGE, options.minutes)
        return
    if options.command == "clip":
        size = read_clip_config(options.folder).size
        print(write_accuracy(options.out, load_clip(options.folder), options.questions, size))
        return
    pipeline = load(options.pipeline)
    steps = options.steps or pipeline.defaults.get("steps", 20)
    settings = {"sampler": options.sampler, "steps": steps, "guidance": options.guidance}
    if options.command == "prompts":
        paint_prompts(options.out, pipeline, **settings)
        return
    if options.command == "people":
        paint_people(options.out, pipeline, options.exact_words, **settings)
        return
    if options.command == "recolour":
        print(write_recolourings(options.out, list(refine(pipeline, options.cases, STRENGTHS, **settings))))
        return
    judge_network = load_judge(JUDGE)
    if options.command == "calibrate":
        if not isinstance(pipeline, Glide):
            raise InvalidInput(f"{options.pipeline} has no CLIP of its own; glide-mini and glide:FOLDER may have one.")
        judged = judged_edits(pipeline, judge_network, options.edits, **settings)
        print(write_ranking(options.out, judged, {"pipeline": options.pipeline, **settings}))
        return
    sorts = ((0.0, False), (0.0, True), (1.0, False))  # share of removals, pairs never seen together
    print(
        write_report(
            options.out, *(evaluate(pipeline, judge_network, options.edits, *sort, **settings) for sort in sorts)
        )
    )
