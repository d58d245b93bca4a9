"""The options of who operates a server: metrics, logs, and how it is stopped."""

import argparse

METRICS_PORT = 9464  # as OpenTelemetry has it for Prometheus
STOP_WITHIN = 10.0  # seconds, as Docker waits


def add_operation(parser: argparse.ArgumentParser) -> None:
    """Adds the options to a parser."""
    parser.add_argument(
        "--metrics", action="store_true",
        help="also serve numbers for Prometheus, at /metrics of an address of its own; needs the package"
        " prometheus-client",
    )  # fmt: skip
    parser.add_argument(
        "--metrics-host", default="127.0.0.1", metavar="HOST",
        help="address to serve them on; who reaches it needs no login (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--metrics-port", type=int, default=METRICS_PORT, metavar="PORT", help="port for it (default: %(default)s)"
    )
    parser.add_argument(
        "--log-json", action="store_true", help="write the log as JSON, an object a line, instead of plain text"
    )
    parser.add_argument(
        "--stop-within", type=seconds, default=STOP_WITHIN, metavar="SECONDS",
        help="on SIGTERM: seconds in which the running job finishes, or is given back to the queue (default:"
        " %(default)g)",
    )  # fmt: skip


def seconds(text: str) -> float:
    """Reads a number of seconds."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 0 to 3600")
    return value
