"""Metrics: what the models of this machine do, in numbers, for Prometheus. Needs the package prometheus-client.

No label is what a user typed: a model that is not offered here counts as "other".
"""

from collections.abc import Callable, Iterable, Mapping

import psutil  # comes with accelerate
from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from editor.models_process import ModelsProcess
from editor.outcome import FAILED, Outcome
from pipelines.errors import InvalidInput

OTHER_MODEL = "other"
JOB_BUCKETS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)  # seconds: GPUs in one, processors in minutes


class Metrics:
    """Counts the jobs that this program's models do, and measures its processes whenever it is asked.

    processes: those of the models that are watched, also those that have ended: what was counted must not fall.
    """

    def __init__(self, program: str, names: Callable[[], Mapping[str, str]]) -> None:
        """Begins with no process of models.

        Args:
            program: what this process is: "server" or "worker".
            names: returns the models that are offered, by their names.
        """
        self.program, self.names = program, names
        self.processes: list[ModelsProcess] = []
        self.registry = CollectorRegistry()
        self._jobs = self.counter("jobs_ended", "Jobs that came out, by how and by model.", "state", "model")
        self._seconds = Histogram(
            "palimpsest_job_seconds", "Seconds from a job's start to its end, with its variations.", ["model"],
            registry=self.registry, buckets=JOB_BUCKETS,
        )  # fmt: skip
        self.errors = self.counter("errors", "Errors, by kind: of jobs, of the store and of requests.", "kind")
        self.registry.register(Measured(self._measure))

    def watch(self, process: ModelsProcess) -> ModelsProcess:
        """Counts the jobs of a process of models, and measures it, from now on; returns it."""
        process.on_outcome = self.count_job
        self.processes.append(process)
        return process

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
            self.errors.labels(f"job_{outcome.error}" if outcome.state == FAILED else outcome.error).inc()

    def label(self, model: str) -> str:
        """Returns a model's name if it is offered here: others may come from a file that somebody opened."""
        return model if model in self.names() else OTHER_MODEL

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        """Returns a counter that is served."""
        return Counter(f"palimpsest_{name}", text, labels, registry=self.registry)

    def _measure(self) -> Iterable[Metric]:
        models = self.processes
        yield gauge(
            "live_runs", "Edits that are painted live, or wait for that.", sum(each.live_runs for each in models)
        )
        up = "Processes of models that take jobs: a server has one, a worker in a cluster one for each card."
        yield gauge("models_process_up", up, sum(each.ready for each in models))
        refused = "Processes of models whose jobs the store refuses."
        yield gauge("models_process_refused", refused, sum(each.refused is not None for each in models))
        restarts = "How often a process of models ended and was started again."
        yield CounterMetricFamily("palimpsest_models_process_restarts", restarts, sum(each.restarts for each in models))
        yield gauge("models_loaded", "Models in memory.", sum(len(each.loaded) for each in models))
        yield gauges("memory_bytes", "Memory of the processes.", self._memory(), "process")
        cards = dict[tuple[str, ...], float]()
        for process in models:
            for index, (used, total) in enumerate(process.gpus):
                cards |= {(str(index), "used"): used, (str(index), "total"): total}
        yield gauges("gpu_memory_bytes", "Memory of each graphics card, other programs' too.", cards, "card", "kind")

    def _memory(self) -> dict[tuple[str, ...], float]:
        memory = dict[tuple[str, ...], float]()
        running = [("models", each.pid) for each in self.processes if each.pid is not None]
        for name, pid in ((self.program, None), *running):
            try:
                memory[(name,)] = memory.get((name,), 0) + psutil.Process(pid).memory_info().rss
            except psutil.Error:  # it ended meanwhile
                continue
        return memory


class Measured(Collector):
    """What is measured when it is asked."""

    def __init__(self, measure: Callable[[], Iterable[Metric]]) -> None:
        self._measure = measure

    def collect(self) -> Iterable[Metric]:
        return self._measure()

    def describe(self) -> Iterable[Metric]:
        """Returns nothing, or all would be measured once to see which names there are."""
        return []


def gauge(name: str, text: str, value: float) -> Metric:
    """Returns a number that goes up and down."""
    return gauges(name, text, {(): value})


def gauges(name: str, text: str, values: Mapping[tuple[str, ...], float], *labels: str) -> Metric:
    """Returns several, by the values of their labels."""
    family = GaugeMetricFamily(f"palimpsest_{name}", text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family
