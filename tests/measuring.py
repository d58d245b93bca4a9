"""What every measurement shares: a picture, a stopwatch, a row of the table."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np

Row = tuple[str, str, str]  # what, measured, wanted


def photograph(side: int) -> np.ndarray:
    """uint8 (side, side, 3): soft shapes under grain, about as hard to compress as a photograph."""
    random = np.random.default_rng(0)
    coarse = random.uniform(0, 255, (side // 32, side // 32, 3))
    shapes = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.clip(shapes + random.normal(0, 4, shapes.shape), 0, 255).astype(np.uint8)


def spread(seconds: list[float]) -> str:
    unit, scale = ("s", 1) if median(seconds) >= 1 else ("ms", 1000)
    digits = 2 if unit == "s" else 0
    least, middle, most = (f"{value * scale:.{digits}f}" for value in (min(seconds), median(seconds), max(seconds)))
    return f"{middle} {unit} ({least} to {most})"


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = action()
    return time.perf_counter() - began, result


def peak() -> int:
    """MB, the most that this process ever held; what the system counts for a child begins with its parent's."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) // 1000


def resident(pid: int | str = "self") -> float:
    """MB of a process in memory, this one if none is named; 0 when it is gone."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


def percentiles(seconds: list[float]) -> str:
    """The 50th and the 95th, and the least and the most."""
    p50, p95 = (f"{float(np.percentile(seconds, p)) * 1000:,.0f}" for p in (50, 95))
    return f"{p50} / {p95} ms ({min(seconds) * 1000:,.0f} to {max(seconds) * 1000:,.0f}, {len(seconds):,} of them)"


def handles(pid: int) -> tuple[int, int]:
    """How many threads and open descriptors a process has; 0 and 0 when it is gone."""
    try:
        return len(os.listdir(f"/proc/{pid}/task")), len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0, 0
