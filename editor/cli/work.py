"""The commands about workers: run one without a page, list all."""

import sys

from editor.cli.context import CommandContext
from editor.cli.metrics import check_metrics, metrics_of, served
from editor.cli.stop_signals import StopSignals
from editor.crew import Crew
from editor.models_process import ModelsProcess
from pipelines.cluster import check_address
from pipelines.models import printable


def work(context: CommandContext) -> None:
    """Works on the jobs of a store until it is interrupted.

    Raises:
        InvalidInput: no cluster is there that it is to work on; one that goes later is waited for. Or metrics cannot be
            served.
    """
    check_metrics(context.options)
    if context.options.ray:
        check_address(context.options.ray)
    signals = StopSignals()
    before, after = sys.argv[1 : (at := sys.argv.index("work"))], sys.argv[at + 1 :]
    command = [sys.executable, str(context.root / "app.py"), *before, "models-process", "--pageless", *after]
    metrics = metrics_of(context.options, "worker", context.library.names)
    with context.session(create=True) as session, served(metrics, context.options):

        def make() -> ModelsProcess:
            process = ModelsProcess(session.store, command)
            return process if metrics is None else metrics.watch(process)

        crew = Crew(make)
        crew.start()
        print("Working. Ctrl+C ends it after its step.", flush=True)
        within = None
        try:
            within = context.options.stop_within if signals.wait() else None
        finally:
            crew.stop(within)


def cluster(context: CommandContext) -> None:
    """Lists the workers of a store, and how many jobs wait."""
    with context.session() as session:
        workers = session.store.workers.all()
        for row in workers:
            models = ", ".join(map(printable, row.models)) or "no model yet"
            state = f"works on {row.job[:8]}" if row.job else "idle"
            print(f"{printable(row.place)} (process {row.pid})  {state}  {models}  ({printable(row.machine)})")
        counts = session.store.workers.jobs()
        if not workers:
            print(
                "No `palimpsest work` is running. A server works on its jobs itself, unless it was started with"
                " --no-work, and is not listed here."
            )
        print(f"Jobs: {counts.running:,} running, {counts.waiting:,} waiting.")
