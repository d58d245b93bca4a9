"""Simulated designers: each polls their own document as the page does, edits it, and knows what must come of that.

What a result must be is computed in a process of its own, so that nobody's polls wait for it.
"""

import asyncio
import random
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import cv2
import httpx
import numpy as np

from editor.edits.apply import apply
from editor.edits.edit import Edit
from editor.formats.images import decode_tile, encode_png
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture, tile_digest
from editor.imaging.raster import Pixels
from editor.web.addresses import PREFIX
from pipelines.base import run
from tests.campaigns.fake_models import NAMES, painter
from tests.samples import an_edit, disc
from tests.server_process import said
from tests.wire import edit_packet

# seconds between a page's polls, as in assets/canvas/document/polling.js: while a job runs, while none does, and while
# the server does not answer
BUSY, IDLE, LOST = 0.06, 2.0, 0.7
STATE = "state"  # what a poll of a document at rest is called among the timings
AWAY = (502, 503, 504)  # as in assets/canvas/net/responses.js
AT_ONCE = 6  # requests of one browser
WIDTH, HEIGHT = 640, 480
STEPS = 8
KEPT = 6  # revisions whose pixels a designer knows, to branch from
PATIENCE = 60.0  # seconds for an answer
STUCK = 180.0  # seconds in which an edit must end
UNDO, BRANCH = 0.15, 0.15  # shares of the turns in which a designer undoes a step, and goes on from an earlier one


class Timing(NamedTuple):
    """How long something took."""

    what: str
    seconds: float


class Result(NamedTuple):
    """What an edit must make of a picture."""

    pixels: Pixels
    tiles: dict[tuple[int, int], str]  # the digests by column and row


@dataclass
class Studio:
    """What all designers share, and what they report.

    complaints: sentences about what should not have been.
    """

    executor: Executor  # for what takes the processor
    think: tuple[float, float]  # seconds between two edits of a designer, at least and at most
    headers: Mapping[str, str]  # of every request
    user_header: str  # with the name of the designer
    ends: float = 0.0  # when nobody begins anything more, by the monotonic clock
    complaints: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    timings: list[Timing] = field(default_factory=list)
    acknowledged: dict[str, set[str]] = field(default_factory=dict)  # the digests of edits, by documents


class Unreachable(Exception):
    """The server is away, as it may be for a moment."""


class MixUp(Exception):
    """A sentence about something that is another designer's, or another edit's."""


def picture_of(number: int) -> Pixels:
    """What a designer begins with: soft shapes, uint8 (HEIGHT, WIDTH, 3)."""
    coarse = np.random.default_rng(number).integers(0, 256, (HEIGHT // 40, WIDTH // 40, 3)).astype(np.float32)
    return np.clip(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)


def result_of(edit: Edit, pixels: Pixels) -> Result:
    """What an edit must make of a picture, as the fakes paint it."""
    return original_of(run(apply(edit, Picture.from_pixels(pixels), painter)).picture.pixels())


def original_of(pixels: Pixels) -> Result:
    """What a picture must be as long as nobody edits it."""
    return Result(pixels, dict(Picture.from_pixels(pixels).tiles))


def digest_in(file: bytes) -> str:
    """The digest of the pixels in a tile's file."""
    return tile_digest(decode_tile(file))


class Designer:
    """One of them, with a page of their own."""

    def __init__(self, studio: Studio, number: int, url: str) -> None:
        self.studio, self.name = studio, f"designer {number}"
        self.chance = random.Random(number)
        self.http = httpx.AsyncClient(
            base_url=f"{url}{PREFIX}/", timeout=PATIENCE, verify=False,
            limits=httpx.Limits(max_connections=AT_ONCE, keepalive_expiry=3),  # less than the server's 5 s
            headers={**studio.headers, studio.user_header: self.name},
        )  # fmt: skip
        self.number, self.document = number, ""
        self.state: dict[str, Any] = {}
        self.epoch = 0  # the answers to polls of an earlier one are out of date
        self.state_changed, self.poked = asyncio.Condition(), asyncio.Event()
        self.watched: str | None = None  # the job that the designer waits for
        self.pixels: OrderedDict[str, Pixels] = OrderedDict()  # of the latest revisions
        self.parents: dict[str, str] = {}
        self.tiles: dict[tuple[int, int], str] = {}  # that are on the screen
        self.preview, self.shown = 0, 0  # the newest serial there is, and the one on the screen
        self.tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Open a page with a picture of their own."""
        try:
            await self._open()
            self._begin(self._follow())
        except Exception as error:  # whatever it is, it is not to end the others
            self._complain("errors", error)

    async def work(self) -> None:
        """Edit until the studio closes."""
        while self.pixels and (pause := self.chance.uniform(*self.studio.think)) + time.monotonic() < self.studio.ends:
            await asyncio.sleep(pause)
            await self.turn()

    async def turn(self) -> None:
        """Undo a step, or make one, maybe on an earlier state."""
        try:
            await self._turn()
        except MixUp as error:
            self._complain("mix-ups", error)
        except Exception as error:  # as above
            self._complain("errors", error)

    async def close(self) -> None:
        """Close the page."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.http.aclose()

    def _complain(self, what: str, error: Exception) -> None:
        self.studio.counts[what] += 1
        self.studio.complaints.append(f"{self.name}: {type(error).__name__}: {error}")

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    # the page

    async def _ask(self, method: str, path: str, timed: str, **options: Any) -> httpx.Response:
        began = time.monotonic()
        try:
            try:
                answer = await self.http.request(method, path, **options)
            except (httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteError):
                # the server has just closed a connection that was idle: browsers ask again on another as well
                answer = await self.http.request(method, path, **options)
        except httpx.TransportError as error:
            self.studio.counts["requests that did not reach the server"] += 1
            raise Unreachable(str(error)) from error
        self.studio.timings.append(Timing(timed, time.monotonic() - began))
        loading = (
            answer.status_code == 503 and "is still loading" in answer.text
        )  # which a new server says of each model
        if answer.status_code in AWAY and (loading or not answer.text.startswith('{"error"')):
            raise Unreachable(answer.text)
        if answer.status_code != 204:
            assert answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer

    async def _insist(self, method: str, path: str, timed: str, **options: Any) -> httpx.Response:
        """Ask until the server is reached, as the page does with an edit, and with what it shows."""
        while True:
            try:
                return await self._ask(method, path, timed, **options)
            except Unreachable:
                await asyncio.sleep(LOST)

    async def _open(self) -> None:
        await self._insist("GET", "documents", "list of documents", params={"known": ""})
        for model in NAMES:
            while (await self._insist("GET", "model", "model", params={"pipeline": model})).json().get("loading"):
                await asyncio.sleep(0.4)
        pixels = picture_of(self.number)
        opened = await self._insist("POST", "documents?name=Room.png", "opening a picture", content=encode_png(pixels))
        self.state = said(opened)
        self.document, head = self.state["document"], self.state["head"]
        self.pixels[head] = pixels
        self.studio.acknowledged[self.document] = set()
        await self._look(head, None)

    async def _follow(self) -> None:
        """Poll for ever, as the page does, and load previews."""
        while True:
            self.poked.clear()
            try:
                await self._poll()
                pause = BUSY if self.state["running"] else IDLE
            except Unreachable:
                pause = LOST
            except (AssertionError, MixUp) as error:
                self._complain("mix-ups" if isinstance(error, MixUp) else "errors", error)
                pause = LOST
            try:
                await asyncio.wait_for(self.poked.wait(), pause)
            except TimeoutError:
                pass

    async def _poll(self) -> None:
        query, held = {"watch": self.watched or ""}, bool(self.state["running"])
        if held:
            query["beat"] = self.state["beat"]
        timed = "state, held until there is news" if held else STATE
        epoch = self.epoch
        state = said(await self._ask("GET", f"documents/{self.document}", timed, params=query))
        if state["document"] != self.document:
            raise MixUp(f"the state of {self.document} is that of {state['document']}.")
        if epoch != self.epoch:
            return
        async with self.state_changed:
            self.state = state
            self.state_changed.notify_all()
        for job in state["running"][:1]:
            if job["serial"] > self.preview:
                before, self.preview = self.preview, job["serial"]
                if before == self.shown:  # else one is on its way, and this one follows
                    self._begin(self._load_preview(job["revision"]))

    async def _load_preview(self, revision: str) -> None:
        while self.preview > self.shown:
            serial = self.preview
            try:
                await self._ask("GET", f"previews/{revision}/{serial}", "preview")
                self.studio.counts["previews"] += 1
            except Unreachable:
                pass
            self.shown = serial

    # the designer

    async def _turn(self) -> None:
        head, kind = self.state["head"], self.chance.random()
        if kind < UNDO and self.parents.get(head) in self.pixels:
            await self._move(f"documents/{self.document}/undo", self.parents[head], "undo")
            return
        others = [id for id in self.pixels if id != head]
        if kind < UNDO + BRANCH and others:
            to = self.chance.choice(others)
            await self._move(f"documents/{self.document}/checkout/{to}", to, "branch")
        await self._edit()

    async def _move(self, path: str, to: str, what: str) -> None:
        """Nothing repeats it when the server is away; whether it was done the next state says."""
        head = self.state["head"]
        try:
            self._take(await self._ask("POST", path, what))
            heads = {to}
        except Unreachable:
            await self._state_where(lambda: True)
            heads = {head, to}
        self.studio.counts[f"times: {what}"] += 1
        if self.state["head"] not in heads:
            raise MixUp(f"{what} leads to {self.state['head']}, not to {to}.")
        await self._look(self.state["head"], None)

    async def _edit(self) -> None:
        parent = self.state["tail"]
        box = Box(self.chance.randrange(WIDTH - 150), self.chance.randrange(HEIGHT - 130), 150, 130)
        settings: dict[str, Any] = {
            "pipeline": self.chance.choice(NAMES), "prompt": f"{self.name}, {self.chance.getrandbits(64):x}",
            "steps": STEPS, "seed": self.chance.getrandbits(32), "guidance": 3,
        }  # fmt: skip
        edit = an_edit(disc(box), **settings)
        packet = edit_packet(parent, mask=disc(box), **settings)
        with suppress(Unreachable):  # the page goes on without one
            await self._ask("POST", f"documents/{self.document}/plan", "plan", content=packet)
        self.preview = self.shown = 0
        began = time.monotonic()
        sending = self._insist("POST", f"documents/{self.document}/edits", "sending an edit", content=packet)
        self._take(await sending)
        self.studio.acknowledged[self.document].add(edit.digest)
        jobs = [job["edit"] for job in self.state["jobs"]]
        if jobs != [edit.digest]:
            raise MixUp(f"the edit {edit.digest} was sent, and {jobs} accepted.")
        job = self.watched = self.state["jobs"][0]["revision"]
        expected = asyncio.get_running_loop().run_in_executor(
            self.studio.executor, result_of, edit, self.pixels[parent]
        )
        self.poked.set()
        await self._state_where(lambda: any(each["revision"] == job for each in self._ended()))
        self.studio.timings.append(Timing("an edit, from sending it to seeing it done", time.monotonic() - began))
        self.watched = None
        (status,) = [each for each in self._ended() if each["revision"] == job]
        assert status["status"] == "done", f"The edit {settings['prompt']!r} ended as {status}."
        if self.state["head"] != job:
            raise MixUp(f"after the edit {job} its document shows {self.state['head']}.")
        self.studio.counts["edits"] += 1
        self.parents[job] = parent
        await self._look(job, await expected)

    def _take(self, answer: httpx.Response) -> None:
        """Show the state that a command leads to."""
        self.state = said(answer)
        self.epoch += 1

    def _ended(self) -> list[dict[str, Any]]:
        return [each for each in self.state["watched"] if each["status"] != "waiting"]

    async def _state_where(self, true: Callable[[], bool]) -> None:
        """Wait for the next state of which this is true."""
        async with self.state_changed, asyncio.timeout(STUCK):
            await self.state_changed.wait()
            while not true():
                await self.state_changed.wait()

    async def _look(self, revision: str, expected: Result | None) -> None:
        """Load a picture as the page does, tile by tile, and the history; see that it is what it must be."""
        manifest = (await self._insist("GET", f"revisions/{revision}/manifest", "manifest")).json()
        tiles = {(column, row): digest for column, row, digest in manifest["tiles"]}
        loop, executor = asyncio.get_running_loop(), self.studio.executor
        if expected is None:
            expected = await loop.run_in_executor(executor, original_of, self.pixels[revision])
        self.pixels[revision] = expected.pixels
        self.pixels.move_to_end(revision)
        while len(self.pixels) > KEPT:
            self.pixels.popitem(last=False)
        if tiles != expected.tiles:
            raise MixUp(f"the picture of {revision} is not that of its edit.")
        for place, digest in tiles.items():
            if self.tiles.get(place) != digest:
                file = (await self._insist("GET", f"tiles/{digest}", "tile")).content
                if await loop.run_in_executor(executor, digest_in, file) != digest:
                    raise MixUp(f"the tile {digest} has other pixels.")
        self.tiles = tiles
        await self._insist("GET", f"documents/{self.document}/tree", "history")
