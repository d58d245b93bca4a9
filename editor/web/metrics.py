"""Metrics: what a server does, in numbers, for Prometheus. Needs the package prometheus-client.

No label is what a user typed: a model that is not offered here counts as "other".
"""

import time
from collections.abc import Callable, Iterable, Mapping

import psutil  # comes with accelerate
from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from editor.models_process import ModelsProcess
from editor.outcome import FAILED, Outcome
from editor.store.database import StorageError
from editor.store.maintenance import bytes_on_disk, queued_models
from editor.store.store import Store
from editor.web.traffic import OTHER, Traffic
from pipelines.errors import InvalidInput

JOB_BUCKETS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)  # seconds: GPUs in one, processors in minutes
REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Counts what happens, and measures the rest whenever it is asked."""

    def __init__(self, store: Store, models: ModelsProcess, traffic: Traffic, names: Callable[[], Mapping[str, str]]):
        """Begins to count the traffic and the jobs.

        Args:
            store: the store.
            models: the models' process.
            traffic: the requests.
            names: returns the models that are offered, by their names.
        """
        self.store, self.models, self.traffic, self.names = store, models, traffic, names
        self.registry = CollectorRegistry()
        self._jobs = self._counter("jobs_ended", "Jobs that came out, by how and by model.", "state", "model")
        self._seconds = Histogram(
            "palimpsest_job_seconds", "Seconds from a job's start to its end, with its variations.", ["model"],
            registry=self.registry, buckets=JOB_BUCKETS,
        )  # fmt: skip
        self._errors = self._counter("errors", "Errors, by kind: of jobs, of the store and of requests.", "kind")
        self._requests = self._counter("requests", "Requests that were answered.", "route", "status")
        self._request_seconds = Histogram(
            "palimpsest_request_seconds", "Seconds until an answer was complete; streams do not count.", ["route"],
            registry=self.registry, buckets=REQUEST_BUCKETS,
        )  # fmt: skip
        self.registry.register(_Measured(self))
        models.on_outcome = self.count_job
        traffic.observe = self.count_request

    def serve(self, host: str, port: int) -> Callable[[], None]:
        """Answers at an address of its own, in threads of its own.

        Returns:
            A function that ends that.

        Raises:
            InvalidInput: it cannot listen there.
        """
        try:
            server, thread = start_http_server(port, host, self.registry)
        except OSError as error:
            raise InvalidInput(
                f"Metrics cannot be served at {host}, port {port}: {error.strerror or error}. Choose another port with "
                "--metrics-port."
            ) from None

        def end() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return end

    def count_job(self, outcome: Outcome) -> None:
        """Counts a job that came out."""
        model = self.label(outcome.model)
        self._jobs.labels(outcome.state, model).inc(outcome.jobs)
        self._seconds.labels(model).observe(outcome.seconds)
        if outcome.error:
            self._errors.labels(f"job_{outcome.error}" if outcome.state == FAILED else outcome.error).inc()

    def count_request(self, route: str, status: int, seconds: float | None) -> None:
        """Counts a request that was answered, see `Traffic`."""
        self._requests.labels(route, str(status)).inc()
        if seconds is not None:
            self._request_seconds.labels(route).observe(seconds)
        if status == 500:
            self._errors.labels("request").inc()
        elif status == 507:
            self._errors.labels("store").inc()

    def label(self, model: str) -> str:
        """Returns a model's name if it is offered here: others may come from a file that somebody opened."""
        return model if model in self.names() else OTHER

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"palimpsest_{name}", text, labels, registry=self.registry)


class _Measured(Collector):
    """What is measured when it is asked."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics

    def describe(self) -> Iterable[Metric]:
        return []  # or all would be measured once to see which names there are

    def collect(self) -> Iterable[Metric]:
        models = self.metrics.models
        yield _gauge("live_runs", "Edits that are painted live, or wait for that.", {(): models.live_runs})
        yield _gauge("open_streams", "Answers that are streams and still open.", {(): self.metrics.traffic.streams})
        yield _gauge("models_process_up", "1 while the models' process takes jobs.", {(): float(models.ready)})
        restarts = "How often the models' process ended and was started again."
        yield CounterMetricFamily("palimpsest_models_process_restarts", restarts, models.restarts)
        yield _gauge("models_loaded", "Models in memory.", {(): len(models.loaded)})
        yield _gauge("memory_bytes", "Memory of each process.", self._memory(), "process")
        cards = dict[tuple[str, ...], float]()
        for index, (used, total) in enumerate(models.gpus):
            cards |= {(str(index), "used"): used, (str(index), "total"): total}
        yield _gauge("gpu_memory_bytes", "Memory of each graphics card, other programs' too.", cards, "card", "kind")
        try:
            yield from self._stored()
        except StorageError:  # the rest is worth the more
            yield _gauge("store_up", "1 while the store answers.", {(): 0})

    def _stored(self) -> Iterable[Metric]:
        store, jobs = self.metrics.store, dict[tuple[str, ...], float]()
        census, size = queued_models(store), bytes_on_disk(store)
        for each in census:
            model = self.metrics.label(each.model)
            for state, count in (("queued", each.queued), ("running", each.running)):
                jobs[state, model] = jobs.get((state, model), 0) + count
        oldest = min((each.oldest for each in census if each.oldest is not None), default=None)
        age = 0.0 if oldest is None else max(0.0, time.time() - oldest)
        yield _gauge("store_up", "1 while the store answers.", {(): 1})
        yield _gauge("jobs", "Jobs that are queued or running, by model.", jobs, "state", "model")
        yield _gauge("queue_length", "Jobs that are queued.", {(): sum(each.queued for each in census)})
        yield _gauge("queue_oldest_seconds", "Seconds since the first queued job was submitted.", {(): age})
        yield _gauge("store_bytes", "Bytes that the store takes on its disk.", {(): size})

    def _memory(self) -> dict[tuple[str, ...], float]:
        memory = dict[tuple[str, ...], float]()
        for name, pid in (("server", None), ("models", self.metrics.models.pid)):
            if name == "models" and pid is None:
                continue
            try:
                memory[(name,)] = psutil.Process(pid).memory_info().rss
            except psutil.Error:  # it ended meanwhile
                continue
        return memory


def _gauge(name: str, text: str, values: Mapping[tuple[str, ...], float], *labels: str) -> Metric:
    family = GaugeMetricFamily(f"palimpsest_{name}", text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family
