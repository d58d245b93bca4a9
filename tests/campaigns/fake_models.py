"""Fakes in the places of the embedded models, in the processes of a real server or worker; and the log that they write.

A program that is started with `environment` has them. They take time and no processor, and PyTorch is not loaded.
"""

import os
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Literal, NamedTuple, get_args
from zlib import crc32

import numpy as np

import pipelines
from pipelines import provenance
from pipelines.base import Machine, Pipeline, Request, Run, Step
from tests.fakes import NoisePipeline

ROOT = Path(__file__).parents[2]
NAMES = ("glide-mini", "classical")  # of the models that they stand for
LOG, SECONDS = "PALIMPSEST_FAKE_LOG", "PALIMPSEST_FAKE_SECONDS"
Event = Literal["begun", "done", "left"]


class RunEvent(NamedTuple):
    """What a model says of one image in its log."""

    when: float  # by the monotonic clock, which all processes of a machine share
    pid: int
    event: Event  # "left": its run was ended before it was done
    image: str  # the prompt, the seed and the pixels that decide it, as one name


def environment(log: Path, seconds: float) -> dict[str, str]:
    """Returns the environment of a program with fakes.

    Args:
        log: the file that they write.
        seconds: how long each of their steps takes.
    """
    path = os.pathsep.join([str(ROOT / "tests" / "campaigns" / "site"), str(ROOT)])
    return {**os.environ, "PYTHONPATH": path, LOG: str(log), SECONDS: str(seconds)}


def painter(name: str, seconds: float = 0.0) -> NoisePipeline:
    """Returns the fake of this name: what it paints follows from seed and prompt alone."""
    fake = NoisePipeline(delay=seconds, name=name)
    fake.vocabulary = None  # so that each prompt is given to it as it is
    return fake


class LoggedPipeline(NoisePipeline):
    """Noise that says in a file what it does."""

    vocabulary = None

    def __init__(self, name: str, log: Path, seconds: float) -> None:
        super().__init__(seconds, name=name)
        self.log = log

    def inpaint(self, request: Request) -> Run:
        prompts = [request.prompt] * len(request.seeds) if isinstance(request.prompt, str) else request.prompt
        images = np.stack([self.image(*each, request.shape) for each in zip(request.seeds, prompts, strict=True)])
        names = [
            f"{prompt} {seed} {crc32(mask.tobytes(), crc32(image.tobytes())):08x}"
            for prompt, seed, image, mask in zip(prompts, request.seeds, request.images, request.masks, strict=True)
        ]
        self._say("begun", names)
        how: Event = "left"
        try:
            for index in range(1, request.steps + 1):
                time.sleep(self.delay)
                yield Step(index, request.steps, (images * (index / request.steps)).astype(np.uint8))
            how = "done"
            return images
        finally:
            self._say(how, names)

    def _say(self, event: Event, names: list[str]) -> None:
        lines = "".join(f"{time.monotonic()} {os.getpid()} {event} {name}\n" for name in names)
        with self.log.open("ab", buffering=0) as file:  # appended whole, whoever else writes
            file.write(lines.encode())


def install() -> None:
    """Puts them into the places of the models of this process."""
    log, seconds = Path(os.environ[LOG]), float(os.environ[SECONDS])

    def loading(name: str) -> Callable[[bool], Pipeline]:
        return lambda compiled: LoggedPipeline(name, log, seconds)

    pipelines.PIPELINES.update({name: loading(name) for name in NAMES})
    machine = ModuleType("pipelines.machine")  # the real one asks PyTorch
    machine.__dict__.update(this_machine=lambda: Machine("", 0, 8_000_000_000, 2), gpu_memory=list)
    sys.modules["pipelines.machine"] = machine
    provenance.made_with = lambda: "fakes"  # type: ignore[assignment]


def events(log: Path) -> Iterator[RunEvent]:
    """Reads a log; what was cut off by a kill in the midst of a line is left out."""
    for line in log.read_text().splitlines() if log.exists() else []:
        when, pid, event, image = line.split(" ", 3)
        if event in get_args(Event):
            yield RunEvent(float(when), int(pid), event, image)  # type: ignore[arg-type]


def done_twice(log: Path, killed: Mapping[int, float], moved: Collection[str] = ()) -> list[str]:
    """Finds images that were painted again although nobody had lost them, or by two at a time.

    Args:
        log: what the models say.
        killed: when processes were killed, by their numbers.
        moved: prompts of edits whose jobs were cancelled or queued elsewhere: a result that comes a moment later counts
            for nothing, and is painted again.

    Returns:
        Sentences.
    """
    complaints = []
    last: dict[str, RunEvent] = {}
    for each in sorted(events(log)):
        before = last.get(each.image)
        if each.event == "begun" and before is not None and killed.get(before.pid, np.inf) > each.when:
            whom = f"{each.image!r} is painted by {each.pid}, {each.when - before.when:.2f} s after"
            if before.event == "begun":
                complaints.append(f"{whom} {before.pid} has begun, which was not killed.")
            elif before.event == "done" and each.image.rsplit(" ", 2)[0] not in moved:
                complaints.append(f"{whom} {before.pid} has done it, which was not killed.")
        last[each.image] = each
    return complaints
