"""What Prometheus reads of a server or a worker, as its own library understands that."""

from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families


def text_of(port: int) -> str:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        return str(answer.read().decode())


def value_of(port: int, name: str, **labels: str) -> float | None:
    """The number of this name with these labels; None where there is none."""
    for family in text_string_to_metric_families(text_of(port)):
        for sample in family.samples:
            if sample.name == f"palimpsest_{name}" and sample.labels == labels:
                return sample.value
    return None
