"""The command that runs the server, and the process of models that it starts."""

import logging
import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from editor.cli import logs
from editor.cli.accounts import accounts_of, warn_of_open_door
from editor.cli.context import CommandContext
from editor.cli.metrics import check_metrics, metrics_of, served
from editor.cli.stop_signals import StopSignals
from editor.models_process import ModelsProcess
from editor.models_program import Engine, run_models
from editor.object_selector import ObjectSelector, Segmenter, WordSegmenter
from editor.picture_reader import Source
from editor.web.addresses import Addresses
from editor.web.context import AppContext
from editor.web.listening import check
from pipelines import forget
from pipelines.cluster import Cluster, Needs
from pipelines.errors import InvalidInput
from pipelines.models import listed, missing

if TYPE_CHECKING:
    from editor.metrics import Metrics

STREAMS_GRACE = 1.0  # seconds for streams to say their last when the server stops

log = logging.getLogger("palimpsest")


def serve(context: CommandContext) -> None:
    """Serves the editor to a browser until it is interrupted; runs when no command is given."""
    options = context.options
    context.library.installed()  # raises for a faulty models.toml
    check(options.host, options.port)
    addresses = Addresses(options.host, options.public_host, options.root_path)
    if trouble := missing(options.pipeline):
        raise InvalidInput(trouble)
    if options.mcp and find_spec("mcp") is None:
        raise InvalidInput("--mcp needs another package. Run: pip install mcp==1.30.0.")
    signs = context.signing  # a certificate that will not do is refused here
    check_metrics(options)
    if options.metrics and options.metrics_port == options.port:
        raise InvalidInput("--metrics-port and --port must be two ports.")
    accounts = accounts_of(options)
    warn_of_open_door(accounts, addresses)
    if options.compile:
        print("The first run of each network compiles it, which takes minutes.", file=sys.stderr)
    from editor.web.page import start  # Gradio takes seconds to load, and the models' process does not need it

    signals = StopSignals()
    with context.session(create=True) as session:
        command = [sys.executable, str(context.root / "app.py"), *sys.argv[1:], "models-process"]
        process = ModelsProcess(session.store, command, claims=not options.no_work)
        process.start()
        context.library.downloads.start()
        try:
            with suppress(ValueError):  # loads the model before the first Generate
                process.info(options.pipeline)
            with TemporaryDirectory(prefix="palimpsest-", ignore_cleanup_errors=True) as pictures:
                os.environ["GRADIO_TEMP_DIR"] = pictures  # where Gradio keeps pictures in the API's responses
                samples = context.root / "assets" / "samples"
                app = AppContext(session, process, context.library, samples, addresses, accounts=accounts)
                with served(_metrics(app, process, options), options):
                    page = start(app, options.host, options.port, options.mcp)
                    _announce(str(page.local_url), options.log_json)
                    if signs is not None:
                        print(f"Saved pictures are signed by {signs.signer.name}.", flush=True)
                    asked_to_stop = signals.wait()
                    app.ending.drain()
                    process.stop(options.stop_within if asked_to_stop else None)
                    app.ending.close()
                    app.traffic.end_streams(STREAMS_GRACE)
                    page.close(verbose=False)
        finally:
            context.library.downloads.stop()
            process.stop()
            if accounts is not None and accounts.audit is not None:
                accounts.audit.close()


def _metrics(app: AppContext, process: ModelsProcess, options: Namespace) -> "Metrics | None":
    metrics = metrics_of(options, "server", app.library.names)
    if metrics is not None:
        from editor.web.metrics import ServerMetrics  # needs a package that not everybody has

        metrics.watch(process)
        ServerMetrics(metrics, app.session.store, app.traffic)
    return metrics


def _announce(url: str, as_json: bool) -> None:
    if as_json:
        logs.take_over()
        log.setLevel(logging.INFO)
        log.info("Palimpsest is at %s.", url)
    else:
        print(f"Palimpsest is at {url}  (Ctrl+C ends it)", flush=True)


def models_process(context: CommandContext) -> None:
    """Runs the models, in the process that `serve` or `work` starts."""
    with engine_of(context) as engine, context.session(create=True) as session:
        objects = Source(context.selection_model, _load_segmenter)
        words = Source(context.words_model, _load_word_segmenter)
        selector = ObjectSelector(session.store, objects, words)
        run_models(
            session.store, engine, selector, context.options.stop_within,
            claims=not context.options.no_work, pageless=context.options.pageless,
        )  # fmt: skip


@contextmanager
def engine_of(context: CommandContext) -> Iterator[Engine]:
    """Yields what runs the models: this process, or the cluster of --ray, to which it is connected for the block."""
    from pipelines.machine import gpu_memory, this_machine  # PyTorch is for this process alone

    here = Engine(context.load, forget, context.made_with, this_machine, context.ranker, gpu_memory)
    if context.options.ray is None:
        yield here
        return
    listed_models = [] if context.models_file is None else listed(context.models_file)
    needs = {model.pipeline: Needs(model.gpus, model.node) for model in listed_models}
    # what was running is free again then, and nothing of it counts against the edit
    cluster = Cluster(context.options.ray, context.load_elsewhere(), needs, partial(os._exit, 0))
    try:
        yield here._replace(
            load=cluster.load, forget=cluster.forget, gpus=list, place=lambda: cluster.node, room=cluster.room
        )
    finally:
        cluster.close()


def _load_segmenter(folder: Path) -> Segmenter:
    from pipelines.selection.segmenter import load_segmenter  # PyTorch is for this process alone

    return load_segmenter(folder)


def _load_word_segmenter(folder: Path) -> WordSegmenter:
    from pipelines.selection.word_segmenter import load_word_segmenter  # as above

    return load_word_segmenter(folder)
