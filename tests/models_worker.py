"""A models' process whose models do what a test says: python -m tests.models_worker WHERE."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from editor.models_program import Engine, run_models
from editor.object_selector import ObjectSelector, Segmenter
from editor.picture_reader import Source
from editor.ranking import no_ranker
from editor.store.store import Store
from pipelines.base import Machine, Pipeline, Request, Run, Step
from pipelines.errors import InvalidInput
from pipelines.selection.installed import is_selection_model, is_words_model
from pipelines.selection.segmenter import load_segmenter
from pipelines.selection.word_segmenter import load_word_segmenter
from tests.fakes import FlatPipeline, NoisePipeline, Plain


class HangingPipeline(Plain):
    """Takes one step and then no other, and heeds nothing."""

    name, size = "hanging", 64

    def inpaint(self, request: Request) -> Run:
        yield Step(1, 2, None)
        while True:
            time.sleep(60)


class FatalPipeline(Plain):
    """Ends its process after a step, in the way that its name says."""

    size = 64

    def __init__(self, name: str) -> None:
        self.name = name

    def inpaint(self, request: Request) -> Run:
        yield Step(1, 2, None)
        if self.name == "forking" and os.fork() == 0:
            time.sleep(600)
        if self.name in ("aborting", "forking"):
            os.abort()
        if self.name == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.name == "exiting":
            sys.exit("that is all")
        os._exit(3)


class OncePipeline(NoisePipeline):
    """Dies of its first run, and not of the second. file: says that there was one."""

    def __init__(self, file: Path) -> None:
        super().__init__(name="once")
        self.file = file

    def inpaint(self, request: Request) -> Run:
        if not self.file.exists():
            self.file.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().inpaint(request)


def load(name: str) -> Pipeline:
    folder = Path(sys.argv[1])
    if name == "late":  # until the test says that it has come
        while not (folder / "late").exists():
            time.sleep(0.01)
        return NoisePipeline(name="late")
    if name == "deadly":
        os.abort()
    if name == "threadless":  # from now on no thread can be started
        threading.Thread.start = refuse  # type: ignore[method-assign, assignment]
        return NoisePipeline(name="threadless")
    models: dict[str, Pipeline] = {
        "noise": NoisePipeline(), "slow": NoisePipeline(delay=0.05, name="slow"), "flat": FlatPipeline((0, 200, 0)),
        "hanging": HangingPipeline(), "once": OncePipeline(folder / "once"),
        **{name: FatalPipeline(name) for name in ("aborting", "forking", "killed", "exiting", "leaving")},
    }  # fmt: skip
    if name not in models:
        raise InvalidInput(f"There is no pipeline {name!r}.")
    print("a model says this on the standard output", flush=True)
    return models[name]


def installed(fits: Callable[[Path], bool]) -> Path | None:
    """The selection model of a kind that a test has laid there."""
    return next(filter(fits, Path(sys.argv[1]).glob("cache/*/snapshots/*")), None)


def load_late(folder: Path) -> Segmenter:
    """Loads it once the test says that it may encode."""
    while not (Path(sys.argv[1]) / "encode").exists():
        time.sleep(0.01)
    return load_segmenter(folder)


def refuse(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


if __name__ == "__main__":
    store = Store(Path(sys.argv[1]) / "data")
    selector = ObjectSelector(
        store,
        Source(partial(installed, is_selection_model), load_late),
        Source(partial(installed, is_words_model), load_word_segmenter),
    )
    machine = Machine("", 0, 8_000_000_000, 2)
    engine = Engine(load, lambda name: None, lambda: "noise 1", lambda: machine, no_ranker, list)
    code = run_models(store, engine, selector, 0.0)
    store.close()
    sys.exit(code)
