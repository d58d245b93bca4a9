"""Workers beside each other: how many jobs they do, by themselves and in a Ray cluster, and what Ray costs a job.

`python -m tests.bench.workers WHERE [ADDRESS]` is a worker of such a measurement.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from editor.imaging.geometry import Box
from editor.session import Session
from editor.store.store import Store
from editor.worker import Worker
from pipelines.base import Request, run
from pipelines.cluster import Cluster
from tests.cluster_models import load_fake
from tests.measuring import Row, photograph, spread, timed
from tests.samples import an_edit, noise

ROOT = Path(__file__).parents[2]
JOBS, STEPS = 16, 20  # of 50 ms each, in which a processor does nothing
IDLE = 0.05  # seconds between two looks for jobs
NODES = 4
RUNS, SIDE, PREVIEWS = 9, 1024, 8  # of the overhead


def workers() -> Iterator[Row]:
    """Yields the rows."""
    yield from _scaled("workers", None)
    with _nodes() as address:
        yield from _scaled("workers with Ray", address)
        job = f"{SIDE} px, {PREVIEWS} previews, beside the same here"
        yield f"a job through Ray, steps of 50 ms, {job}", _overhead(address, "slow"), "50 ms"
        yield "the same with steps that take no time", _overhead(address, "noise"), ""


def _scaled(name: str, address: str | None) -> Iterator[Row]:
    one, four = (_seconds(count, address) for count in (1, NODES))
    text = f"{one / four:.2f} times one ({JOBS / one:.2f} and {JOBS / four:.2f} jobs a second)"
    yield f"{NODES} {name}, {JOBS} jobs of {STEPS * 0.05:g} s", text, "3.6 times"


def _seconds(count: int, address: str | None) -> float:
    """Measures how long so many workers take for all jobs, which are of a document each."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        store = Store(Path(folder))
        stack.callback(store.close)
        session = Session(store)
        documents = [session.open(noise(200, 160, seed=n), f"Room {n}").id for n in range(JOBS)]
        command = [sys.executable, "-m", "tests.bench.workers", folder, *([address] if address else [])]
        started = [stack.enter_context(_started(command)) for _ in range(count)]
        for each in started:
            assert each.stdout is not None and each.stdout.readline() == "ready\n"
        begun = time.monotonic()
        edits = [an_edit(Box(9, 9, 40, 40), pipeline="slow", steps=STEPS, seed=n) for n in range(JOBS)]
        jobs = [session.submit(document, edit).id for document, edit in zip(documents, edits, strict=True)]
        while any(store.revisions.get(job).pending for job in jobs):
            time.sleep(0.02)
        return time.monotonic() - begun


@contextmanager
def _started(command: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.communicate()  # it ends with its input


@contextmanager
def _nodes() -> Iterator[str]:
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(ROOT)}
    from ray.cluster_utils import Cluster as Nodes

    nodes: Any = Nodes(initialize_head=True, head_node_args={"num_cpus": 1})
    for _ in range(NODES - 1):
        nodes.add_node(num_cpus=1)
    try:
        yield nodes.address
    finally:
        nodes.shutdown()


def _overhead(address: str, name: str) -> str:
    """Measures by how much a run of a model in the cluster is longer than the same one here, taken in turns."""
    cluster = Cluster(address, load_fake, {})
    try:
        here, there = load_fake(name), cluster.load(name)
        mask = np.full((SIDE, SIDE), 255, np.uint8)
        request = Request(photograph(SIDE), mask, "noise", "", 1.0, 0.0, 1.0, PREVIEWS, "ddim", (5,))
        more = []
        for _ in range(RUNS + 1):
            own, far = (timed(lambda model=model: run(model.inpaint(request)))[0] for model in (here, there))
            more.append(far - own)
        return f"{spread(more[1:])} more"  # the first one warms up
    finally:
        cluster.close()


def main() -> None:
    """Works until its input ends."""
    where, *address = sys.argv[1:]
    store = Store(Path(where))
    cluster = Cluster(address[0], load_fake, {}) if address else None
    load = load_fake if cluster is None else cluster.load
    load("slow")
    worker = Worker(store, load, idle=IDLE)

    def listen() -> None:
        with suppress(OSError):
            sys.stdin.read()
        worker.leave()

    Thread(target=listen, daemon=True).start()
    print("ready", flush=True)
    worker.work()
    if cluster is not None:
        cluster.close()
    store.close()


if __name__ == "__main__":
    main()
