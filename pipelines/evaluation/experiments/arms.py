"""Arms of an experiment: each measured once, its row written as JSON, from which alone a report is made."""

import json
import platform
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import numpy as np
import torch

from pipelines.errors import InvalidInput
from pipelines.evaluation.measures import half_width
from pipelines.provenance import VERSION
from pipelines.whole_file import write_whole


class Number(NamedTuple):
    """What was measured."""

    value: float
    error: float  # half of its 95 % interval


@dataclass(frozen=True)
class Arm:
    """One way of making pictures, and how to measure it."""

    name: str  # also of its file
    settings: Mapping[str, Any]  # all that decides what is measured, as JSON holds it
    measure: Callable[[], Mapping[str, Number]]


class Row(NamedTuple):
    """What an arm's file holds."""

    arm: str
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    seconds: float
    values: Mapping[str, Number]


def versions() -> dict[str, str]:
    """Returns what the numbers depend on besides settings and weights."""
    return {
        "palimpsest": VERSION,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def measured(folder: Path, arms: Iterable[Arm]) -> list[Row]:
    """Measures the arms that have no row in a folder yet, and returns the rows of all.

    Args:
        folder: of the experiment.
        arms: in the order of the rows.

    Raises:
        InvalidInput: a row there is of other settings, or damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for arm in arms:
        file = folder / f"{arm.name}.json"
        if not file.exists():
            start = monotonic()
            values = arm.measure()
            row = Row(arm.name, arm.settings, versions(), round(monotonic() - start, 1), values)
            numbers = {name: number._asdict() for name, number in values.items()}
            write_whole(file, json.dumps({**row._asdict(), "values": numbers}, indent=1) + "\n")
        rows.append(read_row(file, arm.settings))
    return rows


def read_row(file: Path, settings: Mapping[str, Any] | None = None) -> Row:
    """Reads the row of an arm.

    Args:
        file: where it is.
        settings: those that it must be of; None for any.

    Raises:
        InvalidInput: it is of others, or cannot be read.
    """
    try:
        found = json.loads(file.read_text())
        values = {name: Number(**number) for name, number in found["values"].items()}
        row = Row(**{**found, "values": values})
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InvalidInput(f"The row {file} cannot be read ({error}): delete it, and it is measured again.") from error
    if settings is not None and row.settings != json.loads(json.dumps(settings)):
        key = next(key for key in {**row.settings, **settings} if row.settings.get(key) != settings.get(key))
        raise InvalidInput(
            f"{file} was measured otherwise ({key} {row.settings.get(key)}, now {settings.get(key)}): "
            "take another --out, or delete it."
        )
    return row


def share(hits: Iterable[bool]) -> Number:
    """Returns the share of hits, with the interval of Wilson 1927."""
    found = list(hits)
    part = sum(found) / len(found)
    return Number(part, half_width(part, len(found)))
