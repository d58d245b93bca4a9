"""Clients that edit the documents of a server, each action picked by chance, and note what was acknowledged."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from editor.formats.images import encode_png
from editor.imaging.geometry import Box
from tests.samples import disc, noise
from tests.server_process import Client, said
from tests.wire import edit_packet

DOCUMENTS = 4  # that are edited at a time, each by every client
QUEUE = 3  # edits that may wait in a document before clients leave it alone


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


class Acting:
    """One action of a client, picked by chance; httpx.TransportError when the server is killed in the middle of it.

    What a request may do is noted before it is sent, what it did for sure once its answer is there.
    """

    def __init__(
        self, client: Client, known: list[Known], counts: Counter[str], chance: random.Random, number: int
    ) -> None:
        """Prepares it.

        Args:
            client: of the server.
            known: the documents; a new one is added.
            counts: of what happened.
            chance: picks.
            number: the client's.
        """
        self.client, self.known, self.counts, self.chance, self.number = client, known, counts, chance, number

    def once(self) -> None:
        in_use = [known for known in self.known if not known.discarded][-DOCUMENTS:]
        if len(in_use) < DOCUMENTS:
            file = encode_png(noise(300, 220, self.chance.getrandbits(32)))
            state = said(self.client.post("documents?name=Room.png", file))
            self.known.append(Known(state["document"], self.number))
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
            self.counts[f"{what}: refused"] += 1
            return None
        self.counts[what] += 1
        return said(answer)

    def packet(self, parent: str) -> bytes:
        x, y = self.chance.randrange(150), self.chance.randrange(150)
        return edit_packet(
            parent, pipeline=self.chance.choice(("classical", "classical", "glide-mini")),
            prompt=f"couch {self.chance.getrandbits(64):x}", steps=self.chance.randint(1, 4),
            seed=self.chance.getrandbits(32), variations=self.chance.choice((1, 1, 1, 2)), mask=disc(Box(x, y, 90, 70)),
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
