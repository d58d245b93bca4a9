"""make crash: real servers are killed at random moments while clients edit; nothing that was acknowledged may be lost.

The same seed makes the same requests; how they fall in with the kills is up to the machine.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Thread
from typing import Any

import httpx

from editor.imaging.digest import digest_of
from editor.imaging.geometry import Box
from editor.store.queue import CANCELLED
from editor.store.store import Store
from tests import postgres
from tests.samples import disc
from tests.server_process import ROOT, Client, ServerProcess, said
from tests.wire import edit_packet

CLIENTS = 4
DOCUMENTS = 4  # that are edited at a time, each by every client
QUEUE = 3  # edits that may wait in a document before clients leave it alone
CALM = (0.5, 4.0)  # seconds between two kills, at least and at most
STUCK = 60.0  # seconds in which some job of a queue must end


@dataclass
class Known:
    """A document, and what its server acknowledged or may have done."""

    id: str
    owner: int  # the client which alone renames and deletes it
    edits: set[str] = field(default_factory=set)  # by the names of their requests, acknowledged
    loose: set[str] = field(default_factory=set)  # those that somebody asked to cancel, heard or not
    discarded: bool = False  # somebody asked to discard a step, or to delete it all
    finished: set[str] = field(default_factory=set)  # revisions that were seen finished
    names: set[str] = field(default_factory=set)  # one of these it has now
    deleted: set[bool] = field(default_factory=lambda: {False})  # and is in one of these states

    @property
    def firm(self) -> set[str]:
        """The edits that must be queued, or finished, or failed with a reason."""
        return set() if self.discarded else self.edits - self.loose


class Campaign:
    """One store and its servers, one after another.

    counts: what happened. complaints: what should not have; sentences.
    """

    def __init__(self, where: Path | str, folder: Path, seed: int) -> None:
        self.where, self.folder, self.seed = where, folder, seed
        self.random = random.Random(seed)
        self.server = ServerProcess(where, folder / "log")
        self.known: list[Known] = []
        self.counts: Counter[str] = Counter()
        self.complaints: list[str] = []
        self.pictures: dict[str, tuple[str, bytes]] = {}  # of each finished revision its box and tiles
        self.gate = Condition()
        self.open = self.ended = False
        self.inside = 0  # clients in the middle of a request
        self.kills = 0  # of the server, the one that is about to be included
        self.clients = [
            Thread(target=self._act, args=(number,), name=f"client {number}", daemon=True) for number in range(CLIENTS)
        ]

    def run(self, kills: int | None, minutes: float = 0) -> None:
        """Kill this many times, at least once each the server and its models' process, or for some minutes; then see
        to it that all that is queued ends, and what the store says of itself.
        """
        ends = time.monotonic() + 60 * minutes
        try:
            self.server.start()
            self._let(True)
            for client in self.clients:
                client.start()
            something = time.monotonic() + STUCK
            while not any(known.edits for known in self.known) and time.monotonic() < something:  # to lose
                time.sleep(0.02)
            kill = 0
            while kill < kills if kills is not None else time.monotonic() < ends:
                time.sleep(self.random.uniform(*CALM))
                # the models' process in every other turn, on the whole; in the first two, for sure
                if self.random.random() < 0.5 if kill > 1 else kill == 1:
                    self._kill_models_process()
                else:
                    self._kill_server()
                kill += 1
            self._let(False)
            self.ended = True
            self._let(True)  # to the end of their threads
            for client in self.clients:
                client.join()
            self._drain()
            self.audit(settled=True)
        finally:
            self.server.kill()
        self._check()

    # killing

    def _kill_server(self) -> None:
        with self.gate:  # who is inside from now on, was so before
            self.open = False
            self.kills += 1
        left = self.server.kill()
        self.counts["kills of the server"] = self.kills
        if left:
            self.complaints.append(f"{len(left)} processes outlived their server.")
        self._let(False)
        before = self.random.random() < 0.5  # else it is the new server that recovers the file
        if before:
            self.audit()
        self.server.start()
        if not before:
            self.audit()
        self._let(True)

    def _kill_models_process(self) -> None:
        child = self.server.models_process()
        if child is None:
            self.counts["turns in which there was no process of the models to kill"] += 1
            return
        os.kill(child, signal.SIGKILL)
        self.counts["kills of the models' process"] += 1
        if not self.server.running:
            self.complaints.append("The server died with its models' process.")

    def _let(self, open: bool) -> None:
        """Let the clients go on, or hold them and wait until none is in the middle of a request."""
        with self.gate:
            self.open = open
            self.gate.notify_all()
            while not open and self.inside:
                self.gate.wait()

    # the clients

    def _act(self, number: int) -> None:
        chance = random.Random(f"{self.seed}/{number}")
        while True:
            with self.gate:
                while not self.open:
                    self.gate.wait()
                if self.ended:
                    return
                self.inside += 1
                kills = self.kills
            try:
                client = Client(self.server.url)
                try:
                    Acting(self, client, chance, number).once()
                finally:
                    client.http.close()
            except httpx.TransportError:  # it was killed: what was asked for may have been done, or not
                self.counts["requests cut off"] += 1
                if self.kills == kills:
                    self.complaints.append("A server that was not killed hung up.")
            except AssertionError as error:
                self.complaints.append(str(error))
            finally:
                with self.gate:
                    self.inside -= 1
                    self.gate.notify_all()
            time.sleep(chance.uniform(0, 0.2))  # people pause; and the worker is to have the processor as well

    # what must hold

    def audit(self, settled: bool = False) -> None:
        """Compare the store with what was acknowledged. settled: nothing may be queued any more."""
        store = Store(self.where)
        try:
            if store.database.kind == "sqlite" and (row := store.database.row("PRAGMA integrity_check")) != ("ok",):
                self.complaints.append(f"The database is damaged: {row}.")
            rows = store.database.rows("SELECT id, document, edit, box, tiles, error, deleted FROM revision")
            documents = store.database.rows("SELECT id, name, deleted FROM document")
        finally:
            store.close()
        finished = {id: (box, bytes(tiles)) for id, _, _, box, tiles, _, _ in rows if tiles is not None}
        for id, picture in self.pictures.items():
            if finished.get(id) != picture:
                self.complaints.append(f"The picture of {id}, which was finished, is gone or changed.")
        self.pictures |= finished
        standing: dict[str, set[str]] = {}
        for id, document, edit, _, tiles, error, _ in rows:
            if edit is not None and error != CANCELLED:
                standing.setdefault(document, set()).add(digest_of(edit))
            if settled and edit is not None and tiles is None and error is None:
                self.complaints.append(f"The job {id} is stuck.")
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


class Acting:
    """One action of a client, picked by chance; httpx.TransportError when the server is killed in the middle of it.

    What a request may do is noted before it is sent, what it did for sure once its answer is there.
    """

    def __init__(self, campaign: Campaign, client: Client, chance: random.Random, number: int) -> None:
        self.campaign, self.client, self.chance, self.number = campaign, client, chance, number

    def once(self) -> None:
        in_use = [known for known in self.campaign.known if not known.discarded][-DOCUMENTS:]
        if len(in_use) < DOCUMENTS:
            state = self.client.opened(self.chance.choice(("living-room.png", "table.png")))
            self.campaign.known.append(Known(state["document"], self.number))
            return
        known = self.chance.choice(in_use)
        answer = self.client.get(f"documents/{known.id}")
        if answer.status_code == 404 and True in known.deleted:
            return
        state = said(answer)
        known.finished |= {state["head"], state["tip"]}
        actions: dict[Any, float] = {
            self.edit: 10,
            self.amend: 2,
            self.undo: 2,
            self.redo: 1,
            self.cancel: 2,
            self.checkout: 1,
        }
        if known.owner == self.number:
            actions |= {self.rename: 2, self.discard: 0.3, self.delete: 0.3}
        if len(state["running"]) >= QUEUE:
            actions |= {self.edit: 0, self.amend: 0}
        (action,) = self.chance.choices(list(actions), list(actions.values()))
        action(known, state)

    def did(self, what: str, answer: httpx.Response) -> dict[str, Any] | None:
        """What the server answered; None when it was refused, which others' actions may be the reason of."""
        if answer.status_code in (400, 404, 409):
            self.campaign.counts[f"{what}: refused"] += 1
            return None
        self.campaign.counts[what] += 1
        return said(answer)

    def packet(self, parent: str) -> bytes:
        x, y = self.chance.randrange(150), self.chance.randrange(150)
        return edit_packet(
            parent, pipeline=self.chance.choice(("classical", "classical", "glide-mini")), prompt="a red couch",
            steps=self.chance.randint(1, 4), seed=self.chance.getrandbits(32),
            variations=self.chance.choice((1, 1, 1, 2)), mask=disc(Box(x, y, 90, 70)),
        )  # fmt: skip

    def edit(self, known: Known, state: dict[str, Any]) -> None:
        self.submitted(known, "edit", self.client.post(f"documents/{known.id}/edits", self.packet(state["tail"])))

    def amend(self, known: Known, state: dict[str, Any]) -> None:
        if (step := self.step(known)) is not None:
            packet = self.packet(step["parent"])
            self.submitted(known, "amend", self.client.post(f"documents/{known.id}/amend/{step['revision']}", packet))

    def submitted(self, known: Known, what: str, answer: httpx.Response) -> None:
        if (values := self.did(what, answer)) is not None:
            known.edits |= {each["edit"] for each in values["jobs"]}

    def undo(self, known: Known, state: dict[str, Any]) -> None:
        self.did("undo", self.client.post(f"documents/{known.id}/undo"))

    def redo(self, known: Known, state: dict[str, Any]) -> None:
        self.did("redo", self.client.post(f"documents/{known.id}/redo"))

    def cancel(self, known: Known, state: dict[str, Any]) -> None:
        if state["running"]:
            job = self.chance.choice(state["running"])
            # the steps of a replay are cancelled together
            together = [each for each in state["running"] if "replay" in each] if "replay" in job else [job]
            known.loose |= {each["edit"] for each in together}
            self.did("cancel", self.client.post(f"documents/{known.id}/cancel/{job['revision']}"))

    def checkout(self, known: Known, state: dict[str, Any]) -> None:
        if (step := self.step(known)) is not None:
            self.did("checkout", self.client.post(f"documents/{known.id}/checkout/{step['revision']}"))

    def rename(self, known: Known, state: dict[str, Any]) -> None:
        name = f"Room {self.chance.getrandbits(32)}"
        known.names |= {name, state["name"]}
        if self.did("rename", self.client.post(f"documents/{known.id}/name", name)) is not None:
            known.names = {name}

    def discard(self, known: Known, state: dict[str, Any]) -> None:
        if (step := self.step(known)) is not None:
            known.discarded = True
            self.did("discard", self.client.post(f"documents/{known.id}/discard/{step['revision']}"))

    def delete(self, known: Known, state: dict[str, Any]) -> None:
        known.discarded = True
        for verb, deleted in (("delete", True), ("restore", False), ("delete", True))[: self.chance.randint(1, 3)]:
            known.deleted |= {deleted}
            if self.did(verb, self.client.post(f"documents/{known.id}/{verb}")) is not None:
                known.deleted = {deleted}

    def step(self, known: Known) -> dict[str, Any] | None:
        """A finished step of a document, any."""
        answer = self.client.get(f"documents/{known.id}/tree")
        steps = [each for each in answer.json() if each["finished"] and each["edit"]] if answer.is_success else []
        return self.chance.choice(steps) if steps else None


def campaigns(minutes: float, seed: int) -> list[str]:
    """On each kind of database there is, in turn, half of the time; prints counts. Returns the complaints."""
    complaints: list[str] = []
    kinds = ["SQLite", *(["PostgreSQL"] if postgres.program("initdb") else [])]
    for kind in kinds:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            where: Path | str = folder / "data"
            if kind == "PostgreSQL":
                where = stack.enter_context(postgres.server()).database("crash")
            campaign = Campaign(where, folder, seed)
            campaign.run(None, minutes / len(kinds))
        print(f"{kind}: {', '.join(f'{count} {what}' for what, count in sorted(campaign.counts.items()))}", flush=True)
        complaints += [f"{kind}: {complaint}" for complaint in campaign.complaints]
    return complaints


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minutes", type=float, nargs="?", default=5)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    complaints = campaigns(options.minutes, options.seed)
    print("\n".join(complaints) or "Nothing was lost.")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
