"""make bench: what Palimpsest measures of itself, as a table. Medians with their spread, in this machine's own time.

Names of groups (ARGS='page') measure these alone; --edits says how many edits of drawings there are to a row.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import torch
from starlette.applications import Starlette
from starlette.testclient import TestClient

from editor.edits.edit import Edit
from editor.formats.images import encode_png
from editor.session import Session
from editor.store.blobs import TILE_CACHE
from editor.store.revisions import EDIT_CACHE
from editor.store.store import Store
from editor.web.addresses import PREFIX
from editor.web.server import routes
from pipelines import load
from pipelines.base import Request, run
from tests.bench import (
    drawings,
    ghosts,
    live,
    masks,
    networks,
    objects,
    page,
    photographs,
    server,
    store,
    waiting,
    workers,
)
from tests.fakes import LocalModels, NoisePipeline
from tests.measuring import Row, photograph, resident, spread, timed
from tests.wire import app_context
from tests.workbench import Workbench


def embedded() -> Iterator[Row]:
    """One edit of a 256-pixel window with everything at its default, the model loaded."""
    pipeline = load("glide-mini")
    image = photograph(256)
    mask = np.zeros((256, 256), np.uint8)
    mask[40:216, 40:216] = 255
    totals, firsts = [], []
    for seed in range(6):
        request = Request(
            image, mask, "a red couch", "", Edit.guidance, 0, 1, pipeline.defaults["steps"], Edit.sampler, (seed,)
        )
        steps = pipeline.inpaint(request)
        first, _ = timed(lambda steps=steps: next(steps))
        rest, _ = timed(lambda steps=steps: run(steps))
        if seed:  # the first one warms up
            firsts.append(first)
            totals.append(first + rest)
    yield "embedded edit, 256-px window, defaults", spread(totals), "2.5 s"
    yield "its first preview", spread(firsts), "500 ms"


class CountingClient:
    """Edits a document on a fresh store over the HTTP routes, as the page does, and counts the bytes."""

    def __init__(self, folder: Path, pixels: np.ndarray) -> None:
        self.workbench = Workbench(Store(folder), NoisePipeline())
        self.document = self.workbench.open(pixels, "bench")
        models = LocalModels(self.workbench.worker)
        context = app_context(self.workbench.session, models, ["noise"], folder)
        self.http = TestClient(Starlette(routes=routes(context)))
        self.side = len(pixels)
        self.fetched = self.tiles()
        self.up = self.down = 0

    def get(self, path: str) -> Any:
        answer = self.http.get(f"{PREFIX}{path}")
        answer.raise_for_status()
        self.down += len(answer.content)
        return answer

    def post(self, path: str, body: bytes = b"") -> Any:
        answer = self.http.post(f"{PREFIX}{path}", content=body)
        answer.raise_for_status()
        self.up += len(body)
        self.down += len(answer.content)
        return answer.json()

    def tiles(self) -> dict[tuple[int, int], str]:
        head = self.workbench.now.head
        listed = self.http.get(f"{PREFIX}/revisions/{head}/manifest").json()["tiles"]
        return {(column, row): digest for column, row, digest in listed}

    def edit(self, seed: int) -> None:
        """Does all for one edit of a 200x200 mask, from the request to the last changed tile."""
        random = np.random.default_rng(seed)
        x, y = (int(v) for v in random.integers(0, self.side - 200, 2))
        head = self.workbench.now.head
        mask = np.zeros((200, 200), np.uint8)
        cv2.circle(mask, (100, 100), 100, 255, -1)
        disc = encode_png(mask)
        edit = {"parent": head, "pipeline": "noise", "prompt": "a red couch", "negative_prompt": "", "steps": 1,
                "guidance": 3.0, "seed": seed, "strength": 1, "sampler": "ddim", "feather": 8, "edge": 0, "opacity": 1,
                "colour_match": True, "variations": 1, "margins": [0, 0, 0, 0], "sketch": None,
                "mask": {"box": [x, y, 200, 200], "bytes": len(disc)}}  # fmt: skip
        self.post(f"/documents/{self.document}/edits", json.dumps(edit).encode() + b"\n" + disc)
        assert self.workbench.worker.run_one()
        self.workbench.models[0].requests.clear()  # else they would count as the server's memory
        head = self.get(f"/documents/{self.document}").json()["head"]
        listed = self.get(f"/revisions/{head}/manifest").json()["tiles"]
        now = {(column, row): digest for column, row, digest in listed}
        for index, digest in now.items():
            if self.fetched.get(index) != digest:
                self.get(f"/tiles/{digest}")
        self.fetched = now

    def close(self) -> None:
        self.http.close()
        self.workbench.store.close()


def sizes() -> Iterator[Row]:
    """A 200x200 edit on a small and a large picture in turn, by a pipeline that costs nothing."""
    with tempfile.TemporaryDirectory() as folder:
        clients = {side: CountingClient(Path(folder) / str(side), photograph(side)) for side in (1024, 4096)}
        edits: dict[int, list[float]] = {side: [] for side in clients}
        undos: dict[int, list[float]] = {side: [] for side in clients}
        for seed in range(25):
            for side, client in clients.items():
                seconds, _ = timed(lambda client=client, seed=seed: client.edit(seed))
                if seed >= 5:
                    edits[side].append(seconds)
        up, down = clients[4096].up / 25, clients[4096].down / 25
        for side, client in clients.items():
            for _ in range(20):
                seconds, _ = timed(lambda client=client: client.post(f"/documents/{client.document}/undo"))
                undos[side].append(seconds)
            client.close()
    yield "200x200 edit of 4096x4096, all but the model", spread(edits[4096]), "100 ms"
    yield "the same of 1024x1024", spread(edits[1024]), ""
    yield "the ratio of the two", f"{median(edits[4096]) / median(edits[1024]):.2f}", "1.5"
    yield "bytes up for that edit", f"{up / 1000:.1f} KB", "40 KB"
    yield "bytes down for that edit, without previews", f"{down / 1000:.0f} KB", "1,000 KB"
    yield "undo at 4096x4096, on the server", spread(undos[4096]), "15 ms"


def endurance() -> Iterator[Row]:
    """300 edits in one document: what the process grows by, beside what its caches may hold."""
    with tempfile.TemporaryDirectory() as folder:
        client = CountingClient(Path(folder), photograph(2048))
        before, sizes = resident(), {}
        for seed in range(1, 301):
            client.edit(seed)
            if seed in (100, 200, 300):
                sizes[seed] = resident() - before
        client.close()
    grown = ", ".join(f"{size:.0f} MB after {count}" for count, size in sizes.items())
    yield "300 edits in one document, growth of memory", grown, f"caches: {(TILE_CACHE + EDIT_CACHE) / 1e6:.0f} MB"


def opening() -> Iterator[Row]:
    """A picture into tiles on disk."""
    from editor.formats.images import read_image

    data, seconds = encode_png(photograph(4096)), []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            store = Store(Path(folder))
            took, _ = timed(lambda store=store: Session(store).open(read_image(data).pixels))
            seconds.append(took)
            store.close()
    yield "opening a 4096x4096 PNG", spread(seconds), "1.0 s"


def groups(edits: int) -> dict[str, tuple[Callable[[], Iterator[Row]], ...]]:
    """The groups by name, with so many edits of drawings to a row."""
    return {
        "edits": (endurance, embedded, sizes, opening),  # the first on a heap nothing has grown yet
        "server": (
            server.starting,
            server.previews,
            server.designers,
            server.queueing,
            server.polling,
            server.growing,
        ),
        "drawings": tuple(partial(each, edits) for each in (drawings.seams, drawings.large, ghosts.ghosts)),
        "masks": (masks.steps, masks.texture, masks.panorama),
        "objects": (objects.objects,),
        "removals": (masks.removals,),
        "store": (store.walking, store.endurance, store.huge),
        "networks": (networks.steps, networks.graphics_card),
        "page": (page.rows,),
        "live": (live.typing,),
        "waiting": (waiting.waiting,),
        "workers": (workers.workers,),
        "photographs": (photographs.tiny_size, photographs.real_size, photographs.graphics_card),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench ARGS=", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"one of {', '.join(groups(0))} (default: all)")
    parser.add_argument("--edits", type=int, default=drawings.EDITS, help="of drawings to a row (default: %(default)d)")
    options = parser.parse_args()
    parts = groups(options.edits)
    if unknown := set(options.groups) - set(parts):
        sys.exit(f"There is no group {', '.join(sorted(unknown))}; there is {', '.join(parts)}.")
    print(f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}\n")
    print("| what | median (least to most) | wanted |\n|---|---|---|")
    for group in options.groups or parts:
        for part in parts[group]:
            for what, measured, wanted in part():
                print(f"| {what} | {measured} | {wanted} |", flush=True)


if __name__ == "__main__":
    main()
