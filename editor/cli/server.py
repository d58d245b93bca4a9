"""The commands that run the server and the process of its models."""

import os
import signal
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from editor.cli.accounts import accounts_of, warn_of_open_door
from editor.cli.context import CommandContext
from editor.models_process import ModelsProcess
from editor.models_program import run_models
from editor.object_selector import ObjectSelector, Segmenter, WordSegmenter
from editor.picture_reader import Source
from editor.web.addresses import Addresses
from editor.web.context import AppContext
from editor.web.listening import check
from pipelines import forget
from pipelines.errors import InvalidInput
from pipelines.models import missing


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
    accounts = accounts_of(options)
    warn_of_open_door(accounts, addresses)
    if options.compile:
        print("The first run of each network compiles it, which takes minutes.", file=sys.stderr)
    from editor.web.page import start  # Gradio takes seconds to load, and the models' process does not need it

    with context.session() as session:
        process = ModelsProcess(session.store, [sys.executable, str(context.root / "app.py"), *sys.argv[1:], "work"])
        process.start()
        context.library.downloads.start()
        try:
            with suppress(ValueError):  # loads the model before the first Generate
                process.info(options.pipeline)
            with TemporaryDirectory(prefix="palimpsest-", ignore_cleanup_errors=True) as pictures:
                os.environ["GRADIO_TEMP_DIR"] = pictures  # where Gradio keeps pictures in the API's responses
                samples = context.root / "assets" / "samples"
                app = AppContext(session, process, context.library, samples, addresses, accounts)
                page = start(app, options.host, options.port, options.mcp)
                print(f"Palimpsest is at {page.local_url}  (Ctrl+C ends it)", flush=True)
                signal.signal(signal.SIGTERM, lambda *_: sys.exit())
                page.block_thread()
        finally:
            context.library.downloads.stop()
            process.stop()
            if accounts is not None and accounts.audit is not None:
                accounts.audit.close()


def work(context: CommandContext) -> None:
    """Runs the models, in the process that `serve` starts."""
    from pipelines.machine import this_machine  # PyTorch is for this process alone

    with context.session() as session:
        objects = Source(context.selection_model, _load_segmenter)
        words = Source(context.words_model, _load_word_segmenter)
        selector = ObjectSelector(session.store, objects, words)
        run_models(session.store, context.load, forget, context.made_with, this_machine, selector, context.ranker)


def _load_segmenter(folder: Path) -> Segmenter:
    from pipelines.selection.segmenter import load_segmenter  # PyTorch is for this process alone

    return load_segmenter(folder)


def _load_word_segmenter(folder: Path) -> WordSegmenter:
    from pipelines.selection.word_segmenter import load_word_segmenter  # as above

    return load_word_segmenter(folder)
