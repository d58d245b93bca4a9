"""make crash: real servers and workers are killed at random moments while clients edit; nothing that was acknowledged
may be lost.

In one form a server works itself, with the embedded models. In the other a server and workers share the store, with
fakes. The same seed makes the same requests; how they fall in with the kills is up to the machine.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from itertools import cycle
from math import inf
from pathlib import Path
from threading import Condition, Thread

import httpx

from editor.edits.apply import apply
from editor.imaging.digest import digest_of
from editor.store import maintenance
from editor.store.queue import CANCELLED
from editor.store.store import Store
from pipelines.base import run
from tests import postgres
from tests.campaigns.clients import Acting, Known
from tests.campaigns.fake_models import done_twice, environment, painter
from tests.server_process import ROOT, Client, Program, ServerProcess, WorkerProcess

CLIENTS = 4
WORKERS = 3  # of the form in which they are apart
CALM = (0.5, 4.0)  # seconds between two kills, at least and at most
CALM_APART = (0.2, 1.4)  # of the form in which there are several to kill
PAUSE = 0.2  # seconds at most that a client pauses: people do; and the workers are to have the processor as well
STEP = 0.03  # seconds that a step of a fake takes
STUCK = 60.0  # seconds in which some job of a queue must end
ROUND, ROUND_APART = 15, 60  # kills that a store goes through: every check looks at all of it


class Campaign:
    """One store, and the server and workers on it.

    counts: what happened. complaints: what should not have; sentences.
    """

    def __init__(self, where: Path | str, folder: Path, seed: int, apart: bool = False, fakes: bool = False) -> None:
        """Prepares it.

        Args:
            where: the store.
            folder: for its logs, and the store's own where that is in a folder.
            seed: of the requests.
            apart: whether the server leaves the work to workers.
            fakes: whether fakes stand for the embedded models.
        """
        self.where, self.folder, self.seed, self.fakes = where, folder, seed, fakes
        self.random = random.Random(seed)
        self.painted = folder / "painted"  # the log of the fakes
        variables = environment(self.painted, STEP) if fakes else None
        self.server = ServerProcess(where, folder / "log", ("app.py", *["--no-work"] * apart), variables)
        self.workers = [WorkerProcess(where, folder / "log", variables) for _ in range(WORKERS if apart else 0)]
        self.known: list[Known] = []
        self.counts: Counter[str] = Counter()
        self.complaints: list[str] = []
        self.pictures: dict[str, tuple[str, bytes]] = {}  # of each finished revision its box and tiles
        self.killed: dict[int, float] = {}  # when each process was killed, by the monotonic clock
        self.gate = Condition()
        self.up = self.held = self.ended = False  # the server answers; the clients are to wait; or to end
        self.inside = 0  # clients in the middle of a request
        self.server_kills = 0  # the one that is about to be included
        self.starting: Thread | None = None
        self.clients = [
            Thread(target=self._act, args=(number,), name=f"client {number}", daemon=True) for number in range(CLIENTS)
        ]

    def run(self, kills: float, until: float = inf) -> int:
        """Kill so many times, or until then by the monotonic clock; then see to it that all that is queued ends, and
        what the store says of itself. Returns how many kills that were.
        """
        done = 0
        try:
            self.server.start()
            for worker in self.workers:
                worker.start()
            self.up = True
            for client in self.clients:
                client.start()
            something = time.monotonic() + STUCK
            while not any(known.edits for known in self.known) and time.monotonic() < something:  # to lose
                time.sleep(0.02)
            first: list[Callable[[], bool]] = [self._kill_server, self._kill_models_process]
            kinds, weights = [*first], [1, 1]
            if self.workers:  # which are there again much sooner than a server
                kinds, weights = [*first, self._kill_worker], [1, 3, 16]
            turns = self.random.sample(kinds, len(kinds))  # each for sure, then by chance
            while done < kills and time.monotonic() < until:
                time.sleep(self.random.uniform(*(CALM_APART if self.workers else CALM)))
                (kill,) = [turns.pop()] if turns else self.random.choices(kinds, weights)
                done += kill()
            if self.starting is not None:
                self.starting.join()
            with self.gate:
                self.ended = True
                self.gate.notify_all()
            for client in self.clients:
                client.join()
            if self.up:
                self._drain()
            self.audit(settled=True)
        finally:
            for program in (self.server, *self.workers):
                program.kill()
        self._check()
        return done

    # killing

    def _kill(self, program: Program) -> None:
        family, when = [program.pid, *program.descendants()], time.monotonic()
        left = program.kill()
        self.killed |= dict.fromkeys(family, when)
        if left:
            self.complaints.append(f"{len(left)} processes outlived the one that started them.")

    def _kill_server(self) -> bool:
        with self.gate:  # who is inside from now on, was so before
            self.up = False
            self.server_kills += 1
        self._kill(self.server)
        if self.starting is not None:
            self.starting.join()
        self.counts["kills of the server"] += 1
        self.starting = Thread(target=self._start_server, args=(self.server_kills,), daemon=True)
        before = self.random.random() < 0.5  # else it is the new server that recovers the file
        if before:
            self.audit()
        self.starting.start()
        if not self.workers:  # there is nobody else to kill meanwhile
            self.starting.join()
        if not before:
            self.audit()
        return True

    def _start_server(self, kills: int) -> None:
        try:
            self.server.start()
        except RuntimeError as error:
            if self.server_kills == kills:  # it was not killed again
                self.complaints.append(str(error))
            return
        with self.gate:
            self.up = self.server_kills == kills
            self.gate.notify_all()

    def _kill_worker(self) -> bool:
        worker = self.random.choice(self.workers)
        self._kill(worker)
        worker.start()
        self.counts["kills of workers"] += 1
        self.audit()
        return True

    def _kill_models_process(self) -> bool:
        """Returns whether there was one."""
        parent = self.random.choice(self.workers) if self.workers else self.server
        child = parent.models_process()
        if child is None:
            self.counts["turns in which there was no process of the models to kill"] += 1
            return False
        self.killed[child] = time.monotonic()
        os.kill(child, signal.SIGKILL)
        self.counts["kills of the models' process"] += 1
        self.audit()
        if not parent.running:
            self.complaints.append("A program died with its models' process.")
        return True

    # the clients

    def _act(self, number: int) -> None:
        chance = random.Random(f"{self.seed}/{number}")
        while True:
            with self.gate:
                while not self.ended and (self.held or not self.up):
                    self.gate.wait()
                if self.ended:
                    return
                self.inside += 1
                kills = self.server_kills
            try:
                client = Client(self.server.url)
                try:
                    Acting(client, self.known, self.counts, chance, number).once()
                finally:
                    client.http.close()
            except httpx.TransportError:  # it was killed: what was asked for may have been done, or not
                self.counts["requests cut off"] += 1
                if self.server_kills == kills:
                    self.complaints.append("A server that was not killed hung up.")
            except AssertionError as error:
                self.complaints.append(str(error))
            finally:
                with self.gate:
                    self.inside -= 1
                    self.gate.notify_all()
            time.sleep(chance.uniform(0, PAUSE))

    # what must hold

    def audit(self, settled: bool = False) -> None:
        """Compare the store with what was acknowledged, and check it, while clients wait and workers do not. settled:
        nothing may be queued any more.
        """
        with self.gate:
            self.held = True
            while self.inside:
                self.gate.wait()
        try:
            self._audit(settled)
        finally:
            with self.gate:
                self.held = False
                self.gate.notify_all()

    def _audit(self, settled: bool) -> None:
        store = Store(self.where)
        try:
            if store.database.kind == "sqlite" and (row := store.database.row("PRAGMA integrity_check")) != ("ok",):
                self.complaints.append(f"The database is damaged: {row}.")
            rows = store.database.rows("SELECT id, document, edit, box, tiles, error, remakes FROM revision")
            documents = store.database.rows("SELECT id, name, deleted FROM document")
            self.complaints += [
                f"store --check: {each.complaint}" for each in maintenance.check(store) if each.complaint
            ]
        finally:
            store.close()
        finished = {id: (box, bytes(tiles)) for id, _, _, box, tiles, _, _ in rows if tiles is not None}
        for id, picture in self.pictures.items():
            if finished.get(id) != picture:
                self.complaints.append(f"The picture of {id}, which was finished, is gone or changed.")
        self.pictures |= finished
        standing: dict[str, set[str]] = {}
        made: Counter[tuple[str, str]] = Counter()  # not as a step of a replay
        for id, document, edit, _, tiles, error, remakes in rows:
            if edit is not None and error != CANCELLED:
                standing.setdefault(document, set()).add(digest_of(edit))
                made[document, digest_of(edit)] += remakes is None
            if settled and edit is not None and tiles is None and error is None:
                self.complaints.append(f"The job {id} is stuck.")
        self.complaints += [f"The edit {edit} of {each} stands {n} times." for (each, edit), n in made.items() if n > 1]
        names, deleted = {id: name for id, name, _ in documents}, {id: when is not None for id, _, when in documents}
        for known in self.known:
            if known.id not in names:
                self.complaints.append(f"The document {known.id} is lost.")
                continue
            if lost := known.firm - standing.get(known.id, set()):
                self.complaints.append(f"{len(lost)} acknowledged edits of {known.id} are lost: {sorted(lost)}.")
            if unfinished := known.finished - finished.keys():
                self.complaints.append(f"Revisions that were seen finished are not: {sorted(unfinished)}.")
            if known.names and names[known.id] not in known.names:
                self.complaints.append(f"{known.id} is called {names[known.id]!r}, not one of {sorted(known.names)}.")
            if deleted[known.id] not in known.deleted:
                self.complaints.append(f"{known.id} was deleted or restored, and is not.")
        self.counts["acknowledged edits"] = sum(len(known.edits) for known in self.known)
        self.counts["edits finished"] = sum(1 for row in rows if row[2] is not None and row[4] is not None)
        self.counts["edits failed with a reason"] = sum(1 for row in rows if row[5] not in (None, CANCELLED))
        self.counts["audits"] += 1

    def _drain(self) -> None:
        """Wait until every document's queue is empty; a queue in which nothing ends is stuck, as the audit says."""
        client, least, ends = Client(self.server.url), None, time.monotonic() + STUCK
        documents = [known.id for known in self.known if known.deleted == {False}]
        while time.monotonic() < ends:
            waiting = sum(len(client.state(id)["running"]) for id in documents)
            if not waiting:
                break
            if least is None or waiting < least:
                least, ends = waiting, time.monotonic() + STUCK
            time.sleep(0.1)
        client.http.close()

    def _check(self) -> None:
        command = [sys.executable, "app.py", "--data", str(self.where), "store", "--check"]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if ran.returncode:
            self.complaints.append(f"store --check: {ran.stdout[-500:]}{ran.stderr[-500:]}")
        self.complaints += [f"{part.name} is left in the store's folder." for part in self.folder.rglob("*.part")]
        if self.fakes:
            self._paint_again()

    def _paint_again(self) -> None:
        """Compare every picture that the fakes painted with the one that its edit makes of its parent's; and see that
        none was painted twice.
        """
        store = Store(self.where)
        try:
            cancelled = store.database.rows("SELECT edit FROM revision WHERE error = :error", error=CANCELLED)
            moved = {json.loads(edit)["prompt"] for (edit,) in cancelled}
            self.complaints += done_twice(self.painted, self.killed, moved)
            for id in self.pictures:
                revision = store.revisions.get(id)
                if revision.edit is None or revision.parent is None:
                    continue
                wanted = run(apply(revision.edit, store.revisions.picture(revision.parent), painter)).picture
                if store.revisions.picture(id) != wanted:
                    self.complaints.append(f"The picture of {id} is not that of its edit.")
                self.counts["pictures painted again and compared"] += 1
        finally:
            store.close()


def campaigns(kills: float, until: float, seed: int) -> list[str]:
    """On each kind of database there is and in both forms, in turn, a round at a time; prints counts.

    Args:
        kills: how many at most.
        until: until when at most, by the monotonic clock.
        seed: of the first round; that of each other is one more.

    Returns:
        The complaints.
    """
    complaints: list[str] = []
    counts: Counter[str] = Counter()
    kinds = ["SQLite", *(["PostgreSQL"] if postgres.program("initdb") else [])]
    forms = [(kind, apart) for apart in (False, True) for kind in kinds]
    for number, (kind, apart) in enumerate(cycle(forms)):
        if kills <= 0 or time.monotonic() >= until:
            break
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            where: Path | str = folder / "data"
            if kind == "PostgreSQL":
                where = stack.enter_context(postgres.server()).database("crash")
            campaign = Campaign(where, folder, seed + number, apart, fakes=apart)
            kills -= campaign.run(min(kills, ROUND_APART if apart else ROUND), until)
        name = f"round {number}, {kind}, {'a server and workers' if apart else 'a server that works'}"
        print(f"{name}: {_listed(campaign.counts)}", flush=True)
        counts += campaign.counts
        complaints += [f"{name}: {complaint}" for complaint in campaign.complaints]
        if campaign.complaints:
            print("\n".join(campaign.complaints), flush=True)
    print(f"in all: {_listed(counts)}", flush=True)
    return complaints


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minutes", type=float, nargs="?", help="how long, if not --kills (default: 5)")
    parser.add_argument("--kills", type=int, help="how many kills")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    minutes = 5.0 if options.minutes is None and options.kills is None else options.minutes
    until = inf if minutes is None else time.monotonic() + 60 * minutes
    complaints = campaigns(inf if options.kills is None else options.kills, until, options.seed)
    print("\n".join(complaints) or "Nothing was lost, and nothing done twice.")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
