"""What --metrics asks for, of a server or a worker."""

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from editor.cli.operation_options import METRICS_PORT
from editor.web.listening import check
from pipelines.errors import InvalidInput

if TYPE_CHECKING:
    from editor.metrics import Metrics


def check_metrics(options: Namespace) -> None:
    """Raises InvalidInput, or OSError with a sentence, for metrics that are wanted and cannot be served."""
    if not options.metrics:
        return
    if find_spec("prometheus_client") is None:
        raise InvalidInput("--metrics needs another package. Run: pip install 'palimpsest-editor[studio]'.")
    check(options.metrics_host, options.metrics_port, "--metrics-", METRICS_PORT)


def metrics_of(options: Namespace, program: str, names: Callable[[], Mapping[str, str]]) -> "Metrics | None":
    """Returns the metrics, None where they are not wanted; see `Metrics`."""
    if not options.metrics:
        return None
    from editor.metrics import Metrics  # needs a package that not everybody has

    return Metrics(program, names)


@contextmanager
def served(metrics: "Metrics | None", options: Namespace) -> Iterator[None]:
    """Serves metrics during the block, if there are any."""
    if metrics is None:
        yield
        return
    end = metrics.serve(options.metrics_host, options.metrics_port)
    try:
        yield
    finally:
        end()
