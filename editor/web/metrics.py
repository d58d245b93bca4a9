"""Metrics of a server: its requests and its store, beside what its models do. Needs the package prometheus-client."""

import time
from collections.abc import Iterable

from prometheus_client import Histogram
from prometheus_client.core import Metric

from editor.metrics import Measured, Metrics, gauge, gauges
from editor.store.database import StorageError
from editor.store.maintenance import bytes_on_disk, queued_models
from editor.store.store import Store
from editor.web.traffic import Traffic

REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class ServerMetrics:
    """Counts the requests of a server, and measures its store whenever it is asked."""

    def __init__(self, metrics: Metrics, store: Store, traffic: Traffic) -> None:
        """Begins to count.

        Args:
            metrics: where this is served too.
            store: the store.
            traffic: the requests.
        """
        self.metrics, self.store, self.traffic = metrics, store, traffic
        self._requests = metrics.counter("requests", "Requests that were answered.", "route", "status")
        self._seconds = Histogram(
            "palimpsest_request_seconds", "Seconds until an answer was complete; streams do not count.", ["route"],
            registry=metrics.registry, buckets=REQUEST_BUCKETS,
        )  # fmt: skip
        metrics.registry.register(Measured(self._measure))
        traffic.observe = self.count_request

    def count_request(self, route: str, status: int, seconds: float | None) -> None:
        """Counts a request that was answered, see `Traffic`."""
        self._requests.labels(route, str(status)).inc()
        if seconds is not None:
            self._seconds.labels(route).observe(seconds)
        if status == 500:
            self.metrics.errors.labels("request").inc()
        elif status == 507:
            self.metrics.errors.labels("store").inc()

    def _measure(self) -> Iterable[Metric]:
        yield gauge("open_streams", "Answers that are streams and still open.", self.traffic.streams)
        try:
            yield from self._stored()
        except StorageError:  # the rest is worth the more
            yield gauge("store_up", "1 while the store answers.", 0)

    def _stored(self) -> Iterable[Metric]:
        jobs = dict[tuple[str, ...], float]()
        census, size = queued_models(self.store), bytes_on_disk(self.store)
        for each in census:
            model = self.metrics.label(each.model)
            for state, count in (("queued", each.queued), ("running", each.running)):
                jobs[state, model] = jobs.get((state, model), 0) + count
        oldest = min((each.oldest for each in census if each.oldest is not None), default=None)
        age = 0.0 if oldest is None else max(0.0, time.time() - oldest)
        yield gauge("store_up", "1 while the store answers.", 1)
        yield gauges("jobs", "Jobs that are queued or running, by model.", jobs, "state", "model")
        yield gauge("queue_length", "Jobs that are queued.", sum(each.queued for each in census))
        yield gauge("queue_oldest_seconds", "Seconds since the first queued job was submitted.", age)
        yield gauge("store_bytes", "Bytes that the store takes on its disk.", size)
