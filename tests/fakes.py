"""Scriptable stand-ins for what lies outside the editor's core: pipelines, instant, slow or broken."""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event, Semaphore, Thread
from typing import Any, TypeVar
from zlib import crc32

import numpy as np

from editor.live import Drop, Hear, LiveRequest
from editor.object_selector import ObjectSelector, Selection
from editor.picture_reader import Source
from editor.worker import Worker
from pipelines import WEIGHTS
from pipelines.base import NOT_ASKED, Machine, Pipeline, PipelineInfo, Pixels, Request, Run, Step
from pipelines.errors import InvalidInput
from pipelines.installed import Model
from pipelines.library import Library
from pipelines.ranking import LIKELY, UNLIKELY, UNSURE, Probabilities
from pipelines.selection.prompt import Prompt

Answer = TypeVar("Answer")
PAINTED = WEIGHTS / "glide-mini"
PATIENCE = 60.0  # seconds after which a test that waits for a gate is broken
LONG = 120.0  # and a model that waits for leave to take a step, while its test does all else


def until(true: Callable[[], Any]) -> Any:
    """What `true()` says once it says something true; the tests' only wait, and it has an end."""
    end = time.monotonic() + PATIENCE
    while not (said := true()):
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.002)
    return said


def in_loop(coroutine: Coroutine[Any, Any, Answer]) -> Answer:
    """What comes of a coroutine in an event loop of its own: this thread may have one, a browser's."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


class Plain:
    """What most of them say of themselves."""

    name: str
    size: int
    buckets: Sequence[tuple[int, int]] = ()
    largest = 0
    host = ""
    supports_strength = False
    soft = False
    faster_together = False
    vocabulary: frozenset[str] | None = None
    defaults: Mapping[str, Any] = {}
    live_steps = 0
    samplers: Sequence[str] = ("dpmpp_2m", "ddim")
    unsupported: Collection[str] = ()

    def hint(self, prompt: str) -> str:
        return ""

    def inpaint(self, request: Request) -> Run:
        raise NotImplementedError


class NoisePipeline(Plain):
    """A diffusion model from outside: its shapes and steps, deterministic by seed and prompt; keeps nothing.

    delay: seconds each step takes. requests: what it was asked, in order.
    """

    vocabulary = frozenset({"noise"})
    live_steps = 2

    def __init__(
        self, delay: float = 0.0, size: int = 64, name: str = "noise", supports_strength: bool = False
    ) -> None:
        self.delay, self.size, self.name, self.supports_strength = delay, size, name, supports_strength
        self.requests: list[Request] = []

    def hint(self, prompt: str) -> str:
        return "It knows nothing but noise." if prompt else ""

    def inpaint(self, request: Request) -> Run:
        self.requests.append(request)
        images = np.stack(
            [self.image(*each, request.shape) for each in zip(request.seeds, request.prompts, strict=True)]
        )
        for index in range(1, request.steps + 1):
            time.sleep(self.delay)
            yield Step(index, request.steps, (images * (index / request.steps)).astype(np.uint8))
        return images

    def image(self, seed: int, prompt: str, shape: tuple[int, int] | None = None) -> Pixels:
        """What it draws at a shape, that of its square where none is said; uint8 (*shape, 3)."""
        noise = np.random.default_rng((seed, crc32(prompt.encode())))
        return noise.integers(0, 256, (*(shape or (self.size, self.size)), 3), np.uint8)


class HeedfulPipeline(NoisePipeline):
    """Noise that every known pixel decides, as a model's picture follows from what it sees."""

    def __init__(self) -> None:
        super().__init__(name="heedful")

    def inpaint(self, request: Request) -> Run:
        known = np.where(request.masks[..., None] > 0, np.uint8(0), request.images)
        images = yield from super().inpaint(request)
        random = [np.random.default_rng(crc32(each.tobytes())) for each in known]
        return images ^ np.stack([each.integers(0, 256, images.shape[1:], np.uint8) for each in random])


class RefiningPipeline(NoisePipeline):
    """Noise from nothing; with a strength below 1 it gives back what it began from."""

    def __init__(self) -> None:
        super().__init__(name="refining", supports_strength=True)

    def inpaint(self, request: Request) -> Run:
        images = yield from super().inpaint(request)
        return images if request.strength == 1 else request.images.copy()


class ShapedPipeline(NoisePipeline):
    """Noise in rectangles as well, and nothing but what it says that it draws."""

    buckets = ((56, 72), (72, 56), (48, 88), (88, 48))

    def __init__(self) -> None:
        super().__init__(name="shaped")

    def inpaint(self, request: Request) -> Run:
        if request.shape not in ((self.size, self.size), *self.buckets):
            raise ValueError(f"nobody draws {request.shape}")
        return super().inpaint(request)


class SoftPipeline(Plain):
    """Mixes one colour into what is there, by the mask; all it gives back is a few levels off, as by an autoencoder.

    loss: by how many levels.
    """

    name, size, supports_strength, soft = "soft", 64, True, True

    def __init__(self, colour: tuple[int, int, int], loss: int = 0) -> None:
        self.colour, self.loss = colour, loss
        self.requests: list[Request] = []

    def inpaint(self, request: Request) -> Run:
        self.requests.append(request)
        share = request.masks[..., None] / 255
        mixed = np.rint(request.images * (1 - share) + np.array(self.colour) * share) + self.loss
        images = np.clip(mixed, 0, 255).astype(np.uint8)
        for index in range(1, request.steps + 1):
            yield Step(index, request.steps, images)
        return images


class PhotoPipeline(NoisePipeline):
    """Noise that says of itself what a large model of photographs says."""

    vocabulary = None
    defaults: Mapping[str, Any] = {"steps": 25, "guidance": 7.5}
    live_steps = 0
    samplers = ("own", "dpmpp_2m", "ddim")
    unsupported = ("negative_prompt", "clip_guidance")

    def __init__(self) -> None:
        super().__init__(name="photo", supports_strength=True)


class FlatPipeline(Plain):
    """Paints everything in one colour, in one step."""

    live_steps = 1
    samplers: Sequence[str] = ()
    unsupported: Collection[str] = NOT_ASKED

    def __init__(self, colour: tuple[int, int, int], size: int = 64, name: str = "flat") -> None:
        self.colour, self.size, self.name = colour, size, name
        self.requests: list[Request] = []

    def inpaint(self, request: Request) -> Run:
        self.requests.append(request)
        images = np.empty(request.images.shape, np.uint8)
        images[:] = self.colour
        yield Step(1, 1, images)
        return images


class SlowPipeline(Plain):
    """A NoisePipeline which takes a step only when `allow` lets it: no test sleeps for luck.

    started: set when a run began. closed: set when a run ended, in whatever way.
    """

    live_steps = 4

    def __init__(self, size: int = 64, name: str = "slow") -> None:
        self.noise = NoisePipeline(size=size, name=name)
        self.size, self.name = size, name
        self.started, self.closed = Event(), Event()
        self._allowed = Semaphore(0)

    def allow(self, steps: int) -> None:
        self._allowed.release(steps)

    def forbid(self) -> None:
        """Take back what was allowed and not used."""
        while self._allowed.acquire(blocking=False):
            pass

    def inpaint(self, request: Request) -> Run:
        self.closed.clear()
        self.started.set()
        steps = self.noise.inpaint(request)
        try:
            for _ in range(request.steps):
                if not self._allowed.acquire(timeout=LONG):
                    raise TimeoutError("nobody allowed a step")
                yield next(steps)
            return np.stack([self.noise.image(*each) for each in zip(request.seeds, request.prompts, strict=True)])
        finally:
            self.closed.set()


class OpinionatedRanker:
    """Has an opinion of every window, that of its pixels alone: the same of the same. Calls what is near 1 likely.

    calls: the prompts that it was asked about, with how many windows.
    """

    def __init__(self, photographs: bool = True) -> None:
        self.photographs = photographs
        self.calls: list[tuple[str, int]] = []

    def probabilities(self, windows: Pixels, holes: Pixels, prompt: str) -> Probabilities | None:
        self.calls.append((prompt, len(windows)))
        return np.array([self.opinion(window) for window in windows])

    def opinion(self, window: Pixels) -> float:
        return crc32(window.tobytes()) / 2**32

    def word(self, probability: float) -> str:
        return LIKELY if probability >= 0.7 else UNLIKELY if probability < 0.3 else UNSURE


def source(network: Any, folder: Path = Path("somewhere")) -> Source[Any]:
    """A network that is installed, and loaded at once."""
    return Source(lambda: folder, lambda _: network)


NOT_INSTALLED: Source[Any] = Source(lambda: None, lambda folder: None)


class LocalModels:
    """What the server asks of its models' process, answered from a worker in this one."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.loading = set[str]()  # names of models of which nothing is known yet
        self.selector: ObjectSelector | None = None  # of objects
        self.forgotten = set[str]()  # names of models that were removed
        self.ready = True

    @property
    def trouble(self) -> str | None:
        return self.worker.trouble

    def wake(self) -> None:
        self.worker.wake()

    def info(self, name: str) -> PipelineInfo | None:
        return None if name in self.loading else PipelineInfo.of(self.worker.pipelines(name))

    def hint(self, name: str, prompt: str) -> Future[str]:
        heard: Future[str] = Future()
        heard.set_result(self.worker.pipelines(name).hint(prompt))
        return heard

    def select(self, revision: str, prompt: Prompt) -> Future[Selection]:
        heard: Future[Selection] = Future()
        try:
            question = {"revision": revision, **prompt.to_json()}
            heard.set_result(Selection("none", None) if self.selector is None else self.selector.answer(question))
        except InvalidInput as error:
            heard.set_exception(error)
        return heard

    def paint_live(self, request: LiveRequest, hear: Hear) -> Drop:
        return self.worker.paint_live(request, hear)

    def made_with(self) -> str:
        return "noise 1"

    def machine(self) -> Machine:
        return Machine("", 0, 8_000_000_000, 2)

    @property
    def loaded(self) -> frozenset[str]:
        return frozenset(("noise",)) - self.forgotten

    def forget(self, name: str) -> None:
        self.forgotten.add(name)


class FakeLibrary(Library):
    """A library with models of these names, the first the default; "noise" and "taught" have glide-mini's list of what
    it paints.

    shown: other names for some on the page.
    """

    def __init__(self, folder: Path, names: Sequence[str], shown: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, names[0], None)
        self.fakes = [
            Model((shown or {}).get(name, name), name, PAINTED if name in ("noise", "taught") else None, 0,
                  "Apache-2.0", "nothing", "tests", style="")
            for name in names
        ]  # fmt: skip

    def list_installed(self) -> list[Model]:
        own = {"glide-mini", "patchmatch", "classical"}  # which come with the program, and are not in every test
        return [*self.fakes, *(model for model in super().list_installed() if model.pipeline not in own)]

    def names(self) -> dict[str, str]:
        return {model.pipeline: model.title for model in self.installed() if model.offered and not model.trouble}


def stop(worker: Worker, slow: SlowPipeline) -> None:
    """A worker stops after its step; this one may be waiting for leave to take it, and must not take another then."""
    stopping = Thread(target=worker.stop)
    stopping.start()
    while stopping.is_alive() and not worker._stopping.is_set():
        time.sleep(0.001)
    slow.allow(1)
    stopping.join()


class FailingPipeline(Plain):
    """Breaks at its step `at_step` (from 1) with `error`."""

    live_steps = 1

    def __init__(self, at_step: int, error: Exception | None = None, size: int = 64) -> None:
        self.at_step, self.size, self.name = at_step, size, "failing"
        self.error = error or RuntimeError("the model ran out of paint")

    def inpaint(self, request: Request) -> Run:
        for index in range(1, self.at_step):
            yield Step(index, request.steps, None)
        raise self.error


def loader(*pipelines: Pipeline) -> Callable[[str], Pipeline]:
    """name -> Pipeline, with a sentence for a name that is not among them."""

    def load(name: str) -> Pipeline:
        for pipeline in pipelines:
            if pipeline.name == name:
                return pipeline
        raise InvalidInput(f"There is no pipeline {name!r}.")

    return load
