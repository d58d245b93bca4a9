"""make studio: simulated designers work for an hour on one PostgreSQL store, with servers and workers apart.

Every picture is compared with what its edit must make of it. With --kill a worker is killed every 20 seconds meanwhile,
and a server every two minutes. Models are fakes, which take time and no processor; all traffic stays on this machine.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from editor.imaging.digest import digest_of
from editor.store import maintenance
from editor.store.queue import CANCELLED
from editor.store.store import Store
from tests import postgres
from tests.campaigns.designers import STATE, Designer, Studio, original_of, picture_of
from tests.campaigns.fake_models import done_twice, environment, events
from tests.measuring import handles, resident
from tests.server_process import START, Program, ServerProcess, WorkerProcess

WORKERS = 4
STEP = 0.08  # seconds that a step of a fake takes
THINK = (10.0, 20.0)  # seconds between two edits of a designer
KILL_WORKER, KILL_SERVER = 20.0, 120.0  # seconds between two kills
SAMPLES = 200  # looks at the processes
POLL_LIMIT = 0.150  # seconds in which 95 of 100 polls are to be answered
# seconds from which on memory must be flat in the second half: before, caches fill, which may hold 112 MB
JUDGED = 1800.0
ROOM = 160.0  # MB by which a process may grow in all, once it is warm
# by how much a process may have more at the end than at half time: MB, threads, descriptors (of which a page has some)
GROWTH = (20.0, 8, 40)

P = TypeVar("P", bound=Program)


class Sample(NamedTuple):
    """What a process holds at a moment."""

    when: float  # seconds since the designers began
    pid: int
    memory: float  # MB
    threads: int
    descriptors: int


@dataclass
class Campaign:
    """One store with its servers and workers, and the designers.

    complaints: sentences.
    """

    where: Path | str
    folder: Path
    seconds: float
    designers: int
    servers: int = 1
    think: tuple[float, float] = THINK
    kills: tuple[float, float] | None = None  # seconds between two of a worker, and of a server; None for none
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.painted = self.folder / "painted"
        secret = self.folder / "secret"
        secret.write_text("a-secret-of-the-proxy-alone\n")
        variables = environment(self.painted, STEP)
        options = ("--no-work", "--user-header", "X-Forwarded-User", "--user-header-secret", str(secret))
        log = self.folder / "log"
        self.server_processes = [
            ServerProcess(self.where, log, ("app.py", *options), variables) for _ in range(self.servers)
        ]
        self.worker_processes = [WorkerProcess(self.where, log, variables) for _ in range(WORKERS)]
        self.samples: dict[str, list[Sample]] = {}
        self.lags: list[float] = []  # seconds by which this process itself was late
        self.killed: dict[int, float] = {}
        self.kill_counts = {"workers": 0, "servers": 0}
        self.headers = {"Palimpsest-Proxy-Secret": secret.read_text().strip()}

    @property
    def programs(self) -> dict[str, Program]:
        """All of them, by name."""
        return {
            **{f"server {n}": each for n, each in enumerate(self.server_processes, 1)},
            **{f"worker {n}": each for n, each in enumerate(self.worker_processes, 1)},
        }

    def run(self) -> Studio:
        """Has the designers work, and looks at what they leave; what they report."""
        with ProcessPoolExecutor(1, get_context("spawn")) as executor:
            studio = Studio(executor, self.think, self.headers, "X-Forwarded-User")
            try:
                for worker in self.worker_processes:
                    worker.start()
                for server in self.server_processes:
                    server.start()
                self._await_workers()
                executor.submit(original_of, picture_of(0)).result()  # so that it is there
                asyncio.run(self._work(studio))
                self.complaints += studio.complaints
                self.audit(studio)
            finally:
                for program in self.programs.values():
                    program.kill()
        self._judge(studio)
        return studio

    def _await_workers(self) -> None:
        store, ends = Store(self.where), time.monotonic() + START
        try:
            while len(store.workers.all()) < WORKERS:
                if time.monotonic() > ends:
                    raise RuntimeError(
                        f"The workers do not start; they printed: {(self.folder / 'log').read_text()[-2000:]}"
                    )
                time.sleep(0.1)
        finally:
            store.close()

    async def _work(self, studio: Studio) -> None:
        urls = [server.url for server in self.server_processes]
        designers = [Designer(studio, n, urls[n % len(urls)]) for n in range(self.designers)]
        await asyncio.gather(*(designer.open() for designer in designers))
        studio.timings.clear()  # all at once they come only here
        began = time.monotonic()
        studio.ends = began + self.seconds
        beside = [asyncio.create_task(each) for each in (self._watch(began), self._measure_lag())]
        if self.kills is not None:
            workers = self._kill_some("workers", self.worker_processes, self.kills[0], WorkerProcess.start)
            servers = self._kill_some("servers", self.server_processes, self.kills[1], _start_again)
            beside += [asyncio.create_task(workers), asyncio.create_task(servers)]
        await asyncio.gather(*(designer.work() for designer in designers))
        self._sample(time.monotonic() - began)
        for task in beside:
            task.cancel()
        await asyncio.gather(*(designer.close() for designer in designers))
        for ended in await asyncio.gather(*beside, return_exceptions=True):
            if not isinstance(ended, asyncio.CancelledError):
                self.complaints.append(f"The campaign itself broke: {ended!r}")

    async def _watch(self, began: float) -> None:
        while True:
            await asyncio.to_thread(self._sample, time.monotonic() - began)
            await asyncio.sleep(max(1.0, self.seconds / SAMPLES))

    def _sample(self, when: float) -> None:
        for name, program in self.programs.items():
            for part, pid in ((name, program.pid), (f"{name}: models", program.models_process())):
                if pid is not None and (memory := resident(pid)):
                    self.samples.setdefault(part, []).append(Sample(when, pid, memory, *handles(pid)))

    async def _measure_lag(self) -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.1)
            self.lags.append(time.monotonic() - began - 0.1)

    # killing

    async def _kill_some(self, kind: str, programs: Sequence[P], pause: float, start: Callable[[P], None]) -> None:
        chance = random.Random(kind)
        while True:
            await asyncio.sleep(pause)
            program = chance.choice(programs)
            await asyncio.to_thread(self._kill, program, kind)
            await asyncio.to_thread(start, program)

    def _kill(self, program: Program, kind: str) -> None:
        family, when = [program.pid, *program.descendants()], time.monotonic()
        left = program.kill()
        self.killed |= dict.fromkeys(family, when)
        self.kill_counts[kind] += 1
        if left:
            self.complaints.append(f"{len(left)} processes outlived the one that started them.")

    # what must hold

    def audit(self, studio: Studio) -> None:
        """Compare the store with what was acknowledged."""
        store = Store(self.where)
        rows = store.database.rows("SELECT document, edit, tiles, error FROM revision WHERE edit IS NOT NULL")
        self.complaints += [f"store --check: {each.complaint}" for each in maintenance.check(store) if each.complaint]
        store.close()
        finished = [(document, digest_of(edit)) for document, edit, tiles, _ in rows if tiles is not None]
        for document, edits in studio.acknowledged.items():
            times = [finished.count((document, edit)) for edit in edits]
            if lost := times.count(0):
                self.complaints.append(f"{lost} acknowledged edits of {document} are lost.")
            if twice := sum(n > 1 for n in times):
                self.complaints.append(f"{twice} edits of {document} stand twice.")
        unknown = set(finished) - {
            (document, edit) for document, edits in studio.acknowledged.items() for edit in edits
        }
        if unknown and not self.kills:  # else one may not have heard of it
            self.complaints.append(f"{len(unknown)} edits are there that were acknowledged to nobody.")
        if failed := [error for _, _, _, error in rows if error not in (None, CANCELLED)]:
            self.complaints.append(f"{len(failed)} edits failed: {sorted(set(failed))}")
        self.complaints += done_twice(self.painted, self.killed)

    def _judge(self, studio: Studio) -> None:
        if studio.counts["requests that did not reach the server"] and self.kills is None:
            self.complaints.append("Requests did not reach a server that was not killed.")
        if self.kills is None:
            self.complaints += [line for name in self.samples for line in self.leaks(name)]

    def leaks(self, name: str) -> list[str]:
        """Sentences about what a process gained."""
        start, half, end = (self._around(name, share) for share in (0.1, 0.5, 1.0))
        leaks = []
        if end[0] > start[0] + ROOM:
            leaks.append(f"{name} leaks: {start[0]:.0f} MB when it was warm, {end[0]:.0f} at the end.")
        for what, before, after, most in zip(("MB", "threads", "descriptors"), half, end, GROWTH, strict=True):
            if after > before + most and (what != "MB" or self.seconds >= JUDGED):
                leaks.append(f"{name} leaks: {before:.0f} {what} at half time, {after:.0f} at the end.")
        return leaks

    def _around(self, name: str, share: float) -> tuple[float, float, float]:
        """Memory in MB, threads and descriptors of a process around a share of the time: medians."""
        low, high = self.seconds * (share - 0.05), self.seconds * (share + 0.05)
        samples = self.samples[name]
        near = [each for each in samples if low <= each.when <= high] or [
            min(samples, key=lambda each: abs(each.when - self.seconds * share))
        ]
        memory, threads, descriptors = np.median([each[2:] for each in near], axis=0)
        return float(memory), float(threads), float(descriptors)

    # what is reported

    def report(self, studio: Studio) -> dict[str, Any]:
        """Everything, as JSON."""
        kinds = sorted({each.what for each in studio.timings})
        timings = {kind: [each.seconds for each in studio.timings if each.what == kind] for kind in kinds}
        painted = list(events(self.painted)) if self.painted.exists() else []
        return {
            "seconds": self.seconds, "designers": self.designers, "servers": self.servers, "workers": WORKERS,
            "kills": self.kill_counts, "counts": dict(sorted(studio.counts.items())),
            "runs": {event: sum(each.event == event for each in painted) for event in ("begun", "done", "left")},
            "milliseconds": {
                kind: {"n": len(seconds), **{f"p{p}": _ms(seconds, p) for p in (50, 95, 99)}, "most": _ms(seconds, 100)}
                for kind, seconds in [*timings.items(), ("this program's own delay", self.lags)] if seconds
            },
            "processes": {name: self._process(name) for name in sorted(self.samples)},
            "complaints": self.complaints,
        }  # fmt: skip

    def _process(self, name: str) -> dict[str, float]:
        start, half, end = (self._around(name, share) for share in (0.1, 0.5, 1.0))
        second = [each for each in self.samples[name] if each.when >= self.seconds / 2]
        moments, memory = [each.when for each in second], [each.memory for each in second]
        slope = float(np.polyfit(moments, memory, 1)[0]) * 3600 if len(set(moments)) > 1 else 0.0
        return {
            "MB at 10 %": start[0], "MB at 50 %": half[0], "MB at 100 %": end[0], "MB an hour, second half": slope,
            "threads, start": start[1], "threads, end": end[1],
            "descriptors, start": start[2], "descriptors, end": end[2],
        }  # fmt: skip


def _start_again(server: ServerProcess) -> None:
    server.start(int(server.url.rpartition(":")[2]))  # where its clients know it


def _ms(seconds: Sequence[float], percentile: float) -> float:
    return round(float(np.percentile(seconds, percentile)) * 1000, 1)


def table(report: dict[str, Any]) -> str:
    """The report for people."""
    counts, runs = report["counts"], report["runs"]
    lines = [
        f"{report['designers']} designers, {report['seconds'] / 60:g} minutes; servers: {report['servers']}, "
        f"{report['kills']['servers']} times killed; workers: {report['workers']}, {report['kills']['workers']} times",
        f"{counts.get('edits', 0)} edits, {counts.get('errors', 0)} errors, {counts.get('mix-ups', 0)} mix-ups; "
        f"{runs['begun']} runs of models begun, {runs['done']} done",
        ", ".join(f"{n} {what}" for what, n in counts.items()), "",
        f"{'ms':50}{'n':>9}{'p50':>9}{'p95':>9}{'p99':>9}{'most':>10}",
        *(
            f"{kind:50}{row['n']:9,}{row['p50']:9,.0f}{row['p95']:9,.0f}{row['p99']:9,.0f}{row['most']:10,.0f}"
            for kind, row in report["milliseconds"].items()
        ), "",
        f"{'':20}{'MB at 10 %':>12}{'50 %':>8}{'100 %':>8}{'MB/h':>8}{'threads':>12}{'descriptors':>14}",
        *(
            f"{name:20}{row['MB at 10 %']:12.0f}{row['MB at 50 %']:8.0f}{row['MB at 100 %']:8.0f}"
            f"{row['MB an hour, second half']:8.0f}{row['threads, start']:7.0f} ->{row['threads, end']:3.0f}"
            f"{row['descriptors, start']:8.0f} ->{row['descriptors, end']:4.0f}"
            for name, row in report["processes"].items()
        ), "",
        *(report["complaints"] or ["Nothing was lost, nothing mixed up, and nothing done twice."]),
    ]  # fmt: skip
    if (polls := report["milliseconds"].get(STATE)) and polls["p95"] > POLL_LIMIT * 1000:
        lines.append(f"Polls are slow: 95 of 100 in {polls['p95']:.0f} ms, and {POLL_LIMIT * 1000:.0f} were wanted.")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minutes", type=float, nargs="?", default=60)
    parser.add_argument("--designers", type=int, default=50)
    parser.add_argument("--servers", type=int, default=1, choices=(1, 2))
    parser.add_argument("--kill", action="store_true", help="kill workers and servers meanwhile")
    options = parser.parse_args()
    if postgres.program("initdb") is None:
        print("PostgreSQL is not installed here.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name, postgres.server() as database:
        campaign = Campaign(
            database.database("studio"), Path(name), options.minutes * 60, options.designers, options.servers,
            kills=(KILL_WORKER, KILL_SERVER) if options.kill else None,
        )  # fmt: skip
        report = campaign.report(campaign.run())
        if campaign.complaints:
            print((campaign.folder / "log").read_text()[-5000:], file=sys.stderr)
    print(table(report))
    print(json.dumps(report))
    return 1 if report["complaints"] else 0


if __name__ == "__main__":
    sys.exit(main())
