"""The options of the commands about workers."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_work(commands: "Commands") -> None:
    """Adds the commands to those that there are."""
    work = commands.add_parser(
        "work",
        help="work on the jobs of a store without serving a page",
        description="Work on the jobs of a store, as many of these as wanted, on as many machines. They share a store"
        " with the servers: --data with the URL of a PostgreSQL database, or the same folder on one machine. What a"
        " worker leaves when it ends another takes over. Ctrl+C ends it after its step; on SIGTERM its job may finish"
        " within --stop-within.",
    )
    ray_help = "run the models in a Ray cluster, one worker a graphics card: HOST:PORT of its head, or auto"
    work.add_argument("--ray", metavar="ADDRESS", help=ray_help)
    work.set_defaults(run="work.work")
    cluster = commands.add_parser("cluster", help="list the workers of a store, their models, and what waits")
    cluster.set_defaults(run="work.cluster")
    # what `serve` and `work` start
    models = commands.add_parser("models-process")
    models.set_defaults(run="server.models_process")
    models.add_argument("--pageless", action="store_true", help=argparse.SUPPRESS)
    models.add_argument("--ray", help=argparse.SUPPRESS)
