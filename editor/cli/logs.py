"""The log: plain text, or JSON, an object a line."""

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType

from editor.log_fields import fields

OTHERS = ("uvicorn", "uvicorn.error", "uvicorn.access")  # loggers that write by themselves, as plain text


def set_up(as_json: bool) -> None:
    """Has everything logged to the standard error; how models lie in memory too.

    Args:
        as_json: whether each line is a JSON object: what nobody caught, and warnings, are then lines too.
    """
    if not as_json:
        logging.basicConfig(format="%(message)s")
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(JsonFormatter())
        logging.basicConfig(handlers=[handler])
        logging.captureWarnings(True)
        sys.excepthook = _log_uncaught
        threading.excepthook = lambda each: _log_uncaught(each.exc_type, each.exc_value, each.exc_traceback)
    logging.getLogger("pipelines").setLevel(logging.INFO)


def take_over() -> None:
    """Has loggers of others, which set themselves up, write as all do."""
    for name in OTHERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


class JsonFormatter(logging.Formatter):
    """Writes a record as a JSON object: time, level, logger, message, and what is known of job and document."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns one line."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **fields(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry)


def _log_uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, SystemExit | KeyboardInterrupt) or error is None:
        return
    logging.getLogger("palimpsest").critical("A fault that nobody caught.", exc_info=(kind, error, trace))
