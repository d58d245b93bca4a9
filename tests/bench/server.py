"""A server as its users meet it: a real process, asked over HTTP as the page asks it; rows of `make bench`.

Who asks shares the processor's cores with the server.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from editor.imaging.geometry import Box
from editor.session import Session
from editor.store.store import Store
from editor.web.addresses import PREFIX
from editor.worker import Worker
from tests.fakes import LocalModels, NoisePipeline, loader
from tests.measuring import Row, percentiles, spread
from tests.samples import disc
from tests.server_process import ROOT, Client, ServerProcess, said
from tests.wire import app_context, edit_packet

STARTS = 5
PREVIEWS = 9
STEPS = 20  # what the form asks for at first
# seconds between a page's polls, as in assets/canvas/document/polling.js: while something runs, and not
BUSY, REST = 0.06, 2.0
DESIGNERS, SECONDS, RATE = 50, 60.0, 1.5  # edits a second, of all together
LIGHT = 4  # steps of a designer's edit
PLAINLY = 0.25  # share of a busy page's polls that ask without a beat, so that the answer is not held
QUEUED = 100
PAGES, LONG = 600, 50  # pages which poll, and steps meanwhile
CALLS = 3000
AT_ONCE = 8  # calls in flight
PATIENCE = 600.0


@contextmanager
def served() -> Iterator[ServerProcess]:
    """A server on an empty store, its usual model loaded."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with ServerProcess(folder / "data", folder / "log") as server:
            client = Client(server.url, PATIENCE)
            finished(client, *submitted(client, client.opened(), 0, 2))
            client.http.close()
            yield server


def packet(parent: str, seed: int, steps: int, pipeline: str = "glide-mini") -> bytes:
    chance = random.Random(seed)
    mask = disc(Box(chance.randrange(100), chance.randrange(100), 120, 100))
    return edit_packet(parent, pipeline=pipeline, prompt="a red couch", seed=seed, steps=steps, mask=mask)


def submitted(client: Client, state: dict[str, Any], seed: int, steps: int) -> tuple[str, str]:
    """Ask for an edit; the ids of its document and its job."""
    answer = said(client.post(f"documents/{state['document']}/edits", packet(state["tail"], seed, steps)))
    return state["document"], answer["jobs"][0]["revision"]


def finished(client: Client, document: str, job: str) -> None:
    """Wait for a job."""
    while any(each["revision"] == job for each in client.state(document)["running"]):
        time.sleep(0.01)
    (fate,) = client.state(document, watch=job)["watched"]
    assert fate["status"] == "done", fate


def starting() -> Iterator[Row]:
    """From the command to the page, and what is in memory then; the last server also paints."""
    seconds, alone, together = [], [], []
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory() as name:
            server = ServerProcess(Path(name) / "data", Path(name) / "log")
            try:
                seconds.append(server.start())
                memory = server.memory()
                alone.append(memory[0])
                together.append(memory[1])
            finally:
                server.kill()
    with served() as server:
        memory = server.memory()
        torch = "yes" if server.maps("libtorch") else "no"
    yield "start of the server until its page answers", spread(seconds), ""
    yield "its memory then, alone; with its children", f"{median(alone):.0f} MB; {median(together):.0f} MB", ""
    yield "the same once it has painted", f"{memory[0]:.0f} MB; {memory[1]:.0f} MB", ""
    yield "whether torch is loaded in the server process then", torch, "no"


def previews() -> Iterator[Row]:
    """From the POST to the bytes of the first preview, by a page that polls."""
    seconds = []
    with served() as server:
        client = Client(server.url, PATIENCE)
        for seed in range(PREVIEWS):
            state = client.opened()
            began = time.perf_counter()
            posted = said(client.post(f"documents/{state['document']}/edits", packet(state["tail"], seed, STEPS)))
            job, beat, serial = posted["jobs"][0]["revision"], posted["beat"], 0
            while not serial:
                state = client.state(state["document"], beat=str(beat))
                beat, (run,) = state["beat"], state["running"]
                if serial := run["serial"]:
                    shown = client.get(f"previews/{job}/{serial}")
                    assert shown.status_code == 200 and shown.content, shown
                else:
                    time.sleep(BUSY)
            seconds.append(time.perf_counter() - began)
            finished(client, state["document"], job)
        client.http.close()
    yield f"POST of an edit of {STEPS} steps to its first preview in a polling page", spread(seconds), "500 ms"


class Page:
    """A page that polls its document, and notes how long each answer takes.

    Its client is its own: one for hundreds looks through all their connections at every request. verify: or each would
    read all certificates of the machine.
    """

    def __init__(self, url: str, document: str) -> None:
        self.http = httpx.AsyncClient(base_url=url, timeout=PATIENCE, verify=False)
        self.document = document
        self.state: dict[str, Any] = {}
        self.waiting: dict[str, float] = {}  # when each of its jobs was asked for
        self.poked = asyncio.Event()
        self.held: list[float] = []  # seconds of the polls with a beat
        self.plain: list[float] = []  # without
        self.posts: list[float] = []
        self.waits: list[float] = []  # from asking for an edit to seeing it finished
        self.refused = 0

    async def poll(self, beat: bool) -> None:
        query = {"watch": ",".join(self.waiting)}
        if beat and self.state:
            query["beat"] = str(self.state["beat"])
        began = time.perf_counter()
        answer = await self.http.get(f"{PREFIX}/documents/{self.document}", params=query)
        now = time.perf_counter()
        (self.held if "beat" in query else self.plain).append(now - began)
        self.state = said(answer)
        for fate in self.state["watched"]:
            if fate["status"] != "waiting":
                assert fate["status"] == "done", fate
                self.waits.append(now - self.waiting.pop(fate["revision"]))

    async def follow(self, chance: random.Random) -> None:
        """Poll for ever, as the page does: with a beat while something runs, seldom while nothing does."""
        while True:
            self.poked.clear()
            busy = bool(self.state and self.state["running"])
            await self.poll(busy and chance.random() >= PLAINLY)
            pause = BUSY if self.state["running"] or self.waiting else REST
            try:
                await asyncio.wait_for(self.poked.wait(), pause)
            except TimeoutError:
                pass

    async def edit(self, seed: int) -> None:
        if not self.state:
            return
        pipeline = ("glide-mini", "classical")[seed % 2]
        began = time.perf_counter()
        body = packet(self.state["tail"], seed, LIGHT, pipeline)
        answer = await self.http.post(f"{PREFIX}/documents/{self.document}/edits", content=body)
        if answer.status_code == 409:  # its last edit was moved meanwhile
            self.refused += 1
            return
        self.posts.append(time.perf_counter() - began)
        self.waiting[said(answer)["jobs"][0]["revision"]] = began
        self.poked.set()


@asynccontextmanager
async def pages(url: str, count: int) -> AsyncIterator[list[Page]]:
    """So many pages, each at a document of its own."""
    client = Client(url, PATIENCE)
    drawn = [Page(url, client.opened()["document"]) for _ in range(count)]
    client.http.close()
    yield drawn
    await asyncio.gather(*(page.http.aclose() for page in drawn))


async def _designing(url: str) -> list[Page]:
    chance = random.Random(0)
    async with pages(url, DESIGNERS) as drawn:
        following = [asyncio.create_task(page.follow(chance)) for page in drawn]
        ends, seed, posting = time.monotonic() + SECONDS, 0, []
        while time.monotonic() < ends:
            await asyncio.sleep(chance.expovariate(RATE))
            posting.append(asyncio.create_task(chance.choice(drawn).edit(seed := seed + 1)))
        await asyncio.gather(*posting)
        while any(page.waiting for page in drawn) and not any(task.done() for task in following):
            await asyncio.sleep(0.1)
        for task in following:
            task.cancel()
        for ended in await asyncio.gather(*following, return_exceptions=True):
            if not isinstance(ended, asyncio.CancelledError):
                raise ended if isinstance(ended, BaseException) else AssertionError("a page stopped polling")
    return drawn


def designers() -> Iterator[Row]:
    """Many at once, each at a document of their own."""
    with served() as server:
        found = asyncio.run(_designing(server.url))
    several: dict[str, list[float]] = {
        "polls without a beat": [s for page in found for s in page.plain],
        "polls with a beat, held until there is more to tell": [s for page in found for s in page.held],
        "posting an edit": [s for page in found for s in page.posts],
        "an edit from its POST until it is seen finished": [s for page in found for s in page.waits],
    }
    what = f"{DESIGNERS} designers, {RATE} edits/s (half classical, half glide-mini with {LIGHT} steps)"
    for each, seconds in several.items():
        yield f"{what}: {each}, p50 / p95", percentiles(seconds), ""


def queueing() -> Iterator[Row]:
    """One edit behind another's queue."""
    with served() as server:
        client = Client(server.url, PATIENCE)
        theirs, mine = client.opened(), client.opened()
        for seed in range(QUEUED):
            submitted(client, client.state(theirs["document"]), seed, LIGHT)
        began, waiting = time.perf_counter(), len(client.state(theirs["document"])["running"])
        finished(client, *submitted(client, mine, QUEUED, LIGHT))
        seconds = time.perf_counter() - began
        client.http.close()
    yield f"one edit of {LIGHT} steps behind another's {QUEUED} ({waiting} of them left)", f"{seconds:.1f} s", ""


async def _polled(url: str, count: int, pipeline: str) -> tuple[float, list[float]]:
    """Seconds of an edit of many steps while so many pages poll with a beat; and of their polls."""

    async def insist(page: Page) -> None:
        await page.poll(beat=False)
        while True:
            await page.poll(beat=True)
            await asyncio.sleep(BUSY)

    async with pages(url, count + 1) as (mine, *others):
        asking = [asyncio.create_task(insist(page)) for page in others]
        while not all(page.held for page in others):
            await asyncio.sleep(0.05)
        began = time.perf_counter()
        await mine.poll(beat=False)
        body = packet(mine.state["tail"], count, LONG, pipeline)
        said(await mine.http.post(f"{PREFIX}/documents/{mine.document}/edits", content=body))
        await mine.poll(beat=False)
        while mine.state["running"]:
            await asyncio.sleep(BUSY)
            await mine.poll(beat=False)
        seconds = time.perf_counter() - began
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    return seconds, [s for page in others for s in page.held]


def polling() -> Iterator[Row]:
    """What pages that look at other documents cost an edit of many steps."""
    for pipeline, program in (("glide-mini", ("app.py",)), ("noise", ("-m", "tests.bench.server"))):
        with tempfile.TemporaryDirectory() as name:
            with ServerProcess(Path(name) / "data", Path(name) / "log", program) as server:
                alone, _ = min(asyncio.run(_polled(server.url, 0, pipeline)) for _ in range(2))  # the first loads it
                among, polls = asyncio.run(_polled(server.url, PAGES, pipeline))
        what = f"{LONG} steps of {pipeline if pipeline == 'glide-mini' else 'a model that costs nothing'}"
        yield f"{what}, alone; while {PAGES} pages poll other documents", f"{alone:.2f} s; {among:.2f} s", ""
        yield "those pages' polls, held until there is more to tell, p50 / p95", percentiles(polls), ""


def serve_noise() -> None:
    """A server, in the process that is called so, whose model costs nothing: what else there is shows."""
    from editor.web.page import start

    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    store = Store(options.data)
    worker = Worker(store, loader(NoisePipeline(size=256)))
    worker.start()
    samples = ROOT / "assets" / "samples"
    page = start(app_context(Session(store), LocalModels(worker), ["noise"], samples), "127.0.0.1", options.port)
    page.block_thread()


async def _calling(url: str, document: str, count: int) -> list[float]:
    """Seconds of so many calls of the programs' interface, each with a session of its own."""
    gate, seconds = asyncio.Semaphore(AT_ONCE), []
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:

        async def call() -> None:
            async with gate:
                began = time.perf_counter()
                event = said(await http.post("/gradio_api/call/describe", json={"data": [document]}))["event_id"]
                answer = await http.get(f"/gradio_api/call/describe/{event}")
                assert "event: complete" in answer.text, answer.text[:500]
                seconds.append(time.perf_counter() - began)

        await asyncio.gather(*(call() for _ in range(count)))
    return seconds


def growing() -> Iterator[Row]:
    """What calls of the programs' interface leave in memory."""
    with served() as server:
        client = Client(server.url, PATIENCE)
        document = client.opened()["document"]
        client.http.close()
        asyncio.run(_calling(server.url, document, CALLS // 30))
        before, _ = server.memory()
        seconds = asyncio.run(_calling(server.url, document, CALLS))
        grown = server.memory()[0] - before
    yield f"growth of the server by {CALLS:,} calls of its API, each with a new session", f"{grown:.0f} MB", ""
    yield f"one of them, {AT_ONCE} at a time, p50 / p95", percentiles(seconds), ""


if __name__ == "__main__":
    serve_noise()
