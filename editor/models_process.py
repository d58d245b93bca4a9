"""Models in a process of their own: whatever one of them does, the server answers.

The server's side, `ModelsProcess`, starts that process, watches it, and starts it again; it imports no torch. What runs
in it, `editor.models_program`, takes jobs from the store and writes their progress there, so that others on other
machines could do the same. What else the two say to each other are lines of JSON on its standard input and output:

    to it     {"wake": true}            a job was submitted
              {"forget": "hf:a/b"}      a model that was removed
              {"stop": 7.0}             end; a running job may go on for so many seconds
              {"question": 7, "name": "glide-mini", "prompt": null}
              {"question": 8, "select": {"revision": ..., "points": [], "box": null, "words": ""}}    about an object
              {"live": 9, "request": {...}}    an edit to be painted live, see `LiveRequest`
              {"drop": 9}               nobody wants it any more; said once of each, also when it is done
    from it   {"ready": WORKER}         its worker's id
              {"made_with": "torch ...", "machine": [...]}
              {"loaded": ["hf:a/b"]}    the models that it holds
              {"outcome": {...}}        how a job came out, see `Outcome`
              {"room": 1}               for how many workers there is room where it runs models
              {"gpus": [[1, 2]]}        how many bytes of each graphics card are in use, of how many
              {"event": "begun"}        also "live", "step", "ended", "loading", "loaded", and "alive" every two seconds
              {"trouble": null}         or a sentence, while the store refuses
              {"answer": 7, "value": ...}    or "error" with a sentence
              {"live": 9, "report": {...}}   see `LiveReport`
"""

import json
import logging
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Any, Protocol

from editor.futures import answer, refuse, then
from editor.live import FAILED as LIVE_FAILED
from editor.live import Drop, Hear, LiveReport, LiveRequest
from editor.object_selector import Selection
from editor.outcome import FAILED, FAULT, RETURNED, OnOutcome, Outcome, ignore_outcome
from editor.process_watch import CANCEL_LIMIT, STEP_LIMIT, ProcessWatch, end_in_words, kill
from editor.store.database import StorageError
from editor.store.store import Store
from pipelines.base import Machine, PipelineInfo
from pipelines.errors import InvalidInput
from pipelines.selection.prompt import Prompt

STOP_LIMIT = 20.0  # seconds for which a process that was asked to end after its step may go on
STEP_MARGIN = 3.0  # seconds of those that it has to finish its job in which it ends after a step instead
STOPPED = "The server is being stopped."
POLL_INTERVAL = 0.25  # seconds between two looks at the process
MAX_RESTART_DELAY = 30.0  # seconds, of a process that dies again and again
HEALTHY_AFTER = 60.0  # seconds of life after which it is not one of those
RETRY_AFTER = 5.0  # seconds until a model that could not be loaded is tried again
RETRY_FATAL_AFTER = 600.0  # the same of one that the process died of twice
NOBODY_WORKS = "No worker is running, so jobs wait. Whoever runs this server starts one with `palimpsest work`."

log = logging.getLogger(__name__)


class Models(Protocol):
    """What the server knows of the models. Nothing here waits for one.

    trouble: a sentence while no job can be run, or None.
    """

    @property
    def trouble(self) -> str | None: ...

    @property
    def ready(self) -> bool:
        """Whether the models' process is up, and takes jobs."""
        ...

    def wake(self) -> None:
        """A job was submitted."""
        ...

    def info(self, name: str) -> PipelineInfo | None:
        """What a model says of itself; None while that is not known yet: it is being loaded from now on. InvalidInput
        with a sentence when it cannot be.
        """
        ...

    def hint(self, name: str, prompt: str) -> "Future[str]":
        """What a model says of a prompt, see `Pipeline.hint`."""
        ...

    def select(self, revision: str, prompt: Prompt) -> "Future[Selection]":
        """Where the object is that is meant, in a revision's picture; an empty prompt asks whether that can be said."""
        ...

    def paint_live(self, request: LiveRequest, hear: Hear) -> Drop:
        """Has an edit painted live, see `LiveRuns.add`; when the process ends, that is a report too."""
        ...

    def made_with(self) -> str:
        """What runs the models here, in words."""
        ...

    def machine(self) -> Machine:
        """What the models run on."""
        ...

    @property
    def loaded(self) -> frozenset[str]:
        """The names of the models that are in memory."""
        ...

    def forget(self, name: str) -> None:
        """Drops a model that was removed."""
        ...


class Died(InvalidInput):
    """The models' process ended before it answered; the message is a sentence."""


class ModelsProcess:
    """The server's side. command: what starts the process. claims: whether that takes jobs; else others do."""

    def __init__(self, store: Store, command: Sequence[str], claims: bool = True) -> None:
        self.store, self.command, self.claims = store, command, claims
        self.restarts, self._questions = 0, 0
        self.room: int | None = None  # for how many workers there is room; None while that is not known
        self.on_outcome: OnOutcome = ignore_outcome
        self.gpus: list[tuple[int, int]] = []  # bytes of each graphics card that are in use, and all it has
        self.step_limit, self.cancel_limit = STEP_LIMIT, CANCEL_LIMIT
        self._down: str | None = None  # why there is no process
        self.refused: str | None = None  # a sentence while the store refuses its jobs
        self._ready = False  # whether there is a process that takes jobs
        self._made_with, self._machine, self._made_with_known = "", Machine("", 0, 0, 4), Event()
        self._loaded = frozenset[str]()
        self._infos: dict[str, PipelineInfo] = {}
        self._failed: dict[str, tuple[str, float]] = {}  # why a model cannot be loaded, and until when that is believed
        self._asked: set[str] = set()  # models whose info is awaited
        self._deaths: Counter[str] = Counter()  # of the process, while it was awaited
        self._futures: dict[int, Future[Any]] = {}
        self._live: dict[int, Hear] = {}
        self._lock, self._stopping = Lock(), Event()
        self._finish_within, self._stop_limit = 0.0, STOP_LIMIT  # seconds from when it is asked to stop
        self._process: subprocess.Popen[str] | None = None
        self._outbox: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._thread = Thread(target=self._supervise, name="models", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, within: float | None = None) -> None:
        """Ends the process, and waits for that; its job is finished or free then.

        Args:
            within: seconds in which it may finish its job; then it is killed. None: it ends after its step.
        """
        if within is not None:
            self._finish_within, self._stop_limit = max(0.0, within - min(STEP_MARGIN, within / 2)), within
        self._stopping.set()
        self._thread.join()

    @property
    def trouble(self) -> str | None:
        return self._down or self.refused or (None if self.claims or self.store.workers.any() else NOBODY_WORKS)

    @property
    def ready(self) -> bool:
        return self._ready

    @property
    def pid(self) -> int | None:
        """The process's number; None while there is none."""
        return None if self._process is None else self._process.pid

    @property
    def live_runs(self) -> int:
        """How many edits are painted live, or wait for that."""
        return len(self._live)

    def wake(self) -> None:
        self._say({"wake": True})

    def info(self, name: str) -> PipelineInfo | None:
        with self._lock:
            if name in self._infos:
                return self._infos[name]
            if name in self._failed:
                why, until = self._failed[name]
                if time.monotonic() < until:
                    raise InvalidInput(why)
                del self._failed[name]
            if name in self._asked:
                return None
            self._asked.add(name)
        self._ask(name=name, prompt=None).add_done_callback(lambda done: self._learn(name, done))
        return None

    def hint(self, name: str, prompt: str) -> Future[str]:
        return self._ask(name=name, prompt=prompt)

    def select(self, revision: str, prompt: Prompt) -> Future[Selection]:
        return then(self._ask(select={"revision": revision, **prompt.to_json()}), Selection.from_json)

    def paint_live(self, request: LiveRequest, hear: Hear) -> Drop:
        with self._lock:
            self._questions += 1
            number = self._questions
            self._live[number] = hear
            self._say({"live": number, "request": request})

        def drop() -> None:
            with self._lock:
                if self._live.pop(number, None) is not None:  # the process has not ended meanwhile
                    self._say({"drop": number})

        return drop

    def made_with(self) -> str:
        self._made_with_known.wait(10)  # seconds; it is known a moment after the start
        return self._made_with or "models that could not be started"

    def machine(self) -> Machine:
        self.made_with()  # it is known at the same time
        return self._machine

    @property
    def loaded(self) -> frozenset[str]:
        return self._loaded

    def forget(self, name: str) -> None:
        with self._lock:
            self._infos.pop(name, None)
            self._failed.pop(name, None)
        self._say({"forget": name})

    # questions

    def _ask(self, **question: Any) -> Future[Any]:
        asked: Future[Any] = Future()
        with self._lock:
            self._questions += 1
            self._futures[self._questions] = asked
            self._say({"question": self._questions, **question})
        return asked

    def _learn(self, name: str, done: Future[Any]) -> None:
        with self._lock:
            self._asked.discard(name)
            if isinstance(error := done.exception(), Died):
                self._deaths[name] += 1
                if self._deaths[name] > 1:
                    why = f"{name} cannot be loaded: the models' process ended twice meanwhile. {error}"
                    self._failed[name] = (why, time.monotonic() + RETRY_FATAL_AFTER)
            elif error is not None:
                self._failed[name] = (str(error), time.monotonic() + RETRY_AFTER)
            else:
                self._infos[name] = PipelineInfo.from_json(done.result())

    def _say(self, message: dict[str, Any]) -> None:
        """To the process. Whoever says it does not wait until that listens."""
        self._outbox.put(message)

    # the process

    def _supervise(self) -> None:
        deaths = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            reason = self._run()
            if self._stopping.is_set():
                break
            self.restarts += 1
            deaths = 1 if time.monotonic() - began > HEALTHY_AFTER else deaths + 1
            self._down = f"{reason} It is being started again."
            log.error("%s", self._down)
            if deaths > 1:
                self._stopping.wait(min(MAX_RESTART_DELAY, 2.0 ** (deaths - 2)))

    def _run(self) -> str:
        """One life of the process; how it ended, a sentence."""
        watch, self.refused = ProcessWatch(), None
        try:
            process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
                start_new_session=True,  # Ctrl+C is for the server, which ends it in its own time
            )  # fmt: skip
        except OSError as error:
            return f"The models' process cannot be started ({error})."
        self._process = process
        listening = Thread(target=self._listen, args=(process, watch), name="models-answers", daemon=True)
        speaking = Thread(target=self._speak, args=(process, self._outbox), name="models-questions", daemon=True)
        listening.start()
        speaking.start()
        killed = ""
        while process.poll() is None:
            if self._stopping.wait(POLL_INTERVAL):
                self._say({"stop": self._finish_within})
                with suppress(subprocess.TimeoutExpired):
                    process.wait(self._stop_limit)
                kill(process)
                process.wait()
            elif why := watch.overdue(self.store.jobs.has_any, self.step_limit, self.cancel_limit):
                killed = killed or why
                kill(process)
                process.wait()
        kill(process)  # what it started itself goes with it
        self._process, self._loaded = None, frozenset()
        reason = killed or f"The models' process ended ({end_in_words(process.returncode)})."
        if stopped := self._stopping.is_set():
            reason = STOPPED
        with self._lock:  # what is asked from now on waits for the next one
            self._outbox.put(None)
            self._outbox = SimpleQueue()
            lost, self._futures = self._futures, {}
            unheard, self._live = self._live, {}
        for each in lost.values():
            refuse(each, Died(reason))
        for hear in unheard.values():
            hear(LiveReport(LIVE_FAILED, error=reason))
        listening.join()
        speaking.join()
        self._ready, self.gpus = False, []
        with suppress(OSError), process:  # closes the pipes
            pass
        self._count_death(watch, reason, again=not killed, clean=stopped or process.returncode == 0)
        return reason

    def _count_death(self, watch: ProcessWatch, reason: str, again: bool, clean: bool) -> None:
        if watch.worker is None:  # it was never ready
            return
        try:
            if clean:
                self.store.jobs.release(watch.worker)
                return
            lost = Counter(self.store.jobs.count_death(watch.worker, reason, again))
            for (model, failed), jobs in lost.items():
                state, error = (FAILED, FAULT) if failed else (RETURNED, "")
                self.on_outcome(Outcome(model, state, jobs, watch.job_seconds, error))
        except StorageError as error:
            log.warning("%s", error)

    def _speak(self, process: "subprocess.Popen[str]", outbox: "SimpleQueue[dict[str, Any] | None]") -> None:
        assert process.stdin is not None
        with suppress(OSError):  # it ended
            while (message := outbox.get()) is not None:
                process.stdin.write(json.dumps(message, default=LiveRequest.to_json) + "\n")
                process.stdin.flush()

    def _listen(self, process: "subprocess.Popen[str]", watch: ProcessWatch) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            try:
                message = json.loads(line)
                self._hear(message, watch)
            except (ValueError, LookupError, TypeError):
                log.warning("The models' process said what means nothing: %s", line[:200])

    def _hear(self, message: dict[str, Any], watch: ProcessWatch) -> None:
        watch.heard = time.monotonic()
        if "event" in message:
            watch.event(message["event"])
        elif "answer" in message:
            with self._lock:
                asked = self._futures.pop(message["answer"], None)
            if asked is None:
                return
            if "error" in message:
                refuse(asked, InvalidInput(message["error"]))
            else:
                answer(asked, message["value"])
        elif "report" in message:
            with self._lock:
                hear = self._live.get(message["live"])
            if hear is not None:
                hear(LiveReport.from_json(message["report"]))
        elif "ready" in message:
            watch.worker = message["ready"]
            self._down, self._ready = None, True
        elif "made_with" in message:
            self._made_with, self._machine = message["made_with"], Machine(*message["machine"])
            self._made_with_known.set()
        elif "outcome" in message:
            self.on_outcome(Outcome(**message["outcome"]))
        elif "gpus" in message:
            self.gpus = [(used, total) for used, total in message["gpus"]]
        elif "loaded" in message:
            self._loaded = frozenset(message["loaded"])
        else:
            self.room, self.refused = message.get("room", self.room), message.get("trouble", self.refused)
