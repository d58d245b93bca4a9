"""What runs in the models' process: a worker, and answers about models. `editor.models_process` starts it."""

import ctypes
import gc
import itertools
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from threading import Lock, Thread
from typing import Any, NamedTuple, TextIO

from editor.complaints import complaints
from editor.live import Drop, LiveRequest
from editor.object_selector import ObjectSelector
from editor.outcome import Outcome
from editor.ranking import Rankers
from editor.store.database import StorageError
from editor.store.store import Store
from editor.store.workers import REPORT_INTERVAL
from editor.worker import IDLE, Worker, repeated
from pipelines.base import Machine, Pipeline, PipelineInfo
from pipelines.errors import UserError, described

POLL_INTERVAL = 0.25  # seconds between two looks at whether the store refuses
ALIVE_INTERVAL = 2.0  # seconds between two signs of life
ROOM_INTERVAL = 30.0  # seconds between two looks at how many workers there is room for
QUESTIONS = 4  # answered at a time
PAGELESS_IDLE = 0.2  # seconds between two looks for jobs: nobody wakes a worker on another machine

log = logging.getLogger(__name__)


def one_worker() -> int:
    """Is the room of one machine."""
    return 1


class Engine(NamedTuple):
    """What runs models: this process, or a cluster."""

    load: Callable[[str], Pipeline]  # raises InvalidInput with a sentence when it cannot
    forget: Callable[[str], None]  # drops a model
    made_with: Callable[[], str]  # the libraries, in words
    machine: Callable[[], Machine]
    rankers: Rankers
    gpus: Callable[[], list[tuple[int, int]]]  # bytes in use of each graphics card, of how many
    place: Callable[[], str] = socket.gethostname  # where the models are, in words
    room: Callable[[], int] = one_worker  # for how many workers there is room


def run_models(
    store: Store,
    engine: Engine,
    selector: ObjectSelector,
    stop_within: float,
    claims: bool = True,
    pageless: bool = False,
) -> int:
    """Take jobs from the store and answer questions until asked to stop; the exit code. A running job may go on for
    stop_within seconds when the system asks to stop. claims: whether to take jobs; else others do, and this answers
    questions and paints live. pageless: whether this works for servers elsewhere, to whom it says so in the store. Ends
    at once when what started it does.
    """
    lines, said = _private_pipes()
    _end_with_the_server()
    lock = Lock()

    def say(**message: Any) -> None:
        with lock, suppress(OSError):  # the server is gone, and so is this process in a moment
            said.write(json.dumps(message) + "\n")
            said.flush()

    loaded: dict[str, Pipeline] = {}

    def model(name: str) -> Pipeline:
        if name not in loaded:
            with _reported_loading(say):
                loaded[name] = engine.load(name)
            say(loaded=[*loaded])
        return loaded[name]

    def outcome(of: Outcome) -> None:
        say(outcome=of._asdict())

    idle = PAGELESS_IDLE if pageless else IDLE
    worker = Worker(store, model, lambda event: say(event=event), engine.rankers, claims, idle, outcome)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.leave(stop_within))
    say(ready=worker.id)
    questions = ThreadPoolExecutor(QUESTIONS, "question")
    selections = ThreadPoolExecutor(1, "selection")  # one network, and nobody who waits for a model to be loaded

    def answer(message: dict[str, Any]) -> None:
        number, prompt = message["question"], message["prompt"]
        try:
            pipeline = model(message["name"])
            if prompt is None:
                say(answer=number, value=PipelineInfo.of(pipeline).to_json())
            else:
                say(answer=number, value=pipeline.hint(prompt))
        except Exception as error:  # whatever a model's files make of its library
            if not isinstance(error, UserError):
                log.exception("a question about %s failed", message["name"])
            say(answer=number, error=described(error, "Loading the model"))

    def select(message: dict[str, Any]) -> None:
        number = message["question"]
        try:
            say(answer=number, value=selector.answer(message["select"]).to_json())
        except Exception as error:  # as above
            if not isinstance(error, UserError):
                log.exception("a question about an object failed")
            say(answer=number, error=described(error, "Finding the object"))

    def paint_live(number: int, request: LiveRequest) -> Drop:
        return worker.paint_live(request, lambda report: say(live=number, report=report.to_json()))

    def remove(name: str) -> None:
        loaded.pop(name, None)
        engine.forget(name)
        gc.collect()
        say(loaded=[*loaded])

    def listen() -> None:
        drops: dict[int, Drop] = {}  # by the numbers of the live requests
        for line in lines:
            message = json.loads(line)
            if "stop" in message:
                worker.leave(message["stop"])
            elif "select" in message:
                selections.submit(select, message)
            elif "forget" in message:
                questions.submit(remove, message["forget"])  # may wait for another model to be loaded
            elif "live" in message:
                number = message["live"]
                drops[number] = paint_live(number, LiveRequest.from_json(message["request"]))
            elif "drop" in message:
                drops.pop(message["drop"])()
            elif "question" in message:
                questions.submit(answer, message)
            else:
                worker.wake()
        if not worker.leaving:
            os._exit(1)  # the server is gone, and its successor need not wait for this one's step

    def introduce() -> None:
        with suppress(Exception):  # without torch nothing else here works either, and says why
            say(made_with=engine.made_with(), machine=engine.machine())

    def live() -> None:
        trouble = None
        for n in itertools.count():
            time.sleep(POLL_INTERVAL)
            if worker.trouble != trouble:
                trouble = worker.trouble
                say(trouble=trouble)
            if n % int(ALIVE_INTERVAL / POLL_INTERVAL) == 0:
                say(event="alive")
                with suppress(Exception):  # of a card that has failed: what runs on it says so
                    if cards := engine.gpus():
                        say(gpus=cards)
            if n % int(ROOM_INTERVAL / POLL_INTERVAL) == 0:
                with suppress(Exception):  # of a cluster whose head is away
                    say(room=engine.room())

    def report() -> None:
        store.workers.report(worker.id, engine.place(), engine.made_with(), loaded)

    for task in (listen, introduce, live):
        Thread(target=task, name=task.__name__, daemon=True).start()
    with repeated(partial(_logged, report), REPORT_INTERVAL, "reports") if pageless else nullcontext():
        if pageless:
            _logged(report)
        worker.work()
    selector.stop()
    if pageless:
        _logged(partial(store.workers.leave, worker.id))
    return 0


def _logged(action: Callable[[], None]) -> None:
    """Says something to the store; a store that refuses is no reason to end."""
    try:
        action()
    except StorageError as error:
        complaints.add(error)


@contextmanager
def _reported_loading(say: Callable[..., None]) -> Iterator[None]:
    """Say again and again that a model is being loaded, which may take long."""
    say(event="loading")
    try:
        with repeated(partial(say, event="loading"), ALIVE_INTERVAL, "loading"):
            yield
    finally:
        say(event="loaded")


def _private_pipes() -> tuple[TextIO, TextIO]:
    """Standard input and output for this alone: what models print goes to the standard error."""
    said = os.fdopen(os.dup(1), "w", encoding="utf-8")
    lines = os.fdopen(os.dup(0), encoding="utf-8")
    os.dup2(2, 1)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    return lines, said


def _end_with_the_server() -> None:
    """Where the system can, even in the midst of what no thread of Python interrupts. And when memory runs out, the
    system is to end this process, and not the server.
    """
    if sys.platform == "linux":
        set_parent_death_signal = 1  # PR_SET_PDEATHSIG, of linux/prctl.h
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
        with suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
            score.write("500")
