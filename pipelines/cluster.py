"""Models on the machines of a Ray cluster: each in an actor of its own, seen from here as a pipeline.

This process is the driver. Its actors end with it, so that whatever becomes of it, no graphics card stays taken.
"""

import logging
import os
import platform
import socket
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event, Lock, Thread
from typing import Any, NamedTuple, cast

import numpy as np

from pipelines.base import Pipeline, PipelineInfo, Pixels, Request, Run, Step, run
from pipelines.callbacks import callback_to_generator
from pipelines.errors import InvalidInput, MachineLost, one_line
from pipelines.ranking import OwnRanker, Probabilities, Ranker

EXTRA = "pip install 'palimpsest-editor[ray]'"
CONNECT_LIMIT = 10.0  # seconds for the cluster's head to answer
PLACE_LIMIT = 600.0  # seconds for which a model may wait for a machine
IDLE_LIMIT = 600.0  # seconds without a question after which an actor gives its place back
TRIES = 5  # to place a model: it may be put on a node that has just died
POLL_INTERVAL = 1.0  # seconds between two looks at a model that waits for a machine
HEAD_INTERVAL = 20.0  # seconds for which a connection to the head is watched; the head itself ends one later
PINNED = 0.001  # of a node's own resource that an actor takes: any number of models may be pinned to one

log = logging.getLogger(__name__)


def check_address(address: str) -> None:
    """Raises InvalidInput where nobody listens at an address of a cluster's head, HOST:PORT or "auto"."""
    if address == "auto":
        return
    try:
        host, _, port = address.rpartition(":")
        socket.create_connection((host, int(port)), CONNECT_LIMIT).close()
    except (OSError, ValueError, OverflowError) as error:
        raise _no_cluster(address, error) from error


def _no_cluster(address: str, error: Exception) -> InvalidInput:
    return InvalidInput(
        f"There is no Ray cluster at {address} ({one_line(error)[:200]}). Start one with "
        "`ray start --head`, and name its address with --ray HOST:PORT."
    )


class Needs(NamedTuple):
    """What a model needs of the machine that it runs on."""

    gpus: float = 1.0  # graphics cards; less than one shares a card
    node: str = ""  # a resource that only certain nodes were started with; "" for any node


class Hosted(NamedTuple):
    """What an actor says of itself, once its model is loaded."""

    info: PipelineInfo
    ranks: bool  # whether the model judges its results by a network of its own
    photographs: bool  # whether that knows photographs
    node: str  # the name of the machine


def ignore_end() -> None:
    """Does nothing."""


class ModelHost:
    """What an actor is: one model, on the machine that Ray has chosen. Nothing is loaded before `hosted` is asked."""

    def __init__(self, load: Callable[[str], Pipeline], name: str) -> None:
        self._load, self._name = load, name
        self._pipeline: Pipeline | None = None
        self._ranker: Ranker | None = None

    @property
    def pipeline(self) -> Pipeline:
        """The model, which is loaded when it is first asked for."""
        if self._pipeline is None:
            self._pipeline = self._load(self._name)
            if isinstance(self._pipeline, OwnRanker):
                self._ranker = self._pipeline.ranker()
        return self._pipeline

    def hosted(self) -> Hosted:
        """Loads the model, and says what it is."""
        info, ranker = PipelineInfo.of(self.pipeline), self._ranker
        return Hosted(info, ranker is not None, ranker is not None and ranker.photographs, platform.node())

    def hint(self, prompt: str) -> str:
        """See `Pipeline.hint`."""
        return self.pipeline.hint(prompt)

    def inpaint(self, request: Request) -> Generator[Step | Pixels]:
        """Yields the steps of a run, and at the end its result."""
        # what comes from another process is read-only, which some libraries refuse
        changes: dict[str, Pixels] = {"image": request.image.copy(), "mask": request.mask.copy()}
        if request.reference is not None:
            changes["reference"] = request.reference.copy()
        steps = self.pipeline.inpaint(replace(request, **cast(Any, changes)))
        yield (yield from callback_to_generator(partial(run, steps), ahead=1))  # it paints on while a step is sent

    def probabilities(self, windows: Pixels, holes: Pixels, prompt: str) -> Probabilities | None:
        """See `Ranker.probabilities`."""
        return self._own_ranker().probabilities(windows.copy(), holes.copy(), prompt)

    def word(self, probability: float) -> str:
        """See `Ranker.word`."""
        return self._own_ranker().word(probability)

    def _own_ranker(self) -> Ranker:
        _ = self.pipeline  # with which it comes
        assert self._ranker is not None, "it is asked only where `hosted` says so"
        return self._ranker


@dataclass(frozen=True)
class ClusterPipeline(PipelineInfo):
    """A model of the cluster, as a `Pipeline`: what it says of itself is known here, and its runs are streamed."""

    cluster: "Cluster"
    ranks: bool
    photographs: bool

    def hint(self, prompt: str) -> str:
        return cast(str, self.cluster.ask(self.name, "hint", prompt))

    def inpaint(self, request: Request) -> Run:
        """Runs a request; see `Pipeline.inpaint`.

        Raises:
            MachineLost: the machine is gone, or the model's process on it.
        """
        ray = self.cluster.ray
        with self.cluster.used(self.name) as actor:
            stream = actor.inpaint.options(num_returns="streaming").remote(ray.put(request))
            result: Pixels | None = None
            try:
                for part in stream:
                    item = self.cluster.answer(self.name, part)
                    if not isinstance(item, Step):
                        result = item.copy()
                        return result
                    yield item
            finally:
                if result is None:
                    self._end(stream)
        raise AssertionError("a run ends with its result")

    def _end(self, stream: Any) -> None:
        """Cancels what is left of a run, and waits until the model has ended its step."""
        ray = self.cluster.ray
        ray.cancel(stream)  # of a run that has ended nothing
        with suppress(ray.exceptions.RayError, StopIteration):
            while True:
                next(stream)

    def ranker(self) -> "ClusterRanker | None":
        """Returns the model's own; see `OwnRanker`."""
        return ClusterRanker(self.cluster, self.name, self.photographs) if self.ranks else None


class ClusterRanker(NamedTuple):
    """A model's own ranker, which runs where the model does. See `Ranker`."""

    cluster: "Cluster"
    name: str
    photographs: bool

    def probabilities(self, windows: Pixels, holes: Pixels, prompt: str) -> Probabilities | None:
        found = self.cluster.ask(self.name, "probabilities", windows, holes, prompt)
        return None if found is None else np.array(found)

    def word(self, probability: float) -> str:
        return cast(str, self.cluster.ask(self.name, "word", probability))


@dataclass
class _Place:
    """An actor, and what is known of its use."""

    actor: Any
    gpus: float  # that it takes
    hosted: Hosted | None = None  # None until its model is loaded
    users: int = 0
    used_at: float = field(default_factory=time.monotonic)


class Cluster:
    """A connection to a cluster, and this process's actors there.

    They share one graphics card, or have as many as the one that needs most: where another needs room, those go that
    were used longest ago.
    """

    def __init__(
        self,
        address: str,
        load: Callable[[str], Pipeline],
        needs: Mapping[str, Needs],
        on_head_gone: Callable[[], None] = ignore_end,
    ) -> None:
        """Connects; in the main thread.

        Args:
            address: of the cluster's head, HOST:PORT, or "auto" for the cluster that this machine is part of.
            load: makes a model on a node, where it is sent to: a function that each can import.
            needs: what models need, by their full names; others need a graphics card, where the cluster has any.
            on_head_gone: called once the head has ended, in a thread. Whatever is asked of Ray then ends this process
                within a minute, as a crash, and at once when there is another head at its address.

        Raises:
            InvalidInput: Ray is not installed, or no cluster is there.
        """
        self.load_there, self.needs = load, needs
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing is reported to anybody
        try:
            import ray
        except ImportError:
            raise InvalidInput(f"--ray needs another package. Run: {EXTRA}.") from None
        self.ray: Any = ray
        try:
            check_address(address)  # Ray itself tries for minutes
            ray.init(address, log_to_driver=False, logging_level=logging.WARNING, namespace="palimpsest")
        except RuntimeError as error:
            raise _no_cluster(address, error) from error
        self._places: dict[str, _Place] = {}  # those used last at the end
        self._lock, self._closed = Lock(), Event()
        self._reaper = Thread(target=self._reap, name="idle-actors", daemon=True)
        self._reaper.start()
        self._on_head_gone = on_head_gone
        head = ray.get_runtime_context().gcs_address
        Thread(target=self._watch_head, args=(head,), name="head", daemon=True).start()

    def load(self, name: str) -> ClusterPipeline:
        """Returns a model, once it is loaded somewhere.

        Raises:
            InvalidInput: it cannot be loaded, or no machine has room for it.
            MachineLost: its machine is gone.
        """
        hosted = self._hosted(name)
        return ClusterPipeline(**vars(hosted.info), cluster=self, ranks=hosted.ranks, photographs=hosted.photographs)

    def forget(self, name: str) -> None:
        """Ends the actor of a model."""
        with self._lock:
            place = self._places.pop(name, None)
        if place is not None:
            self.ray.kill(place.actor)

    @property
    def node(self) -> str:
        """The machines that the models are on, in words."""
        with self._lock:
            nodes = {place.hosted.node for place in self._places.values() if place.hosted}
        return ", ".join(sorted(nodes)) or "no machine yet"

    def room(self) -> int:
        """Returns for how many workers the cluster has room: one a graphics card, without any one a node."""
        cards = self.ray.cluster_resources().get("GPU", 0)
        return int(cards) or sum(node["Alive"] for node in self.ray.nodes())

    @contextmanager
    def used(self, name: str) -> Iterator[Any]:
        """Yields a model's actor, which is kept during the block."""
        self._hosted(name)
        with self._lock:
            place = self._places.get(name)
            if place is None:
                raise MachineLost(f"The machine that ran {name} is gone.")
            place.users += 1
        try:
            yield place.actor
        finally:
            with self._lock:  # a ranker may end with its use in another thread
                place.users -= 1
                place.used_at = time.monotonic()

    def ask(self, name: str, method: str, *arguments: object) -> object:
        """Calls a method of a model's actor, and returns what that returns."""
        with self.used(name) as actor:
            return self.answer(name, getattr(actor, method).remote(*arguments))

    def answer(self, name: str, part: Any) -> Any:
        """Waits for what an actor has returned.

        Raises:
            MachineLost: the actor is gone.
        """
        try:
            return self.ray.get(part)
        except self.ray.exceptions.RayTaskError as error:
            raise (error.cause or error) from None
        except (self.ray.exceptions.RayActorError, self.ray.exceptions.ObjectLostError) as error:
            with self._lock:
                self._places.pop(name, None)
            log.warning("the actor of %s is gone: %s", name, error)
            raise MachineLost(f"The machine that ran {name} is gone, or ended its process.") from None

    def close(self) -> None:
        """Ends all actors, and the connection."""
        self._closed.set()
        self._reaper.join()
        self.ray.shutdown()

    def _hosted(self, name: str) -> Hosted:
        for tries_left in reversed(range(TRIES)):
            with self._lock:
                place = self._places.pop(name, None) or self._begun(name)
                self._places[name] = place
            if place.hosted is not None:
                break
            try:
                self._wait_for_place(name, place)
                place.hosted = self.answer(name, place.actor.hosted.remote())
                log.info("%s runs on %s", name, place.hosted.node)
            except MachineLost:
                if not tries_left:
                    raise
                time.sleep(POLL_INTERVAL)  # a node that has just died is on the cluster's list for a while
        assert place.hosted is not None, "else it would have been said"
        return place.hosted

    def _begun(self, name: str) -> _Place:
        """Asks for an actor, after those have gone that it has no room beside; the lock is held."""
        needs = self.needs.get(name, Needs())
        options: dict[str, Any] = {"max_restarts": 0, "max_task_retries": 0}
        if self.ray.cluster_resources().get("GPU"):
            options |= {"num_cpus": 0, "num_gpus": needs.gpus}
        else:
            options |= {"num_cpus": 1, "scheduling_strategy": "SPREAD"}
        if needs.node:
            options["resources"] = {needs.node: PINNED}
        for other in [each for each, place in self._places.items() if not place.users]:
            if sum(place.gpus for place in self._places.values()) + needs.gpus <= 1:
                break
            self.ray.kill(self._places.pop(other).actor)
        actor = self.ray.remote(ModelHost).options(**options).remote(self.load_there, name)
        return _Place(actor, needs.gpus)

    def _wait_for_place(self, name: str, place: _Place) -> None:
        placed, since = place.actor.__ray_ready__.remote(), time.monotonic()
        while not self.ray.wait([placed], timeout=POLL_INTERVAL)[0]:
            if time.monotonic() - since > PLACE_LIMIT:
                self.forget(name)
                needs = self.needs.get(name, Needs())
                where = f" on a node with {needs.node}" if needs.node else ""
                raise InvalidInput(
                    f"No machine of the cluster had room for {name} within {PLACE_LIMIT / 60:.0f} minutes: it needs "
                    f"{needs.gpus:g} graphics cards{where}. Try again when others have finished, or add a node."
                )
        self.answer(name, placed)

    def _reap(self) -> None:
        while not self._closed.wait(IDLE_LIMIT / 20):
            with self._lock:
                idle = [
                    name
                    for name, place in self._places.items()
                    if not place.users and place.hosted and time.monotonic() - place.used_at > IDLE_LIMIT
                ]
                for name in idle:
                    self.ray.kill(self._places.pop(name).actor)

    def _watch_head(self, head: str) -> None:
        """Waits until the head is gone, whose connections the system closes with it: another may be there at once."""
        host, _, port = head.rpartition(":")
        with suppress(OSError):
            while not self._closed.is_set():
                with socket.create_connection((host, int(port)), CONNECT_LIMIT) as connection:
                    if _ends_within(connection, HEAD_INTERVAL):
                        break
        if not self._closed.is_set():
            log.error("the head of the cluster at %s is gone", head)
            self._on_head_gone()


def _ends_within(connection: socket.socket, seconds: float) -> bool:
    """Tells whether the other side ends a connection within so many seconds; raises OSError where it breaks."""
    until = time.monotonic() + seconds
    with suppress(TimeoutError):
        while (left := until - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(4096):
                return True
    return False
