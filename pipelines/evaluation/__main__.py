"""python -m pipelines.evaluation judge | world: train the judge; judge the embedded model on held-out edits."""

import argparse
from pathlib import Path

from pipelines import WEIGHTS, load
from pipelines.evaluation.judge import load_judge, train_judge
from pipelines.evaluation.world import evaluate, write_report
from pipelines.machine import keep_freed_memory

JUDGE = WEIGHTS / "judge" / "judge.safetensors"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m pipelines.evaluation", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    judge = commands.add_parser("judge", help="train the judge, going on from the one there is")
    judge.add_argument("--minutes", type=float, default=5, help="how long (default: %(default)g)")
    world = commands.add_parser("world", help="judge a pipeline on held-out edits of the drawn world")
    world.add_argument("--pipeline", default="glide-mini", metavar="NAME", help="which (default: %(default)s)")
    world.add_argument("--edits", type=int, default=200, help="of each sort (default: %(default)d)")
    world.add_argument("--sampler", default="dpmpp_2m", help="(default: %(default)s)")
    world.add_argument("--steps", type=int, default=20, help="of the base model (default: %(default)d)")
    world.add_argument("--guidance", type=float, default=2.0, help="(default: %(default)g)")
    world.add_argument("-o", "--out", type=Path, required=True, metavar="FOLDER", help="table and sheets go there")
    options = parser.parse_args()
    keep_freed_memory()
    if options.command == "judge":
        train_judge(JUDGE, options.minutes)
        return
    pipeline, judge_network = load(options.pipeline), load_judge(JUDGE)
    settings = {"sampler": options.sampler, "steps": options.steps, "guidance": options.guidance}
    fills, removals = (evaluate(pipeline, judge_network, options.edits, empty, **settings) for empty in (0.0, 1.0))
    print(write_report(options.out, fills, removals))


if __name__ == "__main__":
    main()
